//! The STUN parser and every getter, on bytes at every alignment.
use sans_io::Frame;
use std::fmt::Debug;
use std::sync::LazyLock;
use stun_proto::{
    Attribute, AttributeType, HEADER_LEN, Integrity, IntegrityError, Key, MAGIC_COOKIE, Message,
    MessageBuilder, PacketKind, ParseError, attribute as a, classify, stun_frame,
};

static KEY: LazyLock<Key> = LazyLock::new(|| Key::new(b"VOkJxbRl1RmTxUk/WvJxBt"));

/// Parses the bytes as they are, and once more with header and fingerprint put right, which noise
/// never has.
pub fn stun_parse(data: &[u8]) {
    parse(data);
    parse(&repaired(data));
}

fn parse(data: &[u8]) {
    let whole = Message::parse(data);
    for offset in 1..8 {
        let mut shifted = vec![0; offset];
        shifted.extend_from_slice(data);
        let other = Message::parse(&shifted[offset..]);
        assert_eq!(whole.map(digest), other.map(digest), "offset {offset} makes a difference");
    }
    let kind = classify(data);
    match whole {
        Ok(message) => {
            // RFC 7983 leaves STUN the methods below 0x100 where it shares a port.
            assert_eq!(kind == PacketKind::Stun, data[0] <= 3, "it parses, and is {kind:?}");
            assert_eq!(stun_frame(data), Frame::Whole(data.len()));
            let shorter = Message::parse(&data[..data.len() - 1]);
            assert!(shorter.is_err(), "a message without its last byte is none");
            look(&message);
        }
        Err(ParseError::NotStun) => assert_ne!(kind, PacketKind::Stun),
        Err(_) => {}
    }
}

type Digest = (u16, Option<Integrity>, bool, Option<AttributeType>, usize, usize);

/// What can be told apart about a message at little cost.
fn digest(message: Message<'_>) -> Digest {
    let (count, len) = message
        .attributes()
        .fold((0, 0), |(count, len), (_, value)| (count + 1, len + value.len()));
    (
        message.message_type().to_bits(),
        message.integrity(),
        message.has_fingerprint(),
        message.malformed(),
        count,
        len,
    )
}

/// Calls every getter.
fn look(message: &Message<'_>) {
    let mut len = HEADER_LEN;
    for (kind, value) in message.attributes() {
        assert!(message.has(kind), "{kind} is there and not there");
        len += 4 + value.len();
    }
    assert!(len <= message.as_bytes().len(), "attributes overlap");
    for kind in message.unknown_required() {
        assert!(kind.is_required() && !kind.is_known() && message.has(kind));
    }
    if let Some(kind) = message.malformed() {
        assert!(kind.is_required() && kind.is_known() && message.has(kind));
    }
    let verified = message.verify(&KEY);
    let missing = verified == Err(IntegrityError::Missing);
    assert_eq!(missing, message.integrity().is_none());
    if let Ok(which) = verified {
        assert_eq!(message.integrity(), Some(which));
        assert_eq!(message.verify_truncated(&KEY, 16), Ok(which), "less is asked, and it fails");
    }
    let _ = format!("{message:?}");
    typed(message);
}

/// Reads every attribute that has a type.
fn typed(m: &Message<'_>) {
    get::<a::AccessToken<'_>>(m);
    get::<a::AdditionalAddressFamily>(m);
    get::<a::AddressErrorCode<'_>>(m);
    get::<a::AlternateDomain<'_>>(m);
    get::<a::AlternateServer>(m);
    get::<a::ChangeRequest>(m);
    get::<a::ChangedAddress>(m);
    get::<a::ChannelNumber>(m);
    get::<a::ConnectionId>(m);
    get::<a::Data<'_>>(m);
    get::<a::DontFragment>(m);
    get::<a::ErrorCode<'_>>(m);
    get::<a::EvenPort>(m);
    get::<a::IceControlled>(m);
    get::<a::IceControlling>(m);
    get::<a::Icmp>(m);
    get::<a::Lifetime>(m);
    get::<a::MappedAddress>(m);
    get::<a::MobilityTicket<'_>>(m);
    get::<a::NetworkCost>(m);
    get::<a::Nomination>(m);
    get::<a::Nonce<'_>>(m);
    get::<a::OtherAddress>(m);
    get::<a::Padding<'_>>(m);
    get::<a::PasswordAlgorithm<'_>>(m);
    get::<a::PasswordAlgorithms<'_>>(m);
    get::<a::Priority>(m);
    get::<a::Realm<'_>>(m);
    get::<a::RequestedAddressFamily>(m);
    get::<a::RequestedTransport>(m);
    get::<a::ReservationToken>(m);
    get::<a::ResponseOrigin>(m);
    get::<a::ResponsePort>(m);
    get::<a::Software<'_>>(m);
    get::<a::SourceAddress>(m);
    get::<a::ThirdPartyAuthorization<'_>>(m);
    get::<a::UnknownAttributes>(m);
    get::<a::UseCandidate>(m);
    get::<a::Userhash>(m);
    get::<a::Username<'_>>(m);
    get::<a::XorMappedAddress>(m);
    get::<a::XorPeerAddress>(m);
    get::<a::XorRelayedAddress>(m);
    for algorithm in m.get_all::<a::PasswordAlgorithms<'_>>().flat_map(|list| list.iter()) {
        let _ = algorithm.algorithm();
    }
}

/// What was read can be written, where it may be sent, and reads the same again.
fn get<'a, A: Attribute<'a> + PartialEq + Debug>(message: &Message<'a>) {
    let first = message.get::<A>();
    assert!(first.is_none() || message.has(A::TYPE));
    for value in message.get_all::<A>() {
        let mut buffer = vec![0; HEADER_LEN + 4 + value.value_len().next_multiple_of(4)];
        let id = message.transaction_id();
        let written =
            MessageBuilder::new(&mut buffer, message.message_type(), id).with(&value).finish();
        assert_eq!(written.is_ok(), value.is_valid(), "{value:?} {written:?}");
        let Ok(written) = written else { continue };
        let value_bytes = written[HEADER_LEN + 4..][..value.value_len()].to_vec();
        let again = Message::parse(written).expect("what is written can be read");
        assert_eq!(again.attributes().next(), Some((A::TYPE, &value_bytes[..])));
        // Compared by what it writes: its lifetime is not that of the buffer.
        assert_eq!(again.malformed(), None, "{value:?} cannot be read again");
    }
}

/// The same bytes with a header that is right, and with a fingerprint that is, if there is one.
fn repaired(data: &[u8]) -> Vec<u8> {
    let mut bytes = data.to_vec();
    bytes.truncate(65_552);
    bytes.resize(bytes.len().max(HEADER_LEN).next_multiple_of(4), 0);
    bytes[0] &= 0x3F;
    let length = (bytes.len() - HEADER_LEN) as u16;
    bytes[2..4].copy_from_slice(&length.to_be_bytes());
    bytes[4..8].copy_from_slice(&MAGIC_COOKIE);
    let at = bytes.len() - 8;
    if at >= HEADER_LEN && bytes[at..at + 4] == [0x80, 0x28, 0, 4] {
        let crc = crc32(&bytes[..at]) ^ 0x5354_554E;
        bytes[at + 4..].copy_from_slice(&crc.to_be_bytes());
    }
    bytes
}

/// ISO 3309, bit by bit: a second opinion.
fn crc32(bytes: &[u8]) -> u32 {
    !bytes.iter().fold(u32::MAX, |crc, byte| {
        (0..8).fold(crc ^ u32::from(*byte), |crc, _| {
            if crc & 1 == 1 { crc >> 1 ^ 0xEDB8_8320 } else { crc >> 1 }
        })
    })
}
