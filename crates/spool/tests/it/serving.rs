//! The server over TCP and TLS: requests, relaying, and connections that are of no use.
use crate::{authority::Authority, running::bounded};
use sans_io::{Input, Instant, Machine, NextFrame, Output, Path, Transport, Verdict, next_frame};
use spool::{
    Services, TurnService, TurnServiceBuilder,
    probe::{self, Algorithm, AuthFault, Credentials, Integrity, ProbeError, RequestFault},
};
use std::{net::SocketAddr, time::Duration};
use stun_proto::Login;
use tokio::{
    io::{AsyncReadExt, AsyncWriteExt},
    net::{TcpStream, UdpSocket},
};
use turn_proto::{TurnClient, TurnClientConfig, TurnEvent};

fn builder() -> TurnServiceBuilder {
    TurnService::builder()
        .listen("127.0.0.1:0".parse().unwrap())
        .relay("127.0.0.1".parse().unwrap())
        .user("alice", "wonderland")
        .allow_peer("127.0.0.0/8".parse().unwrap())
}

fn target(transport: Transport, address: SocketAddr) -> probe::ResolvedServer {
    let server_name = (transport == Transport::Tls).then(|| "localhost".into());
    probe::ResolvedServer { transport, address, server_name }
}

#[tokio::test]
async fn a_user_logs_in_by_hash_and_sha_256_over_every_transport() {
    let authority = Authority::new();
    let identity = authority.identity("localhost");
    let server = builder().listen_tls("127.0.0.1:0".parse().unwrap(), identity).secure_stun(true);
    let server = server.start().await.unwrap();
    let services = authority.services();
    let (plain, secure) = (server.listeners()[0], server.tls_listeners()[0]);
    let targets = [(Transport::Udp, plain), (Transport::Tcp, plain), (Transport::Tls, secure)];
    for (transport, address) in targets {
        let target = target(transport, address);
        let ask = async |password: &str| {
            let credentials = Credentials::new("alice", password).unwrap();
            bounded(probe::query(&target, Some(credentials), &services)).await
        };
        let binding = ask("wonderland").await.unwrap();
        assert_eq!(binding.mapped, binding.path.local(), "{transport:?}");
        let (algorithm, integrity) = (Algorithm::Sha256, Integrity::Sha256);
        assert_eq!(binding.login, Some(Login { algorithm, integrity, hashed: true }));
        let wrong = ask("looking-glass").await.unwrap_err();
        let rejected = RequestFault::Auth(AuthFault::Rejected);
        assert!(matches!(&wrong, ProbeError::Answer(fault) if *fault == rejected), "{wrong}");
        let nobody = bounded(probe::query(&target, None, &services)).await.unwrap_err();
        let ProbeError::Answer(RequestFault::Refused { code, .. }) = nobody else {
            panic!("{nobody}")
        };
        assert_eq!(code.number(), 401);
    }
    server.stop().await;
}

/// A client machine on a connection, driven by hand.
struct Client {
    machine: TurnClient,
    stream: TcpStream,
    path: Path,
    input: Vec<u8>,
    /// What peers sent.
    data: Vec<Vec<u8>>,
}

impl Client {
    async fn connect(server: SocketAddr) -> Self {
        let stream = bounded(TcpStream::connect(server)).await.unwrap();
        let path = Path::new(Transport::Tcp, stream.local_addr().unwrap(), server);
        let credentials = Credentials::new("alice", "wonderland").unwrap();
        let machine = TurnClient::new(TurnClientConfig::new(path, credentials), [4; 32]);
        Self { machine, stream, path, input: Vec::new(), data: Vec::new() }
    }

    /// Goes on until an event.
    async fn event(&mut self) -> TurnEvent {
        loop {
            match self.machine.poll_output() {
                Output::Transmit(transmit) => {
                    bounded(self.stream.write_all(&transmit.payload)).await.unwrap();
                }
                Output::Event(event) => return event,
                _ => self.read().await,
            }
        }
    }

    async fn read(&mut self) {
        let mut buffer = [0; 4096];
        let len = bounded(self.stream.read(&mut buffer)).await.unwrap();
        assert_ne!(len, 0, "the server hung up");
        self.input.extend(&buffer[..len]);
        let input = std::mem::take(&mut self.input);
        let mut rest = &input[..];
        while let NextFrame::Frame { frame, rest: behind } =
            next_frame(&self.machine, &self.path, rest)
        {
            rest = behind;
            let input = Input::received(self.path, frame);
            if let Verdict::Deliver { bytes, .. } = self.machine.handle_input(Instant::ZERO, input)
            {
                self.data.push(bytes.to_vec());
            }
        }
        self.input = rest.to_vec();
    }
}

#[tokio::test]
async fn a_client_over_tcp_relays_to_peers_over_udp() {
    let server = builder().start().await.unwrap();
    let peer = UdpSocket::bind("127.0.0.1:0").await.unwrap();
    let to = peer.local_addr().unwrap();
    let mut client = Client::connect(server.listeners()[0]).await;
    client.machine.allocate(Instant::ZERO).unwrap();
    let TurnEvent::Allocated { .. } = client.event().await else { panic!("no allocation") };
    client.machine.bind_channel(Instant::ZERO, to).unwrap();
    while !matches!(client.event().await, TurnEvent::ChannelBound { .. }) {}
    // of five bytes, so that there is padding
    let packet = client.machine.send(Instant::ZERO, to, b"hello").unwrap().to_vec();
    bounded(client.stream.write_all(&packet)).await.unwrap();
    let mut buffer = [0; 64];
    let (len, relayed) = bounded(peer.recv_from(&mut buffer)).await.unwrap();
    assert_eq!(&buffer[..len], b"hello");
    for answer in [&b"one"[..], b"another"] {
        peer.send_to(answer, relayed).await.unwrap();
    }
    while client.data.len() < 2 {
        client.read().await;
    }
    assert_eq!(client.data, [&b"one"[..], b"another"]);
    // its end is the end of its allocation
    drop(client);
    let mut server = server;
    let end = loop {
        if let spool::TurnServerEvent::AllocationEnded { end, .. } =
            bounded(server.next_event()).await.unwrap()
        {
            break end;
        }
    };
    assert_eq!(end, turn_proto::AllocationEnd::Disconnected);
    server.stop().await;
}

/// What a client marks stays marked, both ways (RFC 8656 §14).
#[tokio::test]
#[cfg(target_os = "linux")]
async fn the_dscp_of_a_packet_goes_along() {
    let server = builder().start().await.unwrap();
    let listener = server.listeners()[0];
    let (mut peer, to) = crate::headers::listener("127.0.0.1", true).await;
    let (mut client, local) = crate::headers::listener("127.0.0.1", true).await;
    let path = Path::udp(local, listener);
    let credentials = Credentials::new("alice", "wonderland").unwrap();
    let mut machine = TurnClient::new(TurnClientConfig::new(path, credentials), [4; 32]);
    machine.allocate(Instant::ZERO).unwrap();
    let mut relayed = None;
    loop {
        match machine.poll_output() {
            Output::Transmit(transmit) => client.send(path, 0, transmit.payload.to_vec()).await,
            Output::Event(TurnEvent::Allocated { relayed: address, .. }) => {
                relayed = Some(address);
                machine.create_permission(Instant::ZERO, &[to.ip()]).unwrap();
            }
            Output::Event(TurnEvent::PermissionInstalled { .. }) => break,
            Output::Event(other) => panic!("{other:?}"),
            _ => {
                let (_, bytes) = client.header().await;
                let _ = machine.handle_input(Instant::ZERO, Input::received(path, &bytes));
            }
        }
    }
    let packet = machine.send(Instant::ZERO, to, b"marked").unwrap().to_vec();
    client.send(path, 46, packet).await;
    let (meta, bytes) = peer.header().await;
    assert_eq!((meta.dscp, &bytes[..]), (46, &b"marked"[..]));
    peer.send(Path::udp(to, relayed.unwrap()), 10, b"back".to_vec()).await;
    assert_eq!(client.header().await.0.dscp, 10);
    server.stop().await;
}

/// A client that takes nothing of what peers send it costs a bounded backlog, and nobody else.
#[tokio::test]
async fn a_client_that_does_not_read_loses_its_own_datagrams_only() {
    let server = builder().start().await.unwrap();
    let peer = UdpSocket::bind("127.0.0.1:0").await.unwrap();
    let to = peer.local_addr().unwrap();
    let mut client = Client::connect(server.listeners()[0]).await;
    client.machine.allocate(Instant::ZERO).unwrap();
    client.event().await;
    client.machine.bind_channel(Instant::ZERO, to).unwrap();
    while !matches!(client.event().await, TurnEvent::ChannelBound { .. }) {}
    let packet = client.machine.send(Instant::ZERO, to, b"x").unwrap().to_vec();
    bounded(client.stream.write_all(&packet)).await.unwrap();
    let (_, relayed) = bounded(peer.recv_from(&mut [0; 64])).await.unwrap();
    for _ in 0..20_000 {
        peer.send_to(&[7; 1200], relayed).await.unwrap();
    }
    let target = target(Transport::Tcp, server.listeners()[0]);
    bounded(probe::query(&target, None, &Services::default())).await.unwrap();
    // what was kept is whole
    while client.data.len() < 100 {
        client.read().await;
    }
    assert!(client.data.iter().all(|data| data == &[7; 1200]));
    server.stop().await;
}

#[tokio::test]
async fn connections_that_say_nothing_or_half_a_message_are_ended() {
    let server = builder().start().await.unwrap();
    let address = server.listeners()[0];
    let mut silent = bounded(TcpStream::connect(address)).await.unwrap();
    let mut half = bounded(TcpStream::connect(address)).await.unwrap();
    bounded(half.write_all(b"\0\x01\0\x08\x21\x12\xa4\x42")).await.unwrap();
    let mut foreign = bounded(TcpStream::connect(address)).await.unwrap();
    bounded(foreign.write_all(b"SSH-2.0-client\r\n")).await.unwrap();
    let read = bounded(foreign.read(&mut [0; 8])).await;
    assert!(read.is_err() || read.is_ok_and(|n| n == 0), "closed at once");
    // they are all accepted by now: connections are taken in order
    let target = target(Transport::Tcp, address);
    bounded(probe::query(&target, None, &Services::default())).await.unwrap();
    tokio::time::pause();
    tokio::time::advance(Duration::from_secs(121)).await;
    for stream in [&mut silent, &mut half] {
        assert_eq!(stream.read(&mut [0; 8]).await.unwrap(), 0);
    }
    server.stop().await;
}

/// A client that asks what fits the path gets an allocation, and packets with DF (RFC 8656 §14).
#[tokio::test]
#[cfg(target_os = "linux")]
async fn what_is_not_to_be_fragmented_is_relayed() {
    use stun_proto::{
        Attempt, LongTermClient, Message, MessageBuilder, MessageType, Method, ResponseCheck,
        TransactionId,
        attribute::{Data, DontFragment, RequestedTransport, XorPeerAddress},
    };
    let server = builder().start().await.unwrap();
    let socket = UdpSocket::bind("127.0.0.1:0").await.unwrap();
    socket.connect(server.listeners()[0]).await.unwrap();
    let peer = UdpSocket::bind("127.0.0.1:0").await.unwrap();
    let to = peer.local_addr().unwrap();
    let mut login = LongTermClient::new(Credentials::new("alice", "wonderland").unwrap());
    let mut count = 0;
    for method in [Method::ALLOCATE, Method::CREATE_PERMISSION] {
        let mut attempt = Attempt::default();
        loop {
            count += 1;
            let (mut buffer, id) = ([0; 1000], TransactionId([count; 12]));
            let mut request = MessageBuilder::new(&mut buffer, MessageType::request(method), id);
            if method == Method::ALLOCATE {
                request.push(&RequestedTransport::UDP);
                request.push(&DontFragment);
            } else {
                request.push(&XorPeerAddress(to));
            }
            let (request, signed) = login.sign(request, attempt);
            socket.send(request.finish().unwrap()).await.unwrap();
            let mut answer = [0; 1000];
            let len = bounded(socket.recv(&mut answer)).await.unwrap();
            let answer = Message::parse(&answer[..len]).unwrap();
            match login.check(signed, &answer) {
                ResponseCheck::Retry(next) => attempt = next,
                ResponseCheck::Accept => break,
                other => panic!("{other:?}: {answer:?}"),
            }
        }
    }
    let mut buffer = [0; 1000];
    let kind = MessageType::indication(Method::SEND);
    let mut indication = MessageBuilder::new(&mut buffer, kind, TransactionId([99; 12]));
    indication.push(&XorPeerAddress(to));
    indication.push(&DontFragment);
    indication.push(&Data(b"whole"));
    socket.send(indication.finish().unwrap()).await.unwrap();
    let mut heard = [0; 64];
    let (len, _) = bounded(peer.recv_from(&mut heard)).await.unwrap();
    assert_eq!(&heard[..len], b"whole");
    server.stop().await;
}
