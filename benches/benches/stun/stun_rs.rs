//! stun-rs, with its validation on.
use benches::messages::{CHECK, Check, ICE_CHECK, PASSWORD, TRANSACTION_ID, USERNAME};
use core::{hint::black_box, net::SocketAddr};
use stun_rs::{
    DecoderContextBuilder, HMACKey, MessageClass, MessageDecoder, MessageDecoderBuilder,
    MessageEncoder, MessageEncoderBuilder, StunMessageBuilder, TransactionId,
    attributes::{
        ice::{IceControlling, Priority},
        stun::{Fingerprint, MessageIntegrity, UserName, XorMappedAddress},
    },
    methods::BINDING,
};

fn key() -> HMACKey {
    HMACKey::new_short_term(PASSWORD).expect("a password")
}

fn validator() -> MessageDecoder {
    let context = DecoderContextBuilder::default().with_key(key()).with_validation().build();
    MessageDecoderBuilder::default().with_context(context).build()
}

/// The mapped address.
pub(crate) fn response() -> impl FnMut(&'static [u8]) -> Option<SocketAddr> {
    let decoder = MessageDecoderBuilder::default().build();
    move |bytes| {
        let (message, _) = decoder.decode(bytes).ok()?;
        let mapped = message.get::<XorMappedAddress>()?.as_xor_mapped_address().ok()?;
        Some(*mapped.socket_address())
    }
}

/// What the check says, if it is genuine and meant for us.
pub(crate) fn verify() -> impl FnMut(&'static [u8]) -> Option<Check> {
    let decoder = validator();
    move |bytes| {
        let (message, _) = decoder.decode(bytes).ok()?;
        message.get::<MessageIntegrity>()?;
        message.get::<Fingerprint>()?;
        if message.get::<UserName>()?.as_user_name().ok()?.as_str() != USERNAME {
            return None;
        }
        let priority = message.get::<Priority>()?.as_priority().ok()?.as_u32();
        let tie_breaker = message.get::<IceControlling>()?.as_ice_controlling().ok()?.as_u64();
        Some(Check { priority, tie_breaker })
    }
}

/// The check, written into one buffer over and over.
pub(crate) fn write() -> impl FnMut(()) -> usize {
    let (encoder, key, mut buffer) = (MessageEncoderBuilder::default().build(), key(), [0; 128]);
    let len = check(&encoder, &key, &mut buffer).expect("a check");
    assert_eq!(buffer[..len], ICE_CHECK[..]);
    move |()| {
        let len = check(&encoder, &key, black_box(&mut buffer)).unwrap_or(0);
        black_box(&buffer[..len]).len()
    }
}

fn check(encoder: &MessageEncoder, key: &HMACKey, buffer: &mut [u8]) -> Option<usize> {
    let message = StunMessageBuilder::new(BINDING, MessageClass::Request)
        .with_transaction_id(TransactionId::from(TRANSACTION_ID))
        .with_attribute(UserName::new(USERNAME).ok()?)
        .with_attribute(Priority::new(CHECK.priority))
        .with_attribute(IceControlling::new(CHECK.tie_breaker))
        .with_attribute(MessageIntegrity::new(key.clone()))
        .with_attribute(Fingerprint::default())
        .build();
    encoder.encode(buffer, &message).ok()
}

/// Whether all are genuine.
pub(crate) fn vectors() -> impl FnMut(&'static [Vec<u8>]) -> bool {
    let decoder = validator();
    move |messages| {
        messages.iter().all(|bytes| {
            decoder.decode(bytes).is_ok_and(|(message, _)| {
                message.get::<MessageIntegrity>().is_some()
                    && message.get::<Fingerprint>().is_some()
            })
        })
    }
}
