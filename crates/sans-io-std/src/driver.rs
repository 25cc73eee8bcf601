//! The run loop on one thread: the six steps of [`sans_io`], over UDP.
use crate::{
    StdClock,
    names::{self, Answer},
    sockets::{Arrival, Sockets},
};
use sans_io::{Input, Instant, Machine, Output, Packet, Path, SocketFault, SocketRequest, Verdict};
use std::{
    collections::VecDeque,
    io,
    net::{SocketAddr, UdpSocket},
    time::Duration,
};

/// Something that concerns the application.
#[derive(Clone, Debug, PartialEq, Eq)]
pub enum Happening<E> {
    /// The machine tells something.
    Event(E),
    /// Data arrived.
    Data {
        /// The path it took, seen past any relay.
        path: Path,
        /// What it is.
        bytes: Vec<u8>,
    },
}

/// Runs one [`Machine`] over UDP on the thread that calls [`wait`](Self::wait), with a thread more for
/// each socket that reads it. Names are looked up as the system does. A machine that asks for TCP or
/// TLS is told that there is none.
///
/// For programs with one machine, or few. It copies each datagram once and has a look at the clock for
/// each; who serves many clients takes `spool`, or a loop of his own.
///
/// ```
/// use core::time::Duration;
/// use ice_proto::{IceAgent, IceConfig, IceEvent};
/// use sans_io::SocketIds;
/// use sans_io_std::{Driver, Happening, seed};
///
/// let agent = IceAgent::new(IceConfig::default(), seed()?, SocketIds::root())?;
/// let mut driver = Driver::new(agent);
/// driver.call(|agent, now| agent.gather(now, &["127.0.0.1".parse().expect("an address")]))?;
/// let happening = driver.wait(Duration::from_secs(5));
/// let Some(Happening::Event(IceEvent::Candidate(candidate))) = happening else {
///     return Err(format!("not a candidate: {happening:?}").into());
/// };
/// assert!(candidate.to_string().starts_with("host udp 127.0.0.1:"));
/// # Ok::<(), Box<dyn std::error::Error>>(())
/// ```
#[derive(Debug)]
pub struct Driver<M: Machine> {
    machine: M,
    clock: StdClock,
    sockets: Sockets,
    happened: VecDeque<Happening<M::Event>>,
    deadline: Option<Instant>,
}

impl<M: Machine> Driver<M> {
    /// Takes a machine. It is asked at once what it wants.
    pub fn new(machine: M) -> Self {
        Self::with_clock(machine, StdClock::start())
    }

    /// Takes a machine whose time is that of a clock: one that was told of the time already.
    pub fn with_clock(machine: M, clock: StdClock) -> Self {
        let (sockets, happened) = (Sockets::new(), VecDeque::new());
        let mut this = Self { machine, clock, sockets, happened, deadline: None };
        this.drain();
        this
    }

    /// Takes a socket for a machine that does not ask for sockets, but is told its path. Gives the
    /// address it has.
    pub fn adopt(&mut self, socket: UdpSocket) -> io::Result<SocketAddr> {
        self.sockets.adopt(socket)
    }

    /// The machine, to look at.
    pub fn machine(&self) -> &M {
        &self.machine
    }

    /// The time, as the machine counts it.
    pub fn now(&self) -> Instant {
        self.clock.now()
    }

    /// Gives the machine a command.
    pub fn call<R>(&mut self, command: impl FnOnce(&mut M, Instant) -> R) -> R {
        let result = command(&mut self.machine, self.clock.now());
        self.drain();
        result
    }

    /// Sends a packet that the machine made of data, as `IceAgent::send` and `TurnClient::send` do.
    pub fn send(&mut self, packet: &Packet<'_>) {
        self.sockets.send(packet);
    }

    /// Runs the machine until something concerns the application, at most for this long.
    pub fn wait(&mut self, at_most: Duration) -> Option<Happening<M::Event>> {
        let end = self.clock.now().saturating_add(at_most);
        loop {
            if let Some(happening) = self.happened.pop_front() {
                return Some(happening);
            }
            let now = self.clock.now();
            if self.deadline.is_some_and(|deadline| deadline <= now) {
                self.machine.handle_timeout(now);
                self.drain();
                continue;
            }
            if end <= now {
                return None;
            }
            let next = self.deadline.map_or(end, |deadline| deadline.min(end));
            if let Some(arrival) = self.sockets.wait(next.saturating_since(now)) {
                self.arrived(&arrival);
                self.drain();
            }
        }
    }

    fn arrived(&mut self, arrival: &Arrival) {
        let input = match arrival {
            Arrival::Datagram { path, bytes } => Input::received(*path, bytes),
            Arrival::Answer(Answer { id, result }) => {
                let result = result.as_ref().map(Vec::as_slice).map_err(|fault| *fault);
                Input::LookedUp { id: *id, result }
            }
            Arrival::Lost(id) => {
                self.sockets.close(*id);
                Input::Socket { id: *id, state: Err(SocketFault::Lost) }
            }
        };
        match self.machine.handle_input(self.clock.now(), input) {
            Verdict::Deliver { path, bytes } => {
                self.happened.push_back(Happening::Data { path, bytes: bytes.to_vec() });
            }
            Verdict::Send(packet) => self.sockets.send(&packet),
            Verdict::Consumed | Verdict::Unclaimed | Verdict::Dropped(_) => {}
        }
    }

    /// Does all that the machine wants done.
    fn drain(&mut self) {
        loop {
            match self.machine.poll_output() {
                Output::Transmit(transmit) => {
                    let packet = Packet::new(transmit.path, &transmit.payload);
                    self.sockets.send(&packet.with_meta(transmit.meta));
                }
                Output::Socket(request) => self.serve(&request),
                Output::Lookup(request) => names::look_up(request, self.sockets.arrivals()),
                Output::Event(event) => self.happened.push_back(Happening::Event(event)),
                Output::Timeout(at) => {
                    self.deadline = at;
                    return;
                }
            }
        }
    }

    fn serve(&mut self, request: &SocketRequest) {
        let (id, state) = match *request {
            SocketRequest::Bind { id, local } => (id, self.sockets.bind(id, local)),
            SocketRequest::Listen { id, .. } | SocketRequest::Connect { id, .. } => {
                (id, Err(SocketFault::Denied))
            }
            SocketRequest::Close(id) => return self.sockets.close(id),
            SocketRequest::Hangup(_) | SocketRequest::Pause(_) | SocketRequest::Resume(_) => return,
        };
        // Sockets are told one by one, between two outputs, as the contract allows.
        let _ = self.machine.handle_input(self.clock.now(), Input::Socket { id, state });
    }
}
