//! Allocations come about, or do not (RFC 8656 §6, §7).
use crate::{
    desk::{self, Desk, LISTENER, Outcome, User, address, udp},
    net::{Net, config_of, secs},
};
use sans_io::{Input, SocketFault, SocketRequest};
use std::collections::BTreeSet;
use stun_proto::{
    AttributeType, Message, MessageBuilder, Method,
    attribute::{
        AccessToken, AdditionalAddressFamily, AddressErrorCode, AddressFamily, Code, DontFragment,
        EvenPort, Lifetime, RequestedAddressFamily, RequestedTransport, ReservationToken,
        UnknownAttributes, XorMappedAddress, XorRelayedAddress,
    },
};
use turn_proto::{AllocationEnd, TurnEvent, TurnFault, TurnServerEvent};

fn allocate(desk: &mut Desk, body: impl Fn(&mut MessageBuilder<'_>)) -> desk::Answer {
    User::alice().ask(desk, Method::ALLOCATE, body)
}

#[test]
fn a_client_gets_an_address_with_the_right_password() {
    let mut net = Net::new();
    let client = net.client("7.7.7.7:1000");
    net.run(secs(1));
    let relayed = net.relayed(client);
    assert_eq!(relayed.ip(), desk::RELAY.parse::<core::net::IpAddr>().unwrap());
    let mapped = address("7.7.7.7:1000");
    let allocated = TurnEvent::Allocated {
        relayed,
        additional: None,
        refused: None,
        mapped,
        lifetime: secs(600),
        reserved: None,
    };
    assert_eq!(net.take_events(client), [allocated]);
    // Request, challenge, request, answer.
    assert_eq!(net.sent.len(), 4);
    let created = &net.server_events[..];
    assert!(matches!(created, [TurnServerEvent::AllocationCreated { user, relayed: r, .. }]
            if &**user == "alice" && *r == relayed));
}

#[test]
fn a_wrong_password_is_reported_once() {
    let mut net = Net::new();
    let config = config_of("7.7.7.7:1000");
    let credentials = stun_proto::Credentials::new("alice", "wrong").unwrap();
    let config = turn_proto::TurnClientConfig::new(config.path, credentials);
    let client = net.idle_client(config);
    net.clients[client].allocate(net.now).unwrap();
    net.run(secs(600));
    let fault = TurnFault::WrongCredentials;
    assert_eq!(net.take_events(client), [TurnEvent::Failed { fault }]);
    assert_eq!(net.sent.len(), 4, "no third attempt");
    assert_eq!(net.server.as_ref().unwrap().allocations(), 0);
}

#[test]
fn a_client_asks_for_udp() {
    let mut net = Net::new();
    net.client("7.7.7.7:1000");
    net.run(secs(1));
    for (_, flight) in net.sent.iter().filter(|(_, flight)| flight.to == address(LISTENER)) {
        let message = Message::parse(&flight.bytes).unwrap();
        assert_eq!(message.get(), Some(RequestedTransport::UDP));
        assert!(!message.has(AttributeType::REQUESTED_ADDRESS_FAMILY));
        assert!(!message.has(AttributeType::SOFTWARE));
    }
}

#[test]
fn the_answer_is_signed_and_says_everything() {
    let mut desk = Desk::new();
    let answer = allocate(&mut desk, udp);
    assert_eq!(answer.code(), 0);
    assert_eq!(answer.get(), Some(XorMappedAddress(address("7.7.7.7:1000"))));
    assert_eq!(answer.get(), Some(Lifetime(600)));
    let (_, bound) = desk.last_bind();
    assert_eq!(answer.get(), Some(XorRelayedAddress(bound)));
}

#[test]
fn a_retransmitted_allocate_gets_the_same_answer() {
    let mut desk = Desk::new();
    let mut alice = User::alice();
    alice.ask(&mut desk, Method::REFRESH, |_| {}); // logs in
    let request = alice.write(Method::ALLOCATE, udp);
    let first = alice.send(&mut desk, &request).unwrap();
    assert_eq!(first.code(), 0);
    let again = alice.send(&mut desk, &request).unwrap();
    assert_eq!(again, first);
    // Later the lifetime is what is left.
    desk.pass(100);
    let later = alice.send(&mut desk, &request).unwrap();
    assert_eq!(later.get(), Some(Lifetime(500)));
    assert_eq!(later.get::<XorRelayedAddress>(), first.get());
    assert_eq!((desk.server.allocations(), desk.sockets.len()), (1, 1));
}

#[test]
fn a_retransmission_waits_while_the_socket_opens() {
    let mut desk = Desk::new();
    desk.open = |_| None;
    let mut alice = User::alice();
    alice.ask(&mut desk, Method::REFRESH, |_| {});
    let request = alice.write(Method::ALLOCATE, udp);
    for _ in 0..3 {
        assert_eq!(alice.send(&mut desk, &request), None);
    }
    // Meanwhile there is no allocation to refresh.
    assert_eq!(alice.ask(&mut desk, Method::REFRESH, |_| {}).code(), 437);
    let (id, local) = desk.last_bind();
    desk.give(Input::Socket { id, state: Ok(local) });
    let sent = desk.take_sent();
    assert_eq!(sent.len(), 1, "one answer for all");
    assert_eq!(desk.sockets.len(), 1);
    let again = alice.send(&mut desk, &request).unwrap();
    assert_eq!(again.0, sent[0].payload);
}

#[test]
fn a_second_allocation_on_a_path_is_refused() {
    let mut desk = Desk::new();
    let mut alice = User::alice();
    let relayed = alice.allocate(&mut desk);
    assert_eq!(alice.ask(&mut desk, Method::ALLOCATE, udp).code(), 437);
    // Also by another user, and without harm to the first one.
    let mut bob = User::new("bob", "builder", "7.7.7.7:1000");
    assert_eq!(bob.ask(&mut desk, Method::ALLOCATE, udp).code(), 437);
    assert_eq!(desk.server.allocations(), 1);
    assert_eq!(alice.permit(&mut desk, &[address(desk::PEER)]), 0);
    assert!(matches!(
        desk.packet(sans_io::Path::udp(relayed, address(desk::PEER)), b"x"),
        Outcome::Forwarded(..)
    ));
}

#[test]
fn only_udp_is_relayed() {
    let mut desk = Desk::new();
    assert_eq!(allocate(&mut desk, |_| {}).code(), 400);
    let short = |request: &mut MessageBuilder<'_>| {
        request.push_raw(AttributeType::REQUESTED_TRANSPORT, &[17]);
    };
    assert_eq!(allocate(&mut desk, short).code(), 400);
    for protocol in [0, 1, 6, 18, 255] {
        let other = |request: &mut MessageBuilder<'_>| request.push(&RequestedTransport(protocol));
        assert_eq!(allocate(&mut desk, other).code(), 442);
    }
    assert_eq!(desk.server.allocations(), 0);
}

#[test]
fn dont_fragment_is_unknown_unless_it_can_be_set() {
    let body = |request: &mut MessageBuilder<'_>| {
        udp(request);
        request.push(&DontFragment);
    };
    let answer = allocate(&mut Desk::new(), body);
    assert_eq!(answer.code(), 420);
    let unknown: UnknownAttributes = answer.get().unwrap();
    assert_eq!(unknown.types(), [AttributeType::DONT_FRAGMENT]);
    let mut config = desk::config();
    config.can_set_dont_fragment = true;
    assert_eq!(allocate(&mut Desk::with(config), body).code(), 0);
}

#[test]
fn unknown_attributes_are_named() {
    let mut desk = Desk::new();
    let body = |request: &mut MessageBuilder<'_>| {
        udp(request);
        request.push(&AccessToken { nonce: b"nonce", sealed: b"not offered here" });
        request.push_raw(AttributeType(0x7abc), b"?");
        request.push_raw(AttributeType(0xfabc), b"optional");
    };
    let answer = allocate(&mut desk, body);
    assert_eq!(answer.code(), 420);
    assert_eq!(
        answer.get::<UnknownAttributes>().unwrap().types(),
        [AttributeType::ACCESS_TOKEN, AttributeType(0x7abc)]
    );
}

#[test]
fn contradictory_requests_are_bad() {
    type Push = fn(&mut MessageBuilder<'_>);
    let token: Push = |r| r.push(&ReservationToken([1; 8]));
    let even: Push = |r| r.push(&EvenPort { reserve: false });
    let pair: Push = |r| r.push(&EvenPort { reserve: true });
    let family: Push = |r| r.push(&RequestedAddressFamily::V4);
    let both: Push = |r| r.push(&AdditionalAddressFamily::V6);
    let both_v4: Push = |r| r.push(&AdditionalAddressFamily::V4);
    let cases: [(&[Push], u16); 10] = [
        (&[token], 508),
        (&[token, even], 400),
        (&[token, family], 400),
        (&[token, both], 400),
        (&[family, both], 400),
        (&[pair, both], 400),
        (&[pair], 0),
        (&[pair, family], 0),
        (&[both_v4], 400),
        (&[even, family], 0),
    ];
    for (at, (pushes, code)) in cases.into_iter().enumerate() {
        let mut desk = Desk::new();
        let answer = allocate(&mut desk, |request| {
            udp(request);
            for push in pushes {
                push(request);
            }
        });
        assert_eq!(answer.code(), code, "case {at}");
        assert_eq!(desk.server.allocations(), usize::from(code == 0));
    }
}

#[test]
fn a_family_that_is_not_relayed_is_refused() {
    let config =
        turn_proto::TurnServerConfig::new(desk::users(), turn_proto::PeerPolicy::global_only())
            .with_listener(address(LISTENER))
            .with_relay(turn_proto::RelayAddress::new(desk::RELAY_V6.parse().unwrap()));
    let mut desk = Desk::with(config);
    assert_eq!(allocate(&mut desk, udp).code(), 440, "none asked for is IPv4");
    for family in [1, 3] {
        let body = |request: &mut MessageBuilder<'_>| {
            udp(request);
            request.push(&RequestedAddressFamily(family));
        };
        assert_eq!(allocate(&mut desk, body).code(), 440, "{family}");
    }
}

#[test]
fn ipv6_is_relayed_when_asked_for() {
    let mut net = Net::new();
    let config = config_of("7.7.7.7:1000").with_family(AddressFamily::V6);
    let client = net.idle_client(config);
    net.clients[client].allocate(net.now).unwrap();
    net.run(secs(1));
    assert!(net.relayed(client).is_ipv6());
}

fn ask_for_both(request: &mut MessageBuilder<'_>) {
    udp(request);
    request.push(&AdditionalAddressFamily::V6);
}

#[test]
fn old_clients_ask_for_both_families_by_their_number() {
    let old = |request: &mut MessageBuilder<'_>| {
        udp(request);
        request.push_raw(AttributeType(0x8032), &[2, 0, 0, 0]);
    };
    let families = |answer: &desk::Answer| {
        let relayed = answer.message().get_all::<XorRelayedAddress>().map(|r| r.0.is_ipv6());
        relayed.collect::<Vec<_>>()
    };
    assert_eq!(families(&allocate(&mut Desk::new(), old)), [false]);
    let mut config = desk::config();
    config.channels = turn_proto::ChannelRange::Rfc5766;
    let desk = || Desk::with(config.clone());
    assert_eq!(families(&allocate(&mut desk(), old)), [false, true]);
    let contradictory = |request: &mut MessageBuilder<'_>| {
        old(request);
        request.push(&RequestedAddressFamily::V4);
    };
    assert_eq!(allocate(&mut desk(), contradictory).code(), 400);
}

#[test]
fn of_two_families_one_is_given_and_the_other_explained() {
    let explained = |family, code| Some(AddressErrorCode { family, code, reason: "" });
    let mut only_v4 = desk::config();
    only_v4.relays.pop();
    let answer = allocate(&mut Desk::with(only_v4), ask_for_both);
    assert!(answer.get::<XorRelayedAddress>().unwrap().0.is_ipv4());
    let unsupported = explained(AddressFamily::V6, Code::ADDRESS_FAMILY_NOT_SUPPORTED);
    assert_eq!(answer.get(), unsupported);
    // a socket that does not open is no reason to refuse the other
    for v6 in [true, false] {
        let mut desk = Desk::new();
        desk.open = if v6 {
            |local| Some(if local.is_ipv6() { Err(SocketFault::Unavailable) } else { Ok(local) })
        } else {
            |local| Some(if local.is_ipv4() { Err(SocketFault::Unavailable) } else { Ok(local) })
        };
        let answer = allocate(&mut desk, ask_for_both);
        let relayed: Vec<_> = answer.message().get_all::<XorRelayedAddress>().collect();
        assert_eq!((relayed.len(), relayed[0].0.is_ipv4()), (1, v6));
        let family = if v6 { AddressFamily::V6 } else { AddressFamily::V4 };
        assert_eq!(answer.get(), explained(family, Code::INSUFFICIENT_CAPACITY));
    }
    let mut desk = Desk::new();
    desk.open = |_| Some(Err(SocketFault::Unavailable));
    let answer = User::alice().ask(&mut desk, Method::ALLOCATE, ask_for_both);
    assert_eq!((answer.code(), desk.server.allocations()), (508, 0), "neither of them");
}

/// An address of each family.
fn allocate_both(desk: &mut Desk, user: &mut User) -> [core::net::SocketAddr; 2] {
    let answer = user.ask(desk, Method::ALLOCATE, ask_for_both);
    assert_eq!(answer.get::<AddressErrorCode<'_>>(), None);
    let relayed: Vec<_> = answer.message().get_all().map(|XorRelayedAddress(at)| at).collect();
    let [v4, v6] = relayed[..] else { panic!("{relayed:?}") };
    assert!(v4.is_ipv4() && v6.is_ipv6());
    [v4, v6]
}

const PEER_V6: &str = "[2a00::8]:5000";

#[test]
fn both_families_are_had_in_one_allocation() {
    let mut desk = Desk::new();
    let mut alice = User::alice();
    let [v4, v6] = allocate_both(&mut desk, &mut alice);
    assert_eq!(desk.server.allocations(), 1);
    assert_eq!(desk.events.len(), 1);
    let peers = [address(desk::PEER), address(PEER_V6)];
    assert_eq!(alice.permit(&mut desk, &peers), 0, "in one request");
    for (number, (relayed, peer)) in (0x4000..).zip([v4, v6].into_iter().zip(peers)) {
        let path = sans_io::Path::udp(relayed, peer);
        assert_eq!(alice.send_to(&mut desk, peer, b"x").forwarded().0, path);
        assert_eq!(desk.packet(path, b"x").forwarded().0, alice.path);
        assert_eq!(alice.bind(&mut desk, number, peer), 0);
        let channel = [&number.to_be_bytes()[..], &[0, 1], b"x"].concat();
        assert_eq!(desk.packet(alice.path, &channel).forwarded().0, path);
    }
    // the same again
    let end = |request: &mut MessageBuilder<'_>| request.push(&Lifetime(0));
    assert_eq!(alice.ask(&mut desk, Method::REFRESH, end).code(), 0);
    assert_eq!(desk.server.allocations(), 0);
    let closed = desk.sockets.iter().filter(|said| matches!(said, SocketRequest::Close(_)));
    assert_eq!(closed.count(), 2);
    for (relayed, peer) in [v4, v6].into_iter().zip(peers) {
        assert_ne!(desk.packet(sans_io::Path::udp(relayed, peer), b"x"), Outcome::Taken);
    }
    let [v4_again, v6_again] = allocate_both(&mut desk, &mut alice);
    assert!(v4_again != v4 || v6_again != v6);
}

#[test]
fn of_both_families_one_may_be_given_up_and_the_other_does_not_notice() {
    let mut desk = Desk::new();
    let mut alice = User::alice();
    let [v4, v6] = allocate_both(&mut desk, &mut alice);
    let peers = [address(desk::PEER), address(PEER_V6)];
    assert_eq!(alice.permit(&mut desk, &peers), 0);
    for (number, peer) in (0x4000..).zip(peers) {
        assert_eq!(alice.bind(&mut desk, number, peer), 0);
    }
    let give_up_v6 = |request: &mut MessageBuilder<'_>| {
        request.push(&RequestedAddressFamily::V6);
        request.push(&Lifetime(0));
    };
    let answer = alice.ask(&mut desk, Method::REFRESH, give_up_v6);
    assert_eq!((answer.code(), answer.get()), (0, Some(Lifetime(0))));
    assert_eq!(desk.server.allocations(), 1);
    alice.send_to(&mut desk, peers[0], b"x").forwarded();
    desk.packet(alice.path, b"\x40\0\0\x01x").forwarded();
    desk.packet(sans_io::Path::udp(v4, peers[0]), b"x").forwarded();
    assert_eq!(alice.send_to(&mut desk, peers[1], b"x"), Outcome::Dropped);
    assert_eq!(desk.packet(alice.path, b"\x40\x01\0\x01x"), Outcome::Dropped);
    assert_eq!(desk.packet(sans_io::Path::udp(v6, peers[1]), b"x"), Outcome::Dropped);
    assert_eq!(alice.permit(&mut desk, &[peers[1]]), 443);
    assert_eq!(alice.ask(&mut desk, Method::REFRESH, give_up_v6).code(), 443, "it is gone");
    let keep = |request: &mut MessageBuilder<'_>| request.push(&RequestedAddressFamily::V4);
    assert_eq!(alice.ask(&mut desk, Method::REFRESH, keep).code(), 0);
}

#[test]
fn each_family_has_its_own_end() {
    let mut desk = Desk::new();
    let mut alice = User::alice();
    allocate_both(&mut desk, &mut alice);
    desk.pass(300);
    let keep = |request: &mut MessageBuilder<'_>| request.push(&RequestedAddressFamily::V6);
    assert_eq!(alice.ask(&mut desk, Method::REFRESH, keep).code(), 0);
    desk.pass(300);
    assert_eq!(desk.server.allocations(), 1);
    assert_eq!(alice.permit(&mut desk, &[address(desk::PEER)]), 443, "IPv4 is over");
    assert_eq!(alice.permit(&mut desk, &[address(PEER_V6)]), 0);
    desk.pass(300);
    assert_eq!(desk.server.allocations(), 0);
    assert_eq!(desk.events.len(), 2, "created and ended");
}

/// One of the two was opened, and of the other nothing was heard.
#[test]
fn a_family_that_does_not_come_is_waited_for_so_long() {
    let mut desk = Desk::new();
    desk.open = |local| local.is_ipv4().then_some(Ok(local));
    let mut alice = User::alice();
    let first = alice.write(Method::ALLOCATE, ask_for_both);
    let answer = alice.send(&mut desk, &first).unwrap();
    let _ = alice.login.check(stun_proto::Attempt::default(), &answer.message());
    let request = alice.write(Method::ALLOCATE, ask_for_both);
    assert_eq!(alice.send(&mut desk, &request), None);
    desk.pass(10);
    let sent = desk.take_sent();
    let answer = desk::Answer(sent[0].payload.to_vec());
    assert!(answer.get::<XorRelayedAddress>().unwrap().0.is_ipv4());
    assert_eq!(answer.get::<AddressErrorCode<'_>>().unwrap().family, AddressFamily::V6);
    let (late, _) = desk.last_bind();
    assert!(desk.sockets.contains(&SocketRequest::Close(late)));
    assert_eq!(alice.send(&mut desk, &request).unwrap().code(), 0, "and again the same");
}

#[test]
fn an_even_port_is_even() {
    for seed in 0..20 {
        let mut desk = Desk::new();
        let mut user = User::new("alice", "wonderland", &format!("7.7.7.{seed}:1000"));
        let answer = user.ask(&mut desk, Method::ALLOCATE, |request| {
            udp(request);
            request.push(&EvenPort { reserve: false });
        });
        assert_eq!(answer.get::<XorRelayedAddress>().unwrap().0.port() % 2, 0);
    }
}

fn ask_for_pair(request: &mut MessageBuilder<'_>) {
    udp(request);
    request.push(&EvenPort { reserve: true });
}

/// A token and the address that it is good for: the one after the relayed one.
fn pair(desk: &mut Desk, user: &mut User) -> (ReservationToken, core::net::SocketAddr) {
    let answer = user.ask(desk, Method::ALLOCATE, ask_for_pair);
    let relayed = answer.get::<XorRelayedAddress>().unwrap().0;
    assert!(relayed.port().is_multiple_of(2));
    let next = core::net::SocketAddr::new(relayed.ip(), relayed.port() + 1);
    (answer.get().unwrap(), next)
}

fn redeem(desk: &mut Desk, user: &mut User, token: ReservationToken) -> desk::Answer {
    user.ask(desk, Method::ALLOCATE, |request| {
        udp(request);
        request.push(&token);
    })
}

#[test]
fn a_reserved_port_is_had_for_its_token_once() {
    let mut desk = Desk::new();
    let (token, second) = pair(&mut desk, &mut User::alice());
    let mut bob = User::bob();
    assert_eq!(redeem(&mut desk, &mut bob, token).code(), 508, "the token of another user");
    desk.pass(30);
    let mut again = User::new("alice", "wonderland", "7.7.7.9:1000");
    let answer = redeem(&mut desk, &mut again, token);
    assert_eq!(answer.get(), Some(XorRelayedAddress(second)));
    assert_eq!(answer.get::<ReservationToken>(), None);
    let mut third = User::new("alice", "wonderland", "7.7.7.10:1000");
    assert_eq!(redeem(&mut desk, &mut third, token).code(), 508, "used");
    assert_eq!(redeem(&mut desk, &mut third, ReservationToken([0; 8])).code(), 508, "invented");
}

#[test]
fn a_reserved_port_is_given_to_nobody_else_for_a_while() {
    let mut config = desk::config();
    config.relays.pop();
    config.relay_ports = 50_000..=50_003;
    config.max_allocations = 4;
    let mut desk = Desk::with(config);
    let mut users: Vec<User> =
        (0..4).map(|n| User::new("alice", "wonderland", &format!("7.7.7.{n}:1000"))).collect();
    let (token, _) = pair(&mut desk, &mut users[0]);
    pair(&mut desk, &mut users[1]);
    assert_eq!(users[2].ask(&mut desk, Method::ALLOCATE, udp).code(), 508, "both are held");
    desk.pass(60);
    assert_eq!(redeem(&mut desk, &mut users[2], token).code(), 508, "too late");
    users[2].allocate(&mut desk);
    users[3].allocate(&mut desk);
}

#[test]
fn a_retransmission_gets_the_same_token() {
    let mut desk = Desk::new();
    let mut alice = User::alice();
    alice.ask(&mut desk, Method::REFRESH, |_| {});
    let request = alice.write(Method::ALLOCATE, ask_for_pair);
    let first = alice.send(&mut desk, &request).unwrap();
    assert!(first.get::<ReservationToken>().is_some());
    assert_eq!(alice.send(&mut desk, &request).unwrap(), first);
}

#[test]
fn a_pair_that_others_hold_is_replaced_and_given_back() {
    let mut desk = Desk::new();
    // Ports in the lower half are taken by other programs.
    desk.open =
        |local| Some(if local.port() > 57_343 { Ok(local) } else { Err(SocketFault::InUse) });
    for n in 0..10 {
        let mut user = User::new("alice", "wonderland", &format!("7.7.7.{n}:1000"));
        let (token, second) = pair(&mut desk, &mut user);
        let mut again = User::new("alice", "wonderland", &format!("7.7.8.{n}:1000"));
        let answer = redeem(&mut desk, &mut again, token);
        assert_eq!(answer.get(), Some(XorRelayedAddress(second)));
        for user in [&mut user, &mut again] {
            let end = |request: &mut MessageBuilder<'_>| request.push(&Lifetime(0));
            assert_eq!(user.ask(&mut desk, Method::REFRESH, end).code(), 0);
        }
    }
    // A reserved port that somebody took meanwhile is no longer to be had, and none in its place.
    let (token, _) = pair(&mut desk, &mut User::alice());
    desk.open = |_| Some(Err(SocketFault::InUse));
    let binds = desk.sockets.len();
    assert_eq!(
        redeem(&mut desk, &mut User::new("alice", "wonderland", "7.7.7.99:1"), token).code(),
        508
    );
    assert_eq!(desk.sockets.len(), binds + 1);
}

#[test]
fn a_pair_that_was_not_to_be_had_is_held_no_longer() {
    let mut config = desk::config();
    config.max_allocations = 1; // and so many reservations
    let mut desk = Desk::with(config);
    desk.open =
        |local| Some(if local.port() % 4 == 0 { Ok(local) } else { Err(SocketFault::InUse) });
    for n in 0..10 {
        let mut user = User::new("alice", "wonderland", &format!("7.7.7.{n}:1000"));
        pair(&mut desk, &mut user);
        let end = |request: &mut MessageBuilder<'_>| request.push(&Lifetime(0));
        assert_eq!(user.ask(&mut desk, Method::REFRESH, end).code(), 0);
        desk.pass(60);
    }
    let binds = desk.sockets.iter().filter(|s| matches!(s, SocketRequest::Bind { .. })).count();
    assert!(binds > 10, "some were not to be had");
}

#[test]
fn a_longer_lifetime_is_granted_up_to_the_maximum() {
    for (asked, granted) in [(0, 600), (1, 600), (1800, 1800), (u32::MAX, 3600)] {
        let answer = allocate(&mut Desk::new(), |request| {
            udp(request);
            request.push(&Lifetime(asked));
        });
        assert_eq!(answer.get(), Some(Lifetime(granted)));
    }
}

#[test]
fn a_refresh_of_the_other_family_is_refused() {
    let mut desk = Desk::new();
    let mut alice = User::alice();
    alice.allocate(&mut desk);
    let mut refresh = |family| {
        let body = |request: &mut MessageBuilder<'_>| request.push(&RequestedAddressFamily(family));
        alice.ask(&mut desk, Method::REFRESH, body).code()
    };
    assert_eq!((refresh(1), refresh(2), refresh(3)), (0, 443, 443));
}

#[test]
fn every_allocation_has_a_port_of_its_own() {
    let mut config = desk::config();
    config.relay_ports = 50_000..=50_039;
    config.max_allocations = 40;
    config.max_allocations_per_user = 40;
    let mut desk = Desk::with(config);
    let ports: BTreeSet<u16> = (0..40)
        .map(|n| {
            let mut user = User::new("alice", "wonderland", &format!("7.7.7.{n}:1000"));
            user.allocate(&mut desk).port()
        })
        .collect();
    assert_eq!(ports, (50_000..=50_039).collect());
}

#[test]
fn ports_are_in_range_and_not_in_sequence() {
    let mut config = desk::config();
    config.max_allocations_per_user = 100;
    let mut desk = Desk::with(config);
    let ports: Vec<u16> = (0..100)
        .map(|n| {
            let mut user = User::new("alice", "wonderland", &format!("7.7.7.{n}:1000"));
            user.allocate(&mut desk).port()
        })
        .collect();
    assert!(ports.iter().all(|port| *port >= 49_152));
    let close = ports.windows(2).filter(|pair| pair[0].abs_diff(pair[1]) < 64).count();
    assert!(close < 10, "{close} of 99 steps are short");
    let low = ports.iter().filter(|port| **port < 57_344).count();
    assert!((30..=70).contains(&low), "{low} of 100 in the lower half");
}

#[test]
fn a_port_that_others_hold_is_replaced() {
    let mut desk = Desk::new();
    // Half of the ports are taken by other programs.
    desk.open =
        |local| Some(if local.port() % 2 == 0 { Ok(local) } else { Err(SocketFault::InUse) });
    for n in 0..10 {
        let mut user = User::new("alice", "wonderland", &format!("7.7.7.{n}:1000"));
        assert_eq!(user.allocate(&mut desk).port() % 2, 0);
    }
    let mut ids = BTreeSet::new();
    for request in &desk.sockets {
        let SocketRequest::Bind { id, .. } = request else { panic!("{request:?}") };
        assert!(ids.insert(*id), "an id is used once");
    }
    assert!(ids.len() > 10);
}

#[test]
fn sockets_that_do_not_open_are_told_and_leave_nothing() {
    for fault in [SocketFault::InUse, SocketFault::NoCapacity] {
        let mut desk = Desk::new();
        desk.open = match fault {
            SocketFault::InUse => |_| Some(Err(SocketFault::InUse)),
            _ => |_| Some(Err(SocketFault::NoCapacity)),
        };
        assert_eq!(allocate(&mut desk, udp).code(), 508);
        assert_eq!(desk.server.allocations(), 0);
        assert!(matches!(desk.events[..], [TurnServerEvent::AllocationRefused { .. }]));
        desk.open = |local| Some(Ok(local));
        User::alice().allocate(&mut desk);
    }
}

#[test]
fn a_driver_that_never_answers_is_given_up() {
    let mut desk = Desk::new();
    desk.open = |_| None;
    let mut alice = User::alice();
    alice.ask(&mut desk, Method::REFRESH, |_| {});
    let request = alice.write(Method::ALLOCATE, udp);
    alice.send(&mut desk, &request);
    let (id, local) = desk.last_bind();
    desk.pass(10);
    assert_eq!(desk.take_sent().len(), 1, "the client is told");
    assert_eq!(desk.server.allocations(), 0);
    assert_eq!(desk.sockets.last(), Some(&SocketRequest::Close(id)));
    // It opens after all: nobody's any more.
    assert_eq!(desk.give(Input::Socket { id, state: Ok(local) }), Outcome::Unclaimed);
}

#[test]
fn a_lost_socket_ends_its_allocation() {
    let mut desk = Desk::new();
    let mut alice = User::alice();
    alice.allocate(&mut desk);
    let (id, _) = desk.last_bind();
    desk.give(Input::Socket { id, state: Err(SocketFault::Lost) });
    assert_eq!(desk.server.allocations(), 0);
    assert!(matches!(
        desk.events.last(),
        Some(TurnServerEvent::AllocationEnded { end: AllocationEnd::SocketLost, .. })
    ));
    assert_eq!(alice.ask(&mut desk, Method::REFRESH, |_| {}).code(), 437);
}

/// A host with several addresses relays from where the client came to, and shares the rest out.
#[test]
fn several_addresses_of_a_family_are_relayed_from() {
    let mut config = desk::config();
    for ip in ["9.9.9.1", "9.9.9.4"] {
        config.relays.push(turn_proto::RelayAddress::new(ip.parse().unwrap()));
    }
    config.listeners.push(address("9.9.9.7:3478"));
    config.max_allocations = 40;
    let mut desk = Desk::with(config);
    let mut from = |listener: &str, n: usize| {
        let mut user = User::new("alice", "wonderland", &format!("7.7.7.{n}:1000"));
        user.path = sans_io::Path::udp(address(listener), user.path.remote());
        user.allocate(&mut desk).ip().to_string()
    };
    assert!((0..8).all(|n| from("9.9.9.1:3478", n) == "9.9.9.1"));
    let others: BTreeSet<_> = (8..38).map(|n| from("9.9.9.7:3478", n)).collect();
    assert_eq!(Vec::from_iter(others), ["9.9.9.1", "9.9.9.2", "9.9.9.4"]);
}
