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
    /// The path that the data of this session went over is another one's: the peer of that one has shown
    /// that it leads to it by now, as where a NAT gives an address to the next client, or was there first
    /// when this session settled on it. What comes over it is for the other session, and no data is sent over it for this one,
    /// which is best closed or restarted.
    PathTaken {
        /// The session that had it, or wants it.
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
