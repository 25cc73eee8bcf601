//! RFC 5508: what a NAT does with ICMP.
use super::{Found, Level, Mapped, Outcome, Requirement, beyond, must, should};
use crate::{
    Body, Heard, IcmpError, IcmpFault, IpPacket, Nat, Observer, Peer, Protocol,
    observe::segments::Lab,
};
use bytes::Bytes;
use sans_io::PathFault;
use std::net::SocketAddr;

pub(super) const REQUIREMENTS: &[Requirement] = &[
    must("RFC 5508 REQ-1", "queries from the inside and their answers pass", queries),
    should("RFC 5508 REQ-1a", "a query id has one mapping for all destinations", one_mapping),
    must("RFC 5508 REQ-2", "query sessions live a minute", query_lives),
    beyond("RFC 5508 REQ-3", Level::Should, "errors with bad checksums are dropped"),
    should("RFC 5508 REQ-4", "errors from the outside without a mapping are dropped", no_mapping),
    must("RFC 5508 REQ-4a", "errors from the outside quote the packet as it was sent", quoted_in),
    must("RFC 5508 REQ-4b", "and keep their type and code", type_and_code),
    should("RFC 5508 REQ-5", "errors from the inside without a mapping are dropped", |nat| {
        Ok(Some(Outcome::when(!Lab::new(1, vec![nat.clone()])?.false_report())))
    }),
    must("RFC 5508 REQ-5a", "errors from the inside quote the packet as it was sent", quoted_out),
    must("RFC 5508 REQ-6", "errors neither refresh nor end a session", neither),
    must("RFC 5508 REQ-7", "errors are hairpinned", hairpinned),
    should("RFC 5508 REQ-8", "a host that gets no mapping is told so", exhausted),
    must("RFC 5508 REQ-10a.1", "Destination Unreachable is supported", quoted_in),
    must("RFC 5508 REQ-10a.2", "a packet whose TTL ends is reported", ttl),
    must("RFC 5508 REQ-10a.3", "echo requests and replies are supported", answered),
];

/// The id of the pings.
const ID: u16 = 7_001;

fn queries(nat: &Nat) -> Found {
    let mut lab = Lab::new(1, vec![nat.clone()])?;
    let seen = lab.ping(0, ID, 0);
    Ok(Some(Outcome::when(seen.is_some_and(|seen| lab.pong(0, seen, ID)))))
}

fn one_mapping(nat: &Nat) -> Found {
    let mut lab = Lab::new(1, vec![nat.clone()])?;
    let [one, other] = [0, 1].map(|server| lab.ping(0, ID, server));
    Ok(one.map(|_| Outcome::when(one == other)))
}

fn query_lives(nat: &Nat) -> Found {
    let mut lab = Lab::new(1, vec![nat.clone()])?;
    let Some(seen) = lab.ping(0, ID, 0) else { return Ok(None) };
    lab.wait(59);
    Ok(Some(Outcome::when(lab.pong(0, seen, ID))))
}

/// A host pings a server, as users do.
fn answered(nat: &Nat) -> Found {
    let mut lab = Observer::new(1, vec![nat.clone()])?;
    let server = lab.world.address(lab.servers[0][0].host);
    Ok(Some(Outcome::when(lab.world.ping(lab.inside[0], server).is_some())))
}

fn faults(mapped: &mut Mapped) -> Vec<Heard> {
    let heard = mapped.lab.world.take_events::<Peer>(mapped.socket);
    heard.into_iter().map(|(_, heard)| heard).filter(|heard| heard.fault.is_some()).collect()
}

/// What a socket is told of a fault on the way to an address.
const fn reported(fault: IcmpFault, to: SocketAddr) -> PathFault {
    if matches!(fault, IcmpFault::TimeExceeded) {
        return PathFault::TimeExceeded;
    }
    let (kind, code) = fault.type_and_code(to.is_ipv6());
    PathFault::Unreachable { kind, code }
}

/// A closed port of the server.
fn closed(mapped: &Mapped) -> SocketAddr {
    let server = mapped.lab.world.peer_address(mapped.server);
    SocketAddr::new(server.ip(), 9)
}

fn no_mapping(nat: &Nat) -> Found {
    let Some(mut mapped) = Mapped::new(nat)? else { return Ok(None) };
    faults(&mut mapped);
    // The error quotes a packet to somebody the socket never sent anything.
    let mut packet = IpPacket::udp(closed(&mapped), mapped.outside, Bytes::new());
    let error = IcmpError {
        fault: IcmpFault::PortUnreachable,
        protocol: Protocol::Udp,
        source: SocketAddr::new(mapped.outside.ip(), mapped.outside.port() ^ 0x100),
        destination: closed(&mapped),
    };
    packet.body = Body::Error(error);
    mapped.lab.world.inject(mapped.server.host, packet);
    mapped.wait(1);
    Ok(Some(Outcome::when(faults(&mut mapped).is_empty())))
}

fn refused(nat: &Nat) -> Result<Option<(Vec<Heard>, SocketAddr)>, crate::TopologyError> {
    let Some(mut mapped) = Mapped::new(nat)? else { return Ok(None) };
    let closed = closed(&mapped);
    let closed = mapped.written(closed);
    mapped.lab.world.with(mapped.socket, |peer: &mut Peer, now| peer.send(now, closed, "x"));
    mapped.wait(1);
    Ok(Some((faults(&mut mapped), closed)))
}

fn quoted_in(nat: &Nat) -> Found {
    let heard = refused(nat)?;
    Ok(heard.map(|(heard, closed)| Outcome::when(heard.iter().any(|h| h.from == closed))))
}

fn type_and_code(nat: &Nat) -> Found {
    let same = |(heard, closed): (Vec<Heard>, SocketAddr)| {
        let fault = Some(reported(IcmpFault::PortUnreachable, closed));
        heard.iter().any(|heard| heard.fault == fault)
    };
    Ok(refused(nat)?.map(|found| Outcome::when(same(found))))
}

fn quoted_out(nat: &Nat) -> Found {
    let Some(mut mapped) = Mapped::new(nat)? else { return Ok(None) };
    mapped.lab.close(mapped.socket);
    let told = mapped.lab.is_refused(mapped.server, mapped.outside);
    Ok(Some(Outcome::when(told)))
}

/// When the mapping ends, in seconds up to 20 minutes, with and without an error on the way.
fn neither(nat: &Nat) -> Found {
    let life = |with_error: bool| -> Result<Option<u64>, crate::TopologyError> {
        let (mut low, mut high) = (0, 1_200);
        while low < high {
            let middle = u64::midpoint(low, high + 1);
            let Some(mut mapped) = Mapped::new(nat)? else { return Ok(None) };
            mapped.wait(5);
            if with_error {
                let (lab, server) = (&mut mapped.lab, mapped.server);
                let to = SocketAddr::new(mapped.outside.ip(), 0);
                let source = SocketAddr::new(lab.world.address(server.host), 0);
                let mut packet = IpPacket::udp(source, to, Bytes::new());
                packet.body = Body::Error(IcmpError {
                    fault: IcmpFault::HostUnreachable,
                    protocol: Protocol::Udp,
                    source: mapped.outside,
                    destination: lab.world.peer_address(server),
                });
                lab.world.inject(server.host, packet);
            }
            mapped.wait(middle);
            if mapped.is_open() { low = middle } else { high = middle - 1 }
        }
        Ok(Some(low))
    };
    let (Some(without), Some(with)) = (life(false)?, life(true)?) else { return Ok(None) };
    Ok(Some(Outcome::when(without == with)))
}

/// One host sends to the outside address of the other's socket, which is closed by now.
fn hairpinned(nat: &Nat) -> Found {
    let Some(mut mapped) = Mapped::new(nat)? else { return Ok(None) };
    let port = mapped.lab.fresh_port();
    let other = mapped.lab.open(1, port);
    let server = mapped.server;
    let Some(other_outside) = mapped.lab.seen_by(other, server) else { return Ok(None) };
    // So that filters let the other in.
    mapped.lab.try_send(mapped.socket, other_outside, other);
    mapped.lab.close(mapped.socket);
    let told = mapped.lab.is_refused(other, mapped.outside);
    Ok(Some(Outcome::when(told)))
}

/// On a copy of the NAT with 64 ports.
fn exhausted(nat: &Nat) -> Found {
    let nat = Nat { model: nat.model.clone().with_64_ports(), ..nat.clone() };
    let Some(mut mapped) = Mapped::new(&nat)? else { return Ok(None) };
    let server = mapped.server;
    let to = mapped.lab.world.peer_address(server);
    for _ in 0..200 {
        let port = mapped.lab.fresh_port();
        let socket = mapped.lab.open(0, port);
        if mapped.lab.seen_by(socket, server).is_none() {
            let told = mapped.lab.is_refused(socket, to);
            return Ok(Some(Outcome::when(told)));
        }
    }
    Ok(None)
}

fn ttl(nat: &Nat) -> Found {
    let Some(mut mapped) = Mapped::new(nat)? else { return Ok(None) };
    let to = mapped.written(mapped.lab.world.peer_address(mapped.server));
    mapped.lab.world.with(mapped.socket, |peer: &mut Peer, now| {
        peer.send_with_ttl(now, to, 1, "x");
    });
    mapped.wait(1);
    let exceeded = Some(reported(IcmpFault::TimeExceeded, to));
    Ok(Some(Outcome::when(faults(&mut mapped).iter().any(|heard| heard.fault == exceeded))))
}
