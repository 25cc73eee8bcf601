//! What a client is told at its start, and the bounds it keeps.
use alloc::sync::Arc;
use core::time::Duration;
use sans_io::Path;
use stun_proto::{
    Credentials,
    attribute::{AddressFamily, ReservationToken},
};

/// How to reach a server, as whom, and for what.
#[derive(Clone, Debug)]
#[non_exhaustive]
pub struct TurnClientConfig {
    /// The local socket and the server, and what is spoken between them. The socket is the
    /// parent's, and may be shared with others.
    pub path: Path,
    /// As whom to log in (RFC 8489 §9.2).
    pub credentials: Credentials,
    /// What is relayed.
    pub relayed_transport: RelayedTransport,
    /// The name that the certificate of the server is held against where data connections are made over
    /// TLS (RFC 6062 §4.3).
    pub server_name: Option<Arc<str>>,
    /// The families of the relayed addresses.
    pub families: RelayedFamilies,
    /// What port the relayed address is to have.
    pub port: RelayedPort,
    /// How long the allocation shall last without a refresh; `None` leaves it to the server
    /// (RFC 8656 §7.1).
    pub lifetime: Option<Duration>,
    /// Asks the server whether it can keep datagrams to peers whole, so that
    /// [`send_unfragmented`](crate::TurnClient::send_unfragmented) may be used. A server that cannot is
    /// used without.
    pub dont_fragment: bool,
    /// Asks for an allocation that can go along to another local address, see
    /// [`rebind`](crate::TurnClient::rebind) (RFC 8016 §3.1). A server that forbids it is used without.
    pub mobility: bool,
    /// Requests that commands cause wait until [`release_request`](crate::TurnClient::release_request)
    /// lets each of them go, as the pacing of ICE wants it (RFC 8445 §14.2). Refreshes never wait.
    pub paced: bool,
    /// The most addresses with a permission. Each costs under 100 bytes here and a place on the
    /// server; 128 is a conference of 20 with six addresses each.
    pub max_permissions: usize,
    /// The most peers with a channel, at most the 4,096 that there are numbers for. Who is forgotten
    /// counts for up to a quarter of an hour, since nobody else can have the number before (RFC 8656
    /// §12). ICE binds channels for the pairs it uses: a few.
    pub max_channels: usize,
    /// The most connections with peers, where TCP is relayed, those included that are being made.
    /// Each takes a socket here and two on the server.
    pub max_connections: usize,
}

/// What a server relays for a client.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq, Hash)]
pub enum RelayedTransport {
    /// Datagrams.
    #[default]
    Udp,
    /// TCP connections (RFC 6062): the path to the server must be a stream.
    Tcp,
}

/// The families of the relayed addresses of one allocation (RFC 8656 §7.1).
#[derive(Clone, Copy, Debug, PartialEq, Eq, Hash)]
pub enum RelayedFamilies {
    /// One address. IPv4 is what a server takes when nothing is asked for, so the attribute is sent
    /// for IPv6 only.
    One(AddressFamily),
    /// One address of each family, as far as the server has them: a server that has one only, or does
    /// not know of this, gives one.
    Both,
}

/// What port a relayed address is to have (RFC 8656 §7.1).
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq, Hash)]
pub enum RelayedPort {
    /// Any.
    #[default]
    Any,
    /// An even one.
    Even,
    /// An even one, with the next higher port held back for another allocation: the server gives a
    /// token for it. Of one family only.
    EvenWithNext,
    /// The one that a server gave this token for. The family is that of the address it was given with,
    /// and is not asked for.
    Reserved(ReservationToken),
}

impl TurnClientConfig {
    /// What is usual, for this server and user.
    pub const fn new(path: Path, credentials: Credentials) -> Self {
        Self {
            path,
            credentials,
            relayed_transport: RelayedTransport::Udp,
            server_name: None,
            families: RelayedFamilies::One(AddressFamily::V4),
            port: RelayedPort::Any,
            lifetime: None,
            dont_fragment: false,
            mobility: false,
            paced: false,
            max_permissions: 128,
            max_channels: 64,
            max_connections: 64,
        }
    }

    /// Has TCP relayed, see [`connect`](crate::TurnClient::connect) and
    /// [`accept`](crate::TurnClient::accept).
    #[must_use]
    pub fn with_tcp_relay(mut self) -> Self {
        self.relayed_transport = RelayedTransport::Tcp;
        self
    }

    /// Expects the certificate of the server to be for this name.
    #[must_use]
    pub fn with_server_name(mut self, name: &str) -> Self {
        self.server_name = Some(name.into());
        self
    }

    /// Asks for a relayed address of this family.
    #[must_use]
    pub fn with_family(mut self, family: AddressFamily) -> Self {
        self.families = RelayedFamilies::One(family);
        self
    }

    /// Asks for a relayed address of each family.
    #[must_use]
    pub fn with_both_families(mut self) -> Self {
        self.families = RelayedFamilies::Both;
        self
    }

    /// Asks for such a port.
    #[must_use]
    pub fn with_port(mut self, port: RelayedPort) -> Self {
        self.port = port;
        self
    }

    /// Asks for an allocation that lasts so long without a refresh.
    #[must_use]
    pub fn with_lifetime(mut self, lifetime: Duration) -> Self {
        self.lifetime = Some(lifetime);
        self
    }

    /// Asks whether the server can keep datagrams whole.
    #[must_use]
    pub fn with_dont_fragment(mut self) -> Self {
        self.dont_fragment = true;
        self
    }

    /// Asks for an allocation that can go along to another local address.
    #[must_use]
    pub fn with_mobility(mut self) -> Self {
        self.mobility = true;
        self
    }

    /// Makes the requests of commands wait to be released.
    #[must_use]
    pub fn with_pacing(mut self) -> Self {
        self.paced = true;
        self
    }
}
