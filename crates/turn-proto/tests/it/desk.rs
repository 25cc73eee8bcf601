//! A server on a desk: it gets one input after the other, its sockets open at once, and users write
//! their requests by hand.
use core::net::SocketAddr;
use core::time::Duration;
use sans_io::{
    Input, Instant, Machine, Output, PacketMeta, Path, SocketFault, SocketId, SocketIds,
    SocketRequest, Transmit, Verdict,
};
use stun_proto::{
    Attempt, Attribute, Class, Credentials, Entropy, LongTermClient, Message, MessageBuilder,
    MessageType, Method, ResponseCheck,
    attribute::{self, ErrorCode, RequestedTransport, XorPeerAddress, XorRelayedAddress},
};
use turn_proto::{PeerPolicy, RelayAddress, TurnServer, TurnServerConfig, TurnServerEvent, Users};

pub(crate) const LISTENER: &str = "9.9.9.1:3478";
pub(crate) const RELAY: &str = "9.9.9.2";
pub(crate) const RELAY_V6: &str = "2a00::2";
/// A peer that any policy allows.
pub(crate) const PEER: &str = "8.8.8.8:5000";

pub(crate) fn address(text: &str) -> SocketAddr {
    text.parse().unwrap()
}

pub(crate) fn users() -> Users {
    Users::new("turn").with("alice", "wonderland").unwrap().with("bob", "builder").unwrap()
}

/// Both families, public peers only.
pub(crate) fn config() -> TurnServerConfig {
    TurnServerConfig::new(users(), PeerPolicy::global_only())
        .with_listener(address(LISTENER))
        .with_relay(RelayAddress::new(RELAY.parse().unwrap()))
        .with_relay(RelayAddress::new(RELAY_V6.parse().unwrap()))
}

pub(crate) struct Desk {
    pub(crate) server: TurnServer,
    pub(crate) now: Instant,
    /// What the server sent and nobody took yet.
    pub(crate) sent: Vec<Transmit>,
    pub(crate) sockets: Vec<SocketRequest>,
    pub(crate) events: Vec<TurnServerEvent>,
    /// What becomes of sockets that are asked for; `None`: nothing yet.
    pub(crate) open: fn(SocketAddr) -> Option<Result<SocketAddr, SocketFault>>,
    /// What becomes of connections that are asked for, likewise.
    pub(crate) connect: Option<Result<(), SocketFault>>,
}

/// What a packet came to.
#[derive(Clone, Debug, PartialEq, Eq)]
pub(crate) enum Outcome {
    Forwarded(Path, PacketMeta, Vec<u8>),
    Dropped,
    Taken,
    Unclaimed,
}

impl Outcome {
    pub(crate) fn forwarded(self) -> (Path, Vec<u8>) {
        match self {
            Self::Forwarded(path, _, bytes) => (path, bytes),
            other => panic!("not forwarded but {other:?}"),
        }
    }
}

impl Desk {
    pub(crate) fn new() -> Self {
        Self::with(config())
    }

    pub(crate) fn with(config: TurnServerConfig) -> Self {
        Self::seeded(config, [9; 32])
    }

    /// As [`with`](Self::with), beside another one.
    pub(crate) fn seeded(config: TurnServerConfig, seed: [u8; 32]) -> Self {
        let server = TurnServer::new(config, SocketIds::root(), seed).unwrap();
        Self {
            server,
            now: Instant::from_secs(1_000),
            sent: Vec::new(),
            sockets: Vec::new(),
            events: Vec::new(),
            open: |local| Some(Ok(local)),
            connect: Some(Ok(())),
        }
    }

    pub(crate) fn pass(&mut self, seconds: u64) {
        self.now = self.now.saturating_add(Duration::from_secs(seconds));
        self.give(Input::Timeout);
    }

    /// A packet arrives.
    pub(crate) fn packet(&mut self, path: Path, bytes: &[u8]) -> Outcome {
        self.packet_with(path, PacketMeta::default(), bytes)
    }

    pub(crate) fn packet_with(&mut self, path: Path, meta: PacketMeta, bytes: &[u8]) -> Outcome {
        self.give(Input::Received { path, meta, bytes })
    }

    pub(crate) fn give(&mut self, input: Input<'_>) -> Outcome {
        let outcome = match self.server.handle_input(self.now, input) {
            Verdict::Send(packet) => Outcome::Forwarded(packet.path, packet.meta, packet.to_vec()),
            Verdict::Dropped(_) => Outcome::Dropped,
            Verdict::Consumed => Outcome::Taken,
            Verdict::Unclaimed => Outcome::Unclaimed,
            other @ Verdict::Deliver { .. } => panic!("a server does not say {other:?}"),
        };
        self.drain();
        outcome
    }

    fn drain(&mut self) {
        loop {
            match self.server.poll_output() {
                Output::Transmit(transmit) => self.sent.push(transmit),
                Output::Socket(request) => {
                    self.sockets.push(request.clone());
                    let state = match request {
                        SocketRequest::Bind { id, local } | SocketRequest::Listen { id, local } => {
                            (self.open)(local).map(|state| (id, state))
                        }
                        SocketRequest::Connect { id, local, .. } => {
                            self.connect.map(|state| (id, state.map(|()| local.unwrap())))
                        }
                        _ => None,
                    };
                    if let Some((id, state)) = state {
                        let _ = self.server.handle_input(self.now, Input::Socket { id, state });
                    }
                }
                Output::Event(event) => self.events.push(event),
                Output::Timeout(_) => break,
                Output::Lookup(lookup) => panic!("a server looks nothing up: {lookup:?}"),
            }
        }
    }

    /// The socket that was asked for last, and where.
    pub(crate) fn last_bind(&self) -> (SocketId, SocketAddr) {
        let binds = self.sockets.iter().rev().find_map(|request| match request {
            SocketRequest::Bind { id, local } => Some((*id, *local)),
            _ => None,
        });
        binds.unwrap()
    }

    pub(crate) fn take_sent(&mut self) -> Vec<Transmit> {
        std::mem::take(&mut self.sent)
    }
}

/// Somebody who writes requests by hand.
pub(crate) struct User {
    /// As the server sees it.
    pub(crate) path: Path,
    pub(crate) login: LongTermClient,
    pub(crate) entropy: Entropy,
    attempt: Attempt,
}

/// An answer of the server.
#[derive(Clone, Debug, PartialEq, Eq)]
pub(crate) struct Answer(pub(crate) Vec<u8>);

impl Answer {
    pub(crate) fn message(&self) -> Message<'_> {
        Message::parse(&self.0).unwrap()
    }

    pub(crate) fn get<'a, A: Attribute<'a>>(&'a self) -> Option<A> {
        self.message().get()
    }

    /// The error, or 0 for success.
    pub(crate) fn code(&self) -> u16 {
        match self.message().class() {
            Class::Success => 0,
            _ => self.get::<ErrorCode<'_>>().unwrap().code.number(),
        }
    }
}

impl User {
    pub(crate) fn new(name: &str, password: &str, from: &str) -> Self {
        let credentials = Credentials::new(name, password).unwrap();
        Self {
            path: Path::udp(address(LISTENER), address(from)),
            login: LongTermClient::new(credentials),
            entropy: Entropy::new([from.len() as u8 ^ from.as_bytes()[0]; 32]),
            attempt: Attempt::default(),
        }
    }

    pub(crate) fn alice() -> Self {
        Self::new("alice", "wonderland", "7.7.7.7:1000")
    }

    pub(crate) fn bob() -> Self {
        Self::new("bob", "builder", "7.7.7.8:1000")
    }

    /// A request, signed as the server last asked for.
    pub(crate) fn write(
        &mut self,
        method: Method,
        body: impl Fn(&mut MessageBuilder<'_>),
    ) -> Vec<u8> {
        let mut buffer = vec![0; 70_000];
        let id = self.entropy.transaction_id();
        let mut request = MessageBuilder::new(&mut buffer, MessageType::request(method), id);
        body(&mut request);
        let (request, attempt) = self.login.sign(request, self.attempt);
        self.attempt = attempt;
        request.finish().unwrap().to_vec()
    }

    /// Sends bytes and takes what is sent back at once.
    pub(crate) fn send(&self, desk: &mut Desk, bytes: &[u8]) -> Option<Answer> {
        desk.packet(self.path, bytes);
        let mut sent = desk.take_sent();
        assert!(sent.len() <= 1, "one answer to one request");
        let answer = sent.pop()?;
        assert_eq!(answer.path, self.path);
        Some(Answer(answer.payload.to_vec()))
    }

    /// Makes a request, logging in on the way, and checks that the answer is signed.
    pub(crate) fn ask(
        &mut self,
        desk: &mut Desk,
        method: Method,
        body: impl Fn(&mut MessageBuilder<'_>),
    ) -> Answer {
        self.attempt = Attempt::default();
        loop {
            let request = self.write(method, &body);
            let answer = self.send(desk, &request).expect("an answer");
            match self.login.check(self.attempt, &answer.message()) {
                ResponseCheck::Retry(attempt) => self.attempt = attempt,
                ResponseCheck::Accept | ResponseCheck::Fail(_) => return answer,
                ResponseCheck::Discard(why) => panic!("{why:?}: {:?}", answer.message()),
            }
        }
    }

    /// Gets an allocation and gives its relayed address.
    pub(crate) fn allocate(&mut self, desk: &mut Desk) -> SocketAddr {
        let answer = self.ask(desk, Method::ALLOCATE, udp);
        assert_eq!(answer.code(), 0, "{:?}", answer.message());
        answer.get::<XorRelayedAddress>().unwrap().0
    }

    pub(crate) fn permit(&mut self, desk: &mut Desk, peers: &[SocketAddr]) -> u16 {
        let body = |request: &mut MessageBuilder<'_>| {
            for peer in peers {
                request.push(&XorPeerAddress(*peer));
            }
        };
        self.ask(desk, Method::CREATE_PERMISSION, body).code()
    }

    pub(crate) fn bind(&mut self, desk: &mut Desk, number: u16, peer: SocketAddr) -> u16 {
        let body = |request: &mut MessageBuilder<'_>| {
            request.push(&attribute::ChannelNumber(number));
            request.push(&XorPeerAddress(peer));
        };
        self.ask(desk, Method::CHANNEL_BIND, body).code()
    }

    /// Sends an indication that holds what `body` writes.
    pub(crate) fn indicate(
        &mut self,
        desk: &mut Desk,
        body: impl Fn(&mut MessageBuilder<'_>),
    ) -> Outcome {
        let mut buffer = vec![0; 70_000];
        let id = self.entropy.transaction_id();
        let kind = MessageType::indication(Method::SEND);
        let mut indication = MessageBuilder::new(&mut buffer, kind, id);
        body(&mut indication);
        desk.packet(self.path, indication.finish().unwrap())
    }

    /// Sends data to a peer.
    pub(crate) fn send_to(&mut self, desk: &mut Desk, peer: SocketAddr, data: &[u8]) -> Outcome {
        self.indicate(desk, |indication| {
            indication.push(&XorPeerAddress(peer));
            indication.push(&attribute::Data(data));
        })
    }
}

/// The body of the least Allocate request.
pub(crate) fn udp(request: &mut MessageBuilder<'_>) {
    request.push(&RequestedTransport::UDP);
}
