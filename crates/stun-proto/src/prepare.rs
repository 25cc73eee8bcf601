//! Making user names, realms and passwords comparable: OpaqueString (RFC 8265 §4.2) and, for
//! servers of RFC 5389, SASLprep (RFC 4013).
//!
//! The libraries for both need `std`. They serve as oracles in the tests instead: every code point
//! there is gets the same treatment here as there.
use alloc::{borrow::Cow, string::String};
use unicode_normalization::UnicodeNormalization;
use unicode_properties::{GeneralCategory, UnicodeGeneralCategory};

mod context;
mod freeform;
mod sasl;
#[cfg(test)]
mod tests;

use context::Context;

/// Why a text cannot be used.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Hash, thiserror::Error)]
pub enum PrepareError {
    /// Nothing is left of it.
    #[error("the text is empty")]
    Empty,
    /// This character may not be in it, or not in this place.
    #[error("the character {0:?} is not allowed")]
    Disallowed(char),
}

/// Prepares a text by the OpaqueString profile. Printable ASCII stays as it is.
///
/// ```
/// use stun_proto::opaque_string;
/// assert_eq!(opaque_string("pass word")?, "pass word");
/// assert_eq!(opaque_string("caf\u{65}\u{301}")?, "caf\u{e9}");
/// assert!(opaque_string("tab\t").is_err());
/// # Ok::<(), stun_proto::PrepareError>(())
/// ```
pub fn opaque_string(text: &str) -> Result<Cow<'_, str>, PrepareError> {
    if text.is_empty() {
        return Err(PrepareError::Empty);
    }
    if is_printable_ascii(text) {
        return Ok(Cow::Borrowed(text));
    }
    let context = Context::new(text);
    for (at, c) in text.char_indices() {
        if !freeform::is_valid(c) && !context.allows(at, c) {
            return Err(PrepareError::Disallowed(c));
        }
    }
    Ok(text.chars().map(space_to_ascii).nfc().collect::<String>().into())
}

/// Prepares a text by SASLprep, as RFC 5389 wants it. What it maps and forbids is as in RFC 4013;
/// its rules on the direction of text (§2.4), which change no text, are left out.
pub fn sasl_prep(text: &str) -> Result<Cow<'_, str>, PrepareError> {
    if text.is_empty() {
        return Err(PrepareError::Empty);
    }
    if is_printable_ascii(text) {
        return Ok(Cow::Borrowed(text));
    }
    // U+200B is in both tables; it becomes a space.
    let mapped = text
        .chars()
        .map(|c| if sasl::is_space(c) { ' ' } else { c })
        .filter(|c| !sasl::is_mapped_to_nothing(*c));
    let prepared: String = mapped.nfkc().collect();
    match prepared.chars().find(|c| sasl::is_prohibited(*c)) {
        Some(c) => Err(PrepareError::Disallowed(c)),
        None if prepared.is_empty() => Err(PrepareError::Empty),
        None => Ok(prepared.into()),
    }
}

fn is_printable_ascii(text: &str) -> bool {
    text.bytes().all(|byte| matches!(byte, b' '..=b'~'))
}

fn space_to_ascii(c: char) -> char {
    if c.general_category() == GeneralCategory::SpaceSeparator { ' ' } else { c }
}
