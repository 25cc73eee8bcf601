//! A way out beside the driver: what the application sends on a direct path needs neither the
//! machine nor the driver's task, once the machine has said which path it is.
use super::udp::UdpSocket;
use std::{io, net::SocketAddr, sync::Arc};

/// A socket of the driver, and whom to send to.
#[derive(Clone, Debug)]
pub(crate) struct Route {
    socket: Arc<UdpSocket>,
    remote: SocketAddr,
}

impl Route {
    pub(super) fn new(socket: Arc<UdpSocket>, remote: SocketAddr) -> Self {
        Self { socket, remote }
    }

    /// How many datagrams one send may hold.
    #[cfg(feature = "quic")]
    pub(crate) fn segments_max(&self) -> usize {
        self.socket.segments_max()
    }

    /// Sends datagrams of `segment` bytes each, the last one maybe shorter. The one error is that the
    /// system takes nothing for now: what is refused otherwise is lost, as datagrams may be.
    pub(crate) fn send(&self, ecn: u8, segment: usize, contents: &[u8]) -> Result<(), WouldBlock> {
        let once = || self.socket.send_or_wait(self.remote, ecn, segment, contents);
        // an error may be that of an earlier datagram, and is gone once it was told
        let sent = once().or_else(|error| if is_full(&error) { Err(error) } else { once() });
        match sent {
            Err(error) if is_full(&error) => Err(WouldBlock),
            Ok(()) | Err(_) => Ok(()),
        }
    }

    /// Waits until the system takes more.
    pub(crate) async fn writable(&self) {
        self.socket.writable().await;
    }
}

fn is_full(error: &io::Error) -> bool {
    error.kind() == io::ErrorKind::WouldBlock
}

/// The system takes nothing for now.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(crate) struct WouldBlock;
