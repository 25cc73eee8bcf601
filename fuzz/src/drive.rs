//! Drives any machine by the fuzzer's decisions, as the world and its driver would, and holds it to
//! those laws of `sans-io` that cost little to check on the way: 2, 3, 4, 6, 9, and that nothing is
//! sent from an unspecified address.
use crate::{script::Script, world::World};
use sans_io::{Input, Instant, Machine, NextFrame, Output, Path, Verdict, next_frame};
use std::time::Duration;

/// How many steps a run has at most, so that no input is slow for its length alone.
const STEPS_MAX: usize = 200;
/// How many messages of the machine are remembered, to be answered or echoed.
const HEARD_MAX: usize = 32;

/// What the driver cannot know of a machine.
pub(crate) trait Subject {
    /// The machine.
    type Machine: Machine;
    /// The most outputs that one drain may give (law 2), as the machine documents it.
    const DRAIN_MAX: usize;
    /// The most inputs that may come between two drains (law 7).
    const LATE_MAX: usize = 4;

    /// The machine that is driven.
    fn machine(&mut self) -> &mut Self::Machine;

    /// Paths on which bytes come. Those of sockets that open during the run are added.
    fn paths(&self) -> Vec<Path>;

    /// Bytes that go deeper than noise: above all plausible answers to what was `heard`.
    fn craft(
        &mut self,
        now: Instant,
        path: Path,
        script: &mut Script<'_>,
        heard: &[Heard],
    ) -> Vec<u8>;

    /// Runs a command of the machine, where it has any.
    fn command(&mut self, now: Instant, script: &mut Script<'_>) {
        let _ = script;
        self.machine().handle_timeout(now);
    }

    /// Looks at what is about to be received.
    fn receiving(&mut self, path: &Path, bytes: &[u8]) {
        let _ = (path, bytes);
    }

    /// Looks at what the machine sends.
    fn sent(&mut self, now: Instant, heard: &Heard) {
        let _ = (now, heard);
    }

    /// Looks at an event.
    fn event(&mut self, event: <Self::Machine as Machine>::Event) {
        let _ = event;
    }

    /// Looks at the machine at rest, after each drain.
    fn rested(&mut self) {}

    /// Runs when the script is over and all is drained.
    fn end(&mut self, now: Instant) {
        let _ = now;
    }
}

/// A message that the machine sent.
#[derive(Debug, Clone)]
pub(crate) struct Heard {
    /// Where it went.
    pub(crate) path: Path,
    /// Its bytes.
    pub(crate) bytes: Vec<u8>,
}

/// Runs the whole script.
pub(crate) fn drive<S: Subject>(subject: &mut S, script: &mut Script<'_>) {
    let mut run = Run {
        now: Instant::from_secs(1),
        wake: None,
        heard: Vec::new(),
        last: None,
        late: 0,
        world: World::new(subject.paths()),
    };
    for _ in 0..STEPS_MAX {
        if script.is_empty() {
            break;
        }
        let patient = run.step(subject, script);
        run.late += 1;
        if !patient || run.late >= S::LATE_MAX {
            run.drain(subject);
        }
    }
    run.drain(subject);
    subject.end(run.now);
}

struct Run {
    now: Instant,
    wake: Option<Instant>,
    heard: Vec<Heard>,
    /// The last bytes that were received, for duplicates.
    last: Option<(Path, Vec<u8>)>,
    late: usize,
    world: World,
}

impl Run {
    /// One thing happens. Whether the drain is to wait.
    fn step<S: Subject>(&mut self, subject: &mut S, script: &mut Script<'_>) -> bool {
        let kind = script.number::<u8>();
        match kind & 0x1F {
            0 | 1 => self.pass(subject, self.until_wake()),
            2 | 3 => {
                let ms = script.number::<u16>();
                self.pass(subject, Duration::from_millis(ms.into()));
            }
            4 => {
                let minutes = script.number::<u8>();
                self.pass(subject, Duration::from_secs(60 * u64::from(minutes)));
            }
            5..=12 => {
                if let Some(path) = self.world.path(script) {
                    let bytes = subject.craft(self.now, path, script, &self.heard);
                    self.receive(subject, path, bytes);
                }
            }
            13 => {
                if let Some(path) = self.world.path(script) {
                    self.receive(subject, path, script.bytes(255).to_vec());
                }
            }
            14 => {
                if let Some((path, bytes)) = self.last.take() {
                    let path = if script.one_in(4) { self.world.path(script) } else { Some(path) };
                    if let Some(path) = path {
                        self.receive(subject, path, bytes);
                    }
                }
            }
            15 => {
                // Its own words come back.
                if let Some(heard) = script.pick(&self.heard).cloned() {
                    self.receive(subject, heard.path, heard.bytes);
                }
            }
            16..=22 => subject.command(self.now, script),
            23..=27 => self.world.answer(script, |input| give(subject, self.now, self.now, input)),
            28 => self.stream(subject, script),
            29 | 30 => self.world.fault(script, |input| give(subject, self.now, self.now, input)),
            _ => {
                // An older clock (law 6).
                let back = Duration::from_millis(script.number::<u8>().into());
                let older = self.now.saturating_sub(back);
                give(subject, self.now, older, Input::Timeout);
            }
        }
        kind & 0x80 != 0
    }

    fn until_wake(&self) -> Duration {
        self.wake.map_or(Duration::ZERO, |wake| wake.saturating_since(self.now))
    }

    fn pass<S: Subject>(&mut self, subject: &mut S, time: Duration) {
        self.now = self.now.saturating_add(time);
        let verdict = subject.machine().handle_input(self.now, Input::Timeout);
        assert_eq!(verdict, Verdict::Consumed, "a timeout is always taken");
    }

    /// Receives a datagram, or what may be several frames of a stream.
    fn receive<S: Subject>(&mut self, subject: &mut S, path: Path, bytes: Vec<u8>) {
        if path.transport().is_stream() {
            self.frames(subject, path, &bytes);
        } else {
            subject.receiving(&path, &bytes);
            give(subject, self.now, self.now, Input::received(path, &bytes));
        }
        self.last = Some((path, bytes));
    }

    /// Noise on a stream.
    fn stream<S: Subject>(&mut self, subject: &mut S, script: &mut Script<'_>) {
        let path = self.world.path(script).filter(|path| path.transport().is_stream());
        if let Some(path) = path {
            self.frames(subject, path, script.bytes(600));
        }
    }

    fn frames<S: Subject>(&mut self, subject: &mut S, path: Path, mut bytes: &[u8]) {
        while let NextFrame::Frame { frame, rest } = next_frame(subject.machine(), &path, bytes) {
            subject.receiving(&path, frame);
            give(subject, self.now, self.now, Input::received(path, frame));
            // On streams drivers drain before the next frame.
            self.drain(subject);
            bytes = rest;
        }
    }

    fn drain<S: Subject>(&mut self, subject: &mut S) {
        self.late = 0;
        for _ in 0..=S::DRAIN_MAX {
            match subject.machine().poll_output() {
                Output::Transmit(transmit) => {
                    check_source(&transmit.path);
                    let bytes = transmit.payload.to_vec();
                    let heard = Heard { path: transmit.path, bytes };
                    subject.sent(self.now, &heard);
                    if self.heard.len() == HEARD_MAX {
                        self.heard.remove(0);
                    }
                    self.heard.push(heard);
                }
                Output::Event(event) => subject.event(event),
                Output::Socket(request) => self.world.asked(&request),
                Output::Lookup(request) => self.world.looked_up(request),
                Output::Timeout(wake) => {
                    let late = wake.is_some_and(|wake| wake <= self.now);
                    assert!(!late, "law 4: at {:?} it wants {wake:?}", self.now);
                    let again = subject.machine().poll_output();
                    let same = matches!(again, Output::Timeout(again) if again == wake);
                    assert!(same, "law 3: after {wake:?} it says {again:?}");
                    self.wake = wake;
                    subject.rested();
                    return;
                }
            }
        }
        panic!("law 2: a drain gave more than {} outputs", S::DRAIN_MAX);
    }
}

/// Gives an input to the machine and sees to its verdict. `newest` is the time that it is.
fn give<S: Subject>(subject: &mut S, newest: Instant, now: Instant, input: Input<'_>) {
    match subject.machine().handle_input(now, input) {
        Verdict::Send(packet) => {
            let heard = Heard { path: packet.path, bytes: packet.to_vec() };
            check_source(&heard.path);
            subject.sent(newest, &heard);
        }
        Verdict::Consumed | Verdict::Unclaimed | Verdict::Dropped(_) | Verdict::Deliver { .. } => {}
    }
}

fn check_source(path: &Path) {
    assert!(!path.local().ip().is_unspecified(), "sent from an unspecified address: {path}");
}
