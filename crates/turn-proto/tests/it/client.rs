//! The client against servers that answer as they like (RFC 8656 §7.3, §7.4, §8.3).
use crate::{
    desk::{LISTENER, PEER, address},
    net::{config_of, secs},
    play::{Play, RELAYED, allocated, data_indication},
};
use core::time::Duration;
use sans_io::{
    DropReason, Frame, Input, Machine, NextFrame, Path, PathFault, SocketRequest, Transport,
    Verdict, next_frame,
};
use stun_proto::{
    Integrity, Key, Message, MessageBuilder, MessageType, Method,
    attribute::{
        AddressFamily, AlternateServer, Code, Data, ErrorCode, Lifetime, Nonce, Realm,
        XorPeerAddress,
    },
};
use turn_proto::{
    AllocateError, NotAllocated, PeerError, SendError, TurnClientConfig, TurnEvent, TurnFault,
};

#[test]
fn a_silent_server_is_given_up_after_39_5_seconds() {
    let mut play = Play::new();
    let start = play.now;
    play.client.allocate(start).unwrap();
    let mut at = Vec::new();
    while let Some(wake) = play.drain() {
        at.push(wake.saturating_since(start).as_millis());
        play.now = wake;
        play.client.handle_timeout(wake);
    }
    assert_eq!(at, [500, 1500, 3500, 7500, 15_500, 31_500, 39_500]);
    let sent = play.take_sent();
    assert_eq!(sent.len(), 7);
    assert!(sent.windows(2).all(|pair| pair[0] == pair[1]), "retransmissions are the same");
    let fault = TurnFault::TimedOut;
    assert_eq!(play.take_events(), [TurnEvent::Failed { fault }]);
    play.client.allocate(play.now).unwrap();
}

#[test]
fn errors_are_reported_as_what_they_are() {
    let cases = [
        (Code::BAD_REQUEST, TurnFault::BadRequest),
        (Code::UNAUTHENTICATED, TurnFault::WrongCredentials),
        (Code::FORBIDDEN, TurnFault::Forbidden),
        (Code::UNKNOWN_ATTRIBUTE, TurnFault::UnknownAttribute),
        (Code::ALLOCATION_MISMATCH, TurnFault::Mismatch),
        (Code::ADDRESS_FAMILY_NOT_SUPPORTED, TurnFault::FamilyUnsupported),
        (Code::WRONG_CREDENTIALS, TurnFault::WrongCredentials),
        (Code::UNSUPPORTED_TRANSPORT, TurnFault::TransportUnsupported),
        (Code::PEER_ADDRESS_FAMILY_MISMATCH, TurnFault::FamilyMismatch),
        (Code::ALLOCATION_QUOTA_REACHED, TurnFault::QuotaReached),
        (Code::INSUFFICIENT_CAPACITY, TurnFault::NoCapacity),
        (Code::TRY_ALTERNATE, TurnFault::BadResponse),
        (Code::new(699).unwrap(), TurnFault::Other(699)),
    ];
    for (code, fault) in cases {
        let mut play = Play::new();
        let request = play.log_in();
        let answer = play.write(&request, false, |answer| {
            answer.push(&ErrorCode::from(code));
            answer.push(&Realm("turn"));
            answer.push(&Nonce(b"n1"));
        });
        assert_eq!(play.give(&answer), Verdict::Consumed);
        assert_eq!(play.take_events(), [TurnEvent::Failed { fault }], "{code}");
        play.pass(secs(600));
        assert!(play.take_sent().is_empty(), "{code}: no retry");
    }
    let mut play = Play::new();
    let request = play.log_in();
    let other = address("9.9.9.9:3478");
    let answer = play.write(&request, false, |answer| {
        answer.push(&ErrorCode::from(Code::TRY_ALTERNATE));
        answer.push(&AlternateServer(other));
    });
    assert_eq!(play.give(&answer), Verdict::Consumed);
    let fault = TurnFault::TryAlternate(other);
    assert_eq!(play.take_events(), [TurnEvent::Failed { fault }]);
}

#[test]
fn redirect_before_the_challenge_is_not_believed() {
    let mut play = Play::new();
    play.client.allocate(play.now).unwrap();
    let request = play.take_request();
    let answer = play.write(&request, false, |answer| {
        answer.push(&ErrorCode::from(Code::TRY_ALTERNATE));
        answer.push(&AlternateServer(address("9.9.9.9:3478")));
    });
    assert_eq!(play.give(&answer), Verdict::Consumed);
    assert_eq!(play.take_events(), [TurnEvent::Failed { fault: TurnFault::Other(300) }]);
}

#[test]
fn after_486_and_508_a_minute_passes() {
    for code in [Code::ALLOCATION_QUOTA_REACHED, Code::INSUFFICIENT_CAPACITY] {
        let mut play = Play::new();
        let request = play.log_in();
        play.refuse(&request, code);
        let until = play.now.saturating_add(secs(60));
        play.pass(secs(59));
        let refused = play.client.allocate(play.now);
        assert_eq!(refused, Err(AllocateError::TooSoon { until }));
        play.pass(secs(1));
        assert_eq!(play.client.allocate(play.now), Ok(()));
    }
}

#[test]
fn a_server_that_always_says_stale_is_left_alone() {
    let mut play = Play::new();
    let mut request = play.log_in();
    let mut requests = 2;
    while play.events.is_empty() {
        play.challenge(&request, Code::STALE_NONCE);
        match &play.take_sent()[..] {
            [] => break,
            [next] => request.clone_from(next),
            more => panic!("{} requests for one answer", more.len()),
        }
        requests += 1;
        assert!(requests < 10);
    }
    let fault = TurnFault::WrongCredentials;
    assert_eq!(play.take_events(), [TurnEvent::Failed { fault }]);
}

#[test]
fn an_answer_that_is_not_signed_is_not_believed() {
    let mut play = Play::new();
    let request = play.log_in();
    let parsed = Message::parse(&request).unwrap();
    let kind = MessageType::success(Method::ALLOCATE);
    let wrong = Key::new(b"somebody else");
    let mut buffer = [0; 256];
    let mut forged = MessageBuilder::new(&mut buffer, kind, parsed.transaction_id());
    allocated(&mut forged, "6.6.6.6:6", 600);
    let forged = forged.sign(&wrong, Integrity::Sha1).finish().unwrap().to_vec();
    assert_eq!(play.give(&forged), Verdict::Dropped(DropReason::Unauthenticated));
    // The true answer still counts.
    play.answer(&request, |answer| allocated(answer, RELAYED, 600));
    assert!(matches!(play.take_events()[..], [TurnEvent::Allocated { .. }]));

    // Where only forgeries come, that is what is said in the end.
    let mut play = Play::new();
    play.log_in();
    let parsed_id = Message::parse(&forged).unwrap().transaction_id();
    assert_eq!(parsed_id, parsed.transaction_id(), "the same seed asks the same");
    assert_eq!(play.give(&forged), Verdict::Dropped(DropReason::Unauthenticated));
    play.pass(secs(40));
    let fault = TurnFault::Unprotected;
    assert_eq!(play.take_events(), [TurnEvent::Failed { fault }]);
}

#[test]
fn an_address_of_the_wrong_family_is_given_back() {
    let unusable: [(&str, u32); 4] =
        [("[2a00::1]:50000", 600), ("9.9.9.2:0", 600), ("0.0.0.0:50000", 600), (RELAYED, 0)];
    for (relayed, lifetime) in unusable {
        let mut play = Play::new();
        let request = play.log_in();
        play.answer(&request, |answer| allocated(answer, relayed, lifetime));
        let fault = TurnFault::BadResponse;
        assert_eq!(play.take_events(), [TurnEvent::Failed { fault }]);
        let close = play.take_request();
        let message = Message::parse(&close).unwrap();
        assert_eq!((message.method(), message.get()), (Method::REFRESH, Some(Lifetime(0))));
        play.answer(&close, |answer| answer.push(&Lifetime(0)));
        assert!(play.take_events().is_empty());
        assert_eq!(play.client.allocate(play.now), Ok(()));
    }
}

#[test]
fn an_answer_that_lacks_something_is_no_answer() {
    let mut play = Play::new();
    let request = play.log_in();
    play.answer(&request, |answer| answer.push(&Lifetime(600)));
    let fault = TurnFault::BadResponse;
    assert_eq!(play.take_events(), [TurnEvent::Failed { fault }]);
}

#[test]
fn refreshes_follow_the_granted_lifetime() {
    for (lifetime, refresh) in [(600, 540), (1800, 1740), (60, 30)] {
        let config = config_of("7.7.7.7:1000").with_lifetime(secs(3600));
        let mut play = Play::with(config);
        play.allocate_for(lifetime);
        play.pass(secs(refresh).saturating_sub(Duration::from_nanos(1)));
        assert!(play.take_sent().is_empty());
        play.pass(Duration::from_nanos(1));
        play.pass(Duration::ZERO);
        let request = play.take_request();
        assert_eq!(Message::parse(&request).unwrap().get(), Some(Lifetime(3600)));
        play.answer(&request, |answer| answer.push(&Lifetime(lifetime)));
        let lifetime = secs(lifetime.into());
        assert_eq!(play.take_events(), [TurnEvent::Refreshed { lifetime }]);
    }
}

/// A transaction ends after 39.5 s, a minute before what it refreshes: there is time for another.
#[test]
fn what_still_lasts_is_asked_for_again() {
    let mut play = Play::new();
    play.allocate_for(600);
    play.permit();
    play.client.bind_channel(play.now, address(PEER)).unwrap();
    let request = play.take_request();
    play.answer(&request, |_| {});
    play.take_events();
    // Nobody answers the first refresh of each, everybody the second one.
    let mut first_of = std::collections::BTreeMap::new();
    let mut answered = 0;
    for _ in 0..700 {
        play.pass(secs(1));
        for request in play.take_sent() {
            let message = Message::parse(&request).unwrap();
            let first =
                first_of.entry(message.method().number()).or_insert(message.transaction_id());
            if *first != message.transaction_id() {
                let answer = play.write(&request, true, |answer| answer.push(&Lifetime(600)));
                answered += usize::from(play.give(&answer) == Verdict::Consumed);
            }
        }
    }
    assert_eq!(first_of.len(), 3, "allocation, permission and channel");
    assert!(answered >= 3);
    let lifetime = secs(600);
    assert_eq!(play.take_events(), [TurnEvent::Refreshed { lifetime }]);
    let packet = play.client.send(play.now, address(PEER), b"x").unwrap();
    assert_eq!(packet.len(), 5, "on the channel");
}

#[test]
fn one_refresh_at_a_time_is_enough() {
    let mut play = Play::new();
    play.allocate_for(600);
    for _ in 0..3 {
        play.client.refresh(play.now).unwrap();
    }
    let request = play.take_request();
    play.answer(&request, |answer| answer.push(&Lifetime(600)));
    play.client.refresh(play.now).unwrap();
    assert_eq!(play.take_sent().len(), 1);
}

#[test]
fn closing_what_is_gone_succeeds() {
    let mut play = Play::new();
    play.allocate_for(600);
    play.client.close(play.now);
    let request = play.take_request();
    assert_eq!(Message::parse(&request).unwrap().get(), Some(Lifetime(0)));
    play.refuse(&request, Code::ALLOCATION_MISMATCH);
    assert_eq!(play.take_events(), [TurnEvent::Closed]);
    // And without an answer it ends as well.
    let mut play = Play::new();
    play.allocate_for(600);
    play.client.close(play.now);
    play.pass(secs(40));
    assert_eq!(play.take_events(), [TurnEvent::Closed]);
    play.client.close(play.now);
    assert!(play.take_events().is_empty(), "nothing to close");
}

#[test]
fn closing_early_gives_back_what_may_exist() {
    let mut play = Play::new();
    let allocate = play.log_in();
    play.client.close(play.now);
    let close = play.take_request();
    // The answer to the first request comes too late.
    let late = play.write(&allocate, true, |answer| allocated(answer, RELAYED, 600));
    assert_eq!(play.give(&late), Verdict::Unclaimed);
    play.answer(&close, |answer| answer.push(&Lifetime(0)));
    assert_eq!(play.take_events(), [TurnEvent::Closed]);
}

#[test]
fn commands_that_cannot_work_are_refused() {
    let mut config = config_of("7.7.7.7:1000");
    config.max_permissions = 2;
    config.max_channels = 1;
    let mut play = Play::with(config);
    let now = play.now;
    let [a, b, c] = ["8.8.8.1:1", "8.8.8.2:1", "8.8.8.3:1"].map(address);
    let none = Err(PeerError::NotAllocated);
    assert_eq!(play.client.create_permission(now, &[a.ip()]), none);
    assert_eq!(play.client.bind_channel(now, a), none);
    assert_eq!(play.client.refresh(now), Err(NotAllocated));
    assert_eq!(play.client.send(now, a, b"x"), Err(SendError::NotAllocated));
    play.allocate_for(600);
    assert_eq!(play.client.allocate(now), Err(AllocateError::Busy));
    let v6 = address("[2a00::1]:1");
    let wrong = Err(PeerError::WrongFamily(v6.ip()));
    assert_eq!(play.client.create_permission(now, &[a.ip(), v6.ip()]), wrong);
    assert_eq!(play.client.bind_channel(now, v6), wrong);
    let all = [a.ip(), b.ip(), c.ip()];
    assert_eq!(play.client.create_permission(now, &all), Err(PeerError::TooMany));
    assert_eq!(play.client.bind_channel(now, a), Ok(()));
    assert_eq!(play.client.bind_channel(now, a), Ok(()));
    assert_eq!(play.client.bind_channel(now, b), Err(PeerError::TooMany));
    assert_eq!(play.client.create_permission(now, &[b.ip()]), Ok(()));
    assert_eq!(play.client.create_permission(now, &[c.ip()]), Err(PeerError::TooMany));
    // One permission with the channel, one channel, one permission.
    assert_eq!(play.take_sent().len(), 3);
}

#[test]
fn nothing_is_sent_without_permission() {
    let mut play = Play::new();
    play.allocate_for(600);
    let peer = address(PEER);
    let none = Err(SendError::NoPermission(peer.ip()));
    assert_eq!(play.client.send(play.now, peer, b"x"), none);
    play.client.create_permission(play.now, &[peer.ip()]).unwrap();
    assert_eq!(play.client.send(play.now, peer, b"x"), none, "asked for, but not installed");
    let request = play.take_request();
    play.answer(&request, |_| {});
    let data = [7; 100];
    let packet = play.client.send(play.now, peer, &data).unwrap();
    assert_eq!(packet.path, play.client.path());
    assert_eq!(packet.payload.as_ptr(), data.as_ptr());
    let bytes = packet.to_vec();
    let message = Message::parse(&bytes).unwrap();
    assert_eq!((message.method(), message.get()), (Method::SEND, Some(Data(&data))));
    assert_eq!(message.get(), Some(XorPeerAddress(peer)));
    // As long as it lasts: nobody answers the refreshes.
    play.pass(secs(300).saturating_sub(Duration::from_nanos(1)));
    assert!(play.client.send(play.now, peer, b"x").is_ok());
    play.pass(Duration::from_nanos(1));
    assert_eq!(play.client.send(play.now, peer, b"x"), none);
}

#[test]
fn data_of_every_length_that_fits_is_sent() {
    let mut play = Play::new();
    play.allocate_for(600);
    play.permit();
    let data = vec![0; 65_536];
    for len in [0, 1, 2, 3, 4, 1200, 65_504] {
        let packet = play.client.send(play.now, address(PEER), &data[..len]).unwrap();
        assert_eq!(packet.len() % 4, 0);
        assert_eq!(packet.len(), 36 + len.next_multiple_of(4));
    }
    for len in [65_505, 65_536] {
        let error = play.client.send(play.now, address(PEER), &data[..len]).unwrap_err();
        assert_eq!(error, SendError::TooLong(len));
    }
}

#[test]
fn data_that_nobody_asked_for_is_dropped() {
    let mut play = Play::new();
    let peer = address(PEER);
    let forbidden = Verdict::Dropped(DropReason::Forbidden);
    let early = Verdict::Dropped(DropReason::Unexpected);
    assert_eq!(play.give(&data_indication(peer, b"x")), early);
    play.allocate_for(600);
    assert_eq!(play.give(&data_indication(peer, b"x")), forbidden);
    assert_eq!(play.give(b"\x40\x00\x00\x01x"), forbidden);
    let kind = MessageType::indication(Method::DATA);
    let mut buffer = [0; 64];
    let id = stun_proto::TransactionId([1; 12]);
    let empty = MessageBuilder::new(&mut buffer, kind, id).with(&XorPeerAddress(peer));
    let empty = empty.finish().unwrap().to_vec();
    let malformed = Verdict::Dropped(DropReason::Malformed);
    assert_eq!(play.give(&empty), malformed, "neither DATA nor ICMP");
    let mut buffer = [0; 64];
    let whose = MessageBuilder::new(&mut buffer, kind, id).with(&Data(b"x")).finish().unwrap();
    assert_eq!(play.give(whose), malformed, "of nobody");
    // Asked for: it may arrive before the answer.
    play.client.create_permission(play.now, &[peer.ip()]).unwrap();
    let indication = data_indication(peer, b"hello");
    let input = Input::received(play.client.path(), &indication);
    let Verdict::Deliver { path, bytes, .. } = play.client.handle_input(play.now, input) else {
        panic!("not delivered");
    };
    assert_eq!((path, bytes), (Path::udp(address(RELAYED), peer), &b"hello"[..]));
    assert!(indication.as_ptr_range().contains(&bytes.as_ptr()), "not copied");
}

#[test]
fn what_is_not_its_own_is_left_to_others() {
    let mut play = Play::new();
    play.allocate_for(600);
    let mut buffer = [0; 64];
    let id = stun_proto::TransactionId([1; 12]);
    for kind in [MessageType::success(Method::BINDING), MessageType::request(Method::BINDING)] {
        let bytes = MessageBuilder::new(&mut buffer, kind, id).finish().unwrap().to_vec();
        assert_eq!(play.give(&bytes), Verdict::Unclaimed);
    }
    assert_eq!(play.give(&[22, 254, 253, 0]), Verdict::Unclaimed, "DTLS");
    let elsewhere = Path::udp(address("7.7.7.7:1000"), address("9.9.9.1:3479"));
    let input = Input::received(elsewhere, b"\x40\x00\x00\x01x");
    assert_eq!(play.client.handle_input(play.now, input), Verdict::Unclaimed);
}

fn tcp() -> TurnClientConfig {
    let mut config = config_of("7.7.7.7:1000");
    config.path = Path::new(Transport::Tcp, address("7.7.7.7:1000"), address(LISTENER));
    config
}

#[test]
fn over_tcp_data_is_padded() {
    let mut play = Play::with(tcp());
    play.allocate_for(600);
    play.permit();
    play.client.bind_channel(play.now, address(PEER)).unwrap();
    let request = play.take_request();
    play.answer(&request, |_| {});
    let path = play.client.path();
    for len in 0..9 {
        let packet = play.client.send(play.now, address(PEER), &[7; 8][..len.min(8)]).unwrap();
        let bytes = packet.to_vec();
        assert_eq!(bytes.len() % 4, 0);
        assert_eq!(play.client.frame(&path, &bytes), Frame::Whole(bytes.len()));
    }
    // Two messages in one read are two frames.
    let stream = b"\x40\x00\x00\x01x\0\0\0\x40\x00\x00\x02yz\0\0";
    let NextFrame::Frame { frame, rest } = next_frame(&play.client, &path, stream) else {
        panic!("no frame");
    };
    assert_eq!((frame.len(), rest.len()), (8, 8));
    let verdict = play.client.handle_input(play.now, Input::received(path, frame));
    assert!(matches!(verdict, Verdict::Deliver { bytes: b"x", .. }));
}

/// RFC 8489 §9.2.5: it ends nothing, whatever the transport, and what follows is a timeout.
#[test]
fn a_bad_request_that_is_not_signed_was_never_received() {
    for config in [config_of("7.7.7.7:1000"), tcp()] {
        let mut play = Play::with(config);
        let request = play.log_in();
        let parsed = Message::parse(&request).unwrap();
        let mut buffer = [0; 64];
        let kind = MessageType::error(Method::ALLOCATE);
        let forged = MessageBuilder::new(&mut buffer, kind, parsed.transaction_id())
            .with(&ErrorCode::from(Code::BAD_REQUEST))
            .finish()
            .unwrap();
        assert_eq!(play.give(forged), Verdict::Dropped(DropReason::Unauthenticated));
        play.pass(secs(40));
        let fault = TurnFault::TimedOut;
        assert_eq!(play.take_events(), [TurnEvent::Failed { fault }]);
    }
}

#[test]
fn over_tcp_requests_are_sent_once() {
    let mut play = Play::with(tcp());
    play.client.allocate(play.now).unwrap();
    play.pass(secs(39));
    assert_eq!(play.take_sent().len(), 1);
    assert!(play.take_events().is_empty());
    play.pass(secs(1));
    let fault = TurnFault::TimedOut;
    assert_eq!(play.take_events(), [TurnEvent::Failed { fault }]);
}

#[test]
fn a_stream_that_ends_or_makes_no_sense_ends_the_allocation() {
    let fault = TurnFault::Disconnected;
    for nonsense in [false, true] {
        let mut play = Play::with(tcp());
        play.allocate_for(600);
        let path = play.client.path();
        if nonsense {
            assert_eq!(play.give(&[0; 20]), Verdict::Dropped(DropReason::Malformed));
            assert_eq!(play.sockets, [SocketRequest::Hangup(path)]);
        } else {
            let ended = Input::PathFailed { path, fault: PathFault::Ended };
            assert_eq!(play.client.handle_input(play.now, ended), Verdict::Consumed);
        }
        assert_eq!(play.take_events(), [TurnEvent::Lost { fault }]);
    }
}

#[test]
fn over_udp_icmp_is_advice() {
    let mut play = Play::new();
    play.allocate_for(600);
    let path = play.client.path();
    let fault = PathFault::Unreachable { kind: 3, code: 3 };
    let advice = Input::PathFailed { path, fault };
    assert_eq!(play.client.handle_input(play.now, advice), Verdict::Unclaimed);
    assert!(play.client.relayed().is_some());
}

#[test]
fn ipv6_is_asked_for_by_name() {
    let mut play = Play::with(config_of("7.7.7.7:1000").with_family(AddressFamily::V6));
    play.client.allocate(play.now).unwrap();
    let request = play.take_request();
    let asked = stun_proto::attribute::RequestedAddressFamily::V6;
    assert_eq!(Message::parse(&request).unwrap().get(), Some(asked));
}

#[test]
fn debug_does_not_show_the_password() {
    assert!(!format!("{:?}", config_of("7.7.7.7:1000")).contains("wonderland"));
    assert!(!format!("{:?}", Play::new().client).contains("wonderland"));
}
