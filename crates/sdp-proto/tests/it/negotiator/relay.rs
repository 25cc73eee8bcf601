//! Two legs of a call: the offer of one peer goes on to another, and its answer comes back.

use super::peer::{bare, description, live};
use super::*;
use sdp_proto::attribute::Direction;

/// A side that knows no codec of its own.
fn leg(id: u8) -> Negotiator {
    let mut config = config(id);
    config.audio = Capabilities::default();
    config.video = Capabilities::default();
    config.direct.plain = true;
    let mut side = Negotiator::new(config);
    let candidate = "1 1 udp 5 192.0.2.9 6000 typ host".parse().unwrap();
    side.set_candidates(None, vec![candidate], true).unwrap();
    side
}

/// The answer to an offer of one peer after another peer has answered what was made of it.
fn bridged(text: &str, carriage: Carriage, callee: &mut Negotiator) -> (String, String) {
    let (mut a, mut b) = (leg(3), leg(4));
    assert_eq!(take(&mut a, text), Verdict::Consumed);
    for wish in a.relayed().unwrap().into_iter().flatten() {
        b.add(Transceiver { carriage, ..wish }).unwrap();
    }
    let relayed = offer(&mut b);
    let answered = answer(callee, &relayed);
    conclude(&mut b, &answered);
    for (index, section) in b.agreement().sections().iter().enumerate() {
        let id = a.serving(index).unwrap();
        match section.relayed() {
            Some(wish) => a.update(id, |own| *own = wish).unwrap(),
            None => a.reject(index).unwrap(),
        }
    }
    a.answer().unwrap();
    (relayed, said(&mut a))
}

#[test]
fn an_offer_goes_on_as_it_was_and_its_answer_comes_back() {
    let mid = "a=extmap:4 urn:ietf:params:rtp-hdrext:sdes:mid";
    let audio = [
        "a=mid:a",
        mid,
        "a=sendonly",
        "a=msid:stream track",
        "a=rtpmap:109 opus/48000/2",
        "a=fmtp:109 useinbandfec=1",
        "a=rtpmap:63 red/48000/2",
        "a=fmtp:63 109/109",
        "a=rtpmap:120 X-NEW/16000",
        "a=fmtp:120 mode=7",
    ];
    let video = [
        "a=mid:v",
        mid,
        "a=rtpmap:120 VP8/90000",
        "a=rtcp-fb:* nack",
        "a=rtcp-fb:120 nack pli",
        "a=rtpmap:121 rtx/90000",
        "a=fmtp:121 apt=120",
    ];
    let text = description(
        &[],
        &[
            live("audio 9 UDP/TLS/RTP/SAVPF 109 63 120", &audio),
            live("video 9 UDP/TLS/RTP/SAVPF 120 121", &video),
        ],
    );
    let mut a = leg(3);
    assert_eq!(a.relayed(), Err(CommandError::State { state: SignalingState::Stable }));
    assert_eq!(take(&mut a, &text), Verdict::Consumed);
    let wishes = a.relayed().unwrap();
    let audio = wishes[0].as_ref().unwrap();
    assert_eq!((audio.kind, audio.direction), (Kind::Audio, Direction::SendOnly));
    assert_eq!(audio.streams, ["stream"]);
    let able = audio.capabilities.as_ref().unwrap();
    assert_eq!(able.codecs.len(), 2);
    assert_eq!((able.codecs[0].redundancy, able.codecs[1].redundancy), (1, 0));
    assert_eq!(able.extensions, [Extension { id: Some(4), ..Extension::mid() }]);

    let mut callee = config(2);
    callee.audio.codecs = vec![
        Codec::new("X-NEW", 16_000.try_into().unwrap()).unwrap().with_parameters("mode=7").unwrap(),
    ];
    callee.video.codecs = vec![Codec::vp8()];
    let mut callee = Negotiator::new(callee);
    let (relayed, answered) = bridged(&text, Carriage::Ice, &mut callee);
    for line in [
        "a=rtpmap:109 opus/48000/2",
        "a=fmtp:109 useinbandfec=1",
        "a=fmtp:120 mode=7",
        "a=sendonly",
        "a=extmap:4 urn:ietf:params:rtp-hdrext:sdes:mid",
    ] {
        assert!(lines(&relayed, Some(0)).contains(&line), "{line} is not in {relayed}");
    }
    // In the group of the other leg a payload type stands for one codec.
    assert_eq!(m_lines(&relayed)[0], "m=audio 6000 UDP/TLS/RTP/SAVPF 109 96 120");
    assert_eq!(m_lines(&answered)[0], "m=audio 6000 UDP/TLS/RTP/SAVPF 120");
    assert_eq!(m_lines(&answered)[1], "m=video 6000 UDP/TLS/RTP/SAVPF 120 121");
    assert!(lines(&answered, Some(0)).contains(&"a=recvonly"), "{answered}");
    assert!(lines(&answered, Some(1)).contains(&"a=rtcp-fb:120 nack pli"), "{answered}");
}

#[test]
fn a_phone_calls_a_browser_that_takes_no_video() {
    let audio = ["a=rtpmap:101 telephone-event/8000", "a=fmtp:101 0-15"];
    let text = description(
        &[],
        &[bare("audio 5004 RTP/AVP 0 101", audio), bare("video 5006 RTP/AVP 34", [])],
    );
    let text = text.replace("IN IP4 0.0.0.0", "IN IP4 192.0.2.4");
    let mut browser = config(2);
    browser.video = Capabilities::default();
    let (relayed, answered) = bridged(&text, Carriage::Ice, &mut Negotiator::new(browser));
    assert!(m_lines(&relayed)[0].starts_with("m=audio 6000 UDP/TLS/RTP/SAVPF 0 101"), "{relayed}");
    assert!(m_lines(&answered)[0].starts_with("m=audio 6000 RTP/AVP 0"), "{answered}");
    assert_eq!(m_lines(&answered)[1], "m=video 0 RTP/AVP 34");
}

#[test]
fn what_goes_with_a_codec_takes_no_number_from_another_section() {
    let red = ["a=rtpmap:111 opus/48000/2", "a=rtpmap:63 red/48000/2", "a=fmtp:63 111/111"];
    let text = description(
        &[],
        &[
            live("audio 9 UDP/TLS/RTP/SAVPF 111 63", &[&["a=mid:a"], &red[..]].concat()),
            live("video 9 UDP/TLS/RTP/SAVPF 96", &["a=mid:v", "a=rtpmap:96 VP8/90000"]),
        ],
    );
    let mut phone = config(2);
    phone.video.codecs = vec![Codec::vp8()];
    let (relayed, _) = bridged(&text, Carriage::Ice, &mut Negotiator::new(phone));
    let lines = m_lines(&relayed);
    assert_eq!(lines[0], "m=audio 6000 UDP/TLS/RTP/SAVPF 111 97");
    assert_eq!(lines[1], "m=video 6000 UDP/TLS/RTP/SAVPF 96");
}

#[test]
fn text_goes_on_with_as_much_redundancy_as_it_came_with() {
    let lines_of = ["a=rtpmap:98 red/1000", "a=fmtp:98 99/99/99", "a=rtpmap:99 t140/1000"];
    let text = description(&[], &[bare("text 5004 RTP/AVP 98 99", lines_of)]);
    let text = text.replace("IN IP4 0.0.0.0", "IN IP4 192.0.2.4");
    let mut phone = config(2);
    phone.direct.plain = true;
    let t140 = Codec::new("t140", 1000.try_into().unwrap()).unwrap();
    phone.text.codecs = vec![Codec { redundancy: 1, ..t140 }];
    let (relayed, answered) = bridged(&text, Carriage::Plain, &mut Negotiator::new(phone));
    assert!(relayed.contains("a=rtpmap:99 t140/1000"), "{relayed}");
    assert!(relayed.contains(" 99/99/99\r\n"), "{relayed}");
    // What the other end takes is its own.
    assert!(answered.contains("a=fmtp:98 99/99\r\n"), "{answered}");
}

#[test]
fn a_phone_without_feedback_is_offered_none() {
    let video = [
        "a=mid:v",
        "a=rtpmap:96 VP8/90000",
        "a=rtcp-fb:96 nack pli",
        "a=rtpmap:97 rtx/90000",
        "a=fmtp:97 apt=96",
    ];
    let text = description(&[], &[live("video 9 UDP/TLS/RTP/SAVPF 96 97", &video)]);
    let (mut browser, mut phone) = (leg(3), leg(4));
    assert_eq!(take(&mut browser, &text), Verdict::Consumed);
    for wish in browser.relayed().unwrap().into_iter().flatten() {
        let wish = Transceiver { carriage: Carriage::Plain, ..wish.without_feedback() };
        phone.add(wish).unwrap();
    }
    let relayed = offer(&mut phone);
    assert_eq!(m_lines(&relayed), ["m=video 6000 RTP/AVP 96"]);
    assert!(!relayed.contains("rtcp-fb"), "{relayed}");
}

#[test]
fn encodings_go_on_both_ways() {
    let video = ["a=rtpmap:96 VP8/90000", "a=rid:h send", "a=rid:l send", "a=simulcast:send h;~l"];
    let text = description(&[], &[live("video 9 UDP/TLS/RTP/SAVPF 96", &video)]);
    let mut callee = config(2);
    callee.video.codecs = vec![Codec::vp8()];
    let (relayed, answered) = bridged(&text, Carriage::Ice, &mut Negotiator::new(callee));
    assert!(lines(&relayed, Some(0)).contains(&"a=simulcast:send h;~l"), "{relayed}");
    assert!(lines(&answered, Some(0)).contains(&"a=simulcast:recv h;~l"), "{answered}");
}

#[test]
fn what_is_off_or_unknown_does_not_go_on() {
    let text = description(
        &[],
        &[
            bare("audio 0 UDP/TLS/RTP/SAVPF 0", []),
            live("image 9 udptl t38", &[]),
            live("application 9 UDP/DTLS/SCTP webrtc-datachannel", &["a=sctp-port:5000"]),
        ],
    );
    let mut a = side(1);
    assert_eq!(take(&mut a, &text), Verdict::Consumed);
    let wishes = a.relayed().unwrap();
    assert_eq!(wishes, [None, None, Some(Transceiver::new(Kind::Data))]);
    assert_eq!((a.serving(0), a.serving(1), a.serving(3)), (None, None, None));
    assert!(a.serving(2).is_some());
    a.answer().unwrap();
    assert_eq!(a.serving(2), None);
    drain(&mut a);
    let sections = a.agreement().sections();
    assert_eq!(sections[0].relayed(), None);
    assert_eq!(sections[2].relayed(), Some(Transceiver::new(Kind::Data)));
}

#[test]
fn feedback_about_all_formats_does_not_multiply() {
    let wild: Vec<String> = (0..500).map(|n| format!("a=rtcp-fb:* x{n}")).collect();
    let maps: Vec<String> = (96..128).map(|n| format!("a=rtpmap:{n} X{n}/90000")).collect();
    let formats: Vec<String> = (96..128).map(|n| n.to_string()).collect();
    let attributes: Vec<&str> = maps.iter().chain(&wild).map(String::as_str).collect();
    let line = format!("video 9 UDP/TLS/RTP/SAVPF {}", formats.join(" "));
    let text = super::peer::description(&[], &[super::peer::live(&line, &attributes)]);
    let mut side = side(2);
    assert_eq!(take(&mut side, &text), Verdict::Consumed);
    let wish = side.relayed().unwrap().remove(0).unwrap();
    let codecs = wish.capabilities.unwrap().codecs;
    assert_eq!(codecs.len(), 32);
    assert!(codecs.iter().all(|codec| codec.feedback.len() == 32));
    assert_eq!(codecs[0].feedback[0].as_str(), "x0");
}
