//! What is published, a number of media sections for a text.
use core::{cell::LazyCell, fmt, hint::black_box};
use std::io::Cursor;

/// sdp-types: attributes are text until asked for.
pub(crate) fn sdp_types(text: &str) -> Option<usize> {
    Some(sdp_types::Session::parse(text.as_bytes()).ok()?.medias.len())
}

/// sdp-types, asked for all attributes that it has types for and that browsers write.
pub(crate) fn sdp_types_typed(text: &str) -> Option<usize> {
    use sdp_types::attributes as typed;
    fn is_good<T: std::str::FromStr>(value: &str) -> bool {
        black_box(value.parse::<T>()).is_ok()
    }
    let session = sdp_types::Session::parse(text.as_bytes()).ok()?;
    let media = session.medias.iter().flat_map(|media| &media.attributes);
    let good = session.attributes.iter().chain(media).all(|attribute| {
        let value = attribute.value.as_deref().unwrap_or_default();
        match &*attribute.attribute {
            "candidate" => is_good::<typed::Candidate>(value),
            "extmap" => is_good::<typed::ExtMap>(value),
            "fingerprint" => is_good::<typed::Fingerprint>(value),
            "fmtp" => is_good::<typed::Fmtp>(value),
            "group" => is_good::<typed::Group>(value),
            "ice-options" => is_good::<typed::IceOptions>(value),
            "ice-pwd" => is_good::<typed::IcePwd>(value),
            "ice-ufrag" => is_good::<typed::IceUfrag>(value),
            "max-message-size" => is_good::<typed::MaxMessageSize>(value),
            "mid" => is_good::<typed::Mid>(value),
            "msid" => is_good::<typed::Msid>(value),
            "rtcp" => is_good::<typed::Rtcp>(value),
            "rtcp-fb" => is_good::<typed::RtcpFb>(value),
            "rtcp-mux" => is_good::<typed::RtcpMux>(value),
            "rtcp-rsize" => is_good::<typed::RtcpRsize>(value),
            "rtpmap" => is_good::<typed::RtpMap>(value),
            "sctp-port" => is_good::<typed::SctpPort>(value),
            "setup" => is_good::<typed::Setup>(value),
            "ssrc" => is_good::<typed::Ssrc>(value),
            "ssrc-group" => is_good::<typed::SsrcGroup>(value),
            name => name.parse::<typed::Direction>().is_ok() || !name.is_empty(),
        }
    });
    good.then_some(session.medias.len())
}

/// sdp-rs: has types for the attributes of old, and gives them while it parses.
pub(crate) fn sdp_rs(text: &str) -> Option<usize> {
    Some(sdp_rs::SessionDescription::try_from(text).ok()?.media_descriptions.len())
}

/// sdp, of webrtc-rs.
pub(crate) fn sdp(text: &str) -> Option<usize> {
    let session = sdp::SessionDescription::unmarshal(&mut Cursor::new(text)).ok()?;
    Some(session.media_descriptions.len())
}

/// rtc-sdp, of the sans-IO webrtc-rs.
pub(crate) fn rtc_sdp(text: &str) -> Option<usize> {
    let session = rtc_sdp::SessionDescription::unmarshal(&mut Cursor::new(text)).ok()?;
    Some(session.media_descriptions.len())
}

/// webrtc-sdp, of Firefox: has types for what WebRTC uses, and gives them while it parses.
pub(crate) fn webrtc_sdp(text: &str) -> Option<usize> {
    Some(webrtc_sdp::parse_sdp(text, false).ok()?.media.len())
}

pub(crate) fn print_sdp_types(text: &'static str) -> impl FnMut(()) -> bool {
    let session = LazyCell::new(move || sdp_types::Session::parse(text.as_bytes()).expect(GOOD));
    move |()| {
        let mut out = Vec::new();
        session.write(&mut out).is_ok() && !black_box(out).is_empty()
    }
}

pub(crate) fn print_sdp_rs(text: &'static str) -> impl FnMut(()) -> bool {
    display(move || sdp_rs::SessionDescription::try_from(text).expect(GOOD))
}

pub(crate) fn print_sdp(text: &'static str) -> impl FnMut(()) -> bool {
    display(move || sdp::SessionDescription::unmarshal(&mut Cursor::new(text)).expect(GOOD))
}

pub(crate) fn print_rtc_sdp(text: &'static str) -> impl FnMut(()) -> bool {
    display(move || rtc_sdp::SessionDescription::unmarshal(&mut Cursor::new(text)).expect(GOOD))
}

pub(crate) fn print_webrtc_sdp(text: &'static str) -> impl FnMut(()) -> bool {
    display(move || webrtc_sdp::parse_sdp(text, false).expect(GOOD))
}

const GOOD: &str = "a description that all can read";

/// Parses when it is first asked to print.
fn display<T: fmt::Display>(parse: impl FnOnce() -> T) -> impl FnMut(()) -> bool {
    let session = LazyCell::new(parse);
    move |()| !black_box(session.to_string()).is_empty()
}
