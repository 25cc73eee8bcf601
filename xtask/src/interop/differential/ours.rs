//! Our negotiator, with what a browser can do.

use sdp_proto::attribute::{Fingerprint, IcePwd, IceUfrag, MaxMessageSize, RtcpFb};
use sdp_proto::codec::Format;
use sdp_proto::negotiator::{
    Capabilities, Codec, Config, Extension, Glare, Input, Kind, Negotiator, Output, TransceiverId,
    Verdict,
};
use sdp_proto::text::Words;
use sdp_proto::{IceCredentials, Media, Session};

use super::offer::Offer;
use crate::run::Failure;

/// What a browser said of itself: an offer, and which header extensions it takes.
pub(super) struct Abilities {
    pub(super) offer: String,
    /// Answers to [`everything`](super::formats::everything), of audio and of video.
    pub(super) audio: String,
    pub(super) video: String,
}

/// A configuration that can do what the browser can.
pub(super) fn config(abilities: &Abilities) -> Result<Config, Failure> {
    let (Ok(ufrag), Ok(pwd)) = (IceUfrag::new("ours"), IcePwd::new("oursasd88fgpdd777uzjYhagZg"))
    else {
        unreachable!("letters and digits")
    };
    let credentials = IceCredentials { ufrag, pwd };
    let mut config = Config::new(1, credentials, [Fingerprint::sha256([7; 32])]);
    let offer = parse(&abilities.offer)?;
    for (place, answer) in [(0, &abilities.audio), (1, &abilities.video)] {
        let answer = parse(answer)?;
        let (Some(offered), Some(answered)) = (offer.media_at(place), answer.media_at(0)) else {
            return Err(Failure::Failed("the browser left out a section".into()));
        };
        let capabilities = capabilities(&offered, &answered);
        if place == 0 { config.audio = capabilities } else { config.video = capabilities }
    }
    // An endpoint that plays what it receives, as browsers do (RFC 8829 §3.7).
    config.receives_simulcast = false;
    config.max_message_size = MaxMessageSize(262_144);
    Ok(config)
}

fn parse(text: &str) -> Result<Session<'_>, Failure> {
    Session::parse(text.as_bytes())
        .map_err(|error| Failure::Failed(format!("what the browser says of itself: {error}")))
}

fn capabilities(offered: &Media<'_>, answered: &Media<'_>) -> Capabilities {
    let formats = offered.rtp_formats().unwrap_or_default();
    let feedback: Vec<RtcpFb<'_>> = offered.all().flatten().collect();
    let name = |format: &Format<'_>| {
        format.codec.as_ref().map_or(String::new(), |map| map.encoding.to_ascii_lowercase())
    };
    let refers = |what: &str, to: u8| {
        formats.iter().filter(|format| name(format) == what).any(|format| {
            let parameters = format.fmtp.as_ref().map_or("", |fmtp| fmtp.parameters.as_str());
            let mut numbers = parameters.trim_start_matches("apt=").split('/');
            numbers.any(|number| number.parse() == Ok(to))
        })
    };
    let mut codecs = Vec::new();
    for format in &formats {
        // Companions come with what they refer to.
        if matches!(&*name(format), "rtx" | "red") {
            continue;
        }
        let Some(map) = &format.codec else { continue };
        let Ok(mut codec) = Codec::new(&map.encoding, map.clock_rate) else { continue };
        codec.channels = map.channels().try_into().unwrap_or(1);
        codec.parameters = format.fmtp.clone().map(|fmtp| fmtp.parameters.into_owned());
        codec.payload_type = Some(format.payload_type);
        codec.retransmission = refers("rtx", format.payload_type);
        codec.redundancy = u8::from(refers("red", format.payload_type));
        let of = |line: &&RtcpFb<'_>| line.payload_type == Some(format.payload_type);
        for line in feedback.iter().filter(of) {
            let parameters = line.parameters.iter().flat_map(Words::iter);
            let words: Vec<&str> = std::iter::once(line.kind.as_str()).chain(parameters).collect();
            codec.feedback.extend(words.join(" ").parse());
        }
        codecs.push(codec);
    }
    let maps = answered.all::<sdp_proto::attribute::ExtMap<'_>>().flatten();
    let extension = |map: sdp_proto::attribute::ExtMap<'_>| {
        let mut extension = Extension::new(&map.uri).ok()?;
        extension.direction = map.direction;
        Some(extension)
    };
    Capabilities { codecs, extensions: maps.filter_map(extension).collect() }
}

/// What our side answers.
pub(super) struct Answer {
    /// The text, or why there is none.
    pub(super) text: Result<String, String>,
    /// Why it came out as it did.
    pub(super) why: String,
}

/// Answers as the browser could.
pub(super) fn answer(config: &Config, offer: &Offer) -> Answer {
    let mut us = Negotiator::new(config.clone());
    let text = say(&mut us, offer);
    let why = us.explain().iter().map(ToString::to_string).collect::<Vec<_>>().join("\n") + "\n";
    Answer { text, why }
}

fn say(us: &mut Negotiator, offer: &Offer) -> Result<String, String> {
    let input = Input::Offer { text: offer.text.as_bytes(), glare: Glare::Report };
    match us.handle_input(input) {
        Verdict::Consumed => {}
        other => return Err(format!("{other:?}")),
    }
    if let Some(way) = offer.way {
        let of_media = |kind| matches!(kind, Kind::Audio | Kind::Video);
        let all = us.transceivers().filter(|(_, wish)| of_media(wish.kind));
        for id in all.map(|(id, _)| id).collect::<Vec<TransceiverId>>() {
            us.set_direction(id, way).map_err(|error| error.to_string())?;
        }
    }
    us.answer().map_err(|error| error.to_string())?;
    loop {
        match us.poll_output() {
            Output::Description(description) => return Ok(description.session.to_string()),
            Output::Event(_) => {}
            Output::Rest => return Err("nothing to say".into()),
        }
    }
}
