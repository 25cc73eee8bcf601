//! What can be in a BUNDLE group, and what must be (RFC 9143 §7.3, §9).

use super::peer::{bare, description, live};
use super::*;

const AUDIO: &str = "audio 9 UDP/TLS/RTP/SAVPF";
const VIDEO: &str = "video 9 UDP/TLS/RTP/SAVPF";
const MID: &str = "a=extmap:1 urn:ietf:params:rtp-hdrext:sdes:mid";

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

/// What the sections of a group say of their numbers, which must never differ.
fn meanings(text: &str) -> Vec<(&str, &str)> {
    let maps = |name| text.lines().filter_map(move |line| line.strip_prefix(name)?.split_once(' '));
    maps("a=rtpmap:").chain(maps("a=extmap:")).collect()
}

#[test]
fn a_number_that_a_group_uses_now_is_not_used_as_in_a_section_that_is_gone() {
    let toffset = Extension::new("urn:ietf:params:rtp-hdrext:toffset").unwrap();
    let mut config = config(1);
    config.audio.codecs = vec![Codec::opus().with_redundancy()];
    config.video.codecs = vec![Codec::vp8().with_payload_type(100)];
    config.video.extensions = vec![toffset, Extension::mid()];
    let mut a = Negotiator::new(config);
    let video = a.add(Transceiver::new(Kind::Video)).unwrap();
    let text = offer(&mut a);
    assert!(
        text.contains("a=rtpmap:96 rtx/90000")
            && text.contains("a=extmap:1 urn:ietf:params:rtp-hdrext:toffset"),
        "{text}"
    );
    let mut b = side(2);
    let answered = answer(&mut b, &text);
    conclude(&mut a, &answered);
    a.stop(video).unwrap();
    let text = offer(&mut a);
    conclude(&mut a, &answer(&mut b, &text));
    // The peer uses the numbers for something else, in a group without the section that is gone.
    let audio = [
        "a=mid:5",
        MID,
        "a=rtpmap:111 opus/48000/2",
        "a=fmtp:111 minptime=10;useinbandfec=1",
        "a=rtpmap:96 red/48000/2",
        "a=fmtp:96 111/111",
    ];
    let text = description(&["a=group:BUNDLE 5"], &[live(&format!("{AUDIO} 111 96"), &audio)]);
    let answered = answer(&mut a, &text);
    assert_eq!(m_lines(&answered)[0], "m=audio 9 UDP/TLS/RTP/SAVPF 111 96");
    a.add(Transceiver::new(Kind::Video)).unwrap();
    let text = offer(&mut a);
    let meanings = meanings(&text);
    assert!(meanings.contains(&("96", "red/48000/2")), "{text}");
    for (number, meaning) in &meanings {
        let other = meanings.iter().find(|(n, m)| {
            n == number && m != meaning && m.starts_with("urn") == meaning.starts_with("urn")
        });
        assert_eq!(other, None, "{text}");
    }
}

#[test]
fn an_id_of_a_group_stands_for_one_extension() {
    let audio = ["a=mid:0", MID, "a=rtpmap:0 PCMU/8000"];
    let toffset = "a=extmap:1 urn:ietf:params:rtp-hdrext:toffset";
    let mid = "a=extmap:2 urn:ietf:params:rtp-hdrext:sdes:mid";
    let video = ["a=mid:1", toffset, mid, "a=rtpmap:96 VP8/90000"];
    let text = description(
        &["a=group:BUNDLE 0 1"],
        &[live(&format!("{AUDIO} 0"), &audio), live(&format!("{VIDEO} 96"), &video)],
    );
    let mut config = config(2);
    config.audio.codecs = vec![Codec::pcmu()];
    config.video.extensions.push(Extension::new(toffset.split(' ').nth(1).unwrap()).unwrap());
    let answered = |text: &str| {
        let mut b = Negotiator::new(config.clone());
        let answered = answer(&mut b, text);
        let ids =
            b.agreement().sections()[1].extensions.iter().map(|map| map.id).collect::<Vec<_>>();
        assert_eq!(answered.contains(toffset), ids.contains(&1));
        (ids, reasons(&b))
    };
    let (ids, why) = answered(&text);
    assert_eq!(ids, [2]);
    assert!(why.contains(&Reason::NumberInUse));
    // Outside of a group it stands for what each section says.
    assert_eq!(answered(&text.replace("a=group:BUNDLE 0 1\r\n", "")).0, [1, 2]);
}

#[test]
fn each_group_of_an_offer_has_a_transport_of_its_own() {
    let sections: Vec<String> = (0..4)
        .map(|index| live("audio 9 UDP/TLS/RTP/SAVPF 0", &[&format!("a=mid:{index}")]))
        .collect();
    let groups = ["a=group:BUNDLE 1 0", "a=group:BUNDLE 3 2"];
    let mut own = config(2);
    own.bundle = BundlePolicy::MaxCompat;
    let mut b = Negotiator::new(own);
    let answered = answer(&mut b, &description(&groups, &sections));
    assert!(groups.iter().all(|group| answered.contains(group)), "{answered}");
    let sections = b.agreement().sections();
    let owners: Vec<usize> = sections.iter().map(|section| section.transport).collect();
    assert_eq!(owners, [1, 1, 3, 3]);
    let carriers: Vec<bool> = sections.iter().map(|s| s.own_transport.is_some()).collect();
    assert_eq!(carriers, [false, true, false, true]);
}
