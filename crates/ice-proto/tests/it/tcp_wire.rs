//! Connections of an agent (RFC 6544 §7 and §11), frame by frame: what is opened and sent when, and what
//! strangers get.
use crate::support::{BOTH, PASSIVE, TcpPuppet, at, framed, ms, unframed, wire};
use core::time::Duration;
use ice_proto::{
    CandidateTransport, IceEvent, IceState, PairFailure, PairState, Role, SendError, TcpType,
};
use sans_io::{DropReason, Input, Machine, SocketFault, Transport, Verdict};
use std::collections::BTreeSet;
use stun_proto::{
    Class, Message,
    attribute::{Code, ErrorCode, UseCandidate},
};

const PEER: &str = "203.0.113.1:6000";

/// An agent with a pair that both have settled on, whose connection it opened. Gives that.
fn settled(role: Role) -> (TcpPuppet, sans_io::Path) {
    let mut puppet = TcpPuppet::told(role, TcpType::Passive, PEER);
    puppet.agent.end_of_remote_candidates(puppet.now);
    let path = puppet.open(40_001);
    let [check] = &puppet.take_requests()[..] else { panic!("a check") };
    puppet.answer(&check.clone());
    if role == Role::Controlling {
        puppet.pass(ms(100));
        let [nomination] = &puppet.take_requests()[..] else { panic!("a nomination") };
        puppet.answer(&nomination.clone());
    } else {
        let request = puppet.request(Role::Controlling, true, None);
        puppet.stream(path, &request);
        puppet.sent.clear();
    }
    assert_eq!(puppet.agent.state(), IceState::Completed);
    (puppet, path)
}

/// An agent that listens, and a peer that connected, nominated the pair and was checked.
fn settled_listening() -> (TcpPuppet, sans_io::Path) {
    let mut puppet = TcpPuppet::told(Role::Controlled, TcpType::Active, "203.0.113.1:9");
    let path = puppet.accept(0, "203.0.113.1:6001");
    let request = puppet.request(Role::Controlling, true, None);
    puppet.stream(path, &request);
    puppet.pass(ms(10));
    let [check] = &puppet.take_requests()[..] else { panic!("a triggered check") };
    puppet.answer(&check.clone());
    assert_eq!(puppet.agent.state(), IceState::Completed);
    (puppet, path)
}

fn states(puppet: &TcpPuppet) -> Vec<PairState> {
    puppet.agent.pairs().map(|pair| pair.state).collect()
}

#[test]
fn a_check_opens_its_connection_first_and_goes_over_it_in_a_frame() {
    let mut puppet = TcpPuppet::told(Role::Controlling, TcpType::Passive, PEER);
    assert!(puppet.sent.is_empty());
    let connect = puppet.connects[0];
    // From the address of the candidate, and a port that the system chooses.
    assert_eq!((connect.local, connect.remote), (Some(at("192.0.2.1:0")), at(PEER)));
    let path = puppet.open(40_001);
    assert_eq!(path, wire("192.0.2.1:40001", PEER));
    let [check] = &puppet.take_requests()[..] else { panic!("one check") };
    assert_eq!((check.path, check.meta.ttl), (path, None));
    let message = Message::parse(unframed(&check.payload)).unwrap();
    assert_eq!((message.class(), message.has_fingerprint()), (Class::Request, true));
    assert_eq!(puppet.agent.send(puppet.now, b"x").err(), Some(SendError::NotConnected));
    puppet.answer(check);
    let packet = puppet.agent.send(puppet.now, b"hello").unwrap();
    assert_eq!((packet.path, packet.to_vec()), (path, framed(b"hello")));
    let read = puppet.stream(path, &[framed(b"to"), framed(b""), framed(b"you")].concat());
    assert_eq!((read.data, read.refused), (vec![b"to".to_vec(), b"you".to_vec()], None));
}

#[test]
fn a_simultaneous_open_goes_out_from_where_the_peer_may_come_in() {
    let mut puppet =
        TcpPuppet::told(Role::Controlling, TcpType::SimultaneousOpen, "203.0.113.1:6003");
    assert_eq!(puppet.connects[0].local, Some(at(BOTH)));
    // The peer was first: the connection is the same one, and carries the check that waited.
    let path = puppet.accept(1, "203.0.113.1:6003");
    assert_eq!(puppet.closed, [puppet.connects[0].id]);
    let [check] = &puppet.take_requests()[..] else { panic!("one check") };
    assert_eq!(check.path, path);
    puppet.answer(check);
    assert_eq!(states(&puppet), [PairState::Succeeded]);
}

#[test]
fn a_pair_whose_connection_is_refused_has_failed_at_once() {
    let mut puppet = TcpPuppet::told(Role::Controlling, TcpType::Passive, PEER);
    let connect = puppet.connects.remove(0);
    puppet.socket(connect.id, Err(SocketFault::Refused));
    assert_eq!(states(&puppet), [PairState::Failed(PairFailure::NotConnected)]);
    puppet.pass(Duration::from_secs(39));
    assert!(puppet.connects.is_empty(), "it is not tried again");
}

#[test]
fn what_answers_and_is_no_ice_agent_is_left_alone() {
    // A web server; something that says a little; something that says nothing.
    let (http, small) = (b"HTTP/1.1 400 Bad Request\r\n".to_vec(), framed(b"220 mail"));
    for (bytes, failure) in [(http, PairFailure::NotConnected), (small, PairFailure::Foreign)] {
        let mut puppet = TcpPuppet::told(Role::Controlling, TcpType::Passive, PEER);
        let path = puppet.open(40_001);
        let read = puppet.stream(path, &bytes);
        assert!(read.broken || puppet.hung_up == [path]);
        assert!(read.data.is_empty());
        assert_eq!(states(&puppet), [PairState::Failed(failure)]);
        puppet.pass(Duration::from_secs(30));
        assert!(puppet.connects.is_empty());
    }
    let mut puppet = TcpPuppet::told(Role::Controlling, TcpType::Passive, PEER);
    let path = puppet.open(40_001);
    puppet.pass(Duration::from_secs(11));
    assert_eq!(puppet.hung_up, [path]);
    assert_eq!(states(&puppet), [PairState::Failed(PairFailure::NotConnected)]);
}

#[test]
fn nothing_is_sent_twice_over_a_connection() {
    let mut puppet = TcpPuppet::told(Role::Controlling, TcpType::Passive, PEER);
    puppet.agent.end_of_remote_candidates(puppet.now);
    puppet.open(40_001);
    puppet.pass(Duration::from_secs(9));
    let checks = puppet.take_requests();
    assert_eq!(checks.len(), 1);
    puppet.answer(&checks[0]);
    puppet.pass(ms(1_100));
    let nominations = puppet.take_requests();
    assert_eq!(nominations.len(), 1, "{nominations:?}");
    puppet.pass(Duration::from_secs(2));
    assert!(puppet.take_requests().is_empty());
}

#[test]
fn a_stranger_is_answered_in_frames_and_soon_gone() {
    let mut puppet = TcpPuppet::told(Role::Controlling, TcpType::Active, "203.0.113.1:9");
    let path = puppet.accept(0, "198.51.100.7:1234");
    let wrong = puppet.request(Role::Controlled, false, Some(b"a guess"));
    assert_eq!(puppet.stream(path, &wrong).refused, None);
    let refusal = puppet.sent.pop().unwrap();
    assert_eq!(refusal.path, path);
    let message = Message::parse(unframed(&refusal.payload)).unwrap();
    let code = message.get::<ErrorCode<'_>>().map(|error| error.code);
    assert_eq!(code, Some(Code::UNAUTHENTICATED));
    puppet.pass(ms(9_900));
    assert!(puppet.hung_up.is_empty());
    puppet.pass(ms(200));
    assert_eq!(puppet.hung_up, [path]);
    // What comes late is nobody's.
    let late = puppet.agent.handle_input(puppet.now, Input::received(path, &wrong));
    assert_eq!(late, Verdict::Unclaimed);
}

#[test]
fn who_proves_to_be_the_peer_may_stay_and_send_as_much_as_it_likes() {
    let (mut puppet, path) = settled_listening();
    puppet.pass(Duration::from_secs(15));
    assert!(puppet.hung_up.is_empty());
    let long = vec![7; 65_535];
    let read = puppet.stream(path, &framed(&long));
    assert_eq!(read.data, [long]);
}

#[test]
fn garbage_half_frames_and_too_much_end_a_strangers_connection() {
    let mut puppet = TcpPuppet::told(Role::Controlling, TcpType::Active, "203.0.113.1:9");
    // Nothing that ICE has.
    let path = puppet.accept(0, "198.51.100.7:1");
    assert_eq!(puppet.stream(path, &framed(b"hello")).refused, Some(DropReason::Forbidden));
    assert_eq!(puppet.hung_up, [path]);
    // A STUN message that is none.
    let path = puppet.accept(0, "198.51.100.7:2");
    let mut cut = puppet.request(Role::Controlled, false, None);
    cut.truncate(60);
    let _ = puppet.stream(path, &framed(&cut[2..]));
    assert_eq!(puppet.hung_up.last(), Some(&path));
    // A frame that is longer than any check.
    let path = puppet.accept(0, "198.51.100.7:3");
    assert!(puppet.stream(path, &[0xFF, 0xFF, 1, 2, 3]).broken);
    // The beginning of a frame, and then nothing.
    let path = puppet.accept(0, "198.51.100.7:4");
    let half = puppet.request(Role::Controlled, false, None);
    let read = puppet.stream(path, &half[..half.len() - 1]);
    assert!(!read.broken && read.refused.is_none());
    puppet.pass(Duration::from_secs(10));
    assert_eq!(puppet.hung_up.last(), Some(&path));
    // Guesses without end.
    let path = puppet.accept(0, "198.51.100.7:5");
    let mut taken = 0;
    while puppet.hung_up.last() != Some(&path) {
        let guess = puppet.request(Role::Controlled, false, Some(b"a guess"));
        taken += guess.len();
        let _ = puppet.stream(path, &guess);
        assert!(taken < 10_000, "{taken} bytes of guesses");
    }
    assert!(puppet.agent.state() == IceState::Checking);
}

#[test]
fn thousands_who_connect_take_no_more_room_than_sixteen_and_the_peer_still_gets_in() {
    let mut puppet = TcpPuppet::told(Role::Controlling, TcpType::Active, "203.0.113.1:9");
    let flood = |puppet: &mut TcpPuppet, from: u16| {
        let mut open = BTreeSet::new();
        for port in from..from + 2_000 {
            let path = puppet.accept(0, &format!("198.51.100.7:{port}"));
            open.insert(path);
            for path in puppet.hung_up.drain(..) {
                open.remove(&path);
            }
            assert!(open.len() <= 16, "{} are open", open.len());
        }
        open
    };
    let open = flood(&mut puppet, 1_000);
    for path in &open {
        puppet.lose(*path);
    }
    let more = allocation_counter::measure(|| drop(flood(&mut puppet, 3_000)));
    assert!(more.bytes_current < 4_096, "{more:?}");
    // In the midst of them the peer connects and says who it is.
    let path = puppet.accept(0, "203.0.113.1:6001");
    let request = puppet.request(Role::Controlled, false, None);
    puppet.stream(path, &request);
    flood(&mut puppet, 6_000);
    puppet.pass(ms(20));
    let [check] = &puppet.take_requests()[..] else { panic!("a triggered check") };
    assert_eq!(check.path, path);
    puppet.answer(check);
    assert_eq!(states(&puppet), [PairState::Succeeded]);
}

#[test]
fn a_connection_that_was_opened_again_carries_a_check_before_anything_else() {
    for role in [Role::Controlling, Role::Controlled] {
        let (mut puppet, path) = settled(role);
        puppet.events.clear();
        puppet.lose(path);
        assert_eq!(puppet.agent.state(), IceState::Checking);
        assert_eq!(puppet.agent.send(puppet.now, b"x").err(), Some(SendError::NotConnected));
        puppet.pass(ms(10));
        let path = puppet.open(40_002);
        // Whoever is there now has shown nothing yet.
        assert!(puppet.stream(path, &framed(b"hello")).data.is_empty());
        assert_eq!(puppet.agent.send(puppet.now, b"x").err(), Some(SendError::NotConnected));
        let (mut puppet, path) = settled(role);
        puppet.lose(path);
        puppet.pass(ms(10));
        let path = puppet.open(40_002);
        // It is checked as well by the peer, and answers.
        let theirs = puppet.request(role.other(), false, None);
        puppet.stream(path, &theirs);
        let [check] = &puppet.take_requests()[..] else { panic!("one check, {role}") };
        assert_eq!(check.path, path);
        let message = Message::parse(unframed(&check.payload)).unwrap();
        // A peer that listens may have to be told which pair it is.
        let nominates = message.get::<UseCandidate>().is_some();
        assert_eq!(nominates, role == Role::Controlling);
        puppet.answer(check);
        assert!(puppet.agent.send(puppet.now, b"x").is_ok());
        assert_eq!(puppet.agent.state(), IceState::Completed);
        assert!(puppet.events.iter().any(|event| matches!(event, IceEvent::Selected(_))));
    }
}

#[test]
fn the_side_that_listens_checks_what_was_opened_again() {
    let (mut puppet, path) = settled_listening();
    puppet.lose(path);
    puppet.pass(ms(100));
    assert!(puppet.connects.is_empty(), "it has nobody to connect to");
    assert_eq!(puppet.agent.send(puppet.now, b"x").err(), Some(SendError::NotConnected));
    let path = puppet.accept(0, "203.0.113.1:6002");
    puppet.sent.clear();
    let request = puppet.request(Role::Controlling, false, None);
    puppet.stream(path, &request);
    puppet.pass(ms(10));
    let [check] = &puppet.take_requests()[..] else { panic!("a triggered check") };
    assert_eq!(check.path, path);
    assert_eq!(puppet.agent.send(puppet.now, b"x").err(), Some(SendError::NotConnected));
    puppet.answer(check);
    assert_eq!(puppet.agent.send(puppet.now, b"x").unwrap().path, path);
    assert_eq!(puppet.agent.state(), IceState::Completed);
}

#[test]
fn a_peer_that_opens_it_again_before_the_loss_is_known_is_followed() {
    let (mut puppet, old) = settled_listening();
    let path = puppet.accept(0, "203.0.113.1:6002");
    puppet.sent.clear();
    let request = puppet.request(Role::Controlling, true, None);
    puppet.stream(path, &request);
    puppet.pass(ms(10));
    let [check] = &puppet.take_requests()[..] else { panic!("a triggered check") };
    puppet.answer(&check.clone());
    assert_eq!(puppet.agent.send(puppet.now, b"x").unwrap().path, path);
    puppet.lose(old);
    assert_eq!(puppet.agent.send(puppet.now, b"x").unwrap().path, path);
}

#[test]
fn a_listener_that_is_lost_takes_its_candidate_along() {
    let mut puppet = TcpPuppet::new(Role::Controlling);
    let listener = puppet.listeners[0];
    puppet.events.clear();
    puppet.socket(listener, Err(SocketFault::Lost));
    let lost: Vec<_> = puppet
        .events
        .iter()
        .filter_map(|event| match event {
            IceEvent::CandidateLost(candidate) => Some(candidate.address),
            _ => None,
        })
        .collect();
    assert_eq!(lost, [at(PASSIVE)]);
    let listening = CandidateTransport::Tcp(TcpType::Passive);
    assert!(!puppet.agent.local_candidates().any(|c| c.transport == listening));
    // Nobody is let in any more.
    let path = wire(PASSIVE, "203.0.113.1:6001");
    let accepted = puppet.agent.handle_input(puppet.now, Input::Accepted { listener, path });
    assert_eq!(accepted, Verdict::Unclaimed);
}

#[test]
fn frames_are_for_tcp_alone() {
    let puppet = TcpPuppet::new(Role::Controlling);
    let tls = sans_io::Path::new(Transport::Tls, at(PASSIVE), at(PEER));
    assert_eq!(puppet.agent.frame(&tls, b"abc"), sans_io::Frame::Whole(3));
}
