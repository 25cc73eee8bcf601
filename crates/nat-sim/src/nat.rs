//! Network address translators: what they do to a packet that passes.
pub(crate) mod behaviour;
pub(crate) mod ports;
pub(crate) mod preset;
pub(crate) mod table;

use crate::{DropCause, IcmpFault, IpPacket, Stream};
use behaviour::Behaviour;
use sans_io::Instant;
use std::net::IpAddr;
use table::Table;

/// What a NAT does with a packet.
#[derive(Debug, PartialEq, Eq)]
pub(crate) enum Outcome {
    /// It leaves on the outside.
    Outside(IpPacket),
    /// It leaves on the inside.
    Inside(IpPacket),
    /// It goes no further.
    Drop(DropCause),
    /// It goes no further, and its sender is told.
    Reject(DropCause, IcmpFault),
}

/// Why a packet is not let through, and what its sender is told.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(crate) struct Refusal {
    pub(crate) cause: DropCause,
    pub(crate) told: Option<IcmpFault>,
}

impl From<Refusal> for Outcome {
    fn from(refusal: Refusal) -> Self {
        match refusal.told {
            Some(fault) => Self::Reject(refusal.cause, fault),
            None => Self::Drop(refusal.cause),
        }
    }
}

/// The state of one NAT for one address family.
#[derive(Debug)]
pub(crate) enum Engine {
    Table(Box<Table>),
}

impl Engine {
    pub(crate) fn new(behaviour: Behaviour, outside: Vec<IpAddr>, stream: Stream) -> Self {
        Self::Table(Box::new(Table::new(behaviour, outside, stream)))
    }

    /// A packet from the inside.
    pub(crate) fn outbound(&mut self, now: Instant, packet: IpPacket) -> Outcome {
        match self {
            Self::Table(table) => table.outbound(now, packet),
        }
    }

    /// A packet from the outside.
    pub(crate) fn inbound(&mut self, now: Instant, packet: IpPacket) -> Outcome {
        match self {
            Self::Table(table) => table.inbound(now, packet),
        }
    }

    /// Whether inside addresses are hidden; a firewall leaves them as they are.
    pub(crate) fn translates(&self) -> bool {
        match self {
            Self::Table(table) => table.translates(),
        }
    }

    /// Forgets all state.
    pub(crate) fn reboot(&mut self) {
        match self {
            Self::Table(table) => table.reboot(),
        }
    }

    /// Gets new outside addresses, and forgets all state.
    pub(crate) fn rebind(&mut self, outside: Vec<IpAddr>) {
        match self {
            Self::Table(table) => table.rebind(outside),
        }
    }
}
