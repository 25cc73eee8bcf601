//! What a session is to another one of the same agent: the generation after it, or before it
//! (RFC 8445 §9).
use super::{Generation, IceSession, Told};
use crate::{
    IceCredentials, IceState, RestartReason, Restarts, credentials::LocalSecret, messages::Scratch,
    nomination::Nomination, opening::Opening, phase::Phase,
};
use sans_io::{Clock, DropCounters, Instant, Outbox, Path};
use stun_proto::{Class, Message, PacketKind, TransactionId, classify};

/// Which side an ICE restart came from.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(crate) enum Initiator {
    /// This one, so that the peer hears of it before it tells its new credentials.
    Us,
    /// The peer, which is told ours in return.
    Peer,
}

impl IceSession {
    /// The session of the next generation: with other credentials and without candidates, in the same
    /// role (RFC 8445 §9). No username fragment is chosen that is taken. What waits to be polled here is told by the new one, before anything of
    /// its own.
    pub(crate) fn successor(
        &mut self,
        initiator: Initiator,
        is_taken: impl Fn(&str) -> bool,
    ) -> Self {
        let mut entropy = self.entropy.fork("ice generation");
        let credentials = IceCredentials::unlike(&mut entropy, is_taken);
        let mut clock = Clock::default();
        clock.tick(self.clock.now());
        // A direct pair that is late for one generation is late for the next one.
        let advice = self.told.advice.filter(|advice| *advice == RestartReason::BetterPair);
        Self {
            settings: self.settings,
            role: self.role,
            local: LocalSecret::new(credentials),
            remote: None,
            remote_lite: self.remote_lite,
            candidates: super::Candidates::default(),
            locals: self.locals.successor(),
            remotes: self.remotes.successor(),
            list: self.list.successor(),
            checks: self.checks.successor(),
            pending: self.pending.successor(),
            nomination: Nomination::Idle,
            consent: crate::consent::Consent::default(),
            phase: Phase::New,
            heard: self.heard,
            opening: Opening::Free,
            handed_out: initiator == Initiator::Us,
            pace: self.pace,
            told: Told { state: self.told.state, active: None, advice, failed: false },
            generation: Generation::Later,
            wish: None,
            entropy,
            clock,
            deadline: None,
            drops: core::mem::take(&mut self.drops),
            over_tcp: core::mem::take(&mut self.over_tcp),
            scratch: Scratch::default(),
            out: core::mem::replace(&mut self.out, Outbox::new(self.settings.outputs_max)),
        }
    }

    /// Whether the generation before this one carries data, so that nothing is told of this one.
    pub(crate) fn cover(&mut self, now: Instant, covered: bool) {
        let generation = if covered { Generation::Covered } else { Generation::Later };
        if self.generation != generation {
            self.generation = generation;
            self.settle(now);
        }
    }

    /// The state of the generation before this one, which the application was told.
    pub(crate) const fn inherit_state(&mut self, state: IceState) {
        self.told.state = state;
    }

    /// Whether the peer may send data to this session, or is sent any.
    pub(crate) fn is_of_use(&self) -> bool {
        let heard = || self.list.iter().any(|pair| pair.authenticated);
        match self.phase {
            Phase::New => !self.pending.is_empty(),
            Phase::Checking { .. } | Phase::Concluded { .. } => !self.told.failed && heard(),
            Phase::Lost(_) | Phase::Closed => false,
        }
    }

    /// Another generation has taken over: nothing is asked any more. The peer is answered, and what
    /// it sends is taken.
    pub(crate) fn retire(&mut self) {
        self.nomination = Nomination::Idle;
        self.opening = Opening::Free;
        self.checks.retain(|_| false);
        self.consent.retain(|_| false);
        self.deadline = None;
    }

    /// When the newest request of the peer came.
    pub(crate) fn last_request(&self) -> Option<Instant> {
        self.list.iter().filter_map(|pair| pair.last_request).max()
    }

    /// Whether this arrived for this session, and not for another one of its agent: requests name
    /// the generation, answers belong to a request, data comes over a path.
    pub(crate) fn claims(&self, path: &Path, bytes: &[u8]) -> bool {
        if classify(bytes) != PacketKind::Stun {
            return self.accepts(path);
        }
        let Ok(message) = Message::parse(bytes) else { return false };
        match message.class() {
            Class::Request => {
                let username = message.value(stun_proto::AttributeType::USERNAME);
                username.is_some_and(|username| self.local.sender_in(username).is_some())
            }
            Class::Success | Class::Error => self.checks.get(message.transaction_id()).is_some(),
            Class::Indication => false,
        }
    }

    /// Whether these are the credentials of the peer, as far as it has told them.
    pub(crate) fn is_remote(&self, credentials: &IceCredentials) -> bool {
        self.remote.as_ref().is_some_and(|remote| remote.credentials == *credentials)
    }

    /// Whether the peer changed both parts of its credentials, as a restart does (RFC 8445 §9).
    pub(crate) fn is_restarted_by(&self, credentials: &IceCredentials) -> bool {
        self.remote.as_ref().is_some_and(|remote| {
            let known = &remote.credentials;
            known.ufrag != credentials.ufrag && known.pwd != credentials.pwd
        })
    }

    /// The username fragment of the peer, if it has told it.
    pub(crate) fn remote_ufrag(&self) -> Option<&str> {
        self.remote.as_ref().map(|remote| &*remote.credentials.ufrag)
    }

    /// Why this agent is to restart ICE by itself, told once.
    pub(crate) const fn take_wish(&mut self) -> Option<RestartReason> {
        self.wish.take()
    }

    /// Changes who begins a restart.
    pub(crate) const fn set_restarts(&mut self, restarts: Restarts) {
        self.settings.restarts = restarts;
    }

    /// Whether both agents have settled on a pair, which works.
    pub(crate) const fn has_settled(&self) -> bool {
        self.phase.selected().is_some()
    }

    /// The requests that wait for their answers.
    pub(crate) fn questions(&self) -> impl Iterator<Item = TransactionId> {
        self.checks.ids()
    }

    /// Another number whenever other requests wait.
    pub(crate) const fn question_changes(&self) -> u32 {
        self.checks.changes()
    }

    /// Where a request was sent that waits for its answer.
    pub(crate) fn asked_on(&self, id: TransactionId) -> Option<Path> {
        let pair = self.checks.get(id)?.question.pair;
        self.list.get(pair).map(|pair| pair.path)
    }

    /// Whether a pair of this path works.
    pub(crate) fn works_on(&self, path: &Path) -> bool {
        self.list.by_path(path).is_some_and(|pair| pair.valid().is_some())
    }

    /// Data of the peer came at this time, past this session.
    pub(crate) fn note_heard(&mut self, at: Instant) {
        self.heard = self.heard.max(at);
    }

    /// Whether it sends nothing any more but refusals.
    pub(crate) const fn is_over(&self) -> bool {
        self.phase.is_over()
    }

    /// Counts what another generation refused, which is no more.
    pub(crate) fn add_drops(&mut self, drops: DropCounters) {
        self.drops = self.drops + drops;
    }
}
