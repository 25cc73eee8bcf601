//! The check list: all pairs in the order of their priority, their states, and the queue of
//! triggered checks (RFC 8445 §6.1.2 and §6.1.4.1).
mod queues;
#[cfg(test)]
mod tests;

pub(crate) use queues::Gate;

use crate::{
    Base,
    ids::{LocalId, PairId, RemoteId},
    pair::{Attempt, NewPair, Pair, PairFailure, Progress, Trigger, Valid},
};
use alloc::vec::Vec;
use core::time::Duration;
use sans_io::{Instant, Path};

/// How far apart the checks of one pair are at least when the peer triggers them.
const TRIGGER_MIN: Duration = Duration::from_millis(5);
/// How far apart they are at most.
const TRIGGER_MAX: Duration = Duration::from_millis(500);

/// How old the newest check of a pair is that has been repeated as often as was of use.
const DORMANT: Duration = Duration::from_secs(1);

/// Why there is a pair.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(crate) enum Claim {
    /// The candidates were told.
    Told,
    /// A check of the peer came this way.
    Heard,
}

/// What became of a pair that was to be added.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(crate) struct Inserted {
    pub id: PairId,
    /// The pair that had to make room.
    pub evicted: Option<PairId>,
}

/// Pairs by falling priority. At most `max` of them (RFC 8445 §6.1.2.5), so that walking the list
/// is a bounded amount of work.
#[derive(Debug)]
pub(crate) struct CheckList {
    pairs: Vec<Pair>,
    next_id: u32,
    next_turn: u32,
    max: usize,
}

impl CheckList {
    pub(crate) const fn new(max: usize) -> Self {
        // Turns before the middle are for what passes all others.
        Self { pairs: Vec::new(), next_id: 0, next_turn: u32::MAX / 2, max }
    }

    /// An empty list with the same bound. Its pairs have other ids than those of this one.
    pub(crate) const fn successor(&self) -> Self {
        let mut next = Self::new(self.max);
        next.next_id = self.next_id;
        next
    }

    /// Adds a pair and sets its first state (RFC 8838 §12, and RFC 8445 §6.1.2.6 for the first of a
    /// foundation). A list that is full gives up a pair whose base is gone, else its least pair that can
    /// be spared; `None`: there is none, or it ranks higher than the new one.
    ///
    /// The caller makes sure that no pair has the same path: two such pairs are redundant
    /// (RFC 8445 §6.1.2.4).
    pub(crate) fn insert(&mut self, new: NewPair, claim: Claim) -> Option<Inserted> {
        debug_assert!(self.by_path(&new.path).is_none(), "a redundant pair");
        let mut evicted = None;
        if self.pairs.len() >= self.max {
            let spare = |old: &Pair| can_make_room(old, claim, new.priority);
            let lost = self.pairs.iter().rposition(Pair::has_lost_base);
            let least = lost.or_else(|| self.pairs.iter().rposition(spare))?;
            evicted = Some(self.pairs.remove(least).id);
        }
        let id = PairId(self.next_id);
        self.next_id += 1;
        let mut pair = Pair::new(id, new);
        let mut kin = self.pairs.iter().filter(|old| old.foundations == pair.foundations);
        let topmost = kin.clone().all(|old| old.priority < pair.priority);
        let proven = kin.any(|old| matches!(old.progress, Progress::Succeeded(_)));
        if topmost || proven {
            pair.progress = Progress::Waiting;
        }
        if self.pairs.capacity() == 0 {
            self.pairs.reserve_exact(1);
        }
        let at = self.pairs.partition_point(|other| other.priority >= pair.priority);
        self.pairs.insert(at, pair);
        Some(Inserted { id, evicted })
    }

    /// Whether this pair works.
    pub(crate) fn works(&self, id: PairId) -> bool {
        self.get(id).is_some_and(|pair| pair.valid().is_some())
    }

    /// All pairs, best first.
    pub(crate) fn iter(&self) -> impl DoubleEndedIterator<Item = &Pair> {
        self.pairs.iter()
    }

    pub(crate) fn get(&self, id: PairId) -> Option<&Pair> {
        self.pairs.iter().find(|pair| pair.id == id)
    }

    pub(crate) fn get_mut(&mut self, id: PairId) -> Option<&mut Pair> {
        self.pairs.iter_mut().find(|pair| pair.id == id)
    }

    pub(crate) fn by_path(&self, path: &Path) -> Option<&Pair> {
        self.pairs.iter().find(|pair| pair.path == *path)
    }

    /// Changes what is known of the pairs of a candidate of the peer.
    pub(crate) fn of_remote_mut(&mut self, remote: RemoteId) -> impl Iterator<Item = &mut Pair> {
        self.pairs.iter_mut().filter(move |pair| pair.remote == remote)
    }

    /// Takes out the pairs of a candidate of the peer.
    pub(crate) fn remove_remote(&mut self, remote: RemoteId) {
        self.pairs.retain(|pair| pair.remote != remote);
    }

    /// Takes out the pairs of a candidate of ours that is gone. Those that the peer only saw through
    /// it are seen as their base from now on.
    pub(crate) fn remove_local(&mut self, local: LocalId) {
        self.pairs.retain(|pair| pair.local != local);
        for pair in &mut self.pairs {
            if let Progress::Succeeded(valid) = &mut pair.progress
                && valid.local == local
            {
                valid.local = pair.local;
            }
        }
    }

    /// Takes out the pairs that were lost with this base, which is there again.
    pub(crate) fn remove_lost(&mut self, base: Base) {
        self.pairs.retain(|pair| !pair.has_lost_base() || Base::of(pair.path) != base);
    }

    /// Computes all priorities anew, after a change of role or of candidates: `priority` of a local
    /// and a remote candidate.
    pub(crate) fn reprioritize(&mut self, priority: impl Fn(LocalId, RemoteId) -> u64) {
        for pair in &mut self.pairs {
            pair.priority = priority(pair.local, pair.remote);
            if let Progress::Succeeded(valid) = &mut pair.progress {
                valid.rank = priority(valid.local, pair.remote);
            }
        }
        self.pairs.sort_by(|a, b| b.priority.cmp(&a.priority).then(a.id.cmp(&b.id)));
    }

    /// A request goes out on the pair; `checks` says whether it is a check, which puts the pair
    /// under way.
    pub(crate) fn sent(&mut self, now: Instant, id: PairId, checks: bool) {
        let Some(pair) = self.get_mut(id) else { return };
        pair.counters.requests_sent += 1;
        match &mut pair.progress {
            Progress::Checking(attempt) => attempt.last_sent = now,
            Progress::Succeeded(_) => {}
            Progress::Frozen | Progress::Waiting | Progress::Superseded | Progress::Failed(_) => {
                if checks {
                    let attempt = Attempt { first_sent: now, last_sent: now, rechecks: 0 };
                    pair.progress = Progress::Checking(attempt);
                }
            }
        }
    }

    /// No check of the pair is sent, since an answer to an older one may come.
    pub(crate) fn await_answers(&mut self, now: Instant, id: PairId) {
        if let Some(pair) = self.get_mut(id) {
            let attempt = Attempt { first_sent: now, last_sent: now, rechecks: 0 };
            pair.progress = Progress::Checking(attempt);
        }
    }

    /// A check of the pair succeeded: it is valid from now on, if it was not before, and the frozen
    /// pairs of its foundation go on (RFC 8445 §7.2.5.3.3). Whether it was not valid before.
    pub(crate) fn succeed(&mut self, now: Instant, id: PairId, local: LocalId, rank: u64) -> bool {
        let Some(pair) = self.get_mut(id) else { return false };
        let since = pair.valid().map(|valid| valid.since);
        let valid = Valid { local, rank, since: since.unwrap_or(now) };
        pair.progress = Progress::Succeeded(valid);
        pair.triggered = None;
        pair.authenticated = true;
        pair.awaits_permission = false;
        let foundations = pair.foundations;
        for pair in &mut self.pairs {
            if pair.foundations == foundations && pair.progress == Progress::Frozen {
                pair.progress = Progress::Waiting;
            }
        }
        since.is_none()
    }

    /// The pair failed.
    pub(crate) fn fail(&mut self, id: PairId, failure: PairFailure) {
        if let Some(pair) = self.get_mut(id) {
            pair.progress = Progress::Failed(failure);
            pair.triggered = None;
        }
    }

    /// The pair is to be checked as if it never had been.
    pub(crate) fn revive(&mut self, id: PairId) {
        if let Some(pair) = self.get_mut(id).filter(|pair| !pair.is_dead()) {
            pair.progress = Progress::Waiting;
        }
    }

    /// The pair works, and another one was chosen.
    pub(crate) fn supersede(&mut self, id: PairId) {
        if let Some(pair) = self.get_mut(id) {
            pair.progress = Progress::Superseded;
        }
    }

    /// Both agents have settled on the pair: no other one counts as valid any more, and no triggered
    /// check is left but of those that are `pursued` (RFC 8445 §8.1.2).
    pub(crate) fn conclude(&mut self, id: PairId, pursued: impl Fn(&Pair) -> bool) {
        for pair in &mut self.pairs {
            if pair.id != id && matches!(pair.progress, Progress::Succeeded(_)) {
                pair.progress = Progress::Superseded;
            }
            if pair.id == id || !pursued(pair) {
                pair.triggered = None;
            }
        }
    }

    /// Nothing is sent on any pair any more, and none works.
    pub(crate) fn silence(&mut self) {
        for pair in &mut self.pairs {
            pair.triggered = None;
            if matches!(pair.progress, Progress::Succeeded(_)) {
                pair.progress = Progress::Superseded;
            }
        }
    }

    /// Puts a pair into the queue of triggered checks, once (RFC 8445 §7.3.1.4). One that is under
    /// way waits until its newest check is old enough, by the age of its first one: checks would
    /// otherwise beget checks for as long as the round trip takes.
    pub(crate) fn trigger(&mut self, now: Instant, id: PairId) {
        let turn = self.next_turn;
        let Some(pair) = self.get_mut(id) else { return };
        let due = match &pair.progress {
            Progress::Succeeded(_) => return,
            Progress::Checking(attempt) => attempt.next_triggered().max(now),
            Progress::Frozen | Progress::Waiting | Progress::Superseded | Progress::Failed(_) => {
                pair.progress = Progress::Waiting;
                now
            }
        };
        if pair.triggered.is_none() {
            pair.triggered = Some(Trigger { due, turn });
            self.next_turn = turn.saturating_add(1);
        }
    }

    /// Something came on a pair of which nothing came for long: its checks are repeated as at first.
    pub(crate) fn rouse(&mut self, now: Instant, id: PairId) {
        if let Some(Progress::Checking(attempt)) = self.get_mut(id).map(|pair| &mut pair.progress)
            && now.saturating_since(attempt.last_sent) >= DORMANT
        {
            attempt.rechecks = 0;
        }
    }

    /// Puts a pair to the front of the queue of triggered checks.
    pub(crate) fn trigger_first(&mut self, now: Instant, id: PairId) {
        let first = self.pairs.iter().filter_map(|pair| pair.triggered).map(|t| t.turn).min();
        let turn = first.unwrap_or(self.next_turn).saturating_sub(1);
        if let Some(pair) = self.get_mut(id) {
            pair.triggered = Some(Trigger { due: now, turn });
        }
    }

    /// How many pairs wait for a check or are under way; the RTO grows with them
    /// (RFC 8445 §14.3).
    pub(crate) fn load(&self) -> u32 {
        let busy =
            |pair: &&Pair| matches!(pair.progress, Progress::Waiting | Progress::Checking(_));
        self.pairs.iter().filter(busy).count() as u32
    }

    /// Whether no pair is left that works or may yet come to (RFC 8445 §7.2.5.4).
    pub(crate) fn is_exhausted(&self) -> bool {
        !self.pairs.iter().any(|pair| pair.is_open() || pair.valid().is_some())
    }

    /// Whether the peer has withdrawn its consent on a pair.
    pub(crate) fn was_revoked(&self) -> bool {
        let revoked = Progress::Failed(PairFailure::ConsentRevoked);
        self.pairs.iter().any(|pair| pair.progress == revoked)
    }

    /// The best pair that works: what data goes over before one is selected.
    pub(crate) fn best_valid(&self) -> Option<&Pair> {
        self.pairs.iter().find(|pair| pair.valid().is_some())
    }

    /// Whether no pair is left that could be better than the best that works.
    pub(crate) fn best_of_all_works(&self) -> bool {
        let mut left = self.pairs.iter().filter(|pair| pair.is_open() || pair.valid().is_some());
        left.next().is_some_and(|best| best.valid().is_some())
    }

    /// The pairs of one candidate of the peer.
    pub(crate) fn of_remote(&self, remote: RemoteId) -> impl Iterator<Item = &Pair> {
        self.pairs.iter().filter(move |pair| pair.remote == remote)
    }

    /// Whether a pair works without a relay, so that others are not urgent.
    pub(crate) fn works_directly(&self) -> bool {
        self.pairs.iter().any(|pair| pair.valid().is_some() && !pair.is_relayed())
    }
}

impl Attempt {
    /// When the peer may trigger the next check.
    fn next_triggered(&self) -> Instant {
        let age = self.last_sent.saturating_since(self.first_sent);
        self.last_sent.saturating_add((age / 8).clamp(TRIGGER_MIN, TRIGGER_MAX))
    }
}

/// Whether a pair may go for a new one. Answers to its checks will find nobody.
fn can_make_room(old: &Pair, claim: Claim, priority: u64) -> bool {
    if old.is_dead() || old.authenticated || old.was_heard() {
        // The former could be made anew, and consent with it; the latter is known to lead somewhere.
        return false;
    }
    match (claim, &old.progress) {
        (_, Progress::Succeeded(_)) | (Claim::Told, Progress::Checking(_)) => false,
        (Claim::Told, _) => old.priority < priority,
        (Claim::Heard, _) => true,
    }
}
