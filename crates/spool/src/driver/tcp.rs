//! The TCP listeners and connections of one driver.
use super::{
    fault,
    net::Wake,
    stream::{Read, Stream, Written},
};
use futures_util::future::{AbortHandle, Abortable, BoxFuture, FutureExt};
use sans_io::{Path, PathFault, SocketFault, SocketId, Transport};
use std::{collections::HashMap, io, net::SocketAddr, sync::Arc, time::Duration};
use tokio::net::{TcpListener, TcpSocket, TcpStream};

/// Connections of one driver. Each takes a descriptor and up to some 400 KB of buffers.
const STREAMS_MAX: usize = 4096;

/// How long a connection may take to be made.
const CONNECT_WITHIN: Duration = Duration::from_secs(10);

/// Connections that the system holds until they are accepted.
const LISTEN_BACKLOG: u32 = 256;

/// After a failed accept, since the cause (no descriptor left, above all) does not go away at once.
const ACCEPT_PAUSE: Duration = Duration::from_millis(100);

/// Something to wait for.
pub(super) type Wait = BoxFuture<'static, Wake>;

struct Listener {
    io: Arc<TcpListener>,
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
    streams: HashMap<Path, Open>,
    by_id: HashMap<SocketId, Path>,
    /// Connections that ended, of which the machine is to be told.
    ended: Vec<(Path, PathFault)>,
    /// Connections to wait for, or (true) to go on with at once.
    next: Vec<(Path, bool)>,
}

impl Tcp {
    pub(super) fn listen(&mut self, id: SocketId, local: SocketAddr) -> io::Result<SocketAddr> {
        let socket = socket_for(local)?;
        // a server that starts again finds its old connections in TIME_WAIT
        socket.set_reuseaddr(cfg!(unix))?;
        socket.bind(local)?;
        let io = socket.listen(LISTEN_BACKLOG)?;
        let local = io.local_addr()?;
        self.listeners.insert(id, Listener { io: Arc::new(io), waiting: None });
        Ok(local)
    }

    /// Waits for the next connection of a listener.
    pub(super) fn await_accept(&mut self, id: SocketId, failed: bool) -> Option<Wait> {
        let listener = self.listeners.get_mut(&id)?;
        let io = Arc::clone(&listener.io);
        let accept = async move {
            if failed {
                tokio::time::sleep(ACCEPT_PAUSE).await;
            }
            Wake::Accepted(id, io.accept().await.ok())
        };
        Some(abortable(&mut listener.waiting, accept))
    }

    /// Starts to connect.
    pub(super) fn connect(
        &mut self,
        id: SocketId,
        local: Option<SocketAddr>,
        remote: SocketAddr,
    ) -> Wait {
        let connect = async move {
            let connected = tokio::time::timeout(CONNECT_WITHIN, connect(local, remote)).await;
            let connected = connected.unwrap_or_else(|_| Err(io::ErrorKind::TimedOut.into()));
            Wake::Connected(id, connected.map_err(|error| fault::socket(&error)))
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
        io: Result<TcpStream, SocketFault>,
    ) -> Option<Result<Path, SocketFault>> {
        self.connecting.remove(&id)?;
        let path = io.and_then(|io| {
            let ends = io.local_addr().and_then(|local| Ok((local, io.peer_addr()?)));
            let (local, remote) = ends.map_err(|_| SocketFault::Lost)?;
            let path = Path::new(Transport::Tcp, local, remote);
            if self.is_full() {
                return Err(SocketFault::NoCapacity);
            }
            self.adopt(path, io, Some(id));
            Ok(path)
        });
        Some(path)
    }

    pub(super) fn is_full(&self) -> bool {
        self.streams.len() >= STREAMS_MAX
    }

    pub(super) fn adopt(&mut self, path: Path, io: TcpStream, id: Option<SocketId>) {
        self.by_id.extend(id.map(|id| (id, path)));
        self.streams.insert(path, Open { stream: Stream::new(io, id), waiting: None });
        self.next.push((path, false));
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
        let Some(open) = self.streams.remove(path) else { return };
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

    /// Reads no more of a connection, or goes on, first with what was read already.
    pub(super) fn pause(&mut self, path: &Path, paused: bool) {
        if let Some(open) = self.streams.get_mut(path) {
            open.stream.paused = paused;
            self.next.push((*path, !paused));
        }
    }

    pub(super) fn is_wanted(&self, path: &Path) -> bool {
        self.streams.get(path).is_some_and(|open| open.stream.is_wanted())
    }

    pub(super) fn read(&mut self, path: &Path) -> Read {
        self.streams.get_mut(path).map_or(Read::Blocked, |open| open.stream.read())
    }

    /// Takes what was read, to be put back as far as the machine has not used it.
    pub(super) fn take_input(&mut self, path: &Path) -> Vec<u8> {
        let open = self.streams.get_mut(path);
        open.map(|open| std::mem::take(&mut open.stream.input)).unwrap_or_default()
    }

    pub(super) fn put_input(&mut self, path: &Path, mut input: Vec<u8>, used: usize) {
        if let Some(open) = self.streams.get_mut(path) {
            input.drain(..used);
            open.stream.input = input;
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

async fn connect(local: Option<SocketAddr>, remote: SocketAddr) -> io::Result<TcpStream> {
    let socket = socket_for(remote)?;
    if let Some(local) = local {
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
