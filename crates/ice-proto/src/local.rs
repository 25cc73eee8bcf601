//! The candidates of this agent, with their bases (RFC 8445 §5.1.1 and §5.1.3).
use crate::{Candidate, CandidateKind};
use alloc::vec::Vec;
use core::net::{IpAddr, SocketAddr};

/// A candidate of ours.
#[derive(Clone, Debug)]
pub(crate) struct Local {
    pub candidate: Candidate,
    /// Where its packets leave from: our socket, or the relay.
    pub base: SocketAddr,
    /// Whether the peer is told of it.
    pub signalled: bool,
    /// Peers that the relay lets through; empty for other kinds.
    pub permitted: Vec<IpAddr>,
}

/// All of them. None is ever taken out, so an index stays good.
#[derive(Debug)]
pub(crate) struct Locals {
    all: Vec<Local>,
    max: usize,
}

/// What became of a candidate that was added.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(crate) enum Added {
    /// It has this index.
    New(usize),
    /// The candidate of this index has the same address and base (RFC 8445 §5.1.3).
    Redundant(usize),
    /// There was no room.
    Full,
}

impl Locals {
    pub(crate) const fn new(max: usize) -> Self {
        Self { all: Vec::new(), max }
    }

    /// Adds a candidate, unless one with the same address and base is known. A peer-reflexive one
    /// that a server confirms becomes what the server says it is.
    pub(crate) fn add(&mut self, local: Local) -> Added {
        let same = |known: &Local| {
            known.candidate.address == local.candidate.address && known.base == local.base
        };
        if let Some(index) = self.all.iter().position(same) {
            if self.all[index].candidate.kind == CandidateKind::PeerReflexive {
                self.all[index] = local;
                return Added::New(index);
            }
            return Added::Redundant(index);
        }
        if self.all.len() >= self.max {
            return Added::Full;
        }
        self.all.push(local);
        Added::New(self.all.len() - 1)
    }

    pub(crate) fn get(&self, index: usize) -> Option<&Local> {
        self.all.get(index)
    }

    pub(crate) fn get_mut(&mut self, index: usize) -> Option<&mut Local> {
        self.all.get_mut(index)
    }

    pub(crate) fn iter(&self) -> impl Iterator<Item = (usize, &Local)> {
        self.all.iter().enumerate()
    }

    /// The candidates that packets can leave from: those that are their own base. Pairs are made of
    /// these alone: a reflexive candidate is replaced by its base, and the pair is then redundant
    /// with the one of the base (RFC 8445 §6.1.2.4).
    pub(crate) fn bases(&self) -> impl Iterator<Item = (usize, &Local)> {
        self.iter().filter(|(_, local)| local.candidate.address == local.base)
    }

    /// The base at this address.
    pub(crate) fn base_at(&self, address: SocketAddr) -> Option<usize> {
        self.bases().find(|(_, local)| local.base == address).map(|(index, _)| index)
    }

    /// The candidate that the peer sees as `mapped` when packets leave from `base`.
    pub(crate) fn seen_as(&self, mapped: SocketAddr, base: SocketAddr) -> Option<usize> {
        let seen = |local: &Local| local.candidate.address == mapped && local.base == base;
        self.all.iter().position(seen)
    }
}
