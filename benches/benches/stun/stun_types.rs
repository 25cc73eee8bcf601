//! stun-types, with its kept key schedule. It has no types for the attributes of ICE.
use benches::messages::{CHECK, Check, ICE_CHECK, PASSWORD, TRANSACTION_ID, USERNAME};
use core::{hint::black_box, net::SocketAddr};
use stun_types::{
    attribute::{AttributeType, Fingerprint, RawAttribute, Username, XorMappedAddress},
    message::{
        BINDING, IntegrityAlgorithm, IntegrityKey, Message, MessageClass, MessageType,
        MessageWriteMutSlice, ShortTermCredentials, StunWriteError, TransactionId,
    },
    prelude::*,
};

const PRIORITY: AttributeType = AttributeType::new(0x0024);
const ICE_CONTROLLING: AttributeType = AttributeType::new(0x802a);

fn key() -> IntegrityKey {
    ShortTermCredentials::new(PASSWORD.to_owned()).make_key()
}

/// The mapped address.
pub(crate) fn response(bytes: &[u8]) -> Option<SocketAddr> {
    let message = Message::from_bytes(bytes).ok()?;
    let mapped = message.attribute::<XorMappedAddress>().ok()?;
    Some(mapped.addr(message.transaction_id()))
}

/// What the check says, if it is genuine and meant for us.
pub(crate) fn verify() -> impl FnMut(&'static [u8]) -> Option<Check> {
    let key = key();
    move |bytes| {
        let message = Message::from_bytes(bytes).ok()?;
        message.validate_integrity_with_key(&key).ok()?;
        let username = message.attribute::<Username>().ok()?;
        if !message.has_attribute(Fingerprint::TYPE) || username.username() != USERNAME {
            return None;
        }
        let priority = message.raw_attribute(PRIORITY)?;
        let tie_breaker = message.raw_attribute(ICE_CONTROLLING)?;
        Some(Check {
            priority: u32::from_be_bytes(priority.value.as_ref().try_into().ok()?),
            tie_breaker: u64::from_be_bytes(tie_breaker.value.as_ref().try_into().ok()?),
        })
    }
}

/// The check, written into one buffer over and over.
pub(crate) fn write() -> impl FnMut(()) -> usize {
    let (key, mut buffer) = (key(), [0; 128]);
    assert_eq!(check(&key, &mut buffer).expect("a check"), ICE_CHECK.len());
    assert_eq!(buffer[..ICE_CHECK.len()], ICE_CHECK[..]);
    move |()| {
        let len = check(&key, black_box(&mut buffer)).unwrap_or(0);
        black_box(&buffer[..len]).len()
    }
}

fn check(key: &IntegrityKey, buffer: &mut [u8]) -> Result<usize, StunWriteError> {
    let kind = MessageType::from_class_method(MessageClass::Request, BINDING);
    let mut id = [0; 16];
    id[4..].copy_from_slice(&TRANSACTION_ID);
    let id = TransactionId::from(u128::from_be_bytes(id));
    let mut message = Message::builder(kind, id, MessageWriteMutSlice::new(buffer));
    message.add_attribute(&Username::new(USERNAME)?)?;
    message.add_attribute(&RawAttribute::new(PRIORITY, &CHECK.priority.to_be_bytes()))?;
    message.add_attribute(&RawAttribute::new(ICE_CONTROLLING, &CHECK.tie_breaker.to_be_bytes()))?;
    message.add_message_integrity_with_key(key, IntegrityAlgorithm::Sha1)?;
    message.add_fingerprint()?;
    Ok(message.finish())
}

/// Whether all are genuine.
pub(crate) fn vectors() -> impl FnMut(&'static [Vec<u8>]) -> bool {
    let key = key();
    move |messages| {
        messages.iter().all(|bytes| {
            Message::from_bytes(bytes).is_ok_and(|m| {
                m.has_attribute(Fingerprint::TYPE) && m.validate_integrity_with_key(&key).is_ok()
            })
        })
    }
}
