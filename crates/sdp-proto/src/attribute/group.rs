//! `a=group`: media sections that belong together (RFC 5888 §5; BUNDLE: RFC 9143 §7).

use alloc::borrow::Cow;
use alloc::string::String;
use core::fmt;

use super::{Level, TypedAttribute, required};
use crate::diagnostic::{Code, ValueError};
use crate::text::Token;
use crate::value::Fields;

/// A group: what it means and the mids of its members, in order. It may be empty.
#[derive(Clone, Debug)]
pub struct Group<'a> {
    /// What being in the group means: `BUNDLE`, `LS`, `FID`.
    pub semantics: Token<'a>,
    mids: Cow<'a, str>,
}

impl<'a> Group<'a> {
    /// Writes a group.
    pub fn new<'m>(semantics: Token<'a>, mids: impl IntoIterator<Item = Token<'m>>) -> Self {
        let mut text = String::new();
        for mid in mids {
            text.push_str(if text.is_empty() { "" } else { " " });
            text.push_str(&mid);
        }
        Self { semantics, mids: Cow::Owned(text) }
    }

    /// Whether the members share one transport (RFC 9143).
    pub fn is_bundle(&self) -> bool {
        self.semantics == "BUNDLE"
    }

    /// The mids of the members; the first one of a BUNDLE group carries the transport.
    pub fn mids(&self) -> impl Iterator<Item = &str> + Clone {
        self.mids.split_ascii_whitespace()
    }
}

impl<'a> TypedAttribute<'a> for Group<'a> {
    const NAMES: &'static [&'static str] = &["group"];
    const LEVEL: Level = Level::Session;

    fn read(_: &str, value: Option<&'a str>) -> Result<Self, ValueError> {
        let mut fields = Fields::new(required(value)?);
        let semantics = fields.expect(Code::Group)?.token(Code::Group)?;
        let mids = fields.rest().text;
        fields.try_for_each(|mid| mid.token(Code::Group).map(drop))?;
        Ok(Self { semantics, mids: Cow::Borrowed(mids) })
    }
}

impl PartialEq for Group<'_> {
    fn eq(&self, other: &Self) -> bool {
        self.semantics == other.semantics && self.mids().eq(other.mids())
    }
}

impl Eq for Group<'_> {}

impl fmt::Display for Group<'_> {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        self.semantics.fmt(f)?;
        self.mids().try_for_each(|mid| write!(f, " {mid}"))
    }
}
