//! The sockets of the host's addresses: host candidates (RFC 8445 §5.1.1.1).
use super::{GatherError, tasks::RelayPlan};
use crate::{ids::HostId, priority};
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

/// What a socket is for.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(crate) enum Purpose {
    /// Candidates of every kind.
    Candidates,
    /// One relay, whose server wants another local port.
    Relay(RelayPlan),
    /// What was made of it before an ICE restart, which goes from other ports.
    Former,
}

/// One socket.
#[derive(Clone, Copy, Debug)]
pub(crate) struct Host {
    socket: SocketId,
    ip: IpAddr,
    /// Its place in the order of preference.
    pub rank: u16,
    pub state: HostState,
    pub purpose: Purpose,
    /// To be closed as soon as no relay needs it.
    closing: bool,
    pub fault: Option<SocketFault>,
}

impl Host {
    /// The address that was asked for.
    pub(crate) const fn ip(&self) -> IpAddr {
        self.ip
    }

    /// Whether it was closed though nothing is wrong with its address.
    fn is_given_up(&self) -> bool {
        self.state == HostState::Gone && self.fault.is_none() && self.purpose == Purpose::Candidates
    }

    /// Its address, if it is open.
    pub(crate) const fn base(&self) -> Option<SocketAddr> {
        match self.state {
            HostState::Open(base) => Some(base),
            HostState::Opening | HostState::Gone => None,
        }
    }
}

/// A socket that could not be opened, or was lost.
#[derive(Clone, Copy, Debug)]
pub(super) struct FailedHost {
    pub host: HostId,
    /// Where it was open.
    pub base: Option<SocketAddr>,
    /// What had been asked for.
    pub wanted: SocketAddr,
}

/// All of them. The slot of one that is gone is used again.
#[derive(Debug)]
pub(super) struct Hosts {
    all: Vec<Host>,
    sockets: SocketIds,
    max: usize,
    /// The port of the sockets for candidates; zero: whichever is free.
    port: u16,
}

impl Hosts {
    pub(super) const fn new(sockets: SocketIds, max: usize) -> Self {
        Self { all: Vec::new(), sockets, max, port: 0 }
    }

    /// Asks for this port from now on.
    pub(super) const fn set_port(&mut self, port: u16) {
        self.port = port;
    }

    /// Asks for a socket at each address that has none. All or none.
    pub(super) fn open(
        &mut self,
        addresses: &[IpAddr],
        mut ask: impl FnMut(SocketId, SocketAddr),
    ) -> Result<(), GatherError> {
        let new = self.new_among(addresses)?.count();
        if self.len() + new > self.max {
            return Err(GatherError::TooManyAddresses);
        }
        if self.all.capacity() == 0 {
            self.all.reserve_exact(new);
        }
        for ip in priority::interleave(addresses) {
            if self.lacks(ip) {
                let (id, local) = self.take_slot(ip, None, Purpose::Candidates);
                ask(id, local);
            }
        }
        Ok(())
    }

    /// The addresses among these at which there is no socket and can be one, in the order of their
    /// preference.
    fn new_among(&self, addresses: &[IpAddr]) -> Result<impl Iterator<Item = IpAddr>, GatherError> {
        let unusable = |ip: &&IpAddr| ip.is_unspecified() || ip.is_multicast();
        if let Some(ip) = addresses.iter().find(unusable) {
            return Err(GatherError::Address(*ip));
        }
        Ok(priority::interleave(addresses).filter(|ip| self.lacks(*ip)))
    }

    /// Takes a socket number for one more socket at the address of a host.
    pub(super) fn open_for_relay(&mut self, plan: RelayPlan) -> Option<(SocketId, SocketAddr)> {
        let host = *self.get(plan.key.host)?;
        if self.len() >= self.max {
            return None;
        }
        Some(self.take_slot(host.ip, Some(host.rank), Purpose::Relay(plan)))
    }

    fn take_slot(
        &mut self,
        ip: IpAddr,
        rank: Option<u16>,
        purpose: Purpose,
    ) -> (SocketId, SocketAddr) {
        let socket = self.sockets.take();
        let free = self.free_slot(ip);
        let at = free.unwrap_or(self.all.len());
        let rank = rank.unwrap_or(at as u16);
        let state = HostState::Opening;
        let host = Host { socket, ip, rank, state, purpose, closing: false, fault: None };
        match free {
            Some(at) => self.all[at] = host,
            None => self.all.push(host),
        }
        let port = if purpose == Purpose::Candidates { self.port } else { 0 };
        (socket, SocketAddr::new(ip, port))
    }

    /// Whether a socket at this address is of use, and there is none.
    fn lacks(&self, ip: IpAddr) -> bool {
        !is_deprecated(ip) && !self.has(ip)
    }

    /// A slot that is not in use: that of the same address, else one that holds none which may be
    /// asked for again.
    fn free_slot(&self, ip: IpAddr) -> Option<usize> {
        let gone = |host: &Host| host.state == HostState::Gone;
        let same = self.all.iter().position(|host| gone(host) && host.ip == ip);
        same.or_else(|| self.all.iter().position(|host| gone(host) && !host.is_given_up()))
    }

    fn has(&self, ip: IpAddr) -> bool {
        let of_it = |host: &Host| host.ip == ip && host.purpose == Purpose::Candidates;
        self.all.iter().any(|host| of_it(host) && host.state != HostState::Gone)
    }

    /// Takes leave of all addresses but these. Gives the sockets that are to be closed. Where there could
    /// not be a socket at each of these addresses nothing is given up.
    pub(super) fn limit_to(
        &mut self,
        addresses: &[IpAddr],
    ) -> Result<Vec<(SocketId, FailedHost)>, GatherError> {
        let stays = |host: &&Host| host.state != HostState::Gone && addresses.contains(&host.ip);
        let stay = self.all.iter().filter(stays).count();
        if stay + self.new_among(addresses)?.count() > self.max {
            return Err(GatherError::TooManyAddresses);
        }
        let mut gone = Vec::new();
        for (index, host) in self.all.iter_mut().enumerate() {
            if addresses.contains(&host.ip) {
                continue;
            }
            if host.state != HostState::Gone {
                let (id, wanted) = (HostId(index as u16), SocketAddr::new(host.ip, 0));
                gone.push((host.socket, FailedHost { host: id, base: host.base(), wanted }));
            }
            host.state = HostState::Gone;
            host.fault = Some(SocketFault::Lost);
        }
        Ok(gone)
    }

    /// Notes addresses for which a socket may be opened later.
    pub(super) fn note(&mut self, addresses: &[IpAddr]) -> Result<(), GatherError> {
        let given_up = self.given_up();
        let new = self.new_among(addresses)?.filter(|ip| !given_up.contains(ip));
        let new: Vec<IpAddr> = new.collect();
        if self.len() + given_up.len() + new.len() > self.max {
            return Err(GatherError::TooManyAddresses);
        }
        for ip in new {
            let (socket, _) = self.take_slot(ip, None, Purpose::Candidates);
            if let Some(index) = self.find(socket) {
                self.all[index].state = HostState::Gone;
            }
        }
        Ok(())
    }

    /// The addresses whose sockets were given up, though nothing is wrong with them.
    pub(super) fn given_up(&self) -> Vec<IpAddr> {
        let ips = self.all.iter().filter(|host| host.is_given_up()).map(|host| host.ip);
        ips.filter(|ip| !self.has(*ip)).collect()
    }

    /// From now on the sockets carry what they carry, and others are opened for candidates, as far
    /// as there is room. Gives the addresses.
    pub(super) fn supersede(&mut self) -> Vec<IpAddr> {
        let mut room = self.max.saturating_sub(self.len());
        let mut ips = Vec::new();
        for host in &mut self.all {
            let open = matches!(host.state, HostState::Open(_));
            if open && host.purpose == Purpose::Candidates && room > 0 {
                host.purpose = Purpose::Former;
                ips.push(host.ip);
                room -= 1;
            }
        }
        ips
    }

    /// The sockets for candidates that are open.
    pub(super) fn open_for_candidates(&self) -> Vec<(HostId, SocketAddr)> {
        let all = self.all.iter().enumerate();
        let of_candidates = all.filter(|(_, host)| host.purpose == Purpose::Candidates);
        of_candidates.filter_map(|(at, host)| Some((HostId(at as u16), host.base()?))).collect()
    }

    /// Nothing is to be closed any more but what says so again.
    pub(super) fn keep_all(&mut self) {
        for host in &mut self.all {
            host.closing = false;
        }
    }

    /// A number for a socket that others keep.
    pub(super) const fn take_socket(&mut self) -> SocketId {
        self.sockets.take()
    }

    /// How many sockets there are, or are being opened.
    pub(super) fn len(&self) -> usize {
        self.all.iter().filter(|host| host.state != HostState::Gone).count()
    }

    pub(super) fn owns(&self, socket: SocketId) -> bool {
        self.find(socket).is_some()
    }

    fn find(&self, socket: SocketId) -> Option<usize> {
        self.all.iter().position(|host| host.socket == socket)
    }

    /// The socket opened. `None`: it had answered before, or is not wanted any more.
    pub(super) fn opened(&mut self, socket: SocketId, address: SocketAddr) -> Option<HostId> {
        let index = self.find(socket)?;
        if self.all[index].state != HostState::Opening || self.at(address).is_some() {
            return None;
        }
        self.all[index].state = HostState::Open(address);
        (!self.all[index].closing).then_some(HostId(index as u16))
    }

    /// The socket failed or was lost. `None`: that was known.
    pub(super) fn failed(&mut self, socket: SocketId, fault: SocketFault) -> Option<FailedHost> {
        let index = self.find(socket)?;
        let host = &mut self.all[index];
        if host.state == HostState::Gone {
            return None;
        }
        let base = host.base();
        host.state = HostState::Gone;
        host.fault = Some(fault);
        let wanted = SocketAddr::new(host.ip, 0);
        Some(FailedHost { host: HostId(index as u16), base, wanted })
    }

    /// Whether there is an IPv4 address that leads out of the host, or may be.
    pub(super) fn have_ipv4(&self) -> bool {
        let leads_out = |host: &Host| host.ip.is_ipv4() && !host.ip.is_loopback();
        self.all.iter().any(|host| leads_out(host) && host.state != HostState::Gone)
    }

    pub(super) fn get(&self, id: HostId) -> Option<&Host> {
        self.all.get(usize::from(id.0))
    }

    pub(super) fn iter(&self) -> impl Iterator<Item = &Host> {
        self.all.iter()
    }

    /// The address of an open socket.
    pub(super) fn base(&self, id: HostId) -> Option<SocketAddr> {
        self.get(id)?.base()
    }

    /// The open socket at this address.
    pub(super) fn at(&self, address: SocketAddr) -> Option<HostId> {
        let index = self.all.iter().position(|host| host.state == HostState::Open(address))?;
        Some(HostId(index as u16))
    }

    pub(super) fn are_opening(&self) -> bool {
        self.all.iter().any(|host| host.state == HostState::Opening && !host.closing)
    }

    /// Gives up all sockets but those at `keep`, as soon as no relay needs them.
    pub(super) fn close_when_idle(&mut self, keep: &[SocketAddr]) {
        for host in &mut self.all {
            host.closing = !keep.iter().any(|keep| host.state == HostState::Open(*keep));
        }
    }

    /// Takes out the sockets that can be closed now.
    pub(super) fn closable(&mut self, needed: impl Fn(SocketAddr) -> bool) -> Vec<SocketId> {
        let mut ids = Vec::new();
        for host in &mut self.all {
            let idle = match host.state {
                HostState::Open(base) => !needed(base),
                HostState::Opening => true,
                HostState::Gone => false,
            };
            if host.closing && idle {
                host.state = HostState::Gone;
                ids.push(host.socket);
            }
        }
        ids
    }
}

/// Addresses that RFC 8445 §5.1.1.1 keeps out: IPv6 site-local ones, and IPv4-compatible ones.
pub(super) fn is_deprecated(ip: IpAddr) -> bool {
    let IpAddr::V6(v6) = ip else { return false };
    let site_local = v6.segments()[0] & 0xFFC0 == 0xFEC0;
    site_local || (v6.segments()[..6] == [0; 6] && !v6.is_loopback())
}
