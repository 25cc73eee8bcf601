//! The load: flows between a client and a peer, which send back what they get, or flood.
use crate::{
    Fault,
    client::Client,
    system::{SERVER, System},
};
use nix::{
    errno::Errno,
    sys::{
        epoll::{Epoll, EpollCreateFlags, EpollEvent, EpollFlags, EpollTimeout},
        socket::{MsgFlags, MultiHeaders, SockaddrIn, recvmmsg, sendmmsg, setsockopt, sockopt},
    },
};
use std::{
    fs,
    io::{IoSlice, IoSliceMut},
    net::{Ipv4Addr, SocketAddr, UdpSocket},
    os::fd::AsRawFd,
    time::{Duration, Instant},
};

/// The channel of the first flow through a floor.
pub(crate) const CHANNEL: u16 = 0x4000;

/// More flows than any load has.
pub(crate) const FLOWS_MAX: usize = 1024;

/// Longer than any datagram here. Not a power of two, so that the buffers do not meet in one line of
/// the cache.
pub(crate) const READ_MAX: usize = 2048 + 192;

/// Datagrams of one system call of the load.
const BURST: usize = 64;

/// What the load's own sockets may hold, so that it loses nothing itself.
const KERNEL_BUFFER: usize = 4 << 20;

/// Datagrams at once of each flow that floods.
const FLOOD_BURST: usize = 16;

/// Where the peer of a flow is.
pub(crate) fn peer(flow: usize) -> SocketAddr {
    (Ipv4Addr::new(127, 7, 7, 2), 40_000 + flow as u16).into()
}

/// Where a floor has the socket of a flow.
pub(crate) fn relay(flow: usize) -> SocketAddr {
    (Ipv4Addr::new(127, 7, 7, 1), 50_000 + flow as u16).into()
}

struct Flow {
    client: UdpSocket,
    peer: UdpSocket,
    /// ChannelData with the payload behind its head.
    message: Vec<u8>,
    /// The peer knows where to answer.
    is_met: bool,
    /// Of the client's, those that have not come back.
    under_way: usize,
}

/// All flows of one load.
pub(crate) struct Flows {
    all: Vec<Flow>,
    epoll: Epoll,
    each: usize,
    receive: MultiHeaders<SockaddrIn>,
    send: MultiHeaders<SockaddrIn>,
    bytes: Vec<u8>,
    /// Logged in as long as this is here.
    _clients: Vec<Client>,
}

/// What a flood came to.
#[derive(Clone, Copy, Debug)]
pub(crate) struct Flood {
    pub(crate) sent: u64,
    pub(crate) arrived: u64,
}

impl Flows {
    /// So many flows with `each` datagrams of this size under way, through a system that runs.
    pub(crate) fn new(
        system: System,
        count: usize,
        each: usize,
        size: usize,
    ) -> Result<Self, Fault> {
        let epoll = Epoll::new(EpollCreateFlags::empty())?;
        let payload = vec![7; size];
        let mut all = Vec::new();
        let mut clients = Vec::new();
        for index in 0..count {
            let (client, head) = if system.is_server() {
                let mut client = Client::new("127.7.7.3:0".parse()?)?;
                client.allocate()?;
                let head = client.channel(peer(index), &payload)?;
                let socket = client.socket.try_clone()?;
                clients.push(client);
                (socket, head)
            } else {
                let socket = UdpSocket::bind("127.7.7.3:0")?;
                socket.connect(SERVER)?;
                let [high, low] = (CHANNEL + index as u16).to_be_bytes();
                let [more, less] = (size as u16).to_be_bytes();
                (socket, [high, low, more, less])
            };
            let peer = UdpSocket::bind(peer(index))?;
            for (socket, place) in [(&client, index * 2), (&peer, index * 2 + 1)] {
                socket.set_nonblocking(true)?;
                let forced = setsockopt(socket, sockopt::RcvBufForce, &KERNEL_BUFFER);
                forced.or_else(|_| setsockopt(socket, sockopt::RcvBuf, &KERNEL_BUFFER))?;
                epoll.add(socket, EpollEvent::new(EpollFlags::EPOLLIN, place as u64))?;
            }
            let message = [&head[..], &payload].concat();
            all.push(Flow { client, peer, message, is_met: false, under_way: 0 });
        }
        let headers = || MultiHeaders::preallocate(BURST, None);
        let (receive, send, bytes) = (headers(), headers(), vec![0; BURST * READ_MAX]);
        Ok(Self { all, epoll, each, receive, send, bytes, _clients: clients })
    }

    /// Passes datagrams around for so long; how many the server has passed on.
    pub(crate) fn spin(&mut self, time: Duration) -> Result<u64, Fault> {
        let until = Instant::now() + time;
        let mut events = [EpollEvent::empty(); 256];
        let mut passed = 0;
        while Instant::now() < until {
            let count = match self.epoll.wait(&mut events, EpollTimeout::from(10_u8)) {
                Err(Errno::EINTR) => continue,
                count => count?,
            };
            if count == 0 {
                // all have been lost, or none has been sent yet
                self.refill()?;
            }
            for event in &events[..count] {
                passed += self.answer(event.data() as usize)?;
            }
        }
        Ok(passed)
    }

    /// Has each flow its datagrams under way.
    fn refill(&mut self) -> Result<(), Fault> {
        for flow in &mut self.all {
            flow.under_way = self.each;
            burst(&flow.client, &mut self.send, &flow.message, self.each)?;
        }
        Ok(())
    }

    /// Sends back as many as have come.
    fn answer(&mut self, place: usize) -> Result<u64, Fault> {
        let flow = &mut self.all[place / 2];
        let is_client = place.is_multiple_of(2);
        let socket = if is_client { &flow.client } else { &flow.peer };
        let (count, from) = read(socket, &mut self.receive, &mut self.bytes)?;
        if is_client {
            burst(socket, &mut self.send, &flow.message, count)?;
        } else {
            if !flow.is_met
                && let Some(from) = from
            {
                socket.connect(from)?;
                flow.is_met = true;
            }
            burst(socket, &mut self.send, &flow.message[4..], count)?;
        }
        Ok(count as u64)
    }

    /// Sends from the clients for so long as fast as this core can, and takes what arrives.
    pub(crate) fn flood(&mut self, time: Duration) -> Result<Flood, Fault> {
        let mut flood = Flood { sent: 0, arrived: 0 };
        let dropped = dropped_at_peers()?;
        let until = Instant::now() + time;
        while Instant::now() < until {
            for index in 0..self.all.len() {
                let flow = &self.all[index];
                flood.sent +=
                    burst(&flow.client, &mut self.send, &flow.message, FLOOD_BURST)? as u64;
                flood.arrived += self.take(index)?;
            }
        }
        let mut quiet = Instant::now();
        while quiet.elapsed() < Duration::from_millis(100) {
            for index in 0..self.all.len() {
                let arrived = self.take(index)?;
                flood.arrived += arrived;
                if arrived > 0 {
                    quiet = Instant::now();
                }
            }
        }
        // what this side was too slow for was passed on all the same
        flood.arrived += dropped_at_peers()?.saturating_sub(dropped);
        Ok(flood)
    }

    /// Takes what waits at a peer.
    fn take(&mut self, index: usize) -> Result<u64, Fault> {
        let mut arrived = 0;
        loop {
            let (count, _) = read(&self.all[index].peer, &mut self.receive, &mut self.bytes)?;
            arrived += count as u64;
            if count < BURST {
                return Ok(arrived);
            }
        }
    }
}

fn read(
    socket: &UdpSocket,
    headers: &mut MultiHeaders<SockaddrIn>,
    bytes: &mut [u8],
) -> Result<(usize, Option<SocketAddr>), Fault> {
    let mut places = bytes.chunks_exact_mut(READ_MAX);
    let mut slices: [[IoSliceMut<'_>; 1]; BURST] =
        std::array::from_fn(|_| [IoSliceMut::new(places.next().unwrap_or_default())]);
    match recvmmsg(socket.as_raw_fd(), headers, &mut slices, MsgFlags::MSG_DONTWAIT, None) {
        Err(Errno::EAGAIN | Errno::ECONNREFUSED) => Ok((0, None)),
        Err(error) => Err(error.into()),
        Ok(messages) => {
            let mut from = None;
            let mut count = 0;
            for message in messages {
                from = message.address.map(|from| std::net::SocketAddrV4::from(from).into());
                count += 1;
            }
            Ok((count, from))
        }
    }
}

/// Sends so many of these; how many were taken.
fn burst(
    socket: &UdpSocket,
    headers: &mut MultiHeaders<SockaddrIn>,
    message: &[u8],
    count: usize,
) -> Result<usize, Fault> {
    let slices = [[IoSlice::new(message)]; BURST];
    let to = [None; BURST];
    let mut left = count;
    while left > 0 {
        let now = left.min(BURST);
        let (fd, flags) = (socket.as_raw_fd(), MsgFlags::MSG_DONTWAIT);
        match sendmmsg(fd, headers, &slices[..now], &to[..now], [], flags) {
            Ok(sent) => left -= sent.count().max(1),
            Err(Errno::ECONNREFUSED) => {}
            Err(Errno::EAGAIN) => break,
            Err(error) => return Err(error.into()),
        }
    }
    Ok(count - left)
}

/// What the sockets of the peers had no room for.
fn dropped_at_peers() -> Result<u64, Fault> {
    let text = fs::read_to_string("/proc/net/udp")?;
    let of_peers = text.lines().filter(|line| line.contains(" 0207077F:"));
    let drops = of_peers.filter_map(|line| line.split_whitespace().last()?.parse::<u64>().ok());
    Ok(drops.sum())
}
