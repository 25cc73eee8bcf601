//! `a=extmap`: an RTP header extension and its number (RFC 8285 §5, §8).

use core::fmt;

use super::{Direction, Level, TypedAttribute, required};
use crate::diagnostic::{Code, ValueError};
use crate::text::{Text, Word};
use crate::value::Fields;

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

impl ExtMap<'_> {
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
        let (number, direction) = fields.expect(code)?.split('/');
        let id = number.number::<u16>(code)?;
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
