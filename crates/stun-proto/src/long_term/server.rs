//! What a server does: challenge without keeping anything, then check (RFC 8489 §9.2.4).
use crate::{
    Integrity, Key, Message, MessageBuilder, MessageType, NonceState, Nonces, SecurityFeatures,
    WriteError,
    attribute::{
        Algorithm, Code, ErrorCode, Nonce, PasswordAlgorithm, PasswordAlgorithms, Realm,
        ThirdPartyAuthorization, Userhash, Username,
    },
    opaque_string,
};
use alloc::{borrow::Cow, string::String};
use core::{borrow::Borrow, net::SocketAddr, time::Duration};
use sans_io::Instant;

/// One realm. Holds no user and no client: users are looked up, and nonces prove themselves.
///
/// ```
/// use core::time::Duration;
/// use sans_io::Instant;
/// use stun_proto::attribute::Lifetime;
/// use stun_proto::{Attempt, Credentials, Key, LongTermClient, LongTermServer, Message};
/// use stun_proto::{MessageBuilder, MessageType, Method, Refusal, ResponseCheck, TransactionId};
/// use stun_proto::UserId;
///
/// let (now, address) = (Instant::from_secs(1), "192.0.2.1:40000".parse()?);
/// let alice = Credentials::new("alice", "wonder")?;
/// let keys = |user: UserId<'_>, algorithm| match user {
///     UserId::Name("alice") => alice.long_term_key("turn", algorithm).ok(),
///     _ => None::<Key>,
/// };
/// let server = LongTermServer::new("turn", [7; 32], Duration::from_secs(600));
/// let mut client = LongTermClient::new(alice.clone());
/// let kind = MessageType::request(Method::ALLOCATE);
///
/// // The first request has no credentials, and is refused with what the second one needs.
/// let mut buffer = [0; 512];
/// let request = MessageBuilder::new(&mut buffer, kind, TransactionId([1; 12]));
/// let (request, attempt) = client.sign(request.with(&Lifetime(600)), Attempt::default());
/// let request = Message::parse(request.finish()?)?;
/// let refusal = server.authenticate(now, address, &request, keys).unwrap_err();
/// assert_eq!(refusal, Refusal::Unauthenticated);
/// let mut response = [0; 128];
/// let response = server.write_refusal(&mut response, now, address, &request, refusal)?;
/// assert_eq!(response.len(), 84);
/// let check = client.check(attempt, &Message::parse(response)?);
/// let ResponseCheck::Retry(attempt) = check else { unreachable!() };
///
/// let mut buffer = [0; 512];
/// let request = MessageBuilder::new(&mut buffer, kind, TransactionId([2; 12]));
/// let (request, _) = client.sign(request.with(&Lifetime(600)), attempt);
/// let request = Message::parse(request.finish()?)?;
/// assert!(server.authenticate(now, address, &request, keys).is_ok());
/// # Ok::<(), Box<dyn std::error::Error>>(())
/// ```
#[derive(Clone, Debug)]
pub struct LongTermServer {
    realm: String,
    nonces: Nonces,
    algorithms: Option<PasswordAlgorithms<'static>>,
    /// What requests of unknown users are checked with, so that they take as long as others.
    decoy: Key,
    third_party: Option<String>,
}

/// Whom a request says it is from.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Hash)]
pub enum UserId<'a> {
    /// From USERNAME.
    Name(&'a str),
    /// From USERHASH: SHA-256 of user name and realm.
    Hash(Userhash),
}

/// A request that is what it says it is.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub struct Authenticated<K> {
    /// What the look-up gave.
    pub key: K,
    /// How the response must be signed.
    pub integrity: Integrity,
}

/// Why a request is not taken.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Hash)]
pub enum Refusal {
    /// No credentials, or wrong ones: 401.
    Unauthenticated,
    /// Half of what must be there is missing: 400.
    BadRequest,
    /// The nonce is not good any more: 438.
    StaleNonce,
}

impl LongTermServer {
    /// A realm that takes SHA-256 and MD5. Its nonces are good for `nonce_lifetime`.
    ///
    /// The realm is prepared by OpaqueString (RFC 8489 §14.9). It must be one that can be, of 1 to 127
    /// characters: [`write_refusal`](Self::write_refusal) fails with a longer one, and clients take no
    /// other.
    ///
    /// The answer to a first request is 80 bytes and the realm: at most 84 where the realm has up to
    /// four characters.
    pub fn new(realm: &str, nonce_secret: [u8; 32], nonce_lifetime: Duration) -> Self {
        Self::with_algorithms(
            realm,
            nonce_secret,
            nonce_lifetime,
            Some(PasswordAlgorithms::SHA256_MD5),
            false,
        )
    }

    /// A realm with a list of algorithms of its own, or with none, as before RFC 8489.
    /// `username_anonymity` makes clients send USERHASH, and needs a look-up that knows hashes.
    pub fn with_algorithms(
        realm: &str,
        nonce_secret: [u8; 32],
        nonce_lifetime: Duration,
        algorithms: Option<PasswordAlgorithms<'static>>,
        username_anonymity: bool,
    ) -> Self {
        let features =
            SecurityFeatures { password_algorithms: algorithms.is_some(), username_anonymity };
        let nonces = Nonces::new(nonce_secret, nonce_lifetime, features);
        Self {
            realm: opaque_string(realm).map_or_else(|_| realm.into(), Cow::into_owned),
            nonces,
            algorithms,
            decoy: Key::new(&nonce_secret).with_sha256(),
            third_party: None,
        }
    }

    /// Takes access tokens as well, issued for `server_name` (RFC 7635 §6.1). The look-up opens them
    /// with the key that the user name names, and gives their key; see `TokenKey` (feature `oauth`).
    #[must_use]
    pub fn with_third_party(mut self, server_name: &str) -> Self {
        self.third_party = Some(server_name.into());
        self
    }

    /// Takes access tokens that were issued for this name, or none any more.
    pub fn set_third_party(&mut self, server_name: Option<&str>) {
        self.third_party = server_name.map(Into::into);
    }

    /// Has clients send USERHASH, or no more of it. They hear of it with their next nonce.
    pub fn set_username_anonymity(&mut self, username_anonymity: bool) {
        let password_algorithms = self.algorithms.is_some();
        self.nonces.set_features(SecurityFeatures { password_algorithms, username_anonymity });
    }

    /// The realm.
    pub fn realm(&self) -> &str {
        &self.realm
    }

    #[cfg(test)]
    pub(super) const fn nonces_for_tests(&self) -> &Nonces {
        &self.nonces
    }

    /// Checks a request. `look_up` gives the key of a user for an algorithm, or `None` where there
    /// is no such user; it may give more than the key, for example the user's entry.
    pub fn authenticate<K: Borrow<Key>>(
        &self,
        now: Instant,
        client: SocketAddr,
        request: &Message<'_>,
        look_up: impl FnOnce(UserId<'_>, Algorithm) -> Option<K>,
    ) -> Result<Authenticated<K>, Refusal> {
        if request.integrity().is_none() {
            return Err(Refusal::Unauthenticated);
        }
        let user = match (request.get::<Username<'_>>(), request.get::<Userhash>()) {
            (_, Some(hash)) => UserId::Hash(hash),
            (Some(name), None) => UserId::Name(name.0),
            (None, None) => return Err(Refusal::BadRequest),
        };
        let realm = request.get::<Realm<'_>>().ok_or(Refusal::BadRequest)?;
        let nonce = request.get::<Nonce<'_>>().ok_or(Refusal::BadRequest)?;
        let (algorithm, integrity) = self.algorithm(request, nonce)?;
        if realm.0 != self.realm {
            return Err(Refusal::Unauthenticated);
        }
        let key = look_up(user, algorithm);
        let proven = request.verify(key.as_ref().map_or(&self.decoy, Borrow::borrow));
        let key = key.filter(|_| proven.is_ok()).ok_or(Refusal::Unauthenticated)?;
        match self.nonces.check(now, client, nonce.0) {
            NonceState::Fresh => Ok(Authenticated { key, integrity }),
            NonceState::Stale => Err(Refusal::StaleNonce),
        }
    }

    /// Whether a request comes from where a nonce in it was sent to in the last day, so that its
    /// source is not made up. The nonce may be too old to log in with.
    pub fn knows_address(&self, now: Instant, client: SocketAddr, request: &Message<'_>) -> bool {
        const DAY: Duration = Duration::from_secs(86_400);
        let nonce = request.get::<Nonce<'_>>();
        nonce.is_some_and(|nonce| self.nonces.was_issued(now, client, nonce.0, DAY))
    }

    /// Which algorithm the client chose, and how it wants its response signed.
    fn algorithm(
        &self,
        request: &Message<'_>,
        nonce: Nonce<'_>,
    ) -> Result<(Algorithm, Integrity), Refusal> {
        let chosen = request.get::<PasswordAlgorithm<'_>>();
        let echoed = request.get::<PasswordAlgorithms<'_>>();
        let announced = SecurityFeatures::of_nonce(nonce.0)
            .is_some_and(|features| features.password_algorithms);
        if !announced || (chosen.is_none() && echoed.is_none()) {
            return Ok((Algorithm::Md5, Integrity::Sha1));
        }
        let (Some(chosen), Some(echoed)) = (chosen, echoed) else {
            return Err(Refusal::BadRequest);
        };
        if self.algorithms != Some(echoed) || echoed.iter().all(|offered| offered != chosen) {
            return Err(Refusal::BadRequest);
        }
        let algorithm = chosen.algorithm().ok_or(Refusal::BadRequest)?;
        Ok((algorithm, Integrity::Sha256))
    }

    /// Writes the error response to a refused request: the least that RFC 8489 §9.2.4 allows.
    pub fn write_refusal<'b>(
        &self,
        buffer: &'b mut [u8],
        now: Instant,
        client: SocketAddr,
        request: &Message<'_>,
        refusal: Refusal,
    ) -> Result<&'b [u8], WriteError> {
        let kind = MessageType::error(request.method());
        let response = MessageBuilder::new(buffer, kind, request.transaction_id());
        let (code, third_party) = match refusal {
            Refusal::BadRequest => {
                return response.with(&ErrorCode::from(Code::BAD_REQUEST)).finish();
            }
            // RFC 7635 §4 and §6.1 name the server in the 401; who gets a 438 has read that.
            Refusal::Unauthenticated => (Code::UNAUTHENTICATED, self.third_party.as_deref()),
            Refusal::StaleNonce => (Code::STALE_NONCE, None),
        };
        let third_party = third_party.map(ThirdPartyAuthorization);
        response
            .with(&ErrorCode::from(code))
            .with(&Realm(&self.realm))
            .with(&Nonce(&self.nonces.issue(now, client)))
            .with_some(self.algorithms.as_ref())
            .with_some(third_party.as_ref())
            .finish()
    }
}
