//! The relay sockets of an allocation: asked for, opened, given up (RFC 8656 §7.2).
use super::{
    AllocationEnd, TurnServer, TurnServerEvent, allocate::RelayRequirement, allocation::Phase,
    ports::PortRequirement, relays::Relay, table::AllocationId,
};
use alloc::sync::Arc;
use core::net::SocketAddr;
use sans_io::{Instant, Path, SocketFault, SocketId, SocketRequest, Verdict};
use stun_proto::{
    MessageBuilder, MessageType, Method,
    attribute::{AddressFamily, Code, ErrorCode},
};

/// How many ports are tried that another program turns out to hold.
const ATTEMPTS_MAX: u8 = 8;

impl TurnServer {
    /// What the driver says of a relay socket: it is open, could not be opened, or is lost.
    pub(super) fn on_socket(
        &mut self,
        now: Instant,
        socket: SocketId,
        state: Result<SocketAddr, SocketFault>,
    ) -> Verdict<'static> {
        if let Some(id) = self.peer_connections.find_socket(socket) {
            return self.peer_connection_opened(now, id, socket, state);
        }
        let Some(id) = self.table.find_socket(socket) else { return Verdict::Unclaimed };
        let Some(allocation) = self.table.get_mut(id) else { return Verdict::Unclaimed };
        let Some(relay) = allocation.relays.of_socket(socket).copied() else {
            return Verdict::Unclaimed;
        };
        let family = relay.family();
        match (state, &allocation.phase) {
            (Ok(address), Phase::Opening(_)) if address == relay.bound => {
                if let Some(relay) = allocation.relays.get_mut(family) {
                    relay.is_open = true;
                }
                self.opened(now, id);
            }
            (Err(SocketFault::InUse), Phase::Opening(opening)) if relay.attempts < ATTEMPTS_MAX => {
                match opening.port {
                    Some(port) => self.try_another_port(now, id, relay, port),
                    None => self.not_opened(now, id, family),
                }
            }
            (Ok(_), Phase::Opening(_)) => {
                // Somewhere else than asked: of no use.
                self.out.socket(SocketRequest::Close(socket));
                self.not_opened(now, id, family);
            }
            (Err(_), Phase::Opening(_)) => self.not_opened(now, id, family),
            (Ok(_), Phase::Open) => {}
            (Err(_), Phase::Open) if allocation.relays.len() > 1 => {
                allocation.forget(family);
                let _ = self.table.give_up(id, family);
                self.rearm(id);
            }
            (Err(_), Phase::Open) => self.end(id, AllocationEnd::SocketLost),
        }
        Verdict::Consumed
    }

    fn try_another_port(
        &mut self,
        now: Instant,
        id: AllocationId,
        lost: Relay,
        port: PortRequirement,
    ) {
        let Some(allocation) = self.table.get_mut(id) else { return };
        let (account, transport) = (Arc::clone(&allocation.account), allocation.transport);
        let listener = allocation.client.local().ip();
        if let Some(token) = allocation.token.take() {
            self.release(token);
        }
        let family = lost.family();
        let requirement = RelayRequirement { family, transport, port };
        let Some((bound, token)) = self.find_address(now, requirement, listener, &account) else {
            return self.not_opened(now, id, family);
        };
        let socket = self.sockets.take();
        let relay = Relay { attempts: lost.attempts + 1, ..Relay::new(socket, bound) };
        self.table.rebind(id, relay);
        if let Some(allocation) = self.table.get_mut(id) {
            allocation.token = token;
            self.open_relay(transport, &relay);
        }
    }

    /// A socket is open. The client hears of it once all are.
    fn opened(&mut self, now: Instant, id: AllocationId) {
        let Some(allocation) = self.table.get_mut(id) else { return };
        if !allocation.relays.are_open() {
            return;
        }
        let Phase::Opening(opening) = core::mem::replace(&mut allocation.phase, Phase::Open) else {
            return;
        };
        allocation.since = now;
        for relay in allocation.relays.iter_mut() {
            relay.expires = now.saturating_add(opening.lifetime);
        }
        let (client, user) = (allocation.client, Arc::clone(&allocation.user));
        let relays = allocation.relays;
        let mut all = relays.iter().map(|relay| self.addressing.relayed(relay.bound));
        let (first, additional) = (all.next(), all.next());
        drop(all);
        self.rearm(id);
        self.answer_allocate(now, id, &opening.identity);
        if let Some(relayed) = first {
            self.event(TurnServerEvent::AllocationCreated { client, user, relayed, additional });
        }
    }

    /// A socket could not be opened. Another family's will do.
    fn not_opened(&mut self, now: Instant, id: AllocationId, family: AddressFamily) {
        let Some(allocation) = self.table.get_mut(id) else { return };
        if allocation.relays.len() <= 1 {
            return self.give_up_opening(id);
        }
        allocation.refused = Some((family, Code::INSUFFICIENT_CAPACITY));
        let _ = self.table.give_up(id, family);
        self.opened(now, id);
    }

    /// The time for opening is over. What is open by now is what the client gets.
    pub(super) fn opening_ends(&mut self, now: Instant, id: AllocationId) {
        let Some(allocation) = self.table.get(id) else { return };
        let relays = allocation.relays;
        for relay in relays.iter().filter(|relay| !relay.is_open) {
            self.out.socket(SocketRequest::Close(relay.socket));
            self.not_opened(now, id, relay.family());
        }
    }

    /// Tells the client that there is no relayed address to be had.
    fn give_up_opening(&mut self, id: AllocationId) {
        self.timers.set(id, None);
        let Some(allocation) = self.table.remove(id) else { return };
        self.connections.release(self.clock.now(), &allocation.client);
        if let Some(token) = allocation.token {
            self.release(token);
        }
        let Phase::Opening(opening) = allocation.phase else { return };
        let (client, code) = (allocation.client, Code::INSUFFICIENT_CAPACITY);
        let kind = MessageType::error(Method::ALLOCATE);
        let write = |reply: &mut MessageBuilder<'_>| reply.push(&ErrorCode::from(code));
        // It queues the answer, or counts what it could not write.
        let _ = self.reply(client, &opening.identity, kind, allocation.request, write);
        self.tell_refused(self.clock.now(), client, allocation.user, code);
    }

    pub(super) fn tell_refused(&mut self, now: Instant, client: Path, user: Arc<str>, code: Code) {
        if let Some(untold) = self.refusals.tell(now) {
            self.event(TurnServerEvent::AllocationRefused { client, user, code, untold });
        }
    }

    /// Has the next end of a relayed address waited for.
    pub(super) fn rearm(&mut self, id: AllocationId) {
        let next = self.table.get(id).and_then(|allocation| allocation.relays.next_end());
        self.timers.set(id, next);
    }
}
