//! Ours.
use benches::messages::{CHECK, Check, ICE_CHECK, PASSWORD, TRANSACTION_ID, USERNAME};
use core::{hint::black_box, net::SocketAddr};
use stun_proto::{
    AttributeType, Integrity, Key, Message, MessageBuilder, MessageType, Method, TransactionId,
    WriteError,
    attribute::{IceControlling, Priority, Username, XorMappedAddress},
};

/// The mapped address.
pub(crate) fn response(bytes: &[u8]) -> Option<SocketAddr> {
    Message::parse(bytes).ok()?.get::<XorMappedAddress>().map(|mapped| mapped.0)
}

/// What the check says, if it is genuine and meant for us.
pub(crate) fn verify() -> impl FnMut(&'static [u8]) -> Option<Check> {
    let key = Key::new(PASSWORD.as_bytes());
    move |bytes| {
        let message = Message::parse(bytes).ok()?;
        message.verify(&key).ok()?;
        let username = message.value(AttributeType::USERNAME)?;
        if !message.has_fingerprint() || username != USERNAME.as_bytes() {
            return None;
        }
        let priority = message.get::<Priority>()?.0;
        let tie_breaker = message.get::<IceControlling>()?.0;
        Some(Check { priority, tie_breaker })
    }
}

/// The check, written into one buffer over and over.
pub(crate) fn write() -> impl FnMut(()) -> usize {
    let (key, mut buffer) = (Key::new(PASSWORD.as_bytes()), [0; 128]);
    assert_eq!(check(&key, &mut buffer), Ok(&ICE_CHECK[..]));
    move |()| check(&key, black_box(&mut buffer)).map_or(0, |bytes| black_box(bytes).len())
}

fn check<'b>(key: &Key, buffer: &'b mut [u8]) -> Result<&'b [u8], WriteError> {
    let kind = MessageType::request(Method::BINDING);
    MessageBuilder::new(buffer, kind, TransactionId(TRANSACTION_ID))
        .with(&Username(USERNAME))
        .with(&Priority(CHECK.priority))
        .with(&IceControlling(CHECK.tie_breaker))
        .sign(key, Integrity::Sha1)
        .fingerprint()
        .finish()
}

/// Whether all are genuine.
pub(crate) fn vectors() -> impl FnMut(&'static [Vec<u8>]) -> bool {
    let key = Key::new(PASSWORD.as_bytes());
    move |messages| {
        messages.iter().all(|bytes| {
            Message::parse(bytes).is_ok_and(|m| m.has_fingerprint() && m.verify(&key).is_ok())
        })
    }
}
