//! One UDP socket: batches in and out, segmentation offload, ICMP errors.
use super::fault;
use quinn_udp::{EcnCodepoint, RecvMeta, Transmit, UdpSockRef, UdpSocketState};
use sans_io::{PacketMeta, PathFault, SocketFault};
use socket2::{Domain, Protocol, Socket, Type};
use std::{
    io::{self, IoSliceMut},
    net::SocketAddr,
};
use tokio::io::Interest;

/// Datagrams read in one system call (as many times the segments of receive offload).
const BATCH: usize = 8;

/// The longest read: what receive offload may join.
const READ_MAX: usize = 65_535;

/// System calls for one ready socket before others get their turn.
pub(super) const BATCHES_PER_WAKE: usize = 8;

/// What the kernel may hold for us while the task is busy: 200 ms of 50 Mbit/s. The system's own
/// limit may cut it.
const KERNEL_BUFFER: usize = 1 << 20;

/// A socket bound to one address.
#[derive(Debug)]
pub(super) struct UdpSocket {
    io: tokio::net::UdpSocket,
    state: UdpSocketState,
    local: SocketAddr,
    /// The header of each datagram is reported, beyond ECN.
    reports: bool,
}

impl UdpSocket {
    /// Opens it. With `reports` TTL and DSCP of what arrives are told, where the system can.
    pub(super) fn bind(local: SocketAddr, reports: bool) -> io::Result<Self> {
        let socket = Socket::new(Domain::for_address(local), Type::DGRAM, Some(Protocol::UDP))?;
        if local.is_ipv6() {
            socket.set_only_v6(true)?;
        }
        socket.bind(&local.into())?;
        Self::adopt(socket, reports)
    }

    /// Takes one over that is bound.
    pub(super) fn adopt(socket: Socket, reports: bool) -> io::Result<Self> {
        socket.set_nonblocking(true)?;
        // more room is better, and the system's default works as well
        let _ = socket.set_recv_buffer_size(KERNEL_BUFFER);
        let _ = socket.set_send_buffer_size(KERNEL_BUFFER);
        let io = tokio::net::UdpSocket::from_std(socket.into())?;
        let local = io.local_addr()?;
        let state = UdpSocketState::new(UdpSockRef::from(&io))?;
        // sandboxes that imitate Linux lack these; without them ICMP errors go unheard, and what is
        // too long for a packet is refused
        let _ = state.enable_transport_errors(UdpSockRef::from(&io));
        #[cfg(any(target_os = "linux", target_os = "android"))]
        let _ = super::linux::allow_fragments(&io, local.is_ipv6());
        #[cfg(any(target_os = "linux", target_os = "android"))]
        let reports = reports && super::header::report(&io, local.is_ipv6()).is_ok();
        Ok(Self { io, state, local, reports })
    }

    pub(super) fn local_addr(&self) -> SocketAddr {
        self.local
    }

    /// How many datagrams one send may hold.
    pub(super) fn segments_max(&self) -> usize {
        self.state.max_gso_segments()
    }

    /// Waits for something to read or an error to fetch.
    pub(super) async fn ready(&self) {
        if self.io.ready(Interest::READABLE | Interest::ERROR).await.is_err() {
            // the runtime shuts down: nothing will ever come
            std::future::pending::<()>().await;
        }
    }

    /// Sends datagrams of `segment` bytes each, the last one maybe shorter.
    pub(super) fn send(
        &self,
        destination: SocketAddr,
        meta: PacketMeta,
        segment: usize,
        contents: &[u8],
    ) -> io::Result<()> {
        let segment = (segment < contents.len()).then_some(segment);
        if (PacketMeta { ecn: 0, ..meta }) != PacketMeta::default() {
            return self.send_marked(destination, meta, segment, contents);
        }
        let transmit = Transmit {
            destination,
            ecn: EcnCodepoint::from_bits(meta.ecn),
            contents,
            segment_size: segment,
            src_ip: None,
        };
        // not through `try_io`: it would refuse by its own idea of readiness without trying
        self.state.try_send(UdpSockRef::from(&self.io), &transmit)
    }

    /// Sends as [`send`](Self::send) does. "Would block" has [`writable`](Self::writable)
    /// wait until the system has room again.
    pub(super) fn send_or_wait(
        &self,
        destination: SocketAddr,
        ecn: u8,
        segment: usize,
        contents: &[u8],
    ) -> io::Result<()> {
        let meta = PacketMeta { ecn, ..PacketMeta::default() };
        match self.send(destination, meta, segment, contents) {
            Err(error) if error.kind() == io::ErrorKind::WouldBlock => self
                .io
                .try_io(Interest::WRITABLE, || self.send(destination, meta, segment, contents)),
            sent => sent,
        }
    }

    /// Waits until the system takes more; each of those who wait wants a future of its own.
    pub(super) async fn writable(&self) {
        // the runtime shuts down: an error shows again with the next datagram
        let _ = self.io.writable().await;
    }

    /// Has datagrams refused that are too long for the path, where the system can.
    #[cfg(feature = "quic")]
    pub(super) fn forbid_fragments(&self) {
        #[cfg(any(target_os = "linux", target_os = "android"))]
        let _ = super::linux::forbid_fragments(&self.io, self.local.is_ipv6());
    }

    /// Sends what has more in its header than ECN.
    #[cfg(any(target_os = "linux", target_os = "android"))]
    fn send_marked(
        &self,
        destination: SocketAddr,
        meta: PacketMeta,
        segment: Option<usize>,
        contents: &[u8],
    ) -> io::Result<()> {
        super::header::send(&self.io, destination, meta, segment, contents)
    }

    /// The same where the system takes no header with a datagram: of all of it the TTL, which the
    /// socket has meanwhile. Nobody else sends: a socket belongs to one driver, which is here.
    #[cfg(not(any(target_os = "linux", target_os = "android")))]
    fn send_marked(
        &self,
        destination: SocketAddr,
        meta: PacketMeta,
        segment: Option<usize>,
        contents: &[u8],
    ) -> io::Result<()> {
        let plain = PacketMeta { ecn: meta.ecn, ..PacketMeta::default() };
        let segment = segment.unwrap_or(contents.len());
        let Some(ttl) = meta.ttl else {
            return self.send(destination, plain, segment, contents);
        };
        let socket = socket2::SockRef::from(&self.io);
        if destination.is_ipv6() {
            let usual = socket.unicast_hops_v6()?;
            socket.set_unicast_hops_v6(ttl.into())?;
            let sent = self.send(destination, plain, segment, contents);
            socket.set_unicast_hops_v6(usual).and(sent)
        } else {
            let usual = socket.ttl_v4()?;
            socket.set_ttl_v4(ttl.into())?;
            let sent = self.send(destination, plain, segment, contents);
            socket.set_ttl_v4(usual).and(sent)
        }
    }

    /// Reads one batch; true when there may be more.
    pub(super) fn receive(&self, buffers: &mut RecvBuffers) -> Result<bool, SocketFault> {
        buffers.count = 0;
        let read = self.io.try_io(Interest::READABLE, || buffers.read(self));
        match read {
            Err(error) if error.kind() == io::ErrorKind::WouldBlock => Ok(false),
            Err(error) if is_lost(&error) => Err(fault::socket(&error)),
            // an error is that of an earlier send, which its own queue explains; go on reading
            Ok(()) | Err(_) => Ok(true),
        }
    }

    /// The ICMP errors that wait: whom the datagram was for, and what is wrong.
    #[cfg(any(target_os = "linux", target_os = "android"))]
    pub(super) fn path_faults(&self) -> Vec<(SocketAddr, PathFault)> {
        let mut found = Vec::new();
        for _ in 0..FAULTS_PER_READ {
            match super::linux::next_error(&self.io) {
                Ok(Some(fault)) => found.push(fault),
                Ok(None) => {}
                Err(_empty) => break,
            }
        }
        found
    }

    /// This system tells no more than the error of the next send.
    #[cfg(not(any(target_os = "linux", target_os = "android")))]
    #[expect(clippy::unused_self, reason = "the signature of the systems that can")]
    pub(super) fn path_faults(&self) -> Vec<(SocketAddr, PathFault)> {
        Vec::new()
    }

    /// [`path_faults`](Self::path_faults) when the socket woke the driver for them.
    pub(super) fn ready_faults(&self) -> Vec<(SocketAddr, PathFault)> {
        let mut found = Vec::new();
        // "would block" takes the mark off the socket; not taken off while there may be more
        let _ = self.io.try_io(Interest::ERROR, || {
            found = self.path_faults();
            let all = found.len() < FAULTS_PER_READ;
            if all { Err(io::Error::from(io::ErrorKind::WouldBlock)) } else { Ok(()) }
        });
        found
    }
}

/// ICMP errors fetched in one go.
const FAULTS_PER_READ: usize = 64;

/// Whether the socket itself is gone, unlike an error that one datagram caused.
fn is_lost(error: &io::Error) -> bool {
    matches!(
        error.kind(),
        io::ErrorKind::NotConnected | io::ErrorKind::BrokenPipe | io::ErrorKind::InvalidInput
    )
}

/// Room for one batch, used for all sockets of a driver.
#[derive(Debug)]
pub(super) struct RecvBuffers {
    bytes: Box<[u8]>,
    metas: [RecvMeta; BATCH],
    reads: [Read; BATCH],
    count: usize,
}

/// What one buffer holds: datagrams of one sender that the system may have joined.
#[derive(Clone, Copy, Debug)]
pub(super) struct Read {
    pub(super) from: SocketAddr,
    pub(super) meta: PacketMeta,
    /// The length of all of them.
    pub(super) len: usize,
    /// The length of each but the last.
    pub(super) stride: usize,
}

impl Read {
    fn of(read: &RecvMeta) -> Self {
        let ecn = read.ecn.map_or(0, |ecn| ecn as u8);
        let meta = PacketMeta { ecn, ..PacketMeta::default() };
        Self { from: read.addr, meta, len: read.len, stride: read.stride }
    }
}

impl RecvBuffers {
    pub(super) fn new() -> Self {
        let bytes = vec![0; BATCH * READ_MAX].into_boxed_slice();
        let nothing = RecvMeta::default();
        Self { bytes, metas: [nothing; BATCH], reads: [Read::of(&nothing); BATCH], count: 0 }
    }

    fn read(&mut self, socket: &UdpSocket) -> io::Result<()> {
        let mut chunks = self.bytes.chunks_exact_mut(READ_MAX);
        let mut slices: [IoSliceMut<'_>; BATCH] =
            std::array::from_fn(|_| IoSliceMut::new(chunks.next().unwrap_or_default()));
        #[cfg(any(target_os = "linux", target_os = "android"))]
        if socket.reports {
            self.count = super::header::receive(&socket.io, slices, &mut self.reads)?;
            return Ok(());
        }
        let from = UdpSockRef::from(&socket.io);
        self.count = socket.state.recv(from, &mut slices, &mut self.metas)?;
        for (read, meta) in self.reads.iter_mut().zip(&self.metas).take(self.count) {
            *read = Read::of(meta);
        }
        Ok(())
    }

    /// The datagrams of the last read: from whom, what the IP header said, the bytes.
    pub(super) fn datagrams(&self) -> impl Iterator<Item = (SocketAddr, PacketMeta, &[u8])> {
        let reads = self.bytes.chunks_exact(READ_MAX).zip(&self.reads).take(self.count);
        reads.flat_map(|(bytes, read)| {
            let stride = read.stride.max(1);
            // an empty datagram is one datagram, not none
            let count = read.len.div_ceil(stride).max(1);
            (0..count).map(move |index| {
                let start = index * stride;
                (read.from, read.meta, &bytes[start..read.len.min(start + stride)])
            })
        })
    }
}
