//! Writing a message into the caller's buffer, in the one order that is right (RFC 8489 §5, §14).
use crate::{
    Attribute, AttributeType, HEADER_LEN, Integrity, Key, MAGIC_COOKIE, MessageType, Method,
    TransactionId, integrity,
};

#[cfg(test)]
mod tests;

const ATTRIBUTE_HEADER_LEN: usize = 4;
/// The largest multiple of four that fits into the length of the header.
const MAX_BODY_LEN: usize = 65_532;

/// Why a message was not written.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Hash, thiserror::Error)]
pub enum WriteError {
    /// The buffer is too small.
    #[error("the buffer is too small")]
    NoRoom,
    /// The attributes are longer than a message can be.
    #[error("the message is too long")]
    TooLong,
    /// The value of this attribute may not be sent, see [`Attribute::is_valid`].
    #[error("{0} has a value that may not be sent")]
    Invalid(AttributeType),
}

/// Writes a message, without allocating. Attributes come first, then what proves the sender, then
/// the fingerprint: the types leave no other order. The first fault is kept until
/// [`finish`](Self::finish).
///
/// ```
/// use stun_proto::{Message, MessageBuilder, MessageType, Method, TransactionId};
/// use stun_proto::attribute::XorMappedAddress;
/// let mut buffer = [0; 32];
/// let success = MessageType::success(Method::BINDING);
/// let bytes = MessageBuilder::new(&mut buffer, success, TransactionId([0; 12]))
///     .with(&XorMappedAddress("192.0.2.1:32853".parse()?))
///     .finish()?;
/// assert_eq!(bytes.len(), 32);
/// # Ok::<(), Box<dyn std::error::Error>>(())
/// ```
#[derive(Debug)]
#[must_use]
pub struct MessageBuilder<'b>(Writer<'b>);

/// A message that was signed, or is not to be: only the fingerprint may follow.
#[derive(Debug)]
#[must_use]
pub struct SignedBuilder<'b>(Writer<'b>);

/// A message with its fingerprint: nothing may follow.
#[derive(Debug)]
#[must_use]
pub struct SealedBuilder<'b>(Writer<'b>);

impl<'b> MessageBuilder<'b> {
    /// Begins a message at the start of `buffer`.
    pub fn new(buffer: &'b mut [u8], kind: MessageType, id: TransactionId) -> Self {
        let mut writer = Writer { buffer, len: HEADER_LEN, id, fault: None };
        match writer.buffer.first_chunk_mut::<HEADER_LEN>() {
            Some(header) => {
                header[..2].copy_from_slice(&kind.to_bits().to_be_bytes());
                header[2..4].fill(0);
                header[4..8].copy_from_slice(&MAGIC_COOKIE);
                header[8..].copy_from_slice(&id.0);
            }
            None => writer.fault = Some(WriteError::NoRoom),
        }
        Self(writer)
    }

    /// Adds an attribute.
    pub fn with<'a, A: Attribute<'a>>(mut self, attribute: &A) -> Self {
        self.push(attribute);
        self
    }

    /// Adds an attribute if there is one.
    pub fn with_some<'a, A: Attribute<'a>>(mut self, attribute: Option<&A>) -> Self {
        if let Some(attribute) = attribute {
            self.push(attribute);
        }
        self
    }

    /// Adds an attribute, where a chain of calls does not suit.
    pub fn push<'a, A: Attribute<'a>>(&mut self, attribute: &A) {
        if is_seal(A::TYPE) || !attribute.is_valid() {
            self.0.fail(WriteError::Invalid(A::TYPE));
        }
        let id = self.0.id;
        if let Some(value) = self.0.reserve(A::TYPE, attribute.value_len()) {
            attribute.encode(&id, value);
        }
    }

    /// Adds an attribute that this crate has no type for, with its value as bytes. Integrity and
    /// fingerprint cannot be written so.
    pub fn push_raw(&mut self, kind: AttributeType, value: &[u8]) {
        if is_seal(kind) {
            self.0.fail(WriteError::Invalid(kind));
        } else if let Some(out) = self.0.reserve(kind, value.len()) {
            out.copy_from_slice(value);
        }
    }

    /// What the message is for.
    pub fn method(&self) -> Method {
        let bits = self.0.buffer.first_chunk().map_or(0, |bits| u16::from_be_bytes(*bits));
        MessageType::from_bits(bits).map_or(Method::BINDING, |kind| kind.method)
    }

    /// Signs what was written so far.
    pub fn sign(mut self, key: &Key, which: Integrity) -> SignedBuilder<'b> {
        match which {
            Integrity::Sha1 => self.0.sign_sha1(key),
            Integrity::Sha256 => self.0.sign_sha256(key),
        }
        SignedBuilder(self.0)
    }

    /// Signs twice, for a server whose choice is not known yet (RFC 8489 §9.1.2).
    pub fn sign_both(mut self, key: &Key) -> SignedBuilder<'b> {
        self.0.sign_sha1(key);
        self.0.sign_sha256(key);
        SignedBuilder(self.0)
    }

    /// Ends the attributes without signing, where a message may be signed or not.
    pub fn unsigned(self) -> SignedBuilder<'b> {
        SignedBuilder(self.0)
    }

    /// Adds the fingerprint to an unsigned message.
    pub fn fingerprint(self) -> SealedBuilder<'b> {
        SignedBuilder(self.0).fingerprint()
    }

    /// Ends the message and gives its bytes.
    pub fn finish(self) -> Result<&'b [u8], WriteError> {
        self.0.finish()
    }
}

/// Whether an attribute has a place of its own, which only [`MessageBuilder::sign`] and its like
/// know: also one of a caller's type may not stand elsewhere.
const fn is_seal(kind: AttributeType) -> bool {
    matches!(
        kind,
        AttributeType::MESSAGE_INTEGRITY
            | AttributeType::MESSAGE_INTEGRITY_SHA256
            | AttributeType::FINGERPRINT
    )
}

impl<'b> SignedBuilder<'b> {
    /// Adds the fingerprint.
    pub fn fingerprint(mut self) -> SealedBuilder<'b> {
        self.0.fingerprint();
        SealedBuilder(self.0)
    }

    /// Ends the message and gives its bytes.
    pub fn finish(self) -> Result<&'b [u8], WriteError> {
        self.0.finish()
    }
}

impl<'b> SealedBuilder<'b> {
    /// Ends the message and gives its bytes.
    pub fn finish(self) -> Result<&'b [u8], WriteError> {
        self.0.finish()
    }
}

#[derive(Debug)]
struct Writer<'b> {
    buffer: &'b mut [u8],
    len: usize,
    id: TransactionId,
    fault: Option<WriteError>,
}

impl<'b> Writer<'b> {
    fn fail(&mut self, fault: WriteError) {
        self.fault.get_or_insert(fault);
    }

    /// Makes room for an attribute and writes its header and padding.
    fn reserve(&mut self, kind: AttributeType, len: usize) -> Option<&mut [u8]> {
        if self.fault.is_some() {
            return None;
        }
        let end = self.len.saturating_add(len).saturating_add(ATTRIBUTE_HEADER_LEN + 3) & !3;
        if end - HEADER_LEN > MAX_BODY_LEN {
            self.fail(WriteError::TooLong);
            return None;
        }
        let Some(room) = self.buffer.get_mut(self.len..end) else {
            self.fault = Some(WriteError::NoRoom);
            return None;
        };
        self.len = end;
        let (header, value) = room.split_at_mut(ATTRIBUTE_HEADER_LEN);
        header[..2].copy_from_slice(&kind.0.to_be_bytes());
        header[2..].copy_from_slice(&(len as u16).to_be_bytes());
        let (value, padding) = value.split_at_mut(len);
        padding.fill(0);
        Some(value)
    }

    /// Puts the length so far into the header.
    fn set_length(&mut self) {
        let length = (self.len - HEADER_LEN) as u16;
        self.buffer[2..4].copy_from_slice(&length.to_be_bytes());
    }

    fn sign_sha1(&mut self, key: &Key) {
        let at = self.len;
        if self.reserve(AttributeType::MESSAGE_INTEGRITY, integrity::SHA1_LEN).is_some() {
            let mac = key.sha1(&self.buffer[..at], (self.len - HEADER_LEN) as u16);
            let mac = mac.as_flattened();
            self.buffer[self.len - mac.len()..self.len].copy_from_slice(mac);
        }
    }

    fn sign_sha256(&mut self, key: &Key) {
        let at = self.len;
        if self.reserve(AttributeType::MESSAGE_INTEGRITY_SHA256, integrity::SHA256_LEN).is_some() {
            let mac = key.sha256(&self.buffer[..at], (self.len - HEADER_LEN) as u16);
            let mac = mac.as_flattened();
            self.buffer[self.len - mac.len()..self.len].copy_from_slice(mac);
        }
    }

    fn fingerprint(&mut self) {
        let at = self.len;
        if self.reserve(AttributeType::FINGERPRINT, 4).is_some() {
            self.set_length();
            let crc = integrity::crc(&self.buffer[..at]);
            self.buffer[self.len - crc.len()..self.len].copy_from_slice(&crc);
        }
    }

    fn finish(mut self) -> Result<&'b [u8], WriteError> {
        if let Some(fault) = self.fault {
            return Err(fault);
        }
        self.set_length();
        Ok(&self.buffer[..self.len])
    }
}
