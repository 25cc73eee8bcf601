//! ICE restarts, make before break (RFC 8445 §9): another session over the same gathering, beside the
//! one that carries data until the new one has settled on a pair.
//!
//! A generation is made of one set of credentials of each side. A side that restarts has told new ones
//! of its own and waits for those of the peer; restarting once more in between changes nothing. Other
//! credentials of the peer than the known ones either are what it waits for, or begin a generation on
//! this side as well. So both sides have told the same number of credentials whenever neither waits,
//! and the last ones go together, whoever restarted, and should both have at once: all that is asked
//! of signalling is that it loses nothing and keeps the order.
use super::IceAgent;
use crate::{
    Base, CredentialsError, GatherError, IceCredentials, IceEvent, IceSession, IceState,
    RestartSockets, agent::leaving::Leaving, session::Initiator,
};
use alloc::boxed::Box;
use core::{net::IpAddr, time::Duration};
use sans_io::{Input, Instant, Machine as _, Output, Path, Verdict};

/// How long the peer is answered at least on what was in use before.
const LINGER: Duration = Duration::from_secs(3);
/// How long it is since its last request: the longest wait between two, and a little more.
const ASKS: Duration = Duration::from_millis(6_100);
/// How long it is at most: the time in which a nomination comes through or fails.
const LINGER_MAX: Duration = Duration::from_secs(45);

/// The generation before the newest.
#[derive(Debug)]
pub(super) struct Former {
    pub(super) session: IceSession,
    stage: Stage,
}

/// What is done with it.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
enum Stage {
    /// Data goes over its pair, as long as that works.
    InUse,
    /// As long as no pair of the newest generation works; the peer sends over one of those already.
    LastResort,
    /// The newest generation took over at this time. The peer may not know yet.
    Retired { at: Instant },
}

impl Former {
    const fn is_retired(&self) -> bool {
        matches!(self.stage, Stage::Retired { .. })
    }

    pub(super) fn next_slot(&self) -> Option<Instant> {
        self.session.next_slot().filter(|_| !self.is_retired())
    }

    pub(super) fn take_slot(&mut self, now: Instant, ta: Duration) -> bool {
        !self.is_retired() && self.session.take_slot(now, ta)
    }

    pub(super) fn deadline(&self) -> Option<Instant> {
        match self.stage {
            Stage::InUse | Stage::LastResort => self.session.deadline(),
            Stage::Retired { at } => Some(self.ends_at(at)),
        }
    }

    /// When nobody asks for it any more.
    fn ends_at(&self, retired: Instant) -> Instant {
        let asked = self.session.last_request().map(|last| last.saturating_add(ASKS));
        let quiet = asked.unwrap_or(retired).max(retired.saturating_add(LINGER));
        quiet.min(retired.saturating_add(LINGER_MAX))
    }
}

impl IceAgent {
    /// Restarts ICE (RFC 8445 §9): gives new credentials, which are to be told to the peer, as
    /// [`IceEvent::Restarted`] and the candidates that follow it tell as well. Data goes on over the
    /// pair in use until both sides have settled on a new one; the role stays.
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
            return None;
        }
        if self.session.knows_peer() {
            self.begin(now, Initiator::Us, sockets);
        } else if sockets == RestartSockets::Renewed {
            self.gather_again(now, sockets);
        }
        self.settle(now);
        Some(self.session.local_credentials())
    }

    /// The credentials of the peer: for the first time, or those with which it answers a restart of
    /// this side. Others than the known ones mean that the peer has restarted ICE
    /// (RFC 8839 §4.4.1.1.1): so does this side then, and the peer is to be told the credentials of
    /// [`IceEvent::Restarted`] in return. Candidates of the peer that go with them are to be told
    /// after them.
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
        if self.former.as_ref().is_some_and(|former| former.session.is_remote(&credentials)) {
            return Err(CredentialsError::Former);
        }
        let restarts = self.session.is_restarted_by(&credentials)
            && self.state() != IceState::Closed
            && credentials.validate().is_ok()
            && credentials.ufrag != self.session.local_credentials().ufrag;
        if restarts {
            self.begin(now, Initiator::Peer, RestartSockets::Kept);
        }
        self.session.set_remote_credentials(now, credentials)
    }

    /// The host has these addresses by now, best first, and no others. What was made of others is
    /// gone. As long as nothing is settled, candidates are gathered at the new ones and paired with
    /// those of the peer. Once a pair was settled on, one that is still there stays, and the new
    /// addresses are for the next restart; one that is gone is replaced by a restart at once
    /// (RFC 8445 §9), whose credentials [`IceEvent::Restarted`] tells.
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
        self.gathering.limit_to(now, addresses);
        self.collect(now);
        if self.session.has_settled() {
            return self.gathering.note(addresses);
        }
        self.start_gathering(now, addresses)?;
        if self.session.lost().is_some() {
            self.begin(now, Initiator::Us, RestartSockets::Kept);
        }
        Ok(())
    }

    /// When the former generation is to be woken, or is over.
    pub(super) fn former_deadline(&self) -> Option<Instant> {
        self.former.as_ref().filter(|_| !self.leaving.is_closing())?.deadline()
    }

    /// A generation ends, and another one begins.
    fn begin(&mut self, now: Instant, initiator: Initiator, sockets: RestartSockets) {
        self.collect(now);
        self.join_outputs(now);
        // What carries data stays; what a restart left unfinished goes.
        let stays = self.carrying().is_some();
        let next = self.session.successor(initiator);
        let session = core::mem::replace(&mut self.session, next);
        if !stays {
            let of_use = session.is_of_use();
            self.former = of_use.then(|| Box::new(Former { session, stage: Stage::InUse }));
        }
        let credentials = self.session.local_credentials().clone();
        self.session.event(IceEvent::Restarted(credentials));
        self.cover_session(now);
        self.session.handle_timeout(now);
        self.leaving = Leaving::Unchosen;
        self.gather_again(now, sockets);
    }

    fn gather_again(&mut self, now: Instant, sockets: RestartSockets) {
        self.gathering.renew(now, sockets);
        self.collect(now);
    }

    /// What a session told about itself is told of it only if no data goes over the former one.
    fn cover_session(&mut self, now: Instant) {
        let covered = self.carrying().is_some();
        self.session.cover(now, covered);
    }

    /// The agent is closed: what is told is told of all of it.
    pub(super) fn uncover_session(&mut self, now: Instant) {
        self.session.cover(now, false);
    }

    /// Begins the restart that the session asks for.
    pub(super) fn restart_if_wanted(&mut self, now: Instant) -> bool {
        let wanted = self.session.take_wish().is_some() && self.state() != IceState::Closed;
        if wanted {
            self.begin(now, Initiator::Us, RestartSockets::Kept);
        }
        wanted
    }

    /// Lets the newest generation take over when it can, or must. Whether that changed anything.
    pub(super) fn hand_over(&mut self, now: Instant) -> bool {
        let Some(former) = &mut self.former else { return false };
        match former.stage {
            // It tells the peer so, for as long as there is anything.
            _ if self.leaving.is_closing() => return false,
            Stage::InUse | Stage::LastResort if self.session.has_settled() => {
                former.session.retire();
                former.stage = Stage::Retired { at: now };
            }
            Stage::InUse | Stage::LastResort if former.session.is_of_use() => return false,
            Stage::Retired { at } if former.ends_at(at) > now => return false,
            Stage::InUse | Stage::LastResort | Stage::Retired { .. } => {
                let drops = *former.session.drops();
                self.session.add_drops(drops);
                self.former = None;
            }
        }
        self.cover_session(now);
        true
    }

    /// What the former session has to say goes out with the rest. Of what became of it the
    /// application hears what concerns its data.
    pub(super) fn join_former(&mut self, now: Instant) {
        let Some(former) = &mut self.former else { return };
        if self.gathering.has_relays() {
            let gathering = &mut self.gathering;
            former.session.take_relayed(|transmit| gathering.forward(now, &transmit));
        }
        let in_use = !former.is_retired() && !self.session.has_settled();
        while let Some(output) = former.session.poll_out() {
            match output {
                Output::Event(event) => match event {
                    IceEvent::StateChanged(state @ (IceState::Connected | IceState::Completed))
                        if in_use =>
                    {
                        self.session.inherit_state(state);
                        self.session.event(event);
                    }
                    IceEvent::PathChanged(_) | IceEvent::Selected(_) if in_use => {
                        self.session.event(event);
                    }
                    _ => {}
                },
                output => self.session.pass_on(output),
            }
        }
        self.cover_session(now);
    }

    /// Gives an input to the generation that it is for: the newest, unless the former one knows it.
    pub(super) fn offer_to_sessions<'a>(&mut self, now: Instant, input: Input<'a>) -> Verdict<'a> {
        let Some(former) = &mut self.former else { return self.session.handle_input(now, input) };
        if let Input::Received { path, bytes, .. } = input
            && former.session.claims(&path, bytes)
        {
            return former.session.handle_input(now, input);
        }
        let verdict = self.session.handle_input(now, input);
        if former.stage == Stage::InUse && matches!(verdict, Verdict::Deliver { .. }) {
            // The peer sends over another path than that of the former generation: it knows of one
            // that works, or of that one that it does not.
            former.stage = Stage::LastResort;
            self.settle(now);
        }
        verdict
    }

    /// Does something with each generation.
    pub(super) fn each_session(&mut self, mut each: impl FnMut(&mut IceSession)) {
        if let Some(former) = &mut self.former {
            each(&mut former.session);
        }
        each(&mut self.session);
    }

    /// Whether packets leave from here.
    pub(super) fn has_base(&self, base: Base) -> bool {
        let former = self.former.as_ref();
        self.session.has_base(base) || former.is_some_and(|former| former.session.has_base(base))
    }

    /// The path that data goes over.
    pub(super) fn data_path(&self) -> Option<Path> {
        self.carrying().unwrap_or(&self.session).active_path()
    }

    /// The former generation, if data goes over its pair.
    pub(super) fn carrying(&self) -> Option<&IceSession> {
        let former =
            self.former.as_ref().filter(|former| former.session.active_path().is_some())?;
        let carries = match former.stage {
            Stage::InUse => true,
            Stage::LastResort => self.session.active().is_none(),
            Stage::Retired { .. } => false,
        };
        carries.then_some(&former.session)
    }

    /// Whether a restart is under way.
    pub fn is_restarting(&self) -> bool {
        self.former.as_ref().is_some_and(|former| !former.is_retired())
    }
}
