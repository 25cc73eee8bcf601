//! Encodings of one source under rids: what restricts them, which are alternatives of one another,
//! and which start paused (RFC 8851 §4, RFC 8853 §5.1).

use alloc::string::String;
use alloc::vec::Vec;
use core::str::FromStr;

use super::restrictions::Restrictions;
use crate::attribute::{Rid, RidDirection, SimulcastRid};
use crate::text::{Text, TextError, Token};
use crate::value::payload_type;

/// One RTP stream of a source, in the first of its alternatives that both sides bear. Several of
/// them are a simulcast (RFC 8853 §5.1).
///
/// Parses from rids as `a=simulcast` has them, such as `h`, `~l` or `vp9,vp8`.
#[derive(Clone, Debug, Default, PartialEq, Eq)]
pub struct SimulcastStream {
    /// The encodings that it may have, the most preferred one first.
    pub alternatives: Vec<Encoding>,
}

/// How one RTP stream may be encoded, under the name that its packets have (RFC 8851).
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Encoding {
    /// Its name: letters, digits, `-` and `_`, at most once in a section.
    pub rid: Token<'static>,
    /// Payload types of the formats that it may have, the most preferred one first; those of the
    /// section where there are none. In what is wanted they are those that the
    /// [codecs](super::Codec::payload_type) wish for, and written is what these get. In what was
    /// agreed they are those of who receives the stream.
    pub payload_types: Vec<u8>,
    /// What bounds it.
    pub restrictions: Restrictions,
    /// Whether it is paused until it is resumed by RTCP (RFC 7728).
    pub paused: bool,
}

impl Encoding {
    /// One without restrictions, which is not paused.
    pub const fn new(rid: Token<'static>) -> Self {
        Self { rid, payload_types: Vec::new(), restrictions: Restrictions::NONE, paused: false }
    }

    /// The same with restrictions.
    #[must_use]
    pub fn with_restrictions(mut self, restrictions: Restrictions) -> Self {
        self.restrictions = restrictions;
        self
    }

    /// The same for these payload types alone.
    #[must_use]
    pub fn with_payload_types(mut self, numbers: impl IntoIterator<Item = u8>) -> Self {
        self.payload_types = numbers.into_iter().collect();
        self
    }

    /// The same, paused at first.
    #[must_use]
    pub const fn paused(mut self) -> Self {
        self.paused = true;
        self
    }

    /// Whether it is a name and nothing else.
    pub(super) fn is_plain(&self) -> bool {
        self.payload_types.is_empty() && self.restrictions == Restrictions::NONE && !self.paused
    }

    /// As `a=rid` has it; what is not a number among the payload types is left out.
    pub(super) fn read(rid: &Rid<'_>) -> Self {
        let numbers = rid.pairs().find(|(name, _)| *name == "pt").and_then(|(_, value)| value);
        let numbers = numbers.into_iter().flat_map(|list| list.split(','));
        Self {
            rid: rid.id.clone().into_owned(),
            payload_types: numbers.filter_map(payload_type).collect(),
            restrictions: Restrictions::read(rid),
            paused: false,
        }
    }

    /// The line that says so.
    pub(super) fn line(&self, direction: RidDirection) -> Rid<'static> {
        let numbers: Vec<String> =
            self.payload_types.iter().map(|number| alloc::format!("{number}")).collect();
        let formats = (!numbers.is_empty()).then(|| alloc::format!("pt={}", numbers.join(",")));
        let parts: Vec<String> = formats.into_iter().chain(self.restrictions.written()).collect();
        let restrictions = Text::new(parts.join(";")).ok().filter(|text| !text.is_empty());
        Rid { id: self.rid.clone(), direction, restrictions }
    }
}

impl SimulcastStream {
    /// As `a=simulcast` has it, such as `~h,l`.
    pub(super) fn written(&self) -> String {
        let alternatives = self.alternatives.iter();
        let alternatives = alternatives.map(|encoding| {
            alloc::format!("{}{}", if encoding.paused { "~" } else { "" }, encoding.rid)
        });
        alternatives.collect::<Vec<_>>().join(",")
    }
}

impl From<Encoding> for SimulcastStream {
    fn from(encoding: Encoding) -> Self {
        Self { alternatives: [encoding].into() }
    }
}

impl FromStr for SimulcastStream {
    type Err = TextError;

    fn from_str(text: &str) -> Result<Self, TextError> {
        let alternative = |text: &str| {
            let SimulcastRid { rid, paused } = match text.strip_prefix('~') {
                Some(rid) => SimulcastRid { rid, paused: true },
                None => SimulcastRid { rid: text, paused: false },
            };
            Ok(Encoding { paused, ..Encoding::new(rid.parse()?) })
        };
        Ok(Self { alternatives: text.split(',').map(alternative).collect::<Result<_, _>>()? })
    }
}

/// The rids of these streams, in order.
pub(super) fn rids(streams: &[SimulcastStream]) -> impl Iterator<Item = &Token<'static>> {
    streams.iter().flat_map(|stream| &stream.alternatives).map(|encoding| &encoding.rid)
}
