//! Do two sockets behind the NAT reach each other by their outer addresses? (RFC 5780 §3.4)
use crate::{
    Message, MessageBuilder, MessageType, Method, Retransmit, RetransmitConfig, Retry,
    TransactionId,
};
use bytes::Bytes;
use core::net::SocketAddr;
use sans_io::{Instant, Path, Transmit};

/// Both sockets send to each other's mapped address, so that a NAT that filters lets them in.
#[derive(Debug)]
pub(super) struct Hairpin {
    id: TransactionId,
    retransmit: RetransmitConfig,
    timer: Option<Retransmit>,
    pub(super) filter_mapped: Option<SocketAddr>,
    pub(super) result: Option<bool>,
}

impl Hairpin {
    pub(super) const fn new(id: TransactionId, retransmit: RetransmitConfig) -> Self {
        Self { id, retransmit, timer: None, filter_mapped: None, result: None }
    }

    /// Sends what is due, from each of `here` to the other's of `there`.
    pub(super) fn run(
        &mut self,
        now: Instant,
        here: [SocketAddr; 2],
        there: [SocketAddr; 2],
    ) -> Option<[Transmit; 2]> {
        if self.result.is_some() {
            return None;
        }
        let due = if let Some(timer) = &mut self.timer {
            timer.poll(now)
        } else {
            self.timer = Some(Retransmit::new(now, self.retransmit));
            Retry::Send
        };
        match due {
            Retry::Wait => None,
            Retry::Send => {
                let paths = [Path::udp(here[0], there[1]), Path::udp(here[1], there[0])];
                Some(paths.map(|path| Transmit::new(path, self.payload())))
            }
            Retry::GiveUp => {
                self.result = Some(false);
                self.timer = None;
                None
            }
        }
    }

    fn payload(&self) -> Bytes {
        let mut buffer = [0; 32];
        let kind = MessageType::request(Method::BINDING);
        let written = MessageBuilder::new(&mut buffer, kind, self.id).finish();
        Bytes::copy_from_slice(written.unwrap_or_default())
    }

    /// Whether a message is the one that was sent; then there is a hairpin.
    pub(super) fn is_own(&mut self, message: &Message<'_>) -> bool {
        let own = self.timer.is_some()
            && message.message_type() == MessageType::request(Method::BINDING)
            && message.transaction_id() == self.id;
        if own {
            self.result = Some(true);
            self.timer = None;
        }
        own
    }

    pub(super) fn stop(&mut self) {
        self.timer = None;
    }

    pub(super) fn deadline(&self) -> Option<Instant> {
        self.timer.map(|timer| timer.deadline())
    }
}
