//! What is wrong with a description, where, by which rule, and what to do about it.

mod code;

pub use code::Code;

use crate::Policy;

/// One finding: a place in the text and a [`Code`].
///
/// Line and columns count from 1; columns count bytes and the range is half open, so that a
/// caret line is `columns.end - columns.start` carets wide. A finding about something that is
/// missing has an empty range at the place where it was looked for.
#[derive(Clone, Copy, Debug, PartialEq, Eq, thiserror::Error)]
#[error("line {line}, column {}: {} ({})", columns.0, code.message(), code.rfc())]
pub struct Diagnostic {
    /// Line number, from 1. One past the last line for what is missing at the end.
    pub line: u32,
    /// First byte column, and the one after the last, from 1.
    pub columns: (u32, u32),
    /// What was found.
    pub code: Code,
}

impl Diagnostic {
    /// Whether the finding breaks a rule or is merely worth knowing.
    pub const fn severity(&self) -> Severity {
        self.code.severity()
    }

    /// Whether `policy` accepts a description with this finding.
    pub fn tolerated_by(&self, policy: Policy) -> bool {
        self.code.tolerated_by(policy)
    }
}

/// How bad a finding is by the book, whatever the policy.
#[derive(Clone, Copy, Debug, PartialEq, Eq, PartialOrd, Ord, Hash)]
pub enum Severity {
    /// Allowed, yet likely not what was meant, or merely borne by the RFC.
    Warning,
    /// Breaks the grammar or a rule.
    Error,
}

impl Severity {
    /// `warning` or `error`.
    pub const fn as_str(self) -> &'static str {
        match self {
            Self::Warning => "warning",
            Self::Error => "error",
        }
    }
}

/// A description that the policy does not accept: the first finding that refuses it.
#[derive(Clone, Copy, Debug, PartialEq, Eq, thiserror::Error)]
#[error("refused by the {policy} policy: {first}")]
pub struct Refusal {
    /// The policy that was asked.
    pub policy: Policy,
    /// The first finding in the order of lines that the policy does not tolerate.
    #[source]
    pub first: Diagnostic,
}

/// A typed value that could not be read, with its place inside the value.
#[derive(Clone, Copy, Debug, PartialEq, Eq, thiserror::Error)]
#[error("{}: {}", code.as_str(), code.message())]
pub struct ValueError {
    /// What is wrong.
    pub code: Code,
    /// Offset of the first offending byte, from 0.
    pub start: u32,
    /// Offset after the last offending byte.
    pub end: u32,
}
