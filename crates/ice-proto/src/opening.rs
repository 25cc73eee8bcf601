//! The first packets towards the NATs of the peer, from the side that answers.
//!
//! Some home routers take a packet that comes before they expect it for one of their own: what they
//! translate later on that path gets another port, and the direct path is lost for the session. So
//! the answering side leaves those addresses alone until its answer is on its way, and then sends
//! its first checks with a time to live that takes them out of its own NATs, which open, but not to
//! those of the peer; until a check of the peer arrives, or a while has passed. Who has a relay can
//! wait for long, since the peer is heard through it as soon as the answer is there; who has none
//! goes on after two seconds, or peers that do not send first would not be met. RFC 8445 would have
//! it send at once: `spec/rfc8445.md` lists this as a deviation.
use core::time::Duration;
use sans_io::Instant;

/// How long an answer that nobody says was sent is waited for.
const HELD_MAX: Duration = Duration::from_millis(500);
/// How long the low time to live lasts: an answer on its way, and the first check of the peer.
const QUIET: Duration = Duration::from_secs(2);
/// How long it does where the peer can be heard through a relay: an answer that goes by hand.
const QUIET_WITH_RELAY: Duration = Duration::from_secs(30);
/// How long the peer gets to send first where no time to live ends between the NATs: about what an
/// answer takes, since a check that is too late does as much harm at the other end.
const HEAD_START: Duration = Duration::from_millis(30);

/// What may be sent to the NATs of the peer.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(crate) enum Opening {
    /// Anything.
    Free,
    /// Nothing, since the answer is not on its way, or until then.
    Held { until: Instant },
    /// Nothing until then, since the answer is only just on its way.
    Waiting { until: Instant },
    /// Checks that do not get as far as there.
    Low { ttl: u8, until: Instant },
}

impl Opening {
    /// The answering side begins to check, before it has handed its answer out.
    pub(crate) fn held(now: Instant) -> Self {
        Self::Held { until: now.saturating_add(HELD_MAX) }
    }

    /// The answer is on its way. `ttl`: what takes a packet out of our NATs and not into the peer's,
    /// if there is such a number.
    pub(crate) fn handed_out(now: Instant, ttl: Option<u8>, has_relay: bool) -> Self {
        let quiet = if has_relay { QUIET_WITH_RELAY } else { QUIET };
        match ttl {
            Some(ttl) => Self::Low { ttl, until: now.saturating_add(quiet) },
            None => Self::Waiting { until: now.saturating_add(HEAD_START) },
        }
    }

    /// Whether nothing is sent to the NATs of the peer.
    pub(crate) const fn spares_nats(self) -> bool {
        matches!(self, Self::Held { .. } | Self::Waiting { .. })
    }

    /// The time to live of what is.
    pub(crate) const fn ttl(self) -> Option<u8> {
        match self {
            Self::Low { ttl, .. } => Some(ttl),
            Self::Free | Self::Held { .. } | Self::Waiting { .. } => None,
        }
    }

    /// When it ends by itself.
    pub(crate) const fn until(self) -> Option<Instant> {
        match self {
            Self::Free => None,
            Self::Held { until } | Self::Waiting { until } | Self::Low { until, .. } => Some(until),
        }
    }
}
