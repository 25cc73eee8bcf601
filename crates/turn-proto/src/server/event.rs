//! What a server tells its operator.
use alloc::sync::Arc;
use core::net::SocketAddr;
use sans_io::Path;
use stun_proto::attribute::Code;

/// Something worth a line in a log. Only clients that have logged in cause events; what others do
/// is counted.
#[derive(Clone, Debug, PartialEq, Eq)]
pub enum TurnServerEvent {
    /// A client has a relayed address.
    AllocationCreated {
        /// Between listener and client.
        client: Path,
        /// Who the client is.
        user: Arc<str>,
        /// The relayed address, as the client was told.
        relayed: SocketAddr,
    },
    /// An allocation is no more.
    AllocationEnded {
        /// Between listener and client.
        client: Path,
        /// Who the client was.
        user: Arc<str>,
        /// The relayed address.
        relayed: SocketAddr,
        /// Why.
        end: AllocationEnd,
    },
    /// A user who has logged in did not get an allocation.
    AllocationRefused {
        /// Between listener and client.
        client: Path,
        /// Who the client is.
        user: Arc<str>,
        /// What it was told.
        code: Code,
    },
}

/// Why an allocation ended.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Hash)]
pub enum AllocationEnd {
    /// It was not refreshed in time.
    Expired,
    /// The client gave it up.
    Deleted,
    /// The client's connection ended. Over UDP there is none.
    Disconnected,
    /// Its socket was lost, for example since the interface went away.
    SocketLost,
}
