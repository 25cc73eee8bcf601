//! stun_codec, with a set of attributes for ICE.
use benches::messages::{CHECK, Check, ICE_CHECK, PASSWORD, TRANSACTION_ID, USERNAME};
use bytecodec::{DecodeExt, EncodeExt};
use core::net::SocketAddr;
use stun_codec::{
    Message, MessageClass, MessageDecoder, MessageEncoder, TransactionId, define_attribute_enums,
    rfc5245::attributes::{IceControlled, IceControlling, Priority},
    rfc5389::{
        attributes::{Fingerprint, MessageIntegrity, Software, Username, XorMappedAddress},
        methods::BINDING,
    },
};

define_attribute_enums!(
    Attribute,
    AttributeDecoder,
    AttributeEncoder,
    [
        Username,
        Priority,
        IceControlling,
        IceControlled,
        Software,
        XorMappedAddress,
        MessageIntegrity,
        Fingerprint
    ]
);

type Decoder = MessageDecoder<Attribute>;

/// The mapped address.
pub(crate) fn response() -> impl FnMut(&'static [u8]) -> Option<SocketAddr> {
    let mut decoder = Decoder::new();
    move |bytes| {
        let message = decoder.decode_from_bytes(bytes).ok()?.ok()?;
        message.get_attribute::<XorMappedAddress>().map(XorMappedAddress::address)
    }
}

/// What the check says, if it is genuine and meant for us.
pub(crate) fn verify() -> impl FnMut(&'static [u8]) -> Option<Check> {
    let mut decoder = Decoder::new();
    move |bytes| {
        let message = genuine(&mut decoder, bytes)?;
        if message.get_attribute::<Username>()?.name() != USERNAME {
            return None;
        }
        let priority = message.get_attribute::<Priority>()?.prio();
        let tie_breaker = message.get_attribute::<IceControlling>()?.prio();
        Some(Check { priority, tie_breaker })
    }
}

fn genuine(decoder: &mut Decoder, bytes: &[u8]) -> Option<Message<Attribute>> {
    let message = decoder.decode_from_bytes(bytes).ok()?.ok()?;
    message.get_attribute::<Fingerprint>()?;
    message.get_attribute::<MessageIntegrity>()?.check_short_term_credential(PASSWORD).ok()?;
    Some(message)
}

/// The check, written into a new vector each time.
pub(crate) fn write() -> impl FnMut(()) -> usize {
    assert_eq!(check().expect("a check"), *ICE_CHECK);
    move |()| check().map_or(0, |bytes| bytes.len())
}

fn check() -> bytecodec::Result<Vec<u8>> {
    let id = TransactionId::new(TRANSACTION_ID);
    let mut message = Message::<Attribute>::new(MessageClass::Request, BINDING, id);
    message.add_attribute(Username::new(USERNAME.to_owned())?);
    message.add_attribute(Priority::new(CHECK.priority));
    message.add_attribute(IceControlling::new(CHECK.tie_breaker));
    let integrity = MessageIntegrity::new_short_term_credential(&message, PASSWORD)?;
    message.add_attribute(integrity);
    let fingerprint = Fingerprint::new(&message)?;
    message.add_attribute(fingerprint);
    MessageEncoder::new().encode_into_bytes(message)
}

/// Whether all are genuine.
pub(crate) fn vectors() -> impl FnMut(&'static [Vec<u8>]) -> bool {
    let mut decoder = Decoder::new();
    move |messages| messages.iter().all(|bytes| genuine(&mut decoder, bytes).is_some())
}
