//! rtc-stun, with one message object used again and again, and its default provider of HMAC.
use benches::messages::{CHECK, Check, ICE_CHECK, PASSWORD, TRANSACTION_ID, USERNAME};
use core::{hint::black_box, net::SocketAddr};
use rtc_crypto::RTCCryptoProvider;
use rtc_stun::{
    attributes::{ATTR_ICE_CONTROLLING, ATTR_PRIORITY, ATTR_USERNAME},
    fingerprint::FINGERPRINT,
    integrity::MessageIntegrity,
    message::{BINDING_REQUEST, Getter, Message, Setter, TransactionId},
    textattrs::TextAttribute,
    xoraddr::XorMappedAddress,
};
use std::sync::Arc;

fn provider() -> Arc<dyn RTCCryptoProvider> {
    rtc_crypto::default_provider().expect("a provider that is built in")
}

/// The mapped address.
pub(crate) fn response() -> impl FnMut(&'static [u8]) -> Option<SocketAddr> {
    let mut message = Message::new();
    move |bytes| {
        message.write(bytes).ok()?;
        let mut mapped = XorMappedAddress::default();
        mapped.get_from(&message).ok()?;
        Some(SocketAddr::new(mapped.ip, mapped.port))
    }
}

/// What the check says, if it is genuine and meant for us.
pub(crate) fn verify() -> impl FnMut(&'static [u8]) -> Option<Check> {
    let (provider, mut message) = (provider(), Message::new());
    move |bytes| {
        is_genuine(&mut message, bytes, &*provider).then_some(())?;
        let username = TextAttribute::get_from_as(&message, ATTR_USERNAME).ok()?;
        let priority = message.get(ATTR_PRIORITY).ok()?;
        let tie_breaker = message.get(ATTR_ICE_CONTROLLING).ok()?;
        (username.text == USERNAME).then_some(Check {
            priority: u32::from_be_bytes(priority.try_into().ok()?),
            tie_breaker: u64::from_be_bytes(tie_breaker.try_into().ok()?),
        })
    }
}

fn is_genuine(message: &mut Message, bytes: &[u8], provider: &dyn RTCCryptoProvider) -> bool {
    message.write(bytes).is_ok()
        && FINGERPRINT.check(message).is_ok()
        && MessageIntegrity::check(message, PASSWORD.as_bytes(), provider.crypto()).is_ok()
}

/// The check, written into one message object over and over.
pub(crate) fn write() -> impl FnMut(()) -> usize {
    let (provider, mut message) = (provider(), Message::new());
    check(&mut message, &*provider).expect("room for the check");
    assert_eq!(message.raw, *ICE_CHECK);
    move |()| match check(&mut message, &*provider) {
        Ok(()) => black_box(&message.raw).len(),
        Err(_) => 0,
    }
}

fn check(
    message: &mut Message,
    provider: &dyn RTCCryptoProvider,
) -> Result<(), impl core::fmt::Debug + use<>> {
    message.reset();
    message.write_header();
    BINDING_REQUEST.add_to(message)?;
    TransactionId(TRANSACTION_ID).add_to(message)?;
    TextAttribute::new(ATTR_USERNAME, USERNAME.to_owned()).add_to(message)?;
    message.add(ATTR_PRIORITY, &CHECK.priority.to_be_bytes());
    message.add(ATTR_ICE_CONTROLLING, &CHECK.tie_breaker.to_be_bytes());
    let password = PASSWORD.to_owned();
    MessageIntegrity::new_short_term_integrity_with_provider(password, provider.crypto())
        .add_to(message)?;
    FINGERPRINT.add_to(message)
}

/// Whether all are genuine.
pub(crate) fn vectors() -> impl FnMut(&'static [Vec<u8>]) -> bool {
    let (provider, mut message) = (provider(), Message::new());
    move |messages| messages.iter().all(|bytes| is_genuine(&mut message, bytes, &*provider))
}
