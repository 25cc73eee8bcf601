//! The recording: a random run, driven as a careful driver would, with the world answering what
//! the machine asks for.
use super::{Fault, Law, Rng, Subject, log::Log, step::Step};
use crate::{
    Instant, LookupAnswer, LookupFault, LookupId, LookupKind, LookupRequest, Output, Path,
    PathFault, SocketFault, SocketId, SocketRequest, Transmit, Transport,
};
use alloc::{collections::VecDeque, format, string::String, vec, vec::Vec};
use core::{net::SocketAddr, time::Duration};

/// Paths and sent messages that the world remembers.
const MEMORY_MAX: usize = 64;
/// How many more inputs come where time ends: one shortly before, the others at its very end.
const AT_THE_END: usize = 12;

pub(super) struct Recording<C> {
    pub(super) steps: Vec<Recorded<C>>,
    pub(super) log: Log,
}

pub(super) struct Recorded<C> {
    pub(super) at: Instant,
    pub(super) step: Step<C>,
    /// What it logged, where it was a command that failed.
    pub(super) failed: Option<String>,
}

impl<C: Clone> Recording<C> {
    pub(super) fn make<S: Subject<Command = C>>(
        subject: &S,
        seed: u64,
        len: usize,
    ) -> Result<Self, Fault> {
        let mut machine = subject.build();
        let mut world = World::new(subject.paths(), seed);
        let mut recording = Self { steps: Vec::with_capacity(len), log: Log::default() };
        for n in 0..len + AT_THE_END {
            let at = if n < len { world.pass_time() } else { world.end_time(n > len) };
            let step = world.next_step(subject);
            let failed = step.apply(subject, &mut machine, at, &mut recording.log);
            recording.steps.push(Recorded { at, step, failed });
            world.wake = recording.log.drain::<S>(&mut machine, |output| world.see(output))?;
            if world.wake.is_some_and(|wake| wake <= at) {
                return Err((Law::Forward, format!("at {at:?} it wants {:?}", world.wake)));
            }
            recording.log.all.push(format!("wake {:?}", world.wake));
        }
        Ok(recording)
    }
}

/// Something that the machine asked for.
enum Asked {
    Local(SocketId, SocketAddr),
    Stream(SocketId, Transport, SocketAddr),
    Lookup(LookupId, LookupKind),
}

struct World {
    rng: Rng,
    now: Instant,
    wake: Option<Instant>,
    paths: Vec<Path>,
    remotes: Vec<SocketAddr>,
    open: Vec<SocketId>,
    sent: Vec<Transmit>,
    asked: VecDeque<Asked>,
    port: u16,
}

impl World {
    fn new(paths: Vec<Path>, seed: u64) -> Self {
        let remotes = paths.iter().map(Path::remote).collect();
        Self {
            rng: Rng::new(seed),
            now: Instant::from_secs(1),
            wake: None,
            paths,
            remotes,
            open: vec![],
            sent: vec![],
            asked: VecDeque::new(),
            port: 40_000,
        }
    }

    /// Often no time, sometimes exactly to the deadline, sometimes past it, rarely hours.
    fn pass_time(&mut self) -> Instant {
        let step = match self.rng.below(40) {
            0..10 => Duration::from_micros(self.rng.below(900_000)),
            10..20 => self.wake.map_or(Duration::ZERO, |wake| wake.saturating_since(self.now)),
            20 => Duration::from_secs(self.rng.below(20_000)),
            _ => Duration::ZERO,
        };
        self.now = self.now.saturating_add(step);
        self.now
    }

    /// To the last instant there is, where no sum of times goes on, or to a second before it.
    fn end_time(&mut self, very_end: bool) -> Instant {
        let before = if very_end { Duration::ZERO } else { Duration::from_secs(1) };
        self.now = Instant::FAR.saturating_sub(before);
        self.now
    }

    fn next_step<S: Subject>(&mut self, subject: &S) -> Step<S::Command> {
        let path = self.rng.pick(&self.paths).copied();
        match (self.rng.below(24), path) {
            (0..4, _) | (_, None) => Step::Timeout,
            (4..8, _) => Step::Command(subject.command(&mut self.rng)),
            (8..13, _) if !self.asked.is_empty() => self.answer().unwrap_or(Step::Timeout),
            (13, Some(path)) if path.transport().is_stream() => {
                Step::Accepted(self.rng.pick(&self.open).copied().unwrap_or(SocketId(0)), path)
            }
            (14, Some(path)) if self.rng.one_in(4) => Step::Failed(path, self.path_fault()),
            (15, _) if self.rng.one_in(8) && !self.open.is_empty() => {
                let lost = self.rng.below(self.open.len() as u64) as usize;
                Step::Socket(self.open.swap_remove(lost), Err(SocketFault::Lost))
            }
            (_, Some(path)) => Step::Bytes(path, subject.bytes(&mut self.rng, &self.sent)),
        }
    }

    fn path_fault(&mut self) -> PathFault {
        match self.rng.below(5) {
            0 => PathFault::Unreachable { kind: 3, code: 3 },
            1 => PathFault::TooBig { mtu: 1280 },
            2 => PathFault::Ended,
            3 => PathFault::TimeExceeded,
            _ => PathFault::Reset,
        }
    }

    fn answer<C>(&mut self) -> Option<Step<C>> {
        let fails = self.rng.one_in(5);
        match self.asked.pop_front()? {
            Asked::Local(id, _) if fails => Some(Step::Socket(id, Err(SocketFault::InUse))),
            Asked::Stream(id, ..) if fails => Some(Step::Socket(id, Err(SocketFault::Refused))),
            Asked::Lookup(id, _) if fails => Some(Step::LookedUp(id, Err(LookupFault::TimedOut))),
            Asked::Local(id, local) => Some(self.opened(id, Transport::Udp, local, None)),
            Asked::Stream(id, transport, remote) => {
                let local = self.paths.first()?.local();
                Some(self.opened(id, transport, local, Some(remote)))
            }
            Asked::Lookup(id, kind) => {
                let answers = (0..self.rng.below(4)).map(|_| self.record(kind)).collect();
                Some(Step::LookedUp(id, Ok(answers)))
            }
        }
    }

    fn opened<C>(
        &mut self,
        id: SocketId,
        transport: Transport,
        mut local: SocketAddr,
        remote: Option<SocketAddr>,
    ) -> Step<C> {
        if local.port() == 0 || remote.is_some() {
            self.port = self.port.wrapping_add(1);
            local.set_port(self.port);
        }
        self.open.push(id);
        for remote in remote.map_or_else(|| self.remotes.clone(), |remote| vec![remote]) {
            self.paths.push(Path::new(transport, local, remote));
        }
        let extra = self.paths.len().saturating_sub(MEMORY_MAX);
        self.paths.drain(..extra);
        Step::Socket(id, Ok(local))
    }

    fn record(&mut self, kind: LookupKind) -> LookupAnswer {
        let name = |s: &str| String::from(s).into();
        match kind {
            LookupKind::Address => {
                LookupAnswer::Address([192, 0, 2, self.rng.below(9) as u8].into())
            }
            LookupKind::Srv => LookupAnswer::Srv {
                priority: self.rng.below(2) as u16,
                weight: self.rng.below(3) as u16,
                port: 3478,
                target: name("host.example"),
            },
            LookupKind::Pointer => LookupAnswer::Pointer("host.example".into()),
            LookupKind::Naptr => LookupAnswer::Naptr {
                order: self.rng.below(2) as u16,
                preference: self.rng.below(2) as u16,
                flags: name("S"),
                service: name("RELAY:turn.udp"),
                replacement: name("_turn._udp.example"),
            },
        }
    }

    fn see<E>(&mut self, output: &Output<E>) {
        match output {
            Output::Transmit(transmit) => {
                self.sent.push(transmit.clone());
                let extra = self.sent.len().saturating_sub(MEMORY_MAX);
                self.sent.drain(..extra);
            }
            Output::Socket(
                SocketRequest::Bind { id, local } | SocketRequest::Listen { id, local },
            ) => {
                self.asked.push_back(Asked::Local(*id, *local));
            }
            Output::Socket(SocketRequest::Connect { id, transport, remote, .. }) => {
                self.asked.push_back(Asked::Stream(*id, *transport, *remote));
            }
            Output::Socket(SocketRequest::Close(id)) => self.open.retain(|open| open != id),
            Output::Lookup(LookupRequest { id, kind, .. }) => {
                self.asked.push_back(Asked::Lookup(*id, *kind));
            }
            Output::Socket(
                SocketRequest::Hangup(_) | SocketRequest::Pause(_) | SocketRequest::Resume(_),
            )
            | Output::Event(_)
            | Output::Timeout(_) => {}
        }
    }
}
