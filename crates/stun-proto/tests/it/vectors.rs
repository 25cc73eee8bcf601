//! The test vectors of RFC 5769 §2 and RFC 8489 appendix B.
use stun_proto::{
    Credentials, Integrity, Key, Message, MessageBuilder, MessageType, Method, ParseError,
    TransactionId,
    attribute::{
        Algorithm, IceControlled, Nonce, Priority, Realm, Software, Userhash, Username,
        XorMappedAddress,
    },
};

const PASSWORD: &[u8] = b"VOkJxbRl1RmTxUk/WvJxBt";
const ID: TransactionId =
    TransactionId([0xb7, 0xe7, 0xa7, 0x01, 0xbc, 0x34, 0xd6, 0x86, 0xfa, 0x87, 0xdf, 0xae]);
const LONG_TERM_ID: TransactionId =
    TransactionId([0x78, 0xad, 0x34, 0x33, 0xc6, 0xad, 0x72, 0xc0, 0x29, 0xda, 0x41, 0x2e]);
const USERNAME: &str = "\u{30DE}\u{30C8}\u{30EA}\u{30C3}\u{30AF}\u{30B9}";
const UNPREPARED: &str = "The\u{AD}M\u{AA}tr\u{2168}";

/// Bytes from hexadecimal digits.
pub(crate) fn hex(text: &str) -> Vec<u8> {
    let digits: Vec<u8> =
        text.chars().filter_map(|c| c.to_digit(16)).map(|digit| digit as u8).collect();
    digits.chunks(2).map(|pair| pair[0] << 4 | pair[1]).collect()
}

/// RFC 5769 §2.1. Its padding is of spaces, ours of zeros.
pub(crate) fn sample_request() -> Vec<u8> {
    hex("00010058 2112a442 b7e7a701 bc34d686 fa87dfae
         80220010 5354554e 20746573 7420636c 69656e74
         00240004 6e0001ff 80290008 932ff9b1 51263b36
         00060009 6576746a 3a683676 59202020
         00080014 9aeaa70c bfd8cb56 781ef2b5 b2d3f249 c1b571a2
         80280004 e57a3bcf")
}

/// RFC 5769 §2.2.
pub(crate) fn sample_response_v4() -> Vec<u8> {
    hex("0101003c 2112a442 b7e7a701 bc34d686 fa87dfae
         8022000b 74657374 20766563 746f7220
         00200008 0001a147 e112a643
         00080014 2b91f599 fd9e90c3 8c7489f9 2af9ba53 f06be7d7
         80280004 c07d4c96")
}

/// RFC 5769 §2.3.
pub(crate) fn sample_response_v6() -> Vec<u8> {
    hex("01010048 2112a442 b7e7a701 bc34d686 fa87dfae
         8022000b 74657374 20766563 746f7220
         00200014 0002a147 0113a9fa a5d3f179 bc25f4b5 bed2b9d9
         00080014 a382954e 4be67bf1 1784c97c 8292c275 bfe3ed41
         80280004 c8fb0b4c")
}

/// RFC 5769 §2.4.
pub(crate) fn sample_long_term() -> Vec<u8> {
    hex("00010060 2112a442 78ad3433 c6ad72c0 29da412e
         00060012 e3839ee3 8388e383 aae38383 e382afe3 82b90000
         0015001c 662f2f34 39396b39 35346436 4f4c3334 6f4c3946 53547679 36347341
         0014000b 6578616d 706c652e 6f726700
         00080014 f6702465 6dd64a3e 02b8e071 2e85c9a2 8ca89666")
}

/// RFC 8489 appendix B.1.
fn sample_userhash() -> Vec<u8> {
    hex("0001009c 2112a442 78ad3433 c6ad72c0 29da412e
         001e0020 4a3cf38f ef6992bd a952c678 0417da0f 24819415 569e60b2 05c46e41 407f1704
         00150029 6f624d61 744a6f73 32414141 43662f2f 3439396b 39353464 364f4c33
         346f4c39 46535476 79363473 41000000
         0014000b 6578616d 706c652e 6f726700
         001c0020 e4686c8f 0edeb590 13e07090 010a93ef ccbccc54 4c0a45d9 f830aa6d 6f735a01")
}

#[test]
fn rfc_5769_2_1_request_is_read_and_verified() {
    let bytes = sample_request();
    let message = Message::parse(&bytes).unwrap();
    assert_eq!(message.message_type(), MessageType::request(Method::BINDING));
    assert_eq!(message.transaction_id(), ID);
    assert_eq!(message.get(), Some(Software("STUN test client")));
    assert_eq!(message.get(), Some(Priority(0x6e00_01ff)));
    assert_eq!(message.get(), Some(IceControlled(0x932f_f9b1_5126_3b36)));
    assert_eq!(message.get(), Some(Username("evtj:h6vY")));
    assert!(message.has_fingerprint());
    assert_eq!(message.verify(&Key::new(PASSWORD)), Ok(Integrity::Sha1));
}

#[test]
fn rfc_5769_2_1_request_is_written_but_for_its_padding() {
    let mut buffer = [0; 256];
    let written = MessageBuilder::new(&mut buffer, MessageType::request(Method::BINDING), ID)
        .with(&Software("STUN test client"))
        .with(&Priority(0x6e00_01ff))
        .with(&IceControlled(0x932f_f9b1_5126_3b36))
        .with(&Username("evtj:h6vY"))
        .sign(&Key::new(PASSWORD), Integrity::Sha1)
        .fingerprint()
        .finish()
        .unwrap();
    let sample = sample_request();
    assert_eq!(written.len(), sample.len());
    assert_eq!(written[..73], sample[..73]);
    assert_eq!(written[73..76], [0; 3]);
    assert_eq!(written[76..80], sample[76..80]);
}

#[test]
fn rfc_5769_2_2_and_2_3_responses_are_read_and_verified() {
    for (bytes, mapped) in [
        (sample_response_v4(), "192.0.2.1:32853"),
        (sample_response_v6(), "[2001:db8:1234:5678:11:2233:4455:6677]:32853"),
    ] {
        let message = Message::parse(&bytes).unwrap();
        assert_eq!(message.message_type(), MessageType::success(Method::BINDING));
        assert_eq!(message.get(), Some(Software("test vector")));
        assert_eq!(message.get(), Some(XorMappedAddress(mapped.parse().unwrap())));
        assert!(message.has_fingerprint());
        assert_eq!(message.verify(&Key::new(PASSWORD)), Ok(Integrity::Sha1));
    }
}

#[test]
fn rfc_5769_2_4_long_term_request_is_read_verified_and_written() {
    let bytes = sample_long_term();
    let message = Message::parse(&bytes).unwrap();
    assert_eq!(message.get(), Some(Username(USERNAME)));
    assert_eq!(message.get(), Some(Realm("example.org")));
    let nonce = message.get::<Nonce<'_>>().unwrap();
    assert_eq!(nonce.0, b"f//499k954d6OL34oL9FSTvy64sA");
    let user = Credentials::rfc5389(USERNAME, UNPREPARED).unwrap();
    let key = user.long_term_key("example.org", Algorithm::Md5).unwrap();
    assert_eq!(message.verify(&key), Ok(Integrity::Sha1));

    let mut buffer = [0xFF; 256];
    let request = MessageType::request(Method::BINDING);
    let written = MessageBuilder::new(&mut buffer, request, LONG_TERM_ID)
        .with(&Username(user.username()))
        .with(&nonce)
        .with(&Realm("example.org"))
        .sign(&key, Integrity::Sha1)
        .finish()
        .unwrap();
    assert_eq!(written, bytes);
}

/// The header of this vector counts itself (0x9c for 136 bytes of attributes), so it is not a
/// message. Its parts are right for SHA-256 all the same, see `credentials::tests`.
#[test]
fn rfc_8489_b_1_request_holds_the_userhash_and_a_wrong_length() {
    let mut bytes = sample_userhash();
    assert_eq!(Message::parse(&bytes).unwrap_err(), ParseError::Length);
    bytes[3] = 0x88;
    let message = Message::parse(&bytes).unwrap();
    let user = Credentials::new(USERNAME, "TheMatrIX").unwrap();
    assert_eq!(message.get::<Userhash>(), Some(user.userhash("example.org").unwrap()));
    assert_eq!(message.get(), Some(Nonce(b"obMatJos2AAACf//499k954d6OL34oL9FSTvy64sA")));
    assert_eq!(message.integrity(), Some(Integrity::Sha256));
}
