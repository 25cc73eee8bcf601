//! Whose side the text of the RFCs takes where answers differ.

use super::facts::Facet;
use super::judge::Difference;

/// Whom the text supports.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(super) enum Side {
    Ours,
    Theirs,
    /// It leaves the choice.
    Open,
    /// The offer is against it, so that it prescribes no answer.
    Nobody,
}

/// One decided kind of difference.
pub(super) struct Rule {
    facet: Facet,
    /// What we say begins like this, and what they say has that in it.
    ours: &'static str,
    theirs: &'static str,
    pub(super) side: Side,
    /// Where it stands, and what it says.
    pub(super) text: &'static str,
}

pub(super) const RULES: &[Rule] = &[];

/// The rule about this difference.
pub(super) fn find(
    facet: Facet,
    Difference { ours, theirs }: &Difference,
) -> Option<&'static Rule> {
    RULES.iter().find(|rule| {
        rule.facet == facet && ours.starts_with(rule.ours) && theirs.contains(rule.theirs)
    })
}
