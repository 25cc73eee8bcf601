//! The username fragment and password that tie checks to a session (RFC 8445 §5.3).
use alloc::{boxed::Box, sync::Arc};
use core::fmt;
use stun_proto::{Entropy, Key};
use thiserror::Error;

/// Lengths that the grammar allows (RFC 8839 §5.4).
const UFRAG: core::ops::RangeInclusive<usize> = 4..=256;
const PWD: core::ops::RangeInclusive<usize> = 22..=256;

/// What one agent must know of the other to send it checks. `Debug` hides the password.
///
/// ```
/// use ice_proto::IceCredentials;
/// let credentials = IceCredentials::new("8hhY", "asd88fgpdd777uzjYhagZg")?;
/// assert_eq!(&*credentials.ufrag, "8hhY");
/// assert!(!format!("{credentials:?}").contains("asd88"));
/// # Ok::<(), ice_proto::CredentialsError>(())
/// ```
#[derive(Clone, PartialEq, Eq)]
pub struct IceCredentials {
    /// 4 to 256 letters, digits, `+` and `/`, of which at least 24 bits are random.
    pub ufrag: Arc<str>,
    /// 22 to 256 letters, digits, `+` and `/`, of which at least 128 bits are random.
    pub pwd: Arc<str>,
}

impl IceCredentials {
    /// Checks lengths and characters (RFC 8839 §5.4).
    pub fn new(ufrag: &str, pwd: &str) -> Result<Self, CredentialsError> {
        let this = Self { ufrag: ufrag.into(), pwd: pwd.into() };
        this.validate().map(|()| this)
    }

    pub(crate) fn validate(&self) -> Result<(), CredentialsError> {
        if !UFRAG.contains(&self.ufrag.len()) {
            return Err(CredentialsError::UfragLength(self.ufrag.len()));
        }
        if !PWD.contains(&self.pwd.len()) {
            return Err(CredentialsError::PwdLength(self.pwd.len()));
        }
        let ice_char = |byte: u8| byte.is_ascii_alphanumeric() || byte == b'+' || byte == b'/';
        if !self.ufrag.bytes().chain(self.pwd.bytes()).all(ice_char) {
            return Err(CredentialsError::Character);
        }
        Ok(())
    }

    /// Makes credentials of random bytes: 48 bits of ufrag, 144 bits of password.
    pub(crate) fn generate(random: [u8; 32]) -> Self {
        const ALPHABET: &[u8; 64] =
            b"ABCDEFGHIJKLMNOPQRSTUVWXYZabcdefghijklmnopqrstuvwxyz0123456789+/";
        let text = random.map(|byte| ALPHABET[usize::from(byte & 63)]);
        // The alphabet is ASCII.
        let text = core::str::from_utf8(&text).unwrap_or_default();
        let (ufrag, pwd) = text.split_at(8);
        Self { ufrag: ufrag.into(), pwd: pwd.into() }
    }
}

impl IceCredentials {
    /// Makes credentials whose username fragment is not taken: several sessions behind one socket are
    /// told apart by it.
    pub(crate) fn unlike(entropy: &mut Entropy, is_taken: impl Fn(&str) -> bool) -> Self {
        loop {
            let credentials = Self::generate(entropy.secret());
            if !is_taken(&credentials.ufrag) {
                return credentials;
            }
        }
    }
}

impl fmt::Debug for IceCredentials {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.debug_struct("IceCredentials").field("ufrag", &self.ufrag).finish_non_exhaustive()
    }
}

/// The credentials of this agent, ready for use.
#[derive(Debug)]
pub(crate) struct LocalSecret {
    pub credentials: IceCredentials,
    /// Checks requests of the peer and signs responses to them.
    pub key: Key,
}

impl LocalSecret {
    pub(crate) fn new(credentials: IceCredentials) -> Self {
        Self { key: Key::new(credentials.pwd.as_bytes()), credentials }
    }

    /// The username fragment of who sends a request with this USERNAME, "ours:theirs"
    /// (RFC 8445 §7.2.2). `None`: it is for another agent.
    pub(crate) fn sender_in<'a>(&self, username: &'a [u8]) -> Option<&'a [u8]> {
        username.strip_prefix(self.credentials.ufrag.as_bytes())?.strip_prefix(b":")
    }
}

/// The credentials of the peer, ready for use.
#[derive(Debug)]
pub(crate) struct RemoteSecret {
    pub credentials: IceCredentials,
    /// Signs requests to the peer and checks its responses.
    pub key: Key,
    /// "theirs:ours" (RFC 8445 §7.2.2).
    pub username: Box<str>,
}

impl RemoteSecret {
    pub(crate) fn new(credentials: IceCredentials, ours: &IceCredentials) -> Self {
        let username = [&*credentials.ufrag, &*ours.ufrag].join(":").into_boxed_str();
        Self { key: Key::new(credentials.pwd.as_bytes()), username, credentials }
    }

    /// Whether this is the username fragment of the peer.
    pub(crate) fn is_from(&self, ufrag: &[u8]) -> bool {
        *self.credentials.ufrag.as_bytes() == *ufrag
    }
}

/// Why credentials are not fit for use.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Error)]
pub enum CredentialsError {
    /// A username fragment has 4 to 256 characters.
    #[error("a username fragment has 4 to 256 characters, not {0}")]
    UfragLength(usize),
    /// A password has 22 to 256 characters.
    #[error("a password has 22 to 256 characters, not {0}")]
    PwdLength(usize),
    /// Only letters, digits, `+` and `/` are allowed.
    #[error("credentials consist of letters, digits, '+' and '/'")]
    Character,
    /// They differ from those that are in use, which a session keeps for life. A peer that restarts
    /// ICE changes the username fragment and the password (RFC 8445 §9): an agent takes both, or
    /// neither.
    #[error("other credentials are in use, and a restart changes both parts")]
    Changed,
    /// They are those that the peer had before the restart.
    #[error("these are the credentials of the peer from before the restart")]
    Former,
    /// They are those of this very agent, which cannot be its own peer.
    #[error("these are the credentials of this agent, not of a peer")]
    OwnUfrag,
    /// The agent is closed.
    #[error("the agent is closed")]
    Closed,
}

#[cfg(test)]
mod tests {
    use super::{CredentialsError, IceCredentials};

    #[test]
    fn generated_credentials_are_valid_and_long_enough() {
        let credentials =
            IceCredentials::generate(core::array::from_fn(|i| (i as u8).wrapping_mul(9)));
        assert_eq!(credentials.validate(), Ok(()));
        // 6 bits a character.
        assert!(credentials.ufrag.len() * 6 >= 24 && credentials.pwd.len() * 6 >= 128);
    }

    #[test]
    fn lengths_and_characters_are_checked() {
        let pwd = "asd88fgpdd777uzjYhagZg";
        assert_eq!(IceCredentials::new("abc", pwd), Err(CredentialsError::UfragLength(3)));
        assert_eq!(IceCredentials::new("abcd", &pwd[1..]), Err(CredentialsError::PwdLength(21)));
        assert_eq!(IceCredentials::new("ab:d", pwd), Err(CredentialsError::Character));
        let long = "a".repeat(257);
        assert_eq!(IceCredentials::new(&long, pwd), Err(CredentialsError::UfragLength(257)));
        assert_eq!(IceCredentials::new("abcd", &long), Err(CredentialsError::PwdLength(257)));
    }
}
