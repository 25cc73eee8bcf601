//! What an agent tells the application.
use crate::{Candidate, CandidateKind, IceCredentials, Role};
use core::{fmt, net::SocketAddr};
use sans_io::{Path, SocketFault};

/// How far an agent has come. It may go from `Failed` back to `Checking` when a candidate or a
/// check of the peer arrives.
#[derive(Clone, Copy, Debug, PartialEq, Eq, PartialOrd, Ord, Hash)]
pub enum IceState {
    /// The credentials of the peer are not known yet.
    New,
    /// Checks are under way, and none succeeded yet; or the connection of the pair that both agents have
    /// settled on was lost, and is being opened again.
    Checking,
    /// Data flows both ways over a pair that works; the choice is not final.
    Connected,
    /// Both agents have settled on one pair.
    Completed,
    /// Nothing works, or what worked does no more.
    Failed,
    /// [`close`](crate::IceAgent::close) was called.
    Closed,
}

impl fmt::Display for IceState {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str(match self {
            Self::New => "new",
            Self::Checking => "checking",
            Self::Connected => "connected",
            Self::Completed => "completed",
            Self::Failed => "failed",
            Self::Closed => "closed",
        })
    }
}

/// Something that the application may want to know or must act on.
#[derive(Clone, Debug, PartialEq, Eq)]
pub enum IceEvent {
    /// A local candidate, to be told to the peer.
    Candidate(Candidate),
    /// A local candidate that was told is no more: its socket or relay is gone, or its NAT shows
    /// another address by now, which is told as a candidate of its own.
    CandidateLost(Candidate),
    /// A candidate of either side was left out, since as many are known as the configuration allows
    /// and the others are better, or have been heard from.
    CandidateDropped(Candidate),
    /// All local candidates have been told; the peer may get an end-of-candidates (RFC 8838 §13).
    /// Told again if something was lost since and has been asked for anew.
    GatheringComplete,
    /// An address or a server gave no candidate. Others may.
    GatheringFailed(GatheringFailure),
    /// The state changed.
    StateChanged(IceState),
    /// Data goes over this pair from now on.
    PathChanged(SelectedPair),
    /// Both agents have settled on this pair.
    Selected(SelectedPair),
    /// A role conflict was repaired (RFC 8445 §7.3.1.1).
    RoleChanged(Role),
    /// Only an ICE restart can help. Comes before the change to [`IceState::Failed`] that it
    /// explains, if there is one: a path that works goes on working.
    RestartNeeded(RestartReason),
    /// ICE was restarted, by this side or by the peer: the peer is to be told these credentials,
    /// and then every candidate that follows, which are all of this generation.
    Restarted(IceCredentials),
}

/// The pair that data goes over.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub struct SelectedPair {
    /// Our base and the peer's address, as seen past a relay of ours.
    pub path: Path,
    /// What the peer sees of us.
    pub local: CandidateKind,
    /// What we see of the peer.
    pub remote: CandidateKind,
    /// Whether both agents have settled on it.
    pub nominated: bool,
}

impl SelectedPair {
    /// Whether no relay is in the path.
    pub fn is_direct(&self) -> bool {
        self.local != CandidateKind::Relayed && self.remote != CandidateKind::Relayed
    }
}

/// Where gathering failed.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub struct GatheringFailure {
    /// The local address.
    pub local: SocketAddr,
    /// The server, if one was asked.
    pub server: Option<SocketAddr>,
    /// Why.
    pub fault: GatheringFault,
}

/// Why gathering failed.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Hash)]
pub enum GatheringFault {
    /// The socket could not be opened, or was lost.
    Socket(SocketFault),
    /// The server did not answer.
    TimedOut,
    /// ICMP errors say that the server cannot be reached, or that nobody listens there.
    Unreachable,
    /// The server refused, with this STUN error code.
    Refused(u16),
    /// The server's answer made no sense.
    Broken,
    /// A limit of the configuration is reached.
    Limit,
}

impl fmt::Display for GatheringFault {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        match self {
            Self::Socket(fault) => write!(f, "its socket failed: {fault:?}"),
            Self::TimedOut => f.write_str("it did not answer"),
            Self::Unreachable => f.write_str("it cannot be reached, or does not listen there"),
            Self::Refused(code) => write!(f, "it refused with error {code}"),
            Self::Broken => f.write_str("its answer made no sense"),
            Self::Limit => f.write_str("a limit of the configuration is reached"),
        }
    }
}

/// Why only an ICE restart can help.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Hash)]
pub enum RestartReason {
    /// Every pair was tried, and none works.
    NoPairWorks,
    /// The nominated pair went silent before the peer confirmed it (RFC 8445 §7.2.5.3.4).
    NominationFailed,
    /// The peer did not consent for 30 s (RFC 7675 §5.1).
    ConsentExpired,
    /// The peer withdrew its consent (RFC 7675 §5.2).
    ConsentRevoked,
    /// The selected pair's socket or relay is gone.
    PathLost,
    /// A better pair works, but the choice is final until a restart (RFC 8445 §8.1.1).
    BetterPair,
    /// The peer sees this agent at another address than before on the selected pair: a NAT was
    /// restarted or renumbered, and what the peer sends is lost.
    AddressChanged,
    /// Nothing came of the peer while consent was asked for three times. Said only by an agent that
    /// [restarts by itself](crate::Restarts::WhenNeeded), so that it need not wait until consent has
    /// expired: the old path goes on if it does.
    Silent,
}

impl fmt::Display for RestartReason {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str(match self {
            Self::NoPairWorks => "every pair was tried and none works",
            Self::NominationFailed => "the nominated pair went silent",
            Self::ConsentExpired => "the peer has not answered for 30 seconds",
            Self::ConsentRevoked => "the peer withdrew its consent",
            Self::PathLost => "the socket or relay of the selected pair is gone",
            Self::BetterPair => "a better pair works",
            Self::Silent => "nothing has come of the peer for a while",
            Self::AddressChanged => "a NAT shows another address than the peer was told",
        })
    }
}
