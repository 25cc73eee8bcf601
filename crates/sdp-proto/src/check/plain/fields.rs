//! Lines other than attributes: `o=`, `t=`, `c=`, `m=` (RFC 8866 §5).

use super::super::says::{Family, FieldSays, MediaSays};
use super::cursor::Cursor;
use crate::line::{Kind, Line, flag};
use crate::text::is_token_byte;

/// What a line other than an attribute says, if it is plain: no check of it by itself then has a
/// finding.
pub(in crate::check) fn field<'s>(
    line: &Line<'s>,
    kind: Kind,
    base: Option<&'s str>,
) -> Option<FieldSays<'s>> {
    if line.record.flags & !flag::LINE_END != 0 {
        return None;
    }
    let value = Cursor::new(line.cut(line.value(), base?)?);
    match kind {
        Kind::Version => (value.rest() == b"0").then_some(FieldSays::Nothing),
        Kind::Time => (value.rest() == b"0 0").then_some(FieldSays::Nothing),
        Kind::Origin => origin(value),
        Kind::Bandwidth => bandwidth(value),
        // Any bytes will do.
        Kind::SessionName | Kind::Information | Kind::Email | Kind::Phone => {
            value.peek().map(|_| FieldSays::Nothing)
        }
        Kind::Connection => connection(value),
        Kind::Media => media(value).map(|media| FieldSays::Media(Some(media))),
        _ => None,
    }
}

fn origin(mut value: Cursor<'_>) -> Option<FieldSays<'_>> {
    value.visible()?;
    for _ in 0..2 {
        value.space()?;
        value.visible()?.iter().all(u8::is_ascii_digit).then_some(())?;
    }
    for _ in 0..2 {
        value.space()?;
        value.token()?;
    }
    value.space()?;
    value.visible()?;
    value.end()?;
    Some(FieldSays::Nothing)
}

fn bandwidth(mut value: Cursor<'_>) -> Option<FieldSays<'_>> {
    value.token()?;
    value.byte(b':')?;
    value.number(u64::MAX)?;
    value.end()?;
    Some(FieldSays::Nothing)
}

fn connection(mut value: Cursor<'_>) -> Option<FieldSays<'_>> {
    value.word("IN IP4 ")?;
    let first = value.ip4()?;
    value.end()?;
    let multicast = matches!(first, 224..=239);
    (!multicast).then_some(FieldSays::Connection(Family::V4))
}

/// A media type, a port, a protocol, of those of RTP one of the usual ones, and formats.
fn media(mut value: Cursor<'_>) -> Option<MediaSays<'_>> {
    const RTP: [&str; 6] =
        ["UDP/TLS/RTP/SAVPF", "UDP/TLS/RTP/SAVP", "RTP/AVP", "RTP/SAVPF", "RTP/SAVP", "RTP/AVPF"];
    value.token()?;
    value.space()?;
    let port = value.number(u16::MAX.into())? as u16;
    value.space()?;
    let proto = value.visible()?;
    if let Some(rtp) = RTP.into_iter().find(|known| known.as_bytes() == proto) {
        let listed = value.payload_types()?;
        return Some(MediaSays { port, rtp: Some(rtp), listed });
    }
    let mut parts = proto.split(|byte| *byte == b'/');
    if !parts
        .all(|part| part != b"RTP" && !part.is_empty() && part.iter().all(|b| is_token_byte(*b)))
    {
        return None;
    }
    value.space()?;
    value.token()?;
    while value.space().is_some() {
        value.token()?;
    }
    value.end()?;
    Some(MediaSays { port, rtp: None, listed: 0 })
}
