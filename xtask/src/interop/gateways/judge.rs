//! Where two descriptions differ, in kinds that can be counted.

use std::collections::BTreeSet;

use super::facts::{Facet, Facts, Terms};

/// One thing that is not the same.
#[derive(Debug, Clone, PartialEq, Eq, PartialOrd, Ord)]
pub(super) struct Difference {
    pub(super) facet: Facet,
    pub(super) ours: String,
    pub(super) theirs: String,
}

/// How many facets both descriptions have, and where they differ.
#[derive(Debug, Default)]
pub(super) struct Comparison {
    pub(super) compared: usize,
    pub(super) same: usize,
    pub(super) differences: Vec<Difference>,
}

/// What a side does not have.
const NONE: &str = "none";

/// Compares all that both descriptions have.
pub(super) fn compare(ours: &Facts, theirs: &Facts) -> Comparison {
    let mut comparison = Comparison::default();
    comparison.add(&ours.session, &theirs.session);
    for section in &ours.sections {
        let mut others = theirs.sections.iter();
        if let Some(other) = others.find(|other| other.name == section.name) {
            comparison.add(&section.terms, &other.terms);
        }
    }
    comparison
}

impl Comparison {
    fn add(&mut self, ours: &Terms, theirs: &Terms) {
        for (facet, own) in ours {
            let Some(other) = theirs.get(facet) else { continue };
            self.compared += 1;
            let found = judge(*facet, own, other, ours, theirs);
            self.same += usize::from(found.is_empty());
            self.differences.extend(found);
        }
    }
}

fn judge(
    facet: Facet,
    own: &BTreeSet<String>,
    other: &BTreeSet<String>,
    ours: &Terms,
    theirs: &Terms,
) -> Vec<Difference> {
    let whole = |set: &BTreeSet<String>| {
        let all = set.iter().map(String::as_str).collect::<Vec<_>>().join(", ");
        if all.is_empty() { NONE.to_owned() } else { all }
    };
    match facet {
        Facet::Codecs | Facet::Extensions | Facet::Attributes | Facet::PacketTime => {
            each(facet, own, other)
        }
        Facet::Parameters | Facet::Feedback => {
            each(facet, &common(own, theirs), &common(other, ours))
        }
        Facet::Order => {
            let (own, other) = (ordered(own, theirs), ordered(other, ours));
            if own == other {
                return Vec::new();
            }
            let first = |all: &[String]| all.first().map_or(NONE.into(), |one| nameless(one));
            vec![Difference { facet, ours: first(&own), theirs: first(&other) }]
        }
        // Each has reasons of its own to refuse.
        Facet::Taken if [own, other].iter().all(|set| set.iter().all(|one| one != "yes")) => {
            Vec::new()
        }
        _ if own == other => Vec::new(),
        _ => vec![Difference { facet, ours: whole(own), theirs: whole(other) }],
    }
}

/// What belongs to codecs that the other side has as well.
fn common(all: &BTreeSet<String>, other: &Terms) -> BTreeSet<String> {
    let codecs = other.get(&Facet::Codecs);
    let known = |text: &&String| {
        let codec = text.splitn(3, ' ').take(2).collect::<Vec<_>>().join(" ");
        codecs.is_some_and(|codecs| codecs.contains(&codec))
    };
    all.iter().filter(known).cloned().collect()
}

/// The codecs that the other side has as well, without their places.
fn ordered(all: &BTreeSet<String>, other: &Terms) -> Vec<String> {
    let codecs = other.get(&Facet::Codecs);
    let names = all.iter().filter_map(|text| text.split_once(' ')).map(|(_, codec)| codec);
    let known = |codec: &&str| codecs.is_some_and(|codecs| codecs.contains(*codec));
    names.filter(known).map(str::to_owned).collect()
}

/// Differences are told without the numbers, which differ from offer to offer.
fn nameless(text: &str) -> String {
    let rest = text.split_once(' ').filter(|(number, _)| number.parse::<u16>().is_ok());
    rest.map_or(text, |(_, rest)| rest).to_owned()
}

/// What only one of the two has. The same thing under another number is one difference.
fn each(facet: Facet, ours: &BTreeSet<String>, theirs: &BTreeSet<String>) -> Vec<Difference> {
    let names = |one: &BTreeSet<String>, other: &BTreeSet<String>| -> BTreeSet<String> {
        one.difference(other).map(|text| nameless(text)).collect()
    };
    let (ours, theirs) = (names(ours, theirs), names(theirs, ours));
    let renumbered = ours.intersection(&theirs).map(|name| (name.clone(), "renumbered".to_owned()));
    let only_ours = ours.difference(&theirs).map(|name| (name.clone(), NONE.to_owned()));
    let only_theirs = theirs.difference(&ours).map(|name| (NONE.to_owned(), name.clone()));
    let all = renumbered.chain(only_ours).chain(only_theirs);
    all.map(|(ours, theirs)| Difference { facet, ours, theirs }).collect()
}

#[cfg(test)]
mod tests {
    use super::super::facts::{Facet, Facts, Stage};
    use super::{Difference, compare};

    const TEXT: &str = "v=0\r\no=- 1 1 IN IP4 127.0.0.1\r\ns=-\r\nt=0 0\r\n\
        m=audio 9 RTP/AVP 8 111\r\nc=IN IP4 127.0.0.1\r\na=rtpmap:111 opus/48000/2\r\n";

    fn facts(text: &str) -> Facts {
        Facts::new(Stage::OfferToPhone, &Ok(text.to_owned()))
    }

    #[test]
    fn a_text_is_as_itself_and_an_order_is_that_of_what_both_have() {
        let same = compare(&facts(TEXT), &facts(TEXT));
        assert!(same.differences.is_empty() && same.compared > 10);
        let turned = compare(&facts(TEXT), &facts(&TEXT.replace("8 111", "111 8 0")));
        let difference = |facet, ours: &str, theirs: &str| Difference {
            facet,
            ours: ours.into(),
            theirs: theirs.into(),
        };
        assert_eq!(
            turned.differences,
            [
                difference(Facet::Codecs, "none", "pcmu/8000/1"),
                difference(Facet::Order, "pcma/8000/1", "opus/48000/2"),
            ]
        );
    }

    #[test]
    fn a_refusal_and_a_direction_are_seen() {
        let refused = Facts::new(Stage::OfferToPhone, &Err("no port 7".into()));
        assert_eq!(compare(&refused, &facts(TEXT)).differences[0].ours, "no: no port ");
        let held = compare(&facts(TEXT), &facts(&format!("{TEXT}a=inactive\r\n")));
        assert_eq!(held.differences[0].facet, Facet::Direction);
    }
}
