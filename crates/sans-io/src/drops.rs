//! Why bytes were refused, and how often.
use crate::Verdict;

/// Why a machine refused what it was given.
#[derive(Clone, Copy, Debug, PartialEq, Eq, PartialOrd, Ord, Hash)]
#[non_exhaustive]
pub enum DropReason {
    /// It does not parse.
    Malformed,
    /// Its proof of identity is missing or wrong.
    Unauthenticated,
    /// It answers nothing that was asked, or comes too late, or a second time.
    Unexpected,
    /// A policy or a missing permission forbids it.
    Forbidden,
    /// A configured limit is reached.
    Exhausted,
    /// It comes faster than its source may send.
    TooFast,
    /// It is well-formed, but not something that this machine does.
    Unsupported,
}

impl DropReason {
    /// All of them, in the order of their counters.
    pub const ALL: [Self; 7] = [
        Self::Malformed,
        Self::Unauthenticated,
        Self::Unexpected,
        Self::Forbidden,
        Self::Exhausted,
        Self::TooFast,
        Self::Unsupported,
    ];
}

/// How often each reason was used.
///
/// ```
/// use sans_io::{DropCounters, DropReason, Verdict};
/// let mut drops = DropCounters::default();
/// assert_eq!(drops.refuse(DropReason::Malformed), Verdict::Dropped(DropReason::Malformed));
/// assert_eq!((drops.count(DropReason::Malformed), drops.total()), (1, 1));
/// ```
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq)]
pub struct DropCounters([u64; DropReason::ALL.len()]);

/// The counts of two machines together.
impl core::ops::Add for DropCounters {
    type Output = Self;

    fn add(self, other: Self) -> Self {
        Self(core::array::from_fn(|at| self.0[at].saturating_add(other.0[at])))
    }
}

impl DropCounters {
    /// Counts `reason` and gives the verdict that says so.
    pub fn refuse(&mut self, reason: DropReason) -> Verdict<'static> {
        let counter = &mut self.0[reason as usize];
        *counter = counter.saturating_add(1);
        Verdict::Dropped(reason)
    }

    /// How often `reason` was used.
    pub const fn count(&self, reason: DropReason) -> u64 {
        self.0[reason as usize]
    }

    /// How often anything was refused.
    pub fn total(&self) -> u64 {
        self.0.iter().fold(0, |sum, n| sum.saturating_add(*n))
    }
}
