//! What an agent is told at its birth, with the bounds of everything that grows.
use crate::{Role, TcpType};
use alloc::{sync::Arc, vec::Vec};
use core::{fmt, net::SocketAddr, time::Duration};
use thiserror::Error;

/// The smallest Ta, over all agents of a program (RFC 8445 §14.2).
pub(crate) const PACING_MIN: Duration = Duration::from_millis(5);
/// The largest Ta. RFC 8445 names none, but with more than this nothing would come of any check.
pub(crate) const PACING_MAX: Duration = Duration::from_secs(1);
/// What Ta an agent wants that proposes none (RFC 8839 §5.5).
pub(crate) const PACING_DEFAULT: Duration = Duration::from_millis(50);

/// Which candidates may be used.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq, PartialOrd, Ord, Hash)]
pub enum CandidatePolicy {
    /// All of them.
    #[default]
    All,
    /// Relayed ones only: the peer learns no address of this host.
    Relay,
}

/// How eagerly checks are sent. What a profile does beyond RFC 8445 is listed in
/// `spec/rfc8445.md`.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq, PartialOrd, Ord, Hash)]
pub enum Profile {
    /// RFC 8445 to the letter. There one transaction decides on the nomination
    /// (RFC 8445 §7.2.5.3.4): where a third of all packets is lost, about one session in a hundred
    /// ends with it and needs a restart.
    Strict,
    /// As `Strict`, and the pacer's spare slots thaw pairs that share a foundation with one under
    /// way, and repeat the checks of pairs that have not been answered, each time as a new
    /// transaction: loss costs tens of milliseconds, not hundreds. Retransmissions go on every two
    /// seconds, so that an outage costs no more than that beyond itself.
    #[default]
    Responsive,
    /// As `Responsive`, and a peer that proposes no Ta gets 20 ms instead of 50 ms.
    Hasty,
}

/// What an agent does of ICE (RFC 8445 §2.5).
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq, PartialOrd, Ord, Hash)]
pub enum Implementation {
    /// All of it.
    #[default]
    Full,
    /// It has host candidates only, answers checks and sends none: enough for a server that everybody
    /// can reach. The peer chooses the pair. Such an agent says so with `a=ice-lite`.
    Lite,
}

/// Who begins an ICE restart when only one can help.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq, PartialOrd, Ord, Hash)]
pub enum Restarts {
    /// The application, with [`IceAgent::restart`](crate::IceAgent::restart), when it is told
    /// [`IceEvent::RestartNeeded`](crate::IceEvent::RestartNeeded).
    #[default]
    OnRequest,
    /// The agent itself, right after it has told so. The application has to tell the peer the
    /// credentials of each [`IceEvent::Restarted`](crate::IceEvent::Restarted). A first attempt in
    /// which no pair ever worked is not repeated.
    WhenNeeded,
}

/// Which host candidates over TCP are gathered (RFC 6544 §4.1). They are for where UDP does not get
/// through: each address costs up to two listeners, and each pair that is checked a connection.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq, PartialOrd, Ord, Hash)]
pub enum TcpCandidates {
    /// None, and those of the peer are refused.
    #[default]
    None,
    /// Those that connect: enough to meet a server that listens, and nothing listens here.
    Active,
    /// Those that listen: all that a lite agent has (RFC 6544 §4.4).
    Passive,
    /// Both of these.
    ActiveAndPassive,
    /// Those that connect at the same time as the peer as well.
    All,
}

impl TcpCandidates {
    /// Whether such candidates are among them.
    pub const fn include(self, tcp: TcpType) -> bool {
        match self {
            Self::None => false,
            Self::Active => matches!(tcp, TcpType::Active),
            Self::Passive => matches!(tcp, TcpType::Passive),
            Self::ActiveAndPassive => matches!(tcp, TcpType::Active | TcpType::Passive),
            Self::All => true,
        }
    }
}

/// How a TURN server is reached. What it lends is for UDP, whichever.
#[derive(Clone, Debug, Default, PartialEq, Eq, PartialOrd, Ord, Hash)]
pub enum RelayTransport {
    /// Over UDP.
    #[default]
    Udp,
    /// Over a connection.
    Tcp,
    /// Over a connection with TLS, which the driver makes.
    Tls {
        /// The name that its certificate is verified against.
        server_name: Arc<str>,
    },
}

/// A TURN server and the account there.
#[derive(Clone, PartialEq, Eq)]
pub struct RelayServer {
    /// Where it listens.
    pub address: SocketAddr,
    /// How it is reached.
    pub transport: RelayTransport,
    /// The account.
    pub username: Arc<str>,
    /// Its password.
    pub password: Arc<str>,
}

impl fmt::Debug for RelayServer {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.debug_struct("RelayServer")
            .field("address", &self.address)
            .field("transport", &self.transport)
            .field("username", &self.username)
            .finish_non_exhaustive()
    }
}

/// What an [`IceAgent`](crate::IceAgent) is told at its birth.
///
/// ```
/// use ice_proto::{CandidatePolicy, IceConfig, Role};
/// let config = IceConfig {
///     role: Role::Controlled,
///     stun_servers: vec!["192.0.2.3:3478".parse()?],
///     ..IceConfig::default()
/// };
/// assert_eq!(config.policy, CandidatePolicy::All);
/// # Ok::<(), core::net::AddrParseError>(())
/// ```
#[derive(Clone, Debug)]
pub struct IceConfig {
    /// Controlling for the agent that makes the offer, controlled for the one that answers.
    pub role: Role,
    /// What it does of ICE.
    pub implementation: Implementation,
    /// Asked for server-reflexive candidates.
    pub stun_servers: Vec<SocketAddr>,
    /// Asked for relayed candidates, and for server-reflexive ones along the way. A relayed
    /// candidate is of the family of the socket that asked; a host without IPv4 gets one of IPv4
    /// where the server has them, to meet peers without IPv6.
    pub turn_servers: Vec<RelayServer>,
    /// Which candidates may be used.
    pub policy: CandidatePolicy,
    /// Which candidates over TCP there are; none of them with [`CandidatePolicy::Relay`].
    pub tcp: TcpCandidates,
    /// How eagerly checks are sent.
    pub profile: Profile,
    /// Who begins a restart when only one can help.
    pub restarts: Restarts,
    /// Whether the consent checks to an ICE-lite peer have USE-CANDIDATE as well. RFC 7675 does not
    /// ask for it, but some servers hang up without it.
    pub nominate_to_lite: bool,
    /// The Ta that is proposed to the peer as `a=ice-pacing`. At least 5 ms (RFC 8445 §14.2), at
    /// most 1 s.
    pub pacing: Duration,
    /// The time to live of the first checks that the answering side sends to server-reflexive
    /// candidates, until a check of the peer arrives or two seconds have passed, thirty where there
    /// is a relay through which the peer is heard: enough to get out of its
    /// own NATs, so that they open, and too little to get to those of the peer, some of which take
    /// what comes too early for their own and lose the direct path. It is lowered to what is less
    /// than the way to a STUN or TURN server, where the driver tells
    /// ([`PacketMeta::ttl`](sans_io::PacketMeta)). `None`: such checks are sent at once and get
    /// there, as they always do under [`Profile::Strict`].
    pub first_ttl: Option<u8>,
    /// How long ICE runs at least before it may fail (the PAC timer of RFC 8863 §4).
    pub patience: Duration,
    /// How long a relayed pair that works waits for a direct one before it is nominated, and a direct
    /// one over TCP for one over UDP.
    pub relay_wait: Duration,
    /// How often a mapping at a NAT is kept alive while it may still be needed. Home NATs forget
    /// after 30 s; RFC 8445 §11 wants no less than 15 s.
    pub mapping_keepalive: Duration,
    /// Most addresses of this host. A host has few; each costs a socket and its candidates.
    pub local_addresses_max: usize,
    /// Most local candidates, those included that peers report. Each address gives one for itself
    /// and one or two for each server.
    pub local_candidates_max: usize,
    /// Most candidates of the peer, those included that are learned from its checks. Browsers send
    /// a dozen.
    pub remote_candidates_max: usize,
    /// Most pairs; 100 by RFC 8445 §6.1.2.5.
    pub pairs_max: usize,
    /// Most checks that are remembered until the peer's credentials come. One for each pair that
    /// the peer may form at first; the peer repeats what is forgotten.
    pub early_checks_max: usize,
    /// Most connections of others that have not shown yet that they are of the peer. Each costs a
    /// descriptor for ten seconds at most; of more the oldest are closed, since the peer shows it at
    /// once.
    pub unproven_connections_max: usize,
    /// Most outputs that wait to be polled; beyond it messages are dropped. A driver that drains
    /// after every few inputs stays far below.
    pub outputs_max: usize,
}

impl Default for IceConfig {
    fn default() -> Self {
        Self {
            role: Role::Controlling,
            implementation: Implementation::Full,
            stun_servers: Vec::new(),
            turn_servers: Vec::new(),
            policy: CandidatePolicy::All,
            tcp: TcpCandidates::None,
            profile: Profile::Responsive,
            restarts: Restarts::OnRequest,
            nominate_to_lite: false,
            pacing: PACING_MIN,
            first_ttl: Some(4),
            patience: Duration::from_millis(39_500),
            relay_wait: Duration::from_secs(1),
            mapping_keepalive: Duration::from_secs(15),
            local_addresses_max: 16,
            local_candidates_max: 64,
            remote_candidates_max: 64,
            pairs_max: 100,
            early_checks_max: 32,
            unproven_connections_max: 16,
            outputs_max: 1024,
        }
    }
}

impl IceConfig {
    pub(crate) fn validate(&self) -> Result<(), ConfigError> {
        if !(PACING_MIN..=PACING_MAX).contains(&self.pacing) {
            return Err(ConfigError::Pacing(self.pacing));
        }
        if self.stun_servers.len() + self.turn_servers.len() > crate::priority::SERVERS_MAX.into() {
            return Err(ConfigError::TooManyServers);
        }
        let servers = self.turn_servers.iter().map(|server| server.address);
        for address in self.stun_servers.iter().copied().chain(servers) {
            if address.ip().is_unspecified() || address.ip().is_multicast() || address.port() == 0 {
                return Err(ConfigError::ServerAddress(address));
            }
        }
        let asks_servers = self.policy == CandidatePolicy::Relay
            || !(self.stun_servers.is_empty() && self.turn_servers.is_empty());
        if self.implementation == Implementation::Lite && asks_servers {
            return Err(ConfigError::LiteServers);
        }
        if self.implementation == Implementation::Lite && self.tcp == TcpCandidates::Active {
            return Err(ConfigError::LiteActive);
        }
        if self.mapping_keepalive < Duration::from_secs(15) {
            return Err(ConfigError::Keepalive(self.mapping_keepalive));
        }
        let limits = [
            self.local_addresses_max,
            self.local_candidates_max,
            self.remote_candidates_max,
            self.pairs_max,
            self.outputs_max,
            self.unproven_connections_max,
        ];
        if limits.contains(&0) || self.local_addresses_max > 4096 {
            return Err(ConfigError::Limit);
        }
        Ok(())
    }
}

/// What both agents propose as Ta.
#[derive(Clone, Copy, Debug)]
pub(crate) struct Pacing {
    profile: Profile,
    /// The Ta that this agent proposes.
    pub offered: Duration,
    /// The Ta that the peer proposes.
    pub remote: Option<Duration>,
}

impl Pacing {
    pub(crate) const fn new(profile: Profile, offered: Duration) -> Self {
        Self { profile, offered, remote: None }
    }

    /// What they come to.
    pub(crate) fn agree(&self) -> Duration {
        common_pacing(self.profile, self.offered, self.remote)
    }
}

/// The Ta that both agents come to, where they propose these (RFC 8445 §14.2).
fn common_pacing(profile: Profile, local: Duration, remote: Option<Duration>) -> Duration {
    let silent = match profile {
        Profile::Strict | Profile::Responsive => PACING_DEFAULT,
        Profile::Hasty => Duration::from_millis(20),
    };
    local.max(remote.unwrap_or(silent)).min(PACING_MAX)
}

/// Why an agent cannot be made of a configuration.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Error)]
pub enum ConfigError {
    /// Ta is at least 5 ms (RFC 8445 §14.2), and not over a second.
    #[error("a pacing of {0:?} is not between 5 ms and 1 s")]
    Pacing(Duration),
    /// Keepalives are at least 15 s apart (RFC 8445 §11).
    #[error("a keepalive every {0:?} is more often than every 15 s")]
    Keepalive(Duration),
    /// More than 16 STUN and TURN servers: their preferences would not be unique.
    #[error("more than 16 STUN and TURN servers")]
    TooManyServers,
    /// Nothing can be sent to such an address.
    #[error("no server can be at {0}")]
    ServerAddress(SocketAddr),
    /// User name or password of this TURN server have characters that they cannot have (RFC 8265).
    #[error("the credentials for the TURN server {0} have characters that they cannot have")]
    TurnCredentials(SocketAddr),
    /// A lite agent has host candidates only (RFC 8445 §5.2).
    #[error("a lite agent asks no STUN or TURN server")]
    LiteServers,
    /// A lite agent connects to nobody (RFC 6544 §4.4).
    #[error("a lite agent opens no connections")]
    LiteActive,
    /// A mux has no TCP as yet.
    #[error("a mux has no candidates over TCP")]
    MuxTcp,
    /// A mux has no relays, which are lent to one peer after the other and for a few thousand at most.
    #[error("a mux has no relays")]
    MuxRelays,
    /// A limit is zero, or allows more than 4096 local addresses.
    #[error("a limit is zero or too high")]
    Limit,
}

#[cfg(test)]
mod tests {
    use super::{ConfigError, IceConfig, Implementation, Profile, TcpCandidates, common_pacing};
    use alloc::vec;
    use core::time::Duration;

    #[test]
    fn the_default_is_valid() {
        assert_eq!(IceConfig::default().validate(), Ok(()));
    }

    #[test]
    fn faults_are_named() {
        let ms = Duration::from_millis;
        let base = IceConfig::default;
        let pacing = IceConfig { pacing: ms(4), ..base() };
        assert_eq!(pacing.validate(), Err(ConfigError::Pacing(ms(4))));
        let pacing = IceConfig { pacing: Duration::MAX, ..base() };
        assert_eq!(pacing.validate(), Err(ConfigError::Pacing(Duration::MAX)));
        let keepalive = IceConfig { mapping_keepalive: ms(14_999), ..base() };
        assert_eq!(keepalive.validate(), Err(ConfigError::Keepalive(ms(14_999))));
        let server = "192.0.2.1:3478".parse().unwrap();
        let many = IceConfig { stun_servers: vec![server; 17], ..base() };
        assert_eq!(many.validate(), Err(ConfigError::TooManyServers));
        let address = "0.0.0.0:3478".parse().unwrap();
        let nowhere = IceConfig { stun_servers: vec![address], ..base() };
        assert_eq!(nowhere.validate(), Err(ConfigError::ServerAddress(address)));
        assert_eq!(IceConfig { pairs_max: 0, ..base() }.validate(), Err(ConfigError::Limit));
        let lite = IceConfig { implementation: Implementation::Lite, ..base() };
        assert_eq!(lite.validate(), Ok(()));
        let active = IceConfig { tcp: TcpCandidates::Active, ..lite.clone() };
        assert_eq!(active.validate(), Err(ConfigError::LiteActive));
        let lite = IceConfig { stun_servers: vec![server], ..lite };
        assert_eq!(lite.validate(), Err(ConfigError::LiteServers));
    }

    #[test]
    fn both_agents_use_the_larger_ta_and_silence_means_50_ms() {
        let ms = Duration::from_millis;
        let common = |remote| common_pacing(Profile::Responsive, ms(5), remote);
        assert_eq!(common(Some(ms(5))), ms(5));
        assert_eq!(common(Some(ms(70))), ms(70));
        assert_eq!(common(Some(ms(1))), ms(5));
        assert_eq!(common(Some(Duration::MAX)), ms(1000));
        assert_eq!(common(None), ms(50));
        assert_eq!(common_pacing(Profile::Hasty, ms(5), None), ms(20));
    }
}
