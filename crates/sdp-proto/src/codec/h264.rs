//! H.264 (RFC 6184): formats are the same within a profile and a packetization mode.

use super::{number, switch};
use crate::attribute::Fmtp;

/// Profile, level and packetization of an H.264 format.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub struct H264 {
    /// The three bytes `profile_idc`, `profile-iop` and `level_idc`. Default 42000A: Baseline,
    /// level 1.
    pub profile_level_id: [u8; 3],
    /// 0 single NAL unit, 1 non-interleaved, 2 interleaved. Default 0.
    pub packetization_mode: u8,
    /// Whether the two directions may differ in level. Default no.
    pub level_asymmetry_allowed: bool,
}

/// A profile as the first two bytes of `profile-level-id` name it.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Hash)]
pub enum H264Profile {
    /// What Baseline and Main have in common.
    ConstrainedBaseline,
    /// Baseline.
    Baseline,
    /// Main.
    Main,
    /// Extended.
    Extended,
    /// High without interlacing and B frames.
    ConstrainedHigh,
    /// High.
    High,
    /// One of the others, with both bytes.
    Other(u8, u8),
}

impl H264 {
    pub(super) const DEFAULT_ID: [u8; 3] = [0x42, 0x00, 0x0A];

    pub(super) fn read(fmtp: Option<&Fmtp<'_>>) -> Self {
        let id = fmtp.and_then(|fmtp| fmtp.get("profile-level-id")).and_then(six_digits);
        Self {
            profile_level_id: id.unwrap_or(Self::DEFAULT_ID),
            packetization_mode: number(fmtp, "packetization-mode").unwrap_or(0),
            level_asymmetry_allowed: switch(fmtp, "level-asymmetry-allowed").unwrap_or(false),
        }
    }

    /// The profile. Several pairs of bytes stand for one profile (RFC 6184, table 5).
    pub const fn profile(&self) -> H264Profile {
        let [idc, iop, _] = self.profile_level_id;
        match (idc, iop) {
            (0x42, iop) if iop & 0x4F == 0x40 => H264Profile::ConstrainedBaseline,
            (0x4D, iop) if iop & 0x8F == 0x80 => H264Profile::ConstrainedBaseline,
            (0x58, iop) if iop & 0xCF == 0xC0 => H264Profile::ConstrainedBaseline,
            (0x42, iop) if iop & 0x4F == 0x00 => H264Profile::Baseline,
            (0x58, iop) if iop & 0xCF == 0x80 => H264Profile::Baseline,
            (0x4D, iop) if iop & 0xAF == 0x00 => H264Profile::Main,
            (0x58, iop) if iop & 0xCF == 0x00 => H264Profile::Extended,
            (0x64, 0x0C) => H264Profile::ConstrainedHigh,
            (0x64, 0x00) => H264Profile::High,
            _ => H264Profile::Other(idc, iop),
        }
    }

    /// The level times ten: 31 is level 3.1.
    pub const fn level_idc(&self) -> u8 {
        self.profile_level_id[2]
    }

    /// The `profile-level-id` with which to answer an offer of the same profile: the own level if
    /// the two directions may differ, else the lower one (RFC 6184).
    #[must_use]
    pub const fn answer(self, offer: Self) -> [u8; 3] {
        let [idc, iop, own] = self.profile_level_id;
        let [offered_idc, offered_iop, offered] = offer.profile_level_id;
        if self.level_asymmetry_allowed && offer.level_asymmetry_allowed {
            [idc, iop, own]
        } else if own < offered {
            [offered_idc, offered_iop, own]
        } else {
            [offered_idc, offered_iop, offered]
        }
    }

    pub(super) fn compatible(self, other: Self) -> bool {
        self.profile() == other.profile() && self.packetization_mode == other.packetization_mode
    }
}

/// Three bytes in hex.
fn six_digits(text: &str) -> Option<[u8; 3]> {
    let good = text.len() == 6 && text.bytes().all(|b| b.is_ascii_hexdigit());
    let number = u32::from_str_radix(text, 16).ok().filter(|_| good)?;
    let [_, a, b, c] = number.to_be_bytes();
    Some([a, b, c])
}
