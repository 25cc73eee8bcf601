//! `a=ice-pacing`: the interval between checks that the sender wishes (RFC 8839 §5.5).

use core::fmt;
use core::time::Duration;

use super::{Level, TypedAttribute, required};
use crate::diagnostic::{Code, ValueError};
use crate::value::Field;

/// The pacing in milliseconds. The larger one of both sides counts.
#[derive(Clone, Copy, Debug, PartialEq, Eq, PartialOrd, Ord, Hash)]
pub struct IcePacing {
    /// Milliseconds, up to ten digits.
    pub ms: u64,
}

impl IcePacing {
    /// What holds when a side says nothing.
    pub const DEFAULT: Self = Self { ms: 50 };

    /// The interval.
    pub const fn interval(self) -> Duration {
        Duration::from_millis(self.ms)
    }
}

impl TypedAttribute<'_> for IcePacing {
    const NAMES: &'static [&'static str] = &["ice-pacing"];
    const LEVEL: Level = Level::Session;
    const ONCE: bool = true;

    fn read(_: &str, value: Option<&str>) -> Result<Self, ValueError> {
        let field = Field::new(required(value)?);
        Ok(Self { ms: field.short_number(10, Code::IcePacing)? })
    }
}

impl fmt::Display for IcePacing {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        self.ms.fmt(f)
    }
}
