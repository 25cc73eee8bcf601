//! What is inside an access token, for servers and those who issue tokens (RFC 7635 §4, §6.2, §7).
use crate::{Key, attribute::AccessToken};
use aes_gcm::{
    Aes128Gcm, Aes256Gcm, KeyInit, Nonce,
    aead::{Aead, Payload},
};
use alloc::{boxed::Box, vec::Vec};
use core::{fmt, time::Duration};

#[cfg(test)]
mod tests;

/// The length of the nonce of AES-GCM, in bytes.
const NONCE_LEN: usize = 12;
/// How far the clocks of server and authorization server may be apart (RFC 7635 §7).
const DELTA: Duration = Duration::from_secs(5);

/// The key that a server shares with its authorization server. The server knows it by the `kid`
/// that clients send as USERNAME.
///
/// ```
/// use core::time::Duration;
/// use stun_proto::{TokenContents, TokenError, TokenKey, attribute::AccessToken};
/// let (server, nonce) = ("turn.example.org", *b"only one use");
/// let contents = TokenContents {
///     mac_key: b"twenty bytes of key.".to_vec(),
///     timestamp: 1_600_000_000 << 16,
///     lifetime_s: 3600,
/// };
/// // The authorization server and the TURN server share a key.
/// let key = TokenKey::aes256(&[7; 32]);
/// let sealed = key.seal(&contents, server, nonce)?;
/// let token = AccessToken { nonce: &nonce, sealed: &sealed };
///
/// let soon = Duration::from_secs(1_600_001_000);
/// assert_eq!(key.open(&token, server, soon)?.mac_key, contents.mac_key);
/// let late = Duration::from_secs(1_600_004_000);
/// assert_eq!(key.open(&token, server, late).err(), Some(TokenError::Expired));
/// assert_eq!(key.open(&token, "other", soon).err(), Some(TokenError::NotAuthentic));
/// # Ok::<(), TokenError>(())
/// ```
pub struct TokenKey(Cipher);

enum Cipher {
    Aes128(Box<Aes128Gcm>),
    Aes256(Box<Aes256Gcm>),
}

/// What a token says.
#[derive(Clone, PartialEq, Eq)]
pub struct TokenContents {
    /// The key of the client's messages.
    pub mac_key: Vec<u8>,
    /// When it was issued: 48 bits of seconds since 1970, then 16 bits of 64,000ths of a second.
    pub timestamp: u64,
    /// How long it is good.
    pub lifetime_s: u32,
}

/// Why a token cannot be used.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Hash, thiserror::Error)]
pub enum TokenError {
    /// It was not made with this key for this server, or it was changed.
    #[error("the token was not issued for this server")]
    NotAuthentic,
    /// It is authentic, but its contents are not what they must be.
    #[error("the token is malformed")]
    Malformed,
    /// Its time is over, or has not come.
    #[error("the token is not valid now")]
    Expired,
}

impl TokenKey {
    /// A key for A256GCM, which every server takes.
    pub fn aes256(key: &[u8; 32]) -> Self {
        Self(Cipher::Aes256(Box::new(Aes256Gcm::new(key.into()))))
    }

    /// A key for A128GCM.
    pub fn aes128(key: &[u8; 16]) -> Self {
        Self(Cipher::Aes128(Box::new(Aes128Gcm::new(key.into()))))
    }

    /// Opens the token of a request (RFC 7635 §7) at `unix_time` since 1970. `server_name` is the
    /// one that THIRD-PARTY-AUTHORIZATION names.
    pub fn open(
        &self,
        token: &AccessToken<'_>,
        server_name: &str,
        unix_time: Duration,
    ) -> Result<TokenContents, TokenError> {
        let nonce: [u8; NONCE_LEN] =
            token.nonce.try_into().map_err(|_| TokenError::NotAuthentic)?;
        let payload = Payload { msg: token.sealed, aad: server_name.as_bytes() };
        let nonce = Nonce::from(nonce);
        let plain = match &self.0 {
            Cipher::Aes128(cipher) => cipher.decrypt(&nonce, payload),
            Cipher::Aes256(cipher) => cipher.decrypt(&nonce, payload),
        };
        let plain = plain.map_err(|_| TokenError::NotAuthentic)?;
        let contents = TokenContents::parse(&plain).ok_or(TokenError::Malformed)?;
        // RFC 7635 §7: lifetime + 5 s > abs(now - timestamp).
        let is_valid = !contents.remaining(unix_time).is_zero();
        if is_valid { Ok(contents) } else { Err(TokenError::Expired) }
    }

    /// Seals a token, as an authorization server does: the value of
    /// [`AccessToken::sealed`]. A nonce must not be used twice with a key.
    pub fn seal(
        &self,
        contents: &TokenContents,
        server_name: &str,
        nonce: [u8; NONCE_LEN],
    ) -> Result<Vec<u8>, TokenError> {
        let plain = contents.write().ok_or(TokenError::Malformed)?;
        let payload = Payload { msg: &plain, aad: server_name.as_bytes() };
        let nonce = Nonce::from(nonce);
        let sealed = match &self.0 {
            Cipher::Aes128(cipher) => cipher.encrypt(&nonce, payload),
            Cipher::Aes256(cipher) => cipher.encrypt(&nonce, payload),
        };
        sealed.map_err(|_| TokenError::Malformed)
    }
}

impl TokenContents {
    /// The key of the client's messages, ready for use.
    pub fn key(&self) -> Key {
        Key::new(&self.mac_key).with_sha256()
    }

    /// How long the token is still good at `unix_time` since 1970, and so how long an allocation made
    /// with it may last (RFC 7635 §9): lifetime + 5 s - abs(now - timestamp).
    pub fn remaining(&self, unix_time: Duration) -> Duration {
        let seconds = self.timestamp >> 16;
        let fraction = (self.timestamp & 0xFFFF) * 1_000_000_000 / 64_000;
        let issued = Duration::from_secs(seconds).saturating_add(Duration::from_nanos(fraction));
        let lifetime = Duration::from_secs(self.lifetime_s.into());
        lifetime.saturating_add(DELTA).saturating_sub(unix_time.abs_diff(issued))
    }

    fn parse(plain: &[u8]) -> Option<Self> {
        let (&length, rest) = plain.split_first_chunk()?;
        let (mac_key, rest) = rest.split_at_checked(usize::from(u16::from_be_bytes(length)))?;
        let (&timestamp, rest) = rest.split_first_chunk()?;
        Some(Self {
            mac_key: mac_key.to_vec(),
            timestamp: u64::from_be_bytes(timestamp),
            lifetime_s: u32::from_be_bytes(rest.try_into().ok()?),
        })
    }

    fn write(&self) -> Option<Vec<u8>> {
        let mut plain = Vec::with_capacity(14 + self.mac_key.len());
        plain.extend_from_slice(&u16::try_from(self.mac_key.len()).ok()?.to_be_bytes());
        plain.extend_from_slice(&self.mac_key);
        plain.extend_from_slice(&self.timestamp.to_be_bytes());
        plain.extend_from_slice(&self.lifetime_s.to_be_bytes());
        Some(plain)
    }
}

/// Keeps the key to itself.
impl fmt::Debug for TokenKey {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.debug_struct("TokenKey").finish_non_exhaustive()
    }
}

/// Keeps the key to itself.
impl fmt::Debug for TokenContents {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.debug_struct("TokenContents")
            .field("timestamp", &self.timestamp)
            .field("lifetime_s", &self.lifetime_s)
            .finish_non_exhaustive()
    }
}
