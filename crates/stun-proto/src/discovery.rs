//! Finding out what NAT one is behind, with a server that has two addresses (RFC 5780 §3, §4).
use crate::{
    BindingRequest, ClientConfig, ClientEvent, Entropy, Message, RequestFault, RequestId,
    RetransmitConfig, StunClient, attribute::ChangeRequest,
};
use alloc::collections::{BTreeMap, VecDeque};
use core::{
    net::{IpAddr, SocketAddr},
    time::Duration,
};
use sans_io::{
    Clock, Input, Instant, Machine, Output, Path, SocketFault, SocketId, SocketIds, SocketRequest,
    Timers, Verdict,
};

mod hairpin;
mod lifetime;
mod report;
#[cfg(test)]
mod tests;

use hairpin::Hairpin;
use lifetime::Lifetime;
pub use lifetime::LifetimeConfig;
pub use report::{BindingLifetime, Filtering, Mapping, NatReport};

/// Between two new transactions: fewer than ten a second, and their retransmissions do not fall
/// together (RFC 5780 §5).
const PACE: Duration = Duration::from_millis(110);

/// How to look.
#[derive(Clone, Debug)]
pub struct NatProbeConfig {
    /// The address of ours to look from.
    pub local: IpAddr,
    /// The server.
    pub server: SocketAddr,
    /// How persistent each question is. Silence is an answer here, so this is how long the whole
    /// takes behind a NAT that filters.
    pub retransmit: RetransmitConfig,
    /// Whether to find out how long an idle binding lasts, which takes minutes.
    pub lifetime: Option<LifetimeConfig>,
}

impl NatProbeConfig {
    /// Looks from `local` at `server`, with questions that are asked four times within six seconds.
    pub const fn new(local: IpAddr, server: SocketAddr) -> Self {
        let retransmit = RetransmitConfig {
            rto: Duration::from_millis(500),
            max_sends: 4,
            last_wait: 4,
            max_wait: Duration::MAX,
        };
        Self { local, server, retransmit, lifetime: None }
    }
}

/// What came of it.
#[derive(Clone, Debug, PartialEq, Eq)]
pub enum NatProbeEvent {
    /// All that could be found out.
    Done(NatReport),
    /// Nothing: the server did not answer as it should.
    Failed(RequestFault),
    /// Nothing: there was no socket.
    NoSocket(SocketFault),
}

/// A question.
#[derive(Clone, Copy, Debug, PartialEq, Eq, PartialOrd, Ord, Hash)]
enum Test {
    /// Who are we? (RFC 5780 §4.3 test I)
    Mapped,
    /// Who are we to the other address? (§4.3 test II)
    OtherAddress,
    /// And to its other port? (§4.3 test III)
    OtherPort,
    /// Who are we, on the socket for filtering? (§4.4 test I)
    Open,
    /// May somebody else answer? (§4.4 test II)
    Stranger,
    /// May another port answer? (§4.4 test III)
    SameHost,
    /// Lifetime: make a binding.
    Bind,
    /// Lifetime: is it still there?
    Alive,
}

/// The sockets, by what they are for.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
enum Role {
    /// Mapping.
    Map = 0,
    /// Filtering, which must not have been asked about by mapping.
    Filter = 1,
    /// Lifetime: the one that is idle.
    Idle = 2,
    /// Lifetime: the one that asks.
    Ask = 3,
}

#[derive(Clone, Copy, Debug)]
struct Socket {
    id: SocketId,
    local: Option<SocketAddr>,
}

/// Finds out mapping, filtering, hairpinning and, if wanted, the lifetime of bindings, over UDP.
///
/// Asks for two sockets, or four, each on a port that it has not used before. Ends with one event.
/// States its bounds for the laws: a drain gives at most 16 outputs, and one for each input since
/// the last drain.
///
/// ```
/// use sans_io::{Machine, Output, SocketIds, SocketRequest};
/// use stun_proto::{NatProbe, NatProbeConfig};
/// let config = NatProbeConfig::new("192.0.2.1".parse()?, "198.51.100.1:3478".parse()?);
/// let mut probe = NatProbe::new(config, &mut SocketIds::root(), [1; 32]);
/// assert!(matches!(probe.poll_output(), Output::Socket(SocketRequest::Bind { .. })));
/// # Ok::<(), core::net::AddrParseError>(())
/// ```
#[derive(Debug)]
pub struct NatProbe {
    config: NatProbeConfig,
    clock: Clock,
    sockets: [Option<Socket>; 4],
    client: StunClient,
    asked: BTreeMap<RequestId, Test>,
    /// Questions that wait for their turn.
    queue: Timers<Test>,
    next_turn: Instant,
    hairpin: Hairpin,
    lifetime: Option<Lifetime>,
    report: NatReport,
    /// What is known of the other address; without it some questions cannot be asked.
    other: Option<SocketAddr>,
    mapping_done: bool,
    filtering_done: bool,
    /// Who answered of the filtering tests II and III.
    stranger: Option<bool>,
    same_host: Option<bool>,
    outputs: VecDeque<Output<NatProbeEvent>>,
    ended: bool,
}

impl NatProbe {
    /// Begins. The sockets are numbered from `ids`.
    pub fn new(config: NatProbeConfig, ids: &mut SocketIds, seed: [u8; 32]) -> Self {
        let mut entropy = Entropy::new(seed);
        let client_config =
            ClientConfig { retransmit: config.retransmit, ..ClientConfig::default() };
        let wanted = if config.lifetime.is_some() { 4 } else { 2 };
        let mut sockets = [None; 4];
        let mut outputs = VecDeque::new();
        for socket in sockets.iter_mut().take(wanted) {
            if let Some(id) = ids.take() {
                *socket = Some(Socket { id, local: None });
                let local = SocketAddr::new(config.local, 0);
                outputs.push_back(Output::Socket(SocketRequest::Bind { id, local }));
            }
        }
        Self {
            clock: Clock::default(),
            sockets,
            client: StunClient::new(client_config, entropy.secret()),
            asked: BTreeMap::new(),
            queue: Timers::default(),
            next_turn: Instant::ZERO,
            hairpin: Hairpin::new(entropy.transaction_id(), config.retransmit),
            lifetime: config.lifetime.map(Lifetime::new),
            report: NatReport::new(config.local),
            other: None,
            mapping_done: false,
            filtering_done: false,
            stranger: None,
            same_host: None,
            config,
            outputs,
            ended: false,
        }
    }

    fn local(&self, role: Role) -> Option<SocketAddr> {
        self.sockets[role as usize].and_then(|socket| socket.local)
    }

    /// Puts a question in the queue, for its turn at `at` or after.
    fn schedule(&mut self, at: Instant, test: Test) {
        let turn = at.max(self.next_turn);
        self.next_turn = turn.saturating_add(PACE);
        self.queue.set(test, Some(turn));
    }

    fn ask(&mut self, now: Instant, test: Test) {
        let server = self.config.server;
        let other = self.other.unwrap_or(server);
        let both = ChangeRequest { change_ip: true, change_port: true };
        let port = ChangeRequest { change_ip: false, change_port: true };
        let (role, remote, change) = match test {
            Test::Mapped => (Role::Map, server, ChangeRequest::default()),
            Test::OtherAddress => {
                let there = SocketAddr::new(other.ip(), server.port());
                (Role::Map, there, ChangeRequest::default())
            }
            Test::OtherPort => (Role::Map, other, ChangeRequest::default()),
            Test::Open => (Role::Filter, server, ChangeRequest::default()),
            Test::Stranger => (Role::Filter, server, both),
            Test::SameHost => (Role::Filter, server, port),
            Test::Bind => (Role::Idle, server, ChangeRequest::default()),
            Test::Alive => (Role::Ask, server, ChangeRequest::default()),
        };
        let Some(local) = self.local(role) else { return };
        let response_port = match test {
            Test::Alive => self.lifetime.as_ref().and_then(Lifetime::port),
            _ => None,
        };
        let path = Path::udp(local, remote);
        let ask = BindingRequest { change, response_port, ..BindingRequest::new(path) };
        // At most four questions are open, and ten fit.
        if let Ok(request) = self.client.request(now, ask) {
            self.asked.insert(request, test);
        }
    }

    /// Runs what is due, and takes in what the client has to say.
    fn settle(&mut self, now: Instant) {
        loop {
            // An answer may put the next question in the queue, and it may be due at once.
            while let Some((_, test)) = self.queue.pop_due(now) {
                self.ask(now, test);
            }
            match self.client.poll_output() {
                Output::Transmit(transmit) => self.outputs.push_back(Output::Transmit(transmit)),
                Output::Event(event) => self.heard(now, event),
                Output::Socket(_) | Output::Lookup(_) => {}
                Output::Timeout(_) => break,
            }
        }
        if let Some((here, there)) = self.hairpin_pair() {
            self.hairpin.run(now, here, there, &mut self.outputs);
        }
        self.conclude();
    }

    fn heard(&mut self, now: Instant, event: ClientEvent) {
        let (request, answer) = match event {
            ClientEvent::Bound(binding) => (binding.request, Ok(binding)),
            ClientEvent::Failed { request, fault, .. } => (request, Err(fault)),
        };
        let Some(test) = self.asked.remove(&request) else { return };
        match (test, answer) {
            (Test::Mapped, Ok(binding)) => {
                self.report.local = binding.path.local;
                self.report.mapped = Some(binding.mapped);
                self.other = usable_other(self.config.server, binding.other);
                self.report.other = self.other;
                if binding.mapped == binding.path.local {
                    self.mapped(Mapping::None);
                } else if self.other.is_some() {
                    self.schedule(now, Test::OtherAddress);
                } else {
                    self.mapped(Mapping::Unknown);
                }
            }
            (Test::OtherAddress, Ok(binding)) => {
                if Some(binding.mapped) == self.report.mapped {
                    self.mapped(Mapping::EndpointIndependent);
                } else {
                    self.report.mapped_other = Some(binding.mapped);
                    self.schedule(now, Test::OtherPort);
                }
            }
            (Test::OtherPort, Ok(binding)) => {
                let same = Some(binding.mapped) == self.report.mapped_other;
                self.mapped(if same {
                    Mapping::AddressDependent
                } else {
                    Mapping::AddressAndPortDependent
                });
            }
            (Test::OtherAddress | Test::OtherPort, Err(_)) => self.mapped(Mapping::Unknown),
            (Test::Open, Ok(binding)) => {
                self.hairpin.filter_mapped = Some(binding.mapped);
                if usable_other(self.config.server, binding.other).is_some() {
                    self.schedule(now, Test::Stranger);
                    self.schedule(now, Test::SameHost);
                } else {
                    self.filtered(Filtering::Unknown);
                }
            }
            (Test::Stranger, answer) => {
                self.stranger = Some(answer.is_ok());
                self.filter_heard(answer.err());
            }
            (Test::SameHost, answer) => {
                self.same_host = Some(answer.is_ok());
                self.filter_heard(answer.err());
            }
            (Test::Mapped | Test::Open, Err(fault)) => {
                self.end(NatProbeEvent::Failed(fault));
            }
            (Test::Bind | Test::Alive, answer) => self.lifetime_heard(now, test, answer),
        }
    }

    fn mapped(&mut self, mapping: Mapping) {
        self.report.mapping = mapping;
        self.mapping_done = true;
    }

    fn filtered(&mut self, filtering: Filtering) {
        self.report.filtering = filtering;
        self.filtering_done = true;
    }

    fn filter_heard(&mut self, fault: Option<RequestFault>) {
        if fault.is_some_and(|fault| fault != RequestFault::TimedOut) {
            return self.filtered(Filtering::Unknown);
        }
        match (self.stranger, self.same_host) {
            (Some(true), _) => self.filtered(Filtering::EndpointIndependent),
            (Some(false), Some(true)) => self.filtered(Filtering::AddressDependent),
            (Some(false), Some(false)) => self.filtered(Filtering::AddressAndPortDependent),
            (None | Some(false), None) | (None, Some(_)) => {}
        }
    }

    /// The two sockets of the hairpin test with their mapped addresses, once it may run: after the
    /// filtering, which it would disturb.
    fn hairpin_pair(&self) -> Option<([SocketAddr; 2], [SocketAddr; 2])> {
        let ready = self.mapping_done && self.filtering_done && !self.ended;
        let here = [self.local(Role::Map)?, self.local(Role::Filter)?];
        let there = [self.report.mapped?, self.hairpin.filter_mapped?];
        (ready && self.report.mapping != Mapping::None).then_some((here, there))
    }

    fn conclude(&mut self) {
        let natted = self.report.mapping != Mapping::None;
        let hairpin_done = !natted || self.hairpin.result.is_some();
        let lifetime_done = self.lifetime.as_ref().is_none_or(Lifetime::is_done);
        if self.mapping_done && self.filtering_done && hairpin_done && lifetime_done {
            self.report.hairpin = self.hairpin.result.filter(|_| natted);
            self.report.lifetime = self.lifetime.as_ref().map(Lifetime::result);
            let report = self.report.clone();
            self.end(NatProbeEvent::Done(report));
        }
    }

    /// Tells the result and gives the sockets back.
    fn end(&mut self, event: NatProbeEvent) {
        if self.ended {
            return;
        }
        self.ended = true;
        for socket in self.sockets.iter_mut().filter_map(Option::take) {
            self.outputs.push_back(Output::Socket(SocketRequest::Close(socket.id)));
        }
        for request in core::mem::take(&mut self.asked).into_keys() {
            self.client.cancel(self.clock.now(), request);
        }
        self.queue = Timers::default();
        self.hairpin.stop();
        self.outputs.push_back(Output::Event(event));
    }

    fn opened(
        &mut self,
        now: Instant,
        id: SocketId,
        state: Result<SocketAddr, SocketFault>,
    ) -> Verdict<'static> {
        let place = self.sockets.iter().position(|s| s.is_some_and(|socket| socket.id == id));
        let Some(place) = place else { return Verdict::Unclaimed };
        match state {
            Ok(local) => {
                self.sockets[place] = Some(Socket { id, local: Some(local) });
                let first = [Test::Mapped, Test::Open, Test::Bind];
                if let Some(test) = first.get(place) {
                    self.schedule(now, *test);
                }
            }
            Err(fault) => {
                self.sockets[place] = None;
                self.end(NatProbeEvent::NoSocket(fault));
            }
        }
        Verdict::Consumed
    }

    /// What arrives is an answer, or our own request, sent back by the NAT.
    fn received<'a>(&mut self, now: Instant, input: Input<'a>) -> Verdict<'a> {
        if let Input::Received { path, bytes, .. } = input {
            let ours = [Role::Map, Role::Filter].map(|role| self.local(role));
            if ours.contains(&Some(path.local))
                && let Ok(message) = Message::parse(bytes)
                && self.hairpin.is_own(&message)
            {
                return Verdict::Consumed;
            }
        }
        self.client.handle_input(now, input)
    }
}

/// The other address that a server tells, if it is one: both address and port must differ.
fn usable_other(server: SocketAddr, other: Option<SocketAddr>) -> Option<SocketAddr> {
    other.filter(|other| {
        other.ip() != server.ip()
            && other.port() != server.port()
            && other.is_ipv4() == server.is_ipv4()
    })
}

impl Machine for NatProbe {
    type Event = NatProbeEvent;

    fn handle_input<'a>(&mut self, now: Instant, input: Input<'a>) -> Verdict<'a> {
        let now = self.clock.tick(now);
        self.client.handle_timeout(now);
        self.settle(now);
        let verdict = match input {
            Input::Socket { id, state } => self.opened(now, id, state),
            Input::Received { .. } | Input::PathFailed { .. } => self.received(now, input),
            Input::Timeout => Verdict::Consumed,
            Input::Accepted { .. } | Input::LookedUp { .. } => Verdict::Unclaimed,
        };
        self.settle(now);
        verdict
    }

    fn poll_output(&mut self) -> Output<NatProbeEvent> {
        if let Some(output) = self.outputs.pop_front() {
            return output;
        }
        // The client was drained when it was last touched.
        let client = match self.client.poll_output() {
            Output::Timeout(at) => at,
            Output::Transmit(_) | Output::Socket(_) | Output::Lookup(_) | Output::Event(_) => None,
        };
        let deadlines = [client, self.queue.next(), self.hairpin.deadline()];
        Output::Timeout(deadlines.into_iter().flatten().min())
    }
}
