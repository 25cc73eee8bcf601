//! A client over UDP, as little of one as there can be.
use crate::{Fault, system::SERVER};
use sans_io::{Input, Instant, Machine, Output, Path};
use std::{
    net::{SocketAddr, UdpSocket},
    time::Duration,
};
use stun_proto::Credentials;
use turn_proto::{TurnClient, TurnClientConfig, TurnEvent};

/// How long an answer may take.
const PATIENCE: Duration = Duration::from_secs(2);

pub(crate) struct Client {
    machine: TurnClient,
    pub(crate) socket: UdpSocket,
    path: Path,
}

impl Client {
    /// One that sends from there.
    pub(crate) fn new(local: SocketAddr) -> Result<Self, Fault> {
        let socket = UdpSocket::bind(local)?;
        socket.set_read_timeout(Some(PATIENCE))?;
        socket.connect(SERVER)?;
        let local = socket.local_addr()?;
        let path = Path::udp(local, SERVER.parse()?);
        let mut seed = [0; 32];
        seed[..2].copy_from_slice(&local.port().to_be_bytes());
        seed[2..6].copy_from_slice(local.ip().to_string().as_bytes().get(4..8).unwrap_or(b"seed"));
        let config = TurnClientConfig::new(path, Credentials::new("bench", "bench")?);
        Ok(Self { machine: TurnClient::new(config, seed), socket, path })
    }

    /// Logs in; where it is reached.
    pub(crate) fn allocate(&mut self) -> Result<SocketAddr, Fault> {
        self.machine.allocate(Instant::ZERO)?;
        match self.event()? {
            TurnEvent::Allocated { relayed, .. } => Ok(relayed),
            other => Err(format!("no allocation: {other:?}").into()),
        }
    }

    pub(crate) fn close(&mut self) -> Result<(), Fault> {
        self.machine.close(Instant::ZERO);
        match self.event()? {
            TurnEvent::Closed => Ok(()),
            other => Err(format!("not closed: {other:?}").into()),
        }
    }

    /// The head of ChannelData to that peer with so much in it.
    pub(crate) fn channel(&mut self, peer: SocketAddr, payload: &[u8]) -> Result<[u8; 4], Fault> {
        self.machine.bind_channel(Instant::ZERO, peer)?;
        loop {
            match self.event()? {
                TurnEvent::PermissionInstalled { .. } => {}
                TurnEvent::ChannelBound { .. } => break,
                other => return Err(format!("no channel: {other:?}").into()),
            }
        }
        let packet = self.machine.send(Instant::ZERO, peer, payload)?;
        let head = packet.head();
        Ok(head.try_into()?)
    }

    fn event(&mut self) -> Result<TurnEvent, Fault> {
        let mut buffer = [0; 1500];
        loop {
            match self.machine.poll_output() {
                Output::Transmit(transmit) => drop(self.socket.send(&transmit.payload)?),
                Output::Event(event) => return Ok(event),
                _ => {
                    let len = self.socket.recv(&mut buffer)?;
                    let input = Input::received(self.path, &buffer[..len]);
                    let _ = self.machine.handle_input(Instant::ZERO, input);
                }
            }
        }
    }
}
