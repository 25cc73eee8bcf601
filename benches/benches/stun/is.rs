//! is, of str0m: reads what its agent needs. It refuses a response without integrity, so it has
//! no part in that job, and it takes a wrong fingerprint for right.
use benches::messages::{CHECK, Check, ICE_CHECK, PASSWORD, RFC_5769, USERNAME};
use core::hint::black_box;
use is::{
    DefaultSha1HmacProvider, Sha1HmacProvider,
    stun::{StunMessage, TransId},
};

fn hmac(key: &[u8], payloads: &[&[u8]]) -> [u8; 20] {
    DefaultSha1HmacProvider.sha1_hmac(key, payloads)
}

/// What the check says, if it is signed and meant for us.
pub(crate) fn verify(bytes: &[u8]) -> Option<Check> {
    let message = StunMessage::parse(bytes).ok()?;
    if !message.verify(PASSWORD.as_bytes(), hmac) || message.username()? != USERNAME {
        return None;
    }
    Some(Check { priority: message.prio()?, tie_breaker: message.ice_controlling()? })
}

/// The check, written into one buffer over and over. Its order of attributes is its own.
pub(crate) fn write() -> impl FnMut(()) -> usize {
    let id = StunMessage::parse(&ICE_CHECK).expect("a check").trans_id();
    let mut buffer = [0; 128];
    let len = check(id, &mut buffer);
    assert_eq!(verify(&buffer[..len]), Some(CHECK));
    move |()| {
        let len = check(id, black_box(&mut buffer));
        black_box(&buffer[..len]).len()
    }
}

fn check(id: TransId, buffer: &mut [u8]) -> usize {
    StunMessage::binding_request(USERNAME, id, true, CHECK.tie_breaker, CHECK.priority, false)
        .to_bytes(Some(PASSWORD.as_bytes()), buffer, hmac)
        .unwrap_or(0)
}

/// Whether all are signed.
pub(crate) fn vectors(messages: &[Vec<u8>]) -> bool {
    messages.len() == RFC_5769.len()
        && messages.iter().all(|bytes| {
            StunMessage::parse(bytes).is_ok_and(|m| m.verify(PASSWORD.as_bytes(), hmac))
        })
}
