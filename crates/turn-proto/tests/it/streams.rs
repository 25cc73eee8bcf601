//! Clients of a server over TCP and TLS: their allocation ends with the connection that names
//! it (RFC 8656 §5), and a connection without one does not stay for ever (RFC 8489 §6.2.2).
use crate::desk::{self, Desk, LISTENER, Outcome, PEER, User, address, udp};
use sans_io::{
    DropReason, Frame, Input, Machine, Path, PathFault, SocketId, SocketRequest, Transport,
};
use stun_proto::{
    Method,
    attribute::{EvenPort, Lifetime},
};
use turn_proto::{AllocationEnd, TurnServerEvent};

fn over(transport: Transport, mut user: User) -> User {
    user.path = Path::new(transport, user.path.local(), user.path.remote());
    user
}

fn ended(desk: &mut Desk, user: &User, fault: PathFault) -> Outcome {
    desk.give(Input::PathFailed { path: user.path, fault })
}

/// Whoever connects next from there, a neighbour behind the same NAT for example, gets nothing that
/// was for somebody else, and sends in nobody's name.
#[test]
fn an_allocation_ends_with_its_connection() {
    for (transport, fault) in
        [(Transport::Tcp, PathFault::Ended), (Transport::Tls, PathFault::Reset)]
    {
        let mut desk = Desk::new();
        let mut alice = over(transport, User::alice());
        let relayed = alice.allocate(&mut desk);
        alice.permit(&mut desk, &[address(PEER)]);
        let (socket, _) = desk.last_bind();
        assert_eq!(ended(&mut desk, &alice, fault), Outcome::Taken);
        assert_eq!(desk.server.allocations(), 0);
        assert_eq!(desk.sockets.last(), Some(&SocketRequest::Close(socket)));
        let end = AllocationEnd::Disconnected;
        assert!(
            matches!(desk.events.last(), Some(TurnServerEvent::AllocationEnded { end: e, .. }) if *e == end)
        );
        assert_eq!(desk.packet(Path::udp(relayed, address(PEER)), b"x"), Outcome::Dropped);
        let mut bob = over(transport, User::bob());
        bob.path = alice.path;
        assert_eq!(bob.send_to(&mut desk, address(PEER), b"x"), Outcome::Dropped);
        bob.allocate(&mut desk);
    }
}

#[test]
fn a_stream_out_of_step_ends_its_allocation_with_itself() {
    let mut desk = Desk::new();
    let mut alice = over(Transport::Tcp, User::alice());
    alice.allocate(&mut desk);
    assert_eq!(desk.packet(alice.path, &[0x40, 0, 0, 9, 1]), Outcome::Dropped);
    assert!(desk.sockets.contains(&SocketRequest::Hangup(alice.path)));
    assert_eq!(desk.server.allocations(), 0);
    assert_eq!(ended(&mut desk, &alice, PathFault::Ended), Outcome::Taken, "and again");
}

#[test]
fn a_stream_that_ends_while_the_socket_opens_leaves_nothing() {
    let mut desk = Desk::new();
    desk.open = |_| None;
    let mut alice = over(Transport::Tcp, User::alice());
    let first = alice.write(Method::ALLOCATE, udp);
    let answer = alice.send(&mut desk, &first).unwrap();
    let _ = alice.login.check(stun_proto::Attempt::default(), &answer.message());
    let request = alice.write(Method::ALLOCATE, |request| {
        udp(request);
        request.push(&EvenPort { reserve: true });
    });
    assert_eq!(alice.send(&mut desk, &request), None);
    assert_eq!(desk.server.allocations(), 1);
    let (socket, local) = desk.last_bind();
    ended(&mut desk, &alice, PathFault::Reset);
    assert_eq!(desk.server.allocations(), 0);
    assert_eq!(desk.sockets.last(), Some(&SocketRequest::Close(socket)));
    assert_eq!(desk.give(Input::Socket { id: socket, state: Ok(local) }), Outcome::Unclaimed);
    assert!(desk.take_sent().is_empty() && desk.events.is_empty(), "there is nobody to tell");
}

/// A datagram has no end, and anybody can forge an ICMP error.
#[test]
fn over_udp_nothing_that_the_network_says_of_a_client_ends_its_allocation() {
    let mut desk = Desk::new();
    let mut alice = User::alice();
    alice.allocate(&mut desk);
    let unreachable = PathFault::Unreachable { kind: 3, code: 3 };
    for fault in [PathFault::Ended, PathFault::Reset, unreachable, PathFault::TooBig { mtu: 576 }] {
        assert_eq!(ended(&mut desk, &alice, fault), Outcome::Unclaimed);
    }
    assert_eq!(desk.server.allocations(), 1);
}

fn connect(desk: &mut Desk, from: &str) -> (Path, Outcome) {
    let path = Path::new(Transport::Tcp, address(LISTENER), address(from));
    (path, desk.give(Input::Accepted { listener: SocketId(9), path }))
}

#[test]
fn connections_are_counted_and_limited_for_all_and_for_each_source() {
    let mut config = desk::config();
    (config.max_connections, config.max_connections_per_source) = (3, 2);
    let mut desk = Desk::with(config);
    let take = |desk: &mut Desk, from: &str| {
        let (path, outcome) = connect(desk, from);
        assert_eq!(outcome, Outcome::Taken);
        let mut user = User::new("alice", "wonderland", from);
        user.path = path;
        user.allocate(desk);
        path
    };
    let first = take(&mut desk, "[2a01::1]:1");
    take(&mut desk, "[2a01::2]:1");
    assert_eq!(connect(&mut desk, "[2a01::3]:1").1, Outcome::Dropped, "of one /64");
    take(&mut desk, "7.7.7.7:1");
    assert_eq!(connect(&mut desk, "7.7.7.8:1").1, Outcome::Dropped, "of all");
    assert_eq!(desk.server.drops().count(DropReason::Exhausted), 2);
    assert_eq!(desk.server.connections(), 3);
    desk.give(Input::PathFailed { path: first, fault: PathFault::Ended });
    assert_eq!(connect(&mut desk, "[2a01::3]:1").1, Outcome::Taken);
    let elsewhere = Path::new(Transport::Tcp, address("9.9.9.9:9"), address("7.7.7.9:1"));
    let input = Input::Accepted { listener: SocketId(9), path: elsewhere };
    assert_eq!(desk.give(input), Outcome::Unclaimed, "no listener of this server");
}

#[test]
fn a_silent_connection_is_hung_up() {
    let mut desk = Desk::new();
    let (path, _) = connect(&mut desk, "7.7.7.7:1000");
    desk.pass(29);
    assert_eq!(desk.sockets, []);
    desk.pass(1);
    assert_eq!(desk.sockets, [SocketRequest::Hangup(path)]);
    assert_eq!(desk.server.connections(), 0);
    assert_eq!(connect(&mut desk, "7.7.7.7:1000").1, Outcome::Taken, "and may come back");
}

/// Or whoever has no account could hold a connection for as long as it likes.
#[test]
fn an_allocation_keeps_a_connection_and_no_message_does() {
    let mut desk = Desk::new();
    let mut alice = over(Transport::Tcp, User::alice());
    let (stranger, _) = connect(&mut desk, "7.7.7.9:1000");
    let input = Input::Accepted { listener: SocketId(9), path: alice.path };
    assert_eq!(desk.give(input), Outcome::Taken);
    desk.pass(29);
    for path in [stranger, alice.path] {
        let binding = b"\0\x01\0\0\x21\x12\xa4\x42some id here";
        assert_eq!(desk.packet(path, binding).forwarded().0, path, "it is answered all the same");
    }
    alice.allocate(&mut desk);
    desk.pass(1);
    assert!(desk.sockets.contains(&SocketRequest::Hangup(stranger)));
    desk.pass(500);
    let hangup = SocketRequest::Hangup(alice.path);
    assert!(!desk.sockets.contains(&hangup));
    let end = |request: &mut stun_proto::MessageBuilder<'_>| request.push(&Lifetime(0));
    assert_eq!(alice.ask(&mut desk, Method::REFRESH, end).code(), 0);
    desk.pass(29);
    assert!(!desk.sockets.contains(&hangup), "time to ask for another");
    desk.pass(1);
    assert!(desk.sockets.contains(&hangup));
}

/// Whoever opens all the connections that there may be keeps nobody else out: those without an
/// allocation go, the oldest first.
#[test]
fn a_connection_without_an_allocation_makes_room_for_a_new_one() {
    let mut config = desk::config();
    (config.max_connections, config.max_connections_per_source) = (4, 3);
    let mut desk = Desk::with(config);
    let mut alice = over(Transport::Tcp, User::alice());
    let input = Input::Accepted { listener: SocketId(9), path: alice.path };
    assert_eq!(desk.give(input), Outcome::Taken);
    alice.allocate(&mut desk);
    let strangers = ["7.7.7.9:1", "7.7.7.9:2", "7.7.7.9:3"].map(|from| {
        desk.pass(1);
        let (path, outcome) = connect(&mut desk, from);
        assert_eq!(outcome, Outcome::Taken);
        path
    });
    desk.sockets.clear();
    assert_eq!(connect(&mut desk, "7.7.7.9:4").1, Outcome::Taken, "of the source");
    assert_eq!(desk.sockets, [SocketRequest::Hangup(strangers[0])]);
    assert_eq!(connect(&mut desk, "7.7.7.10:1").1, Outcome::Taken, "of all");
    assert_eq!(desk.sockets.last(), Some(&SocketRequest::Hangup(strangers[1])));
    assert_eq!(desk.server.connections(), 4);
    for n in 2..40 {
        assert_eq!(connect(&mut desk, &format!("7.7.7.{n}:1")).1, Outcome::Taken);
    }
    assert_eq!(desk.server.connections(), 4);
    assert_eq!(alice.ask(&mut desk, Method::REFRESH, |_| {}).code(), 0, "hers is not touched");
    assert!(!desk.sockets.contains(&SocketRequest::Hangup(alice.path)));
}

/// What is kept of a message until it is whole is bounded by what a login takes.
#[test]
fn a_stranger_is_heard_out_only_as_long_as_a_login_takes() {
    let mut desk = Desk::new();
    let mut alice = over(Transport::Tls, User::alice());
    let stranger = over(Transport::Tcp, User::bob()).path;
    let long = [[0, 1, 0x80, 0], [0x40, 0, 0x80, 0]];
    let login = [0, 3, 0x0F, 0xEC];
    assert_eq!(desk.server.frame(&stranger, &login), Frame::Need(4096));
    for head in long {
        assert_eq!(desk.server.frame(&stranger, &head), Frame::Broken);
    }
    alice.allocate(&mut desk);
    for head in long {
        assert!(matches!(desk.server.frame(&alice.path, &head), Frame::Need(_)));
    }
}

#[test]
fn a_stream_out_of_step_is_forgotten() {
    let mut desk = Desk::new();
    let (path, _) = connect(&mut desk, "7.7.7.7:1000");
    assert_eq!(desk.packet(path, &[0x40, 0, 0, 9, 1]), Outcome::Dropped);
    assert_eq!(desk.server.connections(), 0);
}
