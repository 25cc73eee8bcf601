//! Hosts, NATs and the networks between them, in use.
use crate::{
    Jump, MachineId, Pref64, Stats, Stream,
    hosted::Hosted,
    link::{self, Lane},
    map::Owners,
    nat::Engine,
    ping::Pings,
    sockets::Sockets,
    tcp::Connection,
};
use bytes::{Bytes, BytesMut};
use sans_io::{Instant, Path, SocketFault, SocketId};
use std::{
    collections::BTreeMap,
    fmt,
    net::{IpAddr, SocketAddr},
};

/// A host or a NAT.
#[derive(Debug)]
pub(crate) struct Node {
    pub(crate) name: Box<str>,
    pub(crate) up: bool,
    pub(crate) interfaces: Vec<Interface>,
    pub(crate) stats: Stats,
    pub(crate) kind: Kind,
}

impl Node {
    /// The interface that has this address.
    pub(crate) fn interface_of(&self, ip: IpAddr) -> Option<u8> {
        let found = self.interfaces.iter().position(|i| i.addresses.contains(&ip))?;
        u8::try_from(found).ok()
    }

    /// Its first address of a family.
    pub(crate) fn address(&self, ipv6: bool) -> Option<IpAddr> {
        let mut all = self.interfaces.iter().flat_map(|i| &i.addresses);
        all.find(|ip| ip.is_ipv6() == ipv6).copied()
    }
}

#[derive(Debug)]
pub(crate) enum Kind {
    Host(HostState),
    Nat(NatState),
}

/// Where a node is attached to a network.
#[derive(Debug)]
pub(crate) struct Interface {
    pub(crate) segment: u32,
    pub(crate) addresses: Vec<IpAddr>,
    /// To the network.
    pub(crate) up: Lane,
    /// From the network.
    pub(crate) down: Lane,
}

/// The outside interface of a NAT; hosts count from it too.
pub(crate) const OUTSIDE: u8 = 0;
/// The inside interface of a NAT.
pub(crate) const INSIDE: u8 = 1;

/// A network that its nodes reach each other on directly.
#[derive(Clone, Debug)]
pub(crate) struct Segment {
    pub(crate) nodes: Owners,
    /// The NAT that everything else goes to.
    pub(crate) gateway: Option<u32>,
    /// How many routers a packet passes on it.
    pub(crate) hops: u8,
    /// The next numbers to give out: hosts, IPv6.
    pub(crate) next: u32,
    pub(crate) prefix: crate::topology::Prefix,
    pub(crate) number: u32,
    /// The inside of a NAT64.
    pub(crate) ipv6_only: bool,
}

/// How far the clock of a host is from that of the world.
#[derive(Clone, Copy, Debug, Default)]
pub(crate) struct HostClock {
    ahead_ns: u64,
    behind_ns: u64,
}

impl HostClock {
    pub(crate) fn jump(&mut self, jump: Jump) {
        let (by, sum) = match jump {
            Jump::Ahead(by) => (by, &mut self.ahead_ns),
            Jump::Back(by) => (by, &mut self.behind_ns),
        };
        *sum = sum.saturating_add(link::nanos(by));
    }

    /// What it shows at a time of the world.
    #[inline]
    pub(crate) const fn shows(self, at: Instant) -> Instant {
        let shown = at.as_nanos().saturating_add(self.ahead_ns);
        Instant::from_nanos(shown.saturating_sub(self.behind_ns))
    }

    /// When it shows this.
    #[inline]
    pub(crate) const fn when(self, shown: Instant) -> Instant {
        let at = shown.as_nanos().saturating_add(self.behind_ns);
        Instant::from_nanos(at.saturating_sub(self.ahead_ns))
    }
}

#[derive(Debug)]
pub(crate) struct HostState {
    pub(crate) slots: Vec<Slot>,
    pub(crate) sockets: Sockets,
    pub(crate) ephemeral: Stream,
    pub(crate) listeners: BTreeMap<SocketAddr, (u32, SocketId)>,
    pub(crate) streams: BTreeMap<(SocketAddr, SocketAddr), StreamEnd>,
    pub(crate) delivered: Vec<Delivery>,
    pub(crate) clock: HostClock,
    /// Of hosts that ping.
    pub(crate) pings: Option<Box<Pings>>,
}

impl HostState {
    /// A host that runs nothing.
    pub(crate) fn new(ephemeral: Stream) -> Self {
        Self {
            slots: Vec::new(),
            sockets: Sockets::default(),
            ephemeral,
            listeners: BTreeMap::new(),
            streams: BTreeMap::new(),
            delivered: Vec::new(),
            clock: HostClock::default(),
            pings: None,
        }
    }

    /// Replaces port 0 by one of the dynamic ports of RFC 6335 that is free.
    pub(crate) fn free_port(
        &mut self,
        mut local: SocketAddr,
        is_free: impl Fn(&Self, SocketAddr) -> bool,
    ) -> Result<SocketAddr, SocketFault> {
        if local.port() == 0 {
            let first = self.ephemeral.below(16_384) as u16;
            let ports = (0..16_384).map(|n| 49_152 + (first + n) % 16_384);
            let mut free = ports.filter(|port| is_free(self, SocketAddr::new(local.ip(), *port)));
            local.set_port(free.next().ok_or(SocketFault::NoCapacity)?);
        }
        Ok(local)
    }
}

/// One end of a TCP connection, and whose it is.
#[derive(Debug)]
pub(crate) struct StreamEnd {
    pub(crate) connection: Connection,
    pub(crate) owner: u32,
    /// The number that the machine asked with.
    pub(crate) id: Option<SocketId>,
    /// The listener that it came to.
    pub(crate) listener: Option<SocketId>,
    /// Read, and not yet given to the machine.
    pub(crate) buffer: BytesMut,
    /// The machine wants to hear no more of it.
    pub(crate) hung_up: bool,
    /// The machine wants to hear no more of it for now.
    pub(crate) paused: bool,
    /// The other side ended it, which the machine is to hear behind what is in the buffer.
    pub(crate) ended: bool,
    /// News that are queued and not told yet.
    pub(crate) news: usize,
    pub(crate) wake: Option<Instant>,
}

/// A place for a machine on a host.
pub(crate) struct Slot {
    /// Out while it runs.
    pub(crate) hosted: Option<Box<dyn Hosted>>,
    /// By the clock of the host.
    pub(crate) deadline: Option<Instant>,
    /// The earliest wake-up in the queue.
    pub(crate) wake: Option<Instant>,
    /// How often it was woken without time passing.
    pub(crate) wakes_now: u32,
}

impl fmt::Debug for Slot {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.debug_struct("Slot").field("deadline", &self.deadline).finish_non_exhaustive()
    }
}

#[derive(Debug)]
pub(crate) struct NatState {
    pub(crate) ipv4: Engine,
    pub(crate) ipv6: Engine,
    pub(crate) inside: u32,
    /// Where it is a NAT64: the prefix that its inside reaches IPv4 by.
    pub(crate) pref64: Option<Pref64>,
}

/// Application bytes that a machine gave to its application.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Delivery {
    /// When.
    pub at: Instant,
    /// Which machine gave them.
    pub machine: MachineId,
    /// The path they travelled, as the machine says.
    pub path: Path,
    /// The bytes.
    pub bytes: Bytes,
}
