//! Lines other than attributes, without what they give away (RFC 8866 §5).

use alloc::string::String;

use super::aliases::Aliases;
use super::words::{is_digits, is_known, scrub, scrub_text, words};
use crate::line::Kind;
use crate::value::BLANKS;

/// The value of such a line.
pub(super) fn rewrite(kind: Kind, value: &str, aliases: &mut Aliases) -> String {
    match kind {
        Kind::Version | Kind::Time | Kind::Repeat | Kind::Zone => {
            let time =
                |b: u8| b.is_ascii_digit() || matches!(b, b' ' | b'-' | b'd' | b'h' | b'm' | b's');
            if value.bytes().all(time) { String::from(value) } else { scrub(value) }
        }
        Kind::Origin => words(value, &BLANKS, |place, word| origin(place, word, aliases)),
        Kind::Connection => connection(value, aliases),
        Kind::Bandwidth => words(value, &[':', ' ', '\t'], |place, word| match place {
            _ if is_digits(word) || is_known(word) => String::from(word),
            0 => aliases.token("X-", word),
            _ => scrub(word),
        }),
        Kind::Media => media(value, aliases),
        _ if is_text(kind) => scrub_text(value),
        _ => scrub(value),
    }
}

/// Whether people wrote it.
pub(super) const fn is_text(kind: Kind) -> bool {
    match kind {
        Kind::SessionName
        | Kind::Information
        | Kind::Uri
        | Kind::Email
        | Kind::Phone
        | Kind::Key => true,
        Kind::Version
        | Kind::Origin
        | Kind::Connection
        | Kind::Bandwidth
        | Kind::Time
        | Kind::Repeat
        | Kind::Zone
        | Kind::Attribute
        | Kind::Media
        | Kind::Unknown(_)
        | Kind::Blank
        | Kind::Stray => false,
    }
}

/// Digits of a time in seconds (RFC 8866 §5.2).
const CLOCK: usize = 10;

fn origin(place: usize, word: &str, aliases: &mut Aliases) -> String {
    match place {
        0 => String::from("-"),
        // A version that is no mere count is the id over again, or the time of the call.
        2 if is_digits(word) && word.len() < CLOCK => String::from(word),
        1 | 2 if is_digits(word) => alloc::format!("{}", aliases.number("session", word)),
        5 => aliases.address(word),
        _ => scrub(word),
    }
}

/// `IN IP4` and an address, perhaps with a TTL and a number of addresses.
pub(super) fn connection(value: &str, aliases: &mut Aliases) -> String {
    words(value, &[' ', '\t', '/'], |place, word| match place {
        0 | 1 => scrub(word),
        2 => aliases.address(word),
        _ if is_digits(word) => String::from(word),
        _ => scrub(word),
    })
}

fn media(value: &str, aliases: &mut Aliases) -> String {
    words(value, &BLANKS, |place, word| match place {
        0 if is_known(word) => String::from(word),
        0 => aliases.token("media", word),
        1 => words(word, &['/'], |_, part| number(part)),
        2 => words(word, &['/'], |_, part| {
            if is_known(part) { String::from(part) } else { aliases.token("X", part) }
        }),
        _ => format(word, aliases),
    })
}

fn number(word: &str) -> String {
    if is_digits(word) { String::from(word) } else { scrub(word) }
}

/// A format of an `m=` line, as attributes refer to it.
pub(super) fn format(word: &str, aliases: &mut Aliases) -> String {
    if is_digits(word) || is_known(word) || word == "*" {
        return String::from(word);
    }
    aliases.token("format", word)
}
