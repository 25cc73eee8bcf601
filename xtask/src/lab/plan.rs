//! What stands between a host of the laboratory and the public segment.

use super::NatKind;

/// The NATs of one side.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(crate) struct Plan {
    /// The one that the host is behind.
    pub(crate) nat: NatKind,
    /// What that one does with what comes for itself.
    pub(crate) input: Input,
    /// The one around it, as carriers have them.
    pub(crate) carrier: Option<NatKind>,
}

/// What a NAT does with packets from outside for itself, which nobody asked for.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(crate) enum Input {
    Drop,
    Reject,
    Accept,
}

impl From<NatKind> for Plan {
    fn from(nat: NatKind) -> Self {
        Self { nat, input: Input::Drop, carrier: None }
    }
}

impl Input {
    /// As a rule of nftables.
    pub(super) const fn rule(self) -> &'static str {
        match self {
            Self::Drop => "iifname wan drop;",
            Self::Reject => "iifname wan reject;",
            Self::Accept => "iifname wan accept;",
        }
    }
}
