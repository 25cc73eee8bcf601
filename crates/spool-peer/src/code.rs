//! The code that one tells the other: a number and some words, `7-ocean-violin-ember`.
use crate::words;
use std::{fmt, str::FromStr};
use thiserror::Error;

/// Words of a code unless told: 24 bits, of which each guess takes one at the cost of the code.
pub const WORDS_DEFAULT: usize = 3;

/// The fewest and the most words.
const WORDS: std::ops::RangeInclusive<usize> = 2..=16;

/// What two people share to find each other: which mailbox, and the secret that proves them.
///
/// ```
/// use spool_peer::Code;
/// let code: Code = "7-ocean-violin-ember".parse()?;
/// assert_eq!(code.number(), 7);
/// assert_eq!("7 OCEAN viol ember".parse::<Code>()?.to_string(), "7-ocean-violin-ember");
/// assert!("7-ocean-violine-ember".parse::<Code>().is_err());
/// # Ok::<(), spool_peer::CodeError>(())
/// ```
#[derive(Clone, PartialEq, Eq)]
pub struct Code {
    number: u32,
    secret: Vec<u8>,
}

/// Why a text is no code. Nothing was sent, so nothing is lost by a second try.
#[derive(Clone, Debug, PartialEq, Eq, Error)]
#[non_exhaustive]
pub enum CodeError {
    /// It does not begin with a number.
    #[error("a code is a number and words, such as 7-ocean-violin-ember")]
    Number,
    /// There are too few words, or too many.
    #[error("the code has {0} words, and one has 2 to 16; is it all there?")]
    Count(usize),
    /// A word is none of those that codes are made of.
    #[error("'{0}' is not a word of any code")]
    Word(String),
    /// A word is none, and is much like one.
    #[error("'{word}' is not a word of any code; is it '{meant}'?")]
    Near {
        /// What was written.
        word: String,
        /// What may be meant.
        meant: &'static str,
    },
}

impl Code {
    /// A code for a mailbox, whose words are these bytes.
    pub fn new(number: u32, secret: &[u8]) -> Result<Self, CodeError> {
        if !WORDS.contains(&secret.len()) {
            return Err(CodeError::Count(secret.len()));
        }
        Ok(Self { number, secret: secret.to_vec() })
    }

    /// The mailbox.
    pub fn number(&self) -> u32 {
        self.number
    }

    /// What the words stand for.
    pub fn secret(&self) -> &[u8] {
        &self.secret
    }
}

impl fmt::Display for Code {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        write!(f, "{}", self.number)?;
        self.secret.iter().try_for_each(|byte| write!(f, "-{}", words::word(*byte)))
    }
}

/// Without the words.
impl fmt::Debug for Code {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.debug_struct("Code").field("number", &self.number).finish_non_exhaustive()
    }
}

impl FromStr for Code {
    type Err = CodeError;

    /// Takes spaces for hyphens, and capitals, as people say and type it.
    fn from_str(text: &str) -> Result<Self, CodeError> {
        let between = |c: char| c == '-' || c.is_whitespace();
        let mut parts = text.split(between).filter(|part| !part.is_empty());
        let number = parts.next().filter(|part| part.bytes().all(|byte| byte.is_ascii_digit()));
        let number = number.and_then(|part| part.parse().ok()).ok_or(CodeError::Number)?;
        let secret: Vec<u8> = parts.map(word).collect::<Result<_, _>>()?;
        Self::new(number, &secret)
    }
}

fn word(text: &str) -> Result<u8, CodeError> {
    words::byte(text).ok_or_else(|| {
        let word: String = text.chars().filter(|c| !c.is_control()).take(40).collect();
        match words::nearest(text) {
            Some(meant) => CodeError::Near { word, meant },
            None => CodeError::Word(word),
        }
    })
}

#[cfg(test)]
mod tests {
    use super::{Code, CodeError};

    #[test]
    fn a_code_that_cannot_be_is_told_with_what_is_wrong() {
        let parse = |text: &str| text.parse::<Code>().unwrap_err();
        assert_eq!(parse("ocean-violin-ember"), CodeError::Number);
        assert_eq!(parse(""), CodeError::Number);
        assert_eq!(parse("99999999999-ocean-violin-ember"), CodeError::Number);
        assert_eq!(parse("7-ocean"), CodeError::Count(1));
        assert_eq!(parse(&format!("7{}", "-ocean".repeat(17))), CodeError::Count(17));
        assert_eq!(parse("7-ocean-xyz-ember"), CodeError::Word("xyz".into()));
        let near = CodeError::Near { word: "oecan".into(), meant: "ocean" };
        assert_eq!(parse("7-oecan-violin-ember"), near);
        assert_eq!(parse("7-oce\u{1b}[2Jan-violin"), CodeError::Word("oce[2Jan".into()));
    }

    #[test]
    fn a_log_does_not_tell_the_words() {
        let code: Code = "7-ocean-violin-ember".parse().unwrap();
        assert!(!format!("{code:?}").contains("ocean"));
    }
}
