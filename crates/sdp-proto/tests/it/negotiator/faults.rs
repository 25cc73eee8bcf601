//! Descriptions that peers were seen to send, and what has to become of each.
use super::peer::{bare, description, live};
use super::*;
use sdp_proto::attribute::Direction;
const AUDIO: &str = "audio 9 UDP/TLS/RTP/SAVPF";
const VIDEO: &str = "video 9 UDP/TLS/RTP/SAVPF";
const MID: &str = "a=extmap:1 urn:ietf:params:rtp-hdrext:sdes:mid";

fn codec(name: &str, rate: u32) -> Codec {
    Codec::new(name, rate.try_into().unwrap()).unwrap()
}

fn having(audio: &[Codec], video: &[Codec]) -> Negotiator {
    let mut config = config(2);
    config.audio.codecs = audio.to_vec();
    config.video.codecs = video.to_vec();
    Negotiator::new(config)
}

fn reasons(side: &Negotiator) -> Vec<Reason> {
    side.explain().into_iter().map(|line| line.reason).collect()
}

#[test]
fn a_section_without_mid_beside_a_group_is_answered() {
    let cases = [
        bare("audio 0 UDP/TLS/RTP/SAVPF 0", []),
        live(&format!("{AUDIO} 0"), &[]),
        bare("text 0 RTP/AVP 98", []),
    ];
    for first in cases {
        let video = live(&format!("{VIDEO} 96"), &["a=mid:1", MID, "a=rtpmap:96 VP8/90000"]);
        let text = description(&["a=group:BUNDLE 1"], &[first.clone(), video]);
        let mut b = side(2);
        let answered = answer(&mut b, &text);
        let line = |text: &str| text.split(' ').next().unwrap().to_owned();
        assert_eq!(line(m_lines(&answered)[0]), line(first.lines().next().unwrap()));
        assert!(lines(&answered, None).contains(&"a=group:BUNDLE 1"), "{answered}");
        assert!(b.agreement().sections()[1].live);
    }
}

#[test]
fn a_candidate_that_cannot_be_read_costs_that_candidate() {
    for candidate in [
        "a=candidate:1 1 udp 659136 fe80::1%21 60720 typ host generation 0",
        "a=candidate:1 1 udp 2130706431 999.1.1.1 5000 typ host",
        "a=candidate:1 1 udp 1 192.0.2.1 5000 typ srflx raddr fe80::1%eth0 rport 9",
        "a=candidate:1 1 udp 2130706431 [2001:db8::1] 5000 typ host",
        "a=remote-candidates:1 999.1.1.1 5000",
        "a=rtcp:9 IN IP4 999.1.1.1",
    ] {
        let text = description(&[], &[live(&format!("{AUDIO} 0"), &["a=mid:0", candidate])]);
        let mut b = side(2);
        answer(&mut b, &text);
        assert!(b.agreement().sections()[0].live, "{candidate}");
    }
}

#[test]
fn the_order_that_the_application_set_holds_in_answers_and_later_offers() {
    let video = ["a=mid:0", "a=rtpmap:96 VP8/90000", "a=rtpmap:98 VP9/90000"];
    let text = description(&[], &[live(&format!("{VIDEO} 96 98"), &video)]);
    let preferred =
        Capabilities { codecs: vec![Codec::vp9(), Codec::vp8()], extensions: Vec::new() };
    let mut b = side(2);
    b.add(Transceiver { capabilities: Some(preferred), ..Transceiver::new(Kind::Video) }).unwrap();
    let answered = answer(&mut b, &text);
    assert_eq!(m_lines(&answered), ["m=video 9 UDP/TLS/RTP/SAVPF 98 96"]);
    assert_eq!(b.agreement().sections()[0].codecs[0].local.payload_type, 98);
    // Without an order of the application that of the peer stays.
    let mut c = having(&[], &[Codec::vp9(), Codec::vp8()]);
    assert_eq!(m_lines(&answer(&mut c, &text)), ["m=video 9 UDP/TLS/RTP/SAVPF 96 98"]);
    // An answer in another order does not change what was set.
    let mut a = side(1);
    let codecs = vec![codec("H261", 90_000), Codec::vp8()];
    let own = Capabilities { codecs, extensions: Vec::new() };
    a.add(Transceiver { capabilities: Some(own), ..Transceiver::new(Kind::Video) }).unwrap();
    let first = offer(&mut a);
    let mut b = having(&[], &[codec("H261", 90_000), Codec::vp8()]);
    let line = m_lines(&first)[0].to_owned();
    let numbers: Vec<&str> = line.split(' ').skip(3).collect();
    let turned = format!("{VIDEO} {} {} {}", numbers[1], numbers[2], numbers[0]);
    let answered = answer(&mut b, &first).replace(&line[2..], &turned);
    conclude(&mut a, &answered);
    assert_eq!(m_lines(&offer(&mut a))[0], line);
}

#[test]
fn a_companion_does_not_take_the_number_that_a_codec_wishes() {
    let mut a = having(&[], &[Codec::h264(), Codec::vp8()]);
    a.add(Transceiver::new(Kind::Video)).unwrap();
    assert!(offer(&mut a).contains("a=rtpmap:96 VP8/90000"));
}

#[test]
fn parameters_that_both_sides_must_share_tell_formats_apart() {
    let amr = [
        "a=mid:0",
        "a=rtpmap:102 AMR-WB/16000",
        "a=fmtp:102 octet-align=1",
        "a=rtpmap:103 AMR-WB/16000",
        "a=fmtp:103 mode-set=0,1,2",
    ];
    let text = description(&[], &[live(&format!("{AUDIO} 102 103"), &amr)]);
    let own = codec("AMR-WB", 16_000).with_parameters("octet-align=0").unwrap();
    let answered = answer(&mut having(&[own], &[]), &text);
    assert_eq!(m_lines(&answered), ["m=audio 9 UDP/TLS/RTP/SAVPF 103"]);

    let g7221 = [
        "a=mid:0",
        "a=rtpmap:96 G7221/16000",
        "a=fmtp:96 bitrate=24000",
        "a=rtpmap:97 G7221/16000",
        "a=fmtp:97 bitrate=32000",
    ];
    let text = description(&[], &[live(&format!("{AUDIO} 96 97"), &g7221)]);
    let own = codec("G7221", 16_000).with_parameters("bitrate=32000").unwrap();
    let answered = answer(&mut having(&[own], &[]), &text);
    assert_eq!(m_lines(&answered), ["m=audio 9 UDP/TLS/RTP/SAVPF 97"]);
}

#[test]
fn a_codec_of_unknown_rules_is_the_same_with_the_same_parameters_alone() {
    let lines = [
        "a=mid:0",
        "a=rtpmap:96 x-codec/8000",
        "a=fmtp:96 a=1;B=2",
        "a=rtpmap:97 x-codec/8000",
        "a=fmtp:97 a=1",
    ];
    let text = description(&[], &[live(&format!("{AUDIO} 96 97"), &lines)]);
    let own = |parameters: &str| codec("x-codec", 8_000).with_parameters(parameters).unwrap();
    let with = |own: Codec| {
        let answered = answer(&mut having(&[own], &[]), &text);
        m_lines(&answered)[0].rsplit(' ').next().unwrap().to_owned()
    };
    assert_eq!(with(own("b=2; a=1")), "96");
    assert_eq!(with(own("a=1")), "97");
    let none = answer(&mut having(&[own("c=1")], &[]), &text);
    assert!(m_lines(&none)[0].starts_with("m=audio 0 "));
}

#[test]
fn bundled_rtp_says_its_mid_whatever_the_configuration() {
    let mut config = config(1);
    config.audio.extensions.clear();
    config.video.extensions.clear();
    let mut a = Negotiator::new(config);
    for kind in [Kind::Audio, Kind::Video, Kind::Data] {
        a.add(Transceiver::new(kind)).unwrap();
    }
    let text = offer(&mut a);
    assert_eq!(text.matches("urn:ietf:params:rtp-hdrext:sdes:mid\r\n").count(), 2, "{text}");
    let mut b = super::config(2);
    b.audio.extensions.clear();
    b.video.extensions.clear();
    let answered = answer(&mut Negotiator::new(b), &text);
    assert_eq!(answered.matches("urn:ietf:params:rtp-hdrext:sdes:mid\r\n").count(), 2);
    conclude(&mut a, &answered);
    assert_eq!(a.agreement().sections()[0].extensions.len(), 1);
}

#[test]
fn a_payload_type_stands_for_one_codec_in_a_group() {
    let audio = ["a=mid:0", MID, "a=rtpmap:101 telephone-event/8000"];
    let video = ["a=mid:1", MID, "a=rtpmap:101 AV1/90000", "a=rtpmap:96 VP8/90000"];
    let text = description(
        &["a=group:BUNDLE 0 1"],
        &[live(&format!("{AUDIO} 0 101"), &audio), live(&format!("{VIDEO} 101 96"), &video)],
    );
    let video = [codec("AV1", 90_000), Codec::vp8()];
    let mut b = having(&[Codec::pcmu(), codec("telephone-event", 8_000)], &video);
    let answered = answer(&mut b, &text);
    assert_eq!(m_lines(&answered)[0], "m=audio 9 UDP/TLS/RTP/SAVPF 0 101");
    assert_eq!(m_lines(&answered)[1], "m=video 9 UDP/TLS/RTP/SAVPF 96");
    assert!(reasons(&b).contains(&Reason::NumberInUse));
    // Outside of a group the same number may stand for both.
    let mut config = super::config(2);
    config.bundle = BundlePolicy::MaxCompat;
    config.video.codecs = vec![codec("AV1", 90_000)];
    config.audio.codecs = vec![codec("telephone-event", 8_000), Codec::pcmu()];
    let apart = text.replace("a=group:BUNDLE 0 1\r\n", "");
    let answered = answer(&mut Negotiator::new(config), &apart);
    assert_eq!(m_lines(&answered)[1], "m=video 9 UDP/TLS/RTP/SAVPF 101");
}

#[test]
fn rtp_of_another_protocol_does_not_share_a_transport() {
    let text = description(
        &["a=group:BUNDLE 0 1"],
        &[
            live(&format!("{AUDIO} 0"), &["a=mid:0", MID]),
            live("video 9 UDP/TLS/RTP/SAVP 96", &["a=mid:1", MID, "a=rtpmap:96 VP8/90000"]),
        ],
    );
    let mut b = side(2);
    let answered = answer(&mut b, &text);
    assert!(lines(&answered, None).contains(&"a=group:BUNDLE 0"), "{answered}");
    assert_eq!(b.agreement().sections()[1].transport, 1);
    // What has no transport of its own cannot leave the group.
    let only = text
        .replace("m=video 9", "m=video 0")
        .replace("a=mid:1\r\n", "a=mid:1\r\na=bundle-only\r\n");
    let mut b = side(3);
    let answered = answer(&mut b, &only);
    assert!(m_lines(&answered)[1].starts_with("m=video 0 "));
    assert!(reasons(&b).contains(&Reason::BundleProtocol));
}

#[test]
fn rtcp_on_a_port_of_its_own_does_not_share_a_transport() {
    let without = |line: &str, mid: &str| {
        live(line, &[mid, MID, "a=rtpmap:96 VP8/90000"]).replace("a=rtcp-mux\r\n", "")
    };
    let text = description(
        &["a=group:BUNDLE 0 1"],
        &[without(&format!("{AUDIO} 0"), "a=mid:0"), without(&format!("{VIDEO} 96"), "a=mid:1")],
    );
    let mut config = config(2);
    config.rtcp_mux = RtcpMuxPolicy::Negotiate;
    let mut b = Negotiator::new(config);
    let answered = answer(&mut b, &text);
    assert!(m_lines(&answered).iter().all(|line| line.contains(" 9 ")), "{answered}");
    assert!(!answered.contains("BUNDLE 0"), "{answered}");
    assert_eq!(answered.matches("a=rtcp:9 ").count(), 2);
}

#[test]
fn sctp_port_zero_is_no_association() {
    let line = "application 9 UDP/DTLS/SCTP webrtc-datachannel";
    let text = description(&[], &[live(line, &["a=mid:0", "a=sctp-port:0"])]);
    let mut b = side(2);
    let answered = answer(&mut b, &text);
    assert!(answered.contains("a=sctp-port:0\r\n"), "{answered}");
    assert_eq!(b.agreement().sections()[0].data, None);
    // The same told by an answer.
    let (mut a, mut b) = (side_with(1, &[Kind::Data]), side(2));
    let text = offer(&mut a);
    let answered = answer(&mut b, &text).replace("a=sctp-port:5000", "a=sctp-port:0");
    conclude(&mut a, &answered);
    assert_eq!(a.agreement().sections()[0].data, None);
}

#[test]
fn a_new_sctp_port_is_answered_with_a_new_one() {
    let line = "application 9 UDP/DTLS/SCTP webrtc-datachannel";
    let section = live(line, &["a=mid:0", "a=sctp-port:5000"]);
    let text = description(&[], &[section]);
    let mut b = side(2);
    assert!(answer(&mut b, &text).contains("a=sctp-port:5000\r\n"));
    let same = text.replace("77 1 IN", "77 2 IN");
    assert!(answer(&mut b, &same).contains("a=sctp-port:5000\r\n"));
    let other = text.replace("77 1 IN", "77 3 IN").replace("sctp-port:5000", "sctp-port:6000");
    assert!(answer(&mut b, &other).contains("a=sctp-port:5001\r\n"));
    let data = b.agreement().sections()[0].data.unwrap();
    assert_eq!((data.sctp_port, data.local_port), (6000, 5001));
    assert!(offer(&mut b).contains("a=sctp-port:5001\r\n"));
}

#[test]
fn flags_count_with_blanks_behind_them_or_an_empty_value() {
    for end in [" ", "\t ", ":", ": "] {
        let flags = ["a=mid:0", "a=sendonly", "a=rtcp-rsize", "a=extmap-allow-mixed"];
        let text = description(&[], &[live(&format!("{AUDIO} 0"), &flags)]);
        let text = ["a=sendonly", "a=rtcp-rsize", "a=extmap-allow-mixed", "a=rtcp-mux"]
            .iter()
            .fold(text, |text, flag| text.replace(&format!("{flag}\r"), &format!("{flag}{end}\r")));
        let mut b = side(2);
        let answered = answer(&mut b, &text);
        let section = &b.agreement().sections()[0];
        assert!(section.live && section.rtcp_mux && section.rtcp_rsize, "{end:?}");
        assert!(section.allow_mixed);
        assert_eq!(section.direction, Direction::RecvOnly);
        assert!(answered.contains("a=recvonly\r\n"));
    }
}

#[test]
fn a_weak_hash_proves_nothing() {
    let section = live(&format!("{AUDIO} 0"), &["a=mid:0"]);
    let digest = vec!["11"; 16].join(":");
    let weak: String = section
        .lines()
        .map(|line| match line.strip_prefix("a=fingerprint:") {
            Some(_) => format!("a=fingerprint:md5 {digest}\r\n"),
            None => format!("{line}\r\n"),
        })
        .collect();
    let mut b = side(2);
    let answered = answer(&mut b, &description(&[], &[weak]));
    assert!(m_lines(&answered)[0].starts_with("m=audio 0 "));
    assert!(reasons(&b).contains(&Reason::NoFingerprint));
    // Beside one that counts it does no harm, and is not told.
    let both = format!("{section}a=fingerprint:md5 {digest}\r\n");
    let mut b = side(3);
    answer(&mut b, &description(&[], &[both]));
    assert_eq!(b.agreement().transport(0).unwrap().fingerprints.len(), 1);
}

#[test]
fn encrypted_and_parametrised_extensions_keep_all_they_had() {
    let level = "urn:ietf:params:rtp-hdrext:ssrc-audio-level";
    let encrypt = "urn:ietf:params:rtp-hdrext:encrypt";
    let lines = [
        "a=mid:0".to_owned(),
        MID.to_owned(),
        format!("a=extmap:2 {level} vad=on"),
        format!("a=extmap:3 {encrypt} {level} vad=on"),
        format!("a=extmap:4 {encrypt} urn:ietf:params:rtp-hdrext:sdes:mid"),
        format!("a=extmap:5 {encrypt} urn:not-ours"),
    ];
    let lines: Vec<&str> = lines.iter().map(String::as_str).collect();
    let text = description(&["a=group:BUNDLE 0"], &[live(&format!("{AUDIO} 0"), &lines)]);
    let mut own = config(2);
    own.audio.extensions = vec![
        Extension::mid(),
        Extension::new(level).unwrap(),
        Extension::new(&format!("{encrypt} {level}")).unwrap(),
        Extension::mid().encrypted(),
    ];
    let mut b = Negotiator::new(own);
    let answered = answer(&mut b, &text);
    for line in &lines[1..5] {
        assert!(answered.contains(&format!("{line}\r\n")), "{line} is not in {answered}");
    }
    assert!(!answered.contains("urn:not-ours"));
    // And the other way round.
    let mut own = config(1);
    own.audio.extensions = vec![
        Extension::mid(),
        Extension::new(level).unwrap().with_attributes("vad=on").unwrap(),
        Extension::new(level).unwrap().encrypted(),
    ];
    let mut a = Negotiator::new(own);
    a.add(Transceiver::new(Kind::Audio)).unwrap();
    let text = offer(&mut a);
    assert!(text.contains(&format!("a=extmap:2 {level} vad=on\r\n")), "{text}");
    assert!(text.contains(&format!("a=extmap:3 {encrypt} {level}\r\n")), "{text}");
    let mut b = config(2);
    b.audio.extensions = vec![Extension::new(level).unwrap().encrypted()];
    let answered = answer(&mut Negotiator::new(b), &text);
    conclude(&mut a, &answered);
    let agreed = &a.agreement().sections()[0].extensions;
    assert!(agreed.iter().any(|map| map.id == 3), "{agreed:?}");
    assert!(agreed.iter().all(|map| map.id != 2), "{agreed:?}");
}

/// An audio section under this version, with another line in place of one.
fn renewed(version: u64, from: &str, to: &str) -> String {
    let text = description(&[], &[live(&format!("{AUDIO} 0"), &["a=mid:0"])]);
    text.replace("77 1 IN", &format!("77 {version} IN")).replace(from, to)
}

#[test]
fn an_offer_that_takes_a_new_dtls_association_is_told_so() {
    let told = |second: &str| {
        let mut b = side(2);
        answer(&mut b, &renewed(1, "", ""));
        drain(&mut b);
        assert_eq!(take(&mut b, second), Verdict::Consumed);
        drain(&mut b).1.contains(&Event::NewDtls { mid: "0".parse().unwrap() })
    };
    assert!(!told(&renewed(2, "", "")));
    assert!(told(&renewed(2, "sha-256 07", "sha-256 08")));
    // This side was the client, and is to be the server now.
    assert!(told(&renewed(2, "setup:actpass", "setup:active")));
    assert!(!told(&renewed(2, "setup:actpass", "setup:passive")));
}

#[test]
fn an_origin_that_changed_or_stood_still_is_told() {
    let told = |second: &str| {
        let mut b = side(2);
        answer(&mut b, &renewed(1, "", ""));
        drain(&mut b);
        assert_eq!(take(&mut b, second), Verdict::Consumed);
        let events = drain(&mut b).1;
        let of = |event: &Event| match event {
            Event::Origin(fault) => Some(*fault),
            _ => None,
        };
        events.iter().find_map(of)
    };
    assert_eq!(told(&renewed(2, "", "")), None);
    assert_eq!(told(&renewed(3, "", "")), None);
    assert_eq!(told(&renewed(1, "a=mid:0", "a=mid:0\r\na=sendonly")), Some(OriginFault::Version));
    assert_eq!(told(&renewed(0, "", "")), Some(OriginFault::Version));
    assert_eq!(told(&renewed(2, "o=- 77", "o=- 78")), Some(OriginFault::Session));
    // The same offer once more is a repetition, and answered as such.
    let mut b = side(2);
    let text = renewed(1, "", "");
    let first = answer(&mut b, &text);
    assert_eq!(take(&mut b, &text), Verdict::Consumed);
    assert_eq!(said(&mut b), first);
}

#[test]
fn ice_options_stand_in_the_session_part_as_jsep_has_them() {
    let mut a = side_with(1, &[Kind::Audio]);
    let text = offer(&mut a);
    assert!(lines(&text, None).contains(&"a=ice-options:trickle ice2"), "{text}");
    let (mut b, mut c) = (side(2), side(3));
    assert!(lines(&answer(&mut b, &text), None).contains(&"a=ice-options:trickle ice2"));
    let less = text.replace("a=ice-options:trickle ice2", "a=ice-options:ice2");
    assert!(lines(&answer(&mut c, &less), None).contains(&"a=ice-options:ice2"));
    let none = text.replace("a=ice-options:trickle ice2\r\n", "");
    assert!(!answer(&mut side(4), &none).contains("a=ice-options"));
    let section = none.replace("a=mid:0\r\n", "a=mid:0\r\na=ice-options:trickle\r\n");
    assert!(lines(&answer(&mut side(5), &section), None).contains(&"a=ice-options:trickle"));
}

#[test]
fn h264_of_which_nothing_is_said_is_what_browsers_take_it_for_or_what_its_rfc_says() {
    let said = ["a=mid:0", "a=rtpmap:96 H264/90000"];
    let empty = "a=fmtp:96 level-asymmetry-allowed=1;packetization-mode=1;profile-level-id=";
    let plain = description(&[], &[live(&format!("{VIDEO} 96"), &said)]);
    let half = description(&[], &[live(&format!("{VIDEO} 96"), &[&said[..], &[empty]].concat())]);
    for text in [&plain, &half] {
        let mut b = having(&[], &[Codec::h264()]);
        let answered = answer(&mut b, text);
        assert!(m_lines(&answered)[0].starts_with("m=video 9 "), "{answered}");
        assert!(answered.contains("profile-level-id=42e01f"), "{answered}");
        assert_eq!(answered.contains("packetization-mode=1"), text == &half, "{answered}");
        let mut config = config(2);
        config.h264 = UnstatedH264::Baseline;
        config.video.codecs = vec![Codec::h264()];
        let answered = answer(&mut Negotiator::new(config), text);
        assert!(m_lines(&answered)[0].starts_with("m=video 0 "), "{answered}");
    }
}

#[test]
fn a_section_lives_on_key_presses_alone() {
    let lines = ["a=mid:0", "a=rtpmap:97 telephone-event/8000"];
    let text = description(&[], &[live(&format!("{AUDIO} 97"), &lines)]);
    let answered = answer(&mut side(2), &text);
    assert_eq!(m_lines(&answered), ["m=audio 9 UDP/TLS/RTP/SAVPF 97"]);
    let mut a = having(&[codec("telephone-event", 8_000)], &[]);
    a.add(Transceiver::new(Kind::Audio)).unwrap();
    let text = offer(&mut a);
    conclude(&mut a, &answer(&mut side(3), &text));
    assert_eq!(a.agreement().sections()[0].codecs.len(), 1);
}

#[test]
fn feedback_with_parameters_agrees_on_those_that_both_have() {
    let lines = ["a=mid:0", "a=rtpmap:96 VP8/90000", "a=rtcp-fb:96 ccm vbcm 1 2"];
    let text = description(&[], &[live(&format!("{VIDEO} 96"), &lines)]);
    let own = |feedback: &str| codec("VP8", 90_000).with_feedback(feedback).unwrap();
    let with = |feedback: &str| answer(&mut having(&[], &[own(feedback)]), &text);
    assert!(with("ccm vbcm 1").contains("a=rtcp-fb:96 ccm vbcm 1\r\n"));
    assert!(with("ccm vbcm 2 3").contains("a=rtcp-fb:96 ccm vbcm 2\r\n"));
    assert!(!with("ccm vbcm 3").contains("rtcp-fb"));
    assert!(!with("ccm fir").contains("rtcp-fb"));
    assert!(!with("ccm").contains("rtcp-fb"));
}

#[test]
fn simulcast_can_be_declined() {
    let lines = [
        "a=mid:0",
        "a=rtpmap:96 VP8/90000",
        "a=rid:1 send",
        "a=rid:2 send",
        "a=simulcast:send 1;2",
    ];
    let text = description(&[], &[live(&format!("{VIDEO} 96"), &lines)]);
    let mut config = config(2);
    config.receives_simulcast = false;
    let mut b = Negotiator::new(config);
    let answered = answer(&mut b, &text);
    assert!(m_lines(&answered)[0].starts_with("m=video 9 "));
    assert!(!answered.contains("a=rid") && !answered.contains("a=simulcast"), "{answered}");
    assert!(reasons(&b).contains(&Reason::NoSimulcast));
    assert!(answer(&mut side(3), &text).contains("a=simulcast:recv 1;2\r\n"));
}

#[test]
fn an_answer_with_port_zero_and_bundle_only_is_in_the_group_as_rfc_8843_has_it() {
    let (mut a, mut b) = (side_with(1, &[Kind::Audio, Kind::Video]), side(2));
    let text = offer(&mut a);
    let answered = answer(&mut b, &text);
    let old = answered
        .replace("m=video 9", "m=video 0")
        .replace("a=mid:1\r\n", "a=mid:1\r\na=bundle-only\r\n");
    conclude(&mut a, &old);
    let section = &a.agreement().sections()[1];
    assert!(section.live && section.transport == 0);
    assert!(!section.codecs.is_empty());
    // Outside of a group, or in one of which nothing is left, it is a rejection.
    let (mut a, mut b) = (side_with(3, &[Kind::Audio, Kind::Video]), side(4));
    let text = offer(&mut a);
    answer(&mut b, &text);
    conclude(&mut a, &old.replace("a=group:BUNDLE 0 1", "a=group:BUNDLE 0"));
    assert!(!a.agreement().sections()[1].live);
}

#[test]
fn mids_that_an_answer_swaps_are_ignored_with_its_groups() {
    let with = |policy| {
        let mut config = config(1);
        config.bundle = policy;
        let mut a = Negotiator::new(config);
        a.add(Transceiver::new(Kind::Audio)).unwrap();
        a.add(Transceiver::new(Kind::Audio)).unwrap();
        a
    };
    let swapped = |text: &str| {
        text.replace("a=mid:0", "a=mid:x")
            .replace("a=mid:1", "a=mid:0")
            .replace("a=mid:x", "a=mid:1")
    };
    let mut b = config(2);
    b.bundle = BundlePolicy::MaxCompat;
    let mut a = with(BundlePolicy::MaxCompat);
    let text = offer(&mut a);
    let alone = text.replace("a=group:BUNDLE 0 1\r\n", "");
    let answered = answer(&mut Negotiator::new(b), &alone);
    conclude(&mut a, &swapped(&answered).replace("t=0 0\r\n", "t=0 0\r\na=group:BUNDLE 1 0\r\n"));
    let sections = a.agreement().sections();
    assert_eq!((sections[0].mid.as_str(), sections[1].mid.as_str()), ("0", "1"));
    assert_eq!((sections[0].transport, sections[1].transport), (0, 1));
    // What lives in a group alone does not live without.
    let mut a = with(BundlePolicy::Balanced);
    let text = offer(&mut a);
    let answered = swapped(&answer(&mut side(2), &text));
    let verdict = a.handle_input(Input::Answer(answered.as_bytes()));
    assert_eq!(verdict, Verdict::Refused(Mismatch::Bundle { section: 1 }));
}

#[test]
fn all_addresses_of_a_group_are_of_one_family() {
    let mut a = side_with(1, &[Kind::Audio, Kind::Audio, Kind::Video]);
    let candidate = |text: &str| vec![text.parse().unwrap()];
    let six = candidate("1 1 udp 5 2001:db8::1 5000 typ host");
    a.set_candidates(None, six, true).unwrap();
    let text = offer(&mut a);
    assert_eq!(text.matches("c=IN IP6 2001:db8::1\r\n").count(), 2);
    assert_eq!(m_lines(&text)[1].split(' ').nth(1), Some("0"));
    assert_eq!(text.matches("c=IN IP6 ::\r\n").count(), 1);
    // A transport that knows but another family has no default destination.
    let mut a = side_with(2, &[Kind::Audio, Kind::Video]);
    let four = candidate("1 1 udp 5 192.0.2.1 5000 typ host");
    let six = candidate("1 1 udp 5 2001:db8::1 5000 typ host");
    a.set_candidates(Some("0".parse().unwrap()), four, true).unwrap();
    a.set_candidates(Some("1".parse().unwrap()), six, true).unwrap();
    let text = offer(&mut a);
    assert!(lines(&text, Some(1)).contains(&"c=IN IP4 0.0.0.0"));
    assert!(m_lines(&text)[1].starts_with("m=video 9 "));
}

#[test]
fn an_answer_may_be_longer_than_what_the_peer_may_send() {
    let section = |index: usize| {
        let mid = format!("a=mid:{index}");
        bare("video 9 RTP/SAVPF 96", [&mid[..], "a=rtpmap:96 VP8/90000", "a=rtcp-mux"])
    };
    let print = vec!["07"; 32].join(":");
    let top = [
        "a=ice-ufrag:peer".to_owned(),
        "a=ice-pwd:asd88fgpdd777uzjYhagZh".to_owned(),
        format!("a=fingerprint:sha-256 {print}"),
    ];
    let top: Vec<&str> = top.iter().map(String::as_str).collect();
    let text = description(&top, &(0..200).map(section).collect::<Vec<_>>());
    let mut config = config(2);
    config.bundle = BundlePolicy::MaxCompat;
    let mut b = Negotiator::new(config);
    let candidate = |port: usize| format!("1 1 udp 5 192.0.2.1 {port} typ host").parse().unwrap();
    b.set_candidates(None, (1..50).map(candidate).collect(), true).unwrap();
    assert_eq!(take(&mut b, &text), Verdict::Consumed);
    b.answer().unwrap();
    let written = b.agreement().local().unwrap().to_bytes().len();
    assert!(written > sdp_proto::Limits::default().bytes_max);
}

#[test]
fn a_lite_side_writes_no_pacing() {
    let mut config = config(1);
    config.ice_lite = true;
    config.ice_pacing = Some(sdp_proto::attribute::IcePacing { ms: 5 });
    let mut a = Negotiator::new(config);
    a.add(Transceiver::new(Kind::Data)).unwrap();
    assert!(!offer(&mut a).contains("a=ice-pacing"));
}

#[test]
fn data_that_carries_the_transport_of_rtp_multiplexes_rtcp() {
    let data = live("application 9 UDP/DTLS/SCTP webrtc-datachannel", &["a=mid:d"]);
    let audio = live(&format!("{AUDIO} 0"), &["a=mid:a", MID]);
    let data = data.replace("a=rtcp-mux\r\n", "");
    let text = description(&["a=group:BUNDLE d a"], &[data, audio]);
    let mut b = side(2);
    let answered = answer(&mut b, &text);
    assert!(lines(&answered, Some(0)).contains(&"a=rtcp-mux"), "{answered}");
    assert!(lines(&offer(&mut b), Some(0)).contains(&"a=rtcp-mux"));
    // Alone it has nothing to multiplex.
    let (mut c, mut d) = (side_with(3, &[Kind::Data]), side(4));
    let (offered, answered) = exchange(&mut c, &mut d);
    assert!(!offered.contains("rtcp") && !answered.contains("rtcp"));
}
