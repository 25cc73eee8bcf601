//! Whose side the text of the RFCs takes where our gateway and rtpengine differ.

use super::facts::{Facet, Stage};
use super::judge::Difference;
use super::{attribute_rules, media_rules};

/// Whom the text supports.
#[derive(Debug, Clone, Copy, PartialEq, Eq, PartialOrd, Ord)]
pub(super) enum Side {
    Ours,
    Theirs,
    /// Both are right.
    Either,
    /// The offer is against it, so that it prescribes nothing.
    Nobody,
}

impl Side {
    pub(super) const fn name(self) -> &'static str {
        match self {
            Self::Ours => "ours",
            Self::Theirs => "theirs",
            Self::Either => "either",
            Self::Nobody => "nobody, since the offer breaks it",
        }
    }
}

/// One decided kind of difference.
#[derive(Debug, PartialEq, Eq, PartialOrd, Ord)]
pub(super) struct Rule {
    /// Where it is; none for anywhere.
    pub(super) stage: Option<Stage>,
    pub(super) facet: Facet,
    /// What the offer has in it.
    pub(super) offer: &'static str,
    /// What ours begins with, and theirs.
    pub(super) ours: &'static str,
    pub(super) theirs: &'static str,
    pub(super) side: Side,
    /// Where it stands, and what it says.
    pub(super) text: &'static str,
}

/// All rules. The first one that fits holds.
pub(super) fn all() -> impl Iterator<Item = &'static Rule> {
    media_rules::RULES.iter().chain(attribute_rules::RULES)
}

/// The rule about this difference, in what became of this offer.
pub(super) fn find(stage: Stage, difference: &Difference, offer: &str) -> Option<&'static Rule> {
    let Difference { facet, ours, theirs } = difference;
    all().find(|rule| {
        rule.stage.is_none_or(|own| own == stage)
            && rule.facet == *facet
            && ours.starts_with(rule.ours)
            && theirs.starts_with(rule.theirs)
            && offer.contains(rule.offer)
    })
}

#[cfg(test)]
mod tests {
    use super::super::facts::{Facet, Stage};
    use super::super::judge::Difference;
    use super::find;

    #[test]
    fn a_rule_holds_for_descriptions_of_its_kind_alone() {
        let (ours, theirs) = ("sendrecv".to_owned(), "sendonly".to_owned());
        let difference = Difference { facet: Facet::Direction, ours, theirs };
        let trickled = "m=audio 9 UDP/TLS/RTP/SAVPF 0\r\nc=IN IP4 0.0.0.0\r\n";
        assert!(find(Stage::OfferToPhone, &difference, trickled).is_some());
        assert!(find(Stage::OfferToPhone, &difference, "c=IN IP4 127.0.0.1\r\n").is_none());
        assert!(find(Stage::OfferToBrowser, &difference, trickled).is_none());
    }
}
