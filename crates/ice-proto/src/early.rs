//! Checks that came before the peer's credentials (RFC 8445 §7.3): answered at once, heeded later.
use alloc::{collections::VecDeque, sync::Arc};
use sans_io::Path;

/// What a request of the peer says, once it has been accepted.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(crate) struct Check {
    pub path: Path,
    /// Its PRIORITY: that of the sender's address, were it peer-reflexive.
    pub priority: u32,
    /// It has USE-CANDIDATE.
    pub nominates: bool,
}

/// A request that waits, with the username fragment that its sender claims.
#[derive(Clone, Debug, PartialEq, Eq)]
pub(crate) struct EarlyCheck {
    pub check: Check,
    pub ufrag: Arc<[u8]>,
}

/// The requests that wait, one for each path and sender, at most `max`.
#[derive(Debug)]
pub(crate) struct EarlyChecks {
    waiting: VecDeque<EarlyCheck>,
    max: usize,
}

impl EarlyChecks {
    pub(crate) const fn new(max: usize) -> Self {
        Self { waiting: VecDeque::new(), max }
    }

    /// Remembers a request. `false`: there was no room; the peer will repeat it.
    pub(crate) fn add(&mut self, check: Check, ufrag: &[u8]) -> bool {
        let same =
            |known: &&mut EarlyCheck| known.check.path == check.path && *known.ufrag == *ufrag;
        if let Some(known) = self.waiting.iter_mut().find(same) {
            known.check.priority = check.priority;
            known.check.nominates |= check.nominates;
            return true;
        }
        if self.waiting.len() >= self.max {
            return false;
        }
        self.waiting.push_back(EarlyCheck { check, ufrag: ufrag.into() });
        true
    }

    /// Whether a request came this way.
    pub(crate) fn heard(&self, path: &Path) -> bool {
        self.waiting.iter().any(|early| early.check.path == *path)
    }

    /// Takes all of them, in the order in which they came.
    pub(crate) fn take(&mut self) -> VecDeque<EarlyCheck> {
        core::mem::take(&mut self.waiting)
    }
}

#[cfg(test)]
mod tests {
    use super::{Check, EarlyChecks};
    use sans_io::Path;

    fn check(port: u16, nominates: bool) -> Check {
        let local = "192.0.2.1:1".parse().unwrap();
        let remote = core::net::SocketAddr::from(([192, 0, 2, 2], port));
        Check { path: Path::udp(local, remote), priority: 1, nominates }
    }

    #[test]
    fn repeats_are_one_check_and_a_nomination_sticks() {
        let mut early = EarlyChecks::new(2);
        assert!(early.add(check(1, true), b"abcd"));
        assert!(early.add(check(1, false), b"abcd"));
        let taken = early.take();
        assert_eq!(taken.len(), 1);
        assert!(taken[0].check.nominates);
        assert!(early.take().is_empty());
    }

    #[test]
    fn there_is_a_bound_and_what_is_beyond_it_is_not_heard() {
        let mut early = EarlyChecks::new(2);
        assert!(early.add(check(1, false), b"abcd"));
        assert!(early.add(check(1, false), b"efgh"));
        assert!(!early.add(check(2, false), b"abcd"));
        assert!(early.heard(&check(1, false).path) && !early.heard(&check(2, false).path));
    }
}
