//! The HMAC key of a credential, with its schedules computed once (RFC 8489 §9.1.1, §9.2.2).
use crate::{
    Integrity,
    hmac_state::{Block, HEAD_LEN, HmacState},
    integrity::{SHA1_LEN, SHA256_LEN},
};
use core::fmt;
use sha1::Sha1;
use sha2::Sha256;
use subtle::ConstantTimeEq;

const SHA1_WORDS: usize = SHA1_LEN / 4;
const SHA256_WORDS: usize = SHA256_LEN / 4;

/// Signs messages and checks their signatures. Made once per credential: the first block of the
/// HMAC with SHA-1 is already hashed.
///
/// That of SHA-256 is hashed each time that it is used, which costs two blocks more than it must:
/// nearly all peers of a short-term credential stay with SHA-1, as ICE does. Where SHA-256 is what
/// will be used, [`with_sha256`](Self::with_sha256) hashes it in advance.
///
/// ```
/// use stun_proto::{Credentials, Integrity, IntegrityError, Key, Message, MessageBuilder};
/// use stun_proto::{MessageType, Method, TransactionId, attribute::Algorithm};
/// let short_term = Key::new(b"VOkJxbRl1RmTxUk/WvJxBt");
/// let alice = Credentials::new("alice", "wonder")?;
/// let long_term = alice.long_term_key("example.org", Algorithm::Sha256)?;
///
/// let mut buffer = [0; 64];
/// let kind = MessageType::indication(Method::BINDING);
/// let bytes = MessageBuilder::new(&mut buffer, kind, TransactionId([7; 12]))
///     .sign(&long_term, Integrity::Sha256)
///     .finish()?;
/// let message = Message::parse(bytes)?;
/// assert_eq!(message.verify(&long_term), Ok(Integrity::Sha256));
/// assert_eq!(message.verify(&short_term), Err(IntegrityError::Mismatch));
/// # Ok::<(), Box<dyn std::error::Error>>(())
/// ```
#[derive(Clone)]
pub struct Key {
    sha1: HmacState<Sha1, SHA1_WORDS>,
    sha256: Sha256Key,
}

#[derive(Clone)]
enum Sha256Key {
    Raw(Block),
    Hashed(HmacState<Sha256, SHA256_WORDS>),
}

impl Key {
    /// The key with these bytes. For a short-term credential they are the password, as it is when
    /// it is ASCII, as all ICE passwords are.
    pub fn new(bytes: &[u8]) -> Self {
        let block = HmacState::<Sha256, SHA256_WORDS>::block(bytes);
        Self { sha1: HmacState::new(bytes), sha256: Sha256Key::Raw(block) }
    }

    /// The same key, with its schedule for SHA-256 computed as well.
    #[must_use]
    pub fn with_sha256(mut self) -> Self {
        if let Sha256Key::Raw(block) = &self.sha256 {
            self.sha256 = Sha256Key::Hashed(HmacState::of(block));
        }
        self
    }

    /// The MAC of a message up to its integrity attribute, with `length` in its header.
    #[inline]
    pub(crate) fn sha1(&self, bytes: &[u8], length: u16) -> [[u8; 4]; SHA1_WORDS] {
        let (head, rest) = with_length(bytes, length);
        self.sha1.mac(head, rest)
    }

    /// The same with SHA-256.
    #[inline]
    pub(crate) fn sha256(&self, bytes: &[u8], length: u16) -> [[u8; 4]; SHA256_WORDS] {
        let (head, rest) = with_length(bytes, length);
        match &self.sha256 {
            Sha256Key::Raw(block) => HmacState::<Sha256, SHA256_WORDS>::of(block).mac(head, rest),
            Sha256Key::Hashed(state) => state.mac(head, rest),
        }
    }

    /// Whether `tag`, possibly cut short, is the MAC; in constant time.
    pub(crate) fn matches(&self, which: Integrity, bytes: &[u8], length: u16, tag: &[u8]) -> bool {
        let (tag, cut) = tag.as_chunks();
        let same = match which {
            Integrity::Sha1 => {
                let mac = self.sha1(bytes, length);
                <&[_; SHA1_WORDS]>::try_from(tag).is_ok_and(|tag| is_same(&mac, tag))
            }
            Integrity::Sha256 => {
                let mac = self.sha256(bytes, length);
                mac.get(..tag.len()).is_some_and(|mac| is_same(mac, tag))
            }
        };
        same && cut.is_empty()
    }
}

/// The first bytes of a message, with another length, and the rest of it.
#[inline]
fn with_length(bytes: &[u8], length: u16) -> ([u8; HEAD_LEN], &[u8]) {
    let [high, low] = length.to_be_bytes();
    // A message has a header, or it would not have been read or begun.
    bytes
        .split_first_chunk()
        .map_or(([0; HEAD_LEN], bytes), |([t0, t1, _, _], rest)| ([*t0, *t1, high, low], rest))
}

/// Compares in a time that depends on the length only. The differences are gathered first, for
/// `subtle` guards each value that it is given, and one is enough.
#[inline]
fn is_same(a: &[[u8; 4]], b: &[[u8; 4]]) -> bool {
    let differences = a
        .iter()
        .zip(b)
        .fold(0, |all, (a, b)| all | (u32::from_ne_bytes(*a) ^ u32::from_ne_bytes(*b)));
    a.len() == b.len() && bool::from(differences.ct_eq(&0))
}

/// Keeps the key to itself.
impl fmt::Debug for Key {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.debug_struct("Key").finish_non_exhaustive()
    }
}
