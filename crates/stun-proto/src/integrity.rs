//! MESSAGE-INTEGRITY, MESSAGE-INTEGRITY-SHA256 and FINGERPRINT (RFC 8489 §14.5 to §14.7).

pub(crate) const SHA1_LEN: usize = 20;
pub(crate) const SHA256_LEN: usize = 32;
const SHA256_MIN_LEN: usize = 16;
const FINGERPRINT_XOR: u32 = 0x5354_554E;

/// Which HMAC protects a message.
#[derive(Clone, Copy, Debug, PartialEq, Eq, PartialOrd, Ord, Hash)]
pub enum Integrity {
    /// MESSAGE-INTEGRITY.
    Sha1,
    /// MESSAGE-INTEGRITY-SHA256.
    Sha256,
}

/// Why a message is not proven to come from a holder of the key.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Hash, thiserror::Error)]
pub enum IntegrityError {
    /// It has no integrity attribute.
    #[error("no integrity attribute")]
    Missing,
    /// Its SHA-256 attribute is cut shorter than the usage allows.
    #[error("the integrity attribute is too short")]
    Truncated,
    /// Another key, or other bytes.
    #[error("the integrity attribute does not match")]
    Mismatch,
}

/// The value of a FINGERPRINT that follows `bytes`, whose header already counts it.
pub(crate) fn crc(bytes: &[u8]) -> [u8; 4] {
    (crc32fast::hash(bytes) ^ FINGERPRINT_XOR).to_be_bytes()
}

pub(crate) const fn is_sha256_len(len: usize) -> bool {
    len >= SHA256_MIN_LEN && len <= SHA256_LEN && len.is_multiple_of(4)
}
