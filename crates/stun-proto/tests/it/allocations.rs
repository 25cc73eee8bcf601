//! What must not allocate, and does not.
use allocation_counter::measure;
use sans_io::{Input, Instant, Machine, Path, Verdict};
use std::{
    hint::black_box,
    net::{IpAddr, SocketAddr},
    time::Duration,
};
use stun_proto::{
    BindingServer, Integrity, Key, LongTermServer, Message, MessageBuilder, MessageType, Method,
    Refusal, ServerConfig, TransactionId,
    attribute::{IceControlling, Priority, Username},
};

const ID: TransactionId = TransactionId([1; 12]);

fn write_check<'b>(buffer: &'b mut [u8], key: &Key) -> &'b [u8] {
    MessageBuilder::new(buffer, MessageType::request(Method::BINDING), ID)
        .with(&Username("evtj:h6vY"))
        .with(&Priority(0x6e00_01ff))
        .with(&IceControlling(7))
        .sign(key, Integrity::Sha1)
        .fingerprint()
        .finish()
        .unwrap()
}

#[test]
fn reading_verifying_and_writing_allocate_nothing() {
    let key = Key::new(b"VOkJxbRl1RmTxUk/WvJxBt");
    let mut buffer = [0; 256];
    assert_eq!(write_check(&mut buffer, &key).len(), 88);
    let counted = measure(|| {
        let bytes = write_check(&mut buffer, &key);
        let message = Message::parse(bytes).unwrap();
        assert!(message.verify(&key).is_ok());
        assert!(black_box(message.get::<Username<'_>>()).is_some());
    });
    assert_eq!(counted.count_total, 0);
}

/// The source of the n-th request: all over IPv4.
fn source(n: u32) -> SocketAddr {
    SocketAddr::new(IpAddr::from(n.wrapping_mul(0x9E37_79B1).to_be_bytes()), n as u16)
}

#[test]
fn million_spoofed_binding_requests_leave_nothing_behind() {
    let mut server = BindingServer::new(ServerConfig::default(), [1; 32]);
    let mut buffer = [0; 64];
    let kind = MessageType::request(Method::BINDING);
    let bytes = MessageBuilder::new(&mut buffer, kind, ID).finish().unwrap();
    let local = "198.51.100.1:3478".parse().unwrap();
    let mut answered = 0;
    let counted = measure(|| {
        for n in 0..1_000_000 {
            let input = Input::received(Path::udp(local, source(n)), bytes);
            let verdict = server.handle_input(Instant::from_nanos(u64::from(n) * 1000), input);
            answered += u32::from(matches!(verdict, Verdict::Send(_)));
        }
    });
    assert_eq!((counted.count_total, counted.bytes_current), (0, 0));
    assert_eq!(u64::from(answered) + server.drops().total(), 1_000_000);
    assert!(answered > 0);
}

#[test]
fn million_spoofed_challenges_leave_nothing_behind() {
    let server = LongTermServer::new("turn", [1; 32], Duration::from_secs(600));
    let mut buffer = [0; 64];
    let kind = MessageType::request(Method::ALLOCATE);
    let bytes = MessageBuilder::new(&mut buffer, kind, ID).finish().unwrap();
    let counted = measure(|| {
        let mut response = [0; 128];
        for n in 0..1_000_000 {
            let now = Instant::from_nanos(u64::from(n) * 1000);
            let request = Message::parse(bytes).unwrap();
            let refusal = server.authenticate(now, source(n), &request, |_, _| None::<&Key>);
            let refusal = refusal.unwrap_err();
            assert_eq!(refusal, Refusal::Unauthenticated);
            let written =
                server.write_refusal(&mut response, now, source(n), &request, refusal).unwrap();
            assert!(written.len() <= 84);
        }
    });
    assert_eq!((counted.count_total, counted.bytes_current), (0, 0));
}
