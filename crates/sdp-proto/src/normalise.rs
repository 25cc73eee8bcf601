//! A description in the canonical spelling: line ends, order, spacing and values as the grammar
//! has them (RFC 8866 §5, §9).

use alloc::borrow::Cow;
use alloc::format;
use alloc::string::{String, ToString};
use alloc::vec::Vec;

use crate::attribute::Attribute;
use crate::diagnostic::ValueError;
use crate::field::{Bandwidth, Connection, MediaLine, Origin, Timing};
use crate::limits::LimitError;
use crate::line::{Kind, Line};
use crate::section::{AttributeLine, Section, utf8};
use crate::session::Session;

impl Session<'_> {
    /// A copy in the canonical spelling.
    ///
    /// Lines end in CRLF and stand in the order of the grammar within their section; blank lines,
    /// stray text, a byte order mark and trailing NULs are gone; fields have one space between
    /// them and values the spelling of their type. `v=0`, `s=-` and `t=0 0` are put where they
    /// are missing. What cannot be read stays as it is, so that nothing is made up. Doing it
    /// twice is doing it once.
    ///
    /// ```
    /// use sdp_proto::Session;
    ///
    /// let text = b"v=0\no=-  1 1 IN IP4 192.0.2.1\ns=\n\nt=0 0\nm=audio 9 RTP/AVP 0 \na=mid:0\n\
    ///     c=IN IP4 192.0.2.1\n";
    /// let session = Session::parse(text)?.normalised()?;
    /// assert_eq!(
    ///     session.to_string(),
    ///     "v=0\r\no=- 1 1 IN IP4 192.0.2.1\r\ns=-\r\nt=0 0\r\n\
    ///      m=audio 9 RTP/AVP 0\r\nc=IN IP4 192.0.2.1\r\na=mid:0\r\n"
    /// );
    /// # Ok::<(), sdp_proto::LimitError>(())
    /// ```
    pub fn normalised(&self) -> Result<Session<'static>, LimitError> {
        let mut out = Vec::with_capacity(self.document.base().len());
        section(&self.session_section(), session_rank, &DEFAULTS, &mut out);
        for media in self.media() {
            section(&media, media_rank, &[], &mut out);
        }
        Session::parse_with(Cow::Owned(out), *self.limits())
    }
}

/// What a description must have and may safely be given.
const DEFAULTS: [(Kind, &str); 3] =
    [(Kind::Version, "v=0"), (Kind::SessionName, "s=-"), (Kind::Time, "t=0 0")];

/// Place of a line in the session part; what has none goes to the end.
const fn session_rank(kind: Kind) -> u8 {
    match kind {
        Kind::Version => 0,
        Kind::Origin => 1,
        Kind::SessionName => 2,
        Kind::Information => 3,
        Kind::Uri => 4,
        Kind::Email => 5,
        Kind::Phone => 6,
        Kind::Connection => 7,
        Kind::Bandwidth => 8,
        Kind::Time | Kind::Repeat | Kind::Zone => 9,
        Kind::Key => 10,
        Kind::Attribute => 11,
        Kind::Media | Kind::Unknown(_) | Kind::Blank | Kind::Stray => 12,
    }
}

/// Place of a line in a media section.
const fn media_rank(kind: Kind) -> u8 {
    match kind {
        Kind::Media => 0,
        Kind::Information => 1,
        Kind::Connection => 2,
        Kind::Bandwidth => 3,
        Kind::Key => 4,
        Kind::Attribute => 5,
        _ => 6,
    }
}

fn section(
    section: &Section<'_>,
    rank: fn(Kind) -> u8,
    defaults: &[(Kind, &str)],
    out: &mut Vec<u8>,
) {
    let mut lines: Vec<(u8, Cow<'_, [u8]>)> = Vec::new();
    for line in section.lines() {
        let kind = line.kind();
        if !matches!(kind, Kind::Blank | Kind::Stray) {
            lines.push((rank(kind), canonical(&without_last_cr(line))));
        }
    }
    for (kind, text) in defaults {
        if !section.lines().any(|line| line.kind() == *kind) {
            lines.push((rank(*kind), Cow::Borrowed(text.as_bytes())));
        }
    }
    // Stable: lines of one kind keep their order.
    lines.sort_by_key(|(rank, _)| *rank);
    for (_, line) in lines {
        out.extend_from_slice(&line);
        out.extend_from_slice(b"\r\n");
    }
}

/// The line without a CR at its end, which before a line end would be taken for part of that, and
/// without the blanks before it, which would then end the line.
fn without_last_cr(line: Line<'_>) -> Line<'_> {
    if line.content().ends_with(b"\r") { line.trimmed() } else { line }
}

/// The line in its canonical spelling, or as it is.
fn canonical<'s>(line: &Line<'s>) -> Cow<'s, [u8]> {
    let Some(letter) = line.kind().letter().map(char::from) else {
        return Cow::Borrowed(line.content());
    };
    let value = match (line.kind(), utf8(line.value())) {
        (Kind::SessionName, Ok("")) => Some(String::from("-")),
        (Kind::Attribute, _) => AttributeLine::new(*line).and_then(|a| attribute(&a)),
        (kind, Ok(value)) => field(kind, value).ok(),
        (_, Err(_)) => None,
    };
    match value {
        Some(value) => Cow::Owned(format!("{letter}={value}").into_bytes()),
        // Indentation and a space before the equals sign go even so.
        None if line.value_at() == 2 => Cow::Borrowed(line.content()),
        None => {
            let mut text = format!("{letter}=").into_bytes();
            text.extend_from_slice(line.value());
            Cow::Owned(text)
        }
    }
}

fn field(kind: Kind, value: &str) -> Result<String, ValueError> {
    Ok(match kind {
        Kind::Origin => Origin::parse(value)?.to_string(),
        Kind::Connection => Connection::parse(value)?.to_string(),
        Kind::Bandwidth => Bandwidth::parse(value)?.to_string(),
        Kind::Time => Timing::parse(value)?.to_string(),
        Kind::Media => MediaLine::parse(value)?.to_string(),
        Kind::Version | Kind::Repeat | Kind::Zone => {
            let words: Vec<&str> = value.split_ascii_whitespace().collect();
            words.join(" ")
        }
        Kind::Uri | Kind::Email | Kind::Phone => value.trim_end().to_string(),
        // Blanks may be meant in free text, and nothing is known of the others.
        Kind::SessionName
        | Kind::Information
        | Kind::Key
        | Kind::Attribute
        | Kind::Unknown(_)
        | Kind::Blank
        | Kind::Stray => value.to_string(),
    })
}

/// Name and value of an attribute whose type is known and whose value can be read.
fn attribute(attribute: &AttributeLine<'_>) -> Option<String> {
    match attribute.typed().ok()? {
        Attribute::Unknown { .. } => None,
        typed if typed.is_flag() => Some(typed.name().to_string()),
        typed => Some(format!("{}:{typed}", typed.name())),
    }
}

#[cfg(test)]
mod tests;
