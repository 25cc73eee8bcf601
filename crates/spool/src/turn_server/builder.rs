//! How a server is to be, and its start.
use super::{
    Accounts, InheritedSockets, Reporter, ServeError, TurnService,
    cores::{Cores, Place, SharedLedger},
    opening::{Beside, Opening},
    relays, watch,
};
#[cfg(feature = "tls")]
use crate::{Identity, driver::Sockets};
use crate::{
    clock::Origin,
    driver::Driver,
    interfaces,
    probe::{Algorithm, Credentials},
};
#[cfg(feature = "tls")]
use sans_io::SocketIds;
use std::{
    net::{IpAddr, SocketAddr},
    num::{NonZeroU32, NonZeroUsize},
    ops::RangeInclusive,
    sync::Arc,
    time::Duration,
};
use stun_proto::OtherServer;
use turn_proto::{
    AlternateTurnServer, ChannelRange, Common, IpPrefix, NonceKey, PeerPolicy, TurnRealm,
    TurnServer, TurnServerConfig,
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
    cores: Option<NonZeroUsize>,
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
            cores: None,
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

    /// Serves on so many cores: in as many threads, each with sockets and a machine of its own, so
    /// that no packet waits for another core. A client stays with the core that the system gives it
    /// to; quotas, limits of what users and all together relay, ports that are held back and nonces are
    /// common to all. Unless told it serves in one task of the runtime that it is started in. More than
    /// one takes Linux.
    ///
    /// Only its own core knows an allocation. So there is one core at most with
    /// [`mobility`](Self::mobility), and none but the first has connections of clients with
    /// [`tcp_relay`](Self::tcp_relay): a client that connects for data, or comes from elsewhere, could
    /// meet any. [Inherited](Self::inherited) sockets are for one core too.
    pub fn cores(mut self, cores: NonZeroUsize) -> Self {
        self.cores = Some(cores);
        self
    }

    /// Opens the sockets and starts to serve, in a task of the runtime it is called in or in threads
    /// of its own, see [`cores`](Self::cores).
    #[expect(clippy::unused_async, reason = "it needs a runtime around it, and says so by this")]
    pub async fn start(self) -> Result<TurnService, ServeError> {
        let places = Place::all(self.cores)?;
        if places.len() > 1 {
            self.may_be_several()?;
        }
        let mut opening = Opening::with(self.inherited.clone());
        opening.sockets.believe_balancers(self.balancers.iter().copied());
        // what a client marks stays marked (RFC 8656 §14)
        opening.sockets.report_class();
        if places.len() > 1 {
            opening.sockets.share_ports();
        }
        let first = places.first().ok_or(ServeError::NoAddress)?;
        let Open { listeners, tls_listeners, other } = first.within(|| self.open(&mut opening))?;
        let bound = relays::choose(&self.relay, &listeners)?;
        let relays = relays::advertise(&bound, &self.external)?;
        let unix_time_at_zero = watch::unix_time_at_zero();
        let users = self.accounts.users(&self.realm, unix_time_at_zero)?;
        let mut config = TurnServerConfig::new(users, self.peers);
        config.realms = turn_realms(self.realms, unix_time_at_zero)?;
        if let Some(secret) = &self.nonce_secret {
            config.nonce_key = nonce_key(secret, unix_time_at_zero)?;
        }
        config.listeners.clone_from(&opening.addresses);
        config.stun.other = other;
        config.secure_binding = self.secure_stun;
        config.relays.clone_from(&relays);
        config.own = interfaces::own().map_err(ServeError::Interfaces)?;
        // where the driver can, see `Driver`
        config.can_set_dont_fragment = cfg!(any(target_os = "linux", target_os = "android"));
        self.limits.apply(&mut config);
        if places.len() > 1 {
            share(&mut config, &bound, places.len())?;
        }
        let origin = Origin::start();
        let (reporter, events) = Reporter::new();
        let (mut cores, mut handles) = (Cores::default(), Vec::new());
        let skipped = std::mem::take(&mut opening.skipped);
        let beside = if config.tcp_relay { Beside::Datagrams } else { Beside::All };
        let mut sockets = Vec::new();
        for place in &places[1..] {
            sockets.push(place.within(|| opening.again(beside))?);
        }
        sockets.insert(0, (opening.ids, opening.sockets));
        #[cfg(feature = "tls")]
        if self.rendezvous {
            serve_rendezvous(&mut sockets, &self.tls)?;
        }
        for (place, (ids, sockets)) in places.into_iter().zip(sockets) {
            let server = TurnServer::new(config.clone(), ids, random()?)?;
            let (driver, handle) = Driver::with_sockets(server, reporter.clone(), sockets);
            cores.start(place, driver.with_origin(origin))?;
            handles.push(handle);
        }
        let watch = watch::Watch::start(handles.clone());
        let relays = relays.iter().map(turn_proto::RelayAddress::advertised).collect();
        Ok(TurnService {
            listeners,
            tls_listeners,
            relays,
            skipped,
            realm: self.realm,
            handles,
            events,
            cores,
            watch,
        })
    }

    /// Whether several machines can be as this one is to be.
    fn may_be_several(&self) -> Result<(), ServeError> {
        // an allocation is known to its core, and another address leads to any
        if self.limits.mobility {
            return Err(ServeError::OneCore("mobility"));
        }
        // who has opened them has not divided them
        if self.inherited.addresses().is_empty() {
            Ok(())
        } else {
            Err(ServeError::OneCore("a socket that was handed over"))
        }
    }

    /// Opens the sockets that clients send to.
    fn open(&self, opening: &mut Opening) -> Result<Open, ServeError> {
        let listeners = opening.open(&self.listen, DEFAULT_PORT)?;
        let other = opening.open_other(self.behaviour, &listeners)?;
        #[cfg(feature = "tls")]
        let tls_listeners = opening.open_tls(&self.tls)?;
        #[cfg(not(feature = "tls"))]
        let tls_listeners = Vec::new();
        opening.all_inherited_are_used()?;
        Ok(Open { listeners, tls_listeners, other })
    }
}

/// Where clients send to.
struct Open {
    listeners: Vec<SocketAddr>,
    tls_listeners: Vec<SocketAddr>,
    other: Option<OtherServer>,
}

/// Has so many machines of this configuration be as one. What a stranger may take is divided between
/// them, for he may send to all.
fn share(config: &mut TurnServerConfig, relays: &[IpAddr], cores: usize) -> Result<(), ServeError> {
    let ledger = Arc::new(SharedLedger::default());
    config.common = Some(Common::new(ledger, relays));
    if matches!(config.nonce_key, NonceKey::Own) {
        let (key, unix_time_at_zero) = (random()?, Duration::ZERO);
        config.nonce_key = NonceKey::Shared { key, unix_time_at_zero };
    }
    let limiter = &mut config.stun.limiter;
    let part = u32::try_from(cores).unwrap_or(u32::MAX);
    limiter.burst = limiter.burst.div_ceil(part);
    limiter.per_second = limiter.per_second.div_ceil(part);
    // the first core has all connections where TCP is relayed
    if !config.tcp_relay {
        config.max_connections = config.max_connections.div_ceil(cores);
    }
    Ok(())
}

/// Serves mailboxes to the clients of all cores that ask for them.
#[cfg(feature = "tls")]
fn serve_rendezvous(
    sockets: &mut [(SocketIds, Sockets)],
    tls: &[(SocketAddr, Identity)],
) -> Result<(), ServeError> {
    let identities: Vec<_> = tls.iter().map(|(_, identity)| identity.clone()).collect();
    super::rendezvous::start(sockets.iter_mut().map(|(_, own)| own), &identities, random()?);
    Ok(())
}

/// The realms of some listeners, as the machine has them.
fn turn_realms(
    realms: Vec<RealmAt>,
    unix_time_at_zero: Duration,
) -> Result<Vec<TurnRealm>, ServeError> {
    let all = realms.into_iter().map(|RealmAt { realm, accounts, listeners }| {
        Ok(TurnRealm { users: accounts.users(&realm, unix_time_at_zero)?, listeners })
    });
    all.collect()
}

fn random() -> Result<[u8; 32], ServeError> {
    sans_io_std::seed().map_err(|_| ServeError::Random)
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
