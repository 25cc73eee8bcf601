//! The candidates of this agent, with their bases (RFC 8445 §5.1.1 and §5.1.3).
use crate::{Base, Candidate, CandidateKind, ids::LocalId};
use alloc::vec::Vec;
use core::net::{IpAddr, SocketAddr};

/// A candidate of ours.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub struct LocalCandidate {
    /// What the peer is told.
    pub candidate: Candidate,
    /// Where its packets leave from: our socket, or the relay.
    pub base: Base,
    /// Whether the peer is told of it.
    pub signalled: bool,
}

impl LocalCandidate {
    /// Whether packets leave from this very address.
    pub(crate) fn is_base(&self) -> bool {
        self.candidate.address == self.base.address()
    }
}

/// A candidate with what has become of it.
#[derive(Clone, Debug)]
struct Entry {
    local: LocalCandidate,
    /// Its socket, relay or mapping is no more.
    gone: bool,
    /// Peers that the relay lets through; empty for other kinds.
    permitted: Vec<IpAddr>,
}

/// What became of a candidate that was added.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(crate) enum LocalInsert {
    /// It is new. Whatever had this id before is to be forgotten.
    New(LocalId),
    /// It had been learned from an answer; now its kind and priority are known.
    Updated(LocalId),
    /// This candidate has the same address and base (RFC 8445 §5.1.3).
    Redundant(LocalId),
    /// There was no room.
    Full,
}

/// All of them.
#[derive(Debug)]
pub(crate) struct Locals {
    all: Vec<Entry>,
    max: usize,
}

impl Locals {
    pub(crate) const fn new(max: usize) -> Self {
        Self { all: Vec::new(), max }
    }

    /// None of them, with the same bound.
    pub(crate) const fn successor(&self) -> Self {
        Self::new(self.max)
    }

    /// Adds a candidate, unless one with the same address and base is known. A peer-reflexive one
    /// that a server confirms becomes what the server says it is. Where there is no room, one that
    /// is gone makes some.
    pub(crate) fn add(&mut self, local: LocalCandidate) -> LocalInsert {
        if let Some(id) = self.seen_as(local.candidate.address, local.base) {
            let known = &mut self.all[usize::from(id.0)].local;
            if known.candidate.kind == CandidateKind::PeerReflexive {
                *known = local;
                return LocalInsert::Updated(id);
            }
            return LocalInsert::Redundant(id);
        }
        let entry = Entry { local, gone: false, permitted: Vec::new() };
        let at = if self.all.len() < self.max {
            if self.all.capacity() == 0 {
                self.all.reserve_exact(1);
            }
            self.all.push(entry);
            self.all.len() - 1
        } else {
            let Some(at) = self.all.iter().position(|entry| entry.gone) else {
                return LocalInsert::Full;
            };
            self.all[at] = entry;
            at
        };
        LocalInsert::New(LocalId(at as u16))
    }

    /// One candidate, gone or not.
    pub(crate) fn get(&self, id: LocalId) -> Option<&LocalCandidate> {
        self.all.get(usize::from(id.0)).map(|entry| &entry.local)
    }

    /// One candidate that is not gone.
    pub(crate) fn live(&self, id: LocalId) -> Option<&LocalCandidate> {
        self.all.get(usize::from(id.0)).filter(|entry| !entry.gone).map(|entry| &entry.local)
    }

    /// The ids of all that there are or were.
    pub(crate) fn ids(&self) -> impl Iterator<Item = LocalId> + use<> {
        (0..self.all.len() as u16).map(LocalId)
    }

    /// Those that are not gone.
    pub(crate) fn iter(&self) -> impl Iterator<Item = (LocalId, &LocalCandidate)> {
        let live = self.all.iter().enumerate().filter(|(_, entry)| !entry.gone);
        live.map(|(at, entry)| (LocalId(at as u16), &entry.local))
    }

    /// The candidate that is this base.
    pub(crate) fn at_base(&self, base: Base) -> Option<LocalId> {
        self.seen_as(base.address(), base)
    }

    /// Whether this base is a relay.
    pub(crate) fn is_relayed(&self, base: Base) -> bool {
        let local = self.at_base(base).and_then(|id| self.get(id));
        local.is_some_and(|local| local.candidate.kind == CandidateKind::Relayed)
    }

    /// The candidate that the peer sees as `mapped` when packets leave from `base`.
    pub(crate) fn seen_as(&self, mapped: SocketAddr, base: Base) -> Option<LocalId> {
        let seen = |local: &LocalCandidate| local.candidate.address == mapped && local.base == base;
        self.iter().find(|(_, local)| seen(local)).map(|(id, _)| id)
    }

    /// The relay at this base lets the peer's address through.
    pub(crate) fn permit(&mut self, base: Base, peer: IpAddr) {
        if let Some(id) = self.at_base(base) {
            let permitted = &mut self.all[usize::from(id.0)].permitted;
            if !permitted.contains(&peer) {
                permitted.push(peer);
            }
        }
    }

    /// The relay at this base does not let the peer's address through.
    pub(crate) fn forbid(&mut self, base: Base, peer: IpAddr) {
        if let Some(id) = self.at_base(base) {
            self.all[usize::from(id.0)].permitted.retain(|permitted| *permitted != peer);
        }
    }

    /// Whether packets to this address wait for the relay's permission.
    pub(crate) fn awaits_permission(&self, id: LocalId, peer: IpAddr) -> bool {
        self.all.get(usize::from(id.0)).is_some_and(|entry| {
            entry.local.candidate.kind == CandidateKind::Relayed && !entry.permitted.contains(&peer)
        })
    }

    /// A NAT shows another address by now. Where there was none before, it showed the base itself,
    /// which is still there.
    pub(crate) fn withdraw(&mut self, mapped: SocketAddr, base: Base) -> Option<LocalCandidate> {
        let id = self.seen_as(mapped, base).filter(|_| mapped != base.address())?;
        let entry = &mut self.all[usize::from(id.0)];
        entry.gone = true;
        Some(entry.local)
    }

    /// A socket or relay is gone, and with it all candidates that leave from it.
    pub(crate) fn lose(&mut self, base: Base) -> Vec<LocalCandidate> {
        let of_it = self.all.iter_mut().filter(|entry| !entry.gone && entry.local.base == base);
        of_it
            .map(|entry| {
                entry.gone = true;
                entry.permitted = Vec::new();
                entry.local
            })
            .collect()
    }
}

#[cfg(test)]
mod tests {
    use super::{LocalCandidate, LocalInsert, Locals};
    use crate::{Base, Candidate, CandidateKind, ids::LocalId};
    use core::net::SocketAddr;

    fn host(port: u16) -> LocalCandidate {
        let address = SocketAddr::from(([192, 0, 2, 1], port));
        let candidate = Candidate::host(address);
        LocalCandidate { candidate, base: Base::udp(address), signalled: true }
    }

    #[test]
    fn one_address_of_one_base_is_one_candidate() {
        let mut locals = Locals::new(4);
        assert_eq!(locals.add(host(1)), LocalInsert::New(LocalId(0)));
        assert_eq!(locals.add(host(1)), LocalInsert::Redundant(LocalId(0)));
        let other = LocalCandidate { base: host(2).base, ..host(1) };
        assert_eq!(locals.add(other), LocalInsert::New(LocalId(1)));
        assert_eq!(locals.at_base(host(1).base), Some(LocalId(0)));
        assert_eq!(locals.at_base(host(2).base), None);
    }

    #[test]
    fn what_was_learned_becomes_what_a_server_says() {
        let mut locals = Locals::new(4);
        locals.add(host(1));
        let kind = CandidateKind::PeerReflexive;
        let learned = Candidate { kind, ..host(9).candidate };
        let learned = LocalCandidate { candidate: learned, base: host(1).base, signalled: false };
        assert_eq!(locals.add(learned), LocalInsert::New(LocalId(1)));
        let kind = CandidateKind::ServerReflexive;
        let told = LocalCandidate { candidate: Candidate { kind, ..learned.candidate }, ..learned };
        assert_eq!(locals.add(told), LocalInsert::Updated(LocalId(1)));
        assert_eq!(locals.get(LocalId(1)), Some(&told));
    }

    #[test]
    fn what_is_gone_makes_room() {
        let mut locals = Locals::new(1);
        locals.add(host(1));
        assert_eq!(locals.add(host(2)), LocalInsert::Full);
        assert_eq!(locals.lose(host(1).base), [host(1)]);
        assert_eq!(locals.iter().count(), 0);
        assert_eq!(locals.at_base(host(1).base), None);
        assert_eq!(locals.add(host(2)), LocalInsert::New(LocalId(0)));
        assert_eq!(locals.iter().count(), 1);
    }

    #[test]
    fn a_mapping_goes_alone() {
        let mut locals = Locals::new(4);
        locals.add(host(1));
        let mapped = LocalCandidate { base: host(1).base, ..host(9) };
        locals.add(mapped);
        assert_eq!(locals.withdraw(mapped.candidate.address, mapped.base), Some(mapped));
        assert_eq!(locals.withdraw(mapped.candidate.address, mapped.base), None);
        assert_eq!(locals.at_base(host(1).base), Some(LocalId(0)));
        // A host without a NAT is seen as it is, until it is not.
        assert_eq!(locals.withdraw(host(1).candidate.address, host(1).base), None);
        assert_eq!(locals.at_base(host(1).base), Some(LocalId(0)));
    }
}
