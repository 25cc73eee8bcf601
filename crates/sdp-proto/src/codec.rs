//! RTP formats of a media section: `m=`, `a=rtpmap` and `a=fmtp` put together, typed for the usual
//! codecs, and the rules by which two of them are the same (RFC 8866 §6.6, §6.15; RFC 3264 §6.1).

mod av1;
mod format;
mod h264;
mod h265;
mod opus;
mod red;
mod rtx;
mod statics;
mod symmetry;
mod telephone_event;
mod vp8;
mod vp9;
mod write;

pub use av1::Av1;
pub use format::Format;
pub use h264::{H264, H264Profile};
pub use h265::H265;
pub use opus::Opus;
pub use red::Red;
pub use rtx::Rtx;
pub use symmetry::{SharedParameter, Symmetry};
pub use telephone_event::TelephoneEvent;
pub use vp8::Vp8;
pub use vp9::Vp9;

use crate::attribute::Fmtp;
use crate::value::decimal;

/// The parameters of a format, defaults filled in.
#[derive(Clone, Debug, PartialEq, Eq)]
#[non_exhaustive]
pub enum Parameters<'a> {
    /// Opus.
    Opus(Opus),
    /// VP8.
    Vp8(Vp8),
    /// VP9.
    Vp9(Vp9),
    /// AV1.
    Av1(Av1),
    /// H.264.
    H264(H264),
    /// H.265.
    H265(H265),
    /// Retransmissions of another format.
    Rtx(Rtx),
    /// Redundancy over other formats.
    Red(Red<'a>),
    /// Telephone key presses.
    TelephoneEvent(TelephoneEvent<'a>),
    /// A codec without a type here.
    Other,
}

impl<'a> Parameters<'a> {
    /// Reads the parameters of the codec with this name, whatever its case. Values that cannot
    /// be read count as absent, as receivers ignore what they do not understand.
    pub fn read(encoding: &str, fmtp: Option<&'a Fmtp<'_>>) -> Self {
        type Read = fn(Option<&Fmtp<'_>>) -> Parameters<'static>;
        const CODECS: [(&str, Read); 7] = [
            ("opus", |f| Parameters::Opus(Opus::read(f))),
            ("VP8", |f| Parameters::Vp8(Vp8::read(f))),
            ("VP9", |f| Parameters::Vp9(Vp9::read(f))),
            ("AV1", |f| Parameters::Av1(Av1::read(f))),
            ("H264", |f| Parameters::H264(H264::read(f))),
            ("H265", |f| Parameters::H265(H265::read(f))),
            ("rtx", |f| Rtx::read(f).map_or(Parameters::Other, Parameters::Rtx)),
        ];
        if let Some((_, read)) = CODECS.iter().find(|(name, _)| encoding.eq_ignore_ascii_case(name))
        {
            return read(fmtp);
        }
        if encoding.eq_ignore_ascii_case("red") {
            return Self::Red(Red::read(fmtp));
        }
        if encoding.eq_ignore_ascii_case("telephone-event") {
            return Self::TelephoneEvent(TelephoneEvent::read(fmtp));
        }
        Self::Other
    }

    /// Whether two formats of one codec with these parameters are the same format, so that one
    /// may answer the other. Formats about other formats (RTX, RED) are not compared here, and codecs
    /// without a type neither: see [`Format::same`] and [`Symmetry`].
    pub fn compatible(&self, other: &Parameters<'_>) -> bool {
        match (self, other) {
            (Self::Vp9(a), Parameters::Vp9(b)) => a.profile_id == b.profile_id,
            (Self::Av1(a), Parameters::Av1(b)) => a.profile == b.profile,
            (Self::H264(a), Parameters::H264(b)) => a.compatible(*b),
            (Self::H265(a), Parameters::H265(b)) => a.compatible(*b),
            (Self::Opus(_), Parameters::Opus(_))
            | (Self::Vp8(_), Parameters::Vp8(_))
            | (Self::Rtx(_), Parameters::Rtx(_))
            | (Self::Red(_), Parameters::Red(_))
            | (Self::TelephoneEvent(_), Parameters::TelephoneEvent(_))
            | (Self::Other, Parameters::Other) => true,
            _ => false,
        }
    }
}

/// A parameter as a number; `None` where it is absent or none.
fn number<T: TryFrom<u64>>(fmtp: Option<&Fmtp<'_>>, name: &str) -> Option<T> {
    decimal(fmtp?.get(name)?)
}

/// A parameter that is 0 or 1.
fn switch(fmtp: Option<&Fmtp<'_>>, name: &str) -> Option<bool> {
    match fmtp?.get(name)? {
        "0" => Some(false),
        "1" => Some(true),
        _ => None,
    }
}

#[cfg(test)]
mod tests;
