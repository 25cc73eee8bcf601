//! What was taken in can be answered, whatever it is and whatever policy bore it.

use super::peer::{bare, description, live};
use super::*;
use proptest::collection::vec;
use proptest::prelude::*;
use proptest::sample::Index;
use sdp_proto::Media;
use sdp_proto::attribute::{Crypto, ExtMap, Group, Rid, RtcpFb, Setup, Simulcast, SimulcastList};

const CHROME: &str = include_str!("../../data/chrome_offer.sdp");
const SIMULCAST: &str = include_str!("../../data/chromium/simulcast_offer.sdp");
const MID: &str = "a=extmap:1 urn:ietf:params:rtp-hdrext:sdes:mid";

/// An offer with a section of each kind that peers send, some of them out of use.
fn motley() -> String {
    let video = [
        "a=mid:v",
        MID,
        "a=extmap:4096 urn:x",
        "a=rtpmap:96 VP8/90000",
        "a=rtpmap:97 rtx/90000",
        "a=fmtp:97 apt=96",
        "a=rid:1 send pt=96;max-width=320",
        "a=rid:2 send",
        "a=simulcast:send 1;~2",
    ];
    description(
        &["a=group:BUNDLE a v d", "a=group:LS a v"],
        &[
            live(
                "audio 9 UDP/TLS/RTP/SAVPF 111 0 101",
                &["a=mid:a", MID, "a=rtpmap:111 opus/48000/2", "a=rtpmap:101 telephone-event/8000"],
            ),
            live("video 9 UDP/TLS/RTP/SAVPF 96 97", &video),
            live("application 9 UDP/DTLS/SCTP webrtc-datachannel", &["a=mid:d"]),
            bare("text 0 RTP/AVP 98", ["a=mid:t"]),
            bare("image 9 udptl t38", ["a=mid:i"]),
            live(
                "application 9 DTLS/SCTP 5000",
                &["a=mid:o", "a=sctpmap:5000 webrtc-datachannel 9"],
            ),
            live("audio 9 RTP/SAVPF 8", &["a=mid:s"]),
            bare("audio 5004 RTP/AVP 0", ["a=mid:p"]),
            bare(
                "video 5006 RTP/SAVP 96",
                [
                    "a=mid:k",
                    "a=rtpmap:96 VP8/90000",
                    "a=crypto:7 AES_CM_128_HMAC_SHA1_80 inline:theirs",
                ],
            ),
        ],
    )
}

/// Lines and parts of lines that are wrong, or right elsewhere.
const ODD: [&str; 37] = [
    "a=crypto:1 AES_CM_128_HMAC_SHA1_80 inline:x",
    "m=audio 5000 RTP/AVP 0",
    "m=text 9 RTP/AVP 98",
    "t=0",
    "t=12 13",
    "m=audio 9 UDP/TLS/RTP/SAVPF",
    "m=audio 9 UDP/TLS/RTP/SAVPF 0 200 x",
    "m=audio 0 UDP/TLS/RTP/SAVPF 0",
    "m=x/y 0 RTP/AVP (null)",
    "m=application 9 DTLS/SCTP webrtc-datachannel",
    "m=video 9/2 UDP/TLS/RTP//SAVPF 96",
    "a=group:BUNDLE",
    "a=group:BUNDLE 0 1 2",
    "a=group:BUNDLE v a",
    "a=mid:zz",
    "a=mid:",
    "a=bundle-only",
    "a=rtcp-mux",
    "a=sendonly ",
    "a=recvonly:",
    "a=rid:1 send max-width=x",
    "a=rid:1 send pt=",
    "a=rid:2 recv",
    "a=simulcast:recv 2;1",
    "a=simulcast:send 1,2;1",
    "a=extmap:1 urn:y",
    "a=extmap:1 urn:ietf:params:rtp-hdrext:sdes:mid",
    "a=extmap:300 urn:y",
    "a=rtpmap:0 VP8/90000",
    "a=rtpmap:96 AV1/90000",
    "a=fmtp:97 apt=111",
    "a=rtcp-fb:* nack pli",
    "a=sctp-port:0",
    "a=sctpmap:x",
    "a=setup:holdconn",
    "a=ice-lite",
    "c=IN IP6 ::",
];

#[derive(Clone, Debug)]
enum Change {
    Drop(Index),
    Twice(Index, Index),
    Odd(Index, Index),
    Instead(Index, Index),
    /// Another byte in the place of one.
    Byte(Index, Index, u8),
}

fn change() -> impl Strategy<Value = Change> {
    let at = any::<Index>;
    prop_oneof![
        3 => at().prop_map(Change::Drop),
        1 => (at(), at()).prop_map(|(from, to)| Change::Twice(from, to)),
        3 => (at(), at()).prop_map(|(odd, to)| Change::Odd(odd, to)),
        1 => (at(), at()).prop_map(|(odd, to)| Change::Instead(odd, to)),
        3 => (at(), at(), prop_oneof![b' '..=b'~', any::<u8>()])
            .prop_map(|(line, at, byte)| Change::Byte(line, at, byte)),
    ]
}

fn changed(text: &str, changes: &[Change]) -> Vec<u8> {
    let mut lines: Vec<Vec<u8>> = text.lines().map(|line| line.as_bytes().to_vec()).collect();
    for change in changes {
        let count = lines.len();
        let odd = |which: &Index| ODD[which.index(ODD.len())].as_bytes().to_vec();
        match change {
            Change::Drop(at) => _ = lines.remove(at.index(count)),
            Change::Twice(from, to) => {
                lines.insert(to.index(count), lines[from.index(count)].clone());
            }
            Change::Odd(which, to) => lines.insert(to.index(count), odd(which)),
            Change::Instead(which, to) => lines[to.index(count)] = odd(which),
            Change::Byte(line, at, byte) => {
                let line = &mut lines[line.index(count)];
                if !line.is_empty() {
                    let at = at.index(line.len());
                    line[at] = *byte;
                }
            }
        }
    }
    lines.into_iter().flat_map(|line| [&line[..], b"\r\n"].concat()).collect()
}

fn setting() -> impl Strategy<Value = Config> {
    let bundle = prop_oneof![
        Just(BundlePolicy::Balanced),
        Just(BundlePolicy::MaxCompat),
        Just(BundlePolicy::MaxBundle),
    ];
    let policy = prop_oneof![Just(Policy::Strict), Just(Policy::Compat), Just(Policy::Camera)];
    (bundle, policy, any::<bool>(), any::<bool>()).prop_map(|(bundle, policy, mux, extended)| {
        let mut config = config(2);
        config.bundle = bundle;
        config.policy = policy;
        if mux {
            config.rtcp_mux = RtcpMuxPolicy::Negotiate;
        }
        if extended {
            config.video.extensions.push(Extension::new("urn:x").unwrap());
            config.video.extensions.push(Extension::new("urn:y").unwrap());
            config.direct.plain = true;
            config.direct.dtls = true;
            let crypto = sdp_proto::attribute::Crypto {
                tag: 1,
                suite: "AES_CM_128_HMAC_SHA1_80".parse().unwrap(),
                keys: "inline:own".parse().unwrap(),
                session: None,
            };
            config.direct.crypto = vec![crypto];
        }
        config
    })
}

/// Answers what waits, which cannot fail but for want of new ICE credentials.
fn answered(side: &mut Negotiator, ufrag: &str) -> String {
    match side.answer() {
        Err(CommandError::CredentialsNeeded) => {
            side.restart_ice(credentials(ufrag)).unwrap();
            side.answer().unwrap();
        }
        done => done.unwrap(),
    }
    let mut text = None;
    loop {
        match side.poll_output() {
            Output::Description(description) => text = Some(description.session.to_string()),
            Output::Event(_) => {}
            Output::Rest => return text.unwrap(),
        }
    }
}

/// An answer has nothing that the offer has not (RFC 3264 §6, RFC 8829 §5.3.1).
fn subset(offer: &Session<'_>, answer: &Session<'_>) {
    let groups = |session: &Session<'_>| -> Vec<Vec<String>> {
        let groups = session.session_section();
        let groups = groups.all::<Group<'_>>().flatten();
        groups.map(|group| group.mids().map(str::to_owned).collect()).collect()
    };
    for group in groups(answer).into_iter().filter(|group| group.len() > 1) {
        let part = |whole: &Vec<String>| group.iter().all(|mid| whole.contains(mid));
        assert!(groups(offer).iter().any(part), "{answer}");
    }
    for (theirs, ours) in offer.media().zip(answer.media()) {
        let (asked, given) = (theirs.line().unwrap(), ours.line().unwrap());
        assert_eq!((&asked.media, &asked.proto), (&given.media, &given.proto));
        if let Ok(Some(mid)) = theirs.mid() {
            assert_eq!(ours.mid().unwrap(), Some(mid));
        }
        assert!(!ours.is_bundle_only());
        if given.port == 0 {
            continue;
        }
        assert!(!theirs.is_rejected(), "{answer}");
        if given.is_rtp() {
            formats(offer, &theirs, &ours);
            directions(&theirs, &ours);
        }
    }
}

fn formats(offer: &Session<'_>, theirs: &Media<'_>, ours: &Media<'_>) {
    let offered = theirs.rtp_formats().unwrap();
    for format in ours.rtp_formats().unwrap() {
        let same = offered.iter().find(|offered| offered.payload_type == format.payload_type);
        let (asked, given) = (&same.unwrap().codec, &format.codec);
        if let (Some(asked), Some(given)) = (asked, given) {
            assert!(asked.encoding.eq_ignore_ascii_case(&given.encoding));
            assert_eq!(asked.clock_rate, given.clock_rate);
        }
    }
    let words = |fb: &RtcpFb<'_>| fb.parameters.as_ref().map_or(String::new(), ToString::to_string);
    for given in ours.all::<RtcpFb<'_>>().flatten() {
        let mut asked = theirs.all::<RtcpFb<'_>>().flatten();
        assert!(asked.any(|asked| {
            let about = asked.payload_type.is_none_or(|n| Some(n) == given.payload_type);
            about && asked.kind == given.kind && words(&asked).starts_with(&words(&given))
        }));
    }
    let session = offer.session_section();
    let offered =
        || theirs.all::<ExtMap<'_>>().flatten().chain(session.all::<ExtMap<'_>>().flatten());
    for given in ours.all::<ExtMap<'_>>().flatten() {
        let fits = |asked: ExtMap<'_>| {
            let id = asked.id == given.id || asked.id >= 4096;
            id && asked.extension() == given.extension()
        };
        assert!(offered().any(fits), "{given}");
    }
    for given in ours.all::<Crypto<'_>>().flatten() {
        let mut asked = theirs.all::<Crypto<'_>>().flatten();
        assert!(asked.any(|asked| asked.tag == given.tag && asked.suite == given.suite));
    }
}

fn directions(theirs: &Media<'_>, ours: &Media<'_>) {
    let (asked, given) = (theirs.direction(), ours.direction());
    assert_eq!(asked.answer(given), given);
    for given in ours.all::<Rid<'_>>().flatten() {
        let mut asked = theirs.all::<Rid<'_>>().flatten();
        assert!(asked.any(|asked| asked.id == given.id && asked.direction != given.direction));
    }
    let count = |list: &Option<SimulcastList<'_>>| list.as_ref().map_or(0, |l| l.streams().count());
    if let Some(given) = ours.get::<Simulcast<'_>>().unwrap() {
        let asked = theirs.get::<Simulcast<'_>>().unwrap().unwrap();
        assert!(
            count(&given.send) <= count(&asked.recv) && count(&given.recv) <= count(&asked.send)
        );
    }
    if let Some(given) = ours.get::<Setup>().unwrap() {
        let asked = theirs.get_or_session::<Setup>().ok().flatten();
        assert!(matches!(given, Setup::Active | Setup::Passive) && asked != Some(given));
    }
}

/// Offers to someone else what one peer offers or has agreed to, where there is a codec in it.
fn relayed(wishes: Vec<Option<Transceiver>>) {
    let mut side = Negotiator::new(config(3));
    for wish in wishes.into_iter().flatten() {
        let done = side.add(wish);
        assert!(matches!(done, Ok(_) | Err(CommandError::SecondDataChannel)), "{done:?}");
    }
    match side.offer() {
        Ok(()) => {}
        Err(CommandError::NoCodec) => return,
        Err(error) => panic!("{error}"),
    }
    let text = said(&mut side);
    let read = Session::accept(text.as_bytes(), Policy::Strict);
    assert!(read.is_ok(), "{:?}: {text}", read.err());
}

proptest! {
    #![proptest_config(ProptestConfig::with_cases(400))]

    #[test]
    fn what_is_consumed_can_be_answered_and_offered_again(
        base in 0_usize..3,
        config in setting(),
        first in vec(change(), 0..8),
        second in vec(change(), 0..4),
        wishes in vec(prop_oneof![Just(Kind::Audio), Just(Kind::Video), Just(Kind::Data)], 0..3),
        rejected in vec(0_usize..8, 0..2),
        served in any::<bool>(),
    ) {
        let base = match base {
            0 => CHROME.to_owned(),
            1 => SIMULCAST.to_owned(),
            _ => motley(),
        };
        let mut b = Negotiator::new(config);
        for kind in wishes {
            let mut wish = Transceiver::new(kind);
            wish.encodings = ["1", "2"].map(|rid| rid.parse().unwrap()).to_vec();
            let _ = b.add(wish);
        }
        if served {
            let fax = OtherMedia::new("image", "udptl", ["t38"]).unwrap();
            b.add(Transceiver::other(fax)).unwrap();
        }
        for (round, changes) in [first, second].iter().enumerate() {
            let text = changed(&base, changes);
            let verdict = b.handle_input(Input::Offer { text: &text, glare: Glare::Yield });
            if verdict != Verdict::Consumed {
                continue;
            }
            if b.state() == SignalingState::Stable {
                // The same offer once more, answered already.
                continue;
            }
            relayed(b.relayed().unwrap());
            for section in &rejected {
                let _ = b.reject(*section);
            }
            let sections = Session::parse(&text).unwrap().media_count();
            let answer = answered(&mut b, &format!("round{round}"));
            let read = Session::accept(answer.as_bytes(), Policy::Strict);
            prop_assert!(read.is_ok(), "{:?}: {answer}", read.err());
            prop_assert_eq!(read.unwrap().media_count(), sections);
            subset(&Session::parse(&text).unwrap(), &Session::parse(answer.as_bytes()).unwrap());
            relayed(b.agreement().sections().iter().map(AgreedSection::relayed).collect());
            // What was agreed on can be offered.
            b.offer().unwrap();
            b.rollback().unwrap();
        }
    }
}
