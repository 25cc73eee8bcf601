//! All that a driver does with the network, without the machine: sockets by number and by
//! address, the batch that waits to be sent, connections, lookups, and the faults that the machine
//! is to hear.
#[cfg(feature = "tls")]
use super::handshakes::Ticket;
use super::{
    Route, Stats,
    balancer::Accepted,
    batch::Batch,
    fault,
    stream::{Io, Written},
    tcp::{Security, Tcp},
    udp::UdpSocket,
};
use crate::Services;
use futures_util::{
    StreamExt,
    future::{AbortHandle, Abortable, BoxFuture},
    stream::FuturesUnordered,
};
use sans_io::{
    Instant, LookupAnswer, LookupFault, LookupId, LookupRequest, PacketMeta, Path, PathFault,
    SocketFault, SocketId, SocketRequest, Transport, Verdict,
};
use std::{collections::HashMap, fmt, io, net::SocketAddr, sync::Arc};
use tokio::net::TcpStream;

/// Faults that wait for the machine. They are advice, and a flood of ICMP errors is an attacker's
/// lever, so what is more than this is dropped.
const FAULTS_MAX: usize = 64;

/// What woke the driver.
#[derive(Debug)]
pub(super) enum Wake {
    /// A socket has something to read, or an error to report.
    Ready(SocketId),
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

struct Open {
    socket: Arc<UdpSocket>,
    waiting: Option<AbortHandle>,
}

/// The sockets of one driver.
#[derive(Default)]
pub(super) struct Net {
    sockets: HashMap<SocketId, Open>,
    by_local: HashMap<SocketAddr, SocketId>,
    waits: FuturesUnordered<BoxFuture<'static, Wake>>,
    batch: Batch,
    /// Sockets from now on report the headers of what arrives.
    pub(super) reports_headers: bool,
    /// Sockets from now on have nothing fragmented.
    #[cfg(feature = "quic")]
    forbids_fragments: bool,
    pub(super) tcp: Tcp,
    pub(super) services: Services,
    faults: Vec<(Path, PathFault)>,
    pub(super) stats: Stats,
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
    pub(super) fn bind(&mut self, id: SocketId, local: SocketAddr) -> io::Result<SocketAddr> {
        if local.ip().is_unspecified() || self.sockets.contains_key(&id) {
            return Err(io::ErrorKind::AddrNotAvailable.into());
        }
        let socket = UdpSocket::bind(local, self.reports_headers)?;
        Ok(self.open(id, socket))
    }

    /// Takes over a UDP socket that is bound to an address.
    pub(super) fn adopt(
        &mut self,
        id: SocketId,
        socket: std::net::UdpSocket,
    ) -> io::Result<SocketAddr> {
        if socket.local_addr()?.ip().is_unspecified() || self.sockets.contains_key(&id) {
            return Err(io::ErrorKind::AddrNotAvailable.into());
        }
        let socket = UdpSocket::adopt(socket.into(), self.reports_headers)?;
        Ok(self.open(id, socket))
    }

    fn open(&mut self, id: SocketId, socket: UdpSocket) -> SocketAddr {
        #[cfg(feature = "quic")]
        if self.forbids_fragments {
            socket.forbid_fragments();
        }
        let local = socket.local_addr();
        self.sockets.insert(id, Open { socket: Arc::new(socket), waiting: None });
        self.by_local.insert(local, id);
        self.await_ready(id);
        local
    }

    pub(super) fn route(&self, path: &Path) -> Option<Route> {
        let open = self.sockets.get(self.by_local.get(&path.local())?)?;
        Some(Route::new(Arc::clone(&open.socket), path.remote()))
    }

    #[cfg(feature = "quic")]
    pub(super) fn forbid_fragments(&mut self) {
        self.forbids_fragments = true;
        self.by_local.values().filter_map(|id| self.sockets.get(id)).for_each(|open| {
            open.socket.forbid_fragments();
        });
    }

    /// Does what a machine asks of sockets, and gives the answer where one is due at once.
    pub(super) fn request(
        &mut self,
        request: &SocketRequest,
    ) -> Option<(SocketId, Result<SocketAddr, SocketFault>)> {
        match *request {
            SocketRequest::Bind { id, local } => {
                Some((id, self.bind(id, local).map_err(|error| fault::socket(&error))))
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
    ) -> io::Result<SocketAddr> {
        if local.ip().is_unspecified() {
            return Err(io::ErrorKind::AddrNotAvailable.into());
        }
        let local = self.tcp.listen(id, local, security)?;
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
        if let Some(open) = self.sockets.remove(&id) {
            self.by_local.remove(&open.socket.local_addr());
            if let Some(waiting) = open.waiting {
                waiting.abort();
            }
        }
    }

    pub(super) fn socket(&self, id: SocketId) -> Option<&UdpSocket> {
        self.sockets.get(&id).map(|open| &*open.socket)
    }

    /// Has the driver woken when the socket is ready again.
    pub(super) fn await_ready(&mut self, id: SocketId) {
        let Some(open) = self.sockets.get_mut(&id) else { return };
        let socket = Arc::clone(&open.socket);
        let (waiting, registration) = AbortHandle::new_pair();
        open.waiting = Some(waiting);
        let ready = Abortable::new(async move { socket.ready().await }, registration);
        self.waits.push(Box::pin(async move {
            match ready.await {
                Ok(()) => Wake::Ready(id),
                Err(_aborted) => Wake::Closed,
            }
        }));
    }

    pub(super) fn lookup(&mut self, request: LookupRequest) {
        let names = self.services.names.clone();
        self.waits.push(Box::pin(async move {
            Wake::LookedUp(request.id, names.look_up(request.kind, &request.name).await)
        }));
    }

    /// The next thing that happens; `None` while nothing is waited for.
    pub(super) async fn next_wake(&mut self) -> Option<Wake> {
        self.waits.next().await
    }

    /// Sends a datagram made of three parts, at the latest with the next [`flush`](Self::flush).
    pub(super) fn send(&mut self, path: Path, meta: PacketMeta, parts: [&[u8]; 3]) {
        if path.transport() != Transport::Udp {
            let _ = self.write(&path, parts);
            return;
        }
        let socket = self.by_local.get(&path.local()).and_then(|id| self.sockets.get(id));
        let Some(open) = socket else {
            self.stats.homeless += 1;
            return;
        };
        let segments_max = open.socket.segments_max();
        if !self.batch.push(path, meta, parts, segments_max) {
            self.flush();
            let _fits = self.batch.push(path, meta, parts, segments_max);
        }
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

    /// Hands the waiting batch to the operating system.
    pub(super) fn flush(&mut self) {
        self.waits.extend(self.tcp.waits());
        let Some((path, meta, segment, bytes)) = self.batch.take() else { return };
        let id = self.by_local.get(&path.local());
        if let Some(open) = id.and_then(|id| self.sockets.get(id)) {
            let socket = Arc::clone(&open.socket);
            self.send_batch(&socket, path, meta, segment, &bytes);
        }
        self.batch.recycle(bytes);
    }

    fn send_batch(
        &mut self,
        socket: &UdpSocket,
        path: Path,
        meta: PacketMeta,
        segment: usize,
        bytes: &[u8],
    ) {
        let count = if segment == 0 { 1 } else { bytes.len().div_ceil(segment) as u64 };
        match self.send_once(socket, path, meta, segment, bytes) {
            Ok(()) => self.stats.sent += count,
            Err(error) if count > 1 && error.kind() != io::ErrorKind::WouldBlock => {
                // no segmentation offload after all, or one datagram of many is at fault
                for datagram in bytes.chunks(segment) {
                    self.send_batch(socket, path, meta, datagram.len(), datagram);
                }
            }
            Err(error) => self.refused(path, count, &error),
        }
    }

    /// One system call, tried again when what it reported was the fault of an earlier datagram.
    fn send_once(
        &mut self,
        socket: &UdpSocket,
        path: Path,
        meta: PacketMeta,
        segment: usize,
        bytes: &[u8],
    ) -> io::Result<()> {
        self.stats.sends += 1;
        let first = socket.send(path.remote(), meta, segment, bytes);
        match &first {
            Ok(()) => return first,
            Err(error) if error.kind() == io::ErrorKind::WouldBlock => return first,
            Err(_) if self.collect_faults(socket, path) == 0 => return first,
            Err(_) => {}
        }
        self.stats.sends += 1;
        socket.send(path.remote(), meta, segment, bytes)
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
    pub(super) fn collect_ready_faults(&mut self, id: SocketId) {
        let Some(socket) = self.socket(id) else { return };
        let local = socket.local_addr();
        for (remote, fault) in socket.ready_faults() {
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
