//! Which codecs are agreed on, in which order, by which rules (RFC 3264 §6.1, RFC 8829 §5.3.1).

use super::peer::{description, live};
use super::*;

const AUDIO: &str = "audio 9 UDP/TLS/RTP/SAVPF";
const VIDEO: &str = "video 9 UDP/TLS/RTP/SAVPF";

fn codec(name: &str, rate: u32) -> Codec {
    Codec::new(name, rate.try_into().unwrap()).unwrap()
}

/// A side with these codecs in its configuration, none of its own order.
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
fn h264_of_which_nothing_is_said_is_not_answered_beside_the_same_in_words() {
    let single = Codec { parameters: "profile-level-id=42e01f".parse().ok(), ..Codec::h264() };
    let lines = ["a=mid:0", "a=rtpmap:96 H264/90000", "a=rtpmap:97 H264/90000"];
    let words = "a=fmtp:96 profile-level-id=42E01F; packetization-mode=0";
    let lines = [&lines[..], &[words]].concat();
    let text = description(&[], &[live(&format!("{VIDEO} 96 97"), &lines)]);
    let mut b = having(&[], &[Codec::h264(), single]);
    assert_eq!(m_lines(&answer(&mut b, &text)), ["m=video 9 UDP/TLS/RTP/SAVPF 96"]);
    assert!(b.explain().iter().any(|line| line.reason == Reason::Duplicate));
    // With one alone of ours, whichever comes first has it.
    let mut b = having(&[], &[Codec::h264()]);
    assert_eq!(m_lines(&answer(&mut b, &text)), ["m=video 9 UDP/TLS/RTP/SAVPF 97"]);
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
fn redundancy_of_other_depth_has_another_number_in_a_group() {
    let mut a = side(1);
    for depth in [1, 2, 1] {
        let codecs = vec![Codec { redundancy: depth, ..Codec::opus() }];
        let capabilities = Some(Capabilities { codecs, extensions: Vec::new() });
        a.add(Transceiver { capabilities, ..Transceiver::new(Kind::Audio) }).unwrap();
    }
    let first = offer(&mut a);
    let red = |text: &str, section| {
        let all = lines(text, Some(section));
        all.iter().find(|line| line.contains(" red/")).unwrap().to_string()
    };
    assert_eq!(red(&first, 0), red(&first, 2));
    assert_ne!(red(&first, 0), red(&first, 1));
    // They stay, whatever the peer repeats.
    for depth in [1, 2] {
        let (mut a, mut config) = (a.clone(), config(2));
        config.audio.codecs = vec![Codec { redundancy: depth, ..Codec::opus() }];
        let mut b = Negotiator::new(config);
        let text = answer(&mut b, &first);
        conclude(&mut a, &text);
        let again = offer(&mut a);
        for section in 0..3 {
            assert_eq!(red(&again, section), red(&first, section), "{again}");
        }
        let again = offer(&mut b);
        for section in 0..3 {
            assert_eq!(red(&again, section), red(&first, section), "{again}");
        }
    }
}
