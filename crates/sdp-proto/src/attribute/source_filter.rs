//! `a=source-filter`: whose packets a multicast receiver takes (RFC 4570).

use core::fmt;

use super::{Level, TypedAttribute, required};
use crate::diagnostic::{Code, ValueError};
use crate::text::{Token, Word, Words};
use crate::value::Fields;

/// A destination and the sources that are let in or kept out.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct SourceFilter<'a> {
    /// Whether the sources are let in (`incl`) or kept out (`excl`).
    pub include: bool,
    /// `IN`.
    pub network: Token<'a>,
    /// `IP4`, `IP6` or `*`.
    pub address_types: Token<'a>,
    /// The destination, or `*`.
    pub destination: Word<'a>,
    /// The sources.
    pub sources: Words<'a>,
}

impl<'a> TypedAttribute<'a> for SourceFilter<'a> {
    const NAMES: &'static [&'static str] = &["source-filter"];
    const LEVEL: Level = Level::Both;
    // The grammar has a space after the colon.
    const FREE_TEXT: bool = true;

    fn read(_: &str, value: Option<&'a str>) -> Result<Self, ValueError> {
        let code = Code::SourceFilter;
        let mut fields = Fields::new(required(value)?);
        let mode = fields.expect(code)?;
        let include = match mode.text {
            "incl" => true,
            "excl" => false,
            _ => return Err(mode.fault(code)),
        };
        let network = fields.expect(code)?.token(code)?;
        let address_types = fields.expect(code)?.token(code)?;
        let destination = fields.expect(code)?.word(code)?;
        let sources = fields.expect_rest(code)?.text;
        fields.try_for_each(|source| source.word(code).map(drop))?;
        let sources = Words::borrowed(sources);
        Ok(Self { include, network, address_types, destination, sources })
    }
}

impl fmt::Display for SourceFilter<'_> {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        let mode = if self.include { "incl" } else { "excl" };
        let Self { network, address_types, destination, sources, .. } = self;
        write!(f, " {mode} {network} {address_types} {destination} {sources}")
    }
}
