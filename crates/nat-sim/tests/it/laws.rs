//! The machine of this crate keeps the laws of the contract.
use bytes::Bytes;
use nat_sim::Peer;
use sans_io::{
    Instant, Path, Transmit,
    laws::{Rng, Subject, check},
};
use std::net::SocketAddr;

const LOCAL: ([u8; 4], u16) = ([192, 0, 2, 1], 7);
const REMOTES: [([u8; 4], u16); 3] =
    [([192, 0, 2, 2], 7), ([192, 0, 2, 2], 8), ([198, 51, 100, 1], 7)];

#[derive(Clone, Debug)]
enum Command {
    Send(usize, Option<u8>),
    Close,
}

struct Peers;

impl Subject for Peers {
    type Machine = Peer;
    type Command = Command;
    /// One output for each input or command, and the request for the socket.
    const DRAIN_MAX: usize = 10;
    const LATE_MAX: usize = 8;

    fn build(&self) -> Peer {
        Peer::at(LOCAL.into())
    }

    fn paths(&self) -> Vec<Path> {
        let local = [SocketAddr::from(LOCAL), ([192, 0, 2, 9], 9).into()];
        let to = |remote: ([u8; 4], u16)| local.map(|local| Path::udp(local, remote.into()));
        REMOTES.into_iter().flat_map(to).collect()
    }

    fn bytes(&self, rng: &mut Rng, _: &[Transmit]) -> Vec<u8> {
        match rng.below(4) {
            0 => Vec::new(),
            1 => b"?question".to_vec(),
            2 => b"!192.0.2.1:7 answer".to_vec(),
            _ => b"noise".to_vec(),
        }
    }

    fn command(&self, rng: &mut Rng) -> Command {
        let to = rng.below(3) as usize;
        match rng.below(20) {
            0 => Command::Close,
            1..10 => Command::Send(to, Some(3)),
            _ => Command::Send(to, None),
        }
    }

    fn run(&self, peer: &mut Peer, now: Instant, command: &Command) -> Result<String, String> {
        let bytes = Bytes::from("x");
        match *command {
            Command::Send(to, Some(ttl)) => peer.send_with_ttl(now, REMOTES[to].into(), ttl, bytes),
            Command::Send(to, None) => peer.send(now, REMOTES[to].into(), bytes),
            Command::Close => peer.close(now),
        }
        Ok(String::new())
    }
}

#[test]
fn a_peer_keeps_the_laws() {
    for seed in 0..300 {
        if let Err(violation) = check(&Peers, seed, 100) {
            panic!("{violation}");
        }
    }
}
