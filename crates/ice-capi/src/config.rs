//! What an agent is told at its birth, as C writes it.
use crate::{
    Address, raw,
    status::{Fault, Status},
};
use ice_proto::{CandidatePolicy, IceConfig, RelayServer, RelayTransport, RestartSockets};
use std::{ffi::c_char, sync::Arc};

/// Most servers of a kind that are looked at. An agent takes sixteen in all.
const SERVERS_MAX: usize = 64;
/// Most bytes of a user name or a password; RFC 8489 §14.3 has 508 for the former.
const ACCOUNT_MAX: usize = 1024;

/// Who decides on the pair.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
#[repr(u32)]
pub enum Role {
    /// The side that makes the offer.
    Controlling = 0,
    /// The side that answers.
    Controlled = 1,
}

/// Which candidates may be used.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
#[repr(u32)]
pub enum Policy {
    /// All of them.
    All = 0,
    /// Relayed ones only: the peer learns no address of this host.
    Relay = 1,
}

/// Who begins an ICE restart when only one can help.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
#[repr(u32)]
pub enum Restarts {
    /// The application, when it is told that one is needed.
    OnRequest = 0,
    /// The agent itself. The peer has to be told the parameters after each restart.
    WhenNeeded = 1,
}

/// Which sockets a restart is made with.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
#[repr(u32)]
pub enum Sockets {
    /// Those that are open.
    Kept = 0,
    /// New ones, at new ports.
    Renewed = 1,
}

/// A TURN server and the account there.
#[derive(Clone, Copy, Debug)]
#[repr(C)]
pub struct TurnServer {
    /// Where it listens for UDP.
    pub address: Address,
    /// The account, in UTF-8.
    pub username: *const c_char,
    /// Its length in bytes.
    pub username_len: usize,
    /// The password, in UTF-8.
    pub password: *const c_char,
    /// Its length in bytes.
    pub password_len: usize,
}

/// What an agent is told at its birth. All zero is an agent that controls, has a seed of the system, and asks
/// no server.
#[derive(Clone, Copy, Debug)]
#[repr(C)]
pub struct Config {
    /// A `SpoolIceRole`.
    pub role: u32,
    /// A `SpoolIcePolicy`.
    pub policy: u32,
    /// A `SpoolIceRestarts`.
    pub restarts: u32,
    /// 32 bytes that nobody can guess and that are used for nothing else; null for bytes of the system. An
    /// agent with a seed that is known has passwords that are known: a fixed one is for tests alone.
    pub seed: *const u8,
    /// Servers that are asked how the host looks from outside.
    pub stun_servers: *const Address,
    /// How many.
    pub stun_servers_len: usize,
    /// Servers that are asked for relayed candidates.
    pub turn_servers: *const TurnServer,
    /// How many.
    pub turn_servers_len: usize,
}

impl Role {
    pub(crate) fn of(number: u32) -> Result<ice_proto::Role, Fault> {
        match number {
            0 => Ok(ice_proto::Role::Controlling),
            1 => Ok(ice_proto::Role::Controlled),
            _ => Err(Fault::new(Status::BadValue, format!("{number} is no role"))),
        }
    }

    pub(crate) const fn from(role: ice_proto::Role) -> Self {
        match role {
            ice_proto::Role::Controlling => Self::Controlling,
            ice_proto::Role::Controlled => Self::Controlled,
        }
    }
}

impl Sockets {
    pub(crate) fn of(number: u32) -> Result<RestartSockets, Fault> {
        match number {
            0 => Ok(RestartSockets::Kept),
            1 => Ok(RestartSockets::Renewed),
            _ => Err(Fault::new(Status::BadValue, format!("{number} is no choice of sockets"))),
        }
    }
}

impl Config {
    /// The configuration and the seed.
    ///
    /// # Safety
    /// Each pointer of it that is aligned and not null points to as much as the length beside it says, the
    /// seed to 32 bytes.
    pub(crate) unsafe fn to_rust(self) -> Result<(IceConfig, [u8; 32]), Fault> {
        // SAFETY: as the caller says.
        let stun_servers =
            unsafe { raw::slice(self.stun_servers, self.stun_servers_len, SERVERS_MAX) }?;
        // SAFETY: as the caller says.
        let turn_servers =
            unsafe { raw::slice(self.turn_servers, self.turn_servers_len, SERVERS_MAX) }?;
        let turn_servers = turn_servers.iter().map(|server| {
            // SAFETY: as the caller says.
            unsafe { server.to_rust() }
        });
        let config = IceConfig {
            role: Role::of(self.role)?,
            policy: match self.policy {
                0 => CandidatePolicy::All,
                1 => CandidatePolicy::Relay,
                other => return Err(Fault::new(Status::BadValue, format!("{other} is no policy"))),
            },
            restarts: match self.restarts {
                0 => ice_proto::Restarts::OnRequest,
                1 => ice_proto::Restarts::WhenNeeded,
                other => {
                    let text = format!("{other} is no choice of who restarts");
                    return Err(Fault::new(Status::BadValue, text));
                }
            },
            stun_servers: stun_servers.iter().map(|at| at.to_rust()).collect::<Result<_, _>>()?,
            turn_servers: turn_servers.collect::<Result<_, _>>()?,
            ..IceConfig::default()
        };
        let seed = if self.seed.is_null() {
            system_seed()?
        } else {
            // SAFETY: as the caller says.
            unsafe { raw::read(self.seed.cast::<[u8; 32]>()) }?
        };
        Ok((config, seed))
    }
}

impl TurnServer {
    /// # Safety
    /// Both texts are as long as the lengths beside them say, or null.
    unsafe fn to_rust(self) -> Result<RelayServer, Fault> {
        // SAFETY: as the caller says.
        let username = unsafe { account(self.username, self.username_len) }?;
        // SAFETY: as the caller says.
        let password = unsafe { account(self.password, self.password_len) }?;
        let (address, transport) = (self.address.to_rust()?, RelayTransport::Udp);
        Ok(RelayServer { address, transport, username, password })
    }
}

/// # Safety
/// `text` is null, or so many bytes can be read there.
unsafe fn account(text: *const c_char, len: usize) -> Result<Arc<str>, Fault> {
    // SAFETY: as the caller says; a byte is a byte.
    let text = unsafe { raw::slice(text.cast::<u8>(), len, ACCOUNT_MAX) }?;
    let not_utf8 = |_| Fault::new(Status::BadText, "an account of a TURN server is not UTF-8");
    Ok(str::from_utf8(text).map_err(not_utf8)?.into())
}

#[cfg(not(target_family = "wasm"))]
fn system_seed() -> Result<[u8; 32], Fault> {
    let mut seed = [0; 32];
    getrandom::fill(&mut seed).map_err(|error| Fault::new(Status::NoSeed, error))?;
    Ok(seed)
}

#[cfg(target_family = "wasm")]
fn system_seed() -> Result<[u8; 32], Fault> {
    Err(Fault::new(Status::NoSeed, "in WebAssembly the caller brings the seed"))
}
