//! RFC 5382: what a NAT does with TCP.
use super::{Found, Level, Outcome, Requirement, beyond, must, should};
use crate::{
    Body, IcmpError, IcmpFault, IpPacket, Nat, Protocol, TopologyError,
    observe::segments::{Lab, syn, syn_ack},
};
use bytes::Bytes;
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
    must("RFC 5382 REQ-5 open", "a half-open session lives four minutes", half_open),
    must("RFC 5382 REQ-5 close", "so does one that is being closed", closing),
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

fn mapping(nat: &Nat) -> Found {
    let mut lab = Lab::new(1, vec![nat.clone()])?;
    let seen = [(0, 80), (0, 81), (1, 80)].map(|(server, to)| lab.syn(0, 5000, server, to));
    Ok(seen[0].map(|_| Outcome::when(seen.iter().all(|outside| *outside == seen[0]))))
}

fn handshake(nat: &Nat) -> Found {
    let mut lab = Lab::new(1, vec![nat.clone()])?;
    if lab.syn(0, 6000, 0, 80).is_none() {
        return Ok(None);
    }
    let session = lab.established();
    Ok(Some(Outcome::when(session.is_some_and(|session| lab.is_open(session)))))
}

fn simultaneous_open(nat: &Nat) -> Found {
    let mut lab = Lab::new(1, vec![nat.clone()])?;
    let (peer, at) = (lab.server(0, 80), lab.servers[0]);
    let Some(outside) = lab.syn(0, 5000, 0, 80) else { return Ok(None) };
    let passed = lab.answer(peer, outside, syn())
        && lab.out(0, 5000, peer, at, syn_ack()) == Some(outside)
        && lab.answer(peer, outside, syn_ack())
        && lab.is_open((peer, outside));
    Ok(Some(Outcome::when(passed)))
}

fn filtering(nat: &Nat) -> Found {
    let mut lab = Lab::new(1, vec![nat.clone()])?;
    let Some(outside) = lab.syn(0, 5000, 0, 80) else { return Ok(None) };
    let other_port = lab.server(0, 81);
    Ok(Some(Outcome::when(lab.answer(other_port, outside, syn()))))
}

/// What [`answer_to_syn`] gives when there is no answer.
const NEVER: u64 = 20;

/// After how many seconds an unsolicited SYN is answered.
fn answer_to_syn(nat: &Nat) -> Result<Option<u64>, TopologyError> {
    let mut lab = Lab::new(1, vec![nat.clone()])?;
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
    let mut lab = Lab::new(1, vec![nat.clone()])?;
    let Some(session) = lab.established() else { return Ok(None) };
    lab.wait(2 * 3_600 + 4 * 60 - 1);
    Ok(Some(Outcome::when(lab.is_open(session))))
}

fn closing(nat: &Nat) -> Found {
    let mut lab = Lab::new(1, vec![nat.clone()])?;
    let Some(session) = lab.established() else { return Ok(None) };
    if !lab.close(session) {
        return Ok(None);
    }
    lab.wait(4 * 60 - 1);
    Ok(Some(Outcome::when(lab.is_open(session))))
}

fn half_open(nat: &Nat) -> Found {
    let mut lab = Lab::new(1, vec![nat.clone()])?;
    let Some(outside) = lab.syn(0, 5000, 0, 80) else { return Ok(None) };
    lab.wait(4 * 60 - 1);
    Ok(Some(Outcome::when(lab.answer(lab.server(0, 80), outside, syn_ack()))))
}

fn overloading(nat: &Nat) -> Found {
    let mut lab = Lab::new(1, vec![nat.clone()])?;
    let (one, two) = (lab.syn(0, 5000, 0, 80), lab.syn(1, 5000, 1, 80));
    Ok(one.map(|_| Outcome::when(one != two)))
}

/// Whether the second host reaches the first by its outside address, once both filters are open,
/// and whether it shows its own outside address there.
fn hairpin(nat: &Nat) -> Result<Option<(bool, bool)>, TopologyError> {
    let mut lab = Lab::new(1, vec![nat.clone()])?;
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
    let mut lab = Lab::new(1, vec![nat.clone()])?;
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
