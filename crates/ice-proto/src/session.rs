//! One ICE session: everything between learning candidates and agreeing on a pair, without sockets
//! or relays. The files beside `check.rs` each give it one ability.
use crate::{
    AddCandidateError, Candidate, Credentials, CredentialsError, IceConfig, IceEvent, IceState,
    Policy, Profile, RestartReason, Role, SelectedPair,
    candidate::CandidateKind,
    check_list::CheckList,
    early::EarlyChecks,
    local::{Added, Local, Locals},
    nomination::Nominating,
    pair::{Pair, PairCounters, PairFailure, PairId, PairState},
    priority,
    remote::{Remotes, Told, can_pair, scoped},
    role::RoleState,
    transaction::Checks,
};
use alloc::{collections::VecDeque, format, sync::Arc};
use bytes::Bytes;
use core::{net::IpAddr, time::Duration};
use sans_io::{Instant, Path};
use stun_proto::{Entropy, Key};

/// What a session wants done.
#[derive(Clone, Debug)]
pub(crate) enum SessionOutput {
    /// Send this; the local address is the base, which may be a relay.
    Transmit(Path, Bytes),
    /// Tell the application.
    Event(IceEvent),
}

/// What is needed to send the peer a request.
#[derive(Debug)]
pub(crate) struct RemoteAuth {
    pub credentials: Credentials,
    /// Signs requests to the peer and checks its responses.
    pub key: Key,
    /// "theirs:ours" (RFC 8445 §7.2.2).
    pub username: Arc<str>,
}

/// The numbers of the configuration that the session works with.
#[derive(Clone, Copy, Debug)]
pub(crate) struct Settings {
    pub policy: Policy,
    pub profile: Profile,
    pub patience: Duration,
    pub relay_wait: Duration,
}

#[derive(Debug)]
pub(crate) struct Session {
    pub(crate) settings: Settings,
    pub(crate) role: RoleState,
    pub(crate) credentials: Credentials,
    /// Checks requests of the peer and signs responses to them.
    pub(crate) key: Key,
    pub(crate) remote: Option<RemoteAuth>,
    pub(crate) locals: Locals,
    pub(crate) remotes: Remotes,
    pub(crate) list: CheckList,
    pub(crate) checks: Checks,
    pub(crate) early: EarlyChecks,
    pub(crate) entropy: Entropy,
    pub(crate) nominating: Option<Nominating>,
    /// When [`nominate`](Self::nominate) may come to another conclusion.
    pub(crate) decide_at: Option<Instant>,
    pub(crate) selected: Option<PairId>,
    /// When the selected pair was settled on.
    pub(crate) concluded_at: Option<Instant>,
    /// Why nothing but a restart helps.
    pub(crate) lost: Option<RestartReason>,
    /// The largest round trip measured, by which fresh checks are spaced.
    pub(crate) rtt: Option<Duration>,
    pub(crate) pacing: Duration,
    out: VecDeque<SessionOutput>,
    state: IceState,
    active: Option<(Path, bool)>,
    patience_until: Option<Instant>,
    remote_done: bool,
    gathering_done: bool,
    upgrade_told: bool,
    closed: bool,
}

impl Session {
    pub(crate) fn new(config: &IceConfig, mut entropy: Entropy) -> Self {
        let credentials = Credentials::generate(entropy.secret());
        Self {
            settings: Settings {
                policy: config.policy,
                profile: config.profile,
                patience: config.patience,
                relay_wait: config.relay_wait,
            },
            role: RoleState { role: config.role, tiebreaker: entropy.public_u64() },
            key: Key::new(credentials.pwd.as_bytes()),
            credentials,
            remote: None,
            locals: Locals::new(config.local_candidates_max),
            remotes: Remotes::new(config.remote_candidates_max),
            list: CheckList::new(config.pairs_max),
            checks: Checks::new(config.pairs_max),
            early: EarlyChecks::new(config.early_checks_max),
            entropy,
            nominating: None,
            decide_at: None,
            selected: None,
            concluded_at: None,
            lost: None,
            rtt: None,
            pacing: config.pacing,
            out: VecDeque::new(),
            state: IceState::New,
            active: None,
            patience_until: None,
            remote_done: false,
            gathering_done: false,
            upgrade_told: false,
            closed: false,
        }
    }

    /// Takes in a candidate of ours and pairs it. `true`: the peer should be told.
    pub(crate) fn add_local(&mut self, local: Local) -> bool {
        let is_base = local.candidate.address == local.base;
        let signalled = local.signalled;
        match self.locals.add(local) {
            Added::New(index) => {
                if is_base {
                    for remote in 0..self.remotes.iter().count() {
                        self.pair(index, remote);
                    }
                }
                signalled
            }
            Added::Redundant(_) | Added::Full => false,
        }
    }

    /// Takes in a candidate of the peer and pairs it (RFC 8838 §11).
    pub(crate) fn add_remote(&mut self, candidate: Candidate) -> Result<(), AddCandidateError> {
        candidate.validate()?;
        match self.remotes.tell(candidate) {
            Told::New(index) => {
                for base in 0..self.locals.iter().count() {
                    self.pair(base, index);
                }
                Ok(())
            }
            Told::Updated(index) => {
                for pair in self.list.iter_mut().filter(|pair| pair.remote == index) {
                    pair.kinds.1 = candidate.kind;
                    pair.foundation.1 = candidate.foundation;
                }
                self.reprioritize();
                Ok(())
            }
            Told::Known => Ok(()),
            Told::Full => Err(AddCandidateError::Full),
        }
    }

    /// Makes a pair, if these candidates make one and the policy allows it.
    pub(crate) fn pair(&mut self, base: usize, remote: usize) -> Option<PairId> {
        let local = self.locals.get(base)?;
        let candidate = self.remotes.get(remote)?;
        let relayed = local.candidate.kind == CandidateKind::Relayed;
        let is_base = local.candidate.address == local.base;
        if !is_base || !can_pair(local.base, candidate.address) {
            return None;
        }
        if self.settings.policy == Policy::Relay && !relayed {
            return None;
        }
        let path = Path::udp(local.base, scoped(candidate.address, local.base));
        if self.list.by_path(&path).is_some() {
            return None;
        }
        let id = self.list.insert(Pair {
            id: PairId(0),
            path,
            base,
            remote,
            kinds: (local.candidate.kind, candidate.kind),
            foundation: (local.candidate.foundation, candidate.foundation),
            priority: priority::pair(self.role.role, local.candidate.priority, candidate.priority),
            state: PairState::Frozen,
            failure: None,
            valid: None,
            blocked: relayed && !local.permitted.contains(&candidate.address.ip()),
            heard: false,
            open: 0,
            fresh: 0,
            first_sent: None,
            last_sent: None,
            nominated_by_peer: false,
            nominated: false,
            counters: PairCounters::default(),
        })?;
        self.list.place(id);
        Some(id)
    }

    /// Learns how to send requests to the peer, and does what its early checks ask for.
    pub(crate) fn set_remote(
        &mut self,
        now: Instant,
        credentials: &Credentials,
    ) -> Result<(), CredentialsError> {
        credentials.validate()?;
        if let Some(known) = &self.remote {
            let same = known.credentials == *credentials;
            return if same { Ok(()) } else { Err(CredentialsError::Changed) };
        }
        self.remote = Some(RemoteAuth {
            key: Key::new(credentials.pwd.as_bytes()),
            username: format!("{}:{}", credentials.ufrag, self.credentials.ufrag).into(),
            credentials: credentials.clone(),
        });
        self.patience_until = Some(now.saturating_add(self.settings.patience));
        for early in self.early.take() {
            if early.ufrag == credentials.ufrag {
                self.heed(now, &early.check);
            }
        }
        Ok(())
    }

    /// Takes another role and does what follows from it (RFC 8445 §7.3.1.1).
    pub(crate) fn switch_role(&mut self, role: Role) {
        if self.role.role == role {
            return;
        }
        self.role.role = role;
        self.nominating = None;
        self.reprioritize();
        self.event(IceEvent::RoleChanged(role));
    }

    fn reprioritize(&mut self) {
        let (role, locals, remotes) = (self.role.role, &self.locals, &self.remotes);
        self.list.reprioritize(|pair| {
            let local = locals.get(pair.base).map_or(0, |local| local.candidate.priority);
            let remote = remotes.get(pair.remote).map_or(0, |remote| remote.priority);
            priority::pair(role, local, remote)
        });
    }

    /// The peer has told all its candidates.
    pub(crate) fn end_of_remote(&mut self) {
        self.remote_done = true;
    }

    /// Whether all candidates of ours are known.
    pub(crate) fn set_gathering_done(&mut self, done: bool) {
        self.gathering_done = done;
    }

    /// Whether no more candidates are to be expected from either side.
    pub(crate) const fn has_all_candidates(&self) -> bool {
        self.remote_done && self.gathering_done
    }

    /// A relay lets this peer through from now on, or refused to.
    pub(crate) fn permitted(&mut self, base: usize, peer: IpAddr, granted: bool) {
        if let Some(local) = self.locals.get_mut(base)
            && granted
            && !local.permitted.contains(&peer)
        {
            local.permitted.push(peer);
        }
        let mut refused = VecDeque::new();
        for pair in self.list.iter_mut() {
            if pair.base == base && pair.path.remote.ip() == peer && pair.blocked {
                pair.blocked = !granted;
                if !granted {
                    refused.push_back(pair.id);
                }
            }
        }
        for id in refused {
            self.list.fail(id, PairFailure::Relay);
        }
    }

    /// A socket or relay is gone, and with it its pairs.
    pub(crate) fn base_lost(&mut self, base: usize, failure: PairFailure) {
        let on_it = |pair: &&Pair| pair.base == base;
        let ids: VecDeque<PairId> = self.list.iter().filter(on_it).map(|pair| pair.id).collect();
        for id in ids {
            self.lose(id, failure);
        }
    }

    /// Gives up a pair for good.
    pub(crate) fn lose(&mut self, id: PairId, failure: PairFailure) {
        self.checks.forget(id);
        self.list.fail(id, failure);
        if let Some(pair) = self.list.get_mut(id) {
            pair.open = 0;
        }
        let reason = match failure {
            PairFailure::ConsentExpired => RestartReason::ConsentExpired,
            PairFailure::ConsentRevoked => RestartReason::ConsentRevoked,
            _ => RestartReason::PathLost,
        };
        if self.selected == Some(id) {
            self.selected = None;
            self.lost = Some(reason);
        } else if self.nominating.as_ref().is_some_and(|nominating| nominating.pair == id) {
            self.nominating = None;
            self.lost = Some(RestartReason::NominationFailed);
        }
    }

    /// What everything so far comes to: nominates, and tells the application what changed.
    pub(crate) fn update(&mut self, now: Instant) {
        if !self.closed {
            self.nominate(now);
        }
        let active = self.active_pair().map(|pair| (pair.path, pair.nominated));
        if active != self.active {
            let moved = active.map(|(path, _)| path) != self.active.map(|(path, _)| path);
            self.active = active;
            if let Some(pair) = self.selected_pair() {
                if moved {
                    self.event(IceEvent::PathChanged(pair));
                }
                if pair.nominated {
                    self.event(IceEvent::Selected(pair));
                }
            }
        }
        let state = self.judge(now);
        if state != self.state {
            self.state = state;
            self.event(IceEvent::StateChanged(state));
            if state == IceState::Failed {
                let reason = self.lost.unwrap_or(RestartReason::NoPairWorks);
                self.event(IceEvent::RestartNeeded(reason));
            }
        }
    }

    /// The state that follows from everything else (RFC 8445 §6.1.3, RFC 8863 §4).
    fn judge(&self, now: Instant) -> IceState {
        if self.closed {
            IceState::Closed
        } else if self.lost.is_some() {
            IceState::Failed
        } else if self.selected.is_some() {
            IceState::Completed
        } else if self.list.best_valid().is_some() {
            IceState::Connected
        } else if self.remote.is_none() {
            IceState::New
        } else if self.patience_until.is_some_and(|until| until <= now)
            && self.gathering_done
            && self.list.is_exhausted()
        {
            IceState::Failed
        } else {
            IceState::Checking
        }
    }

    /// The state as of the last input.
    pub(crate) const fn state(&self) -> IceState {
        self.state
    }

    /// Tells, once, that a better pair works than the one that was settled on.
    pub(crate) fn tell_upgrade(&mut self) {
        if !self.upgrade_told {
            self.upgrade_told = true;
            self.event(IceEvent::RestartNeeded(RestartReason::BetterPair));
        }
    }

    /// The pair that data goes over: the selected one, before that the best that works
    /// (RFC 8445 §12.1).
    pub(crate) fn active_pair(&self) -> Option<&Pair> {
        if self.closed || self.lost.is_some() {
            return None;
        }
        match self.selected {
            Some(id) => self.list.get(id),
            None => self.list.best_valid(),
        }
    }

    /// The same for the application.
    pub(crate) fn selected_pair(&self) -> Option<SelectedPair> {
        let pair = self.active_pair()?;
        let local = pair.valid.and_then(|valid| self.locals.get(valid.local))?;
        Some(SelectedPair {
            path: pair.path,
            local: local.candidate.kind,
            remote: pair.kinds.1,
            nominated: pair.nominated,
        })
    }

    /// The earliest deadline of the session, apart from the pacer's.
    pub(crate) fn deadline(&self) -> Option<Instant> {
        if self.closed {
            return None;
        }
        let patience = self.patience_until.filter(|_| {
            self.state == IceState::Checking && self.gathering_done && self.list.is_exhausted()
        });
        [self.checks.next(), self.consent_at(), self.decide_at, patience]
            .into_iter()
            .flatten()
            .min()
    }

    /// Ends everything.
    pub(crate) fn close(&mut self) {
        self.closed = true;
        self.checks.clear();
        self.list.clear_triggered();
        self.nominating = None;
    }

    pub(crate) const fn is_closed(&self) -> bool {
        self.closed
    }

    pub(crate) fn transmit(&mut self, path: Path, bytes: Bytes) {
        self.out.push_back(SessionOutput::Transmit(path, bytes));
    }

    pub(crate) fn event(&mut self, event: IceEvent) {
        self.out.push_back(SessionOutput::Event(event));
    }

    /// The next thing that the session wants done.
    pub(crate) fn poll(&mut self) -> Option<SessionOutput> {
        self.out.pop_front()
    }
}
