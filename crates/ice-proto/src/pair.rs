//! Candidate pairs and their states (RFC 8445 §6.1.2.6).
use crate::{
    CandidateKind, Foundation,
    ids::{LocalId, PairId, RemoteId},
};
use core::{fmt, time::Duration};
use sans_io::{Instant, Path};

/// How far the checks of a pair have come (RFC 8445 §6.1.2.6).
#[derive(Clone, Copy, Debug, PartialEq, Eq, Hash)]
pub enum PairState {
    /// Waits until a pair of the same foundation has shown whether it works.
    Frozen,
    /// To be checked at the next chance.
    Waiting,
    /// A check is under way.
    InProgress,
    /// A check succeeded: data can go over it.
    Succeeded,
    /// It worked, and then both agents settled on another one (RFC 8445 §8.1.2).
    Superseded,
    /// All its checks failed. A request from the peer revives it, unless the failure is final.
    Failed(PairFailure),
}

impl fmt::Display for PairState {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        match self {
            Self::Frozen => f.write_str("frozen"),
            Self::Waiting => f.write_str("waiting"),
            Self::InProgress => f.write_str("not answered yet"),
            Self::Succeeded => f.write_str("works"),
            Self::Superseded => f.write_str("worked, another was chosen"),
            Self::Failed(failure) => write!(f, "failed, {failure}"),
        }
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
    /// Its relay did not permit the peer.
    Relay,
    /// No connection could be opened, or it ended (RFC 6544 §7.1).
    NotConnected,
    /// What answers over the connection is no ICE agent (RFC 6544 §7.1).
    Foreign,
    /// Its socket or relay is gone.
    BaseLost,
    /// It was in use, then the peer did not answer for 30 s (RFC 7675 §5.1). These credentials
    /// cannot use it again.
    ConsentExpired,
    /// The peer withdrew its consent with a 403 (RFC 7675 §5.2).
    ConsentRevoked,
}

impl PairFailure {
    /// Whether nothing revives the pair before a restart (RFC 7675 §5.1).
    pub(crate) const fn is_final(self) -> bool {
        matches!(self, Self::ConsentExpired | Self::ConsentRevoked | Self::BaseLost)
    }
}

impl fmt::Display for PairFailure {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str(match self {
            Self::TimedOut => "nobody answered",
            Self::Asymmetric => "the answer came from another address",
            Self::Refused(_) => "the peer refused",
            Self::Relay => "the relay does not let this address through",
            Self::NotConnected => "there is no connection",
            Self::Foreign => "what answers is no ICE agent",
            Self::BaseLost => "its socket or relay is gone",
            Self::ConsentExpired => "the peer fell silent for 30 seconds",
            Self::ConsentRevoked => "the peer withdrew its consent",
        })
    }
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

/// The kinds of both candidates of a pair.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(crate) struct Kinds {
    pub local: CandidateKind,
    pub remote: CandidateKind,
}

/// The foundations of both candidates of a pair, which are its own (RFC 8445 §6.1.2.6).
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(crate) struct Foundations {
    pub local: Foundation,
    pub remote: Foundation,
}

/// The checks of a pair since it was last waiting.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(crate) struct Attempt {
    pub first_sent: Instant,
    pub last_sent: Instant,
    /// Checks that spare slots of the pacer were used for.
    pub rechecks: u32,
}

/// What holds of a pair since a check of it succeeded.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(crate) struct Valid {
    /// The local candidate that the peer sees (RFC 8445 §7.2.5.3.2).
    pub local: LocalId,
    /// The priority of the valid pair, which decides among several nominated ones.
    pub rank: u64,
    pub since: Instant,
}

/// How far a pair has come, with what is known only then.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(crate) enum Progress {
    Frozen,
    Waiting,
    Checking(Attempt),
    Succeeded(Valid),
    Superseded,
    Failed(PairFailure),
}

impl From<Progress> for PairState {
    fn from(progress: Progress) -> Self {
        match progress {
            Progress::Frozen => Self::Frozen,
            Progress::Waiting => Self::Waiting,
            Progress::Checking(_) => Self::InProgress,
            Progress::Succeeded(_) => Self::Succeeded,
            Progress::Superseded => Self::Superseded,
            Progress::Failed(failure) => Self::Failed(failure),
        }
    }
}

/// What the peer has said of a pair with USE-CANDIDATE.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(crate) enum PeerChoice {
    /// Nothing.
    None,
    /// It nominated the pair, which is not valid here yet.
    Pending,
    /// It nominated the pair at one time.
    Heard,
}

/// A place in the queue of triggered checks.
#[derive(Clone, Copy, Debug, PartialEq, Eq, PartialOrd, Ord)]
pub(crate) struct Trigger {
    /// Not before this.
    pub due: Instant,
    /// Its turn among those that are due.
    pub turn: u32,
}

/// What makes a pair.
#[derive(Clone, Copy, Debug)]
pub(crate) struct NewPair {
    pub path: Path,
    pub local: LocalId,
    pub remote: RemoteId,
    pub kinds: Kinds,
    pub foundations: Foundations,
    pub priority: u64,
    pub awaits_permission: bool,
}

/// A base of ours with a candidate of the peer's.
#[derive(Clone, Debug)]
pub(crate) struct Pair {
    pub id: PairId,
    /// From the base to the remote address, as seen past a relay.
    pub path: Path,
    /// The local candidate that is the base.
    pub local: LocalId,
    pub remote: RemoteId,
    pub kinds: Kinds,
    pub foundations: Foundations,
    pub priority: u64,
    pub progress: Progress,
    pub triggered: Option<Trigger>,
    /// The relay has not yet permitted the peer.
    pub awaits_permission: bool,
    /// An authenticated message came this way, so application bytes may as well.
    pub authenticated: bool,
    pub peer_choice: PeerChoice,
    /// When the newest request of the peer came.
    pub last_request: Option<Instant>,
    pub counters: PairCounters,
}

impl Pair {
    pub(crate) fn new(id: PairId, new: NewPair) -> Self {
        let NewPair { path, local, remote, kinds, foundations, priority, awaits_permission } = new;
        Self {
            id,
            path,
            local,
            remote,
            kinds,
            foundations,
            priority,
            progress: Progress::Frozen,
            triggered: None,
            awaits_permission,
            authenticated: false,
            peer_choice: PeerChoice::None,
            last_request: None,
            counters: PairCounters::default(),
        }
    }

    /// Whether bytes pass a relay, ours or the peer's.
    pub(crate) fn is_relayed(&self) -> bool {
        self.kinds.local == CandidateKind::Relayed || self.kinds.remote == CandidateKind::Relayed
    }

    /// Whether it is over a connection.
    pub(crate) const fn is_stream(&self) -> bool {
        self.path.transport().is_stream()
    }

    /// Whether its packets go from this host straight to an address that a NAT of the peer shows.
    pub(crate) fn knocks_at_a_nat(&self) -> bool {
        !self.is_stream()
            && self.kinds.local != CandidateKind::Relayed
            && self.kinds.remote == CandidateKind::ServerReflexive
    }

    /// Whether an authenticated message ever came this way.
    pub(crate) const fn was_heard(&self) -> bool {
        self.counters.requests_received > 0 || self.counters.responses_received > 0
    }

    /// Whether nothing may use this pair again.
    pub(crate) const fn is_dead(&self) -> bool {
        matches!(self.progress, Progress::Failed(failure) if failure.is_final())
    }

    /// Whether its socket or relay is gone.
    pub(crate) fn has_lost_base(&self) -> bool {
        self.progress == Progress::Failed(PairFailure::BaseLost)
    }

    /// Whether it may yet come to work, by checks of ours alone.
    pub(crate) const fn is_open(&self) -> bool {
        matches!(self.progress, Progress::Frozen | Progress::Waiting | Progress::Checking(_))
    }

    /// What is known of it if it works.
    pub(crate) const fn valid(&self) -> Option<&Valid> {
        match &self.progress {
            Progress::Succeeded(valid) => Some(valid),
            _ => None,
        }
    }

    /// The checks under way.
    pub(crate) const fn attempt(&self) -> Option<&Attempt> {
        match &self.progress {
            Progress::Checking(attempt) => Some(attempt),
            _ => None,
        }
    }

    /// The priority by which nominated pairs are compared.
    pub(crate) fn rank(&self) -> u64 {
        self.valid().map_or(self.priority, |valid| valid.rank)
    }

    /// Whether the peer has nominated it and it is not valid here yet.
    pub(crate) fn is_wanted(&self) -> bool {
        self.peer_choice == PeerChoice::Pending
    }
}
