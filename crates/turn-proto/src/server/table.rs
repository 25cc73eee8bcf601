//! The allocations of a server, found by 5-tuple, by relayed address and by socket (RFC 8656 §5,
//! §6).
use super::{allocation::Allocation, common::Books, relays::Relay};
use crate::seeded::{SeededMap, SeededState};
use alloc::{boxed::Box, collections::BTreeMap};
use core::{cell::Cell, net::SocketAddr};
use sans_io::{Instant, Path, Slab, SlabKey, SocketId};
use stun_proto::attribute::AddressFamily;

/// Names an allocation.
#[derive(Clone, Copy, Debug, PartialEq, Eq, PartialOrd, Ord, Hash)]
pub(super) struct AllocationId(SlabKey);

/// All allocations. Each is in all the indexes from [`insert`](Self::insert) to
/// [`remove`](Self::remove), so none can be left over in one.
#[derive(Debug)]
pub(super) struct Table {
    all: Slab<Box<Allocation>>,
    by_client: SeededMap<Path, AllocationId>,
    by_bound: SeededMap<SocketAddr, AllocationId>,
    by_socket: BTreeMap<SocketId, AllocationId>,
    /// What was found last: packets of one flow come in rows.
    last_client: Cell<Option<(Path, AllocationId)>>,
    last_bound: Cell<Option<(SocketAddr, AllocationId)>>,
    /// What counts them. Each counts from before [`insert`](Self::insert) to
    /// [`remove`](Self::remove), and has its addresses as long.
    pub books: Books,
}

impl Table {
    pub(super) fn new(hasher: SeededState, books: Books) -> Self {
        Self {
            all: Slab::new(),
            by_client: SeededMap::with_hasher(hasher),
            by_bound: SeededMap::with_hasher(hasher),
            by_socket: BTreeMap::new(),
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
        choose: impl FnOnce(&dyn Fn(SocketAddr) -> bool) -> Option<SocketAddr>,
    ) -> Option<SocketAddr> {
        let Self { books, by_bound, .. } = self;
        books.choose(now, |other| choose(&|at| by_bound.contains_key(&at) || other(at)))
    }

    /// Takes in an allocation that was admitted, whose 5-tuple, bound addresses and sockets no other
    /// has.
    pub(super) fn insert(&mut self, allocation: Allocation) -> AllocationId {
        debug_assert!(self.find_client(&allocation.client).is_none());
        let (client, relays) = (allocation.client, allocation.relays);
        let id = AllocationId(self.all.insert(Box::new(allocation)));
        self.by_client.insert(client, id);
        for relay in relays.iter() {
            debug_assert!(self.find_bound(relay.bound).is_none());
            self.by_bound.insert(relay.bound, id);
            self.by_socket.insert(relay.socket, id);
        }
        id
    }

    /// Gives up an allocation.
    pub(super) fn remove(&mut self, id: AllocationId) -> Option<Box<Allocation>> {
        let allocation = self.all.remove(id.0)?;
        self.forget_last();
        self.by_client.remove(&allocation.client);
        for relay in allocation.relays.iter() {
            self.by_bound.remove(&relay.bound);
            self.by_socket.remove(&relay.socket);
            self.books.give_up(relay.bound);
        }
        self.books.leave(&allocation.account);
        Some(allocation)
    }

    /// Has another relayed address, which no other allocation has, in the place of that of its
    /// family.
    pub(super) fn rebind(&mut self, id: AllocationId, relay: Relay) {
        let _ = self.give_up(id, relay.family());
        let Some(allocation) = self.all.get_mut(id.0) else { return };
        allocation.relays.insert(relay);
        self.by_bound.insert(relay.bound, id);
        self.by_socket.insert(relay.socket, id);
    }

    /// Takes the relayed address of a family away.
    pub(super) fn give_up(&mut self, id: AllocationId, family: AddressFamily) -> Option<Relay> {
        let relay = self.all.get_mut(id.0)?.relays.remove(family)?;
        self.forget_last();
        self.by_bound.remove(&relay.bound);
        self.by_socket.remove(&relay.socket);
        self.books.give_up(relay.bound);
        Some(relay)
    }

    pub(super) fn get(&self, id: AllocationId) -> Option<&Allocation> {
        self.all.get(id.0).map(|allocation| &**allocation)
    }

    pub(super) fn get_mut(&mut self, id: AllocationId) -> Option<&mut Allocation> {
        self.all.get_mut(id.0).map(|allocation| &mut **allocation)
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

    /// Whether an allocation has this address, of this server or of another that it shares with.
    pub(super) fn is_bound(&self, address: SocketAddr) -> bool {
        self.by_bound.contains_key(&address) || self.books.is_taken(address)
    }

    /// By a relay socket of it.
    pub(super) fn find_socket(&self, socket: SocketId) -> Option<AllocationId> {
        self.by_socket.get(&socket).copied()
    }
}
