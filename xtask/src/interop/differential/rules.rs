//! Whose side the text of the RFCs takes where answers differ.

use super::facts::Facet;

/// Whom the text supports.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(super) enum Side {
    Ours,
    Theirs,
    /// It leaves the choice.
    Open,
}

/// One decided kind of difference.
pub(super) struct Rule {
    pub(super) facet: Facet,
    /// What only we say begins like this, and what only they say like that.
    ours: &'static str,
    theirs: &'static str,
    pub(super) side: Side,
    /// Where it stands, and what it says.
    pub(super) text: &'static str,
}

pub(super) const RULES: &[Rule] = &[];

/// The rule about this difference.
pub(super) fn find(facet: Facet, ours: &str, theirs: &str) -> Option<&'static Rule> {
    RULES.iter().find(|rule| {
        rule.facet == facet && ours.starts_with(rule.ours) && theirs.starts_with(rule.theirs)
    })
}
