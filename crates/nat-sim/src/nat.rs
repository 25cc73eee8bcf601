//! Network address translators: what they do to a packet that passes.
pub(crate) mod behaviour;
mod conntrack;
pub(crate) mod linux;
pub(crate) mod nat64;
pub(crate) mod ports;
pub(crate) mod preset;
pub(crate) mod table;
mod tcp_state;

use crate::{DropCause, IcmpFault, IpPacket, Stream};
use behaviour::{Behaviour, PortChoice, Udp};
use conntrack::Conntrack;
use linux::{LinuxNat, SourceRule};
use sans_io::Instant;
use std::net::IpAddr;
use table::Table;

/// What a NAT does with a packet.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(crate) enum Outcome {
    /// It leaves on the outside, as it was changed.
    Outside,
    /// It leaves on the inside, as it was changed.
    Inside,
    /// It goes no further.
    Drop(DropCause),
    /// It goes no further, and its sender is told.
    Reject(DropCause, IcmpFault),
    /// It is an echo request for the NAT itself, which answers it.
    Answer,
    /// It is an unsolicited SYN: it goes no further, and its sender is told after a while.
    RejectLater(DropCause, IcmpFault),
}

/// How a NAT works: by independent behaviours, or as Linux does.
#[derive(Clone, Debug, PartialEq, Eq, Hash)]
pub enum Model {
    /// RFC 4787's choices.
    Behaviour(Behaviour),
    /// The kernel's algorithm.
    Linux(LinuxNat),
}

impl From<Behaviour> for Model {
    fn from(behaviour: Behaviour) -> Self {
        Self::Behaviour(behaviour)
    }
}

impl From<LinuxNat> for Model {
    fn from(linux: LinuxNat) -> Self {
        Self::Linux(linux)
    }
}

impl Model {
    /// The same with only 64 ports, so that running out of them can be tried.
    pub(crate) fn with_64_ports(mut self) -> Self {
        match &mut self {
            Self::Behaviour(behaviour) => {
                let first = *behaviour.port_range.start();
                behaviour.port_range = first..=first.saturating_add(63);
                if let PortChoice::Block(size) = &mut behaviour.ports {
                    *size = 64.min(*size);
                }
            }
            Self::Linux(linux) => linux.source = SourceRule::Range(40_000..=40_063),
        }
        self
    }

    /// Whether inside addresses are hidden; a firewall leaves them as they are.
    pub(crate) fn translates(&self) -> bool {
        match self {
            Self::Behaviour(behaviour) => behaviour.translates,
            Self::Linux(linux) => linux.source != SourceRule::None,
        }
    }

    /// What it does with UDP as such.
    pub(crate) const fn udp(&self) -> Udp {
        match self {
            Self::Behaviour(behaviour) => behaviour.udp,
            Self::Linux(linux) => linux.udp,
        }
    }
}

/// Why a packet is not let through, and what its sender is told.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(crate) struct Refusal {
    pub(crate) cause: DropCause,
    pub(crate) told: Option<IcmpFault>,
    /// Whether the sender is told only after a while.
    pub(crate) later: bool,
}

impl From<Refusal> for Outcome {
    fn from(refusal: Refusal) -> Self {
        match refusal.told {
            Some(fault) if refusal.later => Self::RejectLater(refusal.cause, fault),
            Some(fault) => Self::Reject(refusal.cause, fault),
            None => Self::Drop(refusal.cause),
        }
    }
}

/// The state of one NAT for one address family.
#[derive(Debug)]
pub(crate) enum Engine {
    Table(Box<Table>),
    Linux(Box<Conntrack>),
}

impl Engine {
    /// A NAT with these outside addresses. `first_host` is the one that "DMZ" rules mean.
    pub(crate) fn new(
        model: Model,
        outside: Vec<IpAddr>,
        first_host: Option<IpAddr>,
        stream: Stream,
    ) -> Self {
        match model {
            Model::Behaviour(behaviour) => {
                Self::Table(Box::new(Table::new(behaviour, outside, stream)))
            }
            Model::Linux(linux) => {
                Self::Linux(Box::new(Conntrack::new(linux, outside, first_host, stream)))
            }
        }
    }

    /// The same NAT as it is after a reboot.
    pub(crate) fn fresh(&self) -> Self {
        match self {
            Self::Table(table) => Self::Table(Box::new(table.fresh())),
            Self::Linux(conntrack) => Self::Linux(Box::new(conntrack.fresh())),
        }
    }

    /// A packet from the inside.
    pub(crate) fn outbound(&mut self, now: Instant, packet: &mut IpPacket) -> Outcome {
        match self {
            Self::Table(table) => table.outbound(now, packet),
            Self::Linux(conntrack) => conntrack.outbound(now, packet),
        }
    }

    /// A packet from the outside.
    pub(crate) fn inbound(&mut self, now: Instant, packet: &mut IpPacket) -> Outcome {
        match self {
            Self::Table(table) => table.inbound(now, packet),
            Self::Linux(conntrack) => conntrack.inbound(now, packet),
        }
    }

    /// An error that the NAT itself has about a packet that it could not send on the outside.
    pub(crate) fn own_error(&mut self, now: Instant, packet: &mut IpPacket) -> Outcome {
        match self {
            Self::Table(table) => table.own_error(now, packet),
            Self::Linux(conntrack) => conntrack.inbound(now, packet),
        }
    }

    /// Whether a connection from the inside with the sender of this packet is there.
    pub(crate) fn knows(&mut self, now: Instant, packet: &IpPacket) -> bool {
        match self {
            Self::Table(table) => table.knows(now, packet),
            Self::Linux(conntrack) => conntrack.knows(now, packet),
        }
    }

    /// Whether inside addresses are hidden; a firewall leaves them as they are.
    pub(crate) fn translates(&self) -> bool {
        match self {
            Self::Table(table) => table.translates(),
            Self::Linux(conntrack) => conntrack.translates(),
        }
    }

    /// Forgets all state.
    pub(crate) fn reboot(&mut self) {
        match self {
            Self::Table(table) => table.reboot(),
            Self::Linux(conntrack) => conntrack.reboot(),
        }
    }

    /// Gets new outside addresses, and forgets all state.
    pub(crate) fn rebind(&mut self, outside: Vec<IpAddr>) {
        match self {
            Self::Table(table) => table.rebind(outside),
            Self::Linux(conntrack) => conntrack.rebind(outside),
        }
    }
}
