//! `a=extmap`: an RTP header extension and its number (RFC 8285 §5, §8).

use core::fmt;

use super::{Direction, Level, TypedAttribute, required};
use crate::diagnostic::{Code, ValueError};
use crate::text::{Text, Word};
use crate::value::{BLANKS, Fields};

/// A number, perhaps a direction, and the URI of a header extension.
#[derive(Clone, Debug, PartialEq, Eq, Hash)]
pub struct ExtMap<'a> {
    /// 1 to 255; 4096 to 4351 for an extension whose number the answerer chooses.
    pub id: u16,
    /// Which way the extension is used; as the media where nothing is said.
    pub direction: Option<Direction>,
    /// What the extension is.
    pub uri: Word<'a>,
    /// Attributes that the extension defines.
    pub attributes: Option<Text<'a>>,
}

/// The URI that stands before that of an extension which is encrypted (RFC 6904).
pub(crate) const ENCRYPT: &str = "urn:ietf:params:rtp-hdrext:encrypt";

impl ExtMap<'_> {
    /// Whether the extension is sent encrypted (RFC 6904): then its own URI is the first word of the
    /// attributes.
    pub fn is_encrypted(&self) -> bool {
        self.uri == ENCRYPT
    }

    /// The URI of what is sent, encrypted or not.
    pub fn extension(&self) -> &str {
        self.inner().map_or(self.uri.as_str(), |(uri, _)| uri)
    }

    /// The attributes of what is sent.
    pub fn extension_attributes(&self) -> Option<&str> {
        let plain = || self.attributes.as_deref();
        self.inner().map_or_else(plain, |(_, rest)| rest)
    }

    fn inner(&self) -> Option<(&str, Option<&str>)> {
        let text = self.attributes.as_deref().filter(|_| self.is_encrypted())?;
        Some(match text.split_once(BLANKS) {
            Some((uri, rest)) => (uri, Some(rest.trim_matches(BLANKS)).filter(|r| !r.is_empty())),
            None => (text, None),
        })
    }

    /// A copy that borrows nothing.
    pub fn into_owned(self) -> ExtMap<'static> {
        ExtMap {
            id: self.id,
            direction: self.direction,
            uri: self.uri.into_owned(),
            attributes: self.attributes.map(Text::into_owned),
        }
    }
}

impl<'a> TypedAttribute<'a> for ExtMap<'a> {
    const NAMES: &'static [&'static str] = &["extmap"];
    const LEVEL: Level = Level::Both;

    fn read(_: &str, value: Option<&'a str>) -> Result<Self, ValueError> {
        let code = Code::ExtMap;
        let mut fields = Fields::new(required(value)?);
        let (number, direction) = fields.expect(code)?.split(b'/');
        let id = number.short_number::<u16>(5, code)?;
        if !matches!(id, 1..=255 | 4096..=4351) {
            return Err(number.fault(Code::ExtMapId));
        }
        let direction =
            direction.map(|field| Direction::from_word(field.text).ok_or(field.fault(code)));
        let uri = fields.expect(code)?.word(code)?;
        let rest = fields.rest();
        Ok(Self {
            id,
            direction: direction.transpose()?,
            uri,
            attributes: Text::new(rest.text).ok(),
        })
    }
}

impl fmt::Display for ExtMap<'_> {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        self.id.fmt(f)?;
        if let Some(direction) = self.direction {
            write!(f, "/{}", direction.as_str())?;
        }
        write!(f, " {}", self.uri)?;
        self.attributes.as_ref().map_or(Ok(()), |attributes| write!(f, " {attributes}"))
    }
}
