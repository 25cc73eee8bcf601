//! Candidates over TCP and the connections that are made of them (RFC 6544), there only where the
//! configuration asks for them.
pub(super) mod connections;
pub(super) mod framing;
pub(super) mod hosts;

use crate::{IceConfig, Implementation, TcpCandidates, TcpType};
use connections::Connections;
use hosts::TcpHosts;

/// All of it.
#[derive(Debug)]
pub(super) struct Tcp {
    pub hosts: TcpHosts,
    pub connections: Connections,
}

impl Tcp {
    /// `None`: the configuration wants none.
    pub(super) fn new(config: &IceConfig) -> Option<Self> {
        let wanted = match (config.tcp, config.implementation) {
            (TcpCandidates::None, _) => return None,
            // RFC 6544 §4.4
            (_, Implementation::Lite) => TcpCandidates::Passive,
            (wanted, Implementation::Full) => wanted,
        };
        Some(Self {
            hosts: TcpHosts::new(wanted, config.local_addresses_max),
            connections: Connections::new(config.unproven_connections_max),
        })
    }
}

/// The kinds of candidates that listen.
const LISTENING: [TcpType; 2] = [TcpType::Passive, TcpType::SimultaneousOpen];
