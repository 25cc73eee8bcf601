//! The requests of a client: what they are for, and how they look (RFC 8656 §7.1, §8.1, §10.1,
//! §12.1).
use super::config::TurnClientConfig;
use crate::ChannelNumber;
use alloc::vec::Vec;
use core::net::{IpAddr, SocketAddr};
use stun_proto::{
    Attempt, MessageBuilder, Method,
    attribute::{self, ConnectionId, Lifetime, XorPeerAddress},
};

/// The most peers of one CreatePermission request. With IPv6 they take 768 bytes, which leaves room
/// for user name, realm, nonce and signature below what every path carries unfragmented.
pub(super) const PEERS_PER_REQUEST: usize = 32;

/// What a request is for.
#[derive(Clone, Debug, PartialEq, Eq)]
pub(super) enum Purpose {
    /// A new allocation.
    Allocate,
    /// The allocation is to go on.
    Refresh,
    /// The allocation is to go on, at the path that is next.
    Move,
    /// The allocation is to end.
    Close,
    /// Permissions for these, at least one.
    Permissions(Vec<IpAddr>),
    /// A channel.
    Channel(ChannelNumber, SocketAddr),
    /// A connection between the relayed address and a peer.
    Connect(SocketAddr),
    /// Data of this connection is to come on the path that the request goes.
    BindConnection(SocketAddr, ConnectionId),
}

/// A request that is to be made, or made again.
#[derive(Clone, Debug, PartialEq, Eq)]
pub(super) struct Task {
    pub purpose: Purpose,
    /// How it was signed last, and how often the server wanted it otherwise.
    pub attempt: Attempt,
    /// It does not wait to be released: it keeps up what there is, or ends it.
    pub urgent: bool,
    /// It is a part of a request that was refused, and stays one: put together again the parts would
    /// be refused again.
    pub part: bool,
}

impl From<Purpose> for Task {
    fn from(purpose: Purpose) -> Self {
        Self { purpose, attempt: Attempt::default(), urgent: false, part: false }
    }
}

impl Task {
    /// Takes in what another one asks for, where both ask for permissions and one request holds
    /// them. Neither was sent yet.
    pub(super) fn merge(&mut self, other: &Self) -> bool {
        match (&mut self.purpose, &other.purpose) {
            (Purpose::Permissions(mine), Purpose::Permissions(theirs))
                if mine.len() + theirs.len() <= PEERS_PER_REQUEST
                    && self.attempt == other.attempt
                    && !(self.part || other.part) =>
            {
                mine.extend_from_slice(theirs);
                true
            }
            _ => false,
        }
    }
}

impl Purpose {
    pub(super) const fn method(&self) -> Method {
        match self {
            Self::Allocate => Method::ALLOCATE,
            Self::Refresh | Self::Move | Self::Close => Method::REFRESH,
            Self::Permissions(_) => Method::CREATE_PERMISSION,
            Self::Channel(..) => Method::CHANNEL_BIND,
            Self::Connect(_) => Method::CONNECT,
            Self::BindConnection(..) => Method::CONNECTION_BIND,
        }
    }

    /// Whether both are about the same thing: one request is made for it at a time.
    pub(super) fn meets(&self, other: &Self) -> bool {
        match (self, other) {
            (Self::Permissions(mine), Self::Permissions(theirs)) => {
                mine.iter().any(|address| theirs.contains(address))
            }
            (Self::Channel(mine, _), Self::Channel(theirs, _)) => mine == theirs,
            (Self::Move, Self::Move) => true,
            (Self::Connect(mine), Self::Connect(theirs))
            | (Self::BindConnection(mine, _), Self::BindConnection(theirs, _)) => mine == theirs,
            (Self::Allocate | Self::Refresh | Self::Close, theirs) => {
                matches!(theirs, Self::Allocate | Self::Refresh | Self::Close)
            }
            _ => false,
        }
    }

    /// Writes what the request is about; who makes it follows.
    pub(super) fn write(&self, config: &TurnClientConfig, message: &mut MessageBuilder<'_>) {
        let lifetime = config
            .lifetime
            .map(|lifetime| Lifetime(u32::try_from(lifetime.as_secs()).unwrap_or(u32::MAX).max(1)));
        match self {
            Self::Allocate | Self::Refresh | Self::Move => {
                if let Some(lifetime) = lifetime {
                    message.push(&lifetime);
                }
            }
            Self::Close => message.push(&Lifetime(0)),
            Self::Permissions(addresses) => {
                for address in addresses {
                    message.push(&XorPeerAddress(SocketAddr::new(*address, 0)));
                }
            }
            Self::Channel(number, peer) => {
                message.push(&attribute::ChannelNumber(number.get()));
                message.push(&XorPeerAddress(*peer));
            }
            Self::Connect(peer) => message.push(&XorPeerAddress(*peer)),
            Self::BindConnection(_, id) => message.push(id),
        }
    }
}
