//! Writing a line so that it is one line and a valid one: no CR, LF or NUL gets in (RFC 8866 §9).

use alloc::string::String;
use core::fmt::{self, Write};

use crate::Refusal;
use crate::attribute::{Attribute, Known, TypedAttribute};
use crate::diagnostic::{Code, ValueError};
use crate::limits::LimitError;
use crate::text::{is_text_byte, is_token_byte};

/// Why a line was not written. Nothing was changed.
#[derive(Clone, Copy, Debug, PartialEq, Eq, thiserror::Error)]
pub enum WriteError {
    /// A CR, LF or NUL, which would end the line and start another.
    #[error("byte {byte:#04x} at offset {at} would break the line")]
    Break {
        /// The byte.
        byte: u8,
        /// Its offset in the line.
        at: usize,
    },
    /// The line is not of the form letter=value.
    #[error("the line is not of the form letter=value")]
    NotALine,
    /// The name of the attribute is not a token.
    #[error("the attribute name is not a token")]
    Name,
    /// An attribute that is written in another way, and not by this one.
    #[error("this attribute is not the application's to write")]
    Reserved,
    /// The value is not what its type may be.
    #[error(transparent)]
    Value(#[from] ValueError),
    /// The line does not belong after those written so far (RFC 8866 §9).
    #[error("{line}= may not come here")]
    Order {
        /// The type letter of the line.
        line: char,
    },
    /// There is no such line.
    #[error("there is no line {index}")]
    NoSuchLine {
        /// Index that was asked for, from 0.
        index: usize,
    },
    /// There is no such media section.
    #[error("there is no media section {index}")]
    NoSuchMedia {
        /// Index that was asked for, from 0.
        index: usize,
    },
    /// The description would exceed its limits.
    #[error(transparent)]
    Limit(#[from] LimitError),
    /// The lines are valid and their sum is not.
    #[error(transparent)]
    Refused(#[from] Refusal),
}

/// Refuses bytes that end a line in one reader or another.
pub(crate) fn unbroken(content: &[u8]) -> Result<(), WriteError> {
    match content.iter().enumerate().find(|(_, b)| !is_text_byte(**b)) {
        Some((at, byte)) => Err(WriteError::Break { byte: *byte, at }),
        None => Ok(()),
    }
}

/// `a=name` or `a=name:value` of a typed attribute, checked by reading it back.
pub(crate) fn typed_line<'v, T: TypedAttribute<'v>>(value: &T) -> Result<String, WriteError> {
    let text = (!value.is_flag()).then(|| display(value));
    attribute_line(value.name(), text.as_deref())
}

/// `a=name` or `a=name:value`. The value of a name that has a type must be one of that type.
pub(crate) fn attribute_line(name: &str, value: Option<&str>) -> Result<String, WriteError> {
    if name.is_empty() || !name.bytes().all(is_token_byte) {
        return Err(WriteError::Name);
    }
    let mut line = display(&format_args!("a={name}"));
    if let Some(value) = value {
        line.push(':');
        line.push_str(value);
    }
    unbroken(line.as_bytes())?;
    let flag = Known::find(name.as_bytes()).is_some_and(|known| Attribute::traits(known).flag);
    if flag && value == Some("") {
        return Err(ValueError { code: Code::AttributeFlag, start: 0, end: 0 }.into());
    }
    Attribute::read(name, value)?;
    Ok(line)
}

/// `letter=value` of another line.
pub(crate) fn field_line(letter: char, value: &dyn fmt::Display) -> Result<String, WriteError> {
    let line = display(&format_args!("{letter}={value}"));
    unbroken(line.as_bytes())?;
    Ok(line)
}

fn display(value: &dyn fmt::Display) -> String {
    let mut out = String::new();
    // Writing to a String cannot fail, and the types of this crate do not fail of themselves.
    let _ = write!(out, "{value}");
    out
}
