//! How a server is to be, and its start.
use super::{
    Accounts, InheritedSockets, Reporter, ServeError, TurnService, opening::Opening, relays, watch,
};
#[cfg(feature = "tls")]
use crate::Identity;
use crate::{
    driver::Driver,
    interfaces,
    probe::{Algorithm, Credentials},
};
use std::{
    net::{IpAddr, SocketAddr},
    num::NonZeroU32,
    ops::RangeInclusive,
    time::Duration,
};
use turn_proto::{
    AlternateTurnServer, ChannelRange, IpPrefix, NonceKey, PeerPolicy, TurnRealm, TurnServer,
    TurnServerConfig,
};

/// The port that clients send to unless told (RFC 8656 §5).
const DEFAULT_PORT: u16 = 3478;

/// Characters of a secret that nobody guesses.
const NONCE_SECRET_MIN: usize = 16;

/// Four bytes: what an unauthenticated request is answered with stays small.
const DEFAULT_REALM: &str = "turn";

/// Configures a [`TurnService`].
#[must_use = "a server runs once it is started"]
#[derive(Clone, Debug)]
pub struct TurnServiceBuilder {
    listen: Vec<SocketAddr>,
    #[cfg(feature = "tls")]
    tls: Vec<(SocketAddr, Identity)>,
    #[cfg(feature = "tls")]
    rendezvous: bool,
    behaviour: Option<SocketAddr>,
    secure_stun: bool,
    relay: Vec<IpAddr>,
    external: Vec<(IpAddr, Option<IpAddr>)>,
    realm: String,
    accounts: Accounts,
    realms: Vec<RealmAt>,
    nonce_secret: Option<String>,
    inherited: InheritedSockets,
    balancers: Vec<IpPrefix>,
    peers: PeerPolicy,
    limits: Limits,
}

/// A realm of its own at some listeners.
#[derive(Clone, Debug)]
struct RealmAt {
    realm: String,
    accounts: Accounts,
    listeners: Vec<SocketAddr>,
}

/// What differs from the defaults of the machine.
#[derive(Clone, Debug, Default)]
struct Limits {
    relay_ports: Option<RangeInclusive<u16>>,
    allocations: Option<usize>,
    allocations_per_user: Option<usize>,
    bytes_per_second: Option<NonZeroU32>,
    bytes_per_second_per_user: Option<NonZeroU32>,
    bytes_per_second_in_total: Option<NonZeroU32>,
    channels: ChannelRange,
    mobility: bool,
    tcp_relay: bool,
    alternates: Vec<AlternateTurnServer>,
}

impl Limits {
    fn apply(self, config: &mut TurnServerConfig) {
        if let Some(ports) = self.relay_ports {
            config.relay_ports = ports;
        }
        if let Some(max) = self.allocations {
            config.max_allocations = max;
        }
        let ports = config.relay_ports.len() * config.relays.len();
        if self.allocations.is_none() {
            // a short range is a limit of its own
            config.max_allocations = config.max_allocations.min(ports);
        }
        if let Some(max) = self.allocations_per_user {
            config.max_allocations_per_user = max;
        }
        config.max_bytes_per_second = self.bytes_per_second;
        config.max_bytes_per_second_per_user = self.bytes_per_second_per_user;
        config.max_bytes_per_second_in_total = self.bytes_per_second_in_total;
        config.channels = self.channels;
        config.mobility = self.mobility;
        config.tcp_relay = self.tcp_relay;
        config.alternates = self.alternates;
    }
}

impl Default for TurnServiceBuilder {
    fn default() -> Self {
        Self {
            listen: Vec::new(),
            #[cfg(feature = "tls")]
            tls: Vec::new(),
            #[cfg(feature = "tls")]
            rendezvous: false,
            behaviour: None,
            secure_stun: false,
            relay: Vec::new(),
            external: Vec::new(),
            realm: DEFAULT_REALM.to_owned(),
            accounts: Accounts::new(),
            realms: Vec::new(),
            nonce_secret: None,
            inherited: InheritedSockets::default(),
            balancers: Vec::new(),
            peers: PeerPolicy::global_only(),
            limits: Limits::default(),
        }
    }
}

impl TurnServiceBuilder {
    /// Listens at this address, over UDP and TCP; several calls add up. Port 0 lets the system choose;
    /// an unspecified address means each address of this computer. Unless told it is port 3478 of
    /// each address.
    pub fn listen(mut self, address: SocketAddr) -> Self {
        self.listen.push(address);
        self
    }

    /// Listens at this address over TLS as well, as `identity`; several calls add up. What is said
    /// of [`listen`](Self::listen) holds here too, but that nobody is listened to unless told.
    #[cfg(feature = "tls")]
    pub fn listen_tls(mut self, address: SocketAddr, identity: Identity) -> Self {
        self.tls.push((address, identity));
        self
    }

    /// Serves mailboxes as well, where two who share a code leave each other how to be reached
    /// (`rendezvous_proto`): on the addresses of [`listen_tls`](Self::listen_tls), to clients that ask
    /// for it. Off unless told.
    #[cfg(feature = "tls")]
    pub fn rendezvous(mut self, rendezvous: bool) -> Self {
        self.rendezvous = rendezvous;
        self
    }

    /// Answers STUN Binding requests only to who has an account, as TURN requests. Off unless told:
    /// whoever asks is told no more than its own address.
    pub fn secure_stun(mut self, secure: bool) -> Self {
        self.secure_stun = secure;
        self
    }

    /// Lets clients examine their NAT (RFC 5780), with this as the second address and port beside
    /// the one that [`listen`](Self::listen) names. All four combinations of the two addresses and
    /// the two ports are listened on, and both addresses must be public for an honest answer.
    pub fn behaviour(mut self, alternate: SocketAddr) -> Self {
        self.behaviour = Some(alternate);
        self
    }

    /// Relays from this address of the computer; several calls add up. Unless told it is one address
    /// of each family that is listened on, a public one if there is one.
    pub fn relay(mut self, address: IpAddr) -> Self {
        self.relay.push(address);
        self
    }

    /// Names the set of accounts to clients; `turn` unless told.
    pub fn realm(mut self, realm: &str) -> Self {
        realm.clone_into(&mut self.realm);
        self
    }

    /// Adds an account. Without any, only STUN is answered.
    pub fn user(mut self, name: &str, password: &str) -> Self {
        self.accounts = self.accounts.password(name, password);
        self
    }

    /// Has these accounts, instead of those added so far.
    pub fn accounts(mut self, accounts: Accounts) -> Self {
        self.accounts = accounts;
        self
    }

    /// Tells clients that relayed addresses are at `external`, where a one-to-one NAT puts what is
    /// sent to them: the address by which a virtual machine of most clouds is known. `internal` is
    /// the address to relay from that it stands for; not needed where there is one of the family.
    pub fn external(mut self, external: IpAddr, internal: Option<IpAddr>) -> Self {
        self.external.push((external, internal));
        self
    }

    /// Relays from ports of this range, 49152 to 65535 unless told (RFC 8656 §7.2).
    pub fn relay_ports(mut self, ports: RangeInclusive<u16>) -> Self {
        self.limits.relay_ports = Some(ports);
        self
    }

    /// The most allocations, 4,096 unless told.
    pub fn max_allocations(mut self, max: usize) -> Self {
        self.limits.allocations = Some(max);
        self
    }

    /// The most allocations of one user, 1,024 unless told. Of the users that a secret makes, what
    /// follows the time is counted.
    pub fn max_allocations_per_user(mut self, max: usize) -> Self {
        self.limits.allocations_per_user = Some(max);
        self
    }

    /// The most that one allocation relays, both ways together, in bytes a second.
    pub fn max_bytes_per_second(mut self, max: NonZeroU32) -> Self {
        self.limits.bytes_per_second = Some(max);
        self
    }

    /// The most that all allocations of one user relay together, likewise.
    pub fn max_bytes_per_second_per_user(mut self, max: NonZeroU32) -> Self {
        self.limits.bytes_per_second_per_user = Some(max);
        self
    }

    /// The most that all allocations relay together, likewise.
    pub fn max_bytes_per_second_in_total(mut self, max: NonZeroU32) -> Self {
        self.limits.bytes_per_second_in_total = Some(max);
        self
    }

    /// Has a realm of its own, with these accounts, for whoever sends to these of its listeners. The
    /// address is all that a first request tells of what its sender wants. Several calls add up.
    pub fn realm_at(mut self, realm: &str, accounts: Accounts, listeners: &[SocketAddr]) -> Self {
        let (realm, listeners) = (realm.to_owned(), listeners.to_vec());
        self.realms.push(RealmAt { realm, accounts, listeners });
        self
    }

    /// Makes nonces with this secret, as other servers do that a balancer sends the same clients to:
    /// so each takes what another gave, without any state that they would have to share. Their clocks
    /// must agree to a second.
    pub fn nonce_secret(mut self, secret: &str) -> Self {
        self.nonce_secret = Some(secret.to_owned());
        self
    }

    /// Takes these sockets, where it is to listen at their addresses, instead of opening its own.
    pub fn inherited(mut self, sockets: InheritedSockets) -> Self {
        self.inherited = sockets;
        self
    }

    /// Believes a balancer at these addresses who its clients are: each of its connections must begin
    /// with a PROXY protocol header of version 2. Several calls add up.
    pub fn proxy_from(mut self, balancer: IpPrefix) -> Self {
        self.balancers.push(balancer);
        self
    }

    /// Lets clients bind channels of this range: that of RFC 5766 for old ones.
    pub fn channels(mut self, range: ChannelRange) -> Self {
        self.limits.channels = range;
        self
    }

    /// Lets clients take their allocations along to other addresses, as a phone does that leaves a
    /// building (RFC 8016).
    pub fn mobility(mut self) -> Self {
        self.limits.mobility = true;
        self
    }

    /// Relays TCP as well (RFC 6062), for clients that come over TCP or TLS: they connect to peers, and
    /// peers to them.
    pub fn tcp_relay(mut self) -> Self {
        self.limits.tcp_relay = true;
        self
    }

    /// Sends clients there when it is full or to leave (300, Try Alternate); several calls add up.
    pub fn alternate(mut self, server: AlternateTurnServer) -> Self {
        self.limits.alternates.push(server);
        self
    }

    /// Decides which peers may be reached: public ones unless told.
    pub fn peers(mut self, policy: PeerPolicy) -> Self {
        self.peers = policy;
        self
    }

    /// Relays to these addresses too, although they are not public.
    pub fn allow_peer(mut self, prefix: IpPrefix) -> Self {
        self.peers = self.peers.allow(prefix);
        self
    }

    /// Opens the sockets and starts to serve, in a task of the runtime it is called in.
    #[expect(clippy::unused_async, reason = "it needs a runtime around it, and says so by this")]
    pub async fn start(self) -> Result<TurnService, ServeError> {
        let mut opening = Opening::with(self.inherited);
        opening.sockets.believe_balancers(self.balancers);
        // what a client marks stays marked (RFC 8656 §14)
        opening.sockets.report_headers();
        let listeners = opening.open(&self.listen, DEFAULT_PORT)?;
        let other = opening.open_other(self.behaviour, &listeners)?;
        #[cfg(feature = "tls")]
        let tls_listeners = opening.open_tls(&self.tls)?;
        #[cfg(feature = "tls")]
        if self.rendezvous {
            let identities: Vec<_> =
                self.tls.iter().map(|(_, identity)| identity.clone()).collect();
            let mut seed = [0; 32];
            getrandom::fill(&mut seed).map_err(|_| ServeError::Random)?;
            super::rendezvous::start(&mut opening.sockets, &identities, seed);
        }
        #[cfg(not(feature = "tls"))]
        let tls_listeners = Vec::new();
        opening.all_inherited_are_used()?;
        let bound = relays::choose(&self.relay, &listeners)?;
        let relays = relays::advertise(&bound, &self.external)?;
        let origin = watch::unix_time_at_zero();
        let users = self.accounts.users(&self.realm, origin)?;
        let mut config = TurnServerConfig::new(users, self.peers);
        for RealmAt { realm, accounts, listeners } in self.realms {
            config.realms.push(TurnRealm { users: accounts.users(&realm, origin)?, listeners });
        }
        if let Some(secret) = &self.nonce_secret {
            config.nonce_key = nonce_key(secret, origin)?;
        }
        config.listeners.clone_from(&opening.addresses);
        config.stun.other = other;
        config.secure_binding = self.secure_stun;
        config.relays.clone_from(&relays);
        config.own = interfaces::own().map_err(ServeError::Interfaces)?;
        // where the driver can, see `Driver`
        config.can_set_dont_fragment = cfg!(any(target_os = "linux", target_os = "android"));
        self.limits.apply(&mut config);
        let mut seed = [0; 32];
        getrandom::fill(&mut seed).map_err(|_| ServeError::Random)?;
        let server = TurnServer::new(config, opening.ids, seed)?;
        let (reporter, events) = Reporter::new();
        let (driver, handle) = Driver::with_sockets(server, reporter, opening.sockets);
        let task = tokio::spawn(driver.run());
        let watch = watch::Watch::start(handle.clone());
        let relays = relays.iter().map(turn_proto::RelayAddress::advertised).collect();
        let (realm, skipped) = (self.realm, opening.skipped);
        Ok(TurnService {
            listeners,
            tls_listeners,
            relays,
            skipped,
            realm,
            handle,
            events,
            task,
            watch,
        })
    }
}

/// The key that a secret stands for.
fn nonce_key(secret: &str, unix_time_at_zero: Duration) -> Result<NonceKey, ServeError> {
    if secret.len() < NONCE_SECRET_MIN {
        return Err(ServeError::NonceSecret);
    }
    // a hash over all of it, of which there is one here already
    let hashed = Credentials::new("nonces", secret)
        .ok()
        .and_then(|secret| secret.long_term_key_bytes("nonces", Algorithm::Sha256));
    let key = hashed.and_then(|key| key.try_into().ok()).ok_or(ServeError::NonceSecret)?;
    Ok(NonceKey::Shared { key, unix_time_at_zero })
}
