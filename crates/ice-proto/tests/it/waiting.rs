//! Descriptions that come late, by copy and paste, or not at once.
use crate::support::{Meeting, add_stun_server, add_turn_server, behind, configs, ms};
use core::time::Duration;
use ice_proto::{CandidateKind, IceConfig, IceState};
use nat_sim::{Behaviour, Dependence, Lifetime, Nat, NatId, PortChoice, World};

/// A home NAT that forgets after 30 s.
fn forgetful() -> Behaviour {
    Behaviour {
        ports: PortChoice::Random,
        lifetime: Lifetime::idle(Duration::from_secs(30)),
        ..Behaviour::of(Dependence::Endpoint, Dependence::AddressAndPort)
    }
}

fn at_home(seed: u64, with_relay: bool) -> (Meeting, [NatId; 2]) {
    let mut world = World::new(seed);
    let stun_servers = vec![add_stun_server(&mut world)];
    let turn_servers = if with_relay { vec![add_turn_server(&mut world).1] } else { Vec::new() };
    let nats = [0, 1].map(|_| world.add_nat(Nat::new(forgetful())).unwrap());
    let hosts = nats.map(|nat| behind(&mut world, nat));
    let configs = configs().map(|config| IceConfig {
        stun_servers: stun_servers.clone(),
        turn_servers: turn_servers.clone(),
        ..config
    });
    (Meeting::new(world, seed, hosts, configs), nats)
}

#[test]
fn an_offer_that_waits_five_minutes_behind_a_30_second_nat_is_still_good() {
    for seed in 0..10 {
        let (mut meeting, _) = at_home(seed, false);
        meeting.gathered();
        let before: Vec<_> = meeting.agent(0).local_candidates().copied().collect();
        assert!(before.iter().any(|c| c.kind == CandidateKind::ServerReflexive));
        meeting.world.run_for(Duration::from_secs(300));
        // The answer reaches the offerer five minutes later, and the answerer another while.
        meeting.describe(1);
        meeting.world.run_for(Duration::from_secs(20));
        meeting.describe(0);
        meeting.met_at = meeting.world.now();
        let after: Vec<_> = meeting.agent(0).local_candidates().copied().collect();
        assert_eq!(before, after, "the mapping was kept");
        meeting.run(Duration::from_secs(10));
        let outcomes = meeting.outcomes();
        assert_eq!(meeting.agree(), Some(true), "seed {seed}: {outcomes:?}");
        assert!(outcomes.iter().all(|o| o.pair.is_some_and(|pair| pair.is_direct())));
        assert!(meeting.exchange());
    }
}

#[test]
fn relays_are_kept_while_waiting() {
    let (mut meeting, nats) = at_home(1, true);
    meeting.gathered();
    // Longer than an allocation lasts without a refresh.
    meeting.world.run_for(Duration::from_secs(3_000));
    meeting.describe(1);
    meeting.describe(0);
    // Nothing but the relay gets through.
    meeting.world.cut(nats[0], nats[1]);
    meeting.run(Duration::from_secs(30));
    assert_eq!(meeting.agree(), Some(true), "{}", meeting.agent(0).explain());
    assert!(meeting.exchange());
}

#[test]
fn a_relay_outlives_a_nat_that_forgets_each_destination() {
    let symmetric = Behaviour { mapping: Dependence::AddressAndPort, ..forgetful() };
    let mut world = World::new(3);
    let stun_servers = vec![add_stun_server(&mut world)];
    let turn_servers = vec![add_turn_server(&mut world).1];
    let hosts = [0, 1].map(|_| {
        let nat = world.add_nat(Nat::new(symmetric.clone())).unwrap();
        behind(&mut world, nat)
    });
    let configs = configs().map(|config| IceConfig {
        stun_servers: stun_servers.clone(),
        turn_servers: turn_servers.clone(),
        ..config
    });
    let mut meeting = Meeting::new(world, 3, hosts, configs);
    meeting.gathered();
    meeting.world.run_for(Duration::from_secs(300));
    meeting.describe(1);
    meeting.describe(0);
    meeting.run(Duration::from_secs(30));
    assert_eq!(meeting.agree(), Some(true), "{}", meeting.agent(0).explain());
    assert!(meeting.exchange());
}

#[test]
fn checks_before_the_answer_are_answered_and_heeded_when_it_comes() {
    for delay_ms in [10, 60, 400, 5_000] {
        let mut meeting = Meeting::on_internet(7, 0, configs());
        meeting.gathered();
        meeting.describe(1);
        meeting.world.run_for(ms(delay_ms));
        assert_eq!(meeting.agent(0).state(), IceState::New);
        // The answerer may use what it has as soon as it was answered.
        let connected = meeting.agent(1).state() == IceState::Connected;
        assert_eq!(connected, delay_ms >= 50, "after {delay_ms} ms");
        meeting.describe(0);
        meeting.met_at = meeting.world.now();
        meeting.run(Duration::from_secs(10));
        let [controlling, controlled] = meeting.outcomes();
        // A slot of the pacer may be taken when the nomination wants it.
        assert!(controlling.selected <= Some(ms(105)), "after {delay_ms} ms: {controlling:?}");
        assert!(controlled.selected <= Some(ms(80)), "after {delay_ms} ms: {controlled:?}");
        assert_eq!(meeting.agree(), Some(true));
    }
}

#[test]
fn without_any_candidate_told_the_peer_is_learned_from_its_checks() {
    let mut meeting = Meeting::on_internet(8, 0, configs());
    meeting.gathered();
    // The offerer learns the credentials only.
    let credentials = meeting.agent(1).local_credentials().clone();
    meeting.with(0, |agent, now| agent.set_remote_credentials(now, credentials)).unwrap();
    meeting.describe(1);
    meeting.run(Duration::from_secs(10));
    assert_eq!(meeting.agree(), Some(true));
    let remote: Vec<_> = meeting.agent(0).remote_candidates().copied().collect();
    assert_eq!(remote[0].kind, CandidateKind::PeerReflexive);
    // Told late, it becomes what it is.
    let told = *meeting.agent(1).local_candidates().next().unwrap();
    meeting.with(0, |agent, now| agent.add_remote_candidate(now, told)).unwrap();
    assert_eq!(meeting.agent(0).remote_candidates().next(), Some(&told));
    assert_eq!(meeting.agree(), Some(true));
}
