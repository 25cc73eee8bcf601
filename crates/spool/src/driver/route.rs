//! A way out beside the driver: what the application sends on a direct path needs neither the
//! machine nor the driver's task, once the machine has said which path it is.
use super::udp::UdpSocket;
use quinn_udp::{EcnCodepoint, Transmit, UdpSockRef, UdpSocketState};
use std::{
    fmt, io,
    net::SocketAddr,
    sync::{
        Arc,
        atomic::{AtomicBool, Ordering},
    },
    time::Duration,
};

/// How long to wait for a system that takes nothing: it has sent something by then.
const FULL_FOR: Duration = Duration::from_millis(1);

/// A socket of the driver, and whom to send to.
#[derive(Clone)]
pub(crate) struct Route {
    socket: Arc<UdpSocket>,
    segmentation: Arc<UdpSocketState>,
    remote: SocketAddr,
    /// The system took nothing the last time.
    full: Arc<AtomicBool>,
}

impl fmt::Debug for Route {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        let (socket, remote) = (&self.socket, self.remote);
        f.debug_struct("Route")
            .field("socket", socket)
            .field("remote", &remote)
            .finish_non_exhaustive()
    }
}

impl Route {
    pub(super) fn new(
        socket: Arc<UdpSocket>,
        segmentation: Arc<UdpSocketState>,
        remote: SocketAddr,
    ) -> Self {
        Self { socket, segmentation, remote, full: Arc::default() }
    }

    /// How many datagrams one send may hold.
    #[cfg(feature = "quic")]
    pub(crate) fn segments_max(&self) -> usize {
        self.segmentation.max_gso_segments()
    }

    /// Sends datagrams of `segment` bytes each, the last one maybe shorter. The one error is that the
    /// system takes nothing for now: what is refused otherwise is lost, as datagrams may be.
    pub(crate) fn send(&self, ecn: u8, segment: usize, contents: &[u8]) -> Result<(), WouldBlock> {
        let transmit = Transmit {
            destination: self.remote,
            ecn: EcnCodepoint::from_bits(ecn),
            contents,
            segment_size: (segment < contents.len()).then_some(segment),
            src_ip: None,
        };
        let once = || self.segmentation.try_send(UdpSockRef::from(self.socket.io()), &transmit);
        // an error may be that of an earlier datagram, and is gone once it was told
        let sent = once().or_else(|error| if is_full(&error) { Err(error) } else { once() });
        match sent {
            Err(error) if is_full(&error) => {
                self.full.store(true, Ordering::Relaxed);
                Err(WouldBlock)
            }
            Ok(()) | Err(_) => Ok(()),
        }
    }

    /// Waits until the system takes more.
    pub(crate) async fn writable(&self) {
        // the driver's sockets are waited for until they can be read, which saves it a wake for each send
        if self.full.swap(false, Ordering::Relaxed) {
            tokio::time::sleep(FULL_FOR).await;
        }
    }
}

fn is_full(error: &io::Error) -> bool {
    error.kind() == io::ErrorKind::WouldBlock
}

/// The system takes nothing for now.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(crate) struct WouldBlock;
