//! `a=fmtp`: parameters of a format, in the format's own language (RFC 8866 §6.15).

use core::fmt;

use super::{Level, TypedAttribute, required};
use crate::diagnostic::{Code, ValueError};
use crate::text::{Text, Token};
use crate::value::{Fields, payload_type, split, trim_end, trim_start};

/// A format and its parameters.
#[derive(Clone, Debug, PartialEq, Eq, Hash)]
pub struct Fmtp<'a> {
    /// One of the formats of the `m=` line; for RTP a payload type.
    pub format: Token<'a>,
    /// The parameters as they stand.
    pub parameters: Text<'a>,
}

impl Fmtp<'_> {
    /// A copy that borrows nothing.
    pub fn into_owned(self) -> Fmtp<'static> {
        Fmtp { format: self.format.into_owned(), parameters: self.parameters.into_owned() }
    }

    /// The format as an RTP payload type.
    pub fn payload_type(&self) -> Option<u8> {
        payload_type(&self.format)
    }

    /// The parameters as `name=value` pairs between semicolons, the way most formats have them.
    /// A part without an equals sign is a name without value.
    pub fn pairs(&self) -> impl Iterator<Item = (&str, Option<&str>)> + Clone {
        let mut rest = Some(self.parameters.as_str());
        core::iter::from_fn(move || {
            loop {
                let (part, after) = split(rest?, b';');
                rest = after;
                let part = trim_start(trim_end(part));
                if !part.is_empty() {
                    let (name, value) = split(part, b'=');
                    return Some((trim_end(name), value.map(trim_start)));
                }
            }
        })
    }

    /// The value of the first pair with this name, whatever its case.
    pub fn get(&self, name: &str) -> Option<&str> {
        self.pairs().find(|(n, _)| n.eq_ignore_ascii_case(name)).and_then(|(_, value)| value)
    }
}

impl<'a> TypedAttribute<'a> for Fmtp<'a> {
    const NAMES: &'static [&'static str] = &["fmtp"];
    const LEVEL: Level = Level::Both;
    const FREE_TEXT: bool = true;

    fn read(_: &str, value: Option<&'a str>) -> Result<Self, ValueError> {
        let mut fields = Fields::new(required(value)?);
        let format = fields.expect(Code::Fmtp)?.token(Code::Fmtp)?;
        let rest = fields.expect_rest(Code::Fmtp)?;
        let parameters = Text::new(rest.text).map_err(|_| rest.fault(Code::Fmtp))?;
        Ok(Self { format, parameters })
    }
}

impl fmt::Display for Fmtp<'_> {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        write!(f, "{} {}", self.format, self.parameters)
    }
}
