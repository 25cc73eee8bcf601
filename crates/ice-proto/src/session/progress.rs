//! How far the session has come, and over which pair data goes (RFC 8445 §6.1.3 and §12.1,
//! RFC 8863 §4).
use super::Session;
use crate::{IceEvent, IceState, RestartReason, SelectedPair, pair::Pair};
use sans_io::{Instant, Path};

impl Session {
    /// What everything so far comes to: nominates, and tells the application what changed.
    pub(crate) fn update(&mut self, now: Instant) {
        if !self.closed {
            self.nominate(now);
        }
        let active = self.active_pair().map(|pair| (pair.path, pair.nominated));
        if active != self.active {
            let moved = active.map(|(path, _)| path) != self.active.map(|(path, _)| path);
            self.active = active;
            if let Some(pair) = self.selected_pair() {
                if moved {
                    self.event(IceEvent::PathChanged(pair));
                }
                if pair.nominated {
                    self.event(IceEvent::Selected(pair));
                }
            }
        }
        let state = self.judge(now);
        if state != self.state {
            self.state = state;
            self.event(IceEvent::StateChanged(state));
            if state == IceState::Failed {
                let reason = self.lost.unwrap_or(RestartReason::NoPairWorks);
                self.event(IceEvent::RestartNeeded(reason));
            }
        }
    }

    /// The state that follows from everything else (RFC 8445 §6.1.3, RFC 8863 §4).
    fn judge(&self, now: Instant) -> IceState {
        if self.closed {
            IceState::Closed
        } else if self.lost.is_some() {
            IceState::Failed
        } else if self.selected.is_some() {
            IceState::Completed
        } else if self.list.best_valid().is_some() {
            IceState::Connected
        } else if self.remote.is_none() {
            IceState::New
        } else if self.patience_until.is_some_and(|until| until <= now)
            && self.gathering_done
            && self.list.is_exhausted()
        {
            IceState::Failed
        } else {
            IceState::Checking
        }
    }

    /// Whether data goes over this path.
    pub(crate) fn is_active(&self, path: &Path) -> bool {
        self.active.is_some_and(|(active, _)| active == *path)
    }

    /// The state as of the last input.
    pub(crate) const fn state(&self) -> IceState {
        self.state
    }

    /// Tells, once, that a better pair works than the one that was settled on.
    pub(crate) fn tell_upgrade(&mut self) {
        if !self.upgrade_told {
            self.upgrade_told = true;
            self.event(IceEvent::RestartNeeded(RestartReason::BetterPair));
        }
    }

    /// The pair that data goes over: the selected one, before that the best that works
    /// (RFC 8445 §12.1).
    pub(crate) fn active_pair(&self) -> Option<&Pair> {
        if self.closed || self.lost.is_some() {
            return None;
        }
        match self.selected {
            Some(id) => self.list.get(id),
            None => self.list.best_valid(),
        }
    }

    /// The same for the application.
    pub(crate) fn selected_pair(&self) -> Option<SelectedPair> {
        let pair = self.active_pair()?;
        let local = pair.valid.and_then(|valid| self.locals.get(valid.local))?;
        Some(SelectedPair {
            path: pair.path,
            local: local.candidate.kind,
            remote: pair.kinds.1,
            nominated: pair.nominated,
        })
    }
}
