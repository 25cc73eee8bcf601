//! Sections that the application serves itself, and voice that becomes fax (RFC 3264 §6, §8.3.3).

use super::peer::{bare, description, live};
use super::*;
use sdp_proto::attribute::Direction;

fn fax(port: u16) -> OtherMedia {
    let media = OtherMedia::new("image", "udptl", ["t38"]).unwrap();
    let media = media.at("192.0.2.9".parse().unwrap(), port.try_into().unwrap());
    media.with_attribute("T38FaxVersion", Some("0")).unwrap()
}

fn chat() -> OtherMedia {
    let media = OtherMedia::new("message", "TCP/MSRP", ["*"]).unwrap();
    let media = media.at("192.0.2.9".parse().unwrap(), 2855.try_into().unwrap());
    let media = media.with_attribute("accept-types", Some("text/plain")).unwrap();
    media.with_attribute("setup", Some("active")).unwrap()
}

/// A side that bears phones.
fn gateway(id: u8) -> Negotiator {
    let mut config = config(id);
    config.direct.plain = true;
    let mut side = Negotiator::new(config);
    let candidate = "1 1 udp 5 192.0.2.9 6000 typ host".parse().unwrap();
    side.set_candidates(None, vec![candidate], true).unwrap();
    side
}

fn voice() -> Transceiver {
    Transceiver { carriage: Carriage::Plain, ..Transceiver::new(Kind::Audio) }
}

fn fax_offer(version: u64, sections: &[String]) -> String {
    description(&[], sections)
        .replace("77 1 IN", &format!("77 {version} IN"))
        .replace("c=IN IP4 0.0.0.0", "c=IN IP4 192.0.2.4")
}

fn t38(port: u16) -> String {
    bare(&format!("image {port} udptl t38"), ["a=T38FaxVersion:1", "a=T38FaxRateManagement:local"])
}

#[test]
fn what_the_application_serves_is_offered_and_answered_by_it() {
    let (mut a, mut b) = (gateway(1), gateway(2));
    a.add(Transceiver::new(Kind::Audio)).unwrap();
    a.add(Transceiver::other(fax(7000))).unwrap();
    a.add(Transceiver::other(chat())).unwrap();
    let text = offer(&mut a);
    assert_eq!(m_lines(&text)[1..], ["m=image 7000 udptl t38", "m=message 2855 TCP/MSRP *"]);
    let expected = ["c=IN IP4 192.0.2.9", "a=mid:1", "a=T38FaxVersion:0"];
    assert_eq!(lines(&text, Some(1))[1..], expected);
    let expected = ["c=IN IP4 192.0.2.9", "a=mid:2", "a=accept-types:text/plain", "a=setup:active"];
    assert_eq!(lines(&text, Some(2))[1..], expected);
    assert!(lines(&text, None).contains(&"a=group:BUNDLE 0"), "{text}");
    // Whoever answers may serve one section and not the other.
    b.add(Transceiver::other(fax(8000)).with_direction(Direction::RecvOnly)).unwrap();
    let answered = answer(&mut b, &text);
    assert_eq!(m_lines(&answered)[1..], ["m=image 8000 udptl t38", "m=message 0 TCP/MSRP *"]);
    assert!(lines(&answered, Some(1)).contains(&"a=recvonly"));
    assert!(b.explain().iter().any(|line| line.reason == Reason::UnknownKind));
    conclude(&mut a, &answered);
    let [_, ours, chat] = a.agreement().sections() else { panic!("three sections") };
    assert_eq!((ours.kind, ours.live, chat.live), (Some(Kind::Other), true, false));
    let theirs = ours.other.as_ref().unwrap();
    assert_eq!(theirs, &fax(8000));
    assert_eq!((ours.direction, ours.transport), (Direction::SendOnly, 1));
    assert_eq!(ours.direct.as_ref().unwrap().port, 8000);
    assert!(a.agreement().transport(1).is_none() && !a.negotiation_needed());
    // It goes on in later offers of either side, and goes.
    let (again, _) = exchange(&mut b, &mut a);
    assert_eq!(m_lines(&again)[1], "m=image 8000 udptl t38");
    let id = a.agreement().sections()[1].transceiver.unwrap();
    a.stop(id).unwrap();
    let (gone, answered) = exchange(&mut a, &mut b);
    for text in [gone, answered] {
        assert_eq!(m_lines(&text)[1], "m=image 0 udptl t38");
    }
    assert!(b.transceivers().all(|(_, wish)| wish.kind != Kind::Other));
}

#[test]
fn it_may_be_served_when_the_offer_is_known_and_can_be_changed() {
    let text = fax_offer(1, &[t38(5004)]);
    let mut b = gateway(2);
    assert_eq!(take(&mut b, &text), Verdict::Consumed);
    assert_eq!(b.judgement().unwrap()[0].kind, None);
    // One of another protocol is not it.
    b.add(Transceiver::other(OtherMedia::new("image", "TCP", ["t38"]).unwrap())).unwrap();
    assert!(!b.judgement().unwrap()[0].live);
    let id = b.add(Transceiver::other(fax(7000))).unwrap();
    assert_eq!(b.mid_of(id), None);
    assert_eq!(b.serving(0), Some(id));
    let judged = &b.judgement().unwrap()[0];
    let asked = judged.other.as_ref().unwrap();
    let attributes: Vec<String> = asked.attributes().iter().map(ToString::to_string).collect();
    assert_eq!(attributes, ["T38FaxVersion:1", "T38FaxRateManagement:local"]);
    b.update(id, |wish| {
        wish.other = wish.other.take().map(|media| media.with_attribute("x-new", None).unwrap());
    })
    .unwrap();
    b.update(id, |wish| wish.other = None).unwrap();
    b.answer().unwrap();
    let answered = said(&mut b);
    assert_eq!(lines(&answered, Some(0))[2..], ["a=T38FaxVersion:0", "a=x-new"]);
    assert!(!answered.contains("a=group") && !answered.contains("a=ice"), "{answered}");
}

#[test]
fn formats_in_common_are_agreed_on_or_nothing_is() {
    let section = bare("application 5000 UDP/BFCP b c d", []);
    let own = |formats: &[&str]| OtherMedia::new("application", "UDP/BFCP", formats).unwrap();
    for (formats, expected) in
        [(&["d", "x", "b"][..], "9 UDP/BFCP b d"), (&["x"], "0 UDP/BFCP b c d")]
    {
        let mut b = gateway(2);
        b.add(Transceiver::other(own(formats))).unwrap();
        let answered = answer(&mut b, &fax_offer(1, std::slice::from_ref(&section)));
        assert_eq!(m_lines(&answered), [format!("m=application {expected}")]);
    }
    let (mut a, mut b) = (gateway(1), gateway(2));
    a.add(Transceiver::other(own(&["b", "c"]))).unwrap();
    let there = own(&["b", "c"]).at("192.0.2.4".parse().unwrap(), 5000.try_into().unwrap());
    b.add(Transceiver::other(there)).unwrap();
    let text = offer(&mut a);
    // Without an address nothing can be received.
    assert!(text.contains("a=sendonly\r\n"));
    let answered = answer(&mut b, &text);
    assert!(answered.contains("a=recvonly\r\n"));
    let other = answered.replace("BFCP b c", "BFCP x");
    let verdict = a.handle_input(Input::Answer(other.as_bytes()));
    assert_eq!(verdict, Verdict::Refused(Mismatch::NoCodec { section: 0 }));
    let wrong = answered.replace("a=recvonly\r\n", "");
    let verdict = a.handle_input(Input::Answer(wrong.as_bytes()));
    assert_eq!(verdict, Verdict::Refused(Mismatch::Direction { section: 0 }));
    conclude(&mut a, &answered);
    assert_eq!(a.agreement().sections()[0].direction, Direction::SendOnly);
}

#[test]
fn it_is_in_no_bundle_group() {
    let mid = "a=extmap:1 urn:ietf:params:rtp-hdrext:sdes:mid";
    let audio = live("audio 9 UDP/TLS/RTP/SAVPF 0", &["a=mid:a", mid]);
    let fax = |port| bare(&format!("image {port} udptl t38"), ["a=mid:f"]);
    let text = description(&["a=group:BUNDLE a f"], &[audio.clone(), fax(5004)]);
    let mut b = gateway(2);
    b.add(Transceiver::other(self::fax(7000))).unwrap();
    let answered = answer(&mut b, &text);
    assert!(lines(&answered, None).contains(&"a=group:BUNDLE a"), "{answered}");
    assert_eq!(m_lines(&answered)[1], "m=image 7000 udptl t38");
    // Wanted in the group alone it cannot be had.
    let alone = fax(0).replace("a=mid:f", "a=mid:f\r\na=bundle-only");
    let text = description(&["a=group:BUNDLE a f"], &[audio, alone]);
    let mut b = gateway(2);
    b.add(Transceiver::other(self::fax(7000))).unwrap();
    assert_eq!(m_lines(&answer(&mut b, &text))[1], "m=image 0 udptl t38");
}

#[test]
fn voice_becomes_fax_in_its_place_and_voice_again() {
    let mut a = gateway(1);
    let audio = a.add(voice()).unwrap();
    let mut b = gateway(2);
    b.add(voice()).unwrap();
    exchange(&mut a, &mut b);
    // Nobody there serves fax: the whole offer is taken back, and the call goes on.
    let image = a.replace(audio, Transceiver::other(fax(7000))).unwrap();
    assert!(a.negotiation_needed());
    let text = offer(&mut a);
    assert_eq!(m_lines(&text), ["m=image 7000 udptl t38"]);
    assert_eq!(take(&mut b, &text), Verdict::Consumed);
    assert!(!b.judgement().unwrap()[0].live);
    b.rollback().unwrap();
    a.rollback().unwrap();
    drain(&mut a);
    drain(&mut b);
    assert_eq!(b.agreement().sections()[0].kind, Some(Kind::Audio));
    a.stop(image).unwrap();
    assert!(m_lines(&offer(&mut a))[0].starts_with("m=audio 6000 "));
    a.rollback().unwrap();
    drain(&mut a);
    // It does; the voice is gone on both sides.
    let image = a.replace(audio, Transceiver::other(fax(7000))).unwrap();
    let theirs = b.add(Transceiver::other(fax(8000))).unwrap();
    let (_, answered) = exchange(&mut a, &mut b);
    assert_eq!(m_lines(&answered), ["m=image 8000 udptl t38"]);
    for (side, id) in [(&a, image), (&b, theirs)] {
        let ids: Vec<TransceiverId> = side.transceivers().map(|(id, _)| id).collect();
        assert_eq!(ids, [id]);
        let section = &side.agreement().sections()[0];
        assert_eq!((section.kind, section.transceiver), (Some(Kind::Other), Some(id)));
        assert!(section.codecs.is_empty() && !side.negotiation_needed());
    }
    // And back, by the other side.
    b.replace(theirs, voice()).unwrap();
    a.add(voice()).unwrap();
    let (text, answered) = exchange(&mut b, &mut a);
    for text in [text, answered] {
        assert_eq!(m_lines(&text).len(), 1);
        assert!(m_lines(&text)[0].starts_with("m=audio 6000 RTP/AVP "), "{text}");
    }
    assert_eq!(a.transceivers().count(), 1);
}

#[test]
fn with_ice_a_section_stays_what_it_is() {
    let (mut a, mut b) = (side_with(1, &[Kind::Audio]), side(2));
    let (text, _) = exchange(&mut a, &mut b);
    let audio = a.agreement().sections()[0].transceiver.unwrap();
    let wish = Transceiver::other(fax(7000));
    assert_eq!(a.replace(audio, wish.clone()), Err(CommandError::NotReplaceable));
    let start = text.find("m=").unwrap();
    let changed = format!("{}{}", &text[..start], t38(5004)).replace("a=group:BUNDLE 0\r\n", "");
    let verdict = take(&mut b, &changed.replace("t38\r\n", "t38\r\nc=IN IP4 192.0.2.4\r\n"));
    assert_eq!(verdict, Verdict::Refused(Mismatch::SectionChanged { section: 0 }));
    // What is not in use has no place to give, and kinds go with what is said of them.
    let mut c = gateway(3);
    let lone = c.add(voice()).unwrap();
    assert_eq!(c.replace(lone, wish.clone()), Err(CommandError::NotReplaceable));
    let odd = Transceiver { kind: Kind::Audio, ..wish };
    assert_eq!(c.add(odd.clone()), Err(CommandError::OtherMedia));
    assert_eq!(c.replace(lone, odd), Err(CommandError::OtherMedia));
    assert_eq!(c.add(Transceiver::new(Kind::Other)), Err(CommandError::OtherMedia));
    assert!(
        OtherMedia::new("image", "udptl", ["t38"]).unwrap().with_attribute("mid", None).is_err()
    );
}

#[test]
fn fax_is_held_and_goes_on_through_a_gateway() {
    let (mut a, mut b) = (gateway(3), gateway(4));
    let text = fax_offer(1, &[t38(5004)]);
    a.add(Transceiver::other(fax(7000))).unwrap();
    assert_eq!(take(&mut a, &text), Verdict::Consumed);
    // Media goes by way of this side.
    for wish in a.relayed().unwrap().into_iter().flatten() {
        let other = wish.other.clone().unwrap();
        assert_eq!(other.port.get(), 5004);
        let other = other.at("192.0.2.9".parse().unwrap(), 7002.try_into().unwrap());
        b.add(Transceiver { other: Some(other), ..wish }).unwrap();
    }
    let on = offer(&mut b);
    assert_eq!(m_lines(&on), ["m=image 7002 udptl t38"]);
    assert!(on.contains("a=T38FaxRateManagement:local\r\n"));
    conclude(&mut b, &fax_offer(1, &[t38(9000)]));
    let wish = b.agreement().sections()[0].relayed().unwrap();
    assert_eq!(wish.other.as_ref().unwrap().port.get(), 9000);
    a.answer().unwrap();
    drain(&mut a);
    // On hold in both styles, and back.
    for (version, (instead, way)) in
        [("a=sendonly\r\n", Direction::RecvOnly), ("", Direction::SendRecv)].into_iter().enumerate()
    {
        let text = fax_offer(version as u64 + 2, &[t38(5004)]) + instead;
        answer(&mut a, &text);
        assert_eq!(a.agreement().sections()[0].direction, way);
    }
    let text = fax_offer(9, &[t38(5004)]).replace("192.0.2.4", "0.0.0.0");
    assert!(answer(&mut a, &text).contains("a=recvonly\r\n"));
}
