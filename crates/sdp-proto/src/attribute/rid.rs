//! `a=rid`: a named RTP stream with restrictions (RFC 8851 §4, §10).

use core::fmt;

use super::{Level, TypedAttribute, required};
use crate::diagnostic::{Code, ValueError};
use crate::text::{Text, Token, is_rid_byte, is_token_byte};
use crate::value::{Field, Fields};

/// Which way the stream of a rid flows, seen from the sender of the description.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Hash)]
pub enum RidDirection {
    /// Out.
    Send,
    /// In.
    Recv,
}

impl RidDirection {
    pub(super) fn parse(field: Field<'_>, code: Code) -> Result<Self, ValueError> {
        match field.text {
            "send" => Ok(Self::Send),
            "recv" => Ok(Self::Recv),
            _ => Err(field.fault(code)),
        }
    }

    /// As it is written.
    pub const fn as_str(self) -> &'static str {
        match self {
            Self::Send => "send",
            Self::Recv => "recv",
        }
    }
}

/// An identifier, a direction and restrictions.
#[derive(Clone, Debug, PartialEq, Eq, Hash)]
pub struct Rid<'a> {
    /// Letters, digits, `-` and `_`; unique in the section.
    pub id: Token<'a>,
    /// Which way the stream flows.
    pub direction: RidDirection,
    /// `pt=` and restrictions, as they stand.
    pub restrictions: Option<Text<'a>>,
}

/// Whether the text is a `rid-id` (RFC 8851 §10).
pub(super) fn is_rid(text: &str) -> bool {
    !text.is_empty() && text.bytes().all(is_rid_byte)
}

/// Whether the text may name a restriction.
fn is_name(text: &str) -> bool {
    !text.is_empty() && text.bytes().all(|b| b.is_ascii_alphanumeric() || b == b'-')
}

/// Whether the value is one of the named restriction's; that of an unknown one is any that prints.
fn is_restriction(name: &str, value: &str) -> bool {
    let digits = |text: &str| !text.is_empty() && text.bytes().all(|b| b.is_ascii_digit());
    match name {
        "max-width" | "max-height" | "max-fps" | "max-fs" | "max-br" | "max-pps" => digits(value),
        "max-bpp" => value.split_once('.').is_some_and(|(a, b)| digits(a) && digits(b)),
        _ => is_name(name) && value.bytes().all(|b| matches!(b, b' '..=b'~')),
    }
}

impl Rid<'_> {
    /// A copy that borrows nothing.
    pub fn into_owned(self) -> Rid<'static> {
        Rid {
            id: self.id.into_owned(),
            direction: self.direction,
            restrictions: self.restrictions.map(Text::into_owned),
        }
    }

    /// Whether the restrictions follow their grammar (RFC 8851 §10).
    pub(crate) fn is_strict(&self) -> bool {
        let Some(text) = &self.restrictions else { return true };
        text.split(';').enumerate().all(|(index, part)| match part.split_once('=') {
            Some(("pt", formats)) => {
                let mut formats = formats.split(',');
                index == 0 && formats.all(|f| !f.is_empty() && f.bytes().all(is_token_byte))
            }
            Some(("depend", rids)) => rids.split(',').all(is_rid),
            Some((name, value)) => is_restriction(name, value),
            None => is_name(part) && !matches!(part, "pt" | "depend"),
        })
    }

    /// The restrictions as name and value.
    pub fn pairs(&self) -> impl Iterator<Item = (&str, Option<&str>)> + Clone {
        let text = self.restrictions.as_deref().unwrap_or_default();
        text.split(';').filter(|part| !part.is_empty()).map(|part| match part.split_once('=') {
            Some((name, value)) => (name, Some(value)),
            None => (part, None),
        })
    }
}

impl<'a> TypedAttribute<'a> for Rid<'a> {
    const NAMES: &'static [&'static str] = &["rid"];
    const LEVEL: Level = Level::Media;

    fn read(_: &str, value: Option<&'a str>) -> Result<Self, ValueError> {
        let mut fields = Fields::new(required(value)?);
        let id = fields.expect(Code::Rid)?;
        if !is_rid(id.text) {
            return Err(id.fault(Code::Rid));
        }
        let direction = RidDirection::parse(fields.expect(Code::Rid)?, Code::Rid)?;
        let restrictions = Text::new(fields.rest().text).ok();
        Ok(Self { id: id.token(Code::Rid)?, direction, restrictions })
    }
}

impl fmt::Display for Rid<'_> {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        write!(f, "{} {}", self.id, self.direction.as_str())?;
        self.restrictions.as_ref().map_or(Ok(()), |restrictions| write!(f, " {restrictions}"))
    }
}
