//! `a=rtpmap`: what an RTP payload type stands for (RFC 8866 §6.6).

use core::fmt;
use core::num::NonZeroU32;

use super::{Level, TypedAttribute, required};
use crate::diagnostic::{Code, ValueError};
use crate::text::Token;
use crate::value::{self, Field, Fields, decimal, is_padded};

/// A payload type, the name of its codec and the clock rate.
#[derive(Clone, Debug, PartialEq, Eq, Hash)]
pub struct RtpMap<'a> {
    /// 0 to 127.
    pub payload_type: u8,
    /// The codec; case does not matter.
    pub encoding: Token<'a>,
    /// Ticks of the RTP timestamp in a second.
    pub clock_rate: NonZeroU32,
    /// For audio the number of channels.
    pub parameters: Option<Token<'a>>,
}

impl RtpMap<'_> {
    /// The number of audio channels: what stands there, or one.
    pub fn channels(&self) -> u32 {
        let number = self.parameters.as_deref().filter(|text| !is_padded(text)).and_then(decimal);
        number.filter(|number| *number > 0).unwrap_or(1)
    }

    /// A copy that borrows nothing.
    pub fn into_owned(self) -> RtpMap<'static> {
        RtpMap {
            payload_type: self.payload_type,
            encoding: self.encoding.into_owned(),
            clock_rate: self.clock_rate,
            parameters: self.parameters.map(Token::into_owned),
        }
    }

    /// Whether both stand for the same codec at the same rate (RFC 3264 §6.1).
    pub fn same_codec(&self, other: &RtpMap<'_>) -> bool {
        self.encoding.eq_ignore_ascii_case(&other.encoding)
            && self.clock_rate == other.clock_rate
            && self.channels() == other.channels()
    }
}

/// Reads a payload type: 0 to 127.
pub(super) fn payload_type(field: Field<'_>, code: Code) -> Result<u8, ValueError> {
    value::payload_type(field.text).ok_or(field.fault(code))
}

impl<'a> TypedAttribute<'a> for RtpMap<'a> {
    const NAMES: &'static [&'static str] = &["rtpmap"];
    const LEVEL: Level = Level::Media;

    fn read(_: &str, value: Option<&'a str>) -> Result<Self, ValueError> {
        let mut fields = Fields::new(required(value)?);
        let payload_type = payload_type(fields.expect(Code::RtpMap)?, Code::RtpMap)?;
        let codec = fields.expect(Code::RtpMap)?;
        fields.end(Code::RtpMap)?;
        let (encoding, rest) = codec.split(b'/');
        let (rate, parameters) = rest.ok_or(codec.fault(Code::RtpMap))?.split(b'/');
        Ok(Self {
            payload_type,
            encoding: encoding.token(Code::RtpMap)?,
            clock_rate: rate.integer(Code::RtpMapRate)?,
            parameters: parameters.map(|p| p.token(Code::RtpMap)).transpose()?,
        })
    }
}

impl fmt::Display for RtpMap<'_> {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        write!(f, "{} {}/{}", self.payload_type, self.encoding, self.clock_rate)?;
        self.parameters.as_ref().map_or(Ok(()), |p| write!(f, "/{p}"))
    }
}
