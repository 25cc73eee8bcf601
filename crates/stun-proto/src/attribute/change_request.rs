//! CHANGE-REQUEST (RFC 5780 §7.2).
use super::{Attribute, AttributeType};
use crate::TransactionId;

/// Asks for a response from elsewhere.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Hash, Default)]
pub struct ChangeRequest {
    /// From the server's other address.
    pub change_ip: bool,
    /// From the server's other port.
    pub change_port: bool,
}

impl Attribute<'_> for ChangeRequest {
    const TYPE: AttributeType = AttributeType::CHANGE_REQUEST;

    fn decode(value: &[u8], _: &TransactionId) -> Option<Self> {
        let &[_, _, _, flags] = value else {
            return None;
        };
        Some(Self { change_ip: flags & 4 != 0, change_port: flags & 2 != 0 })
    }

    fn value_len(&self) -> usize {
        4
    }

    fn encode(&self, _: &TransactionId, out: &mut [u8]) {
        let flags = u8::from(self.change_ip) << 2 | u8::from(self.change_port) << 1;
        out.copy_from_slice(&[0, 0, 0, flags]);
    }
}
