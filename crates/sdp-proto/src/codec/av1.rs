//! AV1 (the RTP payload format of AOMedia): formats are the same within a profile.

use super::number;
use crate::attribute::Fmtp;

/// Profile, level and tier that an AV1 receiver can take.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub struct Av1 {
    /// 0 Main, 1 High, 2 Professional. Default 0.
    pub profile: u8,
    /// Index of the level. Default 5, which is level 3.1.
    pub level_idx: u8,
    /// Tier. Default 0.
    pub tier: u8,
}

impl Av1 {
    pub(super) fn read(fmtp: Option<&Fmtp<'_>>) -> Self {
        Self {
            profile: number(fmtp, "profile").unwrap_or(0),
            level_idx: number(fmtp, "level-idx").unwrap_or(5),
            tier: number(fmtp, "tier").unwrap_or(0),
        }
    }
}
