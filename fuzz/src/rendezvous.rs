//! The rendezvous: two ends a mailbox and no third, what one puts only the other gets, and all of it
//! within its bounds.
use crate::{
    drive::{Heard, Subject, drive},
    script::Script,
};
use rendezvous_proto::{Closing, Config, Rendezvous, ToClient, ToServer};
use sans_io::{Instant, Path, Transport};
use std::net::SocketAddr;

const MAILBOXES_MAX: usize = 3;
const CONNECTIONS_MAX: usize = 6;

struct Server(Rendezvous);

impl Subject for Server {
    type Machine = Rendezvous;
    const DRAIN_MAX: usize = 320;
    const LATE_MAX: usize = 4;

    fn machine(&mut self) -> &mut Rendezvous {
        &mut self.0
    }

    fn paths(&self) -> Vec<Path> {
        let local = SocketAddr::from(([192, 0, 2, 1], 443));
        let client = |number: u8| SocketAddr::from(([198, 51, 100, number], 5000));
        let mut paths: Vec<_> =
            (1..9).map(|number| Path::new(Transport::Tls, local, client(number))).collect();
        paths.push(Path::udp(local, client(9)));
        paths
    }

    fn craft(&mut self, _: Instant, _: Path, script: &mut Script<'_>, heard: &[Heard]) -> Vec<u8> {
        // numbers that were told, and one that was not
        let told = heard.iter().filter_map(|heard| match ToClient::decode(&heard.bytes) {
            Ok(ToClient::Opened(number)) => Some(number),
            _ => None,
        });
        let numbers: Vec<u32> = told.chain([1]).collect();
        match script.below(6) {
            0 => ToServer::Open.encode(),
            1 => ToServer::Claim(script.choose(&numbers)).encode(),
            2 => ToServer::Meet([script.below(2) as u8; 16]).encode(),
            3 => ToServer::Put(script.bytes(200)).encode(),
            4 => ToServer::Close(script.choose(&[Closing::Left, Closing::WrongSecret])).encode(),
            _ => script.bytes(12).to_vec(),
        }
    }

    fn sent(&mut self, _: Instant, heard: &Heard) {
        ToClient::decode(&heard.bytes).expect("what is sent can be read");
        assert!(heard.path.transport().is_stream(), "nobody is answered over UDP");
    }

    fn rested(&mut self) {
        assert!(self.0.mailboxes() <= MAILBOXES_MAX, "too many mailboxes");
        assert!(self.0.connections() <= CONNECTIONS_MAX, "too many connections");
    }
}

/// Bytes are decisions of clients.
pub fn rendezvous(data: &[u8]) {
    let mut config = Config::default();
    config.mailboxes_max = MAILBOXES_MAX;
    config.connections_max = CONNECTIONS_MAX;
    config.messages_max = 4;
    config.held_max = 400;
    let mut server = Server(Rendezvous::new(config, [1; 32]));
    drive(&mut server, &mut Script::new(data));
}
