//! Candidate pairs and their states (RFC 8445 §6.1.2.6).
use crate::{CandidateKind, Foundation};
use core::{fmt, time::Duration};
use sans_io::{Instant, Path};

/// Names a pair for the life of its agent.
#[derive(Clone, Copy, Debug, PartialEq, Eq, PartialOrd, Ord, Hash)]
pub struct PairId(pub u32);

/// How far the checks of a pair have come (RFC 8445 §6.1.2.6).
#[derive(Clone, Copy, Debug, PartialEq, Eq, PartialOrd, Ord, Hash)]
pub enum PairState {
    /// Waits until a pair of the same foundation has shown whether it works.
    Frozen,
    /// To be checked at the next chance.
    Waiting,
    /// A check is under way.
    InProgress,
    /// A check succeeded.
    Succeeded,
    /// All its checks failed. A request from the peer revives it.
    Failed,
}

impl fmt::Display for PairState {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str(match self {
            Self::Frozen => "frozen",
            Self::Waiting => "waiting",
            Self::InProgress => "in progress",
            Self::Succeeded => "succeeded",
            Self::Failed => "failed",
        })
    }
}

/// Why a pair failed.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Hash)]
pub enum PairFailure {
    /// Nobody answered (RFC 8445 §7.2.5.2.3).
    TimedOut,
    /// The answer came from another address, or arrived at another (RFC 8445 §7.2.5.2.1).
    Asymmetric,
    /// The peer refused with this code (RFC 8445 §7.2.5.2.4).
    Refused(u16),
    /// Its relay did not permit the peer, or is gone.
    Relay,
    /// Its socket is gone.
    Socket,
    /// It worked, then the peer did not answer for 30 s (RFC 7675 §5.1). These credentials cannot
    /// use it again.
    ConsentExpired,
    /// The peer withdrew its consent with a 403 (RFC 7675 §5.2).
    ConsentRevoked,
}

impl PairFailure {
    /// Whether nothing revives the pair before a restart (RFC 7675 §5.1).
    pub(crate) const fn is_final(self) -> bool {
        matches!(self, Self::ConsentExpired | Self::ConsentRevoked | Self::Socket)
    }
}

/// What holds of a pair since a check of it succeeded.
#[derive(Clone, Copy, Debug)]
pub(crate) struct Valid {
    /// The local candidate that the peer sees (RFC 8445 §7.2.5.3.2).
    pub local: usize,
    /// The priority of the valid pair, which decides among several nominated ones.
    pub priority: u64,
    pub since: Instant,
    /// When the peer last consented.
    pub consent: Instant,
    /// When it is asked again.
    pub next_consent: Instant,
}

/// How often things happened on a pair, and how long they took.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq)]
pub struct PairCounters {
    /// Requests sent, retransmissions included.
    pub requests_sent: u64,
    /// Success responses received.
    pub responses_received: u64,
    /// Requests received and accepted.
    pub requests_received: u64,
    /// Error responses received.
    pub errors_received: u64,
    /// The newest round trip time.
    pub rtt: Option<Duration>,
    /// The sum of all round trip times.
    pub rtt_total: Duration,
}

/// A base of ours with a candidate of the peer's.
#[derive(Clone, Debug)]
pub(crate) struct Pair {
    pub id: PairId,
    /// The base and the remote address, as seen past a relay.
    pub path: Path,
    /// The local candidate that is the base.
    pub base: usize,
    pub remote: usize,
    pub kinds: (CandidateKind, CandidateKind),
    pub foundation: (Foundation, Foundation),
    pub priority: u64,
    pub state: PairState,
    pub failure: Option<PairFailure>,
    pub valid: Option<Valid>,
    /// The relay has not yet permitted the peer.
    pub blocked: bool,
    /// An authenticated message came this way, so application bytes may as well.
    pub heard: bool,
    /// Transactions that may still be answered.
    pub open: u32,
    /// Checks of the pacer's spare slots.
    pub fresh: u32,
    pub first_sent: Option<Instant>,
    pub last_sent: Option<Instant>,
    /// The peer nominated the pair before it was valid here.
    pub nominated_by_peer: bool,
    /// The peer nominated the pair at one time; when its last request came.
    pub wanted: Option<Instant>,
    /// Nominated, and known to be so by both.
    pub nominated: bool,
    pub counters: PairCounters,
}

impl Pair {
    /// Whether bytes pass a relay, ours or the peer's.
    pub(crate) fn is_relayed(&self) -> bool {
        self.kinds.0 == CandidateKind::Relayed || self.kinds.1 == CandidateKind::Relayed
    }

    /// Whether nothing may use this pair again.
    pub(crate) fn is_dead(&self) -> bool {
        self.failure.is_some_and(PairFailure::is_final)
    }

    /// Whether checks may be sent now or once a timer or a relay allows it.
    pub(crate) fn is_open(&self) -> bool {
        matches!(self.state, PairState::Frozen | PairState::Waiting | PairState::InProgress)
    }

    /// Takes note of a request that goes out.
    pub(crate) fn sent(&mut self, now: Instant) {
        self.first_sent.get_or_insert(now);
        self.last_sent = Some(now);
        self.counters.requests_sent += 1;
    }
}
