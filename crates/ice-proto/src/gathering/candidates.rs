//! What was found becomes a candidate: foundation, priority, related address (RFC 8445 §5.1.1.3 and
//! §5.1.2).
use super::{GatherKey, Gathering, GatheringEvent};
use crate::{
    Base, COMPONENT, Candidate, CandidateKind, CandidatePolicy, CandidateTransport, TcpType,
    foundation::Group, ids::HostId, locals::LocalCandidate, priority,
};
use core::net::SocketAddr;
use sans_io::canonical;

/// Where a candidate was found.
#[derive(Clone, Copy)]
struct Found {
    kind: CandidateKind,
    address: SocketAddr,
    base: SocketAddr,
    related: Option<SocketAddr>,
    signalled: bool,
}

impl Gathering {
    /// A socket is open.
    pub(super) fn host_candidate(&mut self, host: HostId, base: SocketAddr) {
        let signalled = self.policy == CandidatePolicy::All;
        let kind = CandidateKind::Host;
        self.found(host, None, Found { kind, address: base, base, related: None, signalled });
    }

    /// A server told how it sees a socket of ours.
    pub(super) fn reflexive_candidate(
        &mut self,
        key: GatherKey,
        base: SocketAddr,
        mapped: SocketAddr,
    ) {
        if self.policy == CandidatePolicy::All {
            let (kind, related) = (CandidateKind::ServerReflexive, Some(base));
            let found = Found { kind, address: mapped, base, related, signalled: true };
            self.found(key.host, Some(key), found);
        }
    }

    /// A TURN server gave an address.
    pub(super) fn relayed_candidate(
        &mut self,
        key: GatherKey,
        relayed: SocketAddr,
        mapped: SocketAddr,
    ) {
        if self.is_local(relayed) {
            // A relayed candidate that is also a host candidate (RFC 8445 §5.1.1.2).
            return;
        }
        let related = Some(match self.policy {
            CandidatePolicy::All => canonical(mapped),
            CandidatePolicy::Relay => hidden(mapped),
        });
        let (kind, signalled) = (CandidateKind::Relayed, true);
        let found = Found { kind, address: relayed, base: relayed, related, signalled };
        self.found(key.host, Some(key), found);
    }

    /// Connections can be made from here, or listened for. `rank`: the place of the address in the order
    /// of preference.
    pub(super) fn tcp_candidate(&mut self, tcp: TcpType, address: SocketAddr, rank: u16) {
        let (kind, transport) = (CandidateKind::Host, CandidateTransport::Tcp(tcp));
        let group = Group { kind, base: address.ip(), server: None, transport };
        let candidate = Candidate {
            foundation: self.foundations.of(group),
            component: COMPONENT,
            transport,
            priority: priority::candidate(kind, transport, priority::tcp_preference(tcp, rank)),
            address,
            kind,
            related: None,
        };
        let local = LocalCandidate { candidate, base: Base::tcp(address), signalled: true };
        self.event(GatheringEvent::Candidate(local));
    }

    fn found(&mut self, host: HostId, asked: Option<GatherKey>, found: Found) {
        let Found { kind, address, base, related, signalled } = found;
        let server = asked.and_then(|key| self.servers.get(key.server));
        let foundation = self.foundations.of(Group {
            kind,
            base: base.ip(),
            server: server.map(|server| server.address.ip()),
            transport: CandidateTransport::Udp,
        });
        let host_rank = self.hosts.get(host).map_or(0, |host| host.rank);
        let server_rank = asked.map_or(0, |key| key.server.0);
        let preference = priority::preference(host_rank.into(), server_rank.into());
        let candidate = Candidate {
            foundation,
            component: COMPONENT,
            transport: CandidateTransport::Udp,
            priority: priority::candidate(kind, CandidateTransport::Udp, preference),
            address,
            kind,
            related,
        };
        let local = LocalCandidate { candidate, base: Base::udp(base), signalled };
        self.event(GatheringEvent::Candidate(local));
    }
}

/// What stands for an address that is not told (RFC 8839 §5.1).
fn hidden(like: SocketAddr) -> SocketAddr {
    match like {
        SocketAddr::V4(_) => SocketAddr::from(([0, 0, 0, 0], 9)),
        SocketAddr::V6(_) => SocketAddr::from(([0; 8], 9)),
    }
}
