//! Why no sockets were asked for.
use core::net::IpAddr;

/// Why no sockets were asked for.
#[derive(Clone, Copy, Debug, PartialEq, Eq, thiserror::Error)]
pub enum GatherError {
    /// There is nothing to bind: packets must come from a known address.
    #[error("{0} is not the address of an interface")]
    Address(IpAddr),
    /// [`local_addresses_max`](crate::IceConfig::local_addresses_max) would be passed.
    #[error("too many local addresses")]
    TooManyAddresses,
    /// The agent is closed.
    #[error("the agent is closed")]
    Closed,
}
