//! How much users get (RFC 8656 §5, §7.2).
use crate::desk::{self, Desk, Outcome, PEER, User, address, udp};
use core::time::Duration;
use sans_io::Path;
use stun_proto::{
    MessageBuilder, Method,
    attribute::{EvenPort, Lifetime},
    turn_rest,
};
use turn_proto::{TurnServerEvent, Users};

#[test]
fn a_user_gets_so_many_allocations() {
    let mut config = desk::config();
    config.max_allocations_per_user = 3;
    let mut desk = Desk::with(config);
    let mut alices: Vec<User> =
        (0..4).map(|n| User::new("alice", "wonderland", &format!("7.7.7.{n}:1000"))).collect();
    for alice in &mut alices[..3] {
        alice.allocate(&mut desk);
    }
    assert_eq!(alices[3].ask(&mut desk, Method::ALLOCATE, udp).code(), 486);
    let refused = desk.events.last().unwrap();
    assert!(
        matches!(refused, TurnServerEvent::AllocationRefused { user, .. } if &**user == "alice")
    );
    // Others are not concerned, and what is given back can be had again.
    User::bob().allocate(&mut desk);
    let end = |request: &mut MessageBuilder<'_>| request.push(&Lifetime(0));
    assert_eq!(alices[1].ask(&mut desk, Method::REFRESH, end).code(), 0);
    alices[3].allocate(&mut desk);
    // As is what has ended.
    desk.pass(3600);
    for alice in &mut alices[..3] {
        alice.allocate(&mut desk);
    }
}

/// A port that is held back outlives the allocation that it came with, so who ends each at once
/// could hold back all that there are.
#[test]
fn a_user_holds_back_no_more_than_its_share() {
    let mut config = desk::config();
    config.relays.pop();
    config.relay_ports = 50_000..=50_015;
    config.max_allocations = 16;
    config.max_allocations_per_user = 3;
    let mut desk = Desk::with(config);
    let mut alice = User::alice();
    let pair = |request: &mut MessageBuilder<'_>| {
        udp(request);
        request.push(&EvenPort { reserve: true });
    };
    let end = |request: &mut MessageBuilder<'_>| request.push(&Lifetime(0));
    let codes: Vec<u16> = (0..20)
        .map(|_| {
            let code = alice.ask(&mut desk, Method::ALLOCATE, pair).code();
            alice.ask(&mut desk, Method::REFRESH, end);
            code
        })
        .collect();
    assert_eq!(codes[..3], [0; 3]);
    assert!(codes[3..].iter().all(|code| *code == 486), "{codes:?}");
    alice.allocate(&mut desk);
    assert_eq!(User::bob().ask(&mut desk, Method::ALLOCATE, pair).code(), 0);
    desk.pass(60);
    alice.ask(&mut desk, Method::REFRESH, end);
    assert_eq!(alice.ask(&mut desk, Method::ALLOCATE, pair).code(), 0, "a minute later");
}

#[test]
fn all_users_together_get_so_many_allocations() {
    let mut config = desk::config();
    config.max_allocations = 2;
    let mut desk = Desk::with(config);
    User::alice().allocate(&mut desk);
    User::bob().allocate(&mut desk);
    let mut third = User::new("bob", "builder", "7.7.7.9:1000");
    assert_eq!(third.ask(&mut desk, Method::ALLOCATE, udp).code(), 508);
    assert_eq!(desk.server.allocations(), 2);
}

#[test]
fn an_allocation_relays_so_much_a_second() {
    let mut config = desk::config();
    config.max_bytes_per_second = core::num::NonZeroU32::new(10_000);
    let mut desk = Desk::with(config);
    let (mut alice, mut bob) = (User::alice(), User::bob());
    let peer = address(PEER);
    let relayed = alice.allocate(&mut desk);
    bob.allocate(&mut desk);
    assert_eq!((alice.permit(&mut desk, &[peer]), bob.permit(&mut desk, &[peer])), (0, 0));
    assert_eq!(alice.bind(&mut desk, 0x4000, peer), 0);
    let mut passed = [0; 3];
    for _ in 0..10 {
        for _ in 0..100 {
            let outcomes = [
                alice.send_to(&mut desk, peer, &[1; 100]),
                desk.packet(alice.path, &[&[0x40, 0, 0, 100], &[1; 100][..]].concat()),
                desk.packet(Path::udp(relayed, peer), &[1; 100]),
            ];
            for (passed, outcome) in passed.iter_mut().zip(outcomes) {
                *passed += usize::from(matches!(outcome, Outcome::Forwarded(..)));
            }
        }
        desk.pass(1);
    }
    assert_eq!(passed.iter().sum::<usize>(), 10 * 100, "all ways together");
    assert!(passed.iter().all(|passed| *passed > 300), "and none starved: {passed:?}");
    // Nobody else is concerned.
    bob.send_to(&mut desk, peer, &[1; 100]).forwarded();
}

#[test]
fn ports_run_out_before_they_are_shared() {
    let mut config = desk::config();
    config.relays.pop();
    config.relay_ports = 50_000..=50_001;
    config.max_allocations = 2;
    let mut desk = Desk::with(config);
    let ports = [User::alice().allocate(&mut desk), User::bob().allocate(&mut desk)];
    assert_ne!(ports[0], ports[1]);
    let mut third = User::new("bob", "builder", "7.7.7.9:1000");
    assert_eq!(third.ask(&mut desk, Method::ALLOCATE, udp).code(), 508);
}

/// A time stamp in front of a name makes no other user of it.
#[test]
fn a_time_limited_user_is_counted_by_what_follows_the_time() {
    let secret = b"shared";
    let mut config = desk::config();
    config.users = Users::new("turn").with_shared_secret(secret, Duration::from_secs(1));
    config.max_allocations_per_user = 3;
    let mut desk = Desk::with(config);
    let mut user = |name: &str, n: usize| {
        let password = turn_rest::password(secret, name);
        let mut user = User::new(name, &password, &format!("7.7.7.{n}:1000"));
        user.ask(&mut desk, Method::ALLOCATE, udp).code()
    };
    let carols: Vec<u16> = (0..5).map(|n| user(&format!("{}:carol", 9_000_000 + n), n)).collect();
    assert_eq!(carols, [0, 0, 0, 486, 486]);
    assert_eq!(user("9000000:dave", 9), 0, "another one");
    // without a name the time is all there is to count by
    assert_eq!([user("9000001", 10), user("9000001:", 11)], [0, 0]);
}

/// Whoever has one account for all, as is usual, serves more than a handful of browsers with it.
#[test]
fn one_account_serves_hundreds_of_clients() {
    let mut desk = Desk::new();
    for n in 0..500 {
        let from = format!("7.7.{}.{}:1000", n / 250, n % 250);
        User::new("alice", "wonderland", &from).allocate(&mut desk);
    }
}

/// More allocations, or others in the place of those that ended, are no more bandwidth.
#[test]
fn a_user_relays_so_much_a_second_by_all_of_its_allocations() {
    let mut config = desk::config();
    config.max_bytes_per_second_per_user = core::num::NonZeroU32::new(10_000);
    let mut desk = Desk::with(config);
    let peer = address(PEER);
    let mut passed = 0;
    let mut alices: Vec<User> =
        (0..4).map(|n| User::new("alice", "wonderland", &format!("7.7.7.{n}:1000"))).collect();
    for _ in 0..10 {
        for alice in &mut alices {
            alice.allocate(&mut desk);
            assert_eq!(alice.permit(&mut desk, &[peer]), 0);
            for _ in 0..100 {
                let outcome = alice.send_to(&mut desk, peer, &[1; 100]);
                passed += usize::from(matches!(outcome, Outcome::Forwarded(..)));
            }
            let end = |request: &mut MessageBuilder<'_>| request.push(&Lifetime(0));
            assert_eq!(alice.ask(&mut desk, Method::REFRESH, end).code(), 0);
        }
        desk.pass(1);
    }
    assert_eq!(passed, 10 * 100);
    let mut bob = User::bob();
    bob.allocate(&mut desk);
    assert_eq!(bob.permit(&mut desk, &[peer]), 0);
    bob.send_to(&mut desk, peer, &[1; 100]).forwarded();
}

#[test]
fn all_users_relay_so_much_a_second_together() {
    let mut config = desk::config();
    config.max_bytes_per_second_in_total = core::num::NonZeroU32::new(10_000);
    let mut desk = Desk::with(config);
    let peer = address(PEER);
    let mut both = [User::alice(), User::bob()];
    for user in &mut both {
        user.allocate(&mut desk);
        assert_eq!(user.permit(&mut desk, &[peer]), 0);
    }
    let mut passed = 0;
    for _ in 0..10 {
        for _ in 0..100 {
            for user in &mut both {
                let outcome = user.send_to(&mut desk, peer, &[1; 100]);
                passed += usize::from(matches!(outcome, Outcome::Forwarded(..)));
            }
        }
        desk.pass(1);
    }
    assert_eq!(passed, 10 * 100);
}
