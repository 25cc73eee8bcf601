//! Choosing the pair (RFC 8445 §8.1.1): the controlling agent nominates one, the controlled agent
//! takes what is nominated.
use crate::{
    Policy, Profile, RestartReason, Role,
    pair::{Pair, PairFailure, PairId, PairState},
    session::Session,
    transaction::{Purpose, RTO_MIN},
};
use alloc::vec::Vec;
use core::time::Duration;
use sans_io::Instant;

/// How many nominations follow each other by a round trip; after them, by an RTO.
const QUICK_MAX: u32 = 6;
/// How long a better pair that was checked may take at least, before another one is nominated.
const GRACE_MIN: Duration = Duration::from_millis(100);

/// The nomination that is under way. It is sent until it is answered or the pair loses consent.
#[derive(Clone, Copy, Debug)]
pub(crate) struct Nominating {
    pub pair: PairId,
    last: Option<Instant>,
    count: u32,
}

/// What the rules say of the pair that could be nominated.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
enum Decision {
    Nominate(PairId),
    /// At this instant the rules may say something else, if nothing happens before.
    Wait(Option<Instant>),
}

impl Session {
    /// Starts a nomination as soon as the rules allow one.
    pub(crate) fn nominate(&mut self, now: Instant) {
        self.decide_at = None;
        let controls = self.role.role == Role::Controlling;
        let settled = self.selected.is_some() || self.nominating.is_some() || self.lost.is_some();
        if !controls || settled {
            return;
        }
        match self.decide(now) {
            Decision::Nominate(pair) => {
                self.nominating = Some(Nominating { pair, last: None, count: 0 });
            }
            Decision::Wait(at) => self.decide_at = at,
        }
    }

    /// The role changed. A choice that the peer made before may never have been confirmed to it,
    /// and now only this agent can confirm it.
    pub(crate) fn renominate(&mut self) {
        let chosen = self.selected.filter(|_| self.role.role == Role::Controlling);
        self.nominating = chosen.map(|pair| Nominating { pair, last: None, count: 0 });
    }

    /// The rules: the best pair that works, unless a better one may still come to work soon; a
    /// relayed one only when no direct one can, or after a while.
    fn decide(&self, now: Instant) -> Decision {
        let Some(best) = self.list.best_valid() else { return Decision::Wait(None) };
        let Some(valid) = best.valid else { return Decision::Wait(None) };
        if best.is_relayed() && self.settings.policy == Policy::All {
            let at = valid.since.saturating_add(self.settings.relay_wait);
            if at <= now || (self.has_all_candidates() && self.direct_is_exhausted()) {
                return Decision::Nominate(best.id);
            }
            return Decision::Wait(Some(at));
        }
        let grace = best.counters.rtt.map_or(GRACE_MIN, |rtt| GRACE_MIN.max(rtt * 2));
        let mut until = now;
        for better in self.list.iter().filter(|pair| pair.priority > best.priority) {
            match better.state {
                // Its turn comes, and then its grace begins.
                PairState::Waiting if !better.blocked => {
                    return Decision::Wait(None);
                }
                PairState::InProgress => {
                    let sent = better.first_sent.unwrap_or(now);
                    until = until.max(sent.saturating_add(grace));
                }
                _ => {}
            }
        }
        if until > now { Decision::Wait(Some(until)) } else { Decision::Nominate(best.id) }
    }

    fn direct_is_exhausted(&self) -> bool {
        !self.list.iter().any(|pair| !pair.is_relayed() && pair.is_open())
    }

    /// When the nomination under way is to be sent, for the first time or again.
    pub(crate) fn nomination_at(&self) -> Option<Instant> {
        let nominating = self.nominating.as_ref()?;
        let Some(last) = nominating.last else { return Some(Instant::ZERO) };
        let wait = match self.settings.profile {
            // One transaction, which is retransmitted.
            Profile::Strict => return None,
            Profile::Responsive | Profile::Hasty if nominating.count < QUICK_MAX => {
                self.fresh_spacing().min(RTO_MIN)
            }
            Profile::Responsive | Profile::Hasty => RTO_MIN,
        };
        Some(last.saturating_add(wait))
    }

    /// Sends the nomination.
    pub(crate) fn repeat_nomination(&mut self, now: Instant) -> bool {
        let Some(nominating) = &mut self.nominating else { return false };
        nominating.last = Some(now);
        nominating.count += 1;
        let id = nominating.pair;
        self.send_check(now, id, Purpose::Nomination)
    }

    /// A check succeeded: does that settle the choice?
    pub(crate) fn settle_nomination(&mut self, now: Instant, id: PairId, purpose: Purpose) {
        let asked = self.nominating.as_ref().is_some_and(|nominating| nominating.pair == id);
        let nominated = purpose == Purpose::Nomination;
        if self.role.role == Role::Controlling && asked && nominated {
            self.conclude(now, id);
        }
        let told = self.list.get(id).is_some_and(|pair| pair.nominated_by_peer);
        if self.role.role == Role::Controlled && told && self.beats_selected(id) {
            self.conclude(now, id);
        }
    }

    /// The peer nominates a pair (RFC 8445 §7.3.1.5): taken at once if the pair is valid, else as
    /// soon as it is.
    pub(crate) fn nominated_by_peer(&mut self, now: Instant, id: PairId) {
        let Some(pair) = self.list.get_mut(id) else { return };
        pair.nominated_by_peer = true;
        if pair.valid.is_some() {
            self.conclude(now, id);
        }
    }

    /// Settles on a pair (RFC 8445 §8.1.2): all other checks end, though late answers are still
    /// taken.
    pub(crate) fn conclude(&mut self, now: Instant, id: PairId) {
        self.nominating = None;
        if self.selected == Some(id) {
            return;
        }
        for pair in self.list.iter_mut() {
            pair.nominated = pair.id == id;
            if pair.id != id {
                pair.valid = None;
            }
        }
        self.selected = Some(id);
        self.concluded_at.get_or_insert(now);
        self.decide_at = None;
        // An agent of RFC 5245 may have nominated a better pair already, and uses that one.
        let pursued: Vec<PairId> =
            self.list.iter().filter(|pair| self.is_pursued(pair)).map(|pair| pair.id).collect();
        self.list.retain_triggered(|id| pursued.contains(&id));
        self.checks.cancel(now, |open| !pursued.contains(&open.pair));
    }

    /// Whether the selected pair only stands in for this one until it is valid.
    fn is_pursued(&self, pair: &Pair) -> bool {
        self.role.role == Role::Controlled
            && pair.nominated_by_peer
            && pair.is_open()
            && self.beats_selected(pair.id)
    }

    /// Whether a pair would replace the selected one, were it nominated: of several nominated pairs
    /// the one with the highest priority counts, as agents of RFC 5245 nominate several
    /// (RFC 8445 §8.1.1).
    pub(crate) fn beats_selected(&self, id: PairId) -> bool {
        let Some(selected) = self.selected.and_then(|selected| self.list.get(selected)) else {
            return true;
        };
        let rank = |pair: &Pair| pair.valid.map_or(pair.priority, |valid| valid.priority);
        selected.id != id && self.list.get(id).is_some_and(|pair| rank(pair) > rank(selected))
    }

    /// No answer to a nomination counts any more.
    pub(crate) fn nomination_expired(&mut self, id: PairId) {
        let asked = self.nominating.as_ref().is_some_and(|nominating| nominating.pair == id);
        if asked && self.settings.profile == Profile::Strict {
            self.give_up_nomination(id, PairFailure::TimedOut);
        }
    }

    /// The peer refused a nomination.
    pub(crate) fn nomination_failed(&mut self, id: PairId, failure: PairFailure) {
        if self.nominating.as_ref().is_some_and(|nominating| nominating.pair == id) {
            self.give_up_nomination(id, failure);
        }
    }

    /// The pair is no longer valid and the check list has failed (RFC 8445 §7.2.5.3.4).
    fn give_up_nomination(&mut self, id: PairId, failure: PairFailure) {
        self.list.fail(id, failure);
        self.end(RestartReason::NominationFailed);
    }
}
