//! Parameters as `a=fmtp` has them: what differs from its default, in the order of the codec's RFC.

use alloc::string::ToString;
use core::fmt;

use super::{Av1, H264, H265, Opus, Parameters, Red, Rtx, TelephoneEvent, Vp8, Vp9};
use crate::attribute::Fmtp;
use crate::text::{Text, Token};

impl Parameters<'_> {
    /// The attribute for a format with these parameters; `None` where all are at their defaults,
    /// or of a codec without a type here.
    ///
    /// ```
    /// use sdp_proto::codec::{Opus, Parameters};
    ///
    /// let opus = Opus { use_inband_fec: true, min_packet_time_ms: 10, ..Opus::default() };
    /// let fmtp = Parameters::Opus(opus).fmtp(111).ok_or("nothing to say")?;
    /// assert_eq!(fmtp.to_string(), "111 minptime=10;useinbandfec=1");
    /// # Ok::<(), &str>(())
    /// ```
    pub fn fmtp(&self, payload_type: u8) -> Option<Fmtp<'static>> {
        let format = Token::new(payload_type.to_string()).ok()?;
        Some(Fmtp { format, parameters: Text::new(self.to_string()).ok()? })
    }
}

/// The value of an `a=fmtp`, without the format; empty where nothing differs from its default.
impl fmt::Display for Parameters<'_> {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        match self {
            Self::Opus(opus) => opus.fmt(f),
            Self::Vp8(vp8) => vp8.fmt(f),
            Self::Vp9(vp9) => vp9.fmt(f),
            Self::Av1(av1) => av1.fmt(f),
            Self::H264(h264) => h264.fmt(f),
            Self::H265(h265) => h265.fmt(f),
            Self::Rtx(rtx) => rtx.fmt(f),
            Self::Red(red) => red.fmt(f),
            Self::TelephoneEvent(event) => event.fmt(f),
            Self::Other => Ok(()),
        }
    }
}

/// Writes `name=value` with semicolons between them.
struct Pairs<'f, 'w> {
    out: &'f mut fmt::Formatter<'w>,
    gap: &'static str,
}

impl<'f, 'w> Pairs<'f, 'w> {
    const fn new(out: &'f mut fmt::Formatter<'w>) -> Self {
        Self { out, gap: "" }
    }

    /// A value, if there is one.
    fn some(
        &mut self,
        name: &str,
        value: Option<impl fmt::Display>,
    ) -> Result<&mut Self, fmt::Error> {
        if let Some(value) = value {
            write!(self.out, "{}{name}={value}", self.gap)?;
            self.gap = ";";
        }
        Ok(self)
    }

    /// A value, unless it is the default.
    fn set<T: fmt::Display + PartialEq + Copy>(
        &mut self,
        name: &str,
        value: T,
        default: T,
    ) -> Result<&mut Self, fmt::Error> {
        self.some(name, (value != default).then_some(value))
    }

    /// A switch, if it is on.
    fn on(&mut self, name: &str, value: bool) -> Result<&mut Self, fmt::Error> {
        self.some(name, value.then_some(1))
    }
}

macro_rules! parameters {
    ($($name:ident |$this:ident, $pairs:ident| $body:expr;)*) => {$(
        /// The value of an `a=fmtp`, without the format.
        impl fmt::Display for $name {
            fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
                let ($this, mut $pairs) = (self, Pairs::new(f));
                $body.map(drop)
            }
        }
    )*};
}

macro_rules! defaults {
    ($($name:ident)*) => {$(
        /// What holds where a description says nothing.
        impl Default for $name {
            fn default() -> Self {
                Self::read(None)
            }
        }
    )*};
}

defaults! { Opus Vp8 Vp9 Av1 H264 H265 }

parameters! {
    Opus |this, pairs| pairs
        .set("maxplaybackrate", this.max_playback_rate, 48_000)?
        .set("sprop-maxcapturerate", this.sprop_max_capture_rate, 48_000)?
        .set("minptime", this.min_packet_time_ms, 3)?
        .some("maxaveragebitrate", this.max_average_bitrate)?
        .on("stereo", this.stereo)?
        .on("sprop-stereo", this.sprop_stereo)?
        .on("cbr", this.cbr)?
        .on("useinbandfec", this.use_inband_fec)?
        .on("usedtx", this.use_dtx);
    Vp8 |this, pairs| pairs
        .some("max-fr", this.max_frame_rate)?
        .some("max-fs", this.max_frame_size);
    Vp9 |this, pairs| pairs
        .set("profile-id", this.profile_id, 0)?
        .some("max-fr", this.max_frame_rate)?
        .some("max-fs", this.max_frame_size);
    Av1 |this, pairs| pairs
        .set("profile", this.profile, 0)?
        .set("level-idx", this.level_idx, 5)?
        .set("tier", this.tier, 0);
    H264 |this, pairs| {
        let id = Hex(this.profile_level_id);
        pairs
            .on("level-asymmetry-allowed", this.level_asymmetry_allowed)?
            .set("packetization-mode", this.packetization_mode, 0)?
            .set("profile-level-id", id, Hex(H264::DEFAULT_ID))
    };
    H265 |this, pairs| pairs
        .set("profile-space", this.profile_space, 0)?
        .set("profile-id", this.profile_id, 1)?
        .on("tier-flag", this.high_tier)?
        .set("level-id", this.level_id, 93);
    Rtx |this, pairs| pairs.some("apt", Some(this.apt))?.some("rtx-time", this.rtx_time_ms);
}

/// Three bytes in hex, as browsers write them.
#[derive(Clone, Copy, PartialEq)]
struct Hex([u8; 3]);

impl fmt::Display for Hex {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        self.0.iter().try_for_each(|byte| write!(f, "{byte:02x}"))
    }
}

/// The payload types with slashes between them.
impl fmt::Display for Red<'_> {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        self.payload_types().enumerate().try_for_each(|(index, number)| {
            write!(f, "{}{number}", if index == 0 { "" } else { "/" })
        })
    }
}

/// The events, such as `0-15,66`.
impl fmt::Display for TelephoneEvent<'_> {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str(self.as_str())
    }
}
