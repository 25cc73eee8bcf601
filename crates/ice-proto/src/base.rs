//! Where the packets of a candidate leave from (RFC 8445 §4, "Base").
use core::{fmt, net::SocketAddr};
use sans_io::{Path, Transport, canonical};

/// A socket of ours, or an address that a relay lends us. Pairs are made of bases alone: a
/// reflexive candidate is replaced by its base, and the pair is then redundant with the one of the
/// base (RFC 8445 §6.1.2.4).
#[derive(Clone, Copy, Debug, PartialEq, Eq, PartialOrd, Ord, Hash)]
pub struct Base {
    transport: Transport,
    address: SocketAddr,
}

impl Base {
    /// A base for datagrams at this address.
    pub fn udp(address: SocketAddr) -> Self {
        Self { transport: Transport::Udp, address: canonical(address) }
    }

    /// A base for connections at this address.
    pub fn tcp(address: SocketAddr) -> Self {
        Self { transport: Transport::Tcp, address: canonical(address) }
    }

    /// The near end of a path.
    pub const fn of(path: Path) -> Self {
        Self { transport: path.transport(), address: path.local() }
    }

    /// What carries its packets.
    pub const fn transport(self) -> Transport {
        self.transport
    }

    /// Its address.
    pub const fn address(self) -> SocketAddr {
        self.address
    }

    /// The path from here to `remote`.
    pub fn path_to(self, remote: SocketAddr) -> Path {
        Path::new(self.transport, self.address, remote)
    }
}

impl fmt::Display for Base {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        fmt::Display::fmt(&self.address, f)
    }
}
