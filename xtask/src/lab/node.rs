//! The nodes of the laboratory, and which of them make up a side.

/// A node of the laboratory.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(crate) enum Node {
    HostA,
    NatA,
    /// The carrier's NAT around the one of side A, where there is one.
    CarrierA,
    Inet,
    CarrierB,
    NatB,
    HostB,
    /// The rest of the world: takes every packet and answers none.
    Beyond,
}

impl Node {
    pub(super) const ALL: [Self; 8] = [
        Self::HostA,
        Self::NatA,
        Self::CarrierA,
        Self::Inet,
        Self::CarrierB,
        Self::NatB,
        Self::HostB,
        Self::Beyond,
    ];

    pub(super) fn name(self) -> &'static str {
        match self {
            Self::HostA => "hA",
            Self::NatA => "natA",
            Self::CarrierA => "cgnA",
            Self::Inet => "inet",
            Self::CarrierB => "cgnB",
            Self::NatB => "natB",
            Self::HostB => "hB",
            Self::Beyond => "beyond",
        }
    }
}

/// One of the two sides of the laboratory.
pub(super) struct Side {
    pub(super) host: Node,
    pub(super) nat: Node,
    pub(super) carrier: Node,
    /// The second number of the addresses inside, and the last of the one outside, in tens.
    pub(super) number: u8,
}

pub(super) const SIDES: [Side; 2] = [
    Side { host: Node::HostA, nat: Node::NatA, carrier: Node::CarrierA, number: 1 },
    Side { host: Node::HostB, nat: Node::NatB, carrier: Node::CarrierB, number: 2 },
];

/// The public address of a side.
pub(super) fn wan(number: u8) -> String {
    format!("198.51.100.{}", number * 10)
}

/// An address between the NAT of a side and that of its carrier (RFC 6598).
pub(super) fn shared(number: u8, host: u8) -> String {
    format!("100.64.{number}.{host}")
}
