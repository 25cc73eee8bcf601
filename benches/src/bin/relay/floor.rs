//! The least that relaying can be: what arrives with a channel number goes out of the socket of that
//! number, and back. No login, no timers, no checks.
use crate::{
    Fault,
    flows::{self, READ_MAX, peer},
    system::SERVER,
};
use nix::{
    errno::Errno,
    sys::{
        epoll::{Epoll, EpollCreateFlags, EpollEvent, EpollFlags, EpollTimeout},
        socket::{MsgFlags, MultiHeaders, SockaddrIn, recvmmsg, sendmmsg, setsockopt, sockopt},
    },
};
use quinn_udp::{Transmit, UdpSockRef, UdpSocketState};
use std::{
    io::{ErrorKind, IoSlice, IoSliceMut},
    net::{SocketAddr, SocketAddrV4, UdpSocket},
    os::fd::AsRawFd,
};

/// Datagrams a system call.
const BATCH: usize = 32;

/// Room for the head of ChannelData before what comes from a peer.
const HEAD: usize = 4;

/// What the server takes for its sockets.
const KERNEL_BUFFER: usize = 1 << 20;

enum How {
    Plain,
    Batched(Box<MultiHeaders<SockaddrIn>>),
    Segmented(Box<UdpSocketState>),
}

/// One flow: the socket towards its peer, and where its client is.
struct Flow {
    socket: UdpSocket,
    client: SocketAddr,
}

struct Floor {
    how: How,
    epoll: Epoll,
    listener: UdpSocket,
    flows: Vec<Flow>,
    headers: MultiHeaders<SockaddrIn>,
    bytes: Vec<u8>,
    /// What was read: of which flow, and how long, by place.
    read: Vec<(usize, usize)>,
    joined: Vec<u8>,
}

/// Passes on until it is killed.
pub(crate) fn run(kind: &str) -> Result<(), Fault> {
    let listener = open(SERVER.parse()?)?;
    let headers = || MultiHeaders::preallocate(BATCH, None);
    let how = match kind {
        "plain" => How::Plain,
        "batched" => How::Batched(Box::new(headers())),
        "segmented" => {
            let probe = UdpSocket::bind("127.0.0.1:0")?;
            How::Segmented(Box::new(UdpSocketState::new(UdpSockRef::from(&probe))?))
        }
        other => return Err(format!("no such floor: {other}").into()),
    };
    let epoll = Epoll::new(EpollCreateFlags::empty())?;
    epoll.add(&listener, EpollEvent::new(EpollFlags::EPOLLIN, u64::MAX))?;
    let (bytes, read, joined) = (vec![0; BATCH * READ_MAX], Vec::new(), Vec::new());
    let mut floor =
        Floor { how, epoll, listener, flows: Vec::new(), headers: headers(), bytes, read, joined };
    let mut events = [EpollEvent::empty(); 64];
    loop {
        let count = match floor.epoll.wait(&mut events, EpollTimeout::NONE) {
            Err(Errno::EINTR) => 0,
            count => count?,
        };
        for event in &events[..count] {
            match usize::try_from(event.data()) {
                Ok(index) if index < floor.flows.len() => floor.pass_back(index)?,
                _ => floor.pass_on()?,
            }
        }
    }
}

fn open(address: SocketAddr) -> Result<UdpSocket, Fault> {
    let socket = UdpSocket::bind(address)?;
    socket.set_nonblocking(true)?;
    setsockopt(&socket, sockopt::RcvBuf, &KERNEL_BUFFER)?;
    setsockopt(&socket, sockopt::SndBuf, &KERNEL_BUFFER)?;
    Ok(socket)
}

/// What may go wrong with one datagram and concerns no other: nobody reads at the other end yet.
fn taken<T>(result: std::io::Result<T>) -> Result<Option<T>, Fault> {
    match result {
        Ok(value) => Ok(Some(value)),
        Err(error)
            if matches!(error.kind(), ErrorKind::WouldBlock | ErrorKind::ConnectionRefused) =>
        {
            Ok(None)
        }
        Err(error) => Err(error.into()),
    }
}

impl Floor {
    /// The flow of this number, made when it is first heard of.
    fn flow(&mut self, index: usize, client: SocketAddr) -> Result<(), Fault> {
        while self.flows.len() <= index {
            let next = self.flows.len();
            let socket = open(flows::relay(next))?;
            socket.connect(peer(next))?;
            self.epoll.add(&socket, EpollEvent::new(EpollFlags::EPOLLIN, next as u64))?;
            self.flows.push(Flow { socket, client });
        }
        self.flows[index].client = client;
        Ok(())
    }

    fn pass_on(&mut self) -> Result<(), Fault> {
        self.read.clear();
        if matches!(self.how, How::Plain) {
            for _ in 0..BATCH {
                let buffer = &mut self.bytes[..READ_MAX];
                let Some((len, client)) = taken(self.listener.recv_from(buffer))? else { break };
                let index = number(buffer);
                self.flow(index, client)?;
                taken(self.flows[index].socket.send(&self.bytes[HEAD..len]))?;
            }
            return Ok(());
        }
        let mut clients = [None; BATCH];
        let listener = &self.listener;
        let read = read(listener, &mut self.headers, &mut self.bytes, 0, |place, len, client| {
            clients[place] = client;
            self.read.push((0, len));
        });
        for (place, client) in clients.into_iter().enumerate().take(read) {
            let index = number(&self.bytes[place * READ_MAX..]);
            self.read[place].0 = index;
            if let Some(client) = client {
                self.flow(index, client.into())?;
            }
        }
        // all of a flow together, in their order
        let mut done = [false; BATCH];
        for first in 0..read {
            if done[first] {
                continue;
            }
            let (index, _) = self.read[first];
            let mut places = [0; BATCH];
            let mut count = 0;
            for (place, done) in done.iter_mut().enumerate().take(read).skip(first) {
                if self.read[place].0 == index {
                    *done = true;
                    places[count] = place;
                    count += 1;
                }
            }
            let flow = &self.flows[index];
            let parts = places[..count].iter().map(|place| {
                let at = place * READ_MAX;
                &self.bytes[at + HEAD..at + self.read[*place].1]
            });
            send(&mut self.how, &flow.socket, None, flows::peer(index), parts, &mut self.joined)?;
        }
        Ok(())
    }

    fn pass_back(&mut self, index: usize) -> Result<(), Fault> {
        let flow = &self.flows[index];
        let head = |len: usize| {
            let [high, low] = (flows::CHANNEL + index as u16).to_be_bytes();
            let [more, less] = (len as u16).to_be_bytes();
            [high, low, more, less]
        };
        if matches!(self.how, How::Plain) {
            for _ in 0..BATCH {
                let Some(len) = taken(flow.socket.recv(&mut self.bytes[HEAD..READ_MAX]))? else {
                    break;
                };
                self.bytes[..HEAD].copy_from_slice(&head(len));
                taken(self.listener.send_to(&self.bytes[..HEAD + len], flow.client))?;
            }
            return Ok(());
        }
        self.read.clear();
        let lens = &mut self.read;
        let read = read(&flow.socket, &mut self.headers, &mut self.bytes, HEAD, |_, len, _| {
            lens.push((index, len));
        });
        for (place, (_, len)) in self.read.iter().enumerate() {
            self.bytes[place * READ_MAX..][..HEAD].copy_from_slice(&head(*len));
        }
        let parts =
            (0..read).map(|place| &self.bytes[place * READ_MAX..][..HEAD + self.read[place].1]);
        let to = Some(flow.client);
        send(&mut self.how, &self.listener, to, flow.client, parts, &mut self.joined)
    }
}

/// The flow that a message of a client is of.
fn number(bytes: &[u8]) -> usize {
    let channel = u16::from_be_bytes([bytes[0], bytes[1]]);
    usize::from(channel.saturating_sub(flows::CHANNEL)).min(flows::FLOWS_MAX - 1)
}

/// Reads a batch, each datagram so far into its place; how many there were.
fn read(
    socket: &UdpSocket,
    headers: &mut MultiHeaders<SockaddrIn>,
    bytes: &mut [u8],
    room: usize,
    mut each: impl FnMut(usize, usize, Option<SocketAddrV4>),
) -> usize {
    let mut places = bytes.chunks_exact_mut(READ_MAX);
    let mut slices: [[IoSliceMut<'_>; 1]; BATCH] = std::array::from_fn(|_| {
        [IoSliceMut::new(places.next().map_or(&mut [][..], |place| &mut place[room..]))]
    });
    let flags = MsgFlags::MSG_DONTWAIT;
    let Ok(messages) = recvmmsg(socket.as_raw_fd(), headers, &mut slices, flags, None) else {
        return 0;
    };
    let mut count = 0;
    for message in messages {
        let from = message.address.map(SocketAddrV4::from);
        each(count, message.bytes, from);
        count += 1;
    }
    count
}

/// Sends these, to there unless the socket is connected.
fn send<'b>(
    how: &mut How,
    socket: &UdpSocket,
    to: Option<SocketAddr>,
    destination: SocketAddr,
    parts: impl Iterator<Item = &'b [u8]>,
    joined: &mut Vec<u8>,
) -> Result<(), Fault> {
    match how {
        How::Plain => {}
        How::Batched(headers) => {
            let mut slices = [[IoSlice::new(&[])]; BATCH];
            let mut count = 0;
            for (slice, part) in slices.iter_mut().zip(parts) {
                *slice = [IoSlice::new(part)];
                count += 1;
            }
            let to = match to {
                Some(SocketAddr::V4(to)) => Some(SockaddrIn::from(to)),
                _ => None,
            };
            let (fd, to) = (socket.as_raw_fd(), [to; BATCH]);
            let flags = MsgFlags::MSG_DONTWAIT;
            match sendmmsg(fd, headers, &slices[..count], &to[..count], [], flags) {
                Ok(_) | Err(Errno::EAGAIN | Errno::ECONNREFUSED) => {}
                Err(error) => return Err(error.into()),
            }
        }
        How::Segmented(state) => {
            joined.clear();
            let mut segment = 0;
            for part in parts {
                segment = segment.max(part.len());
                joined.extend_from_slice(part);
            }
            if segment == 0 {
                return Ok(());
            }
            let segment_size = (segment < joined.len()).then_some(segment);
            let contents = &joined[..];
            let transmit =
                Transmit { destination, ecn: None, contents, segment_size, src_ip: None };
            taken(state.try_send(UdpSockRef::from(socket), &transmit))?;
        }
    }
    Ok(())
}
