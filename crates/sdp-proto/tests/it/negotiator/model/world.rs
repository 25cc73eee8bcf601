//! Two sides and what is on its way between them.

use super::super::*;
use super::{Setting, Step, transceiver};

/// What travels. The signalling pairs answers with offers, as that of SIP does by sequence
/// numbers.
#[derive(Clone, Debug)]
pub(super) enum Message {
    Offer { number: u32, text: Vec<u8> },
    Answer { number: u32, text: Vec<u8>, provisional: bool },
    Withdrawn { number: u32 },
}

/// A side with what is on its way to it.
#[derive(Clone)]
pub(super) struct Peer {
    pub(super) side: Negotiator,
    pub(super) inbox: Vec<Message>,
    /// The number of the own offer that is open, or of the last one.
    own: u32,
    /// The number of the offer of the other side that waits, or was answered last.
    theirs: u32,
    /// The number of the offer of the other side that was answered for good last.
    answered: u32,
    /// Own offers that were taken back.
    withdrawn: Vec<u32>,
    glare: Glare,
    credentials: u32,
}

impl Peer {
    pub(super) fn new(id: u8, setting: &Setting, glare: Glare) -> Self {
        Self {
            side: Negotiator::new(setting.config(id)),
            inbox: Vec::new(),
            own: 0,
            theirs: 0,
            answered: 0,
            withdrawn: Vec::new(),
            glare,
            credentials: 0,
        }
    }

    /// Answers what waits, with new ICE credentials where the other side restarts.
    fn answer(&mut self, at: usize) -> Result<(), CommandError> {
        match self.side.answer() {
            Err(CommandError::CredentialsNeeded) => {}
            done => return done,
        }
        self.credentials += 1;
        let text = |own: &str| format!("{own}{at}x{}", self.credentials);
        let own = self.side.transceivers().filter(|(_, wish)| wish.credentials.is_some());
        let own: Vec<TransceiverId> = own.map(|(id, _)| id).collect();
        for (number, id) in own.into_iter().enumerate() {
            let own = credentials(&text(&format!("b{number}x")));
            self.side.update(id, |wish| wish.credentials = Some(own))?;
        }
        self.side.restart_ice(credentials(&text("a")))?;
        self.side.answer()
    }
}

/// An id of a header extension stands for one extension in all sections of a BUNDLE group.
fn check_ids(text: &str) {
    for group in text.lines().filter_map(|line| line.strip_prefix("a=group:BUNDLE ")) {
        let mids: Vec<&str> = group.split(' ').collect();
        let mut meanings = std::collections::BTreeMap::new();
        for section in text.split("m=").skip(1) {
            let find = |name| section.lines().filter_map(move |line| line.strip_prefix(name));
            if find("a=mid:").all(|mid| !mids.contains(&mid)) {
                continue;
            }
            for (id, uri) in find("a=extmap:").filter_map(|map| map.split_once(' ')) {
                let before = meanings.insert(id, uri);
                assert!(before.is_none_or(|before| before == uri), "{text}");
            }
        }
    }
}

#[derive(Clone)]
pub(super) struct World {
    pub(super) peers: [Peer; 2],
    /// Whether a side took an offer back that had been answered, so that the two differ for good.
    pub(super) torn: bool,
    /// How often a side refused what did not follow what it had agreed on.
    refusals: usize,
    /// The sections of each side when it was stable last: the mids of those in use, by place.
    stable: [Vec<Option<String>>; 2],
}

impl World {
    pub(super) fn new(settings: &[Setting; 2]) -> Self {
        let [first, second] = settings;
        Self {
            peers: [Peer::new(1, first, Glare::Yield), Peer::new(2, second, Glare::Report)],
            torn: false,
            refusals: 0,
            stable: Default::default(),
        }
    }

    /// Puts what a side has to say on its way.
    fn post(&mut self, from: usize) {
        self.check_mids(from);
        loop {
            let peer = &mut self.peers[from];
            let message = match peer.side.poll_output() {
                Output::Rest => return,
                Output::Event(_) => continue,
                Output::Description(description) => {
                    let text = description.session.to_bytes().into_owned();
                    let read = Session::accept(&text, Policy::Strict);
                    assert!(read.is_ok(), "{:?}: {}", read.err(), description.session);
                    check_ids(&String::from_utf8_lossy(&text));
                    match description.kind {
                        DescriptionKind::Offer => Message::Offer { number: peer.own, text },
                        kind => Message::Answer {
                            number: peer.theirs,
                            text,
                            provisional: kind == DescriptionKind::ProvisionalAnswer,
                        },
                    }
                }
            };
            if let Message::Answer { number, provisional: false, .. } = message {
                self.peers[from].answered = number;
                self.torn |= self.peers[1 - from].withdrawn.contains(&number);
            }
            self.peers[1 - from].inbox.push(message);
        }
    }

    pub(super) fn step(&mut self, at: usize, step: &Step) {
        let peer = &mut self.peers[at];
        let side = &mut peer.side;
        let nth = |side: &Negotiator, which| side.transceivers().nth(which).map(|(id, _)| id);
        let before = format!("{side:?}");
        let done = match step {
            Step::Add { kind, shares, sends, receives } => {
                let mut wish = Transceiver { shares: *shares, ..transceiver(*kind) };
                let rids = ["f", "h,~g", "q"].map(|rid| rid.parse().unwrap());
                wish.encodings = rids[..*sends].to_vec();
                wish.receive_encodings = rids[..*receives].to_vec();
                side.add(wish).map(drop)
            }
            Step::Direction(which, way) => {
                nth(side, *which).map_or(Ok(()), |id| side.set_direction(id, *way))
            }
            Step::Bundling(which, part) => {
                nth(side, *which).map_or(Ok(()), |id| side.update(id, |wish| wish.bundling = *part))
            }
            Step::Stop(which) => nth(side, *which).map_or(Ok(()), |id| side.stop(id)),
            Step::Restart(number) => {
                peer.credentials += 1;
                let text = format!("r{at}x{number}x{}", peer.credentials);
                side.restart_ice(credentials(&text))
            }
            Step::Own(which, number) => {
                peer.credentials += 1;
                let text = number.map(|n| format!("o{at}x{n}x{}", peer.credentials));
                let own = text.map(|text| credentials(&text));
                nth(side, *which)
                    .map_or(Ok(()), |id| side.update(id, |wish| wish.credentials = own))
            }
            Step::Offer => side.offer().inspect(|()| peer.own += 1),
            Step::Resend => side.resend(),
            Step::Rollback => return self.roll_back(at),
            Step::Reject(section) => side.reject(*section),
            Step::Accept(section) => side.accept(*section),
            Step::Provisional => side.provisional_answer(),
            Step::Answer => peer.answer(at),
            Step::Deliver => return self.deliver(at),
            Step::Lose => {
                if !peer.inbox.is_empty() {
                    peer.inbox.remove(0);
                }
                return;
            }
        };
        match done {
            Ok(()) => {}
            Err(
                CommandError::State { .. }
                | CommandError::SecondDataChannel
                | CommandError::NoSuchSection { .. }
                | CommandError::CredentialsNeeded,
            ) => {
                assert_eq!(format!("{:?}", self.peers[at].side), before);
            }
            Err(error) => panic!("{error}"),
        }
        self.post(at);
    }

    /// A rollback is complete: what comes after it is what would have come without the offer.
    fn roll_back(&mut self, at: usize) {
        let own = self.peers[at].side.state();
        let own =
            matches!(own, SignalingState::HaveLocalOffer | SignalingState::HaveRemotePranswer);
        let number = self.peers[at].own;
        if self.peers[at].side.rollback().is_err() {
            return;
        }
        if !own {
            // The other side still waits, and will ask again.
            return self.post(at);
        }
        self.withdraw(at, number);
        self.peers[1 - at].inbox.push(Message::Withdrawn { number });
        self.post(at);
    }

    /// Notes that a side gave its offer up. One that was answered for good cannot be taken back on
    /// the other side, and neither can one that is answered in spite of it.
    fn withdraw(&mut self, at: usize, number: u32) {
        self.torn |= number > 0 && self.peers[1 - at].answered == number;
        self.peers[at].withdrawn.push(number);
    }

    fn deliver(&mut self, at: usize) {
        if self.peers[at].inbox.is_empty() {
            return;
        }
        let message = self.peers[at].inbox.remove(0);
        let state = self.peers[at].side.state();
        let own =
            state == SignalingState::HaveLocalOffer || state == SignalingState::HaveRemotePranswer;
        // The answer to the own offer was lost, and what crosses it builds on that answer.
        let behind = own && self.peers[1 - at].answered == self.peers[at].own;
        let excused = self.torn || behind;
        let peer = &mut self.peers[at];
        let before = format!("{:?}", peer.side);
        let verdict = match &message {
            Message::Offer { number, text } => {
                let verdict = peer.side.handle_input(Input::Offer { text, glare: peer.glare });
                if verdict == Verdict::Consumed {
                    peer.theirs = *number;
                }
                verdict
            }
            Message::Answer { number, .. } if *number != peer.own => return,
            Message::Answer { text, provisional: true, .. } => {
                peer.side.handle_input(Input::ProvisionalAnswer(text))
            }
            Message::Answer { text, .. } => peer.side.handle_input(Input::Answer(text)),
            Message::Withdrawn { number } if *number != peer.theirs => return,
            Message::Withdrawn { .. } => peer.side.handle_input(Input::Rollback),
        };
        match verdict {
            Verdict::Glare => assert_eq!(peer.glare, Glare::Report),
            // A copy of an answer that came twice, or an offer on top of a provisional answer.
            Verdict::Consumed | Verdict::Refused(Mismatch::State { .. }) => {}
            Verdict::Refused(mismatch) => {
                assert!(excused, "{mismatch}");
                self.refusals += 1;
            }
        }
        if verdict != Verdict::Consumed {
            assert_eq!(format!("{:?}", peer.side), before);
        }
        // An offer of the other side took the place of the own one.
        if own && peer.side.state() == SignalingState::HaveRemoteOffer {
            let number = peer.own;
            self.withdraw(at, number);
        }
        self.post(at);
    }

    /// The signalling works from now on and both want to be done. Whether they got there.
    pub(super) fn finish(&mut self) -> bool {
        for _ in 0..40 {
            for at in [0, 1] {
                while !self.peers[at].inbox.is_empty() {
                    self.deliver(at);
                }
                self.step(at, &Step::Answer);
            }
            let waiting = self.peers.iter().any(|peer| !peer.inbox.is_empty());
            if waiting {
                continue;
            }
            match [0, 1].map(|at| self.peers[at].side.state()) {
                [SignalingState::Stable, SignalingState::Stable] => {
                    let due =
                        [0, 1].into_iter().find(|at| self.peers[*at].side.negotiation_needed());
                    let Some(at) = due else { return true };
                    self.step(at, &Step::Offer);
                }
                _ => [0, 1].into_iter().for_each(|at| self.step(at, &Step::Resend)),
            }
        }
        false
    }

    /// Both sides end, and agree unless one took back what the other had answered. Only that parts
    /// them, and then they refuse each other's descriptions instead of pretending, or come together.
    pub(super) fn ends(&mut self) {
        let mut done = self.finish();
        for at in [0, 1] {
            if self.torn && done {
                self.step(at, &Step::Offer);
                done = self.finish();
            }
        }
        assert!(done || (self.torn && self.refusals > 0));
        if !self.torn || self.refusals == 0 {
            self.check_agreement();
        }
    }

    fn check_agreement(&self) {
        let [a, b] = [0, 1].map(|at| self.peers[at].side.agreement());
        assert_eq!(a.sections().len(), b.sections().len());
        for (index, (x, y)) in a.sections().iter().zip(b.sections()).enumerate() {
            assert_eq!((x.live, &x.mid), (y.live, &y.mid), "section {index}");
            if !x.live {
                continue;
            }
            assert_eq!((x.kind, x.transport), (y.kind, y.transport));
            assert_eq!(x.direction, y.direction.reversed());
            assert_eq!((x.rtcp_mux, x.rtcp_rsize), (y.rtcp_mux, y.rtcp_rsize));
            assert_eq!(x.allow_mixed, y.allow_mixed);
            assert_eq!(x.data.is_some(), y.data.is_some());
            assert_eq!(&x.send_encodings, &y.receive_encodings, "section {index}");
            assert_eq!(&x.receive_encodings, &y.send_encodings, "section {index}");
            let sent = |s: &AgreedSection| -> Vec<u8> {
                s.codecs.iter().map(|c| c.remote.payload_type).collect()
            };
            let expected = |s: &AgreedSection| -> Vec<u8> {
                s.codecs.iter().map(|c| c.local.payload_type).collect()
            };
            assert_eq!((sent(x), expected(x)), (expected(y), sent(y)));
            let ids = |s: &AgreedSection| -> Vec<(u16, String)> {
                let mut ids: Vec<_> =
                    s.extensions.iter().map(|e| (e.id, e.uri.to_string())).collect();
                ids.sort();
                ids
            };
            assert_eq!(ids(x), ids(y));
            for (own, other) in [(x, b), (y, a)] {
                let told = other.transport(index).map(|told| &told.credentials);
                assert_eq!(own.local_credentials.as_ref(), told, "section {index}");
            }
            if x.kind == Some(Kind::Other) {
                assert!(x.other.is_some() && y.other.is_some());
                continue;
            }
            let roles = [a, b].map(|agreed| agreed.transport(index).map(|t| t.role));
            assert!(roles[0].is_some() && roles[1].is_some() && roles[0] != roles[1]);
        }
    }

    /// From one stable state to the next no section vanishes, and one that stays in use keeps its
    /// mid: a place is off before something else may stand there.
    fn check_mids(&mut self, at: usize) {
        let side = &self.peers[at].side;
        if side.state() != SignalingState::Stable {
            return;
        }
        let sections = side.agreement().sections();
        let now: Vec<_> = sections.iter().map(|s| s.live.then(|| s.mid.to_string())).collect();
        let before = std::mem::replace(&mut self.stable[at], now.clone());
        assert!(now.len() >= before.len(), "{before:?} and then {now:?}");
        for (old, new) in before.iter().zip(&now) {
            assert!(old.is_none() || new.is_none() || old == new, "{before:?} and then {now:?}");
        }
    }
}
