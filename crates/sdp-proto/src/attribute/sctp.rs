//! `a=sctp-port`, `a=max-message-size` (RFC 8841 §5, §6) and their predecessor `a=sctpmap`.

use core::fmt;

use super::{Level, TypedAttribute, required};
use crate::diagnostic::{Code, ValueError};
use crate::text::Token;
use crate::value::{Field, Fields};

/// The SCTP port inside the DTLS association (RFC 8841 §5.1).
#[derive(Clone, Copy, Debug, PartialEq, Eq, Hash)]
pub struct SctpPort(pub u16);

impl SctpPort {
    /// The port that everybody uses.
    pub const USUAL: Self = Self(5000);
}

impl TypedAttribute<'_> for SctpPort {
    const NAMES: &'static [&'static str] = &["sctp-port"];
    const LEVEL: Level = Level::Media;
    const ONCE: bool = true;

    fn read(_: &str, value: Option<&str>) -> Result<Self, ValueError> {
        Field::new(required(value)?).plain_number(Code::SctpPort).map(Self)
    }
}

impl fmt::Display for SctpPort {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        self.0.fmt(f)
    }
}

/// The largest message in bytes that the sender takes; 0 means any size (RFC 8841 §6.1).
#[derive(Clone, Copy, Debug, PartialEq, Eq, PartialOrd, Ord, Hash)]
pub struct MaxMessageSize(pub u64);

impl MaxMessageSize {
    /// Bytes when the attribute is absent (RFC 8841 §6.1).
    pub const DEFAULT: u64 = 65_536;
}

impl TypedAttribute<'_> for MaxMessageSize {
    const NAMES: &'static [&'static str] = &["max-message-size"];
    const LEVEL: Level = Level::Media;
    const ONCE: bool = true;

    fn read(_: &str, value: Option<&str>) -> Result<Self, ValueError> {
        Field::new(required(value)?).plain_number(Code::MaxMessageSize).map(Self)
    }
}

impl fmt::Display for MaxMessageSize {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        self.0.fmt(f)
    }
}

/// `a=sctpmap` of the drafts before RFC 8841, which peers of 2018 and before still send.
#[derive(Clone, Debug, PartialEq, Eq, Hash)]
pub struct SctpMap<'a> {
    /// The SCTP port, which is the format of the `m=` line as well.
    pub port: u16,
    /// The protocol: `webrtc-datachannel`.
    pub protocol: Token<'a>,
    /// Streams each way; absent in some drafts.
    pub streams: Option<u16>,
}

impl<'a> TypedAttribute<'a> for SctpMap<'a> {
    const NAMES: &'static [&'static str] = &["sctpmap"];
    const LEVEL: Level = Level::Media;

    fn read(_: &str, value: Option<&'a str>) -> Result<Self, ValueError> {
        let mut fields = Fields::new(required(value)?);
        let port = fields.expect(Code::SctpMap)?.number(Code::SctpMap)?;
        let protocol = fields.expect(Code::SctpMap)?.token(Code::SctpMap)?;
        let streams = fields.next().map(|field| field.number(Code::SctpMap)).transpose()?;
        fields.end(Code::SctpMap)?;
        Ok(Self { port, protocol, streams })
    }
}

impl fmt::Display for SctpMap<'_> {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        write!(f, "{} {}", self.port, self.protocol)?;
        self.streams.map_or(Ok(()), |streams| write!(f, " {streams}"))
    }
}
