//! `a=ice-ufrag` and `a=ice-pwd`: what authenticates connectivity checks (RFC 8839 §5.4).

use core::fmt;

use super::{Level, TypedAttribute, required};
use crate::diagnostic::{Code, ValueError};
use crate::text::{TextError, Word, is_ice_byte};
use crate::value::Field;

/// Whether a credential that breaks the grammar is one of those that circulate all the same:
/// base64 of another alphabet or padded, or names with an underscore in tests and old stacks.
/// Its length then says nothing about its randomness.
pub(crate) fn is_legacy(text: &str) -> bool {
    let extra = |b: u8| matches!(b, b'-' | b'_' | b'=' | b'.' | b'~');
    text.bytes().all(|b| is_ice_byte(b) || extra(b)) && text.bytes().any(extra)
}

macro_rules! credentials {
    ($($(#[$doc:meta])* $name:ident $text:literal $min:literal to $sent:literal;)*) => {$(
        $(#[$doc])*
        #[derive(Clone, Debug, PartialEq, Eq, Hash)]
        pub struct $name<'a>(Word<'a>);

        impl<'a> $name<'a> {
            /// The least number of characters that the grammar asks for.
            pub const MIN: usize = $min;
            /// The largest number of characters that is read.
            pub const MAX: usize = 256;
            /// The largest number of characters that may be sent (RFC 8839 §5.4).
            pub const SENT_MAX: usize = $sent;

            /// Checks a credential to be written: letters, digits, `+` and `/`, long enough and
            /// not too long.
            pub fn new(text: impl Into<alloc::borrow::Cow<'a, str>>) -> Result<Self, TextError> {
                let text = crate::text::IceText::new(text)?;
                match text.len() {
                    len if len < Self::MIN => Err(TextError::Empty),
                    len if len > $sent => Err(TextError::TooLong { len, max: $sent }),
                    _ => Ok(Self(text.into())),
                }
            }

            /// The text.
            pub fn as_str(&self) -> &str {
                self.0.as_str()
            }

            /// The text that it was read from.
            pub(crate) const fn borrowed(&self) -> Option<&'a str> {
                self.0.borrowed()
            }

            /// A copy that borrows nothing.
            pub fn into_owned(self) -> $name<'static> {
                $name(self.0.into_owned())
            }
        }

        impl<'a> TypedAttribute<'a> for $name<'a> {
            const NAMES: &'static [&'static str] = &[$text];
            const LEVEL: Level = Level::Both;
            const ONCE: bool = true;

            fn read(_: &str, value: Option<&'a str>) -> Result<Self, ValueError> {
                let field = Field::new(required(value)?);
                let len = field.text.len();
                let good = field.text.bytes().all(is_ice_byte) && len >= $min || is_legacy(field.text);
                if !good || len > Self::MAX {
                    return Err(field.fault(Code::$name));
                }
                field.word(Code::$name).map(Self)
            }
        }

        impl fmt::Display for $name<'_> {
            fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
                self.0.fmt(f)
            }
        }
    )*};
}

credentials! {
    /// The user name fragment: 4 to 256 characters, at least 24 random bits.
    IceUfrag "ice-ufrag" 4 to 32;
    /// The password: 22 to 256 characters, at least 128 random bits.
    IcePwd "ice-pwd" 22 to 256;
}
