//! What the world does to a machine.
use crate::{
    LookupAnswer, LookupFault, LookupId, PacketMeta, Path, PathFault, SocketFault, SocketId,
};
use core::net::SocketAddr;

/// One thing that happened. Exhaustive on purpose: a new kind is a break that every driver must see.
#[derive(Clone, Copy, Debug)]
pub enum Input<'a> {
    /// One datagram, or one frame of a stream (see [`next_frame`](crate::next_frame)).
    Received {
        /// Where it came from and arrived.
        path: Path,
        /// What its IP header said.
        meta: PacketMeta,
        /// The bytes.
        bytes: &'a [u8],
    },
    /// A socket that was asked for opened at this address, or did not. `Err` after `Ok`: it was
    /// lost later.
    Socket {
        /// Which.
        id: SocketId,
        /// Its local address, or why not.
        state: Result<SocketAddr, SocketFault>,
    },
    /// Somebody connected to a listener. [`Verdict::Consumed`](crate::Verdict::Consumed) keeps the
    /// connection; the driver closes it at any other verdict.
    Accepted {
        /// The listener.
        listener: SocketId,
        /// The new connection.
        path: Path,
    },
    /// The answer to a lookup.
    LookedUp {
        /// Which question.
        id: LookupId,
        /// The records, or why there are none.
        result: Result<&'a [LookupAnswer], LookupFault>,
    },
    /// The network reported a fault of a path; for UDP it is advice, for a stream it is its end.
    PathFailed {
        /// Which.
        path: Path,
        /// What.
        fault: PathFault,
    },
    /// Time has passed.
    Timeout,
}

impl<'a> Input<'a> {
    /// Bytes that arrived with nothing special in their IP header.
    #[inline]
    pub fn received(path: Path, bytes: &'a [u8]) -> Self {
        Self::Received { path, meta: PacketMeta::default(), bytes }
    }
}
