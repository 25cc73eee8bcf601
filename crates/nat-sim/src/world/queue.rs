//! What is still to happen, in order of time, and of asking where times are equal.
use super::streams::Ends;
use crate::{HostId, IcmpFault, IpPacket, MachineId, World, tcp::News};
use sans_io::{Instant, LookupRequest};
use std::{cmp::Reverse, collections::BinaryHeap, fmt};

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
    heap: BinaryHeap<Reverse<(Instant, u64, u32)>>,
    slots: Vec<Option<Event>>,
    free: Vec<u32>,
    count: u64,
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
        self.heap.push(Reverse((at, self.count, slot)));
        self.count += 1;
    }

    pub(super) fn next_at(&self) -> Option<Instant> {
        self.heap.peek().map(|Reverse((at, ..))| *at)
    }

    pub(super) fn pop(&mut self) -> Option<(Instant, Event)> {
        let Reverse((at, _, slot)) = self.heap.pop()?;
        self.free.push(slot);
        Some((at, self.slots[slot as usize].take()?))
    }
}

impl fmt::Debug for Queue {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.debug_struct("Queue").field("waiting", &self.heap.len()).finish_non_exhaustive()
    }
}
