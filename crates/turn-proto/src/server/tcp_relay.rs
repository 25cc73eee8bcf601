//! Relaying TCP: connections that clients ask for, connections of peers, and the data on both (RFC
//! 6062 §5).
use super::{
    TurnServer,
    auth::Identity,
    peer_connections::{ConnectRequest, Due, End, PeerConnection, Stage},
    relay::Way,
    table::AllocationId,
};
use alloc::boxed::Box;
use bytes::Bytes;
use core::{net::SocketAddr, time::Duration};
use sans_io::{
    DropReason, Instant, Packet, Path, SocketFault, SocketId, SocketRequest, Transport, Verdict,
};
use stun_proto::{
    Message, MessageBuilder, MessageType, Method,
    attribute::{Code, ConnectionId, ErrorCode, XorPeerAddress},
};

/// How long the driver has to connect to a peer; at least 30 s (RFC 6062 §5.2).
const CONNECT_WITHIN: Duration = Duration::from_secs(40);
/// How long a connection with a peer waits for that of its client (RFC 6062 §5.2, §5.3).
const BIND_WITHIN: Duration = Duration::from_secs(30);
/// Longer than a ConnectionAttempt indication for an IPv6 peer.
const INDICATION_MAX: usize = 64;

impl TurnServer {
    /// A client wants a connection to a peer (RFC 6062 §5.2). The answer waits for it.
    pub(super) fn connect_peer(
        &mut self,
        now: Instant,
        path: Path,
        identity: Identity,
        message: &Message<'_>,
    ) -> Verdict<'static> {
        match self.plan_connection(path, &identity, message) {
            Ok((allocation, peer)) => {
                let (id, socket) = (self.take_connection_id(), self.sockets.take());
                let (local, remote) = (Some(peer.local()), peer.remote());
                let request = message.transaction_id();
                let request = ConnectRequest { socket, client: path, identity, id: request };
                let stage = Stage::Connecting(Box::new(request));
                let connection = PeerConnection { allocation, path: peer, stage };
                let until = now.saturating_add(CONNECT_WITHIN);
                self.peer_connections.insert(id, connection, until);
                let (id, transport, server_name) = (socket, Transport::Tcp, None);
                let connect = SocketRequest::Connect { id, transport, local, remote, server_name };
                self.out.socket(connect);
                Verdict::Consumed
            }
            Err(code) => self.refuse(path, &identity, message, code),
        }
    }

    /// Which connection a request asks for, once nothing is wrong with it.
    fn plan_connection(
        &self,
        path: Path,
        identity: &Identity,
        message: &Message<'_>,
    ) -> Result<(AllocationId, Path), Code> {
        let (id, allocation) = self.allocation_of(&path, identity)?;
        let peer = message.get::<XorPeerAddress>().ok_or(Code::BAD_REQUEST)?.0;
        if allocation.transport != Transport::Tcp {
            return Err(Code::BAD_REQUEST);
        }
        let relay = allocation.relays.towards(peer.ip());
        let relay = relay.ok_or(Code::PEER_ADDRESS_FAMILY_MISMATCH)?;
        let peer = SocketAddr::new(self.addressing.to_bound(peer.ip()), peer.port());
        let path = Path::new(Transport::Tcp, relay.bound, peer);
        if self.peer_connections.find(&path).is_some() {
            return Err(Code::CONNECTION_ALREADY_EXISTS);
        }
        if !self.addressing.allows(peer) || !self.is_peer(Transport::Tcp, peer) {
            return Err(Code::FORBIDDEN);
        }
        if self.has_room_for_connection(id) {
            Ok((id, path))
        } else {
            Err(Code::INSUFFICIENT_CAPACITY)
        }
    }

    fn has_room_for_connection(&self, allocation: AllocationId) -> bool {
        self.peer_connections.len() < self.limits.connections
            && self.peer_connections.count_of(allocation) < self.limits.peer_connections
    }

    /// A number that no connection has, and that nobody can guess.
    fn take_connection_id(&mut self) -> ConnectionId {
        loop {
            let id = ConnectionId(u32::from_be_bytes(self.entropy.secret()));
            if self.peer_connections.is_free(id) {
                return id;
            }
        }
    }

    /// What became of a connection that a client asked for.
    pub(super) fn peer_connection_opened(
        &mut self,
        now: Instant,
        id: ConnectionId,
        socket: SocketId,
        state: Result<SocketAddr, SocketFault>,
    ) -> Verdict<'static> {
        let Some(connection) = self.peer_connections.get(id) else { return Verdict::Unclaimed };
        let path = connection.path;
        match state {
            Ok(local) if local == path.local() => {
                self.out.socket(SocketRequest::Pause(path));
                let until = now.saturating_add(BIND_WITHIN);
                let Some(request) = self.peer_connections.open(id, until) else {
                    return Verdict::Consumed;
                };
                let ConnectRequest { client, identity, id: request, .. } = *request;
                let kind = MessageType::success(Method::CONNECT);
                // It queues the answer, or counts what it could not write.
                let _ = self.reply(client, &identity, kind, request, |reply| reply.push(&id));
            }
            Ok(_) => {
                // From somewhere else than asked: of no use.
                self.out.socket(SocketRequest::Close(socket));
                self.end_connection(id, Some(End::Peer));
            }
            Err(_) => self.end_connection(id, Some(End::Peer)),
        }
        Verdict::Consumed
    }

    /// A peer connected to a relayed address (RFC 6062 §5.3). Without a permission it is closed.
    pub(super) fn peer_connected(
        &mut self,
        now: Instant,
        allocation: AllocationId,
        path: Path,
    ) -> Verdict<'static> {
        let peer = path.remote();
        let Some(found) = self.table.get(allocation).filter(|found| found.is_open()) else {
            return self.drops.refuse(DropReason::Unexpected);
        };
        let client = found.client;
        let permitted = found.permissions.allow(peer.ip(), now);
        if !permitted || !self.is_peer(Transport::Tcp, peer) {
            return self.drops.refuse(DropReason::Forbidden);
        }
        let is_new = self.peer_connections.find(&path).is_none();
        if !is_new || !self.has_room_for_connection(allocation) || !self.out.has_room() {
            return self.drops.refuse(DropReason::Exhausted);
        }
        let id = self.take_connection_id();
        let connection = PeerConnection { allocation, path, stage: Stage::Unbound };
        let until = now.saturating_add(BIND_WITHIN);
        self.peer_connections.insert(id, connection, until);
        self.out.socket(SocketRequest::Pause(path));
        let mut buffer = [0; INDICATION_MAX];
        let kind = MessageType::indication(Method::CONNECTION_ATTEMPT);
        let shown = SocketAddr::new(self.addressing.to_advertised(peer.ip()), peer.port());
        let transaction = self.entropy.transaction_id();
        let indication = MessageBuilder::new(&mut buffer, kind, transaction)
            .with(&id)
            .with(&XorPeerAddress(shown))
            .finish();
        if let Ok(bytes) = indication.map(Bytes::copy_from_slice) {
            self.queue(client, bytes);
        }
        Verdict::Consumed
    }

    /// A client has made a connection for one with a peer (RFC 6062 §5.4).
    pub(super) fn bind_connection(
        &mut self,
        path: Path,
        identity: &Identity,
        message: &Message<'_>,
    ) -> Verdict<'static> {
        match self.check_binding(&path, identity, message) {
            Ok((id, peer)) => {
                let verdict = self.accept(path, identity, message, |_| {});
                self.peer_connections.bind(id, path);
                self.connections.keep(&path);
                self.out.socket(SocketRequest::Resume(peer));
                verdict
            }
            Err(code) => self.refuse(path, identity, message, code),
        }
    }

    /// The connection that a request is about: one that waits, of an allocation of this user.
    fn check_binding(
        &self,
        path: &Path,
        identity: &Identity,
        message: &Message<'_>,
    ) -> Result<(ConnectionId, Path), Code> {
        let id = message.get::<ConnectionId>().ok_or(Code::BAD_REQUEST)?;
        let connection = self.peer_connections.get(id).ok_or(Code::BAD_REQUEST)?;
        let allocation = self.table.get(connection.allocation).ok_or(Code::BAD_REQUEST)?;
        let is_waiting = matches!(connection.stage, Stage::Unbound);
        let is_fit = path.transport().is_stream() && !self.has_allocation(path);
        if is_waiting && is_fit && allocation.user == identity.user {
            Ok((id, connection.path))
        } else {
            Err(Code::BAD_REQUEST)
        }
    }

    /// Data on either of two connections that are one (RFC 6062 §5.4). Where there is too much of it,
    /// no more is read there for a while.
    pub(super) fn relay_stream<'a>(
        &mut self,
        now: Instant,
        id: ConnectionId,
        end: End,
        bytes: &'a [u8],
    ) -> Verdict<'a> {
        let Some(connection) = self.peer_connections.get(id) else {
            return self.drops.refuse(DropReason::Unexpected);
        };
        let (allocation, peer) = (connection.allocation, connection.path);
        let Stage::Bound { client } = connection.stage else {
            // Nothing is read before, unless the driver cannot help it. It is kept nowhere here.
            self.end_connection(id, None);
            return self.drops.refuse(DropReason::Exhausted);
        };
        let (from, to, way) = match end {
            End::Client => (client, peer, Way::ToPeer),
            End::Peer => (peer, client, Way::ToClient),
        };
        self.account(allocation, way, bytes.len());
        if let Some(until) = self.overdraw(now, allocation, bytes.len()) {
            self.peer_connections.hold(id, end, until);
            self.out.socket(SocketRequest::Pause(from));
        }
        Verdict::Send(Packet::new(to, bytes))
    }

    /// Does what is due of a connection.
    pub(super) fn connection_due(&mut self, due: Due) {
        match due {
            Due::TooLate(number) => self.end_connection(ConnectionId(number), None),
            Due::Resume(number, end) => {
                let Some(connection) = self.peer_connections.get(ConnectionId(number)) else {
                    return;
                };
                let path = match (end, &connection.stage) {
                    (End::Client, Stage::Bound { client }) => *client,
                    _ => connection.path,
                };
                self.out.socket(SocketRequest::Resume(path));
            }
        }
    }

    /// Ends a connection with a peer, and with it the client's (RFC 6062 §5.5). `gone`: this one is
    /// no more already.
    pub(super) fn end_connection(&mut self, id: ConnectionId, gone: Option<End>) {
        let Some(PeerConnection { path, stage, .. }) = self.peer_connections.remove(id) else {
            return;
        };
        match stage {
            Stage::Connecting(request) => {
                let ConnectRequest { socket, client, identity, id } = *request;
                if gone.is_none() {
                    self.out.socket(SocketRequest::Close(socket));
                }
                let (kind, code) = (MessageType::error(Method::CONNECT), Code::CONNECTION_FAILURE);
                let write = |reply: &mut MessageBuilder<'_>| reply.push(&ErrorCode::from(code));
                // It queues the answer, or counts what it could not write.
                let _ = self.reply(client, &identity, kind, id, write);
            }
            Stage::Unbound | Stage::Bound { .. } if gone != Some(End::Peer) => {
                self.out.socket(SocketRequest::Hangup(path));
                self.end_client_data(&stage, gone);
            }
            Stage::Unbound | Stage::Bound { .. } => self.end_client_data(&stage, gone),
        }
    }

    fn end_client_data(&mut self, stage: &Stage, gone: Option<End>) {
        let Stage::Bound { client } = stage else { return };
        self.connections.remove(client);
        if gone != Some(End::Client) {
            self.out.socket(SocketRequest::Hangup(*client));
        }
    }

    /// Ends all connections of an allocation (RFC 6062 §5.5).
    pub(super) fn end_connections(&mut self, allocation: AllocationId) {
        while let Some(id) = self.peer_connections.first_of(allocation) {
            self.end_connection(id, None);
        }
    }
}
