//! The server: who is connected, which mailboxes there are, and when they end.
use crate::{
    mailbox::{Label, Mailbox, Place, Put},
    wire::{Closing, MailboxName, RefusedClaim, ToClient, ToServer, stream_frame},
};
use alloc::collections::BTreeMap;
use core::time::Duration;
use sans_io::{
    Clock, DropCounters, DropReason, Frame, Input, Instant, Machine, Outbox, Output, Path,
    SocketRequest, Timers, Transmit, Verdict,
};
use stun_proto::{Entropy, LimiterConfig, SourceLimiter};

/// How often a number is drawn that is free.
const DRAWS: u32 = 32;

/// The fewest numbers that are drawn from, so that codes stay short and are not used again soon.
const NUMBERS_MIN: u32 = 999;

/// What may wait to be sent: what a mailbox holds, for several claims between two drains.
const TRANSMITS_MAX: usize = 512;

/// The bounds of a server.
#[derive(Clone, Debug)]
#[non_exhaustive]
pub struct Config {
    /// Mailboxes at once. Each costs some hundred bytes and what waits in it.
    pub mailboxes_max: usize,
    /// Connections at once. Two for each mailbox, and some that have not said what they want.
    pub connections_max: usize,
    /// Messages that a mailbox takes, of both ends together.
    pub messages_max: usize,
    /// Bytes that may wait in all mailboxes: what an attacker can make the server keep.
    pub held_max: usize,
    /// How long a mailbox lives: until somebody has read a code over the phone and somebody else
    /// has typed it.
    pub lifetime: Duration,
    /// How long a connection may be there without a mailbox.
    pub patience: Duration,
    /// How often one source may open or claim, in attempts. A guesser has so many, and who mistypes
    /// needs few.
    pub attempts: LimiterConfig,
}

impl Default for Config {
    fn default() -> Self {
        Self {
            mailboxes_max: 10_000,
            connections_max: 20_000,
            messages_max: 32,
            held_max: 64 << 20,
            lifetime: Duration::from_secs(600),
            patience: Duration::from_secs(30),
            attempts: LimiterConfig {
                buckets: 4096,
                burst: 30,
                per_second: 1,
                prefix_v4: 32,
                prefix_v6: 56,
            },
        }
    }
}

/// What an operator may want to count. Nothing in it says who or what.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
#[non_exhaustive]
pub enum RendezvousEvent {
    /// A mailbox was opened.
    Opened,
    /// The second end has come.
    Joined,
    /// A mailbox is gone.
    Closed(Closing),
}

/// What is waited for.
#[derive(Clone, Copy, Debug, PartialEq, Eq, PartialOrd, Ord)]
enum Due {
    Connection(Path),
    Mailbox(u64),
}

/// A connection, and the mailbox that it is at.
#[derive(Clone, Copy, Debug)]
struct End {
    at: Option<(u64, Place)>,
}

/// Mailboxes for whoever comes over a stream. See the [crate](crate).
///
/// A drain gives at most 40 outputs for each input before it; up to eight inputs may come between two
/// drains.
#[derive(Debug)]
pub struct Rendezvous {
    config: Config,
    clock: Clock,
    entropy: Entropy,
    limiter: SourceLimiter,
    connections: BTreeMap<Path, End>,
    /// By a number that counts up; the first to be opened is the first to end.
    mailboxes: BTreeMap<u64, Mailbox>,
    labels: BTreeMap<Label, u64>,
    opened: u64,
    held: usize,
    timers: Timers<Due>,
    outbox: Outbox<RendezvousEvent>,
    drops: DropCounters,
}

impl Rendezvous {
    /// A server; the seed makes its numbers and is a secret.
    pub fn new(config: Config, seed: [u8; 32]) -> Self {
        let mut entropy = Entropy::new(seed);
        let limiter = SourceLimiter::new(config.attempts, entropy.secret());
        Self {
            config,
            clock: Clock::default(),
            entropy,
            limiter,
            connections: BTreeMap::new(),
            mailboxes: BTreeMap::new(),
            labels: BTreeMap::new(),
            opened: 0,
            held: 0,
            timers: Timers::new(),
            outbox: Outbox::new(TRANSMITS_MAX),
            drops: DropCounters::default(),
        }
    }

    /// Mailboxes there are.
    pub fn mailboxes(&self) -> usize {
        self.labels.len()
    }

    /// Connections there are.
    pub fn connections(&self) -> usize {
        self.connections.len()
    }

    /// How often bytes were refused, and why.
    pub fn drops(&self) -> &DropCounters {
        &self.drops
    }

    fn accepted(&mut self, now: Instant, path: Path) -> Verdict<'static> {
        let is_new = path.transport().is_stream() && !self.connections.contains_key(&path);
        if !is_new || self.connections.len() >= self.config.connections_max {
            return self.drops.refuse(DropReason::Exhausted);
        }
        self.connections.insert(path, End { at: None });
        self.timers.set(Due::Connection(path), Some(now.saturating_add(self.config.patience)));
        Verdict::Consumed
    }

    fn received(&mut self, now: Instant, path: Path, bytes: &[u8]) -> Verdict<'static> {
        let Some(end) = self.connections.get(&path).copied() else {
            return Verdict::Unclaimed;
        };
        let Ok(message) = ToServer::decode(bytes) else {
            self.hang_up(path);
            return self.drops.refuse(DropReason::Malformed);
        };
        match (message, end.at) {
            (ToServer::Open, None) => self.open(now, path, None),
            (ToServer::Claim(number), None) => self.claim(now, path, Label::Number(number)),
            (ToServer::Meet(name), None) => self.meet(now, path, name),
            (ToServer::Put(message), Some((key, place))) => self.put(now, key, place, message),
            (ToServer::Close(closing), Some((key, _))) => {
                // what the server alone can know is not for a client to say
                let closing = match closing {
                    Closing::WrongSecret => Closing::WrongSecret,
                    Closing::Left | Closing::Expired | Closing::Full => Closing::Left,
                };
                self.close(now, key, closing, Some(path));
            }
            (ToServer::Close(_), None) => self.hang_up(path),
            (ToServer::Open | ToServer::Claim(_) | ToServer::Meet(_), Some(_))
            | (ToServer::Put(_), None) => {
                self.hang_up(path);
                return self.drops.refuse(DropReason::Unexpected);
            }
        }
        Verdict::Consumed
    }

    /// Whether this source may try once more.
    fn may_try(&mut self, now: Instant, path: Path) -> bool {
        let may = self.limiter.take(now, path.remote().ip(), 1);
        if !may {
            self.refuse(path, RefusedClaim::TooOften);
        }
        may
    }

    fn open(&mut self, now: Instant, path: Path, name: Option<MailboxName>) {
        if !self.may_try(now, path) {
            return;
        }
        let label = match name {
            Some(name) => Some(Label::Name(name)),
            None => self.free_number().map(Label::Number),
        };
        let room = self.labels.len() < self.config.mailboxes_max;
        let Some(label) = label.filter(|_| room) else {
            return self.refuse(path, RefusedClaim::Full);
        };
        self.opened += 1;
        let key = self.opened;
        self.mailboxes.insert(key, Mailbox::new(label, path));
        self.labels.insert(label, key);
        let until = now.saturating_add(self.config.lifetime);
        self.timers.set(Due::Mailbox(key), Some(until));
        self.place(path, key, Place::First);
        let number = match label {
            Label::Number(number) => number,
            Label::Name(_) => 0,
        };
        self.send(path, ToClient::Opened(number));
        self.outbox.event(RendezvousEvent::Opened);
    }

    /// A number that nobody has. Drawn, so that numbers say nothing of how many there are, and from so
    /// many that one that is gone does not come back soon.
    fn free_number(&mut self) -> Option<u32> {
        let count = u32::try_from(self.labels.len()).unwrap_or(u32::MAX);
        let most = count.saturating_mul(4).max(NUMBERS_MIN);
        for _ in 0..DRAWS {
            let number = 1 + self.entropy.public_below(most.into()) as u32;
            if !self.labels.contains_key(&Label::Number(number)) {
                return Some(number);
            }
        }
        None
    }

    fn claim(&mut self, now: Instant, path: Path, label: Label) {
        if !self.may_try(now, path) {
            return;
        }
        let Some(key) = self.labels.get(&label).copied() else {
            return self.refuse(path, RefusedClaim::Unknown);
        };
        let Some(mailbox) = self.mailboxes.get_mut(&key) else { return };
        self.held -= mailbox.held();
        let first = mailbox.first();
        let Some(waiting) = mailbox.claim(path) else {
            return self.refuse(path, RefusedClaim::Taken);
        };
        self.place(path, key, Place::Second);
        self.send(path, ToClient::Claimed);
        self.send(first, ToClient::Joined);
        for message in waiting {
            self.send(path, ToClient::Message(&message));
        }
        self.outbox.event(RendezvousEvent::Joined);
    }

    fn meet(&mut self, now: Instant, path: Path, name: MailboxName) {
        if self.labels.contains_key(&Label::Name(name)) {
            self.claim(now, path, Label::Name(name));
        } else {
            self.open(now, path, Some(name));
        }
    }

    fn put(&mut self, now: Instant, key: u64, place: Place, message: &[u8]) {
        let (max, room) = (self.config.messages_max, self.config.held_max - self.held);
        let Some(mailbox) = self.mailboxes.get_mut(&key) else { return };
        match mailbox.put(place, message, max) {
            Put::Deliver(to) => self.send(to, ToClient::Message(message)),
            Put::Waits if message.len() <= room => self.held += message.len(),
            Put::Waits => {
                // it is counted as held when the mailbox is closed
                self.held += message.len();
                self.close(now, key, Closing::Full, None);
            }
            Put::Full => self.close(now, key, Closing::Full, None),
        }
    }

    fn place(&mut self, path: Path, key: u64, place: Place) {
        if let Some(end) = self.connections.get_mut(&path) {
            end.at = Some((key, place));
            self.timers.set(Due::Connection(path), None);
        }
    }

    /// Ends a mailbox, and tells all but the one who ended it.
    fn close(&mut self, now: Instant, key: u64, closing: Closing, by: Option<Path>) {
        let Some(mailbox) = self.mailboxes.remove(&key) else { return };
        self.labels.remove(&mailbox.label);
        self.timers.set(Due::Mailbox(key), None);
        self.held -= mailbox.held();
        for end in mailbox.ends() {
            let Some(connection) = self.connections.get_mut(&end) else { continue };
            connection.at = None;
            if by == Some(end) {
                self.hang_up(end);
            } else {
                self.send(end, ToClient::Closed(closing));
                // it reads that, and leaves
                let until = now.saturating_add(self.config.patience);
                self.timers.set(Due::Connection(end), Some(until));
            }
        }
        self.outbox.event(RendezvousEvent::Closed(closing));
    }

    fn refuse(&mut self, path: Path, refused: RefusedClaim) {
        self.send(path, ToClient::Refused(refused));
    }

    fn send(&mut self, path: Path, message: ToClient<'_>) {
        if !self.connections.contains_key(&path) {
            return;
        }
        let transmit = Transmit::new(path, message.encode().into());
        if self.outbox.transmit(transmit).is_err() {
            // half a conversation is worse than none
            self.hang_up(path);
        }
    }

    /// Ends a connection; the mailbox that it is at goes with it.
    fn hang_up(&mut self, path: Path) {
        if self.forget(self.clock.now(), path) {
            self.outbox.socket(SocketRequest::Hangup(path));
        }
    }

    /// A connection is gone. False: there was none.
    fn forget(&mut self, now: Instant, path: Path) -> bool {
        let Some(end) = self.connections.remove(&path) else { return false };
        self.timers.set(Due::Connection(path), None);
        if let Some((key, _)) = end.at {
            self.close(now, key, Closing::Left, None);
        }
        true
    }

    fn run_timers(&mut self, now: Instant) {
        while let Some((_, due)) = self.timers.pop_due(now) {
            match due {
                Due::Connection(path) => self.hang_up(path),
                Due::Mailbox(key) => self.close(now, key, Closing::Expired, None),
            }
        }
    }
}

impl Machine for Rendezvous {
    type Event = RendezvousEvent;

    fn handle_input<'a>(&mut self, now: Instant, input: Input<'a>) -> Verdict<'a> {
        let now = self.clock.tick(now);
        self.run_timers(now);
        match input {
            Input::Accepted { path, .. } => self.accepted(now, path),
            Input::Received { path, bytes, .. } => self.received(now, path, bytes),
            Input::PathFailed { path, .. } => {
                if self.forget(now, path) {
                    Verdict::Consumed
                } else {
                    Verdict::Unclaimed
                }
            }
            Input::Socket { .. } | Input::LookedUp { .. } => Verdict::Unclaimed,
            Input::Timeout => Verdict::Consumed,
        }
    }

    fn poll_output(&mut self) -> Output<RendezvousEvent> {
        self.outbox.pop().unwrap_or(Output::Timeout(self.timers.next()))
    }

    fn frame(&self, path: &Path, buffer: &[u8]) -> Frame {
        if self.connections.contains_key(path) { stream_frame(buffer) } else { Frame::Broken }
    }
}
