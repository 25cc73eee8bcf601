//! What an agent is told before it starts.
use super::Agent;
use crate::{Server, ServerError, Services, interfaces::Interfaces, probe::LookupError};
use ice_proto::{
    CandidatePolicy, IceConfig, Implementation, RelayServer, RelayTransport, TcpCandidates,
};
use std::{
    io,
    net::{IpAddr, SocketAddr},
    time::Duration,
};
use stun_proto::Scheme;
use thiserror::Error;

/// How long gathering may take before a description is made of what there is. A STUN server that
/// does not answer is asked for 39.5 s (RFC 8489 §6.2.1), which nobody wants to wait for.
const GATHER_TIMEOUT: Duration = Duration::from_secs(5);

/// How long connecting may take. A little more than the patience of ICE itself (RFC 8863 §4), so
/// that its own verdict comes first.
const CONNECT_TIMEOUT: Duration = Duration::from_secs(60);

/// A TURN server with the account there.
#[derive(Clone)]
struct Relay {
    server: Server,
    username: String,
    password: String,
}

/// Configures an [`Agent`].
#[must_use = "an agent is made by `build`"]
#[derive(Clone)]
pub struct AgentBuilder {
    stun: Vec<Server>,
    turn: Vec<Relay>,
    policy: CandidatePolicy,
    tcp: TcpCandidates,
    loopback: bool,
    lite: bool,
    addresses: Vec<IpAddr>,
    gather_timeout: Duration,
    connect_timeout: Duration,
    services: Services,
    fault: Option<(String, ServerError)>,
}

impl std::fmt::Debug for AgentBuilder {
    fn fmt(&self, f: &mut std::fmt::Formatter<'_>) -> std::fmt::Result {
        let relays: Vec<_> = self.turn.iter().map(|relay| &relay.server).collect();
        f.debug_struct("AgentBuilder")
            .field("stun", &self.stun)
            .field("turn", &relays)
            .field("policy", &self.policy)
            .field("loopback", &self.loopback)
            .finish_non_exhaustive()
    }
}

/// Why no agent could be made.
#[derive(Debug, Error)]
#[non_exhaustive]
pub enum BuildError {
    /// What was given as a server is none.
    #[error("server '{text}': {fault}")]
    Server {
        /// What was given.
        text: String,
        /// What is wrong with it.
        fault: ServerError,
    },
    /// A name could not be resolved.
    #[error("{server}: {source}")]
    Resolve {
        /// Whose.
        server: Server,
        /// Why not.
        source: LookupError,
    },
    /// The interfaces could not be listed.
    #[error("the network interfaces could not be listed: {0}")]
    Interfaces(#[source] io::Error),
    /// The host has no address that a peer could reach.
    #[error(
        "this computer has no network address but loopback; connect it to a network, or use the \
         loopback interface to reach peers on this computer"
    )]
    NoAddress,
}

impl AgentBuilder {
    pub(super) fn new() -> Self {
        Self {
            stun: Vec::new(),
            turn: Vec::new(),
            policy: CandidatePolicy::All,
            tcp: TcpCandidates::None,
            loopback: false,
            lite: false,
            addresses: Vec::new(),
            gather_timeout: GATHER_TIMEOUT,
            connect_timeout: CONNECT_TIMEOUT,
            services: Services::default(),
            fault: None,
        }
    }

    /// Asks this STUN server for the address that others see: `host:port`, `host` or a `stun:` URI. A text that is none
    /// makes [`build`](Self::build) fail.
    pub fn stun(mut self, server: &str) -> Self {
        if let Some(server) = self.parse(server) {
            self.stun.push(server);
        }
        self
    }

    /// As [`stun`](Self::stun), for a server that is parsed already.
    pub fn stun_server(mut self, server: Server) -> Self {
        self.stun.push(server);
        self
    }

    /// Asks this TURN server, `host:port`, `host` or a `turn:` URI, for a relay. A text that is none makes
    /// [`build`](Self::build) fail.
    pub fn turn(mut self, server: &str, username: &str, password: &str) -> Self {
        match self.parse(server) {
            Some(server) => self.turn_server(server, username, password),
            None => self,
        }
    }

    /// As [`turn`](Self::turn), for a server that is parsed already.
    pub fn turn_server(mut self, server: Server, username: &str, password: &str) -> Self {
        let (username, password) = (username.to_owned(), password.to_owned());
        self.turn.push(Relay { server, username, password });
        self
    }

    /// Which addresses may be used; all unless told.
    pub fn policy(mut self, policy: CandidatePolicy) -> Self {
        self.policy = policy;
        self
    }

    /// Which connections over TCP are tried beside UDP, for networks that let no UDP through
    /// (RFC 6544); none unless told. A lite agent only listens. A path over UDP is preferred.
    pub fn tcp(mut self, tcp: TcpCandidates) -> Self {
        self.tcp = tcp;
        self
    }

    /// Whether to use loopback addresses too, to reach peers on the same computer. Off unless told.
    pub fn loopback(mut self, loopback: bool) -> Self {
        self.loopback = loopback;
        self
    }

    /// Whether to be a lite agent (RFC 8445 §2.5): one at addresses that everybody can reach, which
    /// answers checks and sends none. It asks no STUN or TURN server. Off unless told.
    pub fn lite(mut self, lite: bool) -> Self {
        self.lite = lite;
        self
    }

    /// Uses this address of the computer, and of the others only those named likewise. Without a
    /// call all addresses of all interfaces are used.
    pub fn address(mut self, address: IpAddr) -> Self {
        self.addresses.push(address);
        self
    }

    /// How long [`Agent::local_description`] waits at most for servers to answer; 5 s unless told.
    pub fn gather_timeout(mut self, timeout: Duration) -> Self {
        self.gather_timeout = timeout;
        self
    }

    /// How long [`Agent::connected`] tries at most; 60 s unless told.
    pub fn connect_timeout(mut self, timeout: Duration) -> Self {
        self.connect_timeout = timeout;
        self
    }

    /// How names are looked up; as the operating system does it unless told.
    pub fn services(mut self, services: Services) -> Self {
        self.services = services;
        self
    }

    /// Resolves the names of the servers and lists the interfaces. Nothing is sent to anybody but
    /// the resolver until the agent learns its role: with [`Agent::local_description`] it offers,
    /// with [`Agent::set_remote_description`] first it answers.
    pub async fn build(self) -> Result<Agent, BuildError> {
        if let Some((text, fault)) = self.fault {
            return Err(BuildError::Server { text, fault });
        }
        let interfaces = Interfaces { named: self.addresses, loopback: self.loopback };
        let mut locals = interfaces.addresses().map_err(BuildError::Interfaces)?;
        if locals.is_empty() {
            return Err(BuildError::NoAddress);
        }
        let implementation = if self.lite { Implementation::Lite } else { Implementation::Full };
        // a lite agent opens no connections
        let tcp = match (implementation, self.tcp) {
            (Implementation::Lite, TcpCandidates::Active) => TcpCandidates::None,
            (_, tcp) => tcp,
        };
        let mut config =
            IceConfig { policy: self.policy, implementation, tcp, ..IceConfig::default() };
        for server in &self.stun {
            let found = addresses(server, Scheme::Stun, &self.services).await?;
            config.stun_servers.extend(found);
        }
        for relay in &self.turn {
            for address in addresses(&relay.server, Scheme::Turn, &self.services).await? {
                let username = relay.username.as_str().into();
                let password = relay.password.as_str().into();
                let transport = RelayTransport::Udp;
                config.turn_servers.push(RelayServer { address, transport, username, password });
            }
        }
        locals.truncate(config.local_addresses_max);
        Ok(Agent::new(config, locals, interfaces, self.gather_timeout, self.connect_timeout))
    }

    fn parse(&mut self, text: &str) -> Option<Server> {
        match text.parse() {
            Ok(server) => Some(server),
            Err(fault) => {
                self.fault.get_or_insert((text.to_owned(), fault));
                None
            }
        }
    }
}

/// One address of each family: the others of a name are the same service, and each address costs a
/// round of questions from every interface.
async fn addresses(
    server: &Server,
    scheme: Scheme,
    services: &Services,
) -> Result<Vec<SocketAddr>, BuildError> {
    let failed = |source| BuildError::Resolve { server: server.clone(), source };
    let found = server.resolve(scheme, services).await.map_err(failed)?;
    let v4 = found.iter().find(|address| address.is_ipv4());
    let v6 = found.iter().find(|address| address.is_ipv6());
    Ok(v4.into_iter().chain(v6).copied().collect())
}
