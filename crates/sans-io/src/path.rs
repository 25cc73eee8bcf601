//! Where bytes travel: transport, our address, their address.
use core::{
    fmt,
    net::{SocketAddr, SocketAddrV4, SocketAddrV6},
};

/// What carries the bytes between the two addresses of a [`Path`].
#[derive(Clone, Copy, Debug, PartialEq, Eq, PartialOrd, Ord, Hash)]
pub enum Transport {
    /// Datagrams.
    Udp,
    /// A byte stream.
    Tcp,
    /// A byte stream inside TLS; the driver does the TLS, the machine sees the plain bytes.
    Tls,
}

impl Transport {
    /// Whether bytes come in order and without boundaries.
    pub const fn is_stream(self) -> bool {
        matches!(self, Self::Tcp | Self::Tls)
    }
}

/// A transport with both its addresses. `local` is always ours, in either direction, so the words
/// never swap meaning between input and output.
///
/// Paths are compared and looked up a lot, so a path is canonical from the moment it is made: both
/// addresses are as [`canonical`] has them, and nobody need make them so again.
#[derive(Clone, Copy, PartialEq, Eq, PartialOrd, Ord, Hash)]
pub struct Path {
    transport: Transport,
    local: SocketAddr,
    remote: SocketAddr,
}

impl Path {
    /// A canonical path.
    ///
    /// ```
    /// use sans_io::Path;
    /// let mapped = Path::udp("[::ffff:192.0.2.1]:9".parse()?, "192.0.2.2:9".parse()?);
    /// let plain = Path::udp("192.0.2.1:9".parse()?, "192.0.2.2:9".parse()?);
    /// assert_eq!(mapped, plain);
    /// assert_eq!(mapped.local(), "192.0.2.1:9".parse()?);
    /// # Ok::<(), core::net::AddrParseError>(())
    /// ```
    #[inline]
    pub const fn new(transport: Transport, local: SocketAddr, remote: SocketAddr) -> Self {
        Self { transport, local: canonical(local), remote: canonical(remote) }
    }

    /// A canonical UDP path.
    #[inline]
    pub const fn udp(local: SocketAddr, remote: SocketAddr) -> Self {
        Self::new(Transport::Udp, local, remote)
    }

    /// What carries the bytes.
    #[inline]
    pub const fn transport(&self) -> Transport {
        self.transport
    }

    /// Our address: where it arrived, or where it is sent from.
    #[inline]
    pub const fn local(&self) -> SocketAddr {
        self.local
    }

    /// Their address.
    #[inline]
    pub const fn remote(&self) -> SocketAddr {
        self.remote
    }

    /// The same path as the other side sees it, with no NAT between.
    #[must_use]
    pub const fn reversed(self) -> Self {
        Self { transport: self.transport, local: self.remote, remote: self.local }
    }
}

/// The one form of an address by which it is compared and looked up: an IPv4-mapped IPv6 address
/// becomes IPv4, and the flow label is dropped. The scope stays, for it says which link is meant.
///
/// ```
/// use sans_io::canonical;
/// assert_eq!(canonical("[::ffff:192.0.2.1]:9".parse()?), "192.0.2.1:9".parse()?);
/// # Ok::<(), core::net::AddrParseError>(())
/// ```
#[inline]
pub const fn canonical(address: SocketAddr) -> SocketAddr {
    let SocketAddr::V6(v6) = address else { return address };
    match v6.ip().to_ipv4_mapped() {
        Some(ip) => SocketAddr::V4(SocketAddrV4::new(ip, v6.port())),
        None => SocketAddr::V6(SocketAddrV6::new(*v6.ip(), v6.port(), 0, v6.scope_id())),
    }
}

impl fmt::Display for Path {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        let name = match self.transport {
            Transport::Udp => "udp",
            Transport::Tcp => "tcp",
            Transport::Tls => "tls",
        };
        write!(f, "{name} {} > {}", self.local, self.remote)
    }
}

impl fmt::Debug for Path {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        fmt::Display::fmt(self, f)
    }
}
