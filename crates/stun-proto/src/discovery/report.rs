//! What there is to say of a NAT (RFC 4787, RFC 5780 §3).
use core::{
    net::{IpAddr, SocketAddr},
    time::Duration,
};

/// How a NAT gives out addresses.
#[derive(Clone, Copy, Debug, PartialEq, Eq, PartialOrd, Ord, Hash)]
pub enum Mapping {
    /// There is no NAT.
    None,
    /// The same for all destinations: direct connections are likely.
    EndpointIndependent,
    /// Another for each destination address.
    AddressDependent,
    /// Another for each destination address and port: what others are told is of no use to them.
    AddressAndPortDependent,
    /// The server has no other address, or its other address does not answer.
    Unknown,
}

/// Whom a NAT or a firewall lets in, once something was sent out.
#[derive(Clone, Copy, Debug, PartialEq, Eq, PartialOrd, Ord, Hash)]
pub enum Filtering {
    /// Everybody.
    EndpointIndependent,
    /// Those at addresses that something was sent to.
    AddressDependent,
    /// Those at addresses and ports that something was sent to.
    AddressAndPortDependent,
    /// The server has no other address, or refuses to answer from there.
    Unknown,
}

/// How long an idle binding lasts.
#[derive(Clone, Copy, Debug, PartialEq, Eq, PartialOrd, Ord, Hash)]
pub enum BindingLifetime {
    /// It was there after the first, and gone after the second.
    Between(Duration, Duration),
    /// It was gone after the shortest time that was tried.
    Under(Duration),
    /// It was there after the longest time that was tried.
    Over(Duration),
    /// The server does not honour RESPONSE-PORT, or did not answer in the course of the search.
    Unknown,
}

/// All that was found out.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct NatReport {
    /// Our address.
    pub local: SocketAddr,
    /// The address that the server saw.
    pub mapped: Option<SocketAddr>,
    /// The address that the server's other address saw, where it differs.
    pub mapped_other: Option<SocketAddr>,
    /// The server's other address and port.
    pub other: Option<SocketAddr>,
    /// How addresses are given out.
    pub mapping: Mapping,
    /// Who is let in.
    pub filtering: Filtering,
    /// Whether two behind the NAT reach each other by their outer addresses; `None` without a NAT.
    pub hairpin: Option<bool>,
    /// How long an idle binding lasts, if that was asked.
    pub lifetime: Option<BindingLifetime>,
}

impl NatReport {
    pub(super) const fn new(local: IpAddr) -> Self {
        Self {
            local: SocketAddr::new(local, 0),
            mapped: None,
            mapped_other: None,
            other: None,
            mapping: Mapping::Unknown,
            filtering: Filtering::Unknown,
            hairpin: None,
            lifetime: None,
        }
    }

    /// Whether the outer port is the inner one.
    pub fn keeps_port(&self) -> bool {
        self.mapped.is_some_and(|mapped| mapped.port() == self.local.port())
    }
}
