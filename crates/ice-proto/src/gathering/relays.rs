//! Relays on TURN servers: relayed candidates, their permissions and channels
//! (RFC 8445 §5.1.1.2 and §7.2.1).
use super::{GatherKey, icmp::IcmpErrors, tasks::RelayPlan};
use alloc::{boxed::Box, collections::VecDeque, vec::Vec};
use core::{
    net::{IpAddr, SocketAddr},
    time::Duration,
};
use sans_io::{
    Frame, Input, Instant, Machine, Output, Packet, Path, PathFault, SocketFault, SocketId,
    SocketRequest, Transmit, Transport, Verdict, canonical,
};
use stun_proto::Credentials as Account;
use turn_proto::{PeerPolicy, SendError, TurnClient, TurnClientConfig, TurnEvent, TurnFault};

/// How long the connection to a server may take to be opened.
const OPENS_WITHIN: Duration = Duration::from_secs(10);

/// How far a relay has come.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(super) enum RelayState {
    Asking,
    Ready(SocketAddr),
    /// Being given up; its socket is needed until that is done.
    Closing,
}

/// One TURN client.
#[derive(Debug)]
struct Relay {
    client: Box<TurnClient>,
    /// When the client is to be woken.
    deadline: Option<Instant>,
    path: Path,
    plan: RelayPlan,
    state: RelayState,
    /// Peers that are to be let through.
    permits: VecDeque<IpAddr>,
    icmp: IcmpErrors,
}

impl Relay {
    const fn relayed(&self) -> Option<SocketAddr> {
        match self.state {
            RelayState::Ready(relayed) => Some(relayed),
            RelayState::Asking | RelayState::Closing => None,
        }
    }
}

/// What a relay tells the parent.
#[derive(Debug)]
pub(super) enum RelayEvent {
    Transmit(Transmit),
    /// The connection of a relay is to be hung up.
    Socket(SocketRequest),
    /// A connection was not opened in time; this number is not wanted any more.
    NotConnected(SocketId, NotConnected),
    Allocated {
        path: Path,
        plan: RelayPlan,
        relayed: SocketAddr,
        mapped: SocketAddr,
    },
    Failed {
        path: Path,
        plan: RelayPlan,
        fault: TurnFault,
    },
    Lost {
        plan: RelayPlan,
        relayed: SocketAddr,
    },
    Permission {
        relayed: SocketAddr,
        peer: IpAddr,
        granted: bool,
    },
}

/// A connection to a server that is being opened.
#[derive(Clone, Copy, Debug)]
pub(super) struct Opening {
    socket: SocketId,
    /// From whichever port.
    pub path: Path,
    pub plan: RelayPlan,
    until: Instant,
}

/// A connection to a server that there is not.
#[derive(Clone, Copy, Debug)]
pub(super) struct NotConnected {
    pub plan: RelayPlan,
    pub path: Path,
    pub fault: SocketFault,
}

/// All of them: a few.
#[derive(Debug, Default)]
pub(super) struct Relays {
    all: Vec<Relay>,
    /// What is told before anything that the clients have to say.
    waiting: Vec<RelayEvent>,
    /// Connections that clients will go over.
    opening: Vec<Opening>,
}

impl Relays {
    /// Starts a client. Its first request waits for a slot.
    pub(super) fn start(
        &mut self,
        now: Instant,
        path: Path,
        account: Account,
        plan: RelayPlan,
        seed: [u8; 32],
    ) {
        if self.on_path(&path).is_some() {
            return;
        }
        let config = TurnClientConfig::new(path, account).with_family(plan.family).with_pacing();
        let mut client = Box::new(TurnClient::new(config, seed));
        let started = client.allocate(now);
        debug_assert_eq!(started, Ok(()), "a new client can ask");
        let (permits, icmp) = (VecDeque::new(), IcmpErrors::default());
        let state = RelayState::Asking;
        self.all.push(Relay { client, deadline: None, path, plan, state, permits, icmp });
    }

    fn on_path(&mut self, path: &Path) -> Option<&mut Relay> {
        self.all.iter_mut().find(|relay| relay.path == *path)
    }

    fn at(&mut self, relayed: SocketAddr) -> Option<&mut Relay> {
        self.all.iter_mut().find(|relay| relay.relayed() == Some(relayed))
    }

    /// How far the relay at the end of this path has come.
    pub(super) fn state_over(&self, path: &Path) -> Option<RelayState> {
        self.all.iter().find(|relay| relay.path == *path).map(|relay| relay.state)
    }

    /// Whether this is the address of a relay.
    pub(super) fn is_relayed(&self, address: SocketAddr) -> bool {
        self.all.iter().any(|relay| relay.relayed() == Some(address))
    }

    /// Whether a request waits for a slot.
    pub(super) fn wants_slot(&self) -> bool {
        self.all.iter().any(|relay| relay.client.has_pending_request() || !relay.permits.is_empty())
    }

    /// Whether nothing but permissions waits for a slot.
    pub(super) fn asks_permissions_only(&self) -> bool {
        self.wants_slot() && !self.all.iter().any(|relay| relay.client.has_pending_request())
    }

    /// Lets one request go out.
    pub(super) fn take_slot(&mut self, now: Instant) -> bool {
        if let Some(relay) = self.all.iter_mut().find(|relay| relay.client.has_pending_request()) {
            return relay.client.release_request(now);
        }
        while let Some(relay) = self.all.iter_mut().find(|relay| !relay.permits.is_empty())
            && let Some(peer) = relay.permits.pop_front()
        {
            if relay.client.create_permission(now, &[peer]).is_ok() {
                if relay.client.release_request(now) {
                    return true;
                }
            } else if let Some(relayed) = relay.relayed() {
                self.waiting.push(RelayEvent::Permission { relayed, peer, granted: false });
            }
        }
        false
    }

    pub(super) const fn len(&self) -> usize {
        self.all.len() + self.opening.len()
    }

    pub(super) const fn is_empty(&self) -> bool {
        self.all.is_empty()
    }

    pub(super) fn are_asking(&self) -> bool {
        !self.opening.is_empty() || self.all.iter().any(|relay| relay.state == RelayState::Asking)
    }

    /// Asks a relay to let these peers through.
    pub(super) fn permit(&mut self, relayed: SocketAddr, peers: &[IpAddr]) {
        let Some(relay) = self.at(relayed) else { return };
        let policy = PeerPolicy::global_only();
        let (public, other): (Vec<IpAddr>, Vec<IpAddr>) =
            peers.iter().partition(|peer| policy.allows(**peer));
        relay.permits.extend(public.into_iter().chain(other));
    }

    /// Binds a channel to a peer.
    pub(super) fn bind(&mut self, now: Instant, relayed: SocketAddr, peer: SocketAddr) {
        if let Some(relay) = self.at(relayed) {
            let _ = relay.client.bind_channel(now, peer);
        }
    }

    /// Asks the server at the end of this path whether the relay is still there.
    pub(super) fn verify(&mut self, now: Instant, path: &Path) {
        if let Some(relay) = self.on_path(path).filter(|relay| relay.relayed().is_some()) {
            let _ = relay.client.refresh(now);
        }
    }

    /// Wraps data for a peer. `None`: there is no such relay.
    pub(super) fn send<'d>(
        &mut self,
        now: Instant,
        path: &Path,
        data: &'d [u8],
    ) -> Option<Result<Packet<'d>, SendError>> {
        Some(self.at(path.local())?.client.send(now, path.remote(), data))
    }

    /// Hands an input to the client of its path.
    pub(super) fn offer<'a>(&mut self, now: Instant, path: &Path, input: Input<'a>) -> Verdict<'a> {
        match self.on_path(path) {
            Some(relay) => relay.client.handle_input(now, input),
            None => Verdict::Unclaimed,
        }
    }

    pub(super) fn handle_timeout(&mut self, now: Instant) {
        for relay in &mut self.all {
            if relay.deadline.is_some_and(|at| at <= now) {
                relay.client.handle_timeout(now);
            }
        }
        for late in self.opening.extract_if(.., |opening| opening.until <= now) {
            let Opening { socket, path, plan, .. } = late;
            let about = NotConnected { plan, path, fault: SocketFault::TimedOut };
            self.waiting.push(RelayEvent::NotConnected(socket, about));
        }
    }

    /// A connection is being opened.
    pub(super) fn opening(&mut self, now: Instant, socket: SocketId, path: Path, plan: RelayPlan) {
        let until = now.saturating_add(OPENS_WITHIN);
        self.opening.push(Opening { socket, path, plan, until });
    }

    pub(super) fn is_opening(&self, socket: SocketId) -> bool {
        self.opening.iter().any(|opening| opening.socket == socket)
    }

    /// Whether a connection is being opened for this.
    pub(super) fn are_opening(&self, key: GatherKey) -> bool {
        self.opening.iter().any(|opening| opening.plan.key == key)
    }

    pub(super) fn take_opening(&mut self, socket: SocketId) -> Option<Opening> {
        let at = self.opening.iter().position(|opening| opening.socket == socket)?;
        Some(self.opening.remove(at))
    }

    /// The connection of a relay.
    pub(super) fn stream_of(&self, key: GatherKey) -> Option<Path> {
        let is_it = |relay: &&Relay| relay.plan.key == key && relay.path.transport().is_stream();
        self.all.iter().find(is_it).map(|relay| relay.path)
    }

    /// Where the first frame of the connection of a relay ends.
    pub(super) fn frame(&self, path: &Path, buffer: &[u8]) -> Option<Frame> {
        let relay = self.all.iter().find(|relay| relay.path == *path)?;
        Some(relay.client.frame(path, buffer))
    }

    /// When a client is to be woken, as of the last [`poll`](Self::poll).
    pub(super) fn next(&self) -> Option<Instant> {
        let opening = self.opening.iter().map(|opening| opening.until);
        self.all.iter().filter_map(|relay| relay.deadline).chain(opening).min()
    }

    /// The next thing that a client has to say.
    pub(super) fn poll(&mut self) -> Option<RelayEvent> {
        if let Some(waiting) = self.waiting.pop() {
            return Some(waiting);
        }
        let mut at = 0;
        while let Some(relay) = self.all.get_mut(at) {
            match relay.client.poll_output() {
                Output::Transmit(transmit) => return Some(RelayEvent::Transmit(transmit)),
                Output::Event(event) => {
                    if let Some(event) = self.on_event(at, &event) {
                        return Some(event);
                    }
                }
                Output::Timeout(deadline) => {
                    relay.deadline = deadline;
                    at += 1;
                }
                Output::Socket(request) => return Some(RelayEvent::Socket(request)),
                // A client that relays UDP looks up no name.
                Output::Lookup(_) => {}
            }
        }
        // Of clients that are over just now.
        self.waiting.pop()
    }

    fn on_event(&mut self, at: usize, event: &TurnEvent) -> Option<RelayEvent> {
        let relay = self.all.get_mut(at)?;
        let (path, plan, relayed) = (relay.path, relay.plan, relay.relayed());
        match *event {
            TurnEvent::Allocated { relayed, mapped, .. } => {
                let (relayed, mapped) = (canonical(relayed), canonical(mapped));
                relay.state = RelayState::Ready(relayed);
                Some(RelayEvent::Allocated { path, plan, relayed, mapped })
            }
            TurnEvent::Failed { fault } => {
                self.remove(at);
                Some(RelayEvent::Failed { path, plan, fault })
            }
            TurnEvent::Lost { .. } => {
                self.remove(at);
                Some(RelayEvent::Lost { plan, relayed: relayed? })
            }
            TurnEvent::Closed => {
                self.remove(at);
                None
            }
            TurnEvent::PermissionInstalled { address: peer } => {
                Some(RelayEvent::Permission { relayed: relayed?, peer, granted: true })
            }
            TurnEvent::PermissionFailed { address: peer, .. } => {
                Some(RelayEvent::Permission { relayed: relayed?, peer, granted: false })
            }
            TurnEvent::Refreshed { .. }
            | TurnEvent::Connected { .. }
            | TurnEvent::ConnectionFailed { .. }
            | TurnEvent::ConnectionEnded { .. }
            | TurnEvent::ConnectionAttempted { .. }
            | TurnEvent::Moved { .. }
            | TurnEvent::MoveFailed { .. }
            | TurnEvent::ChannelBound { .. }
            | TurnEvent::ChannelFailed { .. }
            | TurnEvent::PeerUnreachable { .. } => None,
        }
    }

    /// Forgets a client, and hangs up its connection.
    fn remove(&mut self, at: usize) {
        let relay = self.all.remove(at);
        if relay.path.transport().is_stream() {
            self.waiting.push(RelayEvent::Socket(SocketRequest::Hangup(relay.path)));
        }
    }

    /// An ICMP error about a path came. Whether that ends the attempt to get a relay there.
    pub(super) fn on_icmp_error(&mut self, now: Instant, path: &Path, fault: PathFault) -> bool {
        let Some(relay) = self.on_path(path) else { return false };
        let over = relay.state == RelayState::Asking && relay.icmp.count(now, path, fault);
        if over {
            self.all.retain(|relay| relay.path != *path);
        }
        over
    }

    /// Forgets the clients of a socket that is gone. Gives their relayed addresses.
    pub(super) fn forget_base(&mut self, base: SocketAddr) -> Vec<SocketAddr> {
        let ours = |path: &Path| match path.transport() {
            Transport::Udp => path.local() == base,
            // From a port of its own at the same address.
            Transport::Tcp | Transport::Tls => path.local().ip() == base.ip(),
        };
        for gone in self.opening.extract_if(.., |opening| ours(&opening.path)) {
            self.waiting.push(RelayEvent::Socket(SocketRequest::Close(gone.socket)));
        }
        let gone: Vec<Relay> = self.all.extract_if(.., |relay| ours(&relay.path)).collect();
        let streams = gone.iter().map(|relay| relay.path).filter(|p| p.transport().is_stream());
        self.waiting.extend(streams.map(|path| RelayEvent::Socket(SocketRequest::Hangup(path))));
        gone.iter().filter_map(Relay::relayed).collect()
    }

    /// Gives up all relays but those whose address is `used`. Gives the sockets that they need, and the
    /// connections that are not to be opened any more.
    pub(super) fn close_unused(
        &mut self,
        now: Instant,
        used: &[SocketAddr],
    ) -> (Vec<SocketAddr>, Vec<SocketId>) {
        let mut keep = Vec::new();
        for relay in &mut self.all {
            if relay.relayed().is_some_and(|relayed| used.contains(&relayed)) {
                keep.push(relay.path.local());
            } else if relay.state != RelayState::Closing {
                relay.state = RelayState::Closing;
                relay.permits.clear();
                relay.client.close(now);
            }
        }
        (keep, self.opening.drain(..).map(|opening| opening.socket).collect())
    }

    /// Whether a client still needs this socket.
    pub(super) fn needs(&self, base: SocketAddr) -> bool {
        self.all.iter().any(|relay| relay.path.local() == base)
    }
}
