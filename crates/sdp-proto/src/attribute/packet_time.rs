//! `a=ptime` and `a=maxptime`: how much media a packet holds (RFC 8866 §6.4, §6.5).

use core::fmt;

use super::{Level, TypedAttribute, required};
use crate::diagnostic::{Code, ValueError};
use crate::text::Word;
use crate::value::Field;

/// A positive decimal number (`non-zero-int-or-real`), kept as it is written.
pub(super) fn positive_decimal(field: Field<'_>, code: Code) -> Result<Word<'_>, ValueError> {
    let (whole, part) = field.split(b'.');
    let digits = |text: &str| text.bytes().all(|b| b.is_ascii_digit());
    let written = !whole.text.is_empty() && digits(whole.text);
    let written = written && part.is_none_or(|part| !part.text.is_empty() && digits(part.text));
    let nonzero = field.text.bytes().any(|b| matches!(b, b'1'..=b'9'));
    if written && nonzero { field.word(code) } else { Err(field.fault(code)) }
}

macro_rules! times {
    ($($(#[$doc:meta])* $name:ident $text:literal;)*) => {$(
        $(#[$doc])*
        #[derive(Clone, Debug, PartialEq, Eq, Hash)]
        pub struct $name<'a>(Word<'a>);

        impl $name<'_> {
            /// From whole milliseconds; `None` for zero.
            pub fn from_millis(ms: u32) -> Option<$name<'static>> {
                let text = alloc::format!("{ms}");
                (ms > 0).then(|| Word::new(text).ok().map($name)).flatten()
            }

            /// A copy that borrows nothing.
            pub fn into_owned(self) -> $name<'static> {
                $name(self.0.into_owned())
            }

            /// Milliseconds, perhaps with a fraction.
            pub fn millis(&self) -> f64 {
                self.0.parse().unwrap_or_default()
            }
        }

        impl<'a> TypedAttribute<'a> for $name<'a> {
            const NAMES: &'static [&'static str] = &[$text];
            const LEVEL: Level = Level::Media;
            const ONCE: bool = true;

            fn read(_: &str, value: Option<&'a str>) -> Result<Self, ValueError> {
                positive_decimal(Field::new(required(value)?), Code::Ptime).map(Self)
            }
        }

        impl fmt::Display for $name<'_> {
            fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
                self.0.fmt(f)
            }
        }
    )*};
}

times! {
    /// `a=ptime`: milliseconds of media that a packet should hold.
    PacketTime "ptime";
    /// `a=maxptime`: milliseconds of media that a packet may hold.
    MaxPacketTime "maxptime";
}
