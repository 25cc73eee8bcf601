//! The link that attaches a host or NAT to a network: what happens to packets on it, and when they
//! come out.
use crate::{Chance, DropCause, Stream};
use core::time::Duration;
use sans_io::Instant;

/// One direction of a link. The default is a perfect link without delay.
///
/// ```
/// use core::time::Duration;
/// use nat_sim::{Chance, Link};
/// let dsl = Link::after(Duration::from_millis(20))
///     .with_jitter(Duration::from_millis(4))
///     .with_loss(Chance::percent(1))
///     .with_rate(8_000_000, 64_000)
///     .with_mtu(1492);
/// assert_eq!(dsl.delay.as_millis(), 20);
/// ```
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq, Hash)]
pub struct Link {
    /// How long the wire is.
    pub delay: Duration,
    /// Up to this much more, evenly spread. It does not reorder: packets queue up.
    pub jitter: Duration,
    /// Loss of each packet on its own.
    pub loss: Chance,
    /// Loss in bursts.
    pub bursts: Option<Bursts>,
    /// A packet arrives twice.
    pub duplication: Chance,
    /// A packet is held up so that later ones overtake it.
    pub reordering: Option<Reordering>,
    /// One bit of the payload is flipped in a way that checksums do not see.
    pub corruption: Chance,
    /// How fast packets are clocked out, and how many may wait.
    pub rate: Option<Rate>,
    /// The largest IP packet it takes.
    pub mtu: Option<Mtu>,
}

/// Gilbert-Elliott loss: the link is good or bad, and may change with each packet.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Hash)]
pub struct Bursts {
    /// From good to bad.
    pub enter: Chance,
    /// From bad to good.
    pub leave: Chance,
    /// Loss while bad.
    pub loss: Chance,
}

/// Packets that others overtake.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Hash)]
pub struct Reordering {
    /// How many are held up.
    pub chance: Chance,
    /// For how long.
    pub by: Duration,
}

/// A bottleneck with a first-in first-out queue that drops at its tail.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Hash)]
pub struct Rate {
    /// Bits a second, IP headers included.
    pub bits_per_second: u64,
    /// How many bytes may wait.
    pub queue_bytes: u64,
}

/// The largest IP packet that a link takes.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Hash)]
pub struct Mtu {
    /// In bytes, IP header included.
    pub bytes: u32,
    /// Whether larger packets vanish without the ICMP error that RFC 792 and RFC 4443 ask for.
    pub black_hole: bool,
}

impl Link {
    /// A perfect link of this delay.
    pub fn after(delay: Duration) -> Self {
        Self { delay, ..Self::default() }
    }

    /// Adds jitter.
    #[must_use]
    pub const fn with_jitter(mut self, jitter: Duration) -> Self {
        self.jitter = jitter;
        self
    }

    /// Loses packets independently.
    #[must_use]
    pub const fn with_loss(mut self, loss: Chance) -> Self {
        self.loss = loss;
        self
    }

    /// Loses packets in bursts.
    #[must_use]
    pub const fn with_bursts(mut self, bursts: Bursts) -> Self {
        self.bursts = Some(bursts);
        self
    }

    /// Doubles packets.
    #[must_use]
    pub const fn with_duplication(mut self, chance: Chance) -> Self {
        self.duplication = chance;
        self
    }

    /// Holds packets up for `by`.
    #[must_use]
    pub const fn with_reordering(mut self, chance: Chance, by: Duration) -> Self {
        self.reordering = Some(Reordering { chance, by });
        self
    }

    /// Flips bits.
    #[must_use]
    pub const fn with_corruption(mut self, chance: Chance) -> Self {
        self.corruption = chance;
        self
    }

    /// Clocks packets out at a rate, with a queue.
    #[must_use]
    pub const fn with_rate(mut self, bits_per_second: u64, queue_bytes: u64) -> Self {
        self.rate = Some(Rate { bits_per_second, queue_bytes });
        self
    }

    /// Refuses larger packets with an ICMP error.
    #[must_use]
    pub const fn with_mtu(mut self, bytes: u32) -> Self {
        self.mtu = Some(Mtu { bytes, black_hole: false });
        self
    }

    /// Swallows larger packets.
    #[must_use]
    pub const fn with_black_hole(mut self, bytes: u32) -> Self {
        self.mtu = Some(Mtu { bytes, black_hole: true });
        self
    }
}

/// What became of a packet that was put on a link.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(crate) enum Passage {
    Lost(DropCause),
    Out { at: Instant, again: Option<Instant>, corrupt: bool },
}

/// One direction of a link, in use.
#[derive(Clone, Debug)]
pub(crate) struct Lane {
    pub(crate) link: Link,
    /// Whether it only delays, as most links do.
    is_plain: bool,
    stream: Stream,
    bad: bool,
    /// When the last packet will have been clocked out.
    busy_until: Instant,
    /// When the last packet that kept its place comes out.
    last_out: Instant,
}

impl Lane {
    pub(crate) fn new(link: Link, stream: Stream) -> Self {
        let is_plain = link == Link::after(link.delay);
        let (busy_until, last_out) = (Instant::ZERO, Instant::ZERO);
        Self { link, is_plain, stream, bad: false, busy_until, last_out }
    }

    /// Makes it another link, which goes on where this one was.
    pub(crate) fn set(&mut self, link: Link) {
        self.link = link;
        self.is_plain = link == Link::after(link.delay);
    }

    /// Whether packets must be put on it in the order in which they come to it, since they wait
    /// for one another.
    pub(crate) const fn queues(&self) -> bool {
        self.link.rate.is_some()
    }

    /// Puts a packet of `len` bytes on the link.
    pub(crate) fn pass(&mut self, now: Instant, len: usize) -> Passage {
        if self.is_plain {
            self.last_out = self.last_out.max(now.saturating_add(self.link.delay));
            return Passage::Out { at: self.last_out, again: None, corrupt: false };
        }
        let Link { mtu, duplication, corruption, .. } = self.link;
        if let Some(mtu) = mtu
            && len > mtu.bytes as usize
        {
            return Passage::Lost(DropCause::TooBig);
        }
        if self.loses() {
            return Passage::Lost(DropCause::LinkLoss);
        }
        let Some(clocked_out) = self.clock_out(now, len) else {
            return Passage::Lost(DropCause::QueueFull);
        };
        let at = self.arrival(clocked_out);
        let again = self.stream.happens(duplication).then(|| self.arrival(clocked_out));
        Passage::Out { at, again, corrupt: self.stream.happens(corruption) }
    }

    /// A random number, for example which bit to flip.
    pub(crate) fn draw(&mut self, bound: u64) -> u64 {
        self.stream.below(bound)
    }

    fn loses(&mut self) -> bool {
        if let Some(bursts) = self.link.bursts {
            let change = if self.bad { bursts.leave } else { bursts.enter };
            self.bad ^= self.stream.happens(change);
            if self.bad && self.stream.happens(bursts.loss) {
                return true;
            }
        }
        self.stream.happens(self.link.loss)
    }

    /// When the last bit of the packet is on the wire; `None` when the queue is full.
    fn clock_out(&mut self, now: Instant, len: usize) -> Option<Instant> {
        let Some(rate) = self.link.rate else { return Some(now) };
        let bits_per_second = u128::from(rate.bits_per_second.max(1));
        let waiting = self.busy_until.saturating_since(now);
        let waiting_bytes = waiting.as_nanos() * bits_per_second / 8_000_000_000;
        if waiting_bytes + len as u128 > u128::from(rate.queue_bytes) && !waiting.is_zero() {
            return None;
        }
        let nanos = len as u128 * 8_000_000_000 / bits_per_second;
        let takes = Duration::from_nanos(u64::try_from(nanos).unwrap_or(u64::MAX));
        self.busy_until = self.busy_until.max(now).saturating_add(takes);
        Some(self.busy_until)
    }

    fn arrival(&mut self, clocked_out: Instant) -> Instant {
        let mut at = clocked_out.saturating_add(self.link.delay);
        if !self.link.jitter.is_zero() {
            let most = u64::try_from(self.link.jitter.as_nanos()).unwrap_or(u64::MAX);
            at = at.saturating_add(Duration::from_nanos(self.stream.between(0, most)));
        }
        if let Some(reordering) = self.link.reordering
            && self.stream.happens(reordering.chance)
        {
            return at.saturating_add(reordering.by);
        }
        self.last_out = self.last_out.max(at);
        self.last_out
    }
}

#[cfg(test)]
mod tests;
