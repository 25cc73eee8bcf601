//! Rents an address on a TURN server, and echoes through it what a peer sends there.
//!
//! `cargo run -p sans-io-std --example turn_client -- 198.51.100.1:3478 USER PASSWORD PEER:PORT`
#![expect(clippy::print_stdout, reason = "a program that prints")]
use sans_io::Path;
use sans_io_std::{Driver, Happening, local_ip_towards, seed};
use std::{
    error::Error,
    net::{SocketAddr, UdpSocket},
    time::Duration,
};
use stun_proto::Credentials;
use turn_proto::{TurnClient, TurnClientConfig, TurnEvent};

fn main() -> Result<(), Box<dyn Error>> {
    let args: Vec<_> = std::env::args().skip(1).collect();
    let [server, user, password, peer] = args.as_slice() else {
        return Err("turn_client SERVER:PORT USER PASSWORD PEER:PORT".into());
    };
    let (mut client, relayed) = allocate(server.parse()?, Credentials::new(user, password)?)?;
    println!("{relayed} is ours; {peer} may send there");
    loop {
        echo(&mut client, peer.parse()?)?;
    }
}

/// A client with an allocation, and the address that it has.
pub(crate) fn allocate(
    server: SocketAddr,
    login: Credentials,
) -> Result<(Driver<TurnClient>, SocketAddr), Box<dyn Error>> {
    let socket = UdpSocket::bind((local_ip_towards(server)?, 0))?;
    let config = TurnClientConfig::new(Path::udp(socket.local_addr()?, server), login);
    let mut driver = Driver::new(TurnClient::new(config, seed()?));
    driver.adopt(socket)?;
    driver.call(TurnClient::allocate)?;
    match driver.wait(Duration::from_secs(60)) {
        Some(Happening::Event(TurnEvent::Allocated { relayed, .. })) => Ok((driver, relayed)),
        other => Err(format!("no allocation: {other:?}").into()),
    }
}

/// Lets a peer in, and sends the next thing that it sends back to it.
pub(crate) fn echo(
    client: &mut Driver<TurnClient>,
    peer: SocketAddr,
) -> Result<(), Box<dyn Error>> {
    client.call(|client, now| client.bind_channel(now, peer))?;
    loop {
        match client.wait(Duration::from_secs(60)).ok_or("nothing came")? {
            Happening::Data { path, bytes } => {
                let packet = client.call(|client, now| client.send(now, path.remote(), &bytes))?;
                client.send(&packet);
                return Ok(());
            }
            Happening::Event(TurnEvent::Failed { fault } | TurnEvent::Lost { fault }) => {
                return Err(fault.into());
            }
            Happening::Event(_) => {}
        }
    }
}
