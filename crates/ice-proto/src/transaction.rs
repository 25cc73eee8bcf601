//! Checks that wait for their answers: what ICE adds to the transactions of STUN.
use crate::{Role, pair::PairId};
use alloc::vec::Vec;
use bytes::Bytes;
use core::time::Duration;
use sans_io::{Instant, Path, Transmit};
use stun_proto::{Due, Retransmit, RetransmitConfig, Transaction, TransactionId, Transactions};

/// No RTO is smaller (RFC 8445 §14.3).
pub(crate) const RTO_MIN: Duration = Duration::from_millis(500);
/// Most transactions of one pair that wait at a time. More come about only when a peer triggers
/// check after check; the oldest then has had the longest time for its answer.
const OF_PAIR_MAX: usize = 16;

/// What a request is for.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(crate) enum Purpose {
    /// An ordinary, triggered or fresh check.
    Check,
    /// A check with USE-CANDIDATE.
    Nomination,
    /// Asking for consent (RFC 7675).
    Consent,
}

/// What must be known of a request when its answer comes.
#[derive(Clone, Copy, Debug)]
pub(crate) struct Asked {
    pub pair: PairId,
    pub purpose: Purpose,
    /// The role that it claims.
    pub role: Role,
    /// The PRIORITY in it.
    pub priority: u32,
    /// How long an answer counts.
    pub until: Instant,
    /// Whether it is sent again.
    pub repeats: bool,
}

/// A request that was answered, or is not going to be.
pub(crate) type Check = Transaction<Asked>;

/// All checks that wait.
#[derive(Debug)]
pub(crate) struct Checks(Transactions<Asked>);

impl Checks {
    /// Room for the checks of so many pairs.
    pub(crate) fn new(pairs_max: usize) -> Self {
        Self(Transactions::new(pairs_max.saturating_mul(OF_PAIR_MAX)))
    }

    /// Takes in a request that is sent now. Whether another one of the pair had to go for it.
    pub(crate) fn start(
        &mut self,
        now: Instant,
        id: TransactionId,
        (path, wire): (Path, Bytes),
        rto: Duration,
        asked: Asked,
    ) -> bool {
        let kin = || self.0.iter().filter(|(_, open)| open.context.pair == asked.pair);
        let oldest = if kin().count() < OF_PAIR_MAX {
            None
        } else {
            kin().min_by_key(|(_, open)| open.timer.first_sent()).map(|(id, _)| id)
        };
        let gone = oldest.and_then(|oldest| self.0.remove(oldest)).is_some();
        let timer = if asked.repeats {
            Retransmit::new(now, RetransmitConfig { rto, ..RetransmitConfig::default() })
        } else {
            Retransmit::reliable(now, asked.until.saturating_since(now))
        };
        // There is room: no pair has more than its part of it.
        let _ = self.0.start(id, path, wire, timer, asked);
        gone
    }

    /// How long an answer counts at this RTO: 39.5 s at 500 ms.
    pub(crate) fn life(rto: Duration) -> Duration {
        RetransmitConfig { rto, ..RetransmitConfig::default() }.total()
    }

    /// The request of this id.
    pub(crate) fn get(&self, id: TransactionId) -> Option<&Check> {
        self.0.get(id)
    }

    /// Takes out the request of this id: it was answered.
    pub(crate) fn take(&mut self, id: TransactionId) -> Option<Check> {
        self.0.remove(id)
    }

    /// Cancels the requests that `which` picks: they are not sent again, but an answer still counts
    /// (RFC 8445 §7.3.1.4).
    pub(crate) fn cancel(&mut self, now: Instant, which: impl Fn(&Asked) -> bool) {
        // One that was woken late may be past its time already; it gets a little more.
        let least = now.saturating_add(RTO_MIN);
        let picked = self.0.iter().filter(|(_, open)| open.context.repeats && which(&open.context));
        let picked: Vec<_> = picked.map(|(id, open)| (id, open.context.until.max(least))).collect();
        for (id, until) in picked {
            self.0.stop(id, until);
            if let Some(asked) = self.0.context_mut(id) {
                asked.repeats = false;
            }
        }
    }

    /// Takes out all requests of a pair.
    pub(crate) fn forget(&mut self, pair: PairId) {
        let picked = self.0.iter().filter(|(_, open)| open.context.pair == pair);
        let picked: Vec<_> = picked.map(|(id, _)| id).collect();
        for id in picked {
            self.0.remove(id);
        }
    }

    /// Takes out all requests.
    pub(crate) fn clear(&mut self) {
        self.0 = Transactions::new(0);
    }

    /// The next request whose time has come: to be sent again, or given up.
    pub(crate) fn due(&mut self, now: Instant) -> Option<Result<Transmit, Asked>> {
        Some(match self.0.due(now)? {
            Due::Resend(transmit) => Ok(transmit),
            Due::TimedOut(_, check) => Err(check.context),
        })
    }

    /// When [`due`](Self::due) has something to say.
    pub(crate) const fn next(&self) -> Option<Instant> {
        self.0.next()
    }
}

#[cfg(test)]
mod tests {
    use super::{Asked, Checks, Purpose, RTO_MIN};
    use crate::{Role, pair::PairId};
    use alloc::vec::Vec;
    use bytes::Bytes;
    use sans_io::{Instant, Path};
    use stun_proto::TransactionId;

    fn start(checks: &mut Checks, id: u8, pair: u32, at_ms: u64) -> bool {
        let now = Instant::from_millis(at_ms);
        let path = Path::udp("192.0.2.1:1".parse().unwrap(), "192.0.2.2:2".parse().unwrap());
        let asked = Asked {
            pair: PairId(pair),
            purpose: Purpose::Check,
            role: Role::Controlling,
            priority: 1,
            until: now.saturating_add(Checks::life(RTO_MIN)),
            repeats: true,
        };
        checks.start(now, TransactionId([id; 12]), (path, Bytes::new()), RTO_MIN, asked)
    }

    /// When something was due, in ms, and whether it was the end.
    fn run(checks: &mut Checks) -> Vec<(u64, bool)> {
        let mut seen = Vec::new();
        while let Some(at) = checks.next() {
            seen.push((at.as_millis(), checks.due(at).unwrap().is_err()));
        }
        seen
    }

    #[test]
    fn a_check_is_repeated_six_times_and_given_up_after_39_5_seconds() {
        let mut checks = Checks::new(1);
        start(&mut checks, 1, 1, 0);
        let times = run(&mut checks);
        let repeats = [500, 1500, 3500, 7500, 15_500, 31_500].map(|at| (at, false));
        assert_eq!(times[..6], repeats);
        assert_eq!(times[6..], [(39_500, true)]);
    }

    #[test]
    fn a_cancelled_check_is_not_repeated_but_waits_its_time() {
        let mut checks = Checks::new(2);
        start(&mut checks, 1, 1, 100);
        start(&mut checks, 2, 2, 100);
        checks.cancel(Instant::from_millis(100), |asked| asked.pair == PairId(1));
        checks.forget(PairId(2));
        assert!(checks.get(TransactionId([1; 12])).is_some());
        assert_eq!(run(&mut checks), [(39_600, true)]);
    }

    #[test]
    fn the_oldest_of_a_pair_makes_room() {
        let mut checks = Checks::new(2);
        for i in 0..16 {
            assert!(!start(&mut checks, i, 1, 100 - u64::from(i)));
        }
        assert!(!start(&mut checks, 98, 2, 200));
        assert!(start(&mut checks, 99, 1, 200));
        assert!(checks.get(TransactionId([15; 12])).is_none());
    }
}
