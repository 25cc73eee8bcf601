//! What Chromium wrote to our negotiator; `tests/data/chromium/README.md` says how it came about.

use super::*;
use sdp_proto::attribute::Direction;

const AUDIO_VIDEO_OFFER: &str = include_str!("../../data/chromium/audio_video_offer.sdp");
const FIRST_SECTION_GONE: &str = include_str!("../../data/chromium/first_section_gone_answer.sdp");
const SIMULCAST_OFFER: &str = include_str!("../../data/chromium/simulcast_offer.sdp");
const SIMULCAST_ANSWER: &str = include_str!("../../data/chromium/simulcast_answer.sdp");

/// The side that Chromium talked to, which holds it to the letter.
fn us() -> Negotiator {
    let mut config = config(1);
    config.video.codecs = vec![Codec::vp8(), Codec::h264(), Codec::vp9()];
    config.policy = Policy::Strict;
    Negotiator::new(config)
}

#[test]
fn what_it_writes_is_well_formed() {
    for text in [AUDIO_VIDEO_OFFER, FIRST_SECTION_GONE, SIMULCAST_OFFER, SIMULCAST_ANSWER] {
        let session = Session::accept(text.as_bytes(), Policy::Strict).unwrap();
        assert_eq!(session.to_bytes(), text.as_bytes());
    }
}

#[test]
fn its_new_transport_is_taken_when_the_section_of_the_old_one_went() {
    let mut us = us();
    for kind in [Kind::Audio, Kind::Video] {
        us.add(Transceiver::new(kind)).unwrap();
    }
    answer(&mut us, AUDIO_VIDEO_OFFER);
    let before = us.agreement().transport(1).unwrap().clone();
    let (audio, _) = us.transceivers().next().unwrap();
    us.stop(audio).unwrap();
    offer(&mut us);
    drain(&mut us);
    let verdict = us.handle_input(Input::Answer(FIRST_SECTION_GONE.as_bytes()));
    assert_eq!(verdict, Verdict::Consumed);
    let moved = Event::NewTransport { mid: "1".parse().unwrap() };
    assert_eq!(drain(&mut us).1.iter().filter(|event| **event == moved).count(), 1);
    let now = us.agreement().transport(1).unwrap();
    assert_eq!(before.fingerprints, now.fingerprints);
    assert_ne!(before.credentials, now.credentials);
    assert_eq!((before.role, now.role), (DtlsRole::Client, DtlsRole::Server));
}

#[test]
fn its_encodings_are_received_whoever_offers() {
    let mut us = us();
    let text = answer(&mut us, SIMULCAST_OFFER);
    assert!(text.contains("a=simulcast:recv h;m;l\r\n"), "{text}");
    assert_eq!(us.agreement().sections()[0].receive_rids(), ["h", "m", "l"]);

    let mut us = self::us();
    let mut wish = Transceiver::new(Kind::Video).with_direction(Direction::RecvOnly);
    wish.receive_encodings = ["h", "m", "l"].map(|rid| rid.parse().unwrap()).to_vec();
    us.add(wish).unwrap();
    offer(&mut us);
    conclude(&mut us, SIMULCAST_ANSWER);
    assert_eq!(us.agreement().sections()[0].receive_rids(), ["h", "m", "l"]);
}
