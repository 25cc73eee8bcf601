//! ALTERNATE-DOMAIN (RFC 8489 §14.16).
use super::{Attribute, AttributeType};
use crate::TransactionId;

const MAX: usize = 255;

/// The name to verify the certificate of an ALTERNATE-SERVER against: at most 255 ASCII characters.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Hash)]
pub struct AlternateDomain<'a>(pub &'a str);

impl<'a> Attribute<'a> for AlternateDomain<'a> {
    const TYPE: AttributeType = AttributeType::ALTERNATE_DOMAIN;

    fn decode(value: &'a [u8], _: &TransactionId) -> Option<Self> {
        let domain = Self(core::str::from_utf8(value).ok()?);
        domain.is_valid().then_some(domain)
    }

    fn is_valid(&self) -> bool {
        self.0.len() <= MAX && self.0.is_ascii()
    }

    fn value_len(&self) -> usize {
        self.0.len()
    }

    fn encode(&self, _: &TransactionId, out: &mut [u8]) {
        out.copy_from_slice(self.0.as_bytes());
    }
}
