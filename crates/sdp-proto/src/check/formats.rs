//! What the attributes of a section say about the formats of its `m=` line (RFC 8866 §6.6, §6.15;
//! RFC 4588; RFC 5761 §4; RFC 8858 §4.2).

use super::values::Says;
use super::{Sink, missing, whole};
use crate::diagnostic::Code;
use crate::field::MediaLine;
use crate::section::AttributeLine;

/// A bit for each payload type.
type Types = u128;

const fn bit(payload_type: u8) -> Types {
    1 << (payload_type & 127)
}

/// The formats of the current section, and what was said of them so far.
pub(super) struct Formats {
    /// The number of the `m=` line of an RTP section; 0 elsewhere, where nothing is checked.
    line: u32,
    off: bool,
    listed: Types,
    mapped: Types,
    parametrised: Types,
    rtx: Types,
    /// What the RTX formats go with, by payload type; 255 for nothing.
    originals: [u8; 128],
    mux: bool,
    mux_only: bool,
}

impl Default for Formats {
    fn default() -> Self {
        Self {
            line: 0,
            off: false,
            listed: 0,
            mapped: 0,
            parametrised: 0,
            rtx: 0,
            originals: [u8::MAX; 128],
            mux: false,
            mux_only: false,
        }
    }
}

impl Formats {
    pub(super) fn section(
        &mut self,
        line: u32,
        media: Option<&MediaLine<'_>>,
        sink: &mut Sink<'_>,
    ) {
        self.end(sink);
        (self.mapped, self.parametrised, self.rtx) = (0, 0, 0);
        (self.mux, self.mux_only) = (false, false);
        let media = media.filter(|media| media.is_rtp());
        self.line = if media.is_some() { line } else { 0 };
        self.off = media.is_some_and(|media| media.port == 0);
        let formats = media.into_iter().flat_map(MediaLine::formats);
        self.listed = formats
            .filter_map(|format| format.parse::<u8>().ok().filter(|number| *number < 128))
            .fold(0, |all, number| all | bit(number));
    }

    pub(super) fn attribute(
        &mut self,
        line: &AttributeLine<'_>,
        says: &Says<'_>,
        sink: &mut Sink<'_>,
    ) {
        if self.line == 0 {
            return;
        }
        let number = match says {
            Says::RtpMap { number, rtx } => {
                let again = self.mapped & bit(*number) != 0;
                self.mapped |= bit(*number);
                if *rtx && !again {
                    self.rtx |= bit(*number);
                }
                if again {
                    sink(whole(&line.line(), Code::RtpMapRepeated));
                }
                *number
            }
            Says::Fmtp { number, original } => {
                if self.parametrised & bit(*number) != 0 {
                    sink(whole(&line.line(), Code::FmtpRepeated));
                } else if let Some(place) = self.originals.get_mut(usize::from(*number)) {
                    *place = original.unwrap_or(u8::MAX);
                }
                self.parametrised |= bit(*number);
                *number
            }
            Says::RtcpFb(Some(number)) => *number,
            Says::RtcpMux => return self.mux = true,
            Says::RtcpMuxOnly => return self.mux_only = true,
            _ => return,
        };
        if self.listed & bit(number) == 0 {
            sink(whole(&line.line(), Code::FormatUnlisted));
        }
    }

    /// Ends the current section, or the description.
    pub(super) fn end(&mut self, sink: &mut Sink<'_>) {
        /// Payload types that stand for nothing of themselves (RFC 3551).
        const DYNAMIC: Types = !0 << 96;
        /// Those that could be RTCP packet types (RFC 5761 §4).
        const LIKE_RTCP: Types = (!0 << 64) & !(!0 << 96);
        if self.line == 0 {
            return;
        }
        let at = |code| missing(self.line, code);
        if self.listed & DYNAMIC & !self.mapped != 0 && !self.off {
            sink(at(Code::FormatUnmapped));
        }
        let mut rtx = self.rtx & self.listed;
        while rtx != 0 {
            let number = rtx.trailing_zeros();
            rtx &= rtx - 1;
            let parametrised = self.parametrised & (1 << number) != 0;
            let original = self.originals.get(number as usize).filter(|_| parametrised);
            let fits = |apt: &u8| *apt < 128 && self.listed & bit(*apt) != 0;
            if !original.is_some_and(fits) {
                sink(at(Code::RtxApt));
                break;
            }
        }
        if self.mux && self.listed & LIKE_RTCP != 0 {
            sink(at(Code::PayloadTypeRtcp));
        }
        if self.mux_only && !self.mux {
            sink(at(Code::RtcpMuxOnly));
        }
        self.line = 0;
    }
}

#[cfg(test)]
mod tests;
