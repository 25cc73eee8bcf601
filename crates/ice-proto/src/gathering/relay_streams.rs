//! TURN servers that are reached over TCP or TLS (RFC 8656 §3.1), for networks that let no UDP through:
//! each relay has a connection of its own, which is opened in the slot of its first request.
use super::{
    Gathering,
    relays::{NotConnected, RelayEvent},
    tasks::RelayPlan,
};
use crate::{GatheringFailure, GatheringFault, RelayTransport};
use core::net::{IpAddr, SocketAddr};
use sans_io::{
    Input, Instant, Path, SocketFault, SocketId, SocketRequest, Transport, Verdict, canonical,
};

impl RelayTransport {
    /// What carries the bytes, and the name to verify.
    fn parts(&self) -> (Transport, Option<alloc::sync::Arc<str>>) {
        match self {
            Self::Udp => (Transport::Udp, None),
            Self::Tcp => (Transport::Tcp, None),
            Self::Tls { server_name } => (Transport::Tls, Some(server_name.clone())),
        }
    }
}

impl Gathering {
    /// Opens the connection that a relay is asked for over.
    pub(super) fn connect_to_relay(&mut self, now: Instant, plan: RelayPlan, from: IpAddr) -> bool {
        let Some(server) = self.servers.get(plan.key.server) else { return false };
        let (transport, server_name) = server.transport.parts();
        let (local, remote) = (SocketAddr::new(from, 0), plan.address);
        let id = self.hosts.take_socket();
        self.relays.opening(now, id, Path::new(transport, local, remote), plan);
        let local = Some(local);
        self.out.socket(SocketRequest::Connect { id, transport, local, remote, server_name });
        true
    }

    /// What became of the connection. The slot of the request was taken when it was asked for.
    pub(super) fn relay_connected(
        &mut self,
        now: Instant,
        id: SocketId,
        state: Result<SocketAddr, SocketFault>,
    ) {
        let Some(opening) = self.relays.take_opening(id) else { return };
        let (wanted, plan) = (opening.path, opening.plan);
        let server = self.servers.get(plan.key.server);
        let account = server.and_then(|server| server.account.clone());
        match (state, account) {
            (Ok(local), Some(account)) => {
                let path = Path::new(wanted.transport(), canonical(local), wanted.remote());
                let seed = self.entropy.secret();
                self.relays.start(now, path, account, plan, seed);
                self.relays.take_slot(now);
            }
            (Ok(_), None) => self.out.socket(SocketRequest::Close(id)),
            (Err(fault), _) => {
                self.relay_not_connected(now, &NotConnected { plan, path: wanted, fault });
            }
        }
    }

    pub(super) fn relay_not_connected(&mut self, now: Instant, about: &NotConnected) {
        if about.plan.losses > 0 {
            // It was there before, and will be again.
            self.tasks.ask_again(now, about.plan);
        }
        let base = self.hosts.base(about.plan.key.host);
        let local = base.unwrap_or(about.path.local());
        let (server, fault) = (Some(about.path.remote()), GatheringFault::Socket(about.fault));
        self.fail(GatheringFailure { local, server, fault });
    }

    /// A connection ended or was reset: that of a relay, or one to the peer.
    pub(super) fn on_stream_failed<'a>(&mut self, now: Instant, input: Input<'a>) -> Verdict<'a> {
        let Input::PathFailed { path, fault } = input else { return Verdict::Unclaimed };
        match self.relays.offer(now, &path, input) {
            Verdict::Unclaimed if path.transport() == Transport::Tcp => {
                self.on_connection_lost(&path, fault)
            }
            verdict => verdict,
        }
    }

    /// Bytes came over a connection: to a relay, or to the peer.
    pub(super) fn on_stream_bytes<'a>(
        &mut self,
        now: Instant,
        path: Path,
        input: Input<'a>,
        bytes: &'a [u8],
    ) -> Verdict<'a> {
        match self.relays.offer(now, &path, input) {
            Verdict::Unclaimed if path.transport() == Transport::Tcp => self.unwrap(&path, bytes),
            verdict => verdict,
        }
    }

    /// Does what a relay wants done with its connection.
    pub(super) fn on_relay_socket(&mut self, now: Instant, event: RelayEvent) {
        match event {
            RelayEvent::Socket(request) => self.out.socket(request),
            RelayEvent::NotConnected(socket, about) => {
                self.out.socket(SocketRequest::Close(socket));
                self.relay_not_connected(now, &about);
            }
            _ => {}
        }
    }
}
