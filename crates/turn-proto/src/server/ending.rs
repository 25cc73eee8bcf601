//! How allocations end: by their time, by their client, with their connection (RFC 8656 §6, §8.2).
use super::{
    AllocationEnd, TurnServer, TurnServerEvent, allocation::Allocation, relays::Relays,
    reservations::Token, table::AllocationId,
};
use alloc::sync::Arc;
use sans_io::{Instant, Path, SocketRequest};
use stun_proto::attribute::AddressFamily;

impl TurnServer {
    /// Takes note of the time and ends what ends by then.
    pub(super) fn advance(&mut self, now: Instant) -> Instant {
        let now = self.clock.tick(now);
        while let Some((_, id)) = self.timers.pop_due(now) {
            let open = self.table.get(id).is_some_and(Allocation::is_open);
            if open {
                self.expire(now, id);
            } else {
                self.opening_ends(now, id);
            }
        }
        while let Some(due) = self.peer_connections.pop_due(now) {
            self.connection_due(due);
        }
        while let Some(path) = self.connections.pop_idle(now) {
            self.out.socket(SocketRequest::Hangup(path));
        }
        now
    }

    /// Ends an open allocation.
    pub(super) fn end(&mut self, id: AllocationId, end: AllocationEnd) {
        self.timers.set(id, None);
        self.end_connections(id);
        let Some(allocation) = self.table.remove(id) else { return };
        let now = self.clock.now();
        self.connections.release(now, &allocation.client);
        if let Some(next) = allocation.next_client() {
            self.connections.release(now, &next);
        }
        if end != AllocationEnd::SocketLost {
            self.close_relays(allocation.relays);
        }
        let (client, user) = (allocation.client, Arc::clone(&allocation.user));
        let Some(relay) = allocation.relays.iter().next() else { return };
        let relayed = self.addressing.relayed(relay.bound);
        let lasted = now.saturating_since(allocation.since);
        let traffic = allocation.traffic;
        let event =
            TurnServerEvent::AllocationEnded { client, user, relayed, end, lasted, traffic };
        self.event(event);
    }

    /// Ends what is over of an open allocation: a family of two, or all.
    pub(super) fn expire(&mut self, now: Instant, id: AllocationId) {
        let Some(allocation) = self.table.get(id) else { return };
        let relays = allocation.relays;
        if relays.iter().all(|relay| relay.expires <= now) {
            return self.end(id, AllocationEnd::Expired);
        }
        for relay in relays.iter().filter(|relay| relay.expires <= now) {
            self.end_family(id, relay.family());
        }
    }

    /// Gives up one family of an allocation that has another.
    pub(super) fn end_family(&mut self, id: AllocationId, family: AddressFamily) {
        let Some(relay) = self.table.give_up(id, family) else { return };
        self.out.socket(SocketRequest::Close(relay.socket));
        if let Some(allocation) = self.table.get_mut(id) {
            allocation.forget(family);
        }
        self.rearm(id);
    }

    pub(super) fn close_relays(&mut self, relays: Relays) {
        for relay in relays.iter() {
            self.out.socket(SocketRequest::Close(relay.socket));
        }
    }

    /// The connection of a client (TCP, TLS) is no more. Its allocation goes with it, for whoever connects from the
    /// same address and port next may be somebody else (RFC 8656 §5: the 5-tuple names it).
    pub(super) fn disconnect(&mut self, path: Path) {
        if let Some((id, end)) = self.peer_connections.find(&path) {
            return self.end_connection(id, Some(end));
        }
        self.connections.remove(&path);
        let Some(id) = self.table.find_client(&path) else { return };
        if let Some((_, allocation)) = self.open_allocation(&path) {
            return match allocation.next_client() {
                None => self.end(id, AllocationEnd::Disconnected),
                Some(next) if next == path => self.table.clear_next_client(id),
                Some(_) => self.arrive(id),
            };
        }
        self.timers.set(id, None);
        let Some(allocation) = self.table.remove(id) else { return };
        self.close_relays(allocation.relays);
        if let Some(token) = allocation.token {
            self.release(token);
        }
    }

    /// Holds an address back no longer.
    pub(super) fn release(&mut self, token: Token) {
        self.table.books.with(|ledger| ledger.reservations.release(token));
    }

    pub(super) fn has_allocation(&self, client: &Path) -> bool {
        self.table.find_client(client).is_some()
    }
}
