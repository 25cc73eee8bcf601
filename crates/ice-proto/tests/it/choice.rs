//! What the choice of a pair means for all the others (RFC 8445 §8.1), and what an agent is made of.
use crate::support::{Meeting, PEER, Puppet, Request, add_stun_server, behind, configs, ms};
use core::time::Duration;
use ice_proto::{Candidate, CandidateKind, Finding, IceAgent, IceConfig, IceState, Profile, Role};
use nat_sim::{Behaviour, Body, Dependence, Happening, Nat, NatId, World};
use sans_io::{Instant, SocketIds, Transmit};
use std::collections::BTreeSet;
use stun_proto::{
    Class, Message, Method, TransactionId,
    attribute::{Code, Priority, UseCandidate},
};

fn nominates(request: &Transmit) -> bool {
    Message::parse(&request.payload).unwrap().get::<UseCandidate>().is_some()
}

fn id(request: &Transmit) -> TransactionId {
    Message::parse(&request.payload).unwrap().transaction_id()
}

#[test]
fn the_choice_ends_all_other_checks_and_no_other_pair_is_nominated() {
    let mut puppet = Puppet::new(IceConfig::default());
    for peer in [PEER, "203.0.113.2:6000", "203.0.113.3:6000"] {
        puppet.tell(peer);
    }
    puppet.meet();
    puppet.pass(ms(15));
    let checks = puppet.take_requests();
    assert_eq!(checks.len(), 3);
    puppet.answer(&checks[0]);
    puppet.pass(ms(200));
    let nominations = puppet.take_requests();
    let chosen = nominations[0].path;
    assert!(nominations.iter().all(|request| nominates(request) && request.path == chosen));
    puppet.answer(&nominations[0]);
    assert_eq!(puppet.agent.state(), IceState::Completed);
    // The others answer, and ask; nothing comes of it.
    puppet.answer(&checks[1]);
    puppet.request(&Request {
        from: "203.0.113.3:6000".parse().unwrap(),
        ..Request::new(Role::Controlled)
    });
    puppet.take_sent();
    for _ in 0..40 {
        puppet.pass(Duration::from_secs(1));
        for request in puppet.take_requests() {
            assert!(request.path == chosen && !nominates(&request), "{request:?}");
            puppet.answer(&request);
        }
    }
    assert_eq!(puppet.agent.pairs().filter(|pair| pair.nominated).count(), 1);
}

#[test]
fn a_check_of_the_peer_begets_a_new_one_and_ends_the_retransmissions_of_the_old() {
    let config = IceConfig { profile: Profile::Strict, ..IceConfig::default() };
    let mut puppet = Puppet::new(config);
    puppet.tell(PEER);
    puppet.meet();
    let old = puppet.take_requests().remove(0);
    puppet.pass(ms(100));
    puppet.request(&Request::new(Role::Controlled));
    puppet.pass(ms(20));
    let new = puppet.take_requests().remove(0);
    assert_ne!(id(&new), id(&old));
    puppet.pass(Duration::from_secs(10));
    let again = puppet.take_requests();
    assert!(again.len() >= 4 && again.iter().all(|request| id(request) == id(&new)), "{again:?}");
    // An answer to the old one still counts.
    puppet.answer(&old);
    assert_eq!(puppet.agent.state(), IceState::Connected);
}

#[test]
fn a_candidate_that_only_the_peer_sees_has_the_priority_of_the_check() {
    let mut puppet = Puppet::checking(Role::Controlling);
    let check = puppet.take_requests().remove(0);
    let Priority(claimed) = Message::parse(&check.payload).unwrap().get().unwrap();
    puppet.answer_as(&check, check.path, "198.51.100.7:777".parse().unwrap());
    let local = puppet.agent.pairs().next().unwrap().local;
    assert_eq!((local.kind, local.priority), (CandidateKind::PeerReflexive, claimed));
}

/// Two agents behind NATs that show them to a server.
fn behind_cones(seed: u64) -> (Meeting, [NatId; 2]) {
    let cone = Behaviour::of(Dependence::Endpoint, Dependence::AddressAndPort);
    let mut world = World::new(seed);
    let stun = add_stun_server(&mut world);
    let nats = [0, 1].map(|_| world.add_nat(Nat::new(cone.clone())).unwrap());
    let hosts = nats.map(|nat| behind(&mut world, nat));
    let configs = configs().map(|config| IceConfig { stun_servers: vec![stun], ..config });
    (Meeting::new(world, seed, hosts, configs), nats)
}

#[test]
fn pairs_are_made_of_bases_and_no_two_have_one_path() {
    let (mut meeting, _) = behind_cones(1);
    meeting.meet();
    for i in [0, 1] {
        let agent = meeting.agent(i);
        let kinds: Vec<_> = agent.local_candidates().map(|local| local.kind).collect();
        assert_eq!(kinds, [CandidateKind::Host, CandidateKind::ServerReflexive]);
        let base = agent.local_candidates().next().unwrap().address;
        // One base, two candidates of the peer: two pairs, not four.
        let paths: BTreeSet<_> = agent.pairs().map(|pair| pair.path).collect();
        assert_eq!((agent.pairs().count(), paths.len()), (2, 2));
        assert!(paths.iter().all(|path| path.local() == base));
    }
}

#[test]
fn candidates_have_different_priorities_also_when_a_nat_was_renumbered() {
    let (mut meeting, nats) = behind_cones(2);
    meeting.gathered();
    let before: Vec<_> = meeting.agent(0).local_candidates().copied().collect();
    meeting.world.rebind_nat(nats[0]).unwrap();
    meeting.world.run_for(Duration::from_secs(40));
    let after: Vec<_> = meeting.agent(0).local_candidates().copied().collect();
    assert_ne!(before, after);
    assert_eq!(before.len(), after.len(), "the new one takes the place of the old");
    let priorities: BTreeSet<_> = after.iter().map(|candidate| candidate.priority).collect();
    assert_eq!(priorities.len(), after.len());
}

#[test]
fn permissions_are_refreshed_until_ice_concludes() {
    // Longer than permissions last.
    let (mut meeting, server) = Meeting::over_relays(1, Duration::from_secs(900));
    meeting.gathered();
    meeting.world.keep_log();
    meeting.describe(1);
    // The offerer waits for the answer for twelve minutes.
    meeting.world.run_for(Duration::from_secs(720));
    let asked = meeting.world.log().iter().filter(|entry| {
        let Body::Udp(bytes) = &entry.packet.body else { return false };
        entry.happening == Happening::Received
            && entry.node == server.into()
            && Message::parse(bytes).is_ok_and(|message| {
                (message.method(), message.class()) == (Method::CREATE_PERMISSION, Class::Request)
            })
    });
    assert!(asked.count() >= 3, "installed once, and refreshed at least twice");
    meeting.describe(0);
    meeting.run(Duration::from_secs(10));
    assert_eq!(meeting.agree(), Some(true), "{}", meeting.agent(0).explain());
    assert!(meeting.exchange());
}

#[test]
fn no_two_agents_have_a_user_name_or_a_password_in_common() {
    let mut seen = BTreeSet::new();
    for number in 0..500_u16 {
        let mut seed = [0; 32];
        seed[..2].copy_from_slice(&number.to_be_bytes());
        let agent = IceAgent::new(IceConfig::default(), seed, SocketIds::root()).unwrap();
        let credentials = agent.local_credentials();
        assert!(credentials.ufrag.len() * 6 >= 24 && credentials.pwd.len() * 6 >= 128);
        assert!(seen.insert(credentials.ufrag.to_string()), "agent {number}");
        assert!(seen.insert(credentials.pwd.to_string()), "agent {number}");
    }
    // Each place takes each letter: all bits of it are random.
    let letters: BTreeSet<char> = seen.iter().flat_map(|text| text.chars()).collect();
    assert_eq!(letters.len(), 64);
}

#[test]
fn the_pace_of_the_configuration_is_what_is_proposed() {
    for pacing in [ms(5), ms(20), ms(50), ms(200)] {
        let config = IceConfig { pacing, ..IceConfig::default() };
        let agent = IceAgent::new(config, [1; 32], SocketIds::root()).unwrap();
        assert_eq!(agent.local_pacing(), pacing);
    }
}

#[test]
fn the_credentials_of_an_agent_are_no_peer() {
    let mut puppet = Puppet::new(IceConfig::default());
    puppet.tell(PEER);
    let own = puppet.agent.local_credentials().clone();
    let refused = puppet.agent.set_remote_credentials(puppet.now, own);
    assert_eq!(refused, Err(ice_proto::CredentialsError::OwnUfrag));
    puppet.pass(Duration::from_secs(5));
    assert!(puppet.take_sent().is_empty());
    puppet.meet();
    assert!(!puppet.take_requests().is_empty(), "and the peer's are taken later");
}

#[test]
fn at_the_end_of_time_an_agent_rests() {
    let mut puppet = Puppet::checking(Role::Controlling);
    puppet.now = Instant::FAR;
    let check = puppet.take_requests().remove(0);
    puppet.answer(&check);
    puppet.request(&Request::new(Role::Controlled));
    assert_eq!(puppet.deadline, None);
}

#[test]
fn silence_in_spite_of_a_relay_of_the_peer_is_told_as_that() {
    let mut puppet = Puppet::checking(Role::Controlled);
    let relayed = Candidate {
        kind: CandidateKind::Relayed,
        ..Candidate::host("203.0.113.2:6000".parse().unwrap())
    };
    puppet.agent.add_remote_candidate(puppet.now, relayed).unwrap();
    assert_eq!(verdict(&puppet), Finding::Silent);
}

/// The last line of the explanation.
fn verdict(puppet: &Puppet) -> Finding {
    puppet.agent.explain().verdict()
}

#[test]
fn the_explanation_tells_one_way_traffic_refusals_and_silence_apart() {
    let mut puppet = Puppet::checking(Role::Controlled);
    puppet.tell("203.0.113.2:6000");
    assert_eq!(verdict(&puppet), Finding::SilentNoRelay);
    let check = puppet.take_requests().remove(0);
    puppet.refuse(&check, Code::SERVER_ERROR, true);
    assert_eq!(verdict(&puppet), Finding::Refused);
    puppet.request(&Request::new(Role::Controlling));
    assert_eq!(verdict(&puppet), Finding::OneWay);
    // What was seen on one pair is not forgotten for another that is silent.
    assert_eq!(puppet.agent.pairs().count(), 2);
    assert_eq!(puppet.agent.pairs().filter(|p| p.counters.requests_received > 0).count(), 1);
}

#[test]
fn a_pair_that_waits_for_its_relay_says_so() {
    let (mut meeting, server) = Meeting::over_relays(3, Duration::from_secs(40));
    meeting.gathered();
    // The server does not answer what it is asked now.
    meeting.world.set_up(server, false);
    meeting.describe(1);
    meeting.world.run_for(ms(100));
    let explanation = meeting.agent(1).explain().to_string();
    assert!(explanation.contains("waits for the relay to let the peer through"), "{explanation}");
}
