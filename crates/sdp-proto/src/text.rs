//! Text that can be written into a line without breaking it: tokens, words, lists (RFC 8866 §9).

use alloc::borrow::Cow;
use alloc::string::String;
use core::fmt;

use crate::bytes::{find_line_breaker, find_unprintable};

/// The text has a character that may not stand where it was meant to go, or is empty.
#[derive(Clone, Copy, Debug, PartialEq, Eq, thiserror::Error)]
pub enum TextError {
    /// Nothing there.
    #[error("the text is empty")]
    Empty,
    /// Longer than the rule allows.
    #[error("the text has {len} bytes, more than {max}")]
    TooLong {
        /// Bytes given.
        len: usize,
        /// Bytes allowed.
        max: usize,
    },
    /// A byte that the rule leaves out.
    #[error("byte {byte:#04x} at offset {at} may not stand here")]
    Byte {
        /// The byte.
        byte: u8,
        /// Its offset.
        at: usize,
    },
}

macro_rules! text_types {
    ($($(#[$doc:meta])* $name:ident, $max:expr, $fault:expr;)*) => {$(
        $(#[$doc])*
        #[derive(Clone, Debug, PartialEq, Eq, PartialOrd, Ord, Hash)]
        pub struct $name<'a>(Cow<'a, str>);

        impl<'a> $name<'a> {
            /// Checks the text and takes it, borrowed or owned.
            pub fn new(text: impl Into<Cow<'a, str>>) -> Result<Self, TextError> {
                let text = text.into();
                check(&text, $max, $fault)?;
                Ok(Self(text))
            }

            /// The text.
            pub fn as_str(&self) -> &str {
                &self.0
            }

            /// A copy that borrows nothing.
            pub fn into_owned(self) -> $name<'static> {
                $name(Cow::Owned(self.0.into_owned()))
            }
        }

        impl core::ops::Deref for $name<'_> {
            type Target = str;

            fn deref(&self) -> &str {
                &self.0
            }
        }

        impl AsRef<str> for $name<'_> {
            fn as_ref(&self) -> &str {
                &self.0
            }
        }

        impl fmt::Display for $name<'_> {
            fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
                f.write_str(&self.0)
            }
        }

        impl core::str::FromStr for $name<'static> {
            type Err = TextError;

            fn from_str(text: &str) -> Result<Self, TextError> {
                Self::new(String::from(text))
            }
        }

        impl PartialEq<str> for $name<'_> {
            fn eq(&self, other: &str) -> bool {
                *self.0 == *other
            }
        }

        impl PartialEq<&str> for $name<'_> {
            fn eq(&self, other: &&str) -> bool {
                *self.0 == **other
            }
        }
    )*};
}

text_types! {
    /// A `token` of RFC 8866 §9: printable ASCII without the separators `"(),/:;<=>?@[\]`.
    Token, usize::MAX, |text| first_without(text, TOKEN);
    /// A `non-ws-string` of RFC 8866 §9: anything visible, no spaces.
    Word, usize::MAX, find_unprintable;
    /// A `byte-string` of RFC 8866 §9 that is UTF-8: no NUL, CR or LF.
    Text, usize::MAX, find_line_breaker;
    /// One to 256 of the `ice-char`s of RFC 8839 §5.1: letters, digits, `+` and `/`.
    IceText, 256, |text| first_without(text, ICE);
}

macro_rules! borrowed {
    ($($name:ident)*) => {$(
        impl<'a> $name<'a> {
            /// The text that it was read from.
            pub(crate) const fn borrowed(&self) -> Option<&'a str> {
                match self.0 {
                    Cow::Borrowed(text) => Some(text),
                    Cow::Owned(_) => None,
                }
            }
        }
    )*};
}

borrowed! { Token Word }

impl<'a> From<Token<'a>> for Word<'a> {
    fn from(token: Token<'a>) -> Self {
        Self(token.0)
    }
}

impl<'a> From<IceText<'a>> for Word<'a> {
    fn from(text: IceText<'a>) -> Self {
        Self(text.0)
    }
}

/// Words separated by spaces, at least one.
///
/// Keeps the text that it was read from, so that reading one allocates nothing.
#[derive(Clone, Debug)]
pub struct Words<'a>(Cow<'a, str>);

impl<'a> Words<'a> {
    /// Joins `words` with single spaces; each must be a [`Word`].
    pub fn new<S: AsRef<str>>(words: impl IntoIterator<Item = S>) -> Result<Self, TextError> {
        let mut out = String::new();
        for word in words {
            check(word.as_ref(), usize::MAX, find_unprintable)?;
            if !out.is_empty() {
                out.push(' ');
            }
            out.push_str(word.as_ref());
        }
        if out.is_empty() { Err(TextError::Empty) } else { Ok(Self(Cow::Owned(out))) }
    }

    /// Takes text that has words in it; the caller has looked.
    pub(crate) fn borrowed(text: &'a str) -> Self {
        Self(Cow::Borrowed(text))
    }

    /// The words.
    pub fn iter(&self) -> impl Iterator<Item = &str> + Clone {
        self.0.split_ascii_whitespace()
    }

    /// A copy that borrows nothing.
    pub fn into_owned(self) -> Words<'static> {
        Words(Cow::Owned(self.0.into_owned()))
    }
}

impl PartialEq for Words<'_> {
    fn eq(&self, other: &Self) -> bool {
        self.iter().eq(other.iter())
    }
}

impl Eq for Words<'_> {}

impl fmt::Display for Words<'_> {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        for (index, word) in self.iter().enumerate() {
            f.write_str(if index == 0 { "" } else { " " })?;
            f.write_str(word)?;
        }
        Ok(())
    }
}

/// Holds a text to a length, and to bytes of which `fault` finds the first that may not be there.
fn check(text: &str, max: usize, fault: impl Fn(&[u8]) -> Option<usize>) -> Result<(), TextError> {
    if text.is_empty() {
        return Err(TextError::Empty);
    }
    if text.len() > max {
        return Err(TextError::TooLong { len: text.len(), max });
    }
    match fault(text.as_bytes()) {
        Some(at) => {
            Err(TextError::Byte { byte: text.as_bytes().get(at).copied().unwrap_or_default(), at })
        }
        None => Ok(()),
    }
}

/// Which of the classes below each byte is in. Looking it up costs less than comparing.
const CLASSES: [u8; 256] = {
    let mut classes = [0; 256];
    let mut index = 0;
    while index < classes.len() {
        let byte = index as u8;
        // `token-char` of RFC 8866 §9.
        let token = matches!(byte, 0x21 | 0x23..=0x27 | 0x2A..=0x2B | 0x2D..=0x2E | 0x30..=0x39
            | 0x41..=0x5A | 0x5E..=0x7E);
        // `ice-char` of RFC 8839 §5.1.
        let ice = byte.is_ascii_alphanumeric() || matches!(byte, b'+' | b'/');
        // `rid-id` of RFC 8851 §10.
        let rid = byte.is_ascii_alphanumeric() || matches!(byte, b'-' | b'_');
        let hex = matches!(byte, b'0'..=b'9' | b'A'..=b'F');
        classes[index] = if token { TOKEN } else { 0 }
            | if ice { ICE } else { 0 }
            | if rid { RID } else { 0 }
            | if hex { UPPER_HEX } else { 0 };
        index += 1;
    }
    classes
};
const TOKEN: u8 = 1;
const ICE: u8 = 2;
const RID: u8 = 4;
const UPPER_HEX: u8 = 8;

fn is_in(byte: u8, class: u8) -> bool {
    CLASSES.get(usize::from(byte)).is_some_and(|classes| classes & class != 0)
}

fn first_without(text: &[u8], class: u8) -> Option<usize> {
    text.iter().position(|byte| !is_in(*byte, class))
}

/// `token-char` of RFC 8866 §9.
pub(crate) fn is_token_byte(byte: u8) -> bool {
    is_in(byte, TOKEN)
}

/// Anything but NUL, CR and LF.
pub(crate) const fn is_text_byte(byte: u8) -> bool {
    !matches!(byte, 0 | b'\r' | b'\n')
}

/// `ice-char` of RFC 8839 §5.1.
pub(crate) fn is_ice_byte(byte: u8) -> bool {
    is_in(byte, ICE)
}

/// A byte of a `rid-id` of RFC 8851 §10.
pub(crate) fn is_rid_byte(byte: u8) -> bool {
    is_in(byte, RID)
}

/// A hex digit as RFC 8122 §5 wants it.
pub(crate) fn is_upper_hex(byte: u8) -> bool {
    is_in(byte, UPPER_HEX)
}
