//! H.264 of which a description does not say the profile (RFC 6184), and what browsers make
//! of it.

use alloc::borrow::Cow;
use alloc::collections::BTreeSet;
use alloc::format;
use alloc::string::String;
use alloc::vec::Vec;

use super::config::UnstatedH264;
use super::formats::fmtp;
use crate::attribute::Fmtp;
use crate::codec::Format;
use crate::text::Text;

/// Formats of the peer with what is taken for granted about them.
pub(super) struct Stated<'f> {
    pub(super) formats: Cow<'f, [Format<'static>]>,
    /// Payload types of which nothing at all was said.
    pub(super) silent: BTreeSet<u8>,
}

impl<'f> Stated<'f> {
    pub(super) fn new(habit: UnstatedH264, formats: Cow<'f, [Format<'static>]>) -> Self {
        let profile = match habit {
            UnstatedH264::ConstrainedBaseline => "42e01f",
            // What the defaults of the type say anyway.
            UnstatedH264::Baseline => return Self { formats, silent: BTreeSet::new() },
        };
        let mut stated = Self { formats, silent: BTreeSet::new() };
        if stated.formats.iter().any(is_unstated) {
            for format in stated.formats.to_mut().iter_mut().filter(|format| is_unstated(format)) {
                if format.fmtp.is_none() {
                    stated.silent.insert(format.payload_type);
                }
                state(format, profile);
            }
        }
        stated
    }
}

fn is_unstated(format: &Format<'_>) -> bool {
    let name = format.codec.as_ref().map_or("", |codec| codec.encoding.as_str());
    let id = format.fmtp.as_ref().and_then(|fmtp| fmtp.get("profile-level-id"));
    name.eq_ignore_ascii_case("H264") && id.is_none_or(str::is_empty)
}

/// Puts the profile where there was none.
fn state(format: &mut Format<'static>, profile: &str) {
    let kept = format.fmtp.iter().flat_map(Fmtp::pairs);
    let kept = kept.filter(|(name, _)| !name.eq_ignore_ascii_case("profile-level-id"));
    let kept = kept.map(|(name, value)| match value {
        Some(value) => format!("{name}={value}"),
        None => String::from(name),
    });
    let all: Vec<String> = kept.chain([format!("profile-level-id={profile}")]).collect();
    format.fmtp = fmtp(format.payload_type, Text::new(all.join(";")).ok());
}
