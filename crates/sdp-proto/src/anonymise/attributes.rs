//! Attributes, without what they give away. Each is taken word by word, so that spacing and whatever
//! else is odd about it stays.

use alloc::format;
use alloc::string::{String, ToString};
use alloc::vec::Vec;

use super::aliases::Aliases;
use super::words::{is_digits, is_known, is_number, scrub, scrub_text, words};
use super::{clocks, fields};
use crate::attribute::{Attribute, ENCRYPT, is_legacy_credential};
use crate::text::is_ice_byte;
use crate::value::BLANKS;

/// Names that have no type here and tell nothing.
const NAMES: [&str; 40] = [
    "alt",
    "bfcpver",
    "cat",
    "cdsc",
    "charset",
    "cliprect",
    "cname",
    "confid",
    "content",
    "curr",
    "dcmap",
    "dcsa",
    "depend",
    "des",
    "floorctrl",
    "floorid",
    "framesize",
    "ice-mismatch",
    "inband-trust",
    "key-mgmt",
    "keywds",
    "label",
    "lang",
    "mstrm",
    "msrp-cema",
    "nortpproxy",
    "orient",
    "path",
    "pcap",
    "pcfg",
    "quality",
    "rtcp-xr",
    "sdplang",
    "silenceSupp",
    "sqn",
    "tcap",
    "tool",
    "type",
    "userid",
    "x-google-flag",
];

/// Those whose values are numbers and words of protocols.
const PLAIN: [&str; 10] = [
    "charset",
    "cliprect",
    "content",
    "lang",
    "quality",
    "rtcp-xr",
    "sdplang",
    "silenceSupp",
    "type",
    "x-dimensions",
];

/// Name and value of an attribute.
pub(super) fn rewrite(attribute: &str, aliases: &mut Aliases) -> String {
    let Some((name, value)) = attribute.split_once(':') else {
        let bare = attribute.trim_end_matches(BLANKS);
        let rest = attribute.get(bare.len()..).unwrap_or_default();
        return format!("{}{rest}", self::name(bare));
    };
    format!("{}:{}", self::name(name), self::value(name, value, aliases))
}

/// The name of an attribute as bytes.
pub(super) fn name_bytes(text: &str) -> Vec<u8> {
    name(text).into_bytes()
}

fn name(name: &str) -> String {
    let known = Attribute::is_typed(name) || NAMES.contains(&name);
    if known { String::from(name) } else { scrub(name) }
}

/// Blanks, and whatever else separates words.
const SEPARATORS: [char; 12] = [' ', '\t', ';', ',', '=', '/', ':', '[', ']', '*', '~', '|'];

fn value(name: &str, value: &str, aliases: &mut Aliases) -> String {
    let blanks = &BLANKS[..];
    match name {
        "candidate" => candidate(value, aliases),
        "remote-candidates" => words(value, blanks, |place, word| match place % 3 {
            1 => aliases.address(word),
            _ => number(word),
        }),
        "ice-ufrag" => credential("ufrag", value, aliases),
        "ice-pwd" => credential("pwd", value, aliases),
        "ice-options" => words(value, blanks, |_, word| {
            if is_known(word) { word.into() } else { aliases.token("opt", word) }
        }),
        "tls-id" => words(value, blanks, |_, word| aliases.text("tls-id", word, |_| false)),
        "fingerprint" => fingerprint(value, aliases),
        "mid" => words(value, blanks, |_, word| mid(word, aliases)),
        "group" => words(value, blanks, |place, word| match place {
            0 if is_known(word) => word.into(),
            0 => aliases.token("GROUP", word),
            _ => mid(word, aliases),
        }),
        "rid" => words(value, &[' ', '\t', ';', ',', '='], |place, word| match place {
            0 => rid(word, aliases),
            _ if is_known(word) || is_digits(word) => word.into(),
            _ if word.bytes().all(|b| b.is_ascii_digit() || b == b'.') => word.into(),
            _ => rid(word, aliases),
        }),
        "simulcast" => words(value, &[' ', '\t', ';', ',', '~'], |_, word| match word {
            "send" | "recv" => word.into(),
            _ => rid(word, aliases),
        }),
        "rtcp" => rtcp(value, aliases),
        "fmtp" => words(value, &SEPARATORS[..6], |place, word| match place {
            0 => fields::format(word, aliases),
            _ => parameter(word, aliases),
        }),
        "rtpmap" | "rtcp-fb" | "imageattr" | "framesize" | "ssrc-group" | "sctpmap" => {
            words(value, &SEPARATORS, |_, word| plain(word, aliases))
        }
        "extmap" => extmap(value, aliases),
        "msid" | "msid-semantic" => {
            words(
                value,
                blanks,
                |_, word| {
                    if word == "WMS" { word.into() } else { aliases.identifier(word) }
                },
            )
        }
        "ssrc" => words(value, &[' ', '\t', ':'], |place, word| match place {
            0 => number(word),
            1 if is_known(word) => word.into(),
            1 => aliases.token("attribute", word),
            _ => aliases.identifier(word),
        }),
        "crypto" => crypto(value, aliases),
        "identity" => String::from("eHh4"),
        "control" => control(value, aliases),
        "source-filter" => words(value, blanks, |place, word| match place {
            0..=2 => scrub(word),
            _ => aliases.address(word),
        }),
        "ts-refclk" => clocks::reference(value, aliases),
        "mediaclk" => clocks::media(value, aliases),
        _ if Attribute::is_typed(name) || PLAIN.contains(&name) => {
            words(value, &SEPARATORS, |_, word| number(word))
        }
        _ => scrub(value),
    }
}

/// Digits, and words of protocols.
fn number(word: &str) -> String {
    let short = is_digits(word) && word.len() <= 10;
    if short || is_decimal(word) || is_known(word) { word.into() } else { scrub(word) }
}

fn is_decimal(word: &str) -> bool {
    word.split_once('.').is_some_and(|(a, b)| is_digits(a) && is_digits(b) && word.len() <= 10)
}

/// The same, and an alias for other words.
fn plain(word: &str, aliases: &mut Aliases) -> String {
    let stays = is_digits(word) || is_known(word) || is_decimal(word);
    if stays { word.into() } else { aliases.word("x", word) }
}

fn parameter(word: &str, aliases: &mut Aliases) -> String {
    let stays = is_number(word) || is_known(word) || is_decimal(word);
    if stays { word.into() } else { aliases.word("p", word) }
}

/// The name of a section. What only says the kind or a place stays.
fn mid(word: &str, aliases: &mut Aliases) -> String {
    let plain = is_digits(word) && word.len() <= 3;
    if plain || matches!(word, "audio" | "video" | "data" | "application") {
        return word.into();
    }
    aliases.token("mid", word)
}

/// The name of an encoding.
fn rid(word: &str, aliases: &mut Aliases) -> String {
    let short = word.len() == 1 && word.bytes().all(|b| b.is_ascii_alphanumeric());
    if short || matches!(word, "hi" | "mid" | "lo" | "high" | "low") {
        return word.into();
    }
    aliases.token("rid", word)
}

fn credential(kind: &'static str, value: &str, aliases: &mut Aliases) -> String {
    let legacy = is_legacy_credential(value.trim_end_matches(BLANKS));
    words(value, &BLANKS, |_, word| {
        if legacy || word.bytes().all(is_ice_byte) {
            let odd = |c: char| !c.is_ascii() || !is_ice_byte(c as u8);
            aliases.text(kind, word, odd)
        } else {
            scrub(word)
        }
    })
}

fn candidate(value: &str, aliases: &mut Aliases) -> String {
    let mut name = String::new();
    words(value, &BLANKS, |place, word| match place {
        0 if word.bytes().all(is_ice_byte) && word.len() <= 32 => {
            aliases.number("foundation", word).to_string()
        }
        1 | 3 | 5 => number(word),
        2 | 7 if is_known(word) => word.into(),
        2 | 7 => aliases.token("other", word),
        4 => aliases.address(word),
        0 | 6 => scrub(word),
        place if place % 2 == 0 => {
            name = String::from(word);
            scrub(word)
        }
        _ => match name.as_str() {
            "raddr" => aliases.address(word),
            "ufrag" => aliases.text("ufrag", word, |c| !c.is_ascii() || !is_ice_byte(c as u8)),
            "rport" | "generation" | "network-id" | "network-cost" => number(word),
            _ => scrub(word),
        },
    })
}

fn crypto(value: &str, aliases: &mut Aliases) -> String {
    words(value, &[' ', '\t', ':', '|', ';'], |place, word| match place {
        0 => number(word),
        _ if is_known(word) => word.into(),
        1 => aliases.token("SUITE", word),
        _ => aliases.text("key", word, |_| false),
    })
}

fn fingerprint(value: &str, aliases: &mut Aliases) -> String {
    words(value, &BLANKS, |place, word| match place {
        0 if is_known(word) => word.into(),
        0 => aliases.token("hash", word),
        1 => digest(word, aliases),
        _ => scrub(word),
    })
}

/// As many pairs of digits, in capitals where there are none in lower case.
fn digest(word: &str, aliases: &mut Aliases) -> String {
    let pair = |part: &str| part.len() == 2 && part.bytes().all(|b| b.is_ascii_hexdigit());
    if !word.split(':').all(pair) {
        return scrub(word);
    }
    let number = aliases.number("fingerprint", &word.to_ascii_uppercase());
    let count = word.split(':').count();
    let hex = format!("{number:0>width$X}", width = count * 2);
    let pairs = hex.as_bytes().chunks(2).map(|pair| String::from_utf8_lossy(pair).into_owned());
    let mut text = pairs.collect::<Vec<_>>().join(":");
    if word.bytes().any(|b| b.is_ascii_lowercase()) {
        // A digit that has a case, so that it still is the wrong one.
        text.replace_range(..1, "a");
    }
    text
}

fn rtcp(value: &str, aliases: &mut Aliases) -> String {
    match value.split_once(BLANKS) {
        Some((port, rest)) => {
            format!("{} {}", number(port), fields::connection(rest, aliases))
        }
        None => number(value),
    }
}

fn extmap(value: &str, aliases: &mut Aliases) -> String {
    const URIS: [&str; 5] = [
        "urn:ietf:params:rtp-hdrext:",
        "http://www.webrtc.org/experiments/rtp-hdrext/",
        "http://www.ietf.org/id/",
        "urn:3gpp:",
        "https://aomediacodec.github.io/",
    ];
    let mut encrypted = false;
    words(value, &BLANKS, |place, word| match place {
        0 => words(word, &['/'], |_, part| number(part)),
        1 | 2 if place == 1 || encrypted => {
            encrypted = word == ENCRYPT;
            if URIS.iter().any(|known| word.starts_with(known)) {
                word.into()
            } else if word.contains(|c: char| c.is_ascii_control()) {
                // No URI, and it stays none.
                scrub(word)
            } else {
                format!("urn:x:ext{}", aliases.number("extension", word))
            }
        }
        _ => words(word, &['=', ';', ','], |_, part| plain(part, aliases)),
    })
}

/// A URL, of which the scheme stays; a relative one that counts tracks stays whole.
fn control(value: &str, aliases: &mut Aliases) -> String {
    if let Some((scheme, rest)) = value.split_once("://") {
        let (host, path) = rest.split_at(rest.find('/').unwrap_or(rest.len()));
        return format!("{scheme}://{}{}", aliases.host(host, "example"), scrub_text(path));
    }
    let counted =
        value.trim_end_matches(|c: char| c.is_ascii_digit()).trim_end_matches(['=', '-', '_']);
    let counts = matches!(
        counted.to_ascii_lowercase().as_str(),
        "" | "*" | "track" | "trackid" | "streamid" | "stream" | "video" | "audio"
    );
    if counts && value.len() <= 16 { value.into() } else { scrub(value) }
}
