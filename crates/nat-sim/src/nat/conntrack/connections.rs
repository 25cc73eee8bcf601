//! The connections themselves: their two tuples, how long they live, and the maps that find them.
use super::Conntrack;
use crate::{
    Body, IpPacket, Protocol,
    nat::{Outcome, tcp_state::TcpState},
};
use core::time::Duration;
use sans_io::{Instant, SlabKey};
use std::net::SocketAddr;

/// How old a connection must be to count as a stream.
const STREAM_AGE: Duration = Duration::from_secs(2);
/// One direction of a connection.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Hash)]
pub(super) struct Tuple {
    pub(super) protocol: Protocol,
    pub(super) source: SocketAddr,
    pub(super) destination: SocketAddr,
}

impl Tuple {
    pub(super) fn of(packet: &IpPacket) -> Self {
        let (source, destination) = (packet.source, packet.destination);
        Self { protocol: packet.protocol(), source, destination }
    }

    pub(super) const fn inverse(self) -> Self {
        Self { source: self.destination, destination: self.source, ..self }
    }
}

#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(super) enum Direction {
    Original,
    Reply,
}

#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(super) enum Side {
    Outside,
    Inside,
}

impl Side {
    pub(super) const OUTWARD: (Self, Self) = (Self::Outside, Self::Inside);
    pub(super) const INWARD: (Self, Self) = (Self::Inside, Self::Outside);
    pub(super) const HAIRPIN: (Self, Self) = (Self::Inside, Self::Inside);

    pub(super) const fn outcome(self) -> Outcome {
        match self {
            Self::Outside => Outcome::Outside,
            Self::Inside => Outcome::Inside,
        }
    }
}

#[derive(Debug)]
pub(super) struct Connection {
    /// The first packet as it came.
    pub(super) original: Tuple,
    /// Its answer as it will come.
    pub(super) reply: Tuple,
    pub(super) born: Instant,
    pub(super) until: Instant,
    pub(super) replied: bool,
    /// Where packets of the original direction leave, and their answers.
    pub(super) sides: (Side, Side),
    /// Whether it ends at the router.
    pub(super) local: bool,
    pub(super) tcp: TcpState,
}

impl Conntrack {
    pub(super) fn insert(
        &mut self,
        now: Instant,
        original: Tuple,
        reply: Tuple,
        sides: (Side, Side),
    ) -> SlabKey {
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
        let slot = self.connections.insert(new);
        // A socket that talks to itself has one tuple for both; the original direction counts.
        self.tuples.insert(reply, (slot, Direction::Reply));
        self.tuples.insert(original, (slot, Direction::Original));
        self.by_source.entry((original.protocol, original.source)).or_default().push(slot);
        slot
    }

    pub(super) fn remove(&mut self, slot: SlabKey) {
        let Some(gone) = self.connections.remove(slot) else { return };
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

    pub(super) fn connection(&mut self, slot: SlabKey) -> &mut Connection {
        self.connections.get_mut(slot).expect("what is in the maps is there")
    }

    pub(super) fn live(&mut self, now: Instant, tuple: &Tuple) -> Option<(SlabKey, Direction)> {
        let (slot, direction) = *self.tuples.get(tuple)?;
        if self.connection(slot).until > now {
            return Some((slot, direction));
        }
        self.remove(slot);
        None
    }

    pub(super) fn refresh(
        &mut self,
        now: Instant,
        slot: SlabKey,
        direction: Direction,
        packet: &IpPacket,
    ) {
        if let Body::Echo(_) = &packet.body {
            let until = now.saturating_add(self.config.icmp_timeout);
            self.connection(slot).until = until;
            return;
        }
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
}

/// The kernel's times for TCP, in the states that are told apart here.
pub(super) const fn tcp_time(state: TcpState) -> Duration {
    Duration::from_secs(match state {
        TcpState::Closed
        | TcpState::Init { .. }
        | TcpState::HalfClosed { .. }
        | TcpState::Closing => 120,
        TcpState::Established => 432_000,
        TcpState::Trans => 10,
    })
}
