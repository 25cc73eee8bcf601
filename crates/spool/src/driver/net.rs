//! All that a driver does with the network, without the machine: sockets by number and by
//! address, the batch that waits to be sent, connections, lookups, and the faults that the machine
//! is to hear.
#[cfg(feature = "tls")]
use super::handshakes::Ticket;
use super::{
    Route, Stats,
    balancer::Accepted,
    batch::{Batches, Joined},
    fault,
    offload::Offloads,
    ready::{Poller, Readiness, Ready},
    stream::{Io, Written},
    tcp::{Security, Tcp},
    udp::{Ports, RecvBuffers, Reports, Rest, UdpSocket},
};
use crate::Services;
use futures_util::{StreamExt, future::BoxFuture, stream::FuturesUnordered};
use sans_io::{
    Instant, LookupAnswer, LookupFault, LookupId, LookupRequest, PacketMeta, Path, PathFault,
    SocketFault, SocketId, SocketRequest, Transport, Verdict,
};
use std::{collections::HashMap, fmt, future, io, net::SocketAddr, sync::Arc, task::Poll};
use tokio::net::TcpStream;

/// Faults that wait for the machine. They are advice, and a flood of ICMP errors is an attacker's
/// lever, so what is more than this is dropped.
const FAULTS_MAX: usize = 64;

/// What woke the driver.
#[derive(Debug)]
pub(super) enum Wake {
    /// Some UDP sockets have something to read, or an error to report.
    Ready,
    /// A lookup is done.
    LookedUp(LookupId, Result<Vec<LookupAnswer>, LookupFault>),
    /// Somebody connected to a listener, or could not.
    Accepted(SocketId, Option<TcpStream>),
    /// A balancer has said who it is that connected to a listener, or nothing that makes sense.
    Announced(SocketId, Option<Accepted>),
    /// The handshake of a connection to a listener is over, or failed.
    #[cfg(feature = "tls")]
    Secured(SocketId, Ticket, Option<Io>),
    /// A connection that was asked for is there, or failed.
    Connected(SocketId, Result<Io, SocketFault>),
    /// A connection can go on.
    Stream(Path),
    /// What was waited for is closed.
    Closed,
}

/// Where a batch goes, and with what header.
#[derive(Clone, Copy)]
struct Destination {
    path: Path,
    meta: PacketMeta,
}

/// The sockets of one driver.
#[derive(Default)]
pub(super) struct Net {
    sockets: HashMap<SocketId, Arc<UdpSocket>>,
    by_local: HashMap<SocketAddr, Arc<UdpSocket>>,
    ready: Poller,
    waits: FuturesUnordered<BoxFuture<'static, Wake>>,
    turn: Turn,
    offloads: Offloads,
    batches: Batches<Arc<UdpSocket>>,
    /// What sockets from now on report.
    pub(super) reports: Reports,
    /// Sockets from now on have nothing fragmented.
    #[cfg(feature = "quic")]
    forbids_fragments: bool,
    pub(super) tcp: Tcp,
    pub(super) services: Services,
    faults: Vec<(Path, PathFault)>,
    pub(super) stats: Stats,
}

/// Who is asked first what there is to do: they take turns, so that neither keeps the other waiting.
#[derive(Clone, Copy, Debug, Default)]
enum Turn {
    #[default]
    Datagrams,
    Others,
}

impl fmt::Debug for Net {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.debug_struct("Net")
            .field("sockets", &self.by_local)
            .field("stats", &self.stats)
            .finish_non_exhaustive()
    }
}

impl Net {
    /// Opens a UDP socket and waits for what it receives.
    pub(super) fn bind(
        &mut self,
        id: SocketId,
        local: SocketAddr,
        ports: Ports,
    ) -> io::Result<SocketAddr> {
        if local.ip().is_unspecified() || self.sockets.contains_key(&id) {
            return Err(io::ErrorKind::AddrNotAvailable.into());
        }
        self.offloads.prepare(local)?;
        self.open(id, UdpSocket::bind(local, self.reports, ports)?)
    }

    /// Takes over a UDP socket that is bound to an address.
    pub(super) fn adopt(
        &mut self,
        id: SocketId,
        socket: std::net::UdpSocket,
    ) -> io::Result<SocketAddr> {
        let local = socket.local_addr()?;
        if local.ip().is_unspecified() || self.sockets.contains_key(&id) {
            return Err(io::ErrorKind::AddrNotAvailable.into());
        }
        self.offloads.prepare(local)?;
        self.open(id, UdpSocket::adopt(socket, self.reports)?)
    }

    fn open(&mut self, id: SocketId, socket: UdpSocket) -> io::Result<SocketAddr> {
        #[cfg(feature = "quic")]
        if self.forbids_fragments {
            socket.forbid_fragments();
        }
        let socket = Arc::new(socket);
        self.ready.add(id, &socket)?;
        let local = socket.local_addr();
        self.by_local.insert(local, Arc::clone(&socket));
        self.sockets.insert(id, socket);
        Ok(local)
    }

    pub(super) fn route(&self, path: &Path) -> Option<Route> {
        let socket = Arc::clone(self.by_local.get(&path.local())?);
        let segmentation = self.offloads.of(path.local())?.shared_state();
        Some(Route::new(socket, segmentation, path.remote()))
    }

    #[cfg(feature = "quic")]
    pub(super) fn forbid_fragments(&mut self) {
        self.forbids_fragments = true;
        self.by_local.values().for_each(|socket| socket.forbid_fragments());
    }

    /// Does what a machine asks of sockets, and gives the answer where one is due at once.
    pub(super) fn request(
        &mut self,
        request: &SocketRequest,
    ) -> Option<(SocketId, Result<SocketAddr, SocketFault>)> {
        match *request {
            SocketRequest::Bind { id, local } => {
                let bound = self.bind(id, local, Ports::Own);
                Some((id, bound.map_err(|error| fault::socket(&error))))
            }
            SocketRequest::Listen { id, local } => {
                let opened = self.listen_shared(id, local);
                Some((id, opened.map_err(|error| fault::socket(&error))))
            }
            SocketRequest::Connect { id, transport, local, remote, ref server_name } => {
                let security = match (transport, server_name) {
                    (Transport::Tcp, _) => Security::None,
                    #[cfg(feature = "tls")]
                    (Transport::Tls, Some(name)) => {
                        Security::Client(self.services.trust.clone(), Arc::clone(name))
                    }
                    // TLS proves nothing without a name
                    _ => return Some((id, Err(SocketFault::Unavailable))),
                };
                let wait = self.tcp.connect(id, local, remote, security);
                self.waits.push(wait);
                None
            }
            SocketRequest::Close(id) => {
                self.flush();
                self.lose(id);
                self.tcp.close(id);
                None
            }
            SocketRequest::Hangup(path) => {
                self.tcp.hang_up(&path);
                None
            }
            SocketRequest::Pause(path) => {
                self.tcp.pause(&path);
                None
            }
            SocketRequest::Resume(path) => {
                self.tcp.resume(&path);
                None
            }
        }
    }

    /// Listens for connections.
    pub(super) fn listen(
        &mut self,
        id: SocketId,
        local: SocketAddr,
        security: Security,
        ports: Ports,
    ) -> io::Result<SocketAddr> {
        if local.ip().is_unspecified() {
            return Err(io::ErrorKind::AddrNotAvailable.into());
        }
        let local = self.tcp.listen(id, local, security, ports)?;
        self.await_accept(id, false);
        Ok(local)
    }

    /// Listens for connections at an address that the machine may connect from as well.
    fn listen_shared(&mut self, id: SocketId, local: SocketAddr) -> io::Result<SocketAddr> {
        if local.ip().is_unspecified() {
            return Err(io::ErrorKind::AddrNotAvailable.into());
        }
        let local = self.tcp.listen_shared(id, local)?;
        self.await_accept(id, false);
        Ok(local)
    }

    /// Takes over a listener that is bound to an address.
    pub(super) fn adopt_listener(
        &mut self,
        id: SocketId,
        listener: std::net::TcpListener,
        security: Security,
    ) -> io::Result<SocketAddr> {
        if listener.local_addr()?.ip().is_unspecified() {
            return Err(io::ErrorKind::AddrNotAvailable.into());
        }
        let local = self.tcp.adopt_listener(id, listener, security)?;
        self.await_accept(id, false);
        Ok(local)
    }

    /// Waits for what a balancer says of a connection to a listener.
    pub(super) fn await_header(&mut self, listener: SocketId, io: TcpStream) {
        let wait = self.tcp.read_header(listener, io);
        self.waits.extend(wait);
    }

    /// Waits for the next connection of a listener; a little later when the last try failed.
    pub(super) fn await_accept(&mut self, id: SocketId, failed: bool) {
        let wait = self.tcp.await_accept(id, failed);
        self.waits.extend(wait);
    }

    /// Waits for the handshake of a connection to a listener.
    pub(super) fn await_handshake(&mut self, now: Instant, listener: SocketId, from: Accepted) {
        let wait = self.tcp.secure(now, listener, from);
        self.waits.extend(wait);
    }

    /// Forgets a socket, which closes it.
    pub(super) fn lose(&mut self, id: SocketId) {
        if let Some(socket) = self.sockets.remove(&id) {
            self.by_local.remove(&socket.local_addr());
            self.ready.remove(id);
        }
    }

    /// One of the sockets that woke the driver.
    pub(super) fn ready(&self, index: usize) -> Option<Ready> {
        self.ready.get(index)
    }

    pub(super) fn socket(&self, id: SocketId) -> Option<Arc<UdpSocket>> {
        self.sockets.get(&id).map(Arc::clone)
    }

    /// Reads one batch of a socket.
    pub(super) fn receive(
        &self,
        socket: &UdpSocket,
        buffers: &mut RecvBuffers,
    ) -> Result<Rest, SocketFault> {
        let offload = self.offloads.of(socket.local_addr()).ok_or(SocketFault::Lost)?;
        socket.receive(offload, buffers)
    }

    /// Has the driver woken when a socket that was read is ready again, unless it was closed.
    pub(super) fn await_ready(&mut self, id: SocketId, socket: Arc<UdpSocket>) {
        self.ready.was_read(id, socket);
    }

    pub(super) fn lookup(&mut self, request: LookupRequest) {
        let names = self.services.names.clone();
        self.waits.push(Box::pin(async move {
            Wake::LookedUp(request.id, names.look_up(request.kind, &request.name).await)
        }));
    }

    /// The next thing that happens.
    pub(super) async fn next_wake(&mut self) -> Wake {
        future::poll_fn(|cx| {
            self.turn = match self.turn {
                Turn::Datagrams => Turn::Others,
                Turn::Others => Turn::Datagrams,
            };
            if matches!(self.turn, Turn::Datagrams) && self.ready.poll_ready(cx).is_ready() {
                return Poll::Ready(Wake::Ready);
            }
            // nothing is waited for: whoever begins to, does so in the task that waits here
            if let Poll::Ready(Some(wake)) = self.waits.poll_next_unpin(cx) {
                return Poll::Ready(wake);
            }
            match self.turn {
                Turn::Datagrams => Poll::Pending,
                Turn::Others => self.ready.poll_ready(cx).map(|()| Wake::Ready),
            }
        })
        .await
    }

    /// Sends a datagram made of three parts, at the latest with the next [`flush`](Self::flush).
    pub(super) fn send(&mut self, path: Path, meta: PacketMeta, parts: [&[u8]; 3]) {
        if path.transport() != Transport::Udp {
            let _ = self.write(&path, parts);
            return;
        }
        let Some(offload) = self.offloads.of(path.local()) else {
            self.stats.homeless += 1;
            return;
        };
        let limits = offload.limits();
        if self.batches.join(&path, meta, parts, limits) == Joined::Yes {
            return;
        }
        let Some(socket) = self.by_local.get(&path.local()).map(Arc::clone) else {
            self.stats.homeless += 1;
            return;
        };
        // the system takes it for a mistake of ours, though anybody may claim to send from there
        if path.remote().port() == 0 {
            self.stats.refused += 1;
            return;
        }
        if self.batches.is_full() {
            self.flush();
        }
        self.batches.begin(socket, path, meta, parts, limits);
    }

    /// Writes to a connection, whole or not at all. False: it was not taken.
    pub(super) fn write(&mut self, path: &Path, parts: [&[u8]; 3]) -> bool {
        match self.tcp.write(path, parts) {
            Some(Written::Whole) => {
                self.stats.sent += 1;
                return true;
            }
            Some(Written::Full) => self.stats.would_block += 1,
            Some(Written::Broken) => self.stats.refused += 1,
            None => self.stats.homeless += 1,
        }
        false
    }

    /// Hands the waiting batches to the operating system.
    pub(super) fn flush(&mut self) {
        self.waits.extend(self.tcp.waits());
        let mut batches = std::mem::take(&mut self.batches);
        for batch in batches.waiting() {
            let to = Destination { path: batch.path, meta: batch.meta };
            if let Some(socket) = &batch.socket {
                self.send_batch(socket, to, batch.segment, &batch.bytes);
            }
        }
        batches.clear();
        self.batches = batches;
    }

    fn send_batch(&mut self, socket: &UdpSocket, to: Destination, segment: usize, bytes: &[u8]) {
        let count = if segment == 0 { 1 } else { bytes.len().div_ceil(segment) as u64 };
        match self.send_once(socket, to, segment, bytes) {
            Ok(()) => self.stats.sent += count,
            Err(error) if count > 1 && error.kind() != io::ErrorKind::WouldBlock => {
                // no segmentation offload after all, or one datagram of many is at fault
                for datagram in bytes.chunks(segment) {
                    self.send_batch(socket, to, datagram.len(), datagram);
                }
            }
            Err(error) => self.refused(to.path, count, &error),
        }
    }

    /// One system call, tried again when what it reported was the fault of an earlier datagram.
    fn send_once(
        &mut self,
        socket: &UdpSocket,
        to: Destination,
        segment: usize,
        bytes: &[u8],
    ) -> io::Result<()> {
        let first = self.hand_over(socket, to, segment, bytes);
        match &first {
            Ok(()) => return first,
            Err(error) if error.kind() == io::ErrorKind::WouldBlock => return first,
            Err(_) if self.collect_faults(socket, to.path) == 0 => return first,
            Err(_) => {}
        }
        self.hand_over(socket, to, segment, bytes)
    }

    fn hand_over(
        &mut self,
        socket: &UdpSocket,
        to: Destination,
        segment: usize,
        bytes: &[u8],
    ) -> io::Result<()> {
        self.stats.sends += 1;
        let Some(offload) = self.offloads.of_mut(socket.local_addr()) else {
            return Err(io::ErrorKind::NotConnected.into());
        };
        let segment = (segment < bytes.len()).then_some(segment);
        let result = socket.send(offload, to.path.remote(), to.meta, segment, bytes);
        offload.sent(segment, &result);
        result
    }

    fn refused(&mut self, path: Path, count: u64, error: &io::Error) {
        if error.kind() == io::ErrorKind::WouldBlock {
            self.stats.would_block += count;
            return;
        }
        self.stats.refused += count;
        if let Some(fault) = fault::path(path.remote(), error) {
            self.fail(path, fault);
        }
    }

    /// Takes the ICMP errors that wait at a socket, and says how many there were. An error that
    /// names no port, as those of our own system do, is put down to `cause`.
    fn collect_faults(&mut self, socket: &UdpSocket, cause: Path) -> usize {
        let found = socket.path_faults();
        for (remote, fault) in &found {
            let remote = if remote.port() == 0 { cause.remote() } else { *remote };
            self.fail(Path::udp(socket.local_addr(), remote), *fault);
        }
        found.len()
    }

    /// Takes the ICMP errors that a socket woke the driver for.
    pub(super) fn collect_ready_faults(&mut self, readiness: Readiness, socket: &UdpSocket) {
        if readiness != Readiness::Fault {
            return;
        }
        let local = socket.local_addr();
        for (remote, fault) in socket.path_faults() {
            self.fail(Path::udp(local, remote), fault);
        }
    }

    fn fail(&mut self, path: Path, fault: PathFault) {
        if self.faults.len() < FAULTS_MAX && !self.faults.contains(&(path, fault)) {
            self.faults.push((path, fault));
        }
    }

    pub(super) fn has_faults(&self) -> bool {
        !self.faults.is_empty() || self.tcp.has_ended()
    }

    pub(super) fn take_faults(&mut self) -> Vec<(Path, PathFault)> {
        let mut faults = self.tcp.take_ended();
        faults.append(&mut self.faults);
        faults
    }

    /// Counts what became of an input.
    pub(super) fn count(&mut self, verdict: &Verdict<'_>) {
        match verdict {
            Verdict::Unclaimed => self.stats.unclaimed += 1,
            Verdict::Dropped(_) => self.stats.dropped += 1,
            Verdict::Consumed | Verdict::Deliver { .. } | Verdict::Send(_) => {}
        }
    }
}
