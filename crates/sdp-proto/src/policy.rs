//! How much deviation from the grammar a reader puts up with.

/// A filter over [`Code`](crate::Code)s: which diagnostics refuse a description.
///
/// The policies are ordered. What a stricter one accepts, a more lenient one accepts too, by
/// construction: each code names the strictest policy that tolerates it.
#[derive(Clone, Copy, Debug, PartialEq, Eq, PartialOrd, Ord, Hash)]
pub enum Policy {
    /// The grammar and the rules of the RFCs. Only what they tell a reader to bear (a bare LF
    /// as line end, RFC 8866 §5) passes.
    Strict,
    /// What working WebRTC and SIP endpoints get wrong without harm: blank lines, an empty
    /// `s=`, lines out of order, an attribute that cannot be read and is ignored.
    Compat,
    /// What RTSP cameras send: missing `v=`, `o=`, `s=` or `t=`, malformed `o=` and `m=` lines,
    /// stray text. Still refused are bytes that other readers would split into other lines.
    Camera,
}

impl Policy {
    /// All policies, strictest first.
    pub const ALL: [Self; 3] = [Self::Strict, Self::Compat, Self::Camera];

    /// The name as the command line spells it.
    pub const fn as_str(self) -> &'static str {
        match self {
            Self::Strict => "strict",
            Self::Compat => "compat",
            Self::Camera => "camera",
        }
    }
}

impl core::fmt::Display for Policy {
    fn fmt(&self, f: &mut core::fmt::Formatter<'_>) -> core::fmt::Result {
        f.write_str(self.as_str())
    }
}

impl core::str::FromStr for Policy {
    type Err = UnknownPolicy;

    fn from_str(text: &str) -> Result<Self, UnknownPolicy> {
        Self::ALL.into_iter().find(|p| p.as_str() == text).ok_or(UnknownPolicy)
    }
}

/// The text names none of the policies.
#[derive(Clone, Copy, Debug, PartialEq, Eq, thiserror::Error)]
#[error("a policy is one of strict, compat and camera")]
pub struct UnknownPolicy;
