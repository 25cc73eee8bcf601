//! Probing with single packets of TCP and ICMP. They are looked for in the log where they should arrive; the
//! hosts there are down, so that none answers.
use super::{Observer, TcpObservations, UnsolicitedFate};
use crate::{
    Dependence, Happening, Host, HostId, IcmpFault, IpPacket, Link, Nat, NodeId, Segment,
    TopologyError, World,
};
use bytes::Bytes;
use core::time::Duration;
use std::net::SocketAddr;

/// Two hosts behind NATs, two servers, and one that can pretend to be anybody.
pub(crate) struct Lab {
    pub(crate) world: World,
    pub(crate) inside: [HostId; 2],
    pub(crate) servers: [HostId; 2],
    forger: HostId,
}

impl Lab {
    pub(crate) fn new(seed: u64, nats: Vec<Nat>) -> Result<Self, TopologyError> {
        let Observer { mut world, inside, servers, .. } = Observer::new(seed, nats)?;
        let servers = servers.map(|sockets| sockets[0].host);
        let forger = world.add_host(Host::on_internet().over(Link::default()))?;
        world.keep_log();
        for host in inside.into_iter().chain(servers) {
            world.set_up(host, false);
        }
        Ok(Self { world, inside, servers, forger })
    }

    pub(crate) fn server(&self, which: usize, port: u16) -> SocketAddr {
        SocketAddr::new(self.world.address(self.servers[which]), port)
    }

    fn source(&self, host: usize, port: u16) -> SocketAddr {
        SocketAddr::new(self.world.address(self.inside[host]), port)
    }

    /// The packet that came to a host since the log had so many entries.
    pub(crate) fn arrived(&self, at: HostId, since: usize) -> Option<IpPacket> {
        let node = NodeId::from(at);
        let mut new = self.world.log().iter().skip(since);
        let found = new.find(|e| e.node == node && matches!(e.happening, Happening::Dropped(_)));
        found.map(|entry| entry.packet.clone())
    }

    /// Sends a segment from the inside to where `at` is. How it looks there.
    pub(crate) fn out(
        &mut self,
        host: usize,
        port: u16,
        to: SocketAddr,
        at: HostId,
        segment: Segment,
    ) -> Option<SocketAddr> {
        let packet = IpPacket::tcp(self.source(host, port), to, segment);
        let seen = self.carry(host, packet, at)?.source;
        Some(self.world.address_without(at, seen))
    }

    /// Sends a packet from the inside to where `at` is. How it looks there.
    fn carry(&mut self, host: usize, mut packet: IpPacket, at: HostId) -> Option<IpPacket> {
        packet.destination = self.world.address_for(self.inside[host], packet.destination);
        let since = self.world.log().len();
        self.world.set_up(self.inside[host], true);
        self.world.inject(self.inside[host], packet);
        self.world.set_up(self.inside[host], false);
        self.world.run_for(Duration::from_millis(10));
        self.arrived(at, since)
    }

    /// Pings a server. The address and id that the ping shows there.
    pub(crate) fn ping(&mut self, host: usize, id: u16, server: usize) -> Option<SocketAddr> {
        let (from, to) = (self.source(host, id).ip(), self.server(server, 0).ip());
        self.carry(host, IpPacket::echo(from, id, to, 1), self.servers[server])
            .map(|packet| packet.source)
    }

    /// A server answers a ping. Whether the first host gets it, with the id that it had sent.
    pub(crate) fn pong(&mut self, server: usize, outside: SocketAddr, id: u16) -> bool {
        let from = self.server(server, 0).ip();
        let seen = IpPacket::echo(outside.ip(), outside.port(), from, 1);
        let since = self.world.log().len();
        seen.echo_reply().is_some_and(|reply| self.comes_in(reply))
            && self.arrived(self.inside[0], since).is_some_and(|got| got.destination.port() == id)
    }

    /// A host inside reports an error about a packet that never came. Whether it gets out.
    pub(crate) fn false_report(&mut self) -> bool {
        let inside = self.source(0, 7777);
        let stranger = self.world.address_for(self.inside[0], self.server(1, 9999));
        let never = IpPacket::udp(stranger, inside, Bytes::new());
        let error = never.error(inside.ip(), IcmpFault::PortUnreachable);
        error.is_some_and(|error| self.carry(0, error, self.servers[1]).is_some())
    }

    pub(crate) fn syn(
        &mut self,
        host: usize,
        port: u16,
        server: usize,
        to: u16,
    ) -> Option<SocketAddr> {
        let (to, at) = (self.server(server, to), self.servers[server]);
        self.out(host, port, to, at, syn())
    }

    /// Sends a packet from the outside. Whether the first inside host gets it.
    pub(crate) fn comes_in(&mut self, packet: IpPacket) -> bool {
        let since = self.world.log().len();
        self.world.inject(self.forger, packet);
        self.world.run_for(Duration::from_millis(10));
        self.arrived(self.inside[0], since).is_some()
    }

    pub(crate) fn answer(&mut self, from: SocketAddr, to: SocketAddr, segment: Segment) -> bool {
        self.comes_in(IpPacket::tcp(from, to, segment))
    }

    /// An established session of the first host: the server's address, and the outside one.
    pub(crate) fn established(&mut self) -> Option<(SocketAddr, SocketAddr)> {
        let (from, outside) = (self.server(0, 80), self.syn(0, 5000, 0, 80)?);
        let answered = self.answer(from, outside, syn_ack());
        self.out(0, 5000, from, self.servers[0], ack())?;
        answered.then_some((from, outside))
    }

    pub(crate) fn is_open(&mut self, session: (SocketAddr, SocketAddr)) -> bool {
        self.answer(session.0, session.1, Segment { payload: Bytes::from("x"), ..ack() })
    }

    /// Both sides close a session. Whether both segments pass.
    pub(crate) fn close(&mut self, session: (SocketAddr, SocketAddr)) -> bool {
        let fin = || Segment { fin: true, ..ack() };
        self.out(0, 5000, session.0, self.servers[0], fin()).is_some()
            && self.answer(session.0, session.1, fin())
    }

    pub(crate) fn reset(&mut self, session: (SocketAddr, SocketAddr)) -> bool {
        self.answer(session.0, session.1, Segment { rst: true, ..ack() })
    }

    pub(crate) fn wait(&mut self, secs: u64) {
        self.world.run_for(Duration::from_secs(secs));
    }

    /// Maps a UDP port of the first host, and tells whether TCP gets in there.
    pub(crate) fn tcp_enters_by_udp(&mut self) -> Option<bool> {
        let since = self.world.log().len();
        let (source, to) = (self.source(0, 5000), self.server(0, 80));
        self.world.set_up(self.inside[0], true);
        let written = self.world.address_for(self.inside[0], to);
        self.world.inject(self.inside[0], IpPacket::udp(source, written, Bytes::from("x")));
        self.world.set_up(self.inside[0], false);
        self.wait(1);
        let outside = self.arrived(self.servers[0], since)?.source;
        Some(self.answer(to, outside, syn()))
    }
}

pub(crate) fn syn() -> Segment {
    Segment { syn: true, ..Segment::default() }
}

pub(crate) fn syn_ack() -> Segment {
    Segment { syn: true, acknowledges: Some(1), ..Segment::default() }
}

fn ack() -> Segment {
    Segment { sequence: 1, acknowledges: Some(1), ..Segment::default() }
}

impl Lab {
    /// What is seen of one inside port from four server ports, and of a stranger's SYN to it.
    pub(crate) fn observe(&mut self) -> TcpObservations {
        let ends = [(0, 8000), (0, 8001), (1, 8000), (1, 8001)];
        let seen = ends.map(|(server, port)| self.syn(0, 20_024, server, port));
        let [Some(a), Some(b), Some(c), Some(d)] = seen else {
            return TcpObservations { mapping: None, unsolicited_syn: UnsolicitedFate::Dropped };
        };
        let mapping = match (a == b && c == d, b == c) {
            (true, true) => Dependence::Endpoint,
            (true, false) => Dependence::Address,
            (false, _) => Dependence::AddressAndPort,
        };
        let stranger = self.server(1, 9999);
        let since = self.world.log().len();
        let accepted = self.answer(stranger, a, syn());
        let refused = self.arrived(self.servers[1], since).is_some();
        let unsolicited_syn = match (accepted, refused) {
            (true, _) => UnsolicitedFate::Accepted,
            (false, true) => UnsolicitedFate::Refused,
            (false, false) => UnsolicitedFate::Dropped,
        };
        TcpObservations { mapping: Some(mapping), unsolicited_syn }
    }
}
