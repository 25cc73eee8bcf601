//! Opening the sockets that clients of a server send to.
use super::ServeError;
#[cfg(feature = "tls")]
use crate::Identity;
use crate::{driver::Sockets, interfaces};
use sans_io::SocketIds;
use std::{
    io,
    net::{IpAddr, SocketAddr},
};
use stun_proto::OtherServer;

/// How often a port is drawn that has to be free for UDP and TCP alike.
const DRAWS: usize = 16;

/// What is open so far.
#[derive(Debug)]
pub(super) struct Opening {
    pub(super) ids: SocketIds,
    pub(super) sockets: Sockets,
    /// All that clients may send to.
    pub(super) addresses: Vec<SocketAddr>,
}

impl Default for Opening {
    fn default() -> Self {
        Self { ids: SocketIds::root(), sockets: Sockets::default(), addresses: Vec::new() }
    }
}

impl Opening {
    /// Listens over UDP and TCP, at this port of each IPv4 address if nothing is wanted.
    pub(super) fn open(
        &mut self,
        wanted: &[SocketAddr],
        default_port: u16,
    ) -> Result<Vec<SocketAddr>, ServeError> {
        let everywhere = [SocketAddr::from(([0, 0, 0, 0], default_port))];
        let wanted = if wanted.is_empty() { &everywhere[..] } else { wanted };
        let mut open = Vec::new();
        for address in each(wanted)? {
            let bound = self.bind_both(address);
            open.push(bound.map_err(|source| ServeError::Listen { address, source })?);
        }
        self.done(open)
    }

    /// Listens over TLS.
    #[cfg(feature = "tls")]
    pub(super) fn open_tls(
        &mut self,
        wanted: &[(SocketAddr, Identity)],
    ) -> Result<Vec<SocketAddr>, ServeError> {
        let mut open = Vec::new();
        for (address, identity) in wanted {
            for address in each(&[*address])? {
                let id = self.ids.take();
                let bound = self.sockets.listen_tls(id, address, identity.clone());
                open.push(bound.map_err(|source| ServeError::Listen { address, source })?);
            }
        }
        if open.is_empty() { Ok(open) } else { self.done(open) }
    }

    /// Opens the second address of a server that lets clients examine their NAT, and each address
    /// with the port of the other. That is for UDP alone (RFC 5780 §4).
    pub(super) fn open_other(
        &mut self,
        second: Option<SocketAddr>,
        listeners: &[SocketAddr],
    ) -> Result<Option<OtherServer>, ServeError> {
        let Some(second) = second else { return Ok(None) };
        let [primary] = listeners[..] else { return Err(ServeError::Behaviour) };
        let distinct = second.ip() != primary.ip() && second.port() != primary.port();
        if !distinct || second.is_ipv4() != primary.is_ipv4() {
            return Err(ServeError::Behaviour);
        }
        let mut open = |address: SocketAddr| -> Result<SocketAddr, ServeError> {
            let id = self.ids.take();
            let bound = self.sockets.bind(id, address);
            let bound = bound.map_err(|source| ServeError::Listen { address, source })?;
            self.addresses.push(bound);
            Ok(bound)
        };
        let alternate = open(second)?;
        open(SocketAddr::new(primary.ip(), alternate.port()))?;
        open(SocketAddr::new(alternate.ip(), primary.port()))?;
        Ok(Some(OtherServer { primary, alternate, response_port: true }))
    }

    /// One port for UDP and TCP.
    fn bind_both(&mut self, address: SocketAddr) -> io::Result<SocketAddr> {
        let mut draws = DRAWS;
        loop {
            let (udp, tcp) = (self.ids.take(), self.ids.take());
            let bound = self.sockets.bind(udp, address)?;
            match self.sockets.listen(tcp, bound) {
                Err(error)
                    if error.kind() == io::ErrorKind::AddrInUse
                        && address.port() == 0
                        && draws > 0 =>
                {
                    self.sockets.close(udp);
                    draws -= 1;
                }
                listening => return listening,
            }
        }
    }

    /// Takes note of addresses; what others can reach comes first.
    fn done(&mut self, mut open: Vec<SocketAddr>) -> Result<Vec<SocketAddr>, ServeError> {
        open.sort_by_key(|address| address.ip().is_loopback());
        self.addresses.extend(&open);
        if open.is_empty() { Err(ServeError::NoAddress) } else { Ok(open) }
    }
}

/// Puts each address of this computer in the place of an unspecified one.
fn each(wanted: &[SocketAddr]) -> Result<Vec<SocketAddr>, ServeError> {
    let here = interfaces::list(true).map_err(ServeError::Interfaces)?;
    let mut all = Vec::new();
    for address in wanted {
        let each = here.iter().map(|interface| interface.address);
        let ips: Vec<IpAddr> = if address.ip().is_unspecified() {
            each.filter(|ip| ip.is_ipv4() == address.is_ipv4()).collect()
        } else {
            vec![address.ip()]
        };
        all.extend(ips.into_iter().map(|ip| SocketAddr::new(ip, address.port())));
    }
    Ok(all)
}
