//! How far apart the requests on one pair are, by the profile and by the round trip that is known.
use crate::Profile;
use core::time::Duration;

/// How long a check is waited for while no round trip is known.
const BLIND: Duration = Duration::from_millis(30);
/// How long it is at most where all that is known is how far a server is.
const BLIND_MAX: Duration = Duration::from_millis(60);
/// The checks of a few pairs go out within this, and their answers come within it.
const SPREAD: Duration = Duration::from_millis(5);
/// How long the next ones are: the first one is lost, or the peer far.
const BLIND_NEXT: Duration = Duration::from_millis(15);
/// What is waited beyond a known round trip, at least.
const MARGIN: Duration = Duration::from_millis(2);

/// How many more repetitions a pair gets that the peer was heard on, where the round trip is known:
/// where it is not, the queue that these make may be all that is wrong.
const RECHECKS_HEARD: u32 = 8;

/// A round trip and a little more.
pub(crate) fn beyond(rtt: Duration) -> Duration {
    rtt.saturating_add((rtt / 16).max(MARGIN))
}

/// The profile with the largest round trip to the peer, and the smallest to a server.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(crate) struct Pace {
    profile: Profile,
    rtt: Option<Duration>,
    server_rtt: Option<Duration>,
}

impl Pace {
    pub(crate) const fn new(profile: Profile) -> Self {
        Self { profile, rtt: None, server_rtt: None }
    }

    /// Whether spare slots are used for what RFC 8445 does not ask for: pairs that it would leave
    /// frozen, and more requests on pairs that have not been answered.
    pub(crate) fn is_eager(self) -> bool {
        self.profile != Profile::Strict
    }

    /// A round trip was measured.
    pub(crate) fn measure(&mut self, rtt: Duration) {
        self.rtt = Some(self.rtt.map_or(rtt, |known| known.max(rtt)));
    }

    /// The round trip to the nearest server: the peer is hardly nearer.
    pub(crate) const fn expect(&mut self, server_rtt: Duration) {
        self.server_rtt = Some(server_rtt);
    }

    /// A little over the round trip, if one is known.
    pub(crate) fn measured(self) -> Option<Duration> {
        self.rtt.map(beyond)
    }

    /// How far apart more requests on one pair are.
    pub(crate) fn spacing(self) -> Spacing {
        if let Some(measured) = self.measured() {
            return Spacing { first: measured, next: measured, heard: RECHECKS_HEARD };
        }
        // All that is known is how far a server is, and the checks before this one.
        let expected = |rtt: Duration| beyond(rtt).saturating_add(SPREAD).clamp(BLIND, BLIND_MAX);
        Spacing { first: self.server_rtt.map_or(BLIND, expected), next: BLIND_NEXT, heard: 0 }
    }
}

/// How far apart the requests on one pair are.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(crate) struct Spacing {
    /// The second one comes so long after the first.
    pub first: Duration,
    /// And each other one so long after the one before it.
    pub next: Duration,
    /// How many more there are where the peer was heard, so that only loss can be why it does not
    /// answer.
    pub heard: u32,
}
