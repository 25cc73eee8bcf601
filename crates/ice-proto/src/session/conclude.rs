//! Settling on a pair (RFC 8445 §8.1), and telling the application what everything comes to
//! (RFC 8445 §6.1.3 and §12.1, RFC 8863 §4).
use super::{Active, Generation, IceSession};
use crate::{
    IceEvent, IceState, RestartReason, Restarts, Role, SelectedPair,
    checks::Purpose,
    ids::PairId,
    nomination::{Circumstances, Decision, Nomination, decide},
    pair::{Pair, PairFailure, PeerChoice},
    phase::Phase,
};
use sans_io::Instant;

impl IceSession {
    /// Starts a nomination as soon as the rules allow one.
    pub(super) fn nominate(&mut self, now: Instant) {
        if self.is_lite() {
            return self.choose_among_lite(now);
        }
        let free = matches!(self.phase, Phase::Checking { .. }) && !self.is_nominating();
        if !free || self.role.role != Role::Controlling {
            if !self.is_nominating() {
                self.nomination = Nomination::Idle;
            }
            return;
        }
        let about = Circumstances {
            policy: self.settings.policy,
            relay_wait: self.settings.relay_wait,
            all_candidates: self.candidates.local_complete && self.candidates.remote_complete,
            pace: self.pace,
        };
        self.nomination = match decide(&self.list, now, &about) {
            Decision::Nominate(pair) => Nomination::of(pair),
            Decision::Wait(Some(until)) => Nomination::Waiting { until },
            Decision::Wait(None) => Nomination::Idle,
        };
    }

    /// The role changed. A choice that the peer made before may never have been confirmed to it,
    /// and now only this agent can confirm it.
    pub(super) fn renominate(&mut self) {
        let chosen = self.phase.selected().filter(|_| self.role.role == Role::Controlling);
        self.nomination = chosen.map_or(Nomination::Idle, Nomination::of);
    }

    /// The peer nominates a pair (RFC 8445 §7.3.1.5): taken at once if the pair is valid, else as
    /// soon as it is.
    pub(super) fn nominated_by_peer(&mut self, now: Instant, id: PairId) {
        let Some(pair) = self.list.get_mut(id) else { return };
        if pair.valid().is_some() {
            self.conclude(now, id);
        } else {
            pair.peer_choice = PeerChoice::Pending;
        }
    }

    /// A check succeeded: does that settle the choice?
    pub(super) fn confirm_nomination(&mut self, now: Instant, id: PairId, purpose: Purpose) {
        let settled = match self.role.role {
            Role::Controlling => purpose == Purpose::Nomination && self.nomination.is_of(id),
            Role::Controlled => {
                let wanted = self.list.get(id).is_some_and(Pair::is_wanted);
                wanted && self.beats_selected(id)
            }
        };
        if settled {
            self.conclude(now, id);
        }
    }

    /// Settles on a pair (RFC 8445 §8.1.2): all other checks end. Late answers are still of use
    /// where a direct pair may turn out to be better than the relay that was chosen.
    pub(super) fn conclude(&mut self, now: Instant, id: PairId) {
        self.nomination = Nomination::Idle;
        self.checks.cancel(|open| open.pair == id);
        if let Some(pair) = self.list.get_mut(id).filter(|pair| pair.is_wanted()) {
            pair.peer_choice = PeerChoice::Heard;
        }
        let at = match self.phase {
            Phase::Concluded { pair, .. } if pair == id => return,
            Phase::Concluded { at, .. } => at,
            _ => now,
        };
        self.phase = Phase::Concluded { pair: id, at };
        self.end_opening(now);
        // An agent of RFC 5245 may have nominated a better pair already, and uses that one.
        let controlled = self.role.role == Role::Controlled;
        let rank = self.list.get(id).map_or(0, Pair::rank);
        let pursued = move |pair: &Pair| {
            controlled && pair.is_wanted() && pair.is_open() && pair.rank() > rank
        };
        let relays = self.list.get(id).is_some_and(Pair::is_relayed);
        self.list.conclude(id, pursued);
        let list = &self.list;
        let is_pursued = |id: PairId| list.get(id).is_some_and(pursued);
        self.checks.retain(|open| relays || open.pair == id || is_pursued(open.pair));
        self.checks.cancel(|open| !is_pursued(open.pair));
        self.checks.shrink();
        self.consent.retain(|pair| pair == id);
    }

    /// Whether a pair would replace the selected one, were it nominated: of several nominated pairs
    /// the one with the highest priority counts, as agents of RFC 5245 nominate several
    /// (RFC 8445 §8.1.1).
    pub(super) fn beats_selected(&self, id: PairId) -> bool {
        let Some(selected) = self.phase.selected().and_then(|selected| self.list.get(selected))
        else {
            return true;
        };
        selected.id != id && self.list.get(id).is_some_and(|pair| pair.rank() > selected.rank())
    }

    /// The peer refused a nomination, or no answer to it counts any more: the pair is no longer
    /// valid and the check list has failed (RFC 8445 §7.2.5.3.4).
    pub(super) fn nomination_failed(&mut self, id: PairId, failure: PairFailure) {
        if self.nomination.is_of(id) {
            self.list.fail(id, failure);
            self.end(RestartReason::NominationFailed);
        }
    }

    /// Tells the application what changed.
    pub(super) fn tell(&mut self, now: Instant) {
        let state = self.phase.state(now, &self.list, self.candidates.local_complete);
        if self.generation == Generation::Covered && self.phase.selected().is_none() {
            if state == IceState::Failed && !self.told.failed {
                self.need_restart();
            }
            return;
        }
        let active = self.active_pair().map(|pair| Active {
            pair: pair.id,
            nominated: self.phase.selected() == Some(pair.id),
        });
        if active != self.told.active {
            let moved = active.map(|a| a.pair) != self.told.active.map(|a| a.pair);
            self.told.active = active;
            if let Some(pair) = self.selected_pair() {
                if moved {
                    self.event(IceEvent::PathChanged(pair));
                }
                if pair.nominated {
                    self.event(IceEvent::Selected(pair));
                }
            }
        }
        if state != self.told.state {
            // The reason comes first: who sees the state knows why.
            if state == IceState::Failed && !self.told.failed {
                self.need_restart();
            }
            if self.wish.is_none() {
                self.told.state = state;
                self.event(IceEvent::StateChanged(state));
            }
        }
        self.told.failed &= state == IceState::Failed;
    }

    /// Tells why it failed. Who restarts by itself is not told that the state is another.
    fn need_restart(&mut self) {
        self.told.failed = true;
        let reason = match self.phase {
            Phase::Lost(reason) => reason,
            _ => RestartReason::NoPairWorks,
        };
        self.event(IceEvent::RestartNeeded(reason));
        let first_attempt =
            self.generation == Generation::First && reason == RestartReason::NoPairWorks;
        if self.settings.restarts == Restarts::WhenNeeded && !first_attempt {
            self.wish = Some(reason);
        }
    }

    /// Tells, once, what of the path in use only a restart can better.
    pub(super) fn advise(&mut self, reason: RestartReason) {
        let known = self.told.advice;
        if known.is_some() && (known == Some(reason) || reason == RestartReason::BetterPair) {
            return;
        }
        self.told.advice = Some(reason);
        self.event(IceEvent::RestartNeeded(reason));
        if self.settings.restarts == Restarts::WhenNeeded {
            self.wish = Some(reason);
        }
    }

    /// Queues what the application is to hear, in the order in which it came about.
    pub(crate) fn event(&mut self, event: IceEvent) {
        self.out.event(event);
    }

    /// The pair that data goes over: the selected one, before that the best that works
    /// (RFC 8445 §12.1).
    pub(crate) fn active_pair(&self) -> Option<&Pair> {
        match self.phase {
            // Its connection may have to be opened again.
            Phase::Concluded { pair, .. } => {
                self.list.get(pair).filter(|pair| pair.valid().is_some())
            }
            Phase::New | Phase::Checking { .. } => self.list.best_valid(),
            Phase::Lost(_) | Phase::Closed => None,
        }
    }

    /// The pair that data goes over: the one that both agents have settled on, before that the best
    /// that works.
    pub fn selected_pair(&self) -> Option<SelectedPair> {
        let pair = self.active_pair()?;
        let local = self.locals.get(pair.valid()?.local)?;
        Some(SelectedPair {
            path: pair.path,
            local: local.candidate.kind,
            remote: pair.kinds.remote,
            nominated: self.phase.selected() == Some(pair.id),
        })
    }

    /// The state as of the last input.
    pub const fn state(&self) -> IceState {
        self.told.state
    }
}
