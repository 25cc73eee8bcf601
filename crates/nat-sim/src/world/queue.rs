//! What is still to happen, in order of time, and of asking where times are equal.
use super::streams::Ends;
use crate::{HostId, IcmpFault, IpPacket, MachineId, World, tcp::News};
use sans_io::{Instant, LookupRequest};
use std::{cmp::Ordering, collections::BinaryHeap, fmt};

/// Something that is to happen.
pub(super) enum Event {
    /// A packet comes out of a link at a node.
    Arrive { node: u32, interface: u8, packet: Box<IpPacket> },
    /// A packet comes to the queue before a node's downlink.
    Queue { node: u32, interface: u8, packet: Box<IpPacket> },
    /// A machine's deadline.
    Wake(MachineId),
    /// A lookup is answered.
    LookedUp(MachineId, LookupRequest),
    /// A connection's retransmission timer.
    StreamTimer(HostId, Ends),
    /// A machine learns of a connection.
    Stream(HostId, Ends, News),
    /// A machine goes on reading a connection.
    Pump(HostId, Ends),
    /// A NAT answers an unsolicited SYN, unless a connection has come of it (RFC 5382 §4.3).
    LateReject { node: u32, packet: Box<IpPacket>, fault: IcmpFault },
    /// The scenario acts.
    Call(Box<dyn FnOnce(&mut World)>),
    /// A packet that a host sends to itself.
    Loopback { host: HostId, packet: Box<IpPacket> },
}

/// The heap holds small keys; the events lie still in slots that are used again.
#[derive(Default)]
pub(super) struct Queue {
    heap: BinaryHeap<Due>,
    slots: Vec<Option<Event>>,
    free: Vec<u32>,
    count: u64,
}

/// When, and in which slot. The earliest is the greatest, as the heap wants it.
#[derive(Clone, Copy)]
struct Due {
    /// Nanoseconds, and the count of those that were asked for before: one number to compare.
    key: u128,
    slot: u32,
}

impl Due {
    const fn at(self) -> Instant {
        Instant::from_nanos((self.key >> 64) as u64)
    }
}

impl PartialEq for Due {
    fn eq(&self, other: &Self) -> bool {
        self.key == other.key
    }
}

impl Eq for Due {}

impl PartialOrd for Due {
    fn partial_cmp(&self, other: &Self) -> Option<Ordering> {
        Some(self.cmp(other))
    }
}

impl Ord for Due {
    fn cmp(&self, other: &Self) -> Ordering {
        other.key.cmp(&self.key)
    }
}

impl Queue {
    pub(super) fn push(&mut self, at: Instant, event: Event) {
        let slot = if let Some(slot) = self.free.pop() {
            self.slots[slot as usize] = Some(event);
            slot
        } else {
            self.slots.push(Some(event));
            (self.slots.len() - 1) as u32
        };
        let key = u128::from(at.as_nanos()) << 64 | u128::from(self.count);
        self.heap.push(Due { key, slot });
        self.count += 1;
    }

    pub(super) fn next_at(&self) -> Option<Instant> {
        self.heap.peek().map(|due| due.at())
    }

    pub(super) fn pop(&mut self) -> Option<(Instant, Event)> {
        let due = self.heap.pop()?;
        self.free.push(due.slot);
        Some((due.at(), self.slots[due.slot as usize].take()?))
    }
}

impl fmt::Debug for Queue {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.debug_struct("Queue").field("waiting", &self.heap.len()).finish_non_exhaustive()
    }
}
