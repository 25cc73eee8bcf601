//! Who may log in.
use super::ServeError;
use std::{fmt, time::Duration};
use stun_proto::TokenKey;
use turn_proto::{ThirdParty, Users};

/// Users with their passwords or keys, and secrets that make users for a time (TURN REST,
/// draft-uberti-rtcweb-turn-rest). Shows none of them.
///
/// ```
/// use spool::Accounts;
/// let accounts = Accounts::new().password("alice", "wonderland").secret(b"shared with the web server");
/// assert!(!format!("{accounts:?}").contains("wonderland"));
/// ```
#[derive(Clone, Default)]
pub struct Accounts {
    users: Vec<(String, Proof)>,
    secrets: Vec<Vec<u8>>,
    third_party: Option<Authorization>,
}

/// Whose tokens are taken.
#[derive(Clone)]
struct Authorization {
    server_name: String,
    keys: Vec<(String, TokenSecret)>,
}

/// A key that an authorization server seals its tokens with (RFC 7635 §4.1). Does not show itself.
#[derive(Clone)]
pub enum TokenSecret {
    /// For A128GCM.
    Aes128([u8; 16]),
    /// For A256GCM.
    Aes256([u8; 32]),
}

impl TokenSecret {
    fn key(&self) -> TokenKey {
        match self {
            Self::Aes128(key) => TokenKey::aes128(key),
            Self::Aes256(key) => TokenKey::aes256(key),
        }
    }
}

impl fmt::Debug for TokenSecret {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str(match self {
            Self::Aes128(_) => "Aes128",
            Self::Aes256(_) => "Aes256",
        })
    }
}

#[derive(Clone)]
enum Proof {
    Password(String),
    Keys([u8; 16], [u8; 32]),
}

impl Accounts {
    /// Nobody.
    pub fn new() -> Self {
        Self::default()
    }

    /// Adds a user, or gives one another password.
    #[must_use]
    pub fn password(mut self, name: &str, password: &str) -> Self {
        self.users.push((name.to_owned(), Proof::Password(password.to_owned())));
        self
    }

    /// Adds a user whose password is not known here, by the hashes of name, realm and password with
    /// colons between them: MD5 and SHA-256 (RFC 8489 §9.2.2).
    #[must_use]
    pub fn keys(mut self, name: &str, md5: [u8; 16], sha256: [u8; 32]) -> Self {
        self.users.push((name.to_owned(), Proof::Keys(md5, sha256)));
        self
    }

    /// Takes the users that somebody makes with this secret. Of several any will do, so that one
    /// can take over from another.
    #[must_use]
    pub fn secret(mut self, secret: &[u8]) -> Self {
        self.secrets.push(secret.to_vec());
        self
    }

    /// Takes the clients that an authorization server gave a token for `server_name`, sealed with one
    /// of these keys, each with its `kid` (RFC 7635). All clients of a key count as one user.
    #[must_use]
    pub fn tokens(mut self, server_name: &str, keys: Vec<(String, TokenSecret)>) -> Self {
        self.third_party = Some(Authorization { server_name: server_name.to_owned(), keys });
        self
    }

    /// Whether nobody can log in.
    pub fn is_empty(&self) -> bool {
        self.users.is_empty() && self.secrets.is_empty() && self.third_party.is_none()
    }

    /// For a realm, at machine time zero so long after 1970.
    pub(super) fn users(&self, realm: &str, origin: Duration) -> Result<Users, ServeError> {
        let mut users = Users::new(realm);
        for (name, proof) in &self.users {
            let added = match proof {
                Proof::Password(password) => users.insert(name, password),
                Proof::Keys(md5, sha256) => users.insert_keys(name, md5, sha256),
            };
            added.map_err(|source| ServeError::Account { name: name.clone(), source })?;
        }
        let users = self.secrets.iter().fold(users, |users, s| users.with_shared_secret(s, origin));
        let Some(Authorization { server_name, keys }) = &self.third_party else {
            return Ok(users);
        };
        let third_party = ThirdParty::new(server_name, origin);
        let third_party =
            keys.iter().fold(third_party, |all, (kid, secret)| all.with_key(kid, secret.key()));
        Ok(users.with_third_party(third_party))
    }
}

impl fmt::Debug for Accounts {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        let users: Vec<_> = self.users.iter().map(|(name, _)| name).collect();
        f.debug_struct("Accounts")
            .field("users", &users)
            .field("secrets", &self.secrets.len())
            .finish_non_exhaustive()
    }
}
