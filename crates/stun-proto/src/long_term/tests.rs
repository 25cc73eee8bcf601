use super::{
    Attempt, AuthFault, Discard, LongTermClient, LongTermServer, Refusal, ResponseCheck, UserId,
};
use crate::{
    AttributeType, Credentials, Integrity, Key, Message, MessageBuilder, MessageType, Method,
    TransactionId,
    attribute::{
        Algorithm, Code, ErrorCode, Lifetime, Nonce, PasswordAlgorithm, PasswordAlgorithms, Realm,
        Userhash, Username,
    },
};
use alloc::vec::Vec;
use core::{net::SocketAddr, time::Duration};
use sans_io::Instant;

const ID: TransactionId = TransactionId([5; 12]);
const NOW: Instant = Instant::from_secs(100);
const LIFETIME: Duration = Duration::from_secs(60);

fn client_addr() -> SocketAddr {
    "192.0.2.1:40000".parse().unwrap()
}

fn alice() -> Credentials {
    Credentials::new("alice", "wonder").unwrap()
}

fn server(algorithms: Option<PasswordAlgorithms<'static>>, anonymity: bool) -> LongTermServer {
    LongTermServer::with_algorithms("realm", [9; 32], LIFETIME, algorithms, anonymity)
}

fn request(client: &LongTermClient, attempt: Attempt) -> (Vec<u8>, Attempt) {
    let mut buffer = [0; 512];
    let kind = MessageType::request(Method::ALLOCATE);
    let (builder, attempt) =
        client.sign(MessageBuilder::new(&mut buffer, kind, ID).with(&Lifetime(600)), attempt);
    (builder.finish().unwrap().to_vec(), attempt)
}

/// What the server says to a request: a signed success, or a refusal.
fn answer(server: &LongTermServer, now: Instant, request: &[u8]) -> (Vec<u8>, Option<Refusal>) {
    let mut buffer = [0; 512];
    let request = Message::parse(request).unwrap();
    let look_up = |user: UserId<'_>, algorithm| {
        let known = user == UserId::Name("alice")
            || user == UserId::Hash(alice().userhash("realm").unwrap());
        known.then(|| alice().long_term_key("realm", algorithm).unwrap())
    };
    match server.authenticate(now, client_addr(), &request, look_up) {
        Ok(user) => {
            let bytes =
                MessageBuilder::new(&mut buffer, MessageType::success(Method::ALLOCATE), ID)
                    .with(&Lifetime(600))
                    .sign(&user.key, user.integrity)
                    .finish();
            (bytes.unwrap().to_vec(), None)
        }
        Err(refusal) => {
            let bytes = server.write_refusal(&mut buffer, now, client_addr(), &request, refusal);
            (bytes.unwrap().to_vec(), Some(refusal))
        }
    }
}

fn check(client: &mut LongTermClient, attempt: Attempt, response: &[u8]) -> ResponseCheck {
    client.check(attempt, &Message::parse(response).unwrap())
}

#[test]
fn first_request_is_bare_and_the_second_is_taken() {
    for (algorithms, anonymity, integrity) in [
        (Some(PasswordAlgorithms::SHA256_MD5), false, Integrity::Sha256),
        (Some(PasswordAlgorithms::SHA256), true, Integrity::Sha256),
        (Some(PasswordAlgorithms::MD5), false, Integrity::Sha256),
        (None, false, Integrity::Sha1),
        (None, true, Integrity::Sha1),
    ] {
        let server = server(algorithms, anonymity);
        let mut client = LongTermClient::new(alice());
        let (bytes, attempt) = request(&client, Attempt::default());
        let first = Message::parse(&bytes).unwrap();
        assert_eq!(first.attributes().count(), 1, "RFC 8489 §9.2.3.1: no credentials");
        assert_eq!(first.integrity(), None);

        let (response, refusal) = answer(&server, NOW, &bytes);
        assert_eq!(refusal, Some(Refusal::Unauthenticated));
        let ResponseCheck::Retry(attempt) = check(&mut client, attempt, &response) else {
            panic!("no retry");
        };
        let (bytes, attempt) = request(&client, attempt);
        let second = Message::parse(&bytes).unwrap();
        assert_eq!(second.has(AttributeType::USERHASH), anonymity);
        assert_eq!(second.has(AttributeType::USERNAME), !anonymity);
        assert_eq!(second.get::<PasswordAlgorithms<'_>>(), algorithms);
        assert_eq!(second.integrity(), Some(integrity));

        let (response, refusal) = answer(&server, NOW, &bytes);
        assert_eq!(refusal, None);
        assert_eq!(Message::parse(&response).unwrap().integrity(), Some(integrity));
        assert_eq!(check(&mut client, attempt, &response), ResponseCheck::Accept);
    }
}

/// A client that was challenged once, and its next attempt.
fn challenged(server: &LongTermServer, credentials: Credentials) -> (LongTermClient, Attempt) {
    let mut client = LongTermClient::new(credentials);
    let (bytes, attempt) = request(&client, Attempt::default());
    let (response, _) = answer(server, NOW, &bytes);
    match check(&mut client, attempt, &response) {
        ResponseCheck::Retry(attempt) => (client, attempt),
        other => panic!("{other:?}"),
    }
}

#[test]
fn stale_nonce_is_replaced() {
    let server = server(Some(PasswordAlgorithms::SHA256_MD5), false);
    let (mut client, _) = challenged(&server, alice());
    let later = NOW.saturating_add(LIFETIME);
    let (bytes, attempt) = request(&client, Attempt::default());
    let (response, refusal) = answer(&server, later, &bytes);
    assert_eq!(refusal, Some(Refusal::StaleNonce));
    let message = Message::parse(&response).unwrap();
    assert!(message.has(AttributeType::NONCE) && message.has(AttributeType::REALM));
    assert!(message.has(AttributeType::PASSWORD_ALGORITHMS));
    let ResponseCheck::Retry(attempt) = check(&mut client, attempt, &response) else {
        panic!("no retry");
    };
    let (bytes, attempt) = request(&client, attempt);
    let (response, refusal) = answer(&server, later, &bytes);
    assert_eq!(refusal, None);
    assert_eq!(check(&mut client, attempt, &response), ResponseCheck::Accept);
}

#[test]
fn wrong_credentials_end_after_one_try() {
    let server = server(Some(PasswordAlgorithms::SHA256_MD5), false);
    for wrong in [("alice", "wrong"), ("bob", "wonder")] {
        let (mut client, attempt) =
            challenged(&server, Credentials::new(wrong.0, wrong.1).unwrap());
        let (bytes, attempt) = request(&client, attempt);
        let (response, refusal) = answer(&server, NOW, &bytes);
        assert_eq!(refusal, Some(Refusal::Unauthenticated));
        let outcome = check(&mut client, attempt, &response);
        assert_eq!(outcome, ResponseCheck::Fail(AuthFault::Rejected));
    }
}

#[test]
fn server_that_keeps_asking_is_given_up() {
    let server = server(None, false);
    let (mut client, mut attempt) = challenged(&server, alice());
    let mut tries = 1;
    loop {
        let (_, sent) = request(&client, attempt);
        let mut buffer = [0; 256];
        let stale = MessageBuilder::new(&mut buffer, MessageType::error(Method::ALLOCATE), ID)
            .with(&ErrorCode::from(Code::STALE_NONCE))
            .with(&Realm("realm"))
            .with(&Nonce(b"again"))
            .finish()
            .unwrap();
        tries += 1;
        match check(&mut client, sent, stale) {
            ResponseCheck::Retry(next) => attempt = next,
            outcome => break assert_eq!(outcome, ResponseCheck::Fail(AuthFault::Loop)),
        }
    }
    assert_eq!(tries, 4);
}

/// An error response with these attributes.
fn error(
    code: Code,
    realm: Option<&str>,
    nonce: Option<&[u8]>,
    algorithms: Option<PasswordAlgorithms<'_>>,
) -> Vec<u8> {
    let mut buffer = [0; 256];
    MessageBuilder::new(&mut buffer, MessageType::error(Method::ALLOCATE), ID)
        .with(&ErrorCode::from(code))
        .with_some(realm.map(Realm).as_ref())
        .with_some(nonce.map(Nonce).as_ref())
        .with_some(algorithms.as_ref())
        .finish()
        .unwrap()
        .to_vec()
}

#[test]
fn stripped_algorithms_are_noticed() {
    let nonce: &[u8] = b"obMatJos2gAAAnonce";
    for code in [Code::UNAUTHENTICATED, Code::STALE_NONCE] {
        let mut client = LongTermClient::new(alice());
        let response = error(code, Some("realm"), Some(nonce), None);
        let outcome = check(&mut client, Attempt::default(), &response);
        assert_eq!(outcome, ResponseCheck::Fail(AuthFault::BidDown));
    }
    let mut client = LongTermClient::new(alice());
    let response = error(Code::SERVER_ERROR, None, Some(nonce), None);
    let outcome = check(&mut client, Attempt::default(), &response);
    assert_eq!(outcome, ResponseCheck::Discard(Discard::BidDown));
}

#[test]
fn server_that_was_strong_cannot_become_weak() {
    let strong = server(Some(PasswordAlgorithms::SHA256), false);
    let (mut client, attempt) = challenged(&strong, alice());
    let (_, attempt) = request(&client, attempt);
    let weak = error(Code::UNAUTHENTICATED, Some("other realm"), Some(b"old"), None);
    assert_eq!(check(&mut client, attempt, &weak), ResponseCheck::Fail(AuthFault::BidDown));

    // A forged 438 may change the nonce, which costs a round trip, but not the algorithm.
    let stale = error(Code::STALE_NONCE, Some("realm"), Some(b"forged"), None);
    let ResponseCheck::Retry(attempt) = check(&mut client, attempt, &stale) else {
        panic!("no retry");
    };
    let (bytes, _) = request(&client, attempt);
    assert_eq!(Message::parse(&bytes).unwrap().integrity(), Some(Integrity::Sha256));
}

#[test]
fn incomplete_or_unknown_challenges_are_not_answered() {
    for (response, fault) in [
        (error(Code::UNAUTHENTICATED, None, Some(b"n"), None), AuthFault::Incomplete),
        (error(Code::UNAUTHENTICATED, Some("r"), None, None), AuthFault::Incomplete),
        (error(Code::STALE_NONCE, None, Some(b"n"), None), AuthFault::Incomplete),
        (
            error(
                Code::UNAUTHENTICATED,
                Some("r"),
                Some(b"obMatJos2gAAA"),
                PasswordAlgorithms::from_bytes(&[0, 9, 0, 0]),
            ),
            AuthFault::Algorithm,
        ),
    ] {
        let mut client = LongTermClient::new(alice());
        let outcome = check(&mut client, Attempt::default(), &response);
        assert_eq!(outcome, ResponseCheck::Fail(fault));
    }
}

#[test]
fn first_known_algorithm_of_the_list_is_chosen() {
    for (list, chosen) in [
        (&[0, 9, 0, 2, 1, 2, 0, 0, 0, 1, 0, 0, 0, 2, 0, 0][..], Algorithm::Md5),
        (&[0, 2, 0, 0, 0, 1, 0, 0][..], Algorithm::Sha256),
    ] {
        let list = PasswordAlgorithms::from_bytes(list).unwrap();
        let mut client = LongTermClient::new(alice());
        let challenge = error(Code::UNAUTHENTICATED, Some("r"), Some(b"obMatJos2gAAA"), Some(list));
        let ResponseCheck::Retry(attempt) = check(&mut client, Attempt::default(), &challenge)
        else {
            panic!("no retry");
        };
        let (bytes, _) = request(&client, attempt);
        let message = Message::parse(&bytes).unwrap();
        assert_eq!(message.get::<PasswordAlgorithms<'_>>(), Some(list));
        assert_eq!(message.get(), Some(PasswordAlgorithm::from(chosen)));
    }
}

#[test]
fn responses_that_anybody_could_send_are_not_believed() {
    let server = server(None, false);
    let (mut client, attempt) = challenged(&server, alice());
    let (bytes, attempt) = request(&client, attempt);
    let bad_request = error(Code::BAD_REQUEST, None, None, None);
    let outcome = check(&mut client, attempt, &bad_request);
    assert_eq!(outcome, ResponseCheck::Discard(Discard::BadRequest));
    let unsigned = error(Code::SERVER_ERROR, None, None, None);
    let outcome = check(&mut client, attempt, &unsigned);
    assert_eq!(outcome, ResponseCheck::Discard(Discard::Integrity));

    // Rightly signed, but not with the algorithm of the request (RFC 8489 §9.1.4).
    let key = alice().long_term_key("realm", Algorithm::Md5).unwrap();
    let mut buffer = [0; 256];
    let other = MessageBuilder::new(&mut buffer, MessageType::success(Method::ALLOCATE), ID)
        .sign(&key, Integrity::Sha256)
        .finish()
        .unwrap();
    let outcome = check(&mut client, attempt, other);
    assert_eq!(outcome, ResponseCheck::Discard(Discard::Integrity));
    let (good, _) = answer(&server, NOW, &bytes);
    assert_eq!(check(&mut client, attempt, &good), ResponseCheck::Accept);
}

/// The verdict over a request that carries what `fill` writes, signed as alice.
fn verdict(
    server: &LongTermServer,
    which: Integrity,
    fill: impl Fn(&mut MessageBuilder<'_>),
) -> Option<Refusal> {
    let key = alice().long_term_key("realm", Algorithm::Md5).unwrap();
    let mut buffer = [0; 512];
    let mut builder = MessageBuilder::new(&mut buffer, MessageType::request(Method::ALLOCATE), ID);
    fill(&mut builder);
    let bytes = builder.sign(&key, which).finish().unwrap();
    answer(server, NOW, bytes).1
}

#[test]
fn half_a_credential_is_a_bad_request() {
    let server = server(Some(PasswordAlgorithms::SHA256_MD5), false);
    let nonce = server.nonces_for_tests().issue(NOW, client_addr());
    for missing in 0..4 {
        let refusal = verdict(&server, Integrity::Sha1, |b| {
            for (i, push) in [
                (
                    0,
                    (&|b: &mut MessageBuilder<'_>| b.push(&Username("alice")))
                        as &dyn Fn(&mut MessageBuilder<'_>),
                ),
                (1, &|b| b.push(&Realm("realm"))),
                (2, &|b| b.push(&Nonce(&nonce))),
            ] {
                if i != missing {
                    push(b);
                }
            }
        });
        let expected = (missing < 3).then_some(Refusal::BadRequest);
        assert_eq!(refusal, expected, "without number {missing}");
    }
}

#[test]
fn algorithms_that_do_not_match_the_offer_are_a_bad_request() {
    let server = server(Some(PasswordAlgorithms::SHA256_MD5), false);
    let nonce = server.nonces_for_tests().issue(NOW, client_addr());
    let unknown = PasswordAlgorithm { number: 7, parameters: &[] };
    for (offer, choice, expected) in [
        (None, None, None),
        (Some(PasswordAlgorithms::SHA256_MD5), Some(Algorithm::Md5.into()), None),
        (Some(PasswordAlgorithms::SHA256_MD5), None, Some(Refusal::BadRequest)),
        (None, Some(Algorithm::Md5.into()), Some(Refusal::BadRequest)),
        (Some(PasswordAlgorithms::MD5), Some(Algorithm::Md5.into()), Some(Refusal::BadRequest)),
        (Some(PasswordAlgorithms::SHA256_MD5), Some(unknown), Some(Refusal::BadRequest)),
    ] {
        let refusal = verdict(&server, Integrity::Sha256, |b| {
            b.push(&Username("alice"));
            b.push(&Realm("realm"));
            b.push(&Nonce(&nonce));
            if let Some(offer) = &offer {
                b.push(offer);
            }
            if let Some(choice) = &choice {
                b.push(choice);
            }
        });
        assert_eq!(refusal, expected, "{offer:?} {choice:?}");
    }
}

#[test]
fn algorithm_that_is_not_offered_is_a_bad_request() {
    let fill = |b: &mut MessageBuilder<'_>, server: &LongTermServer, offer| {
        b.push(&Username("alice"));
        b.push(&Realm("realm"));
        b.push(&Nonce(&server.nonces_for_tests().issue(NOW, client_addr())));
        b.push(&offer);
        b.push(&PasswordAlgorithm::from(Algorithm::Md5));
    };
    let strong = server(Some(PasswordAlgorithms::SHA256), false);
    let refusal =
        verdict(&strong, Integrity::Sha256, |b| fill(b, &strong, PasswordAlgorithms::SHA256));
    assert_eq!(refusal, Some(Refusal::BadRequest));
    // Nothing was offered, so there is nothing to hold the choice against: MD5 is meant.
    let old = server(None, false);
    let refusal = verdict(&old, Integrity::Sha1, |b| fill(b, &old, PasswordAlgorithms::SHA256));
    assert_eq!(refusal, None);
}

#[test]
fn without_algorithms_the_response_is_signed_with_sha1_whatever_signed_the_request() {
    let server = server(Some(PasswordAlgorithms::SHA256_MD5), false);
    let key = alice().long_term_key("realm", Algorithm::Md5).unwrap();
    for which in [Integrity::Sha1, Integrity::Sha256] {
        let mut buffer = [0; 512];
        let kind = MessageType::request(Method::ALLOCATE);
        let request = MessageBuilder::new(&mut buffer, kind, ID)
            .with(&Username("alice"))
            .with(&Realm("realm"))
            .with(&Nonce(&server.nonces_for_tests().issue(NOW, client_addr())))
            .sign(&key, which)
            .finish()
            .unwrap();
        let (response, refusal) = answer(&server, NOW, request);
        assert_eq!(refusal, None);
        assert_eq!(Message::parse(&response).unwrap().integrity(), Some(Integrity::Sha1));
    }
}

#[test]
fn realm_is_prepared() {
    let server = LongTermServer::new("r\u{65}\u{301}alm", [9; 32], LIFETIME);
    assert_eq!(server.realm(), "r\u{E9}alm");
    let (response, _) =
        answer(&server, NOW, &request(&LongTermClient::new(alice()), Attempt::default()).0);
    assert_eq!(Message::parse(&response).unwrap().get(), Some(Realm("r\u{E9}alm")));
}

/// A client that sent a signed request after this challenge, and how.
fn signed_after(challenge: &[u8]) -> (LongTermClient, Attempt) {
    let mut client = LongTermClient::new(alice());
    let ResponseCheck::Retry(attempt) = check(&mut client, Attempt::default(), challenge) else {
        panic!("no retry");
    };
    let (_, attempt) = request(&client, attempt);
    (client, attempt)
}

#[test]
fn second_of_two_unsigned_requests_is_sent_again_too() {
    let challenge = error(Code::UNAUTHENTICATED, Some("realm"), Some(b"n"), None);
    let (mut client, _) = signed_after(&challenge);
    let outcome = check(&mut client, Attempt::default(), &challenge);
    assert!(matches!(outcome, ResponseCheck::Retry(_)), "{outcome:?}");
}

#[test]
fn new_realm_or_way_to_name_the_user_is_worth_a_retry() {
    let (code, realm) = (Code::UNAUTHENTICATED, Some("realm"));
    let first = error(code, realm, Some(b"n"), None);
    for (second, retried) in [
        (error(code, realm, Some(b"m"), None), false),
        (error(code, Some("other"), Some(b"m"), None), true),
        (error(code, realm, Some(b"obMatJos2QAAA"), None), true),
    ] {
        let (mut client, attempt) = signed_after(&first);
        let outcome = check(&mut client, attempt, &second);
        assert_eq!(matches!(outcome, ResponseCheck::Retry(_)), retried, "{outcome:?}");
    }
}

#[test]
fn algorithms_are_not_forgotten_for_a_weaker_challenge() {
    let list = PasswordAlgorithms::SHA256;
    let (code, realm) = (Code::UNAUTHENTICATED, Some("realm"));
    let strong = error(code, realm, Some(b"obMatJos2gAAA"), Some(list));
    let fault = ResponseCheck::Fail(AuthFault::BidDown);
    // To another request, which was sent before the first challenge.
    let (mut client, _) = signed_after(&strong);
    let weak = error(code, realm, Some(b"n"), None);
    assert_eq!(check(&mut client, Attempt::default(), &weak), fault);
    let (mut client, attempt) = signed_after(&strong);
    let elsewhere = error(Code::STALE_NONCE, Some("other"), Some(b"n"), None);
    assert_eq!(check(&mut client, attempt, &elsewhere), fault);
}

#[test]
fn stale_nonce_without_a_realm_leaves_the_realm_as_it_is() {
    let (mut client, attempt) =
        signed_after(&error(Code::UNAUTHENTICATED, Some("realm"), Some(b"n"), None));
    let stale = error(Code::STALE_NONCE, None, Some(b"m"), None);
    let ResponseCheck::Retry(attempt) = check(&mut client, attempt, &stale) else {
        panic!("no retry");
    };
    let (bytes, _) = request(&client, attempt);
    let message = Message::parse(&bytes).unwrap();
    assert_eq!((message.get(), message.get()), (Some(Realm("realm")), Some(Nonce(b"m"))));
}

#[test]
fn signed_400_is_believed_and_a_success_is_no_challenge() {
    let key = alice().long_term_key("realm", Algorithm::Md5).unwrap();
    for (kind, code) in [
        (MessageType::error(Method::ALLOCATE), Code::BAD_REQUEST),
        (MessageType::success(Method::ALLOCATE), Code::UNAUTHENTICATED),
    ] {
        let (mut client, attempt) =
            signed_after(&error(Code::UNAUTHENTICATED, Some("realm"), Some(b"n"), None));
        let mut buffer = [0; 256];
        let response = MessageBuilder::new(&mut buffer, kind, ID)
            .with(&ErrorCode::from(code))
            .sign(&key, Integrity::Sha1)
            .finish()
            .unwrap();
        assert_eq!(check(&mut client, attempt, response), ResponseCheck::Accept);
    }
}

#[test]
fn algorithm_with_parameters_that_it_does_not_have_is_passed_over() {
    let list = PasswordAlgorithms::from_bytes(&[0, 2, 0, 1, 7, 0, 0, 0, 0, 1, 0, 0]).unwrap();
    let challenge = error(Code::UNAUTHENTICATED, Some("realm"), Some(b"obMatJos2gAAA"), Some(list));
    let (client, _) = signed_after(&challenge);
    assert_eq!(client.login().unwrap().algorithm, Algorithm::Md5);
}

#[test]
fn foreign_realm_nonce_or_hash_is_refused() {
    let server = server(Some(PasswordAlgorithms::SHA256_MD5), false);
    let nonce = server.nonces_for_tests().issue(NOW, client_addr());
    let refusal = verdict(&server, Integrity::Sha1, |b| {
        b.push(&Username("alice"));
        b.push(&Realm("other"));
        b.push(&Nonce(&nonce));
    });
    assert_eq!(refusal, Some(Refusal::Unauthenticated));
    let refusal = verdict(&server, Integrity::Sha1, |b| {
        b.push(&Username("alice"));
        b.push(&Realm("realm"));
        b.push(&Nonce(b"never issued"));
    });
    assert_eq!(refusal, Some(Refusal::StaleNonce));
    let refusal = verdict(&server, Integrity::Sha1, |b| {
        b.push(&Userhash([1; 32]));
        b.push(&Realm("realm"));
        b.push(&Nonce(&nonce));
    });
    assert_eq!(refusal, Some(Refusal::Unauthenticated));
}

#[test]
fn first_refusal_is_at_most_84_bytes() {
    let bare = {
        let mut buffer = [0; 64];
        let kind = MessageType::request(Method::ALLOCATE);
        MessageBuilder::new(&mut buffer, kind, ID).finish().unwrap().to_vec()
    };
    for (realm, algorithms, len) in [
        ("turn", Some(PasswordAlgorithms::SHA256_MD5), 84),
        ("spool.io", Some(PasswordAlgorithms::SHA256), 84),
        ("turn.example.org", None, 84),
    ] {
        let server = LongTermServer::with_algorithms(realm, [1; 32], LIFETIME, algorithms, false);
        let (response, refusal) = answer(&server, NOW, &bare);
        assert_eq!(refusal, Some(Refusal::Unauthenticated));
        assert_eq!(response.len(), len);
        let message = Message::parse(&response).unwrap();
        let code = message.get::<ErrorCode<'_>>().map(|error| error.code);
        assert_eq!(code, Some(Code::UNAUTHENTICATED));
        assert_eq!(message.get::<Realm<'_>>(), Some(Realm(realm)));
        assert!(message.get::<Nonce<'_>>().is_some_and(|nonce| nonce.0.len() == 32));
        for absent in [AttributeType::USERNAME, AttributeType::USERHASH, AttributeType::SOFTWARE] {
            assert!(!message.has(absent));
        }
        assert_eq!(message.integrity(), None);
    }
}

#[test]
fn refusal_of_a_bad_request_says_no_more_than_that() {
    let server = server(Some(PasswordAlgorithms::SHA256_MD5), true);
    let mut buffer = [0; 128];
    let kind = MessageType::request(Method::ALLOCATE);
    let request = MessageBuilder::new(&mut buffer, kind, ID)
        .with(&Username("alice"))
        .sign(&Key::new(b"k"), Integrity::Sha1)
        .finish()
        .unwrap();
    let (response, refusal) = answer(&server, NOW, request);
    assert_eq!(refusal, Some(Refusal::BadRequest));
    let response = Message::parse(&response).unwrap();
    let kinds: Vec<AttributeType> = response.attributes().map(|(kind, _)| kind).collect();
    assert_eq!((kinds, response.integrity()), (Vec::from([AttributeType::ERROR_CODE]), None));
}

#[test]
fn look_up_may_lend_the_key() {
    let server = server(None, false);
    let key = alice().long_term_key("realm", Algorithm::Md5).unwrap();
    let (client, attempt) = challenged(&server, alice());
    let (bytes, _) = request(&client, attempt);
    let message = Message::parse(&bytes).unwrap();
    let user = server.authenticate(NOW, client_addr(), &message, |_, _| Some(&key)).unwrap();
    assert!(core::ptr::eq::<Key>(user.key, &raw const key));
}
