//! What a client tells its parent.
use super::ConnectionAttempt;
use core::{
    net::{IpAddr, SocketAddr},
    time::Duration,
};
use sans_io::{Path, PathFault};
use stun_proto::attribute::{AddressFamily, Code, ReservationToken};
use thiserror::Error;

/// Something that the application or a parent machine may want to know.
#[derive(Clone, Debug, PartialEq, Eq)]
pub enum TurnEvent {
    /// The allocation exists (RFC 8656 §7.3).
    Allocated {
        /// The address on the server at which peers reach the client; the IPv4 one of two.
        relayed: SocketAddr,
        /// The IPv6 one, where both families were asked for and are there.
        additional: Option<SocketAddr>,
        /// The family that was asked for and is not there.
        refused: Option<RefusedFamily>,
        /// The client's address as the server sees it: a server-reflexive candidate for free.
        mapped: SocketAddr,
        /// How long it lasts, were it not refreshed in time.
        lifetime: Duration,
        /// What another client of the same user gets the next higher port with, if that was asked
        /// for; good for half a minute at least.
        reserved: Option<ReservationToken>,
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
    /// The allocation has gone along to another path, or is found again on the same one, on which a NAT
    /// has given the client another address; with all its permissions and channels. For a
    /// while data may still come on the old one.
    Moved {
        /// Where it is now.
        path: Path,
        /// How long it lasts from now.
        lifetime: Duration,
    },
    /// The allocation stays where it is: it could not go to the path that it was to go to.
    MoveFailed {
        /// Where it was to go.
        path: Path,
        /// Why.
        fault: TurnFault,
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
    /// There is a connection with a peer, to which [`send`](crate::TurnClient::send) goes from now on.
    Connected {
        /// The peer.
        peer: SocketAddr,
    },
    /// There is no connection with a peer, which was asked for.
    ConnectionFailed {
        /// The peer.
        peer: SocketAddr,
        /// Why.
        fault: TurnFault,
    },
    /// The connection with a peer is no more.
    ConnectionEnded {
        /// The peer.
        peer: SocketAddr,
    },
    /// A peer has connected to the relayed address, and waits to be
    /// [accepted](crate::TurnClient::accept).
    ConnectionAttempted {
        /// Who, and which connection.
        attempt: ConnectionAttempt,
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

/// A family that a server did not give beside the other (RFC 8656 §18.12).
#[derive(Clone, Copy, Debug, PartialEq, Eq, Hash)]
pub struct RefusedFamily {
    /// Which.
    pub family: AddressFamily,
    /// Why: [`FamilyUnsupported`](TurnFault::FamilyUnsupported) or
    /// [`NoCapacity`](TurnFault::NoCapacity).
    pub fault: TurnFault,
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
    /// The server cannot keep datagrams whole: 420 for DONT-FRAGMENT.
    #[error("the server does not set the DF bit")]
    DontFragmentUnsupported,
    /// The server does not let allocations move: 405.
    #[error("the server does not let allocations move")]
    MobilityForbidden,
    /// The server says 437. For a new allocation: the server still has one for this local address, so another
    /// local address must be used. Later: the server has none any more, as after a restart.
    #[error("the server and the client do not agree on what is allocated")]
    Mismatch,
    /// The server has no such addresses: 440.
    #[error("the server does not relay this address family")]
    FamilyUnsupported,
    /// The server does not relay this transport: 442.
    #[error("the server does not relay this transport")]
    TransportUnsupported,
    /// The peer's address is of another family than the relayed one: 443.
    #[error("the peer's address is of another family than the relayed address")]
    FamilyMismatch,
    /// This user has as many allocations as one may have: 486.
    #[error("the user has too many allocations")]
    QuotaReached,
    /// The server has a connection with this peer already: 446.
    #[error("the server has a connection with this peer already")]
    ConnectionExists,
    /// The server could not connect to the peer: 447.
    #[error("the server could not connect to the peer")]
    PeerRefused,
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

impl From<Code> for TurnFault {
    /// What an error response with this code says (RFC 8656 §7.4, §19), where the code says it all.
    fn from(code: Code) -> Self {
        match code {
            Code::BAD_REQUEST => Self::BadRequest,
            Code::FORBIDDEN => Self::Forbidden,
            Code::MOBILITY_FORBIDDEN => Self::MobilityForbidden,
            Code::UNKNOWN_ATTRIBUTE => Self::UnknownAttribute,
            Code::ALLOCATION_MISMATCH => Self::Mismatch,
            Code::ADDRESS_FAMILY_NOT_SUPPORTED => Self::FamilyUnsupported,
            Code::WRONG_CREDENTIALS => Self::WrongCredentials,
            Code::UNSUPPORTED_TRANSPORT => Self::TransportUnsupported,
            Code::PEER_ADDRESS_FAMILY_MISMATCH => Self::FamilyMismatch,
            Code::ALLOCATION_QUOTA_REACHED => Self::QuotaReached,
            Code::CONNECTION_ALREADY_EXISTS => Self::ConnectionExists,
            Code::CONNECTION_FAILURE => Self::PeerRefused,
            Code::INSUFFICIENT_CAPACITY => Self::NoCapacity,
            other => Self::Other(other.number()),
        }
    }
}
