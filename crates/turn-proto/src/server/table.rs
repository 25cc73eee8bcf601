//! The allocations of a server, found by 5-tuple, by relayed address and by socket (RFC 8656 §5,
//! §6).
use super::{
    allocation::Allocation,
    common::Books,
    mobility::{Mobility, Move},
    relays::Relay,
    tickets::TicketNumber,
};
use crate::seeded::{SeededMap, SeededState};
use alloc::{boxed::Box, collections::BTreeMap};
use core::{cell::Cell, net::SocketAddr};
use sans_io::{Instant, Path, Slab, SlabKey, SocketId, Transport};
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
    by_ticket: BTreeMap<TicketNumber, AllocationId>,
    /// What was found last: packets of one flow come in rows.
    last_client: Cell<Option<(Path, AllocationId)>>,
    last_bound: Cell<Option<(SocketAddr, AllocationId)>>,
    /// What counts them. Each counts from before [`insert`](Self::insert) to
    /// [`remove`](Self::remove), and has its addresses as long.
    pub books: Books,
}

#[derive(Debug)]
struct Entry {
    allocation: Box<Allocation>,
    account: SlabKey,
}

/// An allocation, and where it counts together with others.
pub(super) struct Sharing<'t> {
    pub(super) allocation: &'t mut Allocation,
    pub(super) account: SlabKey,
    pub(super) books: &'t mut Books,
}

impl Table {
    pub(super) fn new(hasher: SeededState, books: Books) -> Self {
        Self {
            all: Slab::new(),
            by_client: SeededMap::with_hasher(hasher),
            by_bound: SeededMap::with_hasher(hasher),
            by_socket: BTreeMap::new(),
            by_ticket: BTreeMap::new(),
            last_client: Cell::new(None),
            last_bound: Cell::new(None),
            books,
        }
    }

    /// How many there are.
    pub(super) fn len(&self) -> usize {
        self.all.len()
    }

    /// Chooses an address that no allocation has and that is not held back.
    pub(super) fn choose(
        &mut self,
        now: Instant,
        transport: Transport,
        choose: impl FnOnce(&dyn Fn(SocketAddr) -> bool) -> Option<SocketAddr>,
    ) -> Option<SocketAddr> {
        let Self { books, by_bound, .. } = self;
        let choose =
            |other: &dyn Fn(_) -> bool| choose(&|at| by_bound.contains_key(&at) || other(at));
        books.choose(now, transport, choose)
    }

    /// Takes in an allocation that was admitted as one of `account`, whose 5-tuple, bound addresses
    /// and sockets no other has.
    pub(super) fn insert(&mut self, allocation: Allocation, account: SlabKey) -> AllocationId {
        debug_assert!(self.find_client(&allocation.client).is_none());
        let (client, relays) = (allocation.client, allocation.relays);
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
        self.forget_last();
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
            self.books.give_up(allocation.transport, relay.bound);
        }
        self.books.leave(account);
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
        let allocation = self.get_mut(id)?;
        let transport = allocation.transport;
        let relay = allocation.relays.remove(family)?;
        self.forget_last();
        self.by_bound.remove(&relay.bound);
        self.by_socket.remove(&relay.socket);
        self.books.give_up(transport, relay.bound);
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
            self.forget_last();
            self.by_client.remove(&next);
        }
    }

    /// Takes the path that a client has moved to for its own. The one that it left.
    pub(super) fn arrive(&mut self, id: AllocationId) -> Option<Path> {
        let allocation = self.get_mut(id)?;
        let to = allocation.mobility.as_mut()?.next.take()?;
        let from = core::mem::replace(&mut allocation.client, to);
        self.forget_last();
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

    /// With what counts it together with others.
    pub(super) fn get_sharing(&mut self, id: AllocationId) -> Option<Sharing<'_>> {
        let Entry { allocation, account } = self.all.get_mut(id.0)?;
        Some(Sharing { allocation, account: *account, books: &mut self.books })
    }

    /// By the path between client and listener.
    pub(super) fn find_client(&self, client: &Path) -> Option<AllocationId> {
        if let Some((last, id)) = self.last_client.get()
            && last == *client
        {
            return Some(id);
        }
        let id = *self.by_client.get(client)?;
        self.last_client.set(Some((*client, id)));
        Some(id)
    }

    /// By the address that a relay socket of it is bound to.
    pub(super) fn find_bound(&self, bound: SocketAddr) -> Option<AllocationId> {
        if let Some((last, id)) = self.last_bound.get()
            && last == bound
        {
            return Some(id);
        }
        let id = *self.by_bound.get(&bound)?;
        self.last_bound.set(Some((bound, id)));
        Some(id)
    }

    /// What was found last may be no more.
    fn forget_last(&self) {
        self.last_client.set(None);
        self.last_bound.set(None);
    }

    /// Whether an allocation that relays this has the address, of this server or of another that it
    /// shares with.
    pub(super) fn is_bound(&self, transport: Transport, address: SocketAddr) -> bool {
        let own = self.by_bound.get(&address).and_then(|id| self.get(*id));
        own.map_or_else(
            || self.books.is_taken(transport, address),
            |allocation| allocation.transport == transport,
        )
    }

    /// By a relay socket of it.
    pub(super) fn find_socket(&self, socket: SocketId) -> Option<AllocationId> {
        self.by_socket.get(&socket).copied()
    }
}
