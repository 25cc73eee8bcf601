//! The connections of a client to its server that each stand for one with a peer (RFC 6062 §4).
use alloc::{collections::BTreeMap, vec::Vec};
use core::net::SocketAddr;
use sans_io::{Instant, Path, SocketId};
use stun_proto::attribute::ConnectionId;

/// At most one for each peer.
#[derive(Debug, Default)]
pub(super) struct Connections {
    all: BTreeMap<SocketAddr, Stage>,
    by_path: BTreeMap<Path, SocketAddr>,
    by_socket: BTreeMap<SocketId, SocketAddr>,
}

/// How far one is.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(super) enum Stage {
    /// The server is asked to connect to the peer.
    Asked,
    /// The server is connected to the peer, and we connect to the server.
    Opening { socket: SocketId, id: ConnectionId },
    /// The server is asked to make one of the two.
    Binding { socket: SocketId, path: Path },
    /// Data flows.
    Open { socket: SocketId, path: Path },
    /// It failed, and is not to be asked for before this.
    Failed { until: Instant },
}

impl Connections {
    pub(super) fn get(&self, peer: SocketAddr) -> Option<Stage> {
        self.all.get(&peer).copied()
    }

    /// Whether another peer may be added.
    pub(super) fn has_room(&mut self, now: Instant, limit: usize) -> bool {
        self.all.retain(|_, stage| !matches!(stage, Stage::Failed { until } if *until <= now));
        self.all.len() < limit
    }

    /// Has the connection of a peer at another stage. The socket that is left behind, if there is one.
    pub(super) fn set(&mut self, peer: SocketAddr, stage: Stage) -> Option<SocketId> {
        let before = self.remove(peer);
        match stage {
            Stage::Opening { socket, .. } => drop(self.by_socket.insert(socket, peer)),
            Stage::Binding { socket, path } | Stage::Open { socket, path } => {
                self.by_socket.insert(socket, peer);
                self.by_path.insert(path, peer);
            }
            Stage::Asked | Stage::Failed { .. } => {}
        }
        self.all.insert(peer, stage);
        before.filter(|socket| self.by_socket.get(socket) != Some(&peer))
    }

    /// Forgets that of a peer. The socket that is to be closed, if there is one.
    pub(super) fn remove(&mut self, peer: SocketAddr) -> Option<SocketId> {
        match self.all.remove(&peer)? {
            Stage::Opening { socket, .. } => {
                self.by_socket.remove(&socket);
                Some(socket)
            }
            Stage::Binding { socket, path } | Stage::Open { socket, path } => {
                self.by_socket.remove(&socket);
                self.by_path.remove(&path);
                Some(socket)
            }
            Stage::Asked | Stage::Failed { .. } => None,
        }
    }

    /// Forgets all, and gives the sockets that are to be closed.
    pub(super) fn clear(&mut self) -> Vec<SocketId> {
        let Self { by_socket, .. } = core::mem::take(self);
        by_socket.into_keys().collect()
    }

    /// The peer that a connection to the server stands for.
    pub(super) fn peer_of(&self, path: &Path) -> Option<SocketAddr> {
        self.by_path.get(path).copied()
    }

    /// The peer that a socket was asked for.
    pub(super) fn peer_of_socket(&self, socket: SocketId) -> Option<SocketAddr> {
        self.by_socket.get(&socket).copied()
    }
}
