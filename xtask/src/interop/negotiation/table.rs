//! The two sides, and what they hand each other across the table.

use std::mem;

use sdp_proto::attribute::{Fingerprint, IcePwd, IceUfrag, MaxMessageSize};
use sdp_proto::negotiator::{
    BundlePolicy, Codec, Config, Event, Extension, Glare, Input, Negotiator, Output,
    SignalingState, Verdict,
};
use sdp_proto::{IceCredentials, Policy};
use serde_json::Value;

use super::super::browser::Browser;
use super::verdict;
use crate::run::Failure;

/// What both sides may choose as their BUNDLE policy.
pub(super) const POLICIES: [BundlePolicy; 3] =
    [BundlePolicy::Balanced, BundlePolicy::MaxCompat, BundlePolicy::MaxBundle];

/// The largest message that our side takes: not what the browser takes, so that one is not taken
/// for the other.
pub(super) const MESSAGE_MAX: u64 = 100_000;

/// A browser and a negotiator.
pub(super) struct Table {
    browser: Browser,
    pub(super) us: Negotiator,
    /// What was said in this scenario.
    protocol: String,
    events: Vec<Event>,
    restarts: u32,
    agreed: u32,
}

impl Table {
    pub(super) fn new(mut browser: Browser) -> Result<Self, Failure> {
        browser.run(include_str!("../../../interop/negotiation.js"))?;
        Ok(Self {
            browser,
            us: Negotiator::new(config()),
            protocol: String::new(),
            events: Vec::new(),
            restarts: 0,
            agreed: 0,
        })
    }

    /// Two new sides: the browser with this policy, ours with this configuration.
    pub(super) fn lay(&mut self, policy: BundlePolicy, config: Config) -> Result<(), Failure> {
        let policy = match policy {
            BundlePolicy::Balanced => "balanced",
            // No browser does without groups.
            BundlePolicy::MaxCompat | BundlePolicy::Without => "max-compat",
            BundlePolicy::MaxBundle => "max-bundle",
        };
        self.us = Negotiator::new(config);
        self.events.clear();
        self.note("browser", &format!("new, {policy}"));
        self.page(&format!("open({{ bundlePolicy: {policy:?} }})")).map(drop)
    }

    /// Runs a script in the page. Its peer connection is `pc`.
    pub(super) fn page(&mut self, script: &str) -> Result<Value, Failure> {
        self.browser.run(script)
    }

    /// What was said since the last call.
    pub(super) fn protocol(&mut self) -> String {
        mem::take(&mut self.protocol)
    }

    /// How often both sides were asked, and agreed.
    pub(super) const fn agreed(&self) -> u32 {
        self.agreed
    }

    /// The browser makes an offer, which its page knows as its local description.
    pub(super) fn browser_offers(&mut self) -> Result<String, Failure> {
        self.browser_says("return offer()", "offer")
    }

    /// The browser answers with a description of this type.
    pub(super) fn browser_answers(&mut self, kind: &str) -> Result<String, Failure> {
        self.browser_says(&format!("return answer({kind:?})"), kind)
    }

    fn browser_says(&mut self, script: &str, kind: &str) -> Result<String, Failure> {
        let said = self.page(script)?;
        let text = said.as_str().ok_or_else(|| format!("no description: {said}"))?.to_owned();
        self.note(&format!("browser, {kind}"), &text);
        Ok(text)
    }

    /// The browser takes a description of ours.
    pub(super) fn browser_takes(&mut self, kind: &str, text: &str) -> Result<(), Failure> {
        let description = serde_json::json!({ "type": kind, "sdp": text });
        self.page(&format!("await pc.setRemoteDescription({description})")).map(drop)
    }

    /// We take what the browser says.
    pub(super) fn we_take(&mut self, input: Input<'_>) -> Result<(), Failure> {
        match self.us.handle_input(input) {
            Verdict::Consumed => Ok(()),
            other => Err(Failure::Failed(format!("we do not take it: {other:?}"))),
        }
    }

    /// What we have to say.
    pub(super) fn we_say(&mut self) -> Result<String, Failure> {
        let mut said = None;
        loop {
            match self.us.poll_output() {
                Output::Rest => break,
                Output::Event(event) => self.events.push(event),
                Output::Description(description) => {
                    let text = description.session.to_string();
                    self.note(&format!("we, {:?}", description.kind), &text);
                    said = Some(text);
                }
            }
        }
        said.ok_or_else(|| Failure::Failed("we have nothing to say".into()))
    }

    /// The events since the last call, with those that still wait.
    pub(super) fn events(&mut self) -> Vec<Event> {
        if self.we_say().is_ok() {
            self.note("we", "said what nobody asked for");
        }
        mem::take(&mut self.events)
    }

    /// The browser offers, and we have the offer.
    pub(super) fn browser_asks(&mut self) -> Result<(), Failure> {
        let offer = self.browser_offers()?;
        self.we_take(Input::Offer { text: offer.as_bytes(), glare: Glare::Report })
    }

    /// We answer the offer that waits, and the browser takes it.
    pub(super) fn we_answer(&mut self) -> Result<(), Failure> {
        self.us.answer().map_err(|error| format!("no answer: {error}"))?;
        let answer = self.we_say()?;
        self.browser_takes("answer", &answer)
    }

    /// We offer, and the browser has the offer.
    pub(super) fn we_ask(&mut self) -> Result<(), Failure> {
        self.us.offer().map_err(|error| format!("no offer: {error}"))?;
        let offer = self.we_say()?;
        self.browser_takes("offer", &offer)
    }

    /// The browser answers the offer that waits, and we take it.
    pub(super) fn browser_replies(&mut self) -> Result<(), Failure> {
        let answer = self.browser_answers("answer")?;
        self.we_take(Input::Answer(answer.as_bytes()))
    }

    /// A whole exchange that the browser begins. Then both think the same.
    /// The browser restarts ICE where another section begins a group, and so do we.
    pub(super) fn browser_calls(&mut self) -> Result<(), Failure> {
        let mut events = self.events();
        self.browser_asks()?;
        let asked = self.events();
        if asked.iter().any(|event| matches!(event, Event::IceRestart { .. })) {
            self.renew()?;
        }
        events.extend(asked);
        self.events = events;
        self.we_answer()?;
        self.agree()
    }

    /// A whole exchange that we begin. Then both think the same.
    pub(super) fn we_call(&mut self) -> Result<(), Failure> {
        self.we_ask()?;
        self.browser_replies()?;
        self.agree()
    }

    /// New credentials of ICE for our side.
    pub(super) fn renew(&mut self) -> Result<(), Failure> {
        self.restarts += 1;
        let credentials = credentials(self.restarts);
        let done = self.us.restart_ice(credentials);
        done.map_err(|error| Failure::Failed(format!("no restart: {error}")))
    }

    /// Whether the browser thinks of what was agreed as we do.
    pub(super) fn agree(&mut self) -> Result<(), Failure> {
        let report = self.page("return report()")?;
        self.agreed += 1;
        verdict::compare(&self.us, &report).map_err(|difference| {
            self.note("browser", &format!("{report:#}"));
            Failure::Failed(difference)
        })
    }

    /// Whether what was agreed is this: one line a section, as in `0 audio sendrecv`, seen from
    /// our side.
    pub(super) fn expect(&self, sections: &[&str]) -> Result<(), Failure> {
        let agreed = verdict::sections(&self.us);
        if agreed == sections && self.us.state() == SignalingState::Stable {
            return Ok(());
        }
        let state = self.us.state();
        Err(Failure::Failed(format!("agreed on {agreed:?} in {state}, and not {sections:?}")))
    }

    fn note(&mut self, who: &str, what: &str) {
        self.protocol.extend(["-- ", who, "\n", what, "\n"]);
    }
}

/// What our side can do unless a scenario says otherwise.
pub(super) fn config() -> Config {
    let mut config = Config::new(1, credentials(0), [Fingerprint::sha256([7; 32])]);
    let events = std::num::NonZeroU32::new(8000)
        .and_then(|rate| Codec::new("telephone-event", rate).ok()?.with_parameters("0-15").ok());
    config.audio.codecs = vec![Codec::opus().with_redundancy(), Codec::pcmu()];
    config.audio.codecs.extend(events);
    config.video.codecs = vec![Codec::vp8(), Codec::h264(), Codec::vp9()];
    let known = |uri: &str| Extension::new(uri).ok();
    let time = known("http://www.webrtc.org/experiments/rtp-hdrext/abs-send-time");
    config.audio.extensions.extend([Some(Extension::mid()), time.clone()].into_iter().flatten());
    let repaired = known("urn:ietf:params:rtp-hdrext:sdes:repaired-rtp-stream-id");
    let video = [time, Some(Extension::mid()), Some(Extension::rid()), repaired];
    config.video.extensions.extend(video.into_iter().flatten());
    config.max_message_size = MaxMessageSize(MESSAGE_MAX);
    // What a browser writes is well-formed.
    config.policy = Policy::Strict;
    config
}

/// The same with a BUNDLE policy.
pub(super) fn with_policy(policy: BundlePolicy) -> Config {
    Config { bundle: policy, ..config() }
}

fn credentials(number: u32) -> IceCredentials<'static> {
    let ufrag = IceUfrag::new(format!("ours{number}"));
    let pwd = IcePwd::new(format!("ours{number}asd88fgpdd777uzjYhagZg"));
    match (ufrag, pwd) {
        (Ok(ufrag), Ok(pwd)) => IceCredentials { ufrag, pwd },
        _ => unreachable!("letters and digits"),
    }
}
