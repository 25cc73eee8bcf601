//! What a server is told at its start, and the bounds it keeps.
use super::{AlternateTurnServer, Common, addressing::RelayAddress};
use crate::{ChannelRange, DEFAULT_LIFETIME, MAX_LIFETIME, PeerPolicy, server::Users};
use alloc::{
    collections::BTreeSet,
    string::{String, ToString},
    vec::Vec,
};
use core::{
    fmt,
    net::{IpAddr, SocketAddr},
    num::NonZeroU32,
    ops::RangeInclusive,
    time::Duration,
};
use stun_proto::ServerConfig;
use thiserror::Error;

/// The ports that no relay may use (RFC 8656 §7.2).
const WELL_KNOWN_PORTS: RangeInclusive<u16> = 0..=1023;

/// A server: where it listens and relays, for whom, to whom, and how much of it.
#[derive(Clone, Debug)]
#[non_exhaustive]
pub struct TurnServerConfig {
    /// Who may have allocations.
    pub users: Users,
    /// Which peers they may reach.
    pub peers: PeerPolicy,
    /// The addresses of the sockets that clients send to. The driver opens them.
    pub listeners: Vec<SocketAddr>,
    /// Where relay sockets are opened: at least an address for each family that is to be relayed. A
    /// client is served from the one that it sends to, if that is among them, else from any.
    pub relays: Vec<RelayAddress>,
    /// The other addresses of this host, and those that it is known by outside: their services are
    /// no peers, even where a rule of [`peers`](Self::peers) allows a network around them, unless it
    /// names the very address. Those of listeners and relays need not be repeated here.
    pub own: Vec<IpAddr>,
    /// The ports of relay sockets, 49152 to 65535 unless the host has others to spare (RFC 8656
    /// §7.2). Nothing else on the host should use them: clients may send there.
    pub relay_ports: RangeInclusive<u16>,
    /// How long an allocation lasts that asks for no more (RFC 8656 §6: 600 s).
    pub default_lifetime: Duration,
    /// How long an allocation may last without a refresh (RFC 8656 §7.2: at most an hour).
    pub max_lifetime: Duration,
    /// How long a nonce is good for (RFC 8656 §5: at most an hour).
    pub nonce_lifetime: Duration,
    /// What nonces are made with. Servers that share it take each other's.
    pub nonce_key: NonceKey,
    /// Other sets of users, for some of the listeners; [`users`](Self::users) are those of the others.
    pub realms: Vec<TurnRealm>,
    /// How Binding requests are answered, and what a source that has not logged in may make this
    /// server send: its limiter is set up twice, for Binding and for TURN.
    pub stun: ServerConfig,
    /// The most allocations. Each takes a socket of the system; with a packet every 20 ms both ways
    /// 4,096 of them are 400,000 packets a second, about what one core passes on.
    pub max_allocations: usize,
    /// The most allocations of one user, and the most ports that are held back for it. A browser
    /// makes one for each of its interfaces, families and transports, and many services have one
    /// account for all of theirs: 1,024 lets it serve hundreds of them, and leaves room for others.
    /// Of time-limited users, see [`Users::with_shared_secret`], what follows the time is counted.
    pub max_allocations_per_user: usize,
    /// The most addresses with a permission in one allocation. 256 is a conference of 40 peers
    /// with six addresses each.
    pub max_permissions: usize,
    /// The most channels of one allocation. As many as permissions, as each needs one.
    pub max_channels: usize,
    /// The most data that one allocation relays, both ways together, in bytes a second; what is
    /// beyond is dropped (RFC 8656 §5). `None` leaves it to the network. A user has so much for
    /// each allocation.
    pub max_bytes_per_second: Option<NonZeroU32>,
    /// The most that all allocations of one user relay, in the same way.
    pub max_bytes_per_second_per_user: Option<NonZeroU32>,
    /// The most that all allocations relay, in the same way.
    pub max_bytes_per_second_in_total: Option<NonZeroU32>,
    /// The most connections of clients over TCP and TLS. As many as allocations: each takes a socket
    /// of the system, and a client of this kind has no more than one allocation on it.
    pub max_connections: usize,
    /// The most of them from one IPv4 address or one IPv6 /64. 256 is a company behind one NAT.
    pub max_connections_per_source: usize,
    /// How long a connection may stand without an allocation, whatever is said on it: long enough
    /// to log in with several retransmissions by a slow path. RFC 8489 §6.2.2 leaves the end to the
    /// client unless it has timed out. Where there are too many, the oldest go before.
    pub connection_idle: Duration,
    /// The most messages that wait to be taken by the driver. It drains after each input or a few
    /// of them, and each input makes a few at most; requests beyond are dropped.
    pub max_queue: usize,
    /// Where clients are sent when this server is full or to leave; they get 508 if there are none of
    /// their family.
    pub alternates: Vec<AlternateTurnServer>,
    /// Which numbers clients may bind channels to. With those of RFC 5766 goes the number that its
    /// clients know ADDITIONAL-ADDRESS-FAMILY by, 0x8032.
    pub channels: ChannelRange,
    /// Whether the driver sets the DF bit where [`PacketMeta`](sans_io::PacketMeta) asks for it.
    /// Without it, DONT-FRAGMENT is an attribute that this server does not know (RFC 8656 §7.2).
    pub can_set_dont_fragment: bool,
    /// Whether clients may take their allocations along to other addresses (RFC 8016). Who is not
    /// allowed to is told 405. Each allocation that can move costs some 100 bytes more.
    pub mobility: bool,
    /// Whether clients may have TCP relayed as well (RFC 6062).
    pub tcp_relay: bool,
    /// The most connections with peers that one allocation of this kind has, those included that wait
    /// for the client. All together there are no more than `max_connections`, for each needs one of
    /// the client's.
    pub max_peer_connections: usize,
    /// Whether Binding requests take a user too, as TURN requests do (RFC 8489 §9.2). Clients of
    /// RFC 3489 are not answered then, and the attributes of RFC 5780 are unknown.
    pub secure_binding: bool,
    /// What it shares with others for the same addresses, if there is one on each core.
    pub common: Option<Common>,
}

/// What nonces are made with (RFC 8489 §9.2).
#[derive(Clone, Copy, Default)]
pub enum NonceKey {
    /// A key that is drawn at the start: other servers, and this one after its next start, take none
    /// of its nonces. A client then needs one round trip more.
    #[default]
    Own,
    /// The key of several servers, or of one that starts again. Their clocks agree to a second. One
    /// nonce is then good at all of them, for the client that it was given to.
    Shared {
        /// The key, a secret.
        key: [u8; 32],
        /// The time since 1970 at [`Instant::ZERO`](sans_io::Instant::ZERO).
        unix_time_at_zero: Duration,
    },
}

/// Keeps the key to itself.
impl fmt::Debug for NonceKey {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str(match self {
            Self::Own => "Own",
            Self::Shared { .. } => "Shared",
        })
    }
}

/// A set of users of its own, for whoever sends to one of these listeners. The address is all that a
/// first request tells of what its sender wants: it names no realm, which the answer does (RFC 8489
/// §9.2.3.1).
#[derive(Clone, Debug)]
pub struct TurnRealm {
    /// Who may log in there.
    pub users: Users,
    /// Where: listeners of the server.
    pub listeners: Vec<SocketAddr>,
}

/// Why a server cannot be as it was asked to be.
#[derive(Clone, Debug, PartialEq, Eq, Error)]
pub enum ConfigError {
    /// The realm is empty, or has 128 characters or more.
    #[error("a realm has 1 to 127 characters")]
    Realm,
    /// Two sets of users have one realm, or one listener.
    #[error("{0} is that of two realms")]
    TwoRealms(String),
    /// A realm is that of an address that is no listener.
    #[error("the realm {realm} is that of {listener}, where nobody listens")]
    RealmNowhere {
        /// Which.
        realm: String,
        /// Where it was to be.
        listener: SocketAddr,
    },
    /// There is no listener.
    #[error("no listener")]
    NoListener,
    /// There is no relay address.
    #[error("no relay address")]
    NoRelay,
    /// A relay address is there twice, or two are advertised as one: nobody could tell them apart.
    #[error("{0} is the address of two relays")]
    TwoRelays(IpAddr),
    /// An address is unspecified, so it names no socket.
    #[error("an unspecified address names no socket")]
    Unspecified,
    /// A relay address is advertised as one of another family.
    #[error("{0} cannot be advertised as {1}")]
    Advertised(IpAddr, IpAddr),
    /// The range of relay ports is empty, or has well-known ports in it.
    #[error("relay ports must be of 1024 to 65535")]
    Ports,
    /// More allocations are allowed than there are ports for.
    #[error("{allocations} allocations need more than {ports} ports")]
    TooFewPorts {
        /// How many there may be.
        allocations: usize,
        /// How many ports there are.
        ports: usize,
    },
    /// Something that must be there at least once may be there never.
    #[error("{0} must not be zero")]
    Zero(&'static str),
    /// The name of another server is longer than 255 characters, or not ASCII.
    #[error("an alternate domain has at most 255 ASCII characters")]
    Domain,
    /// The default lifetime is above the maximum.
    #[error("the default lifetime is above the maximum")]
    Lifetimes,
}

impl TurnServerConfig {
    /// A server for these users, who may reach these peers. Listeners and relay addresses are
    /// still to be added.
    pub fn new(users: Users, peers: PeerPolicy) -> Self {
        Self {
            users,
            peers,
            listeners: Vec::new(),
            relays: Vec::new(),
            own: Vec::new(),
            relay_ports: 49_152..=65_535,
            default_lifetime: DEFAULT_LIFETIME,
            max_lifetime: MAX_LIFETIME,
            nonce_lifetime: Duration::from_secs(3600),
            nonce_key: NonceKey::Own,
            realms: Vec::new(),
            stun: ServerConfig::default(),
            max_allocations: 4096,
            max_allocations_per_user: 1024,
            max_permissions: 256,
            max_channels: 256,
            max_bytes_per_second: None,
            max_bytes_per_second_per_user: None,
            max_bytes_per_second_in_total: None,
            max_connections: 4096,
            max_connections_per_source: 256,
            connection_idle: Duration::from_secs(30),
            max_queue: 256,
            alternates: Vec::new(),
            channels: ChannelRange::Rfc8656,
            can_set_dont_fragment: false,
            mobility: false,
            tcp_relay: false,
            max_peer_connections: 64,
            secure_binding: false,
            common: None,
        }
    }

    /// Adds a socket that clients send to.
    #[must_use]
    pub fn with_listener(mut self, address: SocketAddr) -> Self {
        self.listeners.push(address);
        self
    }

    /// Adds an address that relay sockets are opened on.
    #[must_use]
    pub fn with_relay(mut self, relay: RelayAddress) -> Self {
        self.relays.push(relay);
        self
    }

    pub(super) fn validate(&self) -> Result<(), ConfigError> {
        self.validate_addresses()?;
        self.validate_realms()?;
        let mut domains = self.alternates.iter().filter_map(|other| other.domain.as_deref());
        if domains.any(|domain| domain.len() > 255 || !domain.is_ascii()) {
            return Err(ConfigError::Domain);
        }
        let ports = self.relay_ports.clone();
        if ports.is_empty() || ports.start() <= WELL_KNOWN_PORTS.end() {
            return Err(ConfigError::Ports);
        }
        if self.max_allocations > ports.len() * self.relays.len() {
            let (allocations, ports) = (self.max_allocations, ports.len() * self.relays.len());
            return Err(ConfigError::TooFewPorts { allocations, ports });
        }
        let counts = [
            ("max_allocations", self.max_allocations),
            ("max_allocations_per_user", self.max_allocations_per_user),
            ("max_permissions", self.max_permissions),
            ("max_channels", self.max_channels),
            ("max_peer_connections", self.max_peer_connections),
            ("max_connections", self.max_connections),
            ("max_connections_per_source", self.max_connections_per_source),
            ("connection_idle", self.connection_idle.as_millis() as usize),
            ("max_queue", self.max_queue),
            ("default_lifetime", self.default_lifetime.as_secs() as usize),
            ("nonce_lifetime", self.nonce_lifetime.as_secs() as usize),
        ];
        if let Some((name, _)) = counts.into_iter().find(|(_, count)| *count == 0) {
            return Err(ConfigError::Zero(name));
        }
        if self.default_lifetime > self.max_lifetime {
            return Err(ConfigError::Lifetimes);
        }
        Ok(())
    }

    fn validate_realms(&self) -> Result<(), ConfigError> {
        let (mut names, mut taken) = (BTreeSet::new(), BTreeSet::new());
        let none = Vec::new();
        let first = core::iter::once((&self.users, &none));
        let others = self.realms.iter().map(|realm| (&realm.users, &realm.listeners));
        for (users, listeners) in first.chain(others) {
            let realm = users.realm();
            if realm.is_empty() || realm.chars().count() > 127 {
                return Err(ConfigError::Realm);
            }
            if !names.insert(realm) {
                return Err(ConfigError::TwoRealms(realm.into()));
            }
            for listener in listeners {
                if !self.listeners.contains(listener) {
                    let (realm, listener) = (realm.into(), *listener);
                    return Err(ConfigError::RealmNowhere { realm, listener });
                }
                if !taken.insert(*listener) {
                    return Err(ConfigError::TwoRealms(listener.to_string()));
                }
            }
        }
        Ok(())
    }

    fn validate_addresses(&self) -> Result<(), ConfigError> {
        if self.listeners.is_empty() {
            return Err(ConfigError::NoListener);
        }
        if self.relays.is_empty() {
            return Err(ConfigError::NoRelay);
        }
        for (at, one) in self.relays.iter().enumerate() {
            let same = |other: &RelayAddress| {
                other.bound() == one.bound() || other.advertised() == one.advertised()
            };
            if self.relays[..at].iter().any(same) {
                return Err(ConfigError::TwoRelays(one.advertised()));
            }
        }
        let listeners = self.listeners.iter().map(SocketAddr::ip);
        let relays = self.relays.iter().flat_map(|relay| [relay.bound(), relay.advertised()]);
        if listeners.chain(relays).any(|address| address.is_unspecified()) {
            return Err(ConfigError::Unspecified);
        }
        match self.relays.iter().find(|r| r.bound().is_ipv4() != r.advertised().is_ipv4()) {
            Some(relay) => Err(ConfigError::Advertised(relay.bound(), relay.advertised())),
            None => Ok(()),
        }
    }
}
