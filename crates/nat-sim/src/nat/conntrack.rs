//! What a [`LinuxNat`] does with packets: its chains of rules over a table of connections, after the
//! kernel's `nf_nat_core.c` and `nf_conntrack_proto_udp.c`.
mod connections;
mod source_nat;

use super::{
    Outcome, Refusal,
    behaviour::Udp,
    linux::{ForwardRule, LinuxNat, RouterInput, SourceRule},
    tcp_state::TcpState,
};
use crate::{Body, DropCause, IcmpError, IcmpFault, IpPacket, Protocol, Stream, map::Map};
use connections::{Connection, Direction, Side, Tuple, tcp_time};
use sans_io::{Instant, Slab, SlabKey};
use std::net::{IpAddr, SocketAddr};

/// The state of a Linux router.
#[derive(Debug)]
pub(crate) struct Conntrack {
    config: LinuxNat,
    outside: Vec<IpAddr>,
    first_host: Option<IpAddr>,
    stream: Stream,
    connections: Slab<Connection>,
    tuples: Map<Tuple, (SlabKey, Direction)>,
    /// Connections by the socket that began them, the latest last.
    by_source: Map<(Protocol, SocketAddr), Vec<SlabKey>>,
    /// The dynamic map of [`ForwardRule::FullCone`]: outside port to inside socket.
    learned: Map<u16, (SocketAddr, Instant)>,
    /// Whom each outside port has sent to, for [`ForwardRule::AddressRestricted`].
    seen: Map<(u16, IpAddr), Instant>,
}

impl Conntrack {
    pub(crate) fn new(
        config: LinuxNat,
        outside: Vec<IpAddr>,
        first_host: Option<IpAddr>,
        stream: Stream,
    ) -> Self {
        Self {
            config,
            outside,
            first_host,
            stream,
            connections: Slab::new(),
            tuples: Map::default(),
            by_source: Map::default(),
            learned: Map::default(),
            seen: Map::default(),
        }
    }

    pub(crate) fn fresh(&self) -> Self {
        let (config, outside) = (self.config.clone(), self.outside.clone());
        Self::new(config, outside, self.first_host, self.stream.clone())
    }

    pub(crate) fn translates(&self) -> bool {
        self.config.source != SourceRule::None
    }

    pub(crate) fn reboot(&mut self) {
        self.connections = Slab::new();
        self.tuples = Map::default();
        self.by_source = Map::default();
        self.learned = Map::default();
        self.seen = Map::default();
    }

    pub(crate) fn rebind(&mut self, outside: Vec<IpAddr>) {
        self.reboot();
        self.outside = outside;
    }

    pub(crate) fn outbound(&mut self, now: Instant, packet: &mut IpPacket) -> Outcome {
        if let Some(known) = self.pass_known(now, packet) {
            return known;
        }
        if matches!(packet.body, Body::Error(_)) {
            return Outcome::Drop(DropCause::NoMapping);
        }
        if packet.is_pong() {
            return Outcome::Drop(DropCause::NoMapping);
        }
        if let Err(refusal) = self.forward_chain(packet.protocol()) {
            return refusal.into();
        }
        let original = Tuple::of(packet);
        let to_router = self.outside.contains(&packet.destination.ip());
        if !to_router {
            return match self.source_nat(now, original) {
                Ok(reply) => self.confirm(now, original, reply, Side::OUTWARD, packet),
                Err(cause) => Outcome::Drop(cause),
            };
        }
        if packet.is_ping() {
            return Outcome::Answer;
        }
        let inside = self.prerouting(now, packet).filter(|_| self.config.hairpin);
        let Some(inside) = inside else { return Outcome::Drop(DropCause::NoHairpin) };
        let dnat = Tuple { destination: inside, ..original };
        match self.source_nat(now, dnat) {
            Ok(reply) => self.confirm(now, original, reply, Side::HAIRPIN, packet),
            Err(cause) => Outcome::Drop(cause),
        }
    }

    pub(crate) fn inbound(&mut self, now: Instant, packet: &mut IpPacket) -> Outcome {
        if let Some(known) = self.pass_known(now, packet) {
            return known;
        }
        if matches!(packet.body, Body::Error(_)) {
            return Outcome::Drop(DropCause::NoMapping);
        }
        if packet.is_pong() {
            return Outcome::Drop(DropCause::NoMapping);
        }
        let accepts = self.config.answers_pings || self.config.input == RouterInput::Accept;
        let for_us = |packet: &IpPacket| self.outside.contains(&packet.destination.ip());
        if accepts && packet.is_ping() && for_us(packet) {
            return Outcome::Answer;
        }
        let original = Tuple::of(packet);
        if self.config.source == SourceRule::None {
            if self.config.forward != ForwardRule::Everything {
                return Outcome::Drop(DropCause::Filtered);
            }
            return self.confirm(now, original, original.inverse(), Side::INWARD, packet);
        }
        if let Some(inside) = self.prerouting(now, packet) {
            if let Err(refusal) = self.forward_chain(packet.protocol()) {
                return refusal.into();
            }
            let reply = Tuple { destination: inside, ..original }.inverse();
            return self.confirm(now, original, reply, Side::INWARD, packet);
        }
        match self.config.input {
            RouterInput::Drop => Outcome::Drop(DropCause::NoMapping),
            RouterInput::Reject => {
                Outcome::Reject(DropCause::NoMapping, IcmpFault::PortUnreachable)
            }
            RouterInput::Accept => {
                let slot = self.insert(now, original, original.inverse(), Side::INWARD);
                let connection = self.connection(slot);
                connection.local = true;
                if packet.protocol() == Protocol::Tcp {
                    // Nothing listens, so the router resets it.
                    connection.until = now.saturating_add(tcp_time(TcpState::Trans));
                }
                Outcome::Reject(DropCause::ForRouter, IcmpFault::PortUnreachable)
            }
        }
    }

    /// Whether a connection with the sender of a packet is there.
    pub(crate) fn knows(&mut self, now: Instant, packet: &IpPacket) -> bool {
        self.live(now, &Tuple::of(packet)).is_some()
    }

    fn forward_chain(&self, protocol: Protocol) -> Result<(), Refusal> {
        let (cause, told) = match self.config.udp {
            _ if protocol != Protocol::Udp => return Ok(()),
            Udp::Passes => return Ok(()),
            Udp::Dropped => (DropCause::Blocked, None),
            Udp::Rejected => (DropCause::Blocked, Some(IcmpFault::Prohibited)),
        };
        Err(Refusal { cause, told, later: false })
    }

    /// Where the prerouting chain sends a packet for the router.
    fn prerouting(&self, now: Instant, packet: &IpPacket) -> Option<SocketAddr> {
        if packet.protocol() == Protocol::Icmp {
            return None; // The rules are for TCP and UDP.
        }
        let port = packet.destination.port();
        let first_host = self.first_host.map(|ip| SocketAddr::new(ip, port));
        let learned = || {
            let (socket, until) = self.learned.get(&port)?;
            (*until > now && packet.protocol() == Protocol::Udp).then_some(*socket)
        };
        match self.config.forward {
            ForwardRule::Answers | ForwardRule::Everything => None,
            ForwardRule::FirstHost => first_host,
            ForwardRule::Port(only) => first_host.filter(|_| port == only),
            ForwardRule::FullCone => learned(),
            ForwardRule::AddressRestricted => {
                let seen = self.seen.get(&(port, packet.source.ip()));
                learned().filter(|_| seen.is_some_and(|until| *until > now))
            }
        }
    }

    /// A packet of a connection that is in the table, or an error about one.
    fn pass_known(&mut self, now: Instant, packet: &mut IpPacket) -> Option<Outcome> {
        if let Body::Error(error) = packet.body {
            return self.pass_error(now, packet, &error);
        }
        let (slot, direction) = self.live(now, &Tuple::of(packet))?;
        if self.connection(slot).local {
            let unheard = IcmpFault::PortUnreachable;
            self.refresh(now, slot, direction, packet);
            return Some(Outcome::Reject(DropCause::ForRouter, unheard));
        }
        if let Err(refusal) = self.forward_chain(packet.protocol()) {
            return Some(refusal.into());
        }
        self.refresh(now, slot, direction, packet);
        Some(self.rewrite(now, slot, direction, packet))
    }

    /// An error is translated by the connection of the packet that it quotes, and changes nothing.
    fn pass_error(
        &mut self,
        now: Instant,
        packet: &mut IpPacket,
        e: &IcmpError,
    ) -> Option<Outcome> {
        let quoted = Tuple { protocol: e.protocol, source: e.source, destination: e.destination };
        // The quoted packet went the other way, so it is the inverse of what would come now.
        let (slot, direction) = self.live(now, &quoted.inverse())?;
        let connection = self.connection(slot);
        let (into, side) = match direction {
            Direction::Original => (connection.reply, connection.sides.0),
            Direction::Reply => (connection.original, connection.sides.1),
        };
        packet.body =
            Body::Error(IcmpError { source: into.source, destination: into.destination, ..*e });
        packet.destination.set_ip(into.source.ip());
        if into.destination.ip() != e.destination.ip() {
            packet.source.set_ip(into.destination.ip());
        }
        Some(side.outcome())
    }

    fn rewrite(
        &mut self,
        now: Instant,
        slot: SlabKey,
        direction: Direction,
        packet: &mut IpPacket,
    ) -> Outcome {
        let connection = self.connection(slot);
        let (leaves_as, side) = match direction {
            Direction::Original => (connection.reply.inverse(), connection.sides.0),
            Direction::Reply => (connection.original.inverse(), connection.sides.1),
        };
        packet.source = leaves_as.source;
        packet.destination = leaves_as.destination;
        let learns =
            matches!(self.config.forward, ForwardRule::FullCone | ForwardRule::AddressRestricted);
        if learns && (direction, side) == (Direction::Original, Side::Outside) {
            let until = now.saturating_add(self.config.udp_timeout_stream);
            let inside = self.connection(slot).original.source;
            let (port, to) = (packet.source.port(), packet.destination.ip());
            self.learned.insert(port, (inside, until));
            if self.config.forward == ForwardRule::AddressRestricted {
                self.seen.insert((port, to), until);
            }
        }
        side.outcome()
    }

    /// Enters a new connection and lets its first packet pass.
    fn confirm(
        &mut self,
        now: Instant,
        original: Tuple,
        reply: Tuple,
        sides: (Side, Side),
        packet: &mut IpPacket,
    ) -> Outcome {
        let slot = self.insert(now, original, reply, sides);
        self.refresh(now, slot, Direction::Original, packet);
        self.rewrite(now, slot, Direction::Original, packet)
    }
}
