//! Checks that came before the peer's credentials (RFC 8445 §7.3): answered at once, processed later.
use alloc::{collections::VecDeque, sync::Arc};
use sans_io::Path;

/// What a request of the peer says, once it has been accepted.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(crate) struct PeerCheck {
    pub path: Path,
    /// Its PRIORITY: that of the sender's address, were it peer-reflexive.
    pub priority: u32,
    /// It has USE-CANDIDATE.
    pub nominates: bool,
}

/// A request that waits, with the username fragment that its sender claims.
#[derive(Clone, Debug, PartialEq, Eq)]
pub(crate) struct PendingCheck {
    pub check: PeerCheck,
    pub ufrag: Arc<[u8]>,
}

/// The requests that wait, one for each path and sender, at most `max`.
#[derive(Debug)]
pub(crate) struct PendingChecks {
    waiting: VecDeque<PendingCheck>,
    max: usize,
}

impl PendingChecks {
    pub(crate) const fn new(max: usize) -> Self {
        Self { waiting: VecDeque::new(), max }
    }

    /// None of them, with the same bound.
    pub(crate) const fn successor(&self) -> Self {
        Self::new(self.max)
    }

    /// Whether no request waits.
    pub(crate) fn is_empty(&self) -> bool {
        self.waiting.is_empty()
    }

    /// Remembers a request. `false`: there was no room; the peer will repeat it.
    pub(crate) fn add(&mut self, check: PeerCheck, ufrag: &[u8]) -> bool {
        let same =
            |known: &&mut PendingCheck| known.check.path == check.path && *known.ufrag == *ufrag;
        if let Some(known) = self.waiting.iter_mut().find(same) {
            known.check.priority = check.priority;
            known.check.nominates |= check.nominates;
            return true;
        }
        if self.waiting.len() >= self.max {
            return false;
        }
        self.waiting.push_back(PendingCheck { check, ufrag: ufrag.into() });
        true
    }

    /// Whether a request came this way.
    pub(crate) fn heard(&self, path: &Path) -> bool {
        self.waiting.iter().any(|pending| pending.check.path == *path)
    }

    /// Takes all of them, in the order in which they came.
    pub(crate) fn take(&mut self) -> VecDeque<PendingCheck> {
        core::mem::take(&mut self.waiting)
    }
}

#[cfg(test)]
mod tests {
    use super::{PeerCheck, PendingChecks};
    use sans_io::Path;

    fn check(port: u16, nominates: bool) -> PeerCheck {
        let local = "192.0.2.1:1".parse().unwrap();
        let remote = core::net::SocketAddr::from(([192, 0, 2, 2], port));
        PeerCheck { path: Path::udp(local, remote), priority: 1, nominates }
    }

    #[test]
    fn repeats_are_one_check_and_a_nomination_sticks() {
        let mut pending = PendingChecks::new(2);
        assert!(pending.add(check(1, true), b"abcd"));
        assert!(pending.add(check(1, false), b"abcd"));
        let taken = pending.take();
        assert_eq!(taken.len(), 1);
        assert!(taken[0].check.nominates);
        assert!(pending.take().is_empty());
    }

    #[test]
    fn there_is_a_bound_and_what_is_beyond_it_is_not_heard() {
        let mut pending = PendingChecks::new(2);
        assert!(pending.add(check(1, false), b"abcd"));
        assert!(pending.add(check(1, false), b"efgh"));
        assert!(!pending.add(check(2, false), b"abcd"));
        assert!(pending.heard(&check(1, false).path) && !pending.heard(&check(2, false).path));
    }
}
