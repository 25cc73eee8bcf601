//! What stands as it should, read in one look: the usual attributes and fields in their usual
//! spelling, one space between the words and none around them. Of whatever is written otherwise,
//! right or wrong, nothing is said here, and [`values`](super::values) looks with care. Nearly all
//! lines of nearly all descriptions are plain, and to read them so takes a fraction of the time.

mod cursor;
mod fields;
mod media;
mod transport;

pub(super) use fields::field;

use super::says::Says;
use crate::attribute::{Known, Ordinal};
use crate::line::Line;
use cursor::Cursor;

/// What an attribute is and says, if it is plain: no check of its line by itself then has a finding,
/// except for where it stands and how often. There is nothing odd about the line but perhaps its
/// end, so that it has neither NUL nor CR in it. `base` is the text that was parsed, where that is
/// UTF-8.
#[inline]
pub(super) fn attribute<'s>(line: &Line<'s>, base: Option<&'s str>) -> Option<(Known, Says<'s>)> {
    let (name, value) = line.attribute()?;
    let known = Known::find(name)?;
    let says = match value {
        Some(value) => read(known.ordinal, Cursor::new(line.cut(value, base?)?))?,
        None if matches!(line.content().last(), Some(b' ' | b'\t')) => return None,
        None => flag(known.ordinal)?,
    };
    Some((known, says))
}

/// What an attribute without a value says.
const fn flag<'s>(ordinal: Ordinal) -> Option<Says<'s>> {
    Some(match ordinal {
        Ordinal::BundleOnly => Says::BundleOnly,
        Ordinal::IceLite => Says::IceLite,
        Ordinal::RtcpMux => Says::RtcpMux,
        Ordinal::RtcpMuxOnly => Says::RtcpMuxOnly,
        Ordinal::Direction
        | Ordinal::EndOfCandidates
        | Ordinal::ExtMapAllowMixed
        | Ordinal::IceMismatch
        | Ordinal::RtcpRsize => Says::Nothing,
        _ => return None,
    })
}

fn read(ordinal: Ordinal, value: Cursor<'_>) -> Option<Says<'_>> {
    match ordinal {
        Ordinal::Candidate => transport::candidate(value),
        Ordinal::Control => media::control(value),
        Ordinal::Crypto => transport::crypto(value),
        Ordinal::ExtMap => media::extmap(value),
        Ordinal::Fingerprint => transport::fingerprint(value),
        Ordinal::Fmtp => media::fmtp(value),
        Ordinal::Framerate | Ordinal::MaxPacketTime | Ordinal::PacketTime => media::positive(value),
        Ordinal::Group => transport::group(value),
        Ordinal::IceOptions => transport::ice_options(value),
        Ordinal::IcePwd => value.ice_text(22..=256).map(Says::IcePwd),
        Ordinal::IceUfrag => value.ice_text(4..=256).map(Says::IceUfrag),
        Ordinal::MaxMessageSize => transport::number(value, u64::MAX),
        Ordinal::Mid => transport::mid(value),
        Ordinal::Msid => media::msid(value),
        Ordinal::MsidSemantic => media::msid_semantic(value),
        Ordinal::Range => media::range(value),
        Ordinal::Rid => media::rid(value),
        Ordinal::Rtcp => transport::rtcp(value),
        Ordinal::RtcpFb => media::rtcp_fb(value),
        Ordinal::RtpMap => media::rtpmap(value),
        Ordinal::SctpMap => transport::sctp_map(value),
        Ordinal::SctpPort => transport::number(value, u16::MAX.into()),
        Ordinal::Setup => transport::setup(value),
        Ordinal::Simulcast => media::simulcast(value),
        Ordinal::Ssrc => media::ssrc(value),
        Ordinal::SsrcGroup => media::ssrc_group(value),
        _ => None,
    }
}

#[cfg(test)]
mod tests;
