//! A STUN and TURN server whose users are made by a program that knows a secret: user names end in the
//! time until which they are good, and passwords prove it (the "TURN REST" draft). A line for each
//! allocation says what was relayed for whom.
//!
//! `cargo run -p sans-io-std --example turn_server -- 127.0.0.1:3478 SECRET`
#![expect(clippy::print_stdout, reason = "a program that prints")]
use sans_io::SocketIds;
use sans_io_std::{Driver, Happening, StdClock, seed};
use std::{
    error::Error,
    net::{SocketAddr, UdpSocket},
    time::{Duration, SystemTime},
};
use turn_proto::{PeerPolicy, RelayAddress, TurnServer, TurnServerConfig, TurnServerEvent, Users};

fn main() -> Result<(), Box<dyn Error>> {
    let mut args = std::env::args().skip(1);
    let (Some(listen), Some(secret)) = (args.next(), args.next()) else {
        return Err("turn_server ADDRESS:PORT SECRET".into());
    };
    let mut server = start(listen.parse()?, secret.as_bytes(), PeerPolicy::global_only())?;
    loop {
        match server.wait(Duration::from_secs(3600)) {
            Some(Happening::Event(TurnServerEvent::AllocationEnded {
                user,
                relayed,
                lasted,
                traffic,
                ..
            })) => {
                let bytes = traffic.to_client.bytes + traffic.to_peers.bytes;
                println!("{user} had {relayed} for {lasted:?}: {bytes} bytes");
            }
            Some(Happening::Event(event)) => println!("{event:?}"),
            Some(Happening::Data { .. }) | None => {}
        }
    }
}

/// A server at this address, which relays from it to whom `peers` allows.
pub(crate) fn start(
    listen: SocketAddr,
    secret: &[u8],
    peers: PeerPolicy,
) -> Result<Driver<TurnServer>, Box<dyn Error>> {
    let clock = StdClock::start();
    let unix_time = SystemTime::now().duration_since(SystemTime::UNIX_EPOCH)?;
    let unix_time_at_zero = unix_time.saturating_sub(Duration::from_nanos(clock.now().as_nanos()));
    let users = Users::new("turn").with_shared_secret(secret, unix_time_at_zero);
    let config = TurnServerConfig::new(users, peers)
        .with_listener(listen)
        .with_relay(RelayAddress::new(listen.ip()));
    let server = TurnServer::new(config, SocketIds::root(), seed()?)?;
    let mut driver = Driver::with_clock(server, clock);
    driver.adopt(UdpSocket::bind(listen)?)?;
    Ok(driver)
}
