//! The sockets of the host's addresses: host candidates (RFC 8445 §5.1.1.1).
use super::GatherError;
use crate::priority;
use alloc::vec::Vec;
use core::net::{IpAddr, SocketAddr};
use sans_io::{SocketFault, SocketId, SocketIds};

/// How far a socket has come.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(crate) enum HostState {
    Opening,
    Open(SocketAddr),
    Gone,
}

/// One socket.
#[derive(Clone, Copy, Debug)]
pub(crate) struct Host {
    id: SocketId,
    ip: IpAddr,
    /// Its place in the order of preference.
    pub rank: usize,
    pub state: HostState,
    /// To be closed as soon as no relay needs it.
    closing: bool,
    pub fault: Option<SocketFault>,
}

impl Host {
    /// The address that was asked for.
    pub(crate) const fn ip(&self) -> IpAddr {
        self.ip
    }
}

#[derive(Debug)]
pub(crate) struct Hosts {
    all: Vec<Host>,
    sockets: SocketIds,
    max: usize,
}

impl Hosts {
    pub(crate) const fn new(sockets: SocketIds, max: usize) -> Self {
        Self { all: Vec::new(), sockets, max }
    }

    /// Takes a socket number for each address that has no socket. All or none.
    pub(crate) fn open(
        &mut self,
        addresses: &[IpAddr],
    ) -> Result<Vec<(SocketId, SocketAddr)>, GatherError> {
        let unusable = |ip: &&IpAddr| ip.is_unspecified() || ip.is_multicast();
        if let Some(ip) = addresses.iter().find(unusable) {
            return Err(GatherError::Address(*ip));
        }
        let mut new = priority::interleave(addresses);
        new.retain(|ip| !is_deprecated(*ip));
        new.retain(|ip| {
            !self.all.iter().any(|host| host.ip == *ip && host.state != HostState::Gone)
        });
        if self.all.len() + new.len() > self.max {
            return Err(GatherError::TooManyAddresses);
        }
        let first = self.all.len();
        for ip in new {
            let Some(id) = self.sockets.take() else {
                // Numbers that were taken stay unused, which the driver never sees.
                self.all.truncate(first);
                return Err(GatherError::NoSocketIds);
            };
            let rank = self.all.len();
            let state = HostState::Opening;
            self.all.push(Host { id, ip, rank, state, closing: false, fault: None });
        }
        let asked = self.all[first..].iter();
        Ok(asked.map(|host| (host.id, SocketAddr::new(host.ip, 0))).collect())
    }

    pub(crate) fn owns(&self, id: SocketId) -> bool {
        self.all.iter().any(|host| host.id == id)
    }

    /// The socket opened. `None`: it had answered before, or is not wanted any more.
    pub(crate) fn opened(&mut self, id: SocketId, address: SocketAddr) -> Option<usize> {
        let index = self.all.iter().position(|host| host.id == id)?;
        if self.all[index].state != HostState::Opening || self.at(address).is_some() {
            return None;
        }
        self.all[index].state = HostState::Open(address);
        (!self.all[index].closing).then_some(index)
    }

    /// The socket failed or was lost. Gives what it was before.
    pub(crate) fn failed(
        &mut self,
        id: SocketId,
        fault: SocketFault,
    ) -> Option<(usize, HostState)> {
        let index = self.all.iter().position(|host| host.id == id)?;
        let host = &mut self.all[index];
        let before = host.state;
        if before == HostState::Gone {
            return None;
        }
        host.state = HostState::Gone;
        host.fault = Some(fault);
        Some((index, before))
    }

    /// Whether there is an IPv4 address that leads out of the host, or may be.
    pub(crate) fn have_ipv4(&self) -> bool {
        let leads_out = |host: &Host| host.ip.is_ipv4() && !host.ip.is_loopback();
        self.all.iter().any(|host| leads_out(host) && host.state != HostState::Gone)
    }

    /// What was asked for.
    pub(crate) fn wanted(&self, index: usize) -> SocketAddr {
        let ip = self.all.get(index).map_or(IpAddr::from([0, 0, 0, 0]), |host| host.ip);
        SocketAddr::new(ip, 0)
    }

    pub(crate) fn get(&self, index: usize) -> Option<&Host> {
        self.all.get(index)
    }

    pub(crate) fn iter(&self) -> impl Iterator<Item = &Host> {
        self.all.iter()
    }

    /// The address of an open socket.
    pub(crate) fn base(&self, index: usize) -> Option<SocketAddr> {
        match self.all.get(index)?.state {
            HostState::Open(base) => Some(base),
            HostState::Opening | HostState::Gone => None,
        }
    }

    /// The open socket at this address.
    pub(crate) fn at(&self, address: SocketAddr) -> Option<usize> {
        self.all.iter().position(|host| host.state == HostState::Open(address))
    }

    pub(crate) fn are_opening(&self) -> bool {
        self.all.iter().any(|host| host.state == HostState::Opening && !host.closing)
    }

    /// Gives up all sockets but those at `keep`, as soon as no relay needs them.
    pub(crate) fn close_when_idle(&mut self, keep: &[SocketAddr]) {
        for host in &mut self.all {
            host.closing = !keep.iter().any(|keep| host.state == HostState::Open(*keep));
        }
    }

    /// Takes out the sockets that can be closed now.
    pub(crate) fn closable(&mut self, needed: impl Fn(SocketAddr) -> bool) -> Vec<SocketId> {
        let mut ids = Vec::new();
        for host in &mut self.all {
            let idle = match host.state {
                HostState::Open(base) => !needed(base),
                HostState::Opening => true,
                HostState::Gone => false,
            };
            if host.closing && idle {
                host.state = HostState::Gone;
                ids.push(host.id);
            }
        }
        ids
    }
}

/// Addresses that RFC 8445 §5.1.1.1 keeps out: IPv6 site-local ones, and IPv4-compatible ones.
fn is_deprecated(ip: IpAddr) -> bool {
    let IpAddr::V6(v6) = ip else { return false };
    let site_local = v6.segments()[0] & 0xFFC0 == 0xFEC0;
    site_local || (v6.segments()[..6] == [0; 6] && !v6.is_loopback())
}
