//! One agent without UDP whose peer is played by the test, frame by frame.
use super::Puppet;
use core::{net::SocketAddr, time::Duration};
use ice_proto::{
    Candidate, CandidateTransport, IceAgent, IceConfig, IceCredentials, IceEvent, Role,
    TcpCandidates, TcpType,
};
use sans_io::{
    DropReason, Input, Instant, Machine, NextFrame, Output, Path, PathFault, SocketFault, SocketId,
    SocketIds, SocketRequest, Transmit, Transport, Verdict, next_frame,
};
use stun_proto::{
    Integrity, Key, Message, MessageBuilder, MessageType, Method, TransactionId,
    attribute::{IceControlled, IceControlling, Priority, UseCandidate, Username},
};

/// Where the agent listens.
pub(crate) const PASSIVE: &str = "192.0.2.1:7001";
/// Where it opens connections together with the peer.
pub(crate) const BOTH: &str = "192.0.2.1:7002";
pub(crate) const PWD: &str = "thepasswordofthepeer00";

/// The agent, and what it asked for.
pub(crate) struct TcpPuppet {
    pub agent: IceAgent,
    pub now: Instant,
    pub sent: Vec<Transmit>,
    pub events: Vec<IceEvent>,
    pub listeners: Vec<SocketId>,
    pub connects: Vec<Connect>,
    pub hung_up: Vec<Path>,
    pub closed: Vec<SocketId>,
    deadline: Option<Instant>,
    ids: u8,
}

/// A connection that was asked for.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(crate) struct Connect {
    pub id: SocketId,
    pub local: Option<SocketAddr>,
    pub remote: SocketAddr,
}

pub(crate) fn at(text: &str) -> SocketAddr {
    text.parse().unwrap()
}

pub(crate) fn wire(local: &str, remote: &str) -> Path {
    Path::new(Transport::Tcp, at(local), at(remote))
}

/// Bytes in a frame.
pub(crate) fn framed(bytes: &[u8]) -> Vec<u8> {
    [&(bytes.len() as u16).to_be_bytes()[..], bytes].concat()
}

/// What is in a frame.
pub(crate) fn unframed(frame: &[u8]) -> &[u8] {
    assert_eq!(frame[..2], ((frame.len() - 2) as u16).to_be_bytes(), "{frame:?}");
    &frame[2..]
}

impl TcpPuppet {
    /// An agent that has gathered.
    pub(crate) fn new(role: Role) -> Self {
        let config = IceConfig { role, tcp: TcpCandidates::All, ..IceConfig::default() };
        let agent = IceAgent::new(config, [5; 32], SocketIds::root()).unwrap();
        let mut this = Self {
            agent,
            now: Instant::from_secs(100),
            sent: Vec::new(),
            events: Vec::new(),
            listeners: Vec::new(),
            connects: Vec::new(),
            hung_up: Vec::new(),
            closed: Vec::new(),
            deadline: None,
            ids: 0,
        };
        this.agent.gather(this.now, &[at(PASSIVE).ip()]).unwrap();
        this.drain();
        this.socket(SocketId(0), Err(SocketFault::Denied));
        for (at_, id) in [PASSIVE, BOTH].into_iter().zip(this.listeners.clone()) {
            this.socket(id, Ok(at(at_)));
        }
        this
    }

    /// One that was told of the peer, at this address for connections.
    pub(crate) fn told(role: Role, tcp: TcpType, address: &str) -> Self {
        let mut this = Self::new(role);
        this.tell(tcp, address);
        this.meet();
        this
    }

    pub(crate) fn tell(&mut self, tcp: TcpType, address: &str) {
        let transport = CandidateTransport::Tcp(tcp);
        let candidate = Candidate { transport, ..Candidate::host(at(address)) };
        self.agent.add_remote_candidate(self.now, candidate).unwrap();
        self.drain();
    }

    pub(crate) fn meet(&mut self) {
        self.agent.set_remote_pacing(self.now, Some(Duration::from_millis(5)));
        let credentials = IceCredentials::new("peer", PWD).unwrap();
        self.agent.set_remote_credentials(self.now, credentials).unwrap();
        self.drain();
    }

    pub(crate) fn socket(&mut self, id: SocketId, state: Result<SocketAddr, SocketFault>) {
        self.tell_agent(Input::Socket { id, state });
    }

    pub(crate) fn tell_agent(&mut self, input: Input<'_>) {
        assert_eq!(self.agent.handle_input(self.now, input), Verdict::Consumed);
        self.drain();
    }

    /// Somebody connects to the listener at this place in the order in which they were asked for.
    pub(crate) fn accept(&mut self, listener: usize, remote: &str) -> Path {
        let path = wire([PASSIVE, BOTH][listener], remote);
        let listener = self.listeners[listener];
        self.tell_agent(Input::Accepted { listener, path });
        path
    }

    pub(crate) fn lose(&mut self, path: Path) {
        self.tell_agent(Input::PathFailed { path, fault: PathFault::Reset });
    }

    /// Opens the only connection that was asked for, from this port.
    pub(crate) fn open(&mut self, port: u16) -> Path {
        assert_eq!(self.connects.len(), 1, "{:?}", self.connects);
        let Connect { id, local, remote } = self.connects.remove(0);
        let local = SocketAddr::new(local.unwrap().ip(), port);
        self.socket(id, Ok(local));
        Path::new(Transport::Tcp, local, remote)
    }

    fn drain(&mut self) {
        loop {
            match self.agent.poll_output() {
                Output::Transmit(transmit) => self.sent.push(transmit),
                Output::Event(event) => self.events.push(event),
                Output::Socket(SocketRequest::Listen { id, local }) => {
                    assert_eq!(local, SocketAddr::new(at(PASSIVE).ip(), 0));
                    self.listeners.push(id);
                }
                Output::Socket(SocketRequest::Connect { id, transport, local, remote, .. }) => {
                    assert_eq!(transport, Transport::Tcp);
                    self.connects.push(Connect { id, local, remote });
                }
                Output::Socket(SocketRequest::Hangup(path)) => self.hung_up.push(path),
                Output::Socket(SocketRequest::Close(id)) => self.closed.push(id),
                Output::Timeout(at) => break self.deadline = at,
                _ => {}
            }
        }
    }

    pub(crate) fn pass(&mut self, span: Duration) {
        let end = self.now.saturating_add(span);
        while let Some(at) = self.deadline.filter(|at| *at <= end) {
            self.now = at;
            self.agent.handle_timeout(at);
            self.drain();
        }
        self.now = end;
    }

    /// Gives bytes of a stream to the agent as a driver does. What it refused the last frame for, what
    /// data there was, and whether the driver hung up.
    pub(crate) fn stream(&mut self, path: Path, mut bytes: &[u8]) -> Read {
        let mut read = Read::default();
        loop {
            let (frame, rest) = match next_frame(&self.agent, &path, bytes) {
                NextFrame::Frame { frame, rest } => (frame, rest),
                NextFrame::Need(_) => return read,
                NextFrame::Broken => {
                    read.broken = true;
                    self.lose(path);
                    return read;
                }
            };
            bytes = rest;
            match self.agent.handle_input(self.now, Input::received(path, frame)) {
                Verdict::Dropped(reason) => read.refused = Some(reason),
                Verdict::Send(packet) => {
                    self.sent.push(Transmit::new(packet.path, packet.to_vec().into()));
                }
                Verdict::Deliver { bytes, .. } => read.data.push(bytes.to_vec()),
                Verdict::Consumed | Verdict::Unclaimed => {}
            }
            self.drain();
        }
    }

    /// A request of the peer in a frame.
    pub(crate) fn request(&mut self, role: Role, nominates: bool, key: Option<&[u8]>) -> Vec<u8> {
        let ours = self.agent.local_credentials().clone();
        self.ids += 1;
        let mut buffer = [0; 256];
        let kind = MessageType::request(Method::BINDING);
        let username = format!("{}:peer", ours.ufrag);
        let mut message = MessageBuilder::new(&mut buffer, kind, TransactionId([self.ids; 12]))
            .with(&Username(&username))
            .with(&Priority(1_350_000_000));
        match role {
            Role::Controlling => message.push(&IceControlling(1)),
            Role::Controlled => message.push(&IceControlled(1)),
        }
        if nominates {
            message.push(&UseCandidate);
        }
        let key = Key::new(key.unwrap_or(ours.pwd.as_bytes()));
        framed(message.sign(&key, Integrity::Sha1).fingerprint().finish().unwrap())
    }

    /// Answers a check with success, as if no NAT were in between.
    pub(crate) fn answer(&mut self, check: &Transmit) {
        let path = check.path;
        let plain = Transmit::new(path, check.payload.slice(2..));
        let answer = framed(&Puppet::success(&plain, path.local(), Integrity::Sha1));
        let read = self.stream(path, &answer);
        assert_eq!((read.refused, read.broken), (None, false));
    }

    /// Takes the requests that were sent, all of which are in frames.
    pub(crate) fn take_requests(&mut self) -> Vec<Transmit> {
        let all = core::mem::take(&mut self.sent).into_iter();
        all.filter(|sent| {
            let message = Message::parse(unframed(&sent.payload)).unwrap();
            message.class() == stun_proto::Class::Request
        })
        .collect()
    }
}

/// What came of bytes of a stream.
#[derive(Debug, Default)]
pub(crate) struct Read {
    pub refused: Option<DropReason>,
    pub data: Vec<Vec<u8>>,
    pub broken: bool,
}
