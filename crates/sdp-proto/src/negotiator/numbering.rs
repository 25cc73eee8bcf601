//! The payload types of a section, by what codecs wish for and by whether their streams can be paused.

use alloc::collections::BTreeMap;
use alloc::string::String;
use alloc::vec::Vec;

use super::agreement::AgreedCodec;
use super::capability::Codec;
use super::config::Pausing;
use super::formats::{Layout, stands_alone};
use super::kind::Kind;
use crate::codec::Format;
use crate::text::Text;

/// Which payload types a section has.
pub(super) struct Numbering<'n> {
    kind: Kind,
    codecs: &'n [Codec],
    by_key: BTreeMap<&'n str, u8>,
    given: BTreeMap<u8, Pauses>,
}

/// Whether a stream of a format can be paused (RFC 7728).
#[derive(Clone, Copy, PartialEq, Eq)]
enum Pauses {
    Can,
    Cannot,
    /// It repairs others, and goes when they do.
    WithOthers,
}

impl Pauses {
    fn of(format: &Format<'_>, feedback: &[Text<'static>]) -> Self {
        let pause = |text: &Text<'_>| {
            let mut words = text.split_ascii_whitespace();
            words.next() == Some("ccm") && words.next() == Some("pause")
        };
        match stands_alone(format) {
            false => Self::WithOthers,
            true if feedback.iter().any(pause) => Self::Can,
            true => Self::Cannot,
        }
    }
}

impl<'n> Numbering<'n> {
    /// That of an own offer.
    pub(super) fn of_layout(kind: Kind, codecs: &'n [Codec], layout: &'n Layout) -> Self {
        let all = layout.formats.iter().zip(&layout.notes);
        let all = all.map(|(format, note)| (&note.key, format, &note.feedback[..]));
        Self::new(kind, codecs, all)
    }

    /// That of agreed formats, by the numbers of this side.
    pub(super) fn of_local(kind: Kind, codecs: &'n [Codec], agreed: &'n [AgreedCodec]) -> Self {
        Self::new(kind, codecs, agreed.iter().map(|c| (&c.key, &c.local, &c.feedback[..])))
    }

    /// That of agreed formats, by the numbers of the peer.
    pub(super) fn of_remote(kind: Kind, codecs: &'n [Codec], agreed: &'n [AgreedCodec]) -> Self {
        Self::new(kind, codecs, agreed.iter().map(|c| (&c.key, &c.remote, &c.feedback[..])))
    }

    fn new(
        kind: Kind,
        codecs: &'n [Codec],
        all: impl Iterator<Item = (&'n String, &'n Format<'static>, &'n [Text<'static>])>,
    ) -> Self {
        let mut numbering = Self { kind, codecs, by_key: BTreeMap::new(), given: BTreeMap::new() };
        for (key, format, feedback) in all {
            numbering.by_key.entry(key).or_insert(format.payload_type);
            numbering.given.insert(format.payload_type, Pauses::of(format, feedback));
        }
        numbering
    }

    /// This number, if the section has it.
    pub(super) fn given(&self, number: u8) -> Option<u8> {
        self.given.contains_key(&number).then_some(number)
    }

    /// The number that the codec got which wishes for this one; where none does, the number itself.
    pub(super) fn wished(&self, number: u8) -> Option<u8> {
        match self.codecs.iter().find(|codec| codec.payload_type == Some(number)) {
            Some(codec) => self.by_key.get(codec.key(self.kind).as_str()).copied(),
            None => self.given(number),
        }
    }

    /// Whether streams of these formats, or of any where there are none, may start paused: all of
    /// them have feedback to resume them by, unless the policy does without (RFC 8853 §5.2).
    pub(super) fn may_pause(&self, pausing: Pausing, numbers: &[u8]) -> bool {
        let related = self.given.iter().filter(|(n, _)| numbers.is_empty() || numbers.contains(n));
        let related: Vec<Pauses> = related.map(|(_, pauses)| *pauses).collect();
        pausing == Pausing::Unannounced
            || (related.contains(&Pauses::Can) && !related.contains(&Pauses::Cannot))
    }
}
