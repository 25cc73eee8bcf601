//! What a mux is told at its birth, with the bounds of everything that grows, and why a session was not
//! taken in.
use crate::{CandidatePolicy, ConfigError, IceConfig, TcpCandidates};
use stun_proto::LimiterConfig;
use thiserror::Error;

/// What an [`IceMux`](crate::IceMux) is told at its birth.
///
/// ```
/// use ice_proto::{IceConfig, MuxConfig};
/// let gathering = IceConfig { stun_servers: vec!["192.0.2.3:3478".parse()?], ..IceConfig::default() };
/// let config = MuxConfig { port: 3479, gathering, ..MuxConfig::default() };
/// assert_eq!(config.sessions_max, 100_000);
/// # Ok::<(), core::net::AddrParseError>(())
/// ```
#[derive(Clone, Debug)]
pub struct MuxConfig {
    /// What is gathered, for all sessions: of it count `stun_servers`, `pacing` (the Ta of all of them
    /// together), `mapping_keepalive`, `local_addresses_max`, and `outputs_max`.
    pub gathering: IceConfig,
    /// The port of its socket at each address; zero: whichever is free.
    pub port: u16,
    /// Most sessions. Each takes about two and a half kilobytes.
    pub sessions_max: usize,
    /// How much requests that belong to no session, or do not know its password, are answered by
    /// where they seem to come from; beyond it they are not.
    pub strangers: LimiterConfig,
}

impl Default for MuxConfig {
    fn default() -> Self {
        // So many sessions may have something to say at once where a driver was held up.
        let gathering = IceConfig { outputs_max: 65_536, ..IceConfig::default() };
        Self { gathering, port: 0, sessions_max: 100_000, strangers: LimiterConfig::default() }
    }
}

impl MuxConfig {
    pub(super) fn validate(&self) -> Result<(), ConfigError> {
        self.gathering.validate()?;
        if !self.gathering.turn_servers.is_empty()
            || self.gathering.policy == CandidatePolicy::Relay
        {
            return Err(ConfigError::MuxRelays);
        }
        if self.gathering.tcp != TcpCandidates::None {
            return Err(ConfigError::MuxTcp);
        }
        if self.sessions_max == 0 || self.sessions_max > u32::MAX as usize {
            return Err(ConfigError::Limit);
        }
        Ok(())
    }
}

/// Why a session was not taken in.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Error)]
pub enum AddSessionError {
    /// Its configuration is not valid, or wants relays.
    #[error(transparent)]
    Config(#[from] ConfigError),
    /// [`sessions_max`](MuxConfig::sessions_max) is reached.
    #[error("there are as many sessions as there may be")]
    Full,
    /// The mux is closed.
    #[error("the mux is closed")]
    Closed,
}
