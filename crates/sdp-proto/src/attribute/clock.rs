//! `a=ts-refclk` and `a=mediaclk`: the clocks behind timestamps (RFC 7273).

use core::fmt;

use super::{Level, TypedAttribute, required};
use crate::diagnostic::{Code, ValueError};
use crate::text::{Text, Token};
use crate::value::Field;

/// The clock that timestamps refer to.
#[derive(Clone, Debug, PartialEq, Eq, Hash)]
pub struct ReferenceClock<'a> {
    /// `ntp`, `ptp`, `gps`, `gal`, `glonass`, `local`, `private`, `localmac`, ...
    pub source: Token<'a>,
    /// Which one, such as `IEEE1588-2008:39-A7-94-FF-FE-07-CB-D0:37`.
    pub identity: Option<Text<'a>>,
}

impl<'a> TypedAttribute<'a> for ReferenceClock<'a> {
    const NAMES: &'static [&'static str] = &["ts-refclk"];
    const LEVEL: Level = Level::Both;
    const FREE_TEXT: bool = true;

    fn read(_: &str, value: Option<&'a str>) -> Result<Self, ValueError> {
        let (source, identity) = Field::new(required(value)?).split(b'=');
        let code = Code::TsRefClk;
        let text = identity.map(|field| Text::new(field.text).map_err(|_| field.fault(code)));
        Ok(Self { source: source.token(code)?, identity: text.transpose()? })
    }
}

impl fmt::Display for ReferenceClock<'_> {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        self.source.fmt(f)?;
        self.identity.as_ref().map_or(Ok(()), |identity| write!(f, "={identity}"))
    }
}

/// How the RTP timestamp follows that clock.
#[derive(Clone, Debug, PartialEq, Eq, Hash)]
pub enum MediaClock<'a> {
    /// `sender`: a clock of the sender's own.
    Sender,
    /// `direct=<offset>`: the reference clock itself.
    Direct {
        /// The timestamp at the epoch of the clock.
        offset: Option<u64>,
        /// `rate=...`, where it is not the one of the media.
        rate: Option<Text<'a>>,
    },
    /// Anything else, such as an IEEE 1722 stream.
    Other(Text<'a>),
}

impl<'a> TypedAttribute<'a> for MediaClock<'a> {
    const NAMES: &'static [&'static str] = &["mediaclk"];
    const LEVEL: Level = Level::Both;
    const FREE_TEXT: bool = true;

    fn read(_: &str, value: Option<&'a str>) -> Result<Self, ValueError> {
        let field = Field::new(required(value)?);
        let code = Code::MediaClk;
        if field.text == "sender" {
            return Ok(Self::Sender);
        }
        let (name, value) = field.split(b'=');
        if name.text != "direct" {
            let other = Text::new(field.text).map(Self::Other);
            return other.map_err(|_| field.fault(code));
        }
        let Some(value) = value else { return Ok(Self::Direct { offset: None, rate: None }) };
        let (offset, rate) = value.split(b' ');
        let rate = rate.map(|rate| Text::new(rate.text).map_err(|_| rate.fault(code)));
        Ok(Self::Direct { offset: Some(offset.number(code)?), rate: rate.transpose()? })
    }
}

impl fmt::Display for MediaClock<'_> {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        match self {
            Self::Sender => f.write_str("sender"),
            Self::Direct { offset: None, .. } => f.write_str("direct"),
            Self::Direct { offset: Some(offset), rate: None } => write!(f, "direct={offset}"),
            Self::Direct { offset: Some(offset), rate: Some(rate) } => {
                write!(f, "direct={offset} {rate}")
            }
            Self::Other(text) => text.fmt(f),
        }
    }
}
