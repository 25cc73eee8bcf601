//! Connectivity checks and their answers as bytes (RFC 8445 §7.1, §7.2.2 and §7.3.1).
use crate::{Role, checks::Question};
use bytes::{Bytes, BytesMut};
use core::net::SocketAddr;
use sans_io::{Packet, Path};
use stun_proto::{
    Integrity, Key, Message, MessageBuilder, MessageType, Method, WriteError,
    attribute::{
        Code, ErrorCode, IceControlled, IceControlling, Priority, UnknownAttributes, UseCandidate,
        Username, XorMappedAddress,
    },
};

/// Room for a request: a header, a USERNAME of a fragment of 256 bytes and one of ours, and the rest.
const REQUEST_LEN: usize = 20 + 4 + 268 + 8 + 12 + 4 + 24 + 8;
/// Room for a response: the error with the 32 attributes that UNKNOWN-ATTRIBUTES may name,
/// integrity and fingerprint.
const RESPONSE_LEN: usize = 160;
/// The length of an unsigned error response: header, ERROR-CODE, FINGERPRINT.
const REFUSAL_LEN: usize = 36;

/// Where messages are written, several into one buffer, which is used again once they are sent: so
/// a session that only asks for consent allocates nothing.
#[derive(Debug, Default)]
pub(crate) struct Scratch(BytesMut);

/// Room for the messages of a session that connects at once.
const SCRATCH_LEN: usize = 640;

impl Scratch {
    fn keep(&mut self, message: &[u8]) -> Bytes {
        if self.0.capacity() < message.len() && !self.0.try_reclaim(message.len()) {
            self.0 = BytesMut::with_capacity(SCRATCH_LEN.max(message.len()));
        }
        self.0.extend_from_slice(message);
        self.0.split().freeze()
    }
}

/// What the peer is answered.
#[derive(Clone, Copy, Debug)]
pub(crate) enum Reply {
    /// Its address, as seen past a relay (RFC 8445 §7.3.1.2).
    Success(SocketAddr),
    Error(Code),
    /// 420, with what was not understood.
    Unknown(UnknownAttributes),
}

/// A request. The same question gives the same bytes each time.
pub(crate) fn request(
    scratch: &mut Scratch,
    question: &Question,
    username: &str,
    key: &Key,
) -> Option<Bytes> {
    let tiebreaker = question.tiebreaker;
    let controlling = (question.role == Role::Controlling).then_some(IceControlling(tiebreaker));
    let controlled = (question.role == Role::Controlled).then_some(IceControlled(tiebreaker));
    let mut buffer = [0; REQUEST_LEN];
    let kind = MessageType::request(Method::BINDING);
    let written = MessageBuilder::new(&mut buffer, kind, question.id)
        .with(&Username(username))
        .with(&Priority(question.priority))
        .with_some(controlling.as_ref())
        .with_some(controlled.as_ref())
        .with_some(question.nominates.then_some(UseCandidate).as_ref())
        .sign(key, Integrity::Sha1)
        .fingerprint()
        .finish();
    debug_assert!(written != Err(WriteError::NoRoom), "a request fits");
    Some(scratch.keep(written.ok()?))
}

/// A signed response.
pub(crate) fn response(
    scratch: &mut Scratch,
    request: &Message<'_>,
    key: &Key,
    integrity: Integrity,
    reply: Reply,
) -> Option<Bytes> {
    let (mapped, error, unknown) = match reply {
        Reply::Success(address) => (Some(XorMappedAddress(address)), None, None),
        Reply::Error(code) => (None, Some(ErrorCode::from(code)), None),
        Reply::Unknown(unknown) => {
            (None, Some(ErrorCode::from(Code::UNKNOWN_ATTRIBUTE)), Some(unknown))
        }
    };
    let kind = match error {
        Some(_) => MessageType::error(Method::BINDING),
        None => MessageType::success(Method::BINDING),
    };
    let mut buffer = [0; RESPONSE_LEN];
    let written = MessageBuilder::new(&mut buffer, kind, request.transaction_id())
        .with_some(mapped.as_ref())
        .with_some(error.as_ref())
        .with_some(unknown.as_ref())
        .sign(key, integrity)
        .fingerprint()
        .finish();
    debug_assert!(written.is_ok(), "a response fits: {written:?}");
    Some(scratch.keep(written.ok()?))
}

/// An unsigned error response (RFC 8489 §9.1.3), unless it were longer than the request: who forges
/// its source is not to get more out of an agent than it puts in.
pub(crate) fn refusal<'a>(path: Path, request: &Message<'_>, code: Code) -> Option<Packet<'a>> {
    let mut buffer = [0; REFUSAL_LEN];
    let kind = MessageType::error(Method::BINDING);
    let bytes = MessageBuilder::new(&mut buffer, kind, request.transaction_id())
        .with(&ErrorCode::from(code))
        .fingerprint()
        .finish()
        .ok()?;
    (bytes.len() <= request.as_bytes().len()).then(|| Packet::new(path, &[]).with_head(bytes))
}

#[cfg(test)]
mod tests {
    use super::{Reply, Scratch, request, response};
    use crate::{
        Role,
        checks::{Purpose, Question},
        ids::PairId,
    };
    use alloc::string::String;
    use stun_proto::{
        AttributeType, Integrity, Key, Message, TransactionId,
        attribute::{UnknownAttributes, UseCandidate, Username},
    };

    fn question() -> Question {
        Question {
            id: TransactionId([9; 12]),
            pair: PairId(1),
            purpose: Purpose::Nomination,
            role: Role::Controlling,
            tiebreaker: u64::MAX,
            priority: u32::MAX,
            nominates: true,
        }
    }

    #[test]
    fn a_request_between_the_longest_user_names_fits() {
        let (mut scratch, key) = (Scratch::default(), Key::new(b"password"));
        // The longest fragment of a peer, the colon, and ours.
        let username: String = core::iter::repeat_n('x', 256 + 1 + 8).collect();
        let bytes = request(&mut scratch, &question(), &username, &key).unwrap();
        let message = Message::parse(&bytes).unwrap();
        assert_eq!(message.get::<Username<'_>>(), Some(Username(&username)));
        assert!(message.get::<UseCandidate>().is_some() && message.has_fingerprint());
        assert_eq!(message.verify(&key), Ok(Integrity::Sha1));
    }

    #[test]
    fn a_response_that_names_all_that_may_be_unknown_fits() {
        let (mut scratch, key) = (Scratch::default(), Key::new(b"password"));
        let asked = request(&mut scratch, &question(), "a:b", &key).unwrap();
        let asked = Message::parse(&asked).unwrap();
        let unknown: UnknownAttributes = (0..64).map(|n| AttributeType(0x7000 + n)).collect();
        let reply = Reply::Unknown(unknown);
        let bytes = response(&mut scratch, &asked, &key, Integrity::Sha256, reply).unwrap();
        let message = Message::parse(&bytes).unwrap();
        assert_eq!(message.verify(&key), Ok(Integrity::Sha256));
        assert!(message.get::<UnknownAttributes>().is_some_and(|named| named.types().len() == 32));
    }

    #[test]
    fn messages_share_a_buffer_that_is_used_again_once_they_are_gone() {
        let (mut scratch, key) = (Scratch::default(), Key::new(b"password"));
        let mut addresses = alloc::vec::Vec::new();
        for _ in 0..60 {
            let bytes = request(&mut scratch, &question(), "a:b", &key).unwrap();
            addresses.push(bytes.as_ptr() as usize);
        }
        addresses.sort_unstable();
        addresses.dedup();
        assert!(addresses.len() <= 8, "{} places", addresses.len());
    }
}
