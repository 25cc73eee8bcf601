//! A leaf: asks one peer and repeats until it answers. It can be broken in one way for each law.
use bytes::Bytes;
use core::{net::SocketAddr, time::Duration};
use sans_io::{
    Clock, DropCounters, DropReason, Input, Instant, Machine, Output, Path, Timers, Transmit,
    Verdict,
    laws::{Rng, Subject},
};
use std::{
    collections::{BTreeMap, VecDeque},
    sync::atomic::{AtomicU64, Ordering},
};

pub(crate) const QUESTION: u8 = 1;
pub(crate) const ANSWER: u8 = 2;
const TRIES_MAX: u32 = 5;

/// Which law a machine breaks.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(crate) enum Breaks {
    Nothing,
    Pure,
    Ends,
    RestIsRest,
    Forward,
    EarlyIsHarmless,
    TimeNeverRunsBack,
    LateDrains,
    Bounded,
    NoBytesPanic,
    ErrDidNothing,
}

#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(crate) enum Event {
    Answered(u64),
    GaveUp(u64),
}

#[derive(Debug)]
struct Open {
    wire: Bytes,
    tries: u32,
}

pub(crate) struct Asker {
    path: Path,
    breaks: Breaks,
    clock: Clock,
    ids: Rng,
    open: BTreeMap<u64, Open>,
    open_max: usize,
    timers: Timers<u64>,
    out: VecDeque<Output<Event>>,
    drops: DropCounters,
    polls: u64,
    endless: bool,
    hoard: Vec<u8>,
}

/// Makes impure machines differ from run to run.
static RUNS: AtomicU64 = AtomicU64::new(0);

impl Asker {
    pub(crate) fn new(path: Path, seed: u64, open_max: usize, breaks: Breaks) -> Self {
        let salt = if breaks == Breaks::Pure { RUNS.fetch_add(1, Ordering::Relaxed) } else { 0 };
        Self {
            path,
            breaks,
            clock: Clock::default(),
            ids: Rng::new(seed ^ salt),
            open: BTreeMap::new(),
            open_max,
            timers: Timers::default(),
            out: VecDeque::new(),
            drops: DropCounters::default(),
            polls: 0,
            endless: false,
            hoard: Vec::new(),
        }
    }

    pub(crate) fn ask(&mut self, now: Instant) -> Result<u64, &'static str> {
        let now = self.advance(now);
        if self.open.len() >= self.open_max {
            if self.breaks == Breaks::ErrDidNothing {
                self.ids.bits();
            }
            return Err("too many open questions");
        }
        let id = self.ids.bits();
        let wire: Bytes = [&[QUESTION][..], &id.to_be_bytes()].concat().into();
        self.out.push_back(Output::Transmit(Transmit::new(self.path, wire.clone())));
        self.timers.set(id, Some(now.saturating_add(wait(0))));
        self.open.insert(id, Open { wire, tries: 0 });
        Ok(id)
    }

    fn advance(&mut self, told: Instant) -> Instant {
        let now = match self.breaks {
            // An older clock puts what is sent next at an earlier time.
            Breaks::TimeNeverRunsBack => told,
            _ => self.clock.tick(told),
        };
        let fires = match self.breaks {
            Breaks::EarlyIsHarmless => now.saturating_add(Duration::from_millis(400)),
            _ => now,
        };
        while let Some((_, id)) = self.timers.pop_due(fires) {
            self.repeat(now, id);
        }
        now
    }

    fn repeat(&mut self, now: Instant, id: u64) {
        let Some(open) = self.open.get_mut(&id) else { return };
        open.tries += 1;
        if open.tries == TRIES_MAX {
            self.open.remove(&id);
            self.out.push_back(Output::Event(Event::GaveUp(id)));
            return;
        }
        self.out.push_back(Output::Transmit(Transmit::new(self.path, open.wire.clone())));
        self.timers.set(id, Some(now.saturating_add(wait(open.tries))));
    }

    fn receive(&mut self, bytes: &[u8]) -> Verdict<'static> {
        match self.breaks {
            Breaks::NoBytesPanic => assert_ne!(bytes[0], 99),
            Breaks::Bounded => self.hoard.extend_from_slice(bytes),
            Breaks::Ends => self.endless |= bytes.len() == 3,
            _ => {}
        }
        let [ANSWER, id @ ..] = bytes else { return self.drops.refuse(DropReason::Unsupported) };
        let Ok(id) = id.try_into().map(u64::from_be_bytes) else {
            return self.drops.refuse(DropReason::Malformed);
        };
        if self.open.remove(&id).is_none() {
            return self.drops.refuse(DropReason::Unexpected);
        }
        self.timers.set(id, None);
        self.out.push_back(Output::Event(Event::Answered(id)));
        Verdict::Consumed
    }
}

fn wait(tries: u32) -> Duration {
    Duration::from_millis(500 << tries)
}

impl Machine for Asker {
    type Event = Event;

    fn handle_input<'a>(&mut self, now: Instant, input: Input<'a>) -> Verdict<'a> {
        self.advance(now);
        if self.breaks == Breaks::LateDrains && self.out.len() > 4 {
            self.out.clear();
        }
        match input {
            Input::Received { path, bytes, .. } if path == self.path => self.receive(bytes),
            Input::Timeout => Verdict::Consumed,
            _ => Verdict::Unclaimed,
        }
    }

    fn poll_output(&mut self) -> Output<Event> {
        self.polls += 1;
        if self.endless {
            return Output::Event(Event::Answered(0));
        }
        if let Some(output) = self.out.pop_front() {
            return output;
        }
        let wake = self.timers.next();
        Output::Timeout(match self.breaks {
            Breaks::RestIsRest => {
                wake.map(|at| at.saturating_add(Duration::from_nanos(self.polls % 2)))
            }
            Breaks::Forward => wake.map(|_| self.clock.now()),
            _ => wake,
        })
    }
}

pub(crate) fn address(last: u8, port: u16) -> SocketAddr {
    SocketAddr::from(([192, 0, 2, last], port))
}

/// The subject, whole or broken.
pub(crate) struct Asking(pub(crate) Breaks);

impl Asking {
    pub(crate) fn path() -> Path {
        Path::udp(address(1, 1), address(2, 2))
    }

    /// Noise, or the answer to something that was asked.
    pub(crate) fn answer(rng: &mut Rng, sent: &[Transmit]) -> Vec<u8> {
        if let (true, Some(transmit)) = (rng.one_in(3), rng.pick(sent)) {
            let mut bytes = transmit.payload.to_vec();
            bytes[0] = ANSWER;
            return bytes;
        }
        (0..rng.below(12)).map(|_| rng.below(4) as u8).collect()
    }
}

impl Subject for Asking {
    type Machine = Asker;
    type Command = ();
    const DRAIN_MAX: usize = 32;
    const LATE_MAX: usize = 5;

    fn build(&self) -> Asker {
        Asker::new(Self::path(), 9, 4, self.0)
    }

    fn paths(&self) -> Vec<Path> {
        vec![Self::path(), Path::udp(address(1, 1), address(3, 2))]
    }

    fn bytes(&self, rng: &mut Rng, sent: &[Transmit]) -> Vec<u8> {
        Self::answer(rng, sent)
    }

    fn command(&self, _: &mut Rng) {}

    fn run(&self, machine: &mut Asker, now: Instant, (): &()) -> Result<String, String> {
        machine.ask(now).map(|id| id.to_string()).map_err(str::to_string)
    }
}
