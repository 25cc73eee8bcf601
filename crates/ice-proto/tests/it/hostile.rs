//! Input of those who do not know the password, or who twist what the peer says.
use crate::support::{LOCAL, Puppet, Request, ms};
use core::time::Duration;
use ice_proto::{IceConfig, IceState, PairState, Role};
use sans_io::{DropReason, Path};
use stun_proto::{
    Integrity, Message, MessageBuilder, MessageType, Method, TransactionId, attribute::Username,
};

fn from(remote: &str) -> Path {
    Path::udp(LOCAL.parse().unwrap(), remote.parse().unwrap())
}

#[test]
fn nobody_without_the_password_gets_more_bytes_than_it_sent() {
    let mut puppet = Puppet::new(IceConfig::default());
    let path = from("203.0.113.9:1");
    let (mut answered, mut silent) = (0, 0);
    for name in [None, Some(""), Some("a"), Some("abcdefgh"), Some("abcdefgh:ijklmnop")] {
        for fingerprint in [false, true] {
            let mut buffer = [0; 128];
            let kind = MessageType::request(Method::BINDING);
            let message = MessageBuilder::new(&mut buffer, kind, TransactionId([1; 12]))
                .with_some(name.map(Username).as_ref());
            let written =
                if fingerprint { message.fingerprint().finish() } else { message.finish() };
            let bytes = written.unwrap();
            let refused = puppet.receive(path, bytes);
            let sent: usize = puppet.take_sent().iter().map(|t| t.payload.len()).sum();
            assert!(sent <= bytes.len(), "{sent} bytes for {}", bytes.len());
            if sent > 0 {
                answered += 1;
            } else {
                assert_eq!(refused, Some(DropReason::Unauthenticated));
                silent += 1;
            }
        }
    }
    // What a check of a real agent is long enough for is said to it.
    assert!(answered >= 2 && silent >= 2, "{answered} answered, {silent} not");
    assert_eq!(puppet.agent.drops().count(DropReason::Unauthenticated), 10);
}

#[test]
fn a_nomination_that_is_replayed_from_elsewhere_moves_nothing() {
    let mut puppet = Puppet::checking(Role::Controlled);
    let check = puppet.take_requests().remove(0);
    puppet.answer(&check);
    let nomination = Request { nominates: true, ..Request::new(Role::Controlling) };
    let bytes = puppet.write_request(&nomination);
    assert_eq!(puppet.receive(check.path, &bytes), None);
    let selected = puppet.agent.selected_pair();
    assert!(selected.is_some_and(|pair| pair.nominated));
    for port in 1..100_u16 {
        puppet.receive(from(&format!("198.51.100.66:{port}")), &bytes);
    }
    puppet.pass(Duration::from_secs(20));
    assert_eq!(puppet.agent.selected_pair(), selected);
    assert!(puppet.agent.pairs().count() <= 100);
    let elsewhere = puppet.agent.pairs().filter(|pair| pair.path.remote() != check.path.remote());
    assert!(elsewhere.into_iter().all(|pair| pair.state != PairState::Succeeded));
}

#[test]
fn an_absurd_pace_of_the_peer_holds_nothing_up_for_long() {
    for pace in [Duration::from_secs(3600), Duration::MAX] {
        let mut puppet = Puppet::new(IceConfig::default());
        puppet.tell("203.0.113.1:6000");
        puppet.tell("203.0.113.2:6000");
        puppet.meet();
        puppet.agent.set_remote_pacing(puppet.now, Some(pace));
        puppet.take_sent();
        puppet.pass(Duration::from_secs(3));
        let second = puppet
            .take_requests()
            .into_iter()
            .find(|t| t.path.remote().ip().to_string() == "203.0.113.2");
        puppet.answer(&second.unwrap());
        assert_eq!(puppet.agent.state(), IceState::Connected);
    }
}

#[test]
fn an_answer_with_another_integrity_than_the_request_had_is_discarded() {
    let mut puppet = Puppet::checking(Role::Controlling);
    let check = puppet.take_requests().remove(0);
    let request = Message::parse(&check.payload).unwrap();
    assert_eq!(request.integrity(), Some(Integrity::Sha1));
    let bytes = Puppet::success(&check, check.path.local(), Integrity::Sha256);
    assert_eq!(puppet.receive(check.path, &bytes), Some(DropReason::Unauthenticated));
    assert_eq!(puppet.agent.pairs().next().unwrap().state, PairState::InProgress);
    puppet.answer(&check);
    puppet.pass(ms(1));
    assert_eq!(puppet.agent.state(), IceState::Connected);
}
