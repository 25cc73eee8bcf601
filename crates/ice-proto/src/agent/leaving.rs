//! What becomes of sockets and relays that were not chosen (RFC 8445 §8.3.1), and of the others when
//! the agent is closed.
use super::IceAgent;
use crate::consent::{IN_USE, LONGEST};
use alloc::vec::Vec;
use core::time::Duration;
use sans_io::{Instant, Path};

/// How long what was not chosen is kept after ICE has concluded.
const LINGER: Duration = Duration::from_secs(3);
/// How long it is if the peer nominated several pairs, as agents of RFC 5245 do: then it need not
/// have chosen the same one, which shows after some of its consent checks.
const LINGER_RIVALS: Duration = Duration::from_secs(20);
/// How long a closed agent tells the peer so: the longest wait between two of its consent checks.
const FAREWELL: Duration = LONGEST;

/// What is given up next.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq)]
pub(super) enum Leaving {
    /// What is not chosen, once ICE has concluded.
    #[default]
    Unchosen,
    /// Nothing: only what is chosen is left.
    Nothing,
    /// Everything, once the peer has had time to hear that the agent is closed.
    Everything { at: Instant },
    /// Everything was.
    Left,
}

impl Leaving {
    /// Whether the agent is closed.
    pub(super) const fn is_closing(self) -> bool {
        matches!(self, Self::Everything { .. } | Self::Left)
    }
}

impl IceAgent {
    /// Gives up what is due. Whether there was any.
    pub(super) fn leave(&mut self, now: Instant) -> bool {
        if self.leave_at().is_none_or(|at| at > now) {
            return false;
        }
        match self.leaving {
            Leaving::Unchosen => {
                self.leaving = Leaving::Nothing;
                let used: Vec<Path> = self.sessions.newest.paths_in_use(now, IN_USE).collect();
                self.gathering.release(now, &used);
            }
            Leaving::Everything { .. } => {
                self.leaving = Leaving::Left;
                self.sessions.drop_former();
                self.gathering.release(now, &[]);
            }
            Leaving::Nothing | Leaving::Left => {}
        }
        true
    }

    pub(super) fn leave_at(&self) -> Option<Instant> {
        match self.leaving {
            // As long as a former generation is there its sockets are of use.
            Leaving::Unchosen if self.sessions.former().is_some() => None,
            Leaving::Unchosen => {
                let linger = if self.sessions.newest.has_rivals() { LINGER_RIVALS } else { LINGER };
                Some(self.sessions.newest.concluded_at()?.saturating_add(linger))
            }
            Leaving::Everything { at } => Some(at),
            Leaving::Nothing | Leaving::Left => None,
        }
    }

    /// Ends everything: no more data is sent or taken. Relays and sockets are given up, those last
    /// that the peer still asks on, so that it hears of it (RFC 7675 §5.2): at most six seconds
    /// later. The agent is to be driven until its deadline is `None`; what cannot wait may drop it.
    pub fn close(&mut self, now: Instant) {
        let now = self.advance(now);
        if !self.leaving.is_closing() {
            let asked = self.sessions.iter().flat_map(|session| session.paths_asked(now, IN_USE));
            let used: Vec<Path> = asked.collect();
            self.sessions.close(now);
            let wait = if used.is_empty() { Duration::ZERO } else { FAREWELL };
            self.leaving = Leaving::Everything { at: now.saturating_add(wait) };
            self.gathering.release(now, &used);
        }
        self.settle(now);
    }
}
