//! UDP sockets, each with a thread that reads it.
use crate::names::Answer;
use sans_io::{Packet, Path, SocketFault, SocketId, Transport};
use std::{
    collections::BTreeMap,
    io,
    net::{IpAddr, SocketAddr, UdpSocket},
    sync::{
        Arc,
        atomic::{AtomicBool, Ordering},
        mpsc::{Receiver, SyncSender, TrySendError, sync_channel},
    },
    thread,
    time::Duration,
};

/// How many datagrams may wait; as in a full buffer of the system, what comes then is lost.
const WAITING_MAX: usize = 1024;
/// The longest datagram.
const DATAGRAM_MAX: usize = 65_535;
/// After how long a thread notices that its socket was closed.
const NOTICED: Duration = Duration::from_millis(500);

/// What arrives from the threads.
#[derive(Debug)]
pub(crate) enum Arrival {
    Datagram { path: Path, bytes: Vec<u8> },
    Answer(Answer),
    Lost(SocketId),
}

/// Where threads put what arrives.
#[derive(Clone, Debug)]
pub(crate) struct Arrivals(SyncSender<Arrival>);

impl Arrivals {
    /// Waits for room, as there is one answer only.
    pub(crate) fn answer(&self, answer: Answer) {
        let _ = self.0.send(Arrival::Answer(answer));
    }
}

/// The open sockets.
#[derive(Debug)]
pub(crate) struct Sockets {
    open: BTreeMap<SocketId, Bound>,
    /// Those that no machine asked for.
    own: Vec<Bound>,
    arrivals: Arrivals,
    arrived: Receiver<Arrival>,
}

#[derive(Debug)]
struct Bound {
    socket: UdpSocket,
    local: SocketAddr,
    closed: Arc<AtomicBool>,
}

impl Drop for Bound {
    fn drop(&mut self) {
        self.closed.store(true, Ordering::Relaxed);
    }
}

impl Sockets {
    pub(crate) fn new() -> Self {
        let (arrivals, arrived) = sync_channel(WAITING_MAX);
        Self { open: BTreeMap::new(), own: Vec::new(), arrivals: Arrivals(arrivals), arrived }
    }

    pub(crate) fn arrivals(&self) -> Arrivals {
        self.arrivals.clone()
    }

    /// Opens a socket that a machine asks for.
    pub(crate) fn bind(
        &mut self,
        id: SocketId,
        local: SocketAddr,
    ) -> Result<SocketAddr, SocketFault> {
        let opened = UdpSocket::bind(local).and_then(|socket| self.open(socket, Some(id)));
        let bound = opened.map_err(|error| fault(&error))?;
        let local = bound.local;
        self.open.insert(id, bound);
        Ok(local)
    }

    /// Takes one for a machine that is told its path.
    pub(crate) fn adopt(&mut self, socket: UdpSocket) -> io::Result<SocketAddr> {
        let bound = self.open(socket, None)?;
        let local = bound.local;
        self.own.push(bound);
        Ok(local)
    }

    /// Begins to read it.
    fn open(&self, socket: UdpSocket, id: Option<SocketId>) -> io::Result<Bound> {
        let local = socket.local_addr()?;
        let reader = socket.try_clone()?;
        reader.set_read_timeout(Some(NOTICED))?;
        let closed = Arc::new(AtomicBool::new(false));
        let bound = Bound { socket, local, closed: Arc::clone(&closed) };
        let arrivals = self.arrivals.0.clone();
        thread::Builder::new().name(format!("reads {local}")).spawn(move || {
            if read(&reader, local, &closed, &arrivals).is_err()
                && let Some(id) = id
            {
                let _ = arrivals.send(Arrival::Lost(id));
            }
        })?;
        Ok(bound)
    }

    pub(crate) fn close(&mut self, id: SocketId) {
        self.open.remove(&id);
    }

    /// Sends from the socket that a path begins at. What cannot be sent is lost, as it may be on the
    /// way.
    pub(crate) fn send(&self, packet: &Packet<'_>) {
        let path = packet.path;
        let mut all = self.open.values().chain(&self.own);
        let Some(bound) = all.find(|bound| bound.local == path.local()) else { return };
        if path.transport() != Transport::Udp {
            return;
        }
        let _ = if packet.head().is_empty() && packet.pad().is_empty() {
            bound.socket.send_to(packet.payload, path.remote())
        } else {
            bound.socket.send_to(&packet.to_vec(), path.remote())
        };
    }

    /// What arrives next, within this time.
    pub(crate) fn wait(&self, at_most: Duration) -> Option<Arrival> {
        self.arrived.recv_timeout(at_most).ok()
    }
}

/// Reads until the socket is closed, or lost.
fn read(
    socket: &UdpSocket,
    local: SocketAddr,
    closed: &AtomicBool,
    arrivals: &SyncSender<Arrival>,
) -> io::Result<()> {
    let mut buffer = vec![0; DATAGRAM_MAX];
    while !closed.load(Ordering::Relaxed) {
        let (len, remote) = match socket.recv_from(&mut buffer) {
            Ok(read) => read,
            Err(error) if is_passing(&error) => continue,
            Err(error) => return Err(error),
        };
        let arrival =
            Arrival::Datagram { path: Path::udp(local, remote), bytes: buffer[..len].to_vec() };
        if let Err(TrySendError::Disconnected(_)) = arrivals.try_send(arrival) {
            break;
        }
    }
    Ok(())
}

/// Whether a socket works on after this: nothing came, or somebody else has no socket.
fn is_passing(error: &io::Error) -> bool {
    use io::ErrorKind as Kind;
    matches!(
        error.kind(),
        Kind::WouldBlock
            | Kind::TimedOut
            | Kind::Interrupted
            | Kind::ConnectionRefused
            | Kind::ConnectionReset
            | Kind::HostUnreachable
            | Kind::NetworkUnreachable
    )
}

fn fault(error: &io::Error) -> SocketFault {
    match error.kind() {
        io::ErrorKind::AddrInUse => SocketFault::InUse,
        io::ErrorKind::PermissionDenied => SocketFault::Denied,
        io::ErrorKind::AddrNotAvailable => SocketFault::Unavailable,
        _ => SocketFault::NoCapacity,
    }
}

/// The address of this computer from which packets to another one leave. Nothing is sent.
///
/// ```
/// let local = sans_io_std::local_ip_towards("127.0.0.1:9".parse()?)?;
/// assert_eq!(local, core::net::Ipv4Addr::LOCALHOST);
/// # Ok::<(), Box<dyn std::error::Error>>(())
/// ```
pub fn local_ip_towards(remote: SocketAddr) -> io::Result<IpAddr> {
    let any: SocketAddr = match remote {
        SocketAddr::V4(_) => (std::net::Ipv4Addr::UNSPECIFIED, 0).into(),
        SocketAddr::V6(_) => (std::net::Ipv6Addr::UNSPECIFIED, 0).into(),
    };
    let socket = UdpSocket::bind(any)?;
    socket.connect(remote)?;
    Ok(socket.local_addr()?.ip())
}
