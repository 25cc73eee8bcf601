//! RFC 7857: what was changed and made clear later.
use super::{Found, Level, Mapped, Outcome, Requirement, beyond, must, should};
use crate::{Dependence, Nat, Observer, TopologyError, observe::segments::Lab};
use std::net::{IpAddr, Ipv4Addr};

pub(super) const REQUIREMENTS: &[Requirement] = &[
    must("RFC 7857 §2.2", "a reset is translated", |nat| {
        Ok(reset(nat)?.map(|(passes, _)| Outcome::when(passes)))
    }),
    should("RFC 7857 §2.2 wait", "and its session lives on for four minutes", |nat| {
        Ok(reset(nat)?.map(|(_, lives)| Outcome::when(lives)))
    }),
    should("RFC 7857 §4", "a host whose outside address is out of ports gets no other", paired),
    should("RFC 7857 §5", "mappings are made for each protocol", protocols),
    should("RFC 7857 §6", "filters are opened for each protocol", protocols),
    should("RFC 7857 §7", "packets that are filtered out refresh nothing", filtered),
    should("RFC 7857 §7.1", "errors from the inside refresh nothing", errors),
    should("RFC 7857 §9", "ports that change are hard to guess", unguessable),
    beyond("RFC 7857 §10", Level::Should, "the identification of IPv4 packets stays unique"),
];

/// Whether a reset passes, and whether its session is there for nearly four minutes more.
fn reset(nat: &Nat) -> Result<Option<(bool, bool)>, TopologyError> {
    let mut lab = Lab::new(1, vec![nat.clone()])?;
    let Some(session) = lab.established() else { return Ok(None) };
    let passes = lab.reset(session);
    lab.wait(239);
    Ok(Some((passes, lab.is_open(session))))
}

fn protocols(nat: &Nat) -> Found {
    let entered = Lab::new(1, vec![nat.clone()])?.tcp_enters_by_udp();
    Ok(entered.map(|entered| Outcome::when(!entered)))
}

/// On a copy of the NAT with two outside addresses of 64 ports each.
fn paired(nat: &Nat) -> Found {
    let mut nat = Nat { model: nat.model.clone().with_64_ports(), ..nat.clone() };
    for last in 1..=2 {
        nat = nat.with_address(IpAddr::V4(Ipv4Addr::new(198, 18, 0, last)));
    }
    let mut lab = Observer::new(1, vec![nat])?;
    let server = lab.servers[0][0];
    let mut first = None;
    for n in 0..200 {
        let port = lab.fresh_port();
        let socket = lab.open(0, port);
        match (lab.seen_by(socket, server), first) {
            (None, None) => return Ok(None),
            (None, Some(_)) => return Ok(Some(Outcome::Met)),
            (Some(seen), Some(ip)) if seen.ip() != ip => {
                // Another address although there were ports left is no pairing at all.
                return Ok((n >= 64).then_some(Outcome::Failed));
            }
            (Some(seen), _) => first = Some(seen.ip()),
        }
    }
    Ok(None)
}

/// How long a mapping lives, in seconds up to 20 minutes, when `disturb` happens every two seconds
/// of that.
fn life(nat: &Nat, disturb: impl Fn(&mut Mapped)) -> Result<Option<u64>, TopologyError> {
    let (mut low, mut high) = (0, 1_200);
    while low < high {
        let middle = u64::midpoint(low, high + 1);
        let Some(mut mapped) = Mapped::new(nat)? else { return Ok(None) };
        for _ in 0..middle / 2 {
            mapped.wait(2);
            disturb(&mut mapped);
        }
        mapped.wait(middle % 2);
        if mapped.is_open() { low = middle } else { high = middle - 1 }
    }
    Ok(Some(low))
}

fn filtered(nat: &Nat) -> Found {
    let seen = crate::observe(1, vec![nat.clone()])?;
    if seen.filtering.is_none_or(|filtering| filtering == Dependence::Endpoint) {
        return Ok(None);
    }
    let knock = |mapped: &mut Mapped| {
        let stranger = mapped.lab.servers[1][1];
        let to = mapped.outside;
        mapped.lab.world.with(stranger, |peer: &mut crate::Peer, now| peer.send(now, to, "x"));
    };
    let (alone, knocked) = (life(nat, |_| ())?, life(nat, knock)?);
    // Time passes a little differently with packets under way.
    Ok(alone.zip(knocked).map(|(alone, knocked)| Outcome::when(knocked <= alone + 2)))
}

/// A packet comes in every two seconds; the socket is closed, so that errors go out. With inbound
/// refresh the packets themselves refresh, and nothing can be said of the errors.
fn errors(nat: &Nat) -> Found {
    let knock = |mapped: &mut Mapped| {
        let (server, to) = (mapped.server, mapped.outside);
        mapped.lab.world.with(server, |peer: &mut crate::Peer, now| peer.send(now, to, "x"));
    };
    let (Some(alone), Some(inbound)) = (life(nat, |_| ())?, life(nat, knock)?) else {
        return Ok(None);
    };
    if inbound > alone + 2 {
        return Ok(None);
    }
    let Some(mut mapped) = Mapped::new(nat)? else { return Ok(None) };
    mapped.lab.close(mapped.socket);
    for _ in 0..=(alone / 2 + 1) {
        mapped.wait(2);
        knock(&mut mapped);
    }
    mapped.wait(1);
    let ended = !mapped.lab.is_refused(mapped.server, mapped.outside);
    Ok(Some(Outcome::when(ended)))
}

/// Of 16 ports that are not the inside ones, hardly any follows on the one before.
fn unguessable(nat: &Nat) -> Found {
    let mut lab = Observer::new(1, vec![nat.clone()])?;
    let server = lab.servers[0][0];
    let mut changed = Vec::new();
    for n in 0..16 {
        for host in 0..2 {
            let socket = lab.open(host, 30_011 + n * 37);
            let Some(seen) = lab.seen_by(socket, server) else { return Ok(None) };
            if seen.port() != 30_011 + n * 37 {
                changed.push(seen.port());
            }
        }
    }
    let next = changed.windows(2).filter(|two| two[1].abs_diff(two[0]) <= 2).count();
    Ok((changed.len() > 8).then(|| Outcome::when(next * 4 < changed.len())))
}
