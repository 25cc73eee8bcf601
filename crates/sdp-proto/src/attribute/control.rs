//! `a=control`: the URL by which RTSP controls a stream (RFC 7826).

use core::fmt;

use super::{Level, TypedAttribute, required};
use crate::diagnostic::{Code, ValueError};
use crate::text::Text;
use crate::value::Field;

/// A URL, often relative; `*` is the URL of the presentation itself.
#[derive(Clone, Debug, PartialEq, Eq, Hash)]
pub struct Control<'a>(pub Text<'a>);

impl<'a> TypedAttribute<'a> for Control<'a> {
    const NAMES: &'static [&'static str] = &["control"];
    const LEVEL: Level = Level::Both;
    const FREE_TEXT: bool = true;

    fn read(_: &str, value: Option<&'a str>) -> Result<Self, ValueError> {
        let field = Field::new(required(value)?);
        Text::new(field.text).map(Self).map_err(|_| field.fault(Code::AttributeValue))
    }
}

impl fmt::Display for Control<'_> {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        self.0.fmt(f)
    }
}
