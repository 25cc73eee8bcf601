//! The examples of RFC 8853 §5.6, with ICE and DTLS, one protocol in a group, the mid in each section of
//! it and multiplexed RTCP where they break RFC 9143 §9. G711 and LPC are names of theirs.

use super::super::*;
use super::script::{Codecs, Player};

type Said<'s> = (&'s [&'s str], &'s [&'s str]);

fn encoding(rid: &str, numbers: &[u8], bounds: &[(Measure, u64)]) -> Encoding {
    let bounds = bounds
        .iter()
        .fold(Restrictions::NONE, |all, (measure, most)| all.with(*measure, Bound::AtMost(*most)));
    let encoding = Encoding::new(rid.parse().unwrap()).with_restrictions(bounds);
    encoding.with_payload_types(numbers.iter().copied())
}

fn player(codecs: Codecs, audio: &[&str], video: &[&str], feedback: &[&str]) -> Player {
    let mut config = config(1);
    config.pausing = Pausing::Negotiated;
    config.audio.codecs = codecs.own(audio, feedback);
    config.video.codecs = codecs.own(video, feedback);
    let repaired =
        Extension::new("urn:ietf:params:rtp-hdrext:sdes:repaired-rtp-stream-id").unwrap();
    config.audio.extensions = vec![Extension::mid(), Extension::rid()];
    config.video.extensions = vec![Extension::mid(), Extension::rid(), repaired];
    Player::new(codecs, config)
}

#[test]
fn a_single_source_is_sent_twice_as_in_rfc_8853() {
    const CODECS: Codecs = Codecs(&[
        ("PCMU", 0, "PCMU/8000", ""),
        ("HD", 97, "H264/90000", "profile-level-id=42c01f;max-fs=3600;max-mbps=108000"),
        ("small", 98, "H264/90000", "profile-level-id=42c00b;max-fs=240;max-mbps=3600"),
    ]);
    let groups = &["BUNDLE 0 1"][..];
    let offered: Said = (
        groups,
        &[
            "audio own actpass PCMU +mid",
            "video own actpass HD small +mid +rid rid:1:send:pt=HD rid:2:send:pt=small \
             rid:3:recv:pt=HD sim:send:1;2:recv:3",
        ],
    );
    let answered: Said = (
        groups,
        &[
            "audio own active PCMU +mid",
            "video shared HD small +mid +rid rid:1:recv:pt=HD rid:2:recv:pt=small \
             rid:3:send:pt=HD sim:send:3:recv:1;2",
        ],
    );
    let side = || {
        let mut side = player(CODECS, &["PCMU"], &["HD", "small"], &[]);
        let (codecs, extensions) = (CODECS.own(&["PCMU"], &[]), vec![Extension::mid()]);
        let capabilities = Some(Capabilities { codecs, extensions });
        side.side.add(Transceiver { capabilities, ..Transceiver::new(Kind::Audio) }).unwrap();
        side
    };
    let mut a = side();
    let mut wish = Transceiver::new(Kind::Video);
    wish.encodings = vec![encoding("1", &[97], &[]).into(), encoding("2", &[98], &[]).into()];
    wish.receive_encodings = vec![encoding("3", &[97], &[]).into()];
    let only_rid = |wish: &mut Transceiver, side: &Player| {
        let codecs = side.side.config().video.codecs.clone();
        let extensions = vec![Extension::mid(), Extension::rid()];
        wish.capabilities = Some(Capabilities { codecs, extensions });
    };
    only_rid(&mut wish, &a);
    a.side.add(wish).unwrap();
    a.offers(offered, answered);
    assert_eq!(a.section(1).send_rids(), ["1", "2"]);
    assert_eq!(a.section(1).receive_rids(), ["3"]);
    let mut b = side();
    let mut wish = Transceiver::new(Kind::Video);
    wish.encodings = vec!["3".parse().unwrap()];
    only_rid(&mut wish, &b);
    b.side.add(wish).unwrap();
    b.answers(offered, answered);
    assert_eq!(b.section(1).receive_encodings[1].alternatives[0].payload_types, [98]);
}

/// The codecs of 5.6.2, and what Fred's cameras send of them.
const FRED: Codecs = Codecs(&[
    ("G722", 9, "G722/8000", ""),
    ("SVC", 100, "H264-SVC/90000", "profile-level-id=42400d;mst-mode=NI-TC"),
    ("H264", 101, "H264/90000", "profile-level-id=42c00d;max-fs=3600;max-mbps=108000"),
    ("VP8", 103, "VP8/90000", "max-fs=900; max-fr=30"),
    ("VP8b", 96, "VP8/90000", "max-fs=3600; max-fr=30"),
    ("rtx(VP8b)", 104, "rtx/90000", "apt=96;rtx-time=200"),
]);

/// A side with a section for each of Fred's.
fn fred() -> (Player, [Transceiver; 2]) {
    let pause = ["ccm pause nowait"];
    let mut side = player(FRED, &["G722"], &[], &[]);
    let repaired = side.side.config().video.extensions.clone();
    let wish = |kind, names: &[&str], extensions: &[Extension], feedback: &[&str]| {
        let (codecs, extensions) = (FRED.own(names, feedback), extensions.to_vec());
        let capabilities = Some(Capabilities { codecs, extensions });
        Transceiver { capabilities, ..Transceiver::new(kind) }
    };
    side.side.add(wish(Kind::Audio, &["G722"], &repaired[..1], &[])).unwrap();
    let first = wish(Kind::Video, &["SVC", "H264", "VP8"], &repaired[..2], &pause);
    (side, [first, wish(Kind::Video, &["VP8b"], &repaired, &pause)])
}

#[test]
fn two_sources_are_sent_with_pauses_as_in_rfc_8853() {
    let bar = "rid:1:send:pt=SVC;max-width=1280;max-height=720;max-fps=60;depend=2 \
               rid:2:send:pt=H264;max-width=1280;max-height=720;max-fps=30 \
               rid:3:send:pt=H264;max-width=640;max-height=360 \
               rid:4:send:pt=VP8;max-width=640;max-height=360 sim:send:1;2;~4,3";
    let zen = "rid:1:send:max-fps=30;max-fs=921600 rid:2:send:max-fps=15;max-fs=614400 \
               rid:3:send:max-fps=30;max-fs=230400 sim:send:1;~3;~2";
    let sections = |audio: &str, one: &str, other: &str, mirrored: bool| {
        let turned =
            |text: &str| text.replace(":send:", if mirrored { ":recv:" } else { ":send:" });
        let (bar, zen, pause) = (turned(bar), turned(zen), "fb:ccm_pause_nowait");
        [
            format!("audio own {audio} G722 +mid"),
            format!("video {one} SVC H264 VP8 +mid +rid {pause} {bar}"),
            format!("video {other} VP8b rtx(VP8b) +mid +rid +repaired {pause} {zen}"),
        ]
    };
    let groups = &["BUNDLE 0 1 2"][..];
    let offered = sections("actpass", "own actpass", "only", false);
    let answered = sections("active", "shared", "shared", true);
    let (offered, answered) = (offered.each_ref().map(|s| &**s), answered.each_ref().map(|s| &**s));
    let (mut a, [mut first, mut second]) = fred();
    use Measure::{FrameRate, FrameSize, Height, Width};
    let mut layered = encoding("1", &[100], &[(Width, 1280), (Height, 720), (FrameRate, 60)]);
    layered.restrictions = layered.restrictions.with_dependencies(["2".parse().unwrap()]);
    let small = [(Width, 640), (Height, 360)];
    first.encodings = vec![
        layered.into(),
        encoding("2", &[101], &[(Width, 1280), (Height, 720), (FrameRate, 30)]).into(),
        SimulcastStream {
            alternatives: vec![
                encoding("4", &[103], &small).paused(),
                encoding("3", &[101], &small),
            ],
        },
    ];
    let bounds = |fps, size| [(FrameRate, fps), (FrameSize, size)];
    second.encodings = vec![
        encoding("1", &[], &bounds(30, 921_600)).into(),
        encoding("3", &[], &bounds(30, 230_400)).paused().into(),
        encoding("2", &[], &bounds(15, 614_400)).paused().into(),
    ];
    a.side.add(first).unwrap();
    a.side.add(second).unwrap();
    a.offers((groups, &offered), (groups, &answered));
    let paused = |streams: &[SimulcastStream]| -> Vec<bool> {
        streams.iter().flat_map(|s| &s.alternatives).map(|encoding| encoding.paused).collect()
    };
    assert_eq!(paused(&a.section(1).send_encodings), [false, false, true, false]);
    let (mut b, wishes) = fred();
    for wish in wishes {
        b.side.add(wish).unwrap();
    }
    b.answers((groups, &offered), (groups, &answered));
    assert_eq!(paused(&b.section(2).receive_encodings), [false, true, true]);
}

#[test]
fn redundant_formats_are_restricted_as_in_rfc_8853() {
    const CODECS: Codecs = Codecs(&[
        ("G711", 97, "G711/8000", ""),
        ("OPUS", 99, "OPUS/48000", "useinbandfec=1;usedtx=0"),
        ("CN", 101, "CN/8000", ""),
        ("keys", 102, "telephone-event/8000", "0-15"),
        ("H264", 103, "H264/90000", "profile-level-id=42c00d;max-fs=3600;max-mbps=108000"),
        ("VP8", 104, "VP8/90000", "max-fs=3600; max-fr=30"),
        ("rtx(H264)", 105, "rtx/90000", "apt=103;rtx-time=200"),
        ("rtx(VP8)", 106, "rtx/90000", "apt=104;rtx-time=200"),
        ("FEC", 107, "flexfec/90000", "repair-window=100000"),
    ]);
    let audio = "rid:1:send:pt=OPUS,keys;max-br=64000 rid:2:send:pt=G711,CN,keys sim:send:1;2";
    let video = "rid:1:send:pt=H264;max-width=1280;max-height=720;max-fps=30 \
                 rid:2:send:pt=VP8;max-width=1280;max-height=720;max-fps=30 \
                 rid:3:send:pt=H264;max-width=640;max-height=360;max-br=300000 \
                 rid:4:send:pt=VP8;max-width=640;max-height=360;max-br=300000 sim:send:1,2;3,4";
    let mirrored = |text: &str| text.replace(":send:", ":recv:");
    let sections = |one: &str, other: &str, audio: &str, video: &str| {
        [
            format!("audio {one} G711 OPUS CN keys +mid +rid {audio}"),
            format!("video {other} H264 VP8 FEC rtx(H264) rtx(VP8) +mid +rid +repaired {video}"),
        ]
    };
    let offered = sections("own actpass", "own actpass", audio, video);
    let answered = sections("own active", "shared", &mirrored(audio), &mirrored(video));
    let groups = &["BUNDLE 0 1"][..];
    let (offered, answered) = (offered.each_ref().map(|s| &**s), answered.each_ref().map(|s| &**s));
    let side = || player(CODECS, &["G711", "OPUS", "CN", "keys"], &["H264", "VP8", "FEC"], &[]);
    let mut a = side();
    use Measure::{BitRate, FrameRate, Height, Width};
    let mut wish = Transceiver::new(Kind::Audio);
    wish.encodings = vec![
        encoding("1", &[99, 102], &[(BitRate, 64_000)]).into(),
        encoding("2", &[97, 101, 102], &[]).into(),
    ];
    a.side.add(wish).unwrap();
    let mut wish = Transceiver::new(Kind::Video);
    let large = [(Width, 1280), (Height, 720), (FrameRate, 30)];
    let small = [(Width, 640), (Height, 360), (BitRate, 300_000)];
    let stream = |rids: [&str; 2], bounds: &[(Measure, u64)]| SimulcastStream {
        alternatives: vec![encoding(rids[0], &[103], bounds), encoding(rids[1], &[104], bounds)],
    };
    wish.encodings = vec![stream(["1", "2"], &large), stream(["3", "4"], &small)];
    a.side.add(wish).unwrap();
    a.offers((groups, &offered), (groups, &answered));
    let mut b = side();
    b.side.add(Transceiver::new(Kind::Audio)).unwrap();
    b.side.add(Transceiver::new(Kind::Video)).unwrap();
    b.answers((groups, &offered), (groups, &answered));
    assert_eq!(b.section(1).receive_encodings, a.section(1).send_encodings);
}
