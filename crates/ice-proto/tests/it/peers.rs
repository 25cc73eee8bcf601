//! Peers of other makes: that nominate aggressively (RFC 5245), that are lite, that trickle late.
use crate::support::{LOCAL, Meeting, PEER, Puppet, Request, add_turn_server, configs, ms};
use core::time::Duration;
use ice_proto::{
    Candidate, CandidatePolicy, IceConfig, IceCredentials, IceState, PairFailure, PairState, Role,
};
use nat_sim::{Host, World};
use sans_io::{Path, SocketId, Transmit};
use stun_proto::{
    Message,
    attribute::{Code, UseCandidate},
};

const BETTER: &str = "203.0.113.2:6000";
const BEST: u32 = 2_130_706_430;

fn nominating(from: &str, priority: u32) -> Request {
    let from = from.parse().unwrap();
    Request { from, priority, nominates: true, ..Request::new(Role::Controlling) }
}

fn nominates(check: &Transmit) -> bool {
    Message::parse(&check.payload).unwrap().get::<UseCandidate>().is_some()
}

fn selected(puppet: &Puppet) -> String {
    puppet.agent.selected_pair().unwrap().path.remote().to_string()
}

/// A controlled agent that knows two candidates of the peer, the second one better, and has sent a
/// check to each.
fn controlled() -> (Puppet, Transmit, Transmit) {
    let mut puppet = Puppet::new(IceConfig { role: Role::Controlled, ..IceConfig::default() });
    let peer = Candidate { priority: BEST - 1000, ..Candidate::host(PEER.parse().unwrap()) };
    puppet.agent.add_remote_candidate(puppet.now, peer).unwrap();
    puppet.tell(BETTER);
    puppet.meet();
    puppet.pass(ms(10));
    let checks = puppet.take_requests();
    let to = |remote: &str| checks.iter().find(|t| t.path.remote().to_string() == remote).cloned();
    (puppet, to(PEER).unwrap(), to(BETTER).unwrap())
}

#[test]
fn the_better_of_two_nominated_pairs_is_checked_until_it_is_answered() {
    let (mut puppet, check, _) = controlled();
    puppet.answer(&check);
    // The peer nominates the better pair, which is not valid here yet, and then the other.
    puppet.request(&nominating(BETTER, BEST));
    puppet.request(&nominating(PEER, 5));
    assert_eq!(selected(&puppet), PEER);
    puppet.take_sent();
    // The next check of it is lost, but not the one after.
    puppet.pass(Duration::from_secs(2));
    let again = puppet.take_requests();
    let again: Vec<_> = again.iter().filter(|t| t.path.remote().to_string() == BETTER).collect();
    assert!(again.len() >= 2, "{} checks of the better pair", again.len());
    puppet.answer(again[1]);
    assert_eq!(selected(&puppet), BETTER);
    assert_eq!(puppet.agent.pairs().filter(|pair| pair.nominated).count(), 1);
}

#[test]
fn a_nominated_pair_that_loses_to_a_better_one_costs_no_consent() {
    let (mut puppet, check, better) = controlled();
    puppet.request(&nominating(PEER, 5));
    puppet.request(&nominating(BETTER, BEST));
    puppet.answer(&better);
    assert_eq!(selected(&puppet), BETTER);
    puppet.answer(&check);
    puppet.take_sent();
    for _ in 0..20 {
        puppet.pass(Duration::from_secs(3));
        for check in puppet.take_requests() {
            assert_eq!(check.path.remote().to_string(), BETTER);
            puppet.answer(&check);
        }
    }
    assert_eq!(puppet.agent.state(), IceState::Completed);
}

#[test]
fn a_lite_peer_hears_the_choice_with_each_consent_check_if_that_is_wanted() {
    for wanted in [false, true] {
        let mut puppet =
            Puppet::new(IceConfig { nominate_to_lite: wanted, ..IceConfig::default() });
        puppet.tell(PEER);
        puppet.agent.set_remote_lite(puppet.now, true);
        puppet.meet();
        let check = puppet.take_requests().remove(0);
        puppet.answer(&check);
        puppet.pass(ms(5));
        let nomination = puppet.take_requests().remove(0);
        puppet.answer(&nomination);
        puppet.pass(Duration::from_secs(13));
        let consent = puppet.take_requests();
        assert!(consent.len() >= 2);
        assert!(consent.iter().all(|check| nominates(check) == wanted));
    }
}

#[test]
fn what_was_learned_first_is_paired_with_every_address_once_it_is_told() {
    let second = "192.0.2.2:5000";
    let mut puppet = Puppet::new(IceConfig { role: Role::Controlled, ..IceConfig::default() });
    puppet.open(1, second);
    puppet.meet();
    puppet.request(&Request::new(Role::Controlling));
    puppet.tell(PEER);
    let locals: Vec<_> = puppet.agent.pairs().map(|pair| pair.path.local().to_string()).collect();
    assert_eq!(locals, [LOCAL, second]);
    // Only our checks from the second address get through.
    puppet.pass(ms(100));
    let check = puppet.take_requests().into_iter().find(|t| t.path.local().to_string() == second);
    puppet.answer(&check.unwrap());
    assert_eq!(puppet.agent.state(), IceState::Connected);
}

#[test]
fn a_late_candidate_at_an_address_that_the_relay_refused_does_not_wait_for_ever() {
    let mut world = World::new(5);
    let (_, turn) = add_turn_server(&mut world);
    let hosts = [0, 1].map(|_| world.add_host(Host::on_internet()).unwrap());
    let configs = configs().map(|config| IceConfig {
        turn_servers: vec![turn.clone()],
        policy: CandidatePolicy::Relay,
        ..config
    });
    let mut meeting = Meeting::new(world, 5, hosts, configs);
    meeting.gathered();
    let credentials = IceCredentials::new("peer", "thepasswordofthepeer00").unwrap();
    meeting.with(0, |agent, now| agent.set_remote_credentials(now, credentials)).unwrap();
    for port in [1, 2] {
        let candidate = Candidate::host(([10, 0, 0, 1], port).into());
        meeting.with(0, |agent, now| agent.add_remote_candidate(now, candidate)).unwrap();
        meeting.world.run_for(Duration::from_secs(5));
    }
    assert_eq!(meeting.agent(0).state(), IceState::Checking);
    meeting.world.run_for(Duration::from_secs(40));
    assert_eq!(meeting.agent(0).state(), IceState::Failed, "{}", meeting.agent(0).explain());
    let states: Vec<_> = meeting.agent(0).pairs().map(|pair| pair.state).collect();
    assert_eq!(states, [PairState::Failed(PairFailure::Relay); 2]);
}

#[test]
fn a_nominated_pair_that_the_peer_goes_on_to_use_keeps_its_socket() {
    for uses_it in [false, true] {
        let second = "192.0.2.2:5000".parse().unwrap();
        let mut puppet = Puppet::new(IceConfig { role: Role::Controlled, ..IceConfig::default() });
        puppet.open(1, "192.0.2.2:5000");
        puppet.tell(PEER);
        puppet.meet();
        puppet.pass(ms(10));
        for check in puppet.take_requests() {
            puppet.answer(&check);
        }
        // An agent of RFC 5245 nominates both, and may choose either.
        let first = puppet.agent.selected_pair().unwrap().path;
        let other = Path::udp(second, first.remote());
        for path in [first, other] {
            let bytes = puppet.write_request(&nominating(PEER, 5));
            puppet.receive(path, &bytes);
        }
        assert_eq!(puppet.agent.selected_pair().unwrap().path, first);
        for _ in 0..20 {
            puppet.pass(Duration::from_secs(3));
            for check in puppet.take_requests() {
                assert_eq!(check.path, first);
                puppet.answer(&check);
            }
            if uses_it {
                let bytes = puppet.write_request(&Request::new(Role::Controlling));
                puppet.receive(other, &bytes);
                assert_eq!(puppet.sent.last().unwrap().path, other, "it is answered");
            }
        }
        assert_eq!(puppet.closed, if uses_it { vec![] } else { vec![SocketId(1)] });
    }
}

#[test]
fn who_comes_to_control_after_the_choice_nominates_it_once_more() {
    let (mut puppet, check, _) = controlled();
    puppet.answer(&check);
    puppet.request(&nominating(PEER, 5));
    assert_eq!(selected(&puppet), PEER);
    // The peer never heard that its nomination arrived, and gave way to another agent's claim.
    puppet.take_sent();
    puppet.request(&Request { tiebreaker: 0, ..Request::new(Role::Controlled) });
    assert_eq!(puppet.agent.role(), Role::Controlling);
    puppet.pass(ms(10));
    let nomination = puppet.take_requests().into_iter().find(nominates).unwrap();
    assert_eq!(nomination.path.remote().to_string(), PEER);
    puppet.answer(&nomination);
    puppet.pass(Duration::from_secs(20));
    assert!(!puppet.take_requests().iter().any(nominates));
    assert_eq!(puppet.agent.state(), IceState::Completed);
}

#[test]
fn nothing_is_sent_once_only_a_restart_helps() {
    // The choice is lost while it is being confirmed.
    let (mut puppet, check, _) = controlled();
    puppet.answer(&check);
    puppet.request(&nominating(PEER, 5));
    puppet.request(&Request { tiebreaker: 0, ..Request::new(Role::Controlled) });
    puppet.pass(Duration::from_secs(31));
    assert_eq!(puppet.agent.state(), IceState::Failed);
    puppet.take_sent();
    puppet.pass(Duration::from_secs(60));
    assert!(puppet.take_sent().is_empty());
    // A nomination is refused while another pair works, and yet another is being checked.
    let mut puppet = Puppet::new(IceConfig::default());
    for peer in [PEER, BETTER, "203.0.113.3:6000"] {
        puppet.tell(peer);
    }
    puppet.meet();
    puppet.pass(ms(10));
    for check in &puppet.take_requests()[..2] {
        puppet.answer(check);
    }
    puppet.pass(ms(200));
    let nomination = puppet.take_requests().into_iter().find(nominates).unwrap();
    puppet.refuse(&nomination, Code::BAD_REQUEST, true);
    assert_eq!(puppet.agent.state(), IceState::Failed);
    puppet.take_sent();
    puppet.pass(Duration::from_secs(60));
    assert!(puppet.take_sent().is_empty());
}
