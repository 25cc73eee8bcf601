use super::{BindingServer, OtherServer, ServerConfig};
use crate::{
    AttributeType, Integrity, Key, LimiterConfig, Message, MessageBuilder, MessageType, Method,
    TransactionId,
    attribute::{
        AccessToken, ChangeRequest, Code, ErrorCode, MappedAddress, OtherAddress, Padding,
        ResponseOrigin, ResponsePort, UnknownAttributes, XorMappedAddress,
    },
};
use alloc::vec::Vec;
use core::net::SocketAddr;
use sans_io::{DropReason, Input, Instant, Machine, Output, Path, Transport, Verdict};

const ID: TransactionId = TransactionId([5; 12]);
const SERVER: &str = "198.51.100.1:3478";
const CLIENT: &str = "192.0.2.1:40000";

fn addr(text: &str) -> SocketAddr {
    text.parse().unwrap()
}

fn path() -> Path {
    Path::udp(addr(SERVER), addr(CLIENT))
}

fn server() -> BindingServer {
    BindingServer::new(ServerConfig::default(), [1; 32])
}

fn discovery() -> BindingServer {
    let other = OtherServer {
        primary: addr(SERVER),
        alternate: addr("198.51.100.2:3479"),
        response_port: true,
    };
    BindingServer::new(ServerConfig { other: Some(other), ..ServerConfig::default() }, [1; 32])
}

fn request(fill: impl Fn(&mut MessageBuilder<'_>)) -> Vec<u8> {
    let mut buffer = [0; 4096];
    let mut builder = MessageBuilder::new(&mut buffer, MessageType::request(Method::BINDING), ID);
    fill(&mut builder);
    builder.finish().unwrap().to_vec()
}

/// What goes out in answer to one datagram: path and bytes.
fn ask(server: &mut BindingServer, path: Path, bytes: &[u8]) -> Option<(Path, Vec<u8>)> {
    match server.handle_input(Instant::ZERO, Input::received(path, bytes)) {
        Verdict::Send(packet) => Some((packet.path, packet.to_vec())),
        Verdict::Consumed => match server.poll_output() {
            Output::Transmit(transmit) => Some((transmit.path, transmit.payload.to_vec())),
            _ => None,
        },
        _ => None,
    }
}

#[test]
fn success_is_32_bytes_over_ipv4_and_44_over_ipv6() {
    let bytes = request(|_| ());
    let v6 = Path::udp(addr("[2001:db8::1]:3478"), addr("[2001:db8::2]:40000"));
    for (path, len) in [(path(), 32), (v6, 44)] {
        let verdict = server().handle_input(Instant::ZERO, Input::received(path, &bytes));
        let Verdict::Send(packet) = verdict else { panic!("{verdict:?}") };
        assert_eq!((packet.path, packet.len()), (path, len));
        let bytes = packet.to_vec();
        let response = Message::parse(&bytes).unwrap();
        assert_eq!(response.message_type(), MessageType::success(Method::BINDING));
        assert_eq!(response.transaction_id(), ID);
        assert_eq!(response.get(), Some(XorMappedAddress(path.remote())));
    }
}

#[test]
fn unknown_required_attributes_are_answered_with_420() {
    for count in [1_u16, 2, 10, 11, 40] {
        let bytes = request(|b| {
            for i in 0..count {
                b.push_raw(AttributeType(0x7000 + i), &[]);
            }
        });
        let (_, response) = ask(&mut server(), path(), &bytes).unwrap();
        let response = Message::parse(&response).unwrap();
        assert_eq!(response.get::<ErrorCode<'_>>().unwrap().code, Code::UNKNOWN_ATTRIBUTE);
        let unknown = response.get::<UnknownAttributes>().unwrap();
        assert_eq!(unknown.types().len(), usize::from(count.min(32)));
    }
}

#[test]
fn unknown_optional_attributes_are_ignored() {
    let bytes = request(|b| b.push_raw(AttributeType(0xF000), &[1, 2, 3]));
    let (_, response) = ask(&mut server(), path(), &bytes).unwrap();
    assert_eq!(response.len(), 32);
}

#[test]
fn malformed_attribute_is_answered_with_400() {
    let bytes = request(|b| b.push_raw(AttributeType::LIFETIME, &[1]));
    let (_, response) = ask(&mut server(), path(), &bytes).unwrap();
    let response = Message::parse(&response).unwrap();
    assert_eq!(response.get::<ErrorCode<'_>>().unwrap().code, Code::BAD_REQUEST);
}

#[test]
fn credentials_do_not_matter_and_a_fingerprint_is_returned() {
    let mut buffer = [0; 256];
    let bytes = MessageBuilder::new(&mut buffer, MessageType::request(Method::BINDING), ID)
        .sign(&Key::new(b"k"), Integrity::Sha1)
        .fingerprint()
        .finish()
        .unwrap();
    let (_, response) = ask(&mut server(), path(), bytes).unwrap();
    assert_eq!(response.len(), 40);
    assert!(Message::parse(&response).unwrap().has_fingerprint());
}

#[test]
fn what_is_not_a_binding_request_is_left_alone() {
    let mut server = server();
    for kind in [
        MessageType::success(Method::BINDING),
        MessageType::error(Method::BINDING),
        MessageType::request(Method::ALLOCATE),
    ] {
        let mut buffer = [0; 64];
        let bytes = MessageBuilder::new(&mut buffer, kind, ID).finish().unwrap();
        let verdict = server.handle_input(Instant::ZERO, Input::received(path(), bytes));
        assert_eq!(verdict, Verdict::Unclaimed, "{kind}");
    }
    let mut buffer = [0; 64];
    let kind = MessageType::indication(Method::BINDING);
    let bytes = MessageBuilder::new(&mut buffer, kind, ID).finish().unwrap();
    let verdict = server.handle_input(Instant::ZERO, Input::received(path(), bytes));
    assert_eq!(verdict, Verdict::Consumed);
    assert_eq!(server.poll_output(), Output::Timeout(None));
}

/// A request of RFC 3489: no cookie.
fn classic(attributes: &[u8]) -> Vec<u8> {
    let mut bytes = alloc::vec![0, 1, 0, attributes.len() as u8];
    bytes.extend_from_slice(&[0x77; 16]);
    bytes.extend_from_slice(attributes);
    bytes
}

#[test]
fn rfc_3489_clients_get_mapped_address_and_their_own_id() {
    let (_, response) = ask(&mut server(), path(), &classic(&[])).unwrap();
    let mut expected = alloc::vec![1, 1, 0, 12];
    expected.extend_from_slice(&[0x77; 16]);
    expected.extend_from_slice(&[0, 1, 0, 8, 0, 1, 0x9C, 0x40, 192, 0, 2, 1]);
    assert_eq!(response, expected);
}

#[test]
fn rfc_3489_change_request_without_another_address_is_refused() {
    let asked = classic(&[0, 3, 0, 4, 0, 0, 0, 6]);
    let (_, response) = ask(&mut server(), path(), &asked).unwrap();
    assert_eq!(response[..2], [1, 0x11]);
    assert_eq!(response[20..], [0, 9, 0, 4, 0, 0, 4, 20, 0, 10, 0, 4, 0, 3, 0, 3]);
    let (from, response) = ask(&mut discovery(), path(), &asked).unwrap();
    assert_eq!(from.local(), addr("198.51.100.2:3479"));
    assert_eq!(response.len(), 20 + 3 * 12);
    assert_eq!(response[36..44], [0, 1, 0x0D, 0x97, 198, 51, 100, 2]);
}

#[test]
fn rfc_3489_can_be_switched_off() {
    let config = ServerConfig { classic: false, ..ServerConfig::default() };
    let mut server = BindingServer::new(config, [1; 32]);
    let asked = classic(&[]);
    let verdict = server.handle_input(Instant::ZERO, Input::received(path(), &asked));
    assert_eq!(verdict, Verdict::Unclaimed);
}

#[test]
fn change_request_moves_the_source_as_table_1_of_rfc_5780_says() {
    let others =
        ["198.51.100.1:3478", "198.51.100.2:3478", "198.51.100.1:3479", "198.51.100.2:3479"];
    for (i, local) in others.iter().enumerate() {
        for change in 0..4_usize {
            let asked = ChangeRequest { change_ip: change & 1 != 0, change_port: change & 2 != 0 };
            let bytes = request(|b| b.push(&asked));
            let path = Path::udp(addr(local), addr(CLIENT));
            let (sent, response) = ask(&mut discovery(), path, &bytes).unwrap();
            let from = addr(others[i ^ change]);
            assert_eq!((sent.local(), sent.remote()), (from, addr(CLIENT)));
            let response = Message::parse(&response).unwrap();
            assert_eq!(response.get(), Some(ResponseOrigin(from)));
            assert_eq!(response.get(), Some(OtherAddress(addr(others[i ^ 3]))));
            assert_eq!(response.get(), Some(MappedAddress(addr(CLIENT))));
            assert_eq!(response.get(), Some(XorMappedAddress(addr(CLIENT))));
        }
    }
}

#[test]
fn change_request_without_another_address_is_unknown() {
    let bytes = request(|b| b.push(&ChangeRequest { change_ip: true, change_port: false }));
    let (_, response) = ask(&mut server(), path(), &bytes).unwrap();
    let response = Message::parse(&response).unwrap();
    assert_eq!(response.get::<ErrorCode<'_>>().unwrap().code, Code::UNKNOWN_ATTRIBUTE);
}

/// RFC 7635 §7: nobody was told that tokens are taken.
#[test]
fn token_that_nobody_asked_for_is_unknown() {
    let bytes = request(|b| b.push(&AccessToken { nonce: &[1; 12], sealed: &[2; 40] }));
    let (_, response) = ask(&mut server(), path(), &bytes).unwrap();
    let response = Message::parse(&response).unwrap();
    assert_eq!(response.get::<ErrorCode<'_>>().unwrap().code, Code::UNKNOWN_ATTRIBUTE);
}

#[test]
fn response_port_moves_the_response_and_excludes_padding() {
    let bytes = request(|b| b.push(&ResponsePort(9)));
    let (sent, _) = ask(&mut discovery(), path(), &bytes).unwrap();
    assert_eq!(sent.remote(), addr("192.0.2.1:9"));
    let both = request(|b| {
        b.push(&ResponsePort(9));
        b.push(&Padding(&[0; 100]));
    });
    for bytes in [both, request(|b| b.push(&ResponsePort(0)))] {
        let (sent, response) = ask(&mut discovery(), path(), &bytes).unwrap();
        assert_eq!(sent.remote(), addr(CLIENT));
        let response = Message::parse(&response).unwrap();
        assert_eq!(response.get::<ErrorCode<'_>>().unwrap().code, Code::BAD_REQUEST);
    }
}

#[test]
fn padding_comes_back_at_most_as_long_as_it_was() {
    for (asked, given) in [(100, 100), (3000, 1500)] {
        let bytes = request(|b| b.push(&Padding(&[1; 3000][..asked])));
        let (_, response) = ask(&mut discovery(), path(), &bytes).unwrap();
        assert_eq!(Message::parse(&response).unwrap().get::<Padding<'_>>().unwrap().0.len(), given);
    }
}

#[test]
fn flood_from_one_prefix_stays_within_its_budget() {
    let limiter = LimiterConfig { burst: 3200, per_second: 320, ..LimiterConfig::default() };
    let mut server =
        BindingServer::new(ServerConfig { limiter, ..ServerConfig::default() }, [1; 32]);
    let bytes = request(|_| ());
    let mut sent = 0;
    for i in 0..100_000_u64 {
        let source = SocketAddr::new([192, 0, 2, i as u8].into(), 40_000 + (i % 1000) as u16);
        let now = Instant::from_nanos(i * 100_000);
        let input = Input::received(Path::udp(addr(SERVER), source), &bytes);
        if let Verdict::Send(packet) = server.handle_input(now, input) {
            sent += packet.len();
        }
    }
    assert!(sent <= 3200 + 320 * 10, "{sent}");
    assert!(sent >= 3200 + 320 * 9, "{sent}");
    assert_eq!(server.drops().total() as usize, 100_000 - sent / 32);
}

#[test]
fn streams_are_not_limited() {
    let limiter = LimiterConfig { burst: 0, per_second: 0, ..LimiterConfig::default() };
    let mut server =
        BindingServer::new(ServerConfig { limiter, ..ServerConfig::default() }, [1; 32]);
    let bytes = request(|_| ());
    assert!(ask(&mut server, path(), &bytes).is_none());
    let tcp = Path::new(Transport::Tcp, addr(SERVER), addr(CLIENT));
    assert!(ask(&mut server, tcp, &bytes).is_some());
}

#[test]
fn full_queue_drops() {
    let config =
        ServerConfig { max_queue: 1, software: Some("x".repeat(40)), ..ServerConfig::default() };
    let mut server = BindingServer::new(config, [1; 32]);
    let bytes = request(|_| ());
    let mut ask = || server.handle_input(Instant::ZERO, Input::received(path(), &bytes));
    assert_eq!(ask(), Verdict::Consumed);
    assert_eq!(ask(), Verdict::Dropped(DropReason::Exhausted));
}

#[test]
fn retransmitted_request_gets_the_same_answer() {
    let mut server = server();
    let bytes = request(|_| ());
    let first = ask(&mut server, path(), &bytes);
    assert_eq!(ask(&mut server, path(), &bytes), first);
}

/// RFC 5780 §6.1, §7.4: who asks at none of the four sockets is told of no other, and gets no answer
/// from one: it may be of another family.
#[test]
fn address_beside_the_four_has_no_other() {
    let v6 = Path::udp(addr("[2001:db8::1]:3478"), addr("[2001:db8::2]:40000"));
    let beside = Path::udp(addr("198.51.100.1:5000"), addr(CLIENT));
    for path in [v6, beside] {
        let (sent, response) = ask(&mut discovery(), path, &request(|_| ())).unwrap();
        assert_eq!(sent, path);
        assert!(!Message::parse(&response).unwrap().has(AttributeType::OTHER_ADDRESS));
        let change = ChangeRequest { change_ip: true, change_port: true };
        let (sent, response) = ask(&mut discovery(), path, &request(|b| b.push(&change))).unwrap();
        assert_eq!(sent, path);
        let response = Message::parse(&response).unwrap();
        assert_eq!(response.get::<ErrorCode<'_>>().unwrap().code, Code::UNKNOWN_ATTRIBUTE);
        let (sent, response) =
            ask(&mut discovery(), path, &classic(&[0, 3, 0, 4, 0, 0, 0, 6])).unwrap();
        assert_eq!((sent, &response[..2]), (path, &[1, 0x11][..]));
    }
}

#[test]
fn software_that_cannot_be_sent_is_left_out() {
    let config = ServerConfig { software: Some("x".repeat(128)), ..ServerConfig::default() };
    let mut server = BindingServer::new(config, [1; 32]);
    let (_, response) = ask(&mut server, path(), &request(|_| ())).unwrap();
    assert_eq!(response.len(), 32);
}

#[test]
fn endless_queue_takes_no_memory_before_it_is_used() {
    let config = ServerConfig { max_queue: usize::MAX, ..ServerConfig::default() };
    let mut server = BindingServer::new(config, [1; 32]);
    assert!(ask(&mut server, path(), &request(|_| ())).is_some());
}
