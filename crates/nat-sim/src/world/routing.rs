//! Moving packets: over links, across networks, through NATs and to hosts.
use super::{Event, World};
use crate::{
    Body, DropCause, Happening, HostId, IcmpFault, IpPacket, MachineId, NodeId, Pref64, Protocol,
    link::Passage,
    nat::Outcome,
    node::{INSIDE, Kind, NatState, OUTSIDE},
};
use bytes::{Bytes, BytesMut};
use core::time::Duration;
use sans_io::{Input, Instant, PacketMeta, Path, PathFault};
use std::net::{IpAddr, Ipv4Addr, Ipv6Addr};

/// How long a NAT stays silent about an unsolicited SYN (RFC 5382 §4.3).
const SYN_PATIENCE: Duration = Duration::from_secs(6);
/// Who reports what goes wrong on the way through a network.
const ROUTER: IpAddr = IpAddr::V4(Ipv4Addr::new(192, 88, 99, 1));
/// The same with IPv6.
const ROUTER_IPV6: IpAddr = IpAddr::V6(Ipv6Addr::new(0x2001, 0xDB8, 0xFFFF, 0, 0, 0, 0, 1));

impl World {
    /// A host puts a packet of its own on the network.
    pub(crate) fn send(&mut self, host: HostId, packet: Box<IpPacket>) {
        match self.nodes[host.0 as usize].interface_of(packet.source.ip()) {
            Some(interface) => self.send_from(host, interface, packet),
            None => self.drop(host.0, 0, DropCause::NotOurs, &packet),
        }
    }

    /// The same, where it is known which interface has the source address.
    #[inline(always)]
    #[expect(clippy::inline_always, reason = "most of its time would go into calling it")]
    pub(super) fn send_from(&mut self, host: HostId, interface: u8, packet: Box<IpPacket>) {
        let node = &mut self.nodes[host.0 as usize];
        let len = packet.payload().len();
        node.stats.send(len);
        self.stats.send(len);
        self.trace.sent(self.now, NodeId(host.0), interface, &packet);
        let to = packet.destination.ip();
        let owner =
            self.segments[node.interfaces[interface as usize].segment as usize].nodes.get(to);
        let is_own = owner.is_some_and(|(owner, _)| owner == host.0)
            || node.interfaces.len() > 1 && node.interface_of(to).is_some();
        if is_own {
            return self.queue.push(self.now, Event::Loopback { host, packet });
        }
        self.emit_to(host.0, interface, packet, owner);
    }

    /// Lets a host send any packet at all, also one with a source that is not its own: for forged
    /// ICMP errors and the like.
    pub fn inject(&mut self, host: HostId, packet: IpPacket) {
        self.trace.sent(self.now, NodeId(host.0), 0, &packet);
        self.emit(host.0, 0, Box::new(packet));
    }

    #[cold]
    pub(super) fn drop(&mut self, node: u32, interface: u8, cause: DropCause, packet: &IpPacket) {
        self.nodes[node as usize].stats.drop(cause);
        self.stats.drop(cause);
        self.trace.packet(self.now, NodeId(node), interface, Happening::Dropped(cause), packet);
    }

    /// A packet leaves a node on one of its interfaces.
    fn emit(&mut self, node: u32, interface: u8, packet: Box<IpPacket>) {
        let segment = self.nodes[node as usize].interfaces[interface as usize].segment;
        let owner = self.segments[segment as usize].nodes.get(packet.destination.ip());
        self.emit_to(node, interface, packet, owner);
    }

    /// The same, where it is known whose its destination is on the network, if anybody's.
    #[inline(always)]
    #[expect(clippy::inline_always, reason = "most of its time would go into calling it")]
    fn emit_to(
        &mut self,
        node: u32,
        interface: u8,
        packet: Box<IpPacket>,
        owner: Option<(u32, u8)>,
    ) {
        let sender = &mut self.nodes[node as usize];
        if !sender.up {
            return self.drop(node, interface, DropCause::Down, &packet);
        }
        let attached = &mut sender.interfaces[interface as usize];
        let segment = attached.segment;
        match attached.up.delay(self.now) {
            Some(at) => self.cross(segment, node, interface, packet, owner, at),
            None => self.emit_roughly(node, interface, packet, owner),
        }
    }

    /// The same over a link that does more than delay.
    #[inline(never)]
    fn emit_roughly(
        &mut self,
        node: u32,
        interface: u8,
        mut packet: Box<IpPacket>,
        owner: Option<(u32, u8)>,
    ) {
        let attached = &mut self.nodes[node as usize].interfaces[interface as usize];
        let segment = attached.segment;
        match attached.up.pass(self.now, packet.unfragmented()) {
            Passage::Lost { cause, told } => {
                self.drop(node, interface, cause, &packet);
                if let Some(fault) = told {
                    self.report_own(node, interface, &packet, fault);
                }
            }
            Passage::Out { at, again, corrupt } => {
                if corrupt {
                    let bit = attached.up.draw(packet.payload().len() as u64 * 8);
                    flip(&mut packet, bit);
                }
                if let Some(again) = again {
                    self.cross(segment, node, interface, packet.clone(), owner, again);
                }
                self.cross(segment, node, interface, packet, owner, at);
            }
        }
    }

    /// A packet crosses a network to the owner of its destination, or to the gateway.
    #[inline(always)]
    #[expect(clippy::inline_always, reason = "most of its time would go into calling it")]
    fn cross(
        &mut self,
        segment: u32,
        from: u32,
        interface: u8,
        mut packet: Box<IpPacket>,
        owner: Option<(u32, u8)>,
        at: Instant,
    ) {
        let network = &self.segments[segment as usize];
        let gateway = network.gateway.filter(|gateway| *gateway != from).map(|g| (g, INSIDE));
        let Some((node, to)) = owner.or(gateway) else {
            return self.drop(from, interface, DropCause::NoRoute, &packet);
        };
        let up = self.nodes[from as usize].interfaces[interface as usize].up.hops();
        let down = self.nodes[node as usize].interfaces[to as usize].down.hops();
        let hops = up.saturating_add(network.hops).saturating_add(down);
        if hops >= packet.ttl {
            return self.expire(segment, from, interface, &packet, at);
        }
        packet.ttl -= hops;
        if !self.cuts.is_empty() && self.cuts.contains(&(from.min(node), from.max(node))) {
            return self.drop(from, interface, DropCause::Down, &packet);
        }
        let lane = &mut self.nodes[node as usize].interfaces[to as usize].down;
        if let Some(at) = lane.delay(at) {
            self.queue.push(at, Event::Arrive { node, interface: to, packet });
        } else if lane.queues() {
            self.queue.push(at, Event::Queue { node, interface: to, packet });
        } else {
            self.down(node, to, packet, at);
        }
    }

    /// A router on the way has no TTL left to take off. It tells the sender, from `at` on.
    #[cold]
    fn expire(&mut self, segment: u32, from: u32, interface: u8, packet: &IpPacket, at: Instant) {
        self.drop(from, interface, DropCause::TtlExpired, packet);
        self.report_on(segment, packet, IcmpFault::TimeExceeded, at);
    }

    /// A packet comes to the downlink of a node, at `at`.
    #[inline(never)]
    pub(super) fn down(
        &mut self,
        node: u32,
        interface: u8,
        mut packet: Box<IpPacket>,
        at: Instant,
    ) {
        let interfaces = &mut self.nodes[node as usize].interfaces;
        let Some(attached) = interfaces.get_mut(usize::from(interface)) else {
            // The host has left that network since.
            return self.drop(node, interface, DropCause::Down, &packet);
        };
        match attached.down.pass(at, packet.unfragmented()) {
            Passage::Lost { cause, told } => {
                let segment = attached.segment;
                self.drop(node, interface, cause, &packet);
                if let Some(fault) = told {
                    self.report_on(segment, &packet, fault, self.now);
                }
            }
            Passage::Out { at, again, corrupt } => {
                if corrupt {
                    let bit = attached.down.draw(packet.payload().len() as u64 * 8);
                    flip(&mut packet, bit);
                }
                if let Some(again) = again {
                    let packet = packet.clone();
                    self.queue.push(again, Event::Arrive { node, interface, packet });
                }
                self.queue.push(at, Event::Arrive { node, interface, packet });
            }
        }
    }

    /// A packet comes out of the downlink of a node.
    pub(super) fn arrive(&mut self, node: u32, interface: u8, packet: Box<IpPacket>) {
        let receiver = &self.nodes[node as usize];
        if !receiver.up {
            return self.drop(node, interface, DropCause::Down, &packet);
        }
        match &receiver.kind {
            Kind::Host(_) => self.reach_host(HostId(node), interface, packet),
            Kind::Nat(_) => self.pass_nat(node, interface, packet),
        }
    }

    #[inline(never)]
    fn pass_nat(&mut self, node: u32, interface: u8, mut packet: Box<IpPacket>) {
        self.trace.packet(self.now, NodeId(node), interface, Happening::Entered, &packet);
        if packet.ttl <= 1 {
            self.drop(node, interface, DropCause::TtlExpired, &packet);
            return self.report_back(node, interface, &packet, IcmpFault::TimeExceeded);
        }
        packet.ttl -= 1;
        let outcome = self.translate(node, interface, &mut packet, false);
        self.follow(node, interface, packet, outcome);
    }

    /// Does what a NAT decided about a packet.
    fn follow(&mut self, node: u32, interface: u8, packet: Box<IpPacket>, outcome: Outcome) {
        let leaves = match outcome {
            Outcome::Outside => OUTSIDE,
            Outcome::Inside => INSIDE,
            Outcome::Drop(cause) => return self.drop(node, interface, cause, &packet),
            Outcome::Answer => return self.answer_ping(node, interface, &packet),
            Outcome::RejectLater(cause, fault) => {
                self.drop(node, interface, cause, &packet);
                let at = self.now.saturating_add(SYN_PATIENCE);
                let event = Event::LateReject { node, packet, fault };
                return self.queue.push(at, event);
            }
            Outcome::Reject(cause, fault) => {
                self.drop(node, interface, cause, &packet);
                return self.report_back(node, interface, &packet, fault);
            }
        };
        self.nodes[node as usize].stats.forwarded += 1;
        self.stats.forwarded += 1;
        self.trace.packet(self.now, NodeId(node), leaves, Happening::Forwarded, &packet);
        self.emit(node, leaves, packet);
    }

    /// The time to be silent about an unsolicited SYN is over. If the connection has come about
    /// from the inside meanwhile, there is nothing to say.
    pub(super) fn reject_late(&mut self, node: u32, packet: &IpPacket, fault: IcmpFault) {
        let now = self.now;
        let Kind::Nat(nat) = &mut self.nodes[node as usize].kind else { return };
        let engine = if packet.source.is_ipv6() { &mut nat.ipv6 } else { &mut nat.ipv4 };
        if !engine.knows(now, packet) {
            self.report_back(node, OUTSIDE, packet, fault);
        }
    }

    /// Asks a NAT about a packet that came in on an interface, or about an error of its `own` about
    /// one that should have left there.
    fn translate(&mut self, node: u32, interface: u8, packet: &mut IpPacket, own: bool) -> Outcome {
        let now = self.now;
        let node = &mut self.nodes[node as usize];
        let for_inside =
            node.interfaces[INSIDE as usize].addresses.contains(&packet.destination.ip());
        let Kind::Nat(nat) = &mut node.kind else { unreachable!("only NATs translate") };
        if for_inside {
            let ours = Outcome::Drop(DropCause::ForRouter);
            return if packet.is_ping() { Outcome::Answer } else { ours };
        }
        if let Some(prefix) = nat.pref64
            && let Some(outcome) = translate_64(now, nat, prefix, interface, packet, own)
        {
            return outcome;
        }
        let engine = if packet.source.is_ipv6() { &mut nat.ipv6 } else { &mut nat.ipv4 };
        match (interface, own) {
            (INSIDE, _) => engine.outbound(now, packet),
            (_, true) => engine.own_error(now, packet),
            (_, false) => engine.inbound(now, packet),
        }
    }

    /// A NAT answers a ping itself.
    fn answer_ping(&mut self, node: u32, interface: u8, packet: &IpPacket) {
        let Some(reply) = packet.echo_reply() else { return };
        self.trace.sent(self.now, NodeId(node), interface, &reply);
        self.emit(node, interface, Box::new(reply));
    }

    /// A NAT tells the sender of a packet that came in on an interface.
    fn report_back(&mut self, node: u32, interface: u8, packet: &IpPacket, fault: IcmpFault) {
        let (node_state, ipv6) = (&self.nodes[node as usize], packet.source.is_ipv6());
        let here = node_state.interfaces[interface as usize].addresses.iter();
        let here = here.copied().find(|ip| ip.is_ipv6() == ipv6);
        // Any address of the node will do.
        let Some(address) = here.or_else(|| node_state.address(ipv6)) else { return };
        let Some(error) = packet.error(address, fault) else { return };
        self.trace.sent(self.now, NodeId(node), interface, &error);
        self.emit(node, interface, Box::new(error));
    }

    /// A node tells the sender of a packet that could not leave on an interface: a host itself, a
    /// NAT the other side of itself.
    #[cold]
    fn report_own(&mut self, node: u32, interface: u8, packet: &IpPacket, fault: IcmpFault) {
        let Some(address) = self.nodes[node as usize].address(packet.source.is_ipv6()) else {
            return;
        };
        let Some(error) = packet.error(address, fault) else { return };
        let mut error = Box::new(error);
        match self.nodes[node as usize].kind {
            Kind::Host(_) => {
                let event = Event::Loopback { host: HostId(node), packet: error };
                self.queue.push(self.now, event);
            }
            Kind::Nat(_) => {
                let outcome = self.translate(node, interface, &mut error, true);
                self.follow(node, interface, error, outcome);
            }
        }
    }

    /// A router on a network tells the sender of a packet, at `at`.
    #[cold]
    fn report_on(&mut self, segment: u32, packet: &IpPacket, fault: IcmpFault, at: Instant) {
        let router = if packet.source.is_ipv6() { ROUTER_IPV6 } else { ROUTER };
        let Some(error) = packet.error(router, fault) else { return };
        let network = &self.segments[segment as usize];
        if let Some((node, to)) = network.nodes.get(error.destination.ip()) {
            let packet = Box::new(error);
            self.queue.push(at, Event::Queue { node, interface: to, packet });
        }
    }

    /// A packet is for a host.
    pub(super) fn reach_host(&mut self, host: HostId, interface: u8, mut packet: Box<IpPacket>) {
        if matches!(packet.body, Body::Udp(_)) {
            self.reach_socket(host, interface, &mut packet);
        } else {
            self.reach_system(host, interface, &packet);
        }
        self.boxes.keep(packet);
    }

    /// A datagram is for a host.
    fn reach_socket(&mut self, host: HostId, interface: u8, packet: &mut IpPacket) {
        let node = &mut self.nodes[host.0 as usize];
        let Kind::Host(state) = &node.kind else { unreachable!("host ids name hosts") };
        let Some(socket) = state.sockets.get(&packet.destination) else {
            return self.refuse(host, interface, packet);
        };
        let owner = MachineId { host, index: socket.owner };
        node.stats.received += 1;
        self.stats.received += 1;
        self.trace.packet(self.now, NodeId(host.0), interface, Happening::Received, packet);
        let path = Path::udp(packet.destination, packet.source);
        let meta = PacketMeta { ttl: Some(packet.ttl), ..packet.meta };
        let Body::Udp(payload) = &mut packet.body else { return };
        if let Err(cause) = self.offer(owner, path, meta, payload) {
            self.drop(host.0, interface, cause, packet);
        }
    }

    #[cold]
    fn refuse(&mut self, host: HostId, interface: u8, packet: &IpPacket) {
        self.drop(host.0, interface, DropCause::NoSocket, packet);
        if let Some(error) = packet.error(packet.destination.ip(), IcmpFault::PortUnreachable) {
            self.send(host, Box::new(error));
        }
    }

    /// Something else is for a host, that sockets do not see as it is.
    #[inline(never)]
    fn reach_system(&mut self, host: HostId, interface: u8, packet: &IpPacket) {
        match &packet.body {
            Body::Udp(_) => {}
            Body::Tcp(_) => self.reach_stream(host, interface, packet),
            Body::Echo(echo) => {
                let how = Happening::Received;
                self.trace.packet(self.now, NodeId(host.0), interface, how, packet);
                if !self.hear_echo(host, packet, echo) {
                    self.drop(host.0, interface, DropCause::NoSocket, packet);
                }
            }
            Body::Error(error) if error.protocol == Protocol::Tcp => {
                self.refuse_stream(host, (error.source, error.destination), error.fault);
            }
            Body::Error(error) => {
                let (kind, code) = error.fault.type_and_code(error.source.is_ipv6());
                let fault = match error.fault {
                    IcmpFault::TooBig { mtu } => PathFault::TooBig { mtu },
                    IcmpFault::TimeExceeded => PathFault::TimeExceeded,
                    IcmpFault::PortUnreachable
                    | IcmpFault::HostUnreachable
                    | IcmpFault::Prohibited => PathFault::Unreachable { kind, code },
                };
                if error.protocol == Protocol::Icmp {
                    let of = error.destination.ip();
                    if !self.hear_pong(host, error.source, of, 0, Some(fault)) {
                        self.drop(host.0, interface, DropCause::NoSocket, packet);
                    }
                    return;
                }
                let path = Path::udp(error.source, error.destination);
                let Some(socket) = self.host(host).sockets.get(&path.local()) else {
                    return self.drop(host.0, interface, DropCause::NoSocket, packet);
                };
                let owner = MachineId { host, index: socket.owner };
                self.tell(owner, Input::PathFailed { path, fault });
            }
        }
    }
}

/// Asks a NAT64 about a packet; `None`: it is one of IPv6 for elsewhere. What it does not pass stays
/// as it was, for its sender to be told of.
fn translate_64(
    now: Instant,
    nat: &mut NatState,
    prefix: Pref64,
    interface: u8,
    packet: &mut IpPacket,
    own: bool,
) -> Option<Outcome> {
    let before = packet.clone();
    let outcome = match interface {
        INSIDE if prefix.into_ipv4(packet) => nat.ipv4.outbound(now, packet),
        INSIDE => {
            let circles = prefix.extract_socket(packet.source).is_some();
            return circles.then_some(Outcome::Drop(DropCause::Blocked));
        }
        _ if packet.source.is_ipv6() => return None,
        _ if own => nat.ipv4.own_error(now, packet),
        _ => nat.ipv4.inbound(now, packet),
    };
    match outcome {
        Outcome::Inside => prefix.into_ipv6(packet),
        Outcome::Outside => {}
        Outcome::Answer | Outcome::Drop(_) | Outcome::Reject(..) | Outcome::RejectLater(..) => {
            *packet = before;
        }
    }
    Some(outcome)
}

/// Flips one bit of the payload.
fn flip(packet: &mut IpPacket, bit: u64) {
    if let Body::Udp(payload) = &mut packet.body
        && !payload.is_empty()
    {
        let mut bytes = BytesMut::from(&payload[..]);
        bytes[(bit / 8) as usize] ^= 1 << (bit % 8);
        *payload = Bytes::from(bytes);
    }
}
