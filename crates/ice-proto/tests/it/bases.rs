//! Bases that are gone: no pair is made of them, the application hears of it, and what may still be
//! of use is had anew.
use crate::support::{
    LOCAL, Meeting, PEER, Puppet, Relay, add_stun_server, add_turn_server, behind, configs, ms,
    relay_config, restart_turn_server,
};
use core::{net::SocketAddr, time::Duration};
use ice_proto::{
    Candidate, CandidateKind, CandidatePolicy, GatheringFault, IceAgent, IceConfig, IceEvent,
    IceState, RelayServer, Role,
};
use nat_sim::{Behaviour, Dependence, Host, HostId, Nat, NatId, World};
use sans_io::{Path, SocketFault};
use stun_proto::{Method, attribute::Code};

const SERVER: &str = "198.51.100.1:3478";
const OTHER_SERVER: &str = "198.51.100.2:3478";
const RELAYED: [&str; 4] =
    ["198.51.100.9:50000", "198.51.100.9:50001", "198.51.100.9:50002", "198.51.100.9:50003"];

const fn secs(secs: u64) -> Duration {
    Duration::from_secs(secs)
}

fn at(text: &str) -> SocketAddr {
    text.parse().unwrap()
}

fn yes(n: usize) -> Relay {
    Relay::Yes(at(RELAYED[n]))
}

fn count(asked: &[(sans_io::Transmit, Method)], method: Method) -> usize {
    asked.iter().filter(|(_, m)| *m == method).count()
}

fn relayed_of<'a>(candidates: impl Iterator<Item = &'a Candidate>) -> Vec<SocketAddr> {
    candidates.filter(|c| c.kind == CandidateKind::Relayed).map(|c| c.address).collect()
}

fn lost(events: &[IceEvent]) -> Vec<SocketAddr> {
    let lost = events.iter().filter_map(|event| match event {
        IceEvent::CandidateLost(candidate) => Some(candidate.address),
        _ => None,
    });
    lost.collect()
}

/// An agent with a socket and a relay.
fn with_relay(config: IceConfig) -> Puppet {
    let mut puppet = Puppet::new(relay_config(&[SERVER], config));
    puppet.serve(ms(100), |_, _| yes(0));
    assert_eq!(relayed_of(puppet.agent.local_candidates()), [at(RELAYED[0])]);
    puppet.events.clear();
    puppet
}

/// Meets a peer, which answers everything, on the direct path.
fn conclude(puppet: &mut Puppet) {
    puppet.tell(PEER);
    puppet.meet();
    for _ in 0..4 {
        let direct = |check: &sans_io::Transmit| check.path == Path::udp(at(LOCAL), at(PEER));
        for check in puppet.take_requests().into_iter().filter(direct) {
            puppet.answer(&check);
        }
        puppet.pass(ms(10));
    }
    assert_eq!(puppet.agent.state(), IceState::Completed);
}

#[test]
fn a_relay_that_is_lost_while_waiting_is_told_and_had_anew() {
    for role in [Role::Controlling, Role::Controlled] {
        let mut puppet = with_relay(IceConfig { role, ..IceConfig::default() });
        // The server was restarted, and knows of nothing.
        let mut next = 1;
        puppet.serve(secs(600), |_, method| match method {
            Method::ALLOCATE => yes(core::mem::replace(&mut next, 2)),
            Method::REFRESH => Relay::No(Code::ALLOCATION_MISMATCH),
            _ => yes(0),
        });
        assert_eq!(lost(&puppet.events), [at(RELAYED[0])]);
        assert_eq!(relayed_of(puppet.agent.local_candidates()), [at(RELAYED[1])]);
        let told = |event: &&IceEvent| matches!(event, IceEvent::Candidate(_));
        assert_eq!(puppet.events.iter().filter(told).count(), 1);
        // Nothing is made of the old one, whatever is told later.
        puppet.tell("203.0.113.1:6000");
        puppet.meet();
        let asked = puppet.serve(secs(2), |_, _| yes(0));
        puppet.tell("203.0.113.2:6000");
        puppet.serve(secs(2), |_, _| yes(0));
        assert_eq!(count(&asked, Method::CREATE_PERMISSION), 1);
        let locals: Vec<_> = puppet.agent.pairs().map(|pair| pair.path.local()).collect();
        assert!(!locals.contains(&at(RELAYED[0])), "{locals:?}");
        assert_eq!(locals.iter().filter(|local| **local == at(RELAYED[1])).count(), 2);
    }
}

#[test]
fn a_relay_that_cannot_be_had_again_lets_the_session_fail_in_time_and_is_named() {
    let mut puppet = with_relay(IceConfig::default());
    let gone = |_: &sans_io::Transmit, method| match method {
        Method::ALLOCATE => Relay::No(Code::INSUFFICIENT_CAPACITY),
        Method::REFRESH => Relay::No(Code::ALLOCATION_MISMATCH),
        _ => yes(0),
    };
    puppet.serve(secs(600), gone);
    assert_eq!(lost(&puppet.events), [at(RELAYED[0])]);
    assert!(relayed_of(puppet.agent.local_candidates()).is_empty());
    puppet.tell("203.0.113.1:6000");
    puppet.meet();
    puppet.serve(secs(41), gone);
    assert_eq!(puppet.agent.state(), IceState::Failed, "{}", puppet.agent.explain());
    assert!(puppet.agent.explain().to_string().contains("refused with error 508"));
    // One more candidate does not wake it for ever.
    puppet.tell("203.0.113.2:6000");
    puppet.serve(secs(41), gone);
    assert_eq!(puppet.agent.state(), IceState::Failed, "{}", puppet.agent.explain());
}

#[test]
fn a_server_that_is_down_for_a_while_is_asked_less_and_less_often() {
    let mut puppet = with_relay(IceConfig::default());
    let asked = puppet.serve(secs(1800), |_, method| match method {
        Method::REFRESH => Relay::No(Code::ALLOCATION_MISMATCH),
        _ => Relay::Silence,
    });
    let allocations = count(&asked, Method::ALLOCATE);
    assert!((7..=150).contains(&allocations), "{allocations} in half an hour");
    let failures = puppet.events.iter().filter(|e| matches!(e, IceEvent::GatheringFailed(_)));
    assert!(failures.count() <= 20);
    puppet.events.clear();
    puppet.serve(secs(200), |_, _| yes(2));
    assert_eq!(relayed_of(puppet.agent.local_candidates()), [at(RELAYED[2])]);
}

#[test]
fn a_relay_that_is_lost_during_checks_is_asked_anew_to_let_the_peer_through() {
    let mut puppet =
        with_relay(IceConfig { policy: CandidatePolicy::Relay, ..IceConfig::default() });
    puppet.tell("203.0.113.1:6000");
    puppet.meet();
    // The server answers the permission with 437: it has forgotten the allocation.
    let mut next = 1;
    let mut forgot = true;
    puppet.serve(secs(5), |_, method| match method {
        Method::ALLOCATE => yes(core::mem::replace(&mut next, 2)),
        Method::CREATE_PERMISSION if core::mem::take(&mut forgot) => {
            Relay::No(Code::ALLOCATION_MISMATCH)
        }
        _ => yes(0),
    });
    assert_eq!(lost(&puppet.events), [at(RELAYED[0])]);
    let pairs: Vec<_> = puppet.agent.pairs().filter(|pair| !pair.awaits_permission).collect();
    let live = pairs.iter().find(|pair| pair.path.local() == at(RELAYED[1]));
    assert!(live.is_some_and(|pair| pair.counters.requests_sent > 0), "{pairs:?}");
}

#[test]
fn once_ice_has_concluded_a_relay_that_was_not_chosen_is_not_asked_for_again() {
    let mut puppet = with_relay(IceConfig { role: Role::Controlling, ..IceConfig::default() });
    conclude(&mut puppet);
    // It is given up after three seconds; then the server is restarted.
    let asked = puppet.serve(secs(25), |_, method| match method {
        Method::REFRESH => Relay::No(Code::ALLOCATION_MISMATCH),
        _ => yes(1),
    });
    assert_eq!(count(&asked, Method::REFRESH), 1);
    assert_eq!(count(&asked, Method::ALLOCATE), 0);
}

#[test]
fn a_server_that_sends_us_elsewhere_is_followed_but_not_round_and_round() {
    let mut puppet = Puppet::new(relay_config(&[SERVER], IceConfig::default()));
    let is_first = |sent: &sans_io::Transmit| sent.path.remote() == at(SERVER);
    puppet.serve(
        secs(2),
        |sent, _| {
            if is_first(sent) { Relay::Elsewhere(at(OTHER_SERVER)) } else { yes(0) }
        },
    );
    assert_eq!(relayed_of(puppet.agent.local_candidates()), [at(RELAYED[0])]);
    let mut round = Puppet::new(relay_config(&[SERVER], IceConfig::default()));
    let asked = round.serve(secs(100), |sent, _| {
        Relay::Elsewhere(at(if is_first(sent) { OTHER_SERVER } else { SERVER }))
    });
    let allocations = count(&asked, Method::ALLOCATE);
    assert!(allocations <= 8, "{allocations}");
    assert!(round.events.iter().any(|event| matches!(
        event,
        IceEvent::GatheringFailed(failure) if failure.fault == GatheringFault::Refused(300)
    )));
    assert!(round.events.contains(&IceEvent::GatheringComplete));
}

/// It is lost, and its server sends us elsewhere when it is asked for again.
#[test]
fn a_relay_is_had_again_where_its_server_sends_us() {
    let mut puppet = with_relay(IceConfig::default());
    puppet.serve(secs(560), |sent, method| match method {
        Method::REFRESH => Relay::No(Code::ALLOCATION_MISMATCH),
        Method::ALLOCATE if sent.path.remote() == at(SERVER) => Relay::Elsewhere(at(OTHER_SERVER)),
        _ => yes(1),
    });
    assert_eq!(relayed_of(puppet.agent.local_candidates()), [at(RELAYED[1])]);
}

#[test]
fn a_server_that_remembers_our_port_is_asked_from_another_one() {
    let mut puppet = Puppet::new(relay_config(&[SERVER], IceConfig::default()));
    let from_old = |sent: &sans_io::Transmit| sent.path.local() == at(LOCAL);
    let answers = move |sent: &sans_io::Transmit, method| match method {
        Method::ALLOCATE if from_old(sent) => Relay::No(Code::ALLOCATION_MISMATCH),
        _ => yes(0),
    };
    puppet.serve(ms(100), answers);
    let (id, wanted) = puppet.asked.remove(0);
    assert_eq!(wanted, at("192.0.2.1:0"));
    puppet.socket(id.0, Ok(at("192.0.2.1:5001")));
    puppet.serve(ms(100), answers);
    assert_eq!(relayed_of(puppet.agent.local_candidates()), [at(RELAYED[0])]);
    // The new port is for the relay alone.
    let hosts = puppet.agent.local_candidates().filter(|c| c.kind == CandidateKind::Host);
    assert_eq!(hosts.count(), 1);
    assert!(puppet.events.contains(&IceEvent::GatheringComplete));
    // It goes with the relay.
    conclude(&mut puppet);
    puppet.serve(secs(25), answers);
    assert_eq!(puppet.closed, [id]);
}

#[test]
fn a_second_port_that_cannot_be_opened_ends_the_attempt() {
    let mut puppet = Puppet::new(relay_config(&[SERVER], IceConfig::default()));
    puppet.serve(ms(100), |_, _| Relay::No(Code::ALLOCATION_MISMATCH));
    let (id, _) = puppet.asked.remove(0);
    puppet.socket(id.0, Err(SocketFault::InUse));
    puppet.serve(secs(60), |_, _| Relay::No(Code::ALLOCATION_MISMATCH));
    assert!(puppet.events.contains(&IceEvent::GatheringComplete), "{:?}", puppet.events);
}

#[test]
fn a_socket_that_is_lost_takes_its_candidates_and_relay_along() {
    let mut puppet = with_relay(IceConfig::default());
    puppet.tell("203.0.113.1:6000");
    puppet.socket(0, Err(SocketFault::Lost));
    let mut gone = lost(&puppet.events);
    gone.sort_unstable();
    assert_eq!(gone, [at(LOCAL), at(RELAYED[0])]);
    assert_eq!(puppet.agent.local_candidates().count(), 0);
    puppet.tell("203.0.113.2:6000");
    puppet.meet();
    puppet.tell("203.0.113.3:6000");
    puppet.pass(secs(5));
    assert!(puppet.take_sent().is_empty());
    let open = |state| !matches!(state, ice_proto::PairState::Failed(_));
    assert!(!puppet.agent.pairs().any(|pair| open(pair.state)), "{}", puppet.agent.explain());
    // It is the end when the patience is over, unless there is a new address.
    puppet.pass(secs(40));
    assert_eq!(puppet.agent.state(), IceState::Failed);
    puppet.open(1, "192.0.2.2:5000");
    assert_eq!(puppet.agent.state(), IceState::Checking);
    puppet.pass(ms(100));
    assert!(puppet.take_requests().iter().any(|t| t.path.local() == at("192.0.2.2:5000")));
}

#[test]
fn addresses_may_come_and_go_for_ever() {
    let mut puppet = Puppet::new(IceConfig::default());
    for n in 1..100_u64 {
        let local = format!("192.0.2.{}:5000", 1 + n % 20);
        puppet.socket(n - 1, Err(SocketFault::Lost));
        puppet.open(n, &local);
        let locals: Vec<_> = puppet.agent.local_candidates().map(|c| c.address).collect();
        assert_eq!(locals, [at(&local)]);
    }
    puppet.tell("203.0.113.1:6000");
    puppet.meet();
    assert_eq!(puppet.agent.pairs().count(), 1);
    assert_eq!(puppet.take_requests().len(), 1);
}

/// Each of them asked a server in vain, which is told of no more when it is gone.
#[test]
fn what_failed_at_an_address_that_is_gone_is_forgotten() {
    let mut puppet = Puppet::new(relay_config(&[SERVER], IceConfig::default()));
    for n in 1..50_u64 {
        puppet.serve(ms(100), |_, _| Relay::No(Code::FORBIDDEN));
        let explanation = puppet.agent.explain().to_string();
        assert_eq!(explanation.matches("refused with error 403").count(), 1, "{explanation}");
        puppet.socket(n - 1, Err(SocketFault::Lost));
        puppet.open(n, &format!("192.0.2.1:{}", 5000 + n));
    }
}

#[test]
fn addresses_that_come_and_go_during_checks_leave_nothing_behind() {
    let mut puppet = Puppet::checking(Role::Controlling);
    for n in 1..200_u64 {
        let local = format!("192.0.2.{}:{}", 1 + n % 20, 5000 + n);
        puppet.socket(n - 1, Err(SocketFault::Lost));
        puppet.open(n, &local);
        puppet.pass(ms(20));
    }
    let pairs: Vec<_> = puppet.agent.pairs().collect();
    assert!(pairs.len() <= 100, "{}", pairs.len());
    let last = pairs.iter().find(|pair| pair.path.local() == at("192.0.2.20:5199"));
    let last = last.expect("the newest address makes a pair");
    assert!(last.counters.requests_sent > 0, "{last:?}");
    let check = puppet.take_requests().pop().unwrap();
    assert_eq!(puppet.answer(&check), None);
    assert_eq!(puppet.agent.state(), IceState::Connected);
}

/// Agents behind a NAT each, with a STUN server and a TURN server.
fn at_home(seed: u64) -> (Meeting, [NatId; 2], HostId, RelayServer) {
    let mut world = World::new(seed);
    let stun_servers = vec![add_stun_server(&mut world)];
    let (turn, relay) = add_turn_server(&mut world);
    let cone = Behaviour::of(Dependence::Endpoint, Dependence::AddressAndPort);
    let nats = [0, 1].map(|_| world.add_nat(Nat::new(cone.clone())).unwrap());
    let hosts = nats.map(|nat| behind(&mut world, nat));
    let configs = configs().map(|config| IceConfig {
        stun_servers: stun_servers.clone(),
        turn_servers: vec![relay.clone()],
        ..config
    });
    (Meeting::new(world, seed, hosts, configs), nats, turn, relay)
}

#[test]
fn an_answer_that_comes_after_a_server_was_restarted_finds_a_relay() {
    for wait in [60, 530, 600, 1300] {
        let (mut meeting, nats, turn, relay) = at_home(wait);
        meeting.gathered();
        meeting.world.run_for(secs(30));
        restart_turn_server(&mut meeting.world, turn, &relay, 7);
        meeting.world.run_for(secs(wait));
        meeting.world.cut(nats[0], nats[1]);
        meeting.describe(1);
        meeting.world.run_for(secs(5));
        meeting.describe(0);
        meeting.run(secs(60));
        assert_eq!(meeting.agree(), Some(true), "{wait}: {}", meeting.agent(0).explain());
        assert!(meeting.exchange(), "{wait}");
    }
}

#[test]
fn a_nat_that_is_renumbered_while_waiting_is_noticed_and_told() {
    for wait in [60, 700] {
        let (mut meeting, nats, ..) = at_home(wait);
        meeting.gathered();
        let before: Vec<_> = meeting.agent(0).local_candidates().copied().collect();
        meeting.world.run_for(secs(20));
        meeting.world.take_events::<IceAgent>(meeting.agents[0]);
        meeting.world.rebind_nat(nats[0]).unwrap();
        meeting.world.run_for(secs(wait));
        let events = meeting.world.take_events::<IceAgent>(meeting.agents[0]);
        let events: Vec<_> = events.into_iter().map(|(_, event)| event).collect();
        let gone = lost(&events);
        let told: Vec<_> = meeting.agent(0).local_candidates().copied().collect();
        for old in before.iter().filter(|old| old.kind != CandidateKind::Host) {
            assert!(gone.contains(&old.address), "{wait}: {old} is gone: {events:?}");
            assert!(!told.iter().any(|new| new.address == old.address), "{wait}: {old}");
            assert!(told.iter().any(|new| new.kind == old.kind), "{wait}: {old}");
        }
        meeting.describe(1);
        meeting.describe(0);
        meeting.run(secs(30));
        assert_eq!(meeting.agree(), Some(true), "{wait}: {}", meeting.agent(0).explain());
        let pair = meeting.agent(0).selected_pair().unwrap();
        assert!(pair.is_direct(), "{wait}");
    }
}

/// The offer was sent before, and the answerer goes by it.
#[test]
fn a_nat_that_is_renumbered_after_the_offer_was_sent_is_no_obstacle() {
    for wait in [5, 30, 100, 700] {
        let (mut meeting, nats, ..) = at_home(wait);
        meeting.gathered();
        meeting.describe(1);
        meeting.world.run_for(secs(2));
        meeting.world.rebind_nat(nats[0]).unwrap();
        meeting.world.run_for(secs(wait));
        meeting.describe(0);
        meeting.run(secs(30));
        assert_eq!(meeting.agree(), Some(true), "{wait}: {}", meeting.agent(0).explain());
        assert!(meeting.exchange(), "{wait}");
    }
}

#[test]
fn a_host_that_roams_while_waiting_gathers_anew() {
    let mut meeting = Meeting::on_internet(5, 0, configs());
    meeting.gathered();
    meeting.world.run_for(secs(10));
    let host = meeting.hosts[0];
    for _ in 0..20 {
        meeting.world.roam(host, Host::on_internet()).unwrap();
        meeting.world.run_for(secs(10));
        assert_eq!(meeting.agent(0).local_candidates().count(), 0);
        meeting.gather(0);
        meeting.world.run_for(secs(1));
        assert_eq!(meeting.agent(0).local_candidates().count(), 1);
    }
    meeting.describe(1);
    meeting.describe(0);
    meeting.met_at = meeting.world.now();
    meeting.run(secs(10));
    assert_eq!(meeting.agree(), Some(true));
    assert_eq!(meeting.outcomes()[0].selected, Some(ms(100)));
}
