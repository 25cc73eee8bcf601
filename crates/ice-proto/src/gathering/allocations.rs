//! What becomes of relays that were asked for: candidates, or another way to ask
//! (RFC 8445 §5.1.1.2, RFC 8656 §7.4).
use super::{Gathering, GatheringEvent, Stage, reaches, relays::RelayEvent, tasks::RelayPlan};
use crate::{Base, CandidatePolicy, GatheringFailure, GatheringFault};
use sans_io::{Instant, Path, SocketRequest, canonical};
use stun_proto::attribute::AddressFamily;
use turn_proto::TurnFault;

/// How often a server may send us to another one.
const REDIRECTS_MAX: u8 = 2;
/// How often a server may want another local port.
const SOCKETS_MAX: u8 = 2;

impl Gathering {
    /// Takes what the relays have to say.
    pub(super) fn run_relays(&mut self, now: Instant) {
        while let Some(event) = self.relays.poll() {
            match event {
                RelayEvent::Transmit(transmit) => self.transmit(transmit),
                RelayEvent::Socket(_) | RelayEvent::NotConnected(..) => {
                    self.on_relay_socket(now, event);
                }
                RelayEvent::Allocated { path, plan, relayed, mapped } => {
                    // What a NAT shows for a connection says nothing of datagrams.
                    if !path.transport().is_stream() {
                        let answer = self.mappings.keep(now, path, plan.key, mapped);
                        self.mapping_learned(path, answer);
                    }
                    self.relayed_candidate(plan.key, relayed, mapped);
                }
                RelayEvent::Failed { path, plan, fault } => {
                    self.relay_failed(now, path, plan, fault);
                }
                RelayEvent::Lost { plan, relayed } => {
                    self.event(GatheringEvent::BaseLost(Base::udp(relayed)));
                    self.ask_relay_again(now, plan);
                }
                RelayEvent::Permission { relayed, peer, granted } => {
                    let relay = Base::udp(relayed);
                    self.event(GatheringEvent::Permission { relay, peer, granted });
                }
            }
        }
    }

    /// A relay was lost: another one is asked for as long as it may be of use, of the server of the
    /// configuration.
    fn ask_relay_again(&mut self, now: Instant, plan: RelayPlan) {
        if self.stage == Stage::Released {
            return;
        }
        let Some(server) = self.servers.get(plan.key.server) else { return };
        let plan = RelayPlan { address: server.address, redirects: 0, sockets: 0, ..plan };
        self.tasks.ask_again(now, plan);
        if self.stage == Stage::Resting && self.tasks.is_waiting() {
            self.stage = Stage::Asking;
            self.event(GatheringEvent::Resumed);
        }
    }

    /// A server gave no relay: what the answer allows is tried next.
    fn relay_failed(&mut self, now: Instant, path: Path, plan: RelayPlan, fault: TurnFault) {
        if self.stage == Stage::Released {
            return;
        }
        let base = path.local();
        match fault {
            // The server relays no such family. It may relay that of the socket.
            TurnFault::FamilyUnsupported if plan.family != AddressFamily::of(base.ip()) => {
                let family = AddressFamily::of(base.ip());
                return self.tasks.ask_relay(RelayPlan { family, ..plan });
            }
            TurnFault::TryAlternate(address)
                if plan.redirects < REDIRECTS_MAX && reaches(base, address) =>
            {
                let redirects = plan.redirects + 1;
                let address = canonical(address);
                return self.tasks.ask_relay(RelayPlan { address, redirects, ..plan });
            }
            // The server still has an allocation for this socket (RFC 8656 §7.4).
            TurnFault::Mismatch if plan.sockets < SOCKETS_MAX => {
                let plan = RelayPlan { sockets: plan.sockets + 1, ..plan };
                if path.transport().is_stream() {
                    // Each connection has a port of its own.
                    return self.tasks.ask_relay(plan);
                }
                if let Some((id, local)) = self.hosts.open_for_relay(plan) {
                    return self.out.socket(SocketRequest::Bind { id, local });
                }
            }
            _ => {}
        }
        if plan.losses > 0 {
            // It was there before, and will be again.
            self.tasks.ask_again(now, plan);
        }
        let (local, server) = (base, Some(path.remote()));
        self.fail(GatheringFailure { local, server, fault: fault_of(fault) });
        if path.transport().is_stream() {
            return;
        }
        let no_room = matches!(fault, TurnFault::NoCapacity | TurnFault::QuotaReached);
        if no_room
            && self.policy == CandidatePolicy::All
            && !self.servers.tells_mappings(path.remote())
            && !self.mappings.expects(&path)
        {
            // It can still say how it sees us (RFC 8445 §5.1.1.2).
            self.tasks.ask_mapping(plan.key, path.remote());
        }
    }
}

const fn fault_of(fault: TurnFault) -> GatheringFault {
    match fault {
        TurnFault::TimedOut => GatheringFault::TimedOut,
        TurnFault::WrongCredentials => GatheringFault::Refused(401),
        TurnFault::BadRequest => GatheringFault::Refused(400),
        TurnFault::Forbidden => GatheringFault::Refused(403),
        TurnFault::MobilityForbidden => GatheringFault::Refused(405),
        TurnFault::UnknownAttribute | TurnFault::DontFragmentUnsupported => {
            GatheringFault::Refused(420)
        }
        TurnFault::Mismatch => GatheringFault::Refused(437),
        TurnFault::FamilyUnsupported => GatheringFault::Refused(440),
        TurnFault::TransportUnsupported => GatheringFault::Refused(442),
        TurnFault::FamilyMismatch => GatheringFault::Refused(443),
        TurnFault::ConnectionExists => GatheringFault::Refused(446),
        TurnFault::PeerRefused => GatheringFault::Refused(447),
        TurnFault::QuotaReached => GatheringFault::Refused(486),
        TurnFault::NoCapacity => GatheringFault::Refused(508),
        TurnFault::TryAlternate(_) => GatheringFault::Refused(300),
        TurnFault::Other(code) => GatheringFault::Refused(code),
        TurnFault::Unprotected
        | TurnFault::UnknownAlgorithm
        | TurnFault::BadResponse
        | TurnFault::Disconnected => GatheringFault::Broken,
    }
}
