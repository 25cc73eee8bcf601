//! Why there is no connection: what was tried on each pair, and what that means.
use super::PathEnd;
use crate::{description::WriteDescriptionError, driver::Stopped};
use ice_proto::{Finding, GatheringFailure, GatheringFault, PairFailure, PairState, PairStats};
use std::{fmt, time::Duration};
use thiserror::Error;

/// Why no description could be made.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Error)]
#[non_exhaustive]
pub enum DescribeError {
    /// No address could be opened, or the policy wants a relay and none was given.
    /// [`Agent::problems`](super::Agent::problems) says why.
    #[error("no way to reach this computer was found")]
    NoCandidate,
    /// The agent could not be made.
    #[error(transparent)]
    Start(#[from] StartError),
    /// The description could not be written, or the offer not be answered.
    #[error(transparent)]
    Write(#[from] WriteDescriptionError),
    /// The agent has ended.
    #[error("the agent has ended")]
    Ended,
}

/// Why an agent did not start.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Error)]
pub enum StartError {
    /// The operating system gave no random bytes.
    #[error("the operating system gave no random bytes")]
    Random,
    /// The configuration makes no sense to the ICE agent.
    #[error(transparent)]
    Config(#[from] ice_proto::ConfigError),
    /// The addresses make no sense to the ICE agent.
    #[error(transparent)]
    Gather(#[from] ice_proto::GatherError),
}

impl From<Stopped> for DescribeError {
    fn from(Stopped: Stopped) -> Self {
        Self::Ended
    }
}

/// Why an address or a server gave no candidate, in words (RFC 8656 §19 for the codes).
pub(super) fn problem(failure: &GatheringFailure) -> String {
    let GatheringFailure { local, server, fault } = failure;
    let Some(server) = server else { return format!("the address {}: {fault}", local.ip()) };
    let why = match fault {
        GatheringFault::Refused(code @ (401 | 441)) => {
            format!("it refused the user name or the password (error {code})")
        }
        GatheringFault::Refused(486) => {
            "the user has as many relays as allowed (error 486)".to_owned()
        }
        GatheringFault::Refused(508) => "it has no relay to spare (error 508)".to_owned(),
        other => other.to_string(),
    };
    format!("the server {server}, asked from {}: {why}", local.ip())
}

/// What became of one pair of addresses.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub struct PairReport {
    /// Ours.
    pub local: PathEnd,
    /// The peer's.
    pub remote: PathEnd,
    /// What was seen.
    pub outcome: Outcome,
}

impl fmt::Display for PairReport {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        write!(f, "{} to {}: {}", self.local, self.remote, self.outcome)
    }
}

/// What was seen of a pair.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Outcome {
    /// Its turn had not come.
    Untried,
    /// So many checks went out, and none was answered.
    NoAnswer {
        /// How many.
        checks: u64,
        /// Whether checks of the peer arrived on it.
        heard: bool,
    },
    /// The peer refused with this STUN error code.
    Refused(u16),
    /// The answer came from another address than the check went to.
    Asymmetric,
    /// The relay did not permit the peer.
    Relay,
    /// Our socket or relay of it is gone.
    BaseLost,
    /// There was no connection for it, or nobody at its other end who speaks ICE.
    NotConnected,
    /// It worked and then went silent.
    Silent,
    /// It worked, and then the peer said that it wants no more.
    Revoked,
    /// It works.
    Works,
}

impl From<PairStats> for PairReport {
    fn from(pair: PairStats) -> Self {
        let end = |candidate: ice_proto::Candidate| PathEnd {
            kind: candidate.kind,
            address: candidate.address,
        };
        Self { local: end(pair.local), remote: end(pair.remote), outcome: Outcome::of(&pair) }
    }
}

impl Outcome {
    fn of(pair: &PairStats) -> Self {
        let checks = pair.counters.requests_sent;
        let heard = pair.counters.requests_received > 0;
        match pair.state {
            PairState::Succeeded | PairState::Superseded => Self::Works,
            PairState::Failed(PairFailure::Asymmetric) => Self::Asymmetric,
            PairState::Failed(PairFailure::Refused(code)) => Self::Refused(code),
            PairState::Failed(PairFailure::Relay) => Self::Relay,
            PairState::Failed(PairFailure::BaseLost) => Self::BaseLost,
            PairState::Failed(PairFailure::NotConnected | PairFailure::Foreign) => {
                Self::NotConnected
            }
            PairState::Failed(PairFailure::ConsentExpired) => Self::Silent,
            PairState::Failed(PairFailure::ConsentRevoked) => Self::Revoked,
            PairState::Frozen
            | PairState::Waiting
            | PairState::InProgress
            | PairState::Failed(PairFailure::TimedOut) => {
                if checks > 0 {
                    Self::NoAnswer { checks, heard }
                } else {
                    Self::Untried
                }
            }
        }
    }
}

impl fmt::Display for Outcome {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        match self {
            Self::Untried => f.write_str("not tried yet"),
            Self::NoAnswer { checks: 1, heard: false } => f.write_str("no answer to 1 check"),
            Self::NoAnswer { checks, heard: false } => write!(f, "no answer to {checks} checks"),
            Self::NoAnswer { checks, heard: true } => {
                write!(f, "the peer's checks arrive, but it does not answer our {checks}")
            }
            Self::Refused(code) => write!(f, "the peer refused with error {code}"),
            Self::Asymmetric => f.write_str("the answer came from another address"),
            Self::Relay => f.write_str("the relay does not let it through"),
            Self::BaseLost => f.write_str("its socket or relay is gone"),
            Self::NotConnected => f.write_str("no connection to the peer could be made"),
            Self::Silent => f.write_str("it worked, then the peer went silent"),
            Self::Revoked => f.write_str("it worked, then the peer withdrew its consent"),
            Self::Works => f.write_str("it works"),
        }
    }
}

/// Why there is no connection. `Display` is one line: what was tried on each pair, and what that
/// means.
#[derive(Clone, Debug, PartialEq, Eq, Error)]
pub struct ConnectError {
    after: Duration,
    pairs: Vec<PairReport>,
    finding: Finding,
}

/// Pairs that the one line names; the others are counted.
const NAMED_MAX: usize = 8;

impl ConnectError {
    pub(super) fn new(after: Duration, pairs: Vec<PairReport>, finding: Finding) -> Self {
        Self { after, pairs, finding }
    }

    pub(super) fn plain(finding: Finding) -> Self {
        Self::new(Duration::ZERO, Vec::new(), finding)
    }

    /// What became of each pair, best pair first.
    pub fn pairs(&self) -> &[PairReport] {
        &self.pairs
    }

    /// What that means.
    pub fn finding(&self) -> Finding {
        self.finding
    }
}

impl fmt::Display for ConnectError {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str("could not connect")?;
        if !self.pairs.is_empty() {
            write!(f, " in {:.0} s; tried ", self.after.as_secs_f64().max(1.0))?;
        }
        for (index, pair) in self.pairs.iter().take(NAMED_MAX).enumerate() {
            write!(f, "{}{pair}", if index == 0 { "" } else { "; " })?;
        }
        if let Some(more @ 1..) = self.pairs.len().checked_sub(NAMED_MAX) {
            write!(f, "; and {more} more")?;
        }
        let link = if self.pairs.is_empty() { ": " } else { ". That means: " };
        write!(f, "{link}{}", self.finding)
    }
}
