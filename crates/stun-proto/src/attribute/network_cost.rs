//! GOOG-NETWORK-INFO, the network cost that libwebrtc adds to its checks.
use super::{Attribute, AttributeType};
use crate::TransactionId;

/// Which network a check left from, and what it costs to use.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Hash)]
pub struct NetworkCost {
    /// Tells the sender's networks apart.
    pub network_id: u16,
    /// Higher is to be avoided: 0 wired, 10 Wi-Fi, 900 cellular, 999 at most.
    pub cost: u16,
}

impl Attribute<'_> for NetworkCost {
    const TYPE: AttributeType = AttributeType::NETWORK_COST;

    fn decode(value: &[u8], _: &TransactionId) -> Option<Self> {
        let &[a, b, c, d] = value else {
            return None;
        };
        Some(Self { network_id: u16::from_be_bytes([a, b]), cost: u16::from_be_bytes([c, d]) })
    }

    fn value_len(&self) -> usize {
        4
    }

    fn encode(&self, _: &TransactionId, out: &mut [u8]) {
        out[..2].copy_from_slice(&self.network_id.to_be_bytes());
        out[2..].copy_from_slice(&self.cost.to_be_bytes());
    }
}
