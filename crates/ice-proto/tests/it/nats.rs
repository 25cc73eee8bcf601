//! Every kind of NAT against every other: what can connect directly does, the rest by relay.
use crate::support::{
    Meeting, add_stun_server, add_turn_server, add_turn_server_for, behind, configs, ms,
};
use core::time::Duration;
use ice_proto::{CandidateKind, CandidatePolicy, RelayServer};
use nat_sim::{Behaviour, Dependence, Heard, Nat, Peer, PortChoice, World};
use std::{collections::BTreeSet, net::SocketAddr};

/// All nine combinations of mapping and filtering, with random ports.
fn kinds() -> Vec<Behaviour> {
    let pair = |mapping| Dependence::ALL.map(|filtering| (mapping, filtering));
    Dependence::ALL
        .into_iter()
        .flat_map(pair)
        .map(|(mapping, filtering)| Behaviour {
            ports: PortChoice::Random,
            ..Behaviour::of(mapping, filtering)
        })
        .collect()
}

fn name(kind: &Behaviour) -> String {
    format!("{:?} mapping, {:?} filtering", kind.mapping, kind.filtering)
}

/// Whether any protocol could connect two hosts behind these NATs that know how a server sees them:
/// both send to every address that they know or have heard of, over and over, and see whether a
/// packet comes back from where one went.
fn can_connect(seed: u64, kinds: [&Behaviour; 2]) -> bool {
    let mut world = World::new(seed);
    let server = world.add_host(nat_sim::Host::on_internet()).unwrap();
    let server = world.install_peer(server, 3478);
    let peers = kinds.map(|kind| {
        let nat = world.add_nat(Nat::new(kind.clone())).unwrap();
        let host = behind(&mut world, nat);
        world.install_peer(host, 5000)
    });
    let seen = peers.map(|peer| world.ask(peer, server).unwrap());
    // What each knows of the other, and from which of it something was heard that answers.
    let mut known: [BTreeSet<SocketAddr>; 2] = [[seen[1]].into(), [seen[0]].into()];
    let mut answered = false;
    for _ in 0..6 {
        for (i, peer) in peers.iter().enumerate() {
            for to in known[i].clone() {
                // What it says is where it is sent to.
                let bytes = to.to_string();
                world.with(*peer, |peer: &mut Peer, now| peer.send(now, to, bytes));
            }
        }
        world.run_for(Duration::from_millis(100));
        for (i, peer) in peers.iter().enumerate() {
            for (_, Heard { from, bytes, .. }) in world.take_events::<Peer>(*peer) {
                // An echo of where it was sent to comes back from there.
                if let Some(at) = bytes.strip_prefix(b"+") {
                    answered |= from.to_string().as_bytes() == at;
                    continue;
                }
                known[i].insert(from);
                let echo = [b"+", &bytes[..]].concat();
                world.with(*peer, |peer: &mut Peer, now| peer.send(now, from, echo));
            }
        }
    }
    answered
}

/// Two agents behind these NATs.
fn meet(seed: u64, kinds: [&Behaviour; 2], with_relay: bool, policy: CandidatePolicy) -> Meeting {
    let mut world = World::new(seed);
    let stun = add_stun_server(&mut world);
    let turn: Vec<RelayServer> =
        with_relay.then(|| add_turn_server(&mut world).1).into_iter().collect();
    let hosts = kinds.map(|kind| {
        let nat = world.add_nat(Nat::new(kind.clone())).unwrap();
        behind(&mut world, nat)
    });
    let configs = configs().map(|config| ice_proto::IceConfig {
        stun_servers: vec![stun],
        turn_servers: turn.clone(),
        policy,
        ..config
    });
    let mut meeting = Meeting::new(world, seed, hosts, configs);
    meeting.meet();
    // Checks that are triggered late take their 39.5 s to fail.
    meeting.run(Duration::from_secs(120));
    meeting
}

#[test]
fn without_a_relay_agents_connect_exactly_where_anything_could() {
    let mut direct = 0;
    for (i, a) in kinds().iter().enumerate() {
        for (j, b) in kinds().iter().enumerate() {
            let seed = (i * 9 + j) as u64;
            let possible = can_connect(seed, [a, b]);
            let mut meeting = meet(seed, [a, b], false, CandidatePolicy::All);
            let label = format!("{} against {}", name(a), name(b));
            let agreed = meeting.agree();
            assert_eq!(agreed, possible.then_some(true), "{label}: {:?}", meeting.outcomes());
            if possible {
                direct += 1;
                let outcomes = meeting.outcomes();
                // Where the peer cannot send first its NATs are spared for two seconds.
                let slow = |at: Option<Duration>| at.is_none_or(|at| at > ms(2_500));
                assert!(!outcomes.iter().any(|o| slow(o.selected)), "{label}: {outcomes:?}");
                assert!(meeting.exchange(), "{label}");
            } else {
                assert!(meeting.outcomes().iter().all(|outcome| outcome.failed), "{label}");
            }
        }
    }
    assert!((30..81).contains(&direct), "{direct} of 81 connect: the oracle is off");
}

#[test]
fn with_a_relay_everybody_connects_and_directly_where_possible() {
    for (i, a) in kinds().iter().enumerate() {
        for (j, b) in kinds().iter().enumerate() {
            let seed = (i * 9 + j) as u64;
            let possible = can_connect(seed, [a, b]);
            let mut meeting = meet(seed, [a, b], true, CandidatePolicy::All);
            let label = format!("{} against {}", name(a), name(b));
            assert_eq!(
                meeting.agree(),
                Some(true),
                "{label}: {}\n{}",
                meeting.agent(0).explain(),
                meeting.agent(1).explain()
            );
            let direct = [0, 1].map(|i| meeting.agent(i).selected_pair().unwrap().is_direct());
            // A relay that a NAT hides is not known as one on the other side.
            assert_eq!(direct.contains(&false), !possible, "{label}");
            assert!(meeting.exchange(), "{label}");
        }
    }
}

#[test]
fn a_relay_does_not_hold_up_a_direct_pair() {
    let home = Behaviour::of(Dependence::Endpoint, Dependence::AddressAndPort);
    let usable = |with_relay| {
        let mut meeting = meet(1, [&home, &home], with_relay, CandidatePolicy::All);
        assert!(meeting.agent(0).selected_pair().unwrap().is_direct());
        meeting.outcomes().map(|outcome| outcome.selected.unwrap())
    };
    assert_eq!(usable(true), usable(false));
}

#[test]
fn under_policy_relay_no_address_of_the_host_is_told_or_used() {
    let nat = Behaviour::of(Dependence::Endpoint, Dependence::AddressAndPort);
    let mut meeting = meet(7, [&nat, &nat], true, CandidatePolicy::Relay);
    assert_eq!(meeting.agree(), Some(true), "{:?}", meeting.outcomes());
    for i in [0, 1] {
        let candidates: Vec<_> = meeting.agent(i).local_candidates().collect();
        assert_eq!(candidates.len(), 1);
        assert_eq!(candidates[0].kind, CandidateKind::Relayed);
        assert!(candidates[0].related.is_some_and(|related| related.ip().is_unspecified()));
        assert!(!meeting.agent(i).selected_pair().unwrap().is_direct());
    }
    assert!(meeting.exchange());
}

#[test]
fn a_turn_server_without_room_still_tells_the_mapped_address() {
    let mut world = World::new(1);
    let turn_servers = vec![add_turn_server_for(&mut world, 1).1];
    let nat = Behaviour::of(Dependence::Endpoint, Dependence::AddressAndPort);
    let hosts = [0, 1].map(|_| {
        let nat = world.add_nat(Nat::new(nat.clone())).unwrap();
        behind(&mut world, nat)
    });
    let configs = configs()
        .map(|config| ice_proto::IceConfig { turn_servers: turn_servers.clone(), ..config });
    let mut meeting = Meeting::new(world, 1, hosts, configs);
    meeting.meet();
    let kinds = [0, 1].map(|i| -> Vec<_> {
        meeting.agent(i).local_candidates().map(|candidate| candidate.kind).collect()
    });
    use CandidateKind::{Host, Relayed, ServerReflexive};
    assert!(kinds.contains(&vec![Host, ServerReflexive, Relayed]), "{kinds:?}");
    assert!(kinds.contains(&vec![Host, ServerReflexive]), "{kinds:?}");
    meeting.run(Duration::from_secs(10));
    assert_eq!(meeting.agree(), Some(true));
    assert!(meeting.agent(0).selected_pair().unwrap().is_direct());
}
