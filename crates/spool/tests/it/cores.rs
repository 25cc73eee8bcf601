//! A server on several cores is one server to its clients. Only Linux divides what arrives at a port.
use crate::{authority::Authority, driver::no_ipv6, running::bounded};
use sans_io::{Input, Instant, Machine, Output, Path, Transport};
use spool::{
    Accounts, InheritedSockets, ServeError, TurnService, TurnServiceBuilder,
    probe::{self, Credentials},
};
use std::{net::SocketAddr, num::NonZeroUsize};
use tokio::net::UdpSocket;
use turn_proto::{TurnClient, TurnClientConfig, TurnEvent, TurnFault};

const CORES: NonZeroUsize = NonZeroUsize::new(3).unwrap();

/// So many clients from different ports meet all cores: one in a million times they do not.
const CLIENTS: usize = 36;

fn builder() -> TurnServiceBuilder {
    TurnService::builder()
        .listen("127.0.0.1:0".parse().unwrap())
        .relay("127.0.0.1".parse().unwrap())
        .user("alice", "wonderland")
        .allow_peer("127.0.0.0/8".parse().unwrap())
        .cores(CORES)
}

struct Client {
    machine: TurnClient,
    socket: UdpSocket,
    path: Path,
}

impl Client {
    async fn new(server: SocketAddr) -> Self {
        let socket = UdpSocket::bind("127.0.0.1:0").await.unwrap();
        let path = Path::udp(socket.local_addr().unwrap(), server);
        let credentials = Credentials::new("alice", "wonderland").unwrap();
        let seed = [path.local().port() as u8; 32];
        let machine = TurnClient::new(TurnClientConfig::new(path, credentials), seed);
        Self { machine, socket, path }
    }

    async fn allocate(&mut self) -> Result<SocketAddr, TurnFault> {
        self.machine.allocate(Instant::ZERO).unwrap();
        match self.event().await {
            TurnEvent::Allocated { relayed, .. } => Ok(relayed),
            TurnEvent::Failed { fault } => Err(fault),
            other => panic!("{other:?}"),
        }
    }

    async fn event(&mut self) -> TurnEvent {
        loop {
            match self.machine.poll_output() {
                Output::Transmit(transmit) => {
                    bounded(self.socket.send_to(&transmit.payload, self.path.remote()))
                        .await
                        .unwrap();
                }
                Output::Event(event) => return event,
                _ => {
                    let bytes = self.receive().await;
                    let input = Input::received(self.path, &bytes);
                    let _ = self.machine.handle_input(Instant::ZERO, input);
                }
            }
        }
    }

    async fn receive(&self) -> Vec<u8> {
        let mut buffer = [0; 2048];
        let (len, _) = bounded(self.socket.recv_from(&mut buffer)).await.unwrap();
        buffer[..len].to_vec()
    }

    async fn permit(&mut self, peer: SocketAddr) {
        self.machine.create_permission(Instant::ZERO, &[peer.ip()]).unwrap();
        let event = self.event().await;
        assert!(matches!(event, TurnEvent::PermissionInstalled { .. }), "{event:?}");
    }
}

async fn clients(server: &TurnService) -> Vec<Client> {
    let mut clients = Vec::new();
    for _ in 0..CLIENTS {
        clients.push(Client::new(server.listeners()[0]).await);
    }
    clients
}

#[tokio::test]
async fn a_quota_is_that_of_all_cores_and_so_is_the_end() {
    let server = builder().max_allocations_per_user(CLIENTS - 2).start().await.unwrap();
    let mut clients = clients(&server).await;
    for client in &mut clients[..CLIENTS - 2] {
        client.allocate().await.unwrap();
    }
    for client in &mut clients[CLIENTS - 2..] {
        assert_eq!(client.allocate().await, Err(TurnFault::QuotaReached));
    }
    let control = server.control();
    let now = bounded(control.snapshot()).await.unwrap();
    assert_eq!((now.allocations, now.draining), (CLIENTS - 2, false));
    bounded(control.set_accounts(&Accounts::new().password("alice", "glass"))).await.unwrap();
    bounded(control.drain()).await.unwrap();
    assert!(bounded(control.snapshot()).await.unwrap().draining);
    for client in &mut clients[..CLIENTS - 2] {
        // the old password is good with none of them
        client.machine.refresh(Instant::ZERO).unwrap();
        let event = client.event().await;
        assert!(matches!(event, TurnEvent::Lost { .. }), "{event:?}");
    }
    let address = server.listeners()[0];
    bounded(server.stop()).await;
    std::net::UdpSocket::bind(address).expect("all of its sockets are closed");
}

/// Each of them stays with the core that the system gave it to, whichever that is.
#[tokio::test]
async fn clients_reach_each_other_through_whichever_cores() {
    let server = builder().start().await.unwrap();
    let mut clients = clients(&server).await;
    let mut relayed = Vec::new();
    for client in &mut clients {
        let address = client.allocate().await.unwrap();
        client.permit(address).await; // it is all of theirs
        relayed.push(address);
    }
    for index in 0..CLIENTS {
        let next = (index + 1) % CLIENTS;
        let message = [index as u8; 5];
        let packet = clients[index].machine.send(Instant::ZERO, relayed[next], &message).unwrap();
        let (bytes, to) = (packet.to_vec(), packet.path.remote());
        bounded(clients[index].socket.send_to(&bytes, to)).await.unwrap();
        let got = clients[next].receive().await;
        assert!(got.windows(5).any(|window| window == message), "{index}: {got:?}");
    }
    bounded(server.stop()).await;
}

#[tokio::test]
async fn every_core_takes_connections() {
    let authority = Authority::new();
    let identity = authority.identity("localhost");
    let server = builder().listen_tls("127.0.0.1:0".parse().unwrap(), identity);
    let server = server.start().await.unwrap();
    let services = authority.services();
    let targets =
        [(Transport::Tcp, server.listeners()[0]), (Transport::Tls, server.tls_listeners()[0])];
    for (transport, address) in targets {
        for _ in 0..CLIENTS / 2 {
            let server_name = (transport == Transport::Tls).then(|| "localhost".into());
            let target = probe::ResolvedServer { transport, address, server_name };
            let binding = bounded(probe::query(&target, None, &services)).await.unwrap();
            assert_eq!(binding.mapped, binding.path.local());
        }
    }
    bounded(server.stop()).await;
}

#[tokio::test]
async fn a_port_that_another_server_has_is_not_shared_with_it() {
    for address in ["127.0.0.1:0", "[::1]:0"] {
        if address.starts_with('[') && no_ipv6().is_some() {
            println!("not tried with IPv6, which there is none of here");
            continue;
        }
        let builder = || TurnService::builder().user("alice", "wonderland").cores(CORES);
        let server = builder().listen(address.parse().unwrap()).start().await.unwrap();
        let taken = server.listeners()[0];
        let refused = builder().listen(taken).start().await.unwrap_err();
        assert!(
            matches!(&refused, ServeError::Listen { source, .. }
                if source.kind() == std::io::ErrorKind::AddrInUse),
            "{refused}"
        );
        bounded(server.stop()).await;
    }
}

/// Only its own core knows an allocation.
#[tokio::test]
async fn what_takes_one_core_is_refused_on_several() {
    let refused = builder().mobility().start().await.unwrap_err();
    assert!(matches!(refused, ServeError::OneCore("mobility")), "{refused}");
    let mut sockets = InheritedSockets::default();
    let (socket, listener) = a_port_of_both();
    let address = socket.local_addr().unwrap();
    sockets.add_udp(socket).unwrap();
    sockets.add_tcp(listener).unwrap();
    let inherited = || builder().listen(address).inherited(sockets.clone());
    let refused = inherited().start().await.unwrap_err();
    assert!(matches!(refused, ServeError::OneCore(_)), "{refused}");
    let one = inherited().cores(NonZeroUsize::MIN).mobility().start().await.unwrap();
    assert!(one.listeners().contains(&address));
    bounded(one.stop()).await;
}

/// A port that is ours over UDP and over TCP, so that nobody else can have either meanwhile.
fn a_port_of_both() -> (std::net::UdpSocket, std::net::TcpListener) {
    let both = || {
        let listener = std::net::TcpListener::bind("127.0.0.1:0").ok()?;
        let socket = std::net::UdpSocket::bind(listener.local_addr().ok()?).ok()?;
        Some((socket, listener))
    };
    (0..100).find_map(|_| both()).expect("a port")
}
