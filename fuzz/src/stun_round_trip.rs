//! What is written is what is read: every attribute, signatures, fingerprints and limits.
use crate::script::Script;
use std::{
    fmt::Debug,
    net::{IpAddr, SocketAddr},
    sync::LazyLock,
};
use stun_proto::{
    Attribute, AttributeType, Class, DataHead, HEADER_LEN, Integrity, IntegrityError, Key, Message,
    MessageBuilder, MessageType, Method, TransactionId, WriteError, attribute as a,
};

static KEYS: LazyLock<[Key; 2]> = LazyLock::new(|| [Key::new(b"right"), Key::new(b"wrong")]);

/// What ends a message.
#[derive(Clone, Copy)]
struct Ending {
    integrity: Option<Integrity>,
    both: bool,
    fingerprint: bool,
}

/// A message made of decisions is written and read; then it is written anew from what was read.
pub fn stun_round_trip(data: &[u8]) {
    let mut script = Script::new(data);
    let id = TransactionId(script.number());
    let kind = MessageType {
        method: Method::new(script.number::<u16>() & 0xFFF).expect("12 bits"),
        class: script.choose(&[Class::Request, Class::Indication, Class::Success, Class::Error]),
    };
    let ending = Ending {
        integrity: script.choose(&[None, Some(Integrity::Sha1), Some(Integrity::Sha256)]),
        both: script.one_in(4),
        fingerprint: script.flag(),
    };
    let room = if script.one_in(4) { script.number::<u16>().into() } else { 4096 };
    let mut buffer = vec![0xEE; room];
    let mut writer = Writer {
        builder: Some(MessageBuilder::new(&mut buffer, kind, id)),
        len: HEADER_LEN,
        invalid: None,
    };
    let mut values = script.fork();
    attributes(&mut values, &mut writer);
    let (mut len, invalid) = (writer.len, writer.invalid);
    let builder = writer.builder.take().expect("it is never given away");
    len += ending.len();
    match ending.end(builder) {
        Ok(bytes) => {
            assert_eq!(bytes.len(), len, "the length is what was asked for");
            assert_eq!(invalid, None, "an invalid value was written");
            read(bytes, kind, id, ending, &script);
        }
        Err(WriteError::Invalid(kind)) => assert_eq!(Some(kind), invalid),
        Err(WriteError::NoRoom) => assert!(len > room, "{len} bytes do not fit into {room}"),
        Err(WriteError::TooLong) => assert!(len - HEADER_LEN > 65_532, "{len} bytes are too long"),
    }
    data_head(&mut values, id);
}

fn read(bytes: &[u8], kind: MessageType, id: TransactionId, ending: Ending, script: &Script<'_>) {
    let message = Message::parse(bytes).expect("what is written can be read");
    assert_eq!((message.message_type(), message.transaction_id()), (kind, id));
    assert_eq!(message.has_fingerprint(), ending.fingerprint);
    assert_eq!(message.integrity(), ending.strongest());
    let verified = message.verify(&KEYS[0]);
    assert_eq!(verified, ending.strongest().ok_or(IntegrityError::Missing));
    assert_ne!(message.verify(&KEYS[1]).ok(), Some(Integrity::Sha1), "a wrong key verifies");
    let mut reader = Reader { attributes: message.attributes().collect(), next: 0, id };
    attributes(&mut script.fork(), &mut reader);
    assert_eq!(reader.next, reader.attributes.len(), "more is read than was written");
    assert_eq!(message.malformed(), None, "what is sent is well-formed");

    let mut buffer = vec![0xDD; bytes.len()];
    let mut builder = MessageBuilder::new(&mut buffer, kind, id);
    message.attributes().for_each(|(kind, value)| builder.push_raw(kind, value));
    assert_eq!(ending.end(builder), Ok(bytes), "written anew, it is not the same");
    flipped(bytes, ending, script);
}

/// A message of which one bit is not as it was is refused, where a fingerprint or a key guards it.
fn flipped(bytes: &[u8], ending: Ending, script: &Script<'_>) {
    let bit = script.fork().number::<u32>() as usize % (bytes.len() * 8);
    let mut bytes = bytes.to_vec();
    bytes[bit / 8] ^= 1 << (bit % 8);
    let Ok(message) = Message::parse(&bytes) else { return };
    // The fingerprint's own type may be what changed.
    let own = bit / 8 >= bytes.len() - 8;
    assert!(!message.has_fingerprint() || own, "the fingerprint does not see bit {bit}");
    let strongest = ending.strongest().filter(|_| message.integrity() == ending.strongest());
    let guarded = bytes.len() - if ending.fingerprint { 8 } else { 0 };
    if strongest.is_some() && bit / 8 < guarded && !(2..4).contains(&(bit / 8)) {
        assert!(message.verify(&KEYS[0]).is_err(), "the signature does not see bit {bit}");
    }
}

impl Ending {
    fn strongest(self) -> Option<Integrity> {
        self.integrity.map(|which| if self.both { Integrity::Sha256 } else { which })
    }

    fn len(self) -> usize {
        let signature = match (self.integrity, self.both) {
            (None, _) => 0,
            (Some(_), true) => 24 + 36,
            (Some(Integrity::Sha1), false) => 24,
            (Some(Integrity::Sha256), false) => 36,
        };
        signature + if self.fingerprint { 8 } else { 0 }
    }

    fn end(self, builder: MessageBuilder<'_>) -> Result<&[u8], WriteError> {
        let signed = match self.integrity {
            None => builder.unsigned(),
            Some(_) if self.both => builder.sign_both(&KEYS[0]),
            Some(which) => builder.sign(&KEYS[0], which),
        };
        if self.fingerprint { signed.fingerprint().finish() } else { signed.finish() }
    }
}

/// Is shown the same attributes twice: to write them, and to compare with what was read.
trait Visitor {
    fn visit<'v, A: Attribute<'v> + Debug>(
        &mut self,
        value: &A,
        is_same: impl Fn(&[u8], &TransactionId) -> bool,
    );
    fn raw(&mut self, kind: AttributeType, value: &[u8]);
}

struct Writer<'b> {
    builder: Option<MessageBuilder<'b>>,
    len: usize,
    invalid: Option<AttributeType>,
}

impl Visitor for Writer<'_> {
    fn visit<'v, A: Attribute<'v> + Debug>(
        &mut self,
        value: &A,
        _: impl Fn(&[u8], &TransactionId) -> bool,
    ) {
        if !value.is_valid() {
            self.invalid.get_or_insert(A::TYPE);
        }
        self.len += 4 + value.value_len().next_multiple_of(4);
        if let Some(builder) = &mut self.builder {
            builder.push(value);
        }
    }

    fn raw(&mut self, kind: AttributeType, value: &[u8]) {
        self.len += 4 + value.len().next_multiple_of(4);
        if let Some(builder) = &mut self.builder {
            builder.push_raw(kind, value);
        }
    }
}

struct Reader<'m> {
    attributes: Vec<(AttributeType, &'m [u8])>,
    next: usize,
    id: TransactionId,
}

impl<'m> Reader<'m> {
    fn next(&mut self) -> (AttributeType, &'m [u8]) {
        let attribute = self.attributes.get(self.next).expect("fewer are read than were written");
        self.next += 1;
        *attribute
    }
}

impl Visitor for Reader<'_> {
    fn visit<'v, A: Attribute<'v> + Debug>(
        &mut self,
        value: &A,
        is_same: impl Fn(&[u8], &TransactionId) -> bool,
    ) {
        let (kind, bytes) = self.next();
        assert_eq!(kind, A::TYPE);
        assert!(is_same(bytes, &self.id), "{value:?} is not what is read of {bytes:?}");
    }

    fn raw(&mut self, kind: AttributeType, value: &[u8]) {
        assert_eq!(self.next(), (kind, value));
    }
}

/// Shows a value to a visitor, with how to tell that bytes read as the same value.
macro_rules! show {
    ($out:expr, $type:ident, $value:expr) => {{
        let value = $value;
        $out.visit(&value, |bytes, id| a::$type::decode(bytes, id).as_ref() == Some(&value));
    }};
}

/// Writes or compares some attributes, no integrity among them.
fn attributes(script: &mut Script<'_>, out: &mut impl Visitor) {
    for _ in 0..script.below(12) {
        match script.below(5) {
            0 => addresses(script, out),
            1 => numbers(script, out),
            2 => texts(script, out),
            3 => bytes(script, out),
            _ => {
                let kind = AttributeType(script.number());
                // What this crate knows must be well-formed, see `read`.
                if !kind.is_known() {
                    out.raw(kind, script.bytes(200));
                }
            }
        }
    }
}

fn address(script: &mut Script<'_>) -> SocketAddr {
    let ip = if script.flag() {
        IpAddr::from(script.number::<[u8; 16]>())
    } else {
        IpAddr::from(script.number::<[u8; 4]>())
    };
    SocketAddr::new(ip, script.number())
}

fn addresses(script: &mut Script<'_>, out: &mut impl Visitor) {
    let address = address(script);
    match script.below(9) {
        0 => show!(out, XorMappedAddress, a::XorMappedAddress(address)),
        1 => show!(out, XorPeerAddress, a::XorPeerAddress(address)),
        2 => show!(out, XorRelayedAddress, a::XorRelayedAddress(address)),
        3 => show!(out, MappedAddress, a::MappedAddress(address)),
        4 => show!(out, AlternateServer, a::AlternateServer(address)),
        5 => show!(out, OtherAddress, a::OtherAddress(address)),
        6 => show!(out, ResponseOrigin, a::ResponseOrigin(address)),
        7 => show!(out, ChangedAddress, a::ChangedAddress(address)),
        _ => show!(out, SourceAddress, a::SourceAddress(address)),
    }
}

fn numbers(script: &mut Script<'_>, out: &mut impl Visitor) {
    match script.below(18) {
        0 => show!(out, AdditionalAddressFamily, a::AdditionalAddressFamily(script.number())),
        1 => show!(
            out,
            ChangeRequest,
            a::ChangeRequest { change_ip: script.flag(), change_port: script.flag() }
        ),
        2 => show!(out, ChannelNumber, a::ChannelNumber(script.number())),
        3 => show!(out, ConnectionId, a::ConnectionId(script.number())),
        4 => show!(out, DontFragment, a::DontFragment),
        5 => show!(out, EvenPort, a::EvenPort { reserve: script.flag() }),
        6 => show!(out, IceControlled, a::IceControlled(script.number())),
        7 => show!(out, IceControlling, a::IceControlling(script.number())),
        8 => show!(
            out,
            Icmp,
            a::Icmp { kind: script.number(), code: script.number(), data: script.number() }
        ),
        9 => show!(out, Lifetime, a::Lifetime(script.number())),
        10 => {
            show!(
                out,
                NetworkCost,
                a::NetworkCost { network_id: script.number(), cost: script.number() }
            );
        }
        11 => show!(out, Nomination, a::Nomination(script.number::<u32>() >> 8)),
        12 => show!(out, Priority, a::Priority(script.number())),
        13 => show!(out, RequestedAddressFamily, a::RequestedAddressFamily(script.number())),
        14 => show!(out, RequestedTransport, a::RequestedTransport(script.number())),
        15 => show!(out, ReservationToken, a::ReservationToken(script.number())),
        16 => show!(out, ResponsePort, a::ResponsePort(script.number())),
        _ => show!(out, UseCandidate, a::UseCandidate),
    }
}

fn texts(script: &mut Script<'_>, out: &mut impl Visitor) {
    let mut text = script.text(255).to_owned();
    if script.one_in(8) {
        text = text.repeat(script.below(5));
    }
    let number = 300 + script.number::<u16>() % 400;
    let code = a::Code::new(number).expect("a code");
    match script.below(7) {
        0 => show!(out, Username, a::Username(&text)),
        1 => show!(out, Realm, a::Realm(&text)),
        2 => show!(out, Software, a::Software(&text)),
        3 => show!(out, ThirdPartyAuthorization, a::ThirdPartyAuthorization(&text)),
        4 => show!(out, AlternateDomain, a::AlternateDomain(&text)),
        5 => show!(out, ErrorCode, a::ErrorCode { code, reason: &text }),
        _ => {
            let family = script.choose(&[a::AddressFamily::V4, a::AddressFamily::V6]);
            show!(out, AddressErrorCode, a::AddressErrorCode { family, code, reason: &text });
        }
    }
}

fn bytes(script: &mut Script<'_>, out: &mut impl Visitor) {
    let mut value = script.bytes(255).to_vec();
    if script.one_in(8) {
        value = value.repeat(script.below(300));
    }
    match script.below(9) {
        0 => show!(out, Data, a::Data(&value)),
        1 => show!(out, Padding, a::Padding(&value)),
        2 => show!(out, MobilityTicket, a::MobilityTicket(&value)),
        3 => show!(out, Nonce, a::Nonce(&value)),
        4 => show!(out, Userhash, a::Userhash([script.number(); 32])),
        5 => show!(
            out,
            PasswordAlgorithm,
            a::PasswordAlgorithm { number: script.number(), parameters: &value }
        ),
        6 => {
            if let Some(list) = a::PasswordAlgorithms::from_bytes(&value) {
                show!(out, PasswordAlgorithms, list);
            }
        }
        7 => {
            let types =
                value.chunks_exact(2).map(|b| AttributeType(u16::from_be_bytes([b[0], b[1]])));
            show!(out, UnknownAttributes, types.collect::<a::UnknownAttributes>());
        }
        _ => {
            let (nonce, sealed) = value.split_at(value.len() / 2);
            show!(out, AccessToken, a::AccessToken { nonce, sealed });
        }
    }
}

/// The head of a relayed packet, its data and its padding make a message.
fn data_head(script: &mut Script<'_>, id: TransactionId) {
    let peer = address(script);
    let dont_fragment = script.flag();
    let method = script.choose(&[Method::SEND, Method::DATA]);
    let data = script.rest();
    let head = DataHead::new(method, id, peer, dont_fragment, data.len()).expect("it fits");
    let mut packet = head.as_bytes().to_vec();
    packet.extend_from_slice(data);
    packet.resize(packet.len() + usize::from(head.pad()), 0);
    let message = Message::parse(&packet).expect("head, data and padding make a message");
    assert_eq!(message.get(), Some(a::XorPeerAddress(peer)));
    assert_eq!(message.get::<a::DontFragment>().is_some(), dont_fragment);
    assert_eq!(message.get(), Some(a::Data(data)));
}
