//! Who may use a server (RFC 8489 §9.2.2).
use super::ThirdParty;
use alloc::{collections::BTreeMap, string::String, sync::Arc, vec::Vec};
use core::{borrow::Borrow, fmt, time::Duration};
use sans_io::Instant;
use stun_proto::{
    Credentials, Key, PrepareError, UserId,
    attribute::{Algorithm, Userhash},
    turn_rest,
};

/// The users of one realm. Keys are kept, passwords are not (RFC 8656 §6).
///
/// ```
/// use turn_proto::Users;
/// let users = Users::new("turn").with("alice", "wonderland")?.with("bob", "builder")?;
/// assert_eq!(users.len(), 2);
/// # Ok::<(), stun_proto::PrepareError>(())
/// ```
#[derive(Clone)]
pub struct Users {
    realm: String,
    by_name: BTreeMap<Arc<str>, Keys>,
    /// The names by what stands for them in a request (RFC 8489 §14.4).
    by_hash: BTreeMap<[u8; 32], Arc<str>>,
    secrets: Vec<Secret>,
    third_party: Option<ThirdParty>,
}

#[derive(Clone)]
struct Keys {
    md5: Key,
    sha256: Key,
}

/// A secret that makes users, see [`Users::with_shared_secret`].
#[derive(Clone)]
struct Secret {
    bytes: Vec<u8>,
    /// The time since 1970 at [`Instant::ZERO`].
    origin: Duration,
}

/// A user with the key of one algorithm.
pub(super) struct User {
    pub name: Arc<str>,
    /// Whom its allocations count for: the name, without the time where that was made up.
    pub account: Arc<str>,
    pub key: Key,
    /// The key is that of a token.
    pub session: Option<Session>,
}

/// What a token says besides (RFC 7635 §9).
#[derive(Clone, Copy, Debug)]
pub(super) struct Session {
    /// The end of it.
    pub until: Instant,
}

impl Borrow<Key> for User {
    fn borrow(&self) -> &Key {
        &self.key
    }
}

impl Users {
    /// Nobody. The realm names the set of users to clients (RFC 8489 §14.9); a server that uses it
    /// for more than this set confuses them. With at most four characters, what an unauthenticated
    /// request is answered with stays within 84 bytes.
    pub fn new(realm: impl Into<String>) -> Self {
        Self {
            realm: realm.into(),
            by_name: BTreeMap::new(),
            by_hash: BTreeMap::new(),
            secrets: Vec::new(),
            third_party: None,
        }
    }

    /// Adds a user, or gives one another password.
    pub fn with(mut self, username: &str, password: &str) -> Result<Self, PrepareError> {
        self.insert(username, password)?;
        Ok(self)
    }

    /// Adds a user, or gives one another password.
    pub fn insert(&mut self, username: &str, password: &str) -> Result<(), PrepareError> {
        let credentials = Credentials::new(username, password)?;
        let keys = Keys {
            md5: credentials.long_term_key(&self.realm, Algorithm::Md5)?,
            sha256: credentials.long_term_key(&self.realm, Algorithm::Sha256)?,
        };
        self.add(&credentials, keys)
    }

    /// Adds a user whose password is not known here: the keys are what
    /// [`Credentials::long_term_key_bytes`] makes of name, realm and password.
    pub fn insert_keys(
        &mut self,
        username: &str,
        md5: &[u8; 16],
        sha256: &[u8; 32],
    ) -> Result<(), PrepareError> {
        let name = Credentials::new(username, "none")?;
        self.add(&name, Keys { md5: Key::new(md5), sha256: Key::new(sha256).with_sha256() })
    }

    fn add(&mut self, credentials: &Credentials, keys: Keys) -> Result<(), PrepareError> {
        let name: Arc<str> = credentials.username().into();
        self.by_hash.insert(credentials.userhash(&self.realm)?.0, Arc::clone(&name));
        self.by_name.insert(name, keys);
        Ok(())
    }

    /// Whether there is a user of this name.
    pub fn contains(&self, username: &str) -> bool {
        Credentials::new(username, "none")
            .is_ok_and(|credentials| self.by_name.contains_key(credentials.username()))
    }

    /// Takes users besides whose names are `"<unix time>:<anything>"` and whose passwords were
    /// made from this secret, see [`stun_proto::turn_rest`], until that time. Allocations that they
    /// have by then go on; limits count what follows the colon, whatever the time before it.
    /// Several secrets add up, so that one may take over from another. `unix_time_at_zero` is the time since 1970 at [`Instant::ZERO`].
    #[must_use]
    pub fn with_shared_secret(mut self, secret: &[u8], unix_time_at_zero: Duration) -> Self {
        self.secrets.push(Secret { bytes: secret.to_vec(), origin: unix_time_at_zero });
        self
    }

    /// Takes the clients besides that somebody else has authorized, by their tokens.
    #[must_use]
    pub fn with_third_party(mut self, third_party: ThirdParty) -> Self {
        self.third_party = Some(third_party);
        self
    }

    /// Who authorizes clients besides.
    pub(super) const fn third_party(&self) -> Option<&ThirdParty> {
        self.third_party.as_ref()
    }

    /// Whether every user can be told by USERHASH, so that clients may keep their names to
    /// themselves (RFC 8489 §9.2.4). A name that a shared secret makes is not known before it comes.
    pub(super) const fn know_hashes(&self) -> bool {
        self.secrets.is_empty() && self.third_party.is_none()
    }

    /// The user whose name has this hash.
    pub(super) fn name_of(&self, hash: Userhash) -> Option<Arc<str>> {
        self.by_hash.get(&hash.0).cloned()
    }

    /// The realm.
    pub fn realm(&self) -> &str {
        &self.realm
    }

    /// How many were added.
    pub fn len(&self) -> usize {
        self.by_name.len()
    }

    /// Whether nobody was added.
    pub fn is_empty(&self) -> bool {
        self.by_name.is_empty()
    }

    /// The user of this name. `known`: the name has an allocation on the path that the request came
    /// on, so that its end does not matter. `proves`: the request is signed with this key, by which
    /// one of several secrets is told.
    pub(super) fn look_up(
        &self,
        now: Instant,
        user: UserId<'_>,
        algorithm: Algorithm,
        known: impl FnOnce(&str) -> bool,
        proves: impl Fn(&Key) -> bool,
    ) -> Option<User> {
        let name = match user {
            UserId::Name(name) => name,
            UserId::Hash(hash) => self.by_hash.get(&hash.0)?,
        };
        if let Some((name, keys)) = self.by_name.get_key_value(name) {
            let key = match algorithm {
                Algorithm::Md5 => &keys.md5,
                Algorithm::Sha256 => &keys.sha256,
            };
            let (name, account) = (Arc::clone(name), Arc::clone(name));
            return Some(User { name, account, key: key.clone(), session: None });
        }
        let ends = turn_rest::expiry(name)?;
        let since_start = now.saturating_since(Instant::ZERO);
        let alive = |secret: &&Secret| secret.origin.saturating_add(since_start) < ends;
        let known = known(name);
        let alive = self.secrets.iter().filter(|secret| known || alive(secret));
        let mut keys = alive.filter_map(|secret| {
            let password = turn_rest::password(&secret.bytes, name);
            Credentials::new(name, &password).ok()?.long_term_key(&self.realm, algorithm).ok()
        });
        let first = keys.next()?;
        let key = match keys.next() {
            // one secret, and the caller checks
            None => first,
            Some(_) if proves(&first) => first,
            Some(second) => core::iter::once(second).chain(keys).find(proves)?,
        };
        let account = match name.split_once(':') {
            Some((_, account)) if !account.is_empty() => account,
            _ => name,
        };
        Some(User { name: name.into(), account: account.into(), key, session: None })
    }
}

/// Keeps keys and secret to itself.
impl fmt::Debug for Users {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.debug_struct("Users")
            .field("realm", &self.realm)
            .field("len", &self.len())
            .finish_non_exhaustive()
    }
}
