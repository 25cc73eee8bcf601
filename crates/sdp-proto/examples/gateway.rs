//! A gateway between the SIP phones of a house and browsers, and the descriptions of one call:
//! `cargo run -p sdp-proto --example gateway`.
//!
//! A phone offers RTP in clear to an address of its own, with sound and video. The gateway makes an
//! offer for a browser of it (over ICE and DTLS, with the same codecs), and of the browser's answer
//! one for the phone. Then the phone puts the call on hold, and the gateway does so with the browser.
#![expect(clippy::print_stdout, reason = "a program that prints")]

use std::collections::BTreeMap;
use std::error::Error;

use sdp_proto::IceCredentials;
use sdp_proto::attribute::{Fingerprint, IcePwd, IceUfrag};
use sdp_proto::negotiator::{
    AgreedSection, Carriage, Codec, Config, Direct, Glare, Input, Kind, Negotiator, Output,
    Transceiver, TransceiverId, Verdict,
};

const PHONE: &str = "v=0\r\no=phone 1 1 IN IP4 192.0.2.4\r\ns=-\r\nc=IN IP4 192.0.2.4\r\nt=0 0\r\n\
    m=audio 5004 RTP/AVP 8 0 101\r\na=rtpmap:101 telephone-event/8000\r\na=fmtp:101 0-15\r\n\
    m=video 5006 RTP/AVP 34\r\n";

fn main() -> Result<(), Box<dyn Error>> {
    // The codecs of a call are those of the two who talk, so that the gateway has none of its own.
    let mut phone_leg = leg(1, "8hhY", &[])?;
    let mut browser_leg = leg(2, "9uB6", &[])?;
    let mut browser = leg(3, "f00d", &[Codec::opus(), Codec::pcma(), Codec::pcmu()])?;
    browser.add(Transceiver::new(Kind::Audio))?;

    let mut pairs = BTreeMap::new();
    call(&mut phone_leg, &mut browser_leg, &mut browser, &mut pairs, PHONE)?;
    let direct = phone_leg.agreement().sections().iter().find_map(|s| s.direct.as_ref());
    let direct = direct.ok_or("no address")?;
    println!("=== RTP for the phone goes to {} port {}", direct.connection, direct.port);

    let held = PHONE.replace("phone 1 1", "phone 1 2").replace("m=video", "a=sendonly\r\nm=video");
    call(&mut phone_leg, &mut browser_leg, &mut browser, &mut pairs, &held)?;
    for (name, side) in [("phone", &phone_leg), ("browser", &browser_leg)] {
        for section in side.agreement().sections().iter().filter(|section| section.live) {
            println!(
                "=== with the {name}: section {} is {}",
                section.mid,
                section.direction.as_str()
            );
        }
    }
    Ok(())
}

/// An offer of the phone on its way to the browser, and the answer on its way back. `pairs` says
/// which transceivers of the two legs belong together.
fn call(
    phone_leg: &mut Negotiator,
    browser_leg: &mut Negotiator,
    browser: &mut Negotiator,
    pairs: &mut BTreeMap<TransceiverId, TransceiverId>,
    offer: &str,
) -> Result<(), Box<dyn Error>> {
    take(phone_leg, Input::Offer { text: offer.as_bytes(), glare: Glare::Report });
    for (index, wish) in phone_leg.relayed()?.into_iter().enumerate() {
        let (Some(id), Some(wish)) = (phone_leg.serving(index), wish) else { continue };
        let wish = Transceiver { carriage: Carriage::Ice, ..wish };
        match pairs.get(&id) {
            Some(other) => browser_leg.update(*other, |own| *own = wish)?,
            None => _ = pairs.insert(id, browser_leg.add(wish)?),
        }
    }
    browser_leg.offer()?;
    let text = sent("offer for the browser", browser_leg).ok_or("no offer")?;
    take(browser, Input::Offer { text: text.as_bytes(), glare: Glare::Yield });
    browser.answer()?;
    let text = sent("answer of the browser", browser).ok_or("no answer")?;
    take(browser_leg, Input::Answer(text.as_bytes()));

    let agreed = browser_leg.agreement().sections();
    for index in 0..phone_leg.judgement()?.len() {
        let Some(id) = phone_leg.serving(index) else { continue };
        let section = agreed.iter().find(|section| section.transceiver == pairs.get(&id).copied());
        match section.and_then(AgreedSection::relayed) {
            Some(wish) => phone_leg.update(id, |own| *own = wish)?,
            None => phone_leg.reject(index)?,
        }
    }
    phone_leg.answer()?;
    sent("answer for the phone", phone_leg);
    Ok(())
}

/// A side at 203.0.113.9. Credentials, fingerprint and candidates come from the ICE agent, the
/// certificate and the sockets.
fn leg(id: u8, ufrag: &'static str, audio: &[Codec]) -> Result<Negotiator, Box<dyn Error>> {
    let pwd = IcePwd::new("asd88fgpdd777uzjYhagZg")?;
    let credentials = IceCredentials { ufrag: IceUfrag::new(ufrag)?, pwd };
    let mut config = Config::new(id.into(), credentials, [Fingerprint::sha256([id; 32])]);
    config.audio.codecs = audio.to_vec();
    config.direct = Direct { plain: true, ..Direct::default() };
    let mut side = Negotiator::new(config);
    let port = 6000 + 2 * u32::from(id);
    let candidate = format!("1 1 udp 2130706431 203.0.113.9 {port} typ host").parse()?;
    side.set_candidates(None, vec![candidate], true)?;
    Ok(side)
}

fn take(side: &mut Negotiator, input: Input<'_>) {
    let verdict = side.handle_input(input);
    assert_eq!(verdict, Verdict::Consumed);
}

/// What a side has to send, printed.
fn sent(what: &str, side: &mut Negotiator) -> Option<String> {
    let mut text = None;
    loop {
        match side.poll_output() {
            Output::Description(description) => {
                println!("--- {what}:\n{}", description.session);
                text = Some(description.session.to_string());
            }
            Output::Event(_) => {}
            Output::Rest => return text,
        }
    }
}
