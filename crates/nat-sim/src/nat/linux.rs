//! The router that most homes have: Linux with netfilter, as its rules configure it.
use super::behaviour::Udp;
use core::{ops::RangeInclusive, time::Duration};

/// A Linux router. Its algorithm differs from any combination of RFC 4787 behaviours: it keeps no
/// mappings but a table of connections, and gives a new connection the source port of its host
/// unless exactly that connection is there already.
///
/// Therefore hosts share external ports (which REQ-3 forbids), a socket's mapping changes when it
/// collides (REQ-1, REQ-11), and, where the router accepts packets for itself
/// ([`Input::Accept`](RouterInput::Accept)), a packet that comes in early takes the port away from
/// the host that it was meant for, for as long as packets keep coming: two such routers whose
/// hosts start punching more than the one-way delay apart never get through.
///
/// ```
/// use nat_sim::{LinuxNat, Nat, RouterInput};
/// let open_router = LinuxNat { input: RouterInput::Accept, ..LinuxNat::masquerade() };
/// let _ = Nat::new(open_router);
/// ```
#[derive(Clone, Debug, PartialEq, Eq, Hash)]
pub struct LinuxNat {
    /// What the postrouting chain does.
    pub source: SourceRule,
    /// What the prerouting chain does.
    pub forward: ForwardRule,
    /// Whether both apply to packets from the inside to the outside address.
    pub hairpin: bool,
    /// What the input chain does with new packets from the outside for the router itself.
    pub input: RouterInput,
    /// Whether the input chain accepts pings from the outside, whatever it does with the rest.
    pub answers_pings: bool,
    /// What the forward chain does with UDP.
    pub udp: Udp,
    /// `nf_conntrack_udp_timeout`: until the second packet of both directions.
    pub udp_timeout: Duration,
    /// `nf_conntrack_udp_timeout_stream`: once answered and two seconds old.
    pub udp_timeout_stream: Duration,
    /// `nf_conntrack_icmp_timeout`.
    pub icmp_timeout: Duration,
}

/// Which source a new connection to the outside gets.
#[derive(Clone, Debug, PartialEq, Eq, Hash)]
pub enum SourceRule {
    /// `masquerade`: the port of the host, if it can be.
    Masquerade,
    /// `masquerade random`, or `fully-random`, which is the same: a random port.
    Random,
    /// `snat to WAN:LOW-HIGH`.
    Range(RangeInclusive<u16>),
    /// `snat to WAN:LOW-HIGH` with a block of ports for each inside address, the first block for
    /// the first address.
    Blocks {
        /// The first port of the first block.
        first: u16,
        /// The size of a block.
        size: u16,
    },
    /// None: the router is a firewall, or nothing.
    None,
}

/// What is let in from the outside besides answers.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Hash)]
pub enum ForwardRule {
    /// Nothing.
    Answers,
    /// Everything, to the first host of the inside ("DMZ").
    FirstHost,
    /// Packets to a port in use go to the host that uses it (a dynamic map, "full cone").
    FullCone,
    /// The same, from addresses only that this port has sent to.
    AddressRestricted,
    /// This port only, to the first host.
    Port(u16),
    /// Everything, without translation: no firewall.
    Everything,
}

/// What a router does with packets for itself that it did not ask for.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Hash)]
pub enum RouterInput {
    /// Nothing.
    Drop,
    /// It answers with an ICMP error.
    Reject,
    /// It takes them: answers with an ICMP error, since nothing listens, and remembers the
    /// connection.
    Accept,
}

impl LinuxNat {
    /// `masquerade` with a firewall that drops all but pings, and the timeouts that a kernel starts with.
    pub const fn masquerade() -> Self {
        Self {
            source: SourceRule::Masquerade,
            forward: ForwardRule::Answers,
            hairpin: false,
            input: RouterInput::Drop,
            answers_pings: true,
            udp: Udp::Passes,
            udp_timeout: Duration::from_secs(30),
            udp_timeout_stream: Duration::from_secs(120),
            icmp_timeout: Duration::from_secs(30),
        }
    }

    /// `masquerade random`.
    pub const fn random() -> Self {
        Self { source: SourceRule::Random, ..Self::masquerade() }
    }

    /// A stateful firewall without NAT.
    pub const fn firewall() -> Self {
        Self { source: SourceRule::None, ..Self::masquerade() }
    }
}
