//! The mapping table of a NAT that behaves as a [`Behaviour`] says.
mod errors;
mod mapping;
mod slots;

use super::{
    Outcome, Refusal,
    behaviour::{
        Behaviour, Dependence, Hairpin, IcmpErrors, Lifetime, Pooling, TcpTimes, Udp, Unsolicited,
        UnsolicitedSyn,
    },
    ports::Allocator,
    tcp_state::TcpState,
};
use crate::{Body, DropCause, IcmpFault, IpPacket, Protocol, Stream, map::Map};
use core::time::Duration;
use mapping::{Key, Mapping};
use sans_io::{Instant, Slab, SlabKey};
use std::{
    collections::BTreeMap,
    net::{IpAddr, SocketAddr},
};

/// The state of one NAT. Mappings end when their time is up, and are cleared away when something
/// comes across them.
#[derive(Debug)]
pub(crate) struct Table {
    behaviour: Behaviour,
    outside: Vec<IpAddr>,
    stream: Stream,
    allocator: Allocator,
    mappings: Slab<Mapping>,
    by_key: Map<Key, SlabKey>,
    by_external: Map<(Protocol, SocketAddr), Vec<SlabKey>>,
    paired: BTreeMap<IpAddr, IpAddr>,
    /// Which mapping last carried packets from a remote to a socket, where that can be several.
    carriers: Map<(Protocol, SocketAddr, SocketAddr), SlabKey>,
    /// Ports that were given up: whose they were, and until when others do not get them.
    resting: Map<(Protocol, SocketAddr), (SocketAddr, Instant)>,
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
            mappings: Slab::new(),
            by_key: Map::default(),
            by_external: Map::default(),
            paired: BTreeMap::new(),
            carriers: Map::default(),
            resting: Map::default(),
            local: Map::default(),
        }
    }

    pub(crate) fn fresh(&self) -> Self {
        Self::new(self.behaviour.clone(), self.outside.clone(), self.stream.clone())
    }

    pub(crate) const fn translates(&self) -> bool {
        self.behaviour.translates
    }

    /// Forgets its mappings; their ports may rest.
    pub(crate) fn reboot(&mut self) {
        let all: Vec<SlabKey> = self.mappings.iter().map(|(slot, _)| slot).collect();
        for slot in all {
            self.close(slot);
        }
        self.allocator = Allocator::new(&self.behaviour);
        self.mappings = Slab::new();
        self.by_key = Map::default();
        self.by_external = Map::default();
        self.carriers = Map::default();
        self.local = Map::default();
        self.paired.clear();
    }

    pub(crate) fn rebind(&mut self, outside: Vec<IpAddr>) {
        self.reboot();
        self.resting = Map::default();
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
        if self.behaviour.rewrites_payload {
            meddle(packet, internal.ip());
        }
        if !self.is_ours(packet.destination) {
            return Outcome::Outside;
        }
        if packet.is_ping() {
            packet.source = internal; // The outside address is the NAT's own.
            return Outcome::Answer;
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
        let answers = self.behaviour.unsolicited == Unsolicited::Accept;
        if packet.is_ping() && answers && self.outside.contains(&packet.destination.ip()) {
            return Outcome::Answer;
        }
        match self.find_inbound(now, packet.protocol(), packet.destination, packet.source) {
            Ok(slot) if self.misunderstands(slot, packet) => Outcome::Drop(DropCause::Filtered),
            Ok(slot) => self.deliver(now, slot, packet),
            Err(refusal) => refusal.into(),
        }
    }

    /// Whether it takes a simultaneous open for an intrusion.
    fn misunderstands(&self, slot: SlabKey, packet: &IpPacket) -> bool {
        let Body::Tcp(segment) = &packet.body else { return false };
        let opens = segment.syn && segment.acknowledges.is_none();
        let mapping = self.mappings.get(slot);
        let begun = mapping.is_some_and(|mapping| mapping.remotes.contains_key(&packet.source));
        opens && begun && !self.behaviour.simultaneous_open
    }

    /// Whether the inside has begun a connection with the sender of an unsolicited SYN.
    pub(crate) fn knows(&self, now: Instant, packet: &IpPacket) -> bool {
        let name = (packet.protocol(), packet.destination);
        let sharing = self.by_external.get(&name).map_or(&[][..], Vec::as_slice);
        let mut mappings = sharing.iter().filter_map(|slot| self.mappings.get(*slot));
        mappings.any(|m| m.until > now && m.remotes.contains_key(&packet.source))
    }

    fn block(&self, packet: &IpPacket) -> Option<Outcome> {
        if packet.protocol() == Protocol::Tcp {
            let ports = [packet.destination.port(), packet.source.port(), 0];
            let allowed = self.behaviour.tcp_only_to.is_none_or(|only| ports.contains(&only));
            return (!allowed).then_some(Outcome::Drop(DropCause::Blocked));
        }
        if packet.protocol() == Protocol::Icmp {
            let Behaviour { query_lifetime, tcp_only_to, .. } = &self.behaviour;
            let allowed = query_lifetime.is_some() && tcp_only_to.is_none();
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
            None if !packet.begins() => return Err(DropCause::NoMapping),
            None => self.open(now, key, packet.destination)?,
        };
        let Behaviour { lifetime, tcp, query_lifetime, .. } = self.behaviour;
        let mapping = self.mapping(slot);
        match &packet.body {
            Body::Tcp(segment) => {
                mapping.track(now, packet.destination, segment, true, &tcp);
                return Ok(mapping.external);
            }
            Body::Echo(_) => mapping.refresh(now, &queries(query_lifetime)),
            Body::Udp(_) | Body::Error(_) => {
                if lifetime.outbound_refreshes || mapping.born == now {
                    mapping.refresh(now, &lifetime);
                }
            }
        }
        mapping.remotes.entry(packet.destination).or_default();
        Ok(mapping.external)
    }

    /// The mapping that lets a packet in, or what becomes of the packet.
    fn find_inbound(
        &mut self,
        now: Instant,
        protocol: Protocol,
        external: SocketAddr,
        remote: SocketAddr,
    ) -> Result<SlabKey, Refusal> {
        let filtering = self.behaviour.filtering;
        let mut cause = DropCause::NoMapping;
        let sharing = self.by_external.get(&(protocol, external)).map_or(&[][..], Vec::as_slice);
        let mut best = None;
        for slot in sharing {
            let Some(mapping) = self.mappings.get(*slot) else { continue };
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
            // Answers to queries that nobody sent.
            Unsolicited::Reject | Unsolicited::Accept if protocol == Protocol::Icmp => None,
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

    fn deliver(&mut self, now: Instant, slot: SlabKey, packet: &mut IpPacket) -> Outcome {
        let Behaviour { lifetime, tcp, query_lifetime, .. } = self.behaviour;
        let mapping = self.mapping(slot);
        mapping.replied = true;
        match &packet.body {
            Body::Tcp(segment) => mapping.track(now, packet.source, segment, false, &tcp),
            Body::Echo(_) => mapping.refresh(now, &queries(query_lifetime)),
            Body::Udp(_) | Body::Error(_) => {
                if lifetime.inbound_refreshes {
                    mapping.refresh(now, &lifetime);
                }
            }
        }
        let Key { protocol, internal, .. } = mapping.key;
        if self.behaviour.mapping != Dependence::Endpoint {
            self.carriers.insert((protocol, internal, packet.source), slot);
        }
        packet.destination = internal;
        Outcome::Inside
    }
}

/// How long mappings of query ids live.
fn queries(lifetime: Option<Duration>) -> Lifetime {
    Lifetime::idle(lifetime.unwrap_or_default())
}

/// Changes the inside address in the payload to the outside one, in binary, as gateways do that
/// know no protocol and look for four bytes.
fn meddle(packet: &mut IpPacket, inside: IpAddr) {
    let (IpAddr::V4(inside), IpAddr::V4(outside)) = (inside, packet.source.ip()) else { return };
    let Body::Udp(payload) = &mut packet.body else { return };
    let (inside, outside) = (inside.octets(), outside.octets());
    if !payload.windows(4).any(|window| window == inside) {
        return;
    }
    let mut bytes = payload.to_vec();
    let mut at = 0;
    while let Some(window) = bytes.get_mut(at..at + 4) {
        let found = *window == inside;
        if found {
            window.copy_from_slice(&outside);
        }
        at += if found { 4 } else { 1 };
    }
    *payload = bytes.into();
}
