//! `a=identity`: a signed statement of who the peer is (RFC 8827).

use core::fmt;

use super::{Level, TypedAttribute, required};
use crate::diagnostic::{Code, ValueError};
use crate::text::{Text, Word};
use crate::value::Fields;

/// An assertion in base64, and extensions.
#[derive(Clone, Debug, PartialEq, Eq, Hash)]
pub struct Identity<'a> {
    /// The assertion in base64.
    pub assertion: Word<'a>,
    /// `name=value` pairs between semicolons.
    pub extensions: Option<Text<'a>>,
}

impl<'a> TypedAttribute<'a> for Identity<'a> {
    const NAMES: &'static [&'static str] = &["identity"];
    const LEVEL: Level = Level::Session;
    const ONCE: bool = true;

    fn read(_: &str, value: Option<&'a str>) -> Result<Self, ValueError> {
        let mut fields = Fields::new(required(value)?);
        let assertion = fields.expect(Code::Identity)?;
        let base64 = |b: u8| b.is_ascii_alphanumeric() || matches!(b, b'+' | b'/' | b'=');
        if !assertion.text.bytes().all(base64) {
            return Err(assertion.fault(Code::Identity));
        }
        let extensions = Text::new(fields.rest().text).ok();
        Ok(Self { assertion: assertion.word(Code::Identity)?, extensions })
    }
}

impl fmt::Display for Identity<'_> {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        self.assertion.fmt(f)?;
        self.extensions.as_ref().map_or(Ok(()), |extensions| write!(f, " {extensions}"))
    }
}
