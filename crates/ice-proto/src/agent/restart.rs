//! ICE restarts, make before break (RFC 8445 §9): another generation over the same gathering, and
//! networks that change.
use super::{IceAgent, leaving::Leaving};
use crate::{
    CredentialsError, GatherError, IceCredentials, IceState, RestartSockets,
    generations::PeerGeneration, session::Initiator,
};
use core::net::IpAddr;
use sans_io::Instant;

impl IceAgent {
    /// Restarts ICE (RFC 8445 §9): gives new credentials, which are to be told to the peer, as
    /// [`IceEvent::Restarted`](crate::IceEvent::Restarted) and the candidates that follow it tell as
    /// well. Data goes on over the pair in use until both sides have settled on a new one; the role
    /// stays.
    ///
    /// The peer answers with new credentials of its own: see
    /// [`set_remote_credentials`](Self::set_remote_credentials). While they are waited for, for the
    /// first time or after a restart, another restart is the same as that one, and the credentials
    /// stay. `None`: the agent is closed.
    pub fn restart(&mut self, now: Instant) -> Option<&IceCredentials> {
        self.restart_from(now, RestartSockets::Kept)
    }

    /// Restarts ICE from the ports that are open, or from new ones.
    pub fn restart_from(
        &mut self,
        now: Instant,
        sockets: RestartSockets,
    ) -> Option<&IceCredentials> {
        let now = self.advance(now);
        if self.state() == IceState::Closed {
            self.settle(now);
            return None;
        }
        if self.sessions.newest.knows_peer() {
            self.begin(now, Initiator::Us, sockets);
        } else if sockets == RestartSockets::Renewed {
            self.gather_again(now, sockets);
        }
        self.settle(now);
        Some(self.sessions.newest.local_credentials())
    }

    /// The credentials of the peer: for the first time, or those with which it answers a restart of
    /// this side. Others than the known ones mean that the peer has restarted ICE
    /// (RFC 8839 §4.4.1.1.1): so does this side then, and the peer is to be told the credentials of
    /// [`IceEvent::Restarted`](crate::IceEvent::Restarted) in return. Candidates of the peer that go
    /// with them are to be told after them.
    pub fn set_remote_credentials(
        &mut self,
        now: Instant,
        credentials: IceCredentials,
    ) -> Result<(), CredentialsError> {
        let now = self.advance(now);
        let set = self.learn_credentials(now, credentials);
        if set.is_ok() {
            self.pacer.set_interval(self.pacing.agree());
        }
        self.settle(now);
        set
    }

    fn learn_credentials(
        &mut self,
        now: Instant,
        credentials: IceCredentials,
    ) -> Result<(), CredentialsError> {
        if self.sessions.judge(&credentials)? == PeerGeneration::Next {
            self.begin(now, Initiator::Peer, RestartSockets::Kept);
        }
        self.sessions.newest.set_remote_credentials(now, credentials)
    }

    /// The host has these addresses by now, best first, and no others. What was made of others is
    /// gone. As long as nothing is settled, candidates are gathered at the new ones and paired with
    /// those of the peer. Once a pair was settled on, one that is still there stays, and the new
    /// addresses are for the next restart; one that is gone is replaced by a restart at once
    /// (RFC 8445 §9), whose credentials [`IceEvent::Restarted`](crate::IceEvent::Restarted) tells.
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
        if self.state() == IceState::Closed {
            return Err(GatherError::Closed);
        }
        self.gathering.limit_to(now, addresses)?;
        self.collect(now);
        if self.sessions.newest.has_settled() {
            return self.gathering.note(addresses);
        }
        self.start_gathering(now, addresses)?;
        if self.sessions.newest.lost().is_some() {
            self.begin(now, Initiator::Us, RestartSockets::Kept);
        }
        Ok(())
    }

    /// A generation ends, and another one begins.
    fn begin(&mut self, now: Instant, initiator: Initiator, sockets: RestartSockets) {
        if let Some(path) = self.sessions.newest.silent_connection() {
            // The next generation would use it as well.
            self.gathering.abandon(now, &path);
        }
        self.collect(now);
        self.join_outputs(now);
        // Nobody else is asked for at these sockets.
        self.sessions.begin(now, initiator, |_| false);
        self.leaving = Leaving::Unchosen;
        self.gather_again(now, sockets);
    }

    fn gather_again(&mut self, now: Instant, sockets: RestartSockets) {
        self.gathering.renew(now, sockets);
        self.collect(now);
    }

    /// Begins the restart that the session asks for.
    pub(super) fn restart_if_wanted(&mut self, now: Instant) -> bool {
        let wanted = self.sessions.newest.take_wish().is_some() && self.state() != IceState::Closed;
        if wanted {
            self.begin(now, Initiator::Us, RestartSockets::Kept);
        }
        wanted
    }

    /// Lets the newest generation take over when it can, or must. Whether that changed anything.
    pub(super) fn hand_over(&mut self, now: Instant) -> bool {
        // The former one tells the peer that the agent is closed, for as long as there is anything.
        !self.leaving.is_closing() && self.sessions.hand_over(now)
    }

    /// When the former generation is to be woken, or is over.
    pub(super) fn former_deadline(&self) -> Option<Instant> {
        self.sessions.former_deadline().filter(|_| !self.leaving.is_closing())
    }

    /// Whether a restart is under way.
    pub fn is_restarting(&self) -> bool {
        self.sessions.is_restarting()
    }
}
