//! Clients of a server over TCP, TLS and DTLS: their allocation ends with the connection that names
//! it (RFC 8656 §5).
use crate::desk::{Desk, Outcome, PEER, User, address, udp};
use sans_io::{Input, Path, PathFault, SocketRequest, Transport};
use stun_proto::{Method, attribute::EvenPort};
use turn_proto::{AllocationEnd, TurnServerEvent};

fn over(transport: Transport, mut user: User) -> User {
    user.path.transport = transport;
    user
}

fn ended(desk: &mut Desk, user: &User, fault: PathFault) -> Outcome {
    desk.give(Input::PathFailed { path: user.path, fault })
}

/// Whoever connects next from there, a neighbour behind the same NAT for example, gets nothing that
/// was for somebody else, and sends in nobody's name.
#[test]
fn an_allocation_ends_with_its_connection() {
    for (transport, fault) in [
        (Transport::Tcp, PathFault::Ended),
        (Transport::Tls, PathFault::Reset),
        (Transport::Dtls, PathFault::Ended),
    ] {
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
