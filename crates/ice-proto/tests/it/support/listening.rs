//! A TURN server that is reached over TCP in a simulated network.
use core::net::SocketAddr;
use ice_proto::{RelayServer, RelayTransport};
use nat_sim::{Host, HostId, World};
use sans_io::{
    Frame, Input, Instant, Machine, Output, Path, SocketId, SocketIds, SocketRequest, Verdict,
};
use turn_proto::{PeerPolicy, RelayAddress, TurnServer, TurnServerConfig, TurnServerEvent, Users};

/// The number of the listener, which the server itself gives to nothing.
const LISTENER: SocketId = SocketId(u64::MAX);

/// The server, and a listener for it.
pub(crate) struct Listening {
    server: TurnServer,
    wanted: Option<SocketAddr>,
}

impl Machine for Listening {
    type Event = TurnServerEvent;

    fn handle_input<'a>(&mut self, now: Instant, input: Input<'a>) -> Verdict<'a> {
        match input {
            Input::Socket { id: LISTENER, .. } => Verdict::Consumed,
            input => self.server.handle_input(now, input),
        }
    }

    fn poll_output(&mut self) -> Output<TurnServerEvent> {
        match self.wanted.take() {
            Some(local) => Output::Socket(SocketRequest::Listen { id: LISTENER, local }),
            None => self.server.poll_output(),
        }
    }

    fn frame(&self, path: &Path, buffer: &[u8]) -> Frame {
        self.server.frame(path, buffer)
    }
}

/// A host on the internet with a TURN server that only listens for TCP.
pub(crate) fn add_tcp_turn_server(world: &mut World) -> (HostId, RelayServer) {
    let host = world.add_host(Host::on_internet().named("turn")).unwrap();
    let ip = world.address(host);
    let address = SocketAddr::new(ip, 443);
    let users = Users::new("sim").with("user", "secret").unwrap();
    let policy = ["203.0.113.0/24", "198.51.100.0/24", "192.0.2.0/24"]
        .iter()
        .fold(PeerPolicy::global_only(), |policy, net| policy.allow(net.parse().unwrap()));
    let config = TurnServerConfig::new(users, policy)
        .with_listener(address)
        .with_relay(RelayAddress::new(ip));
    let server = TurnServer::new(config, SocketIds::root(), [98; 32]).unwrap();
    world.install(host, Listening { server, wanted: Some(address) });
    let (username, password) = ("user".into(), "secret".into());
    (host, RelayServer { address, transport: RelayTransport::Tcp, username, password })
}
