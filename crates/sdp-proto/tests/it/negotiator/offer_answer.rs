//! What RFC 3264 asks of offers and answers whatever is in them.

use super::peer::{bare, description, live};
use super::*;
use sdp_proto::attribute::{Direction, Setup};

const AUDIO: &str = "audio 9 UDP/TLS/RTP/SAVPF";

/// A side that takes RTP in clear.
fn phone(id: u8) -> Negotiator {
    let mut config = config(id);
    config.direct = Direct { plain: true, ..Direct::default() };
    Negotiator::new(config)
}

#[test]
fn one_text_is_one_description() {
    let text = description(&[], &[live(&format!("{AUDIO} 0"), &[])]);
    let two = [&text[..], &text[..]].concat();
    for policy in [Policy::Strict, Policy::Compat] {
        let mut b = Negotiator::new(Config { policy, ..config(2) });
        assert!(matches!(take(&mut b, &two), Verdict::Refused(_)), "{policy}");
        assert_eq!(take(&mut b, &text), Verdict::Consumed);
    }
}

#[test]
fn the_numbers_of_an_origin_are_signed_ones_whatever_is_given() {
    for (given, expected) in [
        (u64::MAX, "9223372036854775806"),
        (1 << 63, "0"),
        (4_611_731_400_430_051_336, "4611731400430051336"),
    ] {
        let mut a = Negotiator::new(Config { session_id: given, ..config(1) });
        let text = offer(&mut a);
        let origin = format!("o=- {expected} ");
        assert!(text.contains(&origin), "{text}");
    }
}

#[test]
fn an_answer_is_of_the_side_that_gives_it() {
    let text = description(&[], &[live(&format!("{AUDIO} 0"), &["a=mid:0"])]);
    let answered = answer(&mut side(2), &text);
    assert!(answered.starts_with("v=0\r\no=- 2 1 IN IP4 0.0.0.0\r\n"), "{answered}");
}

#[test]
fn an_offer_of_nothing_is_answered_by_nothing() {
    let text = description(&[], &[]);
    let mut b = side_with(2, &[Kind::Audio]);
    let answered = answer(&mut b, &text);
    assert_eq!(m_lines(&answered), [""; 0]);
    assert_eq!(b.agreement().sections().len(), 0);
}

#[test]
fn dynamic_formats_of_an_answer_are_mapped_and_static_ones_as_well() {
    let formats = ["a=rtpmap:111 opus/48000/2", "a=mid:0"];
    let text = description(&[], &[live(&format!("{AUDIO} 111 0"), &formats)]);
    let answered = answer(&mut side(2), &text);
    assert!(m_lines(&answered)[0].ends_with(" 111 0"), "{answered}");
    for line in ["a=rtpmap:111 opus/48000/2", "a=rtpmap:0 PCMU/8000"] {
        assert!(lines(&answered, Some(0)).contains(&line), "{line} is not in {answered}");
    }
}

#[test]
fn media_goes_out_under_the_numbers_of_the_peer() {
    // The peer answers under other numbers than were offered, which it may.
    let (mut a, mut b) = (side_with(1, &[Kind::Audio]), side(2));
    let text = offer(&mut a);
    let answered = answer(&mut b, &text);
    let moved = answered.replace(" 111 ", " 99 ").replace(":111 ", ":99 ");
    assert_ne!(moved, answered);
    conclude(&mut a, &moved);
    let codec = &a.agreement().sections()[0].codecs[0];
    assert_eq!((codec.local.payload_type, codec.remote.payload_type), (111, 99));
    // Who answers has those of the offer.
    let codec = &b.agreement().sections()[0].codecs[0];
    assert_eq!((codec.local.payload_type, codec.remote.payload_type), (111, 111));
}

#[test]
fn a_stream_of_one_way_has_a_port() {
    for (offered, expected) in
        [("sendonly", "recvonly"), ("recvonly", "sendonly"), ("inactive", "inactive")]
    {
        let way = format!("a={offered}");
        let text = description(&[], &[live(&format!("{AUDIO} 0"), &[&way, "a=mid:0"])]);
        let mut b = side_with(2, &[Kind::Audio]);
        let answered = answer(&mut b, &text);
        assert!(m_lines(&answered)[0].starts_with("m=audio 9 "), "{answered}");
        assert!(answered.contains(&format!("a={expected}\r\n")), "{answered}");
        assert!(answered.contains("c=IN IP4 "), "{answered}");
    }
}

#[test]
fn who_is_held_does_not_hold() {
    let call = |version: u8, way: &str| {
        let text = description(&[], &[bare("audio 5004 RTP/AVP 0", [way])]);
        text.replace("77 1 IN", &format!("77 {version} IN")).replace("0.0.0.0", "192.0.2.4")
    };
    let mut b = phone(2);
    b.add(Transceiver::new(Kind::Audio)).unwrap();
    answer(&mut b, &call(1, "a=sendrecv"));
    let held = answer(&mut b, &call(2, "a=sendonly"));
    assert!(held.contains("a=recvonly\r\n"), "{held}");
    assert!(!m_lines(&held)[0].starts_with("m=audio 0"), "{held}");
    // When the peer comes back this side still sends.
    let back = answer(&mut b, &call(3, "a=sendrecv"));
    assert!(back.contains("a=sendrecv\r\n"), "{back}");
}

#[test]
fn who_holds_keeps_its_port() {
    let voice = Transceiver { carriage: Carriage::Plain, ..Transceiver::new(Kind::Audio) };
    let (mut a, mut b) = (phone(1), phone(2));
    let audio = a.add(voice.clone()).unwrap();
    b.add(voice).unwrap();
    exchange(&mut a, &mut b);
    a.set_direction(audio, Direction::SendOnly).unwrap();
    let (text, answered) = exchange(&mut a, &mut b);
    assert!(text.contains("a=sendonly\r\n") && answered.contains("a=recvonly\r\n"), "{text}");
    assert!(m_lines(&text)[0].starts_with("m=audio 9 "), "{text}");
}

#[test]
fn a_group_of_hosts_is_neither_answered_nor_an_answer() {
    let group = "c=IN IP4 233.252.0.1/127";
    let section = bare("audio 5004 RTP/AVP 0", []).replace("c=IN IP4 0.0.0.0", group);
    let mut b = phone(2);
    let answered = answer(&mut b, &description(&[], &[section]));
    assert!(m_lines(&answered)[0].starts_with("m=audio 0 "), "{answered}");
    assert!(b.explain().iter().any(|line| line.reason == Reason::Multicast));
    let (mut a, mut c) = (phone(1), phone(3));
    let voice = Transceiver { carriage: Carriage::Plain, ..Transceiver::new(Kind::Audio) };
    a.add(voice).unwrap();
    let text = offer(&mut a);
    let answered = answer(&mut c, &text).replace("c=IN IP4 0.0.0.0", group);
    let verdict = a.handle_input(Input::Answer(answered.as_bytes()));
    assert_eq!(verdict, Verdict::Refused(Mismatch::NoTransport { section: 0 }));
}

/// An answer to a second offer that leaves the choice of the role open, as baresip gives it.
fn second_answer(config: Config) -> (Negotiator, String) {
    let mut a = Negotiator::new(config);
    let mut b = Config { setup: Setup::Passive, ..self::config(2) };
    b.direct.dtls = true;
    let mut b = Negotiator::new(b);
    let carriage = if a.config().direct.dtls { Carriage::Dtls } else { Carriage::Ice };
    a.add(Transceiver { carriage, ..Transceiver::new(Kind::Audio) }).unwrap();
    exchange(&mut a, &mut b);
    let text = offer(&mut a);
    let answered = answer(&mut b, &text);
    let open = answered.replace("a=setup:passive", "a=setup:actpass");
    assert_ne!(open, answered);
    (a, open)
}

#[test]
fn a_role_that_an_answer_leaves_open_is_the_one_in_force() {
    for direct in [false, true] {
        let mut own = config(1);
        own.direct.dtls = direct;
        let (mut a, open) = second_answer(own.clone());
        let role = |side: &Negotiator| {
            let section = &side.agreement().sections()[0];
            match section.direct.as_ref().map(|direct| &direct.protection) {
                Some(Protection::Dtls { role, .. }) => *role,
                _ => section.own_transport.as_ref().unwrap().role,
            }
        };
        assert_eq!(role(&a), DtlsRole::Client);
        // Another certificate takes a new association, in which nobody has a role yet.
        let other = open.replace("sha-256 02", "sha-256 03");
        let verdict = a.handle_input(Input::Answer(other.as_bytes()));
        assert!(matches!(verdict, Verdict::Refused(Mismatch::Setup { section: 0 })), "{verdict:?}");
        let events = conclude(&mut a, &open);
        let told = Event::RoleLeftOpen { mid: "0".parse().unwrap() };
        assert_eq!(events.iter().filter(|event| **event == told).count(), 1, "{events:?}");
        assert_eq!(role(&a), DtlsRole::Client);

        let (mut a, open) = second_answer(Config { policy: Policy::Strict, ..own });
        let verdict = a.handle_input(Input::Answer(open.as_bytes()));
        assert_eq!(verdict, Verdict::Refused(Mismatch::Setup { section: 0 }));
    }
    // In a first answer there is nothing in force.
    let (mut a, mut b) = (side_with(1, &[Kind::Audio]), side(2));
    let text = offer(&mut a);
    let open = answer(&mut b, &text).replace("a=setup:active", "a=setup:actpass");
    let verdict = a.handle_input(Input::Answer(open.as_bytes()));
    assert_eq!(verdict, Verdict::Refused(Mismatch::Setup { section: 0 }));
}

#[test]
fn who_asks_is_told_what_a_side_could_do() {
    let own = config(1);
    let able = own.media_capabilities(7, Carriage::Ice).unwrap();
    let text = able.to_string();
    Session::accept(text.as_bytes(), Policy::Strict).unwrap();
    assert!(text.starts_with("v=0\r\no=- 7 1 IN IP4 0.0.0.0\r\ns=-\r\nt=0 0\r\n"), "{text}");
    assert_eq!(
        m_lines(&text),
        [
            "m=audio 0 UDP/TLS/RTP/SAVPF 111 96 0 97",
            "m=video 0 UDP/TLS/RTP/SAVPF 98 99 102 100",
            "m=application 0 UDP/DTLS/SCTP webrtc-datachannel",
        ]
    );
    for line in
        ["a=rtpmap:97 telephone-event/8000", "a=rtpmap:111 opus/48000/2", "a=fmtp:99 apt=98"]
    {
        assert!(text.contains(&format!("{line}\r\n")), "{line} is not in {text}");
    }
    let phone = own.media_capabilities(8, Carriage::Plain).unwrap().to_string();
    assert!(m_lines(&phone)[0].starts_with("m=audio 0 RTP/AVP"), "{phone}");
    assert_eq!(m_lines(&phone).len(), 2);
}

#[test]
fn rtcp_goes_where_it_is_said_to_and_else_beside() {
    let call = |line: &str| {
        let section = bare("audio 5005 RTP/AVP 0", [line].into_iter().filter(|l| !l.is_empty()));
        description(&[], &[section.replace("0.0.0.0", "192.0.2.4")])
    };
    for (line, port) in [("", 5006), ("a=rtcp:7000", 7000)] {
        let mut b = phone(2);
        answer(&mut b, &call(line));
        let direct = b.agreement().sections()[0].direct.as_ref().unwrap();
        assert_eq!((direct.port, direct.rtcp_port), (5005, port));
    }
    let mut b = phone(2);
    let at = |component: u8, port: u16| format!("1 {component} udp 5 192.0.2.9 {port} typ host");
    let candidates = [at(1, 6001), at(2, 6007)].map(|text| text.parse().unwrap());
    b.set_candidates(None, candidates.to_vec(), true).unwrap();
    let answered = answer(&mut b, &call(""));
    assert_eq!(m_lines(&answered), ["m=audio 6001 RTP/AVP 0"]);
    assert!(answered.contains("a=rtcp:6007 IN IP4 192.0.2.9\r\n"), "{answered}");
}
