//! A client that has TCP relayed: connections that it asks for, and those of peers (RFC 6062 §4).
use super::{
    TurnClient, TurnEvent, TurnFault,
    config::RelayedTransport,
    connections::Stage,
    request::{Purpose, Task},
};
use core::{
    net::{IpAddr, SocketAddr},
    time::Duration,
};
use sans_io::{
    DropReason, Frame, Input, Instant, MAX_FRAME, OutboxFull, Path, PathFault, SocketFault,
    SocketId, SocketRequest, Transport, Verdict, canonical,
};
use stun_proto::{
    Message,
    attribute::{ConnectionId, XorPeerAddress},
};
use thiserror::Error;

/// How long a peer that could not be reached is left alone (RFC 6062 §4.3).
const AGAIN_AFTER_FAILURE: Duration = Duration::from_secs(10);

/// A peer that has connected to the relayed address, and waits (RFC 6062 §4.4).
#[derive(Clone, Copy, Debug, PartialEq, Eq, Hash)]
pub struct ConnectionAttempt {
    /// The peer.
    pub peer: SocketAddr,
    pub(super) id: ConnectionId,
}

/// Why no connection with a peer was asked for.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Error)]
pub enum ConnectError {
    /// There is no allocation that relays TCP.
    #[error("there is no allocation that relays TCP")]
    NotAllocated,
    /// The peer's address is not of the family of a relayed address.
    #[error("{0} is not of the family of a relayed address")]
    WrongFamily(IpAddr),
    /// There is one with this peer, or one was asked for.
    #[error("there is a connection with this peer already")]
    Busy,
    /// The peer could not be reached, and is to be left alone for 10 s (RFC 6062 §4.3).
    #[error("the peer is to be left alone until {until}")]
    TooSoon {
        /// When it may be tried again.
        until: Instant,
    },
    /// There would be more than the configuration allows.
    #[error("there are as many connections as there may be")]
    TooMany,
}

impl TurnClient {
    /// Has the server connect to a peer, and connects to the server for it. [`Connected`] or
    /// [`ConnectionFailed`] follows; then data goes by [`send`](Self::send) and
    /// [`Verdict::Deliver`].
    ///
    /// The second connection to the server is asked of the driver ([`SocketRequest::Connect`]).
    ///
    /// [`Connected`]: TurnEvent::Connected
    /// [`ConnectionFailed`]: TurnEvent::ConnectionFailed
    pub fn connect(&mut self, now: Instant, peer: SocketAddr) -> Result<(), ConnectError> {
        let now = self.advance(now);
        let peer = canonical(peer);
        self.check_connection(now, peer)?;
        self.connections.set(peer, Stage::Asked);
        self.submit(now, Purpose::Connect(peer).into());
        Ok(())
    }

    /// Takes the connection of a peer. Who is not taken within 30 s is closed by the server.
    /// [`Connected`] or [`ConnectionFailed`] follows.
    ///
    /// [`Connected`]: TurnEvent::Connected
    /// [`ConnectionFailed`]: TurnEvent::ConnectionFailed
    pub fn accept(&mut self, now: Instant, attempt: ConnectionAttempt) -> Result<(), ConnectError> {
        let now = self.advance(now);
        match self.check_connection(now, attempt.peer) {
            // It may well reach us where we do not reach it.
            Ok(()) | Err(ConnectError::TooSoon { .. }) => {}
            Err(error) => return Err(error),
        }
        self.open_data(attempt.peer, attempt.id);
        Ok(())
    }

    /// Ends the connection with a peer, or the attempt to make one. Nothing follows.
    pub fn disconnect_peer(&mut self, now: Instant, peer: SocketAddr) {
        self.advance(now);
        self.drop_connection(canonical(peer));
    }

    fn check_connection(&mut self, now: Instant, peer: SocketAddr) -> Result<(), ConnectError> {
        if self.relayed().is_none() || self.config.relayed_transport != RelayedTransport::Tcp {
            return Err(ConnectError::NotAllocated);
        }
        if self.relayed_towards(peer.ip()).is_none() {
            return Err(ConnectError::WrongFamily(peer.ip()));
        }
        match self.connections.get(peer) {
            Some(Stage::Failed { until }) if now < until => {
                return Err(ConnectError::TooSoon { until });
            }
            None | Some(Stage::Failed { .. }) => {}
            Some(_) => return Err(ConnectError::Busy),
        }
        let has_room = self.connections.has_room(now, self.config.max_connections);
        if has_room { Ok(()) } else { Err(ConnectError::TooMany) }
    }

    /// Connects to the server for a connection that it has with a peer. The driver picks another
    /// local address (RFC 6062 §4.3).
    pub(super) fn open_data(&mut self, peer: SocketAddr, id: ConnectionId) {
        let (path, socket) = (self.paths.current(), self.sockets.take());
        self.connections.set(peer, Stage::Opening { socket, id });
        self.out.socket(SocketRequest::Connect {
            id: socket,
            transport: path.transport(),
            local: None,
            remote: path.remote(),
            server_name: self.config.server_name.clone(),
        });
    }

    /// The server is connected to a peer.
    pub(super) fn peer_connected(&mut self, peer: SocketAddr, message: &Message<'_>) {
        if self.connections.get(peer) != Some(Stage::Asked) {
            return; // it is not wanted any more, and the server closes it
        }
        match message.get::<ConnectionId>() {
            Some(id) => self.open_data(peer, id),
            None => self.connection_failed(peer, TurnFault::BadResponse),
        }
    }

    /// What became of a connection to the server.
    pub(super) fn data_opened(
        &mut self,
        now: Instant,
        socket: SocketId,
        state: Result<SocketAddr, SocketFault>,
    ) -> Verdict<'static> {
        let Some(peer) = self.connections.peer_of_socket(socket) else {
            return Verdict::Unclaimed;
        };
        match (state, self.connections.get(peer)) {
            (Ok(local), Some(Stage::Opening { id, .. })) => {
                let control = self.paths.current();
                let path = Path::new(control.transport(), local, control.remote());
                self.connections.set(peer, Stage::Binding { socket, path });
                let purpose = Purpose::BindConnection(peer, id);
                self.start(now, Task { urgent: true, ..purpose.into() });
            }
            (Ok(_), _) => {}
            (Err(_), _) => self.connection_failed(peer, TurnFault::Disconnected),
        }
        Verdict::Consumed
    }

    /// The server has made one connection of two.
    pub(super) fn data_bound(&mut self, peer: SocketAddr) {
        let Some(Stage::Binding { socket, path }) = self.connections.get(peer) else { return };
        self.connections.set(peer, Stage::Open { socket, path });
        self.event(TurnEvent::Connected { peer });
    }

    /// The server could not be brought to connect to a peer.
    pub(super) fn connect_failed(&mut self, now: Instant, peer: SocketAddr, fault: TurnFault) {
        self.connection_failed(peer, fault);
        if fault == TurnFault::PeerRefused {
            let until = now.saturating_add(AGAIN_AFTER_FAILURE);
            self.connections.set(peer, Stage::Failed { until });
        }
    }

    pub(super) fn connection_failed(&mut self, peer: SocketAddr, fault: TurnFault) {
        self.drop_connection(peer);
        self.event(TurnEvent::ConnectionFailed { peer, fault });
    }

    fn drop_connection(&mut self, peer: SocketAddr) {
        let is_about = |purpose: &Purpose| match purpose {
            Purpose::Connect(other) | Purpose::BindConnection(other, _) => *other == peer,
            _ => false,
        };
        self.call_off(is_about);
        if matches!(self.connections.get(peer), Some(Stage::Failed { .. })) {
            return; // the wait goes on
        }
        if let Some(socket) = self.connections.remove(peer) {
            self.out.socket(SocketRequest::Close(socket));
        }
    }

    /// Ends all of them.
    pub(super) fn drop_connections(&mut self) {
        for socket in self.connections.clear() {
            self.out.socket(SocketRequest::Close(socket));
        }
    }

    /// A peer connected to the relayed address.
    pub(super) fn receive_attempt(
        &mut self,
        now: Instant,
        message: &Message<'_>,
    ) -> Verdict<'static> {
        if message.unknown_required().next().is_some() {
            return self.drops.refuse(DropReason::Unsupported);
        }
        let (Some(XorPeerAddress(peer)), Some(id)) = (message.get(), message.get()) else {
            return self.drops.refuse(DropReason::Malformed);
        };
        let peer = canonical(peer);
        if !self.permissions.is_expected(peer.ip(), now) || self.relayed().is_none() {
            return self.drops.refuse(DropReason::Forbidden);
        }
        // Peers connect as often as they like.
        let attempt = ConnectionAttempt { peer, id };
        match self.out.advise(TurnEvent::ConnectionAttempted { attempt }) {
            Ok(()) => Verdict::Consumed,
            Err(OutboxFull) => self.drops.refuse(DropReason::TooFast),
        }
    }

    /// What happened on a connection that stands for one with a peer; `None`: it is none.
    pub(super) fn handle_data_input<'a>(
        &mut self,
        now: Instant,
        input: &Input<'a>,
    ) -> Option<Verdict<'a>> {
        match *input {
            Input::Received { path, bytes, .. } => {
                let peer = self.connections.peer_of(&path)?;
                Some(self.receive_data_frame(now, path, peer, bytes))
            }
            Input::PathFailed { path, fault: PathFault::Ended | PathFault::Reset } => {
                let peer = self.connections.peer_of(&path)?;
                self.data_ended(peer);
                Some(Verdict::Consumed)
            }
            _ => None,
        }
    }

    fn receive_data_frame<'a>(
        &mut self,
        now: Instant,
        path: Path,
        peer: SocketAddr,
        bytes: &'a [u8],
    ) -> Verdict<'a> {
        let is_open = matches!(self.connections.get(peer), Some(Stage::Open { .. }));
        if let Some(relayed) = self.relayed_towards(peer.ip()).filter(|_| is_open) {
            return Verdict::Deliver { path: Path::new(Transport::Tcp, relayed, peer), bytes };
        }
        // The one answer before the data.
        if let Ok(message) = Message::parse(bytes) {
            return self.receive_response(now, path, &message);
        }
        self.connection_failed(peer, TurnFault::BadResponse);
        self.drops.refuse(DropReason::Malformed)
    }

    fn data_ended(&mut self, peer: SocketAddr) {
        if matches!(self.connections.get(peer), Some(Stage::Open { .. })) {
            self.connections.remove(peer);
            self.event(TurnEvent::ConnectionEnded { peer });
        } else {
            self.connection_failed(peer, TurnFault::Disconnected);
        }
    }

    /// The path of the connection that stands for one with a peer, once data flows.
    pub(super) fn data_path(&self, peer: SocketAddr) -> Option<Path> {
        match self.connections.get(peer) {
            Some(Stage::Open { path, .. }) => Some(path),
            _ => None,
        }
    }

    /// Data has no frames. `None`: there is none yet on this path.
    pub(super) fn data_frame(&self, path: &Path, buffer: &[u8]) -> Option<Frame> {
        let peer = self.connections.peer_of(path)?;
        self.data_path(peer).map(|_| Frame::Whole(buffer.len().min(MAX_FRAME)))
    }
}
