//! Clocks by the addresses of their hardware (RFC 7273).

use alloc::format;
use alloc::string::String;

use super::aliases::Aliases;
use super::words::scrub;

/// The value of `ts-refclk`.
pub(super) fn reference(value: &str, aliases: &mut Aliases) -> String {
    let Some((source, identity)) = value.split_once('=') else { return scrub(value) };
    let identity = match source {
        "ntp" if !identity.starts_with('/') => aliases.address(identity),
        "localmac" => hardware(identity, aliases),
        "ptp" => match identity.split_once(':') {
            Some((version, clock)) => format!("{}:{}", scrub(version), grandmaster(clock, aliases)),
            None => scrub(identity),
        },
        _ => scrub(identity),
    };
    format!("{}={identity}", scrub(source))
}

/// The value of `mediaclk`.
pub(super) fn media(value: &str, aliases: &mut Aliases) -> String {
    match value.split_once('=') {
        Some(("direct", _)) | None => {
            let plain = |b: u8| b.is_ascii_digit() || matches!(b, b'/' | b' ' | b'=');
            let rest = value.trim_start_matches("direct=");
            let rest = rest.replace("rate", "");
            let known = rest.bytes().all(plain) || value == "sender";
            if known { String::from(value) } else { scrub(value) }
        }
        Some((name, stream)) => format!("{}={}", scrub(name), hardware(stream, aliases)),
    }
}

/// The identity of a clock, perhaps with its domain.
fn grandmaster(clock: &str, aliases: &mut Aliases) -> String {
    match clock.rsplit_once(':') {
        Some((identity, domain)) if identity.contains(['-', ':']) => {
            format!("{}:{}", hardware(identity, aliases), scrub(domain))
        }
        Some(_) | None => hardware(clock, aliases),
    }
}

/// Pairs of hex digits: those of the block for documentation (RFC 7042), with as many pairs.
fn hardware(text: &str, aliases: &mut Aliases) -> String {
    const BLOCK: [u8; 5] = [0x00, 0x00, 0x5E, 0x00, 0x53];
    let pair = |part: &str| part.len() == 2 && part.bytes().all(|b| b.is_ascii_hexdigit());
    if !text.split(['-', ':']).all(pair) {
        return scrub(text);
    }
    let number = aliases.number("clock", &text.to_ascii_uppercase());
    let count = text.split(['-', ':']).count();
    let gap = if text.contains(':') { ":" } else { "-" };
    let bytes = (0..count).map(|place| {
        let byte = BLOCK.get(place).copied().filter(|_| count > BLOCK.len());
        let shift = (count - 1 - place) as u32 * 8;
        format!("{:02X}", byte.unwrap_or(number.checked_shr(shift).unwrap_or_default() as u8))
    });
    bytes.collect::<alloc::vec::Vec<_>>().join(gap)
}
