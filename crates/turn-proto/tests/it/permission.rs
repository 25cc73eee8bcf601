//! Permissions and channels are asked for (RFC 8656 §9, §10, §12).
use crate::{
    desk::{self, Desk, Outcome, User, address},
    net::{Net, secs},
};
use core::net::{IpAddr, SocketAddr};
use sans_io::Path;
use stun_proto::{
    AttributeType, Message, Method,
    attribute::{self, XorPeerAddress},
};
use turn_proto::TurnEvent;

fn peers(count: u8) -> Vec<SocketAddr> {
    (1..=count).map(|n| SocketAddr::from(([8, 8, 8, n], 9))).collect()
}

#[test]
fn many_peers_take_one_request() {
    let mut net = Net::new();
    let client = net.client("7.7.7.7:1000");
    net.run(secs(1));
    net.take_events(client);
    net.sent.clear();
    let addresses: Vec<IpAddr> = peers(30).iter().map(SocketAddr::ip).collect();
    net.clients[client].create_permission(net.now, &addresses).unwrap();
    net.run(secs(1));
    assert_eq!(net.sent.len(), 2, "one request, one answer");
    let request = Message::parse(&net.sent[0].1.bytes).unwrap();
    assert_eq!(request.get_all::<XorPeerAddress>().count(), 30);
    let installed: Vec<TurnEvent> =
        addresses.iter().map(|ip| TurnEvent::PermissionInstalled { address: *ip }).collect();
    assert_eq!(net.take_events(client), installed);
}

#[test]
fn requests_without_valid_peers_are_bad() {
    let mut desk = Desk::new();
    let mut alice = User::alice();
    alice.allocate(&mut desk);
    assert_eq!(alice.permit(&mut desk, &[]), 400);
    let broken = [&[0, 3, 0, 0, 1, 2, 3, 4][..], &[0, 1, 0, 0, 1, 2, 3], &[]];
    for value in broken {
        let answer = alice.ask(&mut desk, Method::CREATE_PERMISSION, |request| {
            request.push(&XorPeerAddress(address(desk::PEER)));
            request.push_raw(AttributeType::XOR_PEER_ADDRESS, value);
        });
        assert_eq!(answer.code(), 400);
    }
    // The valid one of the two was not installed either.
    let dropped = alice.send_to(&mut desk, address(desk::PEER), b"x");
    assert_eq!(dropped, Outcome::Dropped);
}

#[test]
fn a_peer_of_another_family_is_refused() {
    let mut desk = Desk::new();
    let mut alice = User::alice();
    alice.allocate(&mut desk);
    let v6 = address("[2a00::1]:9");
    assert_eq!(alice.permit(&mut desk, &[address(desk::PEER), v6]), 443);
    assert_eq!(alice.bind(&mut desk, 0x4000, v6), 443);
    // Within IPv6, IPv4 is IPv6.
    assert_eq!(alice.permit(&mut desk, &[address("[::ffff:8.8.8.8]:9")]), 443);
    assert_eq!(alice.send_to(&mut desk, v6, b"x"), Outcome::Dropped);
}

#[test]
fn too_many_permissions_are_refused_all_together() {
    let mut config = desk::config();
    config.max_permissions = 10;
    let mut desk = Desk::with(config);
    let mut alice = User::alice();
    alice.allocate(&mut desk);
    assert_eq!(alice.permit(&mut desk, &peers(8)), 0);
    let more = peers(11);
    assert_eq!(alice.permit(&mut desk, &more[8..]), 508);
    assert_eq!(alice.permit(&mut desk, &more), 508);
    assert_eq!(alice.send_to(&mut desk, more[8], b"x"), Outcome::Dropped);
    assert_eq!(alice.permit(&mut desk, &more[..10]), 0);
    // A channel brings a permission, so it needs room for one.
    assert_eq!(alice.bind(&mut desk, 0x4000, more[10]), 508);
    assert_eq!(alice.bind(&mut desk, 0x4000, more[9]), 0);
}

#[test]
fn too_many_channels_are_refused() {
    let mut config = desk::config();
    config.max_channels = 3;
    let mut desk = Desk::with(config);
    let mut alice = User::alice();
    alice.allocate(&mut desk);
    let peers = peers(4);
    for (number, peer) in (0x4000..).zip(&peers[..3]) {
        assert_eq!(alice.bind(&mut desk, number, *peer), 0);
    }
    assert_eq!(alice.bind(&mut desk, 0x4003, peers[3]), 508);
    assert_eq!(alice.bind(&mut desk, 0x4000, peers[0]), 0, "a refresh takes no room");
}

#[test]
fn bad_channels_are_refused() {
    let mut desk = Desk::new();
    let mut alice = User::alice();
    alice.allocate(&mut desk);
    let (a, b) = (address("8.8.8.1:9"), address("8.8.8.1:10"));
    for number in [0, 0x3FFF, 0x5000, 0x7FFF, 0xFFFF] {
        assert_eq!(alice.bind(&mut desk, number, a), 400, "{number:#x}");
    }
    let bind = |desk: &mut Desk, alice: &mut User, number: bool, peer: bool| {
        let answer = alice.ask(desk, Method::CHANNEL_BIND, |request| {
            if number {
                request.push(&attribute::ChannelNumber(0x4000));
            }
            if peer {
                request.push(&XorPeerAddress(a));
            }
        });
        answer.code()
    };
    assert_eq!(bind(&mut desk, &mut alice, true, false), 400);
    assert_eq!(bind(&mut desk, &mut alice, false, true), 400);
    assert_eq!(bind(&mut desk, &mut alice, true, true), 0);
    assert_eq!(alice.bind(&mut desk, 0x4000, b), 400, "the number has another peer");
    assert_eq!(alice.bind(&mut desk, 0x4001, a), 400, "the peer has another number");
    assert_eq!(alice.bind(&mut desk, 0x4001, b), 0);
    // A refused binding has not brought a permission.
    let other = address("8.8.8.2:9");
    assert_eq!(alice.bind(&mut desk, 0x4001, other), 400);
    assert_eq!(alice.send_to(&mut desk, other, b"x"), Outcome::Dropped);
}

#[test]
fn a_forbidden_peer_does_not_hold_up_the_others() {
    let mut net = Net::new();
    let client = net.client("7.7.7.7:1000");
    net.run(secs(1));
    net.take_events(client);
    let mut addresses: Vec<IpAddr> = peers(20).iter().map(SocketAddr::ip).collect();
    let forbidden: IpAddr = "10.0.0.1".parse().unwrap();
    addresses.insert(13, forbidden);
    net.clients[client].create_permission(net.now, &addresses).unwrap();
    net.run(secs(1));
    let events = net.take_events(client);
    let installed = events.iter().filter(|e| matches!(e, TurnEvent::PermissionInstalled { .. }));
    assert_eq!(installed.count(), 20);
    let fault = turn_proto::TurnFault::Forbidden;
    let failed = TurnEvent::PermissionFailed { address: forbidden, fault };
    assert_eq!(events.iter().filter(|event| **event == failed).count(), 1);
    assert_eq!(events.len(), 21);
    // All 20 let packets through.
    let relayed = net.relayed(client);
    for peer in peers(20) {
        net.launch(peer, relayed, vec![1]);
    }
    net.run(secs(1));
    let from: Vec<Path> = net.take_delivered().into_iter().map(|(_, path, _)| path).collect();
    assert_eq!(from, peers(20).iter().map(|peer| Path::udp(relayed, *peer)).collect::<Vec<_>>());
}
