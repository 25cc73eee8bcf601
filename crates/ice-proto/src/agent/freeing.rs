//! What becomes of sockets and relays that were not chosen (RFC 8445 §8.3.1).
use super::IceAgent;
use alloc::vec::Vec;
use core::{net::SocketAddr, time::Duration};
use sans_io::Instant;

/// How long they are kept after ICE has concluded.
const LINGER: Duration = Duration::from_secs(3);
/// How long they are if the peer nominated several pairs, as agents of RFC 5245 do: then it need
/// not have chosen the same one, which shows after some of its consent checks.
const LINGER_RIVALS: Duration = Duration::from_secs(20);
/// A pair without a request of the peer for so long is not in use: two consent checks and a bit.
const IN_USE: Duration = Duration::from_secs(15);

impl IceAgent {
    /// Once ICE has concluded and a while has passed, gives up what was not chosen. Whether it did.
    pub(super) fn free(&mut self, now: Instant) -> bool {
        if self.free_at().is_none_or(|at| at > now) {
            return false;
        }
        self.freed = true;
        let active = self.session.active_pair().map(|pair| pair.path.local());
        let rivals =
            self.session.list.iter().filter(|pair| {
                pair.wanted.is_some_and(|wanted| now.saturating_since(wanted) < IN_USE)
            });
        let used: Vec<SocketAddr> =
            active.into_iter().chain(rivals.map(|pair| pair.path.local())).collect();
        self.gathering.free(now, &used);
        true
    }

    pub(super) fn free_at(&self) -> Option<Instant> {
        if self.freed || self.session.is_closed() {
            return None;
        }
        let at = self.session.concluded_at?;
        let mut wanted = self.session.list.iter().filter(|pair| pair.wanted.is_some());
        let rivals = wanted.any(|pair| !pair.nominated);
        Some(at.saturating_add(if rivals { LINGER_RIVALS } else { LINGER }))
    }
}
