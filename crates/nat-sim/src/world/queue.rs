//! What is still to happen, in order of time, and of asking where times are equal.
use super::streams::Ends;
use crate::{HostId, IcmpFault, IpPacket, MachineId, World, tcp::News};
use sans_io::{Instant, LookupRequest};
use std::{collections::VecDeque, fmt};

/// Something that is to happen. It is moved about, so what is large and rare is in a box.
pub(super) enum Event {
    /// A packet comes out of a link at a node.
    Arrive { node: u32, interface: u8, packet: Box<IpPacket> },
    /// A packet comes to the queue before a node's downlink.
    Queue { node: u32, interface: u8, packet: Box<IpPacket> },
    /// A machine's deadline.
    Wake(MachineId),
    /// A lookup is answered.
    LookedUp(MachineId, Box<LookupRequest>),
    /// A connection's retransmission timer.
    StreamTimer(HostId, Box<Ends>),
    /// A machine learns of a connection.
    Stream(HostId, Box<(Ends, News)>),
    /// A NAT answers an unsolicited SYN, unless a connection has come of it (RFC 5382 §4.3).
    LateReject { node: u32, packet: Box<IpPacket>, fault: IcmpFault },
    /// The scenario acts.
    Call(Box<dyn FnOnce(&mut World)>),
    /// A packet that a host sends to itself.
    Loopback { host: HostId, packet: Box<IpPacket> },
}

const BITS: usize = u64::BITS as usize;

/// A radix heap: time never runs back, so an event lies in the bucket of the highest bit in which
/// its time differs from `last`, and moves to lower buckets as `last` gets closer. Events of one
/// time are always in the same bucket, in the order in which they were asked for.
pub(super) struct Queue {
    /// The time of the last event taken, in nanoseconds; none is asked for that is earlier.
    last: u64,
    /// What is due at that time.
    due: VecDeque<Event>,
    buckets: [Bucket; BITS],
    /// A bit for each bucket that is not empty.
    filled: u64,
}

struct Bucket {
    events: Vec<(u64, Event)>,
    /// The time of the earliest; the last there is when there is none.
    earliest: u64,
}

impl Default for Queue {
    fn default() -> Self {
        let buckets = core::array::from_fn(|_| Bucket { events: Vec::new(), earliest: u64::MAX });
        Self { last: 0, due: VecDeque::new(), buckets, filled: 0 }
    }
}

impl Queue {
    /// Asks for something to happen at `at`, or at the time of the last event taken if that is
    /// later.
    #[inline(always)]
    #[expect(clippy::inline_always, reason = "an event is better made where it will lie")]
    pub(super) fn push(&mut self, at: Instant, event: Event) {
        let at = at.as_nanos().max(self.last);
        if at == self.last {
            self.due.push_back(event);
        } else {
            self.put(at, event);
        }
    }

    #[inline(always)]
    #[expect(clippy::inline_always, reason = "as above")]
    fn put(&mut self, at: u64, event: Event) {
        let number = (at ^ self.last).ilog2() as usize;
        let bucket = &mut self.buckets[number];
        bucket.earliest = bucket.earliest.min(at);
        bucket.events.push((at, event));
        self.filled |= 1 << number;
    }

    /// The number of the bucket with the events that come next, when none is due at once.
    const fn next_bucket(&self) -> Option<usize> {
        if self.filled == 0 { None } else { Some(self.filled.trailing_zeros() as usize) }
    }

    pub(super) fn next_at(&self) -> Option<Instant> {
        if !self.due.is_empty() {
            return Some(Instant::from_nanos(self.last));
        }
        self.next_bucket().map(|number| Instant::from_nanos(self.buckets[number].earliest))
    }

    #[inline]
    pub(super) fn pop(&mut self) -> Option<(Instant, Event)> {
        let event = match self.due.pop_front() {
            Some(event) => event,
            None => self.advance()?,
        };
        Some((Instant::from_nanos(self.last), event))
    }

    /// Goes on to the time of the next event, and takes that.
    fn advance(&mut self) -> Option<Event> {
        let number = self.next_bucket()?;
        let Bucket { events, earliest } = &mut self.buckets[number];
        self.last = core::mem::replace(earliest, u64::MAX);
        self.filled &= !(1 << number);
        if events.len() == 1 {
            return events.pop().map(|(_, event)| event);
        }
        let mut events = core::mem::take(events);
        for (at, event) in events.drain(..) {
            if at == self.last {
                self.due.push_back(event);
            } else {
                self.put(at, event);
            }
        }
        // They went to lower buckets: this one is empty, and keeps its room.
        self.buckets[number].events = events;
        self.due.pop_front()
    }
}

impl fmt::Debug for Queue {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        let later: usize = self.buckets.iter().map(|bucket| bucket.events.len()).sum();
        f.debug_struct("Queue").field("waiting", &(self.due.len() + later)).finish_non_exhaustive()
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::Stream;
    use std::collections::BTreeSet;

    fn numbered(number: u32) -> Event {
        Event::Wake(MachineId { host: HostId(number), index: 0 })
    }

    fn number(event: &Event) -> u32 {
        let Event::Wake(MachineId { host: HostId(number), .. }) = event else { return u32::MAX };
        *number
    }

    /// Beside a set that is sorted by time and order of asking.
    #[test]
    fn events_come_in_order_of_time_and_of_asking() {
        for seed in 0..200 {
            let mut stream = Stream::new(seed, "queue", "test");
            let (mut queue, mut model) = (Queue::default(), BTreeSet::new());
            let (mut asked, mut now) = (0, 0);
            // Times that collide often, and others that hardly do.
            let spread = 1 << stream.between(1, 63);
            for _ in 0..2_000 {
                if stream.below(5) < 3 {
                    let at = now + stream.below(spread).min(u64::MAX - now);
                    queue.push(Instant::from_nanos(at), numbered(asked));
                    model.insert((at, asked));
                    asked += 1;
                }
                if stream.below(2) == 0 {
                    let expected = model.pop_first();
                    let next = queue.next_at().map(Instant::as_nanos);
                    assert_eq!(next, expected.map(|(at, _)| at), "seed {seed}");
                    let found = queue.pop().map(|(at, event)| (at.as_nanos(), number(&event)));
                    assert_eq!(found, expected, "seed {seed}");
                    now = found.map_or(now, |(at, _)| at);
                }
            }
            while let Some((at, event)) = queue.pop() {
                let found = (at.as_nanos(), number(&event));
                assert_eq!(Some(found), model.pop_first(), "seed {seed}");
            }
            assert!(model.is_empty() && queue.next_at().is_none());
        }
    }

    #[test]
    fn looking_at_the_next_time_does_not_go_there() {
        let mut queue = Queue::default();
        queue.push(Instant::from_nanos(900), numbered(1));
        assert_eq!(queue.next_at(), Some(Instant::from_nanos(900)));
        queue.push(Instant::from_nanos(500), numbered(2));
        let order: Vec<u32> =
            core::iter::from_fn(|| queue.pop()).map(|(_, e)| number(&e)).collect();
        assert_eq!(order, [2, 1]);
    }

    #[test]
    fn an_event_is_small() {
        assert!(size_of::<Event>() <= 24, "{} bytes", size_of::<Event>());
    }
}
