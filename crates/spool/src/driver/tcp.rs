//! The TCP listeners and connections of one driver.
use super::{
    balancer::{Accepted, Balancers},
    fault,
    net::Wake,
    stream::{Io, Read, ReadBuffers, Stream, Written},
    udp::Ports,
};
#[cfg(feature = "tls")]
use super::{
    diversion::Diversion,
    handshakes::{SharedHandshakes, Ticket},
    session::Session,
};
#[cfg(feature = "tls")]
use crate::services::{Identity, Trust};
use futures_util::future::{AbortHandle, Abortable, BoxFuture, FutureExt};
use sans_io::{Instant, Path, PathFault, SocketFault, SocketId};
use std::{collections::HashMap, io, net::SocketAddr, sync::Arc, time::Duration};
use tokio::net::{TcpListener, TcpSocket, TcpStream};

/// Connections of one driver. Each takes a descriptor; what the machine does not take at once and
/// what a slow reader does not, up to some 400 KB, are kept for it.
const STREAMS_MAX: usize = 4096;

/// How long a connection may take to be made, its handshake included.
const CONNECT_WITHIN: Duration = Duration::from_secs(10);

/// The same from a chosen address. Who chooses it relays for others, who are promised 30 s (RFC 6062
/// §5.2).
const CONNECT_FROM_WITHIN: Duration = Duration::from_secs(32);

/// Connections that the system holds until they are accepted.
const LISTEN_BACKLOG: u32 = 256;

/// After a failed accept, since the cause (no descriptor left, above all) does not go away at once.
const ACCEPT_PAUSE: Duration = Duration::from_millis(100);

/// What connections are made secure with.
#[derive(Debug)]
pub(super) enum Security {
    None,
    /// We connect to the one of this name.
    #[cfg(feature = "tls")]
    Client(Trust, Arc<str>),
    /// Others connect to us.
    #[cfg(feature = "tls")]
    Server(Identity),
}

/// Something to wait for.
pub(super) type Wait = BoxFuture<'static, Wake>;

struct Listener {
    io: Arc<TcpListener>,
    security: Security,
    waiting: Option<AbortHandle>,
}

struct Open {
    stream: Stream,
    waiting: Option<AbortHandle>,
}

/// Listeners by number, connections by path.
#[derive(Default)]
pub(super) struct Tcp {
    listeners: HashMap<SocketId, Listener>,
    connecting: HashMap<SocketId, AbortHandle>,
    #[cfg(feature = "tls")]
    pub(super) handshakes: SharedHandshakes,
    /// Which connections are for somebody else.
    #[cfg(feature = "tls")]
    pub(super) diversion: Option<Diversion>,
    streams: HashMap<Path, Open>,
    by_id: HashMap<SocketId, Path>,
    /// Connections that ended, of which the machine is to be told.
    ended: Vec<(Path, PathFault)>,
    /// Connections to wait for, or (true) to go on with at once.
    next: Vec<(Path, bool)>,
    buffers: Option<ReadBuffers>,
    pub(super) balancers: Balancers,
}

impl Tcp {
    pub(super) fn listen(
        &mut self,
        id: SocketId,
        local: SocketAddr,
        security: Security,
        ports: Ports,
    ) -> io::Result<SocketAddr> {
        let socket = socket_for(local)?;
        // a server that starts again finds its old connections in TIME_WAIT
        socket.set_reuseaddr(cfg!(unix))?;
        if ports == Ports::OneOfMany {
            divide_port(&socket)?;
        }
        socket.bind(local)?;
        if ports == Ports::FirstOfMany {
            // not before: another program that has the port is one too many
            divide_port(&socket)?;
        }
        self.listen_on(id, socket, security)
    }

    /// Listens at an address that connections are made from as well. Nobody else has it.
    pub(super) fn listen_shared(
        &mut self,
        id: SocketId,
        local: SocketAddr,
    ) -> io::Result<SocketAddr> {
        let socket = socket_for(local)?;
        socket.set_reuseaddr(cfg!(unix))?;
        socket.bind(local)?;
        share(&socket)?;
        self.listen_on(id, socket, Security::None)
    }

    fn listen_on(
        &mut self,
        id: SocketId,
        socket: TcpSocket,
        security: Security,
    ) -> io::Result<SocketAddr> {
        let io = socket.listen(LISTEN_BACKLOG)?;
        self.insert_listener(id, io, security)
    }

    /// Takes a listener over that others have opened.
    pub(super) fn adopt_listener(
        &mut self,
        id: SocketId,
        listener: std::net::TcpListener,
        security: Security,
    ) -> io::Result<SocketAddr> {
        listener.set_nonblocking(true)?;
        self.insert_listener(id, TcpListener::from_std(listener)?, security)
    }

    fn insert_listener(
        &mut self,
        id: SocketId,
        io: TcpListener,
        security: Security,
    ) -> io::Result<SocketAddr> {
        let local = io.local_addr()?;
        self.listeners.insert(id, Listener { io: Arc::new(io), security, waiting: None });
        Ok(local)
    }

    /// Whether a balancer tells who connects from there.
    pub(super) fn is_balancer(&self, tcp: &TcpStream) -> bool {
        self.balancers.are(tcp)
    }

    /// Reads what it tells. `None`: too many are at it.
    pub(super) fn read_header(&mut self, id: SocketId, tcp: TcpStream) -> Option<Wait> {
        let read = self.balancers.read(tcp)?;
        Some(Box::pin(read.map(move |accepted| Wake::Announced(id, accepted))))
    }

    /// Waits for the next connection of a listener.
    pub(super) fn await_accept(&mut self, id: SocketId, failed: bool) -> Option<Wait> {
        let listener = self.listeners.get_mut(&id)?;
        let io = Arc::clone(&listener.io);
        let accept = async move {
            if failed {
                tokio::time::sleep(ACCEPT_PAUSE).await;
            }
            Wake::Accepted(id, io.accept().await.ok().map(|(io, _)| io))
        };
        Some(abortable(&mut listener.waiting, accept))
    }

    /// Whether connections to a listener begin with a handshake.
    pub(super) fn is_secure(&self, listener: SocketId) -> bool {
        let listener = self.listeners.get(&listener);
        listener.is_some_and(|listener| !matches!(listener.security, Security::None))
    }

    /// Starts the handshake of a connection to a listener. `None`: there are enough of them.
    #[cfg(feature = "tls")]
    pub(super) fn secure(&mut self, now: Instant, id: SocketId, from: Accepted) -> Option<Wait> {
        let Security::Server(identity) = &self.listeners.get(&id)?.security else { return None };
        let identity = identity.clone();
        let Accepted { tcp, remote } = from;
        let (ticket, secured) = self.handshakes.lock().run(now, remote.ip(), identity, tcp)?;
        let named = move |io: Option<Io>| io.map(|io| Io { remote: Some(remote), ..io });
        Some(Box::pin(secured.map(move |io| Wake::Secured(id, ticket, named(io)))))
    }

    #[cfg(not(feature = "tls"))]
    #[expect(clippy::unused_self, reason = "the signature with TLS")]
    pub(super) fn secure(&mut self, _: Instant, _: SocketId, _: Accepted) -> Option<Wait> {
        None
    }

    /// A handshake is over.
    #[cfg(feature = "tls")]
    pub(super) fn secured(&mut self, ticket: Ticket) {
        self.handshakes.lock().over(ticket);
    }

    /// Hands a connection on if it is for somebody else; else gives it back.
    #[cfg(feature = "tls")]
    pub(super) fn divert(&self, io: Io) -> Option<Io> {
        match &self.diversion {
            Some(diversion) => diversion.take(io),
            None => Some(io),
        }
    }

    /// Starts to connect.
    pub(super) fn connect(
        &mut self,
        id: SocketId,
        local: Option<SocketAddr>,
        remote: SocketAddr,
        security: Security,
    ) -> Wait {
        let connect = async move {
            let mut reached = false;
            let connect = connect(local, remote, security, &mut reached);
            let within = if local.is_some() { CONNECT_FROM_WITHIN } else { CONNECT_WITHIN };
            let connected = tokio::time::timeout(within, connect).await;
            // who is there, but says nothing, speaks no TLS
            let late = if reached { SocketFault::Handshake } else { SocketFault::TimedOut };
            Wake::Connected(id, connected.unwrap_or(Err(late)))
        };
        let mut waiting = None;
        let wait = abortable(&mut waiting, connect);
        self.connecting.extend(waiting.map(|waiting| (id, waiting)));
        wait
    }

    /// Takes in a connection that was asked for; its path. `None`: it is wanted no more.
    pub(super) fn connected(
        &mut self,
        id: SocketId,
        io: Result<Io, SocketFault>,
    ) -> Option<Result<Path, SocketFault>> {
        self.connecting.remove(&id)?;
        let path = io.and_then(|io| {
            let path = io.path().map_err(|_| SocketFault::Lost)?;
            if self.is_full() {
                return Err(SocketFault::NoCapacity);
            }
            self.adopt(path, io, Some(id));
            Ok(path)
        });
        Some(path)
    }

    /// Whether there is a connection of this path. A balancer may name a client twice.
    pub(super) fn is_taken(&self, path: &Path) -> bool {
        self.streams.contains_key(path)
    }

    pub(super) fn is_full(&self) -> bool {
        self.streams.len() >= STREAMS_MAX
    }

    pub(super) fn is_beyond_full(&self) -> bool {
        self.streams.len() > STREAMS_MAX
    }

    pub(super) fn adopt(&mut self, path: Path, io: Io, id: Option<SocketId>) {
        self.by_id.extend(id.map(|id| (id, path)));
        let stream = Stream::new(io, id);
        // something may have come with the handshake
        let at_once = !stream.input.is_empty();
        self.streams.insert(path, Open { stream, waiting: None });
        self.next.push((path, at_once));
    }

    /// Closes whatever has this number.
    pub(super) fn close(&mut self, id: SocketId) {
        if let Some(Listener { waiting: Some(waiting), .. }) = self.listeners.remove(&id) {
            waiting.abort();
        }
        if let Some(waiting) = self.connecting.remove(&id) {
            waiting.abort();
        }
        if let Some(path) = self.by_id.remove(&id) {
            self.hang_up(&path);
        }
    }

    /// Closes a connection, with what the system has not taken yet.
    pub(super) fn hang_up(&mut self, path: &Path) {
        let Some(mut open) = self.streams.remove(path) else { return };
        open.stream.close();
        if let Some(waiting) = open.waiting {
            waiting.abort();
        }
        if let Some(id) = open.stream.id {
            self.by_id.remove(&id);
        }
        for held in open.stream.holding {
            self.release(&held);
        }
    }

    /// The waits for connections that something was done with. The waits before are called off.
    pub(super) fn waits(&mut self) -> Vec<Wait> {
        let next = std::mem::take(&mut self.next);
        next.into_iter().filter_map(|(path, now)| self.wait(path, now)).collect()
    }

    fn wait(&mut self, path: Path, now: bool) -> Option<Wait> {
        let open = self.streams.get_mut(&path)?;
        if let Some(waiting) = open.waiting.take() {
            waiting.abort();
        }
        if now {
            let ready = std::future::ready(Wake::Stream(path));
            return Some(abortable(&mut open.waiting, ready));
        }
        let ready = open.stream.ready()?;
        Some(abortable(&mut open.waiting, ready.map(move |()| Wake::Stream(path))))
    }

    /// Has a connection waited for again.
    pub(super) fn await_ready(&mut self, path: &Path) {
        self.next.push((*path, false));
    }

    /// Writes a message. `None`: there is no such connection.
    pub(super) fn write(&mut self, path: &Path, parts: [&[u8]; 3]) -> Option<Written> {
        let open = self.streams.get_mut(path)?;
        let written = open.stream.write(parts);
        if written == Written::Broken {
            self.end(path, PathFault::Reset);
        } else if !open.stream.is_flushed() {
            self.next.push((*path, false));
        }
        Some(written)
    }

    /// Goes on writing what waits; when all is written, those go on who wait for that.
    pub(super) fn flush(&mut self, path: &Path) {
        let Some(open) = self.streams.get_mut(path) else { return };
        if !open.stream.flush() {
            return self.end(path, PathFault::Reset);
        }
        if open.stream.is_flushed() {
            let holding = std::mem::take(&mut open.stream.holding);
            for held in &holding {
                self.release(held);
            }
        }
    }

    /// Reads no more of `from` until `to` has room, if it has none.
    pub(super) fn hold(&mut self, from: &Path, to: &Path) {
        let full = self.streams.get(to).is_some_and(|open| !open.stream.is_flushed());
        if full && let Some(open) = self.streams.get_mut(from) {
            open.stream.held = true;
            if let Some(open) = self.streams.get_mut(to) {
                open.stream.holding.push(*from);
            }
        }
    }

    fn release(&mut self, path: &Path) {
        if let Some(open) = self.streams.get_mut(path) {
            open.stream.held = false;
            self.next.push((*path, true));
        }
    }

    /// Reads no more of a connection, whatever comes.
    pub(super) fn pause(&mut self, path: &Path) {
        if let Some(open) = self.streams.get_mut(path) {
            open.stream.paused = true;
        }
    }

    /// Reads it again, and offers what was left.
    pub(super) fn resume(&mut self, path: &Path) {
        if let Some(open) = self.streams.get_mut(path) {
            open.stream.paused = false;
            self.next.push((*path, true));
        }
    }

    pub(super) fn is_wanted(&self, path: &Path) -> bool {
        self.streams.get(path).is_some_and(|open| open.stream.is_wanted())
    }

    /// The buffers that connections are read into, to be given back.
    pub(super) fn take_buffers(&mut self) -> ReadBuffers {
        self.buffers.take().unwrap_or_default()
    }

    pub(super) fn put_buffers(&mut self, buffers: ReadBuffers) {
        self.buffers = Some(buffers);
    }

    pub(super) fn read(&mut self, path: &Path, buffers: &mut ReadBuffers) -> Read {
        self.streams.get_mut(path).map_or(Read::Blocked, |open| open.stream.read(buffers))
    }

    /// Takes what was left at the end of the last turn.
    pub(super) fn take_input(&mut self, path: &Path, input: &mut Vec<u8>) {
        input.clear();
        if let Some(open) = self.streams.get_mut(path) {
            input.extend_from_slice(&std::mem::take(&mut open.stream.input));
        }
    }

    /// Keeps what is left at the end of a turn.
    pub(super) fn put_input(&mut self, path: &Path, input: &[u8]) {
        if let Some(open) = self.streams.get_mut(path) {
            open.stream.input = input.into();
        }
    }

    /// Closes a connection that failed or ended, and has the machine told.
    pub(super) fn end(&mut self, path: &Path, fault: PathFault) {
        if self.streams.contains_key(path) {
            self.hang_up(path);
            self.ended.push((*path, fault));
        }
    }

    pub(super) fn has_ended(&self) -> bool {
        !self.ended.is_empty()
    }

    pub(super) fn take_ended(&mut self) -> Vec<(Path, PathFault)> {
        std::mem::take(&mut self.ended)
    }
}

fn socket_for(address: SocketAddr) -> io::Result<TcpSocket> {
    if address.is_ipv4() { TcpSocket::new_v4() } else { TcpSocket::new_v6() }
}

/// Lets other sockets of ours have the same address from now on.
fn share(socket: &TcpSocket) -> io::Result<()> {
    socket.set_reuseaddr(cfg!(unix))?;
    #[cfg(unix)]
    socket.set_reuseport(true)?;
    Ok(())
}

/// Has the system divide what arrives between the sockets of one port.
#[cfg(any(target_os = "linux", target_os = "android"))]
fn divide_port(socket: &TcpSocket) -> io::Result<()> {
    socket.set_reuseport(true)
}

/// Elsewhere all goes to one of them.
#[cfg(not(any(target_os = "linux", target_os = "android")))]
fn divide_port(_: &TcpSocket) -> io::Result<()> {
    Err(io::ErrorKind::Unsupported.into())
}

async fn connect(
    local: Option<SocketAddr>,
    remote: SocketAddr,
    security: Security,
    reached: &mut bool,
) -> Result<Io, SocketFault> {
    let tcp = connect_plain(local, remote).await.map_err(|error| fault::socket(&error))?;
    *reached = true;
    match security {
        #[cfg(feature = "tls")]
        Security::Client(trust, name) => {
            let (tcp, tls) = trust.secure(tcp, &name).await?;
            Ok(Io { tcp, session: Some(Session::new(tls)), remote: None })
        }
        _ => Ok(Io::plain(tcp)),
    }
}

async fn connect_plain(local: Option<SocketAddr>, remote: SocketAddr) -> io::Result<TcpStream> {
    let socket = socket_for(remote)?;
    if let Some(local) = local {
        if local.port() != 0 {
            share(&socket)?;
        }
        socket.bind(local)?;
    }
    socket.connect(remote).await
}

/// A wait that can be called off, which its handle in `waiting` does.
fn abortable(
    waiting: &mut Option<AbortHandle>,
    wait: impl Future<Output = Wake> + Send + 'static,
) -> Wait {
    let (handle, registration) = AbortHandle::new_pair();
    *waiting = Some(handle);
    let wait = Abortable::new(wait, registration);
    Box::pin(wait.map(|result| result.unwrap_or(Wake::Closed)))
}
