//! Encodings under rids: restricted, paused, alternatives of one another (RFC 8851, RFC 8853).

use super::peer::{description, live};
use super::*;

const LINE: &str = "video 9 UDP/TLS/RTP/SAVPF 96 97";

/// An offer of VP8 and VP9 with these lines.
fn offered(attributes: &[&str]) -> String {
    let maps = ["a=rtpmap:96 VP8/90000", "a=rtpmap:97 VP9/90000"];
    description(&[], &[live(LINE, &[&maps[..], attributes].concat())])
}

/// A side with VP8 and VP9 that can be paused.
fn able(id: u8) -> Config {
    let mut config = config(id);
    config.video.codecs = [(96, "VP8"), (97, "VP9")]
        .map(|(number, name)| {
            let codec = Codec::new(name, 90_000.try_into().unwrap()).unwrap();
            codec.with_payload_type(number).with_feedback("ccm pause nowait").unwrap()
        })
        .to_vec();
    config
}

fn sending(side: Config, encodings: &[&str]) -> Negotiator {
    let mut side = Negotiator::new(side);
    let encodings = encodings.iter().map(|text| text.parse().unwrap()).collect();
    side.add(Transceiver { encodings, ..Transceiver::new(Kind::Video) }).unwrap();
    side
}

fn width(width: u64) -> Restrictions {
    Restrictions::NONE.with(Measure::Width, Bound::AtMost(width))
}

fn encoding(rid: &str) -> Encoding {
    Encoding::new(rid.parse().unwrap())
}

fn rid_lines(text: &str) -> Vec<&str> {
    let wanted = |line: &&str| line.starts_with("a=rid:") || line.starts_with("a=simulcast:");
    lines(text, Some(0)).into_iter().filter(wanted).collect()
}

fn agreed(side: &Negotiator) -> &AgreedSection {
    &side.agreement().sections()[0]
}

#[test]
fn restrictions_and_pauses_are_typed_on_both_sides_of_offer_and_answer() {
    let small = Restrictions::NONE
        .with(Measure::Height, Bound::AtMost(180))
        .with(Measure::FrameRate, Bound::Open)
        .with(Measure::BitsPerPixel, Bound::AtMost(15_000))
        .with_dependencies(["big".parse().unwrap()]);
    let mut wish = Transceiver::new(Kind::Video);
    wish.encodings = vec![
        encoding("big").with_payload_types([97, 96]).with_restrictions(width(1280)).into(),
        SimulcastStream {
            alternatives: vec![encoding("s1").with_restrictions(small).paused(), encoding("s2")],
        },
    ];
    let (mut a, mut b) = (Negotiator::new(able(1)), Negotiator::new(able(2)));
    a.add(wish).unwrap();
    let mut limits = Transceiver::new(Kind::Video);
    let slow = Restrictions::NONE
        .with(Measure::FrameRate, Bound::AtMost(15))
        .with(Measure::Height, Bound::AtMost(360))
        .with(Measure::BitRate, Bound::AtMost(9));
    limits.receive_encodings = vec![encoding("s1").with_restrictions(slow).into()];
    b.add(limits).unwrap();
    let (text, answered) = exchange(&mut a, &mut b);
    assert_eq!(
        rid_lines(&text),
        [
            "a=rid:big send pt=97,96;max-width=1280",
            "a=rid:s1 send max-height=180;max-fps;max-bpp=1.5000;depend=big",
            "a=rid:s2 send",
            "a=simulcast:send big;~s1,s2",
        ]
    );
    // Bounds of this side narrow those of the offer, and add none.
    assert_eq!(
        rid_lines(&answered),
        [
            "a=rid:big recv pt=97,96;max-width=1280",
            "a=rid:s1 recv max-height=180;max-fps=15;max-bpp=1.5000;depend=big",
            "a=rid:s2 recv",
            "a=simulcast:recv big;~s1,s2",
        ]
    );
    let (ours, theirs) = (agreed(&a), agreed(&b));
    assert_eq!(ours.send_encodings, theirs.receive_encodings);
    assert!(ours.simulcast && theirs.simulcast && ours.receive_encodings.is_empty());
    let [big, small] = &ours.send_encodings[..] else { panic!("{:?}", ours.send_encodings) };
    assert_eq!(big.alternatives[0].payload_types, [97, 96]);
    let [first, second] = &small.alternatives[..] else { panic!("{small:?}") };
    assert_eq!((first.paused, second.paused), (true, false));
    assert_eq!(first.restrictions.bound(Measure::FrameRate), Some(Bound::AtMost(15)));
    assert_eq!(first.restrictions.bound(Measure::BitRate), None);
    assert_eq!(first.restrictions.dependencies(), ["big"]);
    for (told, heard) in [(&ours.local, &theirs.remote), (&theirs.local, &ours.remote)] {
        assert_eq!((&told.rids, &told.paused), (&heard.rids, &heard.paused));
        assert_eq!((told.rids.len(), &told.paused[..]), (3, &["s1".parse().unwrap()][..]));
    }
    // What was agreed is what is asked for in turn, and goes on.
    let (text, _) = exchange(&mut b, &mut a);
    assert_eq!(
        rid_lines(&text),
        [
            "a=rid:big recv pt=97,96;max-width=1280",
            "a=rid:s1 recv max-height=360;max-fps=15;max-br=9",
            "a=rid:s2 recv",
            "a=simulcast:recv big;s1,s2",
        ]
    );
    assert_eq!(agreed(&a).send_encodings, agreed(&b).receive_encodings);
    assert_eq!(agreed(&a).send_rids(), ["big", "s1", "s2"]);
}

#[test]
fn payload_types_of_an_encoding_are_those_that_its_codecs_get() {
    let (mut a, mut b) = (side_with(1, &[Kind::Audio]), Negotiator::new(able(2)));
    // Opus has the number that VP8 wishes for.
    let mut other = able(1);
    other.audio.codecs = vec![Codec { payload_type: Some(96), ..Codec::opus() }];
    let mut wish = Transceiver::new(Kind::Video);
    wish.encodings = vec![
        encoding("1").with_payload_types([96, 50]).into(),
        encoding("2").with_payload_types([97]).into(),
        encoding("3").with_payload_types([50]).into(),
    ];
    let mut c = Negotiator::new(other);
    c.add(Transceiver::new(Kind::Audio)).unwrap();
    c.add(wish.clone()).unwrap();
    let (text, answered) = exchange(&mut c, &mut b);
    let lines = |text| -> Vec<String> {
        let all = super::lines(text, Some(1)).into_iter().filter(|line| line.contains("rid:"));
        all.map(str::to_owned).collect()
    };
    // It takes none that another codec wishes for.
    assert_eq!(lines(&text), ["a=rid:1 send pt=98", "a=rid:2 send pt=97"]);
    assert_eq!(lines(&answered), ["a=rid:1 recv pt=98", "a=rid:2 recv pt=97"]);
    assert!(c.explain().iter().all(|line| line.reason != Reason::NoCodec));
    // A peer that numbers the codecs anew restricts by its own numbers.
    c.offer().unwrap();
    let text = said(&mut c);
    let answered = answer(&mut b, &text);
    let video = answered.find("m=video").unwrap();
    let (head, video) = answered.split_at(video);
    let video = video.replace("SAVPF 98 97", "SAVPF 120 97").replace(":98 ", ":120 ");
    let answered = format!("{head}{}", video.replace("pt=98", "pt=120"));
    conclude(&mut c, &answered);
    let section = &c.agreement().sections()[1];
    assert_eq!(section.codecs[0].remote.payload_type, 120);
    assert_eq!(section.send_encodings[0].alternatives[0].payload_types, [120]);
    // One whose formats were all turned down goes.
    a.add(wish).unwrap();
    assert!(!offer(&mut a).contains("a=rid:3"));
}

#[test]
fn rids_that_mean_nothing_here_are_not_answered() {
    let cases = [
        // A name that occurs twice stands for neither.
        (&["a=rid:a send", "a=rid:a send max-fps=3", "a=rid:b send"][..], &["a=rid:b recv"][..]),
        (&["a=rid:a send max-width=x", "a=rid:b send"], &["a=rid:b recv"]),
        // What depends on nothing that is there, perhaps by way of others.
        (&["a=rid:a send depend=z", "a=rid:b send depend=a", "a=rid:c send"], &["a=rid:c recv"]),
        // What the peer keeps to itself need not be known; what it asks of this side must be.
        (
            &["a=rid:a send x-new=1", "a=rid:b recv x-new=1", "a=rid:c recv max-fps=9"],
            &["a=rid:c send max-fps=9", "a=rid:a recv x-new=1"],
        ),
        // No formats left, or some.
        (&["a=rid:a send pt=5", "a=rid:b send pt=5,97"], &["a=rid:b recv pt=97"]),
        // Not among the own ones.
        (&["a=rid:q recv", "a=rid:b recv"], &["a=rid:b send"]),
    ];
    for (lines_of, expected) in cases {
        let mut b = sending(able(2), &["a", "b", "c"]);
        let answered = answer(&mut b, &offered(lines_of));
        assert_eq!(rid_lines(&answered), expected, "{lines_of:?}");
        assert!(!agreed(&b).simulcast);
    }
}

#[test]
fn a_simulcast_is_cut_down_and_never_made_up() {
    let rids = ["a=rid:a send", "a=rid:b send", "a=rid:c send", "a=rid:d recv", "a=rid:e recv"];
    let cases = [
        ("send a;b,c recv d;e", "send d;e recv a;b,c"),
        ("recv d,e", "send d,e"),
        // A rid of the other direction, one without a line, one that comes twice.
        ("send a;d;x;b;a", "recv a;b"),
        ("recv ~e;a", "send ~e"),
    ];
    for (asked, expected) in cases {
        let mut b = sending(config(2), &["d", "e"]);
        let line = format!("a=simulcast:{asked}");
        let answered = answer(&mut b, &offered(&[&rids[..], &[&line]].concat()));
        let line = format!("a=simulcast:{expected}");
        assert_eq!(rid_lines(&answered).last(), Some(&line.as_str()), "{answered}");
        let said = |rid: &str| answered.contains(&format!("a=rid:{rid} "));
        assert_eq!(said("c"), expected.contains("b,c"), "{answered}");
    }
    // Two such lines are none.
    let twice = ["a=simulcast:send a;b", "a=simulcast:send a;c"];
    let mut b = sending(config(2), &["d", "e"]);
    let text = offered(&[&rids[..], &twice].concat());
    assert!(!answer(&mut b, &text).contains("a=simulcast"));
    // In the session part it means nothing.
    let text = offered(&rids).replacen("t=0 0\r\n", "t=0 0\r\na=simulcast:send a;b\r\n", 1);
    let mut b = sending(config(2), &["d", "e"]);
    assert!(!answer(&mut b, &text).contains("a=simulcast"));
}

#[test]
fn encodings_start_paused_where_that_is_negotiated_or_by_policy() {
    let pause = "a=rtcp-fb:* ccm pause nowait";
    let rids = ["a=rid:a send", "a=rid:b send", "a=simulcast:send a;~b"];
    let offers = [offered(&rids), offered(&[&rids[..], &[pause]].concat())];
    let strict = |config: Config| Config { pausing: Pausing::Negotiated, ..config };
    // Neither the offer alone nor this side alone is enough.
    for (text, side, paused) in [
        (&offers[0], able(2), true),
        (&offers[0], strict(able(2)), false),
        (&offers[1], strict(able(2)), true),
        (&offers[1], strict(config(2)), false),
    ] {
        let mut b = Negotiator::new(side);
        let answered = answer(&mut b, text);
        assert_eq!(answered.contains("a=simulcast:recv a;~b"), paused, "{answered}");
        assert_eq!(agreed(&b).receive_encodings[1].alternatives[0].paused, paused);
        assert_eq!(agreed(&b).remote.paused, ["b"]);
        assert_eq!(agreed(&b).local.paused.len(), usize::from(paused));
    }
    // In an offer all formats of a paused encoding have the feedback.
    let mut half = able(1);
    half.video.codecs[1].feedback.clear();
    for (side, paused) in [(able(1), true), (half, false), (config(1), false)] {
        let mut a = sending(strict(side), &["a", "~b"]);
        assert_eq!(offer(&mut a).contains("a=simulcast:send a;~b"), paused);
    }
    // An answer without the feedback pauses nothing (RFC 8853 §5.3.3).
    for (pausing, paused) in [(Pausing::Negotiated, false), (Pausing::Unannounced, true)] {
        let mut a = sending(Config { pausing, ..able(1) }, &["a", "~b"]);
        let text = offer(&mut a);
        let answered = answer(&mut Negotiator::new(able(2)), &text);
        conclude(&mut a, &answered.replace("ccm pause nowait", "nack"));
        assert_eq!(agreed(&a).send_encodings[1].alternatives[0].paused, paused);
    }
}

#[test]
fn an_answer_may_restrict_what_was_offered_and_nothing_else() {
    let wish = || {
        let mut wish = Transceiver::new(Kind::Video);
        let bounded = width(640).with(Measure::FrameRate, Bound::Open);
        wish.encodings = vec![
            encoding("a").with_restrictions(bounded).into(),
            encoding("b").with_payload_types([96, 97]).into(),
            "c,d".parse().unwrap(),
        ];
        wish
    };
    let (a_line, b_line) = ("a=rid:a recv max-width=640;max-fps", "a=rid:b recv pt=96,97");
    let all = "a=simulcast:recv a;b;c,d";
    let cases: [(&str, &str, &[&str]); 15] = [
        ("", "", &["a", "b", "c", "d"]),
        (a_line, "a=rid:a recv max-width=320;max-fps=5", &["a", "b", "c", "d"]),
        (a_line, "a=rid:a recv", &["a", "b", "c", "d"]),
        (a_line, "a=rid:a recv max-width=641", &["b", "c", "d"]),
        (a_line, "a=rid:a recv max-width", &["b", "c", "d"]),
        (a_line, "a=rid:a recv max-height=3", &["b", "c", "d"]),
        (a_line, "a=rid:a recv pt=96", &["b", "c", "d"]),
        (a_line, "a=rid:a recv depend=b", &["b", "c", "d"]),
        (a_line, "a=rid:a send", &["b", "c", "d"]),
        (b_line, "a=rid:b recv pt=97", &["a", "b", "c", "d"]),
        (b_line, "a=rid:b recv pt=95", &["a", "c", "d"]),
        (b_line, "a=rid:b recv", &["a", "b", "c", "d"]),
        (all, "a=simulcast:recv d;z;b", &["d", "b"]),
        // Alternatives are no streams of their own.
        (all, "a=simulcast:recv a;c;d", &["a", "c"]),
        (all, "a=simulcast:send a;b", &[]),
    ];
    for (line, instead, kept) in cases {
        let (mut a, mut b) = (Negotiator::new(able(1)), Negotiator::new(able(2)));
        a.add(wish()).unwrap();
        let text = offer(&mut a);
        let answered = answer(&mut b, &text);
        assert!(answered.contains(&format!("{line}\r\n")) || line.is_empty(), "{answered}");
        let changed = answered.replace(&format!("{line}\r\n"), &format!("{instead}\r\n"));
        let changed = if line.is_empty() { answered } else { changed };
        conclude(&mut a, &changed);
        assert_eq!(agreed(&a).send_rids(), kept, "{instead}");
    }
    // Without the line there is no simulcast.
    let (mut a, mut b) = (Negotiator::new(able(1)), Negotiator::new(able(2)));
    a.add(wish()).unwrap();
    let text = offer(&mut a);
    let answered = answer(&mut b, &text).replace(&format!("{all}\r\n"), "");
    conclude(&mut a, &answered);
    assert!(agreed(&a).send_encodings.is_empty() && !agreed(&a).simulcast);
}

#[test]
fn one_encoding_with_a_name_is_no_simulcast() {
    let mut a = sending(able(1), &["only"]);
    let text = offer(&mut a);
    assert_eq!(rid_lines(&text), ["a=rid:only send"]);
    let mut b = Negotiator::new(able(2));
    let answered = answer(&mut b, &text);
    assert_eq!(rid_lines(&answered), ["a=rid:only recv"]);
    conclude(&mut a, &answered);
    assert_eq!((agreed(&a).send_rids(), agreed(&a).simulcast), (agreed(&b).receive_rids(), false));
    assert_eq!(agreed(&b).receive_rids(), ["only"]);
    // One each way, restricted: still none.
    let mut wish = Transceiver::new(Kind::Video);
    wish.encodings = vec![encoding("s").with_restrictions(width(9)).into()];
    wish.receive_encodings = vec![encoding("r").with_restrictions(width(7)).into()];
    let mut a = Negotiator::new(able(1));
    a.add(wish.clone()).unwrap();
    let lines_of = ["a=rid:s send max-width=9", "a=rid:r recv max-width=7"];
    assert_eq!(rid_lines(&offer(&mut a)), lines_of);
    // With several one way, it is one.
    wish.encodings.push("t".parse().unwrap());
    let mut a = Negotiator::new(able(1));
    a.add(wish).unwrap();
    assert!(offer(&mut a).contains("a=simulcast:send s;t recv r\r\n"));
}

#[test]
fn long_chains_of_dependencies_are_borne() {
    let rids: Vec<String> = (0..900).map(|n| format!("a=rid:{n} send depend={}", n + 1)).collect();
    let mut lines_of: Vec<&str> = rids.iter().map(String::as_str).collect();
    let mut b = Negotiator::new(able(2));
    assert!(rid_lines(&answer(&mut b, &offered(&lines_of))).is_empty());
    lines_of.push("a=rid:900 send");
    let mut b = Negotiator::new(able(2));
    assert_eq!(rid_lines(&answer(&mut b, &offered(&lines_of))).len(), 901);
}

#[test]
fn a_later_offer_has_the_pauses_of_its_time() {
    let (mut a, mut b) = (sending(able(1), &["a", "b"]), Negotiator::new(able(2)));
    let (text, _) = exchange(&mut a, &mut b);
    assert!(text.contains("a=simulcast:send a;b\r\n"), "{text}");
    let (id, _) = a.transceivers().next().unwrap();
    a.update(id, |wish| wish.encodings[1] = "~b".parse().unwrap()).unwrap();
    let (text, _) = exchange(&mut a, &mut b);
    assert!(text.contains("a=simulcast:send a;~b\r\n"), "{text}");
    assert_eq!(agreed(&b).remote.paused, ["b"]);
}
