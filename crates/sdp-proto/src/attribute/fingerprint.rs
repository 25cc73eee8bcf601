//! `a=fingerprint`: the hash of the certificate that the peer will show (RFC 8122 §5).

use core::fmt;

use super::{Level, TypedAttribute, required};
use crate::diagnostic::{Code, ValueError};
use crate::text::Token;
use crate::value::{Field, Fields};

/// A hash function and the digest of a certificate. Equality ignores the case of the hex digits.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Fingerprint<'a> {
    /// The hash function.
    pub hash: HashFunction<'a>,
    /// The digest.
    pub digest: Digest,
}

/// A hash function by its name in the textual names registry.
#[derive(Clone, Debug, PartialEq, Eq, Hash)]
pub enum HashFunction<'a> {
    /// `sha-1`.
    Sha1,
    /// `sha-224`.
    Sha224,
    /// `sha-256`, which every implementation has.
    Sha256,
    /// `sha-384`.
    Sha384,
    /// `sha-512`.
    Sha512,
    /// `md5`, which must not be used (RFC 8122 §5).
    Md5,
    /// `md2`, which must not be used (RFC 8122 §5).
    Md2,
    /// One that this crate does not know.
    Other(Token<'a>),
}

impl<'a> HashFunction<'a> {
    const KNOWN: [(Self, &'static str, usize); 7] = [
        (Self::Sha256, "sha-256", 32),
        (Self::Sha1, "sha-1", 20),
        (Self::Sha224, "sha-224", 28),
        (Self::Sha384, "sha-384", 48),
        (Self::Sha512, "sha-512", 64),
        (Self::Md5, "md5", 16),
        (Self::Md2, "md2", 16),
    ];

    fn parse(field: Field<'a>) -> Result<Self, ValueError> {
        for (function, name, _) in Self::KNOWN {
            if field.text.eq_ignore_ascii_case(name) {
                return Ok(function);
            }
        }
        field.token(Code::Fingerprint).map(Self::Other)
    }

    /// As it is written.
    pub fn as_str(&self) -> &str {
        match self {
            Self::Other(token) => token.as_str(),
            known => Self::KNOWN.iter().find(|(f, ..)| f == known).map_or("", |(_, name, _)| name),
        }
    }

    /// Whether a fingerprint by it may be relied upon (RFC 8122 §5): any but MD2 and MD5.
    pub const fn is_allowed(&self) -> bool {
        !matches!(self, Self::Md2 | Self::Md5)
    }

    /// Bytes of the digest of a known function that may be relied upon.
    pub(crate) fn allowed_len(name: &str) -> Option<usize> {
        let known = Self::KNOWN.iter().find(|(_, known, _)| name.eq_ignore_ascii_case(known));
        known.filter(|(function, ..)| function.is_allowed()).map(|(.., len)| *len)
    }

    /// Bytes of its digest, where the function is known.
    pub fn digest_len(&self) -> Option<usize> {
        Self::KNOWN.iter().find(|(f, ..)| f == self).map(|(.., len)| *len)
    }
}

/// The bytes of a digest, at most 64.
#[derive(Clone, Copy)]
pub struct Digest {
    bytes: [u8; Self::MAX],
    len: u8,
}

/// A digest of no bytes, or of more than 64.
#[derive(Clone, Copy, Debug, PartialEq, Eq, thiserror::Error)]
#[error("a digest has 1 to 64 bytes, not {len}")]
pub struct DigestError {
    /// Bytes given.
    pub len: usize,
}

impl Digest {
    const MAX: usize = 64;

    /// Takes a digest of 1 to 64 bytes.
    pub fn new(digest: &[u8]) -> Result<Self, DigestError> {
        let mut bytes = [0; Self::MAX];
        match bytes.get_mut(..digest.len()) {
            Some(room) if !digest.is_empty() => room.copy_from_slice(digest),
            _ => return Err(DigestError { len: digest.len() }),
        }
        Ok(Self { bytes, len: digest.len() as u8 })
    }

    /// The bytes.
    pub fn as_bytes(&self) -> &[u8] {
        self.bytes.get(..usize::from(self.len)).unwrap_or_default()
    }

    /// Reads hex pairs with colons between them.
    fn parse(field: Field<'_>) -> Result<Self, ValueError> {
        let fault = field.fault(Code::Fingerprint);
        let mut digest = Self { bytes: [0; Self::MAX], len: 0 };
        for chunk in field.text.as_bytes().chunks(3) {
            let ([high, low, b':'] | [high, low]) = chunk else { return Err(fault) };
            let byte = hex(*high).zip(hex(*low)).map(|(high, low)| high << 4 | low).ok_or(fault)?;
            *digest.bytes.get_mut(usize::from(digest.len)).ok_or(fault)? = byte;
            digest.len += 1;
        }
        if digest.len == 0 || field.text.ends_with(':') { Err(fault) } else { Ok(digest) }
    }
}

const fn hex(digit: u8) -> Option<u8> {
    match digit {
        b'0'..=b'9' => Some(digit - b'0'),
        b'A'..=b'F' => Some(digit - b'A' + 10),
        b'a'..=b'f' => Some(digit - b'a' + 10),
        _ => None,
    }
}

impl Fingerprint<'_> {
    /// The SHA-256 digest of a certificate.
    pub fn sha256(digest: [u8; 32]) -> Self {
        let mut bytes = [0; Digest::MAX];
        let (room, _) = bytes.split_at_mut(digest.len());
        room.copy_from_slice(&digest);
        Self { hash: HashFunction::Sha256, digest: Digest { bytes, len: 32 } }
    }

    /// A copy that borrows nothing.
    pub fn into_owned(self) -> Fingerprint<'static> {
        let hash = match self.hash {
            HashFunction::Other(token) => HashFunction::Other(token.into_owned()),
            HashFunction::Sha1 => HashFunction::Sha1,
            HashFunction::Sha224 => HashFunction::Sha224,
            HashFunction::Sha256 => HashFunction::Sha256,
            HashFunction::Sha384 => HashFunction::Sha384,
            HashFunction::Sha512 => HashFunction::Sha512,
            HashFunction::Md5 => HashFunction::Md5,
            HashFunction::Md2 => HashFunction::Md2,
        };
        Fingerprint { hash, digest: self.digest }
    }
}

impl<'a> TypedAttribute<'a> for Fingerprint<'a> {
    const NAMES: &'static [&'static str] = &["fingerprint"];
    const LEVEL: Level = Level::Both;

    fn read(_: &str, value: Option<&'a str>) -> Result<Self, ValueError> {
        let mut fields = Fields::new(required(value)?);
        let hash = HashFunction::parse(fields.expect(Code::Fingerprint)?)?;
        let text = fields.expect(Code::Fingerprint)?;
        let digest = Digest::parse(text)?;
        fields.end(Code::Fingerprint)?;
        if hash.digest_len().is_some_and(|len| len != usize::from(digest.len)) {
            return Err(text.fault(Code::FingerprintLength));
        }
        Ok(Self { hash, digest })
    }
}

impl fmt::Display for Fingerprint<'_> {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        write!(f, "{} {}", self.hash.as_str(), self.digest)
    }
}

impl fmt::Display for Digest {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        for (index, byte) in self.as_bytes().iter().enumerate() {
            write!(f, "{}{byte:02X}", if index == 0 { "" } else { ":" })?;
        }
        Ok(())
    }
}

impl fmt::Debug for Digest {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        fmt::Display::fmt(self, f)
    }
}

impl PartialEq for Digest {
    fn eq(&self, other: &Self) -> bool {
        self.as_bytes() == other.as_bytes()
    }
}

impl Eq for Digest {}
