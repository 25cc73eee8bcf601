//! What answers say, and what is refused as one (RFC 3264 §6, §7; RFC 8829 §5.3, §5.11).

use super::*;
use sdp_proto::attribute::Direction;

const CHROME: &str = include_str!("../../data/chrome_offer.sdp");

#[test]
fn a_browser_offer_is_answered_section_by_section() {
    let mut b = side(2);
    let text = answer(&mut b, CHROME);
    let theirs = m_lines(CHROME);
    let ours = m_lines(&text);
    assert_eq!(ours.len(), theirs.len());
    assert_eq!(ours[0], "m=audio 9 UDP/TLS/RTP/SAVPF 111 63 0 126");
    assert!(lines(&text, Some(0)).contains(&"a=recvonly"));
    assert!(lines(&text, Some(0)).contains(&"a=setup:active"));
    assert!(lines(&text, Some(0)).contains(&"a=fmtp:63 111/111"));
    assert!(ours[1].starts_with("m=video 9 UDP/TLS/RTP/SAVPF 96 97 "));
    assert!(lines(&text, Some(1)).contains(&"a=fmtp:97 apt=96"));
    assert!(lines(&text, None).contains(&"a=group:BUNDLE 0 1 2"));
    assert_eq!(text.matches("a=ice-ufrag:").count(), 1);
    assert_eq!(text.matches("a=rtcp-mux\r\n").count(), 2);
    let audio = &b.agreement().sections()[0];
    assert_eq!(audio.codecs[0].remote.payload_type, 111);
    assert_eq!(audio.extensions.len(), 1);
    assert_eq!(audio.extensions[0].id, 4);
}

#[test]
fn explain_tells_why_formats_and_extensions_were_dropped() {
    let mut b = side(2);
    answer(&mut b, CHROME);
    let told: Vec<String> = b.explain().iter().map(ToString::to_string).collect();
    for line in [
        "section 0: kept: both sides have it",
        "section 0: 111 opus/48000/2 kept: both sides have it",
        "section 0: 9 G722/8000 dropped: this side does not have it",
        "section 0: urn:ietf:params:rtp-hdrext:ssrc-audio-level dropped: this side does not have it",
        "section 0: urn:ietf:params:rtp-hdrext:sdes:mid kept: both sides have it",
    ] {
        assert!(told.iter().any(|t| t == line), "{line} is not in {told:#?}");
    }
    let dropped = |codec: &str, why: &str| {
        told.iter().any(|t| t.starts_with("section 1: ") && t.contains(codec) && t.ends_with(why))
    };
    assert!(dropped("H264/90000", "dropped: its parameters do not agree"), "{told:#?}");
    assert!(dropped("rtx/90000", "dropped: the format it goes with was not agreed"), "{told:#?}");
}

#[test]
fn an_offer_can_be_looked_at_and_rejected_in_part_before_it_is_answered() {
    let mut b = side(2);
    assert_eq!(take(&mut b, CHROME), Verdict::Consumed);
    assert!(b.judgement().unwrap().iter().all(|section| section.live));
    assert_eq!(b.reject(9), Err(CommandError::NoSuchSection { section: 9 }));
    b.reject(1).unwrap();
    b.reject(2).unwrap();
    b.accept(2).unwrap();
    let live: Vec<bool> = b.judgement().unwrap().iter().map(|section| section.live).collect();
    assert_eq!(live, [true, false, true]);
    b.answer().unwrap();
    let text = said(&mut b);
    assert!(m_lines(&text)[1].starts_with("m=video 0 "));
    assert!(lines(&text, Some(1)).contains(&"a=mid:1"));
    assert!(lines(&text, None).contains(&"a=group:BUNDLE 0 2"));
    assert_eq!(b.explain().iter().filter(|e| e.reason == Reason::RejectedHere).count(), 1);
}

#[test]
fn what_is_not_negotiated_here_is_rejected_in_its_place() {
    let (mut a, mut b) = (side_with(1, &[Kind::Audio, Kind::Data]), side(2));
    let text = offer(&mut a)
        .replace("m=audio 9 UDP/TLS/RTP/SAVPF", "m=audio 9 TCP/RTP/AVP")
        .replace("t=0 0", "t=3034423619 0");
    let foreign = format!("{text}m=message 9 TCP/MSRP *\r\nc=IN IP4 0.0.0.0\r\na=mid:9\r\n");
    let answered = answer(&mut b, &foreign);
    let ours = m_lines(&answered);
    assert_eq!(ours[0], "m=audio 0 TCP/RTP/AVP 111 96 0 97");
    assert_eq!(ours[2], "m=message 0 TCP/MSRP *");
    assert!(answered.contains("t=3034423619 0\r\n"));
    let reasons: Vec<Reason> = b
        .explain()
        .into_iter()
        .filter(|line| line.subject == Subject::Section)
        .map(|line| line.reason)
        .collect();
    assert!(reasons.contains(&Reason::Protocol) && reasons.contains(&Reason::UnknownKind));
}

#[test]
fn no_codec_in_common_rejects_and_helpers_alone_do_not_count() {
    let (mut one, mut other) = (config(1), config(2));
    let repair = Codec::new("ulpfec", 8000.try_into().unwrap()).unwrap();
    one.audio.codecs = vec![Codec::pcmu(), repair.clone()];
    other.audio.codecs = vec![Codec::pcma(), repair];
    let (mut a, mut b) = (Negotiator::new(one), Negotiator::new(other));
    a.add(Transceiver::new(Kind::Audio)).unwrap();
    let text = offer(&mut a);
    let answered = answer(&mut b, &text);
    assert!(m_lines(&answered)[0].starts_with("m=audio 0 "));
    assert!(b.explain().iter().any(|line| line.reason == Reason::NoCodec));
    let events = conclude(&mut a, &answered);
    assert!(events.contains(&Event::Negotiated { provisional: false }));
    assert_eq!((a.transceivers().count(), b.transceivers().count()), (0, 0));
}

#[test]
fn directions_meet() {
    let all = [Direction::SendRecv, Direction::SendOnly, Direction::RecvOnly, Direction::Inactive];
    for ours in all {
        for theirs in all {
            let (mut a, mut b) = (side(1), side(2));
            a.add(Transceiver::new(Kind::Audio).with_direction(ours)).unwrap();
            let text = offer(&mut a);
            assert_eq!(take(&mut b, &text), Verdict::Consumed);
            let (id, _) = b.transceivers().next().unwrap();
            b.set_direction(id, theirs).unwrap();
            b.answer().unwrap();
            conclude(&mut a, &said(&mut b));
            let (at, bt) = (a.agreement().sections(), b.agreement().sections());
            assert_eq!(at[0].direction, bt[0].direction.reversed());
            assert_eq!(at[0].direction.sends(), ours.sends() && theirs.receives());
            assert_eq!(at[0].direction.receives(), ours.receives() && theirs.sends());
        }
    }
}

#[test]
fn an_offered_section_takes_a_waiting_transceiver_unless_that_does_not_share() {
    let (mut a, mut b) = (side_with(1, &[Kind::Audio]), side_with(2, &[Kind::Audio]));
    exchange(&mut a, &mut b);
    assert_eq!(b.transceivers().count(), 1);
    assert_eq!(b.agreement().sections()[0].direction, Direction::SendRecv);

    let (mut a, mut b) = (side_with(1, &[Kind::Audio]), side(2));
    b.add(Transceiver { shares: false, ..Transceiver::new(Kind::Audio) }).unwrap();
    exchange(&mut a, &mut b);
    assert_eq!(b.transceivers().count(), 2);
    assert!(b.negotiation_needed());
    exchange(&mut b, &mut a);
    assert_eq!(a.agreement().sections().len(), 2);
}

#[test]
fn the_level_of_h264_is_the_lower_one_unless_it_may_differ() {
    for (theirs, level) in [("1", "42e01f"), ("0", "42e014")] {
        let mut b = side(2);
        let parameters = format!("level-asymmetry-allowed={theirs};packetization-mode=1;");
        let (mut a, plain) =
            (side_with(1, &[Kind::Video]), "level-asymmetry-allowed=1;packetization-mode=1;");
        let text = offer(&mut a).replace(
            &format!("{plain}profile-level-id=42e01f"),
            &format!("{parameters}profile-level-id=42e014"),
        );
        let answered = answer(&mut b, &text);
        assert!(answered.contains(&format!("profile-level-id={level}")), "{answered}");
    }
}

#[test]
fn simulcast_is_mirrored_and_what_lost_its_formats_is_dropped() {
    let (mut a, mut b) = (side(1), side(2));
    let mut wish = Transceiver::new(Kind::Video);
    wish.encodings = ["h", "m", "l"].map(|rid| rid.parse().unwrap()).to_vec();
    a.add(wish).unwrap();
    let text = offer(&mut a);
    assert!(text.contains("a=rid:h send\r\n") && text.contains("a=simulcast:send h;m;l\r\n"));
    let cut = text
        .replace("a=rid:m send", "a=rid:m send pt=5")
        .replace("a=rid:l send", "a=rid:l send pt=5,96;max-width=320");
    let answered = answer(&mut b, &cut);
    assert!(
        answered.contains(
            "a=rid:h recv\r\na=rid:l recv pt=96;max-width=320\r\na=simulcast:recv h;l\r\n"
        ),
        "{answered}"
    );
    assert_eq!(b.agreement().sections()[0].receive_rids(), ["h", "l"]);
    conclude(&mut a, &answered.replace(" pt=96;max-width=320", ""));
    assert_eq!(a.agreement().sections()[0].send_rids(), ["h", "l"]);
}

#[test]
fn an_id_that_offers_a_choice_is_answered_with_a_free_one() {
    let (mut a, mut b) = (side_with(1, &[Kind::Audio]), side(2));
    let text = offer(&mut a).replace("a=extmap:1 urn", "a=extmap:1 urn:x\r\na=extmap:4096 urn");
    let answered = answer(&mut b, &text);
    assert!(answered.contains("a=extmap:2 urn:ietf:params:rtp-hdrext:sdes:mid\r\n"), "{answered}");
}

#[test]
fn an_answer_that_does_not_fit_is_refused_and_changes_nothing() {
    let (mut a, mut b) = (side(1), side(2));
    a.add(Transceiver::new(Kind::Audio).with_direction(Direction::SendOnly)).unwrap();
    a.add(Transceiver::new(Kind::Data)).unwrap();
    let text = offer(&mut a);
    let good = answer(&mut b, &text);
    let before = format!("{a:?}");
    let cases = [
        (good.replace("a=recvonly", "a=sendrecv"), Mismatch::Direction { section: 0 }),
        (good.replace("a=setup:active", "a=setup:actpass"), Mismatch::Setup { section: 0 }),
        (good.replace("a=rtcp-mux\r\n", ""), Mismatch::RtcpMux { section: 0 }),
        (good.replace("m=application", "m=audio"), Mismatch::SectionChanged { section: 1 }),
        // Another mid makes the groups mean nothing, and the section has no transport of its own.
        (
            good.replace("a=mid:1", "a=mid:7").replace("LE 0 1", "LE 0 7"),
            Mismatch::NoTransport { section: 1 },
        ),
        (good.replace("LE 0 1", "LE 0"), Mismatch::NoTransport { section: 1 }),
        (
            good.replace("opus/", "x/").replace("PCMU/", "y/").replace("F 111 96 0 97", "F 111"),
            Mismatch::NoCodec { section: 0 },
        ),
        (
            good.split("m=application").next().unwrap().replace("LE 0 1", "LE 0"),
            Mismatch::SectionCount { expected: 2, found: 1 },
        ),
        (good.replace("a=fingerprint", "a=xfingerprint"), Mismatch::NoTransport { section: 0 }),
    ];
    for (text, mismatch) in cases {
        let verdict = a.handle_input(Input::Answer(text.as_bytes()));
        assert_eq!(verdict, Verdict::Refused(mismatch), "{text}");
        assert_eq!(format!("{a:?}"), before);
    }
    let verdict = a.handle_input(Input::Answer(b"v=0\r\nm="));
    assert!(matches!(verdict, Verdict::Refused(Mismatch::Text(_))));
    conclude(&mut a, &good);
}

#[test]
fn an_answer_may_not_bring_back_what_the_offer_switched_off() {
    let (mut a, mut b) = (side_with(1, &[Kind::Audio, Kind::Video]), side(2));
    let (_, first) = exchange(&mut a, &mut b);
    let (video, _) = a.transceivers().nth(1).unwrap();
    a.stop(video).unwrap();
    offer(&mut a);
    let verdict = a.handle_input(Input::Answer(first.as_bytes()));
    assert_eq!(verdict, Verdict::Refused(Mismatch::NotOffered { section: 1 }));
}

#[test]
fn an_offer_that_does_not_follow_what_was_agreed_is_refused() {
    let (mut a, mut b) = (side_with(1, &[Kind::Audio, Kind::Data]), side(2));
    let (text, _) = exchange(&mut a, &mut b);
    let before = format!("{b:?}");
    let cases = [
        (
            text.split("m=application").next().unwrap().replace("LE 0 1", "LE 0"),
            Mismatch::SectionCount { expected: 2, found: 1 },
        ),
        (
            text.replace("a=mid:1", "a=mid:7").replace("LE 0 1", "LE 0 7"),
            Mismatch::SectionChanged { section: 1 },
        ),
        (text.replace("m=audio", "m=video"), Mismatch::SectionChanged { section: 0 }),
    ];
    for (text, mismatch) in cases {
        assert_eq!(take(&mut b, &text), Verdict::Refused(mismatch));
        assert_eq!(format!("{b:?}"), before);
    }
}

#[test]
fn a_peer_without_mids_is_answered_without() {
    let (mut a, mut b) = (side_with(1, &[Kind::Audio]), side(2));
    let text = offer(&mut a).replace("a=mid:0\r\n", "").replace("a=group:BUNDLE 0\r\n", "");
    let answered = answer(&mut b, &text);
    assert!(!answered.contains("a=mid") && !answered.contains("a=group"));
    assert!(b.agreement().sections()[0].live);
    conclude(&mut a, &answered);
}

#[test]
fn an_old_data_channel_is_answered_in_its_own_terms() {
    let (mut a, mut b) = (side_with(1, &[Kind::Data]), side(2));
    let text = offer(&mut a)
        .replace("UDP/DTLS/SCTP webrtc-datachannel", "DTLS/SCTP 5000")
        .replace("a=sctp-port:5000", "a=sctpmap:5000 webrtc-datachannel 1024");
    let answered = answer(&mut b, &text);
    assert_eq!(m_lines(&answered), ["m=application 9 DTLS/SCTP 5000"]);
    assert!(answered.contains("a=sctpmap:5000 webrtc-datachannel 1024\r\n"));
}
