//! The client of one TURN server (RFC 8656 §7 to §12): allocation, permissions, channels, data.
mod allocation;
mod channels;
mod commands;
mod config;
mod connections;
mod data;
mod event;
mod mobility;
mod outcome;
mod paths;
mod permissions;
mod request;
mod tcp_relay;
mod transaction;

pub use commands::{AllocateError, NotAllocated, PeerError};
pub use config::{RelayedFamilies, RelayedPort, RelayedTransport, TurnClientConfig};
pub use data::SendError;
pub use event::{RefusedFamily, TurnEvent, TurnFault};
pub use mobility::RebindError;
pub use tcp_relay::{ConnectError, ConnectionAttempt};

use crate::{ChannelNumber, framing::stream_frame, per_family::PerFamily};
use alloc::{collections::VecDeque, vec::Vec};
use allocation::{AllocationOptions, Rejected};
use bytes::Bytes;
use channels::Channels;
use connections::Connections;
use core::{
    net::{IpAddr, SocketAddr},
    time::Duration,
};
use paths::{Outlook, Paths, Standing};
use permissions::Permissions;
use request::{PEERS_PER_REQUEST, Purpose, Task};
use sans_io::{
    Clock, DropCounters, DropReason, Frame, Input, Instant, Machine, Outbox, Output, Path,
    PathFault, SocketIds, SocketRequest, Timers, Transport, Verdict,
};
use stun_proto::{Entropy, LongTermClient, Transactions};
use transaction::Sent;

/// The client of one TURN server, on one path: one local socket, one server address, one transport.
///
/// It asks for an allocation when told to, answers the server's demand for credentials and nonces,
/// and from then on keeps the allocation and all permissions and channels that are wanted alive, for
/// as long as the machine is driven. It reports what became of each with [`TurnEvent`]s.
///
/// Data from peers is a [`Verdict::Deliver`] whose path runs from the relayed address to the peer;
/// data to peers is what [`send`](Self::send) returns. Neither is copied or queued.
///
/// It claims ChannelData and Data indications on its path, and answers to its own requests. All
/// else is [`Verdict::Unclaimed`], so that the socket can be shared, with an ICE agent for example.
///
/// Up to 32 inputs and commands may come between two drains. A drain gives at most twice as many
/// outputs as there may be permissions and channels, and a hundred more.
///
/// ```
/// use sans_io::{Instant, Machine, Outbox, Output, Path};
/// use stun_proto::{Credentials, Message, Method};
/// use turn_proto::{TurnClient, TurnClientConfig};
///
/// let path = Path::udp("10.0.0.2:40000".parse()?, "198.51.100.1:3478".parse()?);
/// let config = TurnClientConfig::new(path, Credentials::new("user", "password")?);
/// let mut client = TurnClient::new(config, [7; 32]); // a seed from the operating system
///
/// let now = Instant::ZERO;
/// client.allocate(now)?;
/// let Output::Transmit(request) = client.poll_output() else { unreachable!("it asks at once") };
/// assert_eq!(request.path, path);
/// assert_eq!(Message::parse(&request.payload)?.method(), Method::ALLOCATE);
/// let Output::Timeout(Some(again)) = client.poll_output() else { unreachable!("it asks again") };
/// assert_eq!(again, Instant::from_millis(500));
/// # Ok::<(), Box<dyn std::error::Error>>(())
/// ```
#[derive(Debug)]
pub struct TurnClient {
    config: TurnClientConfig,
    clock: Clock,
    entropy: Entropy,
    login: LongTermClient,
    state: State,
    paths: Paths,
    options: AllocationOptions,
    /// The family that the server did not give of late.
    rejected: Option<Rejected>,
    /// What the allocation is moved with to another path.
    ticket: Option<Bytes>,
    /// Requests that the server could not make out, to be made when it knows the path.
    stranded: Vec<Task>,
    /// How often the server is yet to be told where the client is now.
    nudges: u8,
    /// How often the newest refresh was refused with what may pass.
    refusals: u32,
    permissions: Permissions,
    channels: Channels,
    connections: Connections,
    sockets: SocketIds,
    /// Requests that wait for an answer.
    transactions: Transactions<Sent>,
    /// Requests that wait to be released.
    waiting: VecDeque<Task>,
    timers: Timers<Timer>,
    out: Outbox<TurnEvent>,
    drops: DropCounters,
}

#[derive(Clone, Copy, Debug, PartialEq, Eq)]
enum State {
    /// No allocation, and none is to be asked for before this.
    Idle { not_before: Instant },
    /// It was asked for.
    Allocating,
    /// There is one.
    Allocated { relayed: PerFamily<SocketAddr>, expires: Instant },
    /// It is being given up; `announce`: as the parent asked.
    Closing { announce: bool },
}

#[derive(Clone, Copy, Debug, PartialEq, Eq, PartialOrd, Ord)]
enum Timer {
    Refresh,
    Expiry,
    Permissions,
    Channel(ChannelNumber),
    Nudge,
}

impl TurnClient {
    /// A client that does nothing yet. `seed` is secret, and used for nothing else.
    pub fn new(config: TurnClientConfig, seed: [u8; 32]) -> Self {
        Self::with_sockets(config, SocketIds::root(), seed)
    }

    /// The same with a block of numbers for the sockets of data connections, which it asks for where
    /// it has TCP relayed, and only there.
    pub fn with_sockets(config: TurnClientConfig, sockets: SocketIds, seed: [u8; 32]) -> Self {
        Self {
            login: LongTermClient::new(config.credentials.clone()),
            clock: Clock::default(),
            entropy: Entropy::new(seed),
            state: State::Idle { not_before: Instant::ZERO },
            paths: Paths::new(config.path),
            options: AllocationOptions::new(&config),
            rejected: None,
            ticket: None,
            stranded: Vec::new(),
            nudges: 0,
            refusals: 0,
            permissions: Permissions::default(),
            channels: Channels::default(),
            connections: Connections::default(),
            sockets,
            transactions: no_transactions(&config),
            waiting: VecDeque::new(),
            timers: Timers::default(),
            out: Outbox::new(2 * requests_max(&config) + LATE_MAX),
            drops: DropCounters::default(),
            config,
        }
    }

    /// The path to the server: the one of the configuration, until the allocation
    /// [moves](Self::rebind).
    pub const fn path(&self) -> Path {
        self.paths.current()
    }

    /// The relayed address, while there is one; the IPv4 one of two.
    pub fn relayed(&self) -> Option<SocketAddr> {
        self.relayed_addresses().and_then(|relayed| relayed.iter().next().copied())
    }

    /// The relayed address of the family that `peer` is of.
    pub fn relayed_towards(&self, peer: IpAddr) -> Option<SocketAddr> {
        self.relayed_addresses().and_then(|relayed| relayed.of(peer).copied())
    }

    const fn relayed_addresses(&self) -> Option<&PerFamily<SocketAddr>> {
        match &self.state {
            State::Allocated { relayed, .. } => Some(relayed),
            State::Idle { .. } | State::Allocating | State::Closing { .. } => None,
        }
    }

    /// How often bytes were refused, and why.
    pub const fn drops(&self) -> &DropCounters {
        &self.drops
    }

    /// Asks for permissions: new ones wait their turn, refreshes do not.
    fn ask_permissions(&mut self, now: Instant, addresses: &[IpAddr], urgent: bool) {
        for some in addresses.chunks(PEERS_PER_REQUEST) {
            let task = Task { urgent, ..Purpose::Permissions(some.to_vec()).into() };
            self.submit(now, task);
        }
    }

    fn ask_refresh(&mut self, now: Instant) {
        self.timers.set(Timer::Refresh, None);
        if !self.is_asked(&Purpose::Refresh) {
            self.submit(now, Task { urgent: true, ..Purpose::Refresh.into() });
        }
    }

    /// Takes note of the time and does what is due by then.
    fn advance(&mut self, now: Instant) -> Instant {
        let now = self.clock.tick(now);
        // First of all: after a jump of time nothing is to be asked for what is no more.
        if matches!(self.state, State::Allocated { expires, .. } if expires <= now) {
            self.lose(TurnFault::TimedOut);
        }
        self.retransmit(now);
        while let Some((_, timer)) = self.timers.pop_due(now) {
            match timer {
                Timer::Refresh => self.ask_refresh(now),
                Timer::Expiry => {} // seen to above
                Timer::Permissions => {
                    let due = self.permissions.take_due(now);
                    self.ask_permissions(now, &due, true);
                    // What it was set for may be gone, and the next is due later.
                    self.timers.set(Timer::Permissions, self.permissions.next_refresh());
                }
                Timer::Channel(number) => self.ask_channel_again(now, number),
                Timer::Nudge => self.nudge(now),
            }
        }
        now
    }

    fn ask_channel_again(&mut self, now: Instant, number: ChannelNumber) {
        if let Some(peer) = self.channels.ask_again(number, now) {
            let purpose = Purpose::Channel(number, peer);
            self.submit(now, Task { urgent: true, ..purpose.into() });
        }
    }

    fn event(&mut self, event: TurnEvent) {
        self.out.event(event);
    }

    fn receive<'a>(&mut self, now: Instant, path: Path, bytes: &'a [u8]) -> Verdict<'a> {
        let verdict = match bytes {
            [0x40..=0x4F, ..] => self.receive_channel_data(now, bytes),
            _ => self.receive_message(now, path, bytes),
        };
        if path.transport().is_stream() && verdict == Verdict::Dropped(DropReason::Malformed) {
            // Out of step: where the next message begins cannot be known.
            self.out.socket(SocketRequest::Hangup(path));
            self.disconnect(now, path);
        }
        verdict
    }

    /// A stream to the server is no more.
    fn disconnect(&mut self, now: Instant, path: Path) {
        match self.paths.standing(&path) {
            Some(Standing::Current) => {}
            Some(Standing::Next) => return self.move_failed(TurnFault::Disconnected),
            Some(Standing::Left) | None => return,
        }
        if self.paths.lose_current() == Outlook::Open {
            return;
        }
        match self.state {
            State::Idle { .. } => {}
            State::Allocating => self.fail(now, TurnFault::Disconnected),
            State::Allocated { .. } => self.lose(TurnFault::Disconnected),
            State::Closing { announce } => self.closed(announce),
        }
    }
}

impl Machine for TurnClient {
    type Event = TurnEvent;

    fn handle_input<'a>(&mut self, now: Instant, input: Input<'a>) -> Verdict<'a> {
        let now = self.advance(now);
        if let Some(verdict) = self.handle_data_input(now, &input) {
            return verdict;
        }
        match input {
            Input::Socket { id, state } => self.data_opened(now, id, state),
            Input::Timeout => Verdict::Consumed,
            Input::Received { path, bytes, .. } if self.paths.standing(&path).is_some() => {
                self.receive(now, path, bytes)
            }
            Input::PathFailed { path, fault: PathFault::Ended | PathFault::Reset }
                if self.paths.standing(&path).is_some() && path.transport() != Transport::Udp =>
            {
                self.disconnect(now, path);
                Verdict::Consumed
            }
            Input::Received { .. }
            | Input::PathFailed { .. }
            | Input::Accepted { .. }
            | Input::LookedUp { .. } => Verdict::Unclaimed,
        }
    }

    fn poll_output(&mut self) -> Output<TurnEvent> {
        self.out.pop().unwrap_or_else(|| {
            let next = [self.timers.next(), self.transactions.next()];
            Output::Timeout(Instant::earliest(next))
        })
    }

    fn frame(&self, path: &Path, buffer: &[u8]) -> Frame {
        if !path.transport().is_stream() {
            return Frame::Whole(buffer.len());
        }
        self.data_frame(path, buffer).unwrap_or_else(|| stream_frame(buffer))
    }
}

/// One request for the allocation, one that moves it, and one for each connection, permission and
/// channel.
const fn requests_max(config: &TurnClientConfig) -> usize {
    2 + config.max_connections + config.max_permissions + config.max_channels
}

fn no_transactions(config: &TurnClientConfig) -> Transactions<Sent> {
    Transactions::new(requests_max(config))
}

/// Inputs and commands that may come between two drains.
const LATE_MAX: usize = 32;

/// How long after an error that may pass a request is made again, to keep up what there is: four times
/// in the minute that is left then, as RFC 8489 §6.3.4 has it.
const AGAIN_AFTER: Duration = Duration::from_secs(12);
/// How often a refresh is.
const REFUSALS_MAX: u32 = 4;
