//! The connection table of a [`LinuxNat`] and how it picks tuples, after the kernel's
//! `nf_nat_core.c` and `nf_conntrack_proto_udp.c`.
use super::{
    Outcome, Refusal,
    behaviour::Udp,
    linux::{ForwardRule, LinuxNat, RouterInput, SourceRule},
    tcp_state::TcpState,
};
use crate::{Body, DropCause, IcmpError, IcmpFault, IpPacket, Protocol, Stream, map::Map};
use core::time::Duration;
use sans_io::Instant;
use std::net::{IpAddr, SocketAddr};

/// How old a connection must be to count as a stream.
const STREAM_AGE: Duration = Duration::from_secs(2);
/// How many ports are tried in a row at first.
const ATTEMPTS: u32 = 128;
/// Below so many the search is given up.
const ATTEMPTS_MIN: u32 = 16;

/// One direction of a connection.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Hash)]
struct Tuple {
    protocol: Protocol,
    source: SocketAddr,
    destination: SocketAddr,
}

impl Tuple {
    const fn inverse(self) -> Self {
        Self { source: self.destination, destination: self.source, ..self }
    }
}

#[derive(Clone, Copy, Debug, PartialEq, Eq)]
enum Direction {
    Original,
    Reply,
}

#[derive(Clone, Copy, Debug, PartialEq, Eq)]
enum Side {
    Outside,
    Inside,
}

impl Side {
    const OUTWARD: (Self, Self) = (Self::Outside, Self::Inside);
    const INWARD: (Self, Self) = (Self::Inside, Self::Outside);
    const HAIRPIN: (Self, Self) = (Self::Inside, Self::Inside);

    const fn outcome(self) -> Outcome {
        match self {
            Self::Outside => Outcome::Outside,
            Self::Inside => Outcome::Inside,
        }
    }
}

#[derive(Debug)]
struct Connection {
    /// The first packet as it came.
    original: Tuple,
    /// Its answer as it will come.
    reply: Tuple,
    born: Instant,
    until: Instant,
    replied: bool,
    /// Where packets of the original direction leave, and their answers.
    sides: (Side, Side),
    /// Whether it ends at the router.
    local: bool,
    tcp: TcpState,
}

/// The state of a Linux router.
#[derive(Debug)]
pub(crate) struct Conntrack {
    config: LinuxNat,
    outside: Vec<IpAddr>,
    first_host: Option<IpAddr>,
    stream: Stream,
    slots: Vec<Option<Connection>>,
    free: Vec<u32>,
    tuples: Map<Tuple, (u32, Direction)>,
    /// Connections by the socket that began them, the latest last.
    by_source: Map<(Protocol, SocketAddr), Vec<u32>>,
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
            slots: Vec::new(),
            free: Vec::new(),
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
        self.slots.clear();
        self.free.clear();
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
        if let Err(refusal) = self.forward_chain(packet.protocol()) {
            return refusal.into();
        }
        let original = tuple(packet);
        let to_router = self.outside.contains(&packet.destination.ip());
        if !to_router {
            return match self.source_nat(now, original) {
                Ok(reply) => self.confirm(now, original, reply, Side::OUTWARD, packet),
                Err(cause) => Outcome::Drop(cause),
            };
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
        let original = tuple(packet);
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
        self.live(now, &tuple(packet)).is_some()
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
        let (slot, direction) = self.live(now, &tuple(packet))?;
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
        slot: u32,
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

    fn insert(&mut self, now: Instant, original: Tuple, reply: Tuple, sides: (Side, Side)) -> u32 {
        let until = now.saturating_add(self.config.udp_timeout);
        let local = false;
        let new = Connection {
            original,
            reply,
            born: now,
            until,
            replied: false,
            sides,
            local,
            tcp: TcpState::Closed,
        };
        let slot = if let Some(slot) = self.free.pop() {
            self.slots[slot as usize] = Some(new);
            slot
        } else {
            self.slots.push(Some(new));
            (self.slots.len() - 1) as u32
        };
        // A socket that talks to itself has one tuple for both; the original direction counts.
        self.tuples.insert(reply, (slot, Direction::Reply));
        self.tuples.insert(original, (slot, Direction::Original));
        self.by_source.entry((original.protocol, original.source)).or_default().push(slot);
        slot
    }

    fn remove(&mut self, slot: u32) {
        let Some(gone) = self.slots[slot as usize].take() else { return };
        self.free.push(slot);
        for tuple in [gone.original, gone.reply] {
            if self.tuples.get(&tuple).is_some_and(|(held, _)| *held == slot) {
                self.tuples.remove(&tuple);
            }
        }
        let name = (gone.original.protocol, gone.original.source);
        if let Some(siblings) = self.by_source.get_mut(&name) {
            siblings.retain(|other| *other != slot);
            if siblings.is_empty() {
                self.by_source.remove(&name);
            }
        }
    }

    fn connection(&mut self, slot: u32) -> &mut Connection {
        self.slots[slot as usize].as_mut().expect("slots in the maps are taken")
    }

    fn live(&mut self, now: Instant, tuple: &Tuple) -> Option<(u32, Direction)> {
        let (slot, direction) = *self.tuples.get(tuple)?;
        if self.connection(slot).until > now {
            return Some((slot, direction));
        }
        self.remove(slot);
        None
    }

    fn refresh(&mut self, now: Instant, slot: u32, direction: Direction, packet: &IpPacket) {
        let (young, stream) = (self.config.udp_timeout, self.config.udp_timeout_stream);
        let connection = self.connection(slot);
        if let Body::Tcp(segment) = &packet.body {
            let outward = connection.sides.0 == Side::Outside;
            let inside = outward == (direction == Direction::Original);
            connection.tcp = connection.tcp.after(segment, inside);
            connection.until = now.saturating_add(tcp_time(connection.tcp));
            return;
        }

        let is_stream = connection.replied && now > connection.born.saturating_add(STREAM_AGE);
        connection.until = now.saturating_add(if is_stream { stream } else { young });
        connection.replied |= direction == Direction::Reply;
    }

    /// The reply tuple of a new connection whose first packet leaves as `tuple` before its source
    /// is changed (`get_unique_tuple`).
    fn source_nat(&mut self, now: Instant, tuple: Tuple) -> Result<Tuple, DropCause> {
        if self.config.source == SourceRule::None {
            return Ok(tuple.inverse());
        }
        let ip = *self.outside.first().ok_or(DropCause::NoRoute)?;
        let (ports, random) = match &self.config.source {
            SourceRule::Masquerade | SourceRule::None => (None, false),
            SourceRule::Random => (None, true),
            SourceRule::Range(range) => (Some((*range.start(), *range.end())), false),
            SourceRule::Blocks { first, size } => {
                (Some(self.block(tuple.source.ip(), *first, *size)?), false)
            }
        };
        let fits = |port: u16| ports.is_none_or(|(low, high)| (low..=high).contains(&port));
        if !random && let Some(source) = self.appropriate_source(now, &tuple, ip, fits) {
            let candidate = Tuple { source, ..tuple };
            if !self.is_taken(now, candidate) {
                return Ok(candidate.inverse());
            }
        }
        let mut candidate = Tuple { source: SocketAddr::new(ip, tuple.source.port()), ..tuple };
        if !random && fits(tuple.source.port()) && !self.is_taken(now, candidate) {
            return Ok(candidate.inverse());
        }
        let (low, high) = ports.unwrap_or(match tuple.source.port() {
            0..512 => (1, 511),
            512..1024 => (600, 1023),
            1024.. => (1024, 65535),
        });
        let port = self.search(now, &mut candidate, low, high).ok_or(DropCause::PortsExhausted)?;
        candidate.source.set_port(port);
        Ok(candidate.inverse())
    }

    /// The ports that belong to an inside address.
    fn block(&self, host: IpAddr, first: u16, size: u16) -> Result<(u16, u16), DropCause> {
        let number = match (host, self.first_host) {
            (IpAddr::V4(host), Some(IpAddr::V4(first))) => {
                host.to_bits().saturating_sub(first.to_bits())
            }
            (_, _) => 0,
        };
        let low = u32::from(first) + number.saturating_mul(u32::from(size.max(1)));
        let high = low.saturating_add(u32::from(size.max(1)) - 1);
        let ports = u16::try_from(low).ok().zip(u16::try_from(high).ok());
        ports.ok_or(DropCause::PortsExhausted)
    }

    /// The source that the latest connection of the same socket got (`find_appropriate_src`).
    fn appropriate_source(
        &self,
        now: Instant,
        tuple: &Tuple,
        ip: IpAddr,
        fits: impl Fn(u16) -> bool,
    ) -> Option<SocketAddr> {
        let siblings = self.by_source.get(&(tuple.protocol, tuple.source))?;
        let mut latest_first = siblings.iter().rev();
        latest_first.find_map(|slot| {
            let sibling = self.slots[*slot as usize].as_ref().filter(|c| c.until > now)?;
            let source = sibling.reply.destination;
            (source.ip() == ip && fits(source.port())).then_some(source)
        })
    }

    /// Tries ports from a random one on, then from others, fewer each time
    /// (`nf_nat_l4proto_unique_tuple`).
    fn search(&mut self, now: Instant, tuple: &mut Tuple, low: u16, high: u16) -> Option<u16> {
        let size = u32::from(high.checked_sub(low)?) + 1;
        let mut attempts = size.min(ATTEMPTS);
        loop {
            let start = self.stream.below(1 << 16) as u32;
            for n in 0..attempts {
                let port = low + ((start + n) % size) as u16;
                tuple.source.set_port(port);
                if !self.is_taken(now, *tuple) {
                    return Some(port);
                }
            }
            if attempts >= size || attempts < ATTEMPTS_MIN {
                return None;
            }
            attempts /= 2;
        }
    }

    /// Whether the answers to a packet would belong to another connection (`nf_nat_used_tuple`).
    fn is_taken(&mut self, now: Instant, leaves_as: Tuple) -> bool {
        self.live(now, &leaves_as.inverse()).is_some()
    }
}

/// The kernel's times for TCP, in the states that are told apart here.
const fn tcp_time(state: TcpState) -> Duration {
    Duration::from_secs(match state {
        TcpState::Closed
        | TcpState::Init { .. }
        | TcpState::HalfClosed { .. }
        | TcpState::Closing => 120,
        TcpState::Established => 432_000,
        TcpState::Trans => 10,
    })
}

fn tuple(packet: &IpPacket) -> Tuple {
    let (source, destination) = (packet.source, packet.destination);
    Tuple { protocol: packet.protocol(), source, destination }
}
