use super::{
    Auth, Binding, BindingRequest, ClientConfig, ClientEvent, RequestError, RequestFault,
    StunClient,
};
use crate::{
    AttributeType, AuthFault, Credentials, Integrity, Key, Login, LongTermServer, Message,
    MessageBuilder, MessageType, Method, WriteError,
    attribute::{
        Algorithm, AlternateDomain, AlternateServer, ChangeRequest, Code, ErrorCode, MappedAddress,
        Username, XorMappedAddress,
    },
};
use alloc::{boxed::Box, string::String, vec::Vec};
use core::{net::SocketAddr, time::Duration};
use sans_io::{
    DropReason, Input, Instant, Machine, Output, Path, PathFault, Transmit, Transport, Verdict,
};

const NOW: Instant = Instant::from_secs(10);

fn addr(text: &str) -> SocketAddr {
    text.parse().unwrap()
}

fn path() -> Path {
    Path::udp(addr("192.0.2.1:40000"), addr("198.51.100.1:3478"))
}

fn client(auth: Auth) -> StunClient {
    StunClient::new(ClientConfig { auth, ..ClientConfig::default() }, [1; 32])
}

fn short_term(integrity: Option<Integrity>) -> Auth {
    Auth::ShortTerm { username: "user".into(), key: Box::new(Key::new(b"pass")), integrity }
}

fn transmit(client: &mut StunClient) -> Transmit {
    match client.poll_output() {
        Output::Transmit(transmit) => transmit,
        other => panic!("{other:?}"),
    }
}

fn event(client: &mut StunClient) -> ClientEvent {
    match client.poll_output() {
        Output::Event(event) => event,
        other => panic!("{other:?}"),
    }
}

fn fault(client: &mut StunClient) -> RequestFault {
    match event(client) {
        ClientEvent::Failed { fault, .. } => fault,
        ClientEvent::Bound(binding) => panic!("{binding:?}"),
    }
}

fn bound(client: &mut StunClient) -> Binding {
    match event(client) {
        ClientEvent::Bound(binding) => binding,
        ClientEvent::Failed { fault, .. } => panic!("{fault:?}"),
    }
}

/// Begins a request and gives what is sent.
fn begin(client: &mut StunClient, now: Instant) -> Transmit {
    client.request(now, BindingRequest::new(path())).unwrap();
    transmit(client)
}

/// A response to `request`: success with an address, or error with a code, and more.
fn response(
    request: &Transmit,
    code: Option<Code>,
    sign: Option<(&Key, Integrity)>,
    more: impl Fn(&mut MessageBuilder<'_>),
) -> Vec<u8> {
    let mut buffer = [0; 512];
    let id = Message::parse(&request.payload).unwrap().transaction_id();
    let kind = match code {
        Some(_) => MessageType::error(Method::BINDING),
        None => MessageType::success(Method::BINDING),
    };
    let mut builder = MessageBuilder::new(&mut buffer, kind, id);
    match code {
        Some(code) => builder.push(&ErrorCode::from(code)),
        None => builder.push(&XorMappedAddress(addr("203.0.113.1:50000"))),
    }
    more(&mut builder);
    let bytes = match sign {
        Some((key, which)) => builder.sign(key, which).finish(),
        None => builder.finish(),
    };
    bytes.unwrap().to_vec()
}

fn give(client: &mut StunClient, now: Instant, bytes: &[u8]) -> bool {
    client.handle_input(now, Input::received(path(), bytes)) == Verdict::Consumed
}

#[test]
fn answer_brings_address_and_round_trip_time() {
    let mut client = client(Auth::None);
    let request = begin(&mut client, NOW);
    assert_eq!(request.path, path());
    assert_eq!(request.payload.len(), 20);
    let later = NOW.saturating_add(Duration::from_millis(80));
    assert!(give(&mut client, later, &response(&request, None, None, |_| ())));
    let binding = bound(&mut client);
    assert_eq!(binding.mapped, addr("203.0.113.1:50000"));
    assert_eq!(binding.rtt, Some(Duration::from_millis(80)));
    assert_eq!(client.rtt(later, path().remote().ip()), Some(Duration::from_millis(80)));
    assert_eq!(client.in_flight(), 0);
    assert_eq!(client.poll_output(), Output::Timeout(None));
}

#[test]
fn second_answer_is_left_alone() {
    let mut client = client(Auth::None);
    let request = begin(&mut client, NOW);
    let bytes = response(&request, None, None, |_| ());
    assert!(give(&mut client, NOW, &bytes));
    assert_eq!(client.handle_input(NOW, Input::received(path(), &bytes)), Verdict::Unclaimed);
}

#[test]
fn answer_from_elsewhere_is_dropped() {
    let mut client = client(Auth::None);
    let request = begin(&mut client, NOW);
    let bytes = response(&request, None, None, |_| ());
    for other in [
        Path::udp(path().local(), addr("198.51.100.1:3479")),
        Path::udp(addr("192.0.2.1:40001"), path().remote()),
        Path::new(Transport::Tcp, path().local(), path().remote()),
    ] {
        let verdict = client.handle_input(NOW, Input::received(other, &bytes));
        assert_eq!(verdict, Verdict::Dropped(DropReason::Unexpected));
    }
    assert!(give(&mut client, NOW, &bytes));
}

#[test]
fn answer_may_come_from_elsewhere_when_that_was_asked_for() {
    let mut client = client(Auth::None);
    let change = ChangeRequest { change_ip: true, change_port: true };
    client.request(NOW, BindingRequest { change, ..BindingRequest::new(path()) }).unwrap();
    let request = transmit(&mut client);
    assert!(Message::parse(&request.payload).unwrap().has(AttributeType::CHANGE_REQUEST));
    let bytes = response(&request, None, None, |_| ());
    let other = Path::udp(path().local(), addr("198.51.100.2:3479"));
    assert_eq!(client.handle_input(NOW, Input::received(other, &bytes)), Verdict::Consumed);
    bound(&mut client);
}

#[test]
fn silence_is_a_timeout_after_seven_sends() {
    let mut client = client(Auth::None);
    let first = begin(&mut client, NOW);
    let mut sends = 1;
    let ended = loop {
        match client.poll_output() {
            Output::Timeout(Some(at)) => client.handle_timeout(at),
            Output::Transmit(again) => {
                assert_eq!(again, first);
                sends += 1;
            }
            Output::Event(ClientEvent::Failed { fault, .. }) => break fault,
            other => panic!("{other:?}"),
        }
    };
    assert_eq!((sends, ended), (7, RequestFault::TimedOut));
}

#[test]
fn stream_is_waited_on_once() {
    let mut client = client(Auth::None);
    let tcp = Path::new(Transport::Tcp, path().local(), path().remote());
    client.request(NOW, BindingRequest::new(tcp)).unwrap();
    transmit(&mut client);
    let end = NOW.saturating_add(Duration::from_millis(39_500));
    assert_eq!(client.poll_output(), Output::Timeout(Some(end)));
    client.handle_timeout(end);
    assert_eq!(fault(&mut client), RequestFault::TimedOut);
}

#[test]
fn estimate_lengthens_the_first_wait_and_never_shortens_it() {
    for (rtt_ms, wait_ms) in [(20, 500), (400, 1200)] {
        let mut client = client(Auth::None);
        let request = begin(&mut client, NOW);
        let later = NOW.saturating_add(Duration::from_millis(rtt_ms));
        assert!(give(&mut client, later, &response(&request, None, None, |_| ())));
        bound(&mut client);
        begin(&mut client, later);
        let due = later.saturating_add(Duration::from_millis(wait_ms));
        assert_eq!(client.poll_output(), Output::Timeout(Some(due)));
    }
}

#[test]
fn hard_icmp_error_ends_a_request_and_a_soft_one_does_not() {
    let mut client = client(Auth::None);
    begin(&mut client, NOW);
    let soft = PathFault::Unreachable { kind: 3, code: 1 };
    let _ = client.handle_input(NOW, Input::PathFailed { path: path(), fault: soft });
    assert_eq!(client.in_flight(), 1);
    let hard = PathFault::Unreachable { kind: 3, code: 3 };
    let verdict = client.handle_input(NOW, Input::PathFailed { path: path(), fault: hard });
    assert_eq!(verdict, Verdict::Consumed);
    assert_eq!(fault(&mut client), RequestFault::Unreachable);
}

#[test]
fn too_many_requests_are_refused_and_change_nothing() {
    let mut client = client(Auth::None);
    for _ in 0..10 {
        client.request(NOW, BindingRequest::new(path())).unwrap();
    }
    let full = client.request(NOW, BindingRequest::new(path()));
    assert_eq!(full, Err(RequestError::TooMany));
    assert_eq!(client.in_flight(), 10);
}

#[test]
fn cancelled_request_is_silent() {
    let mut client = client(Auth::None);
    let id = client.request(NOW, BindingRequest::new(path())).unwrap();
    transmit(&mut client);
    client.cancel(NOW, id);
    assert_eq!(client.poll_output(), Output::Timeout(None));
}

#[test]
fn configuration_that_cannot_be_sent_is_an_error() {
    let config = ClientConfig { software: Some("x".repeat(128)), ..ClientConfig::default() };
    let mut client = StunClient::new(config, [1; 32]);
    let outcome = client.request(NOW, BindingRequest::new(path()));
    let invalid = WriteError::Invalid(AttributeType::SOFTWARE);
    assert_eq!(outcome, Err(RequestError::Write(invalid)));
}

#[test]
fn refusals_are_told() {
    for (code, more) in [(Code::SERVER_ERROR, "oops"), (Code::new(699).unwrap(), "")] {
        let mut client = client(Auth::None);
        let request = begin(&mut client, NOW);
        let mut buffer = [0; 64];
        let id = Message::parse(&request.payload).unwrap().transaction_id();
        let bytes = MessageBuilder::new(&mut buffer, MessageType::error(Method::BINDING), id)
            .with(&ErrorCode { code, reason: more })
            .finish()
            .unwrap();
        assert!(give(&mut client, NOW, bytes));
        assert_eq!(fault(&mut client), RequestFault::Refused { code, reason: more.into() });
    }
}

#[test]
fn answers_without_what_they_need_fail_the_request() {
    let unknown = AttributeType(0x7777);
    for class in [MessageType::success(Method::BINDING), MessageType::error(Method::BINDING)] {
        for with_unknown in [false, true] {
            let mut client = client(Auth::None);
            let request = begin(&mut client, NOW);
            let id = Message::parse(&request.payload).unwrap().transaction_id();
            let mut buffer = [0; 64];
            let mut builder = MessageBuilder::new(&mut buffer, class, id);
            if with_unknown {
                builder.push_raw(unknown, &[]);
            }
            assert!(give(&mut client, NOW, builder.finish().unwrap()));
            let expected = if with_unknown {
                RequestFault::Unknown(unknown)
            } else {
                RequestFault::Incomplete
            };
            assert_eq!(fault(&mut client), expected);
        }
    }
}

#[test]
fn address_in_clear_is_taken_from_old_servers() {
    let mut client = client(Auth::None);
    let request = begin(&mut client, NOW);
    let id = Message::parse(&request.payload).unwrap().transaction_id();
    let mut buffer = [0; 64];
    let bytes = MessageBuilder::new(&mut buffer, MessageType::success(Method::BINDING), id)
        .with(&MappedAddress(addr("203.0.113.1:50000")))
        .finish()
        .unwrap();
    assert!(give(&mut client, NOW, bytes));
    assert_eq!(bound(&mut client).mapped, addr("203.0.113.1:50000"));
}

#[test]
fn short_term_requests_carry_both_signatures_until_the_server_has_chosen() {
    let key = Key::new(b"pass");
    for chosen in [Integrity::Sha1, Integrity::Sha256] {
        let mut client = client(short_term(None));
        let first = begin(&mut client, NOW);
        let message = Message::parse(&first.payload).unwrap();
        assert_eq!(message.get(), Some(Username("user")));
        assert_eq!(message.verify(&key), Ok(Integrity::Sha256));
        assert_eq!(first.payload.len(), 20 + 8 + 24 + 36);

        assert!(give(&mut client, NOW, &response(&first, None, Some((&key, chosen)), |_| ())));
        bound(&mut client);
        let second = begin(&mut client, NOW);
        let message = Message::parse(&second.payload).unwrap();
        assert_eq!(message.verify(&key), Ok(chosen));
        let tag = if chosen == Integrity::Sha1 { 24 } else { 36 };
        assert_eq!(second.payload.len(), 20 + 8 + tag, "RFC 8489 §9.1.5: only that one");
    }
}

#[test]
fn answers_that_are_not_proven_count_as_a_violation_not_as_silence() {
    let key = Key::new(b"pass");
    let wrong = Key::new(b"wrong");
    let signs = [None, Some((&wrong, Integrity::Sha1)), Some((&key, Integrity::Sha256))];
    for sign in signs {
        let mut client = client(short_term(Some(Integrity::Sha1)));
        let request = begin(&mut client, NOW);
        let bytes = response(&request, None, sign, |_| ());
        let verdict = client.handle_input(NOW, Input::received(path(), &bytes));
        assert_eq!(verdict, Verdict::Dropped(DropReason::Unauthenticated));
        while let Output::Timeout(Some(at)) = drain(&mut client) {
            client.handle_timeout(at);
        }
        assert_eq!(fault(&mut client), RequestFault::Integrity);
    }
}

/// Skips what is sent.
fn drain(client: &mut StunClient) -> Output<ClientEvent> {
    loop {
        match client.poll_output() {
            Output::Transmit(_) => {}
            Output::Event(event) => {
                client.outputs.event(event);
                return Output::Timeout(None);
            }
            other => return other,
        }
    }
}

#[test]
fn unproven_answer_on_a_stream_ends_the_request_at_once() {
    let mut client = client(short_term(Some(Integrity::Sha1)));
    let tcp = Path::new(Transport::Tcp, path().local(), path().remote());
    client.request(NOW, BindingRequest::new(tcp)).unwrap();
    let request = transmit(&mut client);
    let bytes = response(&request, None, None, |_| ());
    let verdict = client.handle_input(NOW, Input::received(tcp, &bytes));
    assert_eq!(verdict, Verdict::Dropped(DropReason::Unauthenticated));
    assert_eq!(fault(&mut client), RequestFault::Integrity);
}

/// One exchange with a server of long-term credentials; what it said.
fn long_term(server: &LongTermServer, request: &Transmit) -> Vec<u8> {
    let message = Message::parse(&request.payload).unwrap();
    let alice = Credentials::new("alice", "wonder").unwrap();
    let user = server.authenticate(NOW, path().local(), &message, |_, algorithm| {
        Some(alice.long_term_key(server.realm(), algorithm).unwrap())
    });
    let mut buffer = [0; 256];
    match user {
        Ok(user) => response(request, None, Some((&user.key, user.integrity)), |_| ()),
        Err(refusal) => server
            .write_refusal(&mut buffer, NOW, path().local(), &message, refusal)
            .unwrap()
            .to_vec(),
    }
}

#[test]
fn challenge_is_answered_once_and_remembered() {
    let server = LongTermServer::new("realm", [3; 32], Duration::from_secs(600));
    let mut client = client(Auth::LongTerm(Credentials::new("alice", "wonder").unwrap()));
    let first = begin(&mut client, NOW);
    assert_eq!(first.payload.len(), 20);
    assert!(give(&mut client, NOW, &long_term(&server, &first)));
    let second = transmit(&mut client);
    assert_ne!(second.payload[8..20], first.payload[8..20], "a new transaction");
    assert!(give(&mut client, NOW, &long_term(&server, &second)));
    let login = Login { algorithm: Algorithm::Sha256, integrity: Integrity::Sha256, hashed: false };
    assert_eq!(bound(&mut client).login, Some(login));

    let third = begin(&mut client, NOW);
    assert!(give(&mut client, NOW, &long_term(&server, &third)));
    bound(&mut client);
}

#[test]
fn wrong_password_is_told_after_one_retry() {
    let server = LongTermServer::new("realm", [3; 32], Duration::from_secs(600));
    let mut client = client(Auth::LongTerm(Credentials::new("alice", "wrong").unwrap()));
    let first = begin(&mut client, NOW);
    assert!(give(&mut client, NOW, &long_term(&server, &first)));
    let second = transmit(&mut client);
    assert!(give(&mut client, NOW, &long_term(&server, &second)));
    assert_eq!(fault(&mut client), RequestFault::Auth(AuthFault::Rejected));
}

#[test]
fn signed_redirect_is_followed_and_an_unsigned_one_is_not() {
    let key = Key::new(b"pass");
    let other = addr("198.51.100.9:3478");
    let more = |b: &mut MessageBuilder<'_>| {
        b.push(&AlternateServer(addr("[2001:db8::9]:3478")));
        b.push(&AlternateServer(other));
    };
    let mut client = client(short_term(Some(Integrity::Sha1)));
    let first = begin(&mut client, NOW);
    let sign = Some((&key, Integrity::Sha1));
    let bytes = response(&first, Some(Code::TRY_ALTERNATE), sign, more);
    assert!(give(&mut client, NOW, &bytes));
    let second = transmit(&mut client);
    assert_eq!(second.path, Path::udp(path().local(), other));

    // And back again: a loop.
    let back = |b: &mut MessageBuilder<'_>| b.push(&AlternateServer(path().remote()));
    let bytes = response(&second, Some(Code::TRY_ALTERNATE), sign, back);
    let _ = client.handle_input(NOW, Input::received(second.path, &bytes));
    let looped = RequestFault::Redirected { server: path().remote(), domain: None };
    assert_eq!(fault(&mut client), looped);

    let mut open = StunClient::new(ClientConfig::default(), [1; 32]);
    let request = begin(&mut open, NOW);
    let bytes = response(&request, Some(Code::TRY_ALTERNATE), None, more);
    assert!(give(&mut open, NOW, &bytes));
    let refused = RequestFault::Refused { code: Code::TRY_ALTERNATE, reason: String::new() };
    assert_eq!(fault(&mut open), refused);
}

#[test]
fn redirect_before_the_challenge_is_not_believed_whoever_signed_it() {
    let alice = Credentials::new("alice", "wonder").unwrap();
    let mut client = client(Auth::LongTerm(alice));
    let first = begin(&mut client, NOW);
    let elsewhere = |b: &mut MessageBuilder<'_>| {
        b.push(&AlternateServer(addr("198.51.100.9:3478")));
    };
    let forged = Some((&Key::new(b"anything"), Integrity::Sha1));
    let bytes = response(&first, Some(Code::TRY_ALTERNATE), forged, elsewhere);
    assert!(give(&mut client, NOW, &bytes));
    let refused = RequestFault::Refused { code: Code::TRY_ALTERNATE, reason: String::new() };
    assert_eq!(fault(&mut client), refused);
}

#[test]
fn redirect_of_a_stream_is_left_to_the_caller() {
    let key = Key::new(b"pass");
    let mut client = client(short_term(Some(Integrity::Sha1)));
    let tls = Path::new(Transport::Tls, path().local(), path().remote());
    client.request(NOW, BindingRequest::new(tls)).unwrap();
    let request = transmit(&mut client);
    let server = addr("198.51.100.9:5349");
    let more = |b: &mut MessageBuilder<'_>| {
        b.push(&AlternateServer(server));
        b.push(&AlternateDomain("stun.example.org"));
    };
    let sign = Some((&key, Integrity::Sha1));
    let bytes = response(&request, Some(Code::TRY_ALTERNATE), sign, more);
    let _ = client.handle_input(NOW, Input::received(tls, &bytes));
    let domain = Some("stun.example.org".into());
    assert_eq!(fault(&mut client), RequestFault::Redirected { server, domain });
}

#[test]
fn fingerprint_is_asked_of_responses_where_it_is_in_use() {
    let config = ClientConfig { fingerprint: true, ..ClientConfig::default() };
    let mut client = StunClient::new(config, [1; 32]);
    let request = begin(&mut client, NOW);
    assert!(Message::parse(&request.payload).unwrap().has_fingerprint());
    let bare = response(&request, None, None, |_| ());
    assert_eq!(client.handle_input(NOW, Input::received(path(), &bare)), Verdict::Unclaimed);
    let mut buffer = [0; 64];
    let id = Message::parse(&request.payload).unwrap().transaction_id();
    let bytes = MessageBuilder::new(&mut buffer, MessageType::success(Method::BINDING), id)
        .with(&XorMappedAddress(addr("203.0.113.1:50000")))
        .fingerprint()
        .finish()
        .unwrap();
    assert!(give(&mut client, NOW, bytes));
    bound(&mut client);
}

#[test]
fn memory_of_servers_is_bounded() {
    let config = ClientConfig { max_servers: 3, ..ClientConfig::default() };
    let mut client = StunClient::new(config, [1; 32]);
    for i in 1..=20 {
        let server = Path::udp(path().local(), SocketAddr::new([198, 51, 100, i].into(), 3478));
        client.request(NOW, BindingRequest::new(server)).unwrap();
        let request = transmit(&mut client);
        let bytes = response(&request, None, None, |_| ());
        let _ = client.handle_input(NOW, Input::received(server, &bytes));
        bound(&mut client);
    }
    assert_eq!(client.rtt.len(), 3);
}

#[test]
fn end_of_a_stream_fails_its_requests() {
    let tcp = Path::new(Transport::Tcp, path().local(), path().remote());
    for fault in [PathFault::Ended, PathFault::Reset] {
        let mut client = client(Auth::None);
        client.request(NOW, BindingRequest::new(tcp)).unwrap();
        transmit(&mut client);
        let verdict = client.handle_input(NOW, Input::PathFailed { path: tcp, fault });
        assert_eq!(verdict, Verdict::Consumed);
        assert_eq!(super::tests::fault(&mut client), RequestFault::Unreachable);
    }
}

/// A short user name and SOFTWARE, as people have them; the longest that the RFC allows do not fit
/// into 548 bytes, whatever one does.
#[test]
fn longest_plain_request_stays_below_the_mtu() {
    let config = ClientConfig {
        auth: Auth::ShortTerm {
            username: "x".repeat(300),
            key: Box::new(Key::new(b"pass")),
            integrity: None,
        },
        fingerprint: true,
        software: Some("x".repeat(127)),
        ..ClientConfig::default()
    };
    let mut client = StunClient::new(config, [1; 32]);
    assert!(begin(&mut client, NOW).payload.len() <= 548);
}

/// RFC 8489 §9.2.5: as if it had never come, so that the answer itself may still.
#[test]
fn unsigned_bad_request_ends_nothing_on_a_stream_either() {
    let tcp = Path::new(Transport::Tcp, path().local(), path().remote());
    let mut client = client(Auth::LongTerm(Credentials::new("alice", "wonder").unwrap()));
    client.request(NOW, BindingRequest::new(tcp)).unwrap();
    let request = transmit(&mut client);
    let refusal = response(&request, Some(Code::BAD_REQUEST), None, |_| ());
    let verdict = client.handle_input(NOW, Input::received(tcp, &refusal));
    assert_eq!(verdict, Verdict::Dropped(DropReason::Unauthenticated));
    let Output::Timeout(Some(end)) = client.poll_output() else { panic!("it ended") };
    client.handle_timeout(end);
    assert_eq!(fault(&mut client), RequestFault::TimedOut);
}

#[test]
fn server_that_is_waited_for_is_not_forgotten() {
    let alice = || Auth::LongTerm(Credentials::new("alice", "wonder").unwrap());
    let config = ClientConfig { auth: alice(), max_servers: 1, ..ClientConfig::default() };
    let mut client = StunClient::new(config, [1; 32]);
    let server = LongTermServer::new("realm", [3; 32], Duration::from_secs(600));
    let first = begin(&mut client, NOW);
    let other = Path::udp(path().local(), addr("198.51.100.9:3478"));
    client.request(NOW, BindingRequest::new(other)).unwrap();
    let _ = transmit(&mut client);

    assert!(give(&mut client, NOW, &long_term(&server, &first)));
    let second = transmit(&mut client);
    assert!(give(&mut client, NOW, &long_term(&server, &second)));
    bound(&mut client);
}

#[test]
fn padding_that_is_too_long_is_an_error() {
    let mut client = client(Auth::None);
    let ask = BindingRequest { padding: 2048, ..BindingRequest::new(path()) };
    client.request(NOW, ask).unwrap();
    assert_eq!(transmit(&mut client).payload.len(), 20 + 4 + 2048);
    let invalid = WriteError::Invalid(AttributeType::PADDING);
    let outcome = client.request(NOW, BindingRequest { padding: 2049, ..ask });
    assert_eq!(outcome, Err(RequestError::Write(invalid)));
    assert_eq!(client.in_flight(), 1);
}

/// RFC 8489 §10: it has sent the request there already.
#[test]
fn redirect_to_the_same_server_is_not_followed() {
    let key = Key::new(b"pass");
    let mut client = client(short_term(Some(Integrity::Sha1)));
    let request = begin(&mut client, NOW);
    let server = path().remote();
    let same = |b: &mut MessageBuilder<'_>| b.push(&AlternateServer(server));
    let sign = Some((&key, Integrity::Sha1));
    assert!(give(&mut client, NOW, &response(&request, Some(Code::TRY_ALTERNATE), sign, same)));
    assert_eq!(fault(&mut client), RequestFault::Redirected { server, domain: None });
}

/// RFC 1122, section 4.2.3.9, without the path MTU; RFC 5461 for ICMPv6.
#[test]
fn icmp_codes_that_end_a_request_are_these() {
    let v6 = Path::udp(addr("[2001:db8::1]:40000"), addr("[2001:db8::2]:3478"));
    for (path, kind, hard) in [(path(), 3, [2, 3]), (v6, 1, [1, 4])] {
        for code in 0..16 {
            let mut client = client(Auth::None);
            client.request(NOW, BindingRequest::new(path)).unwrap();
            let fault = PathFault::Unreachable { kind, code };
            let _ = client.handle_input(NOW, Input::PathFailed { path, fault });
            assert_eq!(client.in_flight() == 0, hard.contains(&code), "{path:?} {code}");
        }
    }
}
