//! UNKNOWN-ATTRIBUTES (RFC 8489 §14.13).
use super::{Attribute, AttributeType};
use crate::TransactionId;

/// How many types fit. More than the registry holds, and few enough to answer in one small packet.
const MAX: usize = 32;

/// The comprehension-required attributes of a request that the server does not understand: the
/// first 32 different ones.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Hash)]
pub struct UnknownAttributes {
    types: [AttributeType; MAX],
    len: u8,
}

impl UnknownAttributes {
    /// The types, in the order in which they were met.
    pub fn types(&self) -> &[AttributeType] {
        &self.types[..usize::from(self.len)]
    }

    /// Whether there are none.
    pub const fn is_empty(&self) -> bool {
        self.len == 0
    }
}

impl FromIterator<AttributeType> for UnknownAttributes {
    fn from_iter<I: IntoIterator<Item = AttributeType>>(types: I) -> Self {
        let mut list = Self { types: [AttributeType(0); MAX], len: 0 };
        for kind in types {
            if usize::from(list.len) == MAX {
                break;
            }
            if !list.types().contains(&kind) {
                list.types[usize::from(list.len)] = kind;
                list.len += 1;
            }
        }
        list
    }
}

impl Attribute<'_> for UnknownAttributes {
    const TYPE: AttributeType = AttributeType::UNKNOWN_ATTRIBUTES;

    fn decode(value: &[u8], _: &TransactionId) -> Option<Self> {
        let (pairs, []) = value.as_chunks::<2>() else {
            return None;
        };
        Some(pairs.iter().map(|pair| AttributeType(u16::from_be_bytes(*pair))).collect())
    }

    fn value_len(&self) -> usize {
        2 * usize::from(self.len)
    }

    fn encode(&self, _: &TransactionId, out: &mut [u8]) {
        for (pair, kind) in out.chunks_exact_mut(2).zip(self.types()) {
            pair.copy_from_slice(&kind.0.to_be_bytes());
        }
    }
}
