//! `a=setup`: which side opens the DTLS association (RFC 4145 §4, RFC 8842 §5.1).

use core::fmt;

use super::{Level, TypedAttribute, required};
use crate::diagnostic::{Code, ValueError};
use crate::value::Field;

/// The role in opening a DTLS association or a TCP connection.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Hash)]
pub enum Setup {
    /// Opens: the DTLS client.
    Active,
    /// Waits: the DTLS server.
    Passive,
    /// Either; the answer decides. What an offer carries.
    ActPass,
    /// Nobody opens for now.
    HoldConn,
}

impl Setup {
    const ROLES: [(Self, &'static str); 4] = [
        (Self::Active, "active"),
        (Self::Passive, "passive"),
        (Self::ActPass, "actpass"),
        (Self::HoldConn, "holdconn"),
    ];

    /// As it is written.
    pub fn as_str(self) -> &'static str {
        Self::ROLES.iter().find(|(role, _)| *role == self).map_or("", |(_, name)| name)
    }

    /// The role with which to answer this one (RFC 8842 §5.3): active unless the offerer is.
    #[must_use]
    pub const fn answer(self) -> Self {
        match self {
            Self::Passive | Self::ActPass => Self::Active,
            Self::Active => Self::Passive,
            Self::HoldConn => Self::HoldConn,
        }
    }
}

impl TypedAttribute<'_> for Setup {
    const NAMES: &'static [&'static str] = &["setup"];
    const LEVEL: Level = Level::Both;
    const ONCE: bool = true;

    fn read(_: &str, value: Option<&str>) -> Result<Self, ValueError> {
        let field = Field::new(required(value)?);
        let found = Self::ROLES.iter().find(|(_, name)| *name == field.text);
        found.map(|(role, _)| *role).ok_or(field.fault(Code::Setup))
    }
}

impl fmt::Display for Setup {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str(self.as_str())
    }
}
