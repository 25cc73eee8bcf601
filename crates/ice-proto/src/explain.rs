//! Why an agent is connected as it is, or is not: in words.
use crate::{
    CandidateKind, CandidateTransport, IceAgent, IceState, PairState, PairStats,
    gathering::hosts::HostState,
};
use core::fmt;
use sans_io::Transport;

/// Says, line by line, what became of each local address, server and pair, and in the last line
/// what that means. To be had from [`IceAgent::explain`].
#[derive(Clone, Copy, Debug)]
pub struct Explanation<'a> {
    agent: &'a IceAgent,
}

impl<'a> Explanation<'a> {
    pub(crate) const fn new(agent: &'a IceAgent) -> Self {
        Self { agent }
    }

    /// The last line alone: what everything comes to.
    pub fn verdict(&self) -> Finding {
        let agent = self.agent;
        let mut local = Tally::default();
        agent.local_candidates().for_each(|candidate| local.count(candidate.kind));
        let mut remote = Tally::default();
        agent.remote_candidates().for_each(|candidate| remote.count(candidate.kind));
        if let Some(pair) = agent.selected_pair() {
            return if pair.is_direct() { Finding::Direct } else { Finding::Relayed };
        }
        if agent.state() == IceState::Closed {
            return Finding::Closed;
        }
        if let Some(reason) = agent.session().lost() {
            return Finding::Lost(reason);
        }
        if local.total() == 0 {
            return Finding::NoLocalCandidates;
        }
        if !agent.session().knows_peer() {
            return Finding::NoRemoteDescription;
        }
        let mut pairs = agent.pairs().peekable();
        if remote.total() == 0 {
            return Finding::NoRemoteCandidates;
        }
        if pairs.peek().is_none() {
            return Finding::NoPairs;
        }
        let (mut heard, mut answered, mut refused) = (false, false, false);
        for pair in pairs {
            heard |= pair.counters.requests_received > 0;
            answered |= pair.counters.responses_received > 0;
            refused |= pair.counters.errors_received > 0;
        }
        match (heard, answered) {
            (_, true) => Finding::Interrupted,
            (true, false) => Finding::OneWay,
            (false, false) if refused => Finding::Refused,
            (false, false) if local.relayed == 0 && remote.relayed == 0 => Finding::SilentNoRelay,
            (false, false) => Finding::Silent,
        }
    }
}

/// How many candidates there are of a kind.
#[derive(Clone, Copy, Debug, Default)]
struct Tally {
    direct: usize,
    relayed: usize,
}

impl Tally {
    fn count(&mut self, kind: CandidateKind) {
        match kind {
            CandidateKind::Relayed => self.relayed += 1,
            _ => self.direct += 1,
        }
    }

    const fn total(self) -> usize {
        self.direct + self.relayed
    }
}

/// What the state of an agent comes to.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Hash)]
pub enum Finding {
    /// Connected without a relay.
    Direct,
    /// Connected through a relay.
    Relayed,
    /// The agent was closed.
    Closed,
    /// It was connected, and is no more.
    Lost(crate::RestartReason),
    /// No socket could be opened, or the policy leaves nothing.
    NoLocalCandidates,
    /// The credentials of the peer have not been told.
    NoRemoteDescription,
    /// The peer has told no candidate, and none of its checks has arrived.
    NoRemoteCandidates,
    /// No candidate of ours fits one of the peer's: other address families.
    NoPairs,
    /// Checks were answered, and then it stopped.
    Interrupted,
    /// The peer's checks arrive, but none of ours is answered.
    OneWay,
    /// Something answers, but not with the peer's password.
    Refused,
    /// Nothing arrives, and neither side has a relay.
    SilentNoRelay,
    /// Nothing arrives, not even through a relay.
    Silent,
}

impl fmt::Display for Finding {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        if let Self::Lost(reason) = self {
            return write!(f, "the connection was lost: {reason}");
        }
        f.write_str(match self {
            Self::Direct => "connected directly",
            Self::Relayed => {
                "connected through a relay: no direct path worked, or none was allowed"
            }
            Self::Closed | Self::Lost(_) => "the agent was closed",
            Self::NoLocalCandidates => {
                "there is no local candidate: no socket could be opened, no relay was given, or \
                 the policy allows relays only and none is configured"
            }
            Self::NoRemoteDescription => "the description of the peer has not arrived",
            Self::NoRemoteCandidates => {
                "the peer told no candidate, and none of its checks arrived"
            }
            Self::NoPairs => {
                "no local candidate fits one of the peer: one side has IPv4 only, the other IPv6 \
                 only, or the policy allows relays only"
            }
            Self::Interrupted => "checks were answered at first, then the peer fell silent",
            Self::OneWay => {
                "the peer's checks arrive but ours are not answered: a firewall lets packets \
                 through one way only, or the peer has other credentials, or it has left since"
            }
            Self::Refused => {
                "something answers, but not with the peer's password: the descriptions do not \
                 belong together, or another host has the address"
            }
            Self::SilentNoRelay => {
                "no packet of the peer arrived on any path: both sides are behind NATs or \
                 firewalls that cannot be crossed directly, or the peer is gone; a TURN server on \
                 one side would help against the former"
            }
            Self::Silent => {
                "no packet of the peer arrived on any path, relays included: the peer is gone, or \
                 a firewall blocks UDP"
            }
        })
    }
}

impl fmt::Display for Explanation<'_> {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        let agent = self.agent;
        writeln!(f, "ICE is {} as the {} agent", agent.state(), agent.role())?;
        if let Some(pair) = agent.selected_pair().filter(|_| agent.is_restarting()) {
            writeln!(f, "it is being restarted; data goes over {} meanwhile", pair.path)?;
        }
        for host in agent.gathering().hosts() {
            match (host.state, host.fault) {
                (HostState::Open(address), _) => writeln!(f, "local address {address}")?,
                (HostState::Opening, _) => writeln!(f, "local address {}: opening", host.ip())?,
                (HostState::Gone, None) => writeln!(f, "local address {}: closed", host.ip())?,
                (HostState::Gone, Some(fault)) => {
                    writeln!(f, "local address {}: {fault:?}", host.ip())?;
                }
            }
        }
        for local in agent.local_candidates() {
            if local.transport != CandidateTransport::Udp {
                writeln!(f, "local address {}, {}", local.address, local.transport)?;
            }
        }
        for failure in agent.gathering().failures() {
            if let Some(server) = failure.server {
                writeln!(f, "server {server} from {}: {}", failure.local, failure.fault)?;
            }
        }
        for pair in agent.pairs() {
            writeln!(f, "{}", PairLine(&pair))?;
        }
        write!(f, "{}", self.verdict())
    }
}

/// One pair in one line.
struct PairLine<'a>(&'a PairStats);

impl fmt::Display for PairLine<'_> {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        let pair = self.0;
        let (local, remote) = (&pair.local, &pair.remote);
        let over = match pair.path.transport() {
            Transport::Udp => "",
            Transport::Tcp | Transport::Tls => ", over TCP",
        };
        write!(f, "{} {} > {} {}{over}: ", local.kind, local.address, remote.kind, remote.address)?;
        match pair.state {
            _ if pair.nominated => f.write_str("selected")?,
            PairState::Waiting if pair.awaits_permission => {
                f.write_str("waits for the relay to let the peer through")?;
            }
            state => write!(f, "{state}")?,
        }
        let counters = &pair.counters;
        write!(
            f,
            "; {} requests sent, {} answered, {} refused, {} received",
            counters.requests_sent,
            counters.responses_received,
            counters.errors_received,
            counters.requests_received
        )?;
        match counters.rtt {
            Some(rtt) => write!(f, ", round trip {rtt:?}"),
            None => Ok(()),
        }
    }
}
