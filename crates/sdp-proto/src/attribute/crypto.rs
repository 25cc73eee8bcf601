//! `a=crypto`: SRTP keys in the description itself, SDES (RFC 4568).

use core::fmt;

use super::{Level, TypedAttribute, required};
use crate::diagnostic::{Code, ValueError};
use crate::text::{Text, Token, Word};
use crate::value::Fields;

/// A tag, a crypto suite, keys and session parameters.
#[derive(Clone, PartialEq, Eq, Hash)]
pub struct Crypto<'a> {
    /// Tells several lines of a section apart.
    pub tag: u32,
    /// Such as `AES_CM_128_HMAC_SHA1_80`.
    pub suite: Token<'a>,
    /// `inline:` and keys, with semicolons between them. A secret.
    pub keys: Word<'a>,
    /// Session parameters.
    pub session: Option<Text<'a>>,
}

impl Crypto<'_> {
    /// A copy that borrows nothing.
    pub fn into_owned(self) -> Crypto<'static> {
        Crypto {
            tag: self.tag,
            suite: self.suite.into_owned(),
            keys: self.keys.into_owned(),
            session: self.session.map(Text::into_owned),
        }
    }
}

impl<'a> TypedAttribute<'a> for Crypto<'a> {
    const NAMES: &'static [&'static str] = &["crypto"];
    const LEVEL: Level = Level::Media;

    fn read(_: &str, value: Option<&'a str>) -> Result<Self, ValueError> {
        let mut fields = Fields::new(required(value)?);
        let tag = fields.expect(Code::Crypto)?.number(Code::Crypto)?;
        let suite = fields.expect(Code::Crypto)?.token(Code::Crypto)?;
        let keys = fields.expect(Code::Crypto)?;
        if !keys.text.contains(':') {
            return Err(keys.fault(Code::Crypto));
        }
        let session = Text::new(fields.rest().text).ok();
        Ok(Self { tag, suite, keys: keys.word(Code::Crypto)?, session })
    }
}

impl fmt::Display for Crypto<'_> {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        write!(f, "{} {} {}", self.tag, self.suite, self.keys)?;
        self.session.as_ref().map_or(Ok(()), |session| write!(f, " {session}"))
    }
}

/// Without the keys, so that they do not end up in a log.
impl fmt::Debug for Crypto<'_> {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.debug_struct("Crypto")
            .field("tag", &self.tag)
            .field("suite", &self.suite)
            .finish_non_exhaustive()
    }
}
