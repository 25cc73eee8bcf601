//! What the owner can tell a session, and ask of it.
use super::IceSession;
use crate::{
    Base, Candidate, CredentialsError, IceCredentials, IceEvent, Implementation, PairId, PairStats,
    RestartReason, Role,
    credentials::RemoteSecret,
    pair::{Pair, PeerChoice},
    phase::Phase,
};
use core::{net::IpAddr, time::Duration};
use sans_io::{Instant, Path};

impl IceSession {
    /// What the peer must know to send checks.
    pub const fn local_credentials(&self) -> &IceCredentials {
        &self.local.credentials
    }

    /// The candidates that the peer is to be told, so far.
    pub fn local_candidates(&self) -> impl Iterator<Item = &Candidate> {
        let signalled = self.locals.iter().filter(|(_, local)| local.signalled);
        signalled.map(|(_, local)| &local.candidate)
    }

    /// The candidates of the peer, told or learned, so far.
    pub fn remote_candidates(&self) -> impl Iterator<Item = &Candidate> {
        self.remotes.iter().map(|(_, candidate)| candidate)
    }

    /// Starts to check: the peer has told its credentials. Other ones later mean that it restarted
    /// ICE, for which a new session is needed: see
    /// [`IceAgent::set_remote_credentials`](crate::IceAgent::set_remote_credentials).
    pub fn set_remote_credentials(
        &mut self,
        now: Instant,
        credentials: IceCredentials,
    ) -> Result<(), CredentialsError> {
        let now = self.advance(now);
        let set = self.learn_credentials(now, credentials);
        self.settle(now);
        set
    }

    fn learn_credentials(
        &mut self,
        now: Instant,
        credentials: IceCredentials,
    ) -> Result<(), CredentialsError> {
        if self.phase == Phase::Closed {
            return Err(CredentialsError::Closed);
        }
        credentials.validate()?;
        if credentials.ufrag == self.local.credentials.ufrag {
            return Err(CredentialsError::OwnUfrag);
        }
        if let Some(known) = &self.remote {
            let same = known.credentials == credentials;
            return if same { Ok(()) } else { Err(CredentialsError::Changed) };
        }
        self.remote = Some(RemoteSecret::new(credentials, &self.local.credentials));
        if self.is_lite() && !self.remote_lite {
            // RFC 8445 §6.1.1
            self.switch_role(Role::Controlled);
        }
        let patience = now.saturating_add(self.settings.patience);
        self.phase = Phase::Checking { patience };
        self.open(now);
        for pending in self.pending.take() {
            if self.remote.as_ref().is_some_and(|remote| remote.is_from(&pending.ufrag)) {
                if pending.check.nominates {
                    // It was confirmed to the peer, which will not repeat it, whatever role was taken
                    // since.
                    self.switch_role(Role::Controlled);
                }
                self.process_check(now, &pending.check);
            }
        }
        Ok(())
    }

    /// Whether all candidates of ours are known.
    pub fn set_local_complete(&mut self, now: Instant, complete: bool) {
        let now = self.advance(now);
        self.candidates.local_complete = complete;
        if complete {
            self.stop_holding(now);
        }
        self.settle(now);
    }

    /// The peer has told all its candidates (RFC 8838 §14).
    pub fn end_of_remote(&mut self, now: Instant) {
        let now = self.advance(now);
        self.candidates.remote_complete = true;
        self.settle(now);
    }

    /// Whether the peer is ICE-lite; this agent then controls (RFC 8445 §6.1.1), unless it is lite as
    /// well: then the roles are those of the configuration, and the pair is chosen without checks when
    /// all candidates of both are known. To be told before the credentials.
    pub fn set_remote_lite(&mut self, now: Instant, lite: bool) {
        let now = self.advance(now);
        self.remote_lite = lite;
        if lite && self.is_lite() {
            for remote in self.remotes.ids() {
                self.pair_remote(remote);
            }
        } else if lite {
            self.switch_role(Role::Controlling);
        }
        self.settle(now);
    }

    /// Takes another role than the configuration said.
    pub fn set_role(&mut self, now: Instant, role: Role) {
        let now = self.advance(now);
        self.switch_role(role);
        self.settle(now);
    }

    /// Takes another role and does what follows from it (RFC 8445 §7.3.1.1).
    pub(super) fn switch_role(&mut self, role: Role) {
        if self.role.role == role {
            return;
        }
        self.role.role = role;
        self.renominate();
        self.reprioritize();
        self.event(IceEvent::RoleChanged(role));
    }

    /// The role, which may have changed to repair a conflict.
    pub const fn role(&self) -> Role {
        self.role.role
    }

    /// What it does of ICE; a lite one says so with `a=ice-lite` (RFC 8839 §5.3).
    pub const fn implementation(&self) -> Implementation {
        self.settings.implementation
    }

    /// Ends everything: nothing is sent any more, and the peer's requests are answered with 403, so
    /// that it learns of it.
    pub fn close(&mut self, now: Instant) {
        let now = self.advance(now);
        self.phase = Phase::Closed;
        self.fall_silent();
        self.settle(now);
    }

    /// Whether the peer has told its credentials.
    pub const fn knows_peer(&self) -> bool {
        self.remote.is_some()
    }

    /// Why nothing but a restart helps, once that is so.
    pub const fn lost(&self) -> Option<RestartReason> {
        match self.phase {
            Phase::Lost(reason) => Some(reason),
            _ => None,
        }
    }

    /// When both agents first settled on a pair.
    pub(crate) const fn concluded_at(&self) -> Option<Instant> {
        match self.phase {
            Phase::Concluded { at, .. } => Some(at),
            _ => None,
        }
    }

    /// Whether the peer nominated other pairs than the one that was settled on.
    pub(crate) fn has_rivals(&self) -> bool {
        let selected = self.phase.selected();
        let chosen = |pair: &Pair| pair.peer_choice != PeerChoice::None;
        self.list.iter().any(|pair| chosen(pair) && Some(pair.id) != selected)
    }

    /// The paths of the pair that data goes over, and of those that the peer nominated and sent a
    /// request on within `recent`.
    pub(crate) fn paths_in_use(
        &self,
        now: Instant,
        recent: Duration,
    ) -> impl Iterator<Item = Path> {
        // One whose connection is being opened again is in use as well.
        let active = self.phase.selected().or_else(|| self.active_pair().map(|pair| pair.id));
        let is_recent = move |pair: &Pair| {
            pair.peer_choice != PeerChoice::None
                && pair.last_request.is_some_and(|at| now.saturating_since(at) < recent)
        };
        let used = self.list.iter().filter(move |pair| Some(pair.id) == active || is_recent(pair));
        used.map(|pair| pair.path)
    }

    /// The paths that the peer sent a request over within `recent`.
    pub(crate) fn paths_asked(&self, now: Instant, recent: Duration) -> impl Iterator<Item = Path> {
        let is_recent = move |pair: &&Pair| {
            pair.last_request.is_some_and(|at| now.saturating_since(at) < recent)
        };
        self.list.iter().filter(is_recent).map(|pair| pair.path)
    }

    /// The relays that do not let an address of the peer through yet, with the address, as long as
    /// nothing is settled.
    pub(crate) fn awaited_permissions(&self) -> impl Iterator<Item = (Base, IpAddr)> {
        let checks = matches!(self.phase, Phase::Checking { .. });
        let awaits = move |pair: &&Pair| checks && pair.awaits_permission && pair.is_open();
        let pairs = self.list.iter().filter(awaits);
        pairs.map(|pair| (Base::of(pair.path), pair.path.remote().ip()))
    }

    /// The path that data goes over, as of the last input.
    pub fn active_path(&self) -> Option<Path> {
        let active = self.told.active?;
        self.list.get(active.pair).map(|pair| pair.path)
    }

    /// The pair that data goes over.
    pub(crate) fn active(&self) -> Option<(PairId, Path)> {
        self.active_pair().map(|pair| (pair.id, pair.path))
    }

    /// Whether packets leave from here.
    pub(crate) fn has_base(&self, base: Base) -> bool {
        self.locals.at_base(base).is_some()
    }

    /// Every pair there is, best first, with what happened on it.
    pub fn pairs(&self) -> impl Iterator<Item = PairStats> {
        self.list.iter().filter_map(|pair| self.stats_of(pair))
    }

    fn stats_of(&self, pair: &Pair) -> Option<PairStats> {
        let local = pair.valid().map_or(pair.local, |valid| valid.local);
        Some(PairStats {
            id: pair.id,
            path: pair.path,
            local: self.locals.get(local)?.candidate,
            remote: *self.remotes.get(pair.remote)?,
            priority: pair.priority,
            state: pair.progress.into(),
            nominated: self.phase.selected() == Some(pair.id),
            awaits_permission: pair.awaits_permission,
            counters: pair.counters,
        })
    }
}
