//! Sections without ICE, as SIP phones and trunks have them (RFC 3264, RFC 4568, RFC 5763), beside
//! those of browsers.

use super::peer::{bare, description, live};
use super::*;
use sdp_proto::attribute::{Crypto, Direction};

fn crypto(tag: u32, key: &str) -> Crypto<'static> {
    Crypto {
        tag,
        suite: "AES_CM_128_HMAC_SHA1_80".parse().unwrap(),
        keys: format!("inline:{key}").parse().unwrap(),
        session: None,
    }
}

/// A side that bears everything, at 192.0.2.9:6000.
fn gateway(id: u8) -> Negotiator {
    let mut config = config(id);
    config.direct =
        Direct { plain: true, dtls: true, crypto: vec![crypto(1, &format!("key{id}"))] };
    let mut side = Negotiator::new(config);
    let candidate = "1 1 udp 5 192.0.2.9 6000 typ host".parse().unwrap();
    side.set_candidates(None, vec![candidate], true).unwrap();
    side
}

fn phone(section: &str) -> String {
    description(&["c=IN IP4 192.0.2.4"], &[section.to_owned()])
        .replace("t=0 0\r\nc=IN IP4 192.0.2.4", "c=IN IP4 192.0.2.4\r\nt=0 0")
}

fn section(line: &str, attributes: &[&str]) -> String {
    bare(line, attributes.iter().copied()).replacen("c=IN IP4 0.0.0.0\r\n", "", 1)
}

#[test]
fn rtp_in_clear_is_answered_where_it_is_borne() {
    let text = phone(&section("audio 5004 RTP/AVP 0 101", &["a=rtpmap:101 telephone-event/8000"]));
    let mut b = gateway(2);
    let answered = answer(&mut b, &text);
    assert_eq!(m_lines(&answered), ["m=audio 6000 RTP/AVP 0 101"]);
    assert!(lines(&answered, Some(0)).contains(&"c=IN IP4 192.0.2.9"), "{answered}");
    for word in ["ice", "fingerprint", "setup", "group", "candidate", "mid", "rtcp-mux"] {
        assert!(!answered.contains(word), "{word} in {answered}");
    }
    let direct = b.agreement().sections()[0].direct.as_ref().unwrap();
    assert_eq!((direct.port, direct.connection.to_string()), (5004, "IN IP4 192.0.2.4".into()));
    assert_eq!(direct.rtcp_port, 5005);
    assert_eq!(direct.protection, Protection::None);
    // It is not where nobody asked for it.
    let mut c = side(3);
    assert_eq!(m_lines(&answer(&mut c, &text)), ["m=audio 0 RTP/AVP 0 101"]);
    assert!(c.explain().iter().any(|line| line.reason == Reason::Protocol));
}

#[test]
fn keys_in_the_description_are_chosen_by_suite_and_told_apart_by_tag() {
    let lines_of = [
        "a=crypto:1 AES_256_CM_HMAC_SHA1_80 inline:other",
        "a=crypto:4 AES_CM_128_HMAC_SHA1_80 inline:theirs",
    ];
    for proto in ["RTP/SAVP", "RTP/AVP"] {
        let text = phone(&section(&format!("audio 5004 {proto} 0"), &lines_of));
        let mut b = gateway(2);
        let answered = answer(&mut b, &text);
        assert_eq!(m_lines(&answered), [format!("m=audio 6000 {proto} 0")]);
        assert!(
            answered.contains("a=crypto:4 AES_CM_128_HMAC_SHA1_80 inline:key2\r\n"),
            "{answered}"
        );
        assert_eq!(answered.matches("a=crypto").count(), 1);
        let direct = b.agreement().sections()[0].direct.clone().unwrap();
        let Protection::Sdes { local, remote } = direct.protection else { panic!("no keys") };
        assert_eq!((local, remote.keys.as_str()), (crypto(4, "key2"), "inline:theirs"));
    }
    let text = phone(&section("audio 5004 RTP/SAVP 0", &lines_of[..1]));
    let mut b = gateway(3);
    assert!(m_lines(&answer(&mut b, &text))[0].starts_with("m=audio 0 "));
    assert!(b.explain().iter().any(|line| line.reason == Reason::NoKeys));
}

#[test]
fn dtls_goes_without_ice() {
    let print = format!("a=fingerprint:sha-256 {}", vec!["07"; 32].join(":"));
    let text = phone(&section("audio 5004 UDP/TLS/RTP/SAVP 0", &[&print, "a=setup:actpass"]));
    let mut b = gateway(2);
    let answered = answer(&mut b, &text);
    assert_eq!(m_lines(&answered), ["m=audio 6000 UDP/TLS/RTP/SAVP 0"]);
    assert!(answered.contains("a=setup:active\r\n") && answered.contains("a=fingerprint:"));
    assert!(!answered.contains("a=ice"), "{answered}");
    let direct = b.agreement().sections()[0].direct.clone().unwrap();
    assert!(matches!(direct.protection, Protection::Dtls { role: DtlsRole::Client, .. }));
    let mut c = side(3);
    assert!(m_lines(&answer(&mut c, &text))[0].starts_with("m=audio 0 "));
    assert!(c.explain().iter().any(|line| line.reason == Reason::NoCredentials));
}

#[test]
fn every_carriage_is_offered_and_agreed_on_by_two_gateways() {
    for (carriage, proto) in [
        (Carriage::Plain, "RTP/AVP"),
        (Carriage::Sdes, "RTP/SAVP"),
        (Carriage::BestEffort, "RTP/AVP"),
        (Carriage::Dtls, "UDP/TLS/RTP/SAVP"),
        (Carriage::Ice, "UDP/TLS/RTP/SAVPF"),
    ] {
        let (mut a, mut b) = (gateway(1), gateway(2));
        a.add(Transceiver { carriage, ..Transceiver::new(Kind::Audio) }).unwrap();
        let (text, answered) = exchange(&mut a, &mut b);
        assert!(m_lines(&text)[0].starts_with(&format!("m=audio 6000 {proto} ")), "{text}");
        let keys = matches!(carriage, Carriage::Sdes | Carriage::BestEffort);
        assert_eq!(text.contains("a=crypto:1 "), keys, "{text}");
        assert_eq!(text.contains("a=ice-ufrag"), carriage == Carriage::Ice, "{text}");
        assert_eq!(text.contains("a=group"), carriage == Carriage::Ice, "{text}");
        let (ours, theirs) = (&a.agreement().sections()[0], &b.agreement().sections()[0]);
        assert!(ours.live && theirs.live, "{carriage:?}: {answered}");
        assert_eq!(ours.direct.is_some(), carriage != Carriage::Ice);
        assert_eq!(ours.own_transport.is_some(), carriage == Carriage::Ice);
        if let (Some(ours), Some(theirs)) = (&ours.direct, &theirs.direct) {
            match (&ours.protection, &theirs.protection) {
                (Protection::None, Protection::None) => assert_eq!(carriage, Carriage::Plain),
                (
                    Protection::Sdes { local, remote },
                    Protection::Sdes { local: their, remote: own },
                ) => {
                    assert_eq!((local, remote), (own, their));
                }
                (Protection::Dtls { role, .. }, Protection::Dtls { role: other, .. }) => {
                    assert_ne!(role, other);
                }
                other => panic!("{other:?}"),
            }
        }
        // Later offers of either side go on as they were.
        let (again, _) = exchange(&mut b, &mut a);
        assert_eq!(m_lines(&again)[0].split(' ').nth(2), Some(proto));
        assert!(b.agreement().sections()[0].live && !b.negotiation_needed());
    }
}

#[test]
fn a_phone_and_a_browser_have_sections_side_by_side() {
    let (mut a, mut b) = (gateway(1), gateway(2));
    a.add(Transceiver::new(Kind::Video)).unwrap();
    a.add(Transceiver::new(Kind::Audio)).unwrap();
    a.add(Transceiver { carriage: Carriage::Plain, ..Transceiver::new(Kind::Audio) }).unwrap();
    let (text, answered) = exchange(&mut a, &mut b);
    for text in [&text, &answered] {
        assert!(lines(text, None).contains(&"a=group:BUNDLE 0 1"), "{text}");
        assert!(!lines(text, Some(2)).iter().any(|line| line.starts_with("a=ice")), "{text}");
    }
    assert_eq!(b.agreement().sections()[2].transport, 2);
    assert!(b.agreement().transport(2).is_none());
}

#[test]
fn calls_are_held_in_the_old_style_and_in_the_new() {
    let call = |version: u64, address: &str, way: &str| {
        let text = phone(&section("audio 5004 RTP/AVP 0", &[way]));
        text.replace("77 1 IN", &format!("77 {version} IN")).replace("c=IN IP4 192.0.2.4", address)
    };
    let mut b = gateway(2);
    b.add(Transceiver::new(Kind::Audio)).unwrap();
    let up = "c=IN IP4 192.0.2.4";
    let cases = [
        (up, "a=sendrecv", Direction::SendRecv),
        (up, "a=sendonly", Direction::RecvOnly),
        (up, "a=sendrecv", Direction::SendRecv),
        ("c=IN IP4 0.0.0.0", "a=sendrecv", Direction::RecvOnly),
        ("c=IN IP4 0.0.0.0", "a=recvonly", Direction::Inactive),
        (up, "a=sendrecv", Direction::SendRecv),
    ];
    for (version, (address, way, expected)) in cases.into_iter().enumerate() {
        let answered = answer(&mut b, &call(version as u64 + 1, address, way));
        assert_eq!(b.agreement().sections()[0].direction, expected, "{answered}");
    }
}

#[test]
fn text_of_a_conversation_is_a_kind_of_its_own() {
    let lines_of = ["a=rtpmap:98 t140/1000", "a=rtpmap:100 red/1000", "a=fmtp:100 98/98/98"];
    let text = phone(&section("text 5010 RTP/AVP 98 100", &lines_of));
    let mut own = config(2);
    own.direct.plain = true;
    own.text.codecs = vec![Codec::new("t140", 1000.try_into().unwrap()).unwrap().with_redundancy()];
    let mut b = Negotiator::new(own);
    let answered = answer(&mut b, &text);
    assert_eq!(m_lines(&answered), ["m=text 9 RTP/AVP 98 100"]);
    assert_eq!(b.agreement().sections()[0].kind, Some(Kind::Text));
}

#[test]
fn who_is_called_without_an_offer_makes_it() {
    // An INVITE without a description: the offer comes with the answer to the call, and the answer to
    // it with the acknowledgement (RFC 3264 §4).
    let (mut caller, mut callee) = (gateway(1), gateway(2));
    let voice = || Transceiver { carriage: Carriage::Plain, ..Transceiver::new(Kind::Audio) };
    caller.add(voice()).unwrap();
    callee.add(voice()).unwrap();
    // Who waits for it has nothing to answer and nothing out.
    assert_eq!(caller.answer(), Err(CommandError::State { state: SignalingState::Stable }));
    let (text, answered) = exchange(&mut callee, &mut caller);
    assert!(m_lines(&text)[0].starts_with("m=audio 6000 RTP/AVP "), "{text}");
    assert!(m_lines(&answered)[0].starts_with("m=audio 6000 RTP/AVP "), "{answered}");
    // The same with a call that is there: the other side is asked what it would have now.
    callee.add(Transceiver { carriage: Carriage::Plain, ..Transceiver::new(Kind::Video) }).unwrap();
    let (text, _) = exchange(&mut callee, &mut caller);
    assert_eq!(m_lines(&text).len(), 2);
    assert!(caller.agreement().sections()[1].live && !callee.negotiation_needed());
}

#[test]
fn an_offer_whose_version_stands_still_is_no_change() {
    let text = phone(&section("audio 5004 RTP/AVP 0", &[]));
    let next = text.replace("77 1 IN", "77 2 IN").replace("5004", "5008");
    let mut b = gateway(2);
    let first = answer(&mut b, &text);
    drain(&mut b);
    // The same once more, with the same answer, whatever is wanted by then (RFC 3264 §8).
    let (id, _) = b.transceivers().next().unwrap();
    b.set_direction(id, Direction::Inactive).unwrap();
    drain(&mut b);
    assert_eq!(take(&mut b, &text), Verdict::Consumed);
    assert_eq!(drain(&mut b), (Some(first.clone()), Vec::new()));
    // A session that is refreshed from the other side: what was an answer comes as an offer.
    let mut a = gateway(3);
    a.add(Transceiver { carriage: Carriage::Plain, ..Transceiver::new(Kind::Audio) }).unwrap();
    offer(&mut a);
    conclude(&mut a, &text);
    assert_eq!(take(&mut a, &text), Verdict::Consumed);
    assert!(!drain(&mut a).1.iter().any(|event| matches!(event, Event::Origin(_))));
    a.answer().unwrap();
    let again = said(&mut a);
    // Versions of this side rise by one.
    let version = |text: &str| -> u64 {
        let origin = text.lines().nth(1).unwrap();
        origin.split(' ').nth(2).unwrap().parse().unwrap()
    };
    assert_eq!(version(&again), 2);
    assert_eq!(version(&answer(&mut b, &next)), version(&first) + 1);
}

#[test]
fn an_offer_with_keys_needs_some() {
    let mut a = side(1);
    let wish = Transceiver { carriage: Carriage::Sdes, ..Transceiver::new(Kind::Audio) };
    let id = a.add(wish).unwrap();
    assert_eq!(a.offer(), Err(CommandError::NoKeys));
    assert_eq!(a.state(), SignalingState::Stable);
    // Who would rather have keys does without.
    a.update(id, |wish| wish.carriage = Carriage::BestEffort).unwrap();
    assert_eq!(m_lines(&offer(&mut a))[0].split(' ').nth(2), Some("RTP/AVP"));
}

#[test]
fn keys_with_the_fingerprint_of_others_are_no_dtls() {
    let print = format!("a=fingerprint:sha-256 {}", vec!["07"; 32].join(":"));
    let key = "a=crypto:1 AES_256_CM_HMAC_SHA1_80 inline:other";
    for (setup, port) in [(None, "0"), (Some("a=setup:actpass"), "6000")] {
        let attributes: Vec<_> = [key].into_iter().chain(setup).collect();
        let section = section("audio 5004 RTP/SAVP 0", &attributes);
        let text = phone(&section).replacen("m=", &format!("{print}\r\nm="), 1);
        let answered = answer(&mut gateway(2), &text);
        assert_eq!(m_lines(&answered)[0].split(' ').nth(1), Some(port), "{answered}");
    }
}

#[test]
fn what_relies_on_the_transport_of_a_rejected_section_goes_with_it() {
    let print = format!("a=fingerprint:sha-256 {}", vec!["07"; 32].join(":"));
    let tag = live("audio 9 UDP/TLS/RTP/SAVPF 96", &["a=mid:a", "a=rtpmap:96 unknown/8000"]);
    let member = ["a=mid:v", "a=rtcp-mux", "a=setup:actpass", "a=rtpmap:97 VP8/90000"];
    let member = bare("video 9 UDP/TLS/RTP/SAVPF 97", member);
    let text = description(&["a=group:BUNDLE a v", &print], &[tag, member]);
    let without = |side: Negotiator| {
        let config = Config { bundle: BundlePolicy::Without, ..side.config().clone() };
        Negotiator::new(config)
    };
    for mut b in [gateway(2), without(gateway(2))] {
        let answered = answer(&mut b, &text);
        for line in m_lines(&answered) {
            assert_eq!(line.split(' ').nth(1), Some("0"), "{answered}");
        }
    }
}
