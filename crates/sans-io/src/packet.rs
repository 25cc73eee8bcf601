//! Bytes that go out without being copied: a short head, a borrowed payload, and padding.
use crate::Path;
use alloc::vec::Vec;
use core::fmt;

/// What an IP header says of a packet besides its addresses. All zero: nothing special.
///
/// What of it a driver can tell of packets that arrive depends on what it was told to ask the
/// system for, since every bit of it costs time with every packet. The two ECN bits are always
/// told; a server's driver usually asks for no more.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Hash, Default)]
pub struct PacketMeta {
    /// The two ECN bits.
    pub ecn: u8,
    /// The six DSCP bits.
    pub dscp: u8,
    /// Time to live or hop limit, from 1 on; `None` leaves it to the operating system, or was not
    /// seen. A router that has none left to take off says so with
    /// [`PathFault::TimeExceeded`](crate::PathFault::TimeExceeded).
    pub ttl: Option<u8>,
    /// Do not fragment.
    pub dont_fragment: bool,
}

/// The longest head of a [`Packet`]: a Send indication with an IPv6 peer and DONT-FRAGMENT, up to
/// its data, is 20 + 24 + 4 + 4 bytes.
pub const HEAD_MAX: usize = 52;

/// The longest padding of a [`Packet`]: what brings any length to a multiple of four.
pub const PAD_MAX: u8 = 3;

/// A packet to be sent now: a head of up to [`HEAD_MAX`] bytes kept inline, a payload borrowed
/// from whoever had it, and up to three zero bytes of padding. A driver writes the three parts
/// with one gathering write.
///
/// ```
/// use sans_io::{Packet, Path};
/// let path = Path::udp("192.0.2.1:9".parse()?, "192.0.2.2:9".parse()?);
/// let packet = Packet::new(path, b"hello").with_head(&[0x40, 0, 0, 5]).with_pad(3);
/// assert_eq!(packet.to_vec(), b"\x40\x00\x00\x05hello\0\0\0");
/// # Ok::<(), core::net::AddrParseError>(())
/// ```
#[derive(Clone, Copy)]
pub struct Packet<'a> {
    /// Where it goes.
    pub path: Path,
    /// How it goes.
    pub meta: PacketMeta,
    /// The bytes that are somebody else's.
    pub payload: &'a [u8],
    head: [u8; HEAD_MAX],
    head_len: u8,
    pad: u8,
}

impl<'a> Packet<'a> {
    /// A packet that is only its payload.
    pub const fn new(path: Path, payload: &'a [u8]) -> Self {
        let meta = PacketMeta { ecn: 0, dscp: 0, ttl: None, dont_fragment: false };
        Self { path, meta, payload, head: [0; HEAD_MAX], head_len: 0, pad: 0 }
    }

    /// Puts `head` before the payload. More than [`HEAD_MAX`] bytes are a bug of the machine: a
    /// debug build asserts, a release build cuts.
    #[must_use]
    pub fn with_head(mut self, head: &[u8]) -> Self {
        debug_assert!(head.len() <= HEAD_MAX, "a head of {} bytes", head.len());
        let len = head.len().min(HEAD_MAX);
        self.head[..len].copy_from_slice(&head[..len]);
        self.head_len = len as u8;
        self
    }

    /// Puts `pad` zero bytes behind the payload. More than [`PAD_MAX`] are a bug of the machine: a
    /// debug build asserts, a release build cuts.
    #[must_use]
    pub const fn with_pad(mut self, pad: u8) -> Self {
        debug_assert!(pad <= PAD_MAX, "more than three bytes of padding");
        self.pad = if pad > PAD_MAX { PAD_MAX } else { pad };
        self
    }

    /// Sets how it goes.
    #[must_use]
    pub const fn with_meta(mut self, meta: PacketMeta) -> Self {
        self.meta = meta;
        self
    }

    /// The bytes before the payload.
    pub fn head(&self) -> &[u8] {
        &self.head[..usize::from(self.head_len)]
    }

    /// The zero bytes behind the payload.
    pub fn pad(&self) -> &'static [u8] {
        &[0; PAD_MAX as usize][..usize::from(self.pad)]
    }

    /// The length of all three parts, in bytes.
    pub const fn len(&self) -> usize {
        self.head_len as usize + self.payload.len() + self.pad as usize
    }

    /// Whether there is nothing to send.
    pub const fn is_empty(&self) -> bool {
        self.len() == 0
    }

    /// Appends the three parts to `out`.
    pub fn write_to(&self, out: &mut Vec<u8>) {
        out.reserve(self.len());
        out.extend_from_slice(self.head());
        out.extend_from_slice(self.payload);
        out.extend_from_slice(self.pad());
    }

    /// The three parts as one copy.
    pub fn to_vec(&self) -> Vec<u8> {
        let mut out = Vec::new();
        self.write_to(&mut out);
        out
    }
}

impl fmt::Debug for Packet<'_> {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.debug_struct("Packet")
            .field("path", &self.path)
            .field("meta", &self.meta)
            .field("head", &self.head())
            .field("payload", &self.payload)
            .field("pad", &self.pad)
            .finish()
    }
}

impl PartialEq for Packet<'_> {
    fn eq(&self, other: &Self) -> bool {
        (self.path, self.meta, self.head(), self.payload, self.pad)
            == (other.path, other.meta, other.head(), other.payload, other.pad)
    }
}

impl Eq for Packet<'_> {}
