//! Finding the addresses at which this agent may be reached (RFC 8445 §5.1.1): sockets for the
//! host's addresses, then STUN and TURN servers through each of them, at the pace of Ta.
mod found;
pub(crate) mod host;
pub(crate) mod relayed;
pub(crate) mod server_reflexive;
#[cfg(test)]
mod tests;
mod unreachable;

use crate::{
    CandidateKind, GatheringFailure, GatheringFault, IceConfig, Policy, foundation::Foundations,
    local::Local, priority,
};
use alloc::{collections::VecDeque, vec::Vec};
use bytes::Bytes;
use core::{
    net::{IpAddr, SocketAddr},
    time::Duration,
};
use host::{Host, HostState, Hosts};
use relayed::Relays;
use sans_io::{Input, Instant, Path, SocketFault, SocketId, SocketIds, SocketRequest, canonical};
use server_reflexive::{Answered, Asking, Mappings};
use stun_proto::{Credentials, Entropy, Message, attribute::AddressFamily};

/// What gathering wants done, in order.
#[derive(Debug)]
pub(crate) enum Gathered {
    Transmit(Path, Bytes),
    Socket(SocketRequest),
    /// A candidate was found.
    Local(Local),
    /// An address or server gave none.
    Failed(GatheringFailure),
    /// The relay lets a peer through, or refused to.
    Permitted {
        relayed: SocketAddr,
        peer: IpAddr,
        granted: bool,
    },
    /// A relay is gone.
    RelayLost {
        relayed: SocketAddr,
    },
    /// A socket is gone.
    HostLost {
        base: SocketAddr,
    },
}

/// A transaction that waits for a slot of the pacer.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
enum Task {
    /// Ask the server for a mapping of the host's socket.
    Stun { host: usize, server: SocketAddr, rank: usize },
    /// Ask the TURN server of this index for a relayed address of this family.
    Turn { host: usize, index: usize, family: AddressFamily },
}

#[derive(Debug)]
pub(crate) struct Gathering {
    hosts: Hosts,
    tasks: VecDeque<Task>,
    mappings: Mappings,
    pub(crate) relays: Relays,
    foundations: Foundations,
    entropy: Entropy,
    stun_servers: Vec<SocketAddr>,
    turn_servers: Vec<(SocketAddr, Credentials)>,
    policy: Policy,
    pacing: Duration,
    out: VecDeque<Gathered>,
    /// Servers that gave nothing, for explaining; one entry for each host and server.
    failures: Vec<GatheringFailure>,
    /// Candidates were asked for and not all has been tried yet.
    running: bool,
}

impl Gathering {
    pub(crate) fn new(
        config: &IceConfig,
        accounts: Vec<Credentials>,
        sockets: SocketIds,
        entropy: Entropy,
    ) -> Self {
        let servers = config.turn_servers.iter().map(|server| canonical(server.address));
        Self {
            hosts: Hosts::new(sockets, config.local_addresses_max),
            tasks: VecDeque::new(),
            mappings: Mappings::new(
                config.mapping_keepalive,
                // Each socket with each server, TURN servers without room included.
                config.local_addresses_max * usize::from(priority::SERVERS_MAX),
            ),
            relays: Relays::default(),
            foundations: Foundations::default(),
            entropy,
            stun_servers: config.stun_servers.iter().copied().map(canonical).collect(),
            turn_servers: servers.zip(accounts).collect(),
            policy: config.policy,
            pacing: config.pacing,
            out: VecDeque::new(),
            failures: Vec::new(),
            running: false,
        }
    }

    /// Asks for a socket at each address that has none yet.
    pub(crate) fn start(&mut self, addresses: &[IpAddr]) -> Result<(), GatherError> {
        for (id, local) in self.hosts.open(addresses)? {
            self.out.push_back(Gathered::Socket(SocketRequest::Bind { id, local }));
        }
        self.running = true;
        Ok(())
    }

    /// Whether this socket was asked for here.
    pub(crate) fn owns(&self, id: SocketId) -> bool {
        self.hosts.owns(id)
    }

    /// Whether packets of this path arrive at one of our sockets.
    pub(crate) fn is_local(&self, address: SocketAddr) -> bool {
        self.hosts.at(address).is_some()
    }

    /// A socket opened, or did not, or was lost.
    pub(crate) fn on_socket(&mut self, id: SocketId, state: Result<SocketAddr, SocketFault>) {
        match state {
            Ok(address) => {
                let Some(index) = self.hosts.opened(id, canonical(address)) else { return };
                self.host_opened(index);
            }
            Err(fault) => {
                let Some((index, before)) = self.hosts.failed(id, fault) else { return };
                let local = match before {
                    HostState::Open(base) => {
                        self.host_lost(index, base);
                        base
                    }
                    HostState::Opening | HostState::Gone => self.hosts.wanted(index),
                };
                let fault = GatheringFault::Socket(fault);
                self.fail(GatheringFailure { local, server: None, fault });
            }
        }
    }

    fn host_opened(&mut self, index: usize) {
        let Some(host) = self.hosts.get(index) else { return };
        let HostState::Open(base) = host.state else { return };
        let rank = host.rank;
        let candidate = self.candidate(CandidateKind::Host, base, base, None, rank, 0);
        let all = self.policy == Policy::All;
        self.add_local(candidate, base, all);
        for (server, address) in self.stun_servers.iter().enumerate() {
            if all && reaches(base, *address) {
                let task = Task::Stun { host: index, server: *address, rank: server };
                self.tasks.push_back(task);
            }
        }
        for (server, (address, _)) in self.turn_servers.iter().enumerate() {
            if reaches(base, *address) {
                let family = self.relay_family(base);
                self.tasks.push_back(Task::Turn { host: index, index: server, family });
            }
        }
    }

    /// Which relayed address to ask for from this socket: one of its own family, and of IPv4 where
    /// the host has no IPv4 of its own, since nothing else gets it to peers that have only that.
    fn relay_family(&self, base: SocketAddr) -> AddressFamily {
        if base.is_ipv4() || !self.hosts.have_ipv4() {
            AddressFamily::V4
        } else {
            AddressFamily::V6
        }
    }

    fn host_lost(&mut self, index: usize, base: SocketAddr) {
        self.tasks.retain(|task| match task {
            Task::Stun { host, .. } | Task::Turn { host, .. } => *host != index,
        });
        self.mappings.forget_base(base);
        for relayed in self.relays.forget_base(base) {
            self.out.push_back(Gathered::RelayLost { relayed });
        }
        self.out.push_back(Gathered::HostLost { base });
    }

    /// Whether a transaction waits for a slot.
    pub(crate) fn wants_slot(&self) -> bool {
        !self.tasks.is_empty() || self.relays.wants_slot()
    }

    /// Uses a slot of the pacer. `false`: nothing was sent.
    pub(crate) fn take_slot(&mut self, now: Instant) -> bool {
        if self.relays.take_slot(now) {
            return true;
        }
        match self.tasks.pop_front() {
            Some(Task::Stun { host, server, rank }) => {
                let Some(base) = self.hosts.base(host) else { return false };
                let path = Path::udp(base, server);
                let rto = self.rto();
                let id = self.entropy.transaction_id();
                let Some(bytes) = self.mappings.ask(now, path, (host, rank), rto, id) else {
                    return false;
                };
                self.out.push_back(Gathered::Transmit(path, bytes));
                true
            }
            Some(Task::Turn { host, index, family }) => {
                let Some(base) = self.hosts.base(host) else { return false };
                let Some((server, account)) = self.turn_servers.get(index) else { return false };
                let path = Path::udp(base, *server);
                let seed = self.entropy.secret();
                self.relays.start(now, path, account.clone(), (host, index), family, seed);
                self.relays.take_slot(now)
            }
            None => false,
        }
    }

    /// RFC 8445 §14.3, for gathering.
    fn rto(&self) -> Duration {
        let candidates = self.tasks.len() + self.mappings.len() + self.relays.len();
        crate::transaction::RTO_MIN.max(self.pacing * candidates as u32)
    }

    /// Judges a response. `false`: it answers none of our questions.
    pub(crate) fn on_response(&mut self, now: Instant, path: Path, message: &Message<'_>) -> bool {
        match self.mappings.on_response(now, path, message) {
            None => false,
            Some(Answered { asked: (host, rank), server, mapped }) => {
                self.answered(path.local(), host, rank, server, mapped);
                true
            }
        }
    }

    fn answered(
        &mut self,
        base: SocketAddr,
        host: usize,
        rank: usize,
        server: SocketAddr,
        mapped: Result<SocketAddr, GatheringFault>,
    ) {
        match mapped {
            Ok(mapped) => self.reflexive(base, host, rank, server, mapped),
            Err(fault) => {
                self.fail(GatheringFailure { local: base, server: Some(server), fault });
            }
        }
    }

    /// Repeats what was not answered, keeps mappings alive, and wakes the TURN clients.
    pub(crate) fn run(&mut self, now: Instant) {
        while let Some(due) = self.mappings.due(now, &mut self.entropy) {
            match due {
                Asking::Send(path, bytes) => {
                    self.out.push_back(Gathered::Transmit(path, bytes));
                }
                Asking::Failed(path) => {
                    let fault = GatheringFault::TimedOut;
                    let (local, server) = (path.local(), Some(path.remote()));
                    self.fail(GatheringFailure { local, server, fault });
                }
            }
        }
        self.relays.handle_timeout(now);
    }

    /// Hands an input to the TURN client of its path, if there is one.
    pub(crate) fn offer_to_relay<'a>(
        &mut self,
        now: Instant,
        path: &Path,
        input: Input<'a>,
    ) -> sans_io::Verdict<'a> {
        self.relays.offer(now, path, input)
    }

    /// The next thing that gathering wants done.
    pub(crate) fn poll(&mut self, now: Instant) -> Option<Gathered> {
        loop {
            if let Some(gathered) = self.out.pop_front() {
                return Some(gathered);
            }
            match self.relays.poll()? {
                relayed::Told::Gathered(gathered) => return Some(gathered),
                relayed::Told::Allocated { base, asked, relayed, mapped } => {
                    self.allocated(now, base, asked, (relayed, mapped));
                }
                relayed::Told::WrongFamily { asked: (host, index), other } => {
                    self.tasks.push_back(Task::Turn { host, index, family: other });
                }
                relayed::Told::Refused { base, asked: (host, index), fault, no_room } => {
                    let Some((server, _)) = self.turn_servers.get(index) else { continue };
                    let server = *server;
                    self.answered(base, host, 0, server, Err(fault));
                    if no_room && self.policy == Policy::All && !self.stun_servers.contains(&server)
                    {
                        // It can still say how it sees us (RFC 8445 §5.1.1.2).
                        let rank = self.stun_servers.len() + index;
                        self.tasks.push_back(Task::Stun { host, server, rank });
                    }
                }
            }
        }
    }

    /// Whether all that was asked for has been tried; told once.
    pub(crate) fn completed(&mut self) -> bool {
        let done = self.running
            && self.tasks.is_empty()
            && !self.hosts.are_opening()
            && !self.mappings.are_asking()
            && !self.relays.are_asking();
        if done {
            self.running = false;
        }
        done
    }

    /// The earliest deadline, apart from the pacer's.
    pub(crate) fn deadline(&self) -> Option<Instant> {
        [self.mappings.next(), self.relays.next()].into_iter().flatten().min()
    }

    /// ICE has concluded: mappings are no longer kept, relays and sockets that are not `used` are
    /// given up (RFC 8445 §8.3).
    pub(crate) fn free(&mut self, now: Instant, used: &[SocketAddr]) {
        self.tasks.clear();
        self.mappings.clear();
        let mut keep = self.relays.close_unused(now, used);
        keep.extend_from_slice(used);
        self.hosts.close_when_idle(&keep);
    }

    /// Mappings are no longer needed: a pair is selected.
    pub(crate) fn forget_mappings(&mut self) {
        self.mappings.clear();
    }

    /// Closes sockets that nothing needs any more.
    pub(crate) fn sweep(&mut self) {
        let relays = &self.relays;
        for id in self.hosts.closable(|base| relays.uses_base(base)) {
            self.out.push_back(Gathered::Socket(SocketRequest::Close(id)));
        }
    }

    fn fail(&mut self, failure: GatheringFailure) {
        let same =
            |old: &GatheringFailure| (old.local, old.server) == (failure.local, failure.server);
        self.failures.retain(|old| !same(old));
        if failure.server.is_some() {
            self.failures.push(failure);
        }
        self.out.push_back(Gathered::Failed(failure));
    }

    /// Servers that gave nothing.
    pub(crate) fn failures(&self) -> impl Iterator<Item = &GatheringFailure> {
        self.failures.iter()
    }

    /// All hosts, for explaining.
    pub(crate) fn hosts(&self) -> impl Iterator<Item = &Host> {
        self.hosts.iter()
    }
}

/// Whether a packet from `local` can get to `server`: one family, and loopback stays on the host.
fn reaches(local: SocketAddr, server: SocketAddr) -> bool {
    local.is_ipv4() == server.is_ipv4() && (!local.ip().is_loopback() || server.ip().is_loopback())
}

/// Why no sockets were asked for.
#[derive(Clone, Copy, Debug, PartialEq, Eq, thiserror::Error)]
pub enum GatherError {
    /// There is nothing to bind: packets must come from a known address.
    #[error("{0} is not the address of an interface")]
    Address(IpAddr),
    /// [`local_addresses_max`](IceConfig::local_addresses_max) would be passed.
    #[error("too many local addresses")]
    TooManyAddresses,
    /// The agent is closed.
    #[error("the agent is closed")]
    Closed,
}
