//! The allocations of a server, found by 5-tuple, by relayed address and by socket (RFC 8656 §5,
//! §6).
use super::{
    accounts::Accounts,
    allocation::Allocation,
    bandwidth::Bandwidth,
    mobility::{Mobility, Move},
    relays::Relay,
    tickets::TicketNumber,
};
use crate::seeded::{SeededMap, SeededState};
use alloc::{boxed::Box, collections::BTreeMap};
use core::net::SocketAddr;
use sans_io::{Instant, Path, Slab, SlabKey, SocketId};
use stun_proto::attribute::AddressFamily;

/// Names an allocation.
#[derive(Clone, Copy, Debug, PartialEq, Eq, PartialOrd, Ord, Hash)]
pub(super) struct AllocationId(SlabKey);

/// All allocations. Each is in all the indexes from [`insert`](Self::insert) to
/// [`remove`](Self::remove), so none can be left over in one.
#[derive(Debug)]
pub(super) struct Table {
    all: Slab<Entry>,
    by_client: SeededMap<Path, AllocationId>,
    by_bound: SeededMap<SocketAddr, AllocationId>,
    by_socket: BTreeMap<SocketId, AllocationId>,
    accounts: Accounts,
    by_ticket: BTreeMap<TicketNumber, AllocationId>,
}

#[derive(Debug)]
struct Entry {
    allocation: Box<Allocation>,
    account: SlabKey,
}

/// An allocation, and what its user has relayed by all of them.
pub(super) struct Sharing<'t> {
    pub(super) allocation: &'t mut Allocation,
    pub(super) of_account: &'t mut Bandwidth,
}

impl Table {
    pub(super) fn new(hasher: SeededState) -> Self {
        Self {
            all: Slab::new(),
            by_client: SeededMap::with_hasher(hasher),
            by_bound: SeededMap::with_hasher(hasher),
            by_socket: BTreeMap::new(),
            accounts: Accounts::default(),
            by_ticket: BTreeMap::new(),
        }
    }

    /// How many there are.
    pub(super) fn len(&self) -> usize {
        self.all.len()
    }

    /// How many count for this account.
    pub(super) fn count_of(&self, account: &str) -> usize {
        self.accounts.count_of(account)
    }

    /// Takes in an allocation whose 5-tuple, bound addresses and sockets no other has.
    pub(super) fn insert(&mut self, now: Instant, allocation: Allocation) -> AllocationId {
        debug_assert!(self.find_client(&allocation.client).is_none());
        let (client, relays) = (allocation.client, allocation.relays);
        let account = self.accounts.enter(now, &allocation.account);
        let entry = Entry { allocation: Box::new(allocation), account };
        let id = AllocationId(self.all.insert(entry));
        self.by_client.insert(client, id);
        if let Some(mobility) = &self.get(id).and_then(|allocation| allocation.mobility.as_ref()) {
            let ticket = mobility.ticket;
            self.by_ticket.insert(ticket, id);
        }
        for relay in relays.iter() {
            debug_assert!(self.find_bound(relay.bound).is_none());
            self.by_bound.insert(relay.bound, id);
            self.by_socket.insert(relay.socket, id);
        }
        id
    }

    /// Gives up an allocation.
    pub(super) fn remove(&mut self, id: AllocationId) -> Option<Box<Allocation>> {
        let Entry { allocation, account } = self.all.remove(id.0)?;
        self.by_client.remove(&allocation.client);
        if let Some(Mobility { ticket, last, next }) = allocation.mobility.as_deref() {
            self.by_ticket.remove(ticket);
            if let Some(last) = last {
                self.by_ticket.remove(&last.ticket);
            }
            if let Some(next) = next {
                self.by_client.remove(next);
            }
        }
        for relay in allocation.relays.iter() {
            self.by_bound.remove(&relay.bound);
            self.by_socket.remove(&relay.socket);
        }
        self.accounts.leave(account);
        Some(allocation)
    }

    /// Has another relayed address, which no other allocation has, in the place of that of its
    /// family.
    pub(super) fn rebind(&mut self, id: AllocationId, relay: Relay) {
        let _ = self.give_up(id, relay.family());
        let Some(entry) = self.all.get_mut(id.0) else { return };
        entry.allocation.relays.insert(relay);
        self.by_bound.insert(relay.bound, id);
        self.by_socket.insert(relay.socket, id);
    }

    /// Takes the relayed address of a family away.
    pub(super) fn give_up(&mut self, id: AllocationId, family: AddressFamily) -> Option<Relay> {
        let relay = self.all.get_mut(id.0)?.allocation.relays.remove(family)?;
        self.by_bound.remove(&relay.bound);
        self.by_socket.remove(&relay.socket);
        Some(relay)
    }

    /// Gives another ticket to an allocation that has one. The one it had is kept in mind as that of
    /// its last move.
    pub(super) fn renew_ticket(&mut self, id: AllocationId, ticket: TicketNumber, last: Move) {
        let allocation = self.get_mut(id);
        let mobility = allocation.and_then(|allocation| allocation.mobility.as_mut());
        let Some(mobility) = mobility else { return };
        mobility.ticket = ticket;
        if let Some(old) = mobility.last.replace(last) {
            self.by_ticket.remove(&old.ticket);
        }
        self.by_ticket.insert(ticket, id);
    }

    /// Has an allocation found by a path that no other has besides its own.
    pub(super) fn set_next_client(&mut self, id: AllocationId, path: Path) {
        self.clear_next_client(id);
        let allocation = self.get_mut(id);
        let mobility = allocation.and_then(|allocation| allocation.mobility.as_mut());
        let Some(mobility) = mobility else { return };
        mobility.next = Some(path);
        self.by_client.insert(path, id);
    }

    /// The client has not moved after all.
    pub(super) fn clear_next_client(&mut self, id: AllocationId) {
        let allocation = self.get_mut(id);
        let mobility = allocation.and_then(|allocation| allocation.mobility.as_mut());
        if let Some(next) = mobility.and_then(|mobility| mobility.next.take()) {
            self.by_client.remove(&next);
        }
    }

    /// Takes the path that a client has moved to for its own. The one that it left.
    pub(super) fn arrive(&mut self, id: AllocationId) -> Option<Path> {
        let allocation = self.get_mut(id)?;
        let to = allocation.mobility.as_mut()?.next.take()?;
        let from = core::mem::replace(&mut allocation.client, to);
        self.by_client.remove(&from);
        Some(from)
    }

    /// By a ticket of it, its last one or the one before.
    pub(super) fn find_ticket(&self, ticket: TicketNumber) -> Option<AllocationId> {
        self.by_ticket.get(&ticket).copied()
    }

    pub(super) fn get(&self, id: AllocationId) -> Option<&Allocation> {
        self.all.get(id.0).map(|entry| &*entry.allocation)
    }

    pub(super) fn get_mut(&mut self, id: AllocationId) -> Option<&mut Allocation> {
        self.all.get_mut(id.0).map(|entry| &mut *entry.allocation)
    }

    /// With what its user shares among all of them.
    pub(super) fn get_sharing(&mut self, id: AllocationId) -> Option<Sharing<'_>> {
        let Entry { allocation, account } = self.all.get_mut(id.0)?;
        let of_account = self.accounts.bandwidth(*account)?;
        Some(Sharing { allocation, of_account })
    }

    /// By the path between client and listener.
    pub(super) fn find_client(&self, client: &Path) -> Option<AllocationId> {
        self.by_client.get(client).copied()
    }

    /// By the address that a relay socket of it is bound to.
    pub(super) fn find_bound(&self, bound: SocketAddr) -> Option<AllocationId> {
        self.by_bound.get(&bound).copied()
    }

    /// By a relay socket of it.
    pub(super) fn find_socket(&self, socket: SocketId) -> Option<AllocationId> {
        self.by_socket.get(&socket).copied()
    }
}
