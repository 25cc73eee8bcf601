//! What the application can tell a mux and its sessions, and ask of them.
use super::{AddSessionError, IceMux, Member, SessionId, Standing};
use crate::{
    AddCandidateError, Candidate, CandidatePolicy, ConfigError, CredentialsError, GatherError,
    IceConfig, IceCredentials, IceSession, Restarts, Role, SelectedPair, SendError,
    generations::PeerGeneration, session::Initiator,
};
use alloc::boxed::Box;
use core::{net::IpAddr, time::Duration};
use sans_io::{Instant, Packet};

impl IceMux {
    /// Opens a socket at each of these addresses of the host, best first, and asks the servers for
    /// what they can give through it. Addresses that have a socket are passed over.
    pub fn gather(&mut self, now: Instant, addresses: &[IpAddr]) -> Result<(), GatherError> {
        let now = self.advance(now);
        let gathered = self.start_gathering(now, addresses);
        self.settle(now);
        gathered
    }

    fn start_gathering(&mut self, now: Instant, addresses: &[IpAddr]) -> Result<(), GatherError> {
        if self.standing != Standing::Open {
            return Err(GatherError::Closed);
        }
        self.gathering.gather(now, addresses)?;
        self.resume(now);
        Ok(())
    }

    /// The host has these addresses by now, best first, and no others. Sessions lose what was made of
    /// others; those that are to [restart by themselves](Restarts::WhenNeeded) do so.
    pub fn on_network_change(
        &mut self,
        now: Instant,
        addresses: &[IpAddr],
    ) -> Result<(), GatherError> {
        let now = self.advance(now);
        let changed = self.change_network(now, addresses);
        self.settle(now);
        changed
    }

    fn change_network(&mut self, now: Instant, addresses: &[IpAddr]) -> Result<(), GatherError> {
        if self.standing != Standing::Open {
            return Err(GatherError::Closed);
        }
        self.gathering.limit_to(now, addresses)?;
        self.collect(now);
        self.start_gathering(now, addresses)
    }

    /// Takes in a session. Of its configuration counts what is not gathered: servers and keepalives
    /// are those of the mux, and a policy that wants relays is refused.
    pub fn add(&mut self, now: Instant, config: &IceConfig) -> Result<SessionId, AddSessionError> {
        let now = self.advance(now);
        let added = self.add_session(now, config);
        self.settle(now);
        added
    }

    fn add_session(
        &mut self,
        now: Instant,
        config: &IceConfig,
    ) -> Result<SessionId, AddSessionError> {
        config.validate()?;
        if config.policy == CandidatePolicy::Relay {
            return Err(ConfigError::MuxRelays.into());
        }
        if self.standing != Standing::Open {
            return Err(AddSessionError::Closed);
        }
        if self.members.len() >= self.sessions_max {
            return Err(AddSessionError::Full);
        }
        let (seed, routes) = (self.entropy.secret(), &self.routes);
        let session = IceSession::of_valid_unlike(config, seed, |ufrag| routes.is_taken(ufrag));
        let id = SessionId(self.members.insert(Box::new(Member::new(config, session))));
        let shared = core::mem::take(&mut self.shared);
        self.with(now, id, |member| member.learn_all(now, &shared));
        self.shared = shared;
        Ok(id)
    }

    /// Ends a session: no more data is sent or taken for it. As long as its peer still asks, and at most
    /// for six seconds, it is told so (RFC 7675 §5.2); then comes
    /// [`MuxEvent::SessionEnded`](super::MuxEvent::SessionEnded).
    pub fn close_session(&mut self, now: Instant, id: SessionId) {
        self.command(now, id, Member::close);
    }

    /// Forgets a session at once, with whatever it had still to say. Whether there was one.
    pub fn remove(&mut self, now: Instant, id: SessionId) -> bool {
        let now = self.advance(now);
        let known = self.members.contains(id.0);
        self.forget(id);
        self.settle(now);
        known
    }

    /// Ends everything: all sessions are closed, and when their peers have had time to hear of it, the
    /// sockets are. The mux is to be driven until its deadline is `None`; what cannot wait may drop it.
    pub fn close(&mut self, now: Instant) {
        let now = self.advance(now);
        if self.standing == Standing::Open {
            self.standing = Standing::Leaving;
            self.with_each(now, |member| {
                if member.is_open() {
                    member.close(now);
                }
            });
        }
        self.settle(now);
    }

    /// Runs a command of a session that was not closed.
    fn command<R>(
        &mut self,
        now: Instant,
        id: SessionId,
        command: impl FnOnce(&mut Member, Instant) -> R,
    ) -> Option<R> {
        let now = self.advance(now);
        let open = self.members.get(id.0).is_some_and(|member| member.is_open());
        let result = if open { self.with(now, id, |member| command(member, now)) } else { None };
        self.settle(now);
        result
    }

    /// The credentials of a peer: see
    /// [`IceAgent::set_remote_credentials`](crate::IceAgent::set_remote_credentials). `Closed`: there
    /// is no such session.
    pub fn set_remote_credentials(
        &mut self,
        now: Instant,
        id: SessionId,
        credentials: IceCredentials,
    ) -> Result<(), CredentialsError> {
        let now = self.advance(now);
        let set = self.learn_credentials(now, id, credentials);
        self.settle(now);
        set
    }

    fn learn_credentials(
        &mut self,
        now: Instant,
        id: SessionId,
        credentials: IceCredentials,
    ) -> Result<(), CredentialsError> {
        let member = self.members.get(id.0).filter(|member| member.is_open());
        let member = member.ok_or(CredentialsError::Closed)?;
        if member.sessions.judge(&credentials)? == PeerGeneration::Next {
            self.restart_session(now, id, Initiator::Peer);
        }
        let set = self.with(now, id, |member| {
            let set = member.sessions.newest.set_remote_credentials(now, credentials);
            member.agree_on_pacing();
            set
        });
        // Checks that came before may have been those of another peer.
        if let Some(member) = self.members.get_mut(id.0) {
            member.prune_paths(id, &mut self.routes);
        }
        set.unwrap_or(Err(CredentialsError::Closed))
    }

    /// Restarts a session (RFC 8445 §9): see [`IceAgent::restart`](crate::IceAgent::restart). Its
    /// sockets stay. `None`: there is no such session.
    pub fn restart(&mut self, now: Instant, id: SessionId) -> Option<&IceCredentials> {
        let now = self.advance(now);
        let member = self.members.get(id.0).filter(|member| member.is_open());
        if member.is_some_and(|member| member.sessions.newest.knows_peer()) {
            self.restart_session(now, id, Initiator::Us);
        }
        self.settle(now);
        let member = self.members.get(id.0).filter(|member| member.is_open())?;
        Some(member.sessions.newest.local_credentials())
    }

    fn restart_session(&mut self, now: Instant, id: SessionId, initiator: Initiator) {
        let Some(member) = self.members.get_mut(id.0) else { return };
        member.sessions.newest.swap_tools(&mut self.tools);
        member.restart(now, initiator, &self.routes, &self.shared);
        self.conclude(now, id);
    }

    /// What Ta the peer of a session proposes; `None`: it proposes none, which is what counts until
    /// told otherwise (RFC 8445 §14.2).
    pub fn set_remote_pacing(&mut self, now: Instant, id: SessionId, pacing: Option<Duration>) {
        self.command(now, id, |member, _| {
            member.pacing.remote = pacing;
            member.agree_on_pacing();
        });
    }

    /// Whether the peer of a session is ICE-lite: see
    /// [`IceSession::set_remote_lite`].
    pub fn set_remote_lite(&mut self, now: Instant, id: SessionId, lite: bool) {
        self.command(now, id, |member, now| member.sessions.newest.set_remote_lite(now, lite));
    }

    /// Takes in a candidate of a peer, at any time (RFC 8838 §11). `Closed`: there is no such session.
    pub fn add_remote_candidate(
        &mut self,
        now: Instant,
        id: SessionId,
        candidate: Candidate,
    ) -> Result<(), AddCandidateError> {
        let add = |member: &mut Member, now| member.sessions.newest.add_remote(now, candidate);
        self.command(now, id, add).unwrap_or(Err(AddCandidateError::Closed))
    }

    /// The same, for a candidate that names its generation by the username fragment of the peer
    /// (RFC 8838 §9). One of another generation than the newest is refused.
    pub fn add_remote_candidate_of(
        &mut self,
        now: Instant,
        id: SessionId,
        ufrag: &str,
        candidate: Candidate,
    ) -> Result<(), AddCandidateError> {
        let add = |member: &mut Member, now| member.sessions.add_remote_of(now, ufrag, candidate);
        self.command(now, id, add).unwrap_or(Err(AddCandidateError::Closed))
    }

    /// A peer has told all its candidates (RFC 8838 §14).
    pub fn end_of_remote_candidates(&mut self, now: Instant, id: SessionId) {
        self.command(now, id, |member, now| member.sessions.newest.end_of_remote(now));
    }

    /// The same, for those of one generation. Of another one than the newest it means nothing.
    pub fn end_of_remote_candidates_of(&mut self, now: Instant, id: SessionId, ufrag: &str) {
        self.command(now, id, |member, now| member.sessions.end_of_remote_of(now, ufrag));
    }

    /// A peer is being sent the description of its session: see [`IceSession::description_sent`].
    pub fn description_sent(&mut self, now: Instant, id: SessionId) {
        self.command(now, id, |member, now| member.sessions.newest.description_sent(now));
    }

    /// Takes another role than the configuration of the session said.
    pub fn set_role(&mut self, now: Instant, id: SessionId, role: Role) {
        self.command(now, id, |member, now| member.sessions.newest.set_role(now, role));
    }

    /// Changes who begins a restart when only one can help; one that is needed by now is not begun.
    pub fn set_restarts(&mut self, now: Instant, id: SessionId, restarts: Restarts) {
        self.command(now, id, |member, _| member.sessions.newest.set_restarts(restarts));
    }

    /// The Ta to propose to the peer of a session, in the form of `a=ice-pacing` (RFC 8839 §5.5).
    pub fn local_pacing(&self, id: SessionId) -> Option<Duration> {
        self.members.get(id.0).map(|member| member.pacing.offered)
    }

    /// The pair that the data of a session goes over, of whichever generation that is.
    pub fn selected_pair(&self, id: SessionId) -> Option<SelectedPair> {
        self.members.get(id.0)?.sessions.in_use().selected_pair()
    }

    /// Whether a session is being restarted.
    pub fn is_restarting(&self, id: SessionId) -> bool {
        self.members.get(id.0).is_some_and(|member| member.sessions.is_restarting())
    }

    /// Data to the peer of a session, as the packet that is to be sent now. `data` is borrowed and not
    /// queued.
    pub fn send<'d>(
        &mut self,
        now: Instant,
        id: SessionId,
        data: &'d [u8],
    ) -> Result<Packet<'d>, SendError> {
        let due = self.clock.has_come(self.deadline, now);
        let now = self.advance(now);
        if due {
            self.settle(now);
        }
        let path = self.members.get(id.0).and_then(|member| member.sessions.data_path());
        let path = path.ok_or(SendError::NotConnected)?;
        if self.session_at(&path) != Some(id) {
            return Err(SendError::NotConnected);
        }
        Ok(Packet::new(path, data))
    }
}
