//! STUN messages made of decisions: well-formed ones with odd contents, signed with keys that the
//! machine knows, so that the fuzzer gets past what it could never guess.
use crate::{drive::Heard, script::Script};
use std::net::SocketAddr;
use stun_proto::{
    AttributeType, Class, Integrity, Key, Message, MessageBuilder, MessageType, Method,
    TransactionId,
    attribute::{
        AlternateServer, Code, ErrorCode, MappedAddress, Nonce, OtherAddress, PasswordAlgorithm,
        PasswordAlgorithms, Realm, ResponseOrigin, UnknownAttributes, Username, XorMappedAddress,
        XorPeerAddress, XorRelayedAddress,
    },
};

/// Longer than any message that is made.
const ROOM: usize = 2048;
/// How many attributes a message gets.
const ATTRIBUTES_MAX: usize = 9;

/// What messages are made of.
#[derive(Debug)]
pub(crate) struct Words<'w> {
    /// Addresses of everybody in the play.
    pub(crate) addresses: &'w [SocketAddr],
    /// Names of users, realms and software.
    pub(crate) texts: &'w [&'w str],
    /// Keys, right and wrong.
    pub(crate) keys: &'w [Key],
    /// Methods that the machine knows.
    pub(crate) methods: &'w [Method],
    /// Attributes that matter to the machine.
    pub(crate) attributes: &'w [AttributeType],
}

/// Makes a message, often an answer to one that was heard or an echo of its parts.
pub(crate) fn message(script: &mut Script<'_>, words: &Words<'_>, heard: &[Heard]) -> Vec<u8> {
    // Mostly the newest: older ones are seldom open still.
    let recent = heard.len().saturating_sub(1 + script.below(16) % heard.len().max(1));
    let model = heard.get(recent).and_then(|heard| Message::parse(&heard.bytes).ok());
    let class = script.choose(&[Class::Request, Class::Indication, Class::Success, Class::Error]);
    let (method, id) = match &model {
        Some(model) if !script.one_in(8) => (model.method(), model.transaction_id()),
        _ => (script.choose(words.methods), TransactionId([script.number(); 12])),
    };
    let mut buffer = [0; ROOM];
    let mut builder = MessageBuilder::new(&mut buffer, MessageType { method, class }, id);
    if class == Class::Error && !script.one_in(8) {
        builder.push(&ErrorCode::from(code(script)));
    }
    for _ in 0..script.below(ATTRIBUTES_MAX) {
        push(&mut builder, script, words, model.as_ref());
    }
    sign(builder, script, words)
}

/// Ends a message: signed or not, with a fingerprint or not, and now and then with a flipped bit.
pub(crate) fn sign(
    builder: MessageBuilder<'_>,
    script: &mut Script<'_>,
    words: &Words<'_>,
) -> Vec<u8> {
    let key = script.pick(words.keys);
    let signed = match (script.below(5), key) {
        (0 | 1, Some(key)) => builder.sign(key, Integrity::Sha1),
        (2, Some(key)) => builder.sign(key, Integrity::Sha256),
        (3, Some(key)) => builder.sign_both(key),
        _ => builder.unsigned(),
    };
    let bytes = if script.flag() { signed.fingerprint().finish() } else { signed.finish() };
    // A message that does not fit is as good as none.
    let mut bytes = bytes.map(<[u8]>::to_vec).unwrap_or_default();
    if script.one_in(12) && !bytes.is_empty() {
        let at = script.number::<u16>() as usize % bytes.len();
        bytes[at] ^= 1 << script.below(8);
    }
    bytes
}

fn code(script: &mut Script<'_>) -> Code {
    const CODES: [Code; 15] = [
        Code::UNAUTHENTICATED,
        Code::STALE_NONCE,
        Code::TRY_ALTERNATE,
        Code::BAD_REQUEST,
        Code::FORBIDDEN,
        Code::MOBILITY_FORBIDDEN,
        Code::UNKNOWN_ATTRIBUTE,
        Code::ALLOCATION_MISMATCH,
        Code::ADDRESS_FAMILY_NOT_SUPPORTED,
        Code::WRONG_CREDENTIALS,
        Code::UNSUPPORTED_TRANSPORT,
        Code::ALLOCATION_QUOTA_REACHED,
        Code::ROLE_CONFLICT,
        Code::SERVER_ERROR,
        Code::INSUFFICIENT_CAPACITY,
    ];
    match script.below(16) {
        15 => Code::new(300 + script.number::<u16>() % 400).unwrap_or(Code::BAD_REQUEST),
        known => CODES[known],
    }
}

/// Adds one attribute.
fn push(
    builder: &mut MessageBuilder<'_>,
    script: &mut Script<'_>,
    words: &Words<'_>,
    model: Option<&Message<'_>>,
) {
    let kind = match script.below(8) {
        7 => script.choose(AttributeType::KNOWN),
        6 => AttributeType(script.number()),
        _ => script.pick(words.attributes).copied().unwrap_or(AttributeType::SOFTWARE),
    };
    if script.one_in(8) {
        return builder.push_raw(kind, script.bytes(64));
    }
    if let Some((_, value)) = model.and_then(|model| model.attributes().find(|(k, _)| *k == kind))
        && script.flag()
    {
        return builder.push_raw(kind, value);
    }
    let address = script.pick(words.addresses).copied();
    match (kind, address) {
        (AttributeType::XOR_MAPPED_ADDRESS, Some(a)) => builder.push(&XorMappedAddress(a)),
        (AttributeType::XOR_PEER_ADDRESS, Some(a)) => builder.push(&XorPeerAddress(a)),
        (AttributeType::XOR_RELAYED_ADDRESS, Some(a)) => builder.push(&XorRelayedAddress(a)),
        (AttributeType::MAPPED_ADDRESS, Some(a)) => builder.push(&MappedAddress(a)),
        (AttributeType::ALTERNATE_SERVER, Some(a)) => builder.push(&AlternateServer(a)),
        (AttributeType::OTHER_ADDRESS, Some(a)) => builder.push(&OtherAddress(a)),
        (AttributeType::RESPONSE_ORIGIN, Some(a)) => builder.push(&ResponseOrigin(a)),
        (AttributeType::USERNAME, _) => builder.push(&Username(text(script, words))),
        (AttributeType::REALM, _) => builder.push(&Realm(text(script, words))),
        (AttributeType::ERROR_CODE, _) => builder.push(&ErrorCode::from(code(script))),
        (AttributeType::NONCE, _) => {
            let nonces: [&[u8]; 3] = [b"obMatJos2gAAAnonce", b"plain", b"obMatJos2AAAA"];
            builder.push(&Nonce(script.choose(&nonces)));
        }
        (AttributeType::PASSWORD_ALGORITHMS, _) => builder.push(&script.choose(&[
            PasswordAlgorithms::SHA256,
            PasswordAlgorithms::SHA256_MD5,
            PasswordAlgorithms::MD5,
        ])),
        (AttributeType::PASSWORD_ALGORITHM, _) => {
            let number = script.below(4) as u16;
            builder.push(&PasswordAlgorithm { number, parameters: &[] });
        }
        (AttributeType::UNKNOWN_ATTRIBUTES, _) => {
            let types = (0..script.below(40)).map(|_| AttributeType(script.number()));
            builder.push(&types.collect::<UnknownAttributes>());
        }
        _ => number(builder, kind, script),
    }
}

/// An attribute that is some bytes of its own length.
fn number(builder: &mut MessageBuilder<'_>, kind: AttributeType, script: &mut Script<'_>) {
    match kind {
        AttributeType::ICE_CONTROLLED
        | AttributeType::ICE_CONTROLLING
        | AttributeType::ICMP
        | AttributeType::RESERVATION_TOKEN => {
            builder.push_raw(kind, &script.number::<u64>().to_be_bytes());
        }
        AttributeType::USERHASH => builder.push_raw(kind, &[script.number(); 32]),
        AttributeType::EVEN_PORT => builder.push_raw(kind, &[script.number()]),
        AttributeType::USE_CANDIDATE | AttributeType::DONT_FRAGMENT => builder.push_raw(kind, &[]),
        AttributeType::CHANNEL_NUMBER => {
            let channel = 0x3FFF + script.below(6) as u16;
            builder.push_raw(kind, &[(channel >> 8) as u8, channel as u8, 0, 0]);
        }
        AttributeType::LIFETIME => {
            let seconds = script.choose(&[0, 1, 30, 600, 3600, u32::MAX]);
            builder.push_raw(kind, &seconds.to_be_bytes());
        }
        AttributeType::REQUESTED_TRANSPORT => {
            builder.push_raw(kind, &[script.choose(&[17, 17, 6, 0]), 0, 0, 0]);
        }
        AttributeType::REQUESTED_ADDRESS_FAMILY | AttributeType::ADDITIONAL_ADDRESS_FAMILY => {
            builder.push_raw(kind, &[script.below(4) as u8, 0, 0, 0]);
        }
        AttributeType::DATA | AttributeType::PADDING | AttributeType::MOBILITY_TICKET => {
            builder.push_raw(kind, script.bytes(128));
        }
        _ => builder.push_raw(kind, &script.number::<u32>().to_be_bytes()),
    }
}

fn text<'w>(script: &mut Script<'_>, words: &Words<'w>) -> &'w str {
    script.pick(words.texts).copied().unwrap_or_default()
}
