//! Bytes that nobody sends in good faith.
use crate::{
    desk::{self, Desk, LISTENER, Outcome, PEER, User, address, udp},
    net::config_of,
};
use proptest::prelude::*;
use sans_io::{DropReason, Input, Instant, Machine, Path, Transport, Verdict};
use stun_proto::{
    AttributeType, MessageBuilder, MessageType, Method, TransactionId,
    attribute::{Data, XorPeerAddress},
};
use turn_proto::{ChannelData, TurnClient, stream_frame};

/// A desk with an allocation of alice, a permission and a channel.
fn busy() -> (Desk, User, core::net::SocketAddr) {
    let mut desk = Desk::new();
    let mut alice = User::alice();
    let relayed = alice.allocate(&mut desk);
    assert_eq!(alice.permit(&mut desk, &[address(PEER)]), 0);
    assert_eq!(alice.bind(&mut desk, 0x4000, address("8.8.4.4:4")), 0);
    (desk, alice, relayed)
}

#[test]
fn a_wrong_fingerprint_is_dropped() {
    let (mut desk, alice, _) = busy();
    let mut buffer = [0; 128];
    let kind = MessageType::indication(Method::SEND);
    let mut bytes = MessageBuilder::new(&mut buffer, kind, TransactionId([1; 12]))
        .with(&XorPeerAddress(address(PEER)))
        .with(&Data(b"x"))
        .fingerprint()
        .finish()
        .unwrap()
        .to_vec();
    assert!(matches!(desk.packet(alice.path, &bytes), Outcome::Forwarded(..)));
    *bytes.last_mut().unwrap() ^= 1;
    assert_eq!(desk.packet(alice.path, &bytes), Outcome::Dropped);
}

/// Every request cut short, and with each of its bytes changed, does nothing that it should not.
#[test]
fn signed_requests_that_were_changed_are_refused() {
    let (mut desk, mut alice, _) = busy();
    let request = alice.write(Method::CREATE_PERMISSION, |request| {
        request.push(&XorPeerAddress(address("8.8.1.1:9")));
    });
    for at in 0..request.len() {
        assert!(matches!(
            desk.packet(alice.path, &request[..at]),
            Outcome::Dropped | Outcome::Unclaimed
        ));
        for flip in [1, 0x80] {
            let mut changed = request.clone();
            changed[at] ^= flip;
            desk.packet(alice.path, &changed);
            let reached = alice.send_to(&mut desk, address("8.8.1.1:9"), b"x");
            assert_eq!(reached, Outcome::Dropped, "byte {at} changed");
        }
    }
    desk.packet(alice.path, &request);
    alice.send_to(&mut desk, address("8.8.1.1:9"), b"x").forwarded();
}

#[test]
fn protocols_that_share_the_port_are_dropped() {
    let (mut desk, alice, _) = busy();
    let others: [&[u8]; 8] = [
        b"",
        b"GET / HTTP/1.1\r\n\r\n",
        &[22, 254, 253, 0, 0, 0, 0, 0, 0, 0, 0, 0, 0],
        &[0x80, 0, 0, 0, 0, 0, 0, 0, 0, 0, 0, 0],
        &[0; 20],
        &[0xFF; 1500],
        b"\x00\x01\x00\x00\x21\x12\xa4\x42",
        b"SIP/2.0 200 OK\r\n\r\n",
    ];
    for bytes in others {
        assert_eq!(desk.packet(alice.path, bytes), Outcome::Dropped);
    }
    assert!(desk.take_sent().is_empty());
}

#[test]
fn answers_that_nobody_asked_for_are_dropped() {
    let (mut desk, alice, _) = busy();
    let mut buffer = [0; 64];
    for method in [Method::BINDING, Method::ALLOCATE, Method::REFRESH] {
        for kind in [MessageType::success(method), MessageType::error(method)] {
            let id = TransactionId([1; 12]);
            let answer = MessageBuilder::new(&mut buffer, kind, id).finish().unwrap().to_vec();
            let before = desk.server.drops().count(DropReason::Unexpected);
            assert_eq!(desk.packet(alice.path, &answer), Outcome::Dropped);
            assert_eq!(desk.server.drops().count(DropReason::Unexpected), before + 1);
        }
    }
    // As little are requests of methods that are not served.
    let kind = MessageType::request(Method::CONNECT);
    let id = TransactionId([1; 12]);
    let request = MessageBuilder::new(&mut buffer, kind, id).finish().unwrap().to_vec();
    assert_eq!(desk.packet(alice.path, &request), Outcome::Dropped);
    assert!(desk.take_sent().is_empty());
}

#[test]
fn lengths_at_the_edge_of_16_bits_are_handled() {
    let (mut desk, mut alice, relayed) = busy();
    // From peers: more than an indication can hold is dropped.
    for (len, passes) in [(65_507, true), (65_516, true), (65_517, false), (65_535, false)] {
        let outcome = desk.packet(Path::udp(relayed, address(PEER)), &vec![1; len]);
        assert_eq!(matches!(outcome, Outcome::Forwarded(..)), passes, "{len}");
        let outcome = desk.packet(Path::udp(relayed, address("8.8.4.4:4")), &vec![1; len]);
        assert!(matches!(outcome, Outcome::Forwarded(..)), "a channel holds {len}");
    }
    let outcome = desk.packet(Path::udp(relayed, address("8.8.4.4:4")), &vec![1; 65_536]);
    assert_eq!(outcome, Outcome::Dropped);
    // From clients: as long as a message can be.
    for len in [65_500, 65_516] {
        alice.send_to(&mut desk, address(PEER), &vec![1; len]).forwarded();
    }
}

#[test]
fn a_request_full_of_peers_is_refused_in_good_time() {
    let (mut desk, mut alice, _) = busy();
    let peers: Vec<_> = (0..5000_u32)
        .map(|n| {
            let [_, _, a, b] = n.to_be_bytes();
            core::net::SocketAddr::from(([8, 9, a, b], 1))
        })
        .collect();
    assert_eq!(alice.permit(&mut desk, &peers), 508);
}

#[test]
fn a_request_full_of_unknown_attributes_gets_a_short_answer() {
    let (mut desk, mut alice, _) = busy();
    let answer = alice.ask(&mut desk, Method::REFRESH, |request| {
        for n in 0..8000 {
            request.push_raw(AttributeType(0x6000 + n), &[]);
        }
    });
    assert_eq!(answer.code(), 420);
    assert!(answer.0.len() < 200, "{}", answer.0.len());
}

#[test]
fn strangers_cannot_disturb_an_allocation() {
    let (mut desk, mut alice, relayed) = busy();
    let stranger = User::new("alice", "guess", "7.7.7.7:1000");
    for _ in 0..1000 {
        // Also with the address and port of alice.
        let mut forged = User::new("alice", "guess", "7.7.7.7:1000");
        let request = forged.write(Method::REFRESH, |request| {
            request.push(&stun_proto::attribute::Lifetime(0));
        });
        stranger.send(&mut desk, &request);
        desk.packet(Path::udp(relayed, address("6.6.6.6:6")), b"spam");
        desk.packet(stranger.path, &[0x4F, 0xFF, 0, 1, 0]);
    }
    assert_eq!(desk.server.allocations(), 1);
    alice.send_to(&mut desk, address(PEER), b"x").forwarded();
}

proptest! {
    /// Any bytes, on any path: no panic, nothing leaves but to the client, and payload that leaves
    /// lies within the input.
    #[test]
    fn noise_is_harmless(
        bytes in proptest::collection::vec(any::<u8>(), 0..200),
        prefix in 0_usize..5,
        at in 0_usize..4,
    ) {
        let (mut desk, alice, relayed) = busy();
        let prefixes: [&[u8]; 5] = [
            b"",
            b"\x40\x00",
            b"\x00\x16\x00\x20\x21\x12\xa4\x42",
            b"\x00\x03\x00\x08\x21\x12\xa4\x42",
            b"\x01\x01",
        ];
        let bytes = [prefixes[prefix], &bytes[..]].concat();
        let paths = [
            alice.path,
            Path::udp(address(LISTENER), address("6.6.6.6:6")),
            Path::udp(relayed, address(PEER)),
            Path::udp(relayed, address("6.6.6.6:6")),
        ];
        match desk.server.handle_input(desk.now, Input::received(paths[at], &bytes)) {
            Verdict::Send(packet) => {
                let within = packet.payload.is_empty()
                    || bytes.as_ptr_range().contains(&packet.payload.as_ptr());
                prop_assert!(within);
                let known = [alice.path, Path::udp(relayed, address("8.8.4.4:4"))];
                prop_assert!(known.contains(&packet.path) || packet.path == paths[at]);
            }
            Verdict::Deliver { .. } => prop_assert!(false),
            Verdict::Consumed | Verdict::Unclaimed | Verdict::Dropped(_) => {}
        }
    }

    #[test]
    fn noise_does_not_move_a_client(bytes in proptest::collection::vec(any::<u8>(), 0..200)) {
        for stream in [false, true] {
            let mut config = config_of("7.7.7.7:1000");
            if stream {
                let path = config.path;
                config.path = Path::new(Transport::Tcp, path.local(), path.remote());
            }
            let path = config.path;
            let mut client = TurnClient::new(config, [0; 32]);
            client.allocate(Instant::ZERO).unwrap();
            let verdict = client.handle_input(Instant::ZERO, Input::received(path, &bytes));
            let harmless = matches!(verdict, Verdict::Dropped(_) | Verdict::Unclaimed);
            prop_assert!(harmless, "{:?}", verdict);
        }
    }

    /// However a stream is cut, the frames are the same.
    #[test]
    fn frames_hold_whole_messages(
        lengths in proptest::collection::vec((any::<bool>(), 0_usize..50), 1..10),
    ) {
        let mut stream = Vec::new();
        let mut ends = Vec::new();
        for (is_stun, len) in lengths {
            if is_stun {
                let mut buffer = [0; 128];
                let kind = MessageType::indication(Method::SEND);
                let mut message = MessageBuilder::new(&mut buffer, kind, TransactionId([1; 12]));
                udp(&mut message);
                stream.extend_from_slice(message.with(&Data(&vec![1; len])).finish().unwrap());
            } else {
                let channel = turn_proto::ChannelNumber::MIN;
                stream.extend_from_slice(&ChannelData::header(channel, len).unwrap());
                stream.extend(core::iter::repeat_n(1, len));
                stream.resize(stream.len() + usize::from(ChannelData::padding(len)), 0);
            }
            ends.push(stream.len());
        }
        let mut at = 0;
        for end in ends {
            for cut in at + 1..end {
                let need = matches!(stream_frame(&stream[at..cut]), sans_io::Frame::Need(_));
                prop_assert!(need);
            }
            prop_assert_eq!(stream_frame(&stream[at..]), sans_io::Frame::Whole(end - at));
            at = end;
        }
    }
}

#[test]
fn a_realm_of_four_characters_keeps_the_promise_of_84_bytes() {
    for (realm, len) in [("turn", 84), ("example.org", 92)] {
        let mut config = desk::config();
        config.users = turn_proto::Users::new(realm);
        let mut desk = Desk::with(config);
        let mut user = User::alice();
        let request = user.write(Method::ALLOCATE, udp);
        assert_eq!(user.send(&mut desk, &request).unwrap().0.len(), len);
    }
}
