//! The check list: all pairs in the order of their priority, and the queue of triggered checks
//! (RFC 8445 §6.1.2 and §6.1.4.1).
use crate::pair::{Pair, PairFailure, PairId, PairState};
use alloc::{collections::VecDeque, vec::Vec};
use sans_io::Path;

#[cfg(test)]
mod tests;

/// Pairs by falling priority. At most `max` of them (RFC 8445 §6.1.2.5), so that walking the list
/// is a bounded amount of work.
#[derive(Debug)]
pub(crate) struct CheckList {
    pairs: Vec<Pair>,
    triggered: VecDeque<PairId>,
    next_id: u32,
    max: usize,
}

impl CheckList {
    pub(crate) const fn new(max: usize) -> Self {
        Self { pairs: Vec::new(), triggered: VecDeque::new(), next_id: 0, max }
    }

    /// Adds a pair, frozen, with an id of its own. A list that is full gives up its least pair that
    /// is not under way, if that ranks lower; `None`: there was no room.
    ///
    /// The caller makes sure that no pair has the same path: two such pairs are redundant
    /// (RFC 8445 §6.1.2.4).
    pub(crate) fn insert(&mut self, mut pair: Pair) -> Option<PairId> {
        debug_assert!(self.by_path(&pair.path).is_none(), "a redundant pair");
        if self.pairs.len() >= self.max {
            let spare = |old: &Pair| {
                matches!(old.state, PairState::Frozen | PairState::Waiting | PairState::Failed)
                    && old.priority < pair.priority
                    && !old.is_dead()
                    // The answers to its checks would find nobody.
                    && old.open == 0
            };
            let least = self.pairs.iter().rposition(spare)?;
            let gone = self.pairs.remove(least);
            self.triggered.retain(|id| *id != gone.id);
        }
        pair.id = PairId(self.next_id);
        self.next_id += 1;
        let id = pair.id;
        let at = self.pairs.partition_point(|other| other.priority >= pair.priority);
        self.pairs.insert(at, pair);
        Some(id)
    }

    /// All pairs, best first.
    pub(crate) fn iter(&self) -> impl DoubleEndedIterator<Item = &Pair> {
        self.pairs.iter()
    }

    /// All pairs, best first. Priorities are changed with [`reprioritize`](Self::reprioritize).
    pub(crate) fn iter_mut(&mut self) -> impl Iterator<Item = &mut Pair> {
        self.pairs.iter_mut()
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

    /// Computes all priorities anew, after a change of role or of candidates.
    pub(crate) fn reprioritize(&mut self, priority: impl Fn(&Pair) -> u64) {
        for pair in &mut self.pairs {
            pair.priority = priority(pair);
        }
        self.pairs.sort_by(|a, b| b.priority.cmp(&a.priority).then(a.id.cmp(&b.id)));
    }

    /// Sets the state of a pair that was just added (RFC 8838 §12, and RFC 8445 §6.1.2.6 for the
    /// first of them).
    pub(crate) fn place(&mut self, id: PairId) {
        let Some(new) = self.get(id) else { return };
        let (foundation, priority) = (new.foundation, new.priority);
        let mut kin =
            self.pairs.iter().filter(|pair| pair.foundation == foundation && pair.id != id);
        let topmost = kin.clone().all(|pair| pair.priority < priority);
        let proven = kin.any(|pair| pair.state == PairState::Succeeded);
        if let Some(new) = self.get_mut(id)
            && (topmost || proven)
        {
            new.state = PairState::Waiting;
        }
    }

    /// Lets all pairs of the foundation of a pair that succeeded go on (RFC 8445 §7.2.5.3.3).
    pub(crate) fn unfreeze_kin(&mut self, id: PairId) {
        let Some(foundation) = self.get(id).map(|pair| pair.foundation) else { return };
        for pair in &mut self.pairs {
            if pair.foundation == foundation && pair.state == PairState::Frozen {
                pair.state = PairState::Waiting;
            }
        }
    }

    /// The pair for an ordinary check (RFC 8445 §6.1.4.2, steps 2 and 3): the best that waits and
    /// whose relay, if any, is ready. Where none waits, of each foundation that has nothing under
    /// way the best pair thaws; with `eager` the best of all does, under way or not.
    pub(crate) fn next_ordinary(&mut self, eager: bool) -> Option<PairId> {
        let ready = |pair: &&Pair| pair.state == PairState::Waiting && !pair.blocked;
        if let Some(pair) = self.pairs.iter().find(ready) {
            return Some(pair.id);
        }
        for index in 0..self.pairs.len() {
            if self.pairs[index].state != PairState::Frozen {
                continue;
            }
            let foundation = self.pairs[index].foundation;
            let busy = self.pairs.iter().any(|pair| {
                pair.foundation == foundation
                    && matches!(pair.state, PairState::Waiting | PairState::InProgress)
            });
            if !busy {
                self.pairs[index].state = PairState::Waiting;
            }
        }
        if eager && !self.pairs.iter().any(|pair| ready(&pair)) {
            let frozen = |pair: &&mut Pair| pair.state == PairState::Frozen && !pair.blocked;
            if let Some(pair) = self.pairs.iter_mut().find(frozen) {
                pair.state = PairState::Waiting;
            }
        }
        self.pairs.iter().find(ready).map(|pair| pair.id)
    }

    /// Whether [`next_ordinary`](Self::next_ordinary) would find a pair.
    pub(crate) fn has_ordinary(&self, eager: bool) -> bool {
        self.pairs.iter().any(|pair| {
            !pair.blocked
                && match pair.state {
                    PairState::Waiting => true,
                    PairState::Frozen if eager => true,
                    PairState::Frozen => !self.pairs.iter().any(|other| {
                        other.foundation == pair.foundation
                            && matches!(other.state, PairState::Waiting | PairState::InProgress)
                    }),
                    PairState::InProgress | PairState::Succeeded | PairState::Failed => false,
                }
        })
    }

    /// Puts a pair into the triggered-check queue, once.
    pub(crate) fn trigger(&mut self, id: PairId) {
        if !self.triggered.contains(&id) {
            self.triggered.push_back(id);
        }
    }

    /// Puts a pair to the front of the triggered-check queue.
    pub(crate) fn trigger_first(&mut self, id: PairId) {
        self.triggered.retain(|queued| *queued != id);
        self.triggered.push_front(id);
    }

    /// Takes the next triggered check whose relay, if any, is ready.
    pub(crate) fn pop_triggered(&mut self) -> Option<PairId> {
        let at = self.triggered.iter().position(|id| self.is_ready(*id))?;
        self.triggered.remove(at)
    }

    fn is_ready(&self, id: PairId) -> bool {
        self.get(id).is_some_and(|pair| !pair.blocked)
    }

    /// Takes a pair out of the triggered-check queue.
    pub(crate) fn untrigger(&mut self, id: PairId) {
        self.triggered.retain(|queued| *queued != id);
    }

    /// Whether [`pop_triggered`](Self::pop_triggered) would find a pair.
    pub(crate) fn has_triggered(&self) -> bool {
        self.triggered.iter().any(|id| self.is_ready(*id))
    }

    /// Takes all others out of the triggered-check queue, when ICE has concluded
    /// (RFC 8445 §8.1.2).
    pub(crate) fn retain_triggered(&mut self, wanted: impl Fn(PairId) -> bool) {
        self.triggered.retain(|id| wanted(*id));
    }

    /// Empties the triggered-check queue.
    pub(crate) fn clear_triggered(&mut self) {
        self.triggered.clear();
    }

    /// How many pairs wait for a check or are under way; the RTO grows with them
    /// (RFC 8445 §14.3).
    pub(crate) fn load(&self) -> u32 {
        let busy = |pair: &&Pair| matches!(pair.state, PairState::Waiting | PairState::InProgress);
        self.pairs.iter().filter(busy).count() as u32
    }

    /// Marks a pair as failed.
    pub(crate) fn fail(&mut self, id: PairId, failure: PairFailure) {
        self.untrigger(id);
        if let Some(pair) = self.get_mut(id) {
            pair.state = PairState::Failed;
            pair.failure = Some(failure);
            pair.valid = None;
        }
    }

    /// Whether no pair is left that may yet succeed (RFC 8445 §7.2.5.4).
    pub(crate) fn is_exhausted(&self) -> bool {
        !self.pairs.iter().any(|pair| pair.is_open() || pair.valid.is_some())
    }

    /// The best pair that works: what data goes over before one is selected.
    pub(crate) fn best_valid(&self) -> Option<&Pair> {
        self.pairs.iter().find(|pair| pair.valid.is_some())
    }
}
