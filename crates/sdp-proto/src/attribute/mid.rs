//! `a=mid`: the name of a media section (RFC 5888 §4).

use core::fmt;

use super::{Level, TypedAttribute, required};
use crate::diagnostic::{Code, ValueError};
use crate::text::Token;
use crate::value::Field;

/// The identification tag of a media section, unique in the description.
#[derive(Clone, Debug, PartialEq, Eq, Hash)]
pub struct Mid<'a>(pub Token<'a>);

impl<'a> TypedAttribute<'a> for Mid<'a> {
    const NAMES: &'static [&'static str] = &["mid"];
    const LEVEL: Level = Level::Media;
    const ONCE: bool = true;

    fn read(_: &str, value: Option<&'a str>) -> Result<Self, ValueError> {
        Field::new(required(value)?).token(Code::Mid).map(Self)
    }
}

impl fmt::Display for Mid<'_> {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        self.0.fmt(f)
    }
}
