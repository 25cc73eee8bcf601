//! One allocation (RFC 8656 §6).
use super::{
    Traffic, auth::Identity, bandwidth::Bandwidth, channels::Channels, mobility::Mobility,
    permissions::Permissions, ports::PortRequirement, relays::Relays, reservations::Token,
    users::Session,
};
use alloc::{boxed::Box, sync::Arc};
use core::{net::IpAddr, time::Duration};
use sans_io::{Instant, Path, Transport};
use stun_proto::{
    Key, TransactionId,
    attribute::{AddressFamily, Code},
};

/// What the server keeps for a client. It holds neither password nor key of a user (RFC 8656 §6): each
/// request is checked against the table of users.
#[derive(Debug)]
pub(super) struct Allocation {
    /// The 5-tuple: the client's address and the listener's.
    pub client: Path,
    /// Who made it. All later requests must be of the same user (RFC 8656 §5).
    pub user: Arc<str>,
    /// Whom it counts for.
    pub account: Arc<str>,
    /// The request that made it, so that a retransmission gets the same answer (RFC 8656 §7.2).
    pub request: TransactionId,
    /// What is relayed: datagrams, or TCP connections.
    pub transport: Transport,
    /// The relayed address, or one of each family.
    pub relays: Relays,
    /// The family that was asked for besides, and why it was not given (RFC 8656 §18.12).
    pub refused: Option<(AddressFamily, Code)>,
    /// How it goes along to other addresses of the client, if it does.
    pub mobility: Option<Box<Mobility>>,
    /// The key of the token that it was made or refreshed with last, if it was.
    pub session: Option<Box<SessionKey>>,
    /// What is held back for the client besides.
    pub token: Option<Token>,
    pub phase: Phase,
    /// When it was made.
    pub since: Instant,
    /// What it has carried.
    pub traffic: Traffic,
    /// How much it has relayed of late, both ways together.
    pub bandwidth: Bandwidth,
    /// Who may send to the client.
    pub permissions: Permissions,
    /// Short names for peers.
    pub channels: Channels,
}

/// The key of a token. Messages are signed with it, and it is good for nothing else.
#[derive(Debug)]
pub(super) struct SessionKey {
    pub key: Key,
    pub session: Session,
}

/// How far an allocation is.
#[derive(Debug)]
pub(super) enum Phase {
    /// The sockets were asked for. Until they are open the allocation does not exist for the client.
    Opening(Box<Opening>),
    /// Packets flow.
    Open,
}

/// What is needed once the sockets are open.
#[derive(Debug)]
pub(super) struct Opening {
    /// Whom the answer is for.
    pub identity: Identity,
    /// What it grants.
    pub lifetime: Duration,
    /// What the port must be; `None`: this one and no other, for it was held back.
    pub port: Option<PortRequirement>,
}

impl Allocation {
    pub(super) const fn is_open(&self) -> bool {
        matches!(self.phase, Phase::Open)
    }

    /// Where the client has moved to, as long as it has sent no data from there.
    pub(super) fn next_client(&self) -> Option<Path> {
        self.mobility.as_ref().and_then(|mobility| mobility.next)
    }

    /// Gives up the address of a family, if there is another, with all that belongs to it.
    pub(super) fn forget(&mut self, family: AddressFamily) {
        let stays = |ip: IpAddr| AddressFamily::of(ip) != family;
        self.permissions.retain(stays);
        self.channels.retain(stays);
    }
}
