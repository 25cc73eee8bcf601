//! Looking at a NAT from both sides, as a prober on real machines would, and naming what it does.
pub(crate) mod segments;

use crate::{
    Dependence, Hairpin, Heard, Host, HostId, Link, MachineId, Nat, NatId, Peer, TopologyError,
    World,
};
use bytes::Bytes;
use core::time::Duration;
use std::net::SocketAddr;

/// How long a probe waits. Links take no time here, so this is for ever.
const WAIT: Duration = Duration::from_millis(200);

/// What a new connection's port became compared with what it was or should have been.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Hash)]
pub enum PortFate {
    /// The same.
    Kept,
    /// Another.
    Changed,
    /// Nothing passed.
    Blocked,
}

/// What was seen of a NAT.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Hash)]
pub struct Observations {
    /// What mappings depend on; `None` when UDP does not pass.
    pub mapping: Option<Dependence>,
    /// Whether three sockets kept their ports.
    pub preserves_port: bool,
    /// Whether they kept odd or even.
    pub preserves_parity: bool,
    /// Who gets in.
    pub filtering: Option<Dependence>,
    /// Two hosts use the same port towards the same destination: which of them keep it.
    pub collision_keeps: [bool; 2],
    /// Two hosts use the same port towards different destinations: whether they share it outside.
    pub overloads: bool,
    /// Whether a socket whose port is so shared keeps it towards the other's destination.
    pub stays_after_overload: bool,
    /// Whether its answers reach it.
    pub overloaded_answer_arrives: bool,
    /// A packet from inside to the outside address of another inside host.
    pub hairpin: Hairpin,
    /// Whether the answer arrives as well.
    pub hairpin_back: bool,
    /// Whether a socket can send to its own outside address.
    pub self_hairpin: bool,
    /// The port of a socket after a packet from the outside came too early for it.
    pub after_early_inbound: PortFate,
    /// Whether an ICMP error about an outbound packet finds its way in.
    pub icmp_arrives: bool,
    /// Whether a stranger's packet to an unused port is answered with an ICMP error.
    pub unsolicited_answered: bool,
    /// Whether a mapping lets packets in after a reboot.
    pub in_after_reboot: bool,
    /// The port of a socket after a reboot.
    pub after_reboot: PortFate,
}

/// What was seen of a NAT with TCP.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Hash)]
pub struct TcpObservations {
    /// What mappings depend on; `None` when TCP does not pass.
    pub mapping: Option<Dependence>,
    /// What becomes of a stranger's SYN to a port in use.
    pub unsolicited_syn: UnsolicitedFate,
}

/// What becomes of a packet that nobody asked for.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Hash)]
pub enum UnsolicitedFate {
    /// Nothing comes of it.
    Dropped,
    /// Its sender is told at once.
    Refused,
    /// It gets in.
    Accepted,
}

/// The same as [`observe`] for TCP.
pub fn observe_tcp(seed: u64, nats: Vec<Nat>) -> Result<TcpObservations, TopologyError> {
    Ok(segments::Lab::new(seed, nats)?.observe())
}

/// Two hosts behind a chain of NATs, and two servers with two sockets each.
#[derive(Debug)]
pub struct Observer {
    /// The world it all happens in.
    pub world: World,
    /// The NATs, the innermost first.
    pub nats: Vec<NatId>,
    /// The hosts.
    pub inside: [HostId; 2],
    /// The servers' sockets: same address, then another.
    pub servers: [[MachineId; 2]; 2],
    port: u16,
    token: u32,
}

/// Looks at a chain of NATs, the innermost first.
///
/// ```
/// use nat_sim::{Dependence, Nat, Preset, observe};
/// let seen = observe(1, vec![Nat::of(Preset::Linux)])?;
/// assert_eq!(seen.mapping, Some(Dependence::Endpoint));
/// assert!(seen.overloads, "and yet no NAT after RFC 4787");
/// # Ok::<(), nat_sim::TopologyError>(())
/// ```
pub fn observe(seed: u64, nats: Vec<Nat>) -> Result<Observations, TopologyError> {
    Ok(Observer::new(seed, nats)?.observe())
}

impl Observer {
    /// Builds the scene. The attachments of the NATs are replaced: each is behind the next.
    pub fn new(seed: u64, nats: Vec<Nat>) -> Result<Self, TopologyError> {
        let mut world = World::new(seed);
        let mut chain: Vec<NatId> = Vec::new();
        for mut nat in nats.into_iter().rev() {
            let pool = core::mem::take(&mut nat.outside.addresses);
            if let Some(outer) = chain.last() {
                nat = nat.behind(*outer);
            }
            nat.outside.addresses = pool;
            chain.push(world.add_nat(nat.over(Link::default()))?);
        }
        chain.reverse();
        let host = || match chain.first() {
            Some(nat) => Host::behind(*nat),
            None => Host::on_internet(),
        };
        let inside = [world.add_host(host())?, world.add_host(host())?];
        let mut server = || {
            let host = Host::on_internet().over(Link::default());
            let host = world.add_host(host)?;
            Ok([world.install_peer(host, 3478), world.install_peer(host, 3479)])
        };
        let servers = [server()?, server()?];
        Ok(Self { world, nats: chain, inside, servers, port: 20_000, token: 0 })
    }

    /// A port that was not used before, an even one.
    pub const fn fresh_port(&mut self) -> u16 {
        self.port += 2;
        self.port
    }

    /// Opens a socket on an inside host.
    pub fn open(&mut self, host: usize, port: u16) -> MachineId {
        self.world.install_peer(self.inside[host], port)
    }

    /// Closes it.
    pub fn close(&mut self, socket: MachineId) {
        self.world.with(socket, |peer: &mut Peer, now| peer.close(now));
    }

    /// Sends something, and tells what the receiver heard of it.
    pub fn try_send(
        &mut self,
        from: MachineId,
        to: SocketAddr,
        receiver: MachineId,
    ) -> Option<SocketAddr> {
        self.token += 1;
        let token = Bytes::from(format!("tok{}", self.token));
        self.world.take_events::<Peer>(receiver);
        let sent = token.clone();
        let to = self.world.address_for(from.host, to);
        self.world.with(from, |peer: &mut Peer, now| peer.send(now, to, sent));
        self.world.run_for(WAIT);
        let heard = self.world.take_events::<Peer>(receiver);
        let heard = heard.into_iter().find(|(_, heard)| heard.bytes == token);
        heard.map(|(_, heard)| self.world.address_without(receiver.host, heard.from))
    }

    /// How a server socket sees a socket inside.
    pub fn seen_by(&mut self, socket: MachineId, server: MachineId) -> Option<SocketAddr> {
        let to = self.world.peer_address(server);
        self.try_send(socket, to, server)
    }

    /// Whether a server socket reaches a socket inside.
    pub fn reaches(&mut self, server: MachineId, to: SocketAddr, socket: MachineId) -> bool {
        self.try_send(server, to, socket).is_some()
    }

    /// Whether a send from a socket is answered with an ICMP error.
    pub fn is_refused(&mut self, from: MachineId, to: SocketAddr) -> bool {
        self.world.take_events::<Peer>(from);
        let to = self.world.address_for(from.host, to);
        self.world.with(from, |peer: &mut Peer, now| peer.send(now, to, "x"));
        self.world.run_for(WAIT);
        let refused = |heard: &Heard| heard.fault.is_some() && heard.from == to;
        self.world.take_events::<Peer>(from).iter().any(|(_, heard)| refused(heard))
    }

    /// Makes all observations.
    pub fn observe(&mut self) -> Observations {
        let mut seen = Observations {
            mapping: None,
            preserves_port: false,
            preserves_parity: false,
            filtering: None,
            collision_keeps: [false; 2],
            overloads: false,
            stays_after_overload: false,
            overloaded_answer_arrives: false,
            hairpin: Hairpin::None,
            hairpin_back: false,
            self_hairpin: false,
            after_early_inbound: PortFate::Blocked,
            icmp_arrives: false,
            unsolicited_answered: false,
            in_after_reboot: false,
            after_reboot: PortFate::Blocked,
        };
        if self.observe_mapping(&mut seen).is_some() {
            self.observe_filtering(&mut seen);
            self.observe_collisions(&mut seen);
            self.observe_hairpin(&mut seen);
            self.observe_early_inbound(&mut seen);
            self.observe_icmp(&mut seen);
            self.observe_reboot(&mut seen);
        }
        seen
    }

    fn observe_mapping(&mut self, seen: &mut Observations) -> Option<()> {
        let [[a, b], [c, d]] = self.servers;
        let mut depends = Dependence::Endpoint;
        (seen.preserves_port, seen.preserves_parity) = (true, true);
        for _ in 0..3 {
            let port = self.fresh_port();
            let socket = self.open(0, port);
            let mut ports = [0; 4];
            for (server, port) in [a, b, c, d].into_iter().zip(&mut ports) {
                *port = self.seen_by(socket, server)?.port();
            }
            self.close(socket);
            let per_address = ports[0] == ports[1] && ports[2] == ports[3];
            depends = depends.max(match per_address {
                true if ports[1] == ports[2] => Dependence::Endpoint,
                true => Dependence::Address,
                false => Dependence::AddressAndPort,
            });
            seen.preserves_port &= ports.iter().all(|p| *p == port);
            seen.preserves_parity &= ports.iter().all(|p| p % 2 == port % 2);
        }
        seen.mapping = Some(depends);
        Some(())
    }

    fn observe_filtering(&mut self, seen: &mut Observations) -> Option<()> {
        let [[same, port], [address, _]] = self.servers;
        let number = self.fresh_port();
        let socket = self.open(0, number);
        let mapped = self.seen_by(socket, same)?;
        let answered = self.reaches(same, mapped, socket);
        let port = self.reaches(port, mapped, socket);
        let address = self.reaches(address, mapped, socket);
        self.close(socket);
        seen.filtering = match (answered, port, address) {
            (true, true, true) => Some(Dependence::Endpoint),
            (true, true, false) => Some(Dependence::Address),
            (true, false, false) => Some(Dependence::AddressAndPort),
            (_, _, _) => None,
        };
        Some(())
    }

    fn observe_collisions(&mut self, seen: &mut Observations) -> Option<()> {
        let [[server, _], [other, _]] = self.servers;
        let port = self.fresh_port();
        let (one, two) = (self.open(0, port), self.open(1, port));
        let (first, second) = (self.seen_by(one, server), self.seen_by(two, server));
        seen.collision_keeps = [first, second].map(|seen| seen.is_some_and(|s| s.port() == port));
        self.close(one);
        self.close(two);
        let port = self.fresh_port();
        let (one, two) = (self.open(0, port), self.open(1, port));
        let (first, second) = (self.seen_by(one, server)?, self.seen_by(two, other)?);
        seen.overloads = first == second;
        seen.stays_after_overload = self.seen_by(one, other) == Some(first);
        seen.overloaded_answer_arrives = self.reaches(server, first, one);
        self.close(one);
        self.close(two);
        Some(())
    }

    fn observe_hairpin(&mut self, seen: &mut Observations) -> Option<()> {
        let [[server, _], _] = self.servers;
        let (port_one, port_two) = (self.fresh_port(), self.fresh_port());
        let (one, two) = (self.open(0, port_one), self.open(1, port_two));
        let (first, second) = (self.seen_by(one, server)?, self.seen_by(two, server)?);
        seen.hairpin = match self.try_send(two, first, one) {
            None => Hairpin::None,
            // Without translation both are the same; the outside one is what a peer expects.
            Some(from) if from == second || from.ip() == first.ip() => Hairpin::ExternalSource,
            Some(_) => Hairpin::InternalSource,
        };
        seen.hairpin_back = self.try_send(one, second, two).is_some();
        seen.self_hairpin = self.try_send(one, first, one).is_some();
        self.close(one);
        self.close(two);
        Some(())
    }

    fn observe_early_inbound(&mut self, seen: &mut Observations) -> Option<()> {
        let [[server, _], [_, stranger]] = self.servers;
        let (port, early) = (self.fresh_port(), self.fresh_port());
        let socket = self.open(0, port);
        let outside = self.seen_by(socket, server)?.ip();
        self.close(socket);
        let to = SocketAddr::new(outside, early);
        self.world.with(stranger, |peer: &mut Peer, now| peer.send(now, to, "early"));
        self.world.run_for(WAIT);
        let socket = self.open(0, early);
        let mapped = self.seen_by(socket, stranger);
        seen.after_early_inbound = match mapped {
            None => PortFate::Blocked,
            Some(mapped) if mapped.port() == early => PortFate::Kept,
            Some(_) => PortFate::Changed,
        };
        self.close(socket);
        let unused = SocketAddr::new(outside, 47_777);
        seen.unsolicited_answered = self.is_refused(stranger, unused);
        Some(())
    }

    fn observe_icmp(&mut self, seen: &mut Observations) {
        let mut closed = self.world.peer_address(self.servers[0][0]);
        closed.set_port(9);
        let port = self.fresh_port();
        let socket = self.open(0, port);
        seen.icmp_arrives = self.is_refused(socket, closed);
        self.close(socket);
    }

    fn observe_reboot(&mut self, seen: &mut Observations) -> Option<()> {
        let [[server, _], _] = self.servers;
        let port = self.fresh_port();
        let socket = self.open(0, port);
        let before = self.seen_by(socket, server)?;
        if let Some(innermost) = self.nats.first() {
            self.world.reboot_nat(*innermost);
        }
        seen.in_after_reboot = self.reaches(server, before, socket);
        seen.after_reboot = match self.seen_by(socket, server) {
            None => PortFate::Blocked,
            Some(after) if after == before => PortFate::Kept,
            Some(_) => PortFate::Changed,
        };
        self.close(socket);
        Some(())
    }
}
