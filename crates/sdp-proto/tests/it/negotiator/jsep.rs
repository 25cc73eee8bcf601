//! What RFC 8829 asks of descriptions, beside what the other files have by subject.

use super::peer::{description, live};
use super::*;

const AUDIO: &str = "audio 9 UDP/TLS/RTP/SAVPF";
const VIDEO: &str = "video 9 UDP/TLS/RTP/SAVPF";

/// A side whose peer may have RTCP on a port of its own.
fn negotiates(id: u8) -> Negotiator {
    Negotiator::new(Config { rtcp_mux: RtcpMuxPolicy::Negotiate, ..config(id) })
}

fn comfort_noise() -> Codec {
    Codec::new("CN", 8000.try_into().unwrap()).unwrap().with_payload_type(13)
}

#[test]
fn the_policies_that_nobody_set_are_those_of_jsep() {
    let config = config(1);
    assert_eq!(config.bundle, BundlePolicy::Balanced);
    assert_eq!(config.rtcp_mux, RtcpMuxPolicy::Require);
    assert_eq!(config.direct, Direct::default());
    let mut a = side_with(1, &[Kind::Audio, Kind::Video, Kind::Data]);
    assert!(!offer(&mut a).contains("a=crypto"));
}

#[test]
fn a_peer_without_options_of_ice_is_answered_without() {
    let text = description(&[], &[live(&format!("{AUDIO} 0"), &["a=mid:0"])]);
    let answered = answer(&mut side(2), &text);
    assert!(m_lines(&answered)[0].starts_with("m=audio 9 "), "{answered}");
    assert!(!answered.contains("a=ice-options"), "{answered}");
}

#[test]
fn data_is_taken_under_each_of_its_names_and_offered_under_the_one() {
    for (proto, format, port) in [
        ("UDP/DTLS/SCTP", "webrtc-datachannel", "a=sctp-port:5000"),
        ("TCP/DTLS/SCTP", "webrtc-datachannel", "a=sctp-port:5000"),
        ("DTLS/SCTP", "5000", "a=sctpmap:5000 webrtc-datachannel 1024"),
    ] {
        let line = format!("application 9 {proto} {format}");
        let text = description(&[], &[live(&line, &["a=mid:d", port])]);
        let answered = answer(&mut side(2), &text);
        assert_eq!(m_lines(&answered), [format!("m={line}")]);
        assert!(lines(&answered, Some(0)).contains(&port), "{answered}");
    }
    let text = offer(&mut side_with(1, &[Kind::Data]));
    let expected = ["m=application 9 UDP/DTLS/SCTP webrtc-datachannel", "c=IN IP4 0.0.0.0"];
    let section = lines(&text, Some(0));
    assert_eq!(section[..2], expected);
    for line in ["a=mid:0", "a=sctp-port:5000", "a=max-message-size:262144"] {
        assert!(section.contains(&line), "{line} is not in {text}");
    }
}

#[test]
fn what_was_stopped_says_nothing_and_what_never_had_a_section_gets_none() {
    let (mut a, mut b) = (side(1), side(2));
    let mut wish = Transceiver::new(Kind::Audio);
    wish.streams = vec!["s".parse().unwrap()];
    let audio = a.add(wish).unwrap();
    a.add(Transceiver::new(Kind::Video)).unwrap();
    let unborn = a.add(Transceiver::new(Kind::Video)).unwrap();
    a.stop(unborn).unwrap();
    let (text, _) = exchange(&mut a, &mut b);
    assert_eq!(m_lines(&text).len(), 2);
    assert!(text.contains("a=msid:s\r\n"));
    a.stop(audio).unwrap();
    let text = offer(&mut a);
    assert!(m_lines(&text)[0].starts_with("m=audio 0 "), "{text}");
    assert!(!text.contains("a=msid"), "{text}");
}

#[test]
fn later_descriptions_multiplex_rtcp_exactly_as_was_agreed() {
    let apart = |version: u8, mux: &str| {
        let section = live(&format!("{AUDIO} 0"), &["a=mid:0", "a=rtcp-rsize"]);
        let text = description(&[], &[section.replace("a=rtcp-mux\r\n", mux)]);
        text.replace("77 1 IN", &format!("77 {version} IN"))
    };
    let mut b = negotiates(2);
    b.add(Transceiver::new(Kind::Audio)).unwrap();
    let first = answer(&mut b, &apart(1, ""));
    assert!(m_lines(&first)[0].starts_with("m=audio 9 ") && first.contains("a=rtcp:9 "), "{first}");
    assert!(!first.contains("a=rtcp-mux"), "{first}");
    // It does not come in by a later offer, whoever makes it.
    let later = answer(&mut b, &apart(2, "a=rtcp-mux\r\n"));
    assert!(!later.contains("a=rtcp-mux") && later.contains("a=rtcp:9 "), "{later}");
    assert!(!b.agreement().sections()[0].rtcp_mux);
    let own = offer(&mut b);
    assert!(!own.contains("a=rtcp-mux") && own.contains("a=rtcp:9 "), "{own}");
    assert!(own.contains("a=rtcp-rsize\r\n"), "{own}");
    // Nor does it go, nor come back what the answer left out.
    let (mut c, mut d) = (side_with(3, &[Kind::Audio]), side(4));
    let text = offer(&mut c);
    let answered = answer(&mut d, &text).replace("a=rtcp-rsize\r\n", "");
    conclude(&mut c, &answered);
    let own = offer(&mut c);
    assert!(own.contains("a=rtcp-mux\r\n") && !own.contains("a=rtcp-rsize"), "{own}");
}

#[test]
fn a_section_that_says_mux_only_multiplexes() {
    let section = live(&format!("{AUDIO} 0"), &["a=mid:0", "a=rtcp-mux-only"]);
    let text = description(&[], &[section.replace("a=rtcp-mux\r\n", "")]);
    let mut b = side(2);
    answer(&mut b, &text);
    let section = &b.agreement().sections()[0];
    assert!(section.live && section.rtcp_mux);
}

#[test]
fn data_that_carries_a_group_multiplexes_for_rtp_to_come() {
    // The audio is none that this side has, so that the group is one of data.
    let audio = live(&format!("{AUDIO} 9"), &["a=mid:0"]);
    let data =
        live("application 9 UDP/DTLS/SCTP webrtc-datachannel", &["a=mid:1", "a=sctp-port:5000"]);
    let plain = data.replace("a=rtcp-mux\r\n", "");
    let text = description(&["a=group:BUNDLE 1 0"], &[audio, plain]);
    let answered = answer(&mut side(2), &text);
    assert!(m_lines(&answered)[0].starts_with("m=audio 0 "), "{answered}");
    assert!(answered.contains("a=group:BUNDLE 1\r\n"), "{answered}");
    assert!(lines(&answered, Some(1)).contains(&"a=rtcp-mux"), "{answered}");
    // A side of data alone has nothing to multiplex, and alone there is nothing to do it for.
    let mut bare = config(3);
    (bare.audio, bare.video) = (Capabilities::default(), Capabilities::default());
    let mut bare = Negotiator::new(bare);
    assert!(!answer(&mut bare.clone(), &text).contains("a=rtcp-mux"));
    // Codecs of a transceiver alone are some.
    let codecs = vec![Codec::vp8()];
    let capabilities = Some(Capabilities { codecs, extensions: Vec::new() });
    bare.add(Transceiver { capabilities, ..Transceiver::new(Kind::Video) }).unwrap();
    assert!(answer(&mut bare, &text).contains("a=rtcp-mux"));
    let alone = description(&[], &[data]);
    assert!(!answer(&mut side(4), &alone).contains("a=rtcp-mux"));
}

#[test]
fn no_section_of_an_answer_is_bundle_only() {
    let tag = live(&format!("{AUDIO} 0"), &["a=mid:0"]);
    let more = live("video 0 UDP/TLS/RTP/SAVPF 96", &["a=mid:1", "a=rtpmap:96 VP8/90000"]);
    let more = more.replace("a=mid:1", "a=bundle-only\r\na=mid:1");
    let text = description(&["a=group:BUNDLE 0 1"], &[tag, more]);
    let answered = answer(&mut side(2), &text);
    assert!(m_lines(&answered)[1].starts_with("m=video 9 "), "{answered}");
    assert!(!answered.contains("bundle-only"), "{answered}");
}

#[test]
fn comfort_noise_is_offered_where_the_application_has_it_and_answered_where_it_is_offered() {
    let mut own = config(1);
    own.audio.codecs.push(comfort_noise());
    let mut quiet = Negotiator::new(own.clone());
    quiet.add(Transceiver::new(Kind::Audio)).unwrap();
    let (mut plain, mut other) = (side_with(2, &[Kind::Audio]), side(3));
    let with = offer(&mut quiet);
    assert!(with.contains("a=rtpmap:13 CN/8000\r\n"), "{with}");
    let without = offer(&mut plain);
    assert!(!without.contains("CN/"), "{without}");
    // Silence suppression takes both sides.
    for (mut side, text) in [(Negotiator::new(own.clone()), &without), (other.clone(), &with)] {
        assert!(!answer(&mut side, text).contains("CN/"));
        let codecs = &side.agreement().sections()[0].codecs;
        assert!(codecs.iter().all(|codec| codec.local.payload_type != 13));
    }
    assert!(answer(&mut Negotiator::new(own), &with).contains("a=rtpmap:13 CN/8000\r\n"));
    drain(&mut other);
}

#[test]
fn what_the_peer_suppresses_in_opus_is_in_the_parameters_of_both() {
    // `usedtx` says what a side would receive, so that each has its own.
    let mut own = config(2);
    own.audio.codecs = vec![Codec::opus().with_parameters("usedtx=0").unwrap()];
    let lines_of = ["a=mid:0", "a=rtpmap:111 opus/48000/2", "a=fmtp:111 usedtx=1"];
    let text = description(&[], &[live(&format!("{AUDIO} 111"), &lines_of)]);
    let mut b = Negotiator::new(own);
    let answered = answer(&mut b, &text);
    assert!(answered.contains("usedtx=0"), "{answered}");
    let codec = &b.agreement().sections()[0].codecs[0];
    assert!(codec.remote.fmtp.as_ref().unwrap().parameters.contains("usedtx=1"));
}

#[test]
fn bandwidth_of_the_session_is_none_of_its_sections() {
    let section = live(&format!("{AUDIO} 0"), &["a=mid:0"]);
    let section = section.replacen("c=IN IP4 0.0.0.0\r\n", "c=IN IP4 0.0.0.0\r\nb=AS:64\r\n", 1);
    let text = description(&[], &[section]).replacen("t=0 0\r\n", "b=AS:9\r\nt=0 0\r\n", 1);
    let mut b = side(2);
    answer(&mut b, &text);
    let remote = &b.agreement().sections()[0].remote;
    let said: Vec<String> = remote.bandwidths.iter().map(ToString::to_string).collect();
    assert_eq!(said, ["AS:64"]);
}

#[test]
fn sizes_of_images_are_left_to_the_application() {
    let lines_of = ["a=mid:0", "a=rtpmap:96 VP8/90000", "a=imageattr:96 recv [x=320,y=240]"];
    let text = description(&[], &[live(&format!("{VIDEO} 96"), &lines_of)]);
    let mut b = side_with(2, &[Kind::Video]);
    let answered = answer(&mut b, &text);
    assert!(!answered.contains("imageattr"), "{answered}");
    let remote = b.agreement().remote().unwrap();
    let media = remote.media().next().unwrap();
    let sizes: Vec<_> = media.all::<sdp_proto::attribute::ImageAttr<'_>>().flatten().collect();
    assert_eq!(sizes[0].to_string(), "96 recv [x=320,y=240]");
    // Its own are attributes of its own.
    let (id, _) = b.transceivers().next().unwrap();
    let own = Custom::new("imageattr", Some("* recv [x=640,y=480]")).unwrap();
    b.update(id, |wish| wish.attributes.push(own)).unwrap();
    assert!(offer(&mut b).contains("a=imageattr:* recv [x=640,y=480]\r\n"));
}

#[test]
fn a_track_has_a_name_in_all_of_its_streams() {
    let (mut a, mut b) = (side(1), side(2));
    let add = |side: &mut Negotiator, kind, streams: &[&str], track: &str| {
        let streams = streams.iter().map(|stream| stream.parse().unwrap()).collect();
        let track = Some(track.parse().unwrap());
        side.add(Transceiver { streams, track, ..Transceiver::new(kind) }).unwrap()
    };
    add(&mut a, Kind::Audio, &["s"], "voice");
    let camera = add(&mut a, Kind::Video, &["s", "t"], "camera");
    add(&mut b, Kind::Audio, &[], "theirs");
    let (text, answered) = exchange(&mut a, &mut b);
    let msids = |text: &str, index: usize| -> Vec<String> {
        let lines = lines(text, Some(index)).into_iter();
        lines.filter_map(|line| line.strip_prefix("a=msid:").map(String::from)).collect()
    };
    assert_eq!(msids(&text, 0), ["s voice"]);
    assert_eq!(msids(&text, 1), ["s camera", "t camera"]);
    // Sections are of one stream whatever the track; `-` is none.
    assert!(text.contains("a=group:LS 0 1\r\n"), "{text}");
    assert_eq!(msids(&answered, 0), ["- theirs"]);
    assert!(answered.contains("a=group:LS 0 1\r\n"), "{answered}");
    let tracks = |terms: &SideTerms| -> Vec<Option<String>> {
        terms.streams.iter().map(|msid| msid.track.as_deref().map(String::from)).collect()
    };
    let track = Some("camera".to_owned());
    let (ours, theirs) = (&a.agreement().sections()[1], &b.agreement().sections()[1]);
    assert_eq!(tracks(&ours.local), [track.clone(), track.clone()]);
    assert_eq!(tracks(&theirs.remote), [track.clone(), track]);
    // The same track under another name is a wish that takes an offer.
    drain(&mut a);
    a.update(camera, |wish| wish.track = Some("screen".parse().unwrap())).unwrap();
    assert_eq!(drain(&mut a).1, [Event::NegotiationNeeded]);
    let (text, _) = exchange(&mut a, &mut b);
    assert_eq!(msids(&text, 1), ["s screen", "t screen"]);
    assert!(!a.negotiation_needed());
    // What is of no stream is not of the same one.
    let mut c = side(3);
    add(&mut c, Kind::Audio, &[], "one");
    add(&mut c, Kind::Video, &[], "two");
    let text = offer(&mut c);
    assert_eq!((msids(&text, 0), msids(&text, 1)), (vec!["- one".into()], vec!["- two".into()]));
    assert!(!text.contains("a=group:LS"), "{text}");
}
