//! The machines that a composite machine owns.
use crate::{Input, Instant, Machine, Output, Slab, SlabKey, Timers, Verdict};
use alloc::collections::VecDeque;

/// Names a child among its siblings. That of a removed child finds nothing.
#[derive(Clone, Copy, Debug, PartialEq, Eq, PartialOrd, Ord, Hash)]
pub struct ChildId(SlabKey);

#[derive(Debug)]
struct Slot<M> {
    machine: M,
    ready: bool,
}

/// Children of one kind. Touching a child marks it ready, so none can be forgotten; a poll at rest
/// looks at none (law 11).
///
/// A parent reacts to its children inside the input that touched them: after every input and
/// command it calls [`poll`](Self::poll) until `None`, and passes on or acts on what came. It never
/// does so lazily in `poll_output`, where it does not know the time.
#[derive(Debug)]
pub struct Children<M> {
    slots: Slab<Slot<M>>,
    ready: VecDeque<ChildId>,
    timers: Timers<ChildId>,
}

impl<M> Default for Children<M> {
    fn default() -> Self {
        Self { slots: Slab::new(), ready: VecDeque::new(), timers: Timers::new() }
    }
}

impl<M: Machine> Children<M> {
    /// Takes in a child, ready to be polled.
    pub fn insert(&mut self, machine: M) -> ChildId {
        let id = ChildId(self.slots.insert(Slot { machine, ready: true }));
        self.ready.push_back(id);
        id
    }

    /// Gives up a child, with whatever it had still to say.
    pub fn remove(&mut self, id: ChildId) -> Option<M> {
        let slot = self.slots.remove(id.0)?;
        self.timers.set(id, None);
        if slot.ready {
            self.ready.retain(|ready| *ready != id);
        }
        Some(slot.machine)
    }

    /// Looks at a child.
    pub fn get(&self, id: ChildId) -> Option<&M> {
        Some(&self.slots.get(id.0)?.machine)
    }

    /// All children, in the order of their places.
    pub fn iter(&self) -> impl Iterator<Item = (ChildId, &M)> {
        self.slots.iter().map(|(key, slot)| (ChildId(key), &slot.machine))
    }

    /// Touches a child: runs `f` on it and marks it ready.
    pub fn with<R>(&mut self, id: ChildId, f: impl FnOnce(&mut M) -> R) -> Option<R> {
        let slot = self.slots.get_mut(id.0)?;
        let result = f(&mut slot.machine);
        if !slot.ready {
            slot.ready = true;
            self.ready.push_back(id);
        }
        Some(result)
    }

    /// Gives an input to one child.
    pub fn handle_input<'a>(&mut self, id: ChildId, now: Instant, input: Input<'a>) -> Verdict<'a> {
        self.with(id, |machine| machine.handle_input(now, input)).unwrap_or(Verdict::Unclaimed)
    }

    /// Wakes the children whose deadlines have passed.
    pub fn handle_timeout(&mut self, now: Instant) {
        while let Some((_, id)) = self.timers.pop_due(now) {
            self.with(id, |machine| machine.handle_timeout(now));
        }
    }

    /// The next thing that a touched child has to say. `None`: all are at rest, and
    /// [`next`](Self::next) holds their earliest deadline.
    pub fn poll(&mut self) -> Option<(ChildId, Output<M::Event>)> {
        while let Some(&id) = self.ready.front() {
            if let Some(slot) = self.slots.get_mut(id.0) {
                match slot.machine.poll_output() {
                    Output::Timeout(at) => {
                        self.timers.set(id, at);
                        slot.ready = false;
                    }
                    output => return Some((id, output)),
                }
            }
            self.ready.pop_front();
        }
        None
    }

    /// The earliest deadline of all children, as of the last [`poll`](Self::poll).
    pub const fn next(&self) -> Option<Instant> {
        self.timers.next()
    }

    /// How many children there are.
    pub const fn len(&self) -> usize {
        self.slots.len()
    }

    /// Whether there are none.
    pub const fn is_empty(&self) -> bool {
        self.len() == 0
    }
}
