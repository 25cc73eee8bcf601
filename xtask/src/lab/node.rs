//! The nodes of the laboratory, and which of them make up a side.

/// A node of the laboratory.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(crate) enum Node {
    HostA,
    NatA,
    Inet,
    NatB,
    HostB,
    /// The rest of the world: takes every packet and answers none.
    Beyond,
}

impl Node {
    pub(super) const ALL: [Self; 6] =
        [Self::HostA, Self::NatA, Self::Inet, Self::NatB, Self::HostB, Self::Beyond];

    pub(super) fn name(self) -> &'static str {
        match self {
            Self::HostA => "hA",
            Self::NatA => "natA",
            Self::Inet => "inet",
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
    /// The second number of the addresses inside, and the last of the one outside, in tens.
    pub(super) number: u8,
}

pub(super) const SIDES: [Side; 2] = [
    Side { host: Node::HostA, nat: Node::NatA, number: 1 },
    Side { host: Node::HostB, nat: Node::NatB, number: 2 },
];

/// The public address of a side.
pub(super) fn wan(number: u8) -> String {
    format!("198.51.100.{}", number * 10)
}
