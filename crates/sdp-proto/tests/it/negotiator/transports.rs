//! ICE restarts, DTLS roles and rtcp-mux (RFC 8839 §4.4, RFC 8842 §5, RFC 5761 §5.1).

use super::*;
use sdp_proto::attribute::Setup;

#[test]
fn a_restart_is_an_event_and_takes_new_credentials_on_both_sides() {
    let (mut a, mut b) = (side_with(1, &[Kind::Audio, Kind::Video]), side(2));
    exchange(&mut a, &mut b);
    drain(&mut a);
    a.restart_ice(credentials("anew")).unwrap();
    assert_eq!(drain(&mut a).1, [Event::NegotiationNeeded]);
    let text = offer(&mut a);
    assert_eq!(take(&mut b, &text), Verdict::Consumed);
    let restart = Event::IceRestart { mid: "0".parse().unwrap() };
    assert_eq!(drain(&mut b).1.iter().filter(|event| **event == restart).count(), 1);
    assert_eq!(b.answer(), Err(CommandError::CredentialsNeeded));
    b.restart_ice(credentials("bnew")).unwrap();
    b.answer().unwrap();
    let answered = said(&mut b);
    assert!(answered.contains("a=ice-ufrag:bnew\r\n"));
    // A transport that was asked for is none to be told of.
    let events = conclude(&mut a, &answered);
    assert!(!events.iter().any(|event| matches!(event, Event::NewTransport { .. })));
    let peer = |side: &Negotiator| side.agreement().transport(1).unwrap().credentials.clone();
    assert_eq!((peer(&a), peer(&b)), (credentials("bnew"), credentials("anew")));
    assert!(!a.negotiation_needed() && !b.negotiation_needed());
}

#[test]
fn an_answer_restarts_exactly_if_the_offer_did() {
    let (mut a, mut b) = (side_with(1, &[Kind::Audio]), side(2));
    exchange(&mut a, &mut b);
    let text = offer(&mut a);
    let plain = answer(&mut b, &text);
    let changed = plain.replace("ufrag:side2", "ufrag:other");
    let verdict = a.handle_input(Input::Answer(changed.as_bytes()));
    assert_eq!(verdict, Verdict::Refused(Mismatch::RestartNotOffered { section: 0 }));
    let changed = plain.replace("sha-256 02", "sha-256 03");
    let verdict = a.handle_input(Input::Answer(changed.as_bytes()));
    assert_eq!(verdict, Verdict::Refused(Mismatch::RestartNotOffered { section: 0 }));
    conclude(&mut a, &plain);
    a.restart_ice(credentials("anew")).unwrap();
    offer(&mut a);
    let verdict = a.handle_input(Input::Answer(plain.as_bytes()));
    assert_eq!(verdict, Verdict::Refused(Mismatch::RestartIgnored { section: 0 }));
}

#[test]
fn an_own_restart_waits_while_an_offer_without_one_is_answered() {
    let (mut a, mut b) = (side_with(1, &[Kind::Audio]), side(2));
    exchange(&mut a, &mut b);
    a.restart_ice(credentials("anew")).unwrap();
    let (_, answered) = exchange(&mut b, &mut a);
    assert!(answered.contains("a=ice-ufrag:side1\r\n"));
    assert!(a.negotiation_needed());
    assert!(offer(&mut a).contains("a=ice-ufrag:anew\r\n"));
}

#[test]
fn credentials_that_stay_are_no_restart() {
    let (mut a, mut b) = (side_with(1, &[Kind::Audio]), side(2));
    exchange(&mut a, &mut b);
    a.add(Transceiver::new(Kind::Video)).unwrap();
    let text = offer(&mut a);
    assert_eq!(take(&mut b, &text), Verdict::Consumed);
    assert!(!drain(&mut b).1.iter().any(|event| matches!(event, Event::IceRestart { .. })));
}

/// The `ice-ufrag` of each section, `-` for none.
fn ufrags(text: &str) -> Vec<&str> {
    let ufrag = |index| {
        let mut lines = lines(text, Some(index)).into_iter();
        lines.find_map(|line| line.strip_prefix("a=ice-ufrag:")).unwrap_or("-")
    };
    (0..m_lines(text).len()).map(ufrag).collect()
}

fn own(kind: Kind, text: &str) -> Transceiver {
    Transceiver { credentials: Some(credentials(text)), ..Transceiver::new(kind) }
}

#[test]
fn each_transport_may_have_credentials_of_its_own() {
    let (mut a, mut b) = (side(1), side(2));
    a.add(own(Kind::Audio, "audio")).unwrap();
    a.add(own(Kind::Video, "video")).unwrap();
    a.add(Transceiver::new(Kind::Data)).unwrap();
    let text = offer(&mut a);
    assert_eq!(ufrags(&text), ["audio", "video", "side1"]);
    // A peer without BUNDLE has a transport for each, and may have credentials for each as well.
    let mut lone = config(3);
    lone.bundle = BundlePolicy::MaxCompat;
    let mut lone = Negotiator::new(lone);
    lone.add(own(Kind::Video, "theirs")).unwrap();
    let ungrouped = |text: String| text.replace("a=group:BUNDLE 0 1 2\r\n", "");
    let apart = answer(&mut lone, &ungrouped(text.clone()));
    assert_eq!(ufrags(&apart), ["side3", "theirs", "side3"]);
    let mut fork = a.clone();
    conclude(&mut fork, &apart);
    let local = |side: &Negotiator, index: usize| {
        side.agreement().sections()[index].local_credentials.clone().unwrap()
    };
    assert_eq!(local(&fork, 0), credentials("audio"));
    assert_eq!((local(&fork, 1), local(&lone, 1)), (credentials("video"), credentials("theirs")));
    // In a group all use the transport of the first.
    conclude(&mut a, &answer(&mut b, &text));
    assert_eq!((local(&a, 0), local(&a, 2)), (credentials("audio"), credentials("audio")));
    assert!(!a.negotiation_needed() && !fork.negotiation_needed());
    // One transport restarts, the others go on.
    drain(&mut fork);
    let video = fork.agreement().sections()[1].transceiver.unwrap();
    fork.update(video, |wish| wish.credentials = Some(credentials("again"))).unwrap();
    assert_eq!(drain(&mut fork).1, [Event::NegotiationNeeded]);
    let text = ungrouped(offer(&mut fork));
    assert_eq!(ufrags(&text), ["audio", "again", "side1"]);
    assert_eq!(take(&mut lone, &text), Verdict::Consumed);
    let restarts: Vec<Event> = drain(&mut lone).1;
    let restarts = restarts.iter().filter(|event| matches!(event, Event::IceRestart { .. }));
    assert_eq!(restarts.collect::<Vec<_>>(), [&Event::IceRestart { mid: "1".parse().unwrap() }]);
    // New credentials of other transports are not those that it takes.
    lone.restart_ice(credentials("common")).unwrap();
    assert_eq!(lone.answer(), Err(CommandError::CredentialsNeeded));
    let video = lone.agreement().sections()[1].transceiver.unwrap();
    lone.update(video, |wish| wish.credentials = Some(credentials("anew"))).unwrap();
    lone.answer().unwrap();
    let answered = said(&mut lone);
    assert_eq!(ufrags(&answered), ["side3", "anew", "side3"]);
    conclude(&mut fork, &answered);
    assert!(!fork.negotiation_needed());
    // The restart of the others waited for an offer.
    assert!(lone.negotiation_needed());
    assert_eq!(ufrags(&offer(&mut lone)), ["common", "anew", "common"]);
}

#[test]
fn a_transport_keeps_its_credentials_when_another_section_carries_it() {
    let (mut a, mut b) = (side(1), side(2));
    let audio = a.add(own(Kind::Audio, "audio")).unwrap();
    let video = a.add(own(Kind::Video, "video")).unwrap();
    exchange(&mut a, &mut b);
    a.stop(audio).unwrap();
    let text = offer(&mut a);
    assert_eq!(ufrags(&text), ["-", "audio"]);
    conclude(&mut a, &answer(&mut b, &text));
    assert!(!a.negotiation_needed());
    a.update(video, |wish| wish.credentials = None).unwrap();
    assert_eq!(ufrags(&offer(&mut a)), ["-", "side1"]);
}

#[test]
fn what_leaves_a_group_has_a_transport_of_its_own() {
    let (mut a, mut lone) = (side(1), config(2));
    lone.bundle = BundlePolicy::MaxCompat;
    let mut b = Negotiator::new(lone);
    a.add(own(Kind::Audio, "audio")).unwrap();
    let video = a.add(own(Kind::Video, "video")).unwrap();
    b.add(own(Kind::Audio, "first")).unwrap();
    b.add(own(Kind::Video, "second")).unwrap();
    let (_, answered) = exchange(&mut a, &mut b);
    assert_eq!(ufrags(&answered), ["first", "-"]);
    a.update(video, |wish| wish.bundling = Bundling::Apart).unwrap();
    let (text, answered) = exchange(&mut a, &mut b);
    assert!(text.contains("a=group:BUNDLE 0\r\n"), "{text}");
    assert_eq!(ufrags(&text), ["audio", "video"]);
    assert_eq!(ufrags(&answered), ["first", "second"]);
    assert!(!a.negotiation_needed() && !b.negotiation_needed());
    // What has left stays apart.
    a.update(video, |wish| wish.bundling = Bundling::Member).unwrap();
    assert!(offer(&mut a).contains("a=group:BUNDLE 0\r\n"));
}

#[test]
fn candidates_are_those_of_the_credentials() {
    let candidate = |port: u16| format!("1 1 udp 5 192.0.2.9 {port} typ host").parse().unwrap();
    let (mut a, mut b) = (side(1), side(2));
    let audio = a.add(own(Kind::Audio, "audio")).unwrap();
    exchange(&mut a, &mut b);
    let mid = a.mid_of(audio);
    a.set_candidates(mid.clone(), vec![candidate(7000)], true).unwrap();
    // Others restart: this transport has what it had.
    a.restart_ice(credentials("common")).unwrap();
    assert!(offer(&mut a).contains("typ host"));
    a.rollback().unwrap();
    drain(&mut a);
    a.update(audio, |wish| wish.credentials = Some(credentials("again"))).unwrap();
    assert!(!offer(&mut a).contains("typ host"));
    a.rollback().unwrap();
    drain(&mut a);
    a.set_candidates(mid, vec![candidate(7001)], true).unwrap();
    // An answer may not restart, so that neither goes with it.
    let (_, answered) = exchange(&mut b, &mut a);
    assert!(answered.contains("ufrag:audio") && !answered.contains("typ host"), "{answered}");
    assert!(offer(&mut a).contains(" 7001 typ host"));
}

#[test]
fn dtls_roles_complement_each_other_and_stay_whoever_offers() {
    for (setup, role) in [(Setup::Active, DtlsRole::Client), (Setup::Passive, DtlsRole::Server)] {
        let (mut a, mut b) = (side_with(1, &[Kind::Data]), config(2));
        b.setup = setup;
        let mut b = Negotiator::new(b);
        let check = |a: &Negotiator, b: &Negotiator| {
            let of = |side: &Negotiator| side.agreement().transport(0).unwrap().role;
            assert_eq!(of(b), role);
            assert_ne!(of(a), of(b));
        };
        exchange(&mut a, &mut b);
        check(&a, &b);
        let (text, _) = exchange(&mut b, &mut a);
        assert!(text.contains("a=setup:actpass"));
        check(&a, &b);
    }
}

#[test]
fn a_fixed_role_in_an_offer_is_met_and_holdconn_rejects() {
    for (word, expected) in [("active", "passive"), ("passive", "active"), ("holdconn", "")] {
        let (mut a, mut b) = (side_with(1, &[Kind::Data]), side(2));
        let text = offer(&mut a).replace("setup:actpass", &format!("setup:{word}"));
        let answered = answer(&mut b, &text);
        if expected.is_empty() {
            assert!(m_lines(&answered)[0].starts_with("m=application 0"));
            assert!(b.explain().iter().any(|line| line.reason == Reason::HoldConn));
        } else {
            assert!(answered.contains(&format!("a=setup:{expected}\r\n")));
        }
    }
}

#[test]
fn rtcp_without_mux_is_rejected_or_put_up_with_by_policy() {
    let mut a = side_with(1, &[Kind::Audio]);
    let text = offer(&mut a).replace("a=rtcp-mux\r\n", "").replace("a=rtcp-mux-only\r\n", "");
    let mut b = side(2);
    let answered = answer(&mut b, &text);
    assert!(m_lines(&answered)[0].starts_with("m=audio 0"));
    assert!(b.explain().iter().any(|line| line.reason == Reason::NoRtcpMux));

    let mut lenient = config(3);
    lenient.rtcp_mux = RtcpMuxPolicy::Negotiate;
    let mut c = Negotiator::new(lenient);
    let answered = answer(&mut c, &text);
    assert!(m_lines(&answered)[0].starts_with("m=audio 9") && !answered.contains("rtcp-mux"));
    assert!(!c.agreement().sections()[0].rtcp_mux);
}

#[test]
fn rtcp_mux_of_the_section_with_the_transport_holds_for_the_group() {
    let (mut a, mut b) = (side_with(1, &[Kind::Audio, Kind::Video]), side(2));
    exchange(&mut a, &mut b);
    let text = offer(&mut a);
    let at = text.rfind("a=rtcp-mux\r\n").unwrap();
    let text = [&text[..at], &text[at + "a=rtcp-mux\r\n".len()..]].concat();
    let answered = answer(&mut b, &text);
    assert!(m_lines(&answered)[1].starts_with("m=video 9"));
    assert!(b.agreement().sections()[1].rtcp_mux);
}

#[test]
fn credentials_and_fingerprints_of_the_session_part_count() {
    let (mut a, mut b) = (side_with(1, &[Kind::Audio]), side(2));
    let text = offer(&mut a);
    let moved: Vec<&str> = text
        .lines()
        .filter(|line| line.starts_with("a=ice-") || line.starts_with("a=fingerprint"))
        .collect();
    let mut without: Vec<&str> = text.lines().filter(|line| !moved.contains(line)).collect();
    without.splice(4..4, moved);
    let answered = answer(&mut b, &(without.join("\r\n") + "\r\n"));
    assert!(m_lines(&answered)[0].starts_with("m=audio 9"));
    assert_eq!(b.agreement().transport(0).unwrap().credentials, credentials("side1"));
}

#[test]
fn a_section_without_transport_is_rejected() {
    for (gone, reason) in
        [("a=ice-pwd", Reason::NoCredentials), ("a=fingerprint", Reason::NoFingerprint)]
    {
        let (mut a, mut b) = (side_with(1, &[Kind::Audio]), side(2));
        let text: Vec<String> = offer(&mut a)
            .lines()
            .filter(|line| !line.starts_with(gone))
            .map(|line| format!("{line}\r\n"))
            .collect();
        let answered = answer(&mut b, &text.concat());
        assert!(m_lines(&answered)[0].starts_with("m=audio 0"));
        assert!(b.explain().iter().any(|line| line.reason == reason));
    }
}
