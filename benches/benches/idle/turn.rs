//! A TURN server whose clients are all logged in and silent.
use core::net::{Ipv4Addr, SocketAddr};
use sans_io::{Input, Instant, Machine, Output, Path, SocketIds, SocketRequest};
use stun_proto::Credentials;
use turn_proto::{
    PeerPolicy, RelayAddress, TurnClient, TurnClientConfig, TurnServer, TurnServerConfig, Users,
};

const NOW: Instant = Instant::from_secs(1_000);

/// A server at rest with so many allocations, each made by a client of ours.
pub(crate) fn server(allocations: u32) -> TurnServer {
    let listener = SocketAddr::from(([198, 51, 100, 1], 3478));
    let users = Users::new("turn").with("user", "password").expect("a user");
    let mut config = TurnServerConfig::new(users, PeerPolicy::global_only())
        .with_listener(listener)
        .with_relay(RelayAddress::new(listener.ip()));
    config.relay_ports = 1024..=65_535;
    config.max_allocations = allocations as usize;
    config.max_allocations_per_user = allocations as usize;
    let mut server = TurnServer::new(config, SocketIds::root(), [1; 32]).expect("a server");
    let login = Credentials::new("user", "password").expect("a login");
    for index in 0..allocations {
        // From everywhere, or the server would take them for one source that sends too much.
        let address = Ipv4Addr::from_bits(0x0b00_0000 + (index << 8) + 1);
        let path = Path::udp(SocketAddr::from((address, 40_000)), listener);
        let config = TurnClientConfig::new(path, login.clone());
        allocate(TurnClient::new(config, [2; 32]), &mut server);
    }
    assert_eq!(server.allocations(), allocations as usize);
    server
}

/// Carries packets between the two until the server has nothing to say.
fn allocate(mut client: TurnClient, server: &mut TurnServer) {
    client.allocate(NOW).expect("a request");
    loop {
        while let Some(output) = spoken(&mut client) {
            if let Output::Transmit(t) = output {
                let _ = server.handle_input(NOW, Input::received(t.path.reversed(), &t.payload));
            }
        }
        match server.poll_output() {
            Output::Timeout(_) => return,
            Output::Transmit(t) => {
                let _ = client.handle_input(NOW, Input::received(t.path.reversed(), &t.payload));
            }
            Output::Socket(SocketRequest::Bind { id, local }) => {
                let _ = server.handle_input(NOW, Input::Socket { id, state: Ok(local) });
            }
            Output::Socket(_) | Output::Lookup(_) | Output::Event(_) => {}
        }
    }
}

/// The next output that is more than a deadline.
fn spoken<M: Machine>(machine: &mut M) -> Option<Output<M::Event>> {
    match machine.poll_output() {
        Output::Timeout(_) => None,
        output => Some(output),
    }
}
