//! Consent: the peer is asked every five seconds whether it still wants data (RFC 7675 §5.1). The
//! requests keep NAT mappings alive as well, so no other keepalives are sent on pairs.
use crate::ids::PairId;
use alloc::vec::Vec;
use core::time::Duration;
use sans_io::Instant;
use stun_proto::Entropy;

/// The shortest wait between two requests: 0.8 of the basic period of five seconds (RFC 7675 §5.1).
const SHORTEST: Duration = Duration::from_secs(4);
/// What it varies by, up to 1.2 of the period. While a request is unanswered it varies less, so that
/// six or seven of them are sent before consent expires, and not four.
const SPREAD: Duration = Duration::from_secs(2);
/// How long consent lasts without an answer. An answer counts for as long, whichever request it is
/// to: a round trip may take longer than a period.
pub(crate) const EXPIRY: Duration = Duration::from_secs(30);
/// The longest wait between two requests, and a little more: who asks no more within it does not ask.
pub(crate) const LONGEST: Duration = Duration::from_millis(6_100);
/// A pair without a request of the peer for so long is not in use: two of them and a bit.
pub(crate) const IN_USE: Duration = Duration::from_secs(15);

/// When the peer is asked again, and when it was last heard.
#[derive(Clone, Copy, Debug)]
struct Timer {
    pair: PairId,
    granted: Instant,
    asked: Instant,
    next: Instant,
    /// How often it was asked since.
    unanswered: u8,
}

/// What became due.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(crate) enum Due {
    /// The peer is to be asked on this pair.
    Ask(PairId),
    /// The peer has not answered on this pair for too long. It is forgotten here.
    Expired(PairId),
}

/// The pairs on which the peer is asked.
#[derive(Debug, Default)]
pub(crate) struct Consent {
    timers: Vec<Timer>,
}

impl Consent {
    /// The peer answered on this pair: consent begins, or goes on.
    pub(crate) fn granted(&mut self, now: Instant, pair: PairId, entropy: &mut Entropy) {
        let known = self.timers.iter().position(|timer| timer.pair == pair);
        let at = known.unwrap_or_else(|| {
            if self.timers.capacity() == 0 {
                self.timers.reserve_exact(1);
            }
            let (asked, next) = (now, now);
            self.timers.push(Timer { pair, granted: now, asked, next, unanswered: 0 });
            self.timers.len() - 1
        });
        let timer = &mut self.timers[at];
        timer.granted = now;
        timer.unanswered = 0;
        timer.next = timer.asked.saturating_add(interval(entropy, SPREAD)).max(timer.next);
    }

    /// The peer asked on this pair, and is not asked itself: consent lasts as long as if it had
    /// answered.
    pub(crate) fn implied(&mut self, now: Instant, pair: PairId) {
        self.timers.retain(|timer| timer.pair != pair);
        let next = now.saturating_add(EXPIRY);
        self.timers.push(Timer { pair, granted: now, asked: now, next, unanswered: 0 });
    }

    /// The peer is not asked any more on pairs that are not picked.
    pub(crate) fn retain(&mut self, which: impl Fn(PairId) -> bool) {
        self.timers.retain(|timer| which(timer.pair));
    }

    /// The next thing whose time has come.
    pub(crate) fn due(&mut self, now: Instant, entropy: &mut Entropy) -> Option<Due> {
        let at = self.timers.iter().position(|timer| timer.deadline() <= now)?;
        let timer = &mut self.timers[at];
        if timer.expiry() <= now {
            return Some(Due::Expired(self.timers.remove(at).pair));
        }
        timer.asked = now;
        timer.unanswered = timer.unanswered.saturating_add(1);
        // For as long as it is not answered.
        timer.next = now.saturating_add(interval(entropy, SPREAD / 4));
        Some(Due::Ask(timer.pair))
    }

    /// How often the peer was asked on this pair since it answered.
    pub(crate) fn unanswered(&self, pair: PairId) -> u8 {
        let timer = self.timers.iter().find(|timer| timer.pair == pair);
        timer.map_or(0, |timer| timer.unanswered)
    }

    /// When [`due`](Self::due) has something to say.
    pub(crate) fn next(&self) -> Option<Instant> {
        self.timers.iter().map(Timer::deadline).min()
    }
}

impl Timer {
    fn expiry(&self) -> Instant {
        self.granted.saturating_add(EXPIRY)
    }

    fn deadline(&self) -> Instant {
        self.next.min(self.expiry())
    }
}

/// The wait until the next request: at least 0.8 periods.
fn interval(entropy: &mut Entropy, spread: Duration) -> Duration {
    SHORTEST
        .saturating_add(Duration::from_nanos(entropy.public_below(spread.as_nanos() as u64 + 1)))
}

#[cfg(test)]
mod tests {
    use super::{Consent, Due};
    use crate::ids::PairId;
    use sans_io::Instant;
    use stun_proto::Entropy;

    #[test]
    fn it_is_asked_for_every_four_to_six_seconds_and_ends_after_thirty() {
        let (mut consent, mut entropy) = (Consent::default(), Entropy::new([1; 32]));
        consent.granted(Instant::ZERO, PairId(1), &mut entropy);
        let (mut asked, mut last) = (0, 0);
        loop {
            let at = consent.next().unwrap();
            match consent.due(at, &mut entropy).unwrap() {
                Due::Ask(pair) => {
                    assert_eq!(pair, PairId(1));
                    assert!((4_000..=6_000).contains(&(at.as_millis() - last)), "{at}");
                    (asked, last) = (asked + 1, at.as_millis());
                }
                Due::Expired(pair) => {
                    assert_eq!((pair, at), (PairId(1), Instant::from_secs(30)));
                    break;
                }
            }
        }
        assert!((6..=7).contains(&asked), "{asked}");
        assert_eq!(consent.next(), None);
    }

    #[test]
    fn an_answer_lets_it_go_on_and_the_next_request_wait_longer() {
        let (mut consent, mut entropy) = (Consent::default(), Entropy::new([2; 32]));
        consent.granted(Instant::ZERO, PairId(1), &mut entropy);
        let first = consent.next().unwrap();
        assert_eq!(consent.due(first, &mut entropy), Some(Due::Ask(PairId(1))));
        let unanswered = consent.next().unwrap().saturating_since(first);
        assert!((4_000..=4_500).contains(&unanswered.as_millis()), "{unanswered:?}");
        consent.granted(first, PairId(1), &mut entropy);
        let answered = consent.next().unwrap().saturating_since(first);
        assert!((4_000..=6_000).contains(&answered.as_millis()) && answered >= unanswered);
        consent.retain(|pair| pair != PairId(1));
        assert_eq!(consent.next(), None);
    }
}
