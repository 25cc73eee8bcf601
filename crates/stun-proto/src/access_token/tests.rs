use super::{TokenContents, TokenError, TokenKey};
use crate::{
    Attempt, AttributeType, AuthFault, Credentials, Integrity, LongTermClient, LongTermServer,
    Message, MessageBuilder, MessageType, Method, Refusal, ResponseCheck, TransactionId, UserId,
    attribute::{AccessToken, PasswordAlgorithms, Username},
};
use alloc::vec::Vec;
use core::time::Duration;
use sans_io::Instant;

const SERVER: &str = "blackdow.carleon.gov";
const KEY: &[u8; 32] = b"HGkj32KJGiuy098sdfaqbNjOiaz71923";
const NONCE: [u8; 12] = *b"h4j3k2l2n4b5";
/// 92470300704768 / 65536 seconds.
const ISSUED: Duration = Duration::from_secs(1_410_984_813);

const SEALED_256: [u8; 50] = [
    0x61, 0x7e, 0xf1, 0x34, 0xa3, 0xd5, 0xe4, 0x4e, 0x9a, 0x19, 0xcc, 0x7d, 0xc1, 0x04, 0xb0, 0xc0,
    0x3d, 0x03, 0xb2, 0xa5, 0x51, 0xd8, 0xfd, 0xf5, 0xcd, 0x3b, 0x6d, 0xca, 0x6f, 0x10, 0xcf, 0xb7,
    0x7e, 0x5b, 0x2d, 0xde, 0xc8, 0x4d, 0x29, 0x3a, 0x5c, 0x50, 0x49, 0x93, 0x59, 0xf0, 0xc2, 0xe2,
    0x6f, 0x76,
];
const SEALED_128: [u8; 50] = [
    0x7f, 0xb9, 0xe9, 0x9f, 0x08, 0x27, 0xbe, 0x3d, 0xf1, 0xe1, 0xbd, 0x65, 0x14, 0x93, 0xd3, 0x03,
    0x1d, 0x36, 0xdf, 0x57, 0x07, 0x97, 0x84, 0xae, 0xe5, 0xea, 0xcb, 0x65, 0xfa, 0xd4, 0xf2, 0x7f,
    0xab, 0x1a, 0x3f, 0x97, 0x97, 0x4b, 0x69, 0xf8, 0x51, 0xb2, 0x4b, 0xf5, 0xaf, 0x09, 0xed, 0xa3,
    0x57, 0xe0,
];

fn contents() -> TokenContents {
    TokenContents {
        mac_key: b"ZksjpweoixXmvn67534m".to_vec(),
        timestamp: 92_470_300_704_768,
        lifetime_s: 3600,
    }
}

fn keys() -> [(TokenKey, [u8; 50]); 2] {
    let short: &[u8; 16] = KEY.first_chunk().unwrap();
    [(TokenKey::aes256(KEY), SEALED_256), (TokenKey::aes128(short), SEALED_128)]
}

#[test]
fn the_samples_of_rfc_7635_appendix_a_are_sealed_and_opened() {
    for (key, sample) in keys() {
        assert_eq!(key.seal(&contents(), SERVER, NONCE).unwrap(), sample);
        let token = AccessToken { nonce: &NONCE, sealed: &sample };
        assert_eq!(key.open(&token, SERVER, ISSUED), Ok(contents()));
    }
}

#[test]
fn token_is_for_one_server_and_cannot_be_changed() {
    let [(key, sealed), _] = keys();
    let token = AccessToken { nonce: &NONCE, sealed: &sealed };
    let outcome = key.open(&token, "other.example", ISSUED);
    assert_eq!(outcome, Err(TokenError::NotAuthentic));
    for at in 0..sealed.len() {
        let mut bad = sealed;
        bad[at] ^= 1;
        let token = AccessToken { nonce: &NONCE, sealed: &bad };
        assert_eq!(key.open(&token, SERVER, ISSUED), Err(TokenError::NotAuthentic));
    }
    for nonce in [&NONCE[..11], &[], &[0; 300]] {
        let token = AccessToken { nonce, sealed: &sealed };
        assert_eq!(key.open(&token, SERVER, ISSUED), Err(TokenError::NotAuthentic));
    }
}

#[test]
fn token_is_good_for_its_lifetime_and_five_seconds() {
    let [(key, sealed), _] = keys();
    let token = AccessToken { nonce: &NONCE, sealed: &sealed };
    let at = |seconds: i64| {
        let time = ISSUED.as_secs().saturating_add_signed(seconds);
        key.open(&token, SERVER, Duration::from_secs(time)).is_ok()
    };
    assert!(at(3604) && at(-3604));
    assert!(!at(3606) && !at(-3606));
}

#[test]
fn fraction_of_a_timestamp_is_in_64_000ths() {
    let key = TokenKey::aes256(KEY);
    let contents = TokenContents { timestamp: (100 << 16) + 32_000, lifetime_s: 10, ..contents() };
    let sealed = key.seal(&contents, SERVER, NONCE).unwrap();
    let token = AccessToken { nonce: &NONCE, sealed: &sealed };
    let at = |millis| key.open(&token, SERVER, Duration::from_millis(millis)).is_ok();
    assert!(at(115_499) && !at(115_500));
}

#[test]
fn authentic_nonsense_is_malformed() {
    let key = TokenKey::aes256(KEY);
    for plain in [&[][..], &[0], &[0, 9, 1], &[0, 0, 1, 2, 3]] {
        let sealed = seal_raw(&key, plain);
        let token = AccessToken { nonce: &NONCE, sealed: &sealed };
        assert_eq!(key.open(&token, SERVER, ISSUED), Err(TokenError::Malformed));
    }
}

fn seal_raw(key: &TokenKey, plain: &[u8]) -> Vec<u8> {
    use aes_gcm::aead::{Aead, Payload};
    let super::Cipher::Aes256(cipher) = &key.0 else { panic!("not a 256-bit key") };
    cipher.encrypt(&NONCE.into(), Payload { msg: plain, aad: SERVER.as_bytes() }).unwrap()
}

/// A server that takes tokens, a client that has one, and what the server says to each request.
#[test]
fn client_with_a_token_is_taken_and_answered_with_its_key() {
    let key = TokenKey::aes256(KEY);
    let sealed = key.seal(&contents(), SERVER, NONCE).unwrap();
    let good = AccessToken { nonce: &NONCE, sealed: &sealed };
    let mut broken = sealed.clone();
    broken[0] ^= 1;
    let bad = AccessToken { nonce: &NONCE, sealed: &broken };
    for (token, taken) in [(good, true), (bad, false)] {
        let user = Credentials::token("kid", token, &contents().mac_key);
        let mut client = LongTermClient::new(user);
        let (refusal, check) = exchange(&key, &mut client, Attempt::default(), Method::ALLOCATE);
        assert_eq!(refusal, Some(Refusal::Unauthenticated));
        assert_eq!(client.third_party(), Some(SERVER));
        let ResponseCheck::Retry(attempt) = check else { panic!("{check:?}") };
        let (refusal, check) = exchange(&key, &mut client, attempt, Method::ALLOCATE);
        if taken {
            assert_eq!((refusal, check), (None, ResponseCheck::Accept));
        } else {
            let rejected = ResponseCheck::Fail(AuthFault::Rejected);
            assert_eq!((refusal, check), (Some(Refusal::Unauthenticated), rejected));
        }
    }
}

#[test]
fn token_goes_with_allocate_and_refresh_only() {
    let token = AccessToken { nonce: &NONCE, sealed: &SEALED_256 };
    let mut client = LongTermClient::new(Credentials::token("kid", token, b"key"));
    let key = TokenKey::aes256(KEY);
    let _ = exchange(&key, &mut client, Attempt::default(), Method::ALLOCATE);
    for (method, with) in [
        (Method::ALLOCATE, true),
        (Method::REFRESH, true),
        (Method::CREATE_PERMISSION, false),
        (Method::CHANNEL_BIND, false),
    ] {
        let mut buffer = [0; 512];
        let kind = MessageType::request(method);
        let builder = MessageBuilder::new(&mut buffer, kind, TransactionId([1; 12]));
        let (builder, _) = client.sign(builder, Attempt::default());
        let message = Message::parse(builder.finish().unwrap()).unwrap();
        assert_eq!(message.has(AttributeType::ACCESS_TOKEN), with, "{method}");
        assert_eq!(message.get(), Some(Username("kid")));
    }
}

/// What a server offers for passwords does not concern a client with a token (RFC 7635 §5).
#[test]
fn token_is_used_with_its_kid_and_sha1_whatever_else_is_offered() {
    let server = LongTermServer::with_algorithms(
        "realm",
        [3; 32],
        Duration::from_secs(60),
        Some(PasswordAlgorithms::SHA256_MD5),
        true,
    );
    let token = AccessToken { nonce: &NONCE, sealed: &SEALED_256 };
    let mut client = LongTermClient::new(Credentials::token("kid", token, b"key"));
    let (now, from) = (Instant::from_secs(1), "192.0.2.1:1".parse().unwrap());
    let (mut asked, mut said) = ([0; 512], [0; 512]);
    let kind = MessageType::request(Method::ALLOCATE);
    let bare = MessageBuilder::new(&mut asked, kind, TransactionId([2; 12])).finish().unwrap();
    let bare = Message::parse(bare).unwrap();
    let refusal = Refusal::Unauthenticated;
    let challenge = server.write_refusal(&mut said, now, from, &bare, refusal).unwrap();
    let check = client.check(Attempt::default(), &Message::parse(challenge).unwrap());
    let ResponseCheck::Retry(attempt) = check else { panic!("{check:?}") };
    let builder = MessageBuilder::new(&mut asked, kind, TransactionId([2; 12]));
    let request = Message::parse(client.sign(builder, attempt).0.finish().unwrap()).unwrap();
    assert_eq!(request.get(), Some(Username("kid")));
    assert_eq!(request.integrity(), Some(Integrity::Sha1));
    assert!(!request.has(AttributeType::USERHASH));
}

/// One request and its response, over a server that takes tokens.
fn exchange(
    key: &TokenKey,
    client: &mut LongTermClient,
    attempt: Attempt,
    method: Method,
) -> (Option<Refusal>, ResponseCheck) {
    let server =
        LongTermServer::new("realm", [3; 32], Duration::from_secs(60)).with_third_party(SERVER);
    let (now, from) = (Instant::from_secs(1), "192.0.2.1:1".parse().unwrap());
    let id = TransactionId([2; 12]);
    let (mut asked, mut said) = ([0; 512], [0; 512]);
    let builder = MessageBuilder::new(&mut asked, MessageType::request(method), id);
    let (builder, sent) = client.sign(builder, attempt);
    let request = Message::parse(builder.finish().unwrap()).unwrap();
    let user = server.authenticate(now, from, &request, |user, _| {
        let token = request.get::<AccessToken<'_>>().filter(|_| user == UserId::Name("kid"))?;
        Some(key.open(&token, SERVER, ISSUED).ok()?.key())
    });
    let (bytes, refusal) = match &user {
        Ok(user) => {
            let response = MessageBuilder::new(&mut said, MessageType::success(method), id);
            (response.sign(&user.key, user.integrity).finish(), None)
        }
        Err(refusal) => {
            (server.write_refusal(&mut said, now, from, &request, *refusal), Some(*refusal))
        }
    };
    let response = Message::parse(bytes.unwrap()).unwrap();
    (refusal, client.check(sent, &response))
}
