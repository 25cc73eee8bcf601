//! ADDRESS-ERROR-CODE (RFC 8656 §18.12).
use super::{AddressFamily, Attribute, AttributeType, Code, decode_text, is_short_text};
use crate::TransactionId;

/// Why one of two requested address families was not allocated.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Hash)]
pub struct AddressErrorCode<'a> {
    /// Which family.
    pub family: AddressFamily,
    /// 440 or 508.
    pub code: Code,
    /// For people.
    pub reason: &'a str,
}

impl<'a> Attribute<'a> for AddressErrorCode<'a> {
    const TYPE: AttributeType = AttributeType::ADDRESS_ERROR_CODE;

    fn decode(value: &'a [u8], _: &TransactionId) -> Option<Self> {
        let (&[family, _, class, number], reason) = value.split_first_chunk()?;
        Some(Self {
            family: AddressFamily::from_number(family)?,
            code: Code::from_wire(class, number)?,
            reason: decode_text(reason)?,
        })
    }

    fn is_valid(&self) -> bool {
        is_short_text(self.reason)
    }

    fn value_len(&self) -> usize {
        4 + self.reason.len()
    }

    fn encode(&self, _: &TransactionId, out: &mut [u8]) {
        let [class, number] = self.code.to_wire();
        out[..4].copy_from_slice(&[self.family.number(), 0, class, number]);
        out[4..].copy_from_slice(self.reason.as_bytes());
    }
}
