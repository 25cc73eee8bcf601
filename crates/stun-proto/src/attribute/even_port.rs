//! EVEN-PORT (RFC 8656 §18.7).
use super::{Attribute, AttributeType};
use crate::TransactionId;

/// The relayed port is to be even.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Hash)]
pub struct EvenPort {
    /// The next higher port is to be held back for a second allocation.
    pub reserve: bool,
}

impl Attribute<'_> for EvenPort {
    const TYPE: AttributeType = AttributeType::EVEN_PORT;

    fn decode(value: &[u8], _: &TransactionId) -> Option<Self> {
        let [flags] = value else {
            return None;
        };
        Some(Self { reserve: flags & 0x80 != 0 })
    }

    fn value_len(&self) -> usize {
        1
    }

    fn encode(&self, _: &TransactionId, out: &mut [u8]) {
        out[0] = if self.reserve { 0x80 } else { 0 };
    }
}
