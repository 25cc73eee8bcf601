//! What is seen on the wire: the same rule for all, whatever they tell of themselves.
use crate::peer::Side;
use core::time::Duration;
use std::collections::{HashMap, VecDeque};
use stun_proto::{Class, Message, TransactionId, attribute::UseCandidate};

#[derive(Debug, Default)]
pub(crate) struct Tap {
    requests: HashMap<TransactionId, Request>,
    /// When A was first answered.
    pub(crate) first_valid: Option<Duration>,
    /// When a nomination of A was first answered.
    pub(crate) acknowledged: Option<Duration>,
    pub(crate) packets: u64,
    /// Of the last second.
    recent: VecDeque<Duration>,
    /// Most packets in any second, of both together; copies are not counted.
    pub(crate) peak: usize,
}

#[derive(Clone, Copy, Debug)]
struct Request {
    side: Side,
    nominates: bool,
}

impl Tap {
    pub(crate) fn sent(&mut self, since: Duration, side: Side, bytes: &[u8]) {
        self.packets += 1;
        self.recent.push_back(since);
        while self.recent.front().is_some_and(|at| *at + Duration::from_secs(1) <= since) {
            self.recent.pop_front();
        }
        self.peak = self.peak.max(self.recent.len());
        let Ok(message) = Message::parse(bytes) else { return };
        if message.class() == Class::Request {
            let nominates = message.get::<UseCandidate>().is_some();
            self.requests.insert(message.transaction_id(), Request { side, nominates });
        }
    }

    pub(crate) fn arrived(&mut self, since: Duration, side: Side, bytes: &[u8]) {
        let Ok(message) = Message::parse(bytes) else { return };
        if message.class() != Class::Success || !side.controls() {
            return;
        }
        let Some(request) = self.requests.get(&message.transaction_id()) else { return };
        if request.side == side {
            self.first_valid.get_or_insert(since);
            if request.nominates {
                self.acknowledged.get_or_insert(since);
            }
        }
    }
}
