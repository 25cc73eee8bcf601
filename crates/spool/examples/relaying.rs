//! What a TURN server relays besides plain datagrams of one family: both families at once, datagrams
//! that stay whole, a pair of ports, and TCP.
//!
//! ```text
//! cargo run -p spool --example relaying -- 198.51.100.1:3478 USER PASSWORD
//! ```
//!
//! The peers are this program itself, at the address that it sends to the server from: a server that
//! lets nobody reach such an address says so.
#![expect(clippy::print_stdout, reason = "an example that is run to be read")]

use sans_io::{
    Frame, Input, Instant, Machine, Output, Path, SocketId, SocketRequest, Transport, Verdict,
};
use spool::driver::{Application, Context, Driver, Handle, Sockets};
use std::{error::Error, net::SocketAddr, time::Duration};
use stun_proto::{Credentials, attribute::AddressFamily};
use tokio::{
    io::{AsyncReadExt, AsyncWriteExt},
    net::{TcpListener, TcpSocket, TcpStream, UdpSocket},
    sync::mpsc,
};
use turn_proto::{RelayedPort, TurnClient, TurnClientConfig, TurnEvent};

type Outcome<T> = Result<T, Box<dyn Error>>;

/// How long anything may take.
const PATIENCE: Duration = Duration::from_secs(10);

/// The number of the connection to the server, where that is TCP.
const DIAL: SocketId = SocketId(1 << 40);

/// A client that connects to its server first, where it must.
struct Dialing {
    client: TurnClient,
    dial: Option<SocketRequest>,
}

impl Machine for Dialing {
    type Event = TurnEvent;

    fn handle_input<'a>(&mut self, now: Instant, input: Input<'a>) -> Verdict<'a> {
        if let Input::Socket { id: DIAL, state: Ok(_) } = input {
            // It is new, and has not been asked for anything yet.
            let _ = self.client.allocate(now);
            return Verdict::Consumed;
        }
        self.client.handle_input(now, input)
    }

    fn poll_output(&mut self) -> Output<TurnEvent> {
        let dial = self.dial.take().map(Output::Socket);
        dial.unwrap_or_else(|| self.client.poll_output())
    }

    fn frame(&self, path: &Path, buffer: &[u8]) -> Frame {
        self.client.frame(path, buffer)
    }
}

/// What the client says, and what comes for it.
struct Ears(mpsc::UnboundedSender<Heard>);

enum Heard {
    Event(TurnEvent),
    Data(Vec<u8>),
}

impl Application<Dialing> for Ears {
    fn event(&mut self, _: &mut Context<'_, Dialing>, event: TurnEvent) {
        println!("  {event:?}");
        self.0.send(Heard::Event(event)).ok();
    }

    fn deliver(&mut self, _: Path, bytes: &[u8]) {
        self.0.send(Heard::Data(bytes.to_vec())).ok();
    }
}

/// A client on a driver of its own.
struct Client {
    handle: Handle<Dialing, Ears>,
    heard: mpsc::UnboundedReceiver<Heard>,
}

impl Client {
    /// A client with an allocation, and how that was told.
    async fn start(
        transport: Transport,
        server: SocketAddr,
        login: &Credentials,
        config: impl FnOnce(TurnClientConfig) -> TurnClientConfig,
    ) -> Outcome<(Self, TurnEvent)> {
        let mut sockets = Sockets::default();
        let here = local(server)?;
        let dials = transport != Transport::Udp;
        // Over TCP a port that is free a moment later, for the path must be known before.
        let local = if dials {
            std::net::TcpListener::bind(here)?.local_addr()?
        } else {
            sockets.bind(SocketId(0), here)?
        };
        let path = Path::new(transport, local, server);
        let config = config(TurnClientConfig::new(path, login.clone()));
        let mut seed = [0; 32];
        getrandom::fill(&mut seed).map_err(|error| error.to_string())?;
        let client = TurnClient::new(config, seed);
        let (id, server_name) = (DIAL, None);
        let (local, remote) = (Some(local), server);
        let connect = SocketRequest::Connect { id, transport, local, remote, server_name };
        let machine = Dialing { client, dial: dials.then_some(connect) };
        let (ears, heard) = mpsc::unbounded_channel();
        let (driver, handle) = Driver::with_sockets(machine, Ears(ears), sockets);
        tokio::spawn(driver.run());
        let mut client = Self { handle, heard };
        if !dials {
            client.with(TurnClient::allocate).await??;
        }
        let event = client.event().await?;
        Ok((client, event))
    }

    async fn with<R: Send + 'static>(
        &self,
        command: impl FnOnce(&mut TurnClient, Instant) -> R + Send + 'static,
    ) -> Outcome<R> {
        Ok(self.handle.call(|cx, _| command(&mut cx.machine.client, cx.now)).await?)
    }

    async fn event(&mut self) -> Outcome<TurnEvent> {
        loop {
            match tokio::time::timeout(PATIENCE, self.heard.recv()).await? {
                Some(Heard::Event(event)) => return Ok(event),
                Some(Heard::Data(_)) => {}
                None => return Err("the driver ended".into()),
            }
        }
    }

    async fn data(&mut self) -> Outcome<Vec<u8>> {
        loop {
            match tokio::time::timeout(PATIENCE, self.heard.recv()).await? {
                Some(Heard::Data(bytes)) => return Ok(bytes),
                Some(Heard::Event(_)) => {}
                None => return Err("the driver ended".into()),
            }
        }
    }

    async fn send(&self, peer: SocketAddr, data: &'static [u8]) -> Outcome<()> {
        let sent = self.handle.call(move |cx, _| {
            let packet = cx.machine.client.send(cx.now, peer, data)?;
            cx.send(&packet);
            Ok::<_, turn_proto::SendError>(())
        });
        Ok(sent.await??)
    }

    async fn close(mut self) -> Outcome<()> {
        self.with(TurnClient::close).await?;
        while self.event().await? != TurnEvent::Closed {}
        Ok(())
    }
}

/// The address that the system sends to the server from, and any port.
fn local(server: SocketAddr) -> Outcome<SocketAddr> {
    let any: SocketAddr = if server.is_ipv4() { "0.0.0.0:0" } else { "[::]:0" }.parse()?;
    let socket = std::net::UdpSocket::bind(any)?;
    socket.connect(server)?;
    Ok(SocketAddr::new(socket.local_addr()?.ip(), 0))
}

/// Both families in one allocation, and datagrams that stay whole where the server can.
async fn both_families(server: SocketAddr, login: &Credentials) -> Outcome<()> {
    println!("both families:");
    let config = |config: TurnClientConfig| config.with_both_families().with_dont_fragment();
    let (mut client, event) = Client::start(Transport::Udp, server, login, config).await?;
    let TurnEvent::Allocated { relayed, additional, .. } = event else {
        return Err(format!("{event:?}").into());
    };
    println!("  relayed: {relayed} and {additional:?}");
    let peer = UdpSocket::bind(local(server)?).await?;
    let at = peer.local_addr()?;
    client.with(move |client, now| client.create_permission(now, &[at.ip()])).await??;
    let TurnEvent::PermissionInstalled { .. } = client.event().await? else {
        return Err("the server does not let us reach ourselves".into());
    };
    client.send(at, b"there").await?;
    let mut buffer = [0; 64];
    let (len, from) = tokio::time::timeout(PATIENCE, peer.recv_from(&mut buffer)).await??;
    peer.send_to(&buffer[..len], from).await?;
    if client.data().await? != b"there" {
        return Err("something else came back".into());
    }
    client.close().await
}

/// An even port, and the next one for another client.
async fn pair_of_ports(server: SocketAddr, login: &Credentials) -> Outcome<()> {
    println!("a pair of ports:");
    let even = |config: TurnClientConfig| {
        config.with_family(AddressFamily::V4).with_port(RelayedPort::EvenWithNext)
    };
    let (first, event) = Client::start(Transport::Udp, server, login, even).await?;
    let TurnEvent::Allocated { relayed, reserved: Some(token), .. } = event else {
        return Err(format!("no token: {event:?}").into());
    };
    let next = |config: TurnClientConfig| config.with_port(RelayedPort::Reserved(token));
    let (second, event) = Client::start(Transport::Udp, server, login, next).await?;
    let TurnEvent::Allocated { relayed: other, .. } = event else {
        return Err(format!("{event:?}").into());
    };
    if other != SocketAddr::new(relayed.ip(), relayed.port() + 1) {
        return Err(format!("{other} is not next to {relayed}").into());
    }
    first.close().await?;
    second.close().await
}

/// TCP to a peer, and from one.
async fn relayed_tcp(server: SocketAddr, login: &Credentials) -> Outcome<()> {
    println!("TCP:");
    let config = TurnClientConfig::with_tcp_relay;
    let (mut client, event) = Client::start(Transport::Tcp, server, login, config).await?;
    let TurnEvent::Allocated { relayed, .. } = event else {
        return Err(format!("{event:?}").into());
    };
    let listener = TcpListener::bind(local(server)?).await?;
    let at = listener.local_addr()?;
    client.with(move |client, now| client.create_permission(now, &[at.ip()])).await??;
    client.event().await?;
    client.with(move |client, now| client.connect(now, at)).await??;
    let (stream, _) = tokio::time::timeout(PATIENCE, listener.accept()).await??;
    echo(&mut client, stream, at).await?;

    // From the address that the permission is for, whatever the way there.
    let here = local(server)?;
    let socket = if here.is_ipv4() { TcpSocket::new_v4()? } else { TcpSocket::new_v6()? };
    socket.bind(here)?;
    let stream = socket.connect(relayed).await?;
    let TurnEvent::ConnectionAttempted { attempt } = client.event().await? else {
        return Err("the server does not tell of the peer".into());
    };
    client.with(move |client, now| client.accept(now, attempt)).await??;
    echo(&mut client, stream, attempt.peer).await?;
    client.close().await
}

/// Has the peer say back what it is told, and end the connection.
async fn echo(client: &mut Client, mut stream: TcpStream, peer: SocketAddr) -> Outcome<()> {
    let connected = client.event().await?;
    if connected != (TurnEvent::Connected { peer }) {
        return Err(format!("{connected:?}").into());
    }
    client.send(peer, b"there").await?;
    let mut heard = [0; 5];
    tokio::time::timeout(PATIENCE, stream.read_exact(&mut heard)).await??;
    stream.write_all(&heard).await?;
    if client.data().await? != b"there" {
        return Err("something else came back".into());
    }
    drop(stream);
    let ended = client.event().await?;
    if ended == (TurnEvent::ConnectionEnded { peer }) {
        Ok(())
    } else {
        Err(format!("{ended:?}").into())
    }
}

#[tokio::main(flavor = "current_thread")]
async fn main() -> Outcome<()> {
    let words: Vec<String> = std::env::args().skip(1).collect();
    let [server, user, password] = &words[..] else {
        return Err("relaying SERVER:PORT USER PASSWORD".into());
    };
    let server = server.parse()?;
    let login = Credentials::new(user, password)?;
    both_families(server, &login).await?;
    pair_of_ports(server, &login).await?;
    relayed_tcp(server, &login).await?;
    println!("all is well");
    Ok(())
}
