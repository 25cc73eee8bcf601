//! What stands in the lines: fields, attribute names and values, spacing (RFC 8866 §5, §6).

use super::{Sink, at, whole};
use crate::attribute::{
    Attribute, Fingerprint, IcePwd, IceUfrag, Known, Level, is_legacy_credential,
};
use crate::diagnostic::{Code, Diagnostic, ValueError};
use crate::field::{Bandwidth, Connection, MediaLine, Origin, Repeat, Timing, Zones};
use crate::line::{Kind, Line};
use crate::scan::find_odd_blank;
use crate::section::{AttributeLine, read_field};
use crate::text::is_token_byte;

/// What a line says, where that matters to other checks.
pub(super) enum Read<'s> {
    Media(Option<MediaLine<'s>>),
    Connection(Option<Connection<'s>>),
    /// An attribute and its value, where that can be read and another check looks at it.
    Attribute(AttributeLine<'s>, Option<Attribute<'s>>),
    Nothing,
}

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
    pub(super) fn line<'s>(&mut self, line: Line<'s>, sink: &mut Sink<'_>) -> Read<'s> {
        if let Some(attribute) = AttributeLine::new(line) {
            return Read::Attribute(attribute, self.attribute(&attribute, sink));
        }
        let read = match line.kind() {
            Kind::Media => {
                *self = Self { level: Level::Media, seen: 0 };
                Read::Media(judged(line, MediaLine::parse, MediaLine::strict, sink))
            }
            Kind::Connection => {
                Read::Connection(judged(line, Connection::parse, Connection::strict, sink))
            }
            kind => {
                if let Err(finding) = field(line, kind) {
                    sink(finding);
                }
                Read::Nothing
            }
        };
        if has_grammar(line.kind()) {
            spacing(&line, usize::from(line.record.value_at), sink);
        }
        read
    }

    fn attribute<'s>(
        &mut self,
        attribute: &AttributeLine<'s>,
        sink: &mut Sink<'_>,
    ) -> Option<Attribute<'s>> {
        let line = attribute.line();
        let name = attribute.name();
        let name_at = usize::from(line.record.value_at);
        let Some(known) = Known::find(name) else {
            let bad = name.iter().position(|b| !is_token_byte(*b));
            if bad.is_some() || name.is_empty() {
                let start = name_at + bad.unwrap_or_default();
                sink(at(&line, start, name_at + name.len(), Code::AttributeName));
            } else if attribute.value() == Some(b"") {
                sink(whole(&line, Code::AttributeValue));
            }
            return None;
        };
        let traits = Attribute::traits(known);
        let read = if known.is_looked_at() {
            attribute.read_known(known).map(Some)
        } else {
            attribute.check_known(known).map(|()| None)
        };
        let read = read.unwrap_or_else(|finding| {
            sink(finding);
            None
        });
        if let Some(read) = &read {
            remarks(read, attribute, sink);
        }
        if traits.level != Level::Both && traits.level != self.level {
            sink(at(&line, name_at, name_at + name.len(), Code::AttributeLevel));
        }
        let bit = 1_u64 << traits.ordinal;
        if traits.once && self.seen & bit != 0 {
            sink(whole(&line, Code::AttributeRepeated));
        }
        self.seen |= bit;
        if !traits.free_text {
            spacing(&line, name_at + line.attribute_value_at() as usize, sink);
        }
        read
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

/// A line other than `m=`, `c=` and an attribute.
fn field(line: Line<'_>, kind: Kind) -> Result<(), Diagnostic> {
    match kind {
        Kind::Version => read_field(line, version),
        Kind::Origin => read_field(line, |value| Origin::parse(value).map(drop)),
        Kind::Bandwidth => read_field(line, |value| Bandwidth::parse(value).map(drop)),
        Kind::Time => read_field(line, Timing::strict),
        Kind::Repeat => read_field(line, |value| Repeat::parse(value).map(drop)),
        Kind::Zone => read_field(line, |value| Zones::parse(value).map(drop)),
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
    let kept = bytes.trim_ascii_end();
    if kept.len() < bytes.len() {
        sink(at(line, from + kept.len(), from + bytes.len(), Code::TrailingSpace));
    }
    if let Some(offset) = find_odd_blank(kept) {
        sink(at(line, from + offset, from + offset + 1, Code::OddSpacing));
    }
}

/// What can be read and is odd all the same.
fn remarks(read: &Attribute<'_>, attribute: &AttributeLine<'_>, sink: &mut Sink<'_>) {
    let code = match read {
        Attribute::Fingerprint(Fingerprint { .. }) => {
            let mut fields = attribute.value().unwrap_or_default().split(|b| *b == b' ');
            let lower = fields.nth(1).is_some_and(|hex| hex.iter().any(u8::is_ascii_lowercase));
            lower.then_some(Code::FingerprintCase)
        }
        Attribute::IceUfrag(ufrag) => {
            is_legacy_credential(IceUfrag::as_str(ufrag)).then_some(Code::IceLegacyChars)
        }
        Attribute::IcePwd(pwd) => {
            is_legacy_credential(IcePwd::as_str(pwd)).then_some(Code::IceLegacyChars)
        }
        Attribute::Rid(rid) if !rid.is_strict() => Some(Code::RidRestriction),
        _ => None,
    };
    if let Some(code) = code {
        let end = attribute.value().map_or(0, <[u8]>::len) as u32;
        let finding: Diagnostic = attribute.place(ValueError { code, start: 0, end });
        sink(finding);
    }
}
