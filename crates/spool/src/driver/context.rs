//! What a command sees of the driver: the machine, the time, and the way out.
use super::{Route, Stats, net::Net};
use sans_io::{Instant, Machine, Packet, Path};

/// The machine, to give it commands, with the time that every command wants first. The driver
/// drains the machine when the command is over.
#[derive(Debug)]
pub struct Context<'d, M: Machine> {
    /// The machine.
    pub machine: &'d mut M,
    /// Machine time.
    pub now: Instant,
    net: &'d mut Net,
}

impl<'d, M: Machine> Context<'d, M> {
    pub(super) fn new(machine: &'d mut M, now: Instant, net: &'d mut Net) -> Self {
        Self { machine, now, net }
    }

    /// Sends a packet that a command of the machine returned. Whether it went out shows in
    /// [`stats`](Self::stats) only, as with any datagram.
    pub fn send(&mut self, packet: &Packet<'_>) {
        let parts = [packet.head(), packet.payload, packet.pad()];
        self.net.send(packet.path, packet.meta, parts);
    }

    /// A way to send on this path without the driver; `None` if it is not that of a UDP socket.
    pub(crate) fn route(&self, path: &Path) -> Option<Route> {
        self.net.route(path)
    }

    /// Has datagrams refused that are too long for the path, instead of fragmented, also on sockets
    /// that are opened later, as far as the system can.
    #[cfg(feature = "quic")]
    pub(crate) fn forbid_fragments(&mut self) {
        self.net.forbid_fragments();
    }

    /// Takes in a connection that came to another driver.
    #[cfg(feature = "tls")]
    pub(crate) fn adopt(&mut self, diverted: super::Diverted) {
        self.net.take_diverted(self.machine, self.now, diverted);
    }

    /// What the driver has counted so far.
    pub fn stats(&self) -> Stats {
        self.net.stats
    }
}
