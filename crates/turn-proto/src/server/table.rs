//! The allocations of a server, found by 5-tuple, by relayed address and by socket (RFC 8656 §5,
//! §6).
use super::allocation::Allocation;
use crate::seeded::{SeededMap, SeededState};
use alloc::{boxed::Box, collections::BTreeMap, sync::Arc};
use core::net::SocketAddr;
use sans_io::{Path, Slab, SlabKey, SocketId};

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
    by_account: BTreeMap<Arc<str>, usize>,
}

impl Table {
    pub(super) fn new(hasher: SeededState) -> Self {
        Self {
            all: Slab::new(),
            by_client: SeededMap::with_hasher(hasher),
            by_bound: SeededMap::with_hasher(hasher),
            by_socket: BTreeMap::new(),
            by_account: BTreeMap::new(),
        }
    }

    /// How many there are.
    pub(super) fn len(&self) -> usize {
        self.all.len()
    }

    /// How many count for this account.
    pub(super) fn count_of(&self, account: &str) -> usize {
        self.by_account.get(account).copied().unwrap_or(0)
    }

    /// Takes in an allocation whose 5-tuple, bound address and socket no other has.
    pub(super) fn insert(&mut self, allocation: Allocation) -> AllocationId {
        debug_assert!(self.find_client(&allocation.client).is_none());
        debug_assert!(self.find_bound(allocation.bound).is_none());
        let (client, bound, socket) = (allocation.client, allocation.bound, allocation.socket);
        *self.by_account.entry(Arc::clone(&allocation.account)).or_default() += 1;
        let id = AllocationId(self.all.insert(Box::new(allocation)));
        self.by_client.insert(client, id);
        self.by_bound.insert(bound, id);
        self.by_socket.insert(socket, id);
        id
    }

    /// Gives up an allocation.
    pub(super) fn remove(&mut self, id: AllocationId) -> Option<Box<Allocation>> {
        let allocation = self.all.remove(id.0)?;
        self.by_client.remove(&allocation.client);
        self.by_bound.remove(&allocation.bound);
        self.by_socket.remove(&allocation.socket);
        if let Some(count) = self.by_account.get_mut(&allocation.account) {
            *count -= 1;
            if *count == 0 {
                self.by_account.remove(&allocation.account);
            }
        }
        Some(allocation)
    }

    /// Moves an allocation to another socket and bound address, which no other has.
    pub(super) fn rebind(&mut self, id: AllocationId, socket: SocketId, bound: SocketAddr) {
        let Some(allocation) = self.all.get_mut(id.0) else { return };
        self.by_bound.remove(&allocation.bound);
        self.by_socket.remove(&allocation.socket);
        allocation.socket = socket;
        allocation.bound = bound;
        self.by_bound.insert(bound, id);
        self.by_socket.insert(socket, id);
    }

    pub(super) fn get(&self, id: AllocationId) -> Option<&Allocation> {
        self.all.get(id.0).map(|allocation| &**allocation)
    }

    pub(super) fn get_mut(&mut self, id: AllocationId) -> Option<&mut Allocation> {
        self.all.get_mut(id.0).map(|allocation| &mut **allocation)
    }

    /// By the path between client and listener.
    pub(super) fn find_client(&self, client: &Path) -> Option<AllocationId> {
        self.by_client.get(client).copied()
    }

    /// By the address that its relay socket is bound to.
    pub(super) fn find_bound(&self, bound: SocketAddr) -> Option<AllocationId> {
        self.by_bound.get(&bound).copied()
    }

    /// By its relay socket.
    pub(super) fn find_socket(&self, socket: SocketId) -> Option<AllocationId> {
        self.by_socket.get(&socket).copied()
    }
}
