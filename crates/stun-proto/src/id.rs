//! The 96-bit transaction ID (RFC 8489 §5).
use core::fmt;

/// The 32 bits behind the length of every STUN message (RFC 8489 §5).
pub const MAGIC_COOKIE: [u8; 4] = [0x21, 0x12, 0xA4, 0x42];

/// Ties a response to its request. Chosen at random, see [`Entropy`](crate::Entropy).
#[derive(Clone, Copy, PartialEq, Eq, PartialOrd, Ord, Hash)]
pub struct TransactionId(pub [u8; 12]);

impl TransactionId {
    /// The cookie followed by the ID: what IPv6 addresses are XORed with (RFC 8489 §14.2).
    pub(crate) fn mask(&self) -> u128 {
        let mut bytes = [0; 16];
        bytes[..4].copy_from_slice(&MAGIC_COOKIE);
        bytes[4..].copy_from_slice(&self.0);
        u128::from_be_bytes(bytes)
    }
}

/// 24 lower-case hexadecimal digits.
impl fmt::Display for TransactionId {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        self.0.iter().try_for_each(|byte| write!(f, "{byte:02x}"))
    }
}

impl fmt::Debug for TransactionId {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        fmt::Display::fmt(self, f)
    }
}
