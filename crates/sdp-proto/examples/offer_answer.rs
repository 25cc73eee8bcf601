//! A whole exchange of offers and answers between two negotiators, printed as it happens:
//! `cargo run -p sdp-proto --example offer_answer`.
//!
//! Alice offers audio, video and a data channel; Bob looks at the offer, rejects the video and
//! answers; then Bob offers to send audio alone, and Alice agrees. Between two programs the texts
//! would travel over whatever signalling there is.
#![expect(clippy::print_stdout, reason = "a program that prints")]

use std::error::Error;

use sdp_proto::IceCredentials;
use sdp_proto::attribute::{Direction, Fingerprint, IcePwd, IceUfrag};
use sdp_proto::negotiator::{
    Codec, Config, Extension, Glare, Input, Kind, Negotiator, Output, Transceiver, Verdict,
};

fn main() -> Result<(), Box<dyn Error>> {
    let (mut alice, mut bob) = (side(1, "8hhY")?, side(2, "9uB6")?);
    for kind in [Kind::Audio, Kind::Video, Kind::Data] {
        alice.add(Transceiver::new(kind))?;
    }
    alice.offer()?;
    let offer = sent("Alice", &mut alice).ok_or("no offer")?;

    // Who takes an offer while an own one is out is the polite side.
    let verdict = bob.handle_input(Input::Offer { text: offer.as_bytes(), glare: Glare::Yield });
    assert_eq!(verdict, Verdict::Consumed);
    let video = bob.judgement()?.iter().position(|section| section.kind == Some(Kind::Video));
    bob.reject(video.ok_or("no video")?)?;
    bob.answer()?;
    let answer = sent("Bob", &mut bob).ok_or("no answer")?;

    let verdict = alice.handle_input(Input::Answer(answer.as_bytes()));
    assert_eq!(verdict, Verdict::Consumed);
    sent("Alice", &mut alice);
    show("Alice", &alice);
    for line in bob.explain() {
        println!("Bob on {line}");
    }

    // Later, and the other way round.
    let audio = bob.transceivers().find(|(_, wish)| wish.kind == Kind::Audio);
    let (audio, _) = audio.ok_or("no audio")?;
    bob.set_direction(audio, Direction::SendOnly)?;
    bob.offer()?;
    let offer = sent("Bob", &mut bob).ok_or("no offer")?;
    let verdict = alice.handle_input(Input::Offer { text: offer.as_bytes(), glare: Glare::Report });
    assert_eq!(verdict, Verdict::Consumed);
    alice.answer()?;
    let answer = sent("Alice", &mut alice).ok_or("no answer")?;
    assert_eq!(bob.handle_input(Input::Answer(answer.as_bytes())), Verdict::Consumed);
    sent("Bob", &mut bob);
    show("Bob", &bob);
    Ok(())
}

/// A side with two audio codecs and one for video. Credentials and fingerprint come from the ICE
/// agent and the certificate.
fn side(id: u8, ufrag: &'static str) -> Result<Negotiator, Box<dyn Error>> {
    let pwd = IcePwd::new("asd88fgpdd777uzjYhagZg")?;
    let credentials = IceCredentials { ufrag: IceUfrag::new(ufrag)?, pwd };
    let mut config = Config::new(id.into(), credentials, [Fingerprint::sha256([id; 32])]);
    config.audio.codecs = vec![Codec::opus(), Codec::pcmu()];
    config.video.codecs = vec![Codec::vp8()];
    config.video.extensions = vec![Extension::mid()];
    Ok(Negotiator::new(config))
}

/// Prints what a side wants; the description that it has to send.
fn sent(name: &str, side: &mut Negotiator) -> Option<String> {
    let mut text = None;
    loop {
        match side.poll_output() {
            Output::Description(description) => {
                println!("--- {name}, {:?}:\n{}", description.kind, description.session);
                text = Some(description.session.to_string());
            }
            Output::Event(event) => println!("--- {name}: {event:?}"),
            Output::Rest => return text,
        }
    }
}

/// Prints what was agreed, as one side sees it.
fn show(name: &str, side: &Negotiator) {
    for section in side.agreement().sections() {
        let codec = section.codecs.first().and_then(|codec| codec.local.codec.as_ref());
        let codec = codec.map_or(String::new(), |codec| format!(" with {codec}"));
        let state = if section.live { section.direction.as_str() } else { "off" };
        println!("{name}: section {} is {state}{codec}", section.mid);
    }
}
