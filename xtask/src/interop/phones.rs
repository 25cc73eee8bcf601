//! Calls between the negotiator of `sdp-proto` and SIP phones: in clear, with keys in the
//! descriptions and over DTLS, from either side, held and resumed. No media flows.

mod phone;
mod sip;

use std::fmt::Write as _;
use std::net::{Ipv4Addr, SocketAddr};
use std::path::Path;
use std::time::Duration;

use sdp_proto::IceCredentials;
use sdp_proto::attribute::{Crypto, Direction, Fingerprint, IcePwd, IceUfrag};
use sdp_proto::negotiator::{
    Carriage, Codec, Config, Direct, Glare, Input, Kind, Mismatch, Negotiator, Output, Protection,
    RtcpMuxPolicy, Transceiver, TransceiverId, Verdict,
};

use crate::run::Failure;
pub(crate) use phone::Model;
use phone::{Phone, Security};
use sip::Line;

/// How long a phone that does not like what was agreed has to hang up.
const CONTENT: Duration = Duration::from_millis(300);

/// Calls a phone in each way that it knows, and is called by it. What was said lies in the
/// directory.
pub(crate) fn run(model: Model, dir: &Path) -> Result<String, Failure> {
    let mut exchanges = 0;
    let mut bad = Vec::new();
    for security in model.securities() {
        let name = security.name();
        let dir = dir.join(name);
        std::fs::create_dir_all(&dir).map_err(|error| format!("{}: {error}", dir.display()))?;
        let mut protocol = String::new();
        let outcome = calls(model, *security, &dir, &mut protocol);
        let path = dir.join("said.txt");
        std::fs::write(&path, protocol).map_err(|error| format!("{}: {error}", path.display()))?;
        match outcome {
            Ok(count) => exchanges += count,
            Err(failure) => {
                bad.push(format!("{name}: {failure}\n  what was said: {}", path.display()));
            }
        }
    }
    if !bad.is_empty() {
        return Err(Failure::Failed(bad.join("\n")));
    }
    let names: Vec<&str> = model.securities().iter().map(|security| security.name()).collect();
    Ok(format!("{exchanges} exchanges agreed on: {}", names.join(", ")))
}

/// We call and they call; in both calls either side holds and resumes. How many exchanges those are.
fn calls(
    model: Model,
    security: Security,
    dir: &Path,
    protocol: &mut String,
) -> Result<u32, Failure> {
    let mut phone = Phone::start(model, security, dir)?;
    let line = Line::open(phone.address())?;
    let mut call = Call { us: side(security)?, line, security, protocol, agreed: 0 };

    let wish = Transceiver { carriage: security.carriage(), ..Transceiver::new(Kind::Audio) };
    let ours = call.us.add(wish).map_err(refused)?;
    call.we_offer(Direction::SendRecv)?;
    call.hold_and_resume(&mut phone, ours)?;
    call.line.hang_up()?;

    call.us = side(security)?;
    let ours = call.us.add(Transceiver::new(Kind::Audio)).map_err(refused)?;
    phone.dial(&call.line.uri())?;
    call.they_offer(Direction::SendRecv)?;
    if model.answers_with_actpass(security) {
        call.they_hold_and_resume(&mut phone)?;
        call.we_are_answered_with_actpass()?;
    } else {
        call.hold_and_resume(&mut phone, ours)?;
    }
    call.line.hang_up()?;
    Ok(call.agreed)
}

/// A call, and what was said in it.
struct Call<'p> {
    us: Negotiator,
    line: Line,
    security: Security,
    protocol: &'p mut String,
    agreed: u32,
}

impl Call<'_> {
    fn hold_and_resume(&mut self, phone: &mut Phone, ours: TransceiverId) -> Result<(), Failure> {
        self.us.set_direction(ours, Direction::SendOnly).map_err(refused)?;
        self.we_offer(Direction::SendOnly)?;
        self.us.set_direction(ours, Direction::SendRecv).map_err(refused)?;
        self.we_offer(Direction::SendRecv)?;
        self.they_hold_and_resume(phone)
    }

    fn they_hold_and_resume(&mut self, phone: &mut Phone) -> Result<(), Failure> {
        phone.hold()?;
        self.they_offer(Direction::RecvOnly)?;
        phone.resume()?;
        self.they_offer(Direction::SendRecv)
    }

    /// We offer, the answer leaves open who opens the DTLS association, and we refuse it: that is for
    /// offers alone (RFC 4145 §4.1).
    fn we_are_answered_with_actpass(&mut self) -> Result<(), Failure> {
        self.us.offer().map_err(refused)?;
        let offer = self.say()?;
        let answer = self.line.offer(&offer)?;
        self.note("phone, answer", &answer);
        match self.us.handle_input(Input::Answer(answer.as_bytes())) {
            Verdict::Refused(Mismatch::Setup { section: 0 }) => Ok(()),
            other => Err(Failure::Failed(format!("actpass in an answer: {other:?}"))),
        }
    }

    /// We offer, and expect this direction to be agreed on.
    fn we_offer(&mut self, expected: Direction) -> Result<(), Failure> {
        self.us.offer().map_err(refused)?;
        let offer = self.say()?;
        let answer = self.line.offer(&offer)?;
        self.note("phone, answer", &answer);
        self.take(Input::Answer(answer.as_bytes()))?;
        self.judge(expected)
    }

    /// The phone offers, and we expect this direction to be agreed on.
    fn they_offer(&mut self, expected: Direction) -> Result<(), Failure> {
        let offer = self.line.wait_for_offer()?;
        self.note("phone, offer", &offer);
        self.take(Input::Offer { text: offer.as_bytes(), glare: Glare::Report })?;
        self.us.answer().map_err(refused)?;
        let answer = self.say()?;
        self.line.answer(&answer)?;
        self.judge(expected)
    }

    /// Whether what was agreed is what was meant, and the phone stays in the call.
    fn judge(&mut self, expected: Direction) -> Result<(), Failure> {
        let sections = self.us.agreement().sections();
        let section = sections.first().filter(|section| section.live);
        let Some(section) = section else {
            return Err(Failure::Failed(format!("nothing agreed: {:?}", self.us.explain())));
        };
        if section.direction != expected {
            let way = section.direction.as_str();
            return Err(Failure::Failed(format!("{way}, not {}", expected.as_str())));
        }
        let direct = section.direct.as_ref().ok_or_else(|| "no address".to_owned())?;
        if !self.security.is(&direct.protection) || direct.port == 0 {
            return Err(Failure::Failed(format!("{direct:?}")));
        }
        if section.codecs.is_empty() {
            return Err(Failure::Failed("no codec".into()));
        }
        self.agreed += 1;
        self.line.stay(CONTENT)
    }

    fn take(&mut self, input: Input<'_>) -> Result<(), Failure> {
        match self.us.handle_input(input) {
            Verdict::Consumed => Ok(()),
            other => Err(Failure::Failed(format!("we do not take it: {other:?}"))),
        }
    }

    /// What we have to say.
    fn say(&mut self) -> Result<String, Failure> {
        let mut said = None;
        loop {
            match self.us.poll_output() {
                Output::Rest => break,
                Output::Event(event) => self.note("we are told", &format!("{event:?}")),
                Output::Description(description) => {
                    let text = description.session.to_string();
                    self.note(&format!("we, {:?}", description.kind), &text);
                    said = Some(text);
                }
            }
        }
        said.ok_or_else(|| Failure::Failed("we have nothing to say".into()))
    }

    fn note(&mut self, who: &str, what: &str) {
        // Writing to a String cannot fail.
        let _ = writeln!(self.protocol, "-- {who}\n{what}");
    }
}

fn refused(error: impl std::fmt::Display) -> Failure {
    Failure::Failed(format!("we refuse: {error}"))
}

/// Our side, with one way of protecting media.
fn side(security: Security) -> Result<Negotiator, Failure> {
    let ufrag = IceUfrag::new("ours").map_err(refused)?;
    let pwd = IcePwd::new("oursasd88fgpdd777uzjYhagZg").map_err(refused)?;
    let credentials = IceCredentials { ufrag, pwd };
    let mut config = Config::new(1, credentials, [Fingerprint::sha256([7; 32])]);
    let events = std::num::NonZeroU32::new(8000)
        .and_then(|rate| Codec::new("telephone-event", rate).ok()?.with_parameters("0-15").ok());
    config.audio.codecs = vec![Codec::pcmu(), Codec::pcma()];
    config.audio.codecs.extend(events);
    config.rtcp_mux = RtcpMuxPolicy::Negotiate;
    let key = || -> Result<Crypto<'static>, sdp_proto::text::TextError> {
        let suite = "AES_CM_128_HMAC_SHA1_80".parse()?;
        let keys = "inline:WVNfX19zZW1jdGwgKCkgewkyMjA7fQp9CnVubGVz".parse()?;
        Ok(Crypto { tag: 1, suite, keys, session: None })
    };
    config.direct = match security {
        Security::None => Direct { plain: true, ..Direct::default() },
        Security::Sdes | Security::BestEffort => {
            Direct { crypto: vec![key().map_err(refused)?], ..Direct::default() }
        }
        Security::Dtls => Direct { dtls: true, ..Direct::default() },
    };
    let mut us = Negotiator::new(config);
    let address = SocketAddr::from((Ipv4Addr::LOCALHOST, 6000));
    let text = format!("1 1 udp 5 {} {} typ host", address.ip(), address.port());
    let candidate = text.parse().map_err(refused)?;
    us.set_candidates(None, vec![candidate], true).map_err(refused)?;
    Ok(us)
}

impl Security {
    /// How we offer it.
    const fn carriage(self) -> Carriage {
        match self {
            Self::None => Carriage::Plain,
            Self::Sdes => Carriage::Sdes,
            Self::BestEffort => Carriage::BestEffort,
            Self::Dtls => Carriage::Dtls,
        }
    }

    /// Whether that is what protects the media.
    const fn is(self, protection: &Protection) -> bool {
        match self {
            Self::None => matches!(protection, Protection::None),
            Self::Sdes | Self::BestEffort => matches!(protection, Protection::Sdes { .. }),
            Self::Dtls => matches!(protection, Protection::Dtls { .. }),
        }
    }
}
