//! What the attributes of a section say about the formats of its `m=` line (RFC 8866 §6.6, §6.15;
//! RFC 4588; RFC 5761 §4; RFC 8858 §4.2).

use super::says::{MediaSays, PayloadTypes, bit};
use super::{Sink, missing, whole};
use crate::diagnostic::Code;
use crate::line::Line;

/// The formats of the current section, and what was said of them so far.
pub(super) struct Formats {
    /// The number of the `m=` line of an RTP section; 0 elsewhere, where nothing is checked.
    line: u32,
    off: bool,
    listed: PayloadTypes,
    mapped: PayloadTypes,
    parametrised: PayloadTypes,
    rtx: PayloadTypes,
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
    pub(super) fn section(&mut self, line: u32, media: Option<MediaSays<'_>>, sink: &mut Sink<'_>) {
        self.end(sink);
        (self.mapped, self.parametrised, self.rtx) = (0, 0, 0);
        (self.mux, self.mux_only) = (false, false);
        let media = media.filter(|media| media.rtp.is_some());
        self.line = if media.is_some() { line } else { 0 };
        self.off = media.is_some_and(|media| media.port == 0);
        self.listed = media.map_or(0, |media| media.listed);
    }

    /// Takes an `a=rtpmap`.
    pub(super) fn map(&mut self, line: &Line<'_>, number: u8, rtx: bool, sink: &mut Sink<'_>) {
        let again = self.mapped & bit(number) != 0;
        self.mapped |= bit(number);
        if rtx && !again {
            self.rtx |= bit(number);
        }
        if again && self.line > 0 {
            sink(whole(line, Code::RtpMapRepeated));
        }
        self.mention(line, number, sink);
    }

    /// Takes an `a=fmtp`, and which format it says the one at hand goes with.
    pub(super) fn parametrise(
        &mut self,
        line: &Line<'_>,
        number: u8,
        original: Option<u8>,
        sink: &mut Sink<'_>,
    ) {
        let again = self.parametrised & bit(number) != 0;
        self.parametrised |= bit(number);
        if !again && let Some(place) = self.originals.get_mut(usize::from(number)) {
            *place = original.unwrap_or(u8::MAX);
        }
        if again && self.line > 0 {
            sink(whole(line, Code::FmtpRepeated));
        }
        self.mention(line, number, sink);
    }

    /// Takes a line about a format, which the section should have.
    pub(super) fn mention(&self, line: &Line<'_>, number: u8, sink: &mut Sink<'_>) {
        if self.listed & bit(number) == 0 && self.line > 0 {
            sink(whole(line, Code::FormatUnlisted));
        }
    }

    /// Takes an `a=rtcp-mux`.
    pub(super) const fn mux(&mut self) {
        self.mux = true;
    }

    /// Takes an `a=rtcp-mux-only`.
    pub(super) const fn mux_only(&mut self) {
        self.mux_only = true;
    }

    /// Ends the current section, or the description.
    pub(super) fn end(&mut self, sink: &mut Sink<'_>) {
        /// Payload types that stand for nothing of themselves (RFC 3551).
        const DYNAMIC: PayloadTypes = !0 << 96;
        /// Those that could be RTCP packet types (RFC 5761 §4).
        const LIKE_RTCP: PayloadTypes = (!0 << 64) & !(!0 << 96);
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
