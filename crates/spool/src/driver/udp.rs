//! One UDP socket: batches in and out, segmentation offload, ICMP errors.
use super::{fault, offload::Offload};
use quinn_udp::{EcnCodepoint, RecvMeta, Transmit, UdpSockRef};
use sans_io::{PacketMeta, PathFault, SocketFault};
use std::{
    io::{self, IoSliceMut},
    net::SocketAddr,
};

/// Datagrams read in one system call (as many times the segments of receive offload).
const BATCH: usize = 32;

/// The longest read: what receive offload may join.
const READ_MAX: usize = 65_535;

/// From one buffer to the next. Not a power of two, for the first lines of all of them would be the
/// same few lines of the processor's caches.
const READ_STRIDE: usize = 65_536 + 21 * 64;

/// System calls for one ready socket before others get their turn.
pub(super) const BATCHES_PER_WAKE: usize = 4;

/// What the kernel may hold for us while the task is busy: 200 ms of 50 Mbit/s. The system's own
/// limit may cut it.
const KERNEL_BUFFER: usize = 1 << 20;

/// What of the header of each datagram that arrives is told, as far as the system can. Each bit
/// costs time with every datagram.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq)]
pub(super) enum Reports {
    /// ECN.
    #[default]
    Ecn,
    /// ECN and DSCP. The system joins no datagrams then.
    Class,
    /// ECN, DSCP and TTL.
    All,
}

/// Whose a port is.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq)]
pub(super) enum Ports {
    /// This socket's.
    #[default]
    Own,
    /// This socket's and those that are opened with it.
    FirstOfMany,
    /// Of several sockets, between which the system divides what arrives.
    OneOfMany,
}

/// Whether a socket has more to read.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(super) enum Rest {
    /// It may have.
    Maybe,
    /// It had not a moment ago.
    Nothing,
}

/// Linux sockets are waited for as [`ready`](super::ready) tells.
#[cfg(any(target_os = "linux", target_os = "android"))]
type Io = std::net::UdpSocket;
#[cfg(not(any(target_os = "linux", target_os = "android")))]
type Io = tokio::net::UdpSocket;

/// A socket bound to one address.
#[derive(Debug)]
pub(super) struct UdpSocket {
    io: Io,
    local: SocketAddr,
    #[cfg_attr(
        not(any(target_os = "linux", target_os = "android")),
        expect(dead_code, reason = "no other system tells more than ECN")
    )]
    reports: Reports,
}

impl UdpSocket {
    /// Opens it.
    #[cfg(any(target_os = "linux", target_os = "android"))]
    pub(super) fn bind(local: SocketAddr, reports: Reports, ports: Ports) -> io::Result<Self> {
        let (io, local) = super::linux::open(local, reports, ports, KERNEL_BUFFER)?;
        Ok(Self { io, local, reports })
    }

    #[cfg(not(any(target_os = "linux", target_os = "android")))]
    pub(super) fn bind(local: SocketAddr, reports: Reports, ports: Ports) -> io::Result<Self> {
        use socket2::{Domain, Protocol, Socket, Type};
        if ports != Ports::Own {
            return Err(io::ErrorKind::Unsupported.into());
        }
        let socket = Socket::new(Domain::for_address(local), Type::DGRAM, Some(Protocol::UDP))?;
        if local.is_ipv6() {
            socket.set_only_v6(true)?;
        }
        socket.bind(&local.into())?;
        Self::set_up(socket, reports)
    }

    /// Takes one over that is bound.
    #[cfg(any(target_os = "linux", target_os = "android"))]
    pub(super) fn adopt(io: std::net::UdpSocket, reports: Reports) -> io::Result<Self> {
        io.set_nonblocking(true)?;
        let local = io.local_addr()?;
        super::linux::prepare(&io, local.is_ipv6(), reports, KERNEL_BUFFER);
        Ok(Self { io, local, reports })
    }

    #[cfg(not(any(target_os = "linux", target_os = "android")))]
    pub(super) fn adopt(io: std::net::UdpSocket, reports: Reports) -> io::Result<Self> {
        Self::set_up(io.into(), reports)
    }

    #[cfg(not(any(target_os = "linux", target_os = "android")))]
    fn set_up(socket: socket2::Socket, reports: Reports) -> io::Result<Self> {
        socket.set_nonblocking(true)?;
        // more room is better, and the system's default works as well
        let _ = socket.set_recv_buffer_size(KERNEL_BUFFER);
        let _ = socket.set_send_buffer_size(KERNEL_BUFFER);
        // sets what batches need
        quinn_udp::UdpSocketState::new(UdpSockRef::from(&socket))?;
        let io = tokio::net::UdpSocket::from_std(socket.into())?;
        let local = io.local_addr()?;
        Ok(Self { io, local, reports })
    }

    pub(super) fn local_addr(&self) -> SocketAddr {
        self.local
    }

    pub(super) fn io(&self) -> &Io {
        &self.io
    }

    /// Sends datagrams of `segment` bytes each, the last one maybe shorter.
    pub(super) fn send(
        &self,
        offload: &Offload,
        destination: SocketAddr,
        meta: PacketMeta,
        segment: Option<usize>,
        contents: &[u8],
    ) -> io::Result<()> {
        if (PacketMeta { ecn: 0, ..meta }) != PacketMeta::default() {
            return self.send_marked(offload, destination, meta, segment, contents);
        }
        let ecn = EcnCodepoint::from_bits(meta.ecn);
        let segment_size = segment;
        let transmit = Transmit { destination, ecn, contents, segment_size, src_ip: None };
        offload.state().try_send(UdpSockRef::from(&self.io), &transmit)
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
        _: &Offload,
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
        offload: &Offload,
        destination: SocketAddr,
        meta: PacketMeta,
        segment: Option<usize>,
        contents: &[u8],
    ) -> io::Result<()> {
        let plain = PacketMeta { ecn: meta.ecn, ..PacketMeta::default() };
        let Some(ttl) = meta.ttl else {
            return self.send(offload, destination, plain, segment, contents);
        };
        let socket = socket2::SockRef::from(&self.io);
        if destination.is_ipv6() {
            let usual = socket.unicast_hops_v6()?;
            socket.set_unicast_hops_v6(ttl.into())?;
            let sent = self.send(offload, destination, plain, segment, contents);
            socket.set_unicast_hops_v6(usual).and(sent)
        } else {
            let usual = socket.ttl_v4()?;
            socket.set_ttl_v4(ttl.into())?;
            let sent = self.send(offload, destination, plain, segment, contents);
            socket.set_ttl_v4(usual).and(sent)
        }
    }

    /// Reads one batch.
    pub(super) fn receive(
        &self,
        offload: &Offload,
        buffers: &mut RecvBuffers,
    ) -> Result<Rest, SocketFault> {
        buffers.count = 0;
        match self.read(offload, buffers) {
            Ok(()) if buffers.count < BATCH => Ok(Rest::Nothing),
            Err(error) if error.kind() == io::ErrorKind::WouldBlock => Ok(Rest::Nothing),
            Err(error) if is_lost(&error) => Err(fault::socket(&error)),
            // an error is that of an earlier send, which its own queue explains; go on reading
            Ok(()) | Err(_) => Ok(Rest::Maybe),
        }
    }

    #[cfg(any(target_os = "linux", target_os = "android"))]
    fn read(&self, offload: &Offload, buffers: &mut RecvBuffers) -> io::Result<()> {
        buffers.read(self, offload)
    }

    /// The runtime is told when nothing was there. It waits for the next datagram only then.
    #[cfg(not(any(target_os = "linux", target_os = "android")))]
    fn read(&self, offload: &Offload, buffers: &mut RecvBuffers) -> io::Result<()> {
        self.io.try_io(tokio::io::Interest::READABLE, || buffers.read(self, offload))
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
        let bytes = vec![0; BATCH * READ_STRIDE].into_boxed_slice();
        let nothing = RecvMeta::default();
        Self { bytes, metas: [nothing; BATCH], reads: [Read::of(&nothing); BATCH], count: 0 }
    }

    fn read(&mut self, socket: &UdpSocket, offload: &Offload) -> io::Result<()> {
        let mut chunks = self.bytes.chunks_exact_mut(READ_STRIDE);
        let mut slices: [IoSliceMut<'_>; BATCH] = std::array::from_fn(|_| {
            IoSliceMut::new(chunks.next().map_or(&mut [][..], |chunk| &mut chunk[..READ_MAX]))
        });
        #[cfg(any(target_os = "linux", target_os = "android"))]
        match socket.reports {
            Reports::Ecn => {}
            Reports::Class => {
                let (io, v6) = (&socket.io, socket.local.is_ipv6());
                self.count = super::header::receive_alike(io, v6, slices, &mut self.reads)?;
                return Ok(());
            }
            Reports::All => {
                self.count = super::header::receive(&socket.io, slices, &mut self.reads)?;
                return Ok(());
            }
        }
        let from = UdpSockRef::from(&socket.io);
        self.count = offload.state().recv(from, &mut slices, &mut self.metas)?;
        for (read, meta) in self.reads.iter_mut().zip(&self.metas).take(self.count) {
            *read = Read::of(meta);
        }
        Ok(())
    }

    /// The datagrams of the last read: from whom, what the IP header said, the bytes.
    pub(super) fn datagrams(&self) -> impl Iterator<Item = (SocketAddr, PacketMeta, &[u8])> {
        let reads = self.bytes.chunks_exact(READ_STRIDE).zip(&self.reads).take(self.count);
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
