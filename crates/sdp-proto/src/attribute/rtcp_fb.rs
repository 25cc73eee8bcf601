//! `a=rtcp-fb`: feedback that a payload type takes (RFC 4585 §4.2).

use core::fmt;

use super::rtpmap::payload_type;
use super::{Level, TypedAttribute, required};
use crate::diagnostic::{Code, ValueError};
use crate::text::{Token, Words};
use crate::value::Fields;

/// A feedback type for one payload type or for all of the section.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct RtcpFb<'a> {
    /// The payload type; `None` stands for `*`, all of them.
    pub payload_type: Option<u8>,
    /// `nack`, `ccm`, `transport-cc`, ...
    pub kind: Token<'a>,
    /// What follows, such as the `pli` of `nack pli`.
    pub parameters: Option<Words<'a>>,
}

impl RtcpFb<'_> {
    /// A copy that borrows nothing.
    pub fn into_owned(self) -> RtcpFb<'static> {
        RtcpFb {
            payload_type: self.payload_type,
            kind: self.kind.into_owned(),
            parameters: self.parameters.map(Words::into_owned),
        }
    }
}

impl<'a> TypedAttribute<'a> for RtcpFb<'a> {
    const NAMES: &'static [&'static str] = &["rtcp-fb"];
    const LEVEL: Level = Level::Media;

    fn read(_: &str, value: Option<&'a str>) -> Result<Self, ValueError> {
        let mut fields = Fields::new(required(value)?);
        let format = fields.expect(Code::RtcpFb)?;
        let payload_type = match format.text {
            "*" => None,
            _ => Some(payload_type(format, Code::RtcpFb)?),
        };
        let kind = fields.expect(Code::RtcpFb)?.token(Code::RtcpFb)?;
        let parameters = fields.words(Code::RtcpFb)?;
        Ok(Self { payload_type, kind, parameters })
    }
}

impl fmt::Display for RtcpFb<'_> {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        match self.payload_type {
            Some(number) => number.fmt(f)?,
            None => f.write_str("*")?,
        }
        write!(f, " {}", self.kind)?;
        self.parameters.as_ref().map_or(Ok(()), |parameters| write!(f, " {parameters}"))
    }
}
