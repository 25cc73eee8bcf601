//! The generation before the newest.
use crate::{IceSession, consent::LONGEST};
use core::time::Duration;
use sans_io::Instant;

/// How long the peer is answered at least on what was in use before.
const LINGER: Duration = Duration::from_secs(3);
/// How long it is at most: the time in which a nomination comes through or fails.
const LINGER_MAX: Duration = Duration::from_secs(45);

/// Its session, and what it is still for.
#[derive(Debug)]
pub(super) struct Former {
    pub(super) session: IceSession,
    pub(super) stage: Stage,
}

/// What is done with it.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(super) enum Stage {
    /// Data goes over its pair, as long as that works.
    InUse,
    /// As long as no pair of the newest generation works; the peer sends over one of those already.
    LastResort,
    /// The newest generation took over at this time. The peer may not know yet.
    Retired { at: Instant },
}

impl Former {
    pub(super) const fn is_retired(&self) -> bool {
        matches!(self.stage, Stage::Retired { .. })
    }

    pub(super) fn next_slot(&self) -> Option<Instant> {
        self.session.next_slot().filter(|_| !self.is_retired())
    }

    pub(super) fn take_slot(&mut self, now: Instant, ta: Duration) -> bool {
        !self.is_retired() && self.session.take_slot(now, ta)
    }

    pub(super) fn deadline(&self) -> Option<Instant> {
        match self.stage {
            Stage::InUse | Stage::LastResort => self.session.deadline(),
            Stage::Retired { at } => Some(self.ends_at(at)),
        }
    }

    /// When nobody asks for it any more.
    pub(super) fn ends_at(&self, retired: Instant) -> Instant {
        let asked = self.session.last_request().map(|last| last.saturating_add(LONGEST));
        let quiet = asked.unwrap_or(retired).max(retired.saturating_add(LINGER));
        quiet.min(retired.saturating_add(LINGER_MAX))
    }
}
