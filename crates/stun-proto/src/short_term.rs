//! The short-term credential mechanism, where requests are received (RFC 8489 §9.1.3).
use crate::{Authenticated, Key, Message, Refusal, attribute::Username};
use core::borrow::Borrow;

/// Checks a request or an indication. `look_up` gives the key of a user name that is valid now.
///
/// [`Refusal::BadRequest`] is answered with 400 and [`Refusal::Unauthenticated`] with 401, neither
/// signed; an indication is dropped. There is no [`Refusal::StaleNonce`] here.
///
/// ```
/// use stun_proto::{Integrity, Key, Message, MessageBuilder, MessageType, Method, TransactionId};
/// use stun_proto::{attribute::Username, authenticate_short_term};
/// let key = Key::new(b"password");
/// let mut buffer = [0; 128];
/// let request = MessageType::request(Method::BINDING);
/// let bytes = MessageBuilder::new(&mut buffer, request, TransactionId([0; 12]))
///     .with(&Username("local:remote"))
///     .sign(&key, Integrity::Sha1)
///     .finish()?;
/// let message = Message::parse(bytes)?;
/// let user = authenticate_short_term(&message, |name| (name == "local:remote").then_some(&key));
/// assert_eq!(user.unwrap().integrity, Integrity::Sha1);
/// # Ok::<(), Box<dyn std::error::Error>>(())
/// ```
pub fn authenticate_short_term<K: Borrow<Key>>(
    message: &Message<'_>,
    look_up: impl FnOnce(&str) -> Option<K>,
) -> Result<Authenticated<K>, Refusal> {
    if message.integrity().is_none() {
        return Err(Refusal::BadRequest);
    }
    let name = message.get::<Username<'_>>().ok_or(Refusal::BadRequest)?;
    let key = look_up(name.0).ok_or(Refusal::Unauthenticated)?;
    match message.verify(key.borrow()) {
        Ok(integrity) => Ok(Authenticated { key, integrity }),
        Err(_) => Err(Refusal::Unauthenticated),
    }
}

#[cfg(test)]
mod tests {
    use super::authenticate_short_term;
    use crate::{
        Integrity, Key, Message, MessageBuilder, MessageType, Method, Refusal, TransactionId,
        attribute::Username,
    };

    fn verdict(name: Option<&str>, sign: Option<&Key>) -> Result<Integrity, Refusal> {
        let mut buffer = [0; 128];
        let kind = MessageType::request(Method::BINDING);
        let builder = MessageBuilder::new(&mut buffer, kind, TransactionId([0; 12]))
            .with_some(name.map(Username).as_ref());
        let bytes = match sign {
            Some(key) => builder.sign_both(key).finish(),
            None => builder.finish(),
        };
        let message = Message::parse(bytes.unwrap()).unwrap();
        let look_up = |name: &str| (name == "user").then(|| Key::new(b"pass"));
        authenticate_short_term(&message, look_up).map(|user| user.integrity)
    }

    #[test]
    fn checks_are_made_in_the_order_of_the_rfc() {
        let (good, bad) = (Key::new(b"pass"), Key::new(b"other"));
        assert_eq!(verdict(Some("user"), None), Err(Refusal::BadRequest));
        assert_eq!(verdict(None, Some(&good)), Err(Refusal::BadRequest));
        assert_eq!(verdict(Some("nobody"), Some(&good)), Err(Refusal::Unauthenticated));
        assert_eq!(verdict(Some("user"), Some(&bad)), Err(Refusal::Unauthenticated));
        assert_eq!(verdict(Some("user"), Some(&good)), Ok(Integrity::Sha256));
    }
}
