//! Two negotiators, or one and a peer played by text.

mod answerable;
mod answers;
mod bundles;
mod chromium;
mod codecs;
mod faults;
mod gateway;
mod groups;
mod jsep;
mod model;
mod offer_answer;
mod offers;
mod other;
mod peer;
mod relay;
mod rollbacks;
mod simulcast;
mod states;
mod transceivers;
mod transports;
mod worked;

use sdp_proto::attribute::{Fingerprint, IcePwd, IceUfrag};
use sdp_proto::negotiator::*;
use sdp_proto::{Code, IceCredentials, Policy, Session};

pub(crate) fn credentials(text: &str) -> IceCredentials<'static> {
    let pwd = format!("{text}asd88fgpdd777uzjYhagZg");
    IceCredentials {
        ufrag: IceUfrag::new(text.to_owned()).unwrap(),
        pwd: IcePwd::new(pwd).unwrap(),
    }
}

pub(crate) fn config(id: u8) -> Config {
    let print = Fingerprint::sha256([id; 32]);
    let mut config = Config::new(id.into(), credentials(&format!("side{id}")), [print]);
    let events = Codec::new("telephone-event", 8000.try_into().unwrap()).unwrap();
    config.audio.codecs = vec![Codec::opus().with_redundancy(), Codec::pcmu(), events];
    config.audio.extensions = vec![Extension::mid()];
    config.video.codecs = vec![Codec::vp8(), Codec::h264()];
    config.video.extensions = vec![Extension::mid(), Extension::rid()];
    config
}

pub(crate) fn side(id: u8) -> Negotiator {
    Negotiator::new(config(id))
}

/// A side with transceivers of these kinds.
pub(crate) fn side_with(id: u8, kinds: &[Kind]) -> Negotiator {
    let mut side = side(id);
    for kind in kinds {
        side.add(Transceiver::new(*kind)).unwrap();
    }
    side
}

/// What a side has to say: the last description, which Strict accepts, and all events.
pub(crate) fn drain(side: &mut Negotiator) -> (Option<String>, Vec<Event>) {
    let (mut text, mut events) = (None, Vec::new());
    loop {
        match side.poll_output() {
            Output::Description(description) => {
                let written = description.session.to_bytes().into_owned();
                let parsed = Session::accept(&written, Policy::Strict).unwrap();
                // What the peer left out of its offer an answer cannot have.
                let remark =
                    |code| matches!(code, Code::BundleMidExtension | Code::PayloadTypeRtcp);
                assert!(parsed.diagnostics().iter().all(|finding| remark(finding.code)));
                text = Some(String::from_utf8(written).unwrap());
            }
            Output::Event(event) => events.push(event),
            Output::Rest => return (text, events),
        }
    }
}

pub(crate) fn said(side: &mut Negotiator) -> String {
    drain(side).0.unwrap()
}

pub(crate) fn offer(side: &mut Negotiator) -> String {
    side.offer().unwrap();
    said(side)
}

pub(crate) fn take(side: &mut Negotiator, text: &str) -> Verdict {
    side.handle_input(Input::Offer { text: text.as_bytes(), glare: Glare::Report })
}

/// Takes an offer and answers it.
pub(crate) fn answer(side: &mut Negotiator, text: &str) -> String {
    assert_eq!(take(side, text), Verdict::Consumed);
    side.answer().unwrap();
    said(side)
}

pub(crate) fn conclude(side: &mut Negotiator, text: &str) -> Vec<Event> {
    assert_eq!(side.handle_input(Input::Answer(text.as_bytes())), Verdict::Consumed);
    drain(side).1
}

/// A whole exchange; the offer and the answer.
pub(crate) fn exchange(from: &mut Negotiator, to: &mut Negotiator) -> (String, String) {
    let offer = offer(from);
    let answer = answer(to, &offer);
    conclude(from, &answer);
    (offer, answer)
}

/// The lines of a section; the session part for `None`.
pub(crate) fn lines(text: &str, section: Option<usize>) -> Vec<&str> {
    let wanted = section.map_or(0, |index| index + 1);
    let mut part = 0;
    let mut lines = Vec::new();
    for line in text.lines() {
        part += usize::from(line.starts_with("m="));
        if part == wanted {
            lines.push(line);
        }
    }
    lines
}

pub(crate) fn m_lines(text: &str) -> Vec<&str> {
    text.lines().filter(|line| line.starts_with("m=")).collect()
}
