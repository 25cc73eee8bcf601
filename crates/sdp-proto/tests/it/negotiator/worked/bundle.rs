//! The examples of RFC 9143 §18, with ICE and DTLS where they have RTP in clear. Their payload type 66
//! is 99 here: RFC 5761 §4 rules it out beside rtcp-mux.

use super::super::*;
use super::script::{Codecs, Player};

const CODECS: Codecs = Codecs(&[
    ("PCMU", 0, "PCMU/8000", ""),
    ("PCMA", 8, "PCMA/8000", ""),
    ("iLBC", 97, "iLBC/8000", ""),
    ("H261", 31, "H261/90000", ""),
    ("MPV", 32, "MPV/90000", ""),
    ("H261b", 99, "H261/90000", "x=1"),
]);

const AUDIO: &str = "audio own actpass PCMU PCMA iLBC +mid";

fn player(audio: &[&str], video: &[&str], bundle: BundlePolicy) -> Player {
    let mut config = config(1);
    config.bundle = bundle;
    config.audio.codecs = CODECS.own(audio, &[]);
    config.video.codecs = CODECS.own(video, &[]);
    config.video.extensions = vec![Extension::mid()];
    Player::new(CODECS, config)
}

fn alice() -> Player {
    let mut a = player(&["PCMU", "PCMA", "iLBC"], &["H261", "MPV"], BundlePolicy::Balanced);
    a.side.add(Transceiver::new(Kind::Audio)).unwrap();
    a.side.add(Transceiver::new(Kind::Video)).unwrap();
    a
}

fn bob(bundle: BundlePolicy) -> Player {
    let mut b = player(&["PCMU"], &["MPV"], bundle);
    b.side.add(Transceiver::new(Kind::Audio)).unwrap();
    b.side.add(Transceiver::new(Kind::Video)).unwrap();
    b
}

type Said = (&'static [&'static str], &'static [&'static str]);

const OFFER: Said = (&["BUNDLE 0 1"], &[AUDIO, "video own actpass H261 MPV +mid"]);
const ANSWER: Said = (&["BUNDLE 0 1"], &["audio own active PCMU +mid", "video shared MPV +mid"]);

#[test]
fn a_group_is_made_as_in_rfc_9143() {
    // 18.1.
    alice().offers(OFFER, ANSWER);
    bob(BundlePolicy::MaxCompat).answers(OFFER, ANSWER);
    // 18.2: the group is turned down.
    let apart: Said = (&[], &["audio own active PCMU +mid", "video own active MPV +mid"]);
    let mut a = alice();
    a.offers(OFFER, apart);
    assert_eq!(a.section(1).transport, 1);
    let mut b = bob(BundlePolicy::Without);
    b.answers(OFFER, apart);
    assert_eq!(b.section(1).transport, 1);
    // Who turns groups down offers none.
    let mut c = bob(BundlePolicy::Without);
    c.offers(
        (&[], &["audio own actpass PCMU +mid", "video own actpass MPV +mid"]),
        (&[], &["audio off", "video off"]),
    );
}

/// Both sides after 18.1, with a second video section that leads the group (18.3).
fn led() -> [Player; 2] {
    let offer: Said = (
        &["BUNDLE 2 0 1"],
        &["audio shared PCMU +mid", "video shared MPV +mid", "video own actpass H261b +mid"],
    );
    let answer: Said = (
        &["BUNDLE 2 0 1"],
        &["audio shared PCMU +mid", "video shared MPV +mid", "video own active H261b +mid"],
    );
    let (mut a, mut b) = (alice(), bob(BundlePolicy::MaxCompat));
    a.offers(OFFER, ANSWER);
    b.answers(OFFER, ANSWER);
    let mut zen = Transceiver::new(Kind::Video);
    let able =
        Capabilities { codecs: CODECS.own(&["H261b"], &[]), extensions: vec![Extension::mid()] };
    zen.capabilities = Some(able);
    b.side.add(zen.clone()).unwrap();
    zen.bundling = Bundling::Tag;
    a.side.add(zen).unwrap();
    // What was turned down is not offered again here.
    for (index, names) in [(0, &["PCMU"]), (1, &["MPV"])] {
        a.update(index, |wish| {
            let extensions = vec![Extension::mid()];
            wish.capabilities = Some(Capabilities { codecs: CODECS.own(names, &[]), extensions });
        });
    }
    let role = |side: &Player| side.side.agreement().transport(1).unwrap().role;
    let before = [role(&a), role(&b)];
    a.offers(offer, answer);
    b.answers(offer, answer);
    // It is the transport of before that goes on.
    assert_eq!([role(&a), role(&b)], before);
    for side in [&a, &b] {
        assert_eq!((side.section(0).transport, side.section(1).transport), (2, 2));
    }
    [a, b]
}

#[test]
fn a_section_leads_and_leaves_a_group_as_in_rfc_9143() {
    let [mut a, mut b] = led();
    // 18.4: it leaves, and the audio leads.
    let offer: Said = (
        &["BUNDLE 0 1"],
        &["audio own actpass PCMU +mid", "video shared MPV +mid", "video own actpass H261b +mid"],
    );
    let answer: Said = (
        &["BUNDLE 0 1"],
        &["audio own active PCMU +mid", "video shared MPV +mid", "video own active H261b +mid"],
    );
    a.update(2, |wish| wish.bundling = Bundling::Apart);
    a.offers(offer, answer);
    b.answers(offer, answer);
    for side in [&a, &b] {
        assert_eq!((side.section(1).transport, side.section(2).transport), (0, 2));
        assert!(side.section(2).live);
    }
}

#[test]
fn a_section_goes_as_in_rfc_9143() {
    // 18.5, with the audio section that then leads.
    let offer: Said =
        (&["BUNDLE 0 1"], &["audio own actpass PCMU +mid", "video shared MPV +mid", "video off"]);
    let answer: Said =
        (&["BUNDLE 0 1"], &["audio own active PCMU +mid", "video shared MPV +mid", "video off"]);
    let [mut a, mut b] = led();
    let zen = a.section(2).transceiver.unwrap();
    a.side.stop(zen).unwrap();
    a.offers(offer, answer);
    b.answers(offer, answer);
    assert!(!b.section(2).live && b.section(0).transport == 0);
}
