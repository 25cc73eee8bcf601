//! What a NAT does, as independent choices (RFC 4787, RFC 5382, RFC 7857).
use core::{ops::RangeInclusive, time::Duration};

/// How much of the remote address a NAT's decision depends on (RFC 4787 §4.1 and §5).
#[derive(Clone, Copy, Debug, PartialEq, Eq, PartialOrd, Ord, Hash)]
pub enum Dependence {
    /// On nothing of it: endpoint-independent.
    Endpoint,
    /// On the address: address-dependent.
    Address,
    /// On address and port: address-and-port-dependent.
    AddressAndPort,
}

impl Dependence {
    /// From the most open to the strictest.
    pub const ALL: [Self; 3] = [Self::Endpoint, Self::Address, Self::AddressAndPort];
}

/// Which external port a new mapping gets (RFC 4787 §4.2).
#[derive(Clone, Copy, Debug, PartialEq, Eq, Hash)]
pub enum PortChoice {
    /// The internal port where it is in the range and free, a random one otherwise.
    Preserving,
    /// A random one.
    Random,
    /// One after the other.
    Contiguous,
    /// Random within a block of so many ports that belongs to the internal host (RFC 7422).
    Block(u16),
}

/// Which of several external addresses a mapping gets (RFC 4787 §4.1, REQ-2).
#[derive(Clone, Copy, Debug, PartialEq, Eq, Hash)]
pub enum Pooling {
    /// Always the same one for an internal address.
    Paired,
    /// A random one.
    Arbitrary,
}

/// What happens to a packet that an internal host sends to an external address of its own NAT
/// (RFC 4787 §6).
#[derive(Clone, Copy, Debug, PartialEq, Eq, Hash)]
pub enum Hairpin {
    /// It is dropped.
    None,
    /// It comes back in, still with its internal source.
    InternalSource,
    /// It comes back in with its external source, as REQ-9a asks.
    ExternalSource,
}

/// What happens to a packet from the outside that no mapping or filter lets in.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Hash)]
pub enum Unsolicited {
    /// Nothing.
    Drop,
    /// An ICMP error goes back.
    Reject,
    /// The NAT takes it for itself: an ICMP error goes back (to pings, an answer), and it remembers a
    /// session with the sender, whose port no mapping can use towards that sender while it lives.
    /// This is what a Linux router without an input firewall does.
    Accept,
}

/// How long a UDP mapping lives (RFC 4787 §4.3).
#[derive(Clone, Copy, Debug, PartialEq, Eq, Hash)]
pub struct Lifetime {
    /// Since its last refresh.
    pub idle: Duration,
    /// The same, as long as nothing came back.
    pub unreplied: Duration,
    /// However often refreshed.
    pub absolute: Option<Duration>,
    /// Whether packets from the inside refresh it (REQ-6).
    pub outbound_refreshes: bool,
    /// Whether packets from the outside do.
    pub inbound_refreshes: bool,
}

impl Lifetime {
    /// So long since the last packet from the inside.
    pub const fn idle(idle: Duration) -> Self {
        Self {
            idle,
            unreplied: idle,
            absolute: None,
            outbound_refreshes: true,
            inbound_refreshes: false,
        }
    }
}

/// What happens to a SYN that no mapping or filter lets in (RFC 5382 §4.3).
#[derive(Clone, Copy, Debug, PartialEq, Eq, Hash)]
pub enum UnsolicitedSyn {
    /// Nothing.
    Drop,
    /// An ICMP error goes back at once, which ends a simultaneous open.
    Error,
    /// An ICMP error goes back after six seconds, unless the inside has begun the same connection
    /// meanwhile. What REQ-4 asks for.
    ErrorAfterSixSeconds,
}

/// How long a TCP session lives (RFC 5382 §5).
#[derive(Clone, Copy, Debug, PartialEq, Eq, Hash)]
pub struct TcpTimes {
    /// Without packets, once both sides have agreed.
    pub established: Duration,
    /// While it is opened.
    pub opening: Duration,
    /// While it is closed, and after a reset (RFC 7857 §2.1 wants this apart from the one before).
    pub closing: Duration,
}

impl TcpTimes {
    /// The least that RFC 5382 allows: 2 hours 4 minutes, and 4 minutes.
    pub const fn recommended() -> Self {
        Self {
            established: Duration::from_secs(2 * 3_600 + 4 * 60),
            opening: Duration::from_secs(4 * 60),
            closing: Duration::from_secs(4 * 60),
        }
    }
}

/// What happens to ICMP errors that come from the outside (RFC 4787 §9, RFC 5508 §4).
#[derive(Clone, Copy, Debug, PartialEq, Eq, Hash)]
pub enum IcmpErrors {
    /// They are translated, and change nothing.
    Translate,
    /// They are dropped.
    Drop,
    /// They are translated, and end the mapping. Forbidden by REQ-12.
    EndMapping,
}

/// Everything a NAT or firewall does, as independent choices. Start from one of the constructors
/// or a [`Preset`](crate::Preset) and change what differs.
///
/// ```
/// use core::time::Duration;
/// use nat_sim::{Behaviour, Dependence, Hairpin, Lifetime, PortChoice};
/// let nat = Behaviour {
///     mapping: Dependence::Endpoint,
///     filtering: Dependence::Address,
///     ports: PortChoice::Random,
///     hairpin: Hairpin::ExternalSource,
///     lifetime: Lifetime::idle(Duration::from_secs(30)),
///     ..Behaviour::recommended()
/// };
/// assert_eq!(nat.filtering, Dependence::Address);
/// ```
#[derive(Clone, Debug, PartialEq, Eq, Hash)]
pub struct Behaviour {
    /// Whether addresses are translated at all; a firewall does not.
    pub translates: bool,
    /// When a socket gets a second mapping.
    pub mapping: Dependence,
    /// Who may send to a mapping.
    pub filtering: Dependence,
    /// Which port it gets.
    pub ports: PortChoice,
    /// The ports to choose from.
    pub port_range: RangeInclusive<u16>,
    /// Whether ports below 1024 get such ports, and others do not (REQ-3a).
    pub classes: bool,
    /// Whether even ports get even ones (RFC 4787 REQ-4).
    pub parity: bool,
    /// Whether two hosts may share an external port towards different destinations. Forbidden by
    /// REQ-3, allowed by RFC 7857 §3 where mappings depend on the destination.
    pub overloads: bool,
    /// Which address it gets.
    pub pooling: Pooling,
    /// How long it lives.
    pub lifetime: Lifetime,
    /// How long a TCP session lives.
    pub tcp: TcpTimes,
    /// How long a port that was given up, or lost in a reboot, is kept from other inside sockets
    /// (RFC 6888 §3, REQ-8, which asks carriers for two minutes).
    pub hold_down: Duration,
    /// Inside to inside by way of the outside address.
    pub hairpin: Hairpin,
    /// What is not let in.
    pub unsolicited: Unsolicited,
    /// What happens to a SYN from the outside that is not let in.
    pub unsolicited_syn: UnsolicitedSyn,
    /// Whether a SYN gets in from where one went out to, before that was answered (RFC 5382 §4.2,
    /// REQ-2a). Many firewalls do not know this way to open a connection.
    pub simultaneous_open: bool,
    /// Whether it changes the inside address to the outside one in the payload of what goes out, as
    /// meddling application gateways do (RFC 4787 §7, REQ-10). It is for them that STUN obscures
    /// addresses.
    pub rewrites_payload: bool,
    /// What becomes of ICMP errors.
    pub icmp_errors: IcmpErrors,
    /// How long a mapping of an ICMP query id lives without packets (RFC 5508 §3.2); `None`: queries
    /// do not pass.
    pub query_lifetime: Option<Duration>,
    /// How many mappings one internal host may have.
    pub quota: Option<u32>,
    /// Whether an exhausted NAT says so with ICMP 3/13 (RFC 5508 REQ-8) or stays silent.
    pub reports_exhaustion: bool,
    /// Whether UDP passes at all.
    pub udp: Udp,
    /// The only port that TCP may go to.
    pub tcp_only_to: Option<u16>,
}

/// What a firewall makes of UDP as such.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Hash)]
pub enum Udp {
    /// It passes.
    Passes,
    /// It is dropped.
    Dropped,
    /// It is dropped, and the sender told.
    Rejected,
}

impl Behaviour {
    /// What RFC 4787 asks of a NAT, mandatory and recommended, filtering for most transparency.
    pub const fn recommended() -> Self {
        Self {
            translates: true,
            mapping: Dependence::Endpoint,
            filtering: Dependence::Endpoint,
            ports: PortChoice::Random,
            port_range: 1024..=65535,
            classes: true,
            parity: true,
            overloads: false,
            pooling: Pooling::Paired,
            lifetime: Lifetime::idle(Duration::from_secs(300)),
            hairpin: Hairpin::ExternalSource,
            unsolicited: Unsolicited::Drop,
            unsolicited_syn: UnsolicitedSyn::ErrorAfterSixSeconds,
            tcp: TcpTimes::recommended(),
            hold_down: Duration::ZERO,
            simultaneous_open: true,
            rewrites_payload: false,
            icmp_errors: IcmpErrors::Translate,
            query_lifetime: Some(Duration::from_secs(60)),
            quota: None,
            reports_exhaustion: true,
            udp: Udp::Passes,
            tcp_only_to: None,
        }
    }

    /// A plain NAT of this mapping and filtering: random ports, 2 minutes, no hairpinning.
    pub const fn of(mapping: Dependence, filtering: Dependence) -> Self {
        Self {
            mapping,
            filtering,
            classes: false,
            parity: false,
            lifetime: Lifetime::idle(Duration::from_secs(120)),
            hairpin: Hairpin::None,
            unsolicited_syn: UnsolicitedSyn::Drop,
            ..Self::recommended()
        }
    }

    /// No NAT, but a stateful firewall that lets in only answers, as most of those that follow
    /// RFC 6092 are set up.
    pub const fn firewall() -> Self {
        Self {
            translates: false,
            ports: PortChoice::Preserving,
            classes: true,
            hairpin: Hairpin::ExternalSource,
            ..Self::of(Dependence::Endpoint, Dependence::AddressAndPort)
        }
    }
}
