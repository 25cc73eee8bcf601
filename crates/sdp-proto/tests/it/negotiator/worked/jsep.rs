//! The examples of RFC 8829 §7. Bundled sections of an answer say rtcp-mux here, and later offers do
//! not say rtcp-mux-only, which §5.2.2 rules out and the examples have.

use super::super::*;
use super::script::{Codecs, Player};
use sdp_proto::attribute::Direction;

const CODECS: Codecs = Codecs(&[
    ("opus", 96, "opus/48000/2", ""),
    ("PCMU", 0, "PCMU/8000", ""),
    ("PCMA", 8, "PCMA/8000", ""),
    ("ev8", 97, "telephone-event/8000", "0-15"),
    ("ev48", 98, "telephone-event/48000", "0-15"),
    ("VP8", 100, "VP8/90000", ""),
    ("H264", 101, "H264/90000", "packetization-mode=1;profile-level-id=42e01f"),
    ("rtx(VP8)", 102, "rtx/90000", "apt=100"),
    ("rtx(H264)", 103, "rtx/90000", "apt=101"),
    ("FEC", 104, "flexfec/90000", ""),
]);

const AUDIO: &str = "opus PCMU PCMA ev8 ev48 +mid +level";
const VIDEO: &str = "VP8 H264 rtx(VP8) rtx(H264) +mid +rid";

fn player(bundle: BundlePolicy, video: &[&str]) -> Player {
    let mut config = config(1);
    // Both play what they receive (§3.7).
    config.receives_simulcast = false;
    config.bundle = bundle;
    config.audio.codecs = CODECS.own(&["opus", "PCMU", "PCMA", "ev8", "ev48"], &[]);
    let level = Extension::new("urn:ietf:params:rtp-hdrext:ssrc-audio-level").unwrap();
    config.audio.extensions = vec![Extension::mid(), level];
    config.video.codecs = CODECS.own(video, &["nack", "nack pli", "ccm fir"]);
    for codec in &mut config.video.codecs {
        codec.retransmission &= codec.encoding != "flexfec";
    }
    Player::new(CODECS, config)
}

fn with(kind: Kind, stream: &str) -> Transceiver {
    Transceiver { streams: vec![stream.parse().unwrap()], ..Transceiver::new(kind) }
}

#[test]
fn a_simple_call_goes_as_in_rfc_8829() {
    let groups = ["BUNDLE 0 1", "LS 0 1"];
    let sections = |stream: &str, one: &str, other: &str| {
        [
            format!("audio {one} {AUDIO} msid:{stream}"),
            format!("video {other} {VIDEO} msid:{stream}"),
        ]
    };
    let offered = sections("a", "own actpass", "own actpass");
    let answered = sections("b", "own active", "shared");
    let (offered, answered) = (offered.each_ref().map(|s| &**s), answered.each_ref().map(|s| &**s));
    let (offered, answered) = ((&groups[..], &offered[..]), (&groups[..], &answered[..]));
    for stream in ["a", "b"] {
        let mut side = player(BundlePolicy::Balanced, &["VP8", "H264"]);
        side.side.add(with(Kind::Audio, stream)).unwrap();
        side.side.add(with(Kind::Video, stream)).unwrap();
        if stream == "a" {
            side.offers(offered, answered);
        } else {
            side.answers(offered, answered);
        }
        assert_eq!(side.section(1).transport, 0);
    }
}

#[test]
fn streams_and_data_are_added_as_in_rfc_8829() {
    let audio = |way: &str, stream: &str| format!("audio own {way} {AUDIO} msid:{stream}");
    let first = [audio("actpass", "a"), "application only".into()];
    let second = [audio("active", "b"), "application shared".into()];
    let camera = "VP8 H264 FEC rtx(VP8) rtx(H264) +mid +rid";
    let rids = "rid:1:send rid:2:send rid:3:send sim:send:1;2;3";
    let added = [
        audio("actpass", "b"),
        "application shared".into(),
        format!("video shared {camera} {rids} msid:b"),
        format!("video shared {camera} msid:c"),
    ];
    let taken = [
        audio("passive", "a"),
        "application shared".into(),
        format!("video shared recvonly {VIDEO}"),
        format!("video shared recvonly {VIDEO}"),
    ];
    let all = [&first[..], &second, &added, &taken]
        .map(|texts| -> Vec<&str> { texts.iter().map(String::as_str).collect() });
    let [first, second, added, taken] = all.each_ref().map(|texts| &texts[..]);
    let (two, four) = (&["BUNDLE 0 1"][..], &["BUNDLE 0 1 2 3", "LS 0 2"][..]);
    // Alice, who plays what she receives and takes one encoding of it.
    let mut a = player(BundlePolicy::MaxBundle, &["VP8", "H264"]);
    a.side.add(with(Kind::Audio, "a")).unwrap();
    a.side.add(Transceiver::new(Kind::Data)).unwrap();
    a.offers((two, first), (two, second));
    a.answers((four, added), (four, taken));
    assert_eq!(a.section(2).direction, Direction::RecvOnly);
    // Bob, whose camera has three encodings; Alice's answer has none.
    let mut b = player(BundlePolicy::MaxBundle, &["VP8", "H264", "FEC"]);
    b.side.add(with(Kind::Audio, "b")).unwrap();
    b.side.add(Transceiver::new(Kind::Data)).unwrap();
    b.answers((two, first), (two, second));
    let mut camera = with(Kind::Video, "b");
    camera.encodings = ["1", "2", "3"].map(|rid| rid.parse().unwrap()).to_vec();
    b.side.add(camera).unwrap();
    b.side.add(with(Kind::Video, "c")).unwrap();
    b.offers((four, added), (four, taken));
    assert!(b.section(2).send_encodings.is_empty());
    assert_eq!(b.section(3).direction, Direction::SendOnly);
}

#[test]
fn a_transport_is_warmed_up_as_in_rfc_8829() {
    let groups = &["BUNDLE 0 1", "LS 0 1"][..];
    let sections = |audio: &str, video: &str, stream: &str| {
        [
            format!("audio own {audio} {AUDIO} msid:{stream}"),
            format!("video {video} {VIDEO} msid:{stream}"),
        ]
    };
    let all = [
        sections("actpass", "only", "a"),
        sections("active sendonly", "shared sendonly", "b"),
        sections("actpass", "shared", "b"),
        sections("passive", "shared", "a"),
    ];
    let all: Vec<Vec<&str>> =
        all.iter().map(|texts| texts.iter().map(String::as_str).collect()).collect();
    let [offer, early, later, answer] = [0, 1, 2, 3].map(|index| (groups, &all[index][..]));
    let ready = |stream: &str, way: Direction| {
        let mut side = player(BundlePolicy::MaxBundle, &["VP8", "H264"]);
        for kind in [Kind::Audio, Kind::Video] {
            side.side.add(with(kind, stream).with_direction(way)).unwrap();
        }
        side
    };
    let mut a = ready("a", Direction::SendRecv);
    a.offers(offer, early);
    assert_eq!(a.section(0).direction, Direction::RecvOnly);
    a.answers(later, answer);
    let mut b = ready("b", Direction::SendOnly);
    b.answers(offer, early);
    for index in [0, 1] {
        b.update(index, |wish| wish.direction = Direction::SendRecv);
    }
    b.offers(later, answer);
    assert_eq!(b.section(1).direction, Direction::SendRecv);
}
