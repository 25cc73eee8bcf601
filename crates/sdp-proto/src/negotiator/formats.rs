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
use crate::attribute::{Fmtp, RtcpFb, RtpMap};
use crate::codec::{Format, Parameters};
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
    /// Place of the format that this one goes with.
    original: Option<usize>,
}

/// A format yet to be numbered: a codec, or one that goes with it.
struct Wanted<'c> {
    codec: &'c Codec,
    key: String,
    /// `rtx` or `red`.
    companion: Option<&'static str>,
}

impl Layout {
    /// Numbers the formats of `codecs`, those that were agreed first and in that order (RFC 8829
    /// §5.2.2). `number` gives a key its payload type.
    pub(super) fn new(
        kind: Kind,
        codecs: &[Codec],
        held: &[AgreedCodec],
        mut number: impl FnMut(&str, Option<u8>) -> Option<u8>,
        log: &mut ExplanationLog<'_>,
    ) -> Self {
        let mut wanted = wanted(kind, codecs);
        let rank = |key: &str| held.iter().position(|h| h.key == key).unwrap_or(usize::MAX);
        wanted.sort_by_cached_key(|format| rank(&format.key));
        let numbers: BTreeMap<String, u8> = wanted
            .iter()
            .filter_map(|format| {
                let wish = format.codec.payload_type.filter(|_| format.companion.is_none());
                Some((format.key.clone(), number(&format.key, wish)?))
            })
            .collect();
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
            layout.notes.push(Note { key, feedback, original: None });
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
        Self::new(kind, codecs, &[], |_, _| next.next(), log)
    }

    /// The formats with the feedback that is offered for each.
    pub(super) fn written(&self) -> Vec<(Format<'static>, Vec<Text<'static>>)> {
        let feedback = self.notes.iter().map(|note| note.feedback.clone());
        self.formats.iter().cloned().zip(feedback).collect()
    }

    /// Whether there is a format that can carry media by itself.
    pub(super) fn has_media(&self) -> bool {
        self.formats.iter().any(is_media)
    }

    /// Which own format each one of the peer is the same as. Says why not to `log`.
    pub(super) fn matched(
        &self,
        remotes: &[Format<'_>],
        log: &mut ExplanationLog<'_>,
    ) -> Vec<(usize, usize)> {
        let mut pairs: Vec<(usize, usize)> = Vec::new();
        let mut used = alloc::vec![false; self.formats.len()];
        for (theirs, remote) in remotes.iter().enumerate() {
            let same = |own: &Format<'_>| own.same(&self.formats, remote, remotes);
            let all = || self.formats.iter().enumerate().filter(|(_, own)| same(own));
            let free = all().find(|(index, _)| used.get(*index) == Some(&false));
            if let Some((own, _)) = free {
                if let Some(slot) = used.get_mut(own) {
                    *slot = true;
                }
                pairs.push((own, theirs));
            } else if all().next().is_some() {
                log.codec(remote, Reason::Duplicate);
            } else {
                log.codec(remote, self.why_not(remote));
            }
        }
        // A companion stays if its original does, under the number that it refers to.
        let originals: BTreeMap<usize, u8> = pairs
            .iter()
            .filter_map(|(own, theirs)| Some((*own, remotes.get(*theirs)?.payload_type)))
            .collect();
        pairs.retain(|(own, theirs)| {
            let Some((note, remote)) = self.notes.get(*own).zip(remotes.get(*theirs)) else {
                return false;
            };
            let Some(original) = note.original else { return true };
            let kept = originals.get(&original).is_some_and(|number| refers(remote, *number));
            if !kept {
                log.codec(remote, Reason::NoOriginal);
            }
            kept
        });
        pairs
    }

    fn why_not(&self, remote: &Format<'_>) -> Reason {
        if matches!(remote.parameters(), Parameters::Rtx(_)) {
            return Reason::NoOriginal;
        }
        let same = |own: &Format<'_>| {
            own.codec.as_ref().zip(remote.codec.as_ref()).is_some_and(|(a, b)| a.same_codec(b))
        };
        if self.formats.iter().any(same) { Reason::Parameters } else { Reason::NotOurs }
    }

    /// The agreed formats seen from the answerer, in the order of the offer and with its numbers.
    pub(super) fn answered(
        &self,
        remotes: &[Format<'_>],
        pairs: &[(usize, usize)],
        feedback: &[RtcpFb<'_>],
    ) -> Vec<AgreedCodec> {
        let theirs = Feedback::new(feedback);
        let place = |own: usize| {
            let (_, theirs) = pairs.iter().find(|(o, _)| *o == own)?;
            remotes.get(*theirs).map(|remote| remote.payload_type)
        };
        let agreed = pairs.iter().filter_map(|(own, index)| {
            let (format, note) = self.formats.get(*own).zip(self.notes.get(*own))?;
            let remote = remotes.get(*index)?;
            let about = note.original.and_then(place);
            Some(AgreedCodec {
                local: renumbered(format, remote, about),
                remote: remote.clone().into_owned(),
                feedback: theirs.common(remote.payload_type, &note.feedback),
                key: note.key.clone(),
            })
        });
        agreed.collect()
    }

    /// The agreed formats seen from the offerer, in the order of the answer.
    pub(super) fn settled(
        &self,
        remotes: &[Format<'_>],
        pairs: &[(usize, usize)],
        feedback: &[RtcpFb<'_>],
    ) -> Vec<AgreedCodec> {
        let theirs = Feedback::new(feedback);
        let agreed = pairs.iter().filter_map(|(own, index)| {
            let (format, note) = self.formats.get(*own).zip(self.notes.get(*own))?;
            let remote = remotes.get(*index)?;
            Some(AgreedCodec {
                local: format.clone(),
                remote: remote.clone().into_owned(),
                feedback: theirs.common(remote.payload_type, &note.feedback),
                key: note.key.clone(),
            })
        });
        agreed.collect()
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
        for (name, wanted) in [("rtx", codec.retransmission), ("red", codec.redundancy)] {
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
        (Some(name), Some(about)) => Text::new(reference(name, about)).ok(),
    };
    Format { payload_type, codec: Some(map), fmtp: fmtp(payload_type, parameters) }
}

/// What a companion says about the format that it goes with.
fn reference(name: &str, about: u8) -> String {
    if name == "rtx" { format!("apt={about}") } else { format!("{about}/{about}") }
}

fn fmtp(payload_type: u8, parameters: Option<Text<'static>>) -> Option<Fmtp<'static>> {
    let format = Token::new(payload_type.to_string()).ok()?;
    Some(Fmtp { format, parameters: parameters? })
}

/// An own format under the number of the peer, its parameters fitted to those of the offer.
fn renumbered(own: &Format<'static>, remote: &Format<'_>, about: Option<u8>) -> Format<'static> {
    let number = remote.payload_type;
    let name = own.codec.as_ref().map_or("", |codec| codec.encoding.as_str());
    let parameters = match (about, own.parameters(), remote.parameters()) {
        (Some(about), ..) => Text::new(reference(name, about)).ok(),
        (None, Parameters::H264(a), Parameters::H264(b)) => {
            let id = a.answer(b);
            own.fmtp.as_ref().and_then(|fmtp| with_profile(fmtp, id))
        }
        (None, ..) => own.fmtp.as_ref().map(|fmtp| fmtp.parameters.clone()),
    };
    let codec = own.codec.clone().map(|codec| RtpMap { payload_type: number, ..codec });
    Format { payload_type: number, codec, fmtp: fmtp(number, parameters) }
}

/// The parameters with this `profile-level-id`, the others as they are.
fn with_profile(fmtp: &Fmtp<'_>, [a, b, c]: [u8; 3]) -> Option<Text<'static>> {
    let id = format!("{a:02x}{b:02x}{c:02x}");
    let pairs = fmtp.pairs().map(|(name, value)| match value {
        Some(_) if name.eq_ignore_ascii_case("profile-level-id") => format!("{name}={id}"),
        Some(value) => format!("{name}={value}"),
        None => name.to_string(),
    });
    Text::new(pairs.collect::<Vec<_>>().join(";")).ok()
}

/// Whether a companion format refers to this payload type; RED without parameters to any.
fn refers(format: &Format<'_>, number: u8) -> bool {
    match format.parameters() {
        Parameters::Rtx(rtx) => rtx.apt == number,
        Parameters::Red(red) => red.payload_types().next().is_none_or(|first| first == number),
        _ => true,
    }
}

/// Whether a format carries media by itself, so that a section can live on it alone.
pub(super) fn is_media(format: &Format<'_>) -> bool {
    const HELPERS: [&str; 7] =
        ["rtx", "red", "ulpfec", "flexfec", "flexfec-03", "telephone-event", "CN"];
    let name = format.codec.as_ref().map_or("", |codec| codec.encoding.as_str());
    !name.is_empty() && !HELPERS.iter().any(|helper| name.eq_ignore_ascii_case(helper))
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

/// Feedback of the peer by payload type.
struct Feedback {
    all: BTreeSet<String>,
    own: BTreeSet<(u8, String)>,
}

impl Feedback {
    fn new(lines: &[RtcpFb<'_>]) -> Self {
        let text = |line: &RtcpFb<'_>| match &line.parameters {
            Some(parameters) => format!("{} {parameters}", line.kind),
            None => line.kind.to_string(),
        };
        let all = lines.iter().filter(|line| line.payload_type.is_none()).map(text).collect();
        let own = lines.iter().filter_map(|line| Some((line.payload_type?, text(line)))).collect();
        Self { all, own }
    }

    fn common(&self, payload_type: u8, ours: &[Text<'static>]) -> Vec<Text<'static>> {
        let theirs = |text: &Text<'_>| {
            self.all.contains(text.as_str())
                || self.own.contains(&(payload_type, text.as_str().to_string()))
        };
        ours.iter().filter(|text| theirs(text)).cloned().collect()
    }
}
