//! The addresses of the host as candidates over TCP: one that connects, and listeners (RFC 6544 §5.1).
use super::LISTENING;
use crate::{TcpCandidates, TcpType, gathering::hosts::is_deprecated, priority};
use alloc::vec::Vec;
use core::net::{IpAddr, SocketAddr};
use sans_io::{SocketFault, SocketId};

/// The port that stands for whichever a connection is opened from (RFC 6544 §4.5).
const DISCARD: u16 = 9;

/// A place where the peer can connect to, or from where both connect at once.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
enum Door {
    /// There is none.
    Shut,
    Opening(SocketId),
    Open(SocketId, SocketAddr),
}

impl Door {
    const fn socket(self) -> Option<SocketId> {
        match self {
            Self::Shut => None,
            Self::Opening(id) | Self::Open(id, _) => Some(id),
        }
    }
}

/// An address of the host.
#[derive(Clone, Copy, Debug)]
struct TcpHost {
    ip: IpAddr,
    /// Its place in the order of preference.
    rank: u16,
    /// Whether the host has it.
    here: bool,
    /// In the order of [`LISTENING`].
    doors: [Door; LISTENING.len()],
}

/// A listener, and what it is for.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(in crate::gathering) struct Listener {
    pub tcp: TcpType,
    pub rank: u16,
    /// Where it is open, or was.
    pub address: Option<SocketAddr>,
    pub ip: IpAddr,
}

/// A candidate that there is.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(in crate::gathering) struct Known {
    pub tcp: TcpType,
    pub address: SocketAddr,
    pub rank: u16,
}

/// All of them.
#[derive(Debug)]
pub(in crate::gathering) struct TcpHosts {
    all: Vec<TcpHost>,
    wanted: TcpCandidates,
    max: usize,
}

impl TcpHosts {
    pub(super) const fn new(wanted: TcpCandidates, max: usize) -> Self {
        Self { all: Vec::new(), wanted, max }
    }

    /// Takes in addresses that are not known yet, best first, and gives them.
    pub(in crate::gathering) fn add(&mut self, addresses: &[IpAddr]) -> Vec<IpAddr> {
        let mut new = Vec::new();
        for ip in priority::interleave(addresses).filter(|ip| !is_deprecated(*ip)) {
            let known = self.all.iter().position(|host| host.ip == ip);
            let at = known.or_else(|| self.all.iter().position(|host| !host.here));
            let at = match at {
                Some(at) if self.all[at].here => continue,
                Some(at) => at,
                None if self.all.len() >= self.max => continue,
                None => self.all.len(),
            };
            let doors = [Door::Shut; LISTENING.len()];
            let host = TcpHost { ip, rank: at as u16, here: true, doors };
            match self.all.get_mut(at) {
                Some(slot) => *slot = host,
                None => self.all.push(host),
            }
            new.push(ip);
        }
        new
    }

    /// Asks for every listener that there is not.
    pub(in crate::gathering) fn open(
        &mut self,
        mut take_id: impl FnMut() -> SocketId,
        mut ask: impl FnMut(SocketId, SocketAddr),
    ) {
        for host in self.all.iter_mut().filter(|host| host.here) {
            for (tcp, door) in LISTENING.into_iter().zip(&mut host.doors) {
                if *door == Door::Shut && self.wanted.include(tcp) {
                    let id = take_id();
                    *door = Door::Opening(id);
                    ask(id, SocketAddr::new(host.ip, 0));
                }
            }
        }
    }

    fn door_of(&mut self, id: SocketId) -> Option<(&mut Door, Listener)> {
        self.all.iter_mut().find_map(|host| {
            let mut doors = LISTENING.into_iter().zip(&mut host.doors);
            let (tcp, door) = doors.find(|(_, door)| door.socket() == Some(id))?;
            let address = match *door {
                Door::Open(_, address) => Some(address),
                Door::Shut | Door::Opening(_) => None,
            };
            Some((door, Listener { tcp, rank: host.rank, address, ip: host.ip }))
        })
    }

    pub(in crate::gathering) fn owns(&self, id: SocketId) -> bool {
        self.sockets().any(|known| known == id)
    }

    fn sockets(&self) -> impl Iterator<Item = SocketId> {
        self.all.iter().flat_map(|host| host.doors).filter_map(Door::socket)
    }

    /// A listener is open. `None`: that was known.
    pub(in crate::gathering) fn opened(
        &mut self,
        id: SocketId,
        address: SocketAddr,
    ) -> Option<Known> {
        let (door, listener) = self.door_of(id)?;
        if listener.address.is_some() {
            return None;
        }
        *door = Door::Open(id, address);
        Some(Known { tcp: listener.tcp, address, rank: listener.rank })
    }

    /// A listener could not be opened, or was lost.
    pub(in crate::gathering) fn failed(
        &mut self,
        id: SocketId,
        _: SocketFault,
    ) -> Option<Listener> {
        let (door, listener) = self.door_of(id)?;
        *door = Door::Shut;
        Some(listener)
    }

    pub(in crate::gathering) fn are_opening(&self) -> bool {
        let mut doors = self.all.iter().flat_map(|host| host.doors);
        doors.any(|door| matches!(door, Door::Opening(_)))
    }

    /// The candidates that connect, of these addresses or of all.
    pub(in crate::gathering) fn active(&self, of: Option<&[IpAddr]>) -> Vec<Known> {
        if !self.wanted.include(TcpType::Active) {
            return Vec::new();
        }
        let here = self.all.iter().filter(|host| host.here);
        here.filter(|host| of.is_none_or(|of| of.contains(&host.ip)))
            .map(|host| Known {
                tcp: TcpType::Active,
                address: SocketAddr::new(host.ip, DISCARD),
                rank: host.rank,
            })
            .collect()
    }

    /// The listeners that are open.
    pub(in crate::gathering) fn listening(&self) -> impl Iterator<Item = Known> {
        self.all.iter().flat_map(|host| {
            let doors = LISTENING.into_iter().zip(host.doors);
            doors.filter_map(|(tcp, door)| match door {
                Door::Open(_, address) => Some(Known { tcp, address, rank: host.rank }),
                Door::Shut | Door::Opening(_) => None,
            })
        })
    }

    /// Whether this listener is open.
    pub(in crate::gathering) fn is_listener(&self, id: SocketId) -> bool {
        let mut doors = self.all.iter().flat_map(|host| host.doors);
        doors.any(|door| matches!(door, Door::Open(open, _) if open == id))
    }

    /// From where a connection is opened for a candidate of this base; `None`: from there none is.
    pub(in crate::gathering) fn origin(&self, base: SocketAddr) -> Option<SocketAddr> {
        if base.port() == DISCARD && self.wanted.include(TcpType::Active) {
            let mut here = self.all.iter().filter(|host| host.here);
            return here.any(|host| host.ip == base.ip()).then(|| SocketAddr::new(base.ip(), 0));
        }
        let both = |known: &Known| known.tcp == TcpType::SimultaneousOpen && known.address == base;
        self.listening().find(both).map(|known| known.address)
    }

    /// Shuts the listeners but those at `keep`. Gives their numbers.
    pub(in crate::gathering) fn shut(&mut self, keep: &[SocketAddr]) -> Vec<SocketId> {
        let mut shut = Vec::new();
        for door in self.all.iter_mut().flat_map(|host| &mut host.doors) {
            let stays = matches!(door, Door::Open(_, address) if keep.contains(address));
            if let Some(id) = door.socket().filter(|_| !stays) {
                *door = Door::Shut;
                shut.push(id);
            }
        }
        shut
    }

    /// The host has no other addresses than these any more. Gives what is gone: addresses, listeners.
    pub(in crate::gathering) fn limit_to(
        &mut self,
        addresses: &[IpAddr],
    ) -> (Vec<SocketAddr>, Vec<SocketId>) {
        let (mut bases, mut sockets) = (Vec::new(), Vec::new());
        for host in self.all.iter_mut().filter(|host| host.here) {
            if addresses.iter().any(|ip| ip.to_canonical() == host.ip) {
                continue;
            }
            host.here = false;
            bases.push(SocketAddr::new(host.ip, DISCARD));
            for door in &mut host.doors {
                sockets.extend(door.socket());
                if let Door::Open(_, address) = *door {
                    bases.push(address);
                }
                *door = Door::Shut;
            }
        }
        (bases, sockets)
    }
}
