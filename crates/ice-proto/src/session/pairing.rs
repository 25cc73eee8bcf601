//! Candidates of both sides, and the pairs they make (RFC 8445 §6.1.2, RFC 8838 §11).
use super::IceSession;
use crate::{
    AddCandidateError, Base, Candidate, CandidateKind, CandidatePolicy, CandidateTransport,
    IceEvent, TcpCandidates,
    check_list::Claim,
    ids::{LocalId, PairId, RemoteId},
    locals::{LocalCandidate, LocalInsert},
    pair::{Foundations, Kinds, NewPair, Pair, PairFailure},
    priority,
    remotes::{RemoteInsert, can_pair, scoped, transports_pair},
};
use alloc::vec::Vec;
use core::net::{IpAddr, SocketAddr};
use sans_io::Instant;

impl IceSession {
    /// Takes in a candidate of ours and pairs it. It is told with [`IceEvent::Candidate`] if the
    /// peer is to know it.
    pub fn add_local(&mut self, now: Instant, local: LocalCandidate) {
        let now = self.advance(now);
        match self.locals.add(local) {
            LocalInsert::New(id) => {
                self.forget_local(id);
                self.pair_local(id, &local);
            }
            LocalInsert::Updated(id) => self.pair_local(id, &local),
            LocalInsert::Redundant(_) => {}
            LocalInsert::Full => self.event(IceEvent::CandidateDropped(local.candidate)),
        }
        self.settle(now);
    }

    fn pair_local(&mut self, id: LocalId, local: &LocalCandidate) {
        if local.is_base() {
            self.list.remove_lost(local.base);
            for remote in self.remotes.ids() {
                self.pair(id, remote, Claim::Told);
            }
        }
        if local.signalled {
            self.event(IceEvent::Candidate(local.candidate));
        }
    }

    /// A NAT shows another address than `mapped` for this base by now.
    pub fn withdraw_local(&mut self, now: Instant, mapped: SocketAddr, base: Base) {
        let now = self.advance(now);
        if let Some(local) = self.locals.withdraw(mapped, base).filter(|local| local.signalled) {
            self.event(IceEvent::CandidateLost(local.candidate));
        }
        self.settle(now);
    }

    /// A socket or relay is gone, and with it its candidates and pairs.
    pub fn lose_base(&mut self, now: Instant, base: Base) {
        let now = self.advance(now);
        let Some(id) = self.locals.at_base(base) else { return self.settle(now) };
        for local in self.locals.lose(base) {
            if local.signalled {
                self.event(IceEvent::CandidateLost(local.candidate));
            }
        }
        let pairs: Vec<PairId> =
            self.list.iter().filter(|pair| pair.local == id).map(|pair| pair.id).collect();
        for pair in pairs {
            self.lose(pair, PairFailure::BaseLost);
        }
        self.settle(now);
    }

    /// A relay lets this address of the peer through from now on, or does not, or not any more.
    pub fn permission(&mut self, now: Instant, base: Base, peer: IpAddr, granted: bool) {
        let now = self.advance(now);
        if granted {
            self.locals.permit(base, peer);
        } else {
            self.locals.forbid(base, peer);
        }
        let concerns = |pair: &&Pair| {
            pair.path.remote().ip() == peer
                && Base::of(pair.path) == base
                && (pair.awaits_permission || !granted)
        };
        let pairs: Vec<PairId> = self.list.iter().filter(concerns).map(|pair| pair.id).collect();
        for id in pairs {
            if let Some(pair) = self.list.get_mut(id) {
                pair.awaits_permission = false;
            }
            if !granted {
                self.lose(id, PairFailure::Relay);
            }
        }
        self.settle(now);
    }

    /// Takes in a candidate of the peer and pairs it (RFC 8838 §11). Where there is no room what is
    /// best stays, and what the peer was heard from; what has to go is told.
    pub fn add_remote(
        &mut self,
        now: Instant,
        candidate: Candidate,
    ) -> Result<(), AddCandidateError> {
        let now = self.advance(now);
        let added = self.add_remote_inner(candidate);
        self.settle(now);
        added
    }

    fn add_remote_inner(&mut self, candidate: Candidate) -> Result<(), AddCandidateError> {
        if self.phase == crate::phase::Phase::Closed {
            return Err(AddCandidateError::Closed);
        }
        candidate.validate()?;
        if self.settings.tcp == TcpCandidates::None
            && candidate.transport != CandidateTransport::Udp
        {
            return Err(AddCandidateError::Transport(candidate.transport));
        }
        match self.remotes.tell(candidate) {
            RemoteInsert::New(id) => self.pair_remote(id),
            RemoteInsert::Replaced { id, evicted } => {
                self.forget_remote(id, evicted);
                self.pair_remote(id);
            }
            RemoteInsert::Updated(id) => {
                for pair in self.list.of_remote_mut(id) {
                    pair.kinds.remote = candidate.kind;
                    pair.foundations.remote = candidate.foundation;
                }
                self.reprioritize();
                // What was learned was paired only with the address that learned it.
                self.pair_remote(id);
            }
            RemoteInsert::Known(_) => {}
            RemoteInsert::Full => return Err(AddCandidateError::Full),
        }
        Ok(())
    }

    /// Another candidate of the peer has taken the place of this one.
    pub(super) fn forget_remote(&mut self, id: RemoteId, evicted: Candidate) {
        self.list.remove_remote(id);
        self.forget_orphans();
        self.event(IceEvent::CandidateDropped(evicted));
    }

    /// A candidate of ours has taken the place of one that is gone.
    pub(super) fn forget_local(&mut self, id: LocalId) {
        self.list.remove_local(id);
        self.forget_orphans();
    }

    /// Requests of pairs that are no more.
    fn forget_orphans(&mut self) {
        let list = &self.list;
        self.checks.retain(|open| list.get(open.pair).is_some());
        self.consent.retain(|pair| list.get(pair).is_some());
    }

    /// Makes all pairs of a candidate of the peer that there are not yet.
    pub(super) fn pair_remote(&mut self, remote: RemoteId) {
        for local in self.locals.ids() {
            self.pair(local, remote, Claim::Told);
        }
    }

    /// Makes a pair, if these candidates make one and the policy allows it.
    pub(super) fn pair(&mut self, id: LocalId, remote: RemoteId, claim: Claim) -> Option<PairId> {
        if claim == Claim::Told && self.is_lite() && !self.remote_lite {
            return None;
        }
        let local = self.locals.live(id)?;
        let candidate = self.remotes.get(remote)?;
        let base = local.base.address();
        if !local.is_base()
            || !can_pair(base, candidate.address)
            || !transports_pair(local.candidate.transport, candidate.transport, claim)
        {
            return None;
        }
        let relayed = local.candidate.kind == CandidateKind::Relayed;
        if self.settings.policy == CandidatePolicy::Relay && !relayed {
            return None;
        }
        let path = local.base.path_to(scoped(candidate.address, base));
        if self.list.by_path(&path).is_some() {
            return None;
        }
        let (ours, theirs) = (&local.candidate, candidate);
        let new = NewPair {
            path,
            local: id,
            remote,
            kinds: Kinds { local: ours.kind, remote: theirs.kind },
            foundations: Foundations { local: ours.foundation, remote: theirs.foundation },
            priority: priority::pair(self.role.role, ours.priority, theirs.priority),
            awaits_permission: self.locals.awaits_permission(id, theirs.address.ip()),
        };
        let inserted = self.list.insert(new, claim)?;
        if inserted.evicted.is_some() {
            self.forget_orphans();
        }
        Some(inserted.id)
    }

    /// Ranks all pairs anew.
    pub(super) fn reprioritize(&mut self) {
        let (role, locals, remotes) = (self.role.role, &self.locals, &self.remotes);
        self.list.reprioritize(|local, remote| {
            let local = locals.get(local).map_or(0, |local| local.candidate.priority);
            let remote = remotes.get(remote).map_or(0, |remote| remote.priority);
            priority::pair(role, local, remote)
        });
    }
}
