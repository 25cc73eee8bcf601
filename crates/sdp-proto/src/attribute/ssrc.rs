//! `a=ssrc` and `a=ssrc-group`: attributes of one RTP source (RFC 5576 §4).

use alloc::borrow::Cow;
use alloc::string::String;
use core::fmt::{self, Write};

use super::{Level, TypedAttribute, required};
use crate::diagnostic::{Code, ValueError};
use crate::text::{Text, Token};
use crate::value::{Fields, decimal};

/// A source and one attribute of it.
#[derive(Clone, Debug, PartialEq, Eq, Hash)]
pub struct Ssrc<'a> {
    /// The synchronisation source.
    pub id: u32,
    /// Name of the attribute: `cname`, `msid`, ...
    pub attribute: Token<'a>,
    /// Its value.
    pub value: Option<Text<'a>>,
}

impl Ssrc<'_> {
    /// A copy that borrows nothing.
    pub fn into_owned(self) -> Ssrc<'static> {
        Ssrc {
            id: self.id,
            attribute: self.attribute.into_owned(),
            value: self.value.map(Text::into_owned),
        }
    }
}

impl<'a> TypedAttribute<'a> for Ssrc<'a> {
    const NAMES: &'static [&'static str] = &["ssrc"];
    const LEVEL: Level = Level::Media;
    const FREE_TEXT: bool = true;

    fn read(_: &str, value: Option<&'a str>) -> Result<Self, ValueError> {
        let mut fields = Fields::new(required(value)?);
        let id = fields.expect(Code::Ssrc)?.plain_number(Code::Ssrc)?;
        let (name, value) = fields.expect_rest(Code::Ssrc)?.split(b':');
        let attribute = name.token(Code::Ssrc)?;
        Ok(Self { id, attribute, value: value.and_then(|value| Text::new(value.text).ok()) })
    }
}

impl fmt::Display for Ssrc<'_> {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        write!(f, "{} {}", self.id, self.attribute)?;
        self.value.as_ref().map_or(Ok(()), |value| write!(f, ":{value}"))
    }
}

/// Sources that belong together, such as a stream and its retransmissions.
#[derive(Clone, Debug)]
pub struct SsrcGroup<'a> {
    /// What being in the group means: `FID`, `SIM`, `FEC-FR`.
    pub semantics: Token<'a>,
    ids: Cow<'a, str>,
}

impl<'a> SsrcGroup<'a> {
    /// A copy that borrows nothing.
    pub fn into_owned(self) -> SsrcGroup<'static> {
        SsrcGroup { semantics: self.semantics.into_owned(), ids: Cow::Owned(self.ids.into_owned()) }
    }

    /// Writes a group.
    pub fn new(semantics: Token<'a>, ids: impl IntoIterator<Item = u32>) -> Self {
        let mut text = String::new();
        for id in ids {
            let gap = if text.is_empty() { "" } else { " " };
            // Writing to a String cannot fail.
            let _ = write!(text, "{gap}{id}");
        }
        Self { semantics, ids: Cow::Owned(text) }
    }

    /// The sources.
    pub fn ids(&self) -> impl Iterator<Item = u32> + Clone {
        self.ids.split_ascii_whitespace().filter_map(decimal)
    }
}

impl<'a> TypedAttribute<'a> for SsrcGroup<'a> {
    const NAMES: &'static [&'static str] = &["ssrc-group"];
    const LEVEL: Level = Level::Media;

    fn read(_: &str, value: Option<&'a str>) -> Result<Self, ValueError> {
        let mut fields = Fields::new(required(value)?);
        let semantics = fields.expect(Code::SsrcGroup)?.token(Code::SsrcGroup)?;
        let ids = Cow::Borrowed(fields.rest().text);
        fields.try_for_each(|id| id.plain_number::<u32>(Code::SsrcGroup).map(drop))?;
        Ok(Self { semantics, ids })
    }
}

impl PartialEq for SsrcGroup<'_> {
    fn eq(&self, other: &Self) -> bool {
        self.semantics == other.semantics && self.ids().eq(other.ids())
    }
}

impl Eq for SsrcGroup<'_> {}

impl fmt::Display for SsrcGroup<'_> {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        self.semantics.fmt(f)?;
        self.ids().try_for_each(|id| write!(f, " {id}"))
    }
}
