//! TCP through our server and to it, by our client, each with its driver (RFC 6062).
use crate::running::bounded;
use sans_io::{
    Frame, Input, Instant, Machine, Output, Path, SocketId, SocketRequest, Transport, Verdict,
};
use spool::{
    TurnService,
    driver::{Application, Context, Driver, Handle},
};
use std::{net::SocketAddr, num::NonZeroUsize};
use stun_proto::Credentials;
use tokio::{
    io::{AsyncReadExt, AsyncWriteExt},
    net::{TcpListener, TcpStream},
    sync::mpsc,
};
use turn_proto::{TurnClient, TurnClientConfig, TurnEvent};

/// A client that connects first, as one over TCP must.
struct Dialing {
    client: TurnClient,
    dial: Option<SocketRequest>,
}

const DIAL: SocketId = SocketId(1 << 40);

impl Machine for Dialing {
    type Event = TurnEvent;

    fn handle_input<'a>(&mut self, now: Instant, input: Input<'a>) -> Verdict<'a> {
        match input {
            Input::Socket { id: DIAL, state } => {
                state.unwrap();
                self.client.allocate(now).unwrap();
                Verdict::Consumed
            }
            input => self.client.handle_input(now, input),
        }
    }

    fn poll_output(&mut self) -> Output<TurnEvent> {
        let dial = self.dial.take().map(Output::Socket);
        dial.unwrap_or_else(|| self.client.poll_output())
    }

    fn frame(&self, path: &Path, buffer: &[u8]) -> Frame {
        self.client.frame(path, buffer)
    }
}

/// A client on a driver of its own.
struct Client {
    handle: Handle<Dialing, Ears>,
    events: mpsc::UnboundedReceiver<Heard>,
}

/// What there is to hear.
enum Heard {
    Event(TurnEvent),
    Data(Vec<u8>),
}

struct Ears(mpsc::UnboundedSender<Heard>);

impl Application<Dialing> for Ears {
    fn event(&mut self, _: &mut Context<'_, Dialing>, event: TurnEvent) {
        self.0.send(Heard::Event(event)).ok();
    }

    fn deliver(&mut self, _: Path, bytes: &[u8]) {
        self.0.send(Heard::Data(bytes.to_vec())).ok();
    }
}

/// A client of a server that is to be there, which has an allocation.
async fn client(server: SocketAddr) -> (Client, SocketAddr) {
    let (ears, events) = mpsc::unbounded_channel();
    // A free port, for the path must be known before.
    let free = std::net::TcpListener::bind("127.0.0.1:0").unwrap().local_addr().unwrap();
    let path = Path::new(Transport::Tcp, free, server);
    let login = Credentials::new("alice", "wonderland").unwrap();
    let client = TurnClient::new(TurnClientConfig::new(path, login).with_tcp_relay(), [4; 32]);
    let (id, transport, server_name) = (DIAL, Transport::Tcp, None);
    let (local, remote) = (Some(free), server);
    let dial = Some(SocketRequest::Connect { id, transport, local, remote, server_name });
    let (driver, handle) = Driver::new(Dialing { client, dial }, Ears(ears));
    tokio::spawn(driver.run());
    let mut client = Client { handle, events };
    let TurnEvent::Allocated { relayed, .. } = client.event().await else { panic!("none") };
    (client, relayed)
}

impl Client {
    async fn with(&self, command: impl FnOnce(&mut TurnClient, Instant) + Send + 'static) {
        let run = self.handle.call(|cx, _| command(&mut cx.machine.client, cx.now));
        bounded(run).await.unwrap();
    }

    async fn event(&mut self) -> TurnEvent {
        loop {
            match bounded(self.events.recv()).await.unwrap() {
                Heard::Event(event) => return event,
                Heard::Data(..) => {}
            }
        }
    }

    async fn data(&mut self, len: usize) -> Vec<u8> {
        let mut all = Vec::new();
        while all.len() < len {
            if let Heard::Data(bytes) = bounded(self.events.recv()).await.unwrap() {
                all.extend(bytes);
            }
        }
        all
    }
}

fn builder() -> spool::TurnServiceBuilder {
    TurnService::builder()
        .listen("127.0.0.1:0".parse().unwrap())
        .relay("127.0.0.1".parse().unwrap())
        .user("alice", "wonderland")
        .allow_peer("127.0.0.0/8".parse().unwrap())
        .allow_peer("127.0.0.1/32".parse().unwrap())
        .tcp_relay()
}

/// More than any buffer on the way holds.
const LONG: usize = 8 << 20;

fn bytes(seed: u8) -> Vec<u8> {
    (0..LONG).map(|at| (at as u8).wrapping_mul(29).wrapping_add(seed)).collect()
}

async fn send(client: &Client, peer: SocketAddr, data: &'static [u8]) {
    let sent = client.handle.call(move |cx, _| {
        let packet = cx.machine.client.send(cx.now, peer, data).unwrap();
        cx.send(&packet);
    });
    bounded(sent).await.unwrap();
}

#[tokio::test]
async fn client_reaches_a_peer_and_both_speak() {
    let server = builder().start().await.unwrap();
    let (mut client, relayed) = client(server.listeners()[0]).await;
    let peer = TcpListener::bind("127.0.0.1:0").await.unwrap();
    let to = peer.local_addr().unwrap();
    client.with(move |client, now| client.connect(now, to).unwrap()).await;
    let (mut stream, from) = bounded(peer.accept()).await.unwrap();
    assert_eq!(from, relayed, "from the relayed address itself");
    // It speaks before the client has come, and waits.
    let data = bytes(3);
    let (mut read, mut write) = stream.split();
    let writing = async { write.write_all(&data).await.unwrap() };
    let hearing = async {
        assert_eq!(client.event().await, TurnEvent::Connected { peer: to });
        assert!(client.data(LONG).await == data);
        send(&client, to, b"hello").await;
        let mut heard = [0; 5];
        bounded(read.read_exact(&mut heard)).await.unwrap();
        assert_eq!(&heard, b"hello");
    };
    tokio::join!(writing, hearing);
    client.with(move |client, now| client.disconnect_peer(now, to)).await;
    assert_eq!(bounded(stream.read(&mut [0; 8])).await.unwrap(), 0, "the end of it");
    server.stop().await;
}

#[tokio::test]
async fn peer_reaches_a_client_that_lets_it() {
    let server = builder().start().await.unwrap();
    let (mut client, relayed) = client(server.listeners()[0]).await;
    let stranger = bounded(TcpStream::connect(relayed)).await.unwrap();
    let ended =
        bounded(async { (stranger.readable().await, stranger.try_read(&mut [0; 8])) }).await;
    assert!(matches!(ended.1, Ok(0) | Err(_)), "closed at once, without a permission");
    let allow = |client: &mut TurnClient, now| {
        client.create_permission(now, &["127.0.0.1".parse().unwrap()]).unwrap();
    };
    client.with(allow).await;
    assert!(matches!(client.event().await, TurnEvent::PermissionInstalled { .. }));
    let mut peer = bounded(TcpStream::connect(relayed)).await.unwrap();
    let at = peer.local_addr().unwrap();
    let TurnEvent::ConnectionAttempted { attempt } = client.event().await else { panic!("none") };
    assert_eq!(attempt.peer, at);
    bounded(peer.write_all(b"early")).await.unwrap();
    client.with(move |client, now| client.accept(now, attempt).unwrap()).await;
    assert_eq!(client.event().await, TurnEvent::Connected { peer: at });
    assert_eq!(client.data(5).await, b"early");
    send(&client, at, b"back").await;
    let mut heard = [0; 4];
    bounded(peer.read_exact(&mut heard)).await.unwrap();
    assert_eq!(&heard, b"back");
    drop(peer);
    assert_eq!(client.event().await, TurnEvent::ConnectionEnded { peer: at });
    server.stop().await;
}

/// So many connections for data meet all cores, if more than one has any.
#[cfg(any(target_os = "linux", target_os = "android"))]
#[tokio::test]
async fn a_connection_for_data_finds_its_allocation_on_several_cores() {
    let cores = NonZeroUsize::new(3).unwrap();
    let server = builder().cores(cores).start().await.unwrap();
    let (mut client, relayed) = client(server.listeners()[0]).await;
    let peer = TcpListener::bind("127.0.0.1:0").await.unwrap();
    let to = peer.local_addr().unwrap();
    for _ in 0..16 {
        client.with(move |client, now| client.connect(now, to).unwrap()).await;
        let (mut stream, from) = bounded(peer.accept()).await.unwrap();
        assert_eq!(from, relayed);
        assert_eq!(client.event().await, TurnEvent::Connected { peer: to });
        send(&client, to, b"hello").await;
        let mut heard = [0; 5];
        bounded(stream.read_exact(&mut heard)).await.unwrap();
        // the next connection has the same addresses
        client.with(move |client, now| client.disconnect_peer(now, to)).await;
        assert_eq!(bounded(stream.read(&mut heard)).await.unwrap(), 0);
    }
    server.stop().await;
}
