//! Boxes for packets under way, used again and again: a run has millions of packets, and few at a
//! time.
use crate::IpPacket;
use bytes::Bytes;
use std::net::{Ipv4Addr, SocketAddr};

/// How many are kept: 200 KB of them, and the payloads that they had last.
const SPARE_MAX: usize = 1_024;

#[derive(Debug, Default)]
#[expect(clippy::vec_box, reason = "it is the boxes that are kept")]
pub(super) struct Boxes(Vec<Box<IpPacket>>);

impl Boxes {
    /// A box with some packet, to be overwritten.
    #[inline]
    pub(super) fn take(&mut self) -> Box<IpPacket> {
        self.0.pop().unwrap_or_else(|| {
            let nobody = SocketAddr::from((Ipv4Addr::UNSPECIFIED, 0));
            Box::new(IpPacket::udp(nobody, nobody, Bytes::new()))
        })
    }

    /// Takes back the box of a packet that has come to its end.
    #[inline]
    pub(super) fn keep(&mut self, packet: Box<IpPacket>) {
        if self.0.len() < SPARE_MAX {
            self.0.push(packet);
        }
    }
}
