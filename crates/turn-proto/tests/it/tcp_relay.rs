//! A server that relays TCP (RFC 6062 §5).
use crate::desk::{self, Answer, Desk, LISTENER, Outcome, PEER, User, address, udp};
use core::net::SocketAddr;
use sans_io::{
    Frame, Input, MAX_FRAME, Machine, Path, PathFault, SocketFault, SocketId, SocketRequest,
    Transport,
};
use stun_proto::{
    Class, Message, MessageBuilder, Method,
    attribute::{
        AdditionalAddressFamily, ConnectionId, DontFragment, EvenPort, Lifetime, MobilityTicket,
        RequestedTransport, ReservationToken, XorPeerAddress, XorRelayedAddress,
    },
};
use turn_proto::TurnServerConfig;

const CONTROL: &str = "7.7.7.7:1000";
const DATA: &str = "7.7.7.7:1001";

fn config() -> TurnServerConfig {
    let mut config = desk::config();
    config.tcp_relay = true;
    config.max_peer_connections = 3;
    config
}

fn user(name: &str, password: &str, from: &str) -> User {
    let mut user = User::new(name, password, from);
    user.path = Path::new(Transport::Tcp, address(LISTENER), address(from));
    user
}

fn alice(from: &str) -> User {
    user("alice", "wonderland", from)
}

fn tcp(request: &mut MessageBuilder<'_>) {
    request.push(&RequestedTransport::TCP);
}

/// A client with an allocation, and the relayed address.
fn allocated() -> (Desk, User, SocketAddr) {
    let mut desk = Desk::with(config());
    let mut control = alice(CONTROL);
    let answer = control.ask(&mut desk, Method::ALLOCATE, tcp);
    assert_eq!(answer.code(), 0, "{:?}", answer.message());
    let relayed = answer.get::<XorRelayedAddress>().unwrap().0;
    (desk, control, relayed)
}

fn connect(desk: &mut Desk, control: &mut User, peer: &str) -> Answer {
    let peer = XorPeerAddress(address(peer));
    control.ask(desk, Method::CONNECT, |request| request.push(&peer))
}

fn bind(desk: &mut Desk, data: &mut User, id: ConnectionId) -> u16 {
    data.ask(desk, Method::CONNECTION_BIND, |request| request.push(&id)).code()
}

/// The socket that the relayed address listens with.
fn listener(desk: &Desk) -> SocketId {
    let found = desk.sockets.iter().find_map(|request| match request {
        SocketRequest::Listen { id, .. } => Some(*id),
        _ => None,
    });
    found.unwrap()
}

fn peer_path(relayed: SocketAddr) -> Path {
    Path::new(Transport::Tcp, relayed, address(PEER))
}

/// A peer connects; what the client is told.
fn peer_connects(desk: &mut Desk, path: Path) -> (Outcome, Option<ConnectionId>) {
    let listener = listener(desk);
    let outcome = desk.give(Input::Accepted { listener, path });
    let told = desk.take_sent().pop().map(|sent| {
        let message = Message::parse(&sent.payload).unwrap();
        assert_eq!(
            (message.class(), message.method()),
            (Class::Indication, Method::CONNECTION_ATTEMPT)
        );
        assert_eq!(message.get(), Some(XorPeerAddress(path.remote())));
        message.get::<ConnectionId>().unwrap()
    });
    (outcome, told)
}

/// Both ends of a connection that a client asked for.
fn bound() -> (Desk, User, User, Path) {
    let (mut desk, mut control, relayed) = allocated();
    let id = connect(&mut desk, &mut control, PEER).get::<ConnectionId>().unwrap();
    let mut data = alice(DATA);
    assert_eq!(bind(&mut desk, &mut data, id), 0);
    (desk, control, data, peer_path(relayed))
}

fn ends(desk: &mut Desk, path: Path, fault: PathFault) -> Vec<SocketRequest> {
    desk.sockets.clear();
    assert_eq!(desk.give(Input::PathFailed { path, fault }), Outcome::Taken);
    std::mem::take(&mut desk.sockets)
}

#[test]
fn client_connects_to_a_peer_and_data_flows_as_it_is() {
    let (mut desk, mut control, relayed) = allocated();
    assert!(desk.sockets.iter().any(
        |request| matches!(request, SocketRequest::Listen { local, .. } if *local == relayed)
    ));
    let answer = connect(&mut desk, &mut control, PEER);
    assert_eq!(answer.code(), 0);
    let asked = desk.sockets.iter().find_map(|request| match request {
        SocketRequest::Connect { transport, local, remote, .. } => {
            Some((*transport, *local, *remote))
        }
        _ => None,
    });
    assert_eq!(asked, Some((Transport::Tcp, Some(relayed), address(PEER))));
    let peer = peer_path(relayed);
    assert_eq!(desk.sockets.last(), Some(&SocketRequest::Pause(peer)), "nobody takes it yet");
    let mut data = alice(DATA);
    let id = answer.get::<ConnectionId>().unwrap();
    assert_eq!(bind(&mut desk, &mut data, id), 0);
    assert_eq!(desk.sockets.last(), Some(&SocketRequest::Resume(peer)));
    // What looks like messages of TURN is data as well.
    let long = vec![7; MAX_FRAME];
    for bytes in [&b"out"[..], &[0x40, 0, 0, 9], &[0, 1, 0, 0], &[0xFF; 100], &long] {
        assert_eq!(desk.server.frame(&data.path, bytes), Frame::Whole(bytes.len()));
        assert_eq!(desk.packet(data.path, bytes).forwarded(), (peer, bytes.to_vec()));
        assert_eq!(desk.packet(peer, bytes).forwarded(), (data.path, bytes.to_vec()));
    }
    assert_eq!(desk.server.frame(&peer, &vec![7; MAX_FRAME + 1]), Frame::Whole(MAX_FRAME));
    assert_eq!(desk.server.traffic().to_peers.packets, 5);
}

#[test]
fn peer_with_a_permission_connects_and_the_client_is_told() {
    let (mut desk, mut control, relayed) = allocated();
    let peer = peer_path(relayed);
    assert_eq!(peer_connects(&mut desk, peer), (Outcome::Dropped, None), "without a permission");
    control.permit(&mut desk, &[address(PEER)]);
    let (outcome, id) = peer_connects(&mut desk, peer);
    assert_eq!(outcome, Outcome::Taken);
    assert_eq!(desk.sockets.last(), Some(&SocketRequest::Pause(peer)));
    let mut data = alice(DATA);
    assert_eq!(bind(&mut desk, &mut data, id.unwrap()), 0);
    assert_eq!(desk.packet(peer, b"in").forwarded(), (data.path, b"in".to_vec()));
    assert_eq!(bind(&mut desk, &mut alice("7.7.7.7:1002"), id.unwrap()), 400, "once");
    // After its permission a peer is a stranger again.
    desk.pass(300);
    let other = Path::new(Transport::Tcp, relayed, address("8.8.8.8:6000"));
    assert_eq!(peer_connects(&mut desk, other), (Outcome::Dropped, None));
}

#[test]
fn allocations_of_tcp_are_what_the_rfc_lets_them_be() {
    let ask = |desk: &mut Desk, user: &mut User, body: &dyn Fn(&mut MessageBuilder<'_>)| {
        user.ask(desk, Method::ALLOCATE, body).code()
    };
    let mut off = Desk::new();
    assert_eq!(ask(&mut off, &mut alice(CONTROL), &tcp), 442);
    let mut desk = Desk::with(config());
    assert_eq!(ask(&mut desk, &mut User::alice(), &tcp), 400, "over UDP");
    let third = |request: &mut MessageBuilder<'_>| request.push(&RequestedTransport(17 + 1));
    assert_eq!(ask(&mut desk, &mut alice(CONTROL), &third), 442);
    let bodies: [&dyn Fn(&mut MessageBuilder<'_>); 2] =
        [&|request| request.push(&EvenPort { reserve: false }), &|request| {
            request.push(&ReservationToken([1; 8]));
        }];
    for body in bodies {
        let both = |request: &mut MessageBuilder<'_>| {
            tcp(request);
            body(request);
        };
        assert_eq!(ask(&mut desk, &mut alice(CONTROL), &both), 400);
    }
    let mut whole = config();
    whole.can_set_dont_fragment = true;
    let mut desk = Desk::with(whole);
    let fragment = |request: &mut MessageBuilder<'_>| {
        tcp(request);
        request.push(&DontFragment);
    };
    assert_eq!(ask(&mut desk, &mut alice(CONTROL), &fragment), 400);
    // Both families may be had, and it stays on its connection.
    let mut movable = config();
    movable.mobility = true;
    let mut desk = Desk::with(movable);
    let answer = alice(CONTROL).ask(&mut desk, Method::ALLOCATE, |request| {
        tcp(request);
        request.push(&AdditionalAddressFamily::V6);
        request.push(&MobilityTicket(b""));
    });
    assert_eq!(answer.code(), 0);
    assert_eq!(answer.message().get_all::<XorRelayedAddress>().count(), 2);
    assert!(answer.get::<MobilityTicket<'_>>().is_none());
    assert!(answer.get::<ReservationToken>().is_none());
}

#[test]
fn connection_that_cannot_be_is_refused() {
    let (mut desk, mut control, relayed) = allocated();
    let mut ask = |peer: &str| connect(&mut desk, &mut control, peer).code();
    assert_eq!(ask("10.0.0.1:80"), 403, "a policy");
    assert_eq!(ask(LISTENER), 403, "the server itself");
    assert_eq!(ask("9.9.9.2:50000"), 403, "another program where relays are");
    assert_eq!(ask("8.8.8.8:0"), 403);
    assert_eq!(ask("[2a00::8]:80"), 443);
    let none = control.ask(&mut desk, Method::CONNECT, |_| {});
    assert_eq!(none.code(), 400);
    let stranger = connect(&mut desk, &mut alice("7.7.7.7:2000"), PEER);
    assert_eq!(stranger.code(), 437);
    let mut bob = user("bob", "builder", CONTROL);
    assert_eq!(connect(&mut desk, &mut bob, PEER).code(), 441);
    // Each peer once: while it is asked for, while it waits, while data flows, and whoever began.
    desk.connect = None;
    let before = desk.sockets.len();
    let request = control.write(Method::CONNECT, |r| r.push(&XorPeerAddress(address(PEER))));
    assert_eq!(control.send(&mut desk, &request), None, "later");
    assert_eq!(connect(&mut desk, &mut control, PEER).code(), 446);
    let SocketRequest::Connect { id, .. } = desk.sockets[before] else { panic!("it connects") };
    desk.give(Input::Socket { id, state: Ok(relayed) });
    let answer = Answer(desk.take_sent().pop().unwrap().payload.to_vec());
    assert_eq!(answer.code(), 0);
    assert_eq!(connect(&mut desk, &mut control, PEER).code(), 446);
    bind(&mut desk, &mut alice(DATA), answer.get().unwrap());
    assert_eq!(connect(&mut desk, &mut control, PEER).code(), 446);
    control.permit(&mut desk, &[address(PEER)]);
    assert_eq!(peer_connects(&mut desk, peer_path(relayed)).1, None);
    // Only so many.
    desk.connect = Some(Ok(()));
    for (port, code) in [(1, 0), (2, 0), (3, 508)] {
        assert_eq!(connect(&mut desk, &mut control, &format!("8.8.8.8:{port}")).code(), code);
    }
    let crowd = Path::new(Transport::Tcp, relayed, address("8.8.8.8:7"));
    assert_eq!(peer_connects(&mut desk, crowd), (Outcome::Dropped, None));
}

#[test]
fn allocation_of_udp_has_no_connections_and_one_of_tcp_no_datagrams() {
    let mut desk = Desk::with(config());
    let mut plain = alice(CONTROL);
    plain.allocate(&mut desk);
    assert_eq!(connect(&mut desk, &mut plain, PEER).code(), 400);
    let (mut desk, mut control, relayed) = allocated();
    control.permit(&mut desk, &[address(PEER)]);
    assert_eq!(control.send_to(&mut desk, address(PEER), b"x"), Outcome::Dropped);
    assert_eq!(control.bind(&mut desk, 0x4000, address(PEER)), 400);
    assert_eq!(desk.packet(Path::udp(relayed, address(PEER)), b"x"), Outcome::Dropped);
    // A datagram does not reach another program that has the same port.
    let mut other = User::new("alice", "wonderland", "7.7.7.7:3000");
    let answer = other.ask(&mut desk, Method::ALLOCATE, udp);
    assert_eq!(answer.code(), 0);
    other.permit(&mut desk, &[relayed]);
    assert_eq!(other.send_to(&mut desk, relayed, b"x"), Outcome::Dropped);
}

#[test]
fn failed_connection_is_answered_with_447() {
    for fault in [SocketFault::Refused, SocketFault::TimedOut, SocketFault::InUse] {
        let (mut desk, mut control, _) = allocated();
        desk.connect = Some(Err(fault));
        assert_eq!(connect(&mut desk, &mut control, PEER).code(), 447);
        desk.connect = Some(Ok(()));
        assert_eq!(connect(&mut desk, &mut control, PEER).code(), 0, "it may try again");
    }
    // A driver that says nothing is not waited for without end, though for 30 s at least.
    let (mut desk, mut control, _) = allocated();
    desk.connect = None;
    let request = control.write(Method::CONNECT, |r| r.push(&XorPeerAddress(address(PEER))));
    assert_eq!(control.send(&mut desk, &request), None);
    desk.pass(30);
    assert!(desk.sent.is_empty());
    desk.pass(10);
    assert_eq!(Answer(desk.take_sent().pop().unwrap().payload.to_vec()).code(), 447);
    assert!(matches!(desk.sockets.last(), Some(SocketRequest::Close(_))));
}

#[test]
fn connection_that_no_client_comes_for_is_closed_after_30_seconds() {
    let (mut desk, mut control, relayed) = allocated();
    let id = connect(&mut desk, &mut control, PEER).get::<ConnectionId>().unwrap();
    desk.pass(29);
    assert!(!desk.sockets.contains(&SocketRequest::Hangup(peer_path(relayed))));
    desk.pass(1);
    assert_eq!(desk.sockets.last(), Some(&SocketRequest::Hangup(peer_path(relayed))));
    assert_eq!(bind(&mut desk, &mut alice(DATA), id), 400);
    control.permit(&mut desk, &[address(PEER)]);
    desk.sockets.retain(|request| matches!(request, SocketRequest::Listen { .. }));
    assert!(peer_connects(&mut desk, peer_path(relayed)).1.is_some());
    desk.pass(30);
    assert_eq!(desk.sockets.last(), Some(&SocketRequest::Hangup(peer_path(relayed))));
}

#[test]
fn only_its_user_gets_a_connection_and_only_on_a_stream_of_its_own() {
    let (mut desk, mut control, _) = allocated();
    let id = connect(&mut desk, &mut control, PEER).get::<ConnectionId>().unwrap();
    assert_eq!(bind(&mut desk, &mut user("bob", "builder", DATA), id), 400);
    assert_eq!(bind(&mut desk, &mut control, id), 400, "the control connection");
    assert_eq!(bind(&mut desk, &mut User::new("alice", "wonderland", DATA), id), 400, "over UDP");
    let mut data = alice(DATA);
    assert_eq!(bind(&mut desk, &mut data, ConnectionId(id.0 ^ 1)), 400);
    let none = data.ask(&mut desk, Method::CONNECTION_BIND, |_| {});
    assert_eq!(none.code(), 400);
    assert_eq!(bind(&mut desk, &mut data, id), 0);
}

#[test]
fn either_end_takes_the_other_with_it() {
    for fault in [PathFault::Ended, PathFault::Reset] {
        let (mut desk, _, data, peer) = bound();
        assert_eq!(ends(&mut desk, data.path, fault), [SocketRequest::Hangup(peer)]);
        let (mut desk, mut control, data, peer) = bound();
        assert_eq!(ends(&mut desk, peer, fault), [SocketRequest::Hangup(data.path)]);
        assert_eq!(connect(&mut desk, &mut control, PEER).code(), 0, "another one");
        // One that nobody came for yet.
        let (mut desk, mut control, relayed) = allocated();
        connect(&mut desk, &mut control, PEER);
        assert_eq!(ends(&mut desk, peer_path(relayed), fault), []);
        assert_eq!(connect(&mut desk, &mut control, PEER).code(), 0);
    }
}

#[test]
fn connections_end_with_their_allocation() {
    let all_gone = |sockets: &[SocketRequest], data: &User, peer: Path| {
        for path in [data.path, peer] {
            assert!(sockets.contains(&SocketRequest::Hangup(path)), "{path}");
        }
        assert!(sockets.iter().any(|request| matches!(request, SocketRequest::Close(_))));
    };
    let (mut desk, control, data, peer) = bound();
    let gone = ends(&mut desk, control.path, PathFault::Ended);
    all_gone(&gone, &data, peer);
    let (mut desk, _, data, peer) = bound();
    desk.pass(601);
    all_gone(&desk.sockets, &data, peer);
    let (mut desk, mut control, data, peer) = bound();
    let deleted = control.ask(&mut desk, Method::REFRESH, |request| request.push(&Lifetime(0)));
    assert_eq!(deleted.code(), 0);
    all_gone(&desk.sockets, &data, peer);
    // One that is being made is answered.
    let (mut desk, mut control, _) = allocated();
    desk.connect = None;
    let request = control.write(Method::CONNECT, |r| r.push(&XorPeerAddress(address(PEER))));
    control.send(&mut desk, &request);
    desk.pass(601);
    assert!(desk.take_sent().iter().any(|sent| Answer(sent.payload.to_vec()).code() == 447));
    assert_eq!(desk.server.allocations(), 0);
}

/// A driver that reads on all the same makes the server keep nothing.
#[test]
fn data_before_the_client_comes_is_not_kept() {
    let (mut desk, mut control, relayed) = allocated();
    connect(&mut desk, &mut control, PEER);
    let peer = peer_path(relayed);
    assert_eq!(desk.packet(peer, b"early"), Outcome::Dropped);
    assert_eq!(desk.sockets.last(), Some(&SocketRequest::Hangup(peer)));
}

#[test]
fn stream_that_is_too_fast_is_paused_and_loses_nothing() {
    let mut limited = config();
    limited.max_bytes_per_second = core::num::NonZeroU32::new(10_000);
    let mut desk = Desk::with(limited);
    let mut control = alice(CONTROL);
    let relayed = control.ask(&mut desk, Method::ALLOCATE, tcp).get::<XorRelayedAddress>();
    let id = connect(&mut desk, &mut control, PEER).get::<ConnectionId>().unwrap();
    let mut data = alice(DATA);
    bind(&mut desk, &mut data, id);
    let peer = peer_path(relayed.unwrap().0);
    desk.sockets.clear();
    assert!(matches!(desk.packet(data.path, &[7; 10_000]), Outcome::Forwarded(..)));
    assert_eq!(desk.sockets, []);
    assert!(matches!(desk.packet(data.path, &vec![7; 20_000]), Outcome::Forwarded(..)));
    assert_eq!(desk.sockets, [SocketRequest::Pause(data.path)]);
    desk.pass(1);
    assert_eq!(desk.sockets.len(), 1);
    desk.pass(1);
    assert_eq!(desk.sockets[1..], [SocketRequest::Resume(data.path)]);
    assert!(matches!(desk.packet(peer, &vec![7; 20_000]), Outcome::Forwarded(..)));
    assert_eq!(desk.sockets.last(), Some(&SocketRequest::Pause(peer)));
    desk.pass(2);
    assert_eq!(desk.sockets.last(), Some(&SocketRequest::Resume(peer)));
}
