//! TCP at the level of connections: handshakes, simultaneous open, ordered bytes, resets. Loss
//! shows as delay. There is no congestion control, but a fixed window.
use bytes::{Bytes, BytesMut};
use core::time::Duration;
use sans_io::{Instant, SocketFault};
use std::collections::{BTreeMap, VecDeque};

/// The payload of one segment: Ethernet's 1,500 less headers with room for options.
const SEGMENT_MAX: usize = 1_400;
/// How much may be under way and not acknowledged.
const WINDOW: u64 = 65_536;
/// How much may wait to be sent; a machine that writes more loses the connection.
const BACKLOG_MAX: usize = 4 << 20;
/// The first retransmission of a SYN, and of data while no round trip was measured (RFC 6298).
const RTO_FIRST: Duration = Duration::from_secs(1);
/// The shortest retransmission time, as Linux has it.
const RTO_MIN: Duration = Duration::from_millis(200);
/// The longest, as Linux has it.
const RTO_MAX: Duration = Duration::from_secs(120);
/// How often a SYN is repeated, as Linux does: for 127 seconds.
const SYN_RETRIES: u32 = 6;
/// How often data is repeated.
const DATA_RETRIES: u32 = 15;

/// A TCP segment, without what the simulation does not need.
#[derive(Clone, Debug, Default, PartialEq, Eq)]
pub struct Segment {
    /// The number of its first byte; a SYN and a FIN count as one each. Connections begin at 0.
    pub sequence: u64,
    /// The number of the next byte expected from the other side.
    pub acknowledges: Option<u64>,
    /// Opens.
    pub syn: bool,
    /// Closes.
    pub fin: bool,
    /// Aborts.
    pub rst: bool,
    /// The bytes.
    pub payload: Bytes,
}

impl Segment {
    fn len(&self) -> u64 {
        self.payload.len() as u64 + u64::from(self.syn) + u64::from(self.fin)
    }

    /// The reset that answers a segment that belongs to nothing.
    pub(crate) fn refusal(&self) -> Option<Self> {
        if self.rst {
            return None;
        }
        let acknowledges = Some(self.sequence + self.len());
        let sequence = self.acknowledges.unwrap_or(0);
        Some(Self { rst: true, sequence, acknowledges, ..Self::default() })
    }
}

/// What came of an input.
#[derive(Debug, Default)]
pub(crate) struct Effects {
    pub(crate) segments: Vec<Segment>,
    pub(crate) news: Vec<News>,
}

/// What the application learns.
#[derive(Clone, Debug, PartialEq, Eq)]
pub(crate) enum News {
    Opened,
    Failed(SocketFault),
    Bytes(Bytes),
    Ended,
    Reset,
}

#[derive(Clone, Copy, Debug, PartialEq, Eq)]
enum State {
    SynSent,
    SynReceived,
    Open,
    Closed,
}

/// One end of a connection.
#[derive(Debug)]
pub(crate) struct Connection {
    state: State,
    /// Sent or waiting, not acknowledged.
    unacknowledged: VecDeque<Segment>,
    /// How many of these were sent.
    sent: usize,
    backlog: BytesMut,
    next_sequence: u64,
    expected: u64,
    early: BTreeMap<u64, Segment>,
    born: Instant,
    /// The retransmission time by the measured round trip, and after doublings.
    rto_base: Duration,
    rto: Duration,
    timer: Option<Instant>,
    retries: u32,
    /// Up to here everything was sent when the timer last ran out.
    recover_until: u64,
    closing: bool,
    fin_queued: bool,
    ended: bool,
}

impl Connection {
    /// Begins a connection.
    pub(crate) fn connect(now: Instant, effects: &mut Effects) -> Self {
        let mut new = Self::new(now, State::SynSent);
        new.queue(Segment { syn: true, ..Segment::default() });
        new.flush(now, effects);
        new
    }

    /// Answers a SYN.
    pub(crate) fn accept(now: Instant, effects: &mut Effects) -> Self {
        let mut new = Self::new(now, State::SynReceived);
        new.expected = 1;
        new.queue(Segment { syn: true, ..Segment::default() });
        new.flush(now, effects);
        new
    }

    fn new(now: Instant, state: State) -> Self {
        Self {
            state,
            unacknowledged: VecDeque::new(),
            sent: 0,
            backlog: BytesMut::new(),
            next_sequence: 0,
            expected: 0,
            early: BTreeMap::new(),
            born: now,
            rto_base: RTO_FIRST,
            rto: RTO_FIRST,
            timer: None,
            retries: 0,
            recover_until: 0,
            closing: false,
            fin_queued: false,
            ended: false,
        }
    }

    /// When to call [`handle_timeout`](Self::handle_timeout).
    pub(crate) const fn deadline(&self) -> Option<Instant> {
        self.timer
    }

    /// Whether it can be forgotten.
    pub(crate) fn is_over(&self) -> bool {
        let both_closed = self.ended && self.fin_queued && self.unacknowledged.is_empty();
        self.state == State::Closed || both_closed
    }

    /// Takes bytes to send. `false`: too many wait already, and none was taken.
    pub(crate) fn write(&mut self, now: Instant, bytes: &[u8], effects: &mut Effects) -> bool {
        if self.closing || self.backlog.len() + bytes.len() > BACKLOG_MAX {
            return false;
        }
        self.backlog.extend_from_slice(bytes);
        self.flush(now, effects);
        true
    }

    /// Closes once everything is sent.
    pub(crate) fn close(&mut self, now: Instant, effects: &mut Effects) {
        self.closing = true;
        if self.state != State::Open {
            self.abort(effects);
        }
        self.flush(now, effects);
    }

    /// Closes at once.
    pub(crate) fn abort(&mut self, effects: &mut Effects) {
        let (sequence, acknowledges) = (self.next_sequence, Some(self.expected));
        effects.segments.push(Segment { rst: true, sequence, acknowledges, ..Segment::default() });
        self.end();
    }

    /// Somebody in between ends it for both sides.
    pub(crate) fn reset(&mut self, effects: &mut Effects) {
        let news = match self.state {
            State::Open => News::Reset,
            State::SynSent | State::SynReceived => News::Failed(SocketFault::Refused),
            State::Closed => return,
        };
        self.abort(effects);
        effects.news.push(news);
    }

    fn end(&mut self) {
        self.state = State::Closed;
        self.timer = None;
        self.unacknowledged.clear();
    }

    /// The network says that nothing will come of a connection that is being opened.
    pub(crate) fn handle_refusal(&mut self, fault: SocketFault, effects: &mut Effects) {
        if self.state == State::SynSent {
            self.end();
            effects.news.push(News::Failed(fault));
        }
    }

    pub(crate) fn handle_segment(&mut self, now: Instant, s: Segment, effects: &mut Effects) {
        if s.rst {
            return self.handle_reset(&s, effects);
        }
        match self.state {
            State::SynSent if s.syn => {
                self.expected = 1;
                if s.acknowledges == Some(1) {
                    self.acknowledge(now, 1, effects);
                    self.open(now, effects);
                    return self.send_acknowledgement(effects);
                }
                // Both began at the same time.
                self.state = State::SynReceived;
                return self.resend_first(effects);
            }
            State::SynReceived if s.syn && s.acknowledges.is_none() => {
                return self.resend_first(effects);
            }
            State::SynReceived if s.acknowledges.is_some_and(|ack| ack >= 1) => {
                self.open(now, effects);
            }
            State::SynSent | State::SynReceived | State::Closed => return,
            State::Open => {}
        }
        if let Some(ack) = s.acknowledges {
            self.acknowledge(now, ack, effects);
        }
        if s.len() > 0 {
            self.receive(s, effects);
            self.send_acknowledgement(effects);
        }
        self.flush(now, effects);
    }

    pub(crate) fn handle_timeout(&mut self, now: Instant, effects: &mut Effects) {
        if self.timer.is_none_or(|at| at > now) {
            return;
        }
        let most = if self.state == State::Open { DATA_RETRIES } else { SYN_RETRIES };
        self.retries += 1;
        if self.retries > most {
            let news = match self.state {
                State::Open => News::Reset,
                State::SynSent | State::SynReceived | State::Closed => {
                    News::Failed(SocketFault::TimedOut)
                }
            };
            self.end();
            return effects.news.push(news);
        }
        self.rto = (self.rto * 2).min(RTO_MAX);
        self.recover_until = self.next_sequence;
        self.resend_first(effects);
        self.timer = Some(now.saturating_add(self.rto));
    }

    fn handle_reset(&mut self, s: &Segment, effects: &mut Effects) {
        let news = match self.state {
            State::SynSent if s.acknowledges == Some(1) => News::Failed(SocketFault::Refused),
            State::SynReceived => News::Failed(SocketFault::Refused),
            State::Open => News::Reset,
            State::SynSent | State::Closed => return,
        };
        self.end();
        effects.news.push(news);
    }

    fn open(&mut self, now: Instant, effects: &mut Effects) {
        self.state = State::Open;
        if self.retries == 0 {
            self.rto_base = (now.saturating_since(self.born) * 2).clamp(RTO_MIN, RTO_MAX);
            self.rto = self.rto_base;
        }
        effects.news.push(News::Opened);
        self.flush(now, effects);
    }

    fn acknowledge(&mut self, now: Instant, ack: u64, effects: &mut Effects) {
        let mut advanced = false;
        while let Some(first) = self.unacknowledged.front() {
            if first.sequence + first.len() > ack || self.sent == 0 {
                break;
            }
            self.unacknowledged.pop_front();
            self.sent -= 1;
            advanced = true;
        }
        if !advanced {
            return;
        }
        self.retries = 0;
        self.rto = self.rto_base;
        self.timer = (self.sent > 0).then(|| now.saturating_add(self.rto));
        if ack < self.recover_until {
            self.resend_first(effects);
        }
    }

    fn receive(&mut self, segment: Segment, effects: &mut Effects) {
        if segment.sequence >= self.expected {
            self.early.insert(segment.sequence, segment);
        }
        while let Some(next) = self.early.remove(&self.expected) {
            self.expected += next.len();
            if !next.payload.is_empty() {
                effects.news.push(News::Bytes(next.payload));
            }
            if next.fin {
                self.ended = true;
                effects.news.push(News::Ended);
            }
        }
    }

    fn queue(&mut self, mut segment: Segment) {
        segment.sequence = self.next_sequence;
        self.next_sequence += segment.len();
        self.unacknowledged.push_back(segment);
    }

    /// Sends what the window allows.
    fn flush(&mut self, now: Instant, effects: &mut Effects) {
        if self.state == State::Open {
            while !self.backlog.is_empty() {
                let first = self.unacknowledged.front().map_or(self.next_sequence, |s| s.sequence);
                if self.next_sequence - first >= WINDOW {
                    break;
                }
                let payload = self.backlog.split_to(self.backlog.len().min(SEGMENT_MAX)).freeze();
                self.queue(Segment { payload, ..Segment::default() });
            }
            if self.closing && self.backlog.is_empty() && !self.fin_queued {
                self.fin_queued = true;
                self.queue(Segment { fin: true, ..Segment::default() });
            }
        }
        while self.sent < self.unacknowledged.len() {
            let mut segment = self.unacknowledged[self.sent].clone();
            segment.acknowledges = (self.state != State::SynSent).then_some(self.expected);
            effects.segments.push(segment);
            self.sent += 1;
            self.timer = self.timer.or(Some(now.saturating_add(self.rto)));
        }
    }

    fn resend_first(&self, effects: &mut Effects) {
        if let Some(first) = self.unacknowledged.front().filter(|_| self.sent > 0) {
            let acknowledges = (self.state != State::SynSent).then_some(self.expected);
            effects.segments.push(Segment { acknowledges, ..first.clone() });
        } else {
            self.send_acknowledgement(effects);
        }
    }

    fn send_acknowledgement(&self, effects: &mut Effects) {
        let (sequence, acknowledges) = (self.next_sequence, Some(self.expected));
        effects.segments.push(Segment { sequence, acknowledges, ..Segment::default() });
    }
}
