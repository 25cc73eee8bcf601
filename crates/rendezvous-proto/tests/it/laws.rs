//! The laws of sans-io.
use rendezvous_proto::{Closing, Config, Rendezvous, ToServer};
use sans_io::{
    Instant, Machine, Path, Transmit, Transport,
    laws::{Flood, Rng, Subject, check, cuts},
};

struct Server;

/// What a client may say: mostly sense.
fn message(rng: &mut Rng) -> Vec<u8> {
    let body = vec![7; rng.below(300) as usize];
    match rng.below(8) {
        0 => ToServer::Open.encode(),
        1 | 2 => ToServer::Claim(1 + rng.below(8) as u32).encode(),
        3 => ToServer::Meet([rng.below(3) as u8; 16]).encode(),
        4 | 5 => ToServer::Put(&body).encode(),
        6 => ToServer::Close(Closing::WrongSecret).encode(),
        _ => (0..rng.below(9)).map(|_| rng.bits() as u8).collect(),
    }
}

impl Subject for Server {
    type Machine = Rendezvous;
    type Command = ();
    const DRAIN_MAX: usize = 320;
    const LATE_MAX: usize = 8;

    fn build(&self) -> Rendezvous {
        let mut config = Config::default();
        config.mailboxes_max = 4;
        config.connections_max = 5;
        config.messages_max = 5;
        config.held_max = 600;
        Rendezvous::new(config, [1; 32])
    }

    fn paths(&self) -> Vec<Path> {
        let local = ([192, 0, 2, 1], 443).into();
        let path = |number| Path::new(Transport::Tls, local, ([198, 51, 100, number], 5000).into());
        let mut paths: Vec<Path> = (1..8).map(path).collect();
        paths.push(Path::udp(local, ([198, 51, 100, 9], 1).into()));
        paths
    }

    fn bytes(&self, rng: &mut Rng, _: &[Transmit]) -> Vec<u8> {
        message(rng)
    }

    fn command(&self, _: &mut Rng) {}

    /// There are no commands; the time that passes is all there is to them.
    fn run(&self, machine: &mut Rendezvous, now: Instant, (): &()) -> Result<String, String> {
        machine.handle_timeout(now);
        Ok(String::new())
    }
}

#[test]
fn the_server_keeps_the_laws() {
    for seed in 0..200 {
        check(&Server, seed, 150).unwrap();
    }
}

#[test]
fn where_a_stream_is_cut_makes_no_difference() {
    let path = Server.paths()[0];
    let messages = [
        ToServer::Open.encode(),
        ToServer::Put(&[7; 300]).encode(),
        ToServer::Put(b"").encode(),
        ToServer::Close(Closing::Left).encode(),
    ];
    for seed in 0..50 {
        cuts(&Server, path, &messages.concat(), seed).unwrap();
    }
}

#[test]
fn the_server_stays_within_its_bounds() {
    let mut flood = Flood::new(&Server);
    flood.run(2_000);
    let more = allocation_counter::measure(|| flood.run(6_000)).bytes_current;
    assert!(more < 8_192, "{more} bytes more");
}
