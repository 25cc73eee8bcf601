//! Credentials that end at a time written in the user name, made from a secret that only the
//! servers share (draft-uberti-rtcweb-turn-rest §2.2).
use crate::base64;
use alloc::string::String;
use core::time::Duration;
use hmac::{Hmac, KeyInit, Mac};
use sha1::Sha1;

/// The password that belongs to a user name `"<unix time>:<anything>"`: HMAC-SHA1 with the shared
/// secret, in base64.
///
/// ```
/// use stun_proto::turn_rest;
/// let password = turn_rest::password(b"north", "1433895918506:12345");
/// assert_eq!(password.len(), 28);
/// ```
pub fn password(secret: &[u8], username: &str) -> String {
    let Ok(mut mac) = Hmac::<Sha1>::new_from_slice(secret) else {
        return String::new(); // HMAC takes keys of any length
    };
    mac.update(username.as_bytes());
    base64::encode(&mac.finalize().into_bytes())
}

/// Until when such a user name is good, as time since 1970. `None`: it does not begin with one.
pub fn expiry(username: &str) -> Option<Duration> {
    let time = username.split_once(':').map_or(username, |(time, _)| time);
    time.parse().ok().map(Duration::from_secs)
}

#[cfg(test)]
mod tests {
    use super::{expiry, password};
    use core::time::Duration;

    #[test]
    fn password_is_the_hmac_of_the_name() {
        // `printf %s name | openssl dgst -sha1 -hmac secret -binary | base64`
        assert_eq!(password(b"secret", "1700000000:alice"), "d8soP47RbdIKLDUOpnJPVQyq5Ts=");
    }

    #[test]
    fn expiry_is_read_from_the_name() {
        assert_eq!(expiry("1700000000:alice"), Some(Duration::from_secs(1_700_000_000)));
        assert_eq!(expiry("1700000000"), Some(Duration::from_secs(1_700_000_000)));
        assert_eq!(expiry("alice:1700000000"), None);
    }
}
