//! What a description means, so that two of them can be compared whatever their spelling.

use std::collections::{BTreeMap, BTreeSet};

use sdp_proto::attribute::{ExtMap, Fmtp, Group, RtcpFb};
use sdp_proto::codec::Format;
use sdp_proto::{Media, Session};

/// Where a description is on its way.
#[derive(Debug, Clone, Copy, PartialEq, Eq, PartialOrd, Ord)]
pub(super) enum Stage {
    OfferToPhone,
    AnswerToBrowser,
    OfferToBrowser,
    AnswerToPhone,
}

impl Stage {
    pub(super) const fn name(self) -> &'static str {
        match self {
            Self::OfferToPhone => "offer to phone",
            Self::AnswerToBrowser => "answer to browser",
            Self::OfferToBrowser => "offer to browser",
            Self::AnswerToPhone => "answer to phone",
        }
    }

    /// Sections of an answer have the places that they have in the offer. A new offer need not have
    /// those that are off.
    const fn is_answer(self) -> bool {
        matches!(self, Self::AnswerToBrowser | Self::AnswerToPhone)
    }
}

/// What can differ between two descriptions.
#[derive(Debug, Clone, Copy, PartialEq, Eq, PartialOrd, Ord)]
pub(super) enum Facet {
    /// Whether there is one at all.
    Taken,
    /// The media of its sections.
    Sections,
    Group,
    Accepted,
    Protocol,
    Direction,
    Codecs,
    /// The order of the codecs that both have.
    Order,
    Parameters,
    Feedback,
    Keys,
    Setup,
    Ice,
    /// Where RTCP goes.
    Rtcp,
    PacketTime,
    Extensions,
    /// Everything else, by name.
    Attributes,
}

impl Facet {
    pub(super) const fn name(self) -> &'static str {
        match self {
            Self::Taken => "made",
            Self::Sections => "sections",
            Self::Group => "BUNDLE group",
            Self::Accepted => "section accepted",
            Self::Protocol => "protocol",
            Self::Direction => "direction",
            Self::Codecs => "codecs",
            Self::Order => "order of codecs",
            Self::Parameters => "codec parameters",
            Self::Feedback => "feedback",
            Self::Keys => "keys",
            Self::Setup => "setup",
            Self::Ice => "ICE",
            Self::Rtcp => "RTCP",
            Self::PacketTime => "packet time",
            Self::Extensions => "header extensions",
            Self::Attributes => "other attributes",
        }
    }
}

/// What one section says, or the session. Items of the order are numbered.
pub(super) type Terms = BTreeMap<Facet, BTreeSet<String>>;

/// The meaning of a description.
#[derive(Debug, Default)]
pub(super) struct Facts {
    pub(super) session: Terms,
    pub(super) sections: Vec<Section>,
}

/// One section.
#[derive(Debug)]
pub(super) struct Section {
    /// Its media, and how many of them came before: this names it, since a gateway may order the
    /// sections of its offer as it likes.
    pub(super) name: (String, usize),
    pub(super) terms: Terms,
}

fn one(text: impl Into<String>) -> BTreeSet<String> {
    BTreeSet::from([text.into()])
}

/// Attributes that other facets tell of.
const TOLD: &[&str] = &[
    "rtpmap",
    "fmtp",
    "rtcp-fb",
    "crypto",
    "fingerprint",
    "setup",
    "ice-ufrag",
    "ice-pwd",
    "candidate",
    "rtcp",
    "rtcp-mux",
    "ptime",
    "maxptime",
    "extmap",
    "group",
    "sendrecv",
    "sendonly",
    "recvonly",
    "inactive",
    "ice-options",
];

/// One- and two-byte header extensions in one stream (RFC 8285 §6).
const MIXED: &str = "extmap-allow-mixed";

impl Facts {
    /// Of what a gateway says, or why it does not.
    pub(super) fn new(stage: Stage, text: &Result<String, String>) -> Self {
        let session = text.as_ref().map_err(Clone::clone).and_then(|text| {
            Session::parse(text.as_bytes()).map_err(|error| format!("unreadable: {error}"))
        });
        let session = match session {
            Ok(session) => session,
            Err(why) => {
                let why: String = why.chars().filter(|sign| !sign.is_numeric()).take(90).collect();
                let session = BTreeMap::from([(Facet::Taken, one(format!("no: {why}")))]);
                return Self { session, sections: Vec::new() };
            }
        };
        let media = || session.media().filter(|media| stage.is_answer() || is_live(media));
        let name =
            |media: Media<'_>| media.line().map_or(String::new(), |line| line.media.to_string());
        let names: Vec<String> = media().map(name).collect();
        let groups = session.session_section().all::<Group<'_>>().flatten();
        let sizes = groups.filter(Group::is_bundle).map(|group| group.mids().count());
        let bundled = sizes.filter(|size| *size > 1).max();
        let mut terms = Terms::new();
        terms.insert(Facet::Taken, one("yes"));
        let mut sorted = names.clone();
        sorted.sort_unstable();
        terms.insert(Facet::Sections, one(sorted.join(" ")));
        let bundled = bundled.map_or("none".to_owned(), |size| format!("of {size}"));
        terms.insert(Facet::Group, one(bundled));
        let mut attributes = names_of(session.session_section().attributes());
        // What stands here for all sections is told of each.
        attributes.remove(MIXED);
        terms.insert(Facet::Attributes, attributes);
        let sections = media().enumerate().map(|(place, media)| {
            let before = names[..place].iter().filter(|name| **name == names[place]).count();
            Section { name: (names[place].clone(), before), terms: section(&session, &media) }
        });
        Self { session: terms, sections: sections.collect() }
    }
}

fn is_live(media: &Media<'_>) -> bool {
    !media.is_rejected()
}

fn names_of<'s>(
    attributes: impl Iterator<Item = sdp_proto::AttributeLine<'s>>,
) -> BTreeSet<String> {
    let names = attributes.map(|attribute| attribute.name_lossy().into_owned());
    names.filter(|name| !TOLD.contains(&name.as_str())).collect()
}

fn section(session: &Session<'_>, media: &Media<'_>) -> Terms {
    let mut terms = Terms::new();
    if !is_live(media) {
        terms.insert(Facet::Accepted, one("no"));
        return terms;
    }
    terms.insert(Facet::Accepted, one("yes"));
    let Ok(line) = media.line() else { return terms };
    terms.insert(Facet::Protocol, one(line.proto.to_string()));
    terms.insert(Facet::Direction, one(media.direction().as_str()));
    let keys = [("DTLS", media.fingerprints().next().is_some()), ("SDES", media.has("crypto"))];
    let keys = keys.into_iter().filter(|(_, is)| *is).map(|(name, _)| name.to_owned());
    terms.insert(Facet::Keys, keys.collect());
    let setup = media.setup().ok().flatten();
    terms.insert(Facet::Setup, one(setup.map_or("none", |setup| setup.as_str())));
    let ice = [
        ("credentials", media.ice_credentials().is_ok_and(|found| found.is_some())),
        ("candidates", media.candidates().next().is_some()),
    ];
    let ice = ice.into_iter().filter(|(_, is)| *is).map(|(name, _)| name.to_owned());
    terms.insert(Facet::Ice, ice.collect());
    let mut attributes = names_of(media.attributes());
    attributes.extend(session.session_section().has(MIXED).then(|| MIXED.to_owned()));
    terms.insert(Facet::Attributes, attributes);
    let times = ["ptime", "maxptime"].into_iter().filter_map(|name| {
        let mut all = media.attributes();
        let found = all.find(|attribute| attribute.name() == name.as_bytes())?;
        Some(format!("{name} {}", String::from_utf8_lossy(found.value()?)))
    });
    terms.insert(Facet::PacketTime, times.collect());
    if line.is_rtp() {
        rtp(media, line.port, &mut terms);
    }
    terms
}

fn rtp(media: &Media<'_>, port: u16, terms: &mut Terms) {
    let other = media.get::<sdp_proto::attribute::Rtcp<'_>>().ok().flatten();
    let rtcp = match other {
        _ if media.rtcp_mux() => "with RTP",
        Some(rtcp) if rtcp.port == port => "with RTP, unsaid",
        Some(rtcp) if rtcp.port != port.saturating_add(1) => "somewhere else",
        Some(_) | None => "next port",
    };
    terms.insert(Facet::Rtcp, one(rtcp));
    let formats = media.rtp_formats().unwrap_or_default();
    let name = |format: &Format<'_>| format!("{} {}", format.payload_type, codec(format));
    terms.insert(Facet::Codecs, formats.iter().map(name).collect());
    let order =
        formats.iter().enumerate().map(|(place, format)| format!("{place:03} {}", name(format)));
    terms.insert(Facet::Order, order.collect());
    terms.insert(Facet::Parameters, formats.iter().flat_map(parameters).collect());
    let feedback = media.all::<RtcpFb<'_>>().flatten();
    let feedback = feedback.flat_map(|line| {
        let about = |format: &&Format<'_>| {
            line.payload_type.is_none_or(|about| about == format.payload_type)
        };
        let text = line.to_string();
        let said = text.split_once(' ').map_or("", |(_, said)| said).to_owned();
        let each = |format| format!("{} {said}", name(format));
        formats.iter().filter(about).map(each).collect::<Vec<_>>()
    });
    terms.insert(Facet::Feedback, feedback.collect());
    let maps = media.all::<ExtMap<'_>>().flatten();
    let extension = |map: ExtMap<'_>| {
        let way = map.direction.map_or("both-ways", |way| way.as_str());
        format!("{} {} {way}", map.id, map.uri)
    };
    terms.insert(Facet::Extensions, maps.map(extension).collect());
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
        let value = if value.is_empty() { String::new() } else { format!("={value}") };
        format!("{} {} {name}{value}", format.payload_type, codec(format))
    };
    pairs.map(pair).collect()
}
