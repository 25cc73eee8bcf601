//! PASSWORD-ALGORITHMS (RFC 8489 §14.11).
use super::{Attribute, AttributeType, PasswordAlgorithm, password_algorithm::split_first};
use crate::TransactionId;

/// The algorithms that a server offers, best first; as bytes, for a client must echo them as they
/// came.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Hash)]
pub struct PasswordAlgorithms<'a>(&'a [u8]);

impl<'a> PasswordAlgorithms<'a> {
    /// SHA-256 only.
    pub const SHA256: Self = Self(&[0, 2, 0, 0]);
    /// SHA-256, or MD5.
    pub const SHA256_MD5: Self = Self(&[0, 2, 0, 0, 0, 1, 0, 0]);
    /// MD5 only.
    pub const MD5: Self = Self(&[0, 1, 0, 0]);

    /// A list as it stands on the wire; `None` if it is not a list of algorithms.
    pub fn from_bytes(bytes: &'a [u8]) -> Option<Self> {
        let mut rest = bytes;
        while !rest.is_empty() {
            (_, rest) = split_first(rest)?;
        }
        Some(Self(bytes))
    }

    /// The list as it stands on the wire.
    pub const fn as_bytes(&self) -> &'a [u8] {
        self.0
    }

    /// The algorithms, best first.
    pub fn iter(&self) -> impl Iterator<Item = PasswordAlgorithm<'a>> + use<'a> {
        let mut rest = self.0;
        core::iter::from_fn(move || {
            let first;
            (first, rest) = split_first(rest)?;
            Some(first)
        })
    }
}

impl<'a> Attribute<'a> for PasswordAlgorithms<'a> {
    const TYPE: AttributeType = AttributeType::PASSWORD_ALGORITHMS;

    fn decode(value: &'a [u8], _: &TransactionId) -> Option<Self> {
        Self::from_bytes(value)
    }

    fn value_len(&self) -> usize {
        self.0.len()
    }

    fn encode(&self, _: &TransactionId, out: &mut [u8]) {
        out.copy_from_slice(self.0);
    }
}
