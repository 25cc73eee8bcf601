//! Data crosses, or does not (RFC 8656 §11, §12.5 to §12.7, §14).
use crate::{
    desk::{self, Desk, LISTENER, Outcome, PEER, User, address},
    net::{Net, secs},
};
use core::net::SocketAddr;
use sans_io::{Frame, HEAD_MAX, Input, Machine, PacketMeta, Path, PathFault, Transport, Verdict};
use stun_proto::{
    AttributeType, Message, MessageBuilder, MessageType, Method, TransactionId,
    attribute::{Data, DontFragment, Icmp, XorPeerAddress},
};
use turn_proto::{ChannelData, ChannelNumber, TurnEvent};

/// A user with an allocation and a permission for [`PEER`], and its relayed address.
fn ready(desk: &mut Desk) -> (User, SocketAddr) {
    let mut alice = User::alice();
    let relayed = alice.allocate(desk);
    assert_eq!(alice.permit(desk, &[address(PEER)]), 0);
    (alice, relayed)
}

fn channel_data(number: u16, data: &[u8]) -> Vec<u8> {
    let channel = ChannelNumber::new(number).unwrap();
    [&ChannelData::header(channel, data.len()).unwrap()[..], data].concat()
}

#[test]
fn data_crosses_both_ways_without_a_copy() {
    let mut net = Net::new();
    let client = net.ready_client("7.7.7.7:1000");
    let relayed = net.relayed(client);
    for (round, overhead) in [36, 4].into_iter().enumerate() {
        net.sent.clear();
        net.send(client, PEER, b"ping");
        net.run(secs(1));
        assert_eq!(net.sent[0].1.bytes.len(), 4 + overhead);
        let at_peer = net.take_at_peers();
        assert_eq!(at_peer.len(), 1);
        assert_eq!((at_peer[0].from, at_peer[0].to), (relayed, address(PEER)));
        assert_eq!(at_peer[0].bytes, b"ping");
        net.launch(address(PEER), relayed, b"pong".to_vec());
        net.run(secs(1));
        let path = Path::udp(relayed, address(PEER));
        assert_eq!(net.take_delivered(), [(client, path, b"pong".to_vec())]);
        if round == 0 {
            net.clients[client].bind_channel(net.now, address(PEER)).unwrap();
            net.run(secs(1));
            assert_eq!(net.take_events(client), [TurnEvent::ChannelBound { peer: address(PEER) }]);
        }
    }
}

#[test]
fn what_is_forwarded_lies_within_the_input() {
    let mut desk = Desk::new();
    let (mut alice, relayed) = ready(&mut desk);
    assert_eq!(alice.bind(&mut desk, 0x4000, address("8.8.8.8:6000")), 0);
    let data = vec![7; 1200];
    let mut buffer = vec![0; 2000];
    let kind = MessageType::indication(Method::SEND);
    let indication = MessageBuilder::new(&mut buffer, kind, TransactionId([1; 12]))
        .with(&XorPeerAddress(address(PEER)))
        .with(&Data(&data))
        .finish()
        .unwrap()
        .to_vec();
    let from_peer = data.clone();
    let inputs = [
        (alice.path, indication, 0),
        (alice.path, channel_data(0x4000, &data), 0),
        (Path::udp(relayed, address(PEER)), from_peer.clone(), 36),
        (Path::udp(relayed, address("8.8.8.8:6000")), from_peer, 4),
    ];
    for (path, bytes, head) in inputs {
        let input = Input::received(path, &bytes);
        let Verdict::Send(packet) = desk.server.handle_input(desk.now, input) else {
            panic!("not forwarded");
        };
        assert!(bytes.as_ptr_range().contains(&packet.payload.as_ptr()));
        assert_eq!(packet.payload, data);
        assert_eq!(packet.head().len(), head);
        assert!(packet.head().len() <= HEAD_MAX);
    }
}

#[test]
fn indications_are_padded_with_zeros() {
    let mut desk = Desk::new();
    let (_, relayed) = ready(&mut desk);
    for len in 0..9 {
        let outcome = desk.packet(Path::udp(relayed, address(PEER)), &vec![0xFF; len]);
        let (path, bytes) = outcome.forwarded();
        assert_eq!(path, User::alice().path);
        let message = Message::parse(&bytes).unwrap();
        assert_eq!(message.get(), Some(Data(&vec![0xFF; len])));
        assert_eq!(message.get(), Some(XorPeerAddress(address(PEER))));
        assert!(bytes[36 + len..].iter().all(|byte| *byte == 0));
    }
}

#[test]
fn nothing_passes_without_permission() {
    let mut desk = Desk::new();
    let mut alice = User::alice();
    let relayed = alice.allocate(&mut desk);
    assert_eq!(alice.send_to(&mut desk, address(PEER), b"x"), Outcome::Dropped);
    assert_eq!(desk.packet(Path::udp(relayed, address(PEER)), b"x"), Outcome::Dropped);
    alice.permit(&mut desk, &[address("8.8.4.4:1")]);
    assert_eq!(alice.send_to(&mut desk, address(PEER), b"x"), Outcome::Dropped);
    assert_eq!(desk.packet(Path::udp(relayed, address(PEER)), b"x"), Outcome::Dropped);
    assert!(desk.take_sent().is_empty());
}

#[test]
fn a_permission_is_for_an_address_not_a_port() {
    let mut desk = Desk::new();
    let (mut alice, relayed) = ready(&mut desk);
    for port in [1, 80, 65_535] {
        let peer = SocketAddr::new(address(PEER).ip(), port);
        let (path, bytes) = alice.send_to(&mut desk, peer, b"x").forwarded();
        assert_eq!((path, &bytes[..]), (Path::udp(relayed, peer), &b"x"[..]));
        desk.packet(Path::udp(relayed, peer), b"x").forwarded();
    }
}

#[test]
fn a_channel_brings_its_permission() {
    let mut desk = Desk::new();
    let mut alice = User::alice();
    let relayed = alice.allocate(&mut desk);
    assert_eq!(alice.bind(&mut desk, 0x4000, address(PEER)), 0);
    // Also for another port of the peer, which has no channel.
    alice.send_to(&mut desk, address("8.8.8.8:1"), b"x").forwarded();
    let (_, bytes) = desk.packet(Path::udp(relayed, address("8.8.8.8:1")), b"x").forwarded();
    assert_eq!(Message::parse(&bytes).unwrap().method(), Method::DATA);
    let (_, bytes) = desk.packet(Path::udp(relayed, address(PEER)), b"x").forwarded();
    assert_eq!(bytes, channel_data(0x4000, b"x"));
}

#[test]
fn permissions_belong_to_one_allocation() {
    let mut desk = Desk::new();
    ready(&mut desk);
    let mut bob = User::bob();
    let relayed = bob.allocate(&mut desk);
    assert_eq!(bob.send_to(&mut desk, address(PEER), b"x"), Outcome::Dropped);
    assert_eq!(desk.packet(Path::udp(relayed, address(PEER)), b"x"), Outcome::Dropped);
}

#[test]
fn data_without_allocation_goes_nowhere() {
    let mut desk = Desk::new();
    let mut alice = User::alice();
    assert_eq!(alice.send_to(&mut desk, address(PEER), b"x"), Outcome::Dropped);
    assert_eq!(desk.packet(alice.path, &channel_data(0x4000, b"x")), Outcome::Dropped);
    let unused = Path::udp(address("9.9.9.2:50000"), address(PEER));
    assert_eq!(desk.packet(unused, b"x"), Outcome::Dropped);
    assert!(desk.take_sent().is_empty());
}

#[test]
fn an_unbound_channel_leads_nowhere() {
    let mut desk = Desk::new();
    let (mut alice, _) = ready(&mut desk);
    assert_eq!(desk.packet(alice.path, &channel_data(0x4000, b"x")), Outcome::Dropped);
    alice.bind(&mut desk, 0x4000, address(PEER));
    assert_eq!(desk.packet(alice.path, &channel_data(0x4001, b"x")), Outcome::Dropped);
    desk.packet(alice.path, &channel_data(0x4000, b"x")).forwarded();
}

#[test]
fn incomplete_indications_are_dropped() {
    let mut desk = Desk::new();
    let (mut alice, _) = ready(&mut desk);
    let peer = XorPeerAddress(address(PEER));
    assert_eq!(alice.indicate(&mut desk, |i| i.push(&peer)), Outcome::Dropped);
    assert_eq!(alice.indicate(&mut desk, |i| i.push(&Data(b"x"))), Outcome::Dropped);
    let outcome = alice.indicate(&mut desk, |i| {
        i.push_raw(AttributeType::XOR_PEER_ADDRESS, &[0, 1, 0]);
        i.push(&peer);
        i.push(&Data(b"x"));
    });
    assert_eq!(outcome, Outcome::Dropped, "the first one counts, and it is malformed");
    let outcome = alice.indicate(&mut desk, |i| {
        i.push(&peer);
        i.push_raw(AttributeType(0x7abc), b"?");
        i.push(&Data(b"x"));
    });
    assert_eq!(outcome, Outcome::Dropped, "an unknown attribute that must be understood");
}

/// What is checked must be what is used: of two peers the first is both.
#[test]
fn of_two_peers_the_first_counts() {
    let mut desk = Desk::new();
    let (mut alice, relayed) = ready(&mut desk);
    let forbidden = XorPeerAddress(address("10.0.0.1:9"));
    let allowed = XorPeerAddress(address(PEER));
    let (path, _) = alice
        .indicate(&mut desk, |i| {
            i.push(&allowed);
            i.push(&forbidden);
            i.push(&Data(b"x"));
        })
        .forwarded();
    assert_eq!(path, Path::udp(relayed, address(PEER)));
    let outcome = alice.indicate(&mut desk, |i| {
        i.push(&forbidden);
        i.push(&allowed);
        i.push(&Data(b"x"));
    });
    assert_eq!(outcome, Outcome::Dropped);
}

#[test]
fn over_tcp_the_server_pads() {
    let mut desk = Desk::new();
    let mut alice = User::alice();
    alice.path = Path::new(Transport::Tcp, alice.path.local(), alice.path.remote());
    let relayed = alice.allocate(&mut desk);
    assert_eq!(alice.bind(&mut desk, 0x4000, address(PEER)), 0);
    let from_peer = Path::udp(relayed, address(PEER));
    for len in 0..9 {
        let data = vec![0xFF; len];
        let (path, bytes) = desk.packet(from_peer, &data).forwarded();
        assert_eq!((path, bytes.len() % 4), (alice.path, 0));
        assert_eq!(desk.server.frame(&alice.path, &bytes), Frame::Whole(bytes.len()));
        assert_eq!(ChannelData::parse(&bytes).unwrap().data, data);
        assert!(bytes[4 + len..].iter().all(|byte| *byte == 0));
        // The other way the padding ends here.
        let (path, out) = desk.packet(alice.path, &bytes).forwarded();
        assert_eq!((path, out), (from_peer, data));
    }
    // Nothing of the peer's IP header means anything on a stream.
    let meta = PacketMeta { ecn: 1, dscp: 46, ttl: None, dont_fragment: true };
    let outcome = desk.packet_with(from_peer, meta, b"x");
    assert!(matches!(outcome, Outcome::Forwarded(_, meta, _) if meta == PacketMeta::default()));
}

#[test]
fn empty_data_crosses() {
    let mut desk = Desk::new();
    let (mut alice, relayed) = ready(&mut desk);
    let path = Path::udp(relayed, address(PEER));
    assert_eq!(alice.send_to(&mut desk, address(PEER), b"").forwarded(), (path, vec![]));
    alice.bind(&mut desk, 0x4000, address(PEER));
    let outcome = desk.packet(alice.path, &channel_data(0x4000, b""));
    assert_eq!(outcome.forwarded(), (path, vec![]));
    let outcome = desk.packet(path, b"");
    assert_eq!(outcome.forwarded(), (alice.path, channel_data(0x4000, b"")));
}

#[test]
fn dont_fragment_is_honoured_or_the_data_dropped() {
    for can in [false, true] {
        let mut config = desk::config();
        config.can_set_dont_fragment = can;
        let mut desk = Desk::with(config);
        let (mut alice, _) = ready(&mut desk);
        let outcome = alice.indicate(&mut desk, |i| {
            i.push(&XorPeerAddress(address(PEER)));
            i.push(&DontFragment);
            i.push(&Data(b"x"));
        });
        match outcome {
            Outcome::Forwarded(_, meta, _) => assert!(can && meta.dont_fragment),
            other => assert!(!can && other == Outcome::Dropped),
        }
    }
}

#[test]
fn ip_header_fields_go_along() {
    let mut desk = Desk::new();
    let (mut alice, relayed) = ready(&mut desk);
    alice.bind(&mut desk, 0x4000, address(PEER));
    let meta = PacketMeta { ecn: 3, dscp: 46, ttl: Some(57), dont_fragment: true };
    let onward = PacketMeta { ttl: None, ..meta };
    let there = desk.packet_with(alice.path, meta, &channel_data(0x4000, b"x"));
    let back = desk.packet_with(Path::udp(relayed, address(PEER)), meta, b"x");
    for outcome in [there, back] {
        assert!(matches!(outcome, Outcome::Forwarded(_, meta, _) if meta == onward));
    }
}

#[test]
fn icmp_errors_reach_the_client() {
    let mut net = Net::new();
    let client = net.ready_client("7.7.7.7:1000");
    let relayed = net.relayed(client);
    let server = net.server.as_mut().unwrap();
    let mut tell = |peer: &str, fault| {
        let path = Path::udp(relayed, address(peer));
        let _ = server.handle_input(net.now, Input::PathFailed { path, fault });
    };
    let unreachable = PathFault::Unreachable { kind: 3, code: 3 };
    tell(PEER, unreachable);
    tell(PEER, PathFault::TooBig { mtu: 1280 });
    tell(PEER, PathFault::TimeExceeded);
    tell(PEER, PathFault::Unreachable { kind: 8, code: 0 });
    tell("8.8.4.4:9", unreachable);
    net.run(secs(1));
    let peer = address(PEER);
    let told = [unreachable, PathFault::TooBig { mtu: 1280 }, PathFault::TimeExceeded]
        .map(|fault| TurnEvent::PeerUnreachable { peer, fault });
    assert_eq!(net.take_events(client), told);
}

/// Anybody can forge them, and a dead peer causes one for each packet.
#[test]
fn a_storm_of_icmp_errors_ends_nothing_and_fills_nothing() {
    let mut desk = Desk::new();
    let (mut alice, relayed) = ready(&mut desk);
    let path = Path::udp(relayed, address(PEER));
    for n in 0..10_000_u32 {
        let fault = PathFault::Unreachable { kind: 3, code: (n % 16) as u8 };
        let _ = desk.server.handle_input(desk.now, Input::PathFailed { path, fault });
    }
    desk.give(Input::Timeout);
    assert_eq!(desk.take_sent().len(), desk::config().max_queue);
    assert!(matches!(alice.send_to(&mut desk, address(PEER), b"x"), Outcome::Forwarded(..)));
    assert!(matches!(desk.packet(path, b"x"), Outcome::Forwarded(..)));
}

#[test]
fn icmp_is_told_as_the_rfc_draws_it() {
    let mut desk = Desk::new();
    let (_, relayed) = ready(&mut desk);
    let path = Path::udp(relayed, address(PEER));
    desk.give(Input::PathFailed { path, fault: PathFault::TooBig { mtu: 1280 } });
    let sent = desk.take_sent();
    let message = Message::parse(&sent[0].payload).unwrap();
    assert_eq!(message.get(), Some(Icmp { kind: 3, code: 4, data: 1280 }));
    assert_eq!(message.get(), Some(XorPeerAddress(address(PEER))));
    assert!(!message.has(AttributeType::DATA));
}

#[test]
fn two_clients_of_one_server_meet_at_their_relayed_addresses() {
    let mut net = Net::new();
    let [a, b] = ["7.7.7.7:1000", "7.7.7.8:1000"].map(|from| net.client(from));
    net.run(secs(1));
    let (at_a, at_b) = (net.relayed(a), net.relayed(b));
    net.clients[a].create_permission(net.now, &[at_b.ip()]).unwrap();
    net.clients[b].create_permission(net.now, &[at_a.ip()]).unwrap();
    net.run(secs(1));
    net.send(a, &at_b.to_string(), b"hello");
    net.send(b, &at_a.to_string(), b"hullo");
    net.run(secs(1));
    let mut got = net.take_delivered();
    got.sort_by_key(|(client, ..)| *client);
    let [first, second] = &got[..] else { panic!("{got:?}") };
    assert_eq!(*first, (a, Path::udp(at_a, at_b), b"hullo".to_vec()));
    assert_eq!(*second, (b, Path::udp(at_b, at_a), b"hello".to_vec()));
}

#[test]
fn behind_a_one_to_one_nat_both_addresses_name_the_relay() {
    let advertised = "5.5.5.5".parse().unwrap();
    let mut config = desk::config();
    config.relays[0] = config.relays[0].advertised_as(advertised);
    let mut desk = Desk::with(config);
    let (mut alice, mut bob) = (User::alice(), User::bob());
    let (at_a, at_b) = (alice.allocate(&mut desk), bob.allocate(&mut desk));
    assert_eq!((at_a.ip(), at_b.ip()), (advertised, advertised));
    let bound = |at: SocketAddr| SocketAddr::new(desk::RELAY.parse().unwrap(), at.port());
    // Alice permits what bob advertises, and data goes to where bob is bound.
    assert_eq!(alice.permit(&mut desk, &[at_b]), 0);
    let (path, _) = alice.send_to(&mut desk, at_b, b"x").forwarded();
    assert_eq!(path, Path::udp(bound(at_a), bound(at_b)));
    // It comes back from there, and alice is told the address that she knows.
    let (_, bytes) = desk.packet(path, b"y").forwarded();
    assert_eq!(Message::parse(&bytes).unwrap().get(), Some(XorPeerAddress(at_b)));
    assert_eq!(alice.bind(&mut desk, 0x4000, at_b), 0);
    let (_, bytes) = desk.packet(path, b"y").forwarded();
    assert_eq!(bytes, channel_data(0x4000, b"y"));
}

#[test]
fn binding_requests_are_answered_with_32_bytes() {
    let mut desk = Desk::new();
    let mut buffer = [0; 64];
    let kind = MessageType::request(Method::BINDING);
    let request = MessageBuilder::new(&mut buffer, kind, TransactionId([5; 12])).finish().unwrap();
    let path = Path::udp(address(LISTENER), address("7.7.7.7:1000"));
    let (to, bytes) = desk.packet(path, request).forwarded();
    assert_eq!((to, bytes.len()), (path, 32));
    let message = Message::parse(&bytes).unwrap();
    let mapped = stun_proto::attribute::XorMappedAddress(address("7.7.7.7:1000"));
    assert_eq!(message.get(), Some(mapped));
}

/// coturn's own test client draws channels from the whole range of RFC 5766.
#[test]
fn channels_of_rfc_5766_work_where_they_are_allowed() {
    let channel = [&[0x7F, 0xFF, 0, 1][..], b"x"].concat();
    let peer = address(PEER);
    let mut desk = Desk::new();
    let mut alice = User::alice();
    alice.allocate(&mut desk);
    assert_eq!(alice.bind(&mut desk, 0x7FFF, peer), 400);
    assert_eq!(desk.packet(alice.path, &channel), Outcome::Dropped);
    let mut config = desk::config();
    config.channels = turn_proto::ChannelRange::Rfc5766;
    let mut desk = Desk::with(config);
    let mut alice = User::alice();
    let relayed = alice.allocate(&mut desk);
    assert_eq!(alice.bind(&mut desk, 0x8000, peer), 400);
    assert_eq!(alice.bind(&mut desk, 0x7FFF, peer), 0);
    assert_eq!(
        desk.packet(alice.path, &channel).forwarded(),
        (Path::udp(relayed, peer), b"x".to_vec())
    );
    assert_eq!(desk.packet(Path::udp(relayed, peer), b"x").forwarded().1, channel);
    let stream = Path::new(sans_io::Transport::Tcp, address(desk::LISTENER), address("7.7.7.9:1"));
    assert_eq!(desk.server.frame(&stream, &channel), sans_io::Frame::Need(8));
    assert_eq!(desk.server.frame(&stream, &[0x80, 0, 0, 0]), sans_io::Frame::Broken);
}
