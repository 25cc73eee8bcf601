//! Allocations that go along with their client (RFC 8016 §3).
use crate::{
    desk::{self, Answer, Desk, LISTENER, Outcome, PEER, User, address, udp},
    net::{Net, config_of, secs},
    play::{Play, RELAYED, allocated},
};
use core::net::SocketAddr;
use sans_io::{Input, Machine, Path, PathFault, Transport};
use stun_proto::{
    AttributeType, Message, MessageBuilder, Method,
    attribute::{Code, Lifetime, MobilityTicket, RequestedTransport},
};
use turn_proto::{RebindError, TurnEvent, TurnFault, TurnServerConfig, TurnServerEvent};

const HOME: &str = "7.7.7.7:1000";
const ABROAD: &str = "6.6.6.6:2000";

fn mobile() -> TurnServerConfig {
    let mut config = desk::config();
    config.mobility = true;
    config
}

fn to(address_of: &str) -> Path {
    Path::udp(address(address_of), address(LISTENER))
}

/// A client with a permission and a channel, that can move.
fn ready() -> (Net, usize) {
    let mut net = Net::with(mobile());
    let client = net.idle_client(config_of(HOME).with_mobility());
    net.homes = vec![(address(HOME), client), (address(ABROAD), client)];
    net.clients[client].allocate(net.now).unwrap();
    net.run(secs(1));
    net.clients[client].bind_channel(net.now, address(PEER)).unwrap();
    net.run(secs(1));
    net.take_events(client);
    (net, client)
}

fn peer_says(net: &mut Net, client: usize) -> Option<SocketAddr> {
    let relayed = net.relayed(client);
    net.sent.clear();
    net.launch(address(PEER), relayed, b"in".to_vec());
    net.run(secs(1));
    let delivered = net.take_delivered();
    let to = net.sent.iter().find(|(_, flight)| flight.from == address(LISTENER));
    assert!(delivered.len() <= 1);
    delivered.first().and(to.map(|(_, flight)| flight.to))
}

#[test]
fn allocation_goes_along_with_permissions_and_channels() {
    let (mut net, client) = ready();
    let relayed = net.relayed(client);
    assert!(net.clients[client].is_mobile());
    net.clients[client].rebind(net.now, to(ABROAD)).unwrap();
    assert_eq!(net.clients[client].path(), to(HOME), "until the server agrees");
    net.run(secs(1));
    let [TurnEvent::Moved { path, lifetime }] = net.take_events(client)[..] else {
        panic!("it moved")
    };
    assert_eq!((path, lifetime), (to(ABROAD), secs(600)));
    assert_eq!(net.relayed(client), relayed);
    assert_eq!(peer_says(&mut net, client), Some(address(ABROAD)));
    net.sent.clear();
    net.send(client, PEER, b"out");
    net.run(secs(1));
    let [out] = &net.take_at_peers()[..] else { panic!("one datagram") };
    assert_eq!((out.from, &out.bytes[..]), (relayed, &b"out"[..]));
    assert_eq!(net.sent[0].1.from, address(ABROAD));
    assert_eq!(net.sent[0].1.bytes.len(), 4 + 3, "on its channel");
    let moved = TurnServerEvent::AllocationMoved {
        from: to(HOME).reversed(),
        to: to(ABROAD).reversed(),
        user: "alice".into(),
    };
    assert!(net.server_events.contains(&moved));
    // All is kept up from there, for hours, and it can go back.
    net.run(secs(3 * 3600));
    net.send(client, PEER, b"late");
    net.run(secs(1));
    assert_eq!(net.take_at_peers().len(), 1);
    net.take_events(client);
    net.clients[client].rebind(net.now, to(HOME)).unwrap();
    net.run(secs(1));
    assert!(
        matches!(net.take_events(client)[..], [TurnEvent::Moved { path, .. }] if path == to(HOME))
    );
    assert_eq!(peer_says(&mut net, client), Some(address(HOME)));
    net.clients[client].close(net.now);
    net.run(secs(1));
    assert_eq!(net.server.as_ref().unwrap().allocations(), 0);
}

#[test]
fn lost_packets_do_not_lose_the_allocation() {
    // The n-th packets of the move are lost, in either direction.
    for lost in 0..12_u32 {
        let (mut net, client) = ready();
        net.clients[client].rebind(net.now, to(ABROAD)).unwrap();
        let mut count = 0;
        net.filter = Box::new(move |_, flight| {
            let of_move = [flight.from, flight.to].contains(&address(ABROAD));
            count += u32::from(of_move);
            !of_move || lost + 1 != count && lost + 2 != count
        });
        net.run(secs(20));
        let moved = net.take_events(client);
        assert!(matches!(moved[..], [TurnEvent::Moved { .. }]), "{lost}: {moved:?}");
        net.filter = Box::new(|_, _| true);
        net.send(client, PEER, b"x");
        net.run(secs(1));
        assert_eq!(net.take_at_peers().len(), 1, "{lost}");
        assert_eq!(peer_says(&mut net, client), Some(address(ABROAD)), "{lost}");
    }
}

/// A phone that walks on from one network to the next faster than the server can answer.
#[test]
fn client_that_moves_on_meanwhile_arrives() {
    let (mut net, client) = ready();
    let third = "5.5.5.5:3000";
    net.homes.push((address(third), client));
    // The server hears of the first move, and the client never does.
    net.filter = Box::new(|_, flight| flight.to != address(ABROAD));
    net.clients[client].rebind(net.now, to(ABROAD)).unwrap();
    net.run(secs(60));
    let fault = TurnFault::TimedOut;
    assert_eq!(net.take_events(client), [TurnEvent::MoveFailed { path: to(ABROAD), fault }]);
    assert_eq!(peer_says(&mut net, client), Some(address(HOME)), "as if nothing had been");
    net.clients[client].rebind(net.now, to(third)).unwrap();
    net.run(secs(2));
    assert!(
        matches!(net.take_events(client)[..], [TurnEvent::Moved { path, .. }] if path == to(third))
    );
    assert_eq!(peer_says(&mut net, client), Some(address(third)));
    net.send(client, PEER, b"x");
    net.run(secs(1));
    assert_eq!(net.take_at_peers().len(), 1);
}

#[test]
fn commands_that_cannot_work_are_refused() {
    let mut play = Play::with(config_of(HOME).with_mobility());
    let there = to(ABROAD);
    assert_eq!(play.client.rebind(play.now, there), Err(RebindError::NotAllocated));
    let request = play.log_in();
    assert_eq!(Message::parse(&request).unwrap().get(), Some(MobilityTicket(b"")));
    play.answer(&request, |answer| allocated(answer, RELAYED, 600));
    assert_eq!(play.client.rebind(play.now, there), Err(RebindError::NotMobile));

    let mut play = Play::with(config_of(HOME).with_mobility());
    let request = play.log_in();
    play.answer(&request, |answer| {
        allocated(answer, RELAYED, 600);
        answer.push(&MobilityTicket(b"ticket"));
    });
    let here = play.client.path();
    assert_eq!(play.client.rebind(play.now, here), Err(RebindError::SamePath));
    assert_eq!(play.client.rebind(play.now, there), Ok(()));
    assert_eq!(play.client.rebind(play.now, there), Err(RebindError::SamePath));
    let sent = play.take_request();
    assert_eq!(Message::parse(&sent).unwrap().get(), Some(MobilityTicket(b"ticket")));
    // Without a change there is no ticket in a refresh.
    play.client.refresh(play.now).unwrap();
    let refresh = play.take_request();
    assert!(!Message::parse(&refresh).unwrap().has(AttributeType::MOBILITY_TICKET));
}

#[test]
fn server_that_forbids_mobility_is_used_without() {
    let mut net = Net::new();
    let client = net.idle_client(config_of(HOME).with_mobility());
    net.clients[client].allocate(net.now).unwrap();
    net.run(secs(1));
    assert!(matches!(net.take_events(client)[..], [TurnEvent::Allocated { .. }]));
    assert!(!net.clients[client].is_mobile());
    let asked = net.sent.iter().filter(|(_, flight)| {
        let message = Message::parse(&flight.bytes);
        message.is_ok_and(|message| message.has(AttributeType::MOBILITY_TICKET))
    });
    assert_eq!(asked.count(), 2, "before and after the challenge, and not again");
}

#[test]
fn refused_move_says_why_and_a_forbidden_one_is_the_last() {
    for (code, fault, still) in [
        (Code::MOBILITY_FORBIDDEN, TurnFault::MobilityForbidden, false),
        (Code::BAD_REQUEST, TurnFault::BadRequest, true),
        (Code::WRONG_CREDENTIALS, TurnFault::WrongCredentials, true),
    ] {
        let mut play = mobile_play();
        play.client.rebind(play.now, to(ABROAD)).unwrap();
        let request = play.take_request();
        refuse_there(&mut play, &request, code);
        let path = to(ABROAD);
        assert_eq!(play.take_events(), [TurnEvent::MoveFailed { path, fault }]);
        assert_eq!(play.client.is_mobile(), still, "{code}");
        assert!(play.client.relayed().is_some());
    }
    let mut play = mobile_play();
    play.client.rebind(play.now, to(ABROAD)).unwrap();
    let request = play.take_request();
    refuse_there(&mut play, &request, Code::ALLOCATION_MISMATCH);
    assert_eq!(play.take_events(), [TurnEvent::Lost { fault: TurnFault::Mismatch }]);
}

fn mobile_play() -> Play {
    let mut play = Play::with(config_of(HOME).with_mobility());
    let request = play.log_in();
    play.answer(&request, |answer| {
        allocated(answer, RELAYED, 600);
        answer.push(&MobilityTicket(b"ticket"));
    });
    play.take_events();
    play
}

fn refuse_there(play: &mut Play, request: &[u8], code: Code) {
    let answer = play.write(request, false, |answer| {
        answer.push(&stun_proto::attribute::ErrorCode::from(code));
    });
    let _ = play.client.handle_input(play.now, Input::received(to(ABROAD), &answer));
}

/// Who asks by hand.
fn ask_ticket(desk: &mut Desk, user: &mut User) -> (Answer, Vec<u8>) {
    let answer = user.ask(desk, Method::ALLOCATE, |request| {
        udp(request);
        request.push(&MobilityTicket(b""));
    });
    assert_eq!(answer.code(), 0);
    let ticket = answer.get::<MobilityTicket<'_>>().unwrap().0.to_vec();
    (answer, ticket)
}

fn refresh_with(desk: &mut Desk, user: &mut User, ticket: &[u8]) -> Answer {
    user.ask(desk, Method::REFRESH, |request| request.push(&MobilityTicket(ticket)))
}

fn alice_at(from: &str) -> User {
    User::new("alice", "wonderland", from)
}

#[test]
fn old_path_carries_data_until_the_new_one_does() {
    let mut desk = Desk::with(mobile());
    let mut home = User::alice();
    let (answer, ticket) = ask_ticket(&mut desk, &mut home);
    let relayed = answer.get::<stun_proto::attribute::XorRelayedAddress>().unwrap().0;
    home.bind(&mut desk, 0x4000, address(PEER));
    let mut abroad = alice_at(ABROAD);
    let moved = refresh_with(&mut desk, &mut abroad, &ticket);
    assert_eq!(moved.code(), 0);
    let new = moved.get::<MobilityTicket<'_>>().unwrap().0.to_vec();
    assert_ne!(new, ticket);
    let to_client = |desk: &mut Desk| {
        let (path, _) = desk.packet(Path::udp(relayed, address(PEER)), b"in").forwarded();
        path
    };
    assert_eq!(to_client(&mut desk), home.path);
    let mut out = [0x40, 0, 0, 1, b'x'];
    assert!(
        matches!(desk.packet(home.path, &out), Outcome::Forwarded(..)),
        "the old one still may"
    );
    assert_eq!(to_client(&mut desk), home.path);
    assert!(matches!(desk.packet(abroad.path, &out), Outcome::Forwarded(..)));
    assert_eq!(to_client(&mut desk), abroad.path);
    assert_eq!(desk.packet(home.path, &out), Outcome::Dropped, "the old one may no more");
    // Data on a channel that is nobody's tells where the client is as well.
    let mut third = alice_at("5.5.5.5:3000");
    assert_eq!(refresh_with(&mut desk, &mut third, &new).code(), 0);
    out[..4].copy_from_slice(&[0x4F, 0xFF, 0, 0]);
    assert_eq!(desk.packet(third.path, &out[..4]), Outcome::Dropped);
    assert_eq!(to_client(&mut desk), third.path);
}

#[test]
fn ticket_moves_once_and_its_request_may_be_repeated() {
    let mut desk = Desk::with(mobile());
    let mut home = User::alice();
    let (_, ticket) = ask_ticket(&mut desk, &mut home);
    assert_eq!(refresh_with(&mut desk, &mut home, &ticket).code(), 400, "it is there already");
    let mut abroad = alice_at(ABROAD);
    let body = |request: &mut MessageBuilder<'_>| request.push(&MobilityTicket(&ticket));
    assert_eq!(abroad.ask(&mut desk, Method::REFRESH, body).code(), 0);
    let again = abroad.write(Method::REFRESH, body);
    assert_eq!(abroad.send(&mut desk, &again).unwrap().code(), 400, "another request");
    assert_eq!(desk.packet(abroad.path, &[0x40, 0, 0, 0]), Outcome::Dropped, "it has arrived");
    let mut third = alice_at("5.5.5.5:3000");
    assert_eq!(refresh_with(&mut desk, &mut third, &ticket).code(), 400, "an old ticket");
    assert_eq!(desk.server.allocations(), 1);
}

#[test]
fn retransmission_of_a_move_gets_its_answer_again() {
    let mut desk = Desk::with(mobile());
    let (_, ticket) = ask_ticket(&mut desk, &mut User::alice());
    let mut abroad = alice_at(ABROAD);
    // One that is logged in there already.
    assert_eq!(abroad.ask(&mut desk, Method::REFRESH, |_| {}).code(), 437);
    let body = |request: &mut MessageBuilder<'_>| request.push(&MobilityTicket(&ticket));
    let request = abroad.write(Method::REFRESH, body);
    for _ in 0..3 {
        let answer = abroad.send(&mut desk, &request).unwrap();
        assert_eq!(answer.code(), 0);
        assert!(answer.get::<MobilityTicket<'_>>().is_some());
        desk.pass(9);
    }
    assert_eq!(desk.server.allocations(), 1);
}

#[test]
fn only_its_user_moves_an_allocation_and_only_by_its_ticket() {
    let mut desk = Desk::with(mobile());
    let (_, ticket) = ask_ticket(&mut desk, &mut User::alice());
    let mut bob = User::bob();
    assert_eq!(refresh_with(&mut desk, &mut bob, &ticket).code(), 441);
    let mut abroad = alice_at(ABROAD);
    for forged in [&b""[..], b"ticket", &[0; 36], &[0; 5000]] {
        assert_eq!(refresh_with(&mut desk, &mut abroad, forged).code(), 400);
    }
    let mut changed = ticket.clone();
    changed[20] ^= 1;
    assert_eq!(refresh_with(&mut desk, &mut abroad, &changed).code(), 400);
    // Where an allocation is no other one goes.
    let mut third = alice_at("5.5.5.5:3000");
    third.allocate(&mut desk);
    assert_eq!(refresh_with(&mut desk, &mut third, &ticket).code(), 400);
    // What is gone is gone.
    let mut home = User::alice();
    let gone = home.ask(&mut desk, Method::REFRESH, |request| request.push(&Lifetime(0)));
    assert_eq!(gone.code(), 0);
    assert_eq!(refresh_with(&mut desk, &mut abroad, &ticket).code(), 437);
}

#[test]
fn mobility_is_refused_where_it_is_forbidden() {
    let mut desk = Desk::new();
    let ask = |desk: &mut Desk, ticket: &[u8]| {
        let mut alice = User::alice();
        let answer = alice.ask(desk, Method::ALLOCATE, |request| {
            request.push(&RequestedTransport::UDP);
            request.push(&MobilityTicket(ticket));
        });
        answer.code()
    };
    assert_eq!(ask(&mut desk, b""), 405);
    assert_eq!(ask(&mut desk, b"x"), 400);
    assert_eq!(refresh_with(&mut desk, &mut User::alice(), b"x").code(), 405);
    let mut desk = Desk::with(mobile());
    assert_eq!(ask(&mut desk, b"x"), 400);
    let mut alice = User::alice();
    let plain = alice.ask(&mut desk, Method::ALLOCATE, udp);
    assert!(plain.get::<MobilityTicket<'_>>().is_none(), "nobody asked");
}

#[test]
fn allocation_can_be_deleted_from_where_it_moves_to() {
    let mut desk = Desk::with(mobile());
    let (_, ticket) = ask_ticket(&mut desk, &mut User::alice());
    let mut abroad = alice_at(ABROAD);
    let answer = abroad.ask(&mut desk, Method::REFRESH, |request| {
        request.push(&Lifetime(0));
        request.push(&MobilityTicket(&ticket));
    });
    assert_eq!((answer.code(), desk.server.allocations()), (0, 0));
    // Nothing is left over: both paths are free.
    abroad.allocate(&mut desk);
    User::alice().allocate(&mut desk);
}

#[test]
fn connection_that_ends_leaves_the_allocation_to_the_other_one() {
    let over_tcp = |user: User, from: &str| {
        let mut user = user;
        user.path = Path::new(Transport::Tcp, address(LISTENER), address(from));
        user
    };
    for first_ends in [true, false] {
        let mut desk = Desk::with(mobile());
        let mut home = over_tcp(User::alice(), HOME);
        let (answer, ticket) = ask_ticket(&mut desk, &mut home);
        let relayed = answer.get::<stun_proto::attribute::XorRelayedAddress>().unwrap().0;
        home.permit(&mut desk, &[address(PEER)]);
        let mut abroad = over_tcp(User::alice(), ABROAD);
        assert_eq!(refresh_with(&mut desk, &mut abroad, &ticket).code(), 0);
        let (ends, stays) = if first_ends { (&home, &abroad) } else { (&abroad, &home) };
        desk.give(Input::PathFailed { path: ends.path, fault: PathFault::Reset });
        assert_eq!(desk.server.allocations(), 1);
        let (path, _) = desk.packet(Path::udp(relayed, address(PEER)), b"in").forwarded();
        assert_eq!(path, stays.path);
        desk.give(Input::PathFailed { path: stays.path, fault: PathFault::Reset });
        assert_eq!(desk.server.allocations(), 0);
    }
}

/// However often it moves, a client takes no more than it did.
#[test]
fn moves_without_end_keep_nothing() {
    let mut desk = Desk::with(mobile());
    let (_, mut ticket) = ask_ticket(&mut desk, &mut User::alice());
    for port in 2000..2200 {
        let mut there = alice_at(&format!("6.6.6.6:{port}"));
        let answer = refresh_with(&mut desk, &mut there, &ticket);
        assert_eq!(answer.code(), 0);
        ticket = answer.get::<MobilityTicket<'_>>().unwrap().0.to_vec();
    }
    // Only the first path and the last are the allocation's.
    for (from, code) in
        [(HOME, 0), ("6.6.6.6:2000", 437), ("6.6.6.6:2198", 437), ("6.6.6.6:2199", 0)]
    {
        let mut user = alice_at(from);
        assert_eq!(user.ask(&mut desk, Method::REFRESH, |_| {}).code(), code, "{from}");
    }
}
