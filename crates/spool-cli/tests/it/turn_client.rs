//! A client of the server over UDP, as little of one as there can be.
use crate::program::PATIENCE;
use sans_io::{Input, Instant, Machine, Output, Path};
use std::net::{SocketAddr, UdpSocket};
use turn_proto::{TurnClient, TurnClientConfig, TurnEvent};

pub(crate) struct Client {
    machine: TurnClient,
    socket: UdpSocket,
    path: Path,
}

impl Client {
    pub(crate) fn new(server: &str, user: &str, password: &str) -> Self {
        let socket = UdpSocket::bind("127.0.0.1:0").unwrap();
        socket.set_read_timeout(Some(PATIENCE)).unwrap();
        let server: SocketAddr = server.parse().unwrap();
        let local = socket.local_addr().unwrap();
        let path = Path::udp(local, server);
        let credentials = stun_proto::Credentials::new(user, password).unwrap();
        let seed = [local.port() as u8; 32];
        let machine = TurnClient::new(TurnClientConfig::new(path, credentials), seed);
        Self { machine, socket, path }
    }

    pub(crate) fn allocate(&mut self) -> TurnEvent {
        self.machine.allocate(Instant::ZERO).unwrap();
        self.event()
    }

    pub(crate) fn close(&mut self) -> TurnEvent {
        self.machine.close(Instant::ZERO);
        self.event()
    }

    fn event(&mut self) -> TurnEvent {
        let mut buffer = [0; 1500];
        loop {
            match self.machine.poll_output() {
                Output::Transmit(transmit) => {
                    self.socket.send_to(&transmit.payload, self.path.remote()).unwrap();
                }
                Output::Event(event) => return event,
                _ => {
                    let (len, _) = self.socket.recv_from(&mut buffer).expect("an answer");
                    let input = Input::received(self.path, &buffer[..len]);
                    let _ = self.machine.handle_input(Instant::ZERO, input);
                }
            }
        }
    }
}
