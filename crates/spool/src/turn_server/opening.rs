//! Opening the sockets that clients of a server send to.
use super::{InheritedSockets, ServeError};
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
    /// What of "everywhere" could not be opened.
    pub(super) skipped: Vec<SocketAddr>,
    inherited: InheritedSockets,
    /// Each socket, in the order of their numbers.
    opened: Vec<Opened>,
}

/// One of the sockets that clients send to.
#[derive(Clone, Debug)]
enum Opened {
    Udp(SocketAddr),
    Tcp(SocketAddr),
    #[cfg(feature = "tls")]
    Tls(SocketAddr, Identity),
}

/// What other cores open beside the first one.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(super) enum Beside {
    /// All that it has.
    All,
    /// UDP alone: it has all connections.
    Datagrams,
}

impl Opening {
    /// Nothing is open yet. What is inherited is taken before anything is opened at its address.
    pub(super) fn with(inherited: InheritedSockets) -> Self {
        let (ids, sockets) = (SocketIds::root(), Sockets::default());
        let (addresses, skipped, opened) = (Vec::new(), Vec::new(), Vec::new());
        Self { ids, sockets, addresses, skipped, inherited, opened }
    }

    /// A socket that was handed over for nothing is a mistake: somebody is to listen there.
    pub(super) fn all_inherited_are_used(&self) -> Result<(), ServeError> {
        let left = self.inherited.addresses().into_iter().next();
        left.map_or(Ok(()), |address| Err(ServeError::Inherited(address)))
    }

    /// Listens over UDP and TCP, at this port of each address if nothing is wanted.
    pub(super) fn open(
        &mut self,
        wanted: &[SocketAddr],
        default_port: u16,
    ) -> Result<Vec<SocketAddr>, ServeError> {
        let everywhere = [
            SocketAddr::from(([0, 0, 0, 0], default_port)),
            SocketAddr::from(([0; 16], default_port)),
        ];
        let wanted = if wanted.is_empty() { &everywhere[..] } else { wanted };
        let mut open = Vec::new();
        for place in each(wanted)? {
            let bound = self.bind_both(place.address);
            open.extend(self.judge(place, bound)?);
        }
        self.done(open)
    }

    /// One address of all may be of no use, or one too many; then the others will do. That it is in
    /// use is always a mistake.
    fn judge(
        &mut self,
        place: Place,
        bound: io::Result<SocketAddr>,
    ) -> Result<Option<SocketAddr>, ServeError> {
        let Place { address, one_of_all } = place;
        match bound {
            Ok(bound) => Ok(Some(bound)),
            Err(error)
                if one_of_all
                    && !matches!(
                        error.kind(),
                        io::ErrorKind::AddrInUse | io::ErrorKind::PermissionDenied
                    ) =>
            {
                self.skipped.push(address);
                Ok(None)
            }
            Err(source) => Err(ServeError::Listen { address, source }),
        }
    }

    /// Listens over TLS.
    #[cfg(feature = "tls")]
    pub(super) fn open_tls(
        &mut self,
        wanted: &[(SocketAddr, Identity)],
    ) -> Result<Vec<SocketAddr>, ServeError> {
        let mut open = Vec::new();
        for (address, identity) in wanted {
            for place in each(&[*address])? {
                let id = self.ids.take();
                let bound = match self.inherited.take_tcp(place.address) {
                    Some(socket) => self.sockets.adopt_tls_listener(id, socket, identity.clone()),
                    None => self.sockets.listen_tls(id, place.address, identity.clone()),
                };
                let bound = self.judge(place, bound)?;
                self.opened.extend(bound.map(|bound| Opened::Tls(bound, identity.clone())));
                open.extend(bound);
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
            self.opened.push(Opened::Udp(bound));
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
            let bound = match self.inherited.take_udp(address) {
                Some(socket) => self.sockets.adopt(udp, socket),
                None => self.sockets.bind(udp, address),
            }?;
            let listening = match self.inherited.take_tcp(bound) {
                Some(socket) => self.sockets.adopt_listener(tcp, socket),
                None => self.sockets.listen(tcp, bound),
            };
            match listening {
                Err(error)
                    if error.kind() == io::ErrorKind::AddrInUse
                        && address.port() == 0
                        && draws > 0 =>
                {
                    self.sockets.close(udp);
                    draws -= 1;
                }
                Err(error) => {
                    self.sockets.close(udp);
                    return Err(error);
                }
                Ok(listening) => {
                    self.opened.extend([Opened::Udp(bound), Opened::Tcp(listening)]);
                    return Ok(listening);
                }
            }
        }
    }

    /// Opens sockets beside these, at the same addresses: the numbers, and the sockets.
    pub(super) fn again(&self, which: Beside) -> Result<(SocketIds, Sockets), ServeError> {
        let (mut ids, mut sockets) = (SocketIds::root(), self.sockets.beside());
        for opened in &self.opened {
            if which == Beside::Datagrams && !matches!(opened, Opened::Udp(_)) {
                continue;
            }
            let id = ids.take();
            let (address, bound) = match opened {
                Opened::Udp(address) => (*address, sockets.bind(id, *address)),
                Opened::Tcp(address) => (*address, sockets.listen(id, *address)),
                #[cfg(feature = "tls")]
                Opened::Tls(address, identity) => {
                    (*address, sockets.listen_tls(id, *address, identity.clone()))
                }
            };
            bound.map_err(|source| ServeError::Listen { address, source })?;
        }
        Ok((ids, sockets))
    }

    /// Takes note of addresses; what others can reach comes first.
    fn done(&mut self, mut open: Vec<SocketAddr>) -> Result<Vec<SocketAddr>, ServeError> {
        open.sort_by_key(|address| address.ip().is_loopback());
        self.addresses.extend(&open);
        if open.is_empty() { Err(ServeError::NoAddress) } else { Ok(open) }
    }
}

/// Where to listen.
#[derive(Clone, Copy)]
struct Place {
    address: SocketAddr,
    /// All addresses of this computer are wanted, and this is one of them.
    one_of_all: bool,
}

/// Puts each address of this computer in the place of an unspecified one.
fn each(wanted: &[SocketAddr]) -> Result<Vec<Place>, ServeError> {
    let here = interfaces::list(true).map_err(ServeError::Interfaces)?;
    let mut all = Vec::new();
    for address in wanted {
        let one_of_all = address.ip().is_unspecified();
        let each = here.iter().map(|interface| interface.address);
        let ips: Vec<IpAddr> = if one_of_all {
            each.filter(|ip| ip.is_ipv4() == address.is_ipv4()).collect()
        } else {
            vec![address.ip()]
        };
        let port = address.port();
        let place = |ip| Place { address: SocketAddr::new(ip, port), one_of_all };
        all.extend(ips.into_iter().map(place));
    }
    Ok(all)
}
