//! Sockets that a machine asks its driver for, by number, and what may go wrong with them.
use crate::{Path, Transport};
use alloc::sync::Arc;
use core::net::SocketAddr;

/// The machine's name for a socket it asked for.
#[derive(Clone, Copy, Debug, PartialEq, Eq, PartialOrd, Ord, Hash)]
pub struct SocketId(pub u64);

/// The numbers that a machine gives to its sockets, each once. A parent lends them to its children,
/// so that no two of them ever use the same.
///
/// ```
/// use sans_io::SocketIds;
/// let mut ids = SocketIds::root();
/// assert_ne!(ids.take(), ids.take());
/// ```
#[derive(Debug)]
pub struct SocketIds {
    next: u64,
}

impl SocketIds {
    /// All the numbers there are: more than a machine can ask for in centuries.
    pub const fn root() -> Self {
        Self { next: 0 }
    }

    /// The next number.
    pub const fn take(&mut self) -> SocketId {
        let id = SocketId(self.next);
        self.next = self.next.wrapping_add(1);
        id
    }
}

/// What a machine wants done with sockets. The driver answers the first three with
/// [`Input::Socket`](crate::Input::Socket).
#[derive(Clone, Debug, PartialEq, Eq)]
pub enum SocketRequest {
    /// Open a UDP socket. Port 0 lets the driver choose.
    Bind {
        /// Names the socket from now on.
        id: SocketId,
        /// Where.
        local: SocketAddr,
    },
    /// Listen for TCP connections; each is told with [`Input::Accepted`](crate::Input::Accepted).
    Listen {
        /// Names the listener from now on.
        id: SocketId,
        /// Where.
        local: SocketAddr,
    },
    /// Connect a stream. `Input::Socket { state: Ok(local) }` says that bytes may flow on
    /// `Path { transport, local, remote }`.
    Connect {
        /// Names the connection from now on.
        id: SocketId,
        /// TCP or TLS.
        transport: Transport,
        /// The address to connect from, where it matters. It may be one that the machine listens on, or
        /// connects from to others: connections are told apart by both their addresses.
        local: Option<SocketAddr>,
        /// Whom to connect to.
        remote: SocketAddr,
        /// The name to verify the certificate against, for TLS.
        server_name: Option<Arc<str>>,
    },
    /// Close what the id names. No answer; the id is not used again.
    Close(SocketId),
    /// Close the one connection of this path.
    Hangup(Path),
    /// Read no more of this connection, so that whoever sends there has to wait. Asked for where it is
    /// accepted or opened, before any of its bytes are offered, it keeps all of them away.
    Pause(Path),
    /// Read it again, from where it was left.
    Resume(Path),
}

/// Why a socket could not be opened, or was lost later.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Hash)]
pub enum SocketFault {
    /// Another socket holds the address.
    InUse,
    /// This host has no such address.
    Unavailable,
    /// The operating system's limit is reached.
    NoCapacity,
    /// The remote side refused the connection.
    Refused,
    /// The remote side did not answer.
    TimedOut,
    /// The operating system or its firewall does not permit it.
    Denied,
    /// The remote side was reached, but no TLS came about: it does not speak it, or no version of
    /// it that we do.
    Handshake,
    /// The certificate of the remote side proves nothing.
    Untrusted(CertificateFault),
    /// It was open and is no more, for example since its interface went away.
    Lost,
}

/// Why a certificate is not trusted.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Hash)]
pub enum CertificateFault {
    /// No authority that is trusted here signed it.
    Issuer,
    /// It is for other names.
    Name,
    /// It was valid until some time in the past.
    Expired,
    /// It is valid from some time in the future on.
    NotYetValid,
    /// Its authority took it back.
    Revoked,
    /// It is not for servers, but for clients or an authority for example.
    Purpose,
    /// It cannot be read, or is signed in a way that is not known here.
    Malformed,
}

/// What the network said of a path.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Hash)]
pub enum PathFault {
    /// An ICMP error of another kind than those below. Anybody may forge it, so for UDP it is
    /// advice.
    Unreachable {
        /// ICMP or ICMPv6 type.
        kind: u8,
        /// ICMP or ICMPv6 code.
        code: u8,
    },
    /// A packet was too big for the path.
    TooBig {
        /// The largest IP packet that would have passed, in bytes.
        mtu: u32,
    },
    /// A packet passed as many routers as its [`ttl`](crate::PacketMeta::ttl) allows, and was not
    /// there yet (ICMP type 11 code 0, ICMPv6 type 3 code 0). It says nothing of where it went to,
    /// and is what whoever sends with a small TTL has to expect.
    TimeExceeded,
    /// The other side ended the stream.
    Ended,
    /// The stream was reset.
    Reset,
}
