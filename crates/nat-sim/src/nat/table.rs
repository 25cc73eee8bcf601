//! The mapping table of a NAT that behaves as a [`Behaviour`] says.
use super::{
    Outcome, Refusal,
    behaviour::{
        Behaviour, Dependence, Hairpin, IcmpErrors, Lifetime, Pooling, TcpTimes, Udp, Unsolicited,
        UnsolicitedSyn,
    },
    ports::Allocator,
    tcp_state::TcpState,
};
use crate::{Body, DropCause, IcmpError, IcmpFault, IpPacket, Protocol, Segment, Stream, map::Map};
use sans_io::Instant;
use std::{
    collections::BTreeMap,
    net::{IpAddr, SocketAddr},
};

/// What a mapping is found by from the inside: the socket, and as much of the remote address as
/// the mapping depends on.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Hash)]
struct Key {
    protocol: Protocol,
    internal: SocketAddr,
    remote: Option<(IpAddr, u16)>,
}

/// What is kept of one remote; all of it is about TCP.
#[derive(Clone, Copy, Debug, Default)]
struct Session {
    tcp: TcpState,
    until: Instant,
}

#[derive(Debug)]
struct Mapping {
    key: Key,
    external: SocketAddr,
    born: Instant,
    until: Instant,
    replied: bool,
    /// Whom the inside has sent to: the filter lets these in.
    remotes: BTreeMap<SocketAddr, Session>,
}

impl Mapping {
    fn admits(&self, filtering: Dependence, remote: SocketAddr) -> bool {
        match filtering {
            Dependence::Endpoint => true,
            Dependence::Address => {
                let first = SocketAddr::new(remote.ip(), 0);
                let last = SocketAddr::new(remote.ip(), u16::MAX);
                self.remotes.range(first..=last).next().is_some()
            }
            Dependence::AddressAndPort => self.remotes.contains_key(&remote),
        }
    }

    /// A segment passes: its session gets the time of its state, and the mapping that of the
    /// session that lives longest.
    fn track(&mut self, now: Instant, remote: SocketAddr, s: &Segment, inside: bool, t: &TcpTimes) {
        let session = self.remotes.entry(remote).or_default();
        session.tcp = session.tcp.after(s, inside);
        let time = if session.tcp.is_established() { t.established } else { t.transitory };
        session.until = now.saturating_add(time);
        self.until = self.remotes.values().map(|session| session.until).max().unwrap_or(now);
    }

    fn refresh(&mut self, now: Instant, lifetime: &Lifetime) {
        let idle = if self.replied { lifetime.idle } else { lifetime.unreplied };
        let end = lifetime.absolute.map_or(Instant::FAR, |whole| self.born.saturating_add(whole));
        self.until = now.saturating_add(idle).min(end);
    }
}

/// The state of one NAT. Mappings end when their time is up, and are cleared away when something
/// comes across them.
#[derive(Debug)]
pub(crate) struct Table {
    behaviour: Behaviour,
    outside: Vec<IpAddr>,
    stream: Stream,
    allocator: Allocator,
    slots: Vec<Option<Mapping>>,
    free: Vec<u32>,
    by_key: Map<Key, u32>,
    by_external: Map<(Protocol, SocketAddr), Vec<u32>>,
    paired: BTreeMap<IpAddr, IpAddr>,
    /// Which mapping last carried packets from a remote to a socket, where that can be several.
    carriers: Map<(Protocol, SocketAddr, SocketAddr), u32>,
    /// Sessions that an outsider opened with the NAT itself (see [`Unsolicited::Accept`]).
    local: Map<(Protocol, SocketAddr, SocketAddr), Instant>,
}

impl Table {
    pub(crate) fn new(behaviour: Behaviour, outside: Vec<IpAddr>, stream: Stream) -> Self {
        let allocator = Allocator::new(&behaviour);
        Self {
            behaviour,
            outside,
            stream,
            allocator,
            slots: Vec::new(),
            free: Vec::new(),
            by_key: Map::default(),
            by_external: Map::default(),
            paired: BTreeMap::new(),
            carriers: Map::default(),
            local: Map::default(),
        }
    }

    pub(crate) fn fresh(&self) -> Self {
        Self::new(self.behaviour.clone(), self.outside.clone(), self.stream.clone())
    }

    pub(crate) const fn translates(&self) -> bool {
        self.behaviour.translates
    }

    pub(crate) fn reboot(&mut self) {
        self.allocator = Allocator::new(&self.behaviour);
        self.slots.clear();
        self.free.clear();
        self.by_key = Map::default();
        self.by_external = Map::default();
        self.carriers = Map::default();
        self.local = Map::default();
        self.paired.clear();
    }

    pub(crate) fn rebind(&mut self, outside: Vec<IpAddr>) {
        self.reboot();
        self.outside = outside;
    }

    /// A packet from the inside.
    pub(crate) fn outbound(&mut self, now: Instant, packet: &mut IpPacket) -> Outcome {
        if let Some(blocked) = self.block(packet) {
            return blocked;
        }
        if let Body::Error(error) = packet.body {
            return self.error_outbound(now, packet, &error);
        }
        let mapping = match self.map_outbound(now, packet) {
            Ok(mapping) => mapping,
            Err(DropCause::NoMapping) => return Outcome::Drop(DropCause::NoMapping),
            Err(cause) if self.behaviour.reports_exhaustion => {
                return Outcome::Reject(cause, IcmpFault::Prohibited);
            }
            Err(cause) => return Outcome::Drop(cause),
        };
        let internal = packet.source;
        packet.source = mapping;
        if !self.is_ours(packet.destination) {
            return Outcome::Outside;
        }
        let outcome = match self.behaviour.hairpin {
            Hairpin::None => Outcome::Drop(DropCause::NoHairpin),
            Hairpin::ExternalSource => self.inbound(now, packet),
            Hairpin::InternalSource => {
                let found = self.find_inbound(now, packet.protocol(), packet.destination, mapping);
                packet.source = internal;
                match found {
                    Ok(slot) => self.deliver(now, slot, packet),
                    Err(refusal) => refusal.into(),
                }
            }
        };
        if outcome != Outcome::Inside {
            packet.source = internal; // Its sender is to be told of it.
        }
        outcome
    }

    /// A packet from the outside, or one that is being hairpinned.
    pub(crate) fn inbound(&mut self, now: Instant, packet: &mut IpPacket) -> Outcome {
        if let Some(blocked) = self.block(packet) {
            return blocked;
        }
        if let Body::Error(error) = packet.body {
            return self.error_inbound(now, packet, &error);
        }
        match self.find_inbound(now, packet.protocol(), packet.destination, packet.source) {
            Ok(slot) => self.deliver(now, slot, packet),
            Err(refusal) => refusal.into(),
        }
    }

    /// Whether the inside has begun a connection with the sender of an unsolicited SYN.
    pub(crate) fn knows(&self, now: Instant, packet: &IpPacket) -> bool {
        let name = (packet.protocol(), packet.destination);
        let sharing = self.by_external.get(&name).map_or(&[][..], Vec::as_slice);
        let mut mappings = sharing.iter().filter_map(|slot| self.slots[*slot as usize].as_ref());
        mappings.any(|m| m.until > now && m.remotes.contains_key(&packet.source))
    }

    fn block(&self, packet: &IpPacket) -> Option<Outcome> {
        if packet.protocol() == Protocol::Tcp {
            let ports = [packet.destination.port(), packet.source.port(), 0];
            let allowed = self.behaviour.tcp_only_to.is_none_or(|only| ports.contains(&only));
            return (!allowed).then_some(Outcome::Drop(DropCause::Blocked));
        }
        match self.behaviour.udp {
            Udp::Passes => None,
            Udp::Dropped => Some(Outcome::Drop(DropCause::Blocked)),
            Udp::Rejected => Some(Outcome::Reject(DropCause::Blocked, IcmpFault::Prohibited)),
        }
    }

    /// Whether hairpinning applies to a destination.
    fn is_ours(&self, destination: SocketAddr) -> bool {
        self.behaviour.translates && self.outside.contains(&destination.ip())
    }

    fn key(&self, protocol: Protocol, internal: SocketAddr, remote: SocketAddr) -> Key {
        let remote = match self.behaviour.mapping {
            Dependence::Endpoint => None,
            Dependence::Address => Some((remote.ip(), 0)),
            Dependence::AddressAndPort => Some((remote.ip(), remote.port())),
        };
        Key { protocol, internal, remote }
    }

    /// Finds or makes the mapping of an outbound packet, refreshes it and lets its destination in.
    fn map_outbound(&mut self, now: Instant, packet: &IpPacket) -> Result<SocketAddr, DropCause> {
        let key = self.key(packet.protocol(), packet.source, packet.destination);
        let slot = match self.live(now, &key) {
            Some(slot) => slot,
            None if matches!(&packet.body, Body::Tcp(segment) if !segment.syn) => {
                return Err(DropCause::NoMapping);
            }
            None => self.open(now, key, packet.destination)?,
        };
        let (lifetime, tcp) = (self.behaviour.lifetime, self.behaviour.tcp);
        let mapping = self.mapping(slot);
        if let Body::Tcp(segment) = &packet.body {
            mapping.track(now, packet.destination, segment, true, &tcp);
            return Ok(mapping.external);
        }
        if lifetime.outbound_refreshes || mapping.born == now {
            mapping.refresh(now, &lifetime);
        }
        mapping.remotes.entry(packet.destination).or_default();
        Ok(mapping.external)
    }

    fn mapping(&mut self, slot: u32) -> &mut Mapping {
        self.slots[slot as usize].as_mut().expect("slots in the maps are taken")
    }

    /// The mapping of `key`, unless its time is up.
    fn live(&mut self, now: Instant, key: &Key) -> Option<u32> {
        let slot = *self.by_key.get(key)?;
        if self.mapping(slot).until > now {
            return Some(slot);
        }
        self.close(slot);
        None
    }

    fn open(&mut self, now: Instant, key: Key, remote: SocketAddr) -> Result<u32, DropCause> {
        let external = self.choose(now, &key, remote)?;
        let mapping = Mapping {
            key,
            external,
            born: now,
            until: now,
            replied: false,
            remotes: BTreeMap::new(),
        };
        let slot = if let Some(slot) = self.free.pop() {
            self.slots[slot as usize] = Some(mapping);
            slot
        } else {
            self.slots.push(Some(mapping));
            (self.slots.len() - 1) as u32
        };
        self.by_key.insert(key, slot);
        self.by_external.entry((key.protocol, external)).or_default().push(slot);
        Ok(slot)
    }

    fn close(&mut self, slot: u32) {
        let Some(mapping) = self.slots[slot as usize].take() else { return };
        self.free.push(slot);
        self.by_key.remove(&mapping.key);
        let name = (mapping.key.protocol, mapping.external);
        if let Some(sharing) = self.by_external.get_mut(&name) {
            sharing.retain(|other| *other != slot);
            if sharing.is_empty() {
                self.by_external.remove(&name);
            }
        }
    }

    fn choose(
        &mut self,
        now: Instant,
        key: &Key,
        remote: SocketAddr,
    ) -> Result<SocketAddr, DropCause> {
        if !self.behaviour.translates {
            return Ok(key.internal);
        }
        let host = key.internal.ip();
        if self.behaviour.quota.is_some_and(|quota| self.count(now, host) >= quota) {
            return Err(DropCause::OverQuota);
        }
        let ip = self.pool(host).ok_or(DropCause::NoRoute)?;
        let Self { behaviour, stream, allocator, slots, by_external, local, .. } = self;
        let is_free = |port| {
            let external = SocketAddr::new(ip, port);
            if local.get(&(key.protocol, external, remote)).is_some_and(|until| *until > now) {
                return false;
            }
            let Some(sharing) = by_external.get(&(key.protocol, external)) else { return true };
            !sharing.iter().filter_map(|slot| slots[*slot as usize].as_ref()).any(|mapping| {
                mapping.until > now
                    && (!behaviour.overloads || mapping.remotes.contains_key(&remote))
            })
        };
        let port = allocator.choose(behaviour, stream, host, key.internal.port(), is_free);
        let port = port.ok_or(DropCause::PortsExhausted)?;
        Ok(SocketAddr::new(ip, port))
    }

    /// How many mappings an internal host has.
    fn count(&self, now: Instant, host: IpAddr) -> u32 {
        let theirs = |m: &&Mapping| m.key.internal.ip() == host && m.until > now;
        self.slots.iter().flatten().filter(theirs).count() as u32
    }

    fn pool(&mut self, host: IpAddr) -> Option<IpAddr> {
        if self.outside.len() < 2 {
            return self.outside.first().copied();
        }
        let pick = self.outside[self.stream.below(self.outside.len() as u64) as usize];
        Some(match self.behaviour.pooling {
            Pooling::Paired => *self.paired.entry(host).or_insert(pick),
            Pooling::Arbitrary => pick,
        })
    }

    /// The mapping that lets a packet in, or what becomes of the packet.
    fn find_inbound(
        &mut self,
        now: Instant,
        protocol: Protocol,
        external: SocketAddr,
        remote: SocketAddr,
    ) -> Result<u32, Refusal> {
        let filtering = self.behaviour.filtering;
        let mut cause = DropCause::NoMapping;
        let sharing = self.by_external.get(&(protocol, external)).map_or(&[][..], Vec::as_slice);
        let mut best = None;
        for slot in sharing {
            let Some(mapping) = &self.slots[*slot as usize] else { continue };
            if mapping.until <= now {
                continue;
            }
            cause = DropCause::Filtered;
            if mapping.admits(filtering, remote) {
                // Of hosts that share the port, the one that knows the remote gets the packet.
                let known = mapping.remotes.contains_key(&remote);
                best = best.max(Some((known, mapping.until, *slot)));
            }
        }
        if let Some((_, _, slot)) = best {
            return Ok(slot);
        }
        if protocol == Protocol::Tcp {
            let error = IcmpFault::PortUnreachable;
            return Err(match self.behaviour.unsolicited_syn {
                UnsolicitedSyn::Drop => Refusal { cause, told: None, later: false },
                UnsolicitedSyn::Error => Refusal { cause, told: Some(error), later: false },
                UnsolicitedSyn::ErrorAfterSixSeconds => {
                    Refusal { cause, told: Some(error), later: true }
                }
            });
        }
        let told = match self.behaviour.unsolicited {
            Unsolicited::Drop => None,
            Unsolicited::Reject => Some(IcmpFault::PortUnreachable),
            Unsolicited::Accept => {
                let until = now.saturating_add(self.behaviour.lifetime.unreplied);
                if cause == DropCause::NoMapping {
                    self.local.insert((protocol, external, remote), until);
                }
                Some(IcmpFault::PortUnreachable)
            }
        };
        Err(Refusal { cause, told, later: false })
    }

    fn deliver(&mut self, now: Instant, slot: u32, packet: &mut IpPacket) -> Outcome {
        let (lifetime, tcp) = (self.behaviour.lifetime, self.behaviour.tcp);
        let mapping = self.mapping(slot);
        mapping.replied = true;
        if let Body::Tcp(segment) = &packet.body {
            mapping.track(now, packet.source, segment, false, &tcp);
        } else if lifetime.inbound_refreshes {
            mapping.refresh(now, &lifetime);
        }
        let Key { protocol, internal, .. } = mapping.key;
        if self.behaviour.mapping != Dependence::Endpoint {
            self.carriers.insert((protocol, internal, packet.source), slot);
        }
        packet.destination = internal;
        Outcome::Inside
    }

    /// An error from the outside about a packet that went out (RFC 5508 §4.2).
    fn error_inbound(&mut self, now: Instant, packet: &mut IpPacket, error: &IcmpError) -> Outcome {
        if self.behaviour.icmp_errors == IcmpErrors::Drop {
            return Outcome::Drop(DropCause::Blocked);
        }
        let Some(slot) = self.quoted(now, error) else {
            return Outcome::Drop(DropCause::NoMapping);
        };
        let outcome = self.bring_in(slot, packet, error);
        if self.behaviour.icmp_errors == IcmpErrors::EndMapping {
            self.close(slot);
        }
        outcome
    }

    /// An error that the NAT itself or somebody inside has about a packet that went out.
    pub(crate) fn own_error(&mut self, now: Instant, packet: &mut IpPacket) -> Outcome {
        let Body::Error(error) = packet.body else { return Outcome::Drop(DropCause::NoMapping) };
        match self.quoted(now, &error) {
            Some(slot) => self.bring_in(slot, packet, &error),
            None => Outcome::Drop(DropCause::NoMapping),
        }
    }

    /// The mapping of the packet that an error from the outside quotes.
    fn quoted(&self, now: Instant, error: &IcmpError) -> Option<u32> {
        let sharing = self.by_external.get(&(error.protocol, error.source))?;
        sharing.iter().copied().find(|slot| {
            let mapping = self.slots[*slot as usize].as_ref();
            mapping.is_some_and(|m| m.until > now && m.remotes.contains_key(&error.destination))
        })
    }

    fn bring_in(&mut self, slot: u32, packet: &mut IpPacket, error: &IcmpError) -> Outcome {
        let internal = self.mapping(slot).key.internal;
        packet.destination.set_ip(internal.ip());
        packet.body = Body::Error(IcmpError { source: internal, ..*error });
        Outcome::Inside
    }

    /// The mapping that let in the packet that an error is about. Where mappings depend on the
    /// destination, it may be one towards somebody else.
    fn carrier(&mut self, now: Instant, error: &IcmpError) -> Option<u32> {
        let (protocol, internal) = (error.protocol, error.destination);
        if let Some(slot) = self.carriers.get(&(protocol, internal, error.source)).copied()
            && let Some(mapping) = &self.slots[slot as usize]
            && (mapping.key.protocol, mapping.key.internal) == (protocol, internal)
            && mapping.until > now
        {
            return Some(slot);
        }
        self.live(now, &self.key(protocol, internal, error.source))
    }

    /// An error from the inside about a packet that came in (RFC 5508 §4.2).
    fn error_outbound(
        &mut self,
        now: Instant,
        packet: &mut IpPacket,
        error: &IcmpError,
    ) -> Outcome {
        let Some(slot) = self.carrier(now, error) else {
            return Outcome::Drop(DropCause::NoMapping);
        };
        let external = self.mapping(slot).external;
        packet.source.set_ip(external.ip());
        let error = IcmpError { destination: external, ..*error };
        packet.body = Body::Error(error);
        if self.is_ours(packet.destination) {
            return self.own_error(now, packet);
        }
        Outcome::Outside
    }
}
