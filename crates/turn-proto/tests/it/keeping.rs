//! What a client keeps up, when its parent changes its mind and time jumps (RFC 8656 §8, §9, §12).
use crate::{
    desk::{PEER, address},
    net::{config_of, secs},
    play::Play,
};
use core::{net::SocketAddr, time::Duration};
use sans_io::Machine;
use stun_proto::{
    Message, Method,
    attribute::{Code, Lifetime, XorPeerAddress},
};
use turn_proto::{PeerError, TurnEvent, TurnFault};

/// Passes `seconds`, with a server that says yes to all.
fn go_on(play: &mut Play, seconds: u64) {
    for _ in 0..seconds {
        play.pass(secs(1));
        agree(play);
    }
}

/// Answers all that was asked. How many requests there were.
fn agree(play: &mut Play) -> usize {
    let sent = play.take_sent();
    for request in &sent {
        play.answer(request, |answer| answer.push(&Lifetime(3600)));
    }
    sent.len()
}

/// With a permission and a channel for [`PEER`], and an allocation of an hour.
fn ready() -> Play {
    let mut play = Play::with(config_of("7.7.7.7:1000").with_lifetime(secs(3600)));
    play.allocate_for(3600);
    play.client.bind_channel(play.now, address(PEER)).unwrap();
    assert_eq!(agree(&mut play), 2);
    play.take_events();
    play
}

fn is_on_channel(play: &mut Play) -> bool {
    let packet = play.client.send(play.now, address(PEER), b"x");
    packet.is_ok_and(|packet| packet.len() == 5)
}

/// Whatever was due in between: at any second one may be forgotten and wanted again.
#[test]
fn a_peer_that_is_wanted_again_is_kept_up_again() {
    for (forgotten, wanted) in
        [(10, 20), (10, 235), (10, 245), (239, 299), (241, 301), (535, 545), (10, 545), (10, 599)]
    {
        let mut play = ready();
        go_on(&mut play, forgotten);
        play.client.forget_peer(play.now, address(PEER).ip());
        go_on(&mut play, wanted - forgotten);
        play.client.bind_channel(play.now, address(PEER)).unwrap();
        agree(&mut play);
        assert!(is_on_channel(&mut play), "{forgotten}, {wanted}");
        play.take_events();
        for _ in 0..1500 {
            go_on(&mut play, 1);
            assert!(is_on_channel(&mut play), "{forgotten}, {wanted}");
        }
        let told = play.take_events();
        let expected = |event: &TurnEvent| matches!(event, TurnEvent::Refreshed { .. });
        assert!(told.iter().all(expected), "{forgotten}, {wanted}: {told:?}");
    }
}

/// A device that slept for 20 minutes has its allocation still, and nothing else.
#[test]
fn after_a_jump_what_ended_is_asked_for_again() {
    let mut play = ready();
    play.now = play.now.saturating_add(secs(1200));
    play.client.handle_timeout(play.now);
    assert!(!is_on_channel(&mut play));
    assert_eq!(agree(&mut play), 2, "the permission and the channel");
    assert!(is_on_channel(&mut play));
    let told = play.take_events();
    assert!(told.contains(&TurnEvent::ChannelBound { peer: address(PEER) }), "{told:?}");
    go_on(&mut play, 1200);
    assert!(is_on_channel(&mut play));
}

#[test]
fn after_a_jump_beyond_the_end_nothing_is_asked_for() {
    for hours in [1, 2, 1000] {
        let mut play = ready();
        play.now = play.now.saturating_add(secs(hours * 3600));
        play.client.handle_timeout(play.now);
        assert!(play.take_sent().is_empty(), "{hours}");
        let fault = TurnFault::TimedOut;
        assert_eq!(play.take_events(), [TurnEvent::Lost { fault }]);
        assert_eq!(play.client.allocate(play.now), Ok(()));
    }
}

/// 10 minutes of its own and 5 more (RFC 8656 §12), from the last time the server may have bound it.
#[test]
fn places_of_forgotten_channels_can_be_had_again_after_a_while() {
    let mut config = config_of("7.7.7.7:1000").with_lifetime(secs(3600));
    config.max_channels = 1;
    let mut play = Play::with(config);
    play.allocate_for(3600);
    play.client.bind_channel(play.now, address(PEER)).unwrap();
    agree(&mut play);
    play.client.forget_peer(play.now, address(PEER).ip());
    let other = address("8.8.4.4:9");
    go_on(&mut play, 899);
    assert_eq!(play.client.bind_channel(play.now, other), Err(PeerError::TooMany));
    play.pass(secs(60));
    play.client.bind_channel(play.now, other).unwrap();
    agree(&mut play);
    let packet = play.client.send(play.now, other, b"x").unwrap();
    assert_eq!(packet.len(), 5);
}

/// Who stays is not displaced, however often the others change.
#[test]
fn peers_may_come_and_go_for_days() {
    let mut config = config_of("7.7.7.7:1000").with_lifetime(secs(3600));
    config.max_channels = 4;
    let mut play = Play::with(config);
    play.allocate_for(3600);
    play.client.bind_channel(play.now, address(PEER)).unwrap();
    for n in 0..200_u8 {
        let peer = core::net::SocketAddr::from(([8, 8, 4, n], 9));
        play.client.bind_channel(play.now, peer).unwrap();
        for _ in 0..20 {
            agree(&mut play);
            play.pass(secs(30));
        }
        assert_eq!(play.client.send(play.now, peer, b"x").unwrap().len(), 5);
        assert!(is_on_channel(&mut play));
        play.client.forget_peer(play.now, peer.ip());
    }
}

/// Whoever is between client and server cannot end an allocation without the password.
#[test]
fn unsigned_errors_end_nothing() {
    use stun_proto::{
        MessageBuilder, MessageType,
        attribute::{Code, ErrorCode},
    };
    let mut play = ready();
    play.client.refresh(play.now).unwrap();
    let request = play.take_request();
    let id = Message::parse(&request).unwrap().transaction_id();
    for code in [Code::ALLOCATION_MISMATCH, Code::FORBIDDEN, Code::TRY_ALTERNATE, Code::BAD_REQUEST]
    {
        let mut buffer = [0; 64];
        let kind = MessageType::error(Method::REFRESH);
        let forged = MessageBuilder::new(&mut buffer, kind, id).with(&ErrorCode::from(code));
        let _ = play.give(forged.finish().unwrap());
        assert!(play.take_events().is_empty(), "{code:?}");
    }
    play.answer(&request, |answer| answer.push(&Lifetime(600)));
    let lifetime = Duration::from_secs(600);
    assert_eq!(play.take_events(), [TurnEvent::Refreshed { lifetime }]);
}

/// What the timer was set for may be gone when it runs out; the others have theirs still to come.
#[test]
fn a_permission_that_is_refused_takes_no_other_with_it() {
    let mut play = Play::new();
    play.allocate_for(3600);
    let (refused, kept) = (address(PEER), address("8.8.4.4:1"));
    play.client.create_permission(play.now, &[refused.ip()]).unwrap();
    play.take_request(); // nobody answers it
    play.client.bind_channel(play.now, refused).unwrap();
    let request = play.take_request();
    play.answer(&request, |_| {}); // which installs the permission as well
    play.pass(secs(8));
    play.take_sent();
    play.client.create_permission(play.now, &[kept.ip()]).unwrap();
    let request = play.take_request();
    play.answer(&request, |_| {});
    play.pass(secs(32));
    let again = play.take_sent().pop().unwrap();
    play.refuse(&again, Code::FORBIDDEN);
    play.pass(secs(207));
    assert_eq!(play.take_sent(), Vec::<Vec<u8>>::new());
    play.pass(secs(1)); // 240 seconds after the other one was installed
    let request = play.take_request();
    let request = Message::parse(&request).unwrap();
    assert_eq!(request.method(), Method::CREATE_PERMISSION);
    assert_eq!(request.get(), Some(XorPeerAddress(SocketAddr::new(kept.ip(), 0))));
}

/// The answer to the channel installs the permission too, but is none to the request for it.
#[test]
fn a_permission_that_a_channel_brings_is_asked_for_once_still() {
    let mut play = Play::new();
    play.allocate_for(3600);
    let (first, second) = (address(PEER), address("8.8.4.4:1"));
    play.client.create_permission(play.now, &[first.ip()]).unwrap();
    let request = play.take_request();
    play.answer(&request, |_| {});
    play.pass(secs(220));
    play.client.bind_channel(play.now, second).unwrap();
    let sent = play.take_sent();
    let [slow, channel] = &sent[..] else { panic!("a permission and a channel") };
    play.answer(channel, |_| {});
    // The first one is due, and takes with it what is not on its way already.
    play.pass(secs(20));
    let asked = play.take_sent();
    let (again, new): (Vec<_>, Vec<_>) = asked.iter().partition(|request| *request == slow);
    assert!(!again.is_empty(), "the slow one is still out");
    assert_eq!(new.len(), 1);
    let peers: Vec<XorPeerAddress> = Message::parse(new[0]).unwrap().get_all().collect();
    assert_eq!(peers, [XorPeerAddress(SocketAddr::new(first.ip(), 0))]);
}
