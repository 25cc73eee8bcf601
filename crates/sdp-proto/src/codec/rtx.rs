//! RTX (RFC 4588): retransmissions of another payload type.

use super::number;
use crate::attribute::Fmtp;

/// Which format is retransmitted.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub struct Rtx {
    /// The payload type of the original, 0 to 127.
    pub apt: u8,
    /// How long the sender keeps packets, in milliseconds.
    pub rtx_time_ms: Option<u32>,
}

impl Rtx {
    pub(super) fn read(fmtp: Option<&Fmtp<'_>>) -> Option<Self> {
        let apt = number(fmtp, "apt").filter(|apt| *apt < 128)?;
        Some(Self { apt, rtx_time_ms: number(fmtp, "rtx-time") })
    }
}
