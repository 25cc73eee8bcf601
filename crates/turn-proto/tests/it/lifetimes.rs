//! What lasts, and for how long (RFC 8656 §5, §8, §9, §12): hours of virtual time.
use crate::{
    desk::{self, Desk, LISTENER, Outcome, PEER, User, address},
    net::{Net, config_of, secs},
};
use sans_io::{Path, SocketRequest};
use stun_proto::{
    Class, Message, MessageBuilder, Method,
    attribute::{Lifetime, XorPeerAddress},
};
use turn_proto::{AllocationEnd, TurnEvent, TurnFault, TurnServerEvent};

#[test]
fn an_allocation_is_kept_for_hours() {
    let mut net = Net::new();
    let client = net.ready_client("7.7.7.7:1000");
    net.clients[client].bind_channel(net.now, address(PEER)).unwrap();
    net.run(secs(1));
    let relayed = net.relayed(client);
    net.take_events(client);
    for _ in 0..6 * 60 {
        net.run(secs(60));
        net.launch(address(PEER), relayed, vec![1; 10]);
        net.send(client, PEER, &[2; 10]);
        let last = net.sent.last().unwrap();
        assert_eq!(last.1.bytes.len(), 14, "the channel is still bound");
        net.run(secs(1));
        assert_eq!(net.take_delivered().len(), 1);
        assert_eq!(net.take_at_peers().len(), 1);
    }
    assert_eq!(net.relayed(client), relayed);
    let events = net.take_events(client);
    assert!(events.iter().all(|event| matches!(event, TurnEvent::Refreshed { .. })));
    assert_eq!(events.len(), 6 * 60 * 61 / 540);
    assert_eq!(net.server.as_ref().unwrap().allocations(), 1);
}

#[test]
fn keeping_up_costs_little() {
    let mut net = Net::new();
    let client = net.ready_client("7.7.7.7:1000");
    net.clients[client].bind_channel(net.now, address(PEER)).unwrap();
    net.run(secs(1));
    net.sent.clear();
    net.run(secs(3600));
    // Per hour at most 7 refreshes, 16 permissions, 7 channels, each with its answer, and one nonce.
    let requests = net.sent.iter().filter(|(_, flight)| flight.to == address(LISTENER)).count();
    assert!(requests <= 7 + 16 + 7 + 3, "{requests} requests an hour");
}

#[test]
fn an_allocation_ends_when_it_is_not_refreshed() {
    let mut desk = Desk::new();
    let mut alice = User::alice();
    let relayed = alice.allocate(&mut desk);
    alice.permit(&mut desk, &[address(PEER)]);
    desk.pass(299);
    // Data keeps nothing alive.
    alice.send_to(&mut desk, address(PEER), b"x").forwarded();
    desk.pass(300);
    assert_eq!(desk.server.allocations(), 1);
    desk.pass(1);
    assert_eq!(desk.server.allocations(), 0);
    assert!(matches!(desk.sockets.last(), Some(SocketRequest::Close(_))));
    assert!(matches!(
        desk.events.last(),
        Some(TurnServerEvent::AllocationEnded { end: AllocationEnd::Expired, .. })
    ));
    assert_eq!(desk.packet(Path::udp(relayed, address(PEER)), b"late"), Outcome::Dropped);
    assert_eq!(alice.ask(&mut desk, Method::REFRESH, |_| {}).code(), 437);
}

#[test]
fn a_refresh_starts_the_time_anew() {
    let mut desk = Desk::new();
    let mut alice = User::alice();
    alice.allocate(&mut desk);
    desk.pass(599);
    let answer = alice.ask(&mut desk, Method::REFRESH, |_| {});
    assert_eq!(answer.get(), Some(Lifetime(600)));
    desk.pass(599);
    let longer = |request: &mut MessageBuilder<'_>| request.push(&Lifetime(3000));
    let answer = alice.ask(&mut desk, Method::REFRESH, longer);
    assert_eq!(answer.get(), Some(Lifetime(3000)));
    desk.pass(2999);
    assert_eq!(desk.server.allocations(), 1);
    desk.pass(1);
    assert_eq!(desk.server.allocations(), 0);
}

#[test]
fn a_permission_ends_after_five_minutes() {
    let mut desk = Desk::new();
    let mut alice = User::alice();
    let relayed = alice.allocate(&mut desk);
    let from_peer = Path::udp(relayed, address(PEER));
    alice.ask(&mut desk, Method::REFRESH, |request| request.push(&Lifetime(3600)));
    alice.permit(&mut desk, &[address(PEER)]);
    assert_eq!(alice.bind(&mut desk, 0x4000, address(PEER)), 0);
    // Neither Send nor ChannelData, neither from nor to the peer, makes it last longer.
    for _ in 0..299 {
        desk.pass(1);
        alice.send_to(&mut desk, address(PEER), b"x").forwarded();
        desk.packet(alice.path, b"\x40\x00\x00\x01x").forwarded();
        desk.packet(from_peer, b"x").forwarded();
    }
    desk.pass(1);
    assert_eq!(alice.send_to(&mut desk, address(PEER), b"x"), Outcome::Dropped);
    assert_eq!(desk.packet(alice.path, b"\x40\x00\x00\x01x"), Outcome::Dropped);
    assert_eq!(desk.packet(from_peer, b"x"), Outcome::Dropped);
    // Both requests bring it back; the channel was there all the time.
    assert_eq!(alice.permit(&mut desk, &[address(PEER)]), 0);
    let (_, bytes) = desk.packet(from_peer, b"x").forwarded();
    assert_eq!(bytes, b"\x40\x00\x00\x01x");
    desk.pass(250);
    assert_eq!(alice.bind(&mut desk, 0x4000, address(PEER)), 0);
    desk.pass(299);
    desk.packet(from_peer, b"x").forwarded();
    desk.pass(1);
    assert_eq!(desk.packet(from_peer, b"x"), Outcome::Dropped);
}

#[test]
fn a_channel_ends_after_ten_minutes() {
    let mut desk = Desk::new();
    let mut alice = User::alice();
    let relayed = alice.allocate(&mut desk);
    let long = |request: &mut MessageBuilder<'_>| request.push(&Lifetime(3600));
    alice.ask(&mut desk, Method::REFRESH, long);
    let from_peer = Path::udp(relayed, address(PEER));
    assert_eq!(alice.bind(&mut desk, 0x4000, address(PEER)), 0);
    for _ in 0..5 {
        desk.pass(100);
        desk.packet(from_peer, b"x");
        alice.permit(&mut desk, &[address(PEER)]);
        desk.packet(alice.path, b"\x40\x00\x00\x01x").forwarded();
    }
    desk.pass(99);
    assert_eq!(desk.packet(from_peer, b"x").forwarded().1, b"\x40\x00\x00\x01x");
    desk.pass(1);
    // The permission is alive, the channel is not.
    let (_, bytes) = desk.packet(from_peer, b"x").forwarded();
    assert_eq!(Message::parse(&bytes).unwrap().get(), Some(XorPeerAddress(address(PEER))));
    assert_eq!(desk.packet(alice.path, b"\x40\x00\x00\x01x"), Outcome::Dropped);
    // And its number and peer may be bound anew.
    assert_eq!(alice.bind(&mut desk, 0x4000, address("8.8.4.4:1")), 0);
    assert_eq!(alice.bind(&mut desk, 0x4001, address(PEER)), 0);
}

#[test]
fn closing_deletes_the_allocation() {
    let mut net = Net::new();
    let client = net.ready_client("7.7.7.7:1000");
    net.clients[client].close(net.now);
    net.run(secs(1));
    assert_eq!(net.take_events(client), [TurnEvent::Closed]);
    assert_eq!(net.server.as_ref().unwrap().allocations(), 0);
    assert!(matches!(
        net.server_events.last(),
        Some(TurnServerEvent::AllocationEnded { end: AllocationEnd::Deleted, .. })
    ));
    let answer = net.sent.last().unwrap();
    assert_eq!(Message::parse(&answer.1.bytes).unwrap().get(), Some(Lifetime(0)));
    net.sent.clear();
    net.run(secs(3600));
    assert!(net.sent.is_empty(), "a closed client is silent");
    // It can begin anew.
    net.clients[client].allocate(net.now).unwrap();
    net.run(secs(1));
    assert!(matches!(net.take_events(client)[..], [TurnEvent::Allocated { .. }]));
}

#[test]
fn an_ended_allocation_leaves_nothing_to_its_successor() {
    let mut config = desk::config();
    config.relays.pop();
    config.relay_ports = 50_000..=50_003;
    config.max_allocations = 4;
    let mut desk = Desk::with(config);
    let end = |request: &mut MessageBuilder<'_>| request.push(&Lifetime(0));
    for _ in 0..20 {
        let (mut alice, mut bob) = (User::alice(), User::bob());
        let of_alice = alice.allocate(&mut desk);
        assert_eq!(alice.ask(&mut desk, Method::REFRESH, end).code(), 0);
        let of_bob = bob.allocate(&mut desk);
        assert_eq!(bob.permit(&mut desk, &[address(PEER)]), 0);
        desk.packet(Path::udp(of_bob, address(PEER)), b"x").forwarded();
        if of_alice != of_bob {
            let stale = desk.packet(Path::udp(of_alice, address(PEER)), b"x");
            assert_eq!(stale, Outcome::Dropped);
        }
        assert_eq!(bob.ask(&mut desk, Method::REFRESH, end).code(), 0);
    }
}

#[test]
fn a_restarted_server_is_noticed_and_reported() {
    let mut net = Net::new();
    let client = net.ready_client("7.7.7.7:1000");
    net.run(secs(100));
    net.restart_server(desk::config());
    net.run(secs(300));
    let fault = TurnFault::Mismatch;
    assert_eq!(net.take_events(client), [TurnEvent::Lost { fault }]);
    assert_eq!(net.clients[client].relayed(), None);
    net.clients[client].allocate(net.now).unwrap();
    net.run(secs(1));
    assert!(matches!(net.take_events(client)[..], [TurnEvent::Allocated { .. }]));
}

#[test]
fn a_nat_that_changes_its_mind_is_noticed() {
    let mut net = Net::new();
    let inside = address("7.7.7.7:1000");
    net.nat = Some((inside, address("6.6.6.1:11")));
    let client = net.client("7.7.7.7:1000");
    net.run(secs(1));
    let [TurnEvent::Allocated { mapped, .. }] = net.take_events(client)[..] else {
        panic!("no allocation");
    };
    assert_eq!(mapped, address("6.6.6.1:11"));
    // To the server this is another client, who has no allocation.
    net.nat = Some((inside, address("6.6.6.1:12")));
    net.run(secs(600));
    let fault = TurnFault::Mismatch;
    assert_eq!(net.take_events(client), [TurnEvent::Lost { fault }]);
}

#[test]
fn a_refresh_on_demand_notices_it_at_once() {
    let mut net = Net::new();
    let client = net.ready_client("7.7.7.7:1000");
    net.restart_server(desk::config());
    net.clients[client].refresh(net.now).unwrap();
    net.run(secs(1));
    assert!(matches!(net.take_events(client)[..], [TurnEvent::Lost { .. }]));
}

#[test]
fn a_dead_server_is_noticed_when_the_allocation_ends() {
    let mut net = Net::new();
    let client = net.ready_client("7.7.7.7:1000");
    net.server = None;
    net.run(secs(700));
    let events = net.take_events(client);
    let address = address(PEER).ip();
    let timed_out = TurnFault::TimedOut;
    assert_eq!(
        events,
        [
            TurnEvent::PermissionFailed { address, fault: timed_out },
            TurnEvent::Lost { fault: timed_out },
        ]
    );
    net.sent.clear();
    net.run(secs(3600));
    assert!(net.sent.is_empty(), "what is lost is not asked for");
}

#[test]
fn an_outage_of_half_a_minute_costs_nothing() {
    let mut net = Net::new();
    let client = net.ready_client("7.7.7.7:1000");
    net.clients[client].bind_channel(net.now, address(PEER)).unwrap();
    net.run(secs(1));
    net.take_events(client);
    // Half a minute out of every ninety seconds, so that every refresh meets one in the end.
    net.filter = Box::new(|now, _| now.as_millis() / 1000 % 90 >= 30);
    net.run(secs(6 * 3600));
    let events = net.take_events(client);
    assert!(events.iter().all(|event| matches!(event, TurnEvent::Refreshed { .. })), "{events:?}");
}

#[test]
fn loss_of_a_third_of_all_packets_is_survived() {
    let mut net = Net::new();
    let mut count = 0_u32;
    net.filter = Box::new(move |_, _| {
        count = count.wrapping_mul(1_664_525).wrapping_add(1_013_904_223);
        !(count >> 16).is_multiple_of(3)
    });
    let client = net.client("7.7.7.7:1000");
    net.run(secs(60));
    net.clients[client].create_permission(net.now, &[address(PEER).ip()]).unwrap();
    net.clients[client].bind_channel(net.now, address(PEER)).unwrap();
    net.run(secs(60));
    let events = net.take_events(client);
    assert_eq!(events.len(), 3, "{events:?}");
    net.run(secs(3600));
    let events = net.take_events(client);
    assert!(events.iter().all(|event| matches!(event, TurnEvent::Refreshed { .. })), "{events:?}");
    assert_eq!(net.server.as_ref().unwrap().allocations(), 1, "one, however often it was asked");
}

#[test]
fn a_forgotten_peer_is_not_kept_up() {
    let mut net = Net::new();
    let client = net.ready_client("7.7.7.7:1000");
    net.clients[client].bind_channel(net.now, address(PEER)).unwrap();
    net.run(secs(1));
    net.clients[client].forget_peer(net.now, address(PEER).ip());
    let relayed = net.relayed(client);
    net.launch(address(PEER), relayed, vec![1]);
    net.run(secs(1));
    assert_eq!(net.take_delivered().len(), 1, "until it ends it lasts");
    net.sent.clear();
    net.run(secs(1200));
    for (_, flight) in net.sent.iter().filter(|(_, flight)| flight.to == address(LISTENER)) {
        let message = Message::parse(&flight.bytes).unwrap();
        assert_eq!((message.class(), message.method()), (Class::Request, Method::REFRESH));
    }
    net.launch(address(PEER), relayed, vec![1]);
    net.run(secs(1));
    assert!(net.take_delivered().is_empty());
}

#[test]
fn a_short_lifetime_is_refreshed_in_time() {
    let mut config = desk::config();
    config.default_lifetime = secs(30);
    let mut net = Net::with(config);
    let client = net.idle_client(config_of("7.7.7.7:1000"));
    net.clients[client].allocate(net.now).unwrap();
    net.run(secs(600));
    assert_eq!(net.server.as_ref().unwrap().allocations(), 1);
    assert!(net.take_events(client).len() > 30);
}
