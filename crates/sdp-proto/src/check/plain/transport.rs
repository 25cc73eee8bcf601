//! Attributes about transports and groups: ICE, DTLS, SDES, SCTP, RTCP.

use core::net::Ipv6Addr;

use super::super::says::Says;
use super::cursor::Cursor;
use crate::attribute::HashFunction;

pub(super) fn candidate(mut value: Cursor<'_>) -> Option<Says<'_>> {
    value.ice_word(32)?;
    value.space()?;
    value.number(256).filter(|component| *component > 0)?;
    value.space()?;
    value.token()?;
    value.space()?;
    value.number(u32::MAX.into()).filter(|priority| *priority > 0)?;
    value.space()?;
    address(&mut value)?;
    value.space()?;
    value.number(u16::MAX.into())?;
    value.word(" typ ")?;
    value.token()?;
    let (mut raddr, mut rport, mut tcptype) = (false, false, false);
    while value.space().is_some() {
        let name = value.token()?;
        value.space()?;
        let again = match name {
            b"raddr" => {
                address(&mut value)?;
                core::mem::replace(&mut raddr, true)
            }
            b"rport" => {
                value.number(u16::MAX.into())?;
                core::mem::replace(&mut rport, true)
            }
            b"tcptype" => {
                let kind = value.token()?;
                let known = matches!(kind, b"active" | b"passive" | b"so");
                !known || core::mem::replace(&mut tcptype, true)
            }
            _ => value.visible().is_none(),
        };
        if again {
            return None;
        }
    }
    value.end()?;
    Some(Says::Nothing)
}

/// A literal address or a name, up to the next blank.
fn address(value: &mut Cursor<'_>) -> Option<()> {
    let mut after = *value;
    if after.ip4().is_some() && matches!(after.peek(), Some(b' ') | None) {
        *value = after;
        return Some(());
    }
    let text = value.visible()?;
    if text.contains(&b':') {
        let text = core::str::from_utf8(text).ok()?;
        return text.parse::<Ipv6Addr>().is_ok().then_some(());
    }
    let in_name = |b: &u8| b.is_ascii_alphanumeric() || matches!(b, b'-' | b'.' | b'_');
    let digits = text.iter().all(|b| b.is_ascii_digit() || *b == b'.');
    (text.iter().all(in_name) && !digits).then_some(())
}

pub(super) fn fingerprint(mut value: Cursor<'_>) -> Option<Says<'_>> {
    let hash = value.token()?;
    value.space()?;
    let bytes = HashFunction::allowed_len(core::str::from_utf8(hash).ok()?)?;
    (value.hex_pairs()? == bytes).then_some(Says::Nothing)
}

pub(super) fn crypto(mut value: Cursor<'_>) -> Option<Says<'_>> {
    value.number(u32::MAX.into())?;
    value.space()?;
    value.token()?;
    value.space()?;
    let keys = value.visible()?;
    value.words()?;
    keys.contains(&b':').then_some(Says::Nothing)
}

pub(super) fn setup(value: Cursor<'_>) -> Option<Says<'_>> {
    matches!(value.text(), "actpass" | "active" | "passive" | "holdconn").then_some(Says::Nothing)
}

pub(super) fn ice_options(mut value: Cursor<'_>) -> Option<Says<'_>> {
    value.visible()?;
    value.words()?;
    Some(Says::Nothing)
}

pub(super) fn group(mut value: Cursor<'_>) -> Option<Says<'_>> {
    value.token()?;
    while value.space().is_some() {
        value.token()?;
    }
    value.end()?;
    Some(Says::Group)
}

pub(super) fn mid(value: Cursor<'_>) -> Option<Says<'_>> {
    let mut rest = value;
    rest.token()?;
    rest.end()?;
    Some(Says::Mid(Some(value.text())))
}

pub(super) fn rtcp(mut value: Cursor<'_>) -> Option<Says<'_>> {
    value.number(u16::MAX.into())?;
    if value.word(" IN IP4 ").is_some() {
        value.ip4()?;
    }
    value.end()?;
    Some(Says::Nothing)
}

pub(super) fn sctp_map(mut value: Cursor<'_>) -> Option<Says<'_>> {
    value.number(u16::MAX.into())?;
    value.space()?;
    value.token()?;
    if value.space().is_some() {
        value.number(u16::MAX.into())?;
    }
    value.end()?;
    Some(Says::Nothing)
}

/// A number without a zero before it.
pub(super) fn number(mut value: Cursor<'_>, max: u64) -> Option<Says<'_>> {
    let zero = value.peek() == Some(b'0');
    let number = value.number(max)?;
    value.end()?;
    (!zero || value.text().len() == 1 && number == 0).then_some(Says::Nothing)
}
