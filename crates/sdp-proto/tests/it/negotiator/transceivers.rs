//! Transceivers: what can be changed after they were added, and what the peer says of its side (RFC
//! 8829 §3.4, §4.2, §5.10).

use super::peer::{description, live};
use super::*;
use sdp_proto::attribute::Direction;

const VIDEO: &str = "video 9 UDP/TLS/RTP/SAVPF";

#[test]
fn what_is_wanted_can_be_changed_after_it_was_added() {
    let (mut a, mut b) = (side_with(1, &[Kind::Video]), side(2));
    exchange(&mut a, &mut b);
    drain(&mut a);
    let (id, _) = a.transceivers().next().unwrap();
    a.update(id, |wish| {
        wish.streams = vec!["cam".parse().unwrap()];
        wish.capabilities = Some(Capabilities {
            codecs: vec![Codec::h264(), Codec::vp8()],
            extensions: Vec::new(),
        });
        wish.encodings = ["h", "l"].map(|rid| rid.parse().unwrap()).to_vec();
        wish.direction = Direction::SendOnly;
        // What a section carries does not change.
        wish.kind = Kind::Audio;
    })
    .unwrap();
    assert_eq!(drain(&mut a).1, [Event::NegotiationNeeded]);
    assert_eq!(a.transceivers().next().unwrap().1.kind, Kind::Video);
    let (text, _) = exchange(&mut a, &mut b);
    for line in ["a=msid:cam", "a=sendonly", "a=simulcast:send h;l"] {
        assert!(lines(&text, Some(0)).contains(&line), "{line} is not in {text}");
    }
    assert!(m_lines(&text)[0].starts_with("m=video 9 UDP/TLS/RTP/SAVPF 102 "), "{text}");
    assert!(!a.negotiation_needed());
    assert_eq!(b.agreement().sections()[0].remote.streams[0].stream, "cam");
    a.stop(id).unwrap();
    assert_eq!(a.update(id, |_| {}), Err(CommandError::NoSuchTransceiver));
}

#[test]
fn a_change_between_offer_and_answer_waits_for_an_offer() {
    let (mut a, mut b) = (side_with(1, &[Kind::Video]), side(2));
    let text = offer(&mut a);
    let (id, _) = a.transceivers().next().unwrap();
    a.update(id, |wish| wish.streams = vec!["late".parse().unwrap()]).unwrap();
    let answered = answer(&mut b, &text);
    let events = conclude(&mut a, &answered);
    assert!(events.contains(&Event::NegotiationNeeded), "{events:?}");
    exchange(&mut a, &mut b);
    assert!(!a.negotiation_needed());
}

#[test]
fn what_is_added_while_an_offer_waits_takes_a_section_of_it() {
    let mut a = side_with(1, &[Kind::Video, Kind::Data]);
    let text = offer(&mut a);
    let mut b = side(2);
    assert_eq!(take(&mut b, &text), Verdict::Consumed);
    let mut wish = Transceiver::new(Kind::Video);
    wish.streams = vec!["mine".parse().unwrap()];
    let id = b.add(wish).unwrap();
    b.add(Transceiver::new(Kind::Data)).unwrap();
    assert_eq!(b.transceivers().count(), 2);
    b.answer().unwrap();
    let answered = said(&mut b);
    assert!(lines(&answered, Some(0)).contains(&"a=msid:mine"), "{answered}");
    assert!(lines(&answered, Some(0)).contains(&"a=sendrecv"));
    assert_eq!(b.agreement().sections()[0].transceiver, Some(id));
    // One that does not share, or for which there is no section, is a new one.
    let text = offer(&mut side_with(3, &[Kind::Video]));
    let mut c = side(4);
    assert_eq!(take(&mut c, &text), Verdict::Consumed);
    c.add(Transceiver { shares: false, ..Transceiver::new(Kind::Video) }).unwrap();
    c.add(Transceiver::new(Kind::Audio)).unwrap();
    assert_eq!(c.transceivers().count(), 3);
}

#[test]
fn what_the_peer_says_of_its_side_is_in_what_was_agreed() {
    let section = live(
        &format!("{VIDEO} 96 97"),
        &[
            "a=mid:0",
            "a=msid:stream track",
            "a=rtpmap:96 VP8/90000",
            "a=rtpmap:97 rtx/90000",
            "a=fmtp:97 apt=96",
            "a=ptime:20",
            "a=maxptime:60",
            "a=rid:1 send max-width=320",
            "a=rid:2 send",
            "a=simulcast:send 1;~2",
            "a=ssrc-group:FID 11 12",
            "a=ssrc:11 cname:one",
            "a=ssrc:12 cname:one",
        ],
    );
    let section =
        section.replacen("c=IN IP4 0.0.0.0\r\n", "c=IN IP4 0.0.0.0\r\nb=TIAS:500000\r\n", 1);
    let mut b = side(2);
    answer(&mut b, &description(&[], &[section]));
    let remote = &b.agreement().sections()[0].remote;
    assert_eq!(remote.streams[0].track.as_deref(), Some("track"));
    assert_eq!(remote.bandwidths[0].to_string(), "TIAS:500000");
    assert_eq!(remote.packet_time.as_ref().unwrap().to_string(), "20");
    assert_eq!(remote.max_packet_time.as_ref().unwrap().to_string(), "60");
    assert_eq!(remote.rids[0].restrictions.as_deref(), Some("max-width=320"));
    assert_eq!(remote.paused, ["2"]);
    assert_eq!((remote.sources[0].id, remote.sources.len()), (11, 2));
    assert_eq!(remote.source_groups[0].to_string(), "FID 11 12");
}

#[test]
fn what_is_the_application_s_own_is_written_on_both_sides() {
    let mut config = config(1);
    config.attributes = vec![Custom::new("tool", Some("spool")).unwrap()];
    let mut a = Negotiator::new(config);
    let mut wish = Transceiver::new(Kind::Video);
    wish.bandwidths = vec!["TIAS:300000".parse().unwrap()];
    wish.attributes = vec![
        Custom::new("ssrc", Some("11 cname:one")).unwrap(),
        Custom::new("ssrc-group", Some("FID 11 12")).unwrap(),
        Custom::new("x-flag", None).unwrap(),
    ];
    a.add(wish.clone()).unwrap();
    let text = offer(&mut a);
    assert!(lines(&text, None).contains(&"a=tool:spool"));
    let section = lines(&text, Some(0));
    for line in ["b=TIAS:300000", "a=ssrc:11 cname:one", "a=ssrc-group:FID 11 12", "a=x-flag"] {
        assert!(section.contains(&line), "{line} is not in {text}");
    }
    let mut b = side(2);
    b.add(wish).unwrap();
    let answered = answer(&mut b, &text);
    assert!(lines(&answered, Some(0)).contains(&"a=x-flag"));
    assert!(lines(&answered, Some(0)).contains(&"b=TIAS:300000"));
    // What the negotiator writes itself is not the application's.
    assert!(Custom::new("mid", Some("9")).is_err());
    assert!(Custom::new("x", Some("a\r\nb")).is_err());
    assert!(Custom::new("a b", None).is_err());
    assert!(Custom::new("ssrc", Some("x")).is_err());
}

#[test]
fn a_fork_is_answered_for_itself() {
    let mut a = side_with(1, &[Kind::Audio]);
    let text = offer(&mut a);
    let mut fork = a.clone();
    let (mut one, mut other) = (side(2), side(3));
    other.add(Transceiver::new(Kind::Audio).with_direction(Direction::SendOnly)).unwrap();
    conclude(&mut a, &answer(&mut one, &text));
    conclude(&mut fork, &answer(&mut other, &text));
    let credentials_of =
        |side: &Negotiator| side.agreement().transport(0).unwrap().credentials.clone();
    assert_eq!(credentials_of(&a), credentials("side2"));
    assert_eq!(credentials_of(&fork), credentials("side3"));
    assert_eq!(fork.agreement().sections()[0].direction, Direction::RecvOnly);
}
