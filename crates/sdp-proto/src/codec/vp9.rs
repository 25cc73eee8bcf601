//! VP9 (RFC 9628): formats are the same within a profile.

use super::number;
use crate::attribute::Fmtp;

/// Profile and limits of a VP9 receiver.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub struct Vp9 {
    /// Profile: bit depth and chroma format. Default 0.
    pub profile_id: u8,
    /// Frames in a second.
    pub max_frame_rate: Option<u32>,
    /// Macroblocks in a frame.
    pub max_frame_size: Option<u32>,
}

impl Vp9 {
    pub(super) fn read(fmtp: Option<&Fmtp<'_>>) -> Self {
        Self {
            profile_id: number(fmtp, "profile-id").unwrap_or(0),
            max_frame_rate: number(fmtp, "max-fr"),
            max_frame_size: number(fmtp, "max-fs"),
        }
    }
}
