//! Where two answers to one offer differ, in kinds that can be counted.

use std::collections::{BTreeMap, BTreeSet};

use super::facts::{Facet, Facts, join};

/// How one facet came out against one browser.
#[derive(Debug, Clone, PartialEq, Eq, PartialOrd, Ord)]
pub(super) enum Comparison {
    Same,
    Differs { ours: String, theirs: String },
}

/// What an answer says of one section or of the session.
type Terms = BTreeMap<Facet, BTreeSet<String>>;

/// Where a facet is.
pub(super) type Place = (Option<usize>, Facet);

/// Compares all that both answers have.
pub(super) fn compare(ours: &Facts, theirs: &Facts) -> BTreeMap<Place, Comparison> {
    let mut all = BTreeMap::new();
    let mut add = |section, ours: &Terms, theirs: &Terms| {
        for (facet, own) in ours {
            let Some(other) = theirs.get(facet) else { continue };
            let comparison = if *facet == Facet::Parameters {
                judge(*facet, &common(own, theirs), &common(other, ours))
            } else {
                judge(*facet, own, other)
            };
            all.insert((section, *facet), comparison);
        }
    };
    add(None, &ours.session, &theirs.session);
    for (section, (ours, theirs)) in ours.sections.iter().zip(&theirs.sections).enumerate() {
        add(Some(section), ours, theirs);
    }
    all
}

/// The parameters of the codecs that the other side has as well.
fn common(parameters: &BTreeSet<String>, other: &Terms) -> BTreeSet<String> {
    let codecs = other.get(&Facet::Codecs);
    let known = |text: &&String| {
        let codec = text.rsplit_once(' ').map_or("", |(codec, _)| codec);
        codecs.is_some_and(|codecs| codecs.contains(codec))
    };
    parameters.iter().filter(known).cloned().collect()
}

/// A difference is told by what only one of them has, without the numbers, which differ from offer
/// to offer.
fn judge(facet: Facet, ours: &BTreeSet<String>, theirs: &BTreeSet<String>) -> Comparison {
    let refused = |taken: &BTreeSet<String>| taken.iter().any(|one| one.starts_with("refused"));
    // Each has reasons of its own to refuse.
    let both_refuse = facet == Facet::Taken && refused(ours) && refused(theirs);
    if ours == theirs || both_refuse {
        return Comparison::Same;
    }
    if facet == Facet::Group {
        let size = |groups: &BTreeSet<String>| match groups.len() {
            0 => "none".to_owned(),
            _ => join(groups, " | ").replace(char::is_alphanumeric, "").len().to_string(),
        };
        let (ours, theirs) = (size(ours), size(theirs));
        return Comparison::Differs { ours, theirs };
    }
    let only = |a: &BTreeSet<String>, b: &BTreeSet<String>| {
        let numbered = matches!(facet, Facet::Codecs | Facet::Parameters | Facet::Extensions);
        let nameless = |text: &String| match text.split_once(' ') {
            Some((_, rest)) if numbered => rest.trim().to_owned(),
            _ => text.clone(),
        };
        let only: BTreeSet<String> = a.difference(b).map(nameless).collect();
        if only.is_empty() { "-".to_owned() } else { join(&only, ", ") }
    };
    Comparison::Differs { ours: only(ours, theirs), theirs: only(theirs, ours) }
}

#[cfg(test)]
mod tests {
    use super::super::facts::{Facet, Facts};
    use super::{Comparison, compare};

    const ANSWER: &str = "v=0\r\no=- 1 1 IN IP4 127.0.0.1\r\ns=-\r\nt=0 0\r\n\
        m=audio 9 UDP/TLS/RTP/SAVPF 111 0\r\nc=IN IP4 0.0.0.0\r\na=rtpmap:111 opus/48000/2\r\n\
        a=setup:active\r\na=rtcp-mux\r\n";

    #[test]
    fn what_only_one_has_is_told_and_spelling_is_not() {
        let ours = Facts::new(&Ok(ANSWER.into()));
        let spelt =
            ANSWER.replace("opus", "OPUS").replace("a=rtcp-mux", "a=sendrecv\r\na=rtcp-mux");
        let theirs = Facts::new(&Ok(spelt));
        assert!(compare(&ours, &theirs).values().all(|one| *one == Comparison::Same));
        let theirs = Facts::new(&Ok(ANSWER.replace("SAVPF 111 0", "SAVPF 111")));
        let all = compare(&ours, &theirs);
        let differing: Vec<_> = all.iter().filter(|(_, one)| **one != Comparison::Same).collect();
        let expected = Comparison::Differs { ours: "pcmu/8000/1".into(), theirs: "-".into() };
        assert_eq!(differing, [(&(Some(0), Facet::Codecs), &expected)]);
    }
}
