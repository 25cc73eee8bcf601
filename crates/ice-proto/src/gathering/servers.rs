//! The STUN and TURN servers of the configuration, in the order of preference.
use crate::{ConfigError, RelayServer, RelayTransport, ids::ServerId};
use alloc::vec::Vec;
use core::net::SocketAddr;
use sans_io::canonical;
use stun_proto::Credentials as Account;

/// One server.
#[derive(Clone, Debug)]
pub(super) struct Server {
    pub address: SocketAddr,
    pub transport: RelayTransport,
    /// The account there, if it relays.
    pub account: Option<Account>,
}

impl Server {
    /// Whether it is reached over connections.
    pub(super) fn is_stream(&self) -> bool {
        self.transport != RelayTransport::Udp
    }

    /// Whether it lends addresses.
    pub(super) const fn relays(&self) -> bool {
        self.account.is_some()
    }
}

/// All of them: those that only tell addresses come first.
#[derive(Debug)]
pub(super) struct Servers(Vec<Server>);

impl Servers {
    pub(super) fn new(stun: &[SocketAddr], turn: &[RelayServer]) -> Result<Self, ConfigError> {
        let mut all = Vec::with_capacity(stun.len() + turn.len());
        let plain = stun.iter().map(|at| Server {
            address: canonical(*at),
            transport: RelayTransport::Udp,
            account: None,
        });
        all.extend(plain);
        for server in turn {
            let account = Account::new(&server.username, &server.password)
                .map_err(|_| ConfigError::TurnCredentials(server.address))?;
            all.push(Server {
                address: canonical(server.address),
                transport: server.transport.clone(),
                account: Some(account),
            });
        }
        Ok(Self(all))
    }

    pub(super) fn get(&self, id: ServerId) -> Option<&Server> {
        self.0.get(usize::from(id.0))
    }

    pub(super) fn iter(&self) -> impl Iterator<Item = (ServerId, &Server)> {
        self.0.iter().enumerate().map(|(at, server)| (ServerId(at as u16), server))
    }

    /// Whether this address is asked for mappings anyhow.
    pub(super) fn tells_mappings(&self, address: SocketAddr) -> bool {
        self.0.iter().any(|server| server.account.is_none() && server.address == address)
    }
}
