//! The server (RFC 8656): it gives clients relayed addresses, and relays for them.
mod admin;
mod allocate;
mod allocation;
mod alternates;
mod auth;
mod bandwidth;
mod channels;
mod common;
mod config;
mod connections;
mod event;
mod opening;
mod permissions;
mod ports;
mod reach;
mod relay;
mod relays;
mod reply;
mod requests;
mod reservations;
mod table;
mod users;
mod wish;

pub use admin::RealmChanged;
pub use alternates::AlternateTurnServer;
pub use common::{Common, Ledger, LedgerLock};
pub use config::{ConfigError, TurnServerConfig};
pub use event::{AllocationEnd, Flow, Traffic, TurnServerEvent};
pub use reach::RelayAddress;
pub use users::Users;

use crate::{ChannelRange, framing::stream_frame_in, seeded::SeededState};
use alloc::{sync::Arc, vec::Vec};
use allocation::Allocation;
use common::{Books, Quota};
use connections::{Admission, Connections};
use core::{num::NonZeroU32, time::Duration};
use event::Pace;
use reach::Reach;
use relays::Relays;
use reservations::Token;
use sans_io::{
    Clock, DropCounters, DropReason, Frame, Input, Instant, Machine, Outbox, Output, PacketMeta,
    Path, PathFault, SocketIds, SocketRequest, Timers, Transport, Verdict,
};
use stun_proto::{
    AttributeType, BindingServer, Class, Entropy, LongTermServer, Message, MessageType, Method,
    SourceLimiter,
    attribute::{
        AddressFamily, Code, ErrorCode, PasswordAlgorithms, UnknownAttributes, XorMappedAddress,
    },
};
use table::{AllocationId, Table};

/// How long the driver has to open a socket. A client gives up after 39.5 s.
const OPEN_WITHIN: Duration = Duration::from_secs(10);

/// The longest message of a connection without an allocation. A request that logs in has a user
/// name of at most 512 bytes, realm, nonce and two signatures, 2,200 bytes in all; a token of RFC 7635
/// may have some hundred besides.
const STRANGER_FRAME_MAX: usize = 4096;

/// A TURN server for any number of clients, which answers STUN Binding requests as well.
///
/// Clients send to the listeners of its configuration. For each allocation it requests a socket
/// with [`SocketRequest::Bind`], and relays between the two: each packet of a client or a peer is
/// answered with one [`Verdict::Send`], which borrows the data from the input. It copies and
/// queues none.
///
/// Whoever has not logged in leaves no state behind and gets at most 84 bytes (with a realm of at
/// most four characters). Which peers may be reached is decided by a [`PeerPolicy`](crate::PeerPolicy)
/// that denies everything but public addresses, and by the server's own addresses, which lead to
/// relayed addresses only.
///
/// Each input queues at most one message, so [`max_queue`](TurnServerConfig::max_queue) of them may
/// come between two drains. A drain gives at most four outputs for each input since the last one,
/// four for each allocation whose time has run out meanwhile, and one for each connection.
///
/// ```
/// use sans_io::{Input, Instant, Machine, Output, Path, SocketIds};
/// use stun_proto::{Credentials, Message, MessageType, Method};
/// use turn_proto::{
///     PeerPolicy, RelayAddress, TurnClient, TurnClientConfig, TurnServer, TurnServerConfig, Users,
/// };
///
/// let users = Users::new("turn").with("user", "password")?;
/// let config = TurnServerConfig::new(users, PeerPolicy::global_only())
///     .with_listener("198.51.100.1:3478".parse()?)
///     .with_relay(RelayAddress::new("198.51.100.1".parse()?));
/// let mut server = TurnServer::new(config, SocketIds::root(), [1; 32])?;
///
/// let path = Path::udp("192.0.2.9:40000".parse()?, "198.51.100.1:3478".parse()?);
/// let credentials = Credentials::new("user", "password")?;
/// let mut client = TurnClient::new(TurnClientConfig::new(path, credentials), [2; 32]);
///
/// // One packet there; the server wants to know who asks.
/// let now = Instant::ZERO;
/// client.allocate(now)?;
/// let Output::Transmit(request) = client.poll_output() else { unreachable!("it asks") };
/// let _ = server.handle_input(now, Input::received(path.reversed(), &request.payload));
/// let Output::Transmit(answer) = server.poll_output() else { unreachable!("it answers") };
/// assert_eq!(Message::parse(&answer.payload)?.message_type(), MessageType::error(Method::ALLOCATE));
/// assert!(answer.payload.len() <= 84);
/// assert_eq!(server.allocations(), 0);
/// # Ok::<(), Box<dyn std::error::Error>>(())
/// ```
#[derive(Debug)]
pub struct TurnServer {
    clock: Clock,
    entropy: Entropy,
    realm: LongTermServer,
    /// How much whoever has not logged in may make this server send.
    strangers: SourceLimiter,
    binding: BindingServer,
    users: Users,
    reach: Reach,
    limits: Limits,
    can_set_dont_fragment: bool,
    channels: ChannelRange,
    /// Binding requests take a user too.
    secure_binding: bool,
    sockets: SocketIds,
    table: Table,
    connections: Connections,
    /// The ends of allocations. Permissions and channels have no timers: they are looked at when
    /// they are used.
    timers: Timers<AllocationId>,
    out: Outbox<TurnServerEvent>,
    drops: DropCounters,
    /// What all allocations carried, those included that have ended.
    traffic: Traffic,
    /// Refused allocations, and refused log-ins, as they are told.
    refusals: Pace,
    wrong_logins: Pace,
    /// No new allocations are made.
    draining: bool,
    alternates: Vec<AlternateTurnServer>,
}

#[derive(Debug)]
struct Limits {
    quota: Quota,
    permissions: usize,
    channels: usize,
    bytes_per_second: Option<NonZeroU32>,
    default_lifetime: Duration,
    max_lifetime: Duration,
}

impl TurnServer {
    /// A server that is ready for clients. `sockets` is the block that the numbers of its relay
    /// sockets are taken from; `seed` is secret, and used for nothing else.
    pub fn new(
        mut config: TurnServerConfig,
        sockets: SocketIds,
        seed: [u8; 32],
    ) -> Result<Self, ConfigError> {
        config.validate()?;
        config.stun.classic &= !config.secure_binding;
        let mut entropy = Entropy::new(seed);
        let hasher = SeededState::new(entropy.secret());
        let books = Books::new(config.common);
        let own_secret = entropy.secret();
        let nonce_secret = books.nonce_secret().unwrap_or(own_secret);
        let realm = LongTermServer::with_algorithms(
            config.users.realm(),
            nonce_secret,
            config.nonce_lifetime,
            Some(PasswordAlgorithms::SHA256_MD5),
            config.users.know_hashes(),
        );
        Ok(Self {
            clock: Clock::default(),
            realm,
            strangers: SourceLimiter::new(config.stun.limiter, entropy.secret()),
            binding: BindingServer::new(config.stun, entropy.secret()),
            entropy,
            users: config.users,
            reach: Reach {
                listeners: config.listeners,
                relays: config.relays,
                own: config.own,
                ports: config.relay_ports,
                policy: config.peers,
            },
            limits: Limits {
                quota: Quota {
                    in_all: config.max_allocations,
                    of_account: config.max_allocations_per_user,
                },
                permissions: config.max_permissions,
                channels: config.max_channels,
                bytes_per_second: config.max_bytes_per_second,
                default_lifetime: config.default_lifetime,
                max_lifetime: config.max_lifetime,
            },
            can_set_dont_fragment: config.can_set_dont_fragment,
            channels: config.channels,
            secure_binding: config.secure_binding,
            sockets,
            table: Table::new(hasher, books),
            connections: Connections::new(
                config.max_connections,
                config.max_connections_per_source,
                config.connection_idle,
            ),
            timers: Timers::default(),
            out: Outbox::new(config.max_queue),
            drops: DropCounters::default(),
            traffic: Traffic::default(),
            refusals: Pace::default(),
            wrong_logins: Pace::default(),
            draining: false,
            alternates: config.alternates,
        })
    }

    /// Takes note of the time and ends what ends by then.
    fn advance(&mut self, now: Instant) -> Instant {
        let now = self.clock.tick(now);
        while let Some((_, id)) = self.timers.pop_due(now) {
            let open = self.table.get(id).is_some_and(Allocation::is_open);
            if open {
                self.expire(now, id);
            } else {
                self.opening_ends(now, id);
            }
        }
        while let Some(path) = self.connections.pop_idle(now) {
            self.out.socket(SocketRequest::Hangup(path));
        }
        now
    }

    /// Somebody connected.
    fn connected(&mut self, now: Instant, path: Path) -> Verdict<'static> {
        if !self.reach.listeners.contains(&path.local()) {
            return Verdict::Unclaimed;
        }
        match self.connections.accept(now, path) {
            Admission::Taken => {}
            Admission::InPlaceOf(other) => self.out.socket(SocketRequest::Hangup(other)),
            Admission::Full => return self.drops.refuse(DropReason::Exhausted),
        }
        Verdict::Consumed
    }

    /// Ends an open allocation.
    fn end(&mut self, id: AllocationId, end: AllocationEnd) {
        self.timers.set(id, None);
        let Some(allocation) = self.table.remove(id) else { return };
        self.connections.release(self.clock.now(), &allocation.client);
        if end != AllocationEnd::SocketLost {
            self.close_relays(allocation.relays);
        }
        let (client, user) = (allocation.client, Arc::clone(&allocation.user));
        let Some(relay) = allocation.relays.iter().next() else { return };
        let relayed = self.reach.relayed(relay.bound);
        let lasted = self.clock.now().saturating_since(allocation.since);
        let traffic = allocation.traffic;
        let event =
            TurnServerEvent::AllocationEnded { client, user, relayed, end, lasted, traffic };
        self.event(event);
    }

    /// Ends what is over of an open allocation: a family of two, or all.
    fn expire(&mut self, now: Instant, id: AllocationId) {
        let Some(allocation) = self.table.get(id) else { return };
        let relays = allocation.relays;
        if relays.iter().all(|relay| relay.expires <= now) {
            return self.end(id, AllocationEnd::Expired);
        }
        for relay in relays.iter().filter(|relay| relay.expires <= now) {
            self.end_family(id, relay.family());
        }
    }

    /// Gives up one family of an allocation that has another.
    fn end_family(&mut self, id: AllocationId, family: AddressFamily) {
        let Some(relay) = self.table.give_up(id, family) else { return };
        self.out.socket(SocketRequest::Close(relay.socket));
        if let Some(allocation) = self.table.get_mut(id) {
            allocation.forget(family);
        }
        self.rearm(id);
    }

    fn close_relays(&mut self, relays: Relays) {
        for relay in relays.iter() {
            self.out.socket(SocketRequest::Close(relay.socket));
        }
    }

    /// The connection of a client (TCP, TLS) is no more. Its allocation goes with it, for whoever connects from the
    /// same address and port next may be somebody else (RFC 8656 §5: the 5-tuple names it).
    fn disconnect(&mut self, path: Path) {
        self.connections.remove(&path);
        let Some(id) = self.table.find_client(&path) else { return };
        if self.open_allocation(&path).is_some() {
            return self.end(id, AllocationEnd::Disconnected);
        }
        self.timers.set(id, None);
        let Some(allocation) = self.table.remove(id) else { return };
        self.close_relays(allocation.relays);
        if let Some(token) = allocation.token {
            self.release(token);
        }
    }

    /// Holds an address back no longer.
    fn release(&mut self, token: Token) {
        self.table.books.with(|ledger| ledger.reservations.release(token));
    }

    fn has_allocation(&self, client: &Path) -> bool {
        self.table.find_client(client).is_some()
    }

    fn event(&mut self, event: TurnServerEvent) {
        self.out.event(event);
    }

    fn receive<'a>(
        &mut self,
        now: Instant,
        path: Path,
        meta: PacketMeta,
        bytes: &'a [u8],
    ) -> Verdict<'a> {
        if !self.reach.listeners.contains(&path.local()) {
            let relayed = path.transport() == Transport::Udp && self.reach.is_relayed(path.local());
            return if relayed {
                self.relay_from_peer(now, path, meta, bytes)
            } else {
                Verdict::Unclaimed
            };
        }
        let verdict = match bytes {
            [first, ..] if self.channels.begins(*first) => {
                self.relay_channel_data(now, path, meta, bytes)
            }
            _ => match Message::parse(bytes) {
                Ok(message) if self.secure_binding || message.method() != Method::BINDING => {
                    self.receive_message(now, path, meta, &message)
                }
                Ok(_) => self.receive_binding(now, path, bytes, DropReason::Unexpected),
                Err(_) => self.receive_binding(now, path, bytes, DropReason::Malformed),
            },
        };
        if path.transport().is_stream() && verdict == Verdict::Dropped(DropReason::Malformed) {
            self.out.socket(SocketRequest::Hangup(path));
            self.disconnect(path);
        }
        verdict
    }

    fn receive_message<'a>(
        &mut self,
        now: Instant,
        path: Path,
        meta: PacketMeta,
        message: &Message<'a>,
    ) -> Verdict<'a> {
        match (message.class(), message.method()) {
            (Class::Indication, Method::SEND) => self.relay_send(now, path, meta, message),
            (Class::Indication, Method::BINDING) => Verdict::Consumed,
            (
                Class::Request,
                Method::BINDING
                | Method::ALLOCATE
                | Method::REFRESH
                | Method::CREATE_PERMISSION
                | Method::CHANNEL_BIND,
            ) => self.receive_request(now, path, message),
            (Class::Request | Class::Indication, _) => self.drops.refuse(DropReason::Unsupported),
            (Class::Success | Class::Error, _) => self.drops.refuse(DropReason::Unexpected),
        }
    }

    /// A request that takes a user (RFC 8489 §6.3, §9.2.4).
    fn receive_request(
        &mut self,
        now: Instant,
        path: Path,
        message: &Message<'_>,
    ) -> Verdict<'static> {
        if !self.out.has_room() {
            return self.drops.refuse(DropReason::Exhausted);
        }
        let identity = match self.identify(now, path, message) {
            Ok(identity) => identity,
            Err(None) => return Verdict::Consumed,
            Err(Some(reason)) => return self.drops.refuse(reason),
        };
        let unknown: UnknownAttributes =
            message.unknown_required_to(|kind| self.understands(message.method(), kind)).collect();
        if !unknown.is_empty() {
            let kind = MessageType::error(message.method());
            return self.reply(path, &identity, kind, message.transaction_id(), |reply| {
                reply.push(&ErrorCode::from(Code::UNKNOWN_ATTRIBUTE));
                reply.push(&unknown);
            });
        }
        if message.malformed().is_some() {
            return self.refuse(path, &identity, message, Code::BAD_REQUEST);
        }
        match message.method() {
            Method::BINDING => self.accept(path, &identity, message, |reply| {
                reply.push(&XorMappedAddress(path.remote()));
            }),
            Method::ALLOCATE => self.allocate(now, path, identity, message),
            Method::REFRESH => self.refresh(now, path, &identity, message),
            Method::CREATE_PERMISSION => self.create_permission(now, path, &identity, message),
            _ => self.channel_bind(now, path, &identity, message),
        }
    }

    /// What is not TURN: Binding requests, also those of RFC 3489, and what is neither.
    fn receive_binding<'a>(
        &mut self,
        now: Instant,
        path: Path,
        bytes: &'a [u8],
        otherwise: DropReason,
    ) -> Verdict<'a> {
        if !self.out.has_room() {
            return self.drops.refuse(DropReason::Exhausted);
        }
        let verdict = match self.binding.handle_input(now, Input::received(path, bytes)) {
            Verdict::Dropped(reason) => self.drops.refuse(reason),
            Verdict::Unclaimed => self.drops.refuse(otherwise),
            verdict => verdict,
        };
        while let Output::Transmit(answer) = self.binding.poll_output() {
            self.queue(answer.path, answer.payload);
        }
        verdict
    }

    /// Whether this server knows a comprehension-required attribute.
    fn understands(&self, method: Method, kind: AttributeType) -> bool {
        const DISCOVERY: [AttributeType; 3] =
            [AttributeType::CHANGE_REQUEST, AttributeType::PADDING, AttributeType::RESPONSE_PORT];
        // Tokens are not offered by this server (RFC 7635 §7).
        kind.is_known()
            && kind != AttributeType::ACCESS_TOKEN
            && !(method == Method::BINDING && DISCOVERY.contains(&kind))
            && (self.can_set_dont_fragment || kind != AttributeType::DONT_FRAGMENT)
    }
}

impl Machine for TurnServer {
    type Event = TurnServerEvent;

    fn handle_input<'a>(&mut self, now: Instant, input: Input<'a>) -> Verdict<'a> {
        let now = self.advance(now);
        match input {
            Input::Timeout => Verdict::Consumed,
            Input::Received { path, meta, bytes } => self.receive(now, path, meta, bytes),
            Input::Socket { id, state } => self.on_socket(now, id, state),
            Input::PathFailed { path, fault: PathFault::Ended | PathFault::Reset }
                if path.transport() != Transport::Udp
                    && self.reach.listeners.contains(&path.local()) =>
            {
                self.disconnect(path);
                Verdict::Consumed
            }
            Input::PathFailed { path, fault } => self.relay_fault(now, path, fault),
            Input::Accepted { path, .. } => self.connected(now, path),
            Input::LookedUp { .. } => Verdict::Unclaimed,
        }
    }

    fn poll_output(&mut self) -> Output<TurnServerEvent> {
        let next = || earlier(self.timers.next(), self.connections.next());
        self.out.pop().unwrap_or_else(|| Output::Timeout(next()))
    }

    fn frame(&self, path: &Path, buffer: &[u8]) -> Frame {
        if !path.transport().is_stream() {
            return Frame::Whole(buffer.len());
        }
        match stream_frame_in(self.channels, buffer) {
            Frame::Need(len) if len > STRANGER_FRAME_MAX && !self.has_allocation(path) => {
                Frame::Broken
            }
            frame => frame,
        }
    }
}

/// The earlier of two deadlines.
fn earlier(one: Option<Instant>, other: Option<Instant>) -> Option<Instant> {
    match (one, other) {
        (Some(one), Some(other)) => Some(one.min(other)),
        (one, other) => one.or(other),
    }
}
