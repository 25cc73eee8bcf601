//! ICMP (RFC 8656 §18.13).
use super::{Attribute, AttributeType};
use crate::TransactionId;

/// An ICMP error that a relayed packet met with.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Hash)]
pub struct Icmp {
    /// ICMP or ICMPv6 type, by the family of the peer.
    pub kind: u8,
    /// ICMP or ICMPv6 code.
    pub code: u8,
    /// The MTU of the next hop when the packet was too big, otherwise zero.
    pub data: u32,
}

impl Attribute<'_> for Icmp {
    const TYPE: AttributeType = AttributeType::ICMP;

    fn decode(value: &[u8], _: &TransactionId) -> Option<Self> {
        let &[_, _, kind, code, a, b, c, d] = value else {
            return None;
        };
        // Figure 11 draws seven bits of type and nine of code; coturn, libwebrtc and the text read
        // them as a byte each.
        Some(Self { kind, code, data: u32::from_be_bytes([a, b, c, d]) })
    }

    fn value_len(&self) -> usize {
        8
    }

    fn encode(&self, _: &TransactionId, out: &mut [u8]) {
        out[..4].copy_from_slice(&[0, 0, self.kind, self.code]);
        out[4..].copy_from_slice(&self.data.to_be_bytes());
    }
}
