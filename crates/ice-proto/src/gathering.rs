//! Finding the addresses at which this agent may be reached (RFC 8445 §5.1.1): sockets for the
//! host's addresses, then STUN and TURN servers through each of them, at the pace of Ta.
mod allocations;
mod candidates;
mod error;
mod event;
pub(crate) mod hosts;
mod icmp;
mod mappings;
mod relay_streams;
mod relays;
mod renewal;
mod servers;
mod slots;
mod sockets;
mod streams;
mod tasks;
mod tcp;
#[cfg(test)]
mod tests;

pub use error::GatherError;
pub use event::{ConnectionFault, GatheringEvent};
pub use renewal::RestartSockets;

use crate::{
    Base, CandidatePolicy, ConfigError, GatheringFailure, IceConfig,
    foundation::Foundations,
    ids::{HostId, ServerId},
};
use alloc::{boxed::Box, collections::VecDeque, vec::Vec};
use core::{
    convert::Infallible,
    net::{IpAddr, SocketAddr},
    time::Duration,
};
use hosts::Hosts;
use mappings::Mappings;
use relays::Relays;
use sans_io::{
    Clock, DropCounters, DropReason, Frame, Input, Instant, Machine, Outbox, Output, Packet, Path,
    SocketIds, SocketRequest, Transmit, Transport, Verdict,
};
use servers::Servers;
use stun_proto::{Entropy, Message, PacketKind, classify};
use tasks::Tasks;
use tcp::Tcp;
use turn_proto::SendError;

/// What was asked: a server, through the socket of an address of ours.
#[derive(Clone, Copy, Debug, PartialEq, Eq, PartialOrd, Ord)]
pub(crate) struct GatherKey {
    pub host: HostId,
    pub server: ServerId,
}

/// How far gathering has come.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
enum Stage {
    /// Nothing was asked for, or all of it has been tried.
    Resting,
    /// Candidates were asked for, and not all has been tried yet.
    Asking,
    /// What is not used was given up, and nothing is asked for any more.
    Released,
}

/// Finds out how this host may be reached, and holds its sockets and relays: a machine that knows
/// nothing of a peer.
///
/// What it finds it tells as [`GatheringEvent`]s. Bytes that arrive through a relay are delivered
/// with the path as it is seen past the relay; whatever else arrives at its sockets and answers no
/// question of its own is [`Verdict::Unclaimed`]. Its requests wait for slots of the owner's pacer:
/// see [`wants_slot`](Self::wants_slot).
///
/// ```
/// use ice_proto::{Gathering, GatheringEvent, IceConfig};
/// use sans_io::{Input, Instant, Machine, Output, SocketIds, SocketRequest, Verdict};
///
/// let mut gathering = Gathering::new(&IceConfig::default(), SocketIds::root(), [7; 32])?;
/// let now = Instant::ZERO;
/// gathering.gather(now, &["192.0.2.1".parse()?])?;
/// let Output::Socket(SocketRequest::Bind { id, .. }) = gathering.poll_output() else {
///     unreachable!("it asks for a socket")
/// };
/// let opened = Input::Socket { id, state: Ok("192.0.2.1:5000".parse()?) };
/// assert_eq!(gathering.handle_input(now, opened), Verdict::Consumed);
/// let Output::Event(GatheringEvent::Candidate(found)) = gathering.poll_output() else {
///     unreachable!("it has found a candidate")
/// };
/// assert_eq!(found.candidate.to_string(), "host udp 192.0.2.1:5000");
/// assert_eq!(gathering.poll_output(), Output::Event(GatheringEvent::Complete));
/// # Ok::<(), Box<dyn std::error::Error>>(())
/// ```
#[derive(Debug)]
pub struct Gathering {
    hosts: Hosts,
    servers: Servers,
    tasks: Tasks,
    mappings: Mappings,
    relays: Relays,
    /// Where the configuration wants it.
    tcp: Option<Box<Tcp>>,
    foundations: Foundations,
    entropy: Entropy,
    policy: CandidatePolicy,
    stage: Stage,
    /// How many routers there are at least on the way to a server.
    hops: Option<u8>,
    /// The shortest round trip to a server.
    rtt: Option<Duration>,
    /// Servers that gave nothing, for explaining; one entry for each host and server.
    failures: Vec<GatheringFailure>,
    clock: Clock,
    deadline: Option<Instant>,
    drops: DropCounters,
    events: VecDeque<GatheringEvent>,
    out: Outbox<Infallible>,
}

impl Gathering {
    /// Does nothing yet. `seed` is secret, and used for nothing else but an
    /// [`IceSession`](crate::IceSession) of the same agent; `sockets` are the numbers by
    /// which it asks for sockets, one for each local address.
    pub fn new(
        config: &IceConfig,
        sockets: SocketIds,
        seed: [u8; 32],
    ) -> Result<Self, ConfigError> {
        config.validate()?;
        let servers = Servers::new(&config.stun_servers, &config.turn_servers)?;
        Ok(Self {
            hosts: Hosts::new(sockets, config.local_addresses_max),
            tasks: Tasks::default(),
            mappings: Mappings::new(config.mapping_keepalive),
            servers,
            relays: Relays::default(),
            tcp: Tcp::new(config).filter(|_| config.policy == CandidatePolicy::All).map(Box::new),
            foundations: Foundations::default(),
            entropy: Entropy::labelled(seed, "ice gathering"),
            policy: config.policy,
            stage: Stage::Resting,
            hops: None,
            rtt: None,
            failures: Vec::new(),
            clock: Clock::default(),
            deadline: None,
            drops: DropCounters::default(),
            events: VecDeque::new(),
            out: Outbox::new(config.outputs_max),
        })
    }

    /// Lets its sockets for candidates have this port at each address; zero: whichever is free.
    pub(crate) const fn at_port(mut self, port: u16) -> Self {
        self.hosts.set_port(port);
        self
    }

    /// Starts to gather at these addresses of the host, best first: asks for a UDP socket at each,
    /// and for what the servers can give through it. Addresses that have a socket are passed over,
    /// so that one which appears later can be added, and so are deprecated kinds of IPv6 addresses
    /// (RFC 8445 §5.1.1.1).
    pub fn gather(&mut self, now: Instant, addresses: &[IpAddr]) -> Result<(), GatherError> {
        let now = self.advance(now);
        let opened = self.open(addresses);
        self.settle(now);
        opened
    }

    fn open(&mut self, addresses: &[IpAddr]) -> Result<(), GatherError> {
        let out = &mut self.out;
        self.hosts.open(addresses, |id, local| out.socket(SocketRequest::Bind { id, local }))?;
        self.open_tcp(addresses);
        self.stage = Stage::Asking;
        Ok(())
    }

    /// Takes note of the time and does what is due by then, but for what wants a slot.
    fn advance(&mut self, now: Instant) -> Instant {
        let due = self.clock.has_come(self.deadline, now);
        let now = self.clock.tick(now);
        // At the end of time what is kept up would be due again and again.
        if due && now < Instant::FAR {
            self.run_mappings(now);
            self.tasks.wake(now);
            self.relays.handle_timeout(now);
        }
        now
    }

    /// Draws all conclusions from what just happened, so that nothing is left but to wait.
    fn settle(&mut self, now: Instant) {
        self.run_relays(now);
        self.run_tcp(now);
        let relays = &self.relays;
        for id in self.hosts.closable(|base| relays.needs(base)) {
            self.out.socket(SocketRequest::Close(id));
        }
        if self.stage == Stage::Asking && !self.is_asking() {
            self.stage = Stage::Resting;
            self.event(GatheringEvent::Complete);
        }
        self.update_deadline();
    }

    fn update_deadline(&mut self) {
        let tcp = self.tcp.as_ref().and_then(|tcp| tcp.connections.next());
        let deadlines = [self.mappings.next(), self.tasks.next_wake(), self.relays.next(), tcp];
        let now = self.clock.now();
        self.deadline = Instant::earliest(deadlines).filter(|_| now < Instant::FAR);
    }

    fn is_asking(&self) -> bool {
        self.tasks.is_waiting()
            || self.hosts.are_opening()
            || self.mappings.are_asking()
            || self.relays.are_asking()
            || self.tcp.as_ref().is_some_and(|tcp| tcp.hosts.are_opening())
    }

    /// Bytes that may have arrived at one of our sockets. `None`: they did, and are not for gathering,
    /// so that they may be for whoever uses what was gathered.
    pub(crate) fn receive<'a>(&mut self, now: Instant, input: Input<'a>) -> Option<Verdict<'a>> {
        let due = self.clock.has_come(self.deadline, now);
        let now = self.advance(now);
        let verdict = self.judge(now, input);
        // Data changes nothing, nor does what is not ours.
        if due || !matches!(verdict, None | Some(Verdict::Unclaimed | Verdict::Deliver { .. })) {
            self.settle(now);
        }
        verdict
    }

    fn judge<'a>(&mut self, now: Instant, input: Input<'a>) -> Option<Verdict<'a>> {
        let Input::Received { path, meta, bytes } = input else { return Some(Verdict::Unclaimed) };
        if path.transport().is_stream() {
            return Some(self.on_stream_bytes(now, path, input, bytes));
        }
        if !self.is_local(path.local()) {
            return Some(Verdict::Unclaimed);
        }
        match self.relays.offer(now, &path, input) {
            Verdict::Unclaimed => {}
            verdict => {
                self.learn_hops(meta.ttl);
                return Some(verdict);
            }
        }
        if !self.mappings.expects(&path) || classify(bytes) != PacketKind::Stun {
            return None;
        }
        let message = Message::parse(bytes).ok()?;
        if !self.mapping_answered(now, path, &message) {
            return None;
        }
        self.learn_hops(meta.ttl);
        Some(Verdict::Consumed)
    }

    /// A server's packet arrived with so much time to live left. Senders begin with 64, 128 or 255.
    fn learn_hops(&mut self, ttl: Option<u8>) {
        let Some(ttl) = ttl else { return };
        let begun = [64, 128, 255].into_iter().find(|begun| *begun >= ttl).unwrap_or(u8::MAX);
        let hops = begun - ttl;
        self.hops = Some(self.hops.map_or(hops, |known| known.min(hops)));
    }

    /// How many routers there are at least between this host and the nearest server, as far as
    /// [`PacketMeta::ttl`](sans_io::PacketMeta) told.
    pub const fn hops_to_server(&self) -> Option<u8> {
        self.hops
    }

    /// The shortest round trip to a server, as far as one was measured.
    pub const fn rtt_to_server(&self) -> Option<Duration> {
        self.rtt
    }

    /// Whether packets of this address arrive at one of our sockets.
    pub fn is_local(&self, address: SocketAddr) -> bool {
        self.hosts.at(address).is_some()
    }

    /// The open socket at this address.
    pub(crate) fn host_at(&self, address: SocketAddr) -> Option<HostId> {
        self.hosts.at(address)
    }

    /// Whether this base is a relay.
    pub fn is_relay(&self, base: Base) -> bool {
        self.relays.is_relayed(base.address())
    }

    /// Whether there are relays, or may come to be.
    pub(crate) fn has_relays(&self) -> bool {
        !self.relays.is_empty()
    }

    /// Asks a relay to let these addresses through, with a request each: servers refuse a request
    /// whole, and most refuse what is not public, which therefore comes last.
    pub fn permit(&mut self, now: Instant, relay: Base, peers: &[IpAddr]) {
        let now = self.advance(now);
        self.relays.permit(relay.address(), peers);
        self.settle(now);
    }

    /// Asks a relay for a channel to a peer (RFC 8445 §12.1). Without one data still passes, with a
    /// longer head.
    pub fn bind_channel(&mut self, now: Instant, relay: Base, peer: SocketAddr) {
        let now = self.advance(now);
        self.relays.bind(now, relay.address(), peer);
        self.settle(now);
    }

    /// Wraps data for a peer, as the packet that is to be sent now. `None`: the path begins at no
    /// relay, so that nothing is to be wrapped.
    pub fn send<'d>(
        &mut self,
        now: Instant,
        path: &Path,
        data: &'d [u8],
    ) -> Option<Result<Packet<'d>, SendError>> {
        let due = self.clock.has_come(self.deadline, now);
        let now = self.advance(now);
        if due {
            self.settle(now);
        }
        if path.transport() == Transport::Tcp {
            return Some(self.wrap(&Packet::new(*path, data)));
        }
        self.relays.send(now, path, data)
    }

    /// Sends a message through the relay at which its path begins, or over the connection of its path.
    /// Where the permission has lapsed it is as good as lost.
    pub(crate) fn forward(&mut self, now: Instant, transmit: &Transmit) {
        if transmit.path.transport() == Transport::Tcp {
            self.forward_framed(transmit);
            return self.settle(now);
        }
        if let Some(Ok(packet)) = self.relays.send(now, &transmit.path, &transmit.payload) {
            let wrapped = Transmit::new(packet.path, packet.to_vec().into());
            self.transmit(wrapped);
        }
    }

    /// ICE has concluded: mappings are no longer kept, relays and sockets that are not used are
    /// given up, and nothing more is asked for (RFC 8445 §8.3).
    pub fn release(&mut self, now: Instant, used: &[Path]) {
        let now = self.advance(now);
        self.stage = Stage::Released;
        self.tasks.clear();
        self.mappings.clear();
        self.release_tcp(used);
        let datagrams = used.iter().filter(|path| !path.transport().is_stream());
        let used: Vec<SocketAddr> = datagrams.map(Path::local).collect();
        let (mut keep, opening) = self.relays.close_unused(now, &used);
        for id in opening {
            self.out.socket(SocketRequest::Close(id));
        }
        keep.extend_from_slice(&used);
        self.hosts.close_when_idle(&keep);
        self.settle(now);
    }

    fn transmit(&mut self, transmit: Transmit) {
        if self.out.transmit(transmit).is_err() {
            let _ = self.drops.refuse(DropReason::Exhausted);
        }
    }

    fn event(&mut self, event: GatheringEvent) {
        self.events.push_back(event);
    }

    fn fail(&mut self, failure: GatheringFailure) {
        let same =
            |old: &GatheringFailure| (old.local, old.server) == (failure.local, failure.server);
        self.failures.retain(|old| !same(old));
        if failure.server.is_some() {
            self.failures.push(failure);
        }
        self.event(GatheringEvent::Failed(failure));
    }

    /// Servers that gave nothing.
    pub(crate) fn failures(&self) -> impl Iterator<Item = &GatheringFailure> {
        self.failures.iter()
    }

    /// All hosts, for explaining.
    pub(crate) fn hosts(&self) -> impl Iterator<Item = &hosts::Host> {
        self.hosts.iter()
    }

    /// Counts bytes that were refused on its behalf.
    pub(crate) fn refuse(&mut self, reason: DropReason) -> Verdict<'static> {
        self.drops.refuse(reason)
    }

    /// The next thing that was found, for an owner that reacts at once.
    pub(crate) fn poll_event(&mut self) -> Option<GatheringEvent> {
        let event = self.events.pop_front();
        if event.is_none() && self.stage != Stage::Asking && self.events.capacity() > 0 {
            // Little is found after the first moments.
            self.events = VecDeque::new();
        }
        event
    }

    /// The next thing that is to be sent or opened.
    pub(crate) fn poll_out<E>(&mut self) -> Option<Output<E>> {
        let output = self.out.pop();
        if output.is_none() && self.stage != Stage::Asking {
            self.out.shrink();
        }
        Some(output?.map(|never| match never {}))
    }

    /// When it is to be woken, apart from the pacer.
    pub(crate) const fn deadline(&self) -> Option<Instant> {
        self.deadline
    }

    /// How often bytes were refused, and why.
    pub const fn drops(&self) -> &DropCounters {
        &self.drops
    }
}

impl Machine for Gathering {
    type Event = GatheringEvent;

    fn handle_input<'a>(&mut self, now: Instant, input: Input<'a>) -> Verdict<'a> {
        if let Input::Received { .. } = input {
            return self.receive(now, input).unwrap_or(Verdict::Unclaimed);
        }
        let now = self.advance(now);
        let verdict = match input {
            Input::Timeout => Verdict::Consumed,
            Input::Socket { id, state } if self.owns_tcp(id) => {
                self.on_tcp_socket(now, id, state);
                Verdict::Consumed
            }
            Input::Socket { id, state } if self.relays.is_opening(id) => {
                self.relay_connected(now, id, state);
                Verdict::Consumed
            }
            Input::Accepted { listener, path } => self.on_accepted(now, listener, path),
            Input::PathFailed { path, .. } if path.transport().is_stream() => {
                self.on_stream_failed(now, input)
            }
            Input::Socket { id, .. } if !self.hosts.owns(id) => Verdict::Unclaimed,
            Input::Socket { id, state } => {
                self.on_socket(id, state);
                Verdict::Consumed
            }
            Input::PathFailed { path, .. } if !self.is_local(path.local()) => Verdict::Unclaimed,
            Input::PathFailed { path, fault } => {
                self.on_path_failed(now, &path, fault);
                Verdict::Consumed
            }
            Input::Received { .. } | Input::LookedUp { .. } => Verdict::Unclaimed,
        };
        self.settle(now);
        verdict
    }

    fn poll_output(&mut self) -> Output<GatheringEvent> {
        let queued = self.poll_out().or_else(|| self.events.pop_front().map(Output::Event));
        queued.unwrap_or(Output::Timeout(self.deadline))
    }

    fn frame(&self, path: &Path, buffer: &[u8]) -> Frame {
        self.frame_of(path, buffer)
    }
}

/// Whether a packet from `local` can get to `server`: one family, and loopback stays on the host.
fn reaches(local: SocketAddr, server: SocketAddr) -> bool {
    local.is_ipv4() == server.is_ipv4() && (!local.ip().is_loopback() || server.ip().is_loopback())
}
