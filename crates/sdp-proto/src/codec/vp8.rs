//! VP8 (RFC 7741): limits of the receiver, so all formats are the same.

use super::number;
use crate::attribute::Fmtp;

/// What a receiver of VP8 can take.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub struct Vp8 {
    /// Frames in a second.
    pub max_frame_rate: Option<u32>,
    /// Macroblocks in a frame.
    pub max_frame_size: Option<u32>,
}

impl Vp8 {
    pub(super) fn read(fmtp: Option<&Fmtp<'_>>) -> Self {
        Self { max_frame_rate: number(fmtp, "max-fr"), max_frame_size: number(fmtp, "max-fs") }
    }
}
