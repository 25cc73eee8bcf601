//! A client that has TCP relayed (RFC 6062 §4), against a server that the test plays.
use crate::{
    desk::{LISTENER, PEER, address},
    net::{config_of, secs},
    play::{Play, RELAYED, allocated},
};
use core::net::SocketAddr;
use sans_io::{
    DropReason, Frame, Input, Machine, Path, PathFault, SocketFault, SocketId, SocketRequest,
    Transport, Verdict,
};
use stun_proto::{
    AttributeType, Message, MessageBuilder, MessageType, Method, TransactionId,
    attribute::{Code, ConnectionId, ErrorCode, RequestedTransport, XorPeerAddress},
};
use turn_proto::{
    AllocateError, ConnectError, ConnectionAttempt, PeerError, RelayedPort, SendError,
    TurnClientConfig, TurnEvent, TurnFault,
};

const HOME: &str = "7.7.7.7:1000";

fn config(transport: Transport) -> TurnClientConfig {
    let mut config = config_of(HOME).with_tcp_relay();
    config.path = Path::new(transport, address(HOME), address(LISTENER));
    config.max_connections = 3;
    config.with_server_name("turn.example.org")
}

fn ready() -> Play {
    let mut play = Play::with(config(Transport::Tls));
    let request = play.log_in();
    let message = Message::parse(&request).unwrap();
    assert_eq!(message.get(), Some(RequestedTransport::TCP));
    play.answer(&request, |answer| allocated(answer, RELAYED, 600));
    play.take_events();
    play
}

fn peer() -> SocketAddr {
    address(PEER)
}

/// The data connection as the client sees it.
fn data_path(port: u16) -> Path {
    let local = SocketAddr::new(address(HOME).ip(), port);
    Path::new(Transport::Tls, local, address(LISTENER))
}

/// The connection to the server that was asked for last.
fn asked(play: &mut Play) -> SocketId {
    play.drain();
    let Some(SocketRequest::Connect { id, transport, local, remote, server_name }) =
        play.sockets.last().cloned()
    else {
        panic!("it connects: {:?}", play.sockets)
    };
    assert_eq!((transport, local, remote), (Transport::Tls, None, address(LISTENER)));
    assert_eq!(server_name.as_deref(), Some("turn.example.org"));
    id
}

fn give_on(play: &mut Play, path: Path, bytes: &[u8]) {
    let verdict = play.client.handle_input(play.now, Input::received(path, bytes));
    assert_eq!(verdict, Verdict::Consumed);
}

/// The driver has connected, and the server binds.
fn bind(play: &mut Play, socket: SocketId, id: ConnectionId, port: u16) {
    let state = Ok(data_path(port).local());
    let _ = play.client.handle_input(play.now, Input::Socket { id: socket, state });
    let request = play.take_request();
    let message = Message::parse(&request).unwrap();
    assert_eq!((message.method(), message.get()), (Method::CONNECTION_BIND, Some(id)));
    assert!(message.integrity().is_some());
    let answer = play.write(&request, true, |_| {});
    give_on(play, data_path(port), &answer);
}

fn connected() -> (Play, SocketId) {
    let mut play = ready();
    play.client.connect(play.now, peer()).unwrap();
    let request = play.take_request();
    let message = Message::parse(&request).unwrap();
    assert_eq!((message.method(), message.get()), (Method::CONNECT, Some(XorPeerAddress(peer()))));
    play.answer(&request, |answer| answer.push(&ConnectionId(7)));
    let socket = asked(&mut play);
    bind(&mut play, socket, ConnectionId(7), 2000);
    assert_eq!(play.take_events(), [TurnEvent::Connected { peer: peer() }]);
    (play, socket)
}

fn attempt_of(play: &mut Play, id: u32) -> Option<ConnectionAttempt> {
    let mut buffer = [0; 64];
    let kind = MessageType::indication(Method::CONNECTION_ATTEMPT);
    let bytes = MessageBuilder::new(&mut buffer, kind, TransactionId([3; 12]))
        .with(&ConnectionId(id))
        .with(&XorPeerAddress(peer()))
        .finish()
        .unwrap();
    let _ = play.give(bytes);
    play.take_events().pop().map(|event| match event {
        TurnEvent::ConnectionAttempted { attempt } => attempt,
        other => panic!("{other:?}"),
    })
}

#[test]
fn data_flows_as_it_is_on_a_connection_of_its_own() {
    let (mut play, socket) = connected();
    let path = data_path(2000);
    let packet = play.client.send(play.now, peer(), b"out").unwrap();
    assert_eq!((packet.path, packet.to_vec()), (path, b"out".to_vec()));
    for bytes in [&b"in"[..], &[0x40, 0, 0, 9], &[0, 1, 0, 0]] {
        assert_eq!(play.client.frame(&path, bytes), Frame::Whole(bytes.len()));
        let verdict = play.client.handle_input(play.now, Input::received(path, bytes));
        let relayed = Path::new(Transport::Tcp, address(RELAYED), peer());
        assert_eq!(verdict, Verdict::Deliver { path: relayed, bytes });
    }
    play.client.disconnect_peer(play.now, peer());
    play.drain();
    assert_eq!(play.sockets.last(), Some(&SocketRequest::Close(socket)));
    assert_eq!(play.client.send(play.now, peer(), b"x"), Err(SendError::NotConnected(peer())));
    assert_eq!(play.client.connect(play.now, peer()), Ok(()));
}

#[test]
fn peer_that_connects_is_taken_if_it_is_wanted() {
    let mut play = ready();
    assert_eq!(attempt_of(&mut play, 9), None, "nobody asked for it");
    play.permit();
    let attempt = attempt_of(&mut play, 9).unwrap();
    assert_eq!(attempt.peer, peer());
    play.client.accept(play.now, attempt).unwrap();
    let socket = asked(&mut play);
    bind(&mut play, socket, ConnectionId(9), 2001);
    assert_eq!(play.take_events(), [TurnEvent::Connected { peer: peer() }]);
    assert_eq!(play.client.accept(play.now, attempt), Err(ConnectError::Busy));
    // A flood of them is advice, of which so much waits and no more.
    let mut buffer = [0; 64];
    let kind = MessageType::indication(Method::CONNECTION_ATTEMPT);
    let bytes = MessageBuilder::new(&mut buffer, kind, TransactionId([3; 12]))
        .with(&ConnectionId(1))
        .with(&XorPeerAddress(peer()))
        .finish()
        .unwrap()
        .to_vec();
    let path = play.client.path();
    let mut refused = 0;
    for _ in 0..1000 {
        let verdict = play.client.handle_input(play.now, Input::received(path, &bytes));
        refused += usize::from(verdict == Verdict::Dropped(DropReason::TooFast));
    }
    assert_eq!(refused, 1000 - 32);
}

#[test]
fn peer_that_cannot_be_reached_is_left_alone_for_10_seconds() {
    let mut play = ready();
    play.client.connect(play.now, peer()).unwrap();
    assert_eq!(play.client.connect(play.now, peer()), Err(ConnectError::Busy), "once at a time");
    let request = play.take_request();
    play.refuse(&request, Code::CONNECTION_FAILURE);
    let fault = TurnFault::PeerRefused;
    assert_eq!(play.take_events(), [TurnEvent::ConnectionFailed { peer: peer(), fault }]);
    let until = play.now.saturating_add(secs(10));
    play.pass(secs(9));
    assert_eq!(play.client.connect(play.now, peer()), Err(ConnectError::TooSoon { until }));
    play.pass(secs(1));
    assert_eq!(play.client.connect(play.now, peer()), Ok(()));
    let request = play.take_request();
    play.refuse(&request, Code::CONNECTION_ALREADY_EXISTS);
    let fault = TurnFault::ConnectionExists;
    assert_eq!(play.take_events(), [TurnEvent::ConnectionFailed { peer: peer(), fault }]);
    assert_eq!(play.client.connect(play.now, peer()), Ok(()));
}

#[test]
fn commands_that_cannot_work_are_refused() {
    let plain = Play::with(config(Transport::Udp)).client.allocate(sans_io::Instant::ZERO);
    assert_eq!(plain, Err(AllocateError::NotAStream));
    let even = config(Transport::Tcp).with_port(RelayedPort::Even);
    let even = Play::with(even).client.allocate(sans_io::Instant::ZERO);
    assert_eq!(even, Err(AllocateError::NotAStream));
    let mut udp = Play::new();
    udp.allocate_for(600);
    assert_eq!(udp.client.connect(udp.now, peer()), Err(ConnectError::NotAllocated));
    let mut play = Play::with(config(Transport::Tcp));
    assert_eq!(play.client.connect(play.now, peer()), Err(ConnectError::NotAllocated));
    let mut play = ready();
    let v6 = address("[2a00::8]:80");
    assert_eq!(play.client.connect(play.now, v6), Err(ConnectError::WrongFamily(v6.ip())));
    assert_eq!(play.client.bind_channel(play.now, peer()), Err(PeerError::NotDatagrams));
    for port in 1..=3 {
        play.client.connect(play.now, SocketAddr::new(peer().ip(), port)).unwrap();
    }
    assert_eq!(play.client.connect(play.now, peer()), Err(ConnectError::TooMany));
}

#[test]
fn allocation_of_tcp_asks_for_nothing_that_is_of_udp() {
    let mut play = Play::with(config(Transport::Tcp).with_dont_fragment().with_mobility());
    let request = play.log_in();
    let request = Message::parse(&request).unwrap();
    for kind in [
        AttributeType::DONT_FRAGMENT,
        AttributeType::EVEN_PORT,
        AttributeType::RESERVATION_TOKEN,
        AttributeType::MOBILITY_TICKET,
    ] {
        assert!(!request.has(kind), "{kind:?}");
    }
}

#[test]
fn whatever_fails_on_the_way_is_told_and_leaves_nothing() {
    // The server gives no number; the driver cannot connect; the server refuses to bind; it ends.
    for step in 0..5 {
        let mut play = ready();
        play.client.connect(play.now, peer()).unwrap();
        let request = play.take_request();
        let number = ConnectionId(7);
        play.answer(&request, |answer| {
            if step > 0 {
                answer.push(&number);
            }
        });
        let path = data_path(2000);
        if step > 0 {
            let id = asked(&mut play);
            let failed = Err(SocketFault::Refused);
            let state = if step == 1 { failed } else { Ok(path.local()) };
            let _ = play.client.handle_input(play.now, Input::Socket { id, state });
        }
        match step {
            2 => {
                let request = play.take_request();
                let answer = play.write(&request, false, |answer| {
                    answer.push(&ErrorCode::from(Code::BAD_REQUEST));
                });
                give_on(&mut play, path, &answer);
            }
            3 => {
                let input = Input::PathFailed { path, fault: PathFault::Reset };
                let _ = play.client.handle_input(play.now, input);
            }
            4 => {
                let junk = [0, 0, 0, 0];
                let verdict = play.client.handle_input(play.now, Input::received(path, &junk));
                assert_eq!(verdict, Verdict::Dropped(DropReason::Malformed));
            }
            _ => {}
        }
        let events = play.take_events();
        assert!(
            matches!(events[..], [TurnEvent::ConnectionFailed { peer: of, .. }] if of == peer()),
            "{step}: {events:?}"
        );
        play.take_sent();
        assert_eq!(play.client.connect(play.now, peer()), Ok(()), "{step}");
        let junk = play.client.handle_input(play.now, Input::received(path, b"x"));
        assert_eq!(junk, Verdict::Unclaimed, "{step}");
    }
}

#[test]
fn end_of_a_connection_is_told_and_all_end_with_the_allocation() {
    for fault in [PathFault::Ended, PathFault::Reset] {
        let (mut play, _) = connected();
        let input = Input::PathFailed { path: data_path(2000), fault };
        assert_eq!(play.client.handle_input(play.now, input), Verdict::Consumed);
        assert_eq!(play.take_events(), [TurnEvent::ConnectionEnded { peer: peer() }]);
    }
    let (mut play, socket) = connected();
    let path = play.client.path();
    let input = Input::PathFailed { path, fault: PathFault::Ended };
    let _ = play.client.handle_input(play.now, input);
    assert_eq!(play.take_events(), [TurnEvent::Lost { fault: TurnFault::Disconnected }]);
    assert_eq!(play.sockets.last(), Some(&SocketRequest::Close(socket)));
    let (mut play, socket) = connected();
    play.client.close(play.now);
    play.drain();
    assert_eq!(play.sockets.last(), Some(&SocketRequest::Close(socket)));
}

#[test]
fn answer_to_a_connection_that_is_not_wanted_any_more_opens_nothing() {
    let mut play = ready();
    play.client.connect(play.now, peer()).unwrap();
    let request = play.take_request();
    play.client.disconnect_peer(play.now, peer());
    let answer = play.write(&request, true, |answer| answer.push(&ConnectionId(7)));
    assert_eq!(play.give(&answer), Verdict::Unclaimed);
    assert!(play.sockets.is_empty() && play.take_events().is_empty());
}
