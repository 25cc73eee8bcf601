//! Who may log in.
use super::ServeError;
use std::{fmt, time::Duration};
use turn_proto::Users;

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

    /// Whether nobody can log in.
    pub fn is_empty(&self) -> bool {
        self.users.is_empty() && self.secrets.is_empty()
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
        Ok(self.secrets.iter().fold(users, |users, s| users.with_shared_secret(s, origin)))
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
