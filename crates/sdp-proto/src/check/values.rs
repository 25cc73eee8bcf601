//! What stands in the lines: fields, attribute names and values, spacing (RFC 8866 §5, §6).

use super::says::{Family, FieldSays, MediaSays, Says, Track};
use super::{Sink, at, plain, whole};
use crate::attribute::{
    Attribute, ExtMap, Fingerprint, Fmtp, IcePwd, IceUfrag, Known, Level, Mid, Msid, Ordinal, Rid,
    RtcpFb, RtpMap, TypedAttribute, is_legacy_credential,
};
use crate::bytes::find_odd_blank;
use crate::diagnostic::{Code, Diagnostic, ValueError};
use crate::field::{Bandwidth, Connection, MediaLine, Origin, Repeat, Timing, Zones};
use crate::line::{Kind, Line};
use crate::section::{AttributeLine, read_field};
use crate::text::is_token_byte;
use crate::value::{is_integer, is_real, payload_type};

/// Where in the description the checks are.
pub(super) struct Values {
    level: Level,
    /// A bit for each attribute type that has occurred in this section.
    seen: u64,
}

impl Default for Values {
    fn default() -> Self {
        Self { level: Level::Session, seen: 0 }
    }
}

impl Values {
    /// For a line by itself.
    pub(super) const fn at(in_media: bool) -> Self {
        Self { level: if in_media { Level::Media } else { Level::Session }, seen: 0 }
    }

    /// Checks a line other than an attribute; `base` is the text that was parsed, where that is
    /// UTF-8.
    pub(super) fn field<'s>(
        &mut self,
        line: Line<'s>,
        kind: Kind,
        base: Option<&'s str>,
        sink: &mut Sink<'_>,
    ) -> FieldSays<'s> {
        if kind == Kind::Media {
            *self = Self { level: Level::Media, seen: 0 };
        }
        plain::field(&line, kind, base).unwrap_or_else(|| field(line, kind, sink))
    }

    /// Checks an attribute with care; `base` is the text that was parsed, where that is UTF-8.
    pub(super) fn attribute<'s>(
        &mut self,
        attribute: &AttributeLine<'s>,
        base: Option<&'s str>,
        sink: &mut Sink<'_>,
    ) -> Says<'s> {
        let line = attribute.line();
        let Some(known) = Known::find(attribute.name()) else {
            unknown(attribute, sink);
            return Says::Nothing;
        };
        let says = read(attribute, known, base, sink);
        if !Attribute::traits(known).free_text {
            spacing(&line, line.value_at() + line.attribute_value_at() as usize, sink);
        }
        self.place(&line, known, sink);
        says
    }

    /// Checks where an attribute stands, and how often.
    #[inline]
    pub(super) fn place(&mut self, line: &Line<'_>, known: Known, sink: &mut Sink<'_>) {
        let traits = Attribute::traits(known);
        if traits.level != Level::Both && traits.level != self.level {
            let (name_at, name) = (line.value_at(), line.attribute().unwrap_or_default().0);
            sink(at(line, name_at, name_at + name.len(), Code::AttributeLevel));
        }
        let bit = 1_u64 << known.ordinal as u32;
        if traits.once && self.seen & bit != 0 {
            sink(whole(line, Code::AttributeRepeated));
        }
        self.seen |= bit;
    }
}

/// An attribute that has no type has a name all the same, and a value behind a colon.
fn unknown(attribute: &AttributeLine<'_>, sink: &mut Sink<'_>) {
    let line = attribute.line();
    let name = attribute.name();
    let bad = name.iter().position(|b| !is_token_byte(*b));
    if bad.is_some() || name.is_empty() {
        let name_at = line.value_at();
        let start = name_at + bad.unwrap_or_default();
        sink(at(&line, start, name_at + name.len(), Code::AttributeName));
    } else if attribute.value() == Some(b"") {
        sink(whole(&line, Code::AttributeValue));
    } else if attribute.value().is_none() {
        spacing(&line, line.value_at() + name.len(), sink);
    }
}

/// Reads the value of an attribute as what its name stands for, and says what is odd about it.
fn read<'s>(
    attribute: &AttributeLine<'s>,
    known: Known,
    base: Option<&'s str>,
    sink: &mut Sink<'_>,
) -> Says<'s> {
    let value = match attribute.text_in(base) {
        Ok(value) => value,
        Err(e) => {
            sink(attribute.place(e));
            return says_unread(known);
        }
    };
    match says(value, known) {
        Ok((says, remark)) => {
            if let Some(code) = remark {
                let end = attribute.value().map_or(0, <[u8]>::len) as u32;
                sink(attribute.place(ValueError { code, start: 0, end }));
            }
            says
        }
        Err(e) => {
            sink(attribute.place(e));
            says_unread(known)
        }
    }
}

/// What is known of an attribute that cannot be read.
const fn says_unread<'s>(known: Known) -> Says<'s> {
    match known.ordinal {
        Ordinal::Mid => Says::Mid(None),
        _ => Says::Nothing,
    }
}

/// What a value says to other checks, and what is odd about it although it can be read.
fn says(value: Option<&str>, known: Known) -> Result<(Says<'_>, Option<Code>), ValueError> {
    let legacy = |text: &str| is_legacy_credential(text).then_some(Code::IceLegacyChars);
    Ok(match known.ordinal {
        Ordinal::ExtMap => {
            let map = ExtMap::read("extmap", value)?;
            let mid = map.extension() == "urn:ietf:params:rtp-hdrext:sdes:mid";
            (Says::ExtMap { id: map.id, mid }, None)
        }
        Ordinal::Fmtp => {
            let fmtp = Fmtp::read("fmtp", value)?;
            let says = fmtp.payload_type().map_or(Says::Nothing, |number| {
                let original = fmtp.get("apt").and_then(payload_type);
                Says::Fmtp { number, original }
            });
            (says, None)
        }
        Ordinal::Fingerprint => {
            let weak = !Fingerprint::read("fingerprint", value)?.hash.is_allowed();
            let hex = value.and_then(|value| value.split(' ').nth(1)).unwrap_or_default();
            let lower = hex.bytes().any(|b| b.is_ascii_lowercase());
            let weak = weak.then_some(Code::FingerprintHash);
            (Says::Nothing, weak.or(lower.then_some(Code::FingerprintCase)))
        }
        Ordinal::IcePwd => {
            let pwd = IcePwd::read("ice-pwd", value)?.borrowed().unwrap_or_default();
            (Says::IcePwd(pwd), legacy(pwd))
        }
        Ordinal::IceUfrag => {
            let ufrag = IceUfrag::read("ice-ufrag", value)?.borrowed().unwrap_or_default();
            (Says::IceUfrag(ufrag), legacy(ufrag))
        }
        Ordinal::Mid => (Says::Mid(Mid::read("mid", value)?.0.borrowed()), None),
        Ordinal::Msid => {
            let track = Msid::read("msid", value)?.track;
            (Says::Msid(Track(track.and_then(|track| track.borrowed()))), None)
        }
        Ordinal::Rid => {
            let rid = Rid::read("rid", value)?;
            let remark = (!rid.is_strict()).then_some(Code::RidRestriction);
            (Says::Rid(rid.id.borrowed().unwrap_or_default()), remark)
        }
        Ordinal::RtcpFb => {
            let feedback = RtcpFb::read("rtcp-fb", value)?;
            let empty = feedback.parameters.is_none();
            let wanting = empty && matches!(feedback.kind.as_str(), "ccm" | "trr-int");
            (Says::RtcpFb(feedback.payload_type), wanting.then_some(Code::RtcpFbParameter))
        }
        Ordinal::RtpMap => {
            let map = RtpMap::read("rtpmap", value)?;
            let rtx = map.encoding.eq_ignore_ascii_case("rtx");
            let odd = map.parameters.as_deref().is_some_and(|channels| !is_integer(channels));
            (Says::RtpMap { number: map.payload_type, rtx }, odd.then_some(Code::RtpMap))
        }
        other => {
            known.check(value)?;
            let says = match other {
                Ordinal::BundleOnly => Says::BundleOnly,
                Ordinal::Group => Says::Group,
                Ordinal::IceLite => Says::IceLite,
                Ordinal::IcePacing => Says::IcePacing,
                Ordinal::RtcpMux => Says::RtcpMux,
                Ordinal::RtcpMuxOnly => Says::RtcpMuxOnly,
                Ordinal::Simulcast => Says::Simulcast,
                _ => Says::Nothing,
            };
            (says, odd(other, value, Attribute::traits(known).flag))
        }
    })
}

/// What is odd about a value that can be read as what it is for.
fn odd(ordinal: Ordinal, value: Option<&str>, flag: bool) -> Option<Code> {
    let value = value?;
    let real = || is_real(value.trim_end_matches(crate::value::BLANKS));
    match ordinal {
        Ordinal::PacketTime | Ordinal::MaxPacketTime => (!real()).then_some(Code::Ptime),
        Ordinal::Framerate => (!real()).then_some(Code::Framerate),
        _ => flag.then_some(Code::AttributeFlag),
    }
}

/// Reads a value and says what the grammar has against it.
fn judged<'s, T>(
    line: Line<'s>,
    parse: fn(&'s str) -> Result<T, ValueError>,
    strict: fn(&'s str) -> Result<(), ValueError>,
    sink: &mut Sink<'_>,
) -> Option<T> {
    let read = read_field(line, parse);
    if let Err(finding) = read.as_ref().map_or_else(|e| Err(*e), |_| read_field(line, strict)) {
        sink(finding);
    }
    read.ok()
}

/// Reads a line other than an attribute with care, and says what is wrong with it.
fn field<'s>(line: Line<'s>, kind: Kind, sink: &mut Sink<'_>) -> FieldSays<'s> {
    let says = match kind {
        Kind::Media => {
            let media = judged(line, MediaLine::parse, MediaLine::strict, sink);
            FieldSays::Media(media.as_ref().map(MediaSays::new))
        }
        Kind::Connection => {
            let connection = judged(line, Connection::parse, Connection::strict, sink);
            FieldSays::Connection(Family::of(connection.as_ref()))
        }
        _ => {
            if let Err(finding) = other_field(line, kind) {
                sink(finding);
            }
            FieldSays::Nothing
        }
    };
    if has_grammar(kind) {
        spacing(&line, line.value_at(), sink);
    }
    says
}

/// A line other than `m=`, `c=` and an attribute.
fn other_field(line: Line<'_>, kind: Kind) -> Result<(), Diagnostic> {
    match kind {
        Kind::Version => read_field(line, version),
        Kind::Origin => read_field(line, |value| Origin::parse(value).map(drop)),
        Kind::Bandwidth => read_field(line, |value| Bandwidth::parse(value).map(drop)),
        Kind::Time => read_field(line, Timing::strict),
        Kind::Repeat => read_field(line, |value| Repeat::parse(value).map(drop)),
        Kind::Zone => read_field(line, Zones::strict),
        // Their character set is that of a=charset, so any bytes will do.
        Kind::SessionName if line.value().is_empty() => Err(whole(&line, Code::EmptyName)),
        Kind::Uri => read_field(line, filled),
        Kind::Information | Kind::Email | Kind::Phone if line.value().is_empty() => {
            Err(whole(&line, Code::EmptyValue))
        }
        Kind::Key => Err(whole(&line, Code::KeyObsolete)),
        _ => Ok(()),
    }
}

/// Whether blanks in such a line are separators.
const fn has_grammar(kind: Kind) -> bool {
    matches!(
        kind,
        Kind::Version
            | Kind::Origin
            | Kind::Uri
            | Kind::Connection
            | Kind::Bandwidth
            | Kind::Time
            | Kind::Repeat
            | Kind::Zone
            | Kind::Media
    )
}

fn filled(value: &str) -> Result<(), ValueError> {
    let empty = ValueError { code: Code::EmptyValue, start: 0, end: 0 };
    if value.is_empty() { Err(empty) } else { Ok(()) }
}

fn version(value: &str) -> Result<(), ValueError> {
    if value.trim_end_matches(crate::value::BLANKS) == "0" {
        return Ok(());
    }
    Err(ValueError { code: Code::VersionSyntax, start: 0, end: value.len() as u32 })
}

/// Single spaces between fields and none around them, from offset `from` of the line on.
fn spacing(line: &Line<'_>, from: usize, sink: &mut Sink<'_>) {
    let bytes = line.content().get(from..).unwrap_or_default();
    let mut kept = bytes;
    if bytes.last().is_some_and(u8::is_ascii_whitespace) {
        kept = bytes.trim_ascii_end();
        sink(at(line, from + kept.len(), from + bytes.len(), Code::TrailingSpace));
    }
    if let Some(offset) = find_odd_blank(kept) {
        sink(at(line, from + offset, from + offset + 1, Code::OddSpacing));
    }
}
