//! A small machine for trying networks out: it sends what it is told to, tells what it hears, and
//! answers questions about how it sees the one who asks.
use crate::{HostId, MachineId, World};
use bytes::Bytes;
use core::time::Duration;
use sans_io::{
    Clock, DropCounters, DropReason, Input, Instant, Machine, Output, Path, PathFault, SocketId,
    SocketRequest, Transmit, Verdict,
};
use std::{
    collections::VecDeque,
    net::{IpAddr, Ipv4Addr, Ipv6Addr, SocketAddr},
};

/// How many outputs may wait: more than anybody sends between two drains by design.
const QUEUE_MAX: usize = 4_096;
/// How many askers are remembered: more than any search has addresses.
const ASKERS_MAX: usize = 64;
/// How long [`World::ask`] waits: longer than any round trip that a test means to be answered.
const ANSWER_WAIT: Duration = Duration::from_secs(2);

/// One UDP socket. Whoever sends it `?…` is answered `!ADDRESS:PORT …`: how the sender is seen.
///
/// ```
/// use nat_sim::{Host, Peer, World};
/// let mut world = World::new(1);
/// let host = world.add_host(Host::on_internet())?;
/// let other = world.add_host(Host::on_internet())?;
/// let (a, b) = (world.install_peer(host, 7), world.install_peer(other, 9));
/// let to = world.peer_address(b);
/// world.with(a, |peer: &mut Peer, now| peer.send(now, to, "hello"));
/// world.run_for(std::time::Duration::from_millis(25));
/// let events = world.take_events::<Peer>(b);
/// assert_eq!(&events[0].1.bytes[..], b"hello");
/// # Ok::<(), nat_sim::TopologyError>(())
/// ```
#[derive(Debug)]
pub struct Peer {
    clock: Clock,
    /// The address to ask for, until it has asked.
    wanted: Option<SocketAddr>,
    local: Option<SocketAddr>,
    queue: VecDeque<Output<Heard>>,
    drops: DropCounters,
    askers: VecDeque<SocketAddr>,
}

/// Something that came to a [`Peer`].
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Heard {
    /// From whom, or about whom.
    pub from: SocketAddr,
    /// What; empty for faults.
    pub bytes: Bytes,
    /// The fault, when the network reported one.
    pub fault: Option<PathFault>,
}

impl Heard {
    /// How the asker was seen, if this is the answer to what it asked with `?TOKEN`.
    pub fn answer(&self, token: &str) -> Option<SocketAddr> {
        let text = core::str::from_utf8(&self.bytes).ok()?;
        let (seen, answered) = text.strip_prefix('!')?.split_once(' ')?;
        (answered == token).then(|| seen.parse().ok())?
    }
}

impl Peer {
    /// A peer that asks for this local port; 0 for any.
    pub fn new(port: u16) -> Self {
        Self::at(SocketAddr::new(IpAddr::V4(Ipv4Addr::UNSPECIFIED), port))
    }

    /// A peer that asks for this local address.
    pub fn at(local: SocketAddr) -> Self {
        Self {
            clock: Clock::default(),
            wanted: Some(local),
            local: None,
            queue: VecDeque::new(),
            drops: DropCounters::default(),
            askers: VecDeque::new(),
        }
    }

    /// Sends bytes. Nothing happens while the socket is not open.
    pub fn send(&mut self, now: Instant, to: SocketAddr, bytes: impl Into<Bytes>) {
        self.clock.tick(now);
        self.transmit(to, None, bytes.into());
    }

    /// Sends bytes that die after so many routers.
    pub fn send_with_ttl(
        &mut self,
        now: Instant,
        to: SocketAddr,
        ttl: u8,
        bytes: impl Into<Bytes>,
    ) {
        self.clock.tick(now);
        self.transmit(to, Some(ttl), bytes.into());
    }

    /// Closes the socket.
    pub fn close(&mut self, now: Instant) {
        self.clock.tick(now);
        self.local = None;
        self.push(Output::Socket(SocketRequest::Close(SocketId(0))));
    }

    /// Who has asked it something last, at most 64 of them.
    pub fn askers(&self) -> Vec<SocketAddr> {
        self.askers.iter().copied().collect()
    }

    /// The address of its socket.
    pub const fn local(&self) -> Option<SocketAddr> {
        self.local
    }

    fn transmit(&mut self, to: SocketAddr, ttl: Option<u8>, bytes: Bytes) {
        let Some(local) = self.local else { return };
        let mut transmit = Transmit::new(Path::udp(local, to), bytes);
        transmit.meta.ttl = ttl;
        self.push(Output::Transmit(transmit));
    }

    fn push(&mut self, output: Output<Heard>) {
        if self.queue.len() < QUEUE_MAX {
            self.queue.push_back(output);
        } else {
            let _ = self.drops.refuse(DropReason::Exhausted);
        }
    }
}

impl Machine for Peer {
    type Event = Heard;

    fn handle_input<'a>(&mut self, now: Instant, input: Input<'a>) -> Verdict<'a> {
        self.clock.tick(now);
        match input {
            Input::Received { path, bytes, .. } if Some(path.local()) == self.local => {
                if let [b'?', token @ ..] = bytes {
                    let mut answer = format!("!{} ", path.remote()).into_bytes();
                    answer.extend_from_slice(token);
                    if !self.askers.contains(&path.remote()) {
                        self.askers.truncate(ASKERS_MAX - 1);
                        self.askers.push_front(path.remote());
                    }
                    self.transmit(path.remote(), None, answer.into());
                } else {
                    let bytes = Bytes::copy_from_slice(bytes);
                    self.push(Output::Event(Heard { from: path.remote(), bytes, fault: None }));
                }
                Verdict::Consumed
            }
            Input::Socket { id: SocketId(0), state } => {
                self.local = state.ok();
                Verdict::Consumed
            }
            Input::PathFailed { path, fault } if Some(path.local()) == self.local => {
                let (from, bytes) = (path.remote(), Bytes::new());
                self.push(Output::Event(Heard { from, bytes, fault: Some(fault) }));
                Verdict::Consumed
            }
            Input::Timeout => Verdict::Consumed,
            Input::Received { .. }
            | Input::Socket { .. }
            | Input::Accepted { .. }
            | Input::LookedUp { .. }
            | Input::PathFailed { .. } => Verdict::Unclaimed,
        }
    }

    fn poll_output(&mut self) -> Output<Heard> {
        if let Some(local) = self.wanted.take() {
            return Output::Socket(SocketRequest::Bind { id: SocketId(0), local });
        }
        self.queue.pop_front().unwrap_or(Output::Timeout(None))
    }
}

impl World {
    /// Puts a [`Peer`] on a host.
    pub fn install_peer(&mut self, host: HostId, port: u16) -> MachineId {
        let only_ipv6 = self.addresses(host).iter().all(IpAddr::is_ipv6);
        let any =
            if only_ipv6 { Ipv6Addr::UNSPECIFIED.into() } else { Ipv4Addr::UNSPECIFIED.into() };
        self.install(host, Peer::at(SocketAddr::new(any, port)))
    }

    /// The local address of a [`Peer`]'s socket.
    ///
    /// # Panics
    /// When the peer could not open it.
    pub fn peer_address(&self, peer: MachineId) -> SocketAddr {
        self.machine::<Peer>(peer).local().expect("the peer's socket is open")
    }

    /// Lets a [`Peer`] ask another how it is seen there, and waits for the answer. `None`: there
    /// came none within two seconds. Clears what the asking peer has heard before.
    pub fn ask(&mut self, asker: MachineId, other: MachineId) -> Option<SocketAddr> {
        let to = self.address_for(asker.host, self.peer_address(other));
        let token = self.now().as_nanos().to_string();
        self.take_events::<Peer>(asker);
        self.with(asker, |peer: &mut Peer, now| peer.send(now, to, format!("?{token}")));
        let end = self.now().saturating_add(ANSWER_WAIT);
        let mut answer = None;
        self.run_until_event::<Peer>(asker, end, |heard| {
            answer = heard.answer(&token);
            answer.is_some()
        })?;
        self.take_events::<Peer>(asker);
        answer
    }
}
