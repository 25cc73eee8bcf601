//! RFC 5382, and what RFC 7857 adds to it: what a NAT does with TCP. Single segments are sent, and
//! looked for in the log; the hosts are down when something comes, so that none answers.
use super::{Found, Level, Outcome, Requirement, beyond, must, should};
use crate::{
    Body, Happening, Host, HostId, IcmpError, IcmpFault, IpPacket, Link, Nat, NodeId, Protocol,
    Segment, TopologyError, World,
};
use bytes::Bytes;
use core::time::Duration;
use std::net::SocketAddr;

pub(super) const REQUIREMENTS: &[Requirement] = &[
    must("RFC 5382 REQ-1", "endpoint-independent mapping", mapping),
    must("RFC 5382 REQ-2", "the three-way handshake passes", handshake),
    must("RFC 5382 REQ-2a", "so does the simultaneous open", simultaneous_open),
    should("RFC 5382 REQ-3", "filtering no stricter than by address", filtering),
    must("RFC 5382 REQ-4", "silence on an unsolicited SYN for six seconds", |nat| {
        Ok(answer_to_syn(nat)?.map(|after| Outcome::when(after >= 6)))
    }),
    should("RFC 5382 REQ-4 error", "then an ICMP error", |nat| {
        Ok(answer_to_syn(nat)?.map(|after| Outcome::when((6..NEVER).contains(&after))))
    }),
    must("RFC 5382 REQ-5", "an established session lives 2 hours and 4 minutes", established),
    must("RFC 5382 REQ-5 open", "a half-open session lives four minutes", transitory),
    beyond("RFC 5382 REQ-6", Level::Should, "application gateways are off"),
    must("RFC 5382 REQ-7", "no outside port shared between inside sockets", overloading),
    must("RFC 5382 REQ-8", "hairpinning", |nat| {
        Ok(hairpin(nat)?.map(|(arrives, _)| Outcome::when(arrives)))
    }),
    must("RFC 5382 REQ-8a", "hairpinned packets show their outside source", |nat| {
        Ok(hairpin(nat)?.map(|(_, outside)| Outcome::when(outside)))
    }),
    should("RFC 5382 REQ-9", "Destination Unreachable finds its way in", |nat| {
        Ok(icmp(nat)?.map(|(told, _)| Outcome::when(told)))
    }),
    must("RFC 5382 REQ-10", "ICMP errors end no connection", |nat| {
        Ok(icmp(nat)?.map(|(_, alive)| Outcome::when(alive)))
    }),
];

/// Two hosts behind a NAT, two servers, and one that can pretend to be anybody.
pub(super) struct Lab {
    world: World,
    inside: [HostId; 2],
    servers: [HostId; 2],
    forger: HostId,
}

impl Lab {
    pub(super) fn new(nat: &Nat) -> Result<Self, TopologyError> {
        let mut world = World::new(1);
        let nat = world.add_nat(nat.clone().over(Link::default()))?;
        let inside = [world.add_host(Host::behind(nat))?, world.add_host(Host::behind(nat))?];
        let mut server = || world.add_host(Host::on_internet().over(Link::default()));
        let (servers, forger) = ([server()?, server()?], server()?);
        world.keep_log();
        for host in inside.into_iter().chain(servers) {
            world.set_up(host, false);
        }
        Ok(Self { world, inside, servers, forger })
    }

    fn server(&self, which: usize, port: u16) -> SocketAddr {
        SocketAddr::new(self.world.address(self.servers[which]), port)
    }

    fn source(&self, host: usize, port: u16) -> SocketAddr {
        SocketAddr::new(self.world.address(self.inside[host]), port)
    }

    /// The packet that came to a host since the log had so many entries.
    fn arrived(&self, at: HostId, since: usize) -> Option<IpPacket> {
        let node = NodeId::from(at);
        let mut new = self.world.log().iter().skip(since);
        let found = new.find(|e| e.node == node && matches!(e.happening, Happening::Dropped(_)));
        found.map(|entry| entry.packet.clone())
    }

    /// Sends a segment from the inside to where `at` is. How it looks there.
    fn out(
        &mut self,
        host: usize,
        port: u16,
        to: SocketAddr,
        at: HostId,
        segment: Segment,
    ) -> Option<SocketAddr> {
        let since = self.world.log().len();
        let packet = IpPacket::tcp(self.source(host, port), to, segment);
        self.world.set_up(self.inside[host], true);
        self.world.inject(self.inside[host], packet);
        self.world.set_up(self.inside[host], false);
        self.world.run_for(Duration::from_millis(10));
        self.arrived(at, since).map(|packet| packet.source)
    }

    fn syn(&mut self, host: usize, port: u16, server: usize, to: u16) -> Option<SocketAddr> {
        let (to, at) = (self.server(server, to), self.servers[server]);
        self.out(host, port, to, at, syn())
    }

    /// Sends a packet from the outside. Whether the first inside host gets it.
    fn comes_in(&mut self, packet: IpPacket) -> bool {
        let since = self.world.log().len();
        self.world.inject(self.forger, packet);
        self.world.run_for(Duration::from_millis(10));
        self.arrived(self.inside[0], since).is_some()
    }

    fn answer(&mut self, from: SocketAddr, to: SocketAddr, segment: Segment) -> bool {
        self.comes_in(IpPacket::tcp(from, to, segment))
    }

    /// An established session of the first host: the server's address, and the outside one.
    pub(super) fn established(&mut self) -> Option<(SocketAddr, SocketAddr)> {
        let (from, outside) = (self.server(0, 80), self.syn(0, 5000, 0, 80)?);
        let answered = self.answer(from, outside, syn_ack());
        self.out(0, 5000, from, self.servers[0], ack())?;
        answered.then_some((from, outside))
    }

    pub(super) fn is_open(&mut self, session: (SocketAddr, SocketAddr)) -> bool {
        self.answer(session.0, session.1, Segment { payload: Bytes::from("x"), ..ack() })
    }

    pub(super) fn reset(&mut self, session: (SocketAddr, SocketAddr)) -> bool {
        self.answer(session.0, session.1, Segment { rst: true, ..ack() })
    }

    pub(super) fn wait(&mut self, secs: u64) {
        self.world.run_for(Duration::from_secs(secs));
    }

    /// Maps a UDP port of the first host, and tells whether TCP gets in there.
    pub(super) fn tcp_enters_by_udp(&mut self) -> Option<bool> {
        let since = self.world.log().len();
        let (source, to) = (self.source(0, 5000), self.server(0, 80));
        self.world.set_up(self.inside[0], true);
        self.world.inject(self.inside[0], IpPacket::udp(source, to, Bytes::from("x")));
        self.world.set_up(self.inside[0], false);
        self.wait(1);
        let outside = self.arrived(self.servers[0], since)?.source;
        Some(self.answer(to, outside, syn()))
    }
}

fn syn() -> Segment {
    Segment { syn: true, ..Segment::default() }
}

fn syn_ack() -> Segment {
    Segment { syn: true, acknowledges: Some(1), ..Segment::default() }
}

fn ack() -> Segment {
    Segment { sequence: 1, acknowledges: Some(1), ..Segment::default() }
}

fn mapping(nat: &Nat) -> Found {
    let mut lab = Lab::new(nat)?;
    let seen = [(0, 80), (0, 81), (1, 80)].map(|(server, to)| lab.syn(0, 5000, server, to));
    Ok(seen[0].map(|_| Outcome::when(seen.iter().all(|outside| *outside == seen[0]))))
}

fn handshake(nat: &Nat) -> Found {
    let mut lab = Lab::new(nat)?;
    if lab.syn(0, 6000, 0, 80).is_none() {
        return Ok(None);
    }
    let session = lab.established();
    Ok(Some(Outcome::when(session.is_some_and(|session| lab.is_open(session)))))
}

fn simultaneous_open(nat: &Nat) -> Found {
    let mut lab = Lab::new(nat)?;
    let (peer, at) = (lab.server(0, 80), lab.servers[0]);
    let Some(outside) = lab.syn(0, 5000, 0, 80) else { return Ok(None) };
    let passed = lab.answer(peer, outside, syn())
        && lab.out(0, 5000, peer, at, syn_ack()) == Some(outside)
        && lab.answer(peer, outside, syn_ack())
        && lab.is_open((peer, outside));
    Ok(Some(Outcome::when(passed)))
}

fn filtering(nat: &Nat) -> Found {
    let mut lab = Lab::new(nat)?;
    let Some(outside) = lab.syn(0, 5000, 0, 80) else { return Ok(None) };
    let other_port = lab.server(0, 81);
    Ok(Some(Outcome::when(lab.answer(other_port, outside, syn()))))
}

/// What [`answer_to_syn`] gives when there is no answer.
const NEVER: u64 = 20;

/// After how many seconds an unsolicited SYN is answered.
fn answer_to_syn(nat: &Nat) -> Result<Option<u64>, TopologyError> {
    let mut lab = Lab::new(nat)?;
    let Some(outside) = lab.syn(0, 5000, 0, 80) else { return Ok(None) };
    let unused = SocketAddr::new(outside.ip(), outside.port() ^ 0x100);
    let since = lab.world.log().len();
    if lab.answer(lab.server(1, 80), unused, syn()) {
        return Ok(None); // It was not unsolicited: everything is let in.
    }
    for secs in 0..NEVER {
        if lab.arrived(lab.servers[1], since).is_some() {
            return Ok(Some(secs));
        }
        lab.wait(1);
    }
    Ok(Some(NEVER))
}

fn established(nat: &Nat) -> Found {
    let mut lab = Lab::new(nat)?;
    let Some(session) = lab.established() else { return Ok(None) };
    lab.wait(2 * 3_600 + 4 * 60 - 1);
    Ok(Some(Outcome::when(lab.is_open(session))))
}

fn transitory(nat: &Nat) -> Found {
    let mut lab = Lab::new(nat)?;
    let Some(outside) = lab.syn(0, 5000, 0, 80) else { return Ok(None) };
    lab.wait(4 * 60 - 1);
    Ok(Some(Outcome::when(lab.answer(lab.server(0, 80), outside, syn_ack()))))
}

fn overloading(nat: &Nat) -> Found {
    let mut lab = Lab::new(nat)?;
    let (one, two) = (lab.syn(0, 5000, 0, 80), lab.syn(1, 5000, 1, 80));
    Ok(one.map(|_| Outcome::when(one != two)))
}

/// Whether the second host reaches the first by its outside address, once both filters are open,
/// and whether it shows its own outside address there.
fn hairpin(nat: &Nat) -> Result<Option<(bool, bool)>, TopologyError> {
    let mut lab = Lab::new(nat)?;
    let Some(one) = lab.syn(0, 5000, 0, 80) else { return Ok(None) };
    let Some(two) = lab.syn(1, 6000, 0, 80) else { return Ok(None) };
    let inside = lab.inside;
    lab.out(0, 5000, two, inside[1], syn());
    let seen = lab.out(1, 6000, one, inside[0], syn());
    let outside = seen.is_some_and(|seen| seen == two || seen.ip() == one.ip());
    Ok(Some((seen.is_some(), outside)))
}

/// Whether an ICMP error about a SYN comes in, and whether the SYN's answer still does then.
fn icmp(nat: &Nat) -> Result<Option<(bool, bool)>, TopologyError> {
    let mut lab = Lab::new(nat)?;
    let Some(outside) = lab.syn(0, 5000, 0, 80) else { return Ok(None) };
    let server = lab.server(0, 80);
    let (from, to) = (SocketAddr::new(server.ip(), 0), SocketAddr::new(outside.ip(), 0));
    let mut packet = IpPacket::udp(from, to, Bytes::new());
    packet.body = Body::Error(IcmpError {
        fault: IcmpFault::HostUnreachable,
        protocol: Protocol::Tcp,
        source: outside,
        destination: server,
    });
    let told = lab.comes_in(packet);
    Ok(Some((told, lab.answer(server, outside, syn_ack()))))
}
