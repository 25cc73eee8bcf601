//! `a=sendrecv` and its three siblings: which way media flows (RFC 8866 §6.7).

use core::fmt;

use super::{Level, TypedAttribute, refused};
use crate::diagnostic::{Code, ValueError};

/// Which way media flows, seen from the sender of the description.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq, Hash)]
pub enum Direction {
    /// Both ways; what holds when nothing is said.
    #[default]
    SendRecv,
    /// The sender sends.
    SendOnly,
    /// The sender receives.
    RecvOnly,
    /// Neither.
    Inactive,
}

impl Direction {
    /// Whether the sender of the description sends.
    pub const fn sends(self) -> bool {
        matches!(self, Self::SendRecv | Self::SendOnly)
    }

    /// Whether the sender of the description receives.
    pub const fn receives(self) -> bool {
        matches!(self, Self::SendRecv | Self::RecvOnly)
    }

    /// The direction that sends and receives as told.
    pub const fn from_parts(sends: bool, receives: bool) -> Self {
        match (sends, receives) {
            (true, true) => Self::SendRecv,
            (true, false) => Self::SendOnly,
            (false, true) => Self::RecvOnly,
            (false, false) => Self::Inactive,
        }
    }

    /// The same seen from the other side.
    #[must_use]
    pub const fn reversed(self) -> Self {
        Self::from_parts(self.receives(), self.sends())
    }

    /// The answer of a side that wants `wanted` to this offer (RFC 3264 §6.1).
    #[must_use]
    pub const fn answer(self, wanted: Self) -> Self {
        Self::from_parts(wanted.sends() && self.receives(), wanted.receives() && self.sends())
    }

    /// As it is written.
    pub const fn as_str(self) -> &'static str {
        match self {
            Self::SendRecv => "sendrecv",
            Self::SendOnly => "sendonly",
            Self::RecvOnly => "recvonly",
            Self::Inactive => "inactive",
        }
    }

    /// Reads the word.
    pub(crate) fn from_word(word: &str) -> Option<Self> {
        let all = [Self::SendRecv, Self::SendOnly, Self::RecvOnly, Self::Inactive];
        all.into_iter().find(|direction| direction.as_str() == word)
    }
}

impl TypedAttribute<'_> for Direction {
    const NAMES: &'static [&'static str] = &["sendrecv", "sendonly", "recvonly", "inactive"];
    const LEVEL: Level = Level::Both;
    const ONCE: bool = true;
    const FLAG: bool = true;

    fn read(name: &str, value: Option<&str>) -> Result<Self, ValueError> {
        refused(value)?;
        Self::from_word(name).ok_or(ValueError { code: Code::AttributeName, start: 0, end: 0 })
    }

    fn name(&self) -> &'static str {
        self.as_str()
    }

    fn is_flag(&self) -> bool {
        true
    }
}

impl fmt::Display for Direction {
    fn fmt(&self, _: &mut fmt::Formatter<'_>) -> fmt::Result {
        Ok(())
    }
}
