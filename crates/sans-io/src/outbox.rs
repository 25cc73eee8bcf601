//! What a machine has to say until it is polled.
use crate::{LookupRequest, Output, SocketRequest, Transmit};
use alloc::collections::VecDeque;
use core::fmt;

/// How many events of [`Outbox::advise`] may wait: they are advice, and cost a forger nothing.
const ADVICE_MAX: u32 = 32;

/// A queue of outputs, first in, first out, that keeps law 8 for every machine in the same way.
///
/// | what | its bound |
/// |---|---|
/// | messages | the limit given at construction; more are refused, and the machine counts them |
/// | [advice](Self::advise): events that anybody on the network can cause at will | 32 |
/// | other events, socket requests, lookups | the machine's own state: each tells of something that it holds or has just given up, so that between two drains there are no more of them than it says for each of its inputs |
///
/// An event or a request may not be refused, for then the application or the driver would believe
/// something that is not so. A message may: the network loses messages as well.
///
/// It has no memory on the heap until it is used, and gives it back with [`shrink`](Self::shrink).
///
/// ```
/// use bytes::Bytes;
/// use sans_io::{Outbox, OutboxFull, Output, Path, Transmit};
/// let path = Path::udp("192.0.2.1:9".parse()?, "192.0.2.2:9".parse()?);
/// let mut out = Outbox::new(1);
/// out.event("begun");
/// assert_eq!(out.transmit(Transmit::new(path, Bytes::from_static(b"one"))), Ok(()));
/// assert_eq!(out.transmit(Transmit::new(path, Bytes::from_static(b"two"))), Err(OutboxFull));
/// assert_eq!((out.len(), out.transmits(), out.events()), (2, 1, 1));
/// assert_eq!(out.pop(), Some(Output::Event("begun")));
/// # Ok::<(), core::net::AddrParseError>(())
/// ```
pub struct Outbox<E> {
    queue: VecDeque<Entry<E>>,
    transmits_max: u32,
    transmits: u32,
    events: u32,
    advice: u32,
}

struct Entry<E> {
    output: Output<E>,
    advice: bool,
}

/// As many wait as may.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub struct OutboxFull;

impl fmt::Display for OutboxFull {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str("too much waits to be sent")
    }
}

impl core::error::Error for OutboxFull {}

impl<E> Outbox<E> {
    /// An empty queue that up to `transmits_max` messages may wait in.
    pub const fn new(transmits_max: usize) -> Self {
        let transmits_max =
            if transmits_max > u32::MAX as usize { u32::MAX } else { transmits_max as u32 };
        Self { queue: VecDeque::new(), transmits_max, transmits: 0, events: 0, advice: 0 }
    }

    /// Whether another message may wait.
    pub const fn has_room(&self) -> bool {
        self.transmits < self.transmits_max
    }

    /// Queues a message, if there is room.
    #[inline]
    pub fn transmit(&mut self, transmit: Transmit) -> Result<(), OutboxFull> {
        if !self.has_room() {
            return Err(OutboxFull);
        }
        self.transmits += 1;
        self.put(Output::Transmit(transmit), false);
        Ok(())
    }

    /// Queues an event.
    #[inline]
    pub fn event(&mut self, event: E) {
        self.events = self.events.saturating_add(1);
        self.put(Output::Event(event), false);
    }

    /// Queues an event that somebody on the network caused and may cause again at once, as with an
    /// ICMP error, unless 32 of these wait already.
    pub fn advise(&mut self, event: E) -> Result<(), OutboxFull> {
        if self.advice >= ADVICE_MAX {
            return Err(OutboxFull);
        }
        self.advice += 1;
        self.events = self.events.saturating_add(1);
        self.put(Output::Event(event), true);
        Ok(())
    }

    /// Queues a request for a socket.
    pub fn socket(&mut self, request: SocketRequest) {
        self.put(Output::Socket(request), false);
    }

    /// Queues a question.
    pub fn lookup(&mut self, request: LookupRequest) {
        self.put(Output::Lookup(request), false);
    }

    /// Queues what a child said, with its event turned into the parent's. A deadline is not queued:
    /// it is computed when the parent is polled.
    #[inline]
    pub fn pass_on(&mut self, output: Output<E>) -> Result<(), OutboxFull> {
        match output {
            Output::Transmit(transmit) => return self.transmit(transmit),
            Output::Event(event) => self.event(event),
            Output::Socket(request) => self.socket(request),
            Output::Lookup(request) => self.lookup(request),
            Output::Timeout(_) => {}
        }
        Ok(())
    }

    #[inline]
    fn put(&mut self, output: Output<E>, advice: bool) {
        self.queue.push_back(Entry { output, advice });
    }

    /// The next thing to say.
    #[inline]
    pub fn pop(&mut self) -> Option<Output<E>> {
        let Entry { output, advice } = self.queue.pop_front()?;
        match output {
            Output::Transmit(_) => self.transmits -= 1,
            Output::Event(_) => self.events = self.events.saturating_sub(1),
            Output::Socket(_) | Output::Lookup(_) | Output::Timeout(_) => {}
        }
        self.advice -= u32::from(advice);
        Some(output)
    }

    /// Takes out the messages that `which` picks, in their order, for another way to go: a parent
    /// does so with what a child sends through a relay.
    pub fn divert(&mut self, which: impl Fn(&Transmit) -> bool, mut to: impl FnMut(Transmit)) {
        if self.transmits == 0 {
            return;
        }
        for _ in 0..self.queue.len() {
            let Some(entry) = self.queue.pop_front() else { return };
            match entry.output {
                Output::Transmit(transmit) if which(&transmit) => {
                    self.transmits -= 1;
                    to(transmit);
                }
                output => self.queue.push_back(Entry { output, advice: entry.advice }),
            }
        }
    }

    /// How many outputs of any kind wait.
    pub fn len(&self) -> usize {
        self.queue.len()
    }

    /// Whether none waits.
    pub fn is_empty(&self) -> bool {
        self.queue.is_empty()
    }

    /// How many messages wait.
    pub const fn transmits(&self) -> usize {
        self.transmits as usize
    }

    /// How many events wait, advice included.
    pub const fn events(&self) -> usize {
        self.events as usize
    }

    /// Gives the memory back if nothing waits, as a machine does that is to be quiet for a while.
    #[inline]
    pub fn shrink(&mut self) {
        if self.queue.is_empty() && self.queue.capacity() > 0 {
            self.queue = VecDeque::new();
        }
    }
}

impl<E: fmt::Debug> fmt::Debug for Outbox<E> {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.debug_list().entries(self.queue.iter().map(|entry| &entry.output)).finish()
    }
}
