//! Checks that wait for their answers.
use crate::{
    Role,
    pair::PairId,
    schedule::{Fired, Schedule},
};
use alloc::collections::BTreeMap;
use bytes::Bytes;
use sans_io::{Instant, Path, Timers};
use stun_proto::TransactionId;

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

/// A request and what must be known when its answer comes.
#[derive(Clone, Debug)]
pub(crate) struct Transaction {
    pub pair: PairId,
    pub path: Path,
    pub purpose: Purpose,
    /// The role that it claims.
    pub role: Role,
    /// The PRIORITY in it.
    pub priority: u32,
    pub wire: Bytes,
    pub schedule: Schedule,
}

/// What became due.
#[derive(Clone, Debug)]
pub(crate) enum Due {
    /// Send it again.
    Repeat(Transaction),
    /// No answer came, and none counts any more.
    Expired(Transaction),
}

/// All transactions that wait.
#[derive(Debug, Default)]
pub(crate) struct Transactions {
    open: BTreeMap<TransactionId, Transaction>,
    timers: Timers<TransactionId>,
}

impl Transactions {
    /// Takes in a request that was just sent. Returns the transaction that had to go for it.
    pub(crate) fn insert(
        &mut self,
        id: TransactionId,
        transaction: Transaction,
    ) -> Option<Transaction> {
        let pair = transaction.pair;
        let kin = || self.open.iter().filter(|(_, open)| open.pair == pair);
        let oldest = if kin().count() < OF_PAIR_MAX {
            None
        } else {
            kin().min_by_key(|(_, open)| open.schedule.started()).map(|(id, _)| *id)
        };
        let gone = oldest.and_then(|oldest| self.take(oldest));
        self.timers.set(id, Some(transaction.schedule.next()));
        self.open.insert(id, transaction);
        gone
    }

    /// The request of this id.
    pub(crate) fn get(&self, id: TransactionId) -> Option<&Transaction> {
        self.open.get(&id)
    }

    /// Takes out the request of this id: it was answered.
    pub(crate) fn take(&mut self, id: TransactionId) -> Option<Transaction> {
        self.timers.set(id, None);
        self.open.remove(&id)
    }

    /// Cancels the requests that `which` picks: they are not sent again, but an answer still counts
    /// (RFC 8445 §7.3.1.4).
    pub(crate) fn cancel(&mut self, which: impl Fn(&Transaction) -> bool) {
        for (id, transaction) in &mut self.open {
            if transaction.schedule.repeats() && which(transaction) {
                transaction.schedule.cancel();
                self.timers.set(*id, Some(transaction.schedule.next()));
            }
        }
    }

    /// Takes out all requests of a pair.
    pub(crate) fn forget(&mut self, pair: PairId) {
        let timers = &mut self.timers;
        self.open.retain(|id, transaction| {
            let keep = transaction.pair != pair;
            if !keep {
                timers.set(*id, None);
            }
            keep
        });
    }

    /// Takes out all requests.
    pub(crate) fn clear(&mut self) {
        *self = Self::default();
    }

    /// The next request whose time has come.
    pub(crate) fn pop_due(&mut self, now: Instant) -> Option<Due> {
        let (_, id) = self.timers.pop_due(now)?;
        let transaction = self.open.get_mut(&id)?;
        match transaction.schedule.fire(now) {
            Fired::Over => self.open.remove(&id).map(Due::Expired),
            Fired::Again => {
                self.timers.set(id, Some(transaction.schedule.next()));
                Some(Due::Repeat(transaction.clone()))
            }
        }
    }

    /// When [`pop_due`](Self::pop_due) has something to say.
    pub(crate) const fn next(&self) -> Option<Instant> {
        self.timers.next()
    }
}

#[cfg(test)]
mod tests {
    use super::{Due, Purpose, Transaction, Transactions};
    use crate::{
        Role,
        pair::PairId,
        schedule::{RTO_MIN, Schedule},
    };
    use bytes::Bytes;
    use sans_io::{Instant, Path};
    use stun_proto::TransactionId;

    fn transaction(pair: u32, started_ms: u64) -> Transaction {
        Transaction {
            pair: PairId(pair),
            path: Path::udp("192.0.2.1:1".parse().unwrap(), "192.0.2.2:2".parse().unwrap()),
            purpose: Purpose::Check,
            role: Role::Controlling,
            priority: 1,
            wire: Bytes::new(),
            schedule: Schedule::repeated(Instant::from_millis(started_ms), RTO_MIN),
        }
    }

    #[test]
    fn what_is_due_is_repeated_and_in_the_end_expires() {
        let mut transactions = Transactions::default();
        transactions.insert(TransactionId([1; 12]), transaction(1, 0));
        let (mut repeats, mut expired) = (0, 0);
        while let Some(at) = transactions.next() {
            match transactions.pop_due(at).unwrap() {
                Due::Repeat(_) => repeats += 1,
                Due::Expired(_) => expired += 1,
            }
        }
        assert_eq!((repeats, expired), (6, 1));
    }

    #[test]
    fn cancelling_stops_the_repeats_of_those_picked() {
        let mut transactions = Transactions::default();
        transactions.insert(TransactionId([1; 12]), transaction(1, 0));
        transactions.insert(TransactionId([2; 12]), transaction(2, 0));
        transactions.cancel(|open| open.pair == PairId(1));
        assert_eq!(transactions.next(), Some(Instant::from_millis(500)));
        assert!(matches!(
            transactions.pop_due(Instant::from_millis(500)),
            Some(Due::Repeat(Transaction { pair: PairId(2), .. }))
        ));
        assert!(transactions.get(TransactionId([1; 12])).is_some());
        transactions.forget(PairId(2));
        assert_eq!(transactions.next(), Some(Instant::from_millis(39_500)));
    }

    #[test]
    fn the_oldest_of_a_pair_makes_room() {
        let mut transactions = Transactions::default();
        for i in 0..16 {
            let id = TransactionId([i; 12]);
            assert!(transactions.insert(id, transaction(1, 100 - u64::from(i))).is_none());
        }
        let other = transactions.insert(TransactionId([98; 12]), transaction(2, 200));
        assert!(other.is_none());
        let gone = transactions.insert(TransactionId([99; 12]), transaction(1, 200)).unwrap();
        assert_eq!(gone.schedule.started(), Instant::from_millis(85));
        assert!(transactions.get(TransactionId([15; 12])).is_none());
    }
}
