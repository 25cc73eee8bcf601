//! Who a request is from (RFC 8489 §9.2.4). Nothing is kept of whoever did not say.
use super::{TurnServer, TurnServerEvent, allocation::SessionKey, realms::Known, users::Session};
use alloc::{boxed::Box, sync::Arc};
use bytes::Bytes;
use core::time::Duration;
use sans_io::{DropReason, Instant, Path, Transport};
use stun_proto::{
    Integrity, Key, Message, Refusal,
    attribute::{ConnectionId, Userhash, Username},
};

/// Longer than any refusal: realm and nonce at their longest.
const REFUSAL_MAX: usize = 640;

/// How much of a name that a stranger gives is told.
const NAME_TOLD_MAX: usize = 64;

/// A user who has proven to be one, and how answers are to be signed.
#[derive(Clone, Debug)]
pub(super) struct Identity {
    pub user: Arc<str>,
    /// Whom what it takes counts for.
    pub account: Arc<str>,
    pub key: Key,
    pub integrity: Integrity,
    /// The key is that of a token.
    pub session: Option<Session>,
}

impl Identity {
    /// What a later request without the token is checked with.
    pub(super) fn session_key(&self) -> Option<Box<SessionKey>> {
        self.session.map(|session| Box::new(SessionKey { key: self.key.clone(), session }))
    }

    /// How long an allocation may last that was asked for at `now`: no longer than the token (RFC 7635
    /// §9), yet a second.
    pub(super) fn limit(&self, now: Instant, lifetime: Duration) -> Duration {
        let Some(Session { until }) = self.session else { return lifetime };
        lifetime.min(until.saturating_since(now)).max(Duration::from_secs(1))
    }
}

impl TurnServer {
    /// The user that a request is from. Whoever is none gets the smallest answer that there is, or
    /// none where its network got many, and leaves no trace. Only wrong credentials count as
    /// dropped: to be asked who one is, and for a fresh nonce, is how logging in goes.
    pub(super) fn identify(
        &mut self,
        now: Instant,
        path: Path,
        message: &Message<'_>,
    ) -> Result<Identity, Option<DropReason>> {
        let waiting = message.get::<ConnectionId>().and_then(|id| self.peer_connections.get(id));
        let id = self.table.find_client(&path).or(waiting.map(|waiting| waiting.allocation));
        let known = Known(id.and_then(|id| self.table.get(id)));
        match self.realms.authenticate(now, path, message, known) {
            Ok(found) => Ok(Identity {
                user: found.key.name,
                account: found.key.account,
                key: found.key.key,
                integrity: found.integrity,
                session: found.key.session,
            }),
            Err(refusal) => {
                let mut buffer = [0; REFUSAL_MAX];
                let written = self.realms.write_refusal(&mut buffer, now, path, message, refusal);
                let Ok(bytes) = written else { return Err(Some(DropReason::Unsupported)) };
                // Who has a connection has shown that it is where it says, and so has who was
                // given a nonce there of late.
                let spoofable = path.transport() == Transport::Udp
                    && !self.realms.knows_address(now, path, message);
                let source = path.remote().ip();
                if spoofable && !self.unauthenticated_limiter.take(now, source, bytes.len()) {
                    return Err(Some(DropReason::TooFast));
                }
                let bytes = Bytes::copy_from_slice(bytes);
                self.queue(path, bytes);
                let wrong = refusal == Refusal::Unauthenticated && message.integrity().is_some();
                if wrong {
                    self.tell_wrong(now, path, message);
                }
                Err(wrong.then_some(DropReason::Unauthenticated))
            }
        }
    }

    fn tell_wrong(&mut self, now: Instant, client: Path, message: &Message<'_>) {
        let Some(untold) = self.wrong_logins.tell(now) else { return };
        let user = match (message.get::<Username<'_>>(), message.get::<Userhash>()) {
            (_, Some(hash)) => self.realms.name_of(client, hash),
            (Some(Username(name)), None) => Some(cut(name).into()),
            (None, None) => None,
        };
        self.event(TurnServerEvent::LoginRefused { client, user, untold });
    }
}

/// The beginning of a name, as much as a line of a log takes.
fn cut(name: &str) -> &str {
    let mut end = name.len().min(NAME_TOLD_MAX);
    while !name.is_char_boundary(end) {
        end -= 1;
    }
    &name[..end]
}
