//! What stands in the lines: fields, attribute names and values, spacing (RFC 8866 §5, §6).

use super::{Sink, at, whole};
use crate::attribute::{
    Attribute, Fingerprint, IcePwd, IceUfrag, Known, Level, is_legacy_credential,
};
use crate::diagnostic::{Code, Diagnostic, ValueError};
use crate::field::{Bandwidth, Connection, MediaLine, Origin, Repeat, Timing, Zones};
use crate::line::{Kind, Line};
use crate::section::{AttributeLine, read_field};
use crate::session::Session;
use crate::text::is_token_byte;

pub(super) fn check(session: &Session<'_>, sink: &mut Sink<'_>) {
    let mut place = Place { level: Level::Session, seen: 0 };
    for line in session.lines() {
        if line.kind() == Kind::Media {
            place = Place { level: Level::Media, seen: 0 };
        }
        match AttributeLine::new(line) {
            Some(attribute) => place.attribute(&attribute, sink),
            None => field(&line, sink),
        }
    }
}

/// A line other than an attribute.
fn field(line: &Line<'_>, sink: &mut Sink<'_>) {
    let read = match line.kind() {
        Kind::Version => read_field(*line, version),
        Kind::Origin => read_field(*line, |value| Origin::parse(value).map(drop)),
        Kind::Connection => read_field(*line, |value| Connection::parse(value).map(drop)),
        Kind::Bandwidth => read_field(*line, |value| Bandwidth::parse(value).map(drop)),
        Kind::Time => read_field(*line, |value| Timing::parse(value).map(drop)),
        Kind::Repeat => read_field(*line, |value| Repeat::parse(value).map(drop)),
        Kind::Zone => read_field(*line, |value| Zones::parse(value).map(drop)),
        Kind::Media => read_field(*line, |value| {
            MediaLine::parse(value)?;
            MediaLine::strict(value)
        }),
        // Their character set is that of a=charset, so any bytes will do.
        Kind::SessionName if line.value().is_empty() => Err(whole(line, Code::EmptyName)),
        Kind::Information if line.value().is_empty() => Err(whole(line, Code::EmptyValue)),
        Kind::Uri | Kind::Email | Kind::Phone => read_field(*line, |value| {
            let empty = ValueError { code: Code::EmptyValue, start: 0, end: 0 };
            if value.is_empty() { Err(empty) } else { Ok(()) }
        }),
        Kind::Key => Err(whole(line, Code::KeyObsolete)),
        Kind::SessionName
        | Kind::Information
        | Kind::Attribute
        | Kind::Unknown(_)
        | Kind::Blank
        | Kind::Stray => return,
    };
    if let Err(finding) = read {
        sink(finding);
    }
    if !matches!(line.kind(), Kind::SessionName | Kind::Information | Kind::Key) {
        spacing(line, usize::from(line.record.value_at), sink);
    }
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
    let kept = bytes.trim_ascii_end().len();
    if kept < bytes.len() {
        sink(at(line, from + kept, from + bytes.len(), Code::TrailingSpace));
    }
    let mut after_blank = true;
    for (offset, byte) in bytes.iter().take(kept).enumerate() {
        let blank = matches!(byte, b' ' | b'\t');
        if *byte == b'\t' || (blank && after_blank) {
            sink(at(line, from + offset, from + offset + 1, Code::OddSpacing));
            return;
        }
        after_blank = blank;
    }
}

/// Where in the description the checks are.
struct Place {
    level: Level,
    /// A bit for each attribute type that has occurred in this section.
    seen: u64,
}

impl Place {
    fn attribute(&mut self, attribute: &AttributeLine<'_>, sink: &mut Sink<'_>) {
        let line = attribute.line();
        let name = attribute.name();
        let name_at = usize::from(line.record.value_at);
        let bad = name.iter().position(|b| !is_token_byte(*b));
        if bad.is_some() || name.is_empty() {
            let start = name_at + bad.unwrap_or_default();
            sink(at(&line, start, name_at + name.len(), Code::AttributeName));
            return;
        }
        let traits = Known::find(name).map(Attribute::traits);
        let Some(traits) = traits else {
            if attribute.value() == Some(b"") {
                sink(whole(&line, Code::AttributeValue));
            }
            return;
        };
        match attribute.typed() {
            Err(finding) => sink(finding),
            Ok(read) => remarks(&read, attribute, sink),
        }
        let wrong = match traits.level {
            Level::Both => false,
            level => level != self.level,
        };
        if wrong {
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
    }
}

/// What can be read and is odd all the same.
fn remarks(read: &Attribute<'_>, attribute: &AttributeLine<'_>, sink: &mut Sink<'_>) {
    let mut remark = |code| {
        let end = attribute.value().map_or(0, <[u8]>::len) as u32;
        let finding: Diagnostic = attribute.place(ValueError { code, start: 0, end });
        sink(finding);
    };
    match read {
        Attribute::Fingerprint(Fingerprint { .. }) => {
            let mut fields = attribute.value().unwrap_or_default().split(|b| *b == b' ');
            if fields.nth(1).is_some_and(|hex| hex.iter().any(u8::is_ascii_lowercase)) {
                remark(Code::FingerprintCase);
            }
        }
        Attribute::IceUfrag(ufrag) if is_legacy_credential(IceUfrag::as_str(ufrag)) => {
            remark(Code::IceLegacyChars);
        }
        Attribute::IcePwd(pwd) if is_legacy_credential(IcePwd::as_str(pwd)) => {
            remark(Code::IceLegacyChars);
        }
        _ => {}
    }
}
