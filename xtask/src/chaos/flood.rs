//! What a server gets from those who wish it no good.

use std::io::Write as _;
use std::net::{IpAddr, SocketAddr, TcpStream, UdpSocket};
use std::sync::atomic::{AtomicBool, Ordering};
use std::time::Duration;

use sans_io::Transport;
use stun_proto::attribute::RequestedTransport;
use stun_proto::{Entropy, MessageBuilder, MessageType, Method, TransactionId};

use super::client::{Client, Wanted};
use super::server::Place;

/// Datagrams at once, and the pause between.
const BURST: usize = 64;
const PAUSE: Duration = Duration::from_millis(10);

/// Connections that are held open.
const HELD_MAX: usize = 200;

/// Floods until it is over; how many messages and connections there were.
pub(crate) fn run(number: u8, places: &[Place; 2], seed: [u8; 32], over: &AtomicBool) -> u64 {
    let mut entropy = Entropy::new(seed);
    let mut held = Vec::new();
    let mut count = 0;
    while !over.load(Ordering::Relaxed) {
        let place = &places[entropy.public_below(2) as usize];
        let from = IpAddr::from([127, 100 + number, entropy.public_below(250) as u8, 7]);
        count += match entropy.public_below(8) {
            0..5 => datagrams(place.address, from, &mut entropy),
            5 => connections(place.address, &mut held, &mut entropy),
            6 => connections(place.tls, &mut held, &mut entropy),
            _ => wrong_log_in(place.address, from, &mut entropy),
        };
        std::thread::sleep(PAUSE);
    }
    count
}

/// Noise, requests of nobody, and requests with something wrong in them.
fn datagrams(server: SocketAddr, from: IpAddr, entropy: &mut Entropy) -> u64 {
    let Ok(socket) = UdpSocket::bind((from, 0)) else { return 0 };
    let kind = entropy.public_below(4);
    for _ in 0..BURST {
        let mut bytes = request(entropy);
        match kind {
            0 => {}
            1 => {
                let at = entropy.public_below(bytes.len() as u64) as usize;
                bytes[at] ^= entropy.public::<1>()[0] | 1;
            }
            2 => {
                bytes = entropy.public::<64>().to_vec();
                bytes.truncate(1 + entropy.public_below(63) as usize);
            }
            // a channel that nobody bound
            _ => bytes = [&[0x40, 0, 0, 60][..], &entropy.public::<60>()].concat(),
        }
        // a server that is not there refuses, and the next one is sent all the same
        let _ = socket.send_to(&bytes, server);
    }
    BURST as u64
}

fn request(entropy: &mut Entropy) -> Vec<u8> {
    let mut buffer = [0; 64];
    let kind = MessageType::request(Method::ALLOCATE);
    let mut request = MessageBuilder::new(&mut buffer, kind, TransactionId(entropy.public()));
    request.push(&RequestedTransport::UDP);
    request.finish().map(<[u8]>::to_vec).unwrap_or_default()
}

/// Connections that say a little and then nothing.
fn connections(server: SocketAddr, held: &mut Vec<TcpStream>, entropy: &mut Entropy) -> u64 {
    let wait = Duration::from_millis(500);
    for _ in 0..8 {
        let Ok(mut stream) = TcpStream::connect_timeout(&server, wait) else { continue };
        let mut bytes = request(entropy);
        match entropy.public_below(4) {
            0 => bytes.clear(),
            1 => bytes.truncate(7),
            2 => bytes = entropy.public::<64>().to_vec(),
            _ => {}
        }
        let _ = stream.write_all(&bytes);
        held.push(stream);
    }
    if held.len() > HELD_MAX {
        held.drain(..HELD_MAX / 2);
    }
    8
}

fn wrong_log_in(server: SocketAddr, from: IpAddr, entropy: &mut Entropy) -> u64 {
    let (transport, seed) = (Transport::Udp, entropy.secret());
    let (user, password) = ("alice", "guessed");
    let wanted = Wanted { server, transport, from, user, password, seed };
    if let Ok(mut client) = Client::new(wanted) {
        let refused = client.allocate();
        debug_assert!(refused.is_err(), "nobody guesses it");
    }
    2
}
