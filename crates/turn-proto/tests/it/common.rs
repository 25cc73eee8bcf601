//! Several servers for the same clients, one on each core (RFC 8656 §7.2).
use crate::desk::{self, Desk, LISTENER, Outcome, PEER, User, address, udp};
use core::num::NonZeroU32;
use sans_io::{Path, Transport};
use std::{
    sync::{
        Arc, Mutex,
        atomic::{AtomicU64, Ordering},
    },
    time::Duration,
};
use stun_proto::{
    MessageBuilder, Method,
    attribute::{
        ConnectionId, EvenPort, Lifetime, MobilityTicket, RequestedTransport, ReservationToken,
        XorPeerAddress, XorRelayedAddress,
    },
};
use turn_proto::{Common, Ledger, LedgerLock, NonceKey, TurnServerConfig};

/// Counts how often it is locked.
#[derive(Debug, Default)]
struct Locked {
    ledger: Mutex<Ledger>,
    times: AtomicU64,
}

impl LedgerLock for Locked {
    fn with(&self, work: &mut dyn FnMut(&mut Ledger)) {
        self.times.fetch_add(1, Ordering::Relaxed);
        work(&mut self.ledger.lock().unwrap());
    }
}

/// Two servers, and the lock between them.
fn two(change: impl Fn(&mut TurnServerConfig)) -> (Desk, Desk, Arc<Locked>) {
    let lock = Arc::new(Locked::default());
    let relays = [desk::RELAY.parse().unwrap(), desk::RELAY_V6.parse().unwrap()];
    let ledger = Arc::clone(&lock) as Arc<dyn LedgerLock>;
    let common = Common::new(ledger, &relays);
    let one = |seed| {
        let mut config = desk::config();
        config.common = Some(common.clone());
        let (key, unix_time_at_zero) = ([5; 32], Duration::ZERO);
        config.nonce_key = NonceKey::Shared { key, unix_time_at_zero };
        change(&mut config);
        Desk::seeded(config, seed)
    };
    (one([9; 32]), one([10; 32]), lock)
}

fn user(name: &str, number: u8) -> User {
    let password = if name == "alice" { "wonderland" } else { "builder" };
    User::new(name, password, &format!("7.7.7.{number}:1000"))
}

fn end(request: &mut MessageBuilder<'_>) {
    request.push(&Lifetime(0));
}

#[test]
fn they_count_together() {
    let (mut one, mut other, _) = two(|config| {
        config.max_allocations_per_user = 2;
        config.max_allocations = 3;
    });
    let mut alices: Vec<User> = (0..3).map(|n| user("alice", n)).collect();
    alices[0].allocate(&mut one);
    alices[1].allocate(&mut other);
    assert_eq!(alices[2].ask(&mut one, Method::ALLOCATE, udp).code(), 486);
    let mut bobs: Vec<User> = (10..12).map(|n| user("bob", n)).collect();
    bobs[0].allocate(&mut one);
    assert_eq!(bobs[1].ask(&mut other, Method::ALLOCATE, udp).code(), 508, "three in all");
    // what one gives back the other has
    assert_eq!(alices[1].ask(&mut other, Method::REFRESH, end).code(), 0);
    alices[2].allocate(&mut one);
    // as what has ended, and what was refused took nothing
    one.pass(3600);
    other.pass(3600);
    alices[1].allocate(&mut other);
    bobs[1].allocate(&mut one);
    alices[0].allocate(&mut one);
}

#[test]
fn a_relayed_address_is_given_once() {
    let (mut one, mut other, _) = two(|config| {
        config.relays.pop();
        config.relay_ports = 50_000..=50_003;
        config.max_allocations = 4;
    });
    let mut given: Vec<_> = (0..4)
        .map(|n| user("alice", n).allocate(if n % 2 == 0 { &mut one } else { &mut other }))
        .collect();
    given.sort();
    given.dedup();
    assert_eq!(given.len(), 4);
}

#[test]
fn a_port_that_one_holds_back_the_other_gives() {
    let (mut one, mut other, _) = two(|_| {});
    let mut alice = user("alice", 1);
    let pair = alice.ask(&mut one, Method::ALLOCATE, |request| {
        udp(request);
        request.push(&EvenPort { reserve: true });
    });
    let (first, token) = (pair.get::<XorRelayedAddress>().unwrap().0, pair.get().unwrap());
    let redeem = |user: &mut User, desk: &mut Desk, token: ReservationToken| {
        user.ask(desk, Method::ALLOCATE, move |request| {
            udp(request);
            request.push(&token);
        })
    };
    assert_eq!(redeem(&mut user("bob", 3), &mut other, token).code(), 508, "it is alice's");
    let answer = redeem(&mut user("alice", 2), &mut other, token);
    let second = answer.get::<XorRelayedAddress>().unwrap().0;
    assert_eq!(second.port(), first.port() + 1);
    assert_eq!(redeem(&mut user("alice", 4), &mut one, token).code(), 508, "it was good once");
}

#[test]
fn clients_of_both_reach_each_other_and_no_one_else_there() {
    let (mut one, mut other, _) = two(|_| {});
    let (mut alice, mut bob) = (user("alice", 1), user("bob", 2));
    let (of_alice, of_bob) = (alice.allocate(&mut one), bob.allocate(&mut other));
    assert_eq!(alice.permit(&mut one, &[of_bob]), 0);
    assert_eq!(bob.permit(&mut other, &[of_alice]), 0);
    let (path, _) = alice.send_to(&mut one, of_bob, b"x").forwarded();
    assert_eq!(path, Path::udp(of_alice, of_bob));
    other.packet(path.reversed(), b"x").forwarded();
    // another program of the host, and one that has no allocation any more
    let port = if of_bob.port() == 60_000 { 60_001 } else { 60_000 };
    let stranger = address(&format!("{}:{port}", desk::RELAY));
    assert_eq!(alice.send_to(&mut one, stranger, b"x"), Outcome::Dropped);
    assert_eq!(bob.ask(&mut other, Method::REFRESH, end).code(), 0);
    assert_eq!(alice.send_to(&mut one, of_bob, b"x"), Outcome::Dropped);
}

/// A system that divides clients anew, as when a socket is closed, costs them no round trip.
#[test]
fn a_nonce_of_one_is_good_with_the_other() {
    let (mut one, mut other, _) = two(|_| {});
    let mut alice = user("alice", 1);
    alice.allocate(&mut one);
    let request = alice.write(Method::ALLOCATE, udp);
    assert_eq!(alice.send(&mut other, &request).unwrap().code(), 0);
}

/// What cores share costs nothing where packets are: not one write, for each of them.
#[test]
fn no_packet_touches_what_they_share() {
    let (mut one, mut other, lock) = two(|_| {});
    let (mut alice, mut bob) = (user("alice", 1), user("bob", 2));
    let (of_alice, of_bob) = (alice.allocate(&mut one), bob.allocate(&mut other));
    let peer = address(desk::PEER);
    assert_eq!(alice.permit(&mut one, &[of_bob, peer]), 0);
    assert_eq!(alice.bind(&mut one, 0x4000, peer), 0);
    assert_eq!(bob.permit(&mut other, &[of_alice]), 0);
    let before = lock.times.load(Ordering::Relaxed);
    for _ in 0..100 {
        alice.send_to(&mut one, of_bob, b"x").forwarded();
        other.packet(Path::udp(of_bob, of_alice), b"x").forwarded();
        one.packet(alice.path, b"\x40\0\0\x01x").forwarded();
        one.packet(Path::udp(of_alice, peer), b"x").forwarded();
    }
    assert_eq!(lock.times.load(Ordering::Relaxed), before);
}

/// Sends what is too much for one, to both: how much of it goes through in ten seconds.
fn relayed_by_both(change: impl Fn(&mut TurnServerConfig), names: [&str; 2]) -> usize {
    let (mut one, mut other, _) = two(change);
    let (mut first, mut second) = (user(names[0], 1), user(names[1], 2));
    let peer = address(PEER);
    first.allocate(&mut one);
    assert_eq!(first.permit(&mut one, &[peer]), 0);
    second.allocate(&mut other);
    assert_eq!(second.permit(&mut other, &[peer]), 0);
    let mut passed = 0;
    for _ in 0..10 {
        for _ in 0..100 {
            for (user, desk) in [(&mut first, &mut one), (&mut second, &mut other)] {
                let outcome = user.send_to(desk, peer, &[1; 100]);
                passed += usize::from(matches!(outcome, Outcome::Forwarded(..)));
            }
        }
        one.pass(1);
        other.pass(1);
    }
    passed
}

#[test]
fn a_user_relays_no_more_by_all_of_them() {
    let limited = |config: &mut TurnServerConfig| {
        config.max_bytes_per_second_per_user = NonZeroU32::new(10_000);
    };
    assert_eq!(relayed_by_both(limited, ["alice", "alice"]), 10 * 100);
    assert_eq!(relayed_by_both(limited, ["alice", "bob"]), 2 * 10 * 100);
}

#[test]
fn all_of_them_relay_so_much_together() {
    let limited = |config: &mut TurnServerConfig| {
        config.max_bytes_per_second_in_total = NonZeroU32::new(10_000);
    };
    assert_eq!(relayed_by_both(limited, ["alice", "bob"]), 10 * 100);
}

/// A port that one relays TCP with is any program's for UDP (RFC 6062 §5.1).
#[test]
fn a_relayed_address_of_tcp_is_no_peer_for_udp() {
    let (mut one, mut other, _) = two(|config| config.tcp_relay = true);
    let (mut alice, mut bob) = (user("alice", 1), user("bob", 2));
    alice.path = Path::new(Transport::Tcp, address(LISTENER), alice.path.remote());
    let tcp = |request: &mut MessageBuilder<'_>| request.push(&RequestedTransport::TCP);
    let answer = alice.ask(&mut one, Method::ALLOCATE, tcp);
    let of_alice = answer.get::<XorRelayedAddress>().unwrap().0;
    let of_bob = bob.allocate(&mut other);
    assert_eq!(bob.permit(&mut other, &[of_alice]), 0);
    assert_eq!(bob.send_to(&mut other, of_alice, b"x"), Outcome::Dropped);
    let connect = |to| move |request: &mut MessageBuilder<'_>| request.push(&XorPeerAddress(to));
    assert_eq!(alice.ask(&mut one, Method::CONNECT, connect(of_bob)).code(), 403);
    // given once all the same, and free again
    let end = |request: &mut MessageBuilder<'_>| request.push(&Lifetime(0));
    assert_eq!(alice.ask(&mut one, Method::REFRESH, end).code(), 0);
    assert_eq!(bob.send_to(&mut other, of_alice, b"x"), Outcome::Dropped);
}

/// What only the server of the allocation could do, another one refuses (RFC 8016 §3.2.2, RFC 6062
/// §5.4).
#[test]
fn who_meets_the_wrong_one_is_told() {
    let (mut one, mut other, _) = two(|config| {
        config.mobility = true;
        config.tcp_relay = true;
    });
    let mut alice = user("alice", 1);
    let mobile = |request: &mut MessageBuilder<'_>| {
        udp(request);
        request.push(&MobilityTicket(b""));
    };
    let answer = alice.ask(&mut one, Method::ALLOCATE, mobile);
    let ticket = answer.get::<MobilityTicket<'_>>().unwrap().0.to_vec();
    let mut abroad = user("alice", 2);
    let moved = |request: &mut MessageBuilder<'_>| request.push(&MobilityTicket(&ticket));
    assert_eq!(abroad.ask(&mut other, Method::REFRESH, moved).code(), 400);
    assert_eq!(abroad.ask(&mut one, Method::REFRESH, moved).code(), 0);
    let mut data = user("alice", 3);
    data.path = Path::new(Transport::Tcp, address(LISTENER), data.path.remote());
    let bind = |request: &mut MessageBuilder<'_>| request.push(&ConnectionId(7));
    assert_eq!(data.ask(&mut other, Method::CONNECTION_BIND, bind).code(), 400);
}
