//! What gathering tells its owner.
use crate::{Base, GatheringFailure, LocalCandidate};
use core::net::{IpAddr, SocketAddr};
use sans_io::Path;

/// Something that was found, or is no more.
#[derive(Clone, Debug, PartialEq, Eq)]
pub enum GatheringEvent {
    /// A candidate was found.
    Candidate(LocalCandidate),
    /// A NAT shows another address than `mapped` for the packets of `base` by now.
    MappingLost {
        /// What it showed before.
        mapped: SocketAddr,
        /// Whose packets.
        base: Base,
    },
    /// A socket or relay is gone, and with it all candidates that leave from it.
    BaseLost(Base),
    /// An address or server gave no candidate. Others may.
    Failed(GatheringFailure),
    /// A relay lets an address through from now on, or refused to.
    Permission {
        /// The relay.
        relay: Base,
        /// The address.
        peer: IpAddr,
        /// Whether it does.
        granted: bool,
    },
    /// A connection that was asked for is not to be had, or one that was there is no more.
    ConnectionLost {
        /// The path as the owner knows it.
        path: Path,
        /// What became of it.
        fault: ConnectionFault,
    },
    /// Gathering goes on after all had been tried: something was lost and is asked for anew.
    Resumed,
    /// All that was asked for has been tried.
    Complete,
}

/// What became of a connection.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Hash)]
pub enum ConnectionFault {
    /// Nobody answered.
    TimedOut,
    /// It was refused, or could not be opened for another reason, or nothing came over it.
    NotOpened,
    /// What came over it was not of an ICE agent (RFC 6544 §7.1).
    Foreign,
    /// It was open, and is not any more.
    Ended,
}
