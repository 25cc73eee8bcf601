//! ICMP errors about servers (RFC 8489 §6.2.1). Anybody can forge one, so a single one is advice, and
//! only what they say again after a retransmission is believed.
use super::Gathering;
use crate::{GatheringFailure, GatheringFault};
use core::time::Duration;
use sans_io::{Instant, Path, PathFault};

/// Errors that are closer to each other may be about one packet: no request is sent again sooner
/// than after twice this.
const APART: Duration = Duration::from_millis(250);
/// How many errors end a question, if they say that nobody listens there (the
/// host requirements call such errors hard).
const HARD_MAX: u32 = 2;
/// How many do if the fault may go away by itself.
const SOFT_MAX: u32 = 3;

/// The errors about one path so far.
#[derive(Clone, Copy, Debug, Default)]
pub(super) struct IcmpErrors {
    count: u32,
    last: Option<Instant>,
}

impl IcmpErrors {
    /// Counts an error. `true`: it is time to give up.
    pub(super) fn count(&mut self, now: Instant, path: &Path, fault: PathFault) -> bool {
        let PathFault::Unreachable { kind, code } = fault else { return false };
        if self.last.is_some_and(|last| now.saturating_since(last) < APART) {
            return false;
        }
        self.last = Some(now);
        self.count += 1;
        let hard = match (path.remote().is_ipv4(), kind) {
            (true, 3) => matches!(code, 2 | 3),
            (false, 1) => matches!(code, 1 | 4),
            _ => false,
        };
        self.count >= if hard { HARD_MAX } else { SOFT_MAX }
    }
}

impl Gathering {
    /// An ICMP error about what was sent on `path` came.
    pub(super) fn on_path_failed(&mut self, now: Instant, path: &Path, fault: PathFault) {
        let over = [
            self.mappings.on_icmp_error(now, path, fault),
            self.relays.on_icmp_error(now, path, fault),
        ];
        for _ in over.into_iter().filter(|over| *over) {
            let (local, server) = (path.local(), Some(path.remote()));
            self.fail(GatheringFailure { local, server, fault: GatheringFault::Unreachable });
        }
    }
}
