//! How far a session has come (RFC 8445 §6.1.3, RFC 8863 §4).
use crate::{IceState, RestartReason, check_list::CheckList, ids::PairId};
use sans_io::Instant;

/// One of these holds at a time.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(crate) enum Phase {
    /// The credentials of the peer are not known.
    New,
    /// Pairs are checked. Before `patience` is over the session does not fail.
    Checking { patience: Instant },
    /// Both agents have settled on a pair; `at` is when they first did on any.
    Concluded { pair: PairId, at: Instant },
    /// Nothing but a restart helps.
    Lost(RestartReason),
    /// The application ended it.
    Closed,
}

impl Phase {
    /// The pair that both agents have settled on.
    pub(crate) const fn selected(self) -> Option<PairId> {
        match self {
            Self::Concluded { pair, .. } => Some(pair),
            Self::New | Self::Checking { .. } | Self::Lost(_) | Self::Closed => None,
        }
    }

    /// Whether nothing is sent any more but refusals.
    pub(crate) const fn is_over(self) -> bool {
        matches!(self, Self::Lost(_) | Self::Closed)
    }

    /// Whether checks may not be given up yet.
    pub(crate) fn is_patient(self, now: Instant) -> bool {
        matches!(self, Self::Checking { patience } if now < patience)
    }

    /// What follows for the application. `complete`: no more candidates of ours are to come.
    pub(crate) fn state(self, now: Instant, list: &CheckList, complete: bool) -> IceState {
        match self {
            Self::Closed => IceState::Closed,
            Self::Lost(_) => IceState::Failed,
            Self::Concluded { pair, .. } if !list.works(pair) => IceState::Checking,
            Self::Concluded { .. } => IceState::Completed,
            Self::New => IceState::New,
            Self::Checking { .. } if list.best_valid().is_some() => IceState::Connected,
            Self::Checking { patience } if patience <= now && complete && list.is_exhausted() => {
                IceState::Failed
            }
            Self::Checking { .. } => IceState::Checking,
        }
    }

    /// When the session fails by itself, if nothing happens before.
    pub(crate) fn fails_at(self, list: &CheckList, complete: bool) -> Option<Instant> {
        match self {
            Self::Checking { patience } if complete && list.is_exhausted() => Some(patience),
            _ => None,
        }
    }
}
