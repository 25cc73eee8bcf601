//! A STUN and TURN server over UDP, TCP and TLS (RFC 8489 §12, RFC 8656) on the sockets of this
//! computer.
#[cfg(feature = "tls")]
use crate::Identity;
use crate::driver::{Application, Context, Driver, Handle};
use opening::Opening;
use sans_io::Path;
use std::{
    io,
    net::{IpAddr, SocketAddr},
};
use thiserror::Error;
use tokio::sync::mpsc;
use tokio::task::JoinHandle;
use turn_proto::{
    IpPrefix, PeerPolicy, RelayAddress, TurnServer, TurnServerConfig, TurnServerEvent, Users,
};

mod opening;

/// Events that wait for [`TurnService::next_event`]; what is more is dropped.
const EVENTS_MAX: usize = 1024;

/// The port that clients send to unless told (RFC 8656 §5).
const DEFAULT_PORT: u16 = 3478;

/// Four bytes: what an unauthenticated request is answered with stays small.
const DEFAULT_REALM: &str = "turn";

/// Configures a [`TurnService`].
#[must_use = "a server runs once it is started"]
#[derive(Clone)]
pub struct TurnServiceBuilder {
    listen: Vec<SocketAddr>,
    #[cfg(feature = "tls")]
    tls: Vec<(SocketAddr, Identity)>,
    behaviour: Option<SocketAddr>,
    secure_stun: bool,
    relay: Vec<IpAddr>,
    realm: String,
    users: Vec<(String, String)>,
    peers: PeerPolicy,
}

impl std::fmt::Debug for TurnServiceBuilder {
    fn fmt(&self, f: &mut std::fmt::Formatter<'_>) -> std::fmt::Result {
        let users: Vec<_> = self.users.iter().map(|(name, _)| name).collect();
        f.debug_struct("TurnServiceBuilder")
            .field("listen", &self.listen)
            .field("behaviour", &self.behaviour)
            .field("relay", &self.relay)
            .field("realm", &self.realm)
            .field("users", &users)
            .finish_non_exhaustive()
    }
}

/// Why a server did not start.
#[derive(Debug, Error)]
#[non_exhaustive]
pub enum ServeError {
    /// An address could not be listened on.
    #[error("cannot listen on {address}: {source}{}", advice(source))]
    Listen {
        /// Which.
        address: SocketAddr,
        /// The system's reason.
        source: io::Error,
    },
    /// An address could not be relayed from.
    #[error("cannot relay from {address}: {source}{}", advice(source))]
    Relay {
        /// Which.
        address: IpAddr,
        /// The system's reason.
        source: io::Error,
    },
    /// The interfaces could not be listed.
    #[error("the network interfaces could not be listed: {0}")]
    Interfaces(#[source] io::Error),
    /// There is no address to listen on, or to relay from.
    #[error("this computer has no network address to serve on; name one")]
    NoAddress,
    /// A user name or password has characters that are not allowed (RFC 8265).
    #[error("the account '{name}' cannot be used: {source}")]
    Account {
        /// Whose.
        name: String,
        /// What is wrong.
        source: stun_proto::PrepareError,
    },
    /// The second address for clients that examine their NAT is none.
    #[error(
        "to let clients examine their NAT, listen on one address, and name another of the same \
         family with another port"
    )]
    Behaviour,
    /// The operating system gave no random bytes.
    #[error("the operating system gave no random bytes")]
    Random,
    /// The configuration makes no sense to the server.
    #[error(transparent)]
    Config(#[from] turn_proto::ConfigError),
}

/// What to do about a fault of the operating system.
fn advice(error: &io::Error) -> &'static str {
    match error.kind() {
        io::ErrorKind::AddrNotAvailable => "; an address of this computer is wanted",
        io::ErrorKind::AddrInUse => "; another program uses it",
        _ => "",
    }
}

impl TurnServiceBuilder {
    /// Listens at this address, over UDP and TCP; several calls add up. Port 0 lets the system choose;
    /// an unspecified address means each address of this computer. Unless told it is port 3478 of
    /// each IPv4 address.
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

    /// Relays from this address of the computer, at most one of each family. Unless told it is the
    /// first address of each family that is listened on, loopback last.
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
        self.users.push((name.to_owned(), password.to_owned()));
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
        let mut opening = Opening::default();
        let listeners = opening.open(&self.listen, DEFAULT_PORT)?;
        let other = opening.open_other(self.behaviour, &listeners)?;
        #[cfg(feature = "tls")]
        let tls_listeners = opening.open_tls(&self.tls)?;
        #[cfg(not(feature = "tls"))]
        let tls_listeners = Vec::new();
        let relays = self.relays(&listeners)?;
        let mut users = Users::new(self.realm);
        for (name, password) in &self.users {
            users
                .insert(name, password)
                .map_err(|source| ServeError::Account { name: name.clone(), source })?;
        }
        let mut config = TurnServerConfig::new(users, self.peers);
        for listener in &opening.addresses {
            config = config.with_listener(*listener);
        }
        config.stun.other = other;
        config.secure_binding = self.secure_stun;
        for relay in &relays {
            config = config.with_relay(RelayAddress::new(*relay));
        }
        let mut seed = [0; 32];
        getrandom::fill(&mut seed).map_err(|_| ServeError::Random)?;
        let server = TurnServer::new(config, opening.ids, seed)?;
        let (sender, events) = mpsc::channel(EVENTS_MAX);
        let (driver, handle) = Driver::with_sockets(server, Reporter(sender), opening.sockets);
        let task = tokio::spawn(driver.run());
        Ok(TurnService { listeners, tls_listeners, relays, handle, events, task })
    }

    /// The addresses to relay from, tried once, so that a wrong one is told now and not to each
    /// client.
    fn relays(&self, listeners: &[SocketAddr]) -> Result<Vec<IpAddr>, ServeError> {
        let first =
            |v4: bool| listeners.iter().map(SocketAddr::ip).find(|address| address.is_ipv4() == v4);
        let relays: Vec<IpAddr> = if self.relay.is_empty() {
            first(true).into_iter().chain(first(false)).collect()
        } else {
            self.relay.clone()
        };
        for address in &relays {
            std::net::UdpSocket::bind((*address, 0))
                .map_err(|source| ServeError::Relay { address: *address, source })?;
        }
        Ok(relays)
    }
}

/// A STUN and TURN server that runs in a task of its own, until it is stopped or dropped.
///
/// ```
/// use spool::{Agent, CandidatePolicy, TurnService};
/// # #[tokio::main(flavor = "current_thread")]
/// # async fn main() -> Result<(), Box<dyn std::error::Error>> {
/// let server = TurnService::builder()
///     .listen("127.0.0.1:0".parse()?)
///     .relay("127.0.0.1".parse()?)
///     .user("alice", "wonderland")
///     .allow_peer("127.0.0.0/8".parse()?)
///     .start()
///     .await?;
///
/// let address = server.listeners()[0].to_string();
/// let mut agent = Agent::builder()
///     .address("127.0.0.1".parse()?)
///     .turn(&address, "alice", "wonderland")
///     .policy(CandidatePolicy::Relay)
///     .build()
///     .await?;
/// let offer = agent.local_description().await?;
/// assert!(offer.contains("typ relay"));
/// server.stop().await;
/// # Ok(())
/// # }
/// ```
#[derive(Debug)]
pub struct TurnService {
    listeners: Vec<SocketAddr>,
    tls_listeners: Vec<SocketAddr>,
    relays: Vec<IpAddr>,
    handle: Handle<TurnServer, Reporter>,
    events: mpsc::Receiver<TurnServerEvent>,
    task: JoinHandle<(TurnServer, Reporter)>,
}

impl TurnService {
    /// Starts to configure a server.
    pub fn builder() -> TurnServiceBuilder {
        TurnServiceBuilder {
            listen: Vec::new(),
            #[cfg(feature = "tls")]
            tls: Vec::new(),
            behaviour: None,
            secure_stun: false,
            relay: Vec::new(),
            realm: DEFAULT_REALM.to_owned(),
            users: Vec::new(),
            peers: PeerPolicy::global_only(),
        }
    }

    /// Where it listens over UDP and TCP, loopback addresses last.
    pub fn listeners(&self) -> &[SocketAddr] {
        &self.listeners
    }

    /// Where it listens over TLS, loopback addresses last.
    pub fn tls_listeners(&self) -> &[SocketAddr] {
        &self.tls_listeners
    }

    /// Where it relays from.
    pub fn relays(&self) -> &[IpAddr] {
        &self.relays
    }

    /// The next thing worth a line in a log; `None` when the server has ended.
    pub async fn next_event(&mut self) -> Option<TurnServerEvent> {
        self.events.recv().await
    }

    /// Ends it; its sockets are closed when this returns.
    pub async fn stop(self) {
        self.handle.stop().await;
        // a driver that panicked has closed its sockets too
        let _ = self.task.await;
    }
}

/// Passes events on.
#[derive(Debug)]
struct Reporter(mpsc::Sender<TurnServerEvent>);

impl Application<TurnServer> for Reporter {
    fn event(&mut self, _: &mut Context<'_, TurnServer>, event: TurnServerEvent) {
        // nobody listens, or too slowly: it is only a log
        let _ = self.0.try_send(event);
    }

    fn deliver(&mut self, _: Path, _: &[u8]) {
        // a server keeps nothing for itself
    }
}
