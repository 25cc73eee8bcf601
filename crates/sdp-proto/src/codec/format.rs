//! One RTP format of a media section with its codec and parameters.

use alloc::vec::Vec;

use super::{Parameters, Symmetry, statics};
use crate::attribute::{Attribute, Fmtp, RtpMap};
use crate::diagnostic::Diagnostic;
use crate::media::Media;
use crate::value::payload_type;

/// A payload type of the `m=` line and what the section says about it.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Format<'s> {
    /// 0 to 127.
    pub payload_type: u8,
    /// The codec: from `a=rtpmap`, or that of a static payload type.
    pub codec: Option<RtpMap<'s>>,
    /// The parameters as they stand.
    pub fmtp: Option<Fmtp<'s>>,
}

impl Format<'_> {
    /// A copy that borrows nothing.
    pub fn into_owned(self) -> Format<'static> {
        Format {
            payload_type: self.payload_type,
            codec: self.codec.map(RtpMap::into_owned),
            fmtp: self.fmtp.map(Fmtp::into_owned),
        }
    }

    /// The parameters, typed and with defaults.
    pub fn parameters(&self) -> Parameters<'_> {
        let encoding = self.codec.as_ref().map_or("", |codec| codec.encoding.as_str());
        Parameters::read(encoding, self.fmtp.as_ref())
    }

    /// Whether this format and one of the other side are the same (RFC 3264 §6.1): same codec,
    /// rate and channels, and parameters that agree by the rules of the codec. `formats` and
    /// `others` are what RTX and RED refer to.
    pub fn same(&self, formats: &[Format<'_>], other: &Format<'_>, others: &[Format<'_>]) -> bool {
        self.same_by(&Symmetry::Registered, formats, other, others)
    }

    /// The same by other rules for a codec without a type.
    pub(crate) fn same_by(
        &self,
        symmetry: &Symmetry,
        formats: &[Format<'_>],
        other: &Format<'_>,
        others: &[Format<'_>],
    ) -> bool {
        if !self.same_codec(other) {
            return false;
        }
        let referred = |formats: &[Format<'_>], number: u8| {
            formats.iter().position(|format| format.payload_type == number)
        };
        match (self.parameters(), other.parameters()) {
            (Parameters::Rtx(a), Parameters::Rtx(b)) => {
                let pair = referred(formats, a.apt).zip(referred(others, b.apt));
                let pair = pair.and_then(|(a, b)| formats.get(a).zip(others.get(b)));
                // What is retransmitted is no retransmission, so this does not go round.
                pair.is_some_and(|(a, b)| a.same_codec(b) && a.compatible(symmetry, b))
            }
            _ => self.compatible(symmetry, other),
        }
    }

    /// Whether the parameters of two formats of one codec agree.
    fn compatible(&self, symmetry: &Symmetry, other: &Format<'_>) -> bool {
        match (self.parameters(), other.parameters()) {
            (Parameters::Other, Parameters::Other) => {
                let encoding = self.codec.as_ref().map_or("", |codec| codec.encoding.as_str());
                symmetry.agree(encoding, self.fmtp.as_ref(), other.fmtp.as_ref())
            }
            (a, b) => a.compatible(&b),
        }
    }

    /// Whether a payload type may stand for both in one RTP session (RFC 9143 §9.1.1): as
    /// [`same`](Self::same), where what RTX and RED refer to is the same by its number.
    pub(crate) fn same_configuration(&self, other: &Format<'_>) -> bool {
        self.same_codec(other)
            && match (self.parameters(), other.parameters()) {
                (Parameters::Rtx(a), Parameters::Rtx(b)) => a.apt == b.apt,
                (Parameters::Red(a), Parameters::Red(b)) => a.payload_types().eq(b.payload_types()),
                _ => self.compatible(&Symmetry::Registered, other),
            }
    }

    fn same_codec(&self, other: &Format<'_>) -> bool {
        match (&self.codec, &other.codec) {
            (Some(a), Some(b)) => a.same_codec(b),
            // Without a codec only the number says what it is.
            (None, None) => self.payload_type == other.payload_type,
            (Some(_), None) | (None, Some(_)) => false,
        }
    }
}

impl<'s> Media<'s> {
    /// The RTP formats in order of preference. Formats that are no payload types are left out,
    /// as are attributes that cannot be read: they are among the diagnostics.
    pub fn rtp_formats(&self) -> Result<Vec<Format<'s>>, Diagnostic> {
        let line = self.line()?;
        let mut formats: Vec<Format<'s>> = Vec::new();
        // Where a payload type is in `formats`; 255 for nowhere.
        let mut places = [u8::MAX; 128];
        for number in line.formats().filter_map(payload_type) {
            let Some(place) = places.get_mut(usize::from(number)) else { continue };
            if *place == u8::MAX {
                *place = formats.len() as u8;
                formats.push(Format { payload_type: number, codec: None, fmtp: None });
            }
        }
        let place = |number: u8| places.get(usize::from(number)).map(|place| usize::from(*place));
        for attribute in self.attributes() {
            match attribute.typed() {
                Ok(Attribute::RtpMap(map)) => {
                    let place = place(map.payload_type);
                    if let Some(format) = place.and_then(|place| formats.get_mut(place)) {
                        format.codec.get_or_insert(map);
                    }
                }
                Ok(Attribute::Fmtp(fmtp)) => {
                    let place = fmtp.payload_type().and_then(place);
                    if let Some(format) = place.and_then(|place| formats.get_mut(place)) {
                        format.fmtp.get_or_insert(fmtp);
                    }
                }
                _ => {}
            }
        }
        for format in &mut formats {
            if format.codec.is_none() {
                format.codec = statics::codec(format.payload_type);
            }
        }
        Ok(formats)
    }
}
