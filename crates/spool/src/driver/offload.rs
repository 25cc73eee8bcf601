//! What the system does for batches, asked once for each family and not for each socket.
use super::batch::Limits;
use quinn_udp::{UdpSockRef, UdpSocketState};
use std::{
    io,
    net::{Ipv4Addr, Ipv6Addr, SocketAddr, UdpSocket},
    sync::Arc,
};

/// The longest datagram that is joined with others: what fits the packets of the common networks. The
/// system refuses to join what is longer than the packets of a path.
const SEGMENT_MAX: usize = 1432;

/// A path for whose packets this is too long is of no use.
const SEGMENT_MIN: usize = 512;

/// After a refusal it is tried again this many sends later.
const SENDS_BEFORE_RETRY: u32 = 1000;

/// The segmentation of one family.
#[derive(Debug)]
pub(super) struct Offload {
    state: Arc<UdpSocketState>,
    family: Family,
    segment_max: usize,
    /// It was refused, and so many sends ago.
    refused: Option<u32>,
}

#[derive(Clone, Copy, Debug)]
enum Family {
    V4,
    V6,
}

impl Family {
    fn of(address: SocketAddr) -> Self {
        if address.is_ipv4() { Self::V4 } else { Self::V6 }
    }

    /// Asks the system, with a socket that is used for nothing else.
    fn probe(self) -> io::Result<UdpSocketState> {
        let any = match self {
            Self::V4 => SocketAddr::from((Ipv4Addr::UNSPECIFIED, 0)),
            Self::V6 => (Ipv6Addr::UNSPECIFIED, 0).into(),
        };
        let socket = UdpSocket::bind(any)?;
        UdpSocketState::new(UdpSockRef::from(&socket))
    }
}

impl Offload {
    fn probe(family: Family) -> io::Result<Self> {
        Ok(Self {
            state: Arc::new(family.probe()?),
            family,
            segment_max: SEGMENT_MAX,
            refused: None,
        })
    }

    /// For system calls.
    pub(super) fn state(&self) -> &UdpSocketState {
        &self.state
    }

    /// The same for who sends beside the driver.
    pub(super) fn shared_state(&self) -> Arc<UdpSocketState> {
        Arc::clone(&self.state)
    }

    pub(super) fn limits(&self) -> Limits {
        Limits { segments: self.state.max_gso_segments(), segment_len: self.segment_max }
    }

    /// Takes note of a send with segments of this length, or of one datagram.
    ///
    /// Whoever can have datagrams sent that the system refuses for themselves, since they are too
    /// long for the packets of a path, would otherwise end the offload for everybody: that is what
    /// `quinn-udp` concludes from a refusal.
    pub(super) fn sent(&mut self, segment: Option<usize>, result: &io::Result<()>) {
        let refused = matches!(result, Err(e) if e.kind() == io::ErrorKind::InvalidInput);
        if refused && self.refused.is_none() {
            self.refused = Some(0);
            let shorter = segment.map_or(self.segment_max, |segment| segment.saturating_sub(1));
            self.segment_max = self.segment_max.min(shorter).max(SEGMENT_MIN);
        }
        if let Some(sends) = &mut self.refused {
            *sends += 1;
            if *sends > SENDS_BEFORE_RETRY {
                self.refused = None;
                // without it, batches leave datagram by datagram
                if let Ok(state) = self.family.probe() {
                    self.state = Arc::new(state);
                }
            }
        }
    }
}

/// That of both families, as far as there are sockets of them.
#[derive(Debug, Default)]
pub(super) struct Offloads {
    v4: Option<Offload>,
    v6: Option<Offload>,
}

impl Offloads {
    /// Asks the system, unless it was asked before.
    pub(super) fn prepare(&mut self, local: SocketAddr) -> io::Result<()> {
        let family = Family::of(local);
        let place = self.place(family);
        if place.is_none() {
            *place = Some(Offload::probe(family)?);
        }
        Ok(())
    }

    fn place(&mut self, family: Family) -> &mut Option<Offload> {
        match family {
            Family::V4 => &mut self.v4,
            Family::V6 => &mut self.v6,
        }
    }

    pub(super) fn of(&self, local: SocketAddr) -> Option<&Offload> {
        match Family::of(local) {
            Family::V4 => self.v4.as_ref(),
            Family::V6 => self.v6.as_ref(),
        }
    }

    pub(super) fn of_mut(&mut self, local: SocketAddr) -> Option<&mut Offload> {
        self.place(Family::of(local)).as_mut()
    }
}

#[cfg(test)]
mod tests {
    use super::{Offloads, SEGMENT_MAX, SENDS_BEFORE_RETRY};
    use std::io;

    /// Else a client with a tunnel on its way slows all others down.
    #[test]
    fn a_refusal_ends_segmentation_for_a_while_and_for_what_is_as_long() {
        let mut offloads = Offloads::default();
        let local = "127.0.0.1:1".parse().unwrap();
        offloads.prepare(local).unwrap();
        let offload = offloads.of_mut(local).unwrap();
        assert_eq!(offload.limits().segment_len, SEGMENT_MAX);
        let refused = || Err(io::Error::from(io::ErrorKind::InvalidInput));
        offload.sent(Some(1400), &refused());
        assert_eq!(offload.limits().segment_len, 1399);
        for _ in 0..SENDS_BEFORE_RETRY {
            offload.sent(None, &Ok(()));
        }
        assert!(offload.refused.is_none());
        // one datagram that nobody can send says nothing of its length
        offload.sent(None, &refused());
        offload.sent(Some(20), &refused());
        assert_eq!(offload.limits().segment_len, 1399);
    }
}
