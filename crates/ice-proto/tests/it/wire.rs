//! Checks as they are on the wire, against a peer that the test plays.
use crate::support::{PEER, Puppet, Request, error_of, ms};
use core::{net::SocketAddr, time::Duration};
use ice_proto::{
    Candidate, CandidateKind, IceConfig, IceEvent, IceState, PairFailure, PairState, Profile,
    RestartReason, Role,
};
use sans_io::{DropReason, Path};
use stun_proto::{
    AttributeType, Integrity, Key, Message, MessageBuilder, MessageType, Method, TransactionId,
    attribute::{
        Code, IceControlled, IceControlling, Priority, UnknownAttributes, UseCandidate, Username,
        XorMappedAddress,
    },
};

fn address(text: &str) -> SocketAddr {
    text.parse().unwrap()
}

fn state(puppet: &Puppet) -> PairState {
    puppet.agent.pairs().next().unwrap().state
}

fn nominates(check: &sans_io::Transmit) -> bool {
    Message::parse(&check.payload).unwrap().get::<UseCandidate>().is_some()
}

#[test]
fn a_check_has_what_it_must_have() {
    for role in [Role::Controlling, Role::Controlled] {
        let mut puppet = Puppet::checking(role);
        let checks = puppet.take_requests();
        let check = Message::parse(&checks[0].payload).unwrap();
        let ours = puppet.agent.local_credentials();
        let username = format!("peer:{}", ours.ufrag);
        assert_eq!(check.get::<Username<'_>>(), Some(Username(&username)));
        assert_eq!(check.verify(&Puppet::peer_key()), Ok(Integrity::Sha1));
        assert!(check.has_fingerprint());
        // The peer-reflexive type preference with the local preference of the base.
        assert_eq!(check.get::<Priority>(), Some(Priority(1_862_270_975)));
        assert_eq!(check.get::<IceControlling>().is_some(), role == Role::Controlling);
        assert_eq!(check.get::<IceControlled>().is_some(), role == Role::Controlled);
        assert_eq!(check.get::<UseCandidate>(), None);
    }
}

#[test]
fn a_response_tells_the_mapped_address_and_is_signed() {
    let mut puppet = Puppet::new(IceConfig::default());
    let answer = puppet.request(&Request::new(Role::Controlled));
    let message = Message::parse(&answer.payload).unwrap();
    assert_eq!(message.get::<XorMappedAddress>(), Some(XorMappedAddress(answer.path.remote())));
    let pwd = puppet.agent.local_credentials().pwd.clone();
    assert_eq!(message.verify(&Key::new(pwd.as_bytes())), Ok(Integrity::Sha1));
    assert!(message.has_fingerprint());
    assert!(!message.has(AttributeType::USERNAME));
}

#[test]
fn requests_without_the_password_are_refused_and_leave_no_trace() {
    let mut puppet = Puppet::checking(Role::Controlling);
    puppet.take_sent();
    let ours = puppet.agent.local_credentials().clone();
    let path = Path::udp(address("192.0.2.1:5000"), address("203.0.113.9:1"));
    let good = format!("{}:peer", ours.ufrag);
    let longer = format!("{}x:peer", ours.ufrag);
    let key = Key::new(ours.pwd.as_bytes());
    let cases = [
        (Some(good.as_str()), Some(Key::new(b"wrong")), Code::UNAUTHENTICATED),
        (Some("other:peer"), Some(key.clone()), Code::UNAUTHENTICATED),
        (Some(ours.ufrag.as_ref()), Some(key.clone()), Code::UNAUTHENTICATED),
        (Some(longer.as_str()), Some(key.clone()), Code::UNAUTHENTICATED),
        (Some(good.as_str()), None, Code::BAD_REQUEST),
        (None, Some(key), Code::BAD_REQUEST),
    ];
    for (username, key, code) in cases {
        let mut buffer = [0; 256];
        let kind = MessageType::request(Method::BINDING);
        let message = MessageBuilder::new(&mut buffer, kind, TransactionId([1; 12]))
            .with_some(username.map(Username).as_ref())
            .with(&Priority(5))
            .with(&IceControlled(1));
        let bytes = match key {
            Some(key) => message.sign(&key, Integrity::Sha1).fingerprint().finish(),
            None => message.fingerprint().finish(),
        };
        puppet.receive(path, bytes.unwrap());
        let sent = puppet.take_sent();
        assert_eq!(sent.len(), 1);
        assert_eq!(error_of(&sent[0]), Some(code), "{username:?}");
    }
    assert_eq!(puppet.agent.drops().count(DropReason::Unauthenticated), 6);
    assert_eq!(puppet.agent.remote_candidates().count(), 1);
    assert_eq!(puppet.receive(path, b"data"), Some(DropReason::Forbidden));
}

#[test]
fn a_proven_request_whose_username_is_no_text_is_refused_and_leaves_no_trace() {
    let mut puppet = Puppet::new(IceConfig::default());
    let ours = puppet.agent.local_credentials().clone();
    let path = Path::udp(address("192.0.2.1:5000"), address("203.0.113.9:1"));
    let mut buffer = [0; 256];
    let kind = MessageType::request(Method::BINDING);
    let mut message = MessageBuilder::new(&mut buffer, kind, TransactionId([1; 12]));
    message.push_raw(AttributeType::USERNAME, &[ours.ufrag.as_bytes(), b":\xFF"].concat());
    let key = Key::new(ours.pwd.as_bytes());
    let bytes = message.sign(&key, Integrity::Sha1).fingerprint().finish().unwrap();
    assert_eq!(puppet.receive(path, bytes), None);
    let sent = puppet.take_sent();
    assert_eq!(error_of(&sent[0]), Some(Code::BAD_REQUEST));
    assert!(Message::parse(&sent[0].payload).unwrap().verify(&key).is_ok());
    assert_eq!(puppet.receive(path, b"data"), Some(DropReason::Forbidden));
}

#[test]
fn attributes_that_must_be_understood_and_are_not_are_named() {
    let mut puppet = Puppet::new(IceConfig::default());
    let ours = puppet.agent.local_credentials().clone();
    let path = Path::udp(address("192.0.2.1:5000"), address("203.0.113.9:1"));
    let mut buffer = [0; 256];
    let username = format!("{}:peer", ours.ufrag);
    let kind = MessageType::request(Method::BINDING);
    let mut message =
        MessageBuilder::new(&mut buffer, kind, TransactionId([1; 12])).with(&Username(&username));
    message.push_raw(AttributeType(0x7ABC), &[1, 2, 3]);
    let key = Key::new(ours.pwd.as_bytes());
    let bytes = message.sign(&key, Integrity::Sha1).fingerprint().finish().unwrap();
    assert_eq!(puppet.receive(path, bytes), None);
    let sent = puppet.take_sent();
    assert_eq!(error_of(&sent[0]), Some(Code::UNKNOWN_ATTRIBUTE));
    let unknown = Message::parse(&sent[0].payload).unwrap().get::<UnknownAttributes>().unwrap();
    assert_eq!(unknown.types(), [AttributeType(0x7ABC)]);
}

#[test]
fn an_answer_makes_the_pair_valid_and_is_followed_by_the_nomination() {
    let mut puppet = Puppet::checking(Role::Controlling);
    let check = puppet.take_requests().remove(0);
    puppet.pass(ms(20));
    puppet.take_sent();
    assert_eq!(puppet.answer(&check), None);
    assert_eq!(state(&puppet), PairState::Succeeded);
    assert_eq!(puppet.agent.state(), IceState::Connected);
    puppet.pass(ms(5));
    let nomination = puppet.take_requests().remove(0);
    assert!(nominates(&nomination));
    puppet.answer(&nomination);
    assert_eq!(puppet.agent.state(), IceState::Completed);
    let packet = puppet.agent.send(puppet.now, b"data").unwrap();
    assert_eq!(packet.path, nomination.path);
    // Once and for all: nothing but consent follows.
    puppet.pass(Duration::from_secs(3));
    assert!(puppet.take_sent().is_empty());
}

#[test]
fn the_controlled_side_never_nominates_and_takes_a_nomination_at_once() {
    let mut puppet = Puppet::checking(Role::Controlled);
    let check = puppet.take_requests().remove(0);
    puppet.answer(&check);
    puppet.pass(ms(100));
    assert!(puppet.take_sent().is_empty(), "nothing is left to check");
    puppet.request(&Request { nominates: true, ..Request::new(Role::Controlling) });
    assert_eq!(puppet.agent.state(), IceState::Completed);
    puppet.pass(Duration::from_secs(20));
    assert!(!puppet.take_requests().iter().any(nominates));
}

#[test]
fn a_nomination_before_the_pair_is_valid_waits_for_it() {
    let mut puppet = Puppet::checking(Role::Controlled);
    puppet.take_requests();
    puppet.request(&Request { nominates: true, ..Request::new(Role::Controlling) });
    assert_eq!(puppet.agent.state(), IceState::Checking);
    puppet.pass(ms(5));
    let triggered = puppet.take_requests().remove(0);
    puppet.answer(&triggered);
    assert_eq!(puppet.agent.state(), IceState::Completed);
}

#[test]
fn of_several_nominated_pairs_the_best_is_used() {
    let better = address("203.0.113.2:6000");
    let mut puppet = Puppet::checking(Role::Controlled);
    let check = puppet.take_requests().remove(0);
    puppet.answer(&check);
    let nominated = Request { nominates: true, ..Request::new(Role::Controlling) };
    puppet.request(&nominated);
    assert_eq!(puppet.agent.selected_pair().unwrap().path.remote(), address("203.0.113.1:6000"));
    // An agent of RFC 5245 nominates another one, of higher priority, and then a worse one.
    puppet.request(&Request { from: better, priority: 2_130_706_430, ..nominated });
    puppet.pass(ms(5));
    if let Some(triggered) = puppet.take_requests().first() {
        puppet.answer(triggered);
    }
    let worse = address("203.0.113.3:6000");
    puppet.request(&Request { from: worse, priority: 5, ..nominated });
    puppet.pass(ms(5));
    for check in puppet.take_requests() {
        puppet.answer(&check);
    }
    let selected = puppet.agent.selected_pair().unwrap().path.remote();
    let priorities: Vec<_> = puppet.agent.pairs().map(|p| (p.priority, p.path.remote())).collect();
    assert_eq!(selected, priorities[0].1, "{priorities:?}");
    assert_eq!(puppet.agent.pairs().filter(|pair| pair.nominated).count(), 1);
}

#[test]
fn an_unsigned_401_does_not_fail_the_pair() {
    let mut puppet = Puppet::checking(Role::Controlling);
    let check = puppet.take_requests().remove(0);
    let refused = puppet.refuse(&check, Code::UNAUTHENTICATED, false);
    assert_eq!(refused, Some(DropReason::Unauthenticated));
    assert_eq!(state(&puppet), PairState::InProgress);
    puppet.pass(ms(40));
    let again = puppet.take_requests().remove(0);
    puppet.answer(&again);
    assert_eq!(puppet.agent.state(), IceState::Connected);
}

#[test]
fn a_signed_error_fails_the_pair_and_a_request_revives_it() {
    let mut puppet = Puppet::checking(Role::Controlled);
    let check = puppet.take_requests().remove(0);
    puppet.refuse(&check, Code::SERVER_ERROR, true);
    assert_eq!(state(&puppet), PairState::Failed(PairFailure::Refused(500)));
    puppet.pass(ms(200));
    assert!(puppet.take_requests().is_empty());
    puppet.request(&Request::new(Role::Controlling));
    puppet.pass(ms(5));
    let again = puppet.take_requests().remove(0);
    puppet.answer(&again);
    assert_eq!(puppet.agent.state(), IceState::Connected);
}

#[test]
fn an_answer_from_elsewhere_fails_the_pair() {
    let mut puppet = Puppet::checking(Role::Controlling);
    let check = puppet.take_requests().remove(0);
    let elsewhere = Path::udp(check.path.local(), address("203.0.113.1:6001"));
    puppet.answer_as(&check, elsewhere, check.path.local());
    assert_eq!(state(&puppet), PairState::Failed(PairFailure::Asymmetric));
}

#[test]
fn a_487_turns_the_role_and_is_retried_at_once() {
    for role in [Role::Controlling, Role::Controlled] {
        let mut puppet = Puppet::checking(role);
        let check = puppet.take_requests().remove(0);
        let tiebreaker = |check: &sans_io::Transmit| {
            let message = Message::parse(&check.payload).unwrap();
            let controlling = message.get::<IceControlling>().map(|c| (Role::Controlling, c.0));
            controlling.or(message.get::<IceControlled>().map(|c| (Role::Controlled, c.0)))
        };
        puppet.pass(ms(5));
        puppet.take_sent();
        puppet.refuse(&check, Code::ROLE_CONFLICT, true);
        assert_eq!(puppet.agent.role(), role.other());
        let again = puppet.take_requests().remove(0);
        assert_eq!(tiebreaker(&again).unwrap().0, role.other());
        assert_ne!(tiebreaker(&again).unwrap().1, tiebreaker(&check).unwrap().1);
        assert!(puppet.events.contains(&IceEvent::RoleChanged(role.other())));
    }
}

#[test]
fn a_request_with_our_role_is_refused_or_obeyed_by_the_tie_breaker() {
    for role in [Role::Controlling, Role::Controlled] {
        for (tiebreaker, we_win) in [(0, true), (u64::MAX, false)] {
            let mut puppet = Puppet::checking(role);
            let answer = puppet.request(&Request { tiebreaker, ..Request::new(role) });
            // The larger number controls.
            let stays = we_win == (role == Role::Controlling);
            assert_eq!(puppet.agent.role() == role, stays);
            assert_eq!(error_of(&answer), stays.then_some(Code::ROLE_CONFLICT));
        }
    }
}

#[test]
fn an_unknown_mapped_address_is_a_peer_reflexive_candidate() {
    let mut puppet = Puppet::checking(Role::Controlling);
    let check = puppet.take_requests().remove(0);
    puppet.answer_as(&check, check.path, address("198.51.100.7:777"));
    let pair = puppet.agent.pairs().next().unwrap();
    assert_eq!(pair.local.kind, CandidateKind::PeerReflexive);
    assert_eq!(pair.local.address, address("198.51.100.7:777"));
    // Data still leaves from the base, and the peer is not told.
    assert_eq!(pair.path.local(), address("192.0.2.1:5000"));
    assert_eq!(puppet.agent.local_candidates().count(), 1);
}

#[test]
fn a_403_ends_consent_at_once() {
    let mut puppet = Puppet::checking(Role::Controlling);
    let check = puppet.take_requests().remove(0);
    puppet.answer(&check);
    puppet.pass(ms(5));
    let nomination = puppet.take_requests().remove(0);
    puppet.answer(&nomination);
    puppet.pass(Duration::from_secs(6));
    let consent = puppet.take_requests().remove(0);
    puppet.refuse(&consent, Code::FORBIDDEN, true);
    assert_eq!(puppet.agent.state(), IceState::Failed);
    let reason = IceEvent::RestartNeeded(RestartReason::ConsentRevoked);
    assert!(puppet.events.contains(&reason));
    assert!(puppet.agent.send(puppet.now, b"x").is_err());
}

#[test]
fn consent_is_asked_for_every_four_to_six_seconds_with_new_transactions() {
    let mut puppet = Puppet::checking(Role::Controlling);
    let check = puppet.take_requests().remove(0);
    puppet.answer(&check);
    puppet.pass(ms(5));
    let nomination = puppet.take_requests().remove(0);
    puppet.answer(&nomination);
    let (mut last, mut ids) = (puppet.now, Vec::new());
    for _ in 0..100 {
        puppet.pass(puppet.deadline.unwrap().saturating_since(puppet.now));
        let Some(consent) = puppet.take_requests().pop() else { continue };
        let wait = puppet.now.saturating_since(last);
        assert!((ms(3_990)..=ms(6_000)).contains(&wait), "{wait:?}");
        last = puppet.now;
        let id = Message::parse(&consent.payload).unwrap().transaction_id();
        assert!(!ids.contains(&id));
        ids.push(id);
        puppet.answer(&consent);
    }
    assert!(ids.len() > 30);
}

#[test]
fn to_the_letter_a_check_is_retransmitted_and_not_repeated() {
    let mut puppet = Puppet::new(IceConfig { profile: Profile::Strict, ..IceConfig::default() });
    puppet.tell("203.0.113.1:6000");
    puppet.meet();
    puppet.pass(Duration::from_secs(39));
    let sent = puppet.take_requests();
    assert_eq!(sent.len(), 7);
    assert!(sent.iter().all(|check| check.payload == sent[0].payload));
    assert_eq!(state(&puppet), PairState::InProgress);
    puppet.pass(ms(600));
    assert_eq!(state(&puppet), PairState::Failed(PairFailure::TimedOut));
}

#[test]
fn in_spare_slots_an_unanswered_check_is_repeated_six_times() {
    let mut puppet = Puppet::checking(Role::Controlling);
    puppet.pass(ms(499));
    let sent = puppet.take_requests();
    assert_eq!(sent.len(), 7, "the first and six more");
    let ids: std::collections::BTreeSet<_> =
        sent.iter().map(|t| Message::parse(&t.payload).unwrap().transaction_id()).collect();
    assert_eq!(ids.len(), 7);
    // Any of them may be answered.
    puppet.answer(&sent[0]);
    assert_eq!(puppet.agent.state(), IceState::Connected);
}

#[test]
fn other_credentials_than_the_known_ones_mean_a_restart() {
    let mut puppet = Puppet::checking(Role::Controlling);
    let ours = puppet.agent.local_credentials().clone();
    let other = ice_proto::IceCredentials::new("othr", "anotherpasswordofapeer").unwrap();
    puppet.tell_credentials(other);
    let told = puppet.agent.local_credentials().clone();
    assert!(ours.ufrag != told.ufrag && ours.pwd != told.pwd);
    // The candidates of the new generation come after its credentials.
    let at = puppet.events.iter().position(|event| *event == IceEvent::Restarted(told.clone()));
    let after: Vec<_> = puppet.events[at.unwrap()..]
        .iter()
        .filter(|event| !matches!(event, IceEvent::StateChanged(_)))
        .collect();
    assert!(
        matches!(after[..], [_, IceEvent::Candidate(_), IceEvent::GatheringComplete, ..]),
        "{after:?}"
    );
}

#[test]
fn a_peer_of_another_session_is_answered_but_not_checked() {
    let mut puppet = Puppet::checking(Role::Controlling);
    puppet.take_sent();
    let ours = puppet.agent.local_credentials().clone();
    let username = format!("{}:fork", ours.ufrag);
    let mut buffer = [0; 256];
    let kind = MessageType::request(Method::BINDING);
    let key = Key::new(ours.pwd.as_bytes());
    let bytes = MessageBuilder::new(&mut buffer, kind, TransactionId([1; 12]))
        .with(&Username(&username))
        .with(&Priority(5))
        .with(&IceControlled(1))
        .sign(&key, Integrity::Sha1)
        .fingerprint()
        .finish()
        .unwrap();
    let path = Path::udp(address("192.0.2.1:5000"), address("203.0.113.9:1"));
    puppet.receive(path, bytes);
    assert_eq!(error_of(&puppet.take_sent()[0]), None);
    assert_eq!(puppet.agent.pairs().count(), 1);
}

#[test]
fn a_refused_nomination_fails_pair_and_list() {
    let mut puppet = Puppet::checking(Role::Controlling);
    let check = puppet.take_requests().remove(0);
    puppet.answer(&check);
    puppet.pass(ms(5));
    let nomination = puppet.take_requests().remove(0);
    puppet.refuse(&nomination, Code::BAD_REQUEST, true);
    assert_eq!(state(&puppet), PairState::Failed(PairFailure::Refused(400)));
    assert_eq!(puppet.agent.state(), IceState::Failed);
    let reason = IceEvent::RestartNeeded(RestartReason::NominationFailed);
    assert!(puppet.events.contains(&reason));
}

#[test]
fn a_nomination_is_repeated_less_and_less_often_until_no_answer_counts_any_more() {
    let mut puppet = Puppet::checking(Role::Controlling);
    let check = puppet.take_requests().remove(0);
    puppet.answer(&check);
    puppet.pass(ms(600));
    let quick = puppet.take_requests().iter().filter(|check| nominates(check)).count();
    assert!((8..=10).contains(&quick), "{quick} nominations");
    puppet.pass(Duration::from_secs(35));
    let slow = puppet.take_requests().iter().filter(|check| nominates(check)).count();
    assert!((15..=20).contains(&slow), "{slow} nominations");
    assert_ne!(puppet.agent.state(), IceState::Failed);
    puppet.pass(Duration::from_secs(5));
    assert_eq!(puppet.agent.state(), IceState::Failed);
    let reason = IceEvent::RestartNeeded(RestartReason::NominationFailed);
    assert!(puppet.events.contains(&reason));
}

#[test]
fn a_keepalive_of_the_peer_is_taken() {
    let mut puppet = Puppet::checking(Role::Controlling);
    puppet.take_sent();
    let mut buffer = [0; 28];
    let kind = MessageType::indication(Method::BINDING);
    let message = MessageBuilder::new(&mut buffer, kind, TransactionId([1; 12]));
    let bytes = message.fingerprint().finish().unwrap();
    let path = Path::udp(address("192.0.2.1:5000"), address("203.0.113.1:6000"));
    assert_eq!(puppet.receive(path, bytes), None);
    assert!(puppet.take_sent().is_empty());
}

#[test]
fn the_tie_breaker_stays() {
    let mut puppet = Puppet::checking(Role::Controlling);
    puppet.pass(Duration::from_secs(5));
    let numbers: std::collections::BTreeSet<u64> = puppet
        .take_requests()
        .iter()
        .map(|t| Message::parse(&t.payload).unwrap().get::<IceControlling>().unwrap().0)
        .collect();
    assert_eq!(numbers.len(), 1);
}

#[test]
fn a_relay_is_nominated_after_a_second_or_when_nothing_else_is_left() {
    let relay = Candidate { kind: CandidateKind::Relayed, ..Candidate::host(address(PEER)) };
    for all_known in [false, true] {
        let mut puppet = Puppet::new(IceConfig::default());
        puppet.agent.add_remote_candidate(puppet.now, relay).unwrap();
        if all_known {
            puppet.agent.end_of_remote_candidates(puppet.now);
        }
        puppet.meet();
        let check = puppet.take_requests().remove(0);
        puppet.answer(&check);
        // Data flows at once.
        assert!(puppet.agent.send(puppet.now, b"data").is_ok());
        puppet.pass(ms(990));
        assert_eq!(puppet.take_requests().iter().any(nominates), all_known);
        puppet.pass(ms(20));
        assert!(all_known || puppet.take_requests().iter().any(nominates));
    }
}

/// Two candidates of the peer; the check of the second one is answered after `rtt`.
fn second_best_answers_after(rtt: Duration) -> Puppet {
    let mut puppet = Puppet::new(IceConfig::default());
    let best = Candidate::host(address("203.0.113.9:6000"));
    let second = Candidate { priority: best.priority - 256, ..Candidate::host(address(PEER)) };
    for candidate in [best, second] {
        puppet.agent.add_remote_candidate(puppet.now, candidate).unwrap();
    }
    puppet.meet();
    puppet.pass(ms(5));
    let to_second = |check: &sans_io::Transmit| check.path.remote() == address(PEER);
    let check = puppet.take_requests().into_iter().find(to_second).unwrap();
    puppet.pass(rtt);
    puppet.answer(&check);
    puppet
}

#[test]
fn a_better_pair_is_waited_for_a_little_over_the_round_trip() {
    // The better pair was checked 5 ms before, and so much longer nothing has come of it.
    let mut puppet = second_best_answers_after(ms(20));
    puppet.pass(Duration::ZERO);
    assert!(puppet.take_requests().iter().any(nominates), "25 ms after its first check");
    let mut puppet = second_best_answers_after(ms(200));
    puppet.pass(ms(5));
    assert!(!puppet.take_requests().iter().any(nominates), "210 ms after its first check");
    puppet.pass(ms(5));
    assert!(puppet.take_requests().iter().any(nominates));
}

#[test]
fn a_direct_pair_that_works_too_late_is_worth_a_restart() {
    let relay = Candidate { kind: CandidateKind::Relayed, ..Candidate::host(address(PEER)) };
    let relay = Candidate { priority: 100, ..relay };
    let mut puppet = Puppet::new(IceConfig::default());
    puppet.agent.add_remote_candidate(puppet.now, relay).unwrap();
    puppet.tell("203.0.113.9:6000");
    puppet.meet();
    puppet.pass(ms(10));
    let (relayed, direct): (Vec<_>, Vec<_>) =
        puppet.take_requests().into_iter().partition(|check| check.path.remote() == address(PEER));
    puppet.answer(&relayed[0]);
    puppet.pass(Duration::from_secs(1));
    let nomination = puppet.take_requests().into_iter().find(nominates).unwrap();
    puppet.answer(&nomination);
    assert_eq!(puppet.agent.state(), IceState::Completed);
    let better = IceEvent::RestartNeeded(RestartReason::BetterPair);
    assert!(!puppet.events.contains(&better));
    puppet.answer(&direct[0]);
    assert!(puppet.events.contains(&better));
    // The choice stands (RFC 8445 §8.1.1).
    assert_eq!(puppet.agent.selected_pair().unwrap().path.remote(), address(PEER));
}
