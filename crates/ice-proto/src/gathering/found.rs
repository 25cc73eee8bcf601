//! What was found becomes a candidate: foundation, priority, related address (RFC 8445 §5.1.1.3 and
//! §5.1.2).
use super::{Gathered, Gathering};
use crate::{
    COMPONENT, Candidate, CandidateKind, Policy, foundation::Group, local::Local, priority,
};
use alloc::vec::Vec;
use core::net::SocketAddr;
use sans_io::{Instant, Path, Transport, canonical};

impl Gathering {
    /// Makes a candidate of ours.
    pub(super) fn candidate(
        &mut self,
        kind: CandidateKind,
        address: SocketAddr,
        base: SocketAddr,
        server: Option<SocketAddr>,
        host_rank: usize,
        server_rank: usize,
    ) -> Candidate {
        let foundation = self.foundations.of(Group {
            kind,
            base: base.ip(),
            server: server.map(|server| server.ip()),
            transport: Transport::Udp,
        });
        let preference = priority::preference(host_rank, server_rank);
        Candidate {
            foundation,
            component: COMPONENT,
            transport: Transport::Udp,
            priority: priority::candidate(kind, preference),
            address,
            kind,
            related: None,
        }
    }

    pub(super) fn add_local(&mut self, candidate: Candidate, base: SocketAddr, signalled: bool) {
        let local = Local { candidate, base, signalled, permitted: Vec::new() };
        self.out.push_back(Gathered::Local(local));
    }

    /// A server told how it sees a socket of ours.
    pub(super) fn reflexive(
        &mut self,
        base: SocketAddr,
        host: usize,
        server_rank: usize,
        server: SocketAddr,
        mapped: SocketAddr,
    ) {
        if self.policy == Policy::Relay {
            return;
        }
        let kind = CandidateKind::ServerReflexive;
        let host_rank = self.hosts.get(host).map_or(0, |host| host.rank);
        let mapped = canonical(mapped);
        let mut candidate =
            self.candidate(kind, mapped, base, Some(server), host_rank, server_rank);
        candidate.related = Some(base);
        self.add_local(candidate, base, true);
    }

    /// A TURN server gave an address.
    pub(crate) fn allocated(
        &mut self,
        now: Instant,
        base: SocketAddr,
        (host, index): (usize, usize),
        (relayed, mapped): (SocketAddr, SocketAddr),
    ) {
        let Some((server, _)) = self.turn_servers.get(index) else { return };
        let server = *server;
        let rank = self.stun_servers.len() + index;
        self.mappings.keep(now, Path::udp(base, server), (host, rank));
        self.reflexive(base, host, rank, server, mapped);
        let relayed = canonical(relayed);
        if self.is_local(relayed) {
            // A relayed candidate that is also a host candidate (RFC 8445 §5.1.1.2).
            return;
        }
        let host_rank = self.hosts.get(host).map_or(0, |host| host.rank);
        let kind = CandidateKind::Relayed;
        let mut candidate = self.candidate(kind, relayed, relayed, Some(server), host_rank, index);
        candidate.related = Some(match self.policy {
            Policy::All => canonical(mapped),
            Policy::Relay => hidden(mapped),
        });
        self.add_local(candidate, relayed, true);
    }
}

/// What stands for an address that is not told (RFC 8839 §5.1).
fn hidden(like: SocketAddr) -> SocketAddr {
    match like {
        SocketAddr::V4(_) => SocketAddr::from(([0, 0, 0, 0], 9)),
        SocketAddr::V6(_) => SocketAddr::from(([0; 8], 9)),
    }
}
