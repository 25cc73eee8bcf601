//! The laws of sans-io, for client and server.
use crate::desk::{self, LISTENER, address, udp};
use sans_io::{
    Input, Instant, Machine, Output, Path, SocketIds, SocketRequest, Transmit, Transport,
    laws::{Flood, Rng, Subject, check, cuts},
};
use std::time::Duration;
use stun_proto::{
    AttributeType, Credentials, Entropy, Integrity, Key, Message, MessageBuilder, MessageType,
    Method, Nonces, SecurityFeatures, TransactionId,
    attribute::{
        self, Algorithm, Code, ConnectionId, Data, ErrorCode, EvenPort, Icmp, Lifetime,
        MobilityTicket, Nonce, PasswordAlgorithm, PasswordAlgorithms, Realm, RequestedTransport,
        Username, XorMappedAddress, XorPeerAddress, XorRelayedAddress,
    },
};
use turn_proto::{TurnClient, TurnClientConfig, TurnServer};

const PEERS: [&str; 5] = ["8.8.8.8:1", "8.8.8.8:2", "8.8.4.4:1", "10.0.0.1:1", "[2a00::9]:1"];
const RELAYED: &str = "9.9.9.2:50000";

fn key(algorithm: Algorithm) -> Key {
    let alice = Credentials::new("alice", "wonderland").unwrap();
    alice.long_term_key("turn", algorithm).unwrap()
}

fn noise(rng: &mut Rng) -> Vec<u8> {
    let len = rng.below(60) as usize;
    let mut bytes: Vec<u8> = (0..len).map(|_| rng.bits() as u8).collect();
    if rng.one_in(3) && len >= 20 {
        bytes[0] &= 0x01;
        bytes[2..4].copy_from_slice(&((len - 20) as u16 & !3).to_be_bytes());
        bytes[4..8].copy_from_slice(&stun_proto::MAGIC_COOKIE);
    }
    bytes
}

fn channel_data(rng: &mut Rng) -> Vec<u8> {
    let len = rng.below(9) as u8;
    let mut bytes = vec![0x40, rng.below(3) as u8, 0, len];
    bytes.resize(4 + usize::from(len), 7);
    bytes.resize(bytes.len().next_multiple_of(4), 0);
    bytes
}

fn peer(rng: &mut Rng) -> XorPeerAddress {
    XorPeerAddress(address(PEERS[rng.below(5) as usize]))
}

fn indication(rng: &mut Rng, method: Method) -> Vec<u8> {
    let mut buffer = [0; 128];
    let kind = MessageType::indication(method);
    let mut message = MessageBuilder::new(&mut buffer, kind, TransactionId([9; 12]));
    if !rng.one_in(9) {
        message.push(&peer(rng));
    }
    match rng.below(6) {
        0 => {}
        1 => message.push(&Icmp { kind: 3, code: rng.below(5) as u8, data: 0 }),
        len => message.push(&Data(&[5; 9][..len as usize])),
    }
    message.finish().unwrap().to_vec()
}

struct Client {
    transport: Transport,
    paced: bool,
    kind: Kind,
}

/// What a client is after.
#[derive(Clone, Copy, PartialEq, Eq)]
enum Kind {
    Plain,
    /// All that an allocation of datagrams can be, and on the move.
    Mobile,
    Tcp,
}

/// An answer to one of the requests that were sent: right, wrong, or of another's.
fn answer(rng: &mut Rng, request: &Transmit) -> Option<Vec<u8>> {
    let request = Message::parse(&request.payload).ok()?;
    let codes = [
        Code::UNAUTHENTICATED,
        Code::STALE_NONCE,
        Code::FORBIDDEN,
        Code::ALLOCATION_MISMATCH,
        Code::INSUFFICIENT_CAPACITY,
        Code::TRY_ALTERNATE,
    ];
    let signed = request.integrity().is_some();
    let code = if signed {
        rng.one_in(3).then(|| codes[rng.below(6) as usize])
    } else {
        Some(Code::UNAUTHENTICATED)
    };
    let mut buffer = [0; 512];
    let method = request.method();
    let kind = code.map_or(MessageType::success(method), |_| MessageType::error(method));
    let mut message = MessageBuilder::new(&mut buffer, kind, request.transaction_id());
    if let Some(code) = code {
        message.push(&ErrorCode::from(code));
        message.push(&Realm("turn"));
        message.push(&Nonce(&[b'a' + rng.below(20) as u8]));
        if matches!(code, Code::UNAUTHENTICATED | Code::STALE_NONCE) {
            return message.finish().ok().map(<[u8]>::to_vec);
        }
    } else {
        let asked = request.get::<Lifetime>().map_or(600, |lifetime| lifetime.0.min(600));
        match method {
            Method::ALLOCATE if !rng.one_in(9) => {
                message.push(&XorRelayedAddress(address(RELAYED)));
                message.push(&XorMappedAddress(address("7.7.7.7:1")));
                message.push(&Lifetime(rng.below(900) as u32));
                message.push(&MobilityTicket(b"ticket"));
                if request.has(AttributeType::ADDITIONAL_ADDRESS_FAMILY) && rng.one_in(2) {
                    message.push(&XorRelayedAddress(address("[2a00::2]:50000")));
                }
            }
            Method::REFRESH => {
                message.push(&Lifetime(asked));
                if rng.one_in(2) {
                    message.push(&MobilityTicket(b"another"));
                }
            }
            Method::CONNECT => message.push(&ConnectionId(rng.below(3) as u32)),
            _ => {}
        }
    }
    let key = if rng.one_in(6) { Key::new(b"wrong") } else { key(Algorithm::Md5) };
    message.sign(&key, Integrity::Sha1).finish().ok().map(<[u8]>::to_vec)
}

#[derive(Clone, Debug)]
enum Command {
    Allocate,
    Permit(Vec<&'static str>),
    Bind(&'static str),
    Forget(&'static str),
    Send(&'static str),
    Refresh,
    Release,
    Close,
    Rebind(&'static str),
    Connect(&'static str),
    Disconnect(&'static str),
}

impl Subject for Client {
    type Machine = TurnClient;
    type Command = Command;
    const DRAIN_MAX: usize = 110;
    const LATE_MAX: usize = 4;

    fn build(&self) -> TurnClient {
        let credentials = Credentials::new("alice", "wonderland").unwrap();
        let path = self.paths()[0];
        let mut config = TurnClientConfig::new(path, credentials);
        config.paced = self.paced;
        config.max_permissions = 2;
        config.max_channels = 3;
        config.max_connections = 2;
        let config = match self.kind {
            Kind::Plain => config,
            Kind::Mobile => config.with_both_families().with_mobility().with_dont_fragment(),
            Kind::Tcp => config.with_tcp_relay(),
        };
        TurnClient::new(config, [1; 32])
    }

    fn paths(&self) -> Vec<Path> {
        let here = address("7.7.7.7:1000");
        let path = Path::new(self.transport, here, address(LISTENER));
        if self.kind == Kind::Mobile {
            let there = Path::new(self.transport, address(ABROAD), address(LISTENER));
            return vec![path, path, there];
        }
        vec![path, path, Path::udp(here, address("6.6.6.6:6"))]
    }

    fn bytes(&self, rng: &mut Rng, sent: &[Transmit]) -> Vec<u8> {
        match rng.below(9) {
            0 => noise(rng),
            1 => channel_data(rng),
            2 => indication(rng, Method::DATA),
            // Mostly what was asked last, or nothing would ever come about.
            3 => rng.pick(sent).and_then(|asked| answer(rng, asked)).unwrap_or_default(),
            _ => sent.last().and_then(|asked| answer(rng, asked)).unwrap_or_default(),
        }
    }

    fn command(&self, rng: &mut Rng) -> Command {
        let peer = PEERS[rng.below(5) as usize];
        match self.kind {
            Kind::Mobile if rng.one_in(6) => {
                let to = *rng.pick(&["7.7.7.7:1000", ABROAD, "5.5.5.5:1"]).unwrap();
                return Command::Rebind(to);
            }
            Kind::Tcp if rng.one_in(3) => return Command::Connect(peer),
            Kind::Tcp if rng.one_in(6) => return Command::Disconnect(peer),
            Kind::Plain | Kind::Mobile | Kind::Tcp => {}
        }
        match rng.below(12) {
            0..3 => Command::Allocate,
            3..5 => Command::Permit(PEERS[..rng.below(5) as usize].to_vec()),
            5..7 => Command::Bind(peer),
            7 => Command::Forget(peer),
            8 => Command::Send(peer),
            9 => Command::Refresh,
            10 => Command::Release,
            _ if rng.one_in(4) => Command::Close,
            _ => Command::Permit(vec![peer]),
        }
    }

    fn run(
        &self,
        machine: &mut TurnClient,
        now: Instant,
        command: &Command,
    ) -> Result<String, String> {
        let done = |()| String::from("done");
        match command {
            Command::Allocate => machine.allocate(now).map(done).map_err(|e| e.to_string()),
            Command::Permit(peers) => {
                let peers: Vec<_> = peers.iter().map(|peer| address(peer).ip()).collect();
                machine.create_permission(now, &peers).map(done).map_err(|e| e.to_string())
            }
            Command::Bind(peer) => {
                machine.bind_channel(now, address(peer)).map(done).map_err(|e| e.to_string())
            }
            Command::Forget(peer) => {
                machine.forget_peer(now, address(peer).ip());
                Ok("forgotten".into())
            }
            Command::Send(peer) => machine
                .send(now, address(peer), b"data")
                .map(|packet| format!("{packet:?}"))
                .map_err(|e| e.to_string()),
            Command::Refresh => machine.refresh(now).map(done).map_err(|e| e.to_string()),
            Command::Release => Ok(machine.release_request(now).to_string()),
            Command::Rebind(to) => {
                let path = Path::new(self.transport, address(to), address(LISTENER));
                machine.rebind(now, path).map(done).map_err(|e| e.to_string())
            }
            Command::Connect(peer) => {
                machine.connect(now, address(peer)).map(done).map_err(|e| e.to_string())
            }
            Command::Disconnect(peer) => {
                machine.disconnect_peer(now, address(peer));
                Ok("disconnected".into())
            }
            Command::Close => {
                machine.close(now);
                Ok("closed".into())
            }
        }
    }
}

const ABROAD: &str = "6.6.6.6:2000";

const CLIENTS: [Client; 5] = [
    Client { transport: Transport::Udp, paced: false, kind: Kind::Plain },
    Client { transport: Transport::Udp, paced: true, kind: Kind::Plain },
    Client { transport: Transport::Tcp, paced: false, kind: Kind::Plain },
    Client { transport: Transport::Udp, paced: true, kind: Kind::Mobile },
    Client { transport: Transport::Tcp, paced: false, kind: Kind::Tcp },
];

#[test]
fn the_client_keeps_the_laws() {
    for client in CLIENTS {
        for seed in 0..100 {
            check(&client, seed, 150).unwrap();
        }
    }
}

/// The runs above are worth something only if much happens in them.
#[test]
fn the_runs_of_the_client_go_deep() {
    let client = &CLIENTS[0];
    let mut machine = client.build();
    let mut rng = Rng::new(3);
    let mut seen = std::collections::BTreeSet::new();
    let mut sent = Vec::new();
    for step in 0..20_000_u64 {
        let now = Instant::from_millis(step * 500);
        if rng.one_in(3) {
            let command = client.command(&mut rng);
            drop(client.run(&mut machine, now, &command));
        }
        let bytes = client.bytes(&mut rng, &sent);
        let _ = machine.handle_input(now, Input::received(client.paths()[0], &bytes));
        loop {
            match machine.poll_output() {
                Output::Transmit(transmit) => sent = vec![transmit],
                Output::Event(event) => {
                    let text = format!("{event:?}");
                    seen.insert(text.split(' ').next().unwrap().to_owned());
                }
                Output::Timeout(_) => break,
                other => panic!("{other:?}"),
            }
        }
    }
    let all = [
        "Allocated",
        "ChannelBound",
        "ChannelFailed",
        "Closed",
        "Failed",
        "Lost",
        "PeerUnreachable",
        "PermissionFailed",
        "PermissionInstalled",
        "Refreshed",
    ];
    assert_eq!(seen.iter().map(String::as_str).collect::<Vec<_>>(), all);
}

#[test]
fn the_client_reads_a_stream_however_it_is_cut() {
    let client = &CLIENTS[2];
    for seed in 0..50 {
        let mut rng = Rng::new(seed);
        let stream: Vec<u8> = (0..10)
            .flat_map(|_| match rng.below(8) {
                0 => noise(&mut rng),
                1..4 => indication(&mut rng, Method::DATA),
                _ => channel_data(&mut rng),
            })
            .collect();
        cuts(client, client.paths()[0], &stream, seed).unwrap();
    }
}

struct Server;

impl Server {
    fn nonces() -> Nonces {
        // The second secret that the server draws of its seed, after the key of its hash maps.
        let mut entropy = Entropy::new([1; 32]);
        let _: [u8; 16] = entropy.secret();
        let features = SecurityFeatures { password_algorithms: true, username_anonymity: true };
        Nonces::new(entropy.secret(), Duration::from_secs(3600), features)
    }

    fn request(rng: &mut Rng, nonce: Option<&[u8]>) -> Vec<u8> {
        let methods = [
            Method::ALLOCATE,
            Method::ALLOCATE,
            Method::REFRESH,
            Method::CREATE_PERMISSION,
            Method::CHANNEL_BIND,
            Method::BINDING,
            Method::CONNECT,
            Method::CONNECTION_BIND,
        ];
        let method = methods[rng.below(8) as usize];
        let id = TransactionId([rng.below(6) as u8; 12]);
        let mut buffer = [0; 1024];
        let kind = MessageType::request(method);
        let mut message = MessageBuilder::new(&mut buffer, kind, id);
        match method {
            Method::ALLOCATE => {
                if rng.one_in(3) {
                    message.push(&RequestedTransport::TCP);
                } else {
                    udp(&mut message);
                }
                if rng.one_in(3) {
                    message.push(&MobilityTicket(b""));
                }
                if rng.one_in(5) {
                    message.push(&EvenPort { reserve: rng.one_in(2) });
                }
            }
            Method::REFRESH => {
                message.push(&Lifetime(rng.below(3) as u32 * 700));
                if rng.one_in(6) {
                    message.push(&MobilityTicket(&[7; 36]));
                }
            }
            Method::CONNECT => message.push(&peer(rng)),
            Method::CONNECTION_BIND => message.push(&ConnectionId(rng.below(3) as u32)),
            Method::CREATE_PERMISSION => {
                for _ in 0..rng.below(4) {
                    message.push(&peer(rng));
                }
            }
            Method::CHANNEL_BIND => {
                message.push(&attribute::ChannelNumber(0x3FFF + rng.below(4) as u16));
                message.push(&peer(rng));
            }
            _ => {}
        }
        let Some(nonce) = nonce else {
            return message.finish().unwrap().to_vec();
        };
        let message = message.with(&Username("alice")).with(&Realm("turn")).with(&Nonce(nonce));
        let wrong = rng.one_in(9);
        let signed = if rng.one_in(2) {
            let key = if wrong { Key::new(b"wrong") } else { key(Algorithm::Md5) };
            message.sign(&key, Integrity::Sha1)
        } else {
            message
                .with(&PasswordAlgorithms::SHA256_MD5)
                .with(&PasswordAlgorithm::from(Algorithm::Sha256))
                .sign(&key(Algorithm::Sha256), Integrity::Sha256)
        };
        signed.finish().unwrap().to_vec()
    }
}

impl Subject for Server {
    type Machine = TurnServer;
    type Command = ();
    const DRAIN_MAX: usize = 64;
    const LATE_MAX: usize = 4;

    fn build(&self) -> TurnServer {
        let mut config = desk::config();
        config.max_allocations = 3;
        config.max_allocations_per_user = 2;
        config.max_permissions = 3;
        config.max_channels = 2;
        config.tcp_relay = true;
        config.max_peer_connections = 2;
        config.mobility = true;
        TurnServer::new(config, SocketIds::root(), [1; 32]).unwrap()
    }

    fn paths(&self) -> Vec<Path> {
        let there = address(LISTENER);
        vec![
            Path::udp(there, address("8.8.8.8:1")),
            Path::udp(there, address("7.7.7.8:1000")),
            Path::new(Transport::Tcp, there, address("7.7.7.7:1000")),
            Path::udp(address("6.6.6.6:6"), address("7.7.7.7:1000")),
        ]
    }

    fn bytes(&self, rng: &mut Rng, _: &[Transmit]) -> Vec<u8> {
        match rng.below(10) {
            0 => noise(rng),
            1 => channel_data(rng),
            2 | 3 => indication(rng, Method::SEND),
            4 => Self::request(rng, None),
            _ => {
                // Of one of the clients, at some time of the first seconds.
                let path = self.paths()[rng.below(3) as usize];
                let now = Instant::from_secs(rng.below(9));
                Self::request(rng, Some(&Self::nonces().issue(now, path.remote())))
            }
        }
    }

    fn command(&self, _: &mut Rng) {}

    /// A server has no commands, but it is told the time.
    fn run(&self, machine: &mut TurnServer, now: Instant, (): &()) -> Result<String, String> {
        machine.handle_timeout(now);
        Ok(String::new())
    }
}

#[test]
fn the_server_keeps_the_laws() {
    for seed in 0..200 {
        check(&Server, seed, 200).unwrap();
    }
}

#[test]
fn the_server_reads_a_stream_however_it_is_cut() {
    let path = Server.paths()[2];
    for seed in 0..50 {
        let mut rng = Rng::new(seed);
        let stream: Vec<u8> = (0..12).flat_map(|_| Server.bytes(&mut rng, &[])).collect();
        cuts(&Server, path, &stream, seed).unwrap();
    }
}

/// Runs the server with sockets that open, for an hour of its time and more.
fn busy_hour(server: &mut TurnServer, rng: &mut Rng, start: Instant) -> usize {
    let (mut most, mut paths) = (0, Server.paths());
    for step in 0..8_000 {
        let now = start.saturating_add(Duration::from_millis(step * 300));
        let path = *rng.pick(&paths).unwrap();
        let bytes = Server.bytes(rng, &[]);
        let _ = server.handle_input(now, Input::received(path, &bytes));
        while let output = server.poll_output()
            && !matches!(output, Output::Timeout(_))
        {
            if let Output::Socket(SocketRequest::Bind { id, local }) = output {
                let _ = server.handle_input(now, Input::Socket { id, state: Ok(local) });
                paths.truncate(8);
                paths.push(Path::udp(local, address("8.8.8.8:1")));
            }
        }
        most = most.max(server.allocations());
    }
    most
}

#[test]
fn memory_does_not_grow_with_time() {
    for client in &CLIENTS {
        let mut flood = Flood::new(client);
        flood.run(2_000);
        let more = allocation_counter::measure(|| flood.run(6_000)).bytes_current;
        assert!(more < 8_192, "{more} bytes more");
    }
    let mut server = Server.build();
    let mut rng = Rng::new(5);
    assert_eq!(busy_hour(&mut server, &mut rng, Instant::ZERO), 2, "up to the quota");
    let now = Instant::from_secs(2_400);
    let more = allocation_counter::measure(|| {
        busy_hour(&mut server, &mut rng, now);
    });
    assert!(more.bytes_current < 8_192, "{} bytes more", more.bytes_current);
}

#[test]
fn strangers_take_no_memory() {
    let mut server = Server.build();
    let mut buffer = [0; 64];
    let kind = MessageType::request(Method::ALLOCATE);
    let mut message = MessageBuilder::new(&mut buffer, kind, TransactionId([7; 12]));
    udp(&mut message);
    let request = message.finish().unwrap();
    let mut flood = |from: u32| {
        for n in 0..20_000_u32 {
            let [_, a, b, c] = (from + n).to_be_bytes();
            let source = std::net::SocketAddr::from(([23, a, b, c], 1000));
            let path = Path::udp(address(LISTENER), source);
            let _ = server.handle_input(Instant::ZERO, Input::received(path, request));
            while !matches!(server.poll_output(), Output::Timeout(_)) {}
        }
    };
    flood(0);
    let more = allocation_counter::measure(|| flood(1 << 20));
    assert_eq!(more.bytes_current, 0, "for 20,000 sources");
}

#[test]
fn relaying_allocates_nothing() {
    let mut desk = desk::Desk::new();
    let mut alice = desk::User::alice();
    let relayed = alice.allocate(&mut desk);
    assert_eq!(alice.permit(&mut desk, &[address(desk::PEER)]), 0);
    assert_eq!(alice.bind(&mut desk, 0x4000, address("8.8.8.8:6000")), 0);
    let mut buffer = [0; 2000];
    let kind = MessageType::indication(Method::SEND);
    let indication = MessageBuilder::new(&mut buffer, kind, TransactionId([1; 12]))
        .with(&XorPeerAddress(address(desk::PEER)))
        .with(&Data(&[1; 1200]))
        .finish()
        .unwrap();
    let mut forwarded = 0;
    let spent = allocation_counter::measure(|| {
        for (path, bytes) in [
            (alice.path, indication),
            (alice.path, b"\x40\x00\x00\x04data"),
            (Path::udp(relayed, address(desk::PEER)), b"data"),
            (Path::udp(relayed, address("8.8.8.8:6000")), b"data"),
        ] {
            let verdict = desk.server.handle_input(desk.now, Input::received(path, bytes));
            forwarded += usize::from(matches!(verdict, sans_io::Verdict::Send(_)));
        }
    });
    assert_eq!((forwarded, spent.count_total), (4, 0));
}
