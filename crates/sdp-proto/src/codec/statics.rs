//! Payload types that stand for a codec without `a=rtpmap` (RFC 3551, tables 4 and 5).

use core::num::NonZeroU32;

use crate::attribute::RtpMap;
use crate::text::Token;

/// Payload type, name, clock rate and channels.
const STATIC: [(u8, &str, u32, &str); 24] = [
    (0, "PCMU", 8_000, ""),
    (3, "GSM", 8_000, ""),
    (4, "G723", 8_000, ""),
    (5, "DVI4", 8_000, ""),
    (6, "DVI4", 16_000, ""),
    (7, "LPC", 8_000, ""),
    (8, "PCMA", 8_000, ""),
    (9, "G722", 8_000, ""),
    (10, "L16", 44_100, "2"),
    (11, "L16", 44_100, ""),
    (12, "QCELP", 8_000, ""),
    (13, "CN", 8_000, ""),
    (14, "MPA", 90_000, ""),
    (15, "G728", 8_000, ""),
    (16, "DVI4", 11_025, ""),
    (17, "DVI4", 22_050, ""),
    (18, "G729", 8_000, ""),
    (25, "CelB", 90_000, ""),
    (26, "JPEG", 90_000, ""),
    (28, "nv", 90_000, ""),
    (31, "H261", 90_000, ""),
    (32, "MPV", 90_000, ""),
    (33, "MP2T", 90_000, ""),
    (34, "H263", 90_000, ""),
];

/// The codec of a static payload type.
pub(super) fn codec(payload_type: u8) -> Option<RtpMap<'static>> {
    let (_, name, rate, channels) = STATIC.iter().find(|(number, ..)| *number == payload_type)?;
    Some(RtpMap {
        payload_type,
        encoding: Token::new(*name).ok()?,
        clock_rate: NonZeroU32::new(*rate)?,
        parameters: Token::new(*channels).ok(),
    })
}
