//! Who may, and what strangers leave behind (RFC 8656 §5, RFC 8489 §9.2).
use crate::{
    desk::{self, Desk, LISTENER, User, address, udp},
    net::{DELAY, Net, secs},
};
use core::time::Duration;
use sans_io::{DropReason, Path, SocketIds};
use stun_proto::{
    Credentials, Integrity, Message, MessageBuilder, MessageType, Method, NONCE_LEN,
    SecurityFeatures, TransactionId,
    attribute::{
        ChangeRequest, Code, ErrorCode, Nonce, Realm, Userhash, Username, XorMappedAddress,
    },
    turn_rest,
};
use turn_proto::{PeerPolicy, TurnEvent, TurnServer, TurnServerEvent, Users};

#[test]
fn no_state_and_at_most_84_bytes_before_authentication() {
    let mut desk = Desk::new();
    for (method, len) in [
        (Method::ALLOCATE, 28),
        (Method::REFRESH, 20),
        (Method::CREATE_PERMISSION, 20),
        (Method::CHANNEL_BIND, 20),
    ] {
        let mut user = User::alice();
        let body = |request: &mut MessageBuilder<'_>| {
            if method == Method::ALLOCATE {
                udp(request);
            }
        };
        let request = user.write(method, body);
        assert_eq!(request.len(), len);
        let answer = user.send(&mut desk, &request).unwrap();
        assert_eq!(answer.code(), 401);
        assert!(answer.0.len() <= 84, "{} bytes", answer.0.len());
        assert_eq!(answer.get::<ErrorCode<'_>>().unwrap().reason, "");
        assert_eq!(answer.get::<Realm<'_>>(), Some(Realm("turn")));
        assert_eq!(answer.get::<Nonce<'_>>().unwrap().0.len(), NONCE_LEN);
    }
    assert_eq!(desk.server.allocations(), 0);
    assert!(desk.events.is_empty(), "strangers cause no events");
    assert_eq!(desk.server.drops().total(), 0, "to be asked is no fault");
}

#[test]
fn requests_without_allocation_are_refused() {
    let mut desk = Desk::new();
    let mut alice = User::alice();
    assert_eq!(alice.ask(&mut desk, Method::REFRESH, |_| {}).code(), 437);
    assert_eq!(alice.permit(&mut desk, &[address(desk::PEER)]), 437);
    assert_eq!(alice.bind(&mut desk, 0x4000, address(desk::PEER)), 437);
}

#[test]
fn another_user_cannot_touch_an_allocation() {
    let mut desk = Desk::new();
    let mut alice = User::alice();
    alice.allocate(&mut desk);
    // Bob sits behind the same address and port, after a NAT gave it to him for example.
    let mut bob = User::new("bob", "builder", "7.7.7.7:1000");
    assert_eq!(bob.ask(&mut desk, Method::REFRESH, |_| {}).code(), 441);
    assert_eq!(bob.permit(&mut desk, &[address(desk::PEER)]), 441);
    assert_eq!(bob.bind(&mut desk, 0x4000, address(desk::PEER)), 441);
    let end = |request: &mut MessageBuilder<'_>| request.push(&stun_proto::attribute::Lifetime(0));
    assert_eq!(bob.ask(&mut desk, Method::REFRESH, end).code(), 441);
    assert_eq!(desk.server.allocations(), 1);
}

#[test]
fn unknown_users_and_wrong_keys_look_the_same() {
    let mut desk = Desk::new();
    let mut answers = Vec::new();
    for name in ["alice", "nobody"] {
        let mut user = User::new(name, "wrong", "7.7.7.7:1000");
        let answer = user.ask(&mut desk, Method::ALLOCATE, udp);
        answers.push((answer.code(), answer.0.len()));
    }
    assert_eq!(answers[0], (401, answers[0].1));
    assert_eq!(answers[0], answers[1]);
    assert_eq!(desk.server.drops().count(DropReason::Unauthenticated), 2);
}

#[test]
fn sha256_is_used_where_both_can() {
    let mut desk = Desk::new();
    let answer = User::alice().ask(&mut desk, Method::ALLOCATE, udp);
    assert_eq!(answer.message().integrity(), Some(Integrity::Sha256));
}

/// A client of RFC 5389 knows neither algorithms nor SHA-256.
#[test]
fn clients_before_rfc_8489_are_served() {
    let mut desk = Desk::new();
    let mut stranger = User::alice();
    let request = stranger.write(Method::ALLOCATE, udp);
    let challenge = stranger.send(&mut desk, &request).unwrap();
    let nonce: Nonce<'_> = challenge.get().unwrap();
    let key = Credentials::rfc5389("alice", "wonderland")
        .unwrap()
        .long_term_key("turn", stun_proto::attribute::Algorithm::Md5)
        .unwrap();
    let mut buffer = [0; 512];
    let kind = MessageType::request(Method::ALLOCATE);
    let mut request = MessageBuilder::new(&mut buffer, kind, TransactionId([3; 12]));
    udp(&mut request);
    let request = request
        .with(&stun_proto::attribute::Username("alice"))
        .with(&Realm("turn"))
        .with(&nonce)
        .sign(&key, Integrity::Sha1)
        .finish()
        .unwrap();
    let answer = stranger.send(&mut desk, request).unwrap();
    assert_eq!(answer.code(), 0);
    assert_eq!(answer.message().verify(&key), Ok(Integrity::Sha1));
}

#[test]
fn each_source_has_nonces_of_its_own() {
    let mut desk = Desk::new();
    let mut alice = User::alice();
    alice.allocate(&mut desk);
    // What alice signed is of no use from elsewhere.
    let request = alice.write(Method::REFRESH, |_| {});
    let elsewhere = User::new("alice", "wonderland", "7.7.7.7:1001");
    let answer = elsewhere.send(&mut desk, &request).unwrap();
    assert_eq!(answer.code(), Code::STALE_NONCE.number());
}

#[test]
fn a_nonce_ends_and_the_client_goes_on() {
    let mut config = desk::config();
    config.nonce_lifetime = secs(100);
    let mut net = Net::with(config);
    let client = net.client("7.7.7.7:1000");
    net.run(secs(5_000));
    let events = net.take_events(client);
    assert!(matches!(events[0], TurnEvent::Allocated { .. }));
    // Each refresh met a stale nonce, and all went well.
    assert_eq!(events.len(), 1 + 5_000 / 540);
    assert!(events[1..].iter().all(|event| matches!(event, TurnEvent::Refreshed { .. })));
    let stale = net.sent.iter().filter(|(_, flight)| {
        let message = Message::parse(&flight.bytes).unwrap();
        message.get::<ErrorCode<'_>>().is_some_and(|error| error.code == Code::STALE_NONCE)
    });
    assert_eq!(stale.count(), 5_000 / 540);
}

#[test]
fn a_server_with_another_nonce_key_says_stale_not_wrong() {
    let mut desk = Desk::new();
    let mut alice = User::alice();
    alice.allocate(&mut desk);
    desk.server = TurnServer::new(desk::config(), SocketIds::root(), [77; 32]).unwrap();
    let request = alice.write(Method::REFRESH, |_| {});
    assert_eq!(alice.send(&mut desk, &request).unwrap().code(), 438);
}

#[test]
fn time_limited_users_come_and_stay() {
    let secret = b"shared";
    let origin = Duration::from_secs(1_700_000_000);
    let users = Users::new("turn").with_shared_secret(secret, origin);
    let mut config = desk::config();
    config.users = users;
    let mut desk = Desk::with(config);
    let ends = 1_700_000_000 + 1_000 + 60;
    let name = format!("{ends}:carol");
    let password = turn_rest::password(secret, &name);
    let mut carol = User::new(&name, &password, "7.7.7.7:1000");
    carol.allocate(&mut desk);
    let mut forger = User::new(&format!("{}:carol", ends + 1), &password, "7.7.7.9:1000");
    assert_eq!(forger.ask(&mut desk, Method::ALLOCATE, udp).code(), 401);
    desk.pass(61);
    // Too late for a new allocation, but what she has goes on.
    let mut late = User::new(&name, &password, "7.7.7.8:1000");
    assert_eq!(late.ask(&mut desk, Method::ALLOCATE, udp).code(), 401);
    assert_eq!(carol.ask(&mut desk, Method::REFRESH, |_| {}).code(), 0);
}

#[test]
fn a_flood_of_strangers_leaves_nothing() {
    let mut desk = Desk::new();
    let mut bytes_in = 0;
    let mut bytes_out = 0;
    for n in 0..20_000_u32 {
        let [_, a, b, c] = n.to_be_bytes();
        let source = core::net::SocketAddr::from(([23, a, b, c], 1000));
        let mut buffer = [0; 64];
        let kind = MessageType::request(Method::ALLOCATE);
        let mut request = MessageBuilder::new(&mut buffer, kind, TransactionId([7; 12]));
        udp(&mut request);
        let request = request.finish().unwrap();
        bytes_in += request.len();
        desk.packet(Path::udp(address(LISTENER), source), request);
        bytes_out += desk.take_sent().iter().map(|sent| sent.payload.len()).sum::<usize>();
    }
    assert_eq!(desk.server.allocations(), 0);
    assert!(desk.events.is_empty() && desk.sockets.is_empty());
    assert!(bytes_out <= bytes_in * 3, "{bytes_out} for {bytes_in}");
}

#[test]
fn a_queue_that_nobody_drains_is_bounded() {
    let mut config = desk::config();
    config.max_queue = 10;
    let mut server = TurnServer::new(config, SocketIds::root(), [1; 32]).unwrap();
    let mut user = User::alice();
    let request = user.write(Method::ALLOCATE, udp);
    for _ in 0..1000 {
        let input = sans_io::Input::received(user.path, &request);
        let _ = sans_io::Machine::handle_input(&mut server, sans_io::Instant::ZERO, input);
    }
    assert_eq!(server.drops().count(DropReason::Exhausted), 990);
}

/// What ends meanwhile takes no room from those who ask.
#[test]
fn many_ends_at_once_hold_up_nobody() {
    let mut config = desk::config();
    config.max_queue = 1;
    config.max_allocations_per_user = 50;
    let mut desk = Desk::with(config);
    for n in 0..50 {
        User::new("alice", "wonderland", &format!("7.7.7.{n}:1000")).allocate(&mut desk);
    }
    desk.now = desk.now.saturating_add(secs(600));
    let mut bob = User::bob();
    let request = bob.write(Method::ALLOCATE, udp);
    assert_eq!(bob.send(&mut desk, &request).unwrap().code(), 401);
    assert_eq!(desk.server.allocations(), 0);
}

#[test]
fn login_takes_two_round_trips() {
    let mut net = Net::new();
    let start = net.now;
    let client = net.client("7.7.7.7:1000");
    net.run(secs(1));
    let (at, _, event) = &net.events[client];
    assert!(matches!(event, TurnEvent::Allocated { .. }));
    assert_eq!(at.saturating_since(start), DELAY * 4);
}

#[test]
fn nobody_is_a_user_of_nobodys_server() {
    let mut config = desk::config();
    config.users = Users::new("turn");
    config.peers = PeerPolicy::global_only();
    let mut desk = Desk::with(config);
    assert_eq!(User::alice().ask(&mut desk, Method::ALLOCATE, udp).code(), 401);
}

#[test]
fn a_network_of_strangers_gets_no_more_than_its_share() {
    let mut config = desk::config();
    config.stun.limiter.burst = 1000;
    config.stun.limiter.per_second = 100;
    let mut desk = Desk::with(config);
    let mut stranger = User::alice();
    let request = stranger.write(Method::ALLOCATE, udp);
    let answered = |desk: &mut Desk, from: &str| {
        let path = Path::udp(address(LISTENER), address(from));
        desk.packet(path, &request);
        desk.take_sent().len()
    };
    let burst: usize = (0..100).map(|n| answered(&mut desk, &format!("23.1.1.{n}:1000"))).sum();
    assert_eq!(burst, 1000 / 84);
    assert_eq!(answered(&mut desk, "23.1.2.1:1000"), 1, "another network");
    desk.pass(5);
    let later: usize = (0..100).map(|_| answered(&mut desk, "23.1.1.1:1000")).sum();
    assert_eq!(later, (1000 % 84 + 500) / 84);
    // Who has logged in is not limited.
    let mut alice = User::new("alice", "wonderland", "23.1.2.2:1000");
    alice.allocate(&mut desk);
    for _ in 0..100 {
        assert_eq!(alice.ask(&mut desk, Method::REFRESH, |_| {}).code(), 0);
    }
}

/// A nonce that was once given to this very address and port shows that the sender is there, so
/// that a flood from its network cannot keep it from the next one.
#[test]
fn an_old_nonce_is_renewed_however_many_strangers_come_from_around() {
    let mut config = desk::config();
    config.stun.limiter.burst = 1000;
    config.stun.limiter.per_second = 1;
    config.nonce_lifetime = secs(100);
    let mut desk = Desk::with(config);
    let mut alice = User::new("alice", "wonderland", "23.1.1.200:1000");
    alice.allocate(&mut desk);
    let mut stranger = User::bob();
    let request = stranger.write(Method::ALLOCATE, udp);
    for n in 0..200 {
        desk.packet(Path::udp(address(LISTENER), address(&format!("23.1.1.{n}:9"))), &request);
    }
    desk.take_sent();
    desk.pass(100);
    // the flood goes on
    for _ in 0..20 {
        desk.packet(Path::udp(address(LISTENER), address("23.1.1.7:9")), &request);
    }
    desk.take_sent();
    assert_eq!(alice.ask(&mut desk, Method::REFRESH, |_| {}).code(), 0);
    // but it is of no use to others, and not for ever
    desk.pass(100);
    let old = alice.write(Method::REFRESH, |_| {});
    for _ in 0..20 {
        desk.packet(Path::udp(address(LISTENER), address("23.1.1.7:9")), &request);
    }
    desk.take_sent();
    desk.packet(Path::udp(address(LISTENER), address("23.1.1.7:9")), &old);
    assert_eq!(desk.take_sent(), [], "from another address");
    desk.pass(2 * 86_400);
    for _ in 0..3000 {
        desk.packet(Path::udp(address(LISTENER), address("23.1.1.7:9")), &request);
    }
    desk.take_sent();
    desk.packet(alice.path, &old);
    assert_eq!(desk.take_sent(), [], "of the day before yesterday");
}

/// Each address has nonces of its own, so what was overheard is of no use elsewhere.
#[test]
fn a_request_replayed_from_elsewhere_gets_84_bytes_and_changes_nothing() {
    let mut desk = Desk::new();
    let mut alice = User::alice();
    alice.allocate(&mut desk);
    let request = alice.write(Method::REFRESH, |request| {
        request.push(&stun_proto::attribute::Lifetime(0));
    });
    let mut elsewhere = User::bob();
    elsewhere.path = Path::udp(address(LISTENER), address("7.7.7.7:1001"));
    let stolen = elsewhere.send(&mut desk, &request).unwrap();
    assert_eq!((stolen.code(), stolen.0.len()), (438, 84));
    assert_eq!(desk.server.allocations(), 1);
}

/// RFC 8489 §9.2.4, §9.2.5: the server knows every name, so nobody on the way has to.
#[test]
fn a_user_name_is_not_sent_in_the_clear() {
    let mut desk = Desk::new();
    let mut alice = User::alice();
    let first = alice.write(Method::ALLOCATE, udp);
    let answer = alice.send(&mut desk, &first).unwrap();
    let nonce = answer.get::<Nonce<'_>>().unwrap().0;
    assert!(SecurityFeatures::of_nonce(nonce).unwrap().username_anonymity);
    assert!(answer.0.len() <= 84, "it costs no byte");
    let _ = alice.login.check(stun_proto::Attempt::default(), &answer.message());
    let request = alice.write(Method::ALLOCATE, udp);
    let message = Message::parse(&request).unwrap();
    assert!(message.get::<Userhash>().is_some() && message.get::<Username<'_>>().is_none());
    assert!(!request.windows(5).any(|bytes| bytes == b"alice"));
    assert_eq!(alice.send(&mut desk, &request).unwrap().code(), 0);
    let TurnServerEvent::AllocationCreated { user, .. } = &desk.events[0] else { panic!() };
    assert_eq!(&**user, "alice");
    // the one by hash is the one by name
    let id = alice.entropy.transaction_id();
    let mut buffer = [0; 512];
    let kind = MessageType::request(Method::REFRESH);
    let key = Credentials::new("alice", "wonderland").unwrap();
    let key = key.long_term_key("turn", stun_proto::attribute::Algorithm::Md5).unwrap();
    let refresh = MessageBuilder::new(&mut buffer, kind, id)
        .with(&Username("alice"))
        .with(&Realm("turn"))
        .with(&Nonce(nonce))
        .sign(&key, Integrity::Sha1)
        .finish()
        .unwrap();
    assert_eq!(alice.send(&mut desk, refresh).unwrap().code(), 0);
}

#[test]
fn an_unknown_hash_looks_like_a_wrong_password() {
    let mut desk = Desk::new();
    let mut nobody = User::new("nobody", "wonderland", "7.7.7.7:1000");
    assert_eq!(nobody.ask(&mut desk, Method::ALLOCATE, udp).code(), 401);
    assert!(nobody.login.login().unwrap().hashed);
}

/// A name that is made up as it comes cannot be told by its hash.
#[test]
fn names_of_a_shared_secret_are_asked_for_in_the_clear() {
    let mut config = desk::config();
    config.users = desk::users().with_shared_secret(b"secret", Duration::ZERO);
    let mut desk = Desk::with(config);
    let mut alice = User::alice();
    alice.allocate(&mut desk);
    assert!(!alice.login.login().unwrap().hashed);
}

#[test]
fn binding_takes_a_user_where_it_is_to() {
    let mut config = desk::config();
    config.secure_binding = true;
    let mut desk = Desk::with(config);
    let mut alice = User::alice();
    let first = alice.write(Method::BINDING, |_| {});
    let answer = alice.send(&mut desk, &first).unwrap();
    assert_eq!(answer.code(), 401);
    assert!(answer.0.len() <= 84);
    // `ask` checks that the answer is signed
    let answer = alice.ask(&mut desk, Method::BINDING, |_| {});
    assert_eq!(answer.code(), 0);
    assert_eq!(answer.get::<XorMappedAddress>().unwrap().0, alice.path.remote());
    let change = |request: &mut MessageBuilder<'_>| {
        request.push(&ChangeRequest { change_ip: true, change_port: false });
    };
    assert_eq!(alice.ask(&mut desk, Method::BINDING, change).code(), 420);
    let mut stranger = User::new("alice", "looking-glass", "7.7.7.7:1000");
    assert_eq!(stranger.ask(&mut desk, Method::BINDING, |_| {}).code(), 401);
    let classic = [&[0, 1, 0, 0][..], &[7; 16]].concat();
    assert_eq!(alice.send(&mut desk, &classic), None, "RFC 3489 knows no challenge");
}
