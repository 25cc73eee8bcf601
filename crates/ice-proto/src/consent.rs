//! Consent: the peer is asked every five seconds whether it still wants data (RFC 7675 §5.1). The
//! requests keep NAT mappings alive as well, so no other keepalives are sent on pairs.
use crate::{
    pair::{PairFailure, PairId},
    session::Session,
    transaction::Purpose,
};
use alloc::vec::Vec;
use core::time::Duration;
use sans_io::Instant;

/// The basic period.
const PERIOD: Duration = Duration::from_secs(5);
/// How long consent lasts without an answer.
pub(crate) const EXPIRY: Duration = Duration::from_secs(30);
/// How long an answer is waited for: far more than a round trip, and less than the next request
/// but one.
pub(crate) const ANSWER_WAIT: Duration = Duration::from_secs(5);

impl Session {
    /// The wait until the next request: 0.8 to 1.2 periods (RFC 7675 §5.1).
    pub(crate) fn consent_interval(&mut self) -> Duration {
        let fifths = PERIOD.as_nanos() as u64 / 5;
        let spread = self.entropy.public_below(2 * fifths + 1);
        Duration::from_nanos(4 * fifths + spread)
    }

    /// When consent is to be asked for, or expires.
    pub(crate) fn consent_at(&self) -> Option<Instant> {
        let pairs = self.list.iter().filter_map(|pair| pair.valid);
        pairs.map(|valid| valid.next_consent.min(valid.consent.saturating_add(EXPIRY))).min()
    }

    /// Asks for consent on the pairs that work, and gives up those that lost it. Once a pair is
    /// selected it is the only one that counts as working.
    pub(crate) fn run_consent(&mut self, now: Instant) {
        let mut asks: Vec<PairId> = Vec::new();
        let mut expired: Vec<PairId> = Vec::new();
        for pair in self.list.iter() {
            let Some(valid) = pair.valid else { continue };
            if valid.consent.saturating_add(EXPIRY) <= now {
                expired.push(pair.id);
            } else if valid.next_consent <= now {
                asks.push(pair.id);
            }
        }
        for id in expired {
            self.lose(id, PairFailure::ConsentExpired);
        }
        for id in asks {
            let next = now.saturating_add(self.consent_interval());
            // Another pair that expired may just have ended everything.
            let Some(valid) = self.list.get_mut(id).and_then(|pair| pair.valid.as_mut()) else {
                continue;
            };
            valid.next_consent = next;
            self.send_check(now, id, Purpose::Consent);
        }
    }
}
