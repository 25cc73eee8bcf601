//! What is counted: packets, and why they were dropped.

/// Why a packet went no further.
#[derive(Clone, Copy, Debug, PartialEq, Eq, PartialOrd, Ord, Hash)]
#[non_exhaustive]
pub enum DropCause {
    /// The link lost it.
    LinkLoss,
    /// The queue before the link was full.
    QueueFull,
    /// It was larger than the link takes.
    TooBig,
    /// The link, host or network was down.
    Down,
    /// No way leads to its destination.
    NoRoute,
    /// It passed too many routers.
    TtlExpired,
    /// The sender has no such address or socket.
    NotOurs,
    /// No mapping of the NAT leads inside from there.
    NoMapping,
    /// The NAT has a mapping, but its filter does not let this sender in.
    Filtered,
    /// The NAT does not hairpin.
    NoHairpin,
    /// The NAT has no port left.
    PortsExhausted,
    /// The host behind the NAT has used up its share of mappings.
    OverQuota,
    /// The NAT or firewall blocks it by policy.
    Blocked,
    /// It was for the NAT itself, which had no use for it.
    ForRouter,
    /// No socket was open there.
    NoSocket,
    /// Every machine of the host said that it was not its own.
    Unclaimed,
    /// The machine refused it.
    Refused,
}

impl DropCause {
    const COUNT: usize = Self::Refused as usize + 1;

    /// All of them.
    pub fn all() -> impl Iterator<Item = Self> {
        Self::ALL.into_iter()
    }

    const ALL: [Self; Self::COUNT] = [
        Self::LinkLoss,
        Self::QueueFull,
        Self::TooBig,
        Self::Down,
        Self::NoRoute,
        Self::TtlExpired,
        Self::NotOurs,
        Self::NoMapping,
        Self::Filtered,
        Self::NoHairpin,
        Self::PortsExhausted,
        Self::OverQuota,
        Self::Blocked,
        Self::ForRouter,
        Self::NoSocket,
        Self::Unclaimed,
        Self::Refused,
    ];

    /// A word or two for logs.
    pub const fn name(self) -> &'static str {
        match self {
            Self::LinkLoss => "lost on the link",
            Self::QueueFull => "queue full",
            Self::TooBig => "too big for the link",
            Self::Down => "link or host down",
            Self::NoRoute => "no route",
            Self::TtlExpired => "TTL expired",
            Self::NotOurs => "sent from an address or socket that the host does not have",
            Self::NoMapping => "NAT has no mapping",
            Self::Filtered => "filtered by the NAT",
            Self::NoHairpin => "NAT does not hairpin",
            Self::PortsExhausted => "NAT out of ports",
            Self::OverQuota => "NAT quota used up",
            Self::Blocked => "blocked by policy",
            Self::ForRouter => "for the NAT itself",
            Self::NoSocket => "no socket",
            Self::Unclaimed => "claimed by no machine",
            Self::Refused => "refused by the machine",
        }
    }
}

/// What one host, one NAT or the whole world has seen.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq)]
pub struct Stats {
    /// Packets that hosts put on the network.
    pub sent: u64,
    /// Packets that NATs passed on.
    pub forwarded: u64,
    /// Packets that reached a machine.
    pub received: u64,
    /// Payload bytes of what was sent.
    pub sent_bytes: u64,
    drops: [u64; DropCause::COUNT],
}

impl Stats {
    /// Packets dropped for this cause.
    pub const fn dropped(&self, cause: DropCause) -> u64 {
        self.drops[cause as usize]
    }

    /// Packets dropped for any cause.
    pub fn dropped_total(&self) -> u64 {
        self.drops.iter().sum()
    }

    pub(crate) const fn send(&mut self, payload: usize) {
        self.sent += 1;
        self.sent_bytes += payload as u64;
    }

    pub(crate) const fn drop(&mut self, cause: DropCause) {
        self.drops[cause as usize] += 1;
    }
}
