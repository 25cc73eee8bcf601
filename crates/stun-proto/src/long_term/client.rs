//! What a client does: answer the server's challenge, once (RFC 8489 §9.2.3, §9.2.5).
use crate::{
    Class, Credentials, Integrity, Key, Message, MessageBuilder, Method, PrepareError,
    SecurityFeatures, SignedBuilder,
    attribute::{
        Algorithm, Code, ErrorCode, Nonce, PasswordAlgorithm, PasswordAlgorithms, Realm,
        ThirdPartyAuthorization, Userhash, Username,
    },
};
use alloc::{string::String, vec::Vec};

/// How often one request is tried again: after the first challenge, after a nonce that went stale,
/// and once more for good measure. A server that still wants more is broken or hostile.
const MAX_RETRIES: u8 = 3;

/// One user towards one server. Holds what the server told of itself, and the key.
///
/// Every request is written through [`sign`](Self::sign), and every response to it goes through
/// [`check`](Self::check), which says whether to believe it, to send the request again, or to give
/// up. See [`LongTermServer`](crate::LongTermServer) for an example with both sides.
#[derive(Debug)]
pub struct LongTermClient {
    credentials: Credentials,
    session: Option<Session>,
    third_party: Option<String>,
}

/// What the server told in its last challenge.
#[derive(Debug)]
struct Session {
    realm: String,
    nonce: Vec<u8>,
    /// The server's list, to be echoed, and what was chosen from it.
    algorithms: Option<(Vec<u8>, Algorithm)>,
    userhash: Option<Userhash>,
    key: Key,
}

impl Session {
    const fn integrity(&self) -> Integrity {
        match self.algorithms {
            Some(_) => Integrity::Sha256,
            None => Integrity::Sha1,
        }
    }
}

/// How a client shows who it is: what the server asked for in its last challenge.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Hash)]
pub struct Login {
    /// What the key was made of the password with.
    pub algorithm: Algorithm,
    /// What messages are signed with.
    pub integrity: Integrity,
    /// Whether the user name was hashed (USERHASH), so that nobody on the way reads it.
    pub hashed: bool,
}

/// How a request was sent. Kept with the transaction, and given back with its response.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Hash, Default)]
pub struct Attempt {
    pub(crate) signed: Option<Integrity>,
    retries: u8,
}

impl Attempt {
    /// Whether the request was signed, so that only a signed response to it is accepted.
    pub const fn is_signed(&self) -> bool {
        self.signed.is_some()
    }
}

/// What is to be done about a response.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Hash)]
#[must_use]
pub enum ResponseCheck {
    /// It is the server's; go on with it.
    Accept,
    /// Write the request again, with a new transaction ID and this attempt.
    Retry(Attempt),
    /// As if it had never come. What follows when nothing better comes depends on the reason.
    Discard(Discard),
    /// The server will not take the request.
    Fail(AuthFault),
}

/// Why a response is not believed.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Hash)]
pub enum Discard {
    /// It is not signed, or not rightly. If nothing better comes, the integrity was violated; on a
    /// reliable transport that is the end at once.
    Integrity,
    /// It says 400 without a signature, which anybody can say. If nothing better comes, that is a
    /// timeout, on a reliable transport too.
    BadRequest,
    /// Somebody took PASSWORD-ALGORITHMS out of it. If nothing better comes, the integrity was
    /// violated; a reliable transport is waited on as well.
    BidDown,
}

/// Why the server will not take a request.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Hash, thiserror::Error)]
pub enum AuthFault {
    /// The credentials are wrong.
    #[error("the server refused the credentials")]
    Rejected,
    /// It keeps asking again.
    #[error("the server keeps asking again")]
    Loop,
    /// Its challenge has no realm or no nonce.
    #[error("the server's challenge is incomplete")]
    Incomplete,
    /// It offers no algorithm that is known here.
    #[error("the server offers no known password algorithm")]
    Algorithm,
    /// Somebody weakened the challenge on its way.
    #[error("the server's challenge was tampered with")]
    BidDown,
    /// The realm cannot be prepared.
    #[error("the server's realm is not valid: {0}")]
    Realm(PrepareError),
}

impl LongTermClient {
    /// A user who has not been challenged yet.
    pub const fn new(credentials: Credentials) -> Self {
        Self { credentials, session: None, third_party: None }
    }

    /// Whether the server has challenged, so that requests are signed.
    pub const fn is_challenged(&self) -> bool {
        self.session.is_some()
    }

    /// How requests are signed since the last challenge.
    pub fn login(&self) -> Option<Login> {
        self.session.as_ref().map(|session| Login {
            algorithm: session.algorithms.as_ref().map_or(Algorithm::Md5, |(_, chosen)| *chosen),
            integrity: session.integrity(),
            hashed: session.userhash.is_some(),
        })
    }

    /// The realm of the last challenge.
    pub fn realm(&self) -> Option<&str> {
        self.session.as_ref().map(|session| session.realm.as_str())
    }

    /// The name to ask an authorization server for a token with, where the server takes tokens
    /// (RFC 7635 §6.1). The application then makes a new client with [`Credentials::token`].
    pub fn third_party(&self) -> Option<&str> {
        self.third_party.as_deref()
    }

    /// Ends a request: adds user, realm and nonce and signs it, once the server has challenged
    /// (RFC 8489 §9.2.3). `attempt` is [`Attempt::default`] for a new request, or what
    /// [`ResponseCheck::Retry`] holds.
    pub fn sign<'b>(
        &self,
        request: MessageBuilder<'b>,
        attempt: Attempt,
    ) -> (SignedBuilder<'b>, Attempt) {
        let Some(session) = &self.session else {
            return (request.unsigned(), Attempt { signed: None, ..attempt });
        };
        let mut request = match &session.userhash {
            Some(userhash) => request.with(userhash),
            None => request.with(&Username(self.credentials.username())),
        };
        if let Some(token) = self.credentials.access_token()
            && carries_token(request.method())
        {
            request.push(&token);
        }
        request.push(&Realm(&session.realm));
        request.push(&Nonce(&session.nonce));
        if let Some((offered, chosen)) = &session.algorithms {
            // The list was read from a message, so it is one.
            let offered = PasswordAlgorithms::from_bytes(offered);
            request = request.with_some(offered.as_ref()).with(&PasswordAlgorithm::from(*chosen));
        }
        let signed = session.integrity();
        (request.sign(&session.key, signed), Attempt { signed: Some(signed), ..attempt })
    }

    /// Judges the response to a request that was sent as `attempt` says (RFC 8489 §9.2.5).
    pub fn check(&mut self, attempt: Attempt, response: &Message<'_>) -> ResponseCheck {
        let nonce = response.get::<Nonce<'_>>().map(|nonce| nonce.0);
        let features = nonce.and_then(SecurityFeatures::of_nonce).unwrap_or_default();
        let algorithms = response.get::<PasswordAlgorithms<'_>>();
        let stripped = features.password_algorithms && algorithms.is_none();
        let code = match response.class() {
            Class::Error => response.get::<ErrorCode<'_>>().map(|error| error.code),
            _ => None,
        };
        match code {
            Some(Code::UNAUTHENTICATED | Code::STALE_NONCE) if stripped => {
                ResponseCheck::Fail(AuthFault::BidDown)
            }
            Some(Code::UNAUTHENTICATED) => self.retry(attempt, response, features, true),
            Some(Code::STALE_NONCE) => self.retry(attempt, response, features, false),
            _ if stripped => ResponseCheck::Discard(Discard::BidDown),
            Some(Code::BAD_REQUEST) if response.integrity().is_none() => {
                ResponseCheck::Discard(Discard::BadRequest)
            }
            _ => self.verify(attempt, response),
        }
    }

    fn verify(&self, attempt: Attempt, response: &Message<'_>) -> ResponseCheck {
        let Some(signed) = attempt.signed else {
            return ResponseCheck::Accept;
        };
        let proven = self.session.as_ref().is_some_and(|session| {
            response.integrity() == Some(signed) && response.verify(&session.key).is_ok()
        });
        if proven { ResponseCheck::Accept } else { ResponseCheck::Discard(Discard::Integrity) }
    }

    /// Takes a challenge in, and says whether the request is to be sent again.
    fn retry(
        &mut self,
        attempt: Attempt,
        response: &Message<'_>,
        features: SecurityFeatures,
        unauthenticated: bool,
    ) -> ResponseCheck {
        if attempt.retries >= MAX_RETRIES {
            return ResponseCheck::Fail(AuthFault::Loop);
        }
        match self.take_challenge(attempt, response, features, unauthenticated) {
            Ok(()) => ResponseCheck::Retry(Attempt { signed: None, retries: attempt.retries + 1 }),
            Err(fault) => ResponseCheck::Fail(fault),
        }
    }

    fn take_challenge(
        &mut self,
        attempt: Attempt,
        response: &Message<'_>,
        features: SecurityFeatures,
        unauthenticated: bool,
    ) -> Result<(), AuthFault> {
        if let Some(server) = response.get::<ThirdPartyAuthorization<'_>>() {
            self.third_party = Some(server.0.into());
        }
        let nonce = response.get::<Nonce<'_>>().ok_or(AuthFault::Incomplete)?.0;
        let realm = match response.get::<Realm<'_>>() {
            Some(realm) => realm.0,
            // RFC 8489 wants it in a 438; some older servers leave it out.
            None if !unauthenticated => self.realm().ok_or(AuthFault::Incomplete)?,
            None => return Err(AuthFault::Incomplete),
        };
        let same_realm = self.realm() == Some(realm);
        // A token has a key of its own, and the name of a key is no secret.
        let is_token = self.credentials.access_token().is_some();
        let with_hash = features.username_anonymity && !is_token;
        let same_user =
            self.session.as_ref().is_some_and(|session| session.userhash.is_some() == with_hash);
        if unauthenticated && attempt.signed.is_some() && same_realm && same_user {
            return Err(AuthFault::Rejected);
        }
        let offered = response.get::<PasswordAlgorithms<'_>>().filter(|_| !is_token);
        let was_strong = self.session.as_ref().is_some_and(|session| session.algorithms.is_some());
        if was_strong && offered.is_none() {
            if unauthenticated || !same_realm {
                return Err(AuthFault::BidDown);
            }
            // A 438 without the list changes the nonce only.
            if let Some(session) = &mut self.session {
                session.nonce = nonce.to_vec();
            }
            return Ok(());
        }
        self.session = Some(self.new_session(realm, nonce, offered, with_hash)?);
        Ok(())
    }

    fn new_session(
        &self,
        realm: &str,
        nonce: &[u8],
        offered: Option<PasswordAlgorithms<'_>>,
        with_hash: bool,
    ) -> Result<Session, AuthFault> {
        let algorithms = match offered {
            Some(offered) => {
                let chosen = offered.iter().find_map(|a| a.algorithm());
                Some((offered.as_bytes().to_vec(), chosen.ok_or(AuthFault::Algorithm)?))
            }
            None => None,
        };
        let algorithm = algorithms.as_ref().map_or(Algorithm::Md5, |(_, chosen)| *chosen);
        let key = self.credentials.long_term_key(realm, algorithm).map_err(AuthFault::Realm)?;
        let userhash = if with_hash {
            Some(self.credentials.userhash(realm).map_err(AuthFault::Realm)?)
        } else {
            None
        };
        Ok(Session { realm: realm.into(), nonce: nonce.to_vec(), algorithms, userhash, key })
    }
}

/// RFC 7635 §9: the token goes with the requests that begin and prolong an allocation, not with
/// those that live on one.
const fn carries_token(method: Method) -> bool {
    !matches!(
        method,
        Method::CREATE_PERMISSION
            | Method::CHANNEL_BIND
            | Method::CONNECT
            | Method::CONNECTION_BIND
    )
}
