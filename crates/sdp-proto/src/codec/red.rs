//! RED (RFC 2198): packets that repeat earlier ones in the same or another format.

use crate::attribute::Fmtp;
use crate::value::payload_type;

/// The payload types of the primary and of the redundant blocks.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub struct Red<'a>(&'a str);

impl<'a> Red<'a> {
    pub(super) fn read(fmtp: Option<&'a Fmtp<'_>>) -> Self {
        Self(fmtp.map_or("", |fmtp| fmtp.parameters.as_str()))
    }

    /// Payload types to be written, with slashes between them, as in `111/111`. `None` for
    /// anything else.
    pub fn new(payload_types: &'a str) -> Option<Self> {
        let good = payload_types.split('/').all(|text| payload_type(text).is_some());
        good.then_some(Self(payload_types))
    }

    /// The payload types, the primary one first; none where the description does not say.
    pub fn payload_types(&self) -> impl Iterator<Item = u8> + 'a {
        self.0.split('/').map_while(|text| payload_type(text.trim()))
    }

    /// How many blocks are repeated at most; 0 where the description does not say.
    pub fn redundancy(&self) -> u8 {
        let repeated = self.payload_types().count().saturating_sub(1);
        repeated.try_into().unwrap_or(u8::MAX)
    }
}
