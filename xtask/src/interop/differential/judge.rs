//! Where two answers to one offer differ, in kinds that can be counted.

use std::collections::{BTreeMap, BTreeSet};

use super::facts::{Facet, Facts, join};

/// How one facet came out against one browser.
#[derive(Debug, Clone, PartialEq, Eq)]
pub(super) enum Comparison {
    Same,
    Differs(Vec<Difference>),
}

/// One thing that is not the same.
#[derive(Debug, Clone, PartialEq, Eq, PartialOrd, Ord)]
pub(super) struct Difference {
    pub(super) ours: String,
    pub(super) theirs: String,
}

/// What an answer says of one section or of the session.
type Terms = BTreeMap<Facet, BTreeSet<String>>;

/// Where a facet is.
pub(super) type Place = (Option<usize>, Facet);

/// Compares all that both answers have.
pub(super) fn compare(ours: &Facts, theirs: &Facts) -> BTreeMap<Place, Comparison> {
    let mut all = BTreeMap::new();
    let reasons = &ours.reasons;
    let both = ours.accepted().intersection(&theirs.accepted()).copied().collect();
    let mut add = |section: Option<usize>, ours: &Terms, theirs: &Terms| {
        for (facet, own) in ours {
            let Some(other) = theirs.get(facet) else { continue };
            let comparison = match facet {
                Facet::Parameters => judge(*facet, &common(own, theirs), &common(other, ours)),
                Facet::Group => judge(*facet, &among(own, &both), &among(other, &both)),
                _ => judge(*facet, own, other),
            };
            let comparison = with_reason(comparison, *facet, section.and_then(|s| reasons.get(&s)));
            all.insert((section, *facet), comparison);
        }
    };
    add(None, &ours.session, &theirs.session);
    for (section, (ours, theirs)) in ours.sections.iter().zip(&theirs.sections).enumerate() {
        add(Some(section), ours, theirs);
    }
    all
}

/// Where we reject a section, the reason tells kinds of differences apart.
fn with_reason(comparison: Comparison, facet: Facet, reason: Option<&String>) -> Comparison {
    match (comparison, reason) {
        (Comparison::Differs(mut all), Some(reason)) if facet == Facet::Accepted => {
            for difference in all.iter_mut().filter(|one| one.ours == "rejected") {
                difference.ours = format!("rejected, {reason}");
            }
            Comparison::Differs(all)
        }
        (comparison, _) => comparison,
    }
}

/// The groups without the sections that one side rejects, since that is another difference. A
/// group of one says nothing.
fn among(groups: &BTreeSet<String>, mids: &BTreeSet<&str>) -> BTreeSet<String> {
    let rest = groups.iter().map(|group| group.split(' ').filter(|mid| mids.contains(mid)));
    let rest = rest.map(|group| group.collect::<Vec<_>>());
    rest.filter(|group| group.len() > 1).map(|group| group.join(" ")).collect()
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

/// Differences are told without the numbers, which differ from offer to offer.
fn judge(facet: Facet, ours: &BTreeSet<String>, theirs: &BTreeSet<String>) -> Comparison {
    let refused = |taken: &BTreeSet<String>| taken.iter().any(|one| one.starts_with("refused"));
    // Each has reasons of its own to refuse.
    let both_refuse = facet == Facet::Taken && refused(ours) && refused(theirs);
    if ours == theirs || both_refuse {
        return Comparison::Same;
    }
    let whole = |set: &BTreeSet<String>| if set.is_empty() { NONE.into() } else { join(set, ", ") };
    let differences = match facet {
        Facet::Codecs | Facet::Parameters | Facet::Simulcast => each(ours, theirs),
        Facet::Extensions => extensions(ours, theirs),
        Facet::Group => {
            let size = |groups: &BTreeSet<String>| match groups.len() {
                0 => NONE.to_owned(),
                _ => groups.iter().map(|group| group.split(' ').count()).sum::<usize>().to_string(),
            };
            vec![Difference { ours: size(ours), theirs: size(theirs) }]
        }
        _ => vec![Difference { ours: whole(ours), theirs: whole(theirs) }],
    };
    Comparison::Differs(differences)
}

/// What a side does not have.
const NONE: &str = "none";

/// What only one of the two has.
fn each(ours: &BTreeSet<String>, theirs: &BTreeSet<String>) -> Vec<Difference> {
    let nameless = |text: &String| {
        let rest = text.split_once(' ').filter(|(number, _)| number.parse::<u8>().is_ok());
        rest.map_or_else(|| text.clone(), |(_, rest)| rest.to_owned())
    };
    let only_ours = ours.difference(theirs).map(|one| (nameless(one), NONE.to_owned()));
    let only_theirs = theirs.difference(ours).map(|one| (NONE.to_owned(), nameless(one)));
    let all: BTreeSet<_> = only_ours.chain(only_theirs).collect();
    all.into_iter().map(|(ours, theirs)| Difference { ours, theirs }).collect()
}

/// The same extension with another direction is one difference.
fn extensions(ours: &BTreeSet<String>, theirs: &BTreeSet<String>) -> Vec<Difference> {
    let split = |set: &BTreeSet<String>| -> BTreeMap<String, String> {
        let pairs = set.iter().filter_map(|text| text.rsplit_once(' '));
        pairs.map(|(map, way)| (map.to_owned(), way.to_owned())).collect()
    };
    let (ours, theirs) = (split(ours), split(theirs));
    let mut all = BTreeSet::new();
    for map in ours.keys().chain(theirs.keys()) {
        let uri = map.split_once(' ').map_or(map.as_str(), |(_, uri)| uri);
        match (ours.get(map), theirs.get(map)) {
            (Some(own), Some(other)) if own == other => {}
            (Some(own), Some(other)) => {
                all.insert(Difference { ours: own.clone(), theirs: other.clone() });
            }
            (Some(own), None) => {
                all.insert(Difference { ours: format!("{uri} {own}"), theirs: NONE.into() });
            }
            (None, Some(other)) => {
                all.insert(Difference { ours: NONE.into(), theirs: format!("{uri} {other}") });
            }
            (None, None) => {}
        }
    }
    all.into_iter().collect()
}

#[cfg(test)]
mod tests {
    use super::super::facts::{Facet, Facts};
    use super::{Comparison, Difference, compare};

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
        let only = Difference { ours: "pcmu/8000/1".into(), theirs: "none".into() };
        let expected = Comparison::Differs(vec![only]);
        assert_eq!(differing, [(&(Some(0), Facet::Codecs), &expected)]);
    }
}
