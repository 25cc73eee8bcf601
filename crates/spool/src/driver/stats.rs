//! What a driver counts.
use std::ops::AddAssign;

/// Datagrams and what became of them. A datagram is counted in `sent` once the operating system
/// took it.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq)]
pub struct Stats {
    /// Datagrams that were read from sockets.
    pub received: u64,
    /// Datagrams that the operating system took.
    pub sent: u64,
    /// System calls it took to send them; fewer than `sent` where segmentation offload works.
    pub sends: u64,
    /// Datagrams dropped since the operating system's buffer was full.
    pub would_block: u64,
    /// Datagrams that the operating system refused, for example since they were too long or the
    /// destination cannot be reached from that address.
    pub refused: u64,
    /// Datagrams from an address that no open socket has.
    pub homeless: u64,
    /// Inputs that the machine did not take for its own.
    pub unclaimed: u64,
    /// Inputs that the machine refused; it counts the reasons itself.
    pub dropped: u64,
}

impl AddAssign for Stats {
    fn add_assign(&mut self, other: Self) {
        let Self { received, sent, sends, would_block, refused, homeless, unclaimed, dropped } =
            other;
        self.received += received;
        self.sent += sent;
        self.sends += sends;
        self.would_block += would_block;
        self.refused += refused;
        self.homeless += homeless;
        self.unclaimed += unclaimed;
        self.dropped += dropped;
    }
}
