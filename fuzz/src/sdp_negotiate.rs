//! Offers and answers: descriptions that were tampered with are refused without a trace or answered
//! with what the strictest reader accepts; untouched ones always fit.
use crate::script::Script;
use sdp_proto::{
    IceCredentials, Policy, Session,
    attribute::{Attribute, Direction, Fingerprint, IcePwd, IceUfrag},
    negotiator::{
        BundlePolicy, Codec, Config, DescriptionKind, Extension, Glare, Input, Kind, Negotiator,
        Output, RtcpMuxPolicy, SimulcastStream, Transceiver, Verdict,
    },
};

const STEPS_MAX: usize = 24;
const TRANSCEIVERS_MAX: usize = 8;
const PWD: &str = "asd88fgpdd777uzjYhagZg";
/// Values that mean something in many attributes.
const VALUES: [&str; 18] = [
    "0",
    "1",
    "BUNDLE 0 1",
    "BUNDLE 0 0",
    "LS 0 1",
    "actpass",
    "active",
    "passive",
    "holdconn",
    "111 opus/48000/2",
    "97 rtx/90000",
    "97 apt=96",
    "63 111/111",
    "1 urn:ietf:params:rtp-hdrext:sdes:mid",
    "5 urn:x",
    "f send",
    "send f;~g recv f",
    "* nack pli",
];

/// A description on its way.
type Message = (DescriptionKind, Vec<u8>);

struct Side {
    machine: Negotiator,
    inbox: Option<Message>,
    restarts: u32,
}

impl Side {
    fn new(id: u64, script: &mut Script<'_>) -> Self {
        let fingerprint = Fingerprint::sha256([id as u8; 32]);
        let mut config = Config::new(id, credentials(id, 0), [fingerprint]);
        config.audio.codecs = vec![Codec::opus().with_redundancy(), Codec::pcmu()];
        config.audio.extensions = vec![Extension::mid()];
        config.video.codecs = vec![Codec::vp8(), Codec::h264(), Codec::vp9()];
        config.video.extensions = vec![Extension::mid(), Extension::rid()];
        config.bundle = script.choose(&[
            BundlePolicy::Balanced,
            BundlePolicy::MaxCompat,
            BundlePolicy::MaxBundle,
        ]);
        if script.one_in(4) {
            config.rtcp_mux = RtcpMuxPolicy::Negotiate;
        }
        config.transceivers_max = TRANSCEIVERS_MAX;
        Self { machine: Negotiator::new(config), inbox: None, restarts: 0 }
    }

    /// The last description that it has to send. All of them are fit for the strictest.
    fn post(&mut self) -> Option<Message> {
        let mut last = None;
        for _ in 0..1024 {
            match self.machine.poll_output() {
                Output::Rest => break,
                Output::Event(_) => {}
                Output::Description(description) => {
                    let bytes = description.session.to_bytes().into_owned();
                    let read = Session::accept(&bytes, Policy::Strict);
                    assert!(read.is_ok(), "{:?}\n{}", read.err(), description.session);
                    last = Some((description.kind, bytes));
                }
            }
        }
        last
    }

    /// What is refused leaves no trace.
    fn receive(&mut self, kind: DescriptionKind, text: &[u8], glare: Glare) -> Verdict {
        let before = format!("{:?}", self.machine);
        let input = match kind {
            DescriptionKind::Offer => Input::Offer { text, glare },
            DescriptionKind::ProvisionalAnswer => Input::ProvisionalAnswer(text),
            DescriptionKind::Answer => Input::Answer(text),
        };
        let verdict = self.machine.handle_input(input);
        if verdict != Verdict::Consumed {
            assert_eq!(format!("{:?}", self.machine), before, "refused, and yet it changed");
        }
        let _ = self.machine.judgement().map(|sections| sections.len());
        let _ = self.machine.explain().len();
        assert!(self.machine.transceivers().count() <= TRANSCEIVERS_MAX, "too many transceivers");
        verdict
    }

    fn command(&mut self, id: u64, script: &mut Script<'_>) {
        let machine = &mut self.machine;
        let transceiver = machine.transceivers().map(|(id, _)| id).nth(script.below(4));
        match script.below(12) {
            0..3 => {
                let kind = script.choose(&[Kind::Audio, Kind::Video, Kind::Data]);
                let _ = machine.add(Transceiver {
                    encodings: rids(script),
                    receive_encodings: rids(script),
                    shares: !script.one_in(4),
                    ..Transceiver::new(kind)
                });
            }
            3..6 => drop(machine.offer()),
            6..9 => drop(machine.answer()),
            9 => {
                let _ = match script.below(5) {
                    0 => machine.provisional_answer(),
                    1 => machine.reject(script.below(4)),
                    2 => machine.rollback(),
                    3 => machine.resend(),
                    _ => machine.accept(script.below(4)),
                };
            }
            10 => {
                if let Some(transceiver) = transceiver {
                    let _ = if script.flag() {
                        machine.stop(transceiver)
                    } else {
                        let way = [Direction::SendOnly, Direction::RecvOnly, Direction::Inactive];
                        machine.set_direction(transceiver, script.choose(&way))
                    };
                }
            }
            _ => {
                self.restarts += 1;
                let _ = machine.restart_ice(credentials(id, self.restarts));
            }
        }
    }
}

/// None, most of the time; else some that occur in [`VALUES`] or with the other side, or twice.
fn rids(script: &mut Script<'_>) -> Vec<SimulcastStream> {
    let count = if script.one_in(3) { script.below(4) } else { 0 };
    let rid = |_| script.choose(&["f", "g", "~h", "q_2", "h,~f"]).parse().expect("rids");
    (0..count).map(rid).collect()
}

fn credentials(side: u64, restart: u32) -> IceCredentials<'static> {
    let ufrag = IceUfrag::new(format!("u{side}x{restart}")).expect("a ufrag");
    IceCredentials { ufrag, pwd: IcePwd::new(PWD).expect("a password") }
}

/// Changes some lines of a description.
fn tamper(text: &[u8], script: &mut Script<'_>) -> Vec<u8> {
    let mut lines: Vec<Vec<u8>> =
        text.split_inclusive(|byte| *byte == b'\n').map(<[u8]>::to_vec).collect();
    for _ in 0..=script.below(4) {
        let at = script.below(lines.len() + 1);
        match script.below(6) {
            0 if at < lines.len() => drop(lines.remove(at)),
            1 if at < lines.len() => lines.insert(script.below(lines.len()), lines[at].clone()),
            2 if at < lines.len() => {
                let other = script.below(lines.len());
                lines.swap(at, other);
            }
            3 => lines.insert(at, [script.bytes(60), b"\r\n"].concat()),
            4 if at < lines.len() => {
                let line = &mut lines[at];
                let start = script.below(line.len());
                let bytes = script.bytes(12);
                let end = (start + bytes.len()).min(line.len());
                line.splice(start..end, bytes.iter().copied());
            }
            _ => {
                let name = script.choose(Attribute::TYPED);
                let line = match script.below(VALUES.len() + 2) {
                    0 => format!("a={name}\r\n"),
                    1 => format!("a={name}:{}\r\n", script.text(40)),
                    known => format!("a={name}:{}\r\n", VALUES[known - 2]),
                };
                lines.insert(at, line.into_bytes());
            }
        }
    }
    lines.concat()
}

/// Two sides, and somebody between them who changes what he likes.
pub fn sdp_negotiate(data: &[u8]) {
    let mut script = Script::new(data);
    let mut sides = [Side::new(1, &mut script), Side::new(2, &mut script)];
    for _ in 0..STEPS_MAX {
        if script.is_empty() {
            break;
        }
        let at = script.below(2);
        match script.below(4) {
            0 => sides[at].command(at as u64 + 1, &mut script),
            1 => {
                if let Some((kind, text)) = sides[at].inbox.take() {
                    let _ = sides[at].receive(kind, &text, Glare::Yield);
                }
            }
            2 => {
                if let Some((kind, text)) = sides[at].inbox.take() {
                    let text = tamper(&text, &mut script);
                    let _ = sides[at].receive(kind, &text, Glare::Report);
                }
            }
            _ => {
                let kind = script.choose(&[DescriptionKind::Offer, DescriptionKind::Answer]);
                let _ = sides[at].receive(kind, script.bytes(255), Glare::Yield);
            }
        }
        for from in 0..2 {
            if let Some(message) = sides[from].post() {
                sides[1 - from].inbox = Some(message);
            }
        }
    }
}
