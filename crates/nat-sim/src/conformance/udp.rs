//! RFC 4787: what a NAT does with UDP.
use super::{Found, Level, Mapped, Outcome, Requirement, beyond, must, should};
use crate::{
    Body, Dependence, Hairpin, IcmpError, IcmpFault, IpPacket, Link, Nat, Observer, Protocol,
};
use bytes::Bytes;
use sans_io::{Packet, PacketMeta, Path, PathFault};
use std::{collections::BTreeSet, net::SocketAddr};

pub(super) const REQUIREMENTS: &[Requirement] = &[
    must("RFC 4787 REQ-1", "endpoint-independent mapping", |nat| {
        observed(nat, |seen| seen.mapping == Some(Dependence::Endpoint))
    }),
    should("RFC 4787 REQ-2", "one outside address for each inside address", pooling),
    must("RFC 4787 REQ-3", "no outside port shared between inside sockets", |nat| {
        observed(nat, |seen| !seen.overloads)
    }),
    should("RFC 4787 REQ-3a", "well-known ports stay well-known, others do not become so", classes),
    should("RFC 4787 REQ-4", "even ports stay even, odd ones odd", parity),
    must("RFC 4787 REQ-5", "mappings live two minutes", |nat| lives(nat, 119)),
    should("RFC 4787 REQ-5c", "mappings live five minutes", |nat| lives(nat, 299)),
    must("RFC 4787 REQ-6", "packets from the inside keep a mapping alive", refresh),
    beyond("RFC 4787 REQ-7", Level::Must, "copes with an outside network like the inside one"),
    should("RFC 4787 REQ-8", "filtering no stricter than by address", |nat| {
        observed(nat, |seen| seen.filtering.is_some_and(|f| f <= Dependence::Address))
    }),
    must("RFC 4787 REQ-9", "hairpinning", |nat| {
        Ok(hairpin(nat)?.map(|seen| Outcome::when(seen != Hairpin::None)))
    }),
    must("RFC 4787 REQ-9a", "hairpinned packets show their outside source", |nat| {
        Ok(hairpin(nat)?.map(|seen| Outcome::when(seen == Hairpin::ExternalSource)))
    }),
    should("RFC 4787 REQ-10", "payload that holds addresses is left alone", payload),
    must("RFC 4787 REQ-11", "behaves the same when ports collide", deterministic),
    must("RFC 4787 REQ-12", "ICMP errors end no mapping", icmp_ends_nothing),
    should("RFC 4787 REQ-12a", "ICMP errors may come from any address", icmp_from_anywhere),
    should("RFC 4787 REQ-12b", "Destination Unreachable finds its way in", |nat| {
        observed(nat, |seen| seen.icmp_arrives)
    }),
    must("RFC 4787 REQ-13", "a packet too big to pass is reported to its sender", too_big),
    must("RFC 4787 REQ-13a", "and fragmented where it may be", fragments),
    beyond("RFC 4787 REQ-14", Level::Must, "passes fragments that come out of order"),
];

pub(super) fn observed(nat: &Nat, met: fn(&crate::Observations) -> bool) -> Found {
    let seen = crate::observe(1, vec![nat.clone()])?;
    Ok(seen.mapping.map(|_| Outcome::when(met(&seen))))
}

/// What hairpinning looks like once both sides have opened their filters.
fn hairpin(nat: &Nat) -> Result<Option<Hairpin>, crate::TopologyError> {
    let mut lab = Observer::new(1, vec![nat.clone()])?;
    let server = lab.servers[0][0];
    let (one, two) = (lab.open(0, 5000), lab.open(1, 6000));
    let Some(first) = lab.seen_by(one, server) else { return Ok(None) };
    let Some(second) = lab.seen_by(two, server) else { return Ok(None) };
    lab.try_send(one, second, two);
    Ok(Some(match lab.try_send(two, first, one) {
        None => Hairpin::None,
        // Where mappings depend on the destination, it has another port than the server saw.
        Some(from) if from == second || from.ip() == first.ip() => Hairpin::ExternalSource,
        Some(_) => Hairpin::InternalSource,
    }))
}

fn pooling(nat: &Nat) -> Found {
    let mut nat = nat.clone();
    for last in 1..=4 {
        nat = nat.with_address(SocketAddr::from(([198, 18, 0, last], 0)).ip());
    }
    let mut lab = Observer::new(1, vec![nat])?;
    let server = lab.servers[0][0];
    for host in 0..2 {
        let mut addresses = BTreeSet::new();
        for _ in 0..8 {
            let port = lab.fresh_port();
            let socket = lab.open(host, port);
            let Some(seen) = lab.seen_by(socket, server) else { return Ok(None) };
            addresses.insert(seen.ip());
        }
        if addresses.len() > 1 {
            return Ok(Some(Outcome::Failed));
        }
    }
    Ok(Some(Outcome::Met))
}

/// The outside ports of these inside ports, each of both hosts, so that some collide.
fn outside_ports(
    nat: &Nat,
    ports: &[u16],
) -> Result<Option<Vec<(u16, u16)>>, crate::TopologyError> {
    let mut lab = Observer::new(1, vec![nat.clone()])?;
    let server = lab.servers[0][0];
    let mut pairs = Vec::new();
    for port in ports {
        for host in 0..2 {
            let socket = lab.open(host, *port);
            let Some(seen) = lab.seen_by(socket, server) else { return Ok(None) };
            pairs.push((*port, seen.port()));
        }
    }
    Ok(Some(pairs))
}

fn classes(nat: &Nat) -> Found {
    let pairs = outside_ports(nat, &[100, 500, 700, 1023, 1024, 5000, 50_000])?;
    let kept = |pairs: Vec<(u16, u16)>| pairs.iter().all(|(i, o)| (*i < 1024) == (*o < 1024));
    Ok(pairs.map(|pairs| Outcome::when(kept(pairs))))
}

fn parity(nat: &Nat) -> Found {
    let pairs = outside_ports(nat, &[5000, 5001, 5002, 5003, 5004, 5005, 5006, 5007])?;
    let kept = |pairs: Vec<(u16, u16)>| pairs.iter().all(|(i, o)| i % 2 == o % 2);
    Ok(pairs.map(|pairs| Outcome::when(kept(pairs))))
}

fn lives(nat: &Nat, secs: u64) -> Found {
    let Some(mut mapped) = Mapped::new(nat)? else { return Ok(None) };
    mapped.wait(secs);
    Ok(Some(Outcome::when(mapped.is_open())))
}

/// Ten minutes of one packet out every five seconds, and nothing coming in.
fn refresh(nat: &Nat) -> Found {
    let Some(mut mapped) = Mapped::new(nat)? else { return Ok(None) };
    for _ in 0..120 {
        mapped.wait(5);
        mapped.refresh();
    }
    Ok(Some(Outcome::when(mapped.is_open())))
}

fn payload(nat: &Nat) -> Found {
    let Some(mut mapped) = Mapped::new(nat)? else { return Ok(None) };
    let (from, to) = (mapped.lab.world.peer_address(mapped.socket), mapped.server);
    let to = mapped.written(mapped.lab.world.peer_address(to));
    // The address as text and in binary, as a meddling gateway would look for it.
    let mut text = from.to_string().into_bytes();
    if let SocketAddr::V4(v4) = from {
        text.extend_from_slice(&v4.ip().octets());
        text.extend_from_slice(&v4.port().to_be_bytes());
    }
    let path = Path::udp(from, to);
    mapped.lab.world.transmit(mapped.socket.host, &Packet::new(path, &text));
    mapped.wait(1);
    let heard = mapped.lab.world.take_events::<crate::Peer>(mapped.server);
    Ok(Some(Outcome::when(heard.iter().any(|(_, heard)| heard.bytes[..] == text[..]))))
}

/// Two hosts use the same port, first towards one server, then towards others: each socket still
/// has one mapping (or as many as without collision).
fn deterministic(nat: &Nat) -> Found {
    let alone = crate::observe(1, vec![nat.clone()])?;
    if alone.mapping != Some(Dependence::Endpoint) {
        // Mappings by destination do not depend on who else is there.
        return Ok(alone.mapping.map(|_| Outcome::Met));
    }
    let mut lab = Observer::new(1, vec![nat.clone()])?;
    let [[a, b], [c, d]] = lab.servers;
    let port = lab.fresh_port();
    let sockets = [lab.open(0, port), lab.open(1, port)];
    let mut seen = [BTreeSet::new(), BTreeSet::new()];
    for (first, second) in [(a, c), (b, b), (c, a), (d, d)] {
        seen[0].extend(lab.seen_by(sockets[0], first));
        seen[1].extend(lab.seen_by(sockets[1], second));
    }
    Ok(Some(Outcome::when(seen.iter().all(|outside| outside.len() == 1))))
}

/// An ICMP error from the outside about what the socket sent to its server.
fn error(mapped: &Mapped, reporter: [u8; 4], fault: IcmpFault) -> IpPacket {
    let server = mapped.lab.world.peer_address(mapped.server);
    let mut packet = IpPacket::udp(
        SocketAddr::from((reporter, 0)),
        SocketAddr::new(mapped.outside.ip(), 0),
        Bytes::new(),
    );
    packet.body = Body::Error(IcmpError {
        fault,
        protocol: Protocol::Udp,
        source: mapped.outside,
        destination: server,
    });
    packet
}

pub(super) fn icmp_ends_nothing(nat: &Nat) -> Found {
    let Some(mut mapped) = Mapped::new(nat)? else { return Ok(None) };
    let faults = [
        IcmpFault::PortUnreachable,
        IcmpFault::HostUnreachable,
        IcmpFault::Prohibited,
        IcmpFault::TimeExceeded,
        IcmpFault::TooBig { mtu: 1280 },
    ];
    for fault in faults {
        let packet = error(&mapped, [192, 0, 2, 77], fault);
        mapped.lab.world.inject(mapped.server.host, packet);
        mapped.wait(1);
    }
    Ok(Some(Outcome::when(mapped.is_open())))
}

fn icmp_from_anywhere(nat: &Nat) -> Found {
    let Some(mut mapped) = Mapped::new(nat)? else { return Ok(None) };
    mapped.lab.world.take_events::<crate::Peer>(mapped.socket);
    let packet = error(&mapped, [192, 0, 2, 77], IcmpFault::HostUnreachable);
    mapped.lab.world.inject(mapped.server.host, packet);
    mapped.wait(1);
    let heard = mapped.lab.world.take_events::<crate::Peer>(mapped.socket);
    Ok(Some(Outcome::when(heard.iter().any(|(_, heard)| heard.fault.is_some()))))
}

/// Sends 1,400 bytes through a NAT whose outside link takes 1,280.
fn send_big(nat: &Nat, dont_fragment: bool) -> Result<Option<Mapped>, crate::TopologyError> {
    let Some(mut mapped) = Mapped::new(nat)? else { return Ok(None) };
    let narrow = Link::default().with_mtu(1280);
    mapped.lab.world.set_links(mapped.lab.nats[0], narrow, narrow);
    let world = &mut mapped.lab.world;
    world.take_events::<crate::Peer>(mapped.socket);
    world.take_events::<crate::Peer>(mapped.server);
    let (from, to) = (world.peer_address(mapped.socket), world.peer_address(mapped.server));
    let path = Path::udp(from, world.address_for(mapped.socket.host, to));
    let meta = PacketMeta { dont_fragment, ..PacketMeta::default() };
    world.transmit(mapped.socket.host, &Packet::new(path, &[0; 1400]).with_meta(meta));
    mapped.wait(1);
    Ok(Some(mapped))
}

fn too_big(nat: &Nat) -> Found {
    let Some(mut mapped) = send_big(nat, true)? else { return Ok(None) };
    let heard = mapped.lab.world.take_events::<crate::Peer>(mapped.socket);
    // Inside a NAT64 the header is longer by 20 bytes.
    let inside = mapped.lab.world.peer_address(mapped.socket);
    let told = Some(PathFault::TooBig { mtu: if inside.is_ipv6() { 1300 } else { 1280 } });
    Ok(Some(Outcome::when(heard.iter().any(|(_, heard)| heard.fault == told))))
}

fn fragments(nat: &Nat) -> Found {
    let Some(mut mapped) = send_big(nat, false)? else { return Ok(None) };
    if mapped.lab.world.peer_address(mapped.socket).is_ipv6() {
        return Ok(None); // Only hosts fragment IPv6 packets.
    }
    let heard = mapped.lab.world.take_events::<crate::Peer>(mapped.server);
    Ok(Some(Outcome::when(heard.iter().any(|(_, heard)| heard.bytes.len() == 1400))))
}
