//! The server (RFC 8656): it gives clients relayed addresses, and relays for them.
mod accounts;
mod addressing;
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
mod ending;
mod event;
mod mobility;
mod opening;
mod params;
mod peer_connections;
mod permissions;
mod ports;
mod realms;
mod receiving;
mod relay;
mod relays;
mod reply;
mod requests;
mod reservations;
mod table;
mod tcp_relay;
mod third_party;
mod tickets;
mod users;

pub use addressing::RelayAddress;
pub use admin::RealmChanged;
pub use alternates::AlternateTurnServer;
pub use common::{Common, Ledger, LedgerLock};
pub use config::{ConfigError, NonceKey, TurnRealm, TurnServerConfig};
pub use event::{AllocationEnd, Flow, Traffic, TurnServerEvent};
pub use third_party::ThirdParty;
pub use users::Users;

use crate::{ChannelRange, framing::stream_frame_in, seeded::SeededState};
use addressing::RelayAddressing;
use alloc::vec::Vec;
use bandwidth::Rate;
use common::{Books, Quota};
use connections::{Admission, Connections};
use core::time::Duration;
use event::Pace;
use peer_connections::PeerConnections;
use realms::Realms;
use sans_io::{
    Clock, DropCounters, DropReason, Frame, Input, Instant, MAX_FRAME, Machine, Outbox, Output,
    Path, PathFault, SocketIds, SocketRequest, Timers, Transport, Verdict,
};
use stun_proto::{BindingServer, Entropy, SourceLimiter};
use table::{AllocationId, Table};
use tickets::Tickets;

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
/// four for each allocation whose time has run out meanwhile, one for each connection, and two for
/// each connection with a peer that ends.
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
    realms: Realms,
    /// How much whoever has not logged in may make this server send.
    unauthenticated_limiter: SourceLimiter,
    binding: BindingServer,
    addressing: RelayAddressing,
    limits: Limits,
    rates: Rates,
    can_set_dont_fragment: bool,
    channels: ChannelRange,
    is_mobility_allowed: bool,
    relays_tcp: bool,
    tickets: Tickets,
    /// Binding requests take a user too.
    secure_binding: bool,
    sockets: SocketIds,
    table: Table,
    connections: Connections,
    peer_connections: PeerConnections,
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
    connections: usize,
    peer_connections: usize,
    default_lifetime: Duration,
    max_lifetime: Duration,
}

/// How much may be relayed: by one allocation, by one user, by all.
#[derive(Clone, Copy, Debug)]
struct Rates {
    allocation: Rate,
    account: Rate,
    total: Rate,
}

impl Rates {
    /// Whether none counts more than one allocation.
    const fn are_own(self) -> bool {
        !self.account.is_limited() && !self.total.is_limited()
    }
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
        let realms = Realms::new(
            config.users,
            config.realms,
            config.nonce_key,
            config.nonce_lifetime,
            &mut entropy,
        );
        let tickets = Tickets::new(entropy.secret());
        Ok(Self {
            clock: Clock::default(),
            realms,
            unauthenticated_limiter: SourceLimiter::new(config.stun.limiter, entropy.secret()),
            binding: BindingServer::new(config.stun, entropy.secret()),
            entropy,
            addressing: RelayAddressing {
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
                connections: config.max_connections,
                peer_connections: config.max_peer_connections,
                default_lifetime: config.default_lifetime,
                max_lifetime: config.max_lifetime,
            },
            rates: Rates {
                allocation: Rate::new(config.max_bytes_per_second),
                account: Rate::new(config.max_bytes_per_second_per_user),
                total: Rate::new(config.max_bytes_per_second_in_total),
            },
            can_set_dont_fragment: config.can_set_dont_fragment,
            channels: config.channels,
            is_mobility_allowed: config.mobility,
            relays_tcp: config.tcp_relay,
            tickets,
            secure_binding: config.secure_binding,
            sockets,
            table: Table::new(hasher, Books::new(config.common)),
            peer_connections: PeerConnections::new(hasher),
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

    /// Somebody connected.
    fn connected(&mut self, now: Instant, path: Path) -> Verdict<'static> {
        if !self.addressing.listeners.contains(&path.local()) {
            return Verdict::Unclaimed;
        }
        match self.connections.accept(now, path) {
            Admission::Taken => {}
            Admission::InPlaceOf(other) => self.out.socket(SocketRequest::Hangup(other)),
            Admission::Full => return self.drops.refuse(DropReason::Exhausted),
        }
        Verdict::Consumed
    }

    fn event(&mut self, event: TurnServerEvent) {
        self.out.event(event);
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
                    && (self.addressing.listeners.contains(&path.local())
                        || self.peer_connections.find(&path).is_some()) =>
            {
                self.disconnect(path);
                Verdict::Consumed
            }
            Input::PathFailed { path, fault } => self.relay_fault(now, path, fault),
            Input::Accepted { listener, path } => match self.table.find_socket(listener) {
                Some(allocation) => self.peer_connected(now, allocation, path),
                None => self.connected(now, path),
            },
            Input::LookedUp { .. } => Verdict::Unclaimed,
        }
    }

    fn poll_output(&mut self) -> Output<TurnServerEvent> {
        let next = || {
            let clients = earlier(self.timers.next(), self.connections.next());
            earlier(clients, self.peer_connections.next())
        };
        self.out.pop().unwrap_or_else(|| Output::Timeout(next()))
    }

    fn frame(&self, path: &Path, buffer: &[u8]) -> Frame {
        if !path.transport().is_stream() {
            return Frame::Whole(buffer.len());
        }
        if self.peer_connections.find(path).is_some() {
            return Frame::Whole(buffer.len().min(MAX_FRAME));
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
