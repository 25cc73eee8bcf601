//! `a=range`: how long a stored presentation lasts (RFC 7826).

use core::fmt;

use super::{Level, TypedAttribute, required};
use crate::diagnostic::{Code, ValueError};
use crate::text::{Text, Token};
use crate::value::Field;

/// A unit of time and an interval in it.
#[derive(Clone, Debug, PartialEq, Eq, Hash)]
pub struct Range<'a> {
    /// `npt`, `clock` or `smpte`.
    pub unit: Token<'a>,
    /// Start, a hyphen, and the end where there is one.
    pub interval: Text<'a>,
}

impl<'a> TypedAttribute<'a> for Range<'a> {
    const NAMES: &'static [&'static str] = &["range"];
    const LEVEL: Level = Level::Both;
    const FREE_TEXT: bool = true;

    fn read(_: &str, value: Option<&'a str>) -> Result<Self, ValueError> {
        let field = Field::new(required(value)?);
        let (unit, interval) = field.split(b'=');
        let interval = interval.ok_or(field.fault(Code::Range))?;
        let text = Text::new(interval.text).map_err(|_| interval.fault(Code::Range))?;
        Ok(Self { unit: unit.token(Code::Range)?, interval: text })
    }
}

impl fmt::Display for Range<'_> {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        write!(f, "{}={}", self.unit, self.interval)
    }
}
