//! What a mux tells the application.
use crate::{GatheringFailure, IceEvent};
use sans_io::{Path, SlabKey};

/// Names a session of a mux. The name of one that is gone finds nothing.
#[derive(Clone, Copy, Debug, PartialEq, Eq, PartialOrd, Ord, Hash)]
pub struct SessionId(pub(super) SlabKey);

/// Something that the application may want to know or must act on.
#[derive(Clone, Debug, PartialEq, Eq)]
pub enum MuxEvent {
    /// Of one session.
    Session {
        /// Which.
        id: SessionId,
        /// What.
        event: IceEvent,
    },
    /// The peer of another session has shown that a path of this one leads to it by now, as where a NAT
    /// gives an address to the next client. What comes over it is for the other session, and nothing
    /// more is sent over it for this one.
    PathTaken {
        /// The session that had it.
        id: SessionId,
        /// The path.
        path: Path,
        /// The session that has it.
        by: SessionId,
    },
    /// A session that was closed is gone, and its peer has had time to hear of it.
    SessionEnded(SessionId),
    /// An address or a server gave no candidate. Others may.
    GatheringFailed(GatheringFailure),
    /// All addresses and servers have been tried.
    GatheringComplete,
}
