//! What becomes of packets that one side sends: lost, late, twice.
use crate::random::Random;
use core::time::Duration;
use sans_io::Instant;
use std::collections::VecDeque;

/// Bytes of IPv4 and UDP around each datagram.
const HEADERS: usize = 28;

/// From when until when, since the offer was heard.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(crate) struct Span {
    pub(crate) from: Duration,
    pub(crate) until: Duration,
}

impl Span {
    pub(crate) const fn secs(from: u64, until: u64) -> Self {
        Self { from: Duration::from_secs(from), until: Duration::from_secs(until) }
    }

    pub(crate) fn contains(&self, at: Duration) -> bool {
        (self.from..self.until).contains(&at)
    }
}

/// A narrow place.
#[derive(Clone, Copy, Debug)]
pub(crate) struct Rate {
    pub(crate) bits_per_s: u64,
    /// Packets that wait; more are lost.
    pub(crate) queue: usize,
}

/// The way from one side to the other.
#[derive(Clone, Debug)]
pub(crate) struct Link {
    pub(crate) delay: Duration,
    /// Added to the delay, evenly spread from nothing to this.
    pub(crate) jitter: Duration,
    pub(crate) loss_percent: u64,
    /// How often each packet arrives.
    pub(crate) copies: u32,
    pub(crate) rate: Option<Rate>,
    /// When nothing passes.
    pub(crate) outages: Vec<Span>,
}

impl Link {
    pub(crate) const fn after(delay: Duration) -> Self {
        Self {
            delay,
            jitter: Duration::ZERO,
            loss_percent: 0,
            copies: 1,
            rate: None,
            outages: Vec::new(),
        }
    }
}

/// A link with what is under way on it.
#[derive(Clone, Debug)]
pub(crate) struct Traffic {
    pub(crate) link: Link,
    /// When those that wait at the narrow place are through it.
    leaving: VecDeque<Instant>,
}

impl Traffic {
    pub(crate) const fn new(link: Link) -> Self {
        Self { link, leaving: VecDeque::new() }
    }

    /// When the copies of a packet arrive that is sent now, `since` the offer was heard.
    pub(crate) fn arrivals(
        &mut self,
        now: Instant,
        since: Duration,
        bytes: usize,
        random: &mut Random,
    ) -> Vec<Instant> {
        if self.link.outages.iter().any(|outage| outage.contains(since)) {
            return Vec::new();
        }
        let Some(left) = self.pass(now, bytes) else { return Vec::new() };
        let jitter = self.link.jitter.as_nanos() as u64;
        let mut arrivals = Vec::new();
        for _ in 0..self.link.copies {
            if !random.percent(self.link.loss_percent) {
                let late = Duration::from_nanos(random.below(jitter));
                arrivals.push(left.saturating_add(self.link.delay + late));
            }
        }
        arrivals
    }

    /// When the packet is through the narrow place. `None`: too many wait.
    fn pass(&mut self, now: Instant, bytes: usize) -> Option<Instant> {
        let Some(rate) = self.link.rate else { return Some(now) };
        while self.leaving.front().is_some_and(|at| *at <= now) {
            self.leaving.pop_front();
        }
        if self.leaving.len() >= rate.queue {
            return None;
        }
        let bits = (bytes + HEADERS) as u64 * 8;
        let takes = Duration::from_nanos(bits * 1_000_000_000 / rate.bits_per_s);
        let left = self.leaving.back().map_or(now, |at| *at).saturating_add(takes);
        self.leaving.push_back(left);
        Some(left)
    }
}
