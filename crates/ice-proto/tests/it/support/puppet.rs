//! One agent whose peer is played by the test, message by message.
use core::{net::SocketAddr, time::Duration};
use ice_proto::{Candidate, IceAgent, IceConfig, IceCredentials, IceEvent, Role};
use sans_io::{
    DropReason, Input, Instant, Machine, Output, Path, PathFault, SocketFault, SocketId, SocketIds,
    SocketRequest, Transmit, Verdict,
};
use stun_proto::{
    Class, Integrity, Key, Message, MessageBuilder, MessageType, Method, TransactionId,
    attribute::{
        Code, ErrorCode, IceControlled, IceControlling, Priority, UseCandidate, Username,
        XorMappedAddress,
    },
};

pub(crate) const LOCAL: &str = "192.0.2.1:5000";
pub(crate) const PEER: &str = "203.0.113.1:6000";
const PWD: &str = "thepasswordofthepeer00";

/// An agent with one open socket.
pub(crate) struct Puppet {
    pub agent: IceAgent,
    pub now: Instant,
    pub sent: Vec<Transmit>,
    pub events: Vec<IceEvent>,
    pub closed: Vec<SocketId>,
    /// Sockets that were asked for, since the last one that [`open`](Self::open) opened.
    pub asked: Vec<(SocketId, SocketAddr)>,
    pub deadline: Option<Instant>,
    ids: u8,
}

/// A request of the peer, as the test wants it.
#[derive(Clone, Copy)]
pub(crate) struct Request {
    pub from: SocketAddr,
    pub role: Role,
    pub tiebreaker: u64,
    pub nominates: bool,
    pub priority: u32,
}

impl Request {
    pub(crate) fn new(role: Role) -> Self {
        let from = PEER.parse().unwrap();
        Self { from, role, tiebreaker: 1, nominates: false, priority: 1_862_270_975 }
    }
}

impl Puppet {
    /// An agent that knows nothing of the peer.
    pub(crate) fn new(config: IceConfig) -> Self {
        let agent = IceAgent::new(config, [5; 32], SocketIds::root()).unwrap();
        let now = Instant::from_secs(100);
        let (sent, events, closed) = (Vec::new(), Vec::new(), Vec::new());
        let (asked, deadline) = (Vec::new(), None);
        let mut this = Self { agent, now, sent, events, closed, asked, deadline, ids: 0 };
        this.open(0, LOCAL);
        this
    }

    /// An agent that has been told of the peer and has sent its first check.
    pub(crate) fn checking(role: Role) -> Self {
        let mut this = Self::new(IceConfig { role, ..IceConfig::default() });
        this.tell(PEER);
        this.meet();
        this
    }

    /// Opens one more socket, the `number`th.
    pub(crate) fn open(&mut self, number: u64, local: &str) {
        let local: SocketAddr = local.parse().unwrap();
        self.agent.gather(self.now, &[local.ip()]).unwrap();
        self.drain();
        self.asked.clear();
        self.socket(number, Ok(local));
    }

    /// Tells what became of the `number`th socket.
    pub(crate) fn socket(&mut self, number: u64, state: Result<SocketAddr, SocketFault>) {
        self.tell_agent(Input::Socket { id: SocketId(number), state });
    }

    /// An ICMP error about what was sent on this path.
    pub(crate) fn path_failed(&mut self, path: Path, kind: u8, code: u8) {
        let fault = PathFault::Unreachable { kind, code };
        self.tell_agent(Input::PathFailed { path, fault });
    }

    fn tell_agent(&mut self, input: Input<'_>) {
        assert_eq!(self.agent.handle_input(self.now, input), Verdict::Consumed);
        self.drain();
    }

    /// Tells a host candidate of the peer.
    pub(crate) fn tell(&mut self, address: &str) {
        let candidate = Candidate::host(address.parse().unwrap());
        self.agent.add_remote_candidate(self.now, candidate).unwrap();
        self.drain();
    }

    /// Tells the credentials of the peer.
    pub(crate) fn meet(&mut self) {
        self.agent.set_remote_pacing(self.now, Some(Duration::from_millis(5)));
        let credentials = IceCredentials::new("peer", PWD).unwrap();
        self.agent.set_remote_credentials(self.now, credentials).unwrap();
        self.drain();
    }

    /// Tells other credentials of the peer.
    pub(crate) fn tell_credentials(&mut self, credentials: IceCredentials) {
        self.agent.set_remote_credentials(self.now, credentials).unwrap();
        self.drain();
    }

    fn drain(&mut self) {
        loop {
            match self.agent.poll_output() {
                Output::Transmit(transmit) => self.sent.push(transmit),
                Output::Event(event) => self.events.push(event),
                Output::Socket(SocketRequest::Bind { id, local }) => self.asked.push((id, local)),
                Output::Socket(SocketRequest::Close(id)) => self.closed.push(id),
                Output::Timeout(at) => break self.deadline = at,
                other => panic!("{other:?}"),
            }
        }
    }

    /// Lets time pass, and does what becomes due.
    pub(crate) fn pass(&mut self, span: Duration) {
        let end = self.now.saturating_add(span);
        while let Some(at) = self.deadline.filter(|at| *at <= end) {
            self.now = at;
            self.agent.handle_timeout(at);
            self.drain();
        }
        self.now = end;
    }

    /// Takes what was sent.
    pub(crate) fn take_sent(&mut self) -> Vec<Transmit> {
        core::mem::take(&mut self.sent)
    }

    /// Takes the requests that were sent.
    pub(crate) fn take_requests(&mut self) -> Vec<Transmit> {
        let class = |t: &Transmit| Message::parse(&t.payload).map(|message| message.class());
        self.take_sent().into_iter().filter(|t| class(t) == Ok(Class::Request)).collect()
    }

    /// Gives bytes to the agent. Why it refused them, if it did.
    pub(crate) fn receive(&mut self, path: Path, bytes: &[u8]) -> Option<DropReason> {
        let refused = match self.agent.handle_input(self.now, Input::received(path, bytes)) {
            Verdict::Dropped(reason) => Some(reason),
            Verdict::Send(packet) => {
                self.sent.push(Transmit::new(packet.path, packet.to_vec().into()));
                None
            }
            Verdict::Consumed | Verdict::Deliver { .. } => None,
            other @ Verdict::Unclaimed => panic!("{other:?}"),
        };
        self.drain();
        refused
    }

    /// Sends a request of the peer. Gives what it is answered with at once.
    pub(crate) fn request(&mut self, request: &Request) -> Transmit {
        let bytes = self.write_request(request);
        let path = Path::udp(LOCAL.parse().unwrap(), request.from);
        let before = self.sent.len();
        assert_eq!(self.receive(path, &bytes), None);
        let answer = self.sent.remove(before);
        assert_eq!(answer.path, path);
        answer
    }

    /// The bytes of a request of the peer.
    pub(crate) fn write_request(&mut self, request: &Request) -> Vec<u8> {
        let ours = self.agent.local_credentials().clone();
        self.ids += 1;
        let mut buffer = [0; 256];
        let kind = MessageType::request(Method::BINDING);
        let username = format!("{}:peer", ours.ufrag);
        let mut message = MessageBuilder::new(&mut buffer, kind, TransactionId([self.ids; 12]))
            .with(&Username(&username))
            .with(&Priority(request.priority));
        match request.role {
            Role::Controlling => message.push(&IceControlling(request.tiebreaker)),
            Role::Controlled => message.push(&IceControlled(request.tiebreaker)),
        }
        if request.nominates {
            message.push(&UseCandidate);
        }
        let key = Key::new(ours.pwd.as_bytes());
        message.sign(&key, Integrity::Sha1).fingerprint().finish().unwrap().to_vec()
    }

    /// Answers a check with success, as if no NAT were in between.
    pub(crate) fn answer(&mut self, check: &Transmit) -> Option<DropReason> {
        self.answer_as(check, check.path, check.path.local())
    }

    /// Answers a check with success, from this path and with this mapped address.
    pub(crate) fn answer_as(
        &mut self,
        check: &Transmit,
        path: Path,
        mapped: SocketAddr,
    ) -> Option<DropReason> {
        self.receive(path, &Self::success(check, mapped, Integrity::Sha1))
    }

    /// The bytes of a success response.
    pub(crate) fn success(check: &Transmit, mapped: SocketAddr, integrity: Integrity) -> Vec<u8> {
        let request = Message::parse(&check.payload).unwrap();
        let mut buffer = [0; 128];
        let kind = MessageType::success(Method::BINDING);
        MessageBuilder::new(&mut buffer, kind, request.transaction_id())
            .with(&XorMappedAddress(mapped))
            .sign(&Key::new(PWD.as_bytes()), integrity)
            .fingerprint()
            .finish()
            .unwrap()
            .to_vec()
    }

    /// Answers a check with an error.
    pub(crate) fn refuse(
        &mut self,
        check: &Transmit,
        code: Code,
        signed: bool,
    ) -> Option<DropReason> {
        let request = Message::parse(&check.payload).unwrap();
        let mut buffer = [0; 128];
        let kind = MessageType::error(Method::BINDING);
        let message = MessageBuilder::new(&mut buffer, kind, request.transaction_id())
            .with(&ErrorCode::from(code));
        let bytes = if signed {
            message.sign(&Key::new(PWD.as_bytes()), Integrity::Sha1).finish().unwrap().to_vec()
        } else {
            message.finish().unwrap().to_vec()
        };
        self.receive(check.path, &bytes)
    }

    /// Signs with the key that the agent signs its requests with.
    pub(crate) fn peer_key() -> Key {
        Key::new(PWD.as_bytes())
    }
}

/// The error code of a response.
pub(crate) fn error_of(response: &Transmit) -> Option<Code> {
    Message::parse(&response.payload).unwrap().get::<ErrorCode<'_>>().map(|error| error.code)
}
