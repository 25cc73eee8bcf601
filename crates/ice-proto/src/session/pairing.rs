//! Candidates of both sides, and the pairs they make (RFC 8445 §6.1.2, RFC 8838 §11).
use super::Session;
use crate::{
    AddCandidateError, Candidate, CandidateKind, Policy,
    local::{Added, Local},
    pair::{Pair, PairCounters, PairId, PairState},
    priority,
    remote::{Told, can_pair, scoped},
};
use sans_io::Path;

impl Session {
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
                self.pair_remote(index);
                Ok(())
            }
            Told::Updated(index) => {
                for pair in self.list.iter_mut().filter(|pair| pair.remote == index) {
                    pair.kinds.1 = candidate.kind;
                    pair.foundation.1 = candidate.foundation;
                }
                self.reprioritize();
                // What was learned was paired only with the address that learned it.
                self.pair_remote(index);
                Ok(())
            }
            Told::Known => Ok(()),
            Told::Full => Err(AddCandidateError::Full),
        }
    }

    /// Makes all pairs of a candidate of the peer that there are not yet.
    fn pair_remote(&mut self, remote: usize) {
        for base in 0..self.locals.iter().count() {
            self.pair(base, remote);
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
            wanted: None,
            nominated: false,
            counters: PairCounters::default(),
        })?;
        self.list.place(id);
        Some(id)
    }

    /// Ranks all pairs anew.
    pub(super) fn reprioritize(&mut self) {
        let (role, locals, remotes) = (self.role.role, &self.locals, &self.remotes);
        self.list.reprioritize(|pair| {
            let local = locals.get(pair.base).map_or(0, |local| local.candidate.priority);
            let remote = remotes.get(pair.remote).map_or(0, |remote| remote.priority);
            priority::pair(role, local, remote)
        });
    }
}
