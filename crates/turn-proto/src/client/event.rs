//! What a client tells its parent.
use core::{
    net::{IpAddr, SocketAddr},
    time::Duration,
};
use sans_io::PathFault;
use thiserror::Error;

/// Something that the application or a parent machine may want to know.
#[derive(Clone, Debug, PartialEq, Eq)]
pub enum TurnEvent {
    /// The allocation exists (RFC 8656 §7.3).
    Allocated {
        /// The address on the server at which peers reach the client.
        relayed: SocketAddr,
        /// The client's address as the server sees it: a server-reflexive candidate for free.
        mapped: SocketAddr,
        /// How long it lasts, were it not refreshed in time.
        lifetime: Duration,
    },
    /// There is no allocation, and no more is tried (RFC 8656 §7.4).
    Failed {
        /// Why.
        fault: TurnFault,
    },
    /// The allocation goes on.
    Refreshed {
        /// How long it lasts from now.
        lifetime: Duration,
    },
    /// The allocation that was is no more, with all its permissions and channels. Where the server
    /// may still have it, it has been asked to delete it, and another one can be asked for when it has
    /// answered.
    Lost {
        /// Why.
        fault: TurnFault,
    },
    /// The allocation was given up as [`close`](crate::TurnClient::close) asked.
    Closed,
    /// Packets of this address pass. Told once, not with each refresh.
    PermissionInstalled {
        /// The peer's address; its port does not matter.
        address: IpAddr,
    },
    /// Packets of this address do not pass, or do not any longer.
    PermissionFailed {
        /// The peer's address.
        address: IpAddr,
        /// Why.
        fault: TurnFault,
    },
    /// Data to and from this peer costs 4 bytes a packet from now on. Told once.
    ChannelBound {
        /// The peer.
        peer: SocketAddr,
    },
    /// The peer has no channel, or not any longer. Data still passes as long as there is a
    /// permission.
    ChannelFailed {
        /// The peer.
        peer: SocketAddr,
        /// Why.
        fault: TurnFault,
    },
    /// The network said that a packet did not reach a peer (RFC 8656 §11.6). Advice only: anybody
    /// can forge it.
    PeerUnreachable {
        /// The peer. Its port is 0 where the server does not know it.
        peer: SocketAddr,
        /// What the network said.
        fault: PathFault,
    },
}

/// What went wrong with a request.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Hash, Error)]
pub enum TurnFault {
    /// Nobody answered.
    #[error("the server does not answer")]
    TimedOut,
    /// Only answers came whose proof of identity is missing or wrong (RFC 8489 §9.2.5): another
    /// password, or somebody in between.
    #[error("the answers of the server are not signed with this password")]
    Unprotected,
    /// The server does not accept user name and password: 401 and 441.
    #[error("the server does not accept the credentials")]
    WrongCredentials,
    /// The server asks for a way to log in that is not known here.
    #[error("the server asks for an unknown way to log in")]
    UnknownAlgorithm,
    /// The server sends the client to another one: 300.
    #[error("the server points to {0}")]
    TryAlternate(SocketAddr),
    /// The request is not understood: 400.
    #[error("the server does not understand the request")]
    BadRequest,
    /// A policy of the server forbids it: 403.
    #[error("the server forbids it")]
    Forbidden,
    /// An attribute of the request is not understood: 420.
    #[error("the server does not know an attribute")]
    UnknownAttribute,
    /// The server says 437. For a new allocation: the server still has one for this local address, so another
    /// local address must be used. Later: the server has none any more, as after a restart.
    #[error("the server and the client do not agree on what is allocated")]
    Mismatch,
    /// The server has no such addresses: 440.
    #[error("the server does not relay this address family")]
    FamilyUnsupported,
    /// The server does not relay UDP: 442.
    #[error("the server does not relay UDP")]
    TransportUnsupported,
    /// The peer's address is of another family than the relayed one: 443.
    #[error("the peer's address is of another family than the relayed address")]
    FamilyMismatch,
    /// This user has as many allocations as one may have: 486.
    #[error("the user has too many allocations")]
    QuotaReached,
    /// The server has no room: 508.
    #[error("the server has no capacity left")]
    NoCapacity,
    /// Any other error of the server, by its number.
    #[error("the server answers with error {0}")]
    Other(u16),
    /// The server says yes, but not what to; the answer lacks what it must have.
    #[error("the answer of the server makes no sense")]
    BadResponse,
    /// The stream to the server ended.
    #[error("the connection to the server ended")]
    Disconnected,
}

impl TurnFault {
    /// Whether the same request may succeed later: 500 to 599 (RFC 8489 §6.3.4).
    pub(super) const fn may_pass(self) -> bool {
        matches!(self, Self::NoCapacity | Self::Other(500..=599))
    }
}
