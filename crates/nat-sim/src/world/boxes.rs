//! Boxes for packets under way, used again and again: a run has millions of packets, and few at a
//! time.
use crate::{Body, IpPacket};
use bytes::Bytes;

/// How many empty ones are kept: 200 KB of them.
const SPARE_MAX: usize = 1_024;

#[derive(Debug, Default)]
#[expect(clippy::vec_box, reason = "it is the boxes that are kept")]
pub(super) struct Boxes(Vec<Box<IpPacket>>);

impl Boxes {
    /// Puts a packet in a box.
    pub(super) fn fill(&mut self, packet: IpPacket) -> Box<IpPacket> {
        let Some(mut spare) = self.0.pop() else { return Box::new(packet) };
        *spare = packet;
        spare
    }

    /// Takes back the box of a packet that has come to its end.
    pub(super) fn empty(&mut self, mut packet: Box<IpPacket>) {
        if self.0.len() < SPARE_MAX {
            packet.body = Body::Udp(Bytes::new());
            self.0.push(packet);
        }
    }
}
