//! A client that asks for two relayed addresses, for an even port, for one that was held back, and for
//! datagrams that stay whole (RFC 8656 §7.1, §7.3, §7.4).
use crate::{
    desk::{self, RELAY_V6, address},
    net::{Net, config_of, secs},
    play::{Play, RELAYED, allocated},
};
use core::net::SocketAddr;
use sans_io::PathFault;
use stun_proto::{
    AttributeType, Message,
    attribute::{
        AdditionalAddressFamily, AddressErrorCode, AddressFamily, Code, ErrorCode, EvenPort,
        RequestedAddressFamily, ReservationToken, UnknownAttributes, XorRelayedAddress,
    },
};
use turn_proto::{
    AllocateError, PeerError, RefusedFamily, RelayAddress, RelayedPort, SendError, TurnEvent,
    TurnFault, TurnServerConfig,
};

const HOME: &str = "7.7.7.7:1000";
const PEERS: [&str; 2] = ["8.8.8.8:5000", "[2a00::8]:5000"];

fn whole(config: TurnServerConfig) -> TurnServerConfig {
    let mut config = config;
    config.can_set_dont_fragment = true;
    config
}

#[test]
fn client_uses_both_families_of_one_allocation() {
    let mut net = Net::new();
    let client = net.idle_client(config_of(HOME).with_both_families());
    net.clients[client].allocate(net.now).unwrap();
    net.run(secs(1));
    let [TurnEvent::Allocated { relayed, additional, refused: None, reserved: None, .. }] =
        net.take_events(client)[..]
    else {
        panic!("one allocation")
    };
    let additional = additional.unwrap();
    assert!(relayed.is_ipv4() && additional.is_ipv6());
    assert_eq!(net.relayed(client), relayed);
    let peers = PEERS.map(address);
    for (peer, from) in peers.into_iter().zip([relayed, additional]) {
        assert_eq!(net.clients[client].relayed_towards(peer.ip()), Some(from));
        net.clients[client].bind_channel(net.now, peer).unwrap();
        net.run(secs(1));
        net.send(client, &peer.to_string(), b"out");
        net.run(secs(1));
        let [out] = &net.take_at_peers()[..] else { panic!("one datagram") };
        assert_eq!((out.from, out.to), (from, peer));
        net.launch(peer, from, b"in".to_vec());
        net.run(secs(1));
        let [(_, path, _)] = net.take_delivered()[..] else { panic!("one delivery") };
        assert_eq!((path.local(), path.remote()), (from, peer));
    }
    // Both are kept up by one request.
    net.run(secs(3 * 3600));
    for peer in PEERS {
        net.send(client, peer, b"late");
    }
    net.run(secs(1));
    assert_eq!(net.take_at_peers().len(), 2);
    net.clients[client].close(net.now);
    net.run(secs(1));
    assert_eq!(net.server.as_ref().unwrap().allocations(), 0);
}

#[test]
fn family_that_is_not_there_is_told_and_not_asked_for_again() {
    for (has, lacks) in [(desk::RELAY, AddressFamily::V6), (RELAY_V6, AddressFamily::V4)] {
        let mut config = desk::config();
        config.relays = [RelayAddress::new(has.parse().unwrap())].into();
        let mut net = Net::with(config);
        let client = net.idle_client(config_of(HOME).with_both_families());
        for round in 0..2 {
            net.clients[client].allocate(net.now).unwrap();
            net.run(secs(1));
            let [TurnEvent::Allocated { relayed, additional: None, refused, .. }] =
                net.take_events(client)[..]
            else {
                panic!("one allocation")
            };
            assert_eq!(relayed.ip().to_string(), has);
            let fault = TurnFault::FamilyUnsupported;
            let told = RefusedFamily { family: lacks, fault };
            assert_eq!(refused, (round == 0).then_some(told));
            let peer = address(PEERS[usize::from(lacks == AddressFamily::V6)]).ip();
            let wrong = net.clients[client].create_permission(net.now, &[peer]);
            assert_eq!(wrong, Err(PeerError::WrongFamily(peer)));
            net.clients[client].close(net.now);
            net.run(secs(3600));
            net.take_events(client);
        }
    }
}

fn is_both(request: &[u8]) -> bool {
    let request = Message::parse(request).unwrap();
    assert!(request.get_all::<RequestedAddressFamily>().count() <= 1);
    assert!(
        !request.has(AttributeType::REQUESTED_ADDRESS_FAMILY)
            || !request.has(AttributeType::ADDITIONAL_ADDRESS_FAMILY)
    );
    request.get() == Some(AdditionalAddressFamily::V6)
}

#[test]
fn family_without_room_is_left_alone_for_a_minute() {
    let mut play = Play::with(config_of(HOME).with_both_families());
    let request = play.log_in();
    assert!(is_both(&request));
    play.answer(&request, |answer| {
        allocated(answer, RELAYED, 600);
        let (family, code) = (AddressFamily::V6, Code::INSUFFICIENT_CAPACITY);
        answer.push(&AddressErrorCode { family, code, reason: "" });
    });
    let [TurnEvent::Allocated { refused: Some(refused), .. }] = play.take_events()[..] else {
        panic!("one allocation")
    };
    assert_eq!(refused, RefusedFamily { family: AddressFamily::V6, fault: TurnFault::NoCapacity });
    for (after, both) in [(59, false), (1, true)] {
        play.client.close(play.now);
        let request = play.take_request();
        play.answer(&request, |_| {});
        play.pass(secs(after));
        play.client.allocate(play.now).unwrap();
        let request = play.take_request();
        assert_eq!(is_both(&request), both);
        play.answer(&request, |answer| allocated(answer, RELAYED, 600));
    }
}

#[test]
fn two_addresses_of_one_family_are_given_back() {
    for (config, second) in [
        (config_of(HOME).with_both_families(), "9.9.9.2:50001"),
        (config_of(HOME), "[2a00::2]:50001"),
        (config_of(HOME).with_both_families(), "[2a00::2]:0"),
    ] {
        let mut play = Play::with(config);
        let request = play.log_in();
        play.answer(&request, |answer| {
            allocated(answer, RELAYED, 600);
            answer.push(&XorRelayedAddress(address(second)));
        });
        assert_eq!(play.take_events(), [TurnEvent::Failed { fault: TurnFault::BadResponse }]);
        let request = play.take_request();
        let lifetime = Message::parse(&request).unwrap().get::<stun_proto::attribute::Lifetime>();
        assert_eq!(lifetime.unwrap().0, 0);
    }
}

#[test]
fn client_gets_an_even_port_and_the_next_for_its_token() {
    let mut net = Net::new();
    let even = net.idle_client(config_of(HOME).with_port(RelayedPort::Even));
    let pair = net.idle_client(config_of("7.7.7.7:1001").with_port(RelayedPort::EvenWithNext));
    for client in [even, pair] {
        net.clients[client].allocate(net.now).unwrap();
    }
    net.run(secs(1));
    let [TurnEvent::Allocated { relayed, reserved: None, .. }] = net.take_events(even)[..] else {
        panic!("one allocation")
    };
    assert!(relayed.port().is_multiple_of(2));
    let [TurnEvent::Allocated { relayed: first, reserved: Some(token), .. }] =
        net.take_events(pair)[..]
    else {
        panic!("one allocation")
    };
    assert!(first.port().is_multiple_of(2));
    let config = config_of("7.7.7.7:1002").with_port(RelayedPort::Reserved(token));
    let next = net.idle_client(config);
    net.clients[next].allocate(net.now).unwrap();
    net.run(secs(1));
    assert_eq!(net.relayed(next), SocketAddr::new(first.ip(), first.port() + 1));
    // It is had once.
    let config = config_of("7.7.7.7:1003").with_port(RelayedPort::Reserved(token));
    let late = net.idle_client(config);
    net.clients[late].allocate(net.now).unwrap();
    net.run(secs(1));
    assert_eq!(net.take_events(late), [TurnEvent::Failed { fault: TurnFault::NoCapacity }]);
}

#[test]
fn client_does_not_contradict_itself() {
    let token = ReservationToken([7; 8]);
    for port in [RelayedPort::EvenWithNext, RelayedPort::Reserved(token)] {
        let mut play = Play::with(config_of(HOME).with_both_families().with_port(port));
        let refused = play.client.allocate(play.now);
        assert_eq!(refused, Err(AllocateError::Contradiction));
        assert!(play.take_sent().is_empty());
    }
    let mut play = Play::with(config_of(HOME).with_both_families().with_port(RelayedPort::Even));
    play.client.allocate(play.now).unwrap();
    let request = play.take_request();
    assert!(is_both(&request));
    assert_eq!(Message::parse(&request).unwrap().get(), Some(EvenPort { reserve: false }));
    let v6 = config_of(HOME).with_family(AddressFamily::V6);
    let mut play = Play::with(v6.with_port(RelayedPort::Reserved(token)));
    play.client.allocate(play.now).unwrap();
    let request = play.take_request();
    let request = Message::parse(&request).unwrap();
    assert_eq!(request.get(), Some(token));
    assert!(!request.has(AttributeType::REQUESTED_ADDRESS_FAMILY));
    assert!(!request.has(AttributeType::EVEN_PORT));
}

#[test]
fn datagrams_stay_whole_where_the_server_can_keep_them_so() {
    let mut net = Net::with(whole(desk::config()));
    let client = net.idle_client(config_of(HOME).with_dont_fragment());
    net.clients[client].allocate(net.now).unwrap();
    net.run(secs(1));
    let peer = address(desk::PEER);
    net.clients[client].bind_channel(net.now, peer).unwrap();
    net.run(secs(1));
    let now = net.now;
    let packet = net.clients[client].send_unfragmented(now, peer, b"whole").unwrap().to_vec();
    let message = Message::parse(&packet).unwrap();
    assert!(message.has(AttributeType::DONT_FRAGMENT), "though there is a channel");
    let (from, to) = (net.clients[client].path().local(), address(desk::LISTENER));
    net.launch(from, to, packet);
    net.run(secs(1));
    assert_eq!(net.take_at_peers().len(), 1);
    // The largest that passes is told of what did not.
    let path = sans_io::Path::udp(net.relayed(client), peer);
    let fault = PathFault::TooBig { mtu: 1400 };
    net.take_events(client);
    let server = net.server.as_mut().unwrap();
    let input = sans_io::Input::PathFailed { path, fault };
    let _ = sans_io::Machine::handle_input(server, now, input);
    net.run(secs(1));
    assert_eq!(net.take_events(client), [TurnEvent::PeerUnreachable { peer, fault }]);
}

#[test]
fn server_that_cannot_keep_datagrams_whole_is_used_without() {
    let mut net = Net::new();
    let client = net.idle_client(config_of(HOME).with_dont_fragment());
    net.clients[client].allocate(net.now).unwrap();
    net.run(secs(1));
    assert!(matches!(net.take_events(client)[..], [TurnEvent::Allocated { .. }]));
    let peer = address(desk::PEER);
    net.clients[client].create_permission(net.now, &[peer.ip()]).unwrap();
    net.run(secs(1));
    let now = net.now;
    let refused = net.clients[client].send_unfragmented(now, peer, b"x").err();
    assert_eq!(refused, Some(SendError::DontFragmentUnsupported));
    net.send(client, desk::PEER, b"x");
}

#[test]
fn only_the_refusal_of_that_attribute_is_taken_for_it() {
    let mut play = Play::with(config_of(HOME).with_dont_fragment());
    let request = play.log_in();
    let answer = play.write(&request, false, |answer| {
        answer.push(&ErrorCode::from(Code::UNKNOWN_ATTRIBUTE));
        answer.push(&[AttributeType::LIFETIME].into_iter().collect::<UnknownAttributes>());
    });
    let _ = play.give(&answer);
    assert_eq!(play.take_events(), [TurnEvent::Failed { fault: TurnFault::UnknownAttribute }]);
}
