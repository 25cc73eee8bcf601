//! What a client is told at its start, and the bounds it keeps.
use core::time::Duration;
use sans_io::Path;
use stun_proto::{Credentials, attribute::AddressFamily};

/// How to reach a server, as whom, and for what.
#[derive(Clone, Debug)]
#[non_exhaustive]
pub struct TurnClientConfig {
    /// The local socket and the server, and what is spoken between them. The socket is the
    /// parent's, and may be shared with others.
    pub path: Path,
    /// As whom to log in (RFC 8489 §9.2).
    pub credentials: Credentials,
    /// The family of the relayed address. IPv4 is what a server takes when nothing is asked for
    /// (RFC 8656 §7.2), so the attribute is sent for IPv6 only.
    pub family: AddressFamily,
    /// How long the allocation shall last without a refresh; `None` leaves it to the server
    /// (RFC 8656 §7.1).
    pub lifetime: Option<Duration>,
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
}

impl TurnClientConfig {
    /// What is usual, for this server and user.
    pub const fn new(path: Path, credentials: Credentials) -> Self {
        Self {
            path,
            credentials,
            family: AddressFamily::V4,
            lifetime: None,
            paced: false,
            max_permissions: 128,
            max_channels: 64,
        }
    }

    /// Asks for a relayed address of this family.
    #[must_use]
    pub fn with_family(mut self, family: AddressFamily) -> Self {
        self.family = family;
        self
    }

    /// Asks for an allocation that lasts so long without a refresh.
    #[must_use]
    pub fn with_lifetime(mut self, lifetime: Duration) -> Self {
        self.lifetime = Some(lifetime);
        self
    }

    /// Makes the requests of commands wait to be released.
    #[must_use]
    pub fn with_pacing(mut self) -> Self {
        self.paced = true;
        self
    }
}
