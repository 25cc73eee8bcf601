//! Descriptions that peers were seen to send, and what has to become of each.

use super::peer::{bare, description, live};
use super::*;
use sdp_proto::attribute::{Direction, TlsId};

const AUDIO: &str = "audio 9 UDP/TLS/RTP/SAVPF";
const MID: &str = "a=extmap:1 urn:ietf:params:rtp-hdrext:sdes:mid";

fn reasons(side: &Negotiator) -> Vec<Reason> {
    side.explain().into_iter().map(|line| line.reason).collect()
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
fn what_is_bundle_only_outside_of_a_group_is_not() {
    let lone = |port: u16| live(&format!("audio {port} UDP/TLS/RTP/SAVPF 0"), &["a=bundle-only"]);
    // With a port it is a section as any other, without one it is off (RFC 9143 §6).
    assert!(m_lines(&answer(&mut side(2), &description(&[], &[lone(9)])))[0].contains(" 9 "));
    let mut b = side(3);
    assert!(m_lines(&answer(&mut b, &description(&[], &[lone(0)])))[0].contains(" 0 "));
    assert_eq!(b.explain()[0].reason, Reason::OfferedOff);
    assert_eq!(b.transceivers().count(), 0);
}

#[test]
fn a_later_offer_has_the_right_name_of_the_protocol() {
    let names = ["RTP/AVP", "RTP/AVPF", "RTP/SAVPF", "RTP/SAVP", "UDP/TLS/RTP/SAVP"];
    for name in names.into_iter().chain(["TCP/DTLS/RTP/SAVP", "TCP/DTLS/RTP/SAVPF"]) {
        let mut b = side(2);
        let text = description(&[], &[live(&format!("audio 9 {name} 0"), &[])]);
        let answered = answer(&mut b, &text);
        assert!(m_lines(&answered)[0].starts_with(&format!("m=audio 9 {name} ")), "{answered}");
        let right = if name == "TCP/DTLS/RTP/SAVPF" { name } else { "UDP/TLS/RTP/SAVPF" };
        let again = offer(&mut b);
        assert!(m_lines(&again)[0].starts_with(&format!("m=audio 9 {right} ")), "{again}");
    }
}

#[test]
fn rtp_in_clear_by_its_name_is_over_dtls_where_there_is_a_fingerprint() {
    // In a group that of the section with the transport counts.
    let group = ["a=group:BUNDLE 0 1"];
    let bundled = bare("audio 9 RTP/AVPF 0", ["a=mid:1", "a=rtcp-mux"]);
    let text = description(&group, &[live("audio 9 RTP/AVPF 0", &["a=mid:0"]), bundled]);
    let mut b = side(2);
    assert_eq!(m_lines(&answer(&mut b, &text)), ["m=audio 9 RTP/AVPF 0"; 2]);
    assert!(b.agreement().transport(1).is_some_and(|one| !one.fingerprints.is_empty()));
    // Without any it is what it says.
    let all: Vec<&str> = text.lines().filter(|line| !line.starts_with("a=fingerprint")).collect();
    let mut b = side(2);
    let answered = answer(&mut b, &(all.join("\r\n") + "\r\n"));
    assert_eq!(m_lines(&answered), ["m=audio 0 RTP/AVPF 0"; 2]);
    assert!(b.explain().iter().any(|line| line.reason == Reason::Protocol));
}

#[test]
fn data_has_no_direction() {
    for way in ["a=sendonly", "a=recvonly", "a=inactive"] {
        let data = live("application 9 UDP/DTLS/SCTP webrtc-datachannel", &[way]);
        let mut b = side(2);
        let answered = answer(&mut b, &description(&[], &[data]));
        assert!(b.agreement().sections()[0].live && b.agreement().sections()[0].data.is_some());
        assert!(!answered.contains("a=send") && !answered.contains("a=recv"), "{answered}");
    }
}

#[test]
fn an_identity_of_the_association_is_told_and_answered() {
    let with = |id: u8, tls_id: Option<&str>| {
        let mut config = config(id);
        config.tls_id = tls_id.map(|text| TlsId::new(text.to_owned()).unwrap());
        Negotiator::new(config)
    };
    let (ours, theirs) = ("91bbf309c0990a6bec11e38ba2933cee", "eec3392ab83e11ceb6a0990c903fbb19");
    let (mut a, mut b) = (with(1, Some(ours)), with(2, Some(theirs)));
    a.add(Transceiver::new(Kind::Data)).unwrap();
    for _ in 0..2 {
        let (text, answered) = exchange(&mut a, &mut b);
        assert!(text.contains(&format!("a=tls-id:{ours}\r\n")), "{text}");
        assert!(answered.contains(&format!("a=tls-id:{theirs}\r\n")), "{answered}");
    }
    let told = a.agreement().transport(0).unwrap().tls_id.as_ref().unwrap();
    assert_eq!(told.to_string(), theirs);
    let (mut c, mut d) = (with(1, None), with(2, Some(theirs)));
    c.add(Transceiver::new(Kind::Data)).unwrap();
    let (_, answered) = exchange(&mut c, &mut d);
    assert!(!answered.contains("a=tls-id"), "{answered}");
}
