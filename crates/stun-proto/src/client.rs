//! Asking servers for our address: a machine with many Binding transactions in flight
//! (RFC 8489 §6, §9, §10).
use crate::{
    Attempt, Class, Credentials, Due, Entropy, Integrity, Key, LongTermClient, Message, ParseError,
    Retransmit, RetransmitConfig, RttEstimate, Transaction, TransactionId, Transactions,
    WriteError,
};
use alloc::{boxed::Box, collections::BTreeMap, string::String, vec::Vec};
use core::{
    net::{IpAddr, SocketAddr},
    time::Duration,
};
use sans_io::{
    Clock, DropCounters, DropReason, Frame, Input, Instant, Machine, Outbox, Output, Path,
    PathFault, Transmit, Verdict,
};

mod answer;
mod event;
mod send;
#[cfg(test)]
mod tests;

pub use event::{Binding, ClientEvent, RequestFault, RequestId};
pub use send::{BindingRequest, RequestError};

/// How a client behaves.
#[derive(Clone, Debug)]
pub struct ClientConfig {
    /// Retransmission over UDP. Its `rto` is also the least that an RTT estimate may
    /// shorten the first wait to.
    pub retransmit: RetransmitConfig,
    /// Ti: how long a response may take over TCP and TLS.
    pub reliable_timeout: Duration,
    /// How many requests may wait at once: each holds some hundred bytes. RFC 8489 §6.2 asks for
    /// no more than ten to one server; ten is also what fits into a burst that no NAT minds.
    pub max_requests: usize,
    /// How many servers are remembered: round-trip time, and what a long-term challenge told. More
    /// are where as many are waited for.
    pub max_servers: usize,
    /// How requests prove who sent them.
    pub auth: Auth,
    /// Whether requests end with FINGERPRINT and responses must, where other protocols share the
    /// port (RFC 8489 §7).
    pub fingerprint: bool,
    /// What SOFTWARE says, if it is sent.
    pub software: Option<String>,
}

impl Default for ClientConfig {
    fn default() -> Self {
        Self {
            retransmit: RetransmitConfig::default(),
            reliable_timeout: Duration::from_millis(39_500),
            max_requests: 10,
            max_servers: 16,
            auth: Auth::None,
            fingerprint: false,
            software: None,
        }
    }
}

/// How requests prove who sent them.
#[derive(Clone, Debug, Default)]
pub enum Auth {
    /// Not at all.
    #[default]
    None,
    /// By a short-term credential (RFC 8489 §9.1).
    ShortTerm {
        /// The user name, prepared.
        username: String,
        /// The key.
        key: Box<Key>,
        /// Which integrity attribute both sides agreed on, or `None` to send both and let the
        /// server choose.
        integrity: Option<Integrity>,
    },
    /// By a long-term credential (RFC 8489 §9.2).
    LongTerm(Credentials),
}

/// What is known of a server, by its address and port.
#[derive(Debug, Default)]
struct Server {
    long_term: Option<LongTermClient>,
    /// The one integrity attribute that its first response to a short-term credential had.
    short_term: Option<Integrity>,
}

/// What is known of a request.
#[derive(Debug)]
struct Pending {
    request: RequestId,
    ask: BindingRequest,
    attempt: Attempt,
    /// A response came that could not be believed.
    violated: bool,
    /// Servers that were already asked, for loops of ALTERNATE-SERVER (RFC 8489 §10).
    redirects: [Option<SocketAddr>; MAX_REDIRECTS],
}

/// How many inputs and commands may come between two drains before messages are lost.
const LATE_MAX: usize = 32;

/// How many servers a request may be sent on to. Four times 39.5 s is less than the five minutes
/// that RFC 8489 §10 wants loops to be noticed in.
const MAX_REDIRECTS: usize = 4;

/// Finds out under which address servers see us.
///
/// States its bounds for the laws: a drain gives at most one output for each request in flight, and
/// one for each input since the last drain.
///
/// ```
/// use sans_io::{Input, Instant, Machine, Outbox, Output, Path, Verdict};
/// use stun_proto::{BindingRequest, BindingServer, ClientConfig, ClientEvent, ServerConfig, StunClient};
///
/// let here = "192.0.2.1:40000".parse()?;
/// let there = "198.51.100.1:3478".parse()?;
/// let mut client = StunClient::new(ClientConfig::default(), [1; 32]);
/// let mut server = BindingServer::new(ServerConfig::default(), [2; 32]);
///
/// let now = Instant::from_secs(1);
/// client.request(now, BindingRequest::new(Path::udp(here, there)))?;
/// let Output::Transmit(request) = client.poll_output() else { unreachable!() };
///
/// let arrived = Input::received(request.path.reversed(), &request.payload);
/// let Verdict::Send(response) = server.handle_input(now, arrived) else { unreachable!() };
///
/// let bytes = response.to_vec();
/// let verdict = client.handle_input(now, Input::received(response.path.reversed(), &bytes));
/// assert_eq!(verdict, Verdict::Consumed);
/// let Output::Event(ClientEvent::Bound(binding)) = client.poll_output() else { unreachable!() };
/// assert_eq!(binding.mapped, here);
/// # Ok::<(), Box<dyn std::error::Error>>(())
/// ```
#[derive(Debug)]
pub struct StunClient {
    config: ClientConfig,
    entropy: Entropy,
    /// Drawn ahead, so that a request that fails to be written uses none up.
    next_id: TransactionId,
    /// What in the configuration can never be sent.
    fault: Option<WriteError>,
    clock: Clock,
    next_request: u64,
    transactions: Transactions<Pending>,
    servers: BTreeMap<SocketAddr, Server>,
    rtt: BTreeMap<IpAddr, RttEstimate>,
    outputs: Outbox<ClientEvent>,
    drops: DropCounters,
}

impl StunClient {
    /// A client with nothing to do. The seed is where its transaction IDs come from.
    pub fn new(config: ClientConfig, seed: [u8; 32]) -> Self {
        let mut entropy = Entropy::new(seed);
        Self {
            transactions: Transactions::new(config.max_requests),
            outputs: Outbox::new(2 * config.max_requests + LATE_MAX),
            fault: send::config_fault(&config),
            config,
            next_id: entropy.transaction_id(),
            entropy,
            clock: Clock::default(),
            next_request: 0,
            servers: BTreeMap::new(),
            rtt: BTreeMap::new(),
            drops: DropCounters::default(),
        }
    }

    /// How many requests wait for their response.
    pub fn in_flight(&self) -> usize {
        self.transactions.len()
    }

    /// What was refused, and why.
    pub const fn drops(&self) -> &DropCounters {
        &self.drops
    }

    /// The smoothed round-trip time to a server, if one was measured in the last ten minutes.
    pub fn rtt(&self, now: Instant, server: IpAddr) -> Option<Duration> {
        let estimate = self.rtt.get(&server)?;
        estimate.rto(now, Duration::ZERO).map(|_| estimate.smoothed())
    }

    /// Gives a request up, without an event.
    pub fn cancel(&mut self, now: Instant, request: RequestId) {
        self.advance(now);
        let id = self.transactions.iter().find(|(_, t)| t.context.request == request);
        if let Some(id) = id.map(|(id, _)| id) {
            self.transactions.remove(id);
        }
    }

    /// Runs what is due.
    fn advance(&mut self, now: Instant) -> Instant {
        let now = self.clock.tick(now);
        while let Some(due) = self.transactions.due(now) {
            match due {
                Due::Resend(transmit) => self.transmit(transmit),
                Due::TimedOut(_, transaction) => {
                    let fault = if transaction.context.violated {
                        RequestFault::Integrity
                    } else {
                        RequestFault::TimedOut
                    };
                    self.fail(&transaction, fault);
                }
            }
        }
        now
    }

    /// Queues a message. One that is refused is sent again when its time comes.
    fn transmit(&mut self, transmit: Transmit) {
        if self.outputs.transmit(transmit).is_err() {
            let _ = self.drops.refuse(DropReason::Exhausted);
        }
    }

    fn fail(&mut self, transaction: &Transaction<Pending>, fault: RequestFault) {
        let request = transaction.context.request;
        let path = transaction.path;
        self.outputs.event(ClientEvent::Failed { request, path, fault });
    }

    /// What is known of a server. Where there are too many, the lowest address is forgotten that is
    /// not waited for: without what it told, its answer could not be judged.
    fn server(&mut self, address: SocketAddr) -> &mut Server {
        while self.servers.len() >= self.config.max_servers && !self.servers.contains_key(&address)
        {
            let waiting = |known: &SocketAddr| {
                self.transactions.iter().any(|(_, t)| t.path.remote() == *known)
            };
            let Some(idle) = self.servers.keys().copied().find(|known| !waiting(known)) else {
                break;
            };
            self.servers.remove(&idle);
        }
        self.servers.entry(address).or_default()
    }

    fn measured(&mut self, now: Instant, server: IpAddr, rtt: Duration) {
        if let Some(estimate) = self.rtt.get_mut(&server) {
            estimate.update(now, rtt);
            return;
        }
        if self.rtt.len() >= self.config.max_servers {
            self.rtt.pop_first();
        }
        self.rtt.insert(server, RttEstimate::new(now, rtt));
    }

    fn received(&mut self, now: Instant, path: &Path, bytes: &[u8]) -> Verdict<'static> {
        let message = match Message::parse(bytes) {
            Ok(message) => message,
            Err(ParseError::NotStun) => return Verdict::Unclaimed,
            Err(_) => return self.drops.refuse(DropReason::Malformed),
        };
        if !matches!(message.class(), Class::Success | Class::Error) {
            return Verdict::Unclaimed;
        }
        if self.config.fingerprint && !message.has_fingerprint() {
            return Verdict::Unclaimed;
        }
        let id = message.transaction_id();
        match self.transactions.get(id) {
            Some(transaction) if transaction.context.ask.expects(path) => {
                self.answered(now, *path, id, &message)
            }
            Some(_) => self.drops.refuse(DropReason::Unexpected),
            None => Verdict::Unclaimed,
        }
    }

    /// The network says that a path is of no use: a hard ICMP error (RFC 8489 §6.2.1), or the end
    /// of a stream.
    fn path_failed(&mut self, path: &Path, fault: PathFault) -> Verdict<'static> {
        let ids = self.transactions.iter().filter(|(_, t)| t.path == *path).map(|(id, _)| id);
        let hit: Vec<TransactionId> = ids.collect();
        if hit.is_empty() {
            return Verdict::Unclaimed;
        }
        if is_hard(path, fault) {
            for id in hit {
                if let Some(transaction) = self.transactions.remove(id) {
                    self.fail(&transaction, RequestFault::Unreachable);
                }
            }
        }
        Verdict::Consumed
    }
}

/// Whether a fault will not go away by itself (RFC 1122, section 4.2.3.9).
const fn is_hard(path: &Path, fault: PathFault) -> bool {
    match (fault, path.remote()) {
        (PathFault::Unreachable { kind: 3, code }, SocketAddr::V4(_)) => matches!(code, 2 | 3),
        (PathFault::Unreachable { kind: 1, code }, SocketAddr::V6(_)) => matches!(code, 1 | 4),
        (PathFault::Unreachable { .. } | PathFault::TooBig { .. } | PathFault::TimeExceeded, _) => {
            false
        }
        (PathFault::Ended | PathFault::Reset, _) => true,
    }
}

impl Machine for StunClient {
    type Event = ClientEvent;

    fn handle_input<'a>(&mut self, now: Instant, input: Input<'a>) -> Verdict<'a> {
        let now = self.advance(now);
        match input {
            Input::Received { path, bytes, .. } => self.received(now, &path, bytes),
            Input::PathFailed { path, fault } => self.path_failed(&path, fault),
            Input::Timeout => Verdict::Consumed,
            Input::Socket { .. } | Input::Accepted { .. } | Input::LookedUp { .. } => {
                Verdict::Unclaimed
            }
        }
    }

    fn poll_output(&mut self) -> Output<ClientEvent> {
        self.outputs.pop().unwrap_or_else(|| Output::Timeout(self.transactions.next()))
    }

    fn frame(&self, _: &Path, buffer: &[u8]) -> Frame {
        crate::stun_frame(buffer)
    }
}

/// The timer of a request that is sent at `now`.
fn timer(client: &StunClient, now: Instant, path: &Path) -> Retransmit {
    if path.transport().is_stream() {
        return Retransmit::reliable(now, client.config.reliable_timeout);
    }
    let config = client.config.retransmit;
    let estimate = client.rtt.get(&path.remote().ip());
    let rto = estimate.and_then(|estimate| estimate.rto(now, config.rto)).unwrap_or(config.rto);
    Retransmit::new(now, RetransmitConfig { rto, ..config })
}
