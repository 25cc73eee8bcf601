//! Descriptions that peers were seen to send, and what has to become of each.
use super::peer::{bare, description, live};
use super::*;
use sdp_proto::attribute::Direction;
const AUDIO: &str = "audio 9 UDP/TLS/RTP/SAVPF";
const VIDEO: &str = "video 9 UDP/TLS/RTP/SAVPF";
const MID: &str = "a=extmap:1 urn:ietf:params:rtp-hdrext:sdes:mid";

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
