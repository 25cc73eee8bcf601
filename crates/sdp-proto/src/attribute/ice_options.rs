//! `a=ice-options`: extensions of ICE that the sender speaks (RFC 8839 §5.6).

use core::fmt;

use super::{Level, TypedAttribute, required};
use crate::diagnostic::{Code, ValueError};
use crate::text::{TextError, Words};
use crate::value::Fields;

/// A list of option tags, such as `ice2`, `trickle`, `renomination`.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct IceOptions<'a>(Words<'a>);

impl IceOptions<'_> {
    /// Writes a list of tags; each is made of letters, digits, `+` and `/`.
    pub fn new<S: AsRef<str>>(tags: impl IntoIterator<Item = S>) -> Result<Self, TextError> {
        Words::new(tags).map(Self)
    }

    /// The tags.
    pub fn iter(&self) -> impl Iterator<Item = &str> + Clone {
        // Some stacks separate tags with commas, against the grammar.
        self.0.iter().flat_map(|word| word.split(',')).filter(|tag| !tag.is_empty())
    }

    /// Whether the tag is in the list.
    pub fn contains(&self, tag: &str) -> bool {
        self.iter().any(|t| t == tag)
    }
}

impl<'a> TypedAttribute<'a> for IceOptions<'a> {
    const NAMES: &'static [&'static str] = &["ice-options"];
    const LEVEL: Level = Level::Both;

    fn read(_: &str, value: Option<&'a str>) -> Result<Self, ValueError> {
        let value = required(value)?;
        let mut fields = Fields::new(value);
        fields.clone().expect(Code::IceOptions)?;
        fields.try_for_each(|tag| tag.word(Code::IceOptions).map(drop))?;
        Ok(Self(Words::borrowed(value)))
    }
}

impl fmt::Display for IceOptions<'_> {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        for (index, tag) in self.iter().enumerate() {
            f.write_str(if index == 0 { "" } else { " " })?;
            f.write_str(tag)?;
        }
        Ok(())
    }
}
