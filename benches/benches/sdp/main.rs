//! Session descriptions: parsed, with their attributes read, and printed, beside the peers.
mod ours;
mod peers;

use benches::{
    Suite,
    descriptions::{self, LARGE_SECTIONS, OFFER_SECTIONS},
};

fn main() {
    let mut suite = Suite::default();
    all(&mut suite, "an offer", &descriptions::offer().leak()[..], OFFER_SECTIONS);
    all(&mut suite, "50 sections", &descriptions::large().leak()[..], LARGE_SECTIONS);
    if let Some(captured) = descriptions::captured() {
        all(&mut suite, "an offer of Chromium", captured.leak(), OFFER_SECTIONS);
    }
    suite.run();
}

/// All jobs with one text, which has so many media sections.
fn all(suite: &mut Suite, what: &str, text: &'static str, sections: usize) {
    let what = format!("{what} ({} bytes)", text.len());
    suite
        .job(format!("parse {what}"), text, Some(sections))
        .by("sdp-proto", ours::parse)
        .by("sdp-proto, accepted", ours::accept)
        .by("sdp-types", peers::sdp_types)
        .by("sdp-rs", peers::sdp_rs)
        .by("sdp", peers::sdp)
        .by("rtc-sdp", peers::rtc_sdp)
        .by("webrtc-sdp", peers::webrtc_sdp);
    // Each reads what it has a type for; `sdp` and `rtc-sdp` have next to none.
    suite
        .job(format!("parse {what} and read its attributes"), text, Some(sections))
        .by("sdp-proto", ours::typed)
        .by("sdp-types", peers::sdp_types_typed)
        .by("sdp-rs", peers::sdp_rs)
        .by("webrtc-sdp", peers::webrtc_sdp);
    // The first two give back the very bytes; what the others do to them is their own affair.
    suite
        .job(format!("print {what}"), (), true)
        .by("a copy", move |()| !core::hint::black_box(text.to_owned()).is_empty())
        .by("sdp-proto", ours::print(text))
        .by("sdp-types", peers::print_sdp_types(text))
        .by("sdp-rs", peers::print_sdp_rs(text))
        .by("sdp", peers::print_sdp(text))
        .by("rtc-sdp", peers::print_rtc_sdp(text))
        .by("webrtc-sdp", peers::print_webrtc_sdp(text));
}
