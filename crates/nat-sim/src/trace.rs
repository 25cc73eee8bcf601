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
        if happening == Happening::Sent {
            self.hash.bytes(packet.payload());
        }
        if let Some(log) = &mut self.log {
            log.push(Entry { at, node, interface, happening, packet: packet.clone() });
        }
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
    const fn pair(&mut self, a: u64, b: u64) {
        let mixed = self.0 ^ a;
        let product = mixed as u128 * (b ^ 0x9E37_79B9_7F4A_7C15) as u128;
        self.0 = (product >> 64) as u64 ^ product as u64 ^ mixed.rotate_left(29);
    }

    fn bytes(&mut self, bytes: &[u8]) {
        let half = |bytes: [u8; 16], at: usize| {
            u64::from_le_bytes(core::array::from_fn(|index| bytes[at + index]))
        };
        let (pairs, rest) = bytes.as_chunks::<16>();
        for pair in pairs {
            self.pair(half(*pair, 0), half(*pair, 8));
        }
        // Together with the length, since the end is filled up.
        let mut last = [0; 16];
        last[..rest.len()].copy_from_slice(rest);
        self.pair(half(last, 0), half(last, 8));
        self.pair(bytes.len() as u64, 1);
    }

    fn addresses(&mut self, from: &SocketAddr, to: &SocketAddr) {
        if let (SocketAddr::V4(from), SocketAddr::V4(to)) = (from, to) {
            let word =
                |v4: &SocketAddrV4| u64::from(v4.ip().to_bits()) << 16 | u64::from(v4.port());
            return self.pair(word(from), word(to));
        }
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

impl fmt::Write for Hash {
    fn write_str(&mut self, s: &str) -> fmt::Result {
        self.bytes(s.as_bytes());
        Ok(())
    }
}
