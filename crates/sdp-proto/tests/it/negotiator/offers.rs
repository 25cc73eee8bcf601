//! What offers say (RFC 3264 §5, §8; RFC 8829 §5.2).

use super::*;
use sdp_proto::attribute::Direction;

#[test]
fn a_first_offer_is_written_line_by_line_as_others_expect_it() {
    let mut a = side_with(1, &[Kind::Data, Kind::Audio]);
    let text = offer(&mut a);
    let expected = "v=0\r\no=- 1 1 IN IP4 0.0.0.0\r\ns=-\r\nt=0 0\r\na=group:BUNDLE 0 1\r\n\
        a=ice-options:trickle ice2\r\na=fingerprint:sha-256 01";
    assert!(text.starts_with(expected), "{text}");
    let rest = "m=audio 9 UDP/TLS/RTP/SAVPF 111 96 0 97\r\nc=IN IP4 0.0.0.0\r\na=mid:0\r\n\
        a=ice-ufrag:side1\r\na=ice-pwd:side1asd88fgpdd777uzjYhagZg\r\n\
        a=setup:actpass\r\na=rtcp:9 IN IP4 0.0.0.0\r\na=sendrecv\r\na=rtcp-mux\r\na=rtcp-mux-only\r\na=rtcp-rsize\r\n\
        a=extmap-allow-mixed\r\na=extmap:1 urn:ietf:params:rtp-hdrext:sdes:mid\r\n\
        a=rtpmap:111 opus/48000/2\r\na=fmtp:111 minptime=10;useinbandfec=1\r\n\
        a=rtpmap:96 red/48000/2\r\na=fmtp:96 111/111\r\na=rtpmap:0 PCMU/8000\r\n\
        a=rtpmap:97 telephone-event/8000\r\n\
        m=application 9 UDP/DTLS/SCTP webrtc-datachannel\r\n";
    assert!(text.contains(rest), "{text}");
}

#[test]
fn a_later_offer_has_the_old_sections_in_their_places_and_new_ones_behind() {
    let (mut a, mut b) = (side_with(1, &[Kind::Audio, Kind::Data]), side(2));
    let (first, _) = exchange(&mut a, &mut b);
    a.add(Transceiver::new(Kind::Video)).unwrap();
    let (second, answer) = exchange(&mut a, &mut b);
    assert_eq!(m_lines(&first)[..], m_lines(&second)[..2]);
    assert!(second.contains("o=- 1 2 IN IP4"));
    assert!(lines(&second, Some(2)).contains(&"a=mid:2"));
    assert_eq!(m_lines(&answer).len(), 3);
    assert_eq!(b.agreement().sections().len(), 3);
}

#[test]
fn a_stopped_section_goes_off_and_its_place_is_used_again_under_a_new_mid() {
    let (mut a, mut b) = (side_with(1, &[Kind::Audio, Kind::Video]), side(2));
    exchange(&mut a, &mut b);
    let (video, _) = a.transceivers().nth(1).unwrap();
    a.stop(video).unwrap();
    let (text, answer) = exchange(&mut a, &mut b);
    assert!(m_lines(&text)[1].starts_with("m=video 0 "));
    assert!(m_lines(&answer)[1].starts_with("m=video 0 "));
    assert!(lines(&text, None).contains(&"a=group:BUNDLE 0"));
    assert!(!a.agreement().sections()[1].live && !b.agreement().sections()[1].live);
    assert_eq!(b.transceivers().count(), 1);

    a.add(Transceiver::new(Kind::Data)).unwrap();
    let (text, answer) = exchange(&mut a, &mut b);
    assert_eq!(m_lines(&text).len(), 2);
    assert!(m_lines(&answer)[1].starts_with("m=application 9 "));
    assert!(lines(&text, Some(1)).contains(&"a=mid:2"));
    assert_eq!(b.agreement().sections()[1].kind, Some(Kind::Data));
}

#[test]
fn either_side_may_offer_and_numbers_stay_what_they_were() {
    let (mut a, mut b) = (side_with(1, &[Kind::Video]), side(2));
    let (first, _) = exchange(&mut a, &mut b);
    let (second, _) = exchange(&mut b, &mut a);
    let formats = |text: &str| m_lines(text)[0].split_once("SAVPF ").unwrap().1.to_owned();
    assert_eq!(formats(&first), formats(&second));
    let extensions = |text: &str| {
        text.lines().filter(|l| l.starts_with("a=extmap:")).map(str::to_owned).collect::<Vec<_>>()
    };
    assert_eq!(extensions(&first), extensions(&second));
    assert!(lines(&second, Some(0)).contains(&"a=mid:0"));
    assert!(!second.contains("rtcp-mux-only"));
}

#[test]
fn a_payload_type_of_the_peer_is_not_given_to_another_codec() {
    let mut b = side(2);
    let offer_text = "v=0\r\no=- 1 1 IN IP4 0.0.0.0\r\ns=-\r\nt=0 0\r\na=group:BUNDLE x\r\n\
        m=video 9 UDP/TLS/RTP/SAVPF 102 96\r\nc=IN IP4 0.0.0.0\r\na=mid:x\r\na=ice-ufrag:abcd\r\n\
        a=ice-pwd:asd88fgpdd777uzjYhagZg\r\na=setup:actpass\r\na=rtcp-mux\r\n\
        a=fingerprint:sha-256 00:11:22:33:44:55:66:77:88:99:AA:BB:CC:DD:EE:FF:00:11:22:33:44:55:66:77:88:99:AA:BB:CC:DD:EE:FF\r\n\
        a=rtpmap:102 VP8/90000\r\na=rtpmap:96 X/90000\r\n";
    let answered = answer(&mut b, offer_text);
    assert_eq!(m_lines(&answered), ["m=video 9 UDP/TLS/RTP/SAVPF 102"]);
    let next = offer(&mut b);
    assert!(next.contains("a=rtpmap:102 VP8/90000"), "{next}");
    assert!(next.contains(" H264/90000\r\n") && next.contains(" rtx/90000\r\n"));
    assert_eq!(next.matches("a=rtpmap:102 ").count(), 1);
    assert!(!next.contains("a=rtpmap:96 "), "{next}");
}

#[test]
fn msid_is_written_while_the_side_sends() {
    let mut a = side(1);
    let mut wish = Transceiver::new(Kind::Audio);
    wish.streams = vec!["s1".parse().unwrap()];
    let id = a.add(wish).unwrap();
    let mut b = side(2);
    let (first, _) = exchange(&mut a, &mut b);
    assert!(first.contains("a=msid:s1\r\n"));
    a.set_direction(id, Direction::RecvOnly).unwrap();
    assert!(!offer(&mut a).contains("a=msid"));
}

#[test]
fn candidates_of_a_transport_are_written_with_the_default_destination() {
    let mut a = side_with(1, &[Kind::Audio, Kind::Video]);
    let candidate = "1 1 udp 2130706431 192.0.2.1 50000 typ host".parse().unwrap();
    a.set_candidates(None, vec![candidate], true).unwrap();
    let text = offer(&mut a);
    assert!(m_lines(&text)[0].starts_with("m=audio 50000 "));
    let first = lines(&text, Some(0));
    assert!(first.contains(&"c=IN IP4 192.0.2.1") && first.contains(&"a=end-of-candidates"));
}

#[test]
fn an_audio_transceiver_without_codecs_is_not_offered() {
    let mut bare = config(1);
    bare.audio = Capabilities::default();
    let mut a = Negotiator::new(bare);
    a.add(Transceiver::new(Kind::Audio)).unwrap();
    drain(&mut a);
    assert_eq!(a.offer(), Err(CommandError::NoCodec));
    assert_eq!((a.state(), drain(&mut a).0), (SignalingState::Stable, None));
}

#[test]
fn sections_of_one_stream_are_grouped_and_stay_so() {
    let with = |side: &mut Negotiator, kind, streams: &[&str]| {
        let mut wish = Transceiver::new(kind);
        wish.streams = streams.iter().map(|stream| stream.parse().unwrap()).collect();
        side.add(wish).unwrap()
    };
    // No streams here: the groups of the offer are those of the answer.
    let (mut a, mut b) = (side(1), side(2));
    with(&mut a, Kind::Audio, &["s"]);
    with(&mut a, Kind::Video, &["t", "s"]);
    let (text, answered) = exchange(&mut a, &mut b);
    assert!(text.contains("a=group:LS 0 1\r\n") && answered.contains("a=group:LS 0 1\r\n"));
    assert!(exchange(&mut b, &mut a).0.contains("a=group:LS 0 1\r\n"));
    // Streams of their own part them.
    let (mut a, mut b) = (side(1), side(2));
    with(&mut a, Kind::Audio, &["s"]);
    with(&mut a, Kind::Video, &["s"]);
    with(&mut b, Kind::Audio, &["x"]);
    with(&mut b, Kind::Video, &["y"]);
    let (text, answered) = exchange(&mut a, &mut b);
    assert!(text.contains("a=group:LS") && !answered.contains("a=group:LS"));
}

#[test]
fn rtcp_has_an_address_until_it_shares_that_of_rtp() {
    let (mut a, mut b) = (side_with(1, &[Kind::Audio]), side(2));
    let candidates = ["1 1 udp 9 192.0.2.1 5000 typ host", "1 2 udp 8 192.0.2.1 5001 typ host"];
    let candidates = candidates.map(|text| text.parse().unwrap()).to_vec();
    a.set_candidates(None, candidates, false).unwrap();
    let (text, answered) = exchange(&mut a, &mut b);
    assert!(text.contains("a=rtcp:5001 IN IP4 192.0.2.1\r\n"));
    assert!(!answered.contains("a=rtcp:"));
    assert!(!offer(&mut a).contains("a=rtcp:"));
}

#[test]
fn certificates_stand_in_the_session_part_for_all_sections() {
    let (mut a, mut b) = (side_with(1, &[Kind::Audio, Kind::Video, Kind::Data]), side(2));
    let (first, answered) = exchange(&mut a, &mut b);
    for text in [first, answered, offer(&mut a)] {
        let common = lines(&text, None).into_iter().filter(|l| l.starts_with("a=fingerprint"));
        assert_eq!((common.count(), text.matches("a=fingerprint").count()), (1, 1));
    }
}

#[test]
fn several_encodings_are_asked_for_and_asked_for_again() {
    let rids = ["h", "m", "l"].map(|rid| rid.parse().unwrap()).to_vec();
    let mut wish = Transceiver::new(Kind::Video).with_direction(Direction::RecvOnly);
    wish.receive_encodings.clone_from(&rids);
    let mut a = side(1);
    a.add(wish).unwrap();
    let mut b = side(2);
    b.add(Transceiver { encodings: rids[..2].to_vec(), ..Transceiver::new(Kind::Video) }).unwrap();
    let asked = "a=rid:h recv\r\na=rid:m recv\r\na=rid:l recv\r\na=simulcast:recv h;m;l\r\n";
    for _ in 0..2 {
        let (text, answered) = exchange(&mut a, &mut b);
        assert!(text.contains(asked), "{text}");
        let given = "a=rid:h send\r\na=rid:m send\r\na=simulcast:send h;m\r\n";
        assert!(answered.contains(given), "{answered}");
        assert_eq!(a.agreement().sections()[0].receive_rids(), ["h", "m"]);
        assert_eq!(b.agreement().sections()[0].send_rids(), ["h", "m"]);
        assert!(a.explain().iter().any(|line| line.to_string().contains("rid l dropped")));
    }
    // Whoever was offered them asks for them in an own offer, or the peer would stop.
    let (text, _) = exchange(&mut b, &mut a);
    assert!(text.contains("a=simulcast:send h;m\r\n"));
    let next = offer(&mut a);
    assert!(next.contains("a=simulcast:recv h;m;l\r\n"), "{next}");
    let (mut c, mut d) = (side(3), side(4));
    c.add(Transceiver { encodings: rids, ..Transceiver::new(Kind::Video) }).unwrap();
    exchange(&mut c, &mut d);
    let (text, _) = exchange(&mut d, &mut c);
    assert!(text.contains("a=simulcast:recv h;m;l\r\n"), "{text}");
    assert_eq!(c.agreement().sections()[0].send_rids(), ["h", "m", "l"]);
}
