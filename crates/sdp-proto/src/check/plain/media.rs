//! Attributes about media: formats, sources, header extensions, encodings.

use super::super::says::{Says, Track};
use super::cursor::Cursor;
use crate::attribute::{Direction, ENCRYPT};

pub(super) fn rtpmap(mut value: Cursor<'_>) -> Option<Says<'_>> {
    let number = value.payload_type()?;
    value.space()?;
    let encoding = value.token()?;
    value.byte(b'/')?;
    value.number(u32::MAX.into()).filter(|rate| *rate > 0)?;
    if value.byte(b'/').is_some() {
        value.number(u32::MAX.into()).filter(|channels| *channels > 0)?;
    }
    value.end()?;
    Some(Says::RtpMap { number, rtx: encoding.eq_ignore_ascii_case(b"rtx") })
}

/// Parameters stand in a language of their own. All that is asked of them is whether they say what
/// is retransmitted.
pub(super) fn fmtp(mut value: Cursor<'_>) -> Option<Says<'_>> {
    let number = value.payload_type()?;
    value.space()?;
    if value.peek().is_none_or(|byte| matches!(byte, b' ' | b'\t')) {
        return None;
    }
    if value.word("apt=").is_some() {
        let original = value.payload_type()?;
        value.end()?;
        return Some(Says::Fmtp { number, original: Some(original) });
    }
    (!value.may_say_apt()).then_some(Says::Fmtp { number, original: None })
}

pub(super) fn rtcp_fb(mut value: Cursor<'_>) -> Option<Says<'_>> {
    let number = match value.byte(b'*') {
        Some(()) => None,
        None => Some(value.payload_type()?),
    };
    value.space()?;
    let kind = value.token()?;
    if value.end().is_some() {
        return (!matches!(kind, b"ccm" | b"trr-int")).then_some(Says::RtcpFb(number));
    }
    value.words()?;
    Some(Says::RtcpFb(number))
}

pub(super) fn extmap(mut value: Cursor<'_>) -> Option<Says<'_>> {
    const MID: &[u8] = b"urn:ietf:params:rtp-hdrext:sdes:mid";
    let id = value.number(u16::MAX.into())? as u16;
    if value.byte(b'/').is_some() {
        Direction::from_word(core::str::from_utf8(value.token()?).ok()?)?;
    }
    value.space()?;
    let uri = value.visible()?;
    let mut mid = uri == MID;
    // What is encrypted stands behind the URI that says so.
    if value.space().is_some() {
        let first = value.visible()?;
        mid |= uri == ENCRYPT.as_bytes() && first == MID;
        value.words()?;
    }
    value.end()?;
    matches!(id, 1..=255 | 4096..=4351).then_some(Says::ExtMap { id, mid })
}

pub(super) fn ssrc(mut value: Cursor<'_>) -> Option<Says<'_>> {
    value.number(u32::MAX.into())?;
    value.space()?;
    value.token()?;
    let ends = value.peek().is_none_or(|byte| byte == b':');
    ends.then_some(Says::Nothing)
}

pub(super) fn ssrc_group(mut value: Cursor<'_>) -> Option<Says<'_>> {
    value.token()?;
    while value.space().is_some() {
        value.number(u32::MAX.into())?;
    }
    value.end()?;
    Some(Says::Nothing)
}

pub(super) fn msid(mut value: Cursor<'_>) -> Option<Says<'_>> {
    const MAX: usize = 64;
    let mut fits = value.token()?.len() <= MAX;
    let mut track = None;
    if value.space().is_some() {
        let token = value.token()?;
        fits &= token.len() <= MAX;
        let text = value.text();
        track = text.get(text.len() - token.len()..);
    }
    value.end()?;
    fits.then_some(Says::Msid(Track(track)))
}

pub(super) fn msid_semantic(mut value: Cursor<'_>) -> Option<Says<'_>> {
    // As Chromium has it.
    _ = value.space();
    value.token()?;
    value.words()?;
    Some(Says::Nothing)
}

/// A whole number that is not zero.
pub(super) fn positive(mut value: Cursor<'_>) -> Option<Says<'_>> {
    value.number(u32::MAX.into()).filter(|time| *time > 0)?;
    value.end()?;
    Some(Says::Nothing)
}

pub(super) fn rid(value: Cursor<'_>) -> Option<Says<'_>> {
    let mut rest = value;
    let id = value.text().get(..rest.rid()?.len())?;
    rest.space()?;
    matches!(rest.rest(), b"send" | b"recv").then_some(Says::Rid(id))
}

pub(super) fn simulcast(mut value: Cursor<'_>) -> Option<Says<'_>> {
    let send = value.word("send ").is_some();
    if !send {
        value.word("recv ")?;
    }
    rid_list(&mut value)?;
    if value.space().is_some() {
        value.word(if send { "recv " } else { "send " })?;
        rid_list(&mut value)?;
    }
    value.end()?;
    Some(Says::Simulcast)
}

/// Rids between commas and semicolons.
fn rid_list(value: &mut Cursor<'_>) -> Option<()> {
    loop {
        _ = value.byte(b'~');
        value.rid()?;
        if value.byte(b',').is_none() && value.byte(b';').is_none() {
            return Some(());
        }
    }
}

pub(super) fn control(value: Cursor<'_>) -> Option<Says<'_>> {
    value.has_tail().then_some(Says::Nothing)
}

pub(super) fn range(mut value: Cursor<'_>) -> Option<Says<'_>> {
    value.token()?;
    value.byte(b'=')?;
    value.has_tail().then_some(Says::Nothing)
}
