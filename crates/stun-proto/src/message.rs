//! A message, checked once over the caller's bytes (RFC 8489 §5, §6.3, §14).
use crate::{
    Attribute, AttributeType, Class, Integrity, IntegrityError, Key, MAGIC_COOKIE, MessageType,
    Method, TransactionId, attribute::registry::Check, integrity,
};
use core::fmt;

#[cfg(test)]
mod tests;

/// The length of the header, in bytes.
pub const HEADER_LEN: usize = 20;
const ATTRIBUTE_HEADER_LEN: usize = 4;

/// Why bytes are not a message.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Hash, thiserror::Error)]
pub enum ParseError {
    /// The top two bits are set, or the cookie is not there: another protocol, or RFC 3489.
    #[error("not STUN")]
    NotStun,
    /// The length in the header is not the length of the bytes, or not a multiple of four.
    #[error("the length is wrong")]
    Length,
    /// An attribute goes past the end.
    #[error("an attribute goes past the end")]
    Overrun,
    /// An integrity attribute has a length that it cannot have.
    #[error("an integrity attribute has a wrong length")]
    Integrity,
    /// FINGERPRINT is wrong, or is not last.
    #[error("the fingerprint is wrong")]
    Fingerprint,
}

/// A well-formed message.
///
/// [`parse`](Self::parse) walks the bytes once and checks everything that can be checked without a
/// key; nothing fails after that. What follows an integrity attribute is not seen, except for
/// MESSAGE-INTEGRITY-SHA256 and FINGERPRINT (RFC 8489 §9). Of an attribute that is there twice the
/// first counts (§14), also when that one is malformed: it is then as good as absent, and
/// [`malformed`](Self::malformed) names it.
///
/// ```
/// use stun_proto::{Class, Message, Method, ParseError, attribute::XorMappedAddress};
/// let bytes = [
///     1, 1, 0, 12, 0x21, 0x12, 0xA4, 0x42, 1, 2, 3, 4, 5, 6, 7, 8, 9, 10, 11, 12, // header
///     0, 0x20, 0, 8, 0, 1, 0xA1, 0x47, 0xE1, 0x12, 0xA6, 0x43, // XOR-MAPPED-ADDRESS
/// ];
/// let message = Message::parse(&bytes)?;
/// assert_eq!((message.class(), message.method()), (Class::Success, Method::BINDING));
/// let mapped = message.get::<XorMappedAddress>().map(|mapped| mapped.0);
/// assert_eq!(mapped, Some("192.0.2.1:32853".parse().unwrap()));
/// assert_eq!(Message::parse(&bytes[..31]).err(), Some(ParseError::Length));
/// # Ok::<(), ParseError>(())
/// ```
#[derive(Clone, Copy)]
pub struct Message<'a> {
    bytes: &'a [u8],
    header: &'a [u8; HEADER_LEN],
    /// The attributes before integrity and fingerprint.
    body: &'a [u8],
    sha1: Option<Tag>,
    sha256: Option<Tag>,
    fingerprint: bool,
}

/// Where an integrity attribute is. Narrow, since messages are passed around by value.
#[derive(Clone, Copy)]
struct Tag {
    at: u32,
    len: u8,
}

impl Tag {
    const fn new(at: usize, value: &[u8]) -> Self {
        Self { at: at as u32, len: value.len() as u8 }
    }
}

impl<'a> Message<'a> {
    /// Reads a message that fills `bytes` from end to end.
    pub fn parse(bytes: &'a [u8]) -> Result<Self, ParseError> {
        let (header, body) = bytes.split_first_chunk::<HEADER_LEN>().ok_or(ParseError::NotStun)?;
        let [t0, _, l0, l1, c0, c1, c2, c3, ..] = *header;
        if t0 & 0xC0 != 0 || [c0, c1, c2, c3] != MAGIC_COOKIE {
            return Err(ParseError::NotStun);
        }
        let length = usize::from(u16::from_be_bytes([l0, l1]));
        if body.len() != length || length % 4 != 0 {
            return Err(ParseError::Length);
        }
        let mut message =
            Self { bytes, header, body, sha1: None, sha256: None, fingerprint: false };
        let mut rest = body;
        while !rest.is_empty() {
            let (attribute, next) = split_first(rest).ok_or(ParseError::Overrun)?;
            match attribute.kind {
                AttributeType::FINGERPRINT
                | AttributeType::MESSAGE_INTEGRITY
                | AttributeType::MESSAGE_INTEGRITY_SHA256 => {
                    message.seal(attribute, bytes.len() - rest.len(), next)?;
                }
                _ => {}
            }
            rest = next;
        }
        Ok(message)
    }

    /// Takes in an attribute that is about the whole message.
    fn seal(&mut self, attribute: Raw<'_>, at: usize, next: &[u8]) -> Result<(), ParseError> {
        let (before, value) = (&self.bytes[..at], attribute.value());
        match attribute.kind {
            AttributeType::FINGERPRINT => {
                if !next.is_empty() || value != integrity::crc(before) {
                    return Err(ParseError::Fingerprint);
                }
                self.fingerprint = true;
            }
            AttributeType::MESSAGE_INTEGRITY => {
                // After another one it is not seen.
                if self.sha1.is_some() || self.sha256.is_some() {
                    return Ok(());
                }
                if value.len() != integrity::SHA1_LEN {
                    return Err(ParseError::Integrity);
                }
                self.sha1 = Some(Tag::new(at, value));
            }
            _ => {
                if self.sha256.is_some() {
                    return Ok(());
                }
                if !integrity::is_sha256_len(value.len()) {
                    return Err(ParseError::Integrity);
                }
                self.sha256 = Some(Tag::new(at, value));
            }
        }
        if before.len() < HEADER_LEN + self.body.len() {
            self.body = &before[HEADER_LEN..];
        }
        Ok(())
    }

    /// Class and method.
    pub const fn message_type(&self) -> MessageType {
        let [t0, t1, ..] = *self.header;
        MessageType::from_low_bits(u16::from_be_bytes([t0, t1]))
    }

    /// What the message is for.
    pub const fn method(&self) -> Method {
        self.message_type().method
    }

    /// What part it plays.
    pub const fn class(&self) -> Class {
        self.message_type().class
    }

    /// The transaction that it belongs to.
    pub const fn transaction_id(&self) -> TransactionId {
        let [_, _, _, _, _, _, _, _, id @ ..] = *self.header;
        TransactionId(id)
    }

    /// The bytes that it was read from.
    pub const fn as_bytes(&self) -> &'a [u8] {
        self.bytes
    }

    /// The first attribute of type `A`, if there is one and it is not malformed.
    #[inline]
    pub fn get<A: Attribute<'a>>(&self) -> Option<A> {
        A::decode(self.value(A::TYPE)?, &self.transaction_id())
    }

    /// The value of the first attribute of this type, malformed or not, but for integrity and
    /// fingerprint: for types that this crate does not know, and for those who only compare.
    /// [`get`](Self::get) makes sure that text is UTF-8, which takes longer than to find it.
    ///
    /// ```
    /// use stun_proto::{AttributeType, Message, MessageBuilder, MessageType, Method, TransactionId};
    /// use stun_proto::attribute::Username;
    /// let mut buffer = [0; 64];
    /// let kind = MessageType::request(Method::BINDING);
    /// let bytes = MessageBuilder::new(&mut buffer, kind, TransactionId([0; 12]))
    ///     .with(&Username("local:remote"))
    ///     .finish()?;
    /// let message = Message::parse(bytes)?;
    /// assert_eq!(message.value(AttributeType::USERNAME), Some(&b"local:remote"[..]));
    /// assert_eq!(message.value(AttributeType(0x7FFF)), None);
    /// # Ok::<(), Box<dyn std::error::Error>>(())
    /// ```
    #[inline]
    pub fn value(&self, kind: AttributeType) -> Option<&'a [u8]> {
        let mut rest = self.body;
        loop {
            let (attribute, next) = split_first(rest)?;
            if attribute.kind == kind {
                return Some(attribute.value());
            }
            rest = next;
        }
    }

    /// All attributes of type `A` that are not malformed, in their order.
    pub fn get_all<A: Attribute<'a>>(&self) -> impl Iterator<Item = A> + use<'a, A> {
        let id = self.transaction_id();
        self.attributes()
            .filter(|(kind, _)| *kind == A::TYPE)
            .filter_map(move |(_, value)| A::decode(value, &id))
    }

    /// Whether there is an attribute of this type, malformed or not. Of integrity and fingerprint tell
    /// [`integrity`](Self::integrity) and [`has_fingerprint`](Self::has_fingerprint); for their types
    /// this is always false.
    pub fn has(&self, kind: AttributeType) -> bool {
        self.value(kind).is_some()
    }

    /// Types and values, up to the first integrity attribute or the fingerprint.
    #[inline]
    pub fn attributes(&self) -> impl Iterator<Item = (AttributeType, &'a [u8])> + use<'a> {
        let mut rest = self.body;
        core::iter::from_fn(move || {
            let (attribute, next) = split_first(rest)?;
            rest = next;
            Some((attribute.kind, attribute.value()))
        })
    }

    /// The first comprehension-required attribute that this crate knows and whose value is not
    /// what it must be. A server answers 400 (Bad Request), a client takes it as missing.
    pub fn malformed(&self) -> Option<AttributeType> {
        let id = self.transaction_id();
        let is_malformed = |kind: AttributeType, value: &[u8]| {
            kind.is_required() && kind.check(value, &id) == Check::Malformed
        };
        self.attributes().find(|(kind, value)| is_malformed(*kind, value)).map(|(kind, _)| kind)
    }

    /// The comprehension-required attributes that this crate does not know (RFC 8489 §6.3).
    pub fn unknown_required(&self) -> impl Iterator<Item = AttributeType> {
        self.unknown_required_to(AttributeType::is_known)
    }

    /// The comprehension-required attributes that a usage does not understand, for one that
    /// understands less than this crate.
    pub fn unknown_required_to<F: Fn(AttributeType) -> bool>(
        &self,
        understands: F,
    ) -> impl Iterator<Item = AttributeType> + use<'a, F> {
        self.attributes()
            .map(|(kind, _)| kind)
            .filter(move |kind| kind.is_required() && !understands(*kind))
    }

    /// Whether there is a fingerprint; it was right, or the message would not have been read.
    pub const fn has_fingerprint(&self) -> bool {
        self.fingerprint
    }

    /// Which integrity attribute counts: SHA-256 before SHA-1 (RFC 8489 §9.1.3).
    pub const fn integrity(&self) -> Option<Integrity> {
        match (self.sha256, self.sha1) {
            (Some(_), _) => Some(Integrity::Sha256),
            (None, Some(_)) => Some(Integrity::Sha1),
            (None, None) => None,
        }
    }

    /// Checks the integrity attribute that counts, in constant time. A SHA-256 attribute must have
    /// its full 32 bytes (RFC 8489 §14.6).
    pub fn verify(&self, key: &Key) -> Result<Integrity, IntegrityError> {
        self.verify_truncated(key, integrity::SHA256_LEN)
    }

    /// Like [`verify`](Self::verify), for usages that allow a SHA-256 attribute to be cut to
    /// `min_len` bytes (at least 16).
    pub fn verify_truncated(&self, key: &Key, min_len: usize) -> Result<Integrity, IntegrityError> {
        let (tag, which) = match (self.sha256, self.sha1) {
            (Some(tag), _) => (tag, Integrity::Sha256),
            (None, Some(tag)) => (tag, Integrity::Sha1),
            (None, None) => return Err(IntegrityError::Missing),
        };
        let (at, len) = (tag.at as usize, usize::from(tag.len));
        if which == Integrity::Sha256 && len < min_len {
            return Err(IntegrityError::Truncated);
        }
        let (signed, rest) = self.bytes.split_at(at);
        let value = &rest[ATTRIBUTE_HEADER_LEN..ATTRIBUTE_HEADER_LEN + len];
        // The header must say that the message ends with this attribute.
        let length = (at + ATTRIBUTE_HEADER_LEN + len - HEADER_LEN) as u16;
        if key.matches(which, signed, length, value) {
            Ok(which)
        } else {
            Err(IntegrityError::Mismatch)
        }
    }
}

/// An attribute as it stands in a message.
#[derive(Clone, Copy)]
struct Raw<'a> {
    kind: AttributeType,
    len: usize,
    padded: &'a [u8],
}

impl<'a> Raw<'a> {
    /// The value without padding. Cut only where it is looked at: most attributes are walked past.
    #[inline]
    fn value(self) -> &'a [u8] {
        self.padded.get(..self.len).unwrap_or_default()
    }
}

/// The first attribute, and what follows.
#[inline]
fn split_first(bytes: &[u8]) -> Option<(Raw<'_>, &[u8])> {
    let (&[t0, t1, l0, l1], rest) = bytes.split_first_chunk()?;
    let len = usize::from(u16::from_be_bytes([l0, l1]));
    // On the way from one attribute to the next, so in the fewest steps.
    let (padded, next) = rest.split_at_checked((len + 3) & !3)?;
    Some((Raw { kind: AttributeType(u16::from_be_bytes([t0, t1])), len, padded }, next))
}

impl fmt::Debug for Message<'_> {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        struct Attributes<'a>(Message<'a>);
        impl fmt::Debug for Attributes<'_> {
            fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
                f.debug_map().entries(self.0.attributes()).finish()
            }
        }
        f.debug_struct("Message")
            .field("type", &self.message_type())
            .field("id", &self.transaction_id())
            .field("attributes", &Attributes(*self))
            .field("integrity", &self.integrity())
            .field("fingerprint", &self.fingerprint)
            .finish()
    }
}
