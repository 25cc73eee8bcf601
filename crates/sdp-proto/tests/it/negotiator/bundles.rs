//! BUNDLE (RFC 9143, RFC 8829 §4.1.1).

use super::*;

fn with_policy(id: u8, policy: BundlePolicy, kinds: &[Kind]) -> Negotiator {
    let mut config = config(id);
    config.bundle = policy;
    let mut side = Negotiator::new(config);
    for kind in kinds {
        side.add(Transceiver::new(*kind)).unwrap();
    }
    side
}

const THREE: [Kind; 3] = [Kind::Audio, Kind::Audio, Kind::Video];

#[test]
fn the_policy_says_which_sections_of_a_first_offer_are_bundle_only() {
    let cases = [
        (BundlePolicy::MaxCompat, [false, false, false]),
        (BundlePolicy::Balanced, [false, true, false]),
        (BundlePolicy::MaxBundle, [false, true, true]),
    ];
    for (policy, expected) in cases {
        let text = offer(&mut with_policy(1, policy, &THREE));
        assert!(lines(&text, None).contains(&"a=group:BUNDLE 0 1 2"));
        for (index, bundle_only) in expected.into_iter().enumerate() {
            let section = lines(&text, Some(index));
            assert_eq!(section.contains(&"a=bundle-only"), bundle_only, "{text}");
            let port = if bundle_only { "0" } else { "9" };
            assert_eq!(section[0].split(' ').nth(1), Some(port));
            assert_eq!(section.iter().any(|l| l.starts_with("a=ice-ufrag")), !bundle_only);
            assert_eq!(section.iter().any(|l| l.starts_with("a=setup")), !bundle_only);
        }
    }
}

#[test]
fn port_zero_with_bundle_only_is_no_rejection() {
    for policy in [BundlePolicy::MaxCompat, BundlePolicy::Balanced, BundlePolicy::MaxBundle] {
        let mut a = with_policy(1, BundlePolicy::MaxBundle, &THREE);
        let mut b = with_policy(2, policy, &[]);
        let (_, answered) = exchange(&mut a, &mut b);
        assert!(m_lines(&answered).iter().all(|line| line.contains(" 9 ")), "{answered}");
        assert!(!answered.contains("a=bundle-only"));
        // Which is for offers alone (RFC 8858 §4.3).
        assert!(!answered.contains("a=rtcp-mux-only"));
        assert_eq!(answered.matches("a=ice-ufrag").count(), 1);
        for side in [&a, &b] {
            let sections = side.agreement().sections();
            assert!(sections.iter().all(|section| section.live && section.transport == 0));
            assert!(side.agreement().transport(2).is_some());
        }
    }
}

#[test]
fn a_later_offer_has_the_transport_in_the_first_section_alone_and_no_bundle_only() {
    let mut a = with_policy(1, BundlePolicy::MaxBundle, &THREE);
    let mut b = side(2);
    exchange(&mut a, &mut b);
    a.add(Transceiver::new(Kind::Data)).unwrap();
    let text = offer(&mut a);
    assert!(lines(&text, None).contains(&"a=group:BUNDLE 0 1 2 3"));
    assert_eq!(text.matches("a=ice-ufrag").count(), 1);
    assert!(m_lines(&text).iter().all(|line| line.contains(" 9 ")));
    assert!(!text.contains("a=bundle-only"));
    conclude(&mut a, &answer(&mut b, &text));
    assert_eq!(b.agreement().sections()[3].transport, 0);
}

#[test]
fn when_the_first_section_stops_the_next_one_carries_the_transport() {
    let (mut a, mut b) = (side_with(1, &[Kind::Audio, Kind::Video]), side(2));
    exchange(&mut a, &mut b);
    let (audio, _) = a.transceivers().next().unwrap();
    a.stop(audio).unwrap();
    let (text, answered) = exchange(&mut a, &mut b);
    for text in [&text, &answered] {
        assert!(lines(text, None).contains(&"a=group:BUNDLE 1"));
        assert!(lines(text, Some(1)).iter().any(|line| line.starts_with("a=ice-ufrag")));
    }
    for side in [&a, &b] {
        assert_eq!(side.agreement().sections()[1].transport, 1);
    }
}

#[test]
fn a_section_that_comes_to_carry_the_transport_may_be_answered_with_a_new_one() {
    let moved = || {
        let (mut a, mut b) = (side_with(1, &[Kind::Audio, Kind::Video]), side(2));
        exchange(&mut a, &mut b);
        let (audio, _) = a.transceivers().next().unwrap();
        a.stop(audio).unwrap();
        let text = offer(&mut a);
        (a, answer(&mut b, &text))
    };
    // As Chromium answers, which gives the old one up: other credentials, and another role.
    let (mut a, text) = moved();
    let other = text.replace("side2", "other").replace("setup:active", "setup:passive");
    let new = Event::NewTransport { mid: "1".parse().unwrap() };
    let [Event::State(SignalingState::Stable), Event::Negotiated { .. }, last] =
        &conclude(&mut a, &other)[..]
    else {
        panic!("other events")
    };
    assert_eq!(*last, new);
    let transport = a.agreement().transport(1).unwrap();
    assert_eq!((&transport.credentials, transport.role), (&credentials("other"), DtlsRole::Client));
    // As the rule has it: it goes on.
    let (mut c, same) = moved();
    assert!(!conclude(&mut c, &same).contains(&new));
    // Once it carries it, it is held to it.
    offer(&mut a);
    let verdict = a.handle_input(Input::Answer(text.as_bytes()));
    assert_eq!(verdict, Verdict::Refused(Mismatch::RestartNotOffered { section: 1 }));
}

#[test]
fn a_place_before_the_section_with_the_transport_stays_free() {
    let (mut a, mut b) = (side_with(1, &[Kind::Audio, Kind::Video]), side(2));
    exchange(&mut a, &mut b);
    let (audio, _) = a.transceivers().next().unwrap();
    a.stop(audio).unwrap();
    exchange(&mut a, &mut b);
    a.add(Transceiver::new(Kind::Audio)).unwrap();
    let (text, _) = exchange(&mut a, &mut b);
    assert_eq!(m_lines(&text).len(), 3);
    assert!(lines(&text, None).contains(&"a=group:BUNDLE 1 2"));
    // Nothing is carried any more: all places are free.
    let rest: Vec<_> = a.transceivers().map(|(id, _)| id).collect();
    for id in rest {
        a.stop(id).unwrap();
    }
    exchange(&mut a, &mut b);
    a.add(Transceiver::new(Kind::Data)).unwrap();
    let (text, _) = exchange(&mut a, &mut b);
    assert_eq!((m_lines(&text).len(), m_lines(&text)[0].contains("application 9")), (3, true));
}

#[test]
fn the_last_place_of_all_is_used_whatever_it_is_before() {
    let mut small = config(1);
    small.limits.media_max = 2;
    let (mut a, mut b) = (Negotiator::new(small), side(2));
    a.add(Transceiver::new(Kind::Audio)).unwrap();
    a.add(Transceiver::new(Kind::Video)).unwrap();
    exchange(&mut a, &mut b);
    let (audio, _) = a.transceivers().next().unwrap();
    a.stop(audio).unwrap();
    exchange(&mut a, &mut b);
    a.add(Transceiver::new(Kind::Audio)).unwrap();
    let (text, _) = exchange(&mut a, &mut b);
    assert!(m_lines(&text)[0].starts_with("m=audio 9 "));
    a.add(Transceiver::new(Kind::Audio)).unwrap();
    assert_eq!(a.offer(), Err(CommandError::Sections { max: 2 }));
}

#[test]
fn a_rejected_first_section_leaves_the_transport_to_one_that_has_one() {
    let mut a = with_policy(1, BundlePolicy::Balanced, &THREE);
    let mut b = side(2);
    let text = offer(&mut a);
    assert_eq!(take(&mut b, &text), Verdict::Consumed);
    b.reject(0).unwrap();
    b.answer().unwrap();
    let answered = said(&mut b);
    assert!(lines(&answered, None).contains(&"a=group:BUNDLE 2 1"), "{answered}");
    conclude(&mut a, &answered);
    assert_eq!(a.agreement().sections()[1].transport, 2);
    assert!(!a.agreement().sections()[0].live);
}

#[test]
fn without_a_first_section_what_is_bundle_only_goes_too() {
    let mut a = with_policy(1, BundlePolicy::MaxBundle, &THREE);
    let mut b = side(2);
    let text = offer(&mut a);
    assert_eq!(take(&mut b, &text), Verdict::Consumed);
    b.reject(0).unwrap();
    assert!(b.judgement().unwrap().iter().all(|section| !section.live));
    assert!(b.explain().iter().any(|line| line.reason == Reason::TagRejected));
    b.answer().unwrap();
    let answered = said(&mut b);
    // Nothing is left of the group, and the answer says so.
    assert!(lines(&answered, None).contains(&"a=group:BUNDLE"));
    conclude(&mut a, &answered);
    // An offer of nothing says it as well.
    assert!(lines(&offer(&mut a), None).contains(&"a=group:BUNDLE"));
}

#[test]
fn the_first_section_of_a_group_that_exists_takes_the_others_with_it() {
    let (mut a, mut b) = (side_with(1, &[Kind::Audio, Kind::Video]), side(2));
    exchange(&mut a, &mut b);
    let text = offer(&mut a);
    assert_eq!(take(&mut b, &text), Verdict::Consumed);
    b.reject(0).unwrap();
    assert!(b.judgement().unwrap().iter().all(|section| !section.live));
}

#[test]
fn a_peer_without_bundle_gets_transports_of_their_own_by_policy() {
    let mut a = with_policy(1, BundlePolicy::MaxCompat, &THREE);
    let text = offer(&mut a).replace("a=group:BUNDLE 0 1 2\r\n", "");
    for (policy, live) in [
        (BundlePolicy::MaxCompat, [true, true, true]),
        (BundlePolicy::Balanced, [true, false, true]),
        (BundlePolicy::MaxBundle, [true, false, false]),
    ] {
        let mut b = with_policy(2, policy, &[]);
        let answered = answer(&mut b, &text);
        let got: Vec<bool> = b.agreement().sections().iter().map(|s| s.live).collect();
        assert_eq!(got, live);
        assert_eq!(answered.matches("a=ice-ufrag").count(), got.iter().filter(|l| **l).count());
    }
}

#[test]
fn an_answer_may_bundle_less_but_not_otherwise_than_offered() {
    let mut a = with_policy(1, BundlePolicy::MaxCompat, &[Kind::Audio, Kind::Video]);
    let mut b = with_policy(2, BundlePolicy::MaxCompat, &[]);
    let text = offer(&mut a).replace("LE 0 1", "LE 0");
    let apart = answer(&mut b, &text);
    conclude(&mut a, &apart);
    assert_eq!(a.agreement().sections()[1].transport, 1);

    let mut a = with_policy(1, BundlePolicy::Balanced, &[Kind::Audio, Kind::Audio]);
    let mut b = with_policy(2, BundlePolicy::MaxCompat, &[]);
    let text = offer(&mut a);
    let good = answer(&mut b, &text);
    let verdict = a.handle_input(Input::Answer(good.replace("LE 0 1", "LE 0").as_bytes()));
    assert_eq!(verdict, Verdict::Refused(Mismatch::Bundle { section: 1 }));
}

#[test]
fn a_bundle_only_section_never_carries_the_transport() {
    let mut a = with_policy(1, BundlePolicy::MaxBundle, &[Kind::Audio, Kind::Video]);
    let text = offer(&mut a);
    let (shared, own): (Vec<&str>, Vec<&str>) = text.lines().partition(|line| {
        line.starts_with("a=ice-")
            || line.starts_with("a=fingerprint")
            || *line == "a=setup:actpass"
    });
    // In the session part they hold for all sections, for those with port 0 as well.
    let moved = [&own[..5], &shared[..], &own[5..]].concat().join("\r\n") + "\r\n";
    let mut b = side(2);
    assert_eq!(take(&mut b, &moved), Verdict::Consumed);
    assert!(b.judgement().unwrap().iter().all(|section| section.live));
    b.reject(0).unwrap();
    assert!(b.judgement().unwrap().iter().all(|section| !section.live));
}
