//! One ICE session: everything between learning candidates and agreeing on a pair, without sockets
//! or relays. The files beside `check.rs` each give it one ability.
mod pairing;
mod progress;

use crate::{
    Credentials, CredentialsError, IceConfig, IceEvent, IceState, Policy, Profile, RestartReason,
    Role,
    check_list::CheckList,
    early::EarlyChecks,
    local::Locals,
    nomination::Nominating,
    pair::{Pair, PairFailure, PairId},
    remote::Remotes,
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
    pub nominate_to_lite: bool,
}

/// The parts of a session; each file gives it one ability.
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
    /// The peer is ICE-lite.
    pub(crate) remote_lite: bool,
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
                nominate_to_lite: config.nominate_to_lite,
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
            remote_lite: false,
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
            if *early.ufrag == *credentials.ufrag.as_bytes() {
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
        self.renominate();
        self.reprioritize();
        self.event(IceEvent::RoleChanged(role));
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
            if pair.base == base && pair.path.remote().ip() == peer && pair.blocked {
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
            self.end(reason);
        } else if self.nominating.as_ref().is_some_and(|nominating| nominating.pair == id) {
            self.end(RestartReason::NominationFailed);
        }
    }

    /// Nothing but a restart helps.
    pub(crate) fn end(&mut self, reason: RestartReason) {
        self.lost = Some(reason);
        self.fall_silent();
    }

    /// Nothing more is sent on any pair, and no answer counts.
    fn fall_silent(&mut self) {
        self.nominating = None;
        self.decide_at = None;
        self.checks.clear();
        self.list.clear_triggered();
        for pair in self.list.iter_mut() {
            pair.valid = None;
        }
    }

    /// The earliest deadline of the session, apart from the pacer's.
    pub(crate) fn deadline(&self) -> Option<Instant> {
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
        self.fall_silent();
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
