//! A client of the server under test, which waits for each answer.

use std::collections::BTreeSet;
use std::io::{self, Read as _, Write as _};
use std::net::{IpAddr, SocketAddr, TcpStream, UdpSocket};
use std::time::{Duration, Instant};

use sans_io::{
    Input, Machine as _, NextFrame, Output, Packet, Path, Transport, Verdict, next_frame,
};
use stun_proto::Credentials;
use turn_proto::{TurnClient, TurnClientConfig, TurnEvent, TurnFault};

/// How long an answer may take while the server is flooded.
const PATIENCE: Duration = Duration::from_secs(4);

/// What a client is to be.
#[derive(Debug, Clone, Copy)]
pub(crate) struct Wanted<'a> {
    pub(crate) server: SocketAddr,
    pub(crate) transport: Transport,
    /// Where it sends from; over TCP that is up to the system.
    pub(crate) from: IpAddr,
    pub(crate) user: &'a str,
    pub(crate) password: &'a str,
    pub(crate) seed: [u8; 32],
}

/// Why something did not come about.
#[derive(Debug)]
pub(crate) enum Fault {
    /// The server says no.
    Refused(TurnFault),
    /// It says nothing, or is gone.
    Silent,
}

impl From<io::Error> for Fault {
    fn from(_: io::Error) -> Self {
        Self::Silent
    }
}

#[derive(Debug)]
enum Socket {
    Udp(UdpSocket),
    Tcp(TcpStream, Vec<u8>),
}

#[derive(Debug)]
pub(crate) struct Client {
    machine: TurnClient,
    socket: Socket,
    path: Path,
    began: Instant,
    data: Vec<Vec<u8>>,
    /// The machine tells of a channel once.
    bound: BTreeSet<SocketAddr>,
}

impl Client {
    pub(crate) fn new(wanted: Wanted<'_>) -> Result<Self, Fault> {
        let Wanted { server, transport, from, user, password, seed } = wanted;
        let (socket, local) = if transport == Transport::Udp {
            let socket = UdpSocket::bind((from, 0))?;
            let local = socket.local_addr()?;
            (Socket::Udp(socket), local)
        } else {
            let stream = TcpStream::connect_timeout(&server, PATIENCE)?;
            stream.set_nodelay(true)?;
            let local = stream.local_addr()?;
            (Socket::Tcp(stream, Vec::new()), local)
        };
        let path = Path::new(transport, local, server);
        let credentials = Credentials::new(user, password).map_err(|_| Fault::Silent)?;
        let machine = TurnClient::new(TurnClientConfig::new(path, credentials), seed);
        let (began, data, bound) = (Instant::now(), Vec::new(), BTreeSet::new());
        Ok(Self { machine, socket, path, began, data, bound })
    }

    pub(crate) fn is_udp(&self) -> bool {
        matches!(self.socket, Socket::Udp(_))
    }

    pub(crate) fn allocate(&mut self) -> Result<SocketAddr, Fault> {
        let now = self.now();
        self.machine.allocate(now).map_err(|_| Fault::Silent)?;
        self.answer(|event| match event {
            TurnEvent::Allocated { relayed, .. } => Some(Ok(*relayed)),
            TurnEvent::Failed { fault } => Some(Err(Fault::Refused(*fault))),
            _ => None,
        })
    }

    pub(crate) fn refresh(&mut self) -> Result<(), Fault> {
        let now = self.now();
        self.machine.refresh(now).map_err(|_| Fault::Silent)?;
        self.answer(|event| match event {
            TurnEvent::Refreshed { .. } => Some(Ok(())),
            TurnEvent::Lost { fault } => Some(Err(Fault::Refused(*fault))),
            _ => None,
        })
    }

    /// Binds a channel, which brings a permission along.
    pub(crate) fn bind(&mut self, peer: SocketAddr) -> Result<(), Fault> {
        if self.bound.contains(&peer) {
            return Ok(());
        }
        let now = self.now();
        self.machine.bind_channel(now, peer).map_err(|_| Fault::Silent)?;
        let bound = self.answer(|event| match event {
            TurnEvent::ChannelBound { peer: bound } if *bound == peer => Some(Ok(())),
            TurnEvent::ChannelFailed { fault, .. } | TurnEvent::Lost { fault } => {
                Some(Err(Fault::Refused(*fault)))
            }
            _ => None,
        });
        bound?;
        self.bound.insert(peer);
        Ok(())
    }

    pub(crate) fn send(&mut self, peer: SocketAddr, data: &[u8]) -> Result<(), Fault> {
        let now = self.now();
        let packet = self.machine.send(now, peer, data).map_err(|_| Fault::Silent)?;
        write(&mut self.socket, self.path, &packet)
    }

    /// Waits a little for data.
    pub(crate) fn receive(&mut self, within: Duration) -> Option<Vec<u8>> {
        let until = Instant::now() + within;
        while self.data.is_empty() && Instant::now() < until {
            self.drain(|_| None::<Result<(), Fault>>).ok()?;
            self.read(until).ok()?;
        }
        self.data.pop()
    }

    pub(crate) fn close(&mut self) -> Result<(), Fault> {
        let now = self.now();
        self.machine.close(now);
        self.answer(|event| (*event == TurnEvent::Closed).then_some(Ok(())))
    }

    fn now(&self) -> sans_io::Instant {
        sans_io::Instant::from_nanos(self.began.elapsed().as_nanos() as u64)
    }

    /// Drives the machine until an event answers.
    fn answer<T>(
        &mut self,
        mut wanted: impl FnMut(&TurnEvent) -> Option<Result<T, Fault>>,
    ) -> Result<T, Fault> {
        let until = Instant::now() + PATIENCE;
        while Instant::now() < until {
            if let Some(answer) = self.drain(&mut wanted)? {
                return answer;
            }
            self.read(until)?;
        }
        Err(Fault::Silent)
    }

    /// Does what the machine wants done, until an event answers or nothing is left.
    fn drain<T>(
        &mut self,
        mut wanted: impl FnMut(&TurnEvent) -> Option<Result<T, Fault>>,
    ) -> Result<Option<Result<T, Fault>>, Fault> {
        loop {
            match self.machine.poll_output() {
                Output::Transmit(transmit) => {
                    let packet = Packet::new(self.path, &transmit.payload);
                    write(&mut self.socket, self.path, &packet)?;
                }
                Output::Event(event) => {
                    if let Some(answer) = wanted(&event) {
                        return Ok(Some(answer));
                    }
                }
                Output::Timeout(_) => return Ok(None),
                Output::Socket(_) | Output::Lookup(_) => return Err(Fault::Silent),
            }
        }
    }

    /// Reads once, or lets time pass.
    fn read(&mut self, until: Instant) -> Result<(), Fault> {
        // the machine's own deadlines are half a second and more apart
        let slice = Duration::from_millis(50);
        let wait = until.saturating_duration_since(Instant::now()).min(slice);
        let wait = wait.max(Duration::from_millis(1));
        let mut buffer = [0; 2048];
        let read = match &mut self.socket {
            Socket::Udp(socket) => {
                socket.set_read_timeout(Some(wait))?;
                socket.recv(&mut buffer)
            }
            Socket::Tcp(stream, _) => {
                stream.set_read_timeout(Some(wait))?;
                stream.read(&mut buffer)
            }
        };
        let now = self.now();
        match read {
            Ok(0) if !self.is_udp() => return Err(Fault::Silent),
            Ok(len) => self.take(now, &buffer[..len]),
            // refused by ICMP, or late: the machine has its own patience
            Err(_) if self.is_udp() => {}
            Err(error)
                if matches!(error.kind(), io::ErrorKind::WouldBlock | io::ErrorKind::TimedOut) => {}
            Err(_) => return Err(Fault::Silent),
        }
        self.machine.handle_timeout(now);
        Ok(())
    }

    fn take(&mut self, now: sans_io::Instant, bytes: &[u8]) {
        let path = self.path;
        let Socket::Tcp(_, buffered) = &mut self.socket else {
            let verdict = self.machine.handle_input(now, Input::received(path, bytes));
            if let Verdict::Deliver { bytes, .. } = verdict {
                self.data.push(bytes.to_vec());
            }
            return;
        };
        buffered.extend_from_slice(bytes);
        let mut used = 0;
        while let NextFrame::Frame { frame, rest } =
            next_frame(&self.machine, &path, &buffered[used..])
        {
            used = buffered.len() - rest.len();
            let verdict = self.machine.handle_input(now, Input::received(path, frame));
            if let Verdict::Deliver { bytes, .. } = verdict {
                self.data.push(bytes.to_vec());
            }
        }
        buffered.drain(..used);
    }
}

fn write(socket: &mut Socket, path: Path, packet: &Packet<'_>) -> Result<(), Fault> {
    let bytes = packet.to_vec();
    match socket {
        // what is not sent is lost, as on any way
        Socket::Udp(socket) => drop(socket.send_to(&bytes, path.remote())),
        Socket::Tcp(stream, _) => stream.write_all(&bytes)?,
    }
    Ok(())
}
