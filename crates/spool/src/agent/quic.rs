//! A connection as the socket of a QUIC endpoint: `quinn` sees one peer at one address, and ICE moves
//! the path underneath.
use super::{Connection, DatagramReceiver, DatagramSender, SendError, paths::Paths};
use bytes::Bytes;
use quinn::{
    AsyncUdpSocket, UdpPoller,
    udp::{RecvMeta, Transmit},
};
use std::{
    fmt,
    io::{self, IoSliceMut},
    net::{IpAddr, Ipv4Addr, SocketAddr},
    pin::Pin,
    sync::{Arc, Mutex, PoisonError},
    task::{Context, Poll, ready},
};

/// What `quinn` takes for our address: one that nobody has (RFC 5737).
const OURS: SocketAddr = SocketAddr::new(IpAddr::V4(Ipv4Addr::new(192, 0, 2, 1)), 1);

/// Datagrams that one buffer may hold, as many as receive offload joins.
const SEGMENTS_MAX: usize = 64;

/// Datagrams taken at once from those that have arrived.
const TAKEN_MAX: usize = 64;

/// A [`Connection`] for `quinn::Endpoint::new_with_abstract_socket`. The peer is at
/// [`PEER`](Self::PEER), whatever path is in use.
///
/// Datagrams go straight from `quinn` to the system where the path is direct. QUIC tells bit errors
/// from STUN by itself, but the agent has to tell the two apart: `EndpointConfig::grease_quic_bit`
/// must be off (RFC 9443).
#[derive(Debug)]
pub struct QuicSocket {
    sender: DatagramSender,
    inbox: Mutex<Inbox>,
}

#[derive(Debug)]
struct Inbox {
    receiver: DatagramReceiver,
    /// Taken and not yet handed on, the last one first.
    taken: Vec<Bytes>,
}

impl Connection {
    /// Makes it a socket for `quinn`. From now on datagrams that are too long for the path are lost
    /// instead of fragmented, so that QUIC finds out what fits (RFC 8899), where the system can.
    pub fn into_quic(self) -> QuicSocket {
        let (sender, receiver) = self.split();
        sender.forbid_fragments();
        QuicSocket { sender, inbox: Mutex::new(Inbox { receiver, taken: Vec::new() }) }
    }
}

impl QuicSocket {
    /// What stands for the peer's address: one that nobody has (RFC 5737).
    pub const PEER: SocketAddr = SocketAddr::new(IpAddr::V4(Ipv4Addr::new(192, 0, 2, 2)), 1);

    /// The path in use now and from now on.
    pub fn paths(&self) -> Paths {
        self.sender.paths().clone()
    }

    /// Gives back what servers hold for us, and ends; the peer is told by QUIC.
    pub async fn close(&self) {
        self.sender.close_at_once().await;
    }
}

impl AsyncUdpSocket for QuicSocket {
    fn create_io_poller(self: Arc<Self>) -> Pin<Box<dyn UdpPoller>> {
        Box::pin(Poller { sender: self.sender.clone(), waiting: None })
    }

    fn try_send(&self, transmit: &Transmit<'_>) -> io::Result<()> {
        let Transmit { ecn, contents, segment_size, .. } = transmit;
        let ecn = ecn.map_or(0, |ecn| ecn as u8);
        let segment = segment_size.unwrap_or(contents.len());
        match self.sender.try_send_segments(ecn, segment, contents) {
            Err(SendError::Full) => Err(io::ErrorKind::WouldBlock.into()),
            Err(SendError::Ended) => Err(io::ErrorKind::NotConnected.into()),
            Ok(()) | Err(SendError::TooLong(_) | SendError::NoPath(_)) => Ok(()),
        }
    }

    fn poll_recv(
        &self,
        cx: &mut Context<'_>,
        buffers: &mut [IoSliceMut<'_>],
        metas: &mut [RecvMeta],
    ) -> Poll<io::Result<usize>> {
        let mut inbox = self.inbox.lock().unwrap_or_else(PoisonError::into_inner);
        let Inbox { receiver, taken } = &mut *inbox;
        if taken.is_empty() {
            if ready!(receiver.poll_recv_many(cx, taken, TAKEN_MAX)) == 0 {
                return Poll::Ready(Err(io::ErrorKind::NotConnected.into()));
            }
            taken.reverse();
        }
        let mut filled = 0;
        for (buffer, meta) in buffers.iter_mut().zip(metas) {
            let Some((len, stride)) = fill(buffer, taken) else { break };
            *meta = RecvMeta { addr: Self::PEER, len, stride, ecn: None, dst_ip: None };
            filled += 1;
        }
        Poll::Ready(Ok(filled))
    }

    fn local_addr(&self) -> io::Result<SocketAddr> {
        Ok(OURS)
    }

    fn max_transmit_segments(&self) -> usize {
        self.sender.segments_max()
    }

    fn max_receive_segments(&self) -> usize {
        SEGMENTS_MAX
    }

    fn may_fragment(&self) -> bool {
        !cfg!(any(target_os = "linux", target_os = "android"))
    }
}

/// Copies datagrams into a buffer, the last of `taken` first: all of one length, but for a shorter
/// one at the end. Gives the length of all of them, and of the first.
fn fill(buffer: &mut [u8], taken: &mut Vec<Bytes>) -> Option<(usize, usize)> {
    let (mut len, mut stride) = (0, None);
    while let Some(datagram) = taken.last() {
        let first = *stride.get_or_insert(datagram.len());
        let end = len + datagram.len();
        if datagram.len() > first || end > buffer.len() && len > 0 {
            break;
        }
        // one that is longer than any buffer is none of QUIC
        let fits = datagram.len().min(buffer.len() - len);
        buffer[len..len + fits].copy_from_slice(&datagram[..fits]);
        len += fits;
        let short = datagram.len() < first || first == 0;
        taken.pop();
        if short {
            break;
        }
    }
    stride.map(|stride| (len, stride.max(1)))
}

/// Waits for room to send.
struct Poller {
    sender: DatagramSender,
    waiting: Option<Pin<Box<dyn Future<Output = ()> + Send + Sync>>>,
}

impl fmt::Debug for Poller {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.debug_struct("Poller").finish_non_exhaustive()
    }
}

impl UdpPoller for Poller {
    fn poll_writable(self: Pin<&mut Self>, cx: &mut Context<'_>) -> Poll<io::Result<()>> {
        let this = self.get_mut();
        let waiting = this.waiting.get_or_insert_with(|| {
            let sender = this.sender.clone();
            Box::pin(async move { sender.writable().await })
        });
        ready!(waiting.as_mut().poll(cx));
        this.waiting = None;
        Poll::Ready(Ok(()))
    }
}

#[cfg(test)]
mod tests {
    use super::fill;
    use bytes::Bytes;

    #[test]
    fn a_buffer_holds_datagrams_of_one_length_and_a_shorter_one_at_the_end() {
        let lengths = [3, 3, 2, 3, 4, 0, 3, 3, 3, 3];
        let mut taken: Vec<Bytes> = lengths.iter().map(|len| vec![7; *len].into()).collect();
        taken.reverse();
        let mut buffer = [0; 9];
        let filled: Vec<_> = std::iter::from_fn(|| fill(&mut buffer, &mut taken)).collect();
        // the empty one adds nothing, and is nothing to QUIC
        assert_eq!(filled, [(8, 3), (3, 3), (4, 4), (9, 3), (3, 3)]);
        assert!(taken.is_empty());
    }
}
