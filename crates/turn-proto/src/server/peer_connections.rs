//! The TCP connections between relayed addresses and peers, each with the one that its client has for
//! it (RFC 6062 §3).
use super::{auth::Identity, table::AllocationId};
use crate::seeded::{SeededMap, SeededState};
use alloc::{
    boxed::Box,
    collections::{BTreeMap, BTreeSet},
};
use sans_io::{Instant, Path, SocketId, Timers};
use stun_proto::{TransactionId, attribute::ConnectionId};

/// A connection with a peer.
#[derive(Debug)]
pub(super) struct PeerConnection {
    pub allocation: AllocationId,
    /// Between relayed address and peer.
    pub path: Path,
    pub stage: Stage,
}

/// How far a connection is.
#[derive(Debug)]
pub(super) enum Stage {
    /// The client asked for it.
    Connecting(Box<ConnectRequest>),
    /// It is there, and waits for the connection of the client.
    Unbound,
    /// Data flows.
    Bound {
        /// Between listener and client.
        client: Path,
    },
}

/// Whom the answer is for.
#[derive(Debug)]
pub(super) struct ConnectRequest {
    pub socket: SocketId,
    pub client: Path,
    pub identity: Identity,
    pub id: TransactionId,
}

/// One of the two connections that are one.
#[derive(Clone, Copy, Debug, PartialEq, Eq, PartialOrd, Ord)]
pub(super) enum End {
    Client,
    Peer,
}

/// What is due.
#[derive(Clone, Copy, Debug, PartialEq, Eq, PartialOrd, Ord)]
pub(super) enum Due {
    /// Nothing came of it in time.
    TooLate(u32),
    /// It may carry data again.
    Resume(u32, End),
}

/// All of them. Each is in all the indexes from its beginning to [`remove`](Self::remove).
#[derive(Debug)]
pub(super) struct PeerConnections {
    all: BTreeMap<u32, PeerConnection>,
    by_path: SeededMap<Path, (u32, End)>,
    by_socket: BTreeMap<SocketId, u32>,
    by_allocation: BTreeSet<(AllocationId, u32)>,
    timers: Timers<Due>,
}

impl PeerConnections {
    pub(super) fn new(hasher: SeededState) -> Self {
        Self {
            all: BTreeMap::new(),
            by_path: SeededMap::with_hasher(hasher),
            by_socket: BTreeMap::new(),
            by_allocation: BTreeSet::new(),
            timers: Timers::default(),
        }
    }

    pub(super) fn len(&self) -> usize {
        self.all.len()
    }

    /// How many an allocation has.
    pub(super) fn count_of(&self, allocation: AllocationId) -> usize {
        self.of(allocation).count()
    }

    /// One of an allocation, if it has any.
    pub(super) fn first_of(&self, allocation: AllocationId) -> Option<ConnectionId> {
        self.of(allocation).next()
    }

    fn of(&self, allocation: AllocationId) -> impl Iterator<Item = ConnectionId> {
        let range = self.by_allocation.range((allocation, 0)..=(allocation, u32::MAX));
        range.map(|(_, number)| ConnectionId(*number))
    }

    pub(super) fn is_free(&self, id: ConnectionId) -> bool {
        !self.all.contains_key(&id.0)
    }

    /// Takes in a connection whose path and number no other has.
    pub(super) fn insert(&mut self, id: ConnectionId, connection: PeerConnection, until: Instant) {
        debug_assert!(self.is_free(id), "a number of its own");
        if let Stage::Connecting(request) = &connection.stage {
            self.by_socket.insert(request.socket, id.0);
        }
        self.by_path.insert(connection.path, (id.0, End::Peer));
        self.by_allocation.insert((connection.allocation, id.0));
        self.timers.set(Due::TooLate(id.0), Some(until));
        self.all.insert(id.0, connection);
    }

    /// Lets one that was asked for wait for its client until then, and gives what asked for it.
    pub(super) fn open(&mut self, id: ConnectionId, until: Instant) -> Option<Box<ConnectRequest>> {
        let connection = self.all.get_mut(&id.0)?;
        let Stage::Connecting(request) = core::mem::replace(&mut connection.stage, Stage::Unbound)
        else {
            return None;
        };
        self.by_socket.remove(&request.socket);
        self.timers.set(Due::TooLate(id.0), Some(until));
        Some(request)
    }

    /// Makes one with the connection of its client.
    pub(super) fn bind(&mut self, id: ConnectionId, client: Path) {
        let Some(connection) = self.all.get_mut(&id.0) else { return };
        connection.stage = Stage::Bound { client };
        self.by_path.insert(client, (id.0, End::Client));
        self.timers.set(Due::TooLate(id.0), None);
    }

    /// Carries nothing from this end until then.
    pub(super) fn hold(&mut self, id: ConnectionId, end: End, until: Instant) {
        self.timers.set(Due::Resume(id.0, end), Some(until));
    }

    /// Forgets one.
    pub(super) fn remove(&mut self, id: ConnectionId) -> Option<PeerConnection> {
        let connection = self.all.remove(&id.0)?;
        self.by_path.remove(&connection.path);
        self.by_allocation.remove(&(connection.allocation, id.0));
        for due in
            [Due::TooLate(id.0), Due::Resume(id.0, End::Client), Due::Resume(id.0, End::Peer)]
        {
            self.timers.set(due, None);
        }
        match &connection.stage {
            Stage::Connecting(request) => drop(self.by_socket.remove(&request.socket)),
            Stage::Bound { client } => drop(self.by_path.remove(client)),
            Stage::Unbound => {}
        }
        Some(connection)
    }

    pub(super) fn get(&self, id: ConnectionId) -> Option<&PeerConnection> {
        self.all.get(&id.0)
    }

    /// By the path of either end.
    pub(super) fn find(&self, path: &Path) -> Option<(ConnectionId, End)> {
        if self.all.is_empty() {
            return None;
        }
        self.by_path.get(path).map(|(number, end)| (ConnectionId(*number), *end))
    }

    /// By the socket that it was asked for with.
    pub(super) fn find_socket(&self, socket: SocketId) -> Option<ConnectionId> {
        self.by_socket.get(&socket).map(|number| ConnectionId(*number))
    }

    /// When something is due next.
    pub(super) const fn next(&self) -> Option<Instant> {
        self.timers.next()
    }

    pub(super) fn pop_due(&mut self, now: Instant) -> Option<Due> {
        self.timers.pop_due(now).map(|(_, due)| due)
    }
}
