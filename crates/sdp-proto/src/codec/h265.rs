//! H.265 (RFC 7798): formats are the same within a profile and a tier.

use super::{number, switch};
use crate::attribute::Fmtp;

/// Profile, tier and level of an H.265 format.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub struct H265 {
    /// Default 0.
    pub profile_space: u8,
    /// Default 1, Main.
    pub profile_id: u8,
    /// Whether it is the High tier. Default no.
    pub high_tier: bool,
    /// The level times thirty. Default 93, level 3.1.
    pub level_id: u8,
}

impl H265 {
    pub(super) fn read(fmtp: Option<&Fmtp<'_>>) -> Self {
        Self {
            profile_space: number(fmtp, "profile-space").unwrap_or(0),
            profile_id: number(fmtp, "profile-id").unwrap_or(1),
            high_tier: switch(fmtp, "tier-flag").unwrap_or(false),
            level_id: number(fmtp, "level-id").unwrap_or(93),
        }
    }

    pub(super) fn compatible(self, other: Self) -> bool {
        let key = |h: Self| (h.profile_space, h.profile_id, h.high_tier);
        key(self) == key(other)
    }
}
