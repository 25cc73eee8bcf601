//! Finding out what NAT one is behind, with a server that has two addresses (RFC 5780 §3, §4).
use crate::{
    ClientConfig, Entropy, Message, RequestFault, RequestId, RetransmitConfig, StunClient,
};
use alloc::collections::BTreeMap;
use core::{
    net::{IpAddr, SocketAddr},
    time::Duration,
};
use sans_io::{
    Clock, DropCounters, DropReason, Input, Instant, Machine, Outbox, Output, SocketFault,
    SocketId, SocketIds, SocketRequest, Timers, Transmit, Verdict,
};

mod hairpin;
mod lifetime;
mod questions;
mod report;
#[cfg(test)]
mod tests;

use hairpin::Hairpin;
use lifetime::Lifetime;
pub use lifetime::LifetimeConfig;
use questions::{Reply, Test};
pub use report::{BindingLifetime, Filtering, Mapping, NatReport};

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

/// How many messages may wait for the driver: more than four sockets ask at once.
const MESSAGES_MAX: usize = 32;

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
    /// What came of the filtering tests II and III.
    stranger: Option<Reply>,
    same_host: Option<Reply>,
    outputs: Outbox<NatProbeEvent>,
    ended: bool,
    drops: DropCounters,
}

impl NatProbe {
    /// Begins. The sockets are numbered from `ids`.
    pub fn new(config: NatProbeConfig, ids: &mut SocketIds, seed: [u8; 32]) -> Self {
        let mut entropy = Entropy::new(seed);
        let client_config =
            ClientConfig { retransmit: config.retransmit, ..ClientConfig::default() };
        let wanted = if config.lifetime.is_some() { 4 } else { 2 };
        let mut sockets = [None; 4];
        let mut outputs = Outbox::new(MESSAGES_MAX);
        for socket in sockets.iter_mut().take(wanted) {
            let id = ids.take();
            *socket = Some(Socket { id, local: None });
            let local = SocketAddr::new(config.local, 0);
            outputs.socket(SocketRequest::Bind { id, local });
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
            drops: DropCounters::default(),
        }
    }

    fn local(&self, role: Role) -> Option<SocketAddr> {
        self.sockets[role as usize].and_then(|socket| socket.local)
    }

    /// Runs what is due, and takes in what the client has to say.
    fn settle(&mut self, now: Instant) {
        loop {
            // An answer may put the next question in the queue, and it may be due at once.
            while let Some((_, test)) = self.queue.pop_due(now) {
                self.ask(now, test);
            }
            match self.client.poll_output() {
                Output::Transmit(transmit) => self.transmit(transmit),
                Output::Event(event) => self.heard(now, event),
                Output::Socket(_) | Output::Lookup(_) => {}
                Output::Timeout(_) => break,
            }
        }
        if let Some((here, there)) = self.hairpin_pair() {
            for transmit in self.hairpin.run(now, here, there).into_iter().flatten() {
                self.transmit(transmit);
            }
        }
        self.conclude();
    }

    /// Queues a message. One that is refused is as good as lost on the way.
    fn transmit(&mut self, transmit: Transmit) {
        if self.outputs.transmit(transmit).is_err() {
            let _ = self.drops.refuse(DropReason::Exhausted);
        }
    }

    /// How many messages waited too long for the driver.
    pub const fn drops(&self) -> &DropCounters {
        &self.drops
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
            self.outputs.socket(SocketRequest::Close(socket.id));
        }
        for request in core::mem::take(&mut self.asked).into_keys() {
            self.client.cancel(self.clock.now(), request);
        }
        self.queue = Timers::default();
        self.hairpin.stop();
        self.outputs.event(event);
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
            if ours.contains(&Some(path.local()))
                && let Ok(message) = Message::parse(bytes)
                && self.hairpin.is_own(&message)
            {
                return Verdict::Consumed;
            }
        }
        self.client.handle_input(now, input)
    }
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
        if let Some(output) = self.outputs.pop() {
            return output;
        }
        // The client was drained when it was last touched.
        let client = match self.client.poll_output() {
            Output::Timeout(at) => at,
            Output::Transmit(_) | Output::Socket(_) | Output::Lookup(_) | Output::Event(_) => None,
        };
        let deadlines = [client, self.queue.next(), self.hairpin.deadline()];
        Output::Timeout(Instant::earliest(deadlines))
    }
}
