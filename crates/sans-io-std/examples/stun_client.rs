//! Asks a STUN server for the address that it sees.
//!
//! `cargo run -p sans-io-std --example stun_client -- stun.example.org:3478`
#![expect(clippy::print_stdout, reason = "a program that prints")]
use sans_io::Path;
use sans_io_std::{Driver, Happening, local_ip_towards, seed};
use std::{
    error::Error,
    net::{SocketAddr, ToSocketAddrs, UdpSocket},
    time::Duration,
};
use stun_proto::{BindingRequest, ClientConfig, ClientEvent, StunClient};

fn main() -> Result<(), Box<dyn Error>> {
    let server = std::env::args().nth(1).ok_or("which server? HOST:PORT")?;
    let server = server.to_socket_addrs()?.next().ok_or("no such server")?;
    println!("{} sees {}", server, ask(server)?);
    Ok(())
}

/// Our address, as a server sees it.
pub(crate) fn ask(server: SocketAddr) -> Result<SocketAddr, Box<dyn Error>> {
    let mut driver = Driver::new(StunClient::new(ClientConfig::default(), seed()?));
    let local = driver.adopt(UdpSocket::bind((local_ip_towards(server)?, 0))?)?;
    let request = BindingRequest::new(Path::udp(local, server));
    driver.call(|client, now| client.request(now, request))?;
    match driver.wait(Duration::from_secs(60)) {
        Some(Happening::Event(ClientEvent::Bound(binding))) => Ok(binding.mapped),
        Some(Happening::Event(ClientEvent::Failed { fault, .. })) => Err(fault.into()),
        other => Err(format!("{other:?}").into()),
    }
}
