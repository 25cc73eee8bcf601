//! Authorization by somebody else: a server that gives tokens to clients, which this one takes (RFC
//! 7635 §3, §7, §9).
use super::users::{Session, User};
use alloc::{collections::BTreeMap, string::String, sync::Arc};
use core::{fmt, time::Duration};
use sans_io::Instant;
use stun_proto::{TokenKey, UserId, attribute::AccessToken};

/// The authorization server whose tokens are taken, and the keys that are shared with it.
///
/// ```
/// use core::time::Duration;
/// use stun_proto::TokenKey;
/// use turn_proto::{ThirdParty, Users};
///
/// let now = Duration::from_secs(1_600_000_000); // since 1970
/// let third_party = ThirdParty::new("turn.example.org", now)
///     .with_key("north", TokenKey::aes256(&[7; 32]));
/// let users = Users::new("turn").with_third_party(third_party);
/// assert!(users.is_empty(), "nobody has a password");
/// ```
#[derive(Clone)]
pub struct ThirdParty {
    server_name: String,
    by_kid: BTreeMap<Arc<str>, Arc<TokenKey>>,
    /// The time since 1970 at [`Instant::ZERO`].
    origin: Duration,
}

impl ThirdParty {
    /// Takes tokens that were issued for this name, which clients are told, of at most 255 bytes (RFC
    /// 7635 §6.1). `unix_time_at_zero` is the time since 1970 at [`Instant::ZERO`].
    pub fn new(server_name: impl Into<String>, unix_time_at_zero: Duration) -> Self {
        let (server_name, by_kid) = (server_name.into(), BTreeMap::new());
        Self { server_name, by_kid, origin: unix_time_at_zero }
    }

    /// Adds a key. Clients name it by its `kid` in USERNAME, and count as one user for it.
    #[must_use]
    pub fn with_key(mut self, kid: &str, key: TokenKey) -> Self {
        self.by_kid.insert(kid.into(), Arc::new(key));
        self
    }

    /// What tokens are to be issued for.
    pub fn server_name(&self) -> &str {
        &self.server_name
    }

    /// Whom a token is of, if it is good now.
    pub(super) fn open(
        &self,
        now: Instant,
        user: UserId<'_>,
        token: &AccessToken<'_>,
    ) -> Option<User> {
        let UserId::Name(kid) = user else { return None };
        let (kid, key) = self.by_kid.get_key_value(kid)?;
        let unix_time = self.origin.saturating_add(now.saturating_since(Instant::ZERO));
        let contents = key.open(token, &self.server_name, unix_time).ok()?;
        let until = now.saturating_add(contents.remaining(unix_time));
        let (name, account) = (Arc::clone(kid), Arc::clone(kid));
        Some(User { name, account, key: contents.key(), session: Some(Session { until }) })
    }
}

/// Keeps the keys to itself.
impl fmt::Debug for ThirdParty {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.debug_struct("ThirdParty")
            .field("server_name", &self.server_name)
            .field("keys", &self.by_kid.len())
            .finish_non_exhaustive()
    }
}
