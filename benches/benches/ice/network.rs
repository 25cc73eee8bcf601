//! Two hosts, perhaps behind NATs, a STUN server, and the packets between them, in virtual time.
use crate::{
    link::{Link, Traffic},
    nat::Nat,
    peer::{Datagram, Side},
    random::Random,
};
use core::{
    cmp::{Ordering, Reverse},
    time::Duration,
};
use sans_io::{Input, Instant, Machine, Path, Verdict};
use std::{collections::BinaryHeap, net::SocketAddr};
use stun_proto::{BindingServer, ServerConfig};

/// Where the STUN server is.
pub(crate) const SERVER: SocketAddr =
    SocketAddr::new(std::net::IpAddr::V4(std::net::Ipv4Addr::new(192, 0, 2, 200)), 3478);

/// From one host to the other. The NATs are near the hosts, so that a packet with a smaller TTL
/// opens that of its sender and arrives nowhere.
const HOPS: u8 = 10;

/// From a host to the server and back: as far as to the other host in most worlds.
const SERVER_RTT: Duration = Duration::from_millis(50);

/// A packet under way, as the other end will see it.
#[derive(Clone, Debug)]
pub(crate) struct Flight {
    at: Instant,
    /// Those that arrive at one instant do so in the order in which they were sent.
    number: u64,
    pub(crate) from: SocketAddr,
    to: SocketAddr,
    pub(crate) bytes: Vec<u8>,
}

impl PartialEq for Flight {
    fn eq(&self, other: &Self) -> bool {
        self.number == other.number
    }
}

impl Eq for Flight {}

impl PartialOrd for Flight {
    fn partial_cmp(&self, other: &Self) -> Option<Ordering> {
        Some(self.cmp(other))
    }
}

impl Ord for Flight {
    fn cmp(&self, other: &Self) -> Ordering {
        (self.at, self.number).cmp(&(other.at, other.number))
    }
}

/// Whether packets pass between the addresses of A and of B with these indices.
pub(crate) type Passes = fn(usize, usize) -> bool;

pub(crate) struct Network {
    random: Random,
    traffic: [Traffic; 2],
    hosts: [Vec<SocketAddr>; 2],
    pub(crate) nats: [Option<Nat>; 2],
    passes: Passes,
    server: BindingServer,
    flights: BinaryHeap<Reverse<Flight>>,
    sent: u64,
}

impl Network {
    pub(crate) fn new(
        seed: u64,
        links: [Link; 2],
        hosts: [Vec<SocketAddr>; 2],
        nats: [Option<Nat>; 2],
        passes: Passes,
    ) -> Self {
        Self {
            random: Random::new(seed),
            traffic: links.map(Traffic::new),
            hosts,
            nats,
            passes,
            server: BindingServer::new(ServerConfig::default(), [0; 32]),
            flights: BinaryHeap::new(),
            sent: 0,
        }
    }

    pub(crate) const fn random(&mut self) -> &mut Random {
        &mut self.random
    }

    pub(crate) const fn link(&mut self, side: Side) -> &mut Link {
        &mut self.traffic[side as usize].link
    }

    /// What the other side sees of an address of this one.
    pub(crate) fn outer(&self, side: Side, local: SocketAddr) -> SocketAddr {
        self.nats[side as usize].as_ref().map_or(local, Nat::outer)
    }

    /// `since` the offer was heard; `None`: before that, when only the server is talked to.
    pub(crate) fn send(
        &mut self,
        now: Instant,
        since: Option<Duration>,
        side: Side,
        datagram: Datagram<'_>,
    ) {
        let Datagram { from, to, ttl, bytes } = datagram;
        let nat = self.nats[side as usize].as_mut();
        let from = nat.map_or(from, |nat| nat.leave(to));
        if to == SERVER {
            self.serve(now, from, bytes);
            return;
        }
        let arrives = ttl.is_none_or(|ttl| ttl >= HOPS);
        let Some(since) = since.filter(|_| arrives) else { return };
        let traffic = &mut self.traffic[side as usize];
        for at in traffic.arrivals(now, since, bytes.len(), &mut self.random) {
            self.fly(at, from, to, bytes.to_vec());
        }
    }

    fn fly(&mut self, at: Instant, from: SocketAddr, to: SocketAddr, bytes: Vec<u8>) {
        self.sent += 1;
        self.flights.push(Reverse(Flight { at, number: self.sent, from, to, bytes }));
    }

    fn serve(&mut self, now: Instant, client: SocketAddr, bytes: &[u8]) {
        let request = Input::received(Path::udp(SERVER, client), bytes);
        if let Verdict::Send(answer) = self.server.handle_input(now, request) {
            let bytes = answer.to_vec();
            self.fly(now.saturating_add(SERVER_RTT), SERVER, client, bytes);
        }
    }

    pub(crate) fn next_at(&self) -> Option<Instant> {
        self.flights.peek().map(|Reverse(flight)| flight.at)
    }

    /// The next packet that arrives by `now`, with whom it reaches and at which address.
    pub(crate) fn arrival(&mut self, now: Instant) -> Option<(Flight, Side, SocketAddr)> {
        while self.next_at().is_some_and(|at| at <= now) {
            let Reverse(flight) = self.flights.pop()?;
            if let Some((side, at)) = self.find(&flight) {
                return Some((flight, side, at));
            }
        }
        None
    }

    /// The host that a packet reaches, at which of its addresses.
    fn find(&self, flight: &Flight) -> Option<(Side, SocketAddr)> {
        Side::BOTH.into_iter().find_map(|side| {
            let host = &self.hosts[side as usize];
            if let Some(nat) = &self.nats[side as usize] {
                return nat.enter(flight.from, flight.to).map(|inner| (side, inner));
            }
            let mine = host.iter().position(|address| *address == flight.to)?;
            let theirs = &self.hosts[side.other() as usize];
            let theirs = theirs.iter().position(|address| *address == flight.from);
            // Whoever is behind a NAT is not seen by its own address, and has but one.
            let theirs = theirs.unwrap_or(0);
            let passes = match side {
                Side::A => (self.passes)(mine, theirs),
                Side::B => (self.passes)(theirs, mine),
            };
            passes.then_some((side, flight.to))
        })
    }
}
