//! The record of a run: always its hash, and the packets themselves when asked for.
use crate::{DropCause, IpPacket};
use core::{fmt, net::SocketAddr};
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
        self.hash.word(at.as_nanos());
        self.hash.word(u64::from(node.0) << 16 | happening.code());
        self.hash.address(&packet.source);
        self.hash.address(&packet.destination);
        if happening == Happening::Sent {
            self.hash.bytes(packet.payload());
        }
        if let Some(log) = &mut self.log {
            log.push(Entry { at, node, interface, happening, packet: packet.clone() });
        }
    }

    pub(crate) fn event(&mut self, at: Instant, event: &dyn fmt::Debug) {
        self.hash.word(at.as_nanos());
        // Writing to a hash cannot fail, and a Debug that fails says nothing anyway.
        let _ = fmt::write(&mut self.hash, format_args!("{event:?}"));
    }

    pub(crate) fn bytes(&mut self, at: Instant, bytes: &[u8]) {
        self.hash.word(at.as_nanos());
        self.hash.bytes(bytes);
    }
}

/// A 64-bit hash that takes eight bytes at a time. The same on every platform; not for secrets.
#[derive(Debug)]
struct Hash(u64);

impl Default for Hash {
    fn default() -> Self {
        Self(0x6E61_742D_7369_6D00)
    }
}

impl Hash {
    const fn word(&mut self, word: u64) {
        let product = (self.0 ^ word) as u128 * 0x9E37_79B9_7F4A_7C15_u128;
        self.0 = (product >> 64) as u64 ^ product as u64 ^ word.rotate_left(32);
    }

    fn bytes(&mut self, bytes: &[u8]) {
        self.word(bytes.len() as u64);
        let (words, rest) = bytes.as_chunks::<8>();
        for word in words {
            self.word(u64::from_le_bytes(*word));
        }
        let mut last = [0; 8];
        last[..rest.len()].copy_from_slice(rest);
        self.word(u64::from_le_bytes(last));
    }

    fn address(&mut self, address: &SocketAddr) {
        match address {
            SocketAddr::V4(v4) => {
                self.word(u64::from(v4.ip().to_bits()) << 16 | u64::from(v4.port()));
            }
            SocketAddr::V6(v6) => {
                let bits = v6.ip().to_bits();
                self.word((bits >> 64) as u64);
                self.word(bits as u64);
                self.word(u64::from(v6.port()));
            }
        }
    }
}

impl fmt::Write for Hash {
    fn write_str(&mut self, s: &str) -> fmt::Result {
        self.bytes(s.as_bytes());
        Ok(())
    }
}
