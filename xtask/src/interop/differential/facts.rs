//! What an answer means, so that two of them can be compared whatever their spelling.

use std::collections::{BTreeMap, BTreeSet};

use sdp_proto::attribute::{ExtMap, Fmtp, Group, Rid, Simulcast, SimulcastList};
use sdp_proto::codec::Format;
use sdp_proto::{Media, Session};

use super::ours::Answer;

/// What can differ between two answers to one offer.
#[derive(Debug, Clone, Copy, PartialEq, Eq, PartialOrd, Ord)]
pub(super) enum Facet {
    /// Whether there is an answer at all.
    Taken,
    Sections,
    Group,
    Accepted,
    Direction,
    Codecs,
    FirstCodec,
    Parameters,
    RtcpMux,
    Setup,
    Extensions,
    Simulcast,
}

impl Facet {
    pub(super) const fn name(self) -> &'static str {
        match self {
            Self::Taken => "offer taken",
            Self::Sections => "number of sections",
            Self::Group => "BUNDLE group",
            Self::Accepted => "section accepted",
            Self::Direction => "direction",
            Self::Codecs => "codecs",
            Self::FirstCodec => "first codec",
            Self::Parameters => "codec parameters",
            Self::RtcpMux => "rtcp-mux",
            Self::Setup => "setup",
            Self::Extensions => "header extensions",
            Self::Simulcast => "simulcast",
        }
    }
}

/// The meaning of an answer: what holds for the session, and for each section. What is not there
/// cannot be compared.
#[derive(Debug, Default)]
pub(super) struct Facts {
    /// What sections are called; a side may name those that have no name.
    mids: Vec<String>,
    /// Why sections are rejected, by their number, where that is known.
    pub(super) reasons: BTreeMap<usize, String>,
    pub(super) session: BTreeMap<Facet, BTreeSet<String>>,
    pub(super) sections: Vec<BTreeMap<Facet, BTreeSet<String>>>,
}

/// A reason without its numbers, cut.
fn short(why: &str) -> String {
    const LENGTH: usize = 90;
    // A browser begins with what was called.
    let why = why.split_once("Failed to set remote offer sdp: ").map_or(why, |(_, why)| why);
    let why = why.split_once("SessionDescription. ").map_or(why, |(_, why)| why);
    why.chars().filter(|sign| !sign.is_numeric() && !sign.is_control()).take(LENGTH).collect()
}

fn one(text: impl Into<String>) -> BTreeSet<String> {
    BTreeSet::from([text.into()])
}

impl Facts {
    /// Of what we answer.
    pub(super) fn of_ours(answer: &Answer) -> Self {
        let mut facts = Self::new(&answer.text);
        for line in answer.why.lines() {
            let Some(rest) = line.strip_prefix("section ") else { continue };
            if let Some((number, why)) = rest.split_once(": dropped: ") {
                facts.reasons.extend(number.parse().ok().map(|number| (number, why.to_owned())));
            }
        }
        facts
    }

    /// Of what one side answers, or why it does not.
    pub(super) fn new(answer: &Result<String, String>) -> Self {
        let mut facts = Self::default();
        let session = answer.as_ref().map_err(Clone::clone).and_then(|text| {
            Session::parse(text.as_bytes()).map_err(|error| format!("unreadable: {error}"))
        });
        let session = match session {
            Ok(session) => session,
            Err(why) => {
                facts.session.insert(Facet::Taken, one(format!("refused: {}", short(&why))));
                return facts;
            }
        };
        facts.session.insert(Facet::Taken, one("taken"));
        facts.session.insert(Facet::Sections, one(session.media_count().to_string()));
        let groups: Vec<Group<'_>> = session.session_section().all().flatten().collect();
        let members =
            |group: &Group<'_>| -> BTreeSet<String> { group.mids().map(str::to_owned).collect() };
        let bundles: Vec<_> =
            groups.iter().filter(|group| group.is_bundle()).map(members).collect();
        let bundles = bundles.iter().map(|members| join(members, " ")).collect();
        facts.session.insert(Facet::Group, bundles);
        let mid = |media: Media<'_>| media.mid().ok().flatten().map(|mid| mid.to_string());
        facts.mids = session.media().map(|media| mid(media).unwrap_or_default()).collect();
        facts.sections = session.media().map(|media| section(&session, &media)).collect();
        facts
    }
}

impl Facts {
    /// The mids of accepted sections.
    pub(super) fn accepted(&self) -> BTreeSet<&str> {
        let is = |facts: &BTreeMap<Facet, BTreeSet<String>>| {
            facts.get(&Facet::Accepted).is_some_and(|one| one.contains("accepted"))
        };
        let all = self.mids.iter().zip(&self.sections).filter(|(_, facts)| is(facts));
        all.map(|(mid, _)| mid.as_str()).collect()
    }
}

pub(super) fn join(set: &BTreeSet<String>, by: &str) -> String {
    set.iter().map(String::as_str).collect::<Vec<_>>().join(by)
}

fn section(session: &Session<'_>, media: &Media<'_>) -> BTreeMap<Facet, BTreeSet<String>> {
    let mut facts = BTreeMap::new();
    if media.is_rejected() {
        facts.insert(Facet::Accepted, one("rejected"));
        return facts;
    }
    facts.insert(Facet::Accepted, one("accepted"));
    let transport = tagged(session, media);
    let setup = transport.setup().ok().flatten();
    facts.insert(Facet::Setup, one(setup.map_or("none", |setup| setup.as_str())));
    if !media.line().is_ok_and(|line| line.is_rtp()) {
        return facts;
    }
    facts.insert(Facet::Direction, one(media.direction().as_str()));
    let mux = media.rtcp_mux() || transport.rtcp_mux();
    facts.insert(Facet::RtcpMux, one(if mux { "yes" } else { "no" }));
    let formats = media.rtp_formats().unwrap_or_default();
    let name = |format: &Format<'_>| format!("{} {}", format.payload_type, codec(format));
    facts.insert(Facet::Codecs, formats.iter().map(name).collect());
    facts.insert(Facet::FirstCodec, formats.first().map(codec).into_iter().collect());
    facts.insert(Facet::Parameters, formats.iter().flat_map(parameters).collect());
    let maps = media.all::<ExtMap<'_>>().flatten();
    let extension = |map: ExtMap<'_>| {
        let way = map.direction.map_or("both-ways", |way| way.as_str());
        format!("{} {} {way}", map.id, map.uri)
    };
    facts.insert(Facet::Extensions, maps.map(extension).collect());
    facts.insert(Facet::Simulcast, simulcast(media));
    facts
}

/// The section whose transport a section uses: the first one of its group (RFC 9143 §7.3.1).
fn tagged<'s>(session: &'s Session<'_>, media: &Media<'s>) -> Media<'s> {
    let Ok(Some(mid)) = media.mid() else { return *media };
    let mut groups = session.session_section().all::<Group<'_>>().flatten();
    let group = groups.find(|group| group.is_bundle() && group.mids().any(|one| mid == one));
    let first = group.and_then(|group| session.media_by_mid(group.mids().next()?));
    first.unwrap_or(*media)
}

fn codec(format: &Format<'_>) -> String {
    let Some(map) = &format.codec else { return "unknown".into() };
    let name = map.encoding.to_ascii_lowercase();
    format!("{name}/{}/{}", map.clock_rate, map.channels())
}

fn parameters(format: &Format<'_>) -> Vec<String> {
    let pairs = format.fmtp.iter().flat_map(Fmtp::pairs);
    let pair = |(name, value): (&str, Option<&str>)| {
        let value = value.unwrap_or_default().to_ascii_lowercase();
        // What is the default need not be said (RFC 6184 §8.1), and a companion stands or falls
        // with what it refers to.
        let said = (name, value.as_str()) != ("packetization-mode", "0");
        let said = said && name != "apt" && !name.contains('/');
        said.then(|| format!("{} {} {name}={value}", format.payload_type, codec(format)))
    };
    pairs.filter_map(pair).collect()
}

/// The streams with their ways. A `a=rid` that `a=simulcast` does not name is none of them.
fn simulcast(media: &Media<'_>) -> BTreeSet<String> {
    let rids: Vec<Rid<'_>> = media.all().flatten().collect();
    let Ok(Some(simulcast)) = media.get::<Simulcast<'_>>() else {
        return rids.iter().map(|rid| format!("alone {}", rid.id)).collect();
    };
    let mut all = BTreeSet::new();
    for (way, list) in [("send", &simulcast.send), ("recv", &simulcast.recv)] {
        for stream in list.iter().flat_map(SimulcastList::streams) {
            let names: Vec<&str> = stream.map(|rid| rid.rid).collect();
            all.insert(format!("{way} {}", names.join(",")));
        }
    }
    all
}
