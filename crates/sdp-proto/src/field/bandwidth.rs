//! `b=`: how much bandwidth a section or the session takes (RFC 8866 §5.8).

use core::fmt;
use core::str::FromStr;

use crate::diagnostic::{Code, ValueError};
use crate::text::Token;
use crate::value::Field;

/// A type of limit and its value, whose unit depends on the type.
#[derive(Clone, Debug, PartialEq, Eq, Hash)]
pub struct Bandwidth<'a> {
    /// What is limited, in which unit.
    pub kind: BandwidthType<'a>,
    /// The number as it stands: kilobits for `CT` and `AS`, bits for the others.
    pub value: u64,
}

/// What a bandwidth limit limits.
#[derive(Clone, Debug, PartialEq, Eq, Hash)]
pub enum BandwidthType<'a> {
    /// `CT`: the whole conference, in kbit/s.
    ConferenceTotal,
    /// `AS`: one application with lower layers, in kbit/s.
    ApplicationSpecific,
    /// `TIAS`: one application without lower layers, in bit/s (RFC 3890 §6.2).
    TransportIndependent,
    /// `RS`: RTCP of senders, in bit/s (RFC 3556 §2).
    RtcpSenders,
    /// `RR`: RTCP of receivers, in bit/s (RFC 3556 §2).
    RtcpReceivers,
    /// Another one, unit unknown.
    Other(Token<'a>),
}

impl<'a> BandwidthType<'a> {
    fn parse(field: Field<'a>) -> Result<Self, ValueError> {
        Ok(match field.text {
            "CT" => Self::ConferenceTotal,
            "AS" => Self::ApplicationSpecific,
            "TIAS" => Self::TransportIndependent,
            "RS" => Self::RtcpSenders,
            "RR" => Self::RtcpReceivers,
            _ => Self::Other(field.token(Code::BandwidthSyntax)?),
        })
    }

    /// As it is written.
    pub fn as_str(&self) -> &str {
        match self {
            Self::ConferenceTotal => "CT",
            Self::ApplicationSpecific => "AS",
            Self::TransportIndependent => "TIAS",
            Self::RtcpSenders => "RS",
            Self::RtcpReceivers => "RR",
            Self::Other(token) => token.as_str(),
        }
    }
}

impl<'a> Bandwidth<'a> {
    /// Reads the value of the line.
    pub fn parse(value: &'a str) -> Result<Self, ValueError> {
        let field = Field::new(value.trim_end_matches(crate::value::BLANKS));
        let (kind, number) = field.split(b':');
        let number = number.ok_or(field.fault(Code::BandwidthSyntax))?;
        let value = number.number(Code::BandwidthSyntax)?;
        Ok(Self { kind: BandwidthType::parse(kind)?, value })
    }

    /// A copy that borrows nothing.
    pub fn into_owned(self) -> Bandwidth<'static> {
        let kind = match self.kind {
            BandwidthType::ConferenceTotal => BandwidthType::ConferenceTotal,
            BandwidthType::ApplicationSpecific => BandwidthType::ApplicationSpecific,
            BandwidthType::TransportIndependent => BandwidthType::TransportIndependent,
            BandwidthType::RtcpSenders => BandwidthType::RtcpSenders,
            BandwidthType::RtcpReceivers => BandwidthType::RtcpReceivers,
            BandwidthType::Other(token) => BandwidthType::Other(token.into_owned()),
        };
        Bandwidth { kind, value: self.value }
    }

    /// The limit in bit/s; `None` where the unit is not known.
    pub fn bits_per_second(&self) -> Option<u64> {
        match self.kind {
            BandwidthType::ConferenceTotal | BandwidthType::ApplicationSpecific => {
                Some(self.value.saturating_mul(1000))
            }
            BandwidthType::TransportIndependent
            | BandwidthType::RtcpSenders
            | BandwidthType::RtcpReceivers => Some(self.value),
            BandwidthType::Other(_) => None,
        }
    }
}

/// Reads the value of the line, such as `TIAS:500000`.
impl FromStr for Bandwidth<'static> {
    type Err = ValueError;

    fn from_str(text: &str) -> Result<Self, ValueError> {
        Bandwidth::parse(text).map(Bandwidth::into_owned)
    }
}

impl fmt::Display for Bandwidth<'_> {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        write!(f, "{}:{}", self.kind.as_str(), self.value)
    }
}
