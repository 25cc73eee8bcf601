//! Which pair is checked next: triggered checks, ordinary ones, and repetitions in spare slots
//! (RFC 8445 §6.1.4.2).
use super::CheckList;
use crate::{
    ids::PairId,
    pace::Spacing,
    pair::{Pair, Progress},
};
use sans_io::Instant;

/// How many repetitions in spare slots a pair gets.
const RECHECKS_MAX: u32 = 6;
/// How much longer than the others those wait that only pairs get on which the peer was heard.
const HEARD_SLOWER: u32 = 3;

/// What holds for all pairs when one is looked for.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(crate) struct Gate {
    /// Spare slots are used for pairs that RFC 8445 would leave frozen.
    pub thaws: bool,
    /// The NATs of the peer are not to be knocked at yet.
    pub spares_nats: bool,
}

/// A pair whose check may be repeated.
#[derive(Clone, Copy, Debug)]
struct Recheck {
    id: PairId,
    /// Whether nothing came through it, and how often it was repeated.
    turn: (bool, u32),
    due: Instant,
}

impl Gate {
    fn admits(self, pair: &Pair) -> bool {
        let spared = self.spares_nats && pair.knocks_at_a_nat();
        !pair.awaits_permission && !spared
    }
}

impl CheckList {
    /// When the first triggered check is due.
    pub(crate) fn triggered_at(&self, gate: Gate) -> Option<Instant> {
        let queued = self.pairs.iter().filter(|pair| gate.admits(pair));
        queued.filter_map(|pair| pair.triggered).map(|trigger| trigger.due).min()
    }

    /// Takes the next triggered check that is due: of several the one that was queued first.
    pub(crate) fn pop_triggered(&mut self, now: Instant, gate: Gate) -> Option<PairId> {
        let due = |pair: &Pair| {
            pair.triggered.filter(|trigger| trigger.due <= now && gate.admits(pair)).map(|t| t.turn)
        };
        let queued = self.pairs.iter().filter_map(|pair| Some((due(pair)?, pair.id)));
        let (_, id) = queued.min()?;
        self.get_mut(id)?.triggered = None;
        Some(id)
    }

    /// Triggers anew what is under way to the NATs of the peer, since it may not have got there.
    pub(crate) fn knock_again(&mut self, now: Instant) {
        for index in 0..self.pairs.len() {
            let pair = &mut self.pairs[index];
            if pair.knocks_at_a_nat()
                && let Progress::Checking(attempt) = &mut pair.progress
            {
                attempt.rechecks = 0;
                let id = pair.id;
                self.trigger(now, id);
            }
        }
    }

    /// The pair for an ordinary check (RFC 8445 §6.1.4.2, steps 2 and 3): the best that waits. Where
    /// none waits, of each foundation that has nothing under way the best pair thaws; a gate that
    /// thaws lets the best of all, under way or not.
    pub(crate) fn next_ordinary(&mut self, gate: Gate) -> Option<PairId> {
        let ready = |pair: &&Pair| pair.progress == Progress::Waiting && gate.admits(pair);
        if let Some(pair) = self.pairs.iter().find(ready) {
            return Some(pair.id);
        }
        for index in 0..self.pairs.len() {
            if self.pairs[index].progress == Progress::Frozen && !self.is_busy(&self.pairs[index]) {
                self.pairs[index].progress = Progress::Waiting;
            }
        }
        if gate.thaws && !self.pairs.iter().any(|pair| ready(&pair)) {
            let frozen = |pair: &&mut Pair| pair.progress == Progress::Frozen && gate.admits(pair);
            if let Some(pair) = self.pairs.iter_mut().find(frozen) {
                pair.progress = Progress::Waiting;
            }
        }
        self.pairs.iter().find(ready).map(|pair| pair.id)
    }

    /// Whether [`next_ordinary`](Self::next_ordinary) would find a pair.
    pub(crate) fn has_ordinary(&self, gate: Gate) -> bool {
        self.ordinary(gate).next().is_some()
    }

    /// The pairs that [`next_ordinary`](Self::next_ordinary) may find.
    pub(crate) fn ordinary(&self, gate: Gate) -> impl Iterator<Item = &Pair> {
        self.pairs.iter().filter(move |pair| {
            gate.admits(pair)
                && match pair.progress {
                    Progress::Waiting => true,
                    Progress::Frozen => gate.thaws || !self.is_busy(pair),
                    Progress::Checking(_)
                    | Progress::Succeeded(_)
                    | Progress::Superseded
                    | Progress::Failed(_) => false,
                }
        })
    }

    /// Whether a pair of the same foundation waits or is under way.
    fn is_busy(&self, pair: &Pair) -> bool {
        self.pairs.iter().any(|other| {
            other.foundations == pair.foundations
                && matches!(other.progress, Progress::Waiting | Progress::Checking(_))
        })
    }

    /// When the first unanswered check is to be repeated in a spare slot, `spacing` after the newest
    /// one of its pair.
    pub(crate) fn recheck_at(&self, spacing: Spacing, gate: Gate) -> Option<Instant> {
        self.rechecks(spacing, gate).map(|recheck| recheck.due).min()
    }

    /// Takes the pair whose check is to be repeated now: first those that a message of the peer came
    /// through, then round after round, so that many dead pairs do not hold up the one that works;
    /// within a round the best first.
    pub(crate) fn pop_recheck(
        &mut self,
        now: Instant,
        spacing: Spacing,
        gate: Gate,
    ) -> Option<PairId> {
        let due = self.rechecks(spacing, gate).filter(|recheck| recheck.due <= now);
        let id = due.min_by_key(|recheck| recheck.turn)?.id;
        if let Progress::Checking(attempt) = &mut self.get_mut(id)?.progress {
            attempt.rechecks += 1;
        }
        Some(id)
    }

    /// Pairs whose checks spare slots may repeat: as long as none works directly, or where the peer
    /// waits for one.
    fn rechecks(&self, spacing: Spacing, gate: Gate) -> impl Iterator<Item = Recheck> {
        let works = self.works_directly();
        self.pairs.iter().filter_map(move |pair| {
            // A connection loses nothing.
            let attempt = pair.attempt().filter(|_| !pair.is_stream())?;
            let wait = match attempt.rechecks {
                _ if pair.is_wanted() => spacing.next / 2,
                0 => spacing.first,
                1..RECHECKS_MAX => spacing.next,
                _ => spacing.next * HEARD_SLOWER,
            };
            let wanted = !works || pair.is_wanted();
            let max = RECHECKS_MAX + if pair.authenticated { spacing.heard } else { 0 };
            (wanted && attempt.rechecks < max && gate.admits(pair)).then_some(Recheck {
                id: pair.id,
                turn: (!pair.authenticated, attempt.rechecks),
                due: attempt.last_sent.saturating_add(wait),
            })
        })
    }
}
