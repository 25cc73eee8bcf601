//! A call: what both sides offer and answer in it, and whether they agree.

use std::fmt::Write as _;
use std::net::{Ipv4Addr, SocketAddr};
use std::time::Duration;

use sdp_proto::IceCredentials;
use sdp_proto::attribute::{Crypto, Direction, Fingerprint, IcePwd, IceUfrag};
use sdp_proto::negotiator::{
    Carriage, Codec, Config, Direct, Event, Glare, Input, Negotiator, Output, Protection,
    RtcpMuxPolicy, TransceiverId, Verdict,
};

use super::phone::{Phone, Security};
use super::sip::Line;
use crate::run::Failure;

/// How long a phone that does not like what was agreed has to hang up.
pub(crate) const CONTENT: Duration = Duration::from_millis(300);

/// A call, and what was said in it.
pub(super) struct Call {
    pub(super) us: Negotiator,
    pub(super) line: Line,
    pub(super) security: Security,
    pub(super) protocol: String,
    pub(super) agreed: u32,
}

impl Call {
    pub(super) fn hold_and_resume(
        &mut self,
        phone: &mut Phone,
        ours: TransceiverId,
    ) -> Result<(), Failure> {
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

    /// We offer, and the answer leaves open who opens the DTLS association, which is for offers alone
    /// (RFC 4145 §4.1): it is there already and goes on, and we are told.
    pub(super) fn we_are_answered_with_actpass(&mut self) -> Result<(), Failure> {
        self.us.offer().map_err(refused)?;
        let offer = self.say()?;
        self.is_answered(&offer)?;
        let mut is_told = false;
        loop {
            match self.us.poll_output() {
                Output::Rest => break,
                Output::Event(event) => is_told |= matches!(event, Event::RoleLeftOpen { .. }),
                Output::Description(_) => {}
            }
        }
        if !is_told {
            return Err(Failure::Failed("actpass in an answer, and nobody told us".into()));
        }
        self.judge(Direction::SendRecv)
    }

    /// We offer, and expect this direction to be agreed on.
    pub(super) fn we_offer(&mut self, expected: Direction) -> Result<(), Failure> {
        self.us.offer().map_err(refused)?;
        let offer = self.say()?;
        self.is_answered(&offer)?;
        self.judge(expected)
    }

    /// The phone answers this offer, and we take it.
    pub(super) fn is_answered(&mut self, offer: &str) -> Result<(), Failure> {
        let answer = self.line.offer(offer)?;
        self.note("phone, answer", &answer);
        self.take(Input::Answer(answer.as_bytes()))
    }

    /// The phone offers, and we expect this direction to be agreed on.
    pub(super) fn they_offer(&mut self, expected: Direction) -> Result<(), Failure> {
        let offer = self.line.wait_for_offer()?;
        let answer = self.answer(&offer)?;
        self.line.answer(&answer)?;
        self.judge(expected)
    }

    /// We call, or call again, without an offer, so that the phone makes one, and we expect this
    /// direction to be agreed on (RFC 3261 §13.2.1).
    pub(super) fn they_are_asked_to_offer(&mut self, expected: Direction) -> Result<(), Failure> {
        self.line.invite("")?;
        let offer = self.line.answered()?;
        let answer = self.answer(&offer)?;
        self.line.acknowledge(&answer)?;
        self.judge(expected)
    }

    fn answer(&mut self, offer: &str) -> Result<String, Failure> {
        self.note("phone, offer", offer);
        self.take(Input::Offer { text: offer.as_bytes(), glare: Glare::Report })?;
        self.us.answer().map_err(refused)?;
        self.say()
    }

    /// Whether what was agreed is what was meant, and the phone stays in the call.
    pub(super) fn judge(&mut self, expected: Direction) -> Result<(), Failure> {
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

    pub(super) fn take(&mut self, input: Input<'_>) -> Result<(), Failure> {
        match self.us.handle_input(input) {
            Verdict::Consumed => Ok(()),
            other => Err(Failure::Failed(format!("we do not take it: {other:?}"))),
        }
    }

    /// What we have to say.
    pub(super) fn say(&mut self) -> Result<String, Failure> {
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

    pub(super) fn note(&mut self, who: &str, what: &str) {
        // Writing to a String cannot fail.
        let _ = writeln!(self.protocol, "-- {who}\n{what}");
    }
}

pub(super) fn refused(error: impl std::fmt::Display) -> Failure {
    Failure::Failed(format!("we refuse: {error}"))
}

/// Our side, with one way of protecting media.
pub(super) fn side(security: Security) -> Result<Negotiator, Failure> {
    let ufrag = IceUfrag::new("ours").map_err(refused)?;
    let pwd = IcePwd::new("oursasd88fgpdd777uzjYhagZg").map_err(refused)?;
    let credentials = IceCredentials { ufrag, pwd };
    let mut config = Config::new(1, credentials, [Fingerprint::sha256([7; 32])]);
    let events = std::num::NonZeroU32::new(8000)
        .and_then(|rate| Codec::new("telephone-event", rate).ok()?.with_parameters("0-15").ok());
    config.audio.codecs = vec![Codec::pcmu(), Codec::pcma()];
    config.audio.codecs.extend(events);
    let rate = std::num::NonZeroU32::new(1000);
    let text = rate.and_then(|rate| Codec::new("t140", rate).ok());
    config.text.codecs.extend(text.map(|text| Codec { redundancy: 2, ..text }));
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
    pub(crate) const fn carriage(self) -> Carriage {
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
