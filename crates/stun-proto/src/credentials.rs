//! User name and password, and the keys made from them (RFC 8489 §9.1.1, §9.2.2, §14.4, §18.5).
use crate::{
    Key, PrepareError,
    attribute::{AccessToken, Algorithm, Userhash},
    opaque_string, sasl_prep,
};
use alloc::{borrow::Cow, boxed::Box, string::String, vec::Vec};
use core::fmt;
use md5::{Digest, Md5};
use sha2::Sha256;

type Prepare = fn(&str) -> Result<Cow<'_, str>, PrepareError>;

/// A user name and a password, prepared; or a token in the place of both (RFC 7635).
///
/// ```
/// use stun_proto::{Credentials, attribute::Algorithm};
/// let user = Credentials::new("user", "pass")?;
/// let key = user.long_term_key("realm", Algorithm::Sha256)?;
/// # Ok::<(), stun_proto::PrepareError>(())
/// ```
#[derive(Clone)]
pub struct Credentials {
    username: String,
    secret: Secret,
}

#[derive(Clone)]
enum Secret {
    Password { password: String, prepare: Prepare },
    Token { token: Token, key: Box<Key> },
}

/// An access token as it came from the authorization server.
#[derive(Clone)]
struct Token {
    nonce: Vec<u8>,
    sealed: Vec<u8>,
}

impl Credentials {
    /// Prepares both by OpaqueString (RFC 8265).
    pub fn new(username: &str, password: &str) -> Result<Self, PrepareError> {
        Self::prepared(username, password, opaque_string)
    }

    /// Prepares both by SASLprep, for servers of RFC 5389. Makes no difference for printable
    /// ASCII.
    pub fn rfc5389(username: &str, password: &str) -> Result<Self, PrepareError> {
        Self::prepared(username, password, sasl_prep)
    }

    /// An access token and its key (RFC 7635 §3): `kid` tells the server which key opens the token.
    /// Once it has expired, the client is to be given new credentials.
    pub fn token(kid: &str, token: AccessToken<'_>, mac_key: &[u8]) -> Self {
        let token = Token { nonce: token.nonce.to_vec(), sealed: token.sealed.to_vec() };
        let key = Box::new(Key::new(mac_key).with_sha256());
        Self { username: kid.into(), secret: Secret::Token { token, key } }
    }

    fn prepared(username: &str, password: &str, prepare: Prepare) -> Result<Self, PrepareError> {
        // RFC 8489 §9.2.2: without trailing nulls, which no profile takes.
        let password = prepare(password.trim_end_matches('\0'))?.into_owned();
        Ok(Self {
            username: prepare(username.trim_end_matches('\0'))?.into_owned(),
            secret: Secret::Password { password, prepare },
        })
    }

    /// The user name, prepared.
    pub fn username(&self) -> &str {
        &self.username
    }

    /// The token, if this is one.
    pub fn access_token(&self) -> Option<AccessToken<'_>> {
        match &self.secret {
            Secret::Password { .. } => None,
            Secret::Token { token, .. } => {
                Some(AccessToken { nonce: &token.nonce, sealed: &token.sealed })
            }
        }
    }

    /// The key of a short-term credential.
    pub fn short_term_key(&self) -> Key {
        match &self.secret {
            Secret::Password { password, .. } => Key::new(password.as_bytes()),
            Secret::Token { key, .. } => (**key).clone(),
        }
    }

    /// The key of a long-term credential in this realm; of a token its own.
    pub fn long_term_key(&self, realm: &str, algorithm: Algorithm) -> Result<Key, PrepareError> {
        let (password, prepare) = match &self.secret {
            Secret::Password { password, prepare } => (password, prepare),
            Secret::Token { key, .. } => return Ok((**key).clone()),
        };
        let parts = [unquoted(&self.username), &prepare(unquoted(realm))?, password];
        Ok(match algorithm {
            Algorithm::Md5 => Key::new(&joined::<Md5>(&parts)),
            Algorithm::Sha256 => Key::new(&joined::<Sha256>(&parts)),
        }
        .with_sha256())
    }

    /// The bytes of that key: the hash of name, realm and password, for whoever keeps keys rather
    /// than passwords (RFC 8489 §9.2.2). `None`: there is no password, but a token.
    pub fn long_term_key_bytes(&self, realm: &str, algorithm: Algorithm) -> Option<Vec<u8>> {
        let Secret::Password { password, prepare } = &self.secret else { return None };
        let parts = [unquoted(&self.username), &prepare(unquoted(realm)).ok()?, password];
        Some(match algorithm {
            Algorithm::Md5 => joined::<Md5>(&parts).to_vec(),
            Algorithm::Sha256 => joined::<Sha256>(&parts).to_vec(),
        })
    }

    /// What stands for the user name where it is to stay unknown (RFC 8489 §14.4).
    pub fn userhash(&self, realm: &str) -> Result<Userhash, PrepareError> {
        let prepare = match &self.secret {
            Secret::Password { prepare, .. } => *prepare,
            Secret::Token { .. } => opaque_string,
        };
        let realm = prepare(unquoted(realm))?;
        Ok(Userhash(joined::<Sha256>(&[&self.username, &realm]).into()))
    }
}

/// RFC 8489 §9.2.2: without quotes and trailing nulls.
fn unquoted(text: &str) -> &str {
    let text = text.trim_end_matches('\0');
    text.strip_prefix('"').and_then(|text| text.strip_suffix('"')).unwrap_or(text)
}

/// The hash of the parts with colons between them.
fn joined<D: Digest>(parts: &[&str]) -> hmac::digest::Output<D> {
    let mut hash = D::new();
    for (i, part) in parts.iter().enumerate() {
        if i > 0 {
            hash.update(b":");
        }
        hash.update(part.as_bytes());
    }
    hash.finalize()
}

/// Keeps the password to itself.
impl fmt::Debug for Credentials {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.debug_struct("Credentials").field("username", &self.username).finish_non_exhaustive()
    }
}

#[cfg(test)]
mod tests {
    use super::{Credentials, joined};
    use crate::{Key, attribute::Algorithm};
    use md5::Md5;
    use sha2::Sha256;

    #[test]
    fn md5_example_of_section_9_2_2_holds() {
        let key: [u8; 16] = joined::<Md5>(&["user", "realm", "pass"]).into();
        assert_eq!(u128::from_be_bytes(key), 0x8493_fbc5_3ba5_82fb_4c04_4c45_6bdc_40eb);
    }

    /// RFC 8489 appendix B.1, hashed with the length that its header has.
    #[test]
    fn sha256_key_of_appendix_b_1_gives_its_mac() {
        let name = "\u{30DE}\u{30C8}\u{30EA}\u{30C3}\u{30AF}\u{30B9}";
        let user = Credentials::new(name, "TheMatrIX").unwrap();
        let key = user.long_term_key("example.org", Algorithm::Sha256).unwrap();
        let mut bytes = alloc::vec![0, 1, 0, 0x9C, 0x21, 0x12, 0xA4, 0x42];
        bytes.extend_from_slice(&0x78ad_3433_c6ad_72c0_29da_412e_u128.to_be_bytes()[4..]);
        bytes.extend_from_slice(&[0, 0x1E, 0, 32]);
        bytes.extend_from_slice(&user.userhash("example.org").unwrap().0);
        bytes.extend_from_slice(&[0, 0x15, 0, 41]);
        bytes.extend_from_slice(b"obMatJos2AAACf//499k954d6OL34oL9FSTvy64sA\0\0\0");
        bytes.extend_from_slice(&[0, 0x14, 0, 11]);
        bytes.extend_from_slice(b"example.org\0");
        let mac = key.sha256(&bytes, 0x9C);
        let (head, tail) = mac.as_flattened().split_at(16);
        assert_eq!(head, 0xe468_6c8f_0ede_b590_13e0_7090_010a_93ef_u128.to_be_bytes());
        assert_eq!(tail, 0xccbc_cc54_4c0a_45d9_f830_aa6d_6f73_5a01_u128.to_be_bytes());
    }

    /// The MAC of nothing in particular, to tell keys apart.
    fn mac(key: &Key) -> [[u8; 4]; 5] {
        key.sha1(&[0; 20], 0)
    }

    #[test]
    fn name_realm_and_password_are_prepared() {
        let plain = Credentials::new("us\u{E9}r", "p\u{E9}ss").unwrap();
        let apart = Credentials::new("us\u{65}\u{301}r", "p\u{65}\u{301}ss").unwrap();
        assert_eq!(apart.username(), "us\u{E9}r");
        let short = Key::new("p\u{E9}ss".as_bytes());
        assert_eq!(mac(&apart.short_term_key()), mac(&short));
        let long =
            |user: &Credentials, realm| mac(&user.long_term_key(realm, Algorithm::Md5).unwrap());
        assert_eq!(long(&apart, "r\u{65}\u{301}alm"), long(&plain, "r\u{E9}alm"));
        let hash = joined::<Sha256>(&["us\u{E9}r", "r\u{E9}alm"]);
        assert_eq!(apart.userhash("r\u{65}\u{301}alm").unwrap().0, <[u8; 32]>::from(hash));
    }

    #[test]
    fn quotes_and_nulls_do_not_count() {
        let user = Credentials::new("user", "pass").unwrap();
        let other = Credentials::new("\"user\"\0", "pass\0\0").unwrap();
        let mine = user.long_term_key("realm", Algorithm::Md5).unwrap();
        let theirs = other.long_term_key("\"realm\"\0", Algorithm::Md5).unwrap();
        assert_eq!(mac(&mine), mac(&theirs));
        assert_eq!(user.userhash("\"realm\"\0"), user.userhash("realm"));
        assert_ne!(user.userhash("realm"), user.userhash("other"));
    }

    #[test]
    fn debug_does_not_show_the_password() {
        let user = Credentials::new("user", "hunter2").unwrap();
        assert!(!alloc::format!("{user:?}").contains("hunter2"));
    }
}
