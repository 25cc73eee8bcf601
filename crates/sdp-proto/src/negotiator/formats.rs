//! The formats of a section: laid out for an offer, matched with those of the peer, and written
//! for an answer (RFC 3264 §5.1, §6.1; RFC 4588).

use alloc::collections::{BTreeMap, BTreeSet};
use alloc::format;
use alloc::string::{String, ToString};
use alloc::vec::Vec;

use super::agreement::AgreedCodec;
use super::capability::Codec;
use super::explain::{ExplanationLog, Reason};
use super::kind::Kind;
use crate::attribute::{Fmtp, RtpMap};
use crate::codec::{Format, Parameters, Symmetry};
use crate::text::{Text, Token};

/// Own formats with numbers, in order.
#[derive(Clone, Debug, Default, PartialEq, Eq)]
pub(super) struct Layout {
    pub(super) formats: Vec<Format<'static>>,
    pub(super) notes: Vec<Note>,
}

/// What a format is besides what is written of it.
#[derive(Clone, Debug, PartialEq, Eq)]
pub(super) struct Note {
    pub(super) key: String,
    pub(super) feedback: Vec<Text<'static>>,
    /// The rules for its parameters.
    pub(super) symmetry: Symmetry,
    /// Place of the format that this one goes with.
    pub(super) original: Option<usize>,
}

/// What the formats of a section are laid out from.
#[derive(Clone, Copy)]
pub(super) struct Wishes<'w> {
    pub(super) kind: Kind,
    pub(super) codecs: &'w [Codec],
    /// What was agreed last.
    pub(super) held: &'w [AgreedCodec],
    /// Whether the order of the codecs is one that the application has set.
    pub(super) ordered: bool,
}

/// A payload type that is asked for.
pub(super) struct Asked<'k> {
    /// What tells the format from others.
    pub(super) key: &'k str,
    /// What the number is to stand for.
    pub(super) meaning: String,
    pub(super) wish: Option<u8>,
}

/// A format yet to be numbered: a codec, or one that goes with it.
struct Wanted<'c> {
    codec: &'c Codec,
    key: String,
    /// `rtx` or `red`.
    companion: Option<&'static str>,
}

impl Layout {
    /// Numbers the formats: those that were agreed first and in that order, unless the application
    /// has set an order (RFC 8829 §5.2.2). `number` finds a payload type for each.
    pub(super) fn new(
        wishes: &Wishes<'_>,
        mut number: impl FnMut(Asked<'_>) -> Option<u8>,
        log: &mut ExplanationLog<'_>,
    ) -> Self {
        let Wishes { kind, codecs, held, ordered } = *wishes;
        let mut wanted = wanted(kind, codecs);
        let rank = |key: &str| held.iter().position(|h| h.key == key).unwrap_or(usize::MAX);
        if !ordered {
            wanted.sort_by_cached_key(|format| rank(&format.key));
        }
        // What has a number or wishes one comes before what takes any that is left, and what goes
        // with another format behind that one.
        let wish =
            |format: &Wanted<'_>| format.codec.payload_type.filter(|_| format.companion.is_none());
        let mut turns: Vec<&Wanted<'_>> = wanted.iter().collect();
        turns.sort_by_cached_key(|format| {
            let place = rank(&format.key);
            let beside = format.companion.map(|_| rank(&format.codec.key(kind)));
            let place = beside.map_or(place, |original| original.max(place));
            (place, wish(format).is_none(), place != usize::MAX && beside.is_some())
        });
        let mut numbers: BTreeMap<String, u8> = BTreeMap::new();
        for format in turns {
            let meaning = match format.companion {
                None => Some(format.key.clone()),
                Some(name) => numbers.get(&format.codec.key(kind)).map(|about| match name {
                    "red" => repeated(*about, format.codec.redundancy),
                    _ => beside(name, *about),
                }),
            };
            let asked =
                meaning.map(|meaning| Asked { key: &format.key, meaning, wish: wish(format) });
            if let Some(found) = asked.and_then(&mut number) {
                numbers.insert(format.key.clone(), found);
            }
        }
        let mut layout = Self::default();
        let mut originals = Vec::new();
        for Wanted { codec, key, companion } in wanted {
            let original = companion.map(|_| codec.key(kind));
            let about = original.as_ref().and_then(|key| numbers.get(key)).copied();
            let payload_type = numbers.get(&key).copied();
            let written = describe(codec, companion, payload_type.unwrap_or_default(), about);
            if payload_type.is_none() || (companion.is_some() && about.is_none()) {
                log.codec(&written, Reason::NoNumber);
                continue;
            }
            let agreed = held.iter().find(|h| h.key == key).map(|h| h.feedback.clone());
            let feedback = match companion {
                None => agreed.unwrap_or_else(|| codec.feedback.clone()),
                Some(_) => Vec::new(),
            };
            layout.formats.push(written);
            let symmetry = codec.symmetry.clone();
            layout.notes.push(Note { key, feedback, symmetry, original: None });
            originals.push(original);
        }
        for (index, original) in originals.into_iter().enumerate() {
            let place = original.and_then(|o| layout.notes.iter().position(|n| n.key == o));
            if let Some(note) = layout.notes.get_mut(index) {
                note.original = place;
            }
        }
        layout
    }

    /// A layout to compare with, whose numbers mean nothing outside of it.
    pub(super) fn scratch(kind: Kind, codecs: &[Codec], log: &mut ExplanationLog<'_>) -> Self {
        let mut next = 0..128;
        let wishes = Wishes { kind, codecs, held: &[], ordered: true };
        Self::new(&wishes, |_| next.next(), log)
    }

    /// The formats with the feedback that is offered for each.
    pub(super) fn written(&self) -> Vec<(Format<'static>, Vec<Text<'static>>)> {
        let feedback = self.notes.iter().map(|note| note.feedback.clone());
        self.formats.iter().cloned().zip(feedback).collect()
    }

    /// Whether there is a format that a section can live on.
    pub(super) fn has_media(&self) -> bool {
        self.formats.iter().any(stands_alone)
    }
}

fn wanted(kind: Kind, codecs: &[Codec]) -> Vec<Wanted<'_>> {
    let mut all: Vec<Wanted<'_>> = Vec::new();
    let mut seen = BTreeSet::new();
    for codec in codecs {
        let key = codec.key(kind);
        if !seen.insert(key.clone()) {
            continue;
        }
        all.push(Wanted { codec, key: key.clone(), companion: None });
        for (name, wanted) in [("rtx", codec.retransmission), ("red", codec.redundancy > 0)] {
            if wanted {
                all.push(Wanted { codec, key: format!("{name} {key}"), companion: Some(name) });
            }
        }
    }
    all
}

/// A format as it is written. `about` is the payload type that a companion goes with.
fn describe(
    codec: &Codec,
    companion: Option<&'static str>,
    payload_type: u8,
    about: Option<u8>,
) -> Format<'static> {
    let encoding = companion.and_then(|name| Token::new(name).ok());
    let channels = (codec.channels > 1 && companion != Some("rtx"))
        .then(|| Token::new(codec.channels.to_string()).ok());
    let map = RtpMap {
        payload_type,
        encoding: encoding.unwrap_or_else(|| codec.encoding.clone()),
        clock_rate: codec.clock_rate,
        parameters: channels.flatten(),
    };
    let parameters = match (companion, about) {
        (None, _) => codec.parameters.clone(),
        (Some(_), None) => None,
        (Some("rtx"), Some(about)) => Text::new(format!("apt={about}")).ok(),
        (Some(_), Some(about)) => Text::new(repeating(about, codec.redundancy)).ok(),
    };
    Format { payload_type, codec: Some(map), fmtp: fmtp(payload_type, parameters) }
}

/// What a companion format says of the payload type that it goes with, when that is another one.
pub(super) fn reference(companion: &Format<'_>, about: u8) -> String {
    match companion.parameters() {
        Parameters::Red(red) => repeating(about, red.redundancy()),
        _ => format!("apt={about}"),
    }
}

/// What RED says: the payload type of the primary block, and of each block that is repeated.
fn repeating(about: u8, times: u8) -> String {
    let mut text = about.to_string();
    for _ in 0..times {
        text.push('/');
        text.push_str(&about.to_string());
    }
    text
}

pub(super) fn fmtp(payload_type: u8, parameters: Option<Text<'static>>) -> Option<Fmtp<'static>> {
    let format = Token::new(payload_type.to_string()).ok()?;
    Some(Fmtp { format, parameters: parameters? })
}

/// Whether a section can live on this format: on any but those that repair others.
pub(super) fn stands_alone(format: &Format<'_>) -> bool {
    const REPAIR: [&str; 5] = ["rtx", "red", "ulpfec", "flexfec", "flexfec-03"];
    let name = format.codec.as_ref().map_or("", |codec| codec.encoding.as_str());
    !REPAIR.iter().any(|repair| name.eq_ignore_ascii_case(repair))
}

/// What the number of a format stands for that goes with another one: the same format beside another
/// number is another one.
fn beside(name: &str, about: u8) -> String {
    format!("{name} beside {about}")
}

/// The same of RED: how many blocks it repeats is a part of it (RFC 2198).
fn repeated(about: u8, redundancy: u8) -> String {
    format!("{} with {redundancy}", beside("red", about))
}

/// What the number of an agreed format stands for.
pub(super) fn meaning(codec: &AgreedCodec) -> String {
    match codec.local.parameters() {
        Parameters::Rtx(rtx) => beside("rtx", rtx.apt),
        Parameters::Red(red) => match red.payload_types().next() {
            Some(about) => repeated(about, red.redundancy()),
            None => codec.key.clone(),
        },
        _ => codec.key.clone(),
    }
}

/// What tells a format of the peer from others, whether this side knows it or not.
pub(super) fn key_of(kind: Kind, format: &Format<'_>) -> String {
    let codec = format.codec.as_ref().map(|codec| {
        let name = codec.encoding.to_ascii_lowercase();
        format!("{name}/{}/{}", codec.clock_rate, codec.channels())
    });
    let parameters = format.fmtp.as_ref().map_or("", |fmtp| fmtp.parameters.as_str());
    format!("peer {} {} {parameters}", kind.as_str(), codec.unwrap_or_default())
}
