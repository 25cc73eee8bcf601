//! `spool sdp answer`: what we would answer to an offer, and why, section by section (RFC 8829 §5.3).
use crate::{exit::Failure, lines};
use sdp_proto::{
    IceCredentials,
    attribute::{Fingerprint, IcePwd, IceUfrag},
    negotiator::{
        Capabilities, Codec, Config, Explanation, Extension, Glare, Input, Kind, Negotiator,
        Output, Subject, Transceiver, Verdict,
    },
};
use std::{fmt::Write, fs, num::NonZeroU32, path::PathBuf};

/// Tell what we would answer to an offer, and why, section by section
///
/// The answer has made-up credentials: it is to be read, not to be sent.
#[derive(Debug, clap::Args)]
pub(super) struct Args {
    /// Codecs in the order of preference, one a line: `audio opus/48000/2 minptime=10`; the usual
    /// ones otherwise, in the order of the offer
    #[arg(long, value_name = "FILE")]
    prefs: Option<PathBuf>,
    /// An offer; `-` is stdin
    #[arg(value_name = "OFFER")]
    offer: PathBuf,
}

pub(super) fn run(args: &Args) -> Result<(), Failure> {
    let offer = super::description(&args.offer)?;
    let mut side = side().map_err(|error| Failure::NotStarted(error.to_string()))?;
    let own = args.prefs.as_ref().map(preferences).transpose()?;
    for media in offer.media() {
        let Ok(line) = media.line() else { continue };
        let kind = match line.media.as_str() {
            "audio" => Kind::Audio,
            "video" => Kind::Video,
            _ => continue,
        };
        let capabilities = own.as_ref().map(|own| own.of(kind));
        let wish = Transceiver { capabilities, ..Transceiver::new(kind) };
        // more than there may be are not needed either
        let _ = side.add(wish);
    }
    let text = offer.to_bytes();
    match side.handle_input(Input::Offer { text: &text, glare: Glare::Report }) {
        Verdict::Consumed => {}
        Verdict::Refused(mismatch) => {
            let name = super::name(&args.offer);
            return Err(Failure::NotStarted(format!("{name}: {mismatch}")));
        }
        Verdict::Glare => unreachable!("no own offer is open"),
    }
    let told = tell(&side);
    side.answer().map_err(|error| Failure::NotStarted(error.to_string()))?;
    lines::print_foreign(told.trim_end().as_bytes());
    while let Output::Event(_) | Output::Description(_) = side.poll_output() {}
    let answer = side.agreement().local().map_or(String::new(), ToString::to_string);
    lines::print_foreign(format!("\n{}", answer.replace("\r\n", "\n").trim_end()).as_bytes());
    Ok(())
}

/// What becomes of each section, and of what is in it.
fn tell(side: &Negotiator) -> String {
    let mut out = String::new();
    let explanations = side.explain();
    for (index, section) in side.judgement().unwrap_or_default().iter().enumerate() {
        let lines = || explanations.iter().filter(|line| line.section == index);
        let whole = lines().rfind(|line| line.subject == Subject::Section);
        let fate = match whole {
            _ if section.live => format!("accepted, {}", section.direction.as_str()),
            Some(Explanation { reason, .. }) => format!("rejected: {}", reason.as_str()),
            None => "rejected".to_owned(),
        };
        // writing to a String cannot fail
        let _ = writeln!(out, "Section {}, mid {}: {fate}", index + 1, section.mid);
        for line in lines() {
            let subject = match &line.subject {
                Subject::Section => continue,
                Subject::Codec(name) | Subject::Extension(name) => name.clone(),
                Subject::Rid(name) => format!("rid {name}"),
            };
            let fate = if line.reason.is_kept() { "kept" } else { "dropped" };
            let _ = writeln!(out, "  {fate:<11} {subject}: {}", line.reason.as_str());
        }
    }
    out
}

/// A side with the usual codecs.
fn side() -> Result<Negotiator, sdp_proto::text::TextError> {
    let ufrag = IceUfrag::new("made")?;
    let pwd = IcePwd::new("upForReadingNotForSending")?;
    let print = Fingerprint::sha256([0; 32]);
    let mut config = Config::new(1, IceCredentials { ufrag, pwd }, [print]);
    let rate = NonZeroU32::new(8_000).unwrap_or(NonZeroU32::MIN);
    let keys = Codec::new("telephone-event", rate)?;
    config.audio.codecs = vec![Codec::opus(), Codec::pcmu(), Codec::pcma(), keys];
    config.video.codecs = vec![Codec::vp8(), Codec::vp9(), Codec::h264()];
    config.audio.extensions = vec![Extension::mid()];
    config.video.extensions = vec![Extension::mid(), Extension::rid()];
    Ok(Negotiator::new(config))
}

/// The codecs of a file, by kind.
#[derive(Default)]
struct Preferences {
    audio: Vec<Codec>,
    video: Vec<Codec>,
}

impl Preferences {
    fn of(&self, kind: Kind) -> Capabilities {
        let codecs = if kind == Kind::Audio { &self.audio } else { &self.video };
        let extensions = vec![Extension::mid(), Extension::rid()];
        Capabilities { codecs: codecs.clone(), extensions }
    }
}

fn preferences(path: &PathBuf) -> Result<Preferences, Failure> {
    let name = super::name(path);
    let text = fs::read_to_string(path).map_err(Failure::start(&name))?;
    let mut own = Preferences::default();
    for (index, line) in text.lines().enumerate() {
        let line = line.trim();
        if line.is_empty() || line.starts_with('#') {
            continue;
        }
        match codec(line) {
            Some((Kind::Audio, codec)) => own.audio.push(codec),
            Some((_, codec)) => own.video.push(codec),
            None => {
                let (number, form) =
                    (index + 1, "audio or video, NAME/RATE[/CHANNELS], parameters");
                return Err(Failure::NotStarted(format!("{name}: line {number} is not: {form}")));
            }
        }
    }
    Ok(own)
}

/// Such as `audio opus/48000/2 minptime=10;useinbandfec=1`.
fn codec(line: &str) -> Option<(Kind, Codec)> {
    let (kind, rest) = line.split_once(' ')?;
    let kind = match kind {
        "audio" => Kind::Audio,
        "video" => Kind::Video,
        _ => return None,
    };
    let rest = rest.trim();
    let (name, parameters) = rest.split_once(' ').unwrap_or((rest, ""));
    let mut parts = name.split('/');
    let mut codec = Codec::new(parts.next()?, parts.next()?.parse().ok()?).ok()?;
    if let Some(channels) = parts.next() {
        codec.channels = channels.parse().ok()?;
    }
    if !parameters.trim().is_empty() {
        codec = codec.with_parameters(parameters.trim()).ok()?;
    }
    let codec = if kind == Kind::Video { codec.with_retransmission() } else { codec };
    parts.next().is_none().then_some((kind, codec))
}
