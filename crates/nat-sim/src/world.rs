//! The world: its hosts, NATs and networks, its clock, and what it tells of a run.
mod boxes;
mod build;
mod faults;
mod hosting;
mod queue;
mod routing;
mod streams;

use crate::{
    Delivery, Entry, HostId, MachineId, NatId, NodeId, Pref64, Stats, Stream,
    hosted::Hosting,
    node::{HostState, Interface, Kind, Node, Segment},
    ping::Pings,
    trace::Trace,
};
use boxes::Boxes;
use core::time::Duration;
use hashbrown::HashTable;
use queue::{Event, Queue};
use sans_io::{Instant, LookupAnswer, LookupKind, Machine};
use std::{
    collections::{BTreeMap, BTreeSet},
    net::{IpAddr, SocketAddr},
};

/// A simulated network in virtual time. Equal worlds, driven equally, do exactly the same.
///
/// See the [crate documentation](crate) for a whole example.
#[derive(Debug)]
pub struct World {
    seed: u64,
    now: Instant,
    queue: Queue,
    boxes: Boxes,
    nodes: Vec<Node>,
    /// The nodes, by the hash of their name.
    by_name: HashTable<u32>,
    segments: Vec<Segment>,
    names: BTreeMap<(String, LookupKind), Vec<LookupAnswer>>,
    lookup_delay: Duration,
    trace: Trace,
    stats: Stats,
    cuts: BTreeSet<(u32, u32)>,
    roams: u64,
    /// Of the machine that is being drained: drains do not nest.
    replies: Vec<hosting::SocketReply>,
}

/// A host, or one machine of a host. Where a host is given, its first machine of the type in
/// question is meant.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Target {
    /// The first machine of a type on this host.
    Host(HostId),
    /// This one.
    Machine(MachineId),
}

impl From<HostId> for Target {
    fn from(host: HostId) -> Self {
        Self::Host(host)
    }
}

impl From<MachineId> for Target {
    fn from(machine: MachineId) -> Self {
        Self::Machine(machine)
    }
}

impl World {
    /// What time it is when a world begins: not the origin, so that machines may look back.
    pub const START: Instant = Instant::from_secs(1_000);

    /// An empty world. All randomness comes from the seed.
    pub fn new(seed: u64) -> Self {
        Self {
            seed,
            now: Self::START,
            queue: Queue::default(),
            boxes: Boxes::default(),
            nodes: Vec::new(),
            by_name: HashTable::new(),
            segments: vec![build::internet()],
            names: BTreeMap::new(),
            lookup_delay: Duration::ZERO,
            trace: Trace::default(),
            stats: Stats::default(),
            cuts: BTreeSet::new(),
            roams: 0,
            replies: Vec::new(),
        }
    }

    pub(crate) const fn seed(&self) -> u64 {
        self.seed
    }

    pub(crate) fn nodes(&self) -> &[Node] {
        &self.nodes
    }

    /// The time.
    pub const fn now(&self) -> Instant {
        self.now
    }

    /// How long ago the world began.
    pub const fn elapsed(&self) -> Duration {
        self.now.saturating_since(Self::START)
    }

    /// A random stream of the world's seed, for what the test itself decides.
    pub fn stream(&self, purpose: &str) -> Stream {
        Stream::new(self.seed, "scenario", purpose)
    }

    /// Does the next thing that is due. `None`: nothing will ever happen again.
    pub fn step(&mut self) -> Option<Instant> {
        let (at, event) = self.queue.pop()?;
        self.now = self.now.max(at);
        match event {
            Event::Arrive { node, interface, packet } => self.arrive(node, interface, packet),
            Event::Queue { node, interface, packet } => self.down(node, interface, packet, at),
            Event::Wake(machine) => self.wake(machine),
            Event::LookedUp(machine, request) => self.answer_lookup(machine, &request),
            Event::StreamTimer(host, ends) => self.wake_stream(host, *ends),
            Event::Stream(host, news) => self.tell_stream(host, news.0, news.1),
            Event::LateReject { node, packet, fault } => self.reject_late(node, &packet, fault),
            Event::Call(call) => call(self),
            Event::Loopback { host, packet } => {
                let node = &self.nodes[host.0 as usize];
                let interface = node.interface_of(packet.destination.ip()).unwrap_or(0);
                self.reach_host(host, interface, packet);
            }
        }
        Some(at)
    }

    /// When the next thing is due.
    pub fn next_at(&self) -> Option<Instant> {
        self.queue.next_at()
    }

    /// Runs everything that is due until `end`, and lets time pass until then.
    pub fn run_until(&mut self, end: Instant) {
        while self.queue.next_at().is_some_and(|at| at <= end) {
            self.step();
        }
        self.now = self.now.max(end);
    }

    /// Runs for so long.
    pub fn run_for(&mut self, span: Duration) {
        self.run_until(self.now.saturating_add(span));
    }

    /// Runs until `done` says so, looking after each step, or until `end`. Whether it was done.
    pub fn run_until_true(
        &mut self,
        end: Instant,
        mut done: impl FnMut(&mut Self) -> bool,
    ) -> bool {
        loop {
            if done(self) {
                return true;
            }
            if self.queue.next_at().is_none_or(|at| at > end) {
                self.now = self.now.max(end);
                return false;
            }
            self.step();
        }
    }

    /// Runs until a machine has an event that was not there before and that `wanted` picks, or
    /// until `end`. The time of the event; it stays in the record.
    pub fn run_until_event<M: Machine + 'static>(
        &mut self,
        target: impl Into<Target>,
        end: Instant,
        mut wanted: impl FnMut(&M::Event) -> bool,
    ) -> Option<Instant> {
        let machine = self.find::<M>(target.into());
        let mut seen = self.hosting::<M>(machine).events.len();
        let mut found = None;
        self.run_until_true(end, |world| {
            let events = &world.hosting::<M>(machine).events;
            let new = events.get(seen..).unwrap_or_default();
            found = new.iter().find(|(_, event)| wanted(event)).map(|(at, _)| *at);
            seen = events.len();
            found.is_some()
        });
        found
    }

    /// Calls back at a time: how scenarios carry descriptions between hosts and make things fail.
    pub fn at(&mut self, at: Instant, call: impl FnOnce(&mut Self) + 'static) {
        self.queue.push(at.max(self.now), Event::Call(Box::new(call)));
    }

    /// Calls back after a while.
    pub fn after(&mut self, delay: Duration, call: impl FnOnce(&mut Self) + 'static) {
        self.at(self.now.saturating_add(delay), call);
    }

    /// Enters a record into the table of names. The final dot is left out, and case is ignored.
    pub fn add_name(&mut self, name: &str, kind: LookupKind, answer: LookupAnswer) {
        self.names.entry((name.to_ascii_lowercase(), kind)).or_default().push(answer);
    }

    /// Sets how long lookups take; none at first.
    pub const fn set_lookup_delay(&mut self, delay: Duration) {
        self.lookup_delay = delay;
    }

    /// A number that two runs share only if they did the same.
    pub const fn trace_hash(&self) -> u64 {
        self.trace.hash()
    }

    /// Keeps a log from now on. Without it a run is much faster.
    pub fn keep_log(&mut self) {
        self.trace.log.get_or_insert_default();
    }

    /// The log so far; empty when none is kept.
    pub fn log(&self) -> &[Entry] {
        self.trace.log.as_deref().unwrap_or_default()
    }

    /// What was counted in the whole world.
    pub const fn stats(&self) -> &Stats {
        &self.stats
    }

    /// What was counted at a host.
    pub fn host_stats(&self, host: HostId) -> &Stats {
        &self.nodes[host.0 as usize].stats
    }

    /// What was counted at a NAT.
    pub fn nat_stats(&self, nat: NatId) -> &Stats {
        &self.nodes[nat.0 as usize].stats
    }

    /// The addresses of a host, interface after interface.
    pub fn addresses(&self, host: HostId) -> Vec<IpAddr> {
        let interfaces = &self.nodes[host.0 as usize].interfaces;
        interfaces.iter().flat_map(|i| i.addresses.iter().copied()).collect()
    }

    /// The first address of a host, an IPv4 one unless it was given others.
    pub fn address(&self, host: HostId) -> IpAddr {
        let interfaces = &self.nodes[host.0 as usize].interfaces;
        let mut all = interfaces.iter().flat_map(|i| &i.addresses);
        *all.next().expect("every host has an address")
    }

    /// The outside addresses of a NAT.
    pub fn outside_addresses(&self, nat: NatId) -> &[IpAddr] {
        &self.nodes[nat.0 as usize].interfaces[0].addresses
    }

    /// An address as a host has to write it: an IPv4 one with the prefix of the NAT64 that a host
    /// without IPv4 is behind (RFC 6052 §2.3), any other as it is.
    pub fn address_for(&self, host: HostId, address: SocketAddr) -> SocketAddr {
        if address.is_ipv6() {
            return address;
        }
        self.pref64(host).map_or(address, |prefix| prefix.embed_socket(address))
    }

    /// An address as it is without the prefix of the NAT64 that a host is behind.
    pub fn address_without(&self, host: HostId, address: SocketAddr) -> SocketAddr {
        let prefix = self.pref64(host);
        prefix.and_then(|prefix| prefix.extract_socket(address)).unwrap_or(address)
    }

    /// The prefix by which a host without IPv4 reaches it.
    fn pref64(&self, host: HostId) -> Option<Pref64> {
        let node = &self.nodes[host.0 as usize];
        let gateway = |interface: &Interface| self.segments[interface.segment as usize].gateway;
        let prefix = |nat: u32| match &self.nodes[nat as usize].kind {
            Kind::Nat(state) => state.pref64,
            Kind::Host(_) => None,
        };
        let has_ipv4 = node.address(false).is_some();
        node.interfaces.iter().filter_map(gateway).find_map(prefix).filter(|_| !has_ipv4)
    }

    /// Every interface of every node, with a name.
    pub(crate) fn vantage_points(&self) -> impl Iterator<Item = (NodeId, u8, String)> {
        self.nodes.iter().enumerate().flat_map(|(index, node)| {
            let several = node.interfaces.len() > 1;
            (0..node.interfaces.len() as u8).map(move |number| {
                let name = match (&node.kind, several) {
                    (Kind::Nat(_), _) if number == 0 => format!("{} outside", node.name),
                    (Kind::Nat(_), _) => format!("{} inside", node.name),
                    (Kind::Host(_), true) => format!("{} {number}", node.name),
                    (Kind::Host(_), false) => node.name.to_string(),
                };
                (NodeId(index as u32), number, name)
            })
        })
    }

    /// For each NAT on the internet, in order: the nodes behind it, those farthest inside first, and
    /// then itself.
    pub(crate) fn inside_first(&self) -> Vec<Vec<usize>> {
        let mut trees: Vec<Vec<usize>> = Vec::new();
        // Outer NATs are added before what is behind them.
        for (index, node) in self.nodes.iter().enumerate() {
            let outside = node.interfaces.first().map_or(0, |interface| interface.segment);
            let gateway = self.segments[outside as usize].gateway.map(|gateway| gateway as usize);
            let tree = trees.iter_mut().find(|tree| gateway.is_some_and(|g| tree.contains(&g)));
            match (tree, &node.kind) {
                (Some(tree), _) => tree.insert(0, index),
                (None, Kind::Nat(_)) => trees.push(vec![index]),
                (None, Kind::Host(_)) => {}
            }
        }
        trees
    }

    /// The host or NAT names, in the order in which they were added.
    pub fn node_names(&self) -> impl Iterator<Item = &str> {
        self.nodes.iter().map(|node| &*node.name)
    }

    /// Takes the events of a machine, with their times.
    ///
    /// # Panics
    /// When the target has no machine of this type.
    pub fn take_events<M: Machine + 'static>(
        &mut self,
        target: impl Into<Target>,
    ) -> Vec<(Instant, M::Event)> {
        let machine = self.find::<M>(target.into());
        core::mem::take(&mut self.hosting_mut::<M>(machine).events)
    }

    /// Takes what was delivered to the applications of a host.
    pub fn take_delivered(&mut self, host: HostId) -> Vec<Delivery> {
        core::mem::take(&mut self.host_mut(host).delivered)
    }

    /// A machine.
    ///
    /// # Panics
    /// When the target has no machine of this type.
    pub fn machine<M: Machine + 'static>(&self, target: impl Into<Target>) -> &M {
        &self.hosting::<M>(self.find::<M>(target.into())).machine
    }

    fn host(&self, host: HostId) -> &HostState {
        match &self.nodes[host.0 as usize].kind {
            Kind::Host(state) => state,
            Kind::Nat(_) => unreachable!("host ids name hosts"),
        }
    }

    fn host_mut(&mut self, host: HostId) -> &mut HostState {
        match &mut self.nodes[host.0 as usize].kind {
            Kind::Host(state) => state,
            Kind::Nat(_) => unreachable!("host ids name hosts"),
        }
    }

    pub(crate) fn pings(&mut self, host: HostId) -> &mut Pings {
        self.host_mut(host).pings.get_or_insert_default()
    }

    fn hosting<M: Machine + 'static>(&self, id: MachineId) -> &Hosting<M> {
        let hosted = self.host(id.host).slots[id.index as usize].hosted.as_ref();
        let any = hosted.expect("no machine is looked at while it runs").as_any();
        any.downcast_ref().expect("found by its type")
    }

    fn hosting_mut<M: Machine + 'static>(&mut self, id: MachineId) -> &mut Hosting<M> {
        let hosted = self.host_mut(id.host).slots[id.index as usize].hosted.as_mut();
        let any = hosted.expect("no machine is looked at while it runs").as_any_mut();
        any.downcast_mut().expect("found by its type")
    }

    /// The machine of type `M` that a target means.
    fn find<M: Machine + 'static>(&self, target: Target) -> MachineId {
        let is_it = |id: &MachineId| {
            let slot = self.host(id.host).slots.get(id.index as usize);
            let hosted = slot.and_then(|slot| slot.hosted.as_ref());
            hosted.is_some_and(|hosted| hosted.as_any().is::<Hosting<M>>())
        };
        let found = match target {
            Target::Machine(id) => Some(id).filter(is_it),
            Target::Host(host) => {
                let count = self.host(host).slots.len() as u32;
                (0..count).map(|index| MachineId { host, index }).find(is_it)
            }
        };
        found.unwrap_or_else(|| {
            let (Target::Host(host) | Target::Machine(MachineId { host, .. })) = target;
            let name = &self.nodes[host.0 as usize].name;
            panic!("{name} runs no {}", core::any::type_name::<M>())
        })
    }
}
