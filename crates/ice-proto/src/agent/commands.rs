//! What the application can tell an agent, and ask of it.
use super::IceAgent;
use crate::{
    AddCandidateError, Candidate, Credentials, CredentialsError, GatherError, PairStats, Role,
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
        if self.session.is_closed() {
            return Err(GatherError::Closed);
        }
        self.gathering.start(addresses)?;
        self.session.set_gathering_done(false);
        self.settle(now);
        Ok(())
    }

    /// What the peer must know to send checks.
    pub const fn local_credentials(&self) -> &Credentials {
        &self.session.credentials
    }

    /// The Ta to propose to the peer, in the form of `a=ice-pacing` (RFC 8839 §5.5).
    pub const fn local_pacing(&self) -> Duration {
        self.offered_pacing
    }

    /// The candidates that the peer is to be told, so far.
    pub fn local_candidates(&self) -> impl Iterator<Item = &Candidate> {
        let signalled = self.session.locals.iter().filter(|(_, local)| local.signalled);
        signalled.map(|(_, local)| &local.candidate)
    }

    /// The candidates of the peer, told or learned, so far.
    pub fn remote_candidates(&self) -> impl Iterator<Item = &Candidate> {
        self.session.remotes.iter().map(|(_, candidate)| candidate)
    }

    /// Starts to check: the peer has told its credentials. Other ones later mean that it restarted
    /// ICE, for which a new agent is needed.
    #[expect(clippy::needless_pass_by_value, reason = "the agent keeps them")]
    pub fn set_remote_credentials(
        &mut self,
        now: Instant,
        credentials: Credentials,
    ) -> Result<(), CredentialsError> {
        let now = self.advance(now);
        if self.session.is_closed() {
            return Err(CredentialsError::Closed);
        }
        self.session.set_remote(now, &credentials)?;
        self.apply_pacing();
        self.settle(now);
        Ok(())
    }

    /// What Ta the peer proposes; `None`: it proposes none, which is what counts until told
    /// otherwise (RFC 8445 §14.2).
    pub fn set_remote_pacing(&mut self, now: Instant, pacing: Option<Duration>) {
        let now = self.advance(now);
        self.remote_pacing = pacing;
        self.apply_pacing();
        self.settle(now);
    }

    /// Whether the peer is ICE-lite; this agent then controls (RFC 8445 §6.1.1).
    pub fn set_remote_lite(&mut self, now: Instant, lite: bool) {
        let now = self.advance(now);
        self.session.remote_lite = lite;
        if lite {
            self.session.switch_role(Role::Controlling);
        }
        self.settle(now);
    }

    /// Takes in a candidate of the peer, at any time (RFC 8838 §11).
    pub fn add_remote_candidate(
        &mut self,
        now: Instant,
        candidate: Candidate,
    ) -> Result<(), AddCandidateError> {
        let now = self.advance(now);
        if self.session.is_closed() {
            return Err(AddCandidateError::Closed);
        }
        self.session.add_remote(candidate)?;
        self.settle(now);
        Ok(())
    }

    /// The peer has told all its candidates (RFC 8838 §14). ICE need not be told, but a relay is
    /// settled on earlier when it is.
    pub fn end_of_remote_candidates(&mut self, now: Instant) {
        let now = self.advance(now);
        self.session.end_of_remote();
        self.settle(now);
    }

    /// Takes another role than the configuration said.
    pub fn set_role(&mut self, now: Instant, role: Role) {
        let now = self.advance(now);
        self.session.switch_role(role);
        self.settle(now);
    }

    /// The role, which may have changed to repair a conflict.
    pub const fn role(&self) -> Role {
        self.session.role.role
    }

    /// The pair that data goes over: the one that both agents have settled on, before that the best
    /// that works.
    pub fn selected_pair(&self) -> Option<SelectedPair> {
        self.session.selected_pair()
    }

    /// Data to the peer, as the packet that is to be sent now. `data` is borrowed and not queued.
    pub fn send<'d>(&mut self, now: Instant, data: &'d [u8]) -> Result<Packet<'d>, SendError> {
        let now = self.advance(now);
        let path = self.session.active_pair().ok_or(SendError::NotConnected)?.path;
        let Some(sent) = self.gathering.relays.send(now, &path, data) else {
            return Ok(Packet::new(path, data));
        };
        sent.map_err(|error| match error {
            turn_proto::SendError::TooLong(length) => SendError::TooLong(length),
            turn_proto::SendError::NotAllocated | turn_proto::SendError::NoPermission(_) => {
                SendError::NotConnected
            }
        })
    }

    /// Ends everything: nothing is sent or answered any more, relays and sockets are given up. The
    /// agent is to be driven until its deadline is `None`, so that TURN servers hear of it.
    pub fn close(&mut self, now: Instant) {
        let now = self.advance(now);
        self.session.close();
        self.gathering.free(now, &[]);
        self.settle(now);
    }

    /// Every pair there is, best first, with what happened on it.
    pub fn pairs(&self) -> impl Iterator<Item = PairStats> {
        self.session.pair_stats()
    }

    /// What was tried on each pair, and what that means, for people.
    pub fn explain(&self) -> Explanation<'_> {
        Explanation::new(self)
    }
}
