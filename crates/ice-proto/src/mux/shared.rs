//! What gathering has found for all sessions of a mux.
use crate::{Base, CandidateKind, IceEvent, IceSession, Implementation, LocalCandidate};
use alloc::vec::Vec;
use core::{net::SocketAddr, time::Duration};
use sans_io::Instant;

/// The candidates that there are at present, and what is known of the way to servers.
#[derive(Debug, Default)]
pub(super) struct Shared {
    candidates: Vec<LocalCandidate>,
    /// What gathering came to, once all has been tried.
    complete: Option<Way>,
}

/// The way to the nearest server, as far as it is known.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq)]
pub(super) struct Way {
    pub(super) rtt: Option<Duration>,
    pub(super) hops: Option<u8>,
}

impl Shared {
    /// Takes in a candidate.
    pub(super) fn add(&mut self, local: LocalCandidate) {
        self.candidates.push(local);
    }

    /// A NAT shows another address by now.
    pub(super) fn withdraw(&mut self, mapped: SocketAddr, base: Base) {
        let is_it = |local: &LocalCandidate| {
            local.candidate.address == mapped
                && local.base == base
                && local.candidate.kind != CandidateKind::Host
        };
        self.candidates.retain(|local| !is_it(local));
    }

    /// A socket is gone.
    pub(super) fn lose(&mut self, base: Base) {
        self.candidates.retain(|local| local.base != base);
    }

    /// More is to come.
    pub(super) fn resume(&mut self) {
        self.complete = None;
    }

    /// All has been tried.
    pub(super) fn finish(&mut self, way: Way) {
        self.complete = Some(way);
    }

    /// Whether a session is to have this candidate: a lite one has host candidates only
    /// (RFC 8445 §5.2).
    pub(super) fn is_for(implementation: Implementation, local: &LocalCandidate) -> bool {
        implementation == Implementation::Full || local.candidate.kind == CandidateKind::Host
    }

    /// Tells a session that has just begun everything.
    pub(super) fn tell(
        &self,
        now: Instant,
        implementation: Implementation,
        session: &mut IceSession,
    ) {
        for local in self.candidates.iter().filter(|local| Self::is_for(implementation, local)) {
            session.add_local(now, *local);
        }
        self.tell_completion(now, session);
    }

    /// Tells a session that all candidates are known, if they are.
    pub(super) fn tell_completion(&self, now: Instant, session: &mut IceSession) {
        let Some(way) = self.complete else {
            return session.set_local_complete(now, false);
        };
        session.event(IceEvent::GatheringComplete);
        session.know_server(now, way.rtt, way.hops);
        session.set_local_complete(now, true);
    }
}
