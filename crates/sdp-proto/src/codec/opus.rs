//! Opus (RFC 7587): every parameter is a wish of the receiver, so all formats are the same.

use super::{number, switch};
use crate::attribute::Fmtp;

/// What a receiver of Opus wishes.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub struct Opus {
    /// Highest rate in Hz at which it plays. Default 48,000.
    pub max_playback_rate: u32,
    /// Highest rate in Hz at which the sender is likely to record. Default 48,000.
    pub sprop_max_capture_rate: u32,
    /// Shortest packet in milliseconds. Default 3.
    pub min_packet_time_ms: u32,
    /// Highest average bit rate in bit/s.
    pub max_average_bitrate: Option<u32>,
    /// Whether it prefers stereo. Default no.
    pub stereo: bool,
    /// Whether the sender is likely to send stereo. Default no.
    pub sprop_stereo: bool,
    /// Whether it prefers a constant bit rate. Default no.
    pub cbr: bool,
    /// Whether it can use forward error correction in the stream. Default no.
    pub use_inband_fec: bool,
    /// Whether it prefers silence to be left out. Default no.
    pub use_dtx: bool,
}

impl Opus {
    pub(super) fn read(fmtp: Option<&Fmtp<'_>>) -> Self {
        Self {
            max_playback_rate: number(fmtp, "maxplaybackrate").unwrap_or(48_000),
            sprop_max_capture_rate: number(fmtp, "sprop-maxcapturerate").unwrap_or(48_000),
            min_packet_time_ms: number(fmtp, "minptime").unwrap_or(3),
            max_average_bitrate: number(fmtp, "maxaveragebitrate"),
            stereo: switch(fmtp, "stereo").unwrap_or(false),
            sprop_stereo: switch(fmtp, "sprop-stereo").unwrap_or(false),
            cbr: switch(fmtp, "cbr").unwrap_or(false),
            use_inband_fec: switch(fmtp, "useinbandfec").unwrap_or(false),
            use_dtx: switch(fmtp, "usedtx").unwrap_or(false),
        }
    }
}
