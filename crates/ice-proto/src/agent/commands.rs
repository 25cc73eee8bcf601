//! What the application can tell an agent, and ask of it.
use super::IceAgent;
use crate::{
    AddCandidateError, Candidate, GatherError, IceCredentials, IceState, PairStats, Restarts, Role,
    SelectedPair, explain::Explanation,
};
use core::{net::IpAddr, time::Duration};
use sans_io::{Instant, Packet};
use thiserror::Error;

/// Why data was not sent.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Error)]
pub enum SendError {
    /// No pair works yet, or none does any more.
    #[error("there is no path to the peer")]
    NotConnected,
    /// The relay cannot take so much at once.
    #[error("{0} bytes do not fit into one datagram")]
    TooLong(usize),
}

impl IceAgent {
    /// Starts to gather candidates at these addresses of the host, best first: asks for a UDP
    /// socket at each, and for what the servers can give through it. Addresses that have a socket
    /// are passed over, so that one which appears later can be added, and so are deprecated kinds of
    /// IPv6 addresses (RFC 8445 §5.1.1.1).
    pub fn gather(&mut self, now: Instant, addresses: &[IpAddr]) -> Result<(), GatherError> {
        let now = self.advance(now);
        let gathered = self.start_gathering(now, addresses);
        self.settle(now);
        gathered
    }

    pub(super) fn start_gathering(
        &mut self,
        now: Instant,
        addresses: &[IpAddr],
    ) -> Result<(), GatherError> {
        if self.state() == IceState::Closed {
            return Err(GatherError::Closed);
        }
        self.gathering.gather(now, addresses)?;
        self.sessions.newest.set_local_complete(now, false);
        Ok(())
    }

    /// What the peer must know to send checks.
    pub const fn local_credentials(&self) -> &IceCredentials {
        self.sessions.newest.local_credentials()
    }

    /// The Ta to propose to the peer, in the form of `a=ice-pacing` (RFC 8839 §5.5).
    pub const fn local_pacing(&self) -> Duration {
        self.pacing.offered
    }

    /// The candidates that the peer is to be told, so far.
    pub fn local_candidates(&self) -> impl Iterator<Item = &Candidate> {
        self.sessions.newest.local_candidates()
    }

    /// The candidates of the peer, told or learned, so far.
    pub fn remote_candidates(&self) -> impl Iterator<Item = &Candidate> {
        self.sessions.newest.remote_candidates()
    }

    /// What Ta the peer proposes; `None`: it proposes none, which is what counts until told
    /// otherwise (RFC 8445 §14.2).
    pub fn set_remote_pacing(&mut self, now: Instant, pacing: Option<Duration>) {
        let now = self.advance(now);
        self.pacing.remote = pacing;
        // Until the peer has said something gathering goes at the pace of this agent.
        if self.sessions.newest.knows_peer() {
            self.pacer.set_interval(self.pacing.agree());
        }
        self.settle(now);
    }

    /// Whether the peer is ICE-lite; this agent then controls (RFC 8445 §6.1.1).
    pub fn set_remote_lite(&mut self, now: Instant, lite: bool) {
        let now = self.advance(now);
        self.sessions.newest.set_remote_lite(now, lite);
        self.settle(now);
    }

    /// Takes in a candidate of the peer, at any time (RFC 8838 §11). Where there is no room what is
    /// best stays, and what the peer was heard from; what has to go is told.
    pub fn add_remote_candidate(
        &mut self,
        now: Instant,
        candidate: Candidate,
    ) -> Result<(), AddCandidateError> {
        let now = self.advance(now);
        let added = self.sessions.newest.add_remote(now, candidate);
        self.settle(now);
        added
    }

    /// As [`add_remote_candidate`](Self::add_remote_candidate), for a candidate that names the
    /// generation which it is of by the username fragment of the peer, as those that are trickled do
    /// (RFC 8838 §9). One of another generation than the newest is refused.
    pub fn add_remote_candidate_of(
        &mut self,
        now: Instant,
        ufrag: &str,
        candidate: Candidate,
    ) -> Result<(), AddCandidateError> {
        let now = self.advance(now);
        let added = self.sessions.add_remote_of(now, ufrag, candidate);
        self.settle(now);
        added
    }

    /// As [`end_of_remote_candidates`](Self::end_of_remote_candidates), for those of one generation
    /// (RFC 8838 §13). Of another one than the newest it means nothing.
    pub fn end_of_remote_candidates_of(&mut self, now: Instant, ufrag: &str) {
        let now = self.advance(now);
        self.sessions.end_of_remote_of(now, ufrag);
        self.settle(now);
    }

    /// The peer has told all its candidates (RFC 8838 §14). ICE need not be told, but a relay is
    /// settled on earlier when it is.
    pub fn end_of_remote_candidates(&mut self, now: Instant) {
        let now = self.advance(now);
        self.sessions.newest.end_of_remote(now);
        self.settle(now);
    }

    /// The peer is being sent the description of this agent, as far as there is one: see
    /// [`IceSession::description_sent`](crate::IceSession::description_sent).
    pub fn description_sent(&mut self, now: Instant) {
        let now = self.advance(now);
        self.sessions.newest.description_sent(now);
        self.settle(now);
    }

    /// Takes another role than the configuration said.
    pub fn set_role(&mut self, now: Instant, role: Role) {
        let now = self.advance(now);
        self.sessions.newest.set_role(now, role);
        self.settle(now);
    }

    /// Changes who begins a restart when only one can help; one that is needed by now is not begun.
    pub fn set_restarts(&mut self, restarts: Restarts) {
        self.sessions.newest.set_restarts(restarts);
    }

    /// The role, which may have changed to repair a conflict.
    pub const fn role(&self) -> Role {
        self.sessions.newest.role()
    }

    /// The pair that data goes over: the one that both agents have settled on, before that the best
    /// that works.
    pub fn selected_pair(&self) -> Option<SelectedPair> {
        self.sessions.in_use().selected_pair()
    }

    /// Data to the peer, as the packet that is to be sent now. `data` is borrowed and not queued.
    pub fn send<'d>(&mut self, now: Instant, data: &'d [u8]) -> Result<Packet<'d>, SendError> {
        let due = self.clock.has_come(self.deadline, now);
        let now = self.advance(now);
        if due {
            self.settle(now);
        }
        let path = self.sessions.data_path().ok_or(SendError::NotConnected)?;
        let Some(sent) = self.gathering.send(now, &path, data) else {
            return Ok(Packet::new(path, data));
        };
        sent.map_err(|error| match error {
            turn_proto::SendError::TooLong(length) => SendError::TooLong(length),
            turn_proto::SendError::NotAllocated
            | turn_proto::SendError::NoPermission(_)
            | turn_proto::SendError::NotConnected(_)
            | turn_proto::SendError::DontFragmentUnsupported => SendError::NotConnected,
        })
    }

    /// Every pair of the newest generation, best first, with what happened on it.
    pub fn pairs(&self) -> impl Iterator<Item = PairStats> {
        self.sessions.newest.pairs()
    }

    /// What was tried on each pair, and what that means, for people.
    pub fn explain(&self) -> Explanation<'_> {
        Explanation::new(self)
    }
}
