//! Every example does what it says.
use sans_io_std::Happening;
use std::{
    fs,
    net::UdpSocket,
    path::Path,
    thread,
    time::{Duration, SystemTime, UNIX_EPOCH},
};
use stun_proto::{Credentials, turn_rest};
use turn_proto::{PeerPolicy, TurnServerEvent};

#[path = "../../examples/one_port.rs"]
mod one_port;
#[path = "../../examples/restart.rs"]
mod restart;
#[path = "../../examples/smol.rs"]
mod smol;
#[expect(dead_code, reason = "its `main` needs arguments")]
#[path = "../../examples/stun_client.rs"]
mod stun_client;
#[expect(dead_code, reason = "its `main` needs arguments")]
#[path = "../../examples/turn_client.rs"]
mod turn_client;
#[expect(dead_code, reason = "its `main` needs arguments")]
#[path = "../../examples/turn_server.rs"]
mod turn_server;
#[path = "../../examples/two_agents.rs"]
mod two_agents;

#[test]
fn two_agents_on_plain_threads_say_hello() {
    two_agents::main().expect("both connect");
}

#[test]
fn a_server_with_one_port_serves_twelve_clients() {
    one_port::main().expect("all are served");
}

#[test]
fn agents_that_restart_move_to_another_port_and_lose_nothing() {
    restart::main().expect("both move");
}

#[test]
fn two_agents_under_smol_say_hello() {
    smol::main().expect("both connect");
}

#[test]
fn the_turn_server_answers_the_stun_client_and_relays_for_the_turn_client() {
    let secret = b"a secret of two programs";
    let listen = UdpSocket::bind("127.0.0.1:0").and_then(|free| free.local_addr()).expect("a port");
    let peers = PeerPolicy::global_only().allow("127.0.0.0/8".parse().expect("a network"));
    let mut server = turn_server::start(listen, secret, peers).expect("it starts");
    let serving = thread::spawn(move || {
        loop {
            let happening = server.wait(Duration::from_secs(30)).expect("an allocation ends");
            if let Happening::Event(TurnServerEvent::AllocationEnded { traffic, .. }) = happening {
                return traffic;
            }
        }
    });
    let seen = stun_client::ask(listen).expect("it answers");
    assert!(seen.ip().is_loopback());

    let soon =
        SystemTime::now().duration_since(UNIX_EPOCH).expect("after 1970") + Duration::from_secs(60);
    let user = format!("{}:someone", soon.as_secs());
    let login = Credentials::new(&user, &turn_rest::password(secret, &user)).expect("good text");
    let (mut client, relayed) = turn_client::allocate(listen, login).expect("an allocation");
    let peer = UdpSocket::bind("127.0.0.1:0").expect("a socket");
    peer.set_read_timeout(Some(Duration::from_secs(30))).expect("a time");
    let peer_address = peer.local_addr().expect("an address");
    let echoing = thread::spawn(move || {
        turn_client::echo(&mut client, peer_address).expect("something comes");
        client.call(turn_proto::TurnClient::close);
        while client.wait(Duration::from_secs(5)).is_some() {}
    });
    // The permission may not be there yet for the first.
    let mut buffer = [0; 16];
    peer.set_read_timeout(Some(Duration::from_millis(200))).expect("a time");
    let echoed = (0..150).find_map(|_| {
        peer.send_to(b"ping", relayed).expect("sent");
        peer.recv_from(&mut buffer).ok()
    });
    let (len, from) = echoed.expect("an echo");
    assert_eq!((&buffer[..len], from), (&b"ping"[..], relayed));
    echoing.join().expect("the client");
    let traffic = serving.join().expect("the server");
    assert!(traffic.to_peers.bytes >= 4 && traffic.to_client.bytes >= 4, "{traffic:?}");
}

#[test]
fn the_table_of_programs_says_how_long_they_are() {
    let here = Path::new(env!("CARGO_MANIFEST_DIR"));
    let readme = fs::read_to_string(here.join("README.md")).expect("a README");
    let mut programs = 0;
    for row in readme.lines().filter(|line| line.contains("](")) {
        let (before, rest) = row.split_once("](").expect("a link");
        let (path, rest) = rest.split_once(')').expect("its end");
        let program =
            fs::read_to_string(here.join(path)).unwrap_or_else(|error| panic!("{path}: {error}"));
        assert!(
            before.ends_with(&format!("[`{}`", path.rsplit('/').next().unwrap_or(path))),
            "{row}"
        );
        assert_eq!(rest, format!(" | {} |", program.lines().count()), "{row}");
        programs += 1;
    }
    assert_eq!(programs, 15);
}
