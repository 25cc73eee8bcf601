//! The allocations of a server, found by 5-tuple, by relayed address and by socket (RFC 8656 §5,
//! §6).
use super::allocation::Allocation;
use crate::seeded::{SeededMap, SeededState};
use alloc::{boxed::Box, collections::BTreeMap, sync::Arc, vec::Vec};
use core::net::SocketAddr;
use sans_io::{Path, SocketId};

/// Names an allocation. Used again after its end.
#[derive(Clone, Copy, Debug, PartialEq, Eq, PartialOrd, Ord, Hash)]
pub(super) struct AllocationId(u32);

/// All allocations. Each is in all the indexes from [`insert`](Self::insert) to
/// [`remove`](Self::remove), so none can be left over in one.
#[derive(Debug)]
pub(super) struct Table {
    slots: Vec<Option<Box<Allocation>>>,
    free: Vec<u32>,
    by_client: SeededMap<Path, AllocationId>,
    by_bound: SeededMap<SocketAddr, AllocationId>,
    by_socket: BTreeMap<SocketId, AllocationId>,
    by_user: BTreeMap<Arc<str>, usize>,
}

impl Table {
    pub(super) fn new(hasher: SeededState) -> Self {
        Self {
            slots: Vec::new(),
            free: Vec::new(),
            by_client: SeededMap::with_hasher(hasher),
            by_bound: SeededMap::with_hasher(hasher),
            by_socket: BTreeMap::new(),
            by_user: BTreeMap::new(),
        }
    }

    /// How many there are.
    pub(super) fn len(&self) -> usize {
        self.slots.len() - self.free.len()
    }

    /// How many this user has.
    pub(super) fn count_of(&self, user: &str) -> usize {
        self.by_user.get(user).copied().unwrap_or(0)
    }

    /// Takes in an allocation whose 5-tuple, bound address and socket no other has.
    pub(super) fn insert(&mut self, allocation: Allocation) -> AllocationId {
        debug_assert!(self.find_client(&allocation.client).is_none());
        debug_assert!(self.find_bound(allocation.bound).is_none());
        let slot = self.free.pop().unwrap_or_else(|| {
            self.slots.push(None);
            (self.slots.len() - 1) as u32
        });
        let id = AllocationId(slot);
        self.by_client.insert(allocation.client, id);
        self.by_bound.insert(allocation.bound, id);
        self.by_socket.insert(allocation.socket, id);
        *self.by_user.entry(Arc::clone(&allocation.user)).or_default() += 1;
        self.slots[slot as usize] = Some(Box::new(allocation));
        id
    }

    /// Gives up an allocation.
    pub(super) fn remove(&mut self, id: AllocationId) -> Option<Box<Allocation>> {
        let allocation = self.slots.get_mut(id.0 as usize)?.take()?;
        self.free.push(id.0);
        self.by_client.remove(&allocation.client);
        self.by_bound.remove(&allocation.bound);
        self.by_socket.remove(&allocation.socket);
        if let Some(count) = self.by_user.get_mut(&allocation.user) {
            *count -= 1;
            if *count == 0 {
                self.by_user.remove(&allocation.user);
            }
        }
        Some(allocation)
    }

    /// Moves an allocation to another socket and bound address, which no other has.
    pub(super) fn rebind(&mut self, id: AllocationId, socket: SocketId, bound: SocketAddr) {
        let Some(allocation) = self.slots.get_mut(id.0 as usize).and_then(Option::as_mut) else {
            return;
        };
        self.by_bound.remove(&allocation.bound);
        self.by_socket.remove(&allocation.socket);
        allocation.socket = socket;
        allocation.bound = bound;
        self.by_bound.insert(bound, id);
        self.by_socket.insert(socket, id);
    }

    pub(super) fn get(&self, id: AllocationId) -> Option<&Allocation> {
        self.slots.get(id.0 as usize)?.as_deref()
    }

    pub(super) fn get_mut(&mut self, id: AllocationId) -> Option<&mut Allocation> {
        self.slots.get_mut(id.0 as usize)?.as_deref_mut()
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
