//! `a=connection`: whether to use the existing connection again (RFC 4145 §5).

use core::fmt;

use super::{Level, TypedAttribute, required};
use crate::diagnostic::{Code, ValueError};
use crate::value::Field;

/// What to do about a connection that exists.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Hash)]
pub enum ConnectionReuse {
    /// Open a new one.
    New,
    /// Keep it.
    Existing,
}

impl TypedAttribute<'_> for ConnectionReuse {
    const NAMES: &'static [&'static str] = &["connection"];
    const LEVEL: Level = Level::Both;
    const ONCE: bool = true;

    fn read(_: &str, value: Option<&str>) -> Result<Self, ValueError> {
        let field = Field::new(required(value)?);
        match field.text {
            "new" => Ok(Self::New),
            "existing" => Ok(Self::Existing),
            _ => Err(field.fault(Code::ConnectionValue)),
        }
    }
}

impl fmt::Display for ConnectionReuse {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str(match self {
            Self::New => "new",
            Self::Existing => "existing",
        })
    }
}
