//! PASSWORD-ALGORITHM (RFC 8489 §14.12, §18.5).
use super::{Attribute, AttributeType};
use crate::TransactionId;

/// How the key is made from a long-term credential.
#[derive(Clone, Copy, Debug, PartialEq, Eq, PartialOrd, Ord, Hash)]
pub enum Algorithm {
    /// MD5, 0x0001: for old servers only.
    Md5,
    /// SHA-256, 0x0002.
    Sha256,
}

impl Algorithm {
    /// Reads the number; `None` for an algorithm that this crate does not know.
    pub const fn from_number(number: u16) -> Option<Self> {
        match number {
            1 => Some(Self::Md5),
            2 => Some(Self::Sha256),
            _ => None,
        }
    }

    /// The number in the registry.
    pub const fn number(self) -> u16 {
        match self {
            Self::Md5 => 1,
            Self::Sha256 => 2,
        }
    }
}

/// The algorithm that the server is to use for this request.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Hash)]
pub struct PasswordAlgorithm<'a> {
    /// The number in the registry.
    pub number: u16,
    /// Its parameters; MD5 and SHA-256 have none.
    pub parameters: &'a [u8],
}

impl PasswordAlgorithm<'_> {
    /// The algorithm, if this crate knows it and its parameters are what they must be: none.
    pub const fn algorithm(&self) -> Option<Algorithm> {
        if self.parameters.is_empty() { Algorithm::from_number(self.number) } else { None }
    }
}

impl From<Algorithm> for PasswordAlgorithm<'_> {
    fn from(algorithm: Algorithm) -> Self {
        Self { number: algorithm.number(), parameters: &[] }
    }
}

/// Splits the first algorithm off; `None` if the bytes are not one. Padding at the very end may be
/// missing, since the attribute has padding of its own.
pub(super) fn split_first(value: &[u8]) -> Option<(PasswordAlgorithm<'_>, &[u8])> {
    let (&[a, b, c, d], rest) = value.split_first_chunk()?;
    let len = usize::from(u16::from_be_bytes([c, d]));
    let parameters = rest.get(..len)?;
    let rest = rest.get(len.next_multiple_of(4)..).unwrap_or_default();
    Some((PasswordAlgorithm { number: u16::from_be_bytes([a, b]), parameters }, rest))
}

impl<'a> Attribute<'a> for PasswordAlgorithm<'a> {
    const TYPE: AttributeType = AttributeType::PASSWORD_ALGORITHM;

    fn decode(value: &'a [u8], _: &TransactionId) -> Option<Self> {
        match split_first(value)? {
            (algorithm, []) => Some(algorithm),
            _ => None,
        }
    }

    fn is_valid(&self) -> bool {
        u16::try_from(self.parameters.len()).is_ok()
    }

    fn value_len(&self) -> usize {
        4 + self.parameters.len()
    }

    fn encode(&self, _: &TransactionId, out: &mut [u8]) {
        out[..2].copy_from_slice(&self.number.to_be_bytes());
        out[2..4].copy_from_slice(&(self.parameters.len() as u16).to_be_bytes());
        out[4..].copy_from_slice(self.parameters);
    }
}
