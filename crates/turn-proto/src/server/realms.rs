//! Which users are asked for where: one set of them for the server, or others at some of its listeners
//! (RFC 8489 §9.2, §14.9).
use super::{
    NonceKey, ThirdParty, TurnRealm, Users,
    allocation::{Allocation, SessionKey},
    users::User,
};
use alloc::{format, sync::Arc, vec::Vec};
use core::{net::SocketAddr, time::Duration};
use sans_io::{Instant, Path};
use stun_proto::{
    Authenticated, Entropy, LongTermServer, Message, Refusal, UserId, WriteError,
    attribute::{AccessToken, PasswordAlgorithms, Userhash},
};

/// All of them. The first is that of the listeners that no other names.
#[derive(Debug)]
pub(super) struct Realms {
    all: Vec<Realm>,
    /// What machine time is to be added to for the time in nonces.
    origin: Duration,
}

/// What is known of whoever sends over a path: the allocation there.
#[derive(Clone, Copy)]
pub(super) struct Known<'t>(pub Option<&'t Allocation>);

impl Known<'_> {
    fn is_of(self, name: &str) -> bool {
        self.0.is_some_and(|allocation| *allocation.user == *name)
    }

    /// The user, if the allocation was made with a token: later requests are signed with its key, and
    /// do not show it again (RFC 7635 §9).
    fn session_of(self, user: UserId<'_>) -> Option<User> {
        let allocation = self.0.filter(|allocation| user == UserId::Name(&allocation.user))?;
        let SessionKey { key, session } = allocation.session.as_deref()?;
        let (name, account) = (Arc::clone(&allocation.user), Arc::clone(&allocation.account));
        Some(User { name, account, key: key.clone(), session: Some(*session) })
    }
}

#[derive(Debug)]
struct Realm {
    listeners: Vec<SocketAddr>,
    users: Users,
    login: LongTermServer,
}

impl Realm {
    fn new(realm: TurnRealm, secret: [u8; 32], lifetime: Duration) -> Self {
        let TurnRealm { users, listeners } = realm;
        let mut login = LongTermServer::with_algorithms(
            users.realm(),
            secret,
            lifetime,
            Some(PasswordAlgorithms::SHA256_MD5),
            users.know_hashes(),
        );
        login.set_third_party(users.third_party().map(ThirdParty::server_name));
        Self { listeners, users, login }
    }
}

impl Realms {
    pub(super) fn new(
        users: Users,
        others: Vec<TurnRealm>,
        key: NonceKey,
        lifetime: Duration,
        entropy: &mut Entropy,
    ) -> Self {
        let drawn = entropy.secret();
        let (secret, origin) = match key {
            NonceKey::Own => (drawn, Duration::ZERO),
            NonceKey::Shared { key, unix_time_at_zero } => (key, unix_time_at_zero),
        };
        let first = TurnRealm { users, listeners: Vec::new() };
        let all = core::iter::once(first).chain(others);
        Self { all: all.map(|realm| Realm::new(realm, secret, lifetime)).collect(), origin }
    }

    /// Who a request is from that came over this path.
    pub(super) fn authenticate(
        &self,
        now: Instant,
        path: Path,
        message: &Message<'_>,
        known: Known<'_>,
    ) -> Result<Authenticated<User>, Refusal> {
        let (number, realm) = self.of(path);
        let at = now.saturating_add(self.origin);
        let mut found =
            realm.login.authenticate(at, path.remote(), message, |user, algorithm| {
                if let Some(third_party) = realm.users.third_party()
                    && let Some(token) = message.get::<AccessToken<'_>>()
                {
                    return third_party.open(now, user, &token);
                }
                if let Some(session) = known.session_of(user) {
                    return Some(session);
                }
                let proves = |key: &_| message.verify(key).is_ok();
                let known = |name: &str| known.is_of(name);
                realm.users.look_up(now, user, algorithm, known, proves)
            })?;
        if number > 0 {
            // one name in two realms is two users
            let account = format!("{}@{}", found.key.account, realm.users.realm());
            found.key.account = account.into();
        }
        Ok(found)
    }

    /// Writes what a refused request is answered with.
    pub(super) fn write_refusal<'b>(
        &self,
        buffer: &'b mut [u8],
        now: Instant,
        path: Path,
        message: &Message<'_>,
        refusal: Refusal,
    ) -> Result<&'b [u8], WriteError> {
        let at = now.saturating_add(self.origin);
        self.of(path).1.login.write_refusal(buffer, at, path.remote(), message, refusal)
    }

    /// Whether a request comes from where it seems to, as a nonce in it shows.
    pub(super) fn knows_address(&self, now: Instant, path: Path, message: &Message<'_>) -> bool {
        let at = now.saturating_add(self.origin);
        self.of(path).1.login.knows_address(at, path.remote(), message)
    }

    /// Whether tokens are taken from who sends over this path.
    pub(super) fn takes_tokens(&self, path: Path) -> bool {
        self.of(path).1.users.third_party().is_some()
    }

    /// The user whose name has this hash.
    pub(super) fn name_of(&self, path: Path, hash: Userhash) -> Option<Arc<str>> {
        self.of(path).1.users.name_of(hash)
    }

    /// Puts other users in the place of those of their realm. `None`: there is no such realm.
    pub(super) fn set_users(&mut self, users: Users) -> Option<()> {
        let realm = self.all.iter_mut().find(|realm| realm.users.realm() == users.realm())?;
        realm.login.set_username_anonymity(users.know_hashes());
        realm.login.set_third_party(users.third_party().map(ThirdParty::server_name));
        realm.users = users;
        Some(())
    }

    fn of(&self, path: Path) -> (usize, &Realm) {
        let listener = path.local();
        let others = self.all.iter().enumerate().skip(1);
        let named = others.into_iter().find(|(_, realm)| realm.listeners.contains(&listener));
        named.unwrap_or((0, &self.all[0]))
    }
}
