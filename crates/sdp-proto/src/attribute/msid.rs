//! `a=msid` and `a=msid-semantic`: which MediaStream a track belongs to (RFC 8830 §2).

use core::fmt;

use super::{Level, TypedAttribute, required};
use crate::diagnostic::{Code, ValueError};
use crate::text::{Token, Words};
use crate::value::{Field, Fields};

/// A stream, `-` for none, and a track.
#[derive(Clone, Debug, PartialEq, Eq, Hash)]
pub struct Msid<'a> {
    /// The identifier of the MediaStream.
    pub stream: Token<'a>,
    /// The identifier of the track.
    pub track: Option<Token<'a>>,
}

/// A token of 1 to 64 characters.
fn identifier(field: Field<'_>) -> Result<Token<'_>, ValueError> {
    if field.text.len() > 64 { Err(field.fault(Code::Msid)) } else { field.token(Code::Msid) }
}

impl Msid<'_> {
    /// What stands in the place of a stream where there is none (RFC 8830 §3).
    pub const NO_STREAM: &'static str = "-";

    /// A copy that borrows nothing.
    pub fn into_owned(self) -> Msid<'static> {
        Msid { stream: self.stream.into_owned(), track: self.track.map(Token::into_owned) }
    }
}

impl<'a> TypedAttribute<'a> for Msid<'a> {
    const NAMES: &'static [&'static str] = &["msid"];
    const LEVEL: Level = Level::Media;

    fn read(_: &str, value: Option<&'a str>) -> Result<Self, ValueError> {
        let mut fields = Fields::new(required(value)?);
        let stream = identifier(fields.expect(Code::Msid)?)?;
        let track = fields.next().map(identifier).transpose()?;
        fields.end(Code::Msid)?;
        Ok(Self { stream, track })
    }
}

impl fmt::Display for Msid<'_> {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        self.stream.fmt(f)?;
        self.track.as_ref().map_or(Ok(()), |track| write!(f, " {track}"))
    }
}

/// What msids mean: `WMS` and the identifiers of the streams, or `*` for all.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct MsidSemantic<'a> {
    /// `WMS`, or one of older drafts.
    pub semantic: Token<'a>,
    /// The streams it holds for.
    pub streams: Option<Words<'a>>,
}

impl<'a> TypedAttribute<'a> for MsidSemantic<'a> {
    const NAMES: &'static [&'static str] = &["msid-semantic"];
    const LEVEL: Level = Level::Session;
    // Chromium writes a space after the colon.
    const FREE_TEXT: bool = true;

    fn read(_: &str, value: Option<&'a str>) -> Result<Self, ValueError> {
        let mut fields = Fields::new(required(value)?);
        let code = Code::MsidSemantic;
        let semantic = fields.expect(code)?.token(code)?;
        Ok(Self { semantic, streams: fields.words(code)? })
    }
}

impl fmt::Display for MsidSemantic<'_> {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        self.semantic.fmt(f)?;
        self.streams.as_ref().map_or(Ok(()), |streams| write!(f, " {streams}"))
    }
}
