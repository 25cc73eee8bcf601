//! What an operator does to a server that runs: other users, other peers, no new allocations.
use crate::desk::{self, Desk, PEER, User, address, udp};
use core::time::Duration;
use sans_io::Path;
use std::collections::BTreeSet;
use stun_proto::{
    Credentials, MessageBuilder, Method,
    attribute::{Algorithm, AlternateDomain, AlternateServer, ReservationToken},
    turn_rest,
};
use turn_proto::{AlternateTurnServer, PeerPolicy, RealmChanged, TurnServerEvent, Users};

#[test]
fn other_users_take_over_and_nobody_loses_a_packet() {
    let mut desk = Desk::new();
    let (mut alice, mut bob) = (User::alice(), User::bob());
    let peer = address(PEER);
    let relayed = alice.allocate(&mut desk);
    bob.allocate(&mut desk);
    assert_eq!(alice.permit(&mut desk, &[peer]), 0);
    let users = Users::new("turn").with("alice", "wonderland").unwrap();
    let users = users.with("carol", "coral").unwrap();
    assert_eq!(desk.server.set_users(users), Ok(()));
    desk.packet(Path::udp(relayed, peer), b"x").forwarded();
    assert_eq!(alice.ask(&mut desk, Method::REFRESH, |_| {}).code(), 0);
    assert_eq!(bob.ask(&mut desk, Method::REFRESH, |_| {}).code(), 401, "he is no user any more");
    User::new("carol", "coral", "7.7.7.9:1").allocate(&mut desk);
    assert_eq!(desk.server.set_users(Users::new("other")), Err(RealmChanged));
}

/// Names that a secret makes cannot be told by their hash, so clients have to be told.
#[test]
fn a_secret_that_comes_later_works_at_once() {
    let mut desk = Desk::new();
    let mut alice = User::alice();
    alice.allocate(&mut desk);
    let origin = Duration::from_secs(1);
    let users = desk::users().with_shared_secret(b"new", origin).with_shared_secret(b"old", origin);
    assert_eq!(desk.server.set_users(users), Ok(()));
    assert_eq!(alice.ask(&mut desk, Method::REFRESH, |_| {}).code(), 0);
    for (n, secret) in [b"new", b"old"].into_iter().enumerate() {
        let name = format!("9000000:{n}");
        let password = turn_rest::password(secret, &name);
        User::new(&name, &password, &format!("7.7.8.{n}:1")).allocate(&mut desk);
    }
    let mut wrong = User::new("9000000:x", &turn_rest::password(b"odd", "9000000:x"), "7.7.8.9:1");
    assert_eq!(wrong.ask(&mut desk, Method::ALLOCATE, udp).code(), 401);
}

#[test]
fn a_peer_that_is_denied_gets_no_new_permission() {
    let mut desk = Desk::new();
    let mut alice = User::alice();
    alice.allocate(&mut desk);
    assert_eq!(alice.permit(&mut desk, &[address(PEER)]), 0);
    desk.server.set_peers(PeerPolicy::global_only().deny("8.8.8.0/24".parse().unwrap()));
    assert_eq!(alice.permit(&mut desk, &[address(PEER)]), 403);
    assert_eq!(alice.permit(&mut desk, &[address("9.9.8.8:1")]), 0);
}

#[test]
fn a_server_that_is_to_leave_takes_nobody_new_and_keeps_who_is_there() {
    let mut desk = Desk::new();
    let mut alice = User::alice();
    alice.allocate(&mut desk);
    desk.server.drain();
    assert!(desk.server.is_draining());
    assert_eq!(User::bob().ask(&mut desk, Method::ALLOCATE, udp).code(), 508);
    assert_eq!(alice.ask(&mut desk, Method::REFRESH, |_| {}).code(), 0);
    assert_eq!(alice.permit(&mut desk, &[address(PEER)]), 0);
    assert_eq!(desk.server.allocations(), 1);
}

/// A file of users need not hold what they log in with elsewhere.
#[test]
fn a_user_may_be_known_by_keys_alone() {
    let carol = Credentials::new("carol", "coral").unwrap();
    let md5 = carol.long_term_key_bytes("turn", Algorithm::Md5).unwrap();
    let sha256 = carol.long_term_key_bytes("turn", Algorithm::Sha256).unwrap();
    assert_eq!((md5.len(), sha256.len()), (16, 32));
    let mut config = desk::config();
    config.users = Users::new("turn");
    let (md5, sha256) = (md5.try_into().unwrap(), sha256.try_into().unwrap());
    config.users.insert_keys("carol", &md5, &sha256).unwrap();
    let mut desk = Desk::with(config);
    User::new("carol", "coral", "7.7.7.9:1").allocate(&mut desk);
    let mut wrong = User::new("carol", "choral", "7.7.7.9:2");
    assert_eq!(wrong.ask(&mut desk, Method::ALLOCATE, udp).code(), 401);
}

/// What others do fills no disk: a line a second, with the number of those that had none.
#[test]
fn wrong_log_ins_are_told_and_not_all_of_them() {
    let mut desk = Desk::new();
    let mut wrong = User::new("alice", "looking-glass", "7.7.7.9:1");
    for _ in 0..50 {
        assert_eq!(wrong.ask(&mut desk, Method::ALLOCATE, udp).code(), 401);
    }
    let [TurnServerEvent::LoginRefused { client, user, untold: 0 }] = &desk.events[..] else {
        panic!("{:?}", desk.events)
    };
    // a client that can keeps its name to itself, and so it is told who is known by it
    assert_eq!((*client, user.as_deref()), (wrong.path, Some("alice")));
    desk.events.clear();
    desk.pass(1);
    wrong.ask(&mut desk, Method::ALLOCATE, udp);
    assert!(matches!(desk.events[..], [TurnServerEvent::LoginRefused { untold: 49, .. }]));
    desk.events.clear();
    // a name is as long as a stranger likes
    let mut config = desk::config();
    config.users = desk::users().with_shared_secret(b"x", Duration::ZERO);
    let mut desk = Desk::with(config);
    let mut wrong = User::new(&"x".repeat(500), "looking-glass", "7.7.7.9:1");
    wrong.ask(&mut desk, Method::ALLOCATE, udp);
    let [TurnServerEvent::LoginRefused { user: Some(user), .. }] = &desk.events[..] else {
        panic!("{:?}", desk.events)
    };
    assert_eq!(user.len(), 64);
}

#[test]
fn refused_allocations_are_told_and_not_all_of_them() {
    let mut config = desk::config();
    config.max_allocations = 1;
    let mut desk = Desk::with(config);
    User::alice().allocate(&mut desk);
    desk.events.clear();
    let mut bob = User::bob();
    for _ in 0..50 {
        assert_eq!(bob.ask(&mut desk, Method::ALLOCATE, udp).code(), 508);
    }
    assert!(matches!(desk.events[..], [TurnServerEvent::AllocationRefused { untold: 0, .. }]));
    desk.pass(1);
    bob.ask(&mut desk, Method::ALLOCATE, udp);
    assert!(matches!(desk.events[1..], [TurnServerEvent::AllocationRefused { untold: 49, .. }]));
}

#[test]
fn the_end_of_an_allocation_tells_what_it_carried() {
    let mut desk = Desk::new();
    let mut alice = User::alice();
    let peer = address(PEER);
    let relayed = alice.allocate(&mut desk);
    assert_eq!(alice.permit(&mut desk, &[peer]), 0);
    alice.send_to(&mut desk, peer, &[1; 100]).forwarded();
    alice.send_to(&mut desk, peer, &[1; 50]).forwarded();
    desk.packet(Path::udp(relayed, peer), &[1; 7]).forwarded();
    desk.packet(Path::udp(relayed, address("9.9.8.8:1")), &[1; 7]);
    desk.pass(5_000);
    let Some(TurnServerEvent::AllocationEnded { traffic, lasted, .. }) = desk.events.last() else {
        panic!("{:?}", desk.events)
    };
    assert_eq!((traffic.to_peers.packets, traffic.to_peers.bytes), (2, 150));
    assert_eq!((traffic.to_client.packets, traffic.to_client.bytes), (1, 7));
    assert_eq!(*lasted, Duration::from_secs(5_000));
    assert_eq!(desk.server.traffic(), *traffic, "and all together");
}

fn alternate(address: &str, domain: Option<&str>) -> AlternateTurnServer {
    AlternateTurnServer { address: address.parse().unwrap(), domain: domain.map(Into::into) }
}

/// RFC 8489 §10.
#[test]
fn a_full_server_sends_clients_to_others_of_their_family() {
    let mut config = desk::config();
    config.max_allocations = 1;
    config.alternates = vec![
        alternate("9.9.8.1:3478", None),
        alternate("[2a00::81]:3478", None),
        alternate("9.9.8.2:3478", None),
    ];
    let mut desk = Desk::with(config);
    User::alice().allocate(&mut desk);
    let mut named = BTreeSet::new();
    for _ in 0..40 {
        let answer = User::bob().ask(&mut desk, Method::ALLOCATE, udp);
        assert_eq!(answer.code(), 300);
        let servers: Vec<_> =
            answer.message().get_all().map(|AlternateServer(at)| at.to_string()).collect();
        let [first, second] = &servers[..] else { panic!("{servers:?}") };
        assert_eq!(second, "[2a00::81]:3478", "the other family comes second");
        named.insert(first.clone());
    }
    assert_eq!(Vec::from_iter(named), ["9.9.8.1:3478", "9.9.8.2:3478"], "they share the load");
    // a request that is wrong elsewhere too is not sent there
    assert_eq!(User::bob().ask(&mut desk, Method::ALLOCATE, |_| {}).code(), 400);
    let token = ReservationToken([7; 8]);
    let redeem = |request: &mut MessageBuilder<'_>| {
        udp(request);
        request.push(&token);
    };
    assert_eq!(User::bob().ask(&mut desk, Method::ALLOCATE, redeem).code(), 508);
}

#[test]
fn a_server_that_leaves_names_others_and_over_tls_their_names() {
    let mut config = desk::config();
    config.alternates = vec![alternate("9.9.8.1:5349", Some("b.example"))];
    let mut desk = Desk::with(config);
    desk.server.drain();
    let mut bob = User::bob();
    let answer = bob.ask(&mut desk, Method::ALLOCATE, udp);
    assert_eq!((answer.code(), answer.get::<AlternateDomain<'_>>()), (300, None), "no certificate");
    bob.path = Path::new(sans_io::Transport::Tls, bob.path.local(), bob.path.remote());
    let answer = bob.ask(&mut desk, Method::ALLOCATE, udp);
    assert_eq!((answer.code(), answer.get()), (300, Some(AlternateDomain("b.example"))));
    // and none where all there are are of another family
    let mut v6 = User::bob();
    v6.path = Path::udp(address("[2a00::1]:3478"), address("[2a00::7]:1"));
    let mut config = desk::config();
    config.listeners.push(v6.path.local());
    config.alternates = vec![alternate("9.9.8.1:5349", None)];
    let mut desk = Desk::with(config);
    desk.server.drain();
    assert_eq!(v6.ask(&mut desk, Method::ALLOCATE, udp).code(), 508);
}
