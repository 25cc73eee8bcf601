//! The generations of one stream (RFC 8445 §9): the newest session and the one before it, which carries
//! data until the newest has settled on a pair.
//!
//! A generation is made of one set of credentials of each side. A side that restarts has told new ones
//! of its own and waits for those of the peer; restarting once more in between changes nothing. Other
//! credentials of the peer than the known ones either are what it waits for, or begin a generation on
//! this side as well. So both sides have told the same number of credentials whenever neither waits,
//! and the last ones go together, whoever restarted, and should both have at once: all that is asked
//! of signalling is that it loses nothing and keeps the order.
mod former;

use crate::{
    AddCandidateError, Base, Candidate, CredentialsError, IceCredentials, IceEvent, IceSession,
    IceState, session::Initiator,
};
use alloc::boxed::Box;
use core::time::Duration;
use former::{Former, Stage};
use sans_io::{Clock, DropCounters, Input, Instant, Machine as _, Output, Path, Transmit, Verdict};
use stun_proto::TransactionId;

/// Sessions of one stream, of which the newest is the one that counts.
#[derive(Debug)]
pub(crate) struct Generations {
    /// The newest.
    pub newest: IceSession,
    /// The one before it, until the newest has taken over.
    former: Option<Box<Former>>,
}

/// What credentials of the peer are to the newest generation.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(crate) enum PeerGeneration {
    /// Its own, or those that it waits for.
    Newest,
    /// Those of another one, which the peer has begun.
    Next,
}

impl Generations {
    pub(crate) const fn new(first: IceSession) -> Self {
        Self { newest: first, former: None }
    }

    /// Does what is due by now, but for what wants a slot.
    pub(crate) fn run_due(&mut self, clock: Clock, now: Instant) {
        if clock.has_come(self.newest.deadline(), now) {
            self.newest.handle_timeout(now);
        }
        if let Some(former) = &mut self.former
            && clock.has_come(former.session.deadline(), now)
        {
            former.session.handle_timeout(now);
        }
    }

    /// When the newest is to be woken, apart from the pacer.
    pub(crate) const fn deadline(&self) -> Option<Instant> {
        self.newest.deadline()
    }

    /// When the former one is to be woken, or is over.
    pub(crate) fn former_deadline(&self) -> Option<Instant> {
        self.former.as_ref()?.deadline()
    }

    /// When the former one wants a slot of the pacer.
    pub(crate) fn former_slot(&self) -> Option<Instant> {
        self.former.as_ref()?.next_slot()
    }

    /// Lets the former one use a slot. `false`: nothing was sent.
    pub(crate) fn take_former_slot(&mut self, now: Instant, ta: Duration) -> bool {
        self.former.as_mut().is_some_and(|former| former.take_slot(now, ta))
    }

    /// A generation ends, and another one begins, with a username fragment that is not taken.
    pub(crate) fn begin(
        &mut self,
        now: Instant,
        initiator: Initiator,
        is_taken: impl Fn(&str) -> bool,
    ) {
        // What carries data stays; what a restart left unfinished goes.
        let stays = self.carrying().is_some();
        let next = self.newest.successor(initiator, is_taken);
        let session = core::mem::replace(&mut self.newest, next);
        if !stays {
            self.drop_former();
            let of_use = session.is_of_use();
            self.former = of_use.then(|| Box::new(Former { session, stage: Stage::InUse }));
        }
        let credentials = self.newest.local_credentials().clone();
        self.newest.event(IceEvent::Restarted(credentials));
        self.cover_newest(now);
        self.newest.handle_timeout(now);
    }

    /// What credentials of the peer are, if it may have them by now.
    pub(crate) fn judge(
        &self,
        credentials: &IceCredentials,
    ) -> Result<PeerGeneration, CredentialsError> {
        if self.former.as_ref().is_some_and(|former| former.session.is_remote(credentials)) {
            return Err(CredentialsError::Former);
        }
        let next = self.newest.is_restarted_by(credentials)
            && self.newest.state() != IceState::Closed
            && credentials.validate().is_ok()
            && credentials.ufrag != self.newest.local_credentials().ufrag;
        Ok(if next { PeerGeneration::Next } else { PeerGeneration::Newest })
    }

    /// Whether this may be the username fragment of the peer in the newest generation.
    fn is_of_newest(&self, ufrag: &str) -> bool {
        let former = self.former.as_ref().and_then(|former| former.session.remote_ufrag());
        match self.newest.remote_ufrag() {
            Some(known) => known == ufrag,
            None => former != Some(ufrag),
        }
    }

    /// Takes in a candidate of the peer that names its generation.
    pub(crate) fn add_remote_of(
        &mut self,
        now: Instant,
        ufrag: &str,
        candidate: Candidate,
    ) -> Result<(), AddCandidateError> {
        if self.is_of_newest(ufrag) {
            self.newest.add_remote(now, candidate)
        } else {
            Err(AddCandidateError::Generation)
        }
    }

    /// The peer has told all candidates of one generation.
    pub(crate) fn end_of_remote_of(&mut self, now: Instant, ufrag: &str) {
        if self.is_of_newest(ufrag) {
            self.newest.end_of_remote(now);
        }
    }

    /// What the newest told about itself is told of it only if no data goes over the former one.
    fn cover_newest(&mut self, now: Instant) {
        let covered = self.carrying().is_some();
        self.newest.cover(now, covered);
    }

    /// Ends all of them: what is told is told of the newest.
    pub(crate) fn close(&mut self, now: Instant) {
        self.each(|session| session.close(now));
        self.newest.cover(now, false);
    }

    /// Forgets the former one, but for what it counted.
    pub(crate) fn drop_former(&mut self) {
        if let Some(former) = self.former.take() {
            self.newest.add_drops(*former.session.drops());
        }
    }

    /// Lets the newest generation take over when it can, or must. Whether that changed anything.
    pub(crate) fn hand_over(&mut self, now: Instant) -> bool {
        let Some(former) = &mut self.former else { return false };
        match former.stage {
            Stage::InUse | Stage::LastResort if self.newest.has_settled() => {
                former.session.retire();
                former.stage = Stage::Retired { at: now };
            }
            Stage::InUse | Stage::LastResort if former.session.is_of_use() => return false,
            Stage::Retired { at } if former.ends_at(at) > now => return false,
            Stage::InUse | Stage::LastResort | Stage::Retired { .. } => {
                self.drop_former();
            }
        }
        self.cover_newest(now);
        true
    }

    /// Takes out the messages of the former one that leave from a relay.
    pub(crate) fn take_relayed_of_former(&mut self, to: impl FnMut(Transmit)) {
        if let Some(former) = &mut self.former {
            former.session.take_relayed(to);
        }
    }

    /// What the former one has to say goes out with the rest. Of what became of it the application
    /// hears what concerns its data.
    pub(crate) fn join_former(&mut self, now: Instant) {
        let Some(former) = &mut self.former else { return };
        let in_use = !former.is_retired() && !self.newest.has_settled();
        while let Some(output) = former.session.poll_out() {
            match output {
                Output::Event(event) => match event {
                    IceEvent::StateChanged(state @ (IceState::Connected | IceState::Completed))
                        if in_use =>
                    {
                        self.newest.inherit_state(state);
                        self.newest.event(event);
                    }
                    IceEvent::PathChanged(_) | IceEvent::Selected(_) if in_use => {
                        self.newest.event(event);
                    }
                    _ => {}
                },
                output => self.newest.pass_on(output),
            }
        }
        self.cover_newest(now);
    }

    /// Gives an input to the generation that it is for: the newest, unless the former one knows it.
    pub(crate) fn offer<'a>(&mut self, now: Instant, input: Input<'a>) -> Verdict<'a> {
        let Some(former) = &mut self.former else { return self.newest.handle_input(now, input) };
        if let Input::Received { path, bytes, .. } = input
            && former.session.claims(&path, bytes)
        {
            return former.session.handle_input(now, input);
        }
        let verdict = self.newest.handle_input(now, input);
        if former.stage == Stage::InUse && matches!(verdict, Verdict::Deliver { .. }) {
            // The peer sends over another path than that of the former generation: it knows of one
            // that works, or of that one that it does not.
            former.stage = Stage::LastResort;
        }
        verdict
    }

    /// Does something with each generation.
    pub(crate) fn each(&mut self, mut each: impl FnMut(&mut IceSession)) {
        if let Some(former) = &mut self.former {
            each(&mut former.session);
        }
        each(&mut self.newest);
    }

    /// All of them, the newest first.
    pub(crate) fn iter(&self) -> impl Iterator<Item = &IceSession> {
        core::iter::once(&self.newest).chain(self.former())
    }

    /// The session of the former one.
    pub(crate) fn former(&self) -> Option<&IceSession> {
        self.former.as_ref().map(|former| &former.session)
    }

    /// Whether packets leave from here.
    pub(crate) fn has_base(&self, base: Base) -> bool {
        self.iter().any(|session| session.has_base(base))
    }

    /// The one whose pair data goes over.
    pub(crate) fn in_use(&self) -> &IceSession {
        self.carrying().unwrap_or(&self.newest)
    }

    /// The path that data goes over.
    pub(crate) fn data_path(&self) -> Option<Path> {
        self.in_use().active_path()
    }

    /// The former generation, if data goes over its pair.
    fn carrying(&self) -> Option<&IceSession> {
        let former =
            self.former.as_ref().filter(|former| former.session.active_path().is_some())?;
        let carries = match former.stage {
            Stage::InUse => true,
            Stage::LastResort => self.newest.active().is_none(),
            Stage::Retired { .. } => false,
        };
        carries.then_some(&former.session)
    }

    /// Where a request was sent that waits for its answer.
    pub(crate) fn asked_on(&self, question: TransactionId) -> Option<Path> {
        self.iter().find_map(|session| session.asked_on(question))
    }

    /// Whether a pair of this path works in any of them.
    pub(crate) fn work_on(&self, path: &Path) -> bool {
        self.iter().any(|session| session.works_on(path))
    }

    /// Whether data of this path is taken, so that whoever sends there is the peer.
    pub(crate) fn accept(&self, path: &Path) -> bool {
        self.iter().any(|session| session.accepts(path))
    }

    /// Whether a connection of this path is still of use.
    pub(crate) fn keep_connection(&self, path: &Path) -> bool {
        self.iter().any(|session| session.keeps_connection(path))
    }

    /// Whether a restart is under way.
    pub(crate) fn is_restarting(&self) -> bool {
        self.former.as_ref().is_some_and(|former| !former.is_retired())
    }

    /// Whether the former one carries data as long as the peer does not send over a pair of the newest.
    pub(crate) fn awaits_peer(&self) -> bool {
        self.former.as_ref().is_some_and(|former| former.stage == Stage::InUse)
    }

    /// How often bytes were refused, and why.
    pub(crate) fn drops(&self) -> DropCounters {
        let former = self.former().map(|former| *former.drops());
        *self.newest.drops() + former.unwrap_or_default()
    }
}
