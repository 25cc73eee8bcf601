//! The record of a run: always its hash, and the packets themselves when asked for.
use crate::{DropCause, IpPacket};
use core::{
    fmt,
    net::{SocketAddr, SocketAddrV4},
};
use sans_io::Instant;

/// A number for each host and NAT of a world, in the order in which they were added.
#[derive(Clone, Copy, Debug, PartialEq, Eq, PartialOrd, Ord, Hash)]
pub struct NodeId(pub(crate) u32);

impl NodeId {
    /// The number.
    pub const fn index(self) -> usize {
        self.0 as usize
    }
}

/// What happened to a packet at a node.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Happening {
    /// A host sent it, or a NAT sent an ICMP error.
    Sent,
    /// A NAT got it; the packet is as it came.
    Entered,
    /// A NAT passed it on; the packet is as it leaves.
    Forwarded,
    /// A machine of the host got it.
    Received,
    /// It went no further.
    Dropped(DropCause),
}

impl Happening {
    #[inline]
    const fn code(self) -> u64 {
        match self {
            Self::Sent => 1,
            Self::Forwarded => 2,
            Self::Received => 3,
            Self::Entered => 4,
            Self::Dropped(cause) => 16 + cause as u64,
        }
    }
}

/// One line of the log.
#[derive(Clone, Debug)]
pub struct Entry {
    /// When.
    pub at: Instant,
    /// At which node.
    pub node: NodeId,
    /// On which of its interfaces, where that matters: 0 is the first, for NATs the outside.
    pub interface: u8,
    /// What.
    pub happening: Happening,
    /// To what.
    pub packet: IpPacket,
}

impl fmt::Display for Entry {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        write!(f, "{} #{} ", self.at, self.node.0)?;
        match self.happening {
            Happening::Sent => f.write_str("sent")?,
            Happening::Entered => f.write_str("entered")?,
            Happening::Forwarded => f.write_str("forwarded")?,
            Happening::Received => f.write_str("received")?,
            Happening::Dropped(cause) => write!(f, "dropped ({})", cause.name())?,
        }
        write!(f, " {}", self.packet)
    }
}

/// Hashes everything that happens, and keeps it when told to.
#[derive(Debug, Default)]
pub(crate) struct Trace {
    hash: Hash,
    pub(crate) log: Option<Vec<Entry>>,
}

impl Trace {
    pub(crate) const fn hash(&self) -> u64 {
        self.hash.0
    }

    /// Something new is on its way.
    #[inline]
    pub(crate) fn sent(&mut self, at: Instant, node: NodeId, interface: u8, packet: &IpPacket) {
        self.hash.bytes(packet.payload());
        self.packet(at, node, interface, Happening::Sent, packet);
    }

    #[inline]
    pub(crate) fn packet(
        &mut self,
        at: Instant,
        node: NodeId,
        interface: u8,
        happening: Happening,
        packet: &IpPacket,
    ) {
        self.hash.pair(at.as_nanos(), u64::from(node.0) << 16 | happening.code());
        self.hash.addresses(&packet.source, &packet.destination);
        if self.log.is_some() {
            self.keep(at, node, interface, happening, packet);
        }
    }

    #[cold]
    fn keep(
        &mut self,
        at: Instant,
        node: NodeId,
        interface: u8,
        happening: Happening,
        packet: &IpPacket,
    ) {
        let log = self.log.get_or_insert_default();
        log.push(Entry { at, node, interface, happening, packet: packet.clone() });
    }

    pub(crate) fn event(&mut self, at: Instant, event: &dyn fmt::Debug) {
        self.hash.pair(at.as_nanos(), 3);
        // Writing to a hash cannot fail, and a Debug that fails says nothing anyway.
        let _ = fmt::write(&mut self.hash, format_args!("{event:?}"));
    }

    pub(crate) fn bytes(&mut self, at: Instant, bytes: &[u8]) {
        self.hash.pair(at.as_nanos(), 4);
        self.hash.bytes(bytes);
    }
}

/// A 64-bit hash that takes sixteen bytes at a time. The same on every platform; not for secrets.
#[derive(Debug)]
struct Hash(u64);

impl Default for Hash {
    fn default() -> Self {
        Self(0x6E61_742D_7369_6D00)
    }
}

impl Hash {
    /// Multiplies and folds.
    #[inline]
    const fn pair(&mut self, a: u64, b: u64) {
        let product = (self.0 ^ a) as u128 * (b ^ 0x9E37_79B9_7F4A_7C15) as u128;
        self.0 = (product >> 64) as u64 ^ product as u64;
    }

    #[inline(never)]
    fn bytes(&mut self, bytes: &[u8]) {
        self.pair(bytes.len() as u64, 1);
        let (pairs, rest) = bytes.as_chunks::<16>();
        for pair in pairs {
            self.chunk(*pair);
        }
        if rest.is_empty() {
            return;
        }
        // The end is not filled up where it can overlap with what comes before.
        let last = bytes.last_chunk().copied().unwrap_or_else(|| {
            let mut filled = [0; 16];
            filled[..rest.len()].copy_from_slice(rest);
            filled
        });
        self.chunk(last);
    }

    #[inline]
    const fn chunk(&mut self, chunk: [u8; 16]) {
        let both = u128::from_le_bytes(chunk);
        self.pair(both as u64, (both >> 64) as u64);
    }

    #[inline]
    fn addresses(&mut self, from: &SocketAddr, to: &SocketAddr) {
        match (from, to) {
            (SocketAddr::V4(from), SocketAddr::V4(to)) => self.pair(word(*from), word(*to)),
            _ => self.long_addresses(from, to),
        }
    }

    #[cold]
    fn long_addresses(&mut self, from: &SocketAddr, to: &SocketAddr) {
        for address in [from, to] {
            let (bits, port) = match address {
                SocketAddr::V4(v4) => (v4.ip().to_ipv6_mapped().to_bits(), v4.port()),
                SocketAddr::V6(v6) => (v6.ip().to_bits(), v6.port()),
            };
            self.pair((bits >> 64) as u64, bits as u64);
            self.pair(u64::from(port), 2);
        }
    }
}

#[inline]
const fn word(address: SocketAddrV4) -> u64 {
    (address.ip().to_bits() as u64) << 16 | address.port() as u64
}

impl fmt::Write for Hash {
    fn write_str(&mut self, s: &str) -> fmt::Result {
        self.bytes(s.as_bytes());
        Ok(())
    }
}
