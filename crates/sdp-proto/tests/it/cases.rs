//! Descriptions that users of other stacks have reported, beside the workspace: each is what its row
//! of the manifest says. What they show is tested by texts of our own elsewhere.

use std::collections::BTreeMap;

use sdp_proto::attribute::Direction;
use sdp_proto::negotiator::*;
use sdp_proto::{Code, Policy, Session};

use crate::negotiator::{conclude, config, drain, m_lines, offer, said, take};
use crate::shared;

fn cases() -> BTreeMap<String, Vec<u8>> {
    let Some(folder) = shared::cases("sdp") else { return BTreeMap::new() };
    shared::files(&folder).into_iter().collect()
}

fn text(name: &str) -> Option<String> {
    let text = cases().remove(name)?;
    Some(String::from_utf8(text).unwrap())
}

fn codes(name: &str) -> Option<Vec<Code>> {
    let text = text(name)?;
    Some(Session::parse(text.as_bytes()).unwrap().diagnostics().iter().map(|d| d.code).collect())
}

/// A side with more codecs than most.
fn side() -> Negotiator {
    let mut config = config(2);
    let codec = |name: &str, rate: u32| Codec::new(name, rate.try_into().unwrap()).unwrap();
    config.audio.codecs.push(codec("AMR-WB", 16_000).with_parameters("octet-align=0").unwrap());
    config.bundle = BundlePolicy::MaxCompat;
    Negotiator::new(config)
}

fn answered(name: &str) -> Option<(Negotiator, String)> {
    let mut side = side();
    assert_eq!(take(&mut side, &text(name)?), Verdict::Consumed, "{name}");
    side.answer().unwrap();
    let answer = said(&mut side);
    Some((side, answer))
}

#[test]
fn every_file_that_is_taken_is_answered_under_every_policy() {
    for (name, text) in cases() {
        for policy in Policy::ALL {
            let mut own = config(2);
            own.policy = policy;
            let mut side = Negotiator::new(own);
            let verdict = side.handle_input(Input::Offer { text: &text, glare: Glare::Report });
            if verdict == Verdict::Consumed {
                assert_eq!(side.answer(), Ok(()), "{name}");
                drain(&mut side);
            }
        }
    }
}

#[test]
fn what_is_to_be_found_is_found() {
    for (name, code) in [
        ("22-two-rtpmaps-one-pt.sdp", Code::RtpMapRepeated),
        ("a5-fmtp-twice.sdp", Code::FmtpRepeated),
        ("08-fmtp-other-pt.sdp", Code::FormatUnlisted),
        ("54-rtpmap-not-in-m.sdp", Code::FormatUnlisted),
        ("16-port0-in-bundle.sdp", Code::BundleDisabled),
        ("99-mux-only-without-mux.sdp", Code::RtcpMuxOnly),
        ("12-ccm-empty.sdp", Code::RtcpFbParameter),
        ("56-dynamic-pt-no-rtpmap.sdp", Code::FormatUnmapped),
        ("00-bad-dos-port-count.sdp", Code::MediaPortRange),
        ("52-md5-fingerprint.sdp", Code::FingerprintHash),
        ("21-zone-candidate.sdp", Code::CandidateAddress),
        ("82-cand-bad-each.sdp", Code::CandidateAddress),
    ] {
        let Some(found) = codes(name) else { continue };
        assert!(found.contains(&code), "{name}: {found:?}");
        let strict = Session::parse(text(name).unwrap().as_bytes()).unwrap().check(Policy::Strict);
        assert_eq!(strict.is_ok(), code == Code::FormatUnmapped, "{name}");
    }
}

#[test]
fn what_is_to_be_agreed_on_is() {
    let Some((_, answer)) = answered("09-rejected-no-c.sdp") else { return };
    assert!(m_lines(&answer)[0].starts_with("m=audio 0 "));
    for name in
        ["21-zone-candidate.sdp", "82-cand-bad-each.sdp", "65-live-section-no-mid-in-bundle.sdp"]
    {
        let (side, _) = answered(name).unwrap();
        assert!(side.agreement().sections().iter().all(|section| section.live), "{name}");
    }
    let (_, answer) = answered("60-amr-octet-align.sdp").unwrap();
    assert!(m_lines(&answer)[0].ends_with(" 103"), "{answer}");
    let (side, answer) = answered("a2-sctp-port-0.sdp").unwrap();
    assert!(answer.contains("a=sctp-port:0\r\n"));
    assert_eq!(side.agreement().sections()[0].data, None);
    let (side, _) = answered("b5-sendonly-trailing-space.sdp").unwrap();
    assert_eq!(side.agreement().sections()[0].direction, Direction::RecvOnly);
    for name in ["b6-rtcp-mux-trailing-space.sdp", "87-trailing-space-all.sdp"] {
        let (side, _) = answered(name).unwrap();
        assert!(side.agreement().sections()[0].rtcp_mux, "{name}");
    }
    let (side, _) = answered("52-md5-fingerprint.sdp").unwrap();
    assert!(side.explain().iter().any(|line| line.reason == Reason::NoFingerprint));
    for name in ["62-h264-no-fmtp.sdp", "11-empty-profile.sdp"] {
        let (side, answer) = answered(name).unwrap();
        assert!(side.agreement().sections()[0].live, "{name}");
        assert!(answer.contains("profile-level-id=42e01f"), "{answer}");
    }
}

#[test]
fn encrypted_extensions_stay_whole() {
    let Some(text) = text("53-extmap-encrypt.sdp") else { return };
    let level = "urn:ietf:params:rtp-hdrext:ssrc-audio-level";
    let mut own = config(2);
    own.audio.extensions.push(Extension::new(level).unwrap().encrypted());
    own.audio.extensions.push(Extension::mid().encrypted());
    let mut side = Negotiator::new(own);
    assert_eq!(take(&mut side, &text), Verdict::Consumed);
    side.answer().unwrap();
    let answer = said(&mut side);
    let lines = text.lines().filter(|line| line.starts_with("a=extmap:"));
    assert!(
        lines.clone().count() == 3 && lines.clone().all(|line| answer.contains(line)),
        "{answer}"
    );
}

#[test]
fn a_new_certificate_is_told() {
    let Some((mut side, _)) = answered("r0.sdp") else { return };
    assert_eq!(take(&mut side, &text("r3-new-cert-no-restart.sdp").unwrap()), Verdict::Consumed);
    let (_, events) = drain(&mut side);
    assert!(events.contains(&Event::NewDtls { mid: "0".parse().unwrap() }), "{events:?}");
}

#[test]
fn an_order_that_was_set_outlives_an_answer_in_another() {
    let Some(text) = text("c1-answer.sdp") else { return };
    let mut own = config(1);
    own.video.extensions.clear();
    let mut side = Negotiator::new(own);
    let codecs = vec![Codec::h264(), Codec::vp8()];
    let preferred = Capabilities { codecs, extensions: Vec::new() };
    side.add(Transceiver { capabilities: Some(preferred), ..Transceiver::new(Kind::Video) })
        .unwrap();
    let line = m_lines(&offer(&mut side))[0].to_owned();
    assert!(line.starts_with("m=video 9 UDP/TLS/RTP/SAVPF 102 "), "{line}");
    conclude(&mut side, &text);
    let later = offer(&mut side);
    assert!(m_lines(&later)[0].starts_with("m=video 9 UDP/TLS/RTP/SAVPF 102 "), "{later}");
}
