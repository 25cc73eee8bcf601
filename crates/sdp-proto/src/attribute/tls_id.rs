//! `a=tls-id`: names a DTLS association, so that a new one shows (RFC 8842 §4).

use alloc::borrow::Cow;
use core::fmt;

use super::{Level, TypedAttribute, required};
use crate::diagnostic::{Code, ValueError};
use crate::text::{TextError, is_ice_byte};
use crate::value::Field;

/// 20 to 255 letters, digits, `+`, `/`, `-` and `_`.
#[derive(Clone, Debug, PartialEq, Eq, Hash)]
pub struct TlsId<'a>(Cow<'a, str>);

impl<'a> TlsId<'a> {
    /// Checks an identity to be written.
    pub fn new(text: impl Into<Cow<'a, str>>) -> Result<Self, TextError> {
        let text = text.into();
        match text.bytes().enumerate().find(|(_, b)| !is_id_byte(*b)) {
            Some((at, byte)) => Err(TextError::Byte { byte, at }),
            None if text.len() < 20 => Err(TextError::Empty),
            None if text.len() > 255 => Err(TextError::TooLong { len: text.len(), max: 255 }),
            None => Ok(Self(text)),
        }
    }

    /// A copy that borrows nothing.
    pub fn into_owned(self) -> TlsId<'static> {
        TlsId(Cow::Owned(self.0.into_owned()))
    }

    /// The text.
    pub fn as_str(&self) -> &str {
        &self.0
    }
}

fn is_id_byte(byte: u8) -> bool {
    is_ice_byte(byte) || matches!(byte, b'-' | b'_')
}

impl<'a> TypedAttribute<'a> for TlsId<'a> {
    const NAMES: &'static [&'static str] = &["tls-id"];
    const LEVEL: Level = Level::Media;
    const ONCE: bool = true;

    fn read(_: &str, value: Option<&'a str>) -> Result<Self, ValueError> {
        let field = Field::new(required(value)?);
        Self::new(field.text).map_err(|_| field.fault(Code::TlsId))
    }
}

impl fmt::Display for TlsId<'_> {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str(&self.0)
    }
}
