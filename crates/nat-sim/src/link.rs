//! The link that attaches a host or NAT to a network: what happens to packets on it, and when they
//! come out.
use crate::{Chance, DropCause, IcmpFault, Stream};
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
    /// How many routers a packet passes on it, each of which takes one off its TTL.
    pub hops: u8,
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

    /// Has packets pass routers.
    #[must_use]
    pub const fn with_hops(mut self, hops: u8) -> Self {
        self.hops = hops;
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
    Lost { cause: DropCause, told: Option<IcmpFault> },
    Out { at: Instant, again: Option<Instant>, corrupt: bool },
}

/// One direction of a link, in use. Most links only delay, and need no more than is here.
#[derive(Debug)]
pub(crate) struct Lane {
    delay_ns: u64,
    /// When the last packet that kept its place comes out.
    last_out: Instant,
    stream: Stream,
    hops: u8,
    /// Of a link that does more than delay, or did.
    rough: Option<Box<Rough>>,
}

/// What a link that does more than delay needs besides.
#[derive(Debug)]
struct Rough {
    link: Link,
    bad: bool,
    /// When the last packet will have been clocked out.
    busy_until: Instant,
}

impl Lane {
    pub(crate) fn new(link: Link, stream: Stream) -> Self {
        let mut lane = Self { delay_ns: 0, last_out: Instant::ZERO, stream, hops: 0, rough: None };
        lane.set(link);
        lane
    }

    /// Makes it another link, which goes on where this one was.
    pub(crate) fn set(&mut self, link: Link) {
        self.delay_ns = nanos(link.delay);
        self.hops = link.hops;
        if let Some(rough) = &mut self.rough {
            rough.link = link;
        } else if link != Link::after(link.delay).with_hops(link.hops) {
            let rough = Rough { link, bad: false, busy_until: Instant::ZERO };
            self.rough = Some(Box::new(rough));
        }
    }

    /// Whether packets must be put on it in the order in which they come to it, since they wait
    /// for one another.
    #[inline]
    pub(crate) fn queues(&self) -> bool {
        self.rough.as_ref().is_some_and(|rough| rough.link.rate.is_some())
    }

    /// When a packet that is put on the link comes out, if the link does no more than delay.
    #[inline]
    pub(crate) fn delay(&mut self, now: Instant) -> Option<Instant> {
        if self.rough.is_some() { None } else { Some(self.delayed(now)) }
    }

    #[inline]
    fn delayed(&mut self, now: Instant) -> Instant {
        let at = Instant::from_nanos(now.as_nanos().saturating_add(self.delay_ns));
        self.last_out = self.last_out.max(at);
        self.last_out
    }

    /// Puts a packet of `len` bytes on the link.
    pub(crate) fn pass(&mut self, now: Instant, len: usize) -> Passage {
        match &mut self.rough {
            Some(rough) => rough.pass(now, len, &mut self.stream, &mut self.last_out),
            None => Passage::Out { at: self.delayed(now), again: None, corrupt: false },
        }
    }

    /// How many routers a packet passes on it.
    #[inline]
    pub(crate) const fn hops(&self) -> u8 {
        self.hops
    }

    /// A random number, for example which bit to flip.
    pub(crate) fn draw(&mut self, bound: u64) -> u64 {
        self.stream.below(bound)
    }
}

/// A time in nanoseconds, for sums that are made for every packet.
pub(crate) fn nanos(time: Duration) -> u64 {
    u64::try_from(time.as_nanos()).unwrap_or(u64::MAX)
}

impl Rough {
    fn pass(
        &mut self,
        now: Instant,
        len: usize,
        stream: &mut Stream,
        last_out: &mut Instant,
    ) -> Passage {
        let Link { mtu, duplication, corruption, .. } = self.link;
        if let Some(mtu) = mtu
            && len > mtu.bytes as usize
        {
            let told = (!mtu.black_hole).then_some(IcmpFault::TooBig { mtu: mtu.bytes });
            return Passage::Lost { cause: DropCause::TooBig, told };
        }
        if self.loses(stream) {
            return Passage::Lost { cause: DropCause::LinkLoss, told: None };
        }
        let Some(clocked_out) = self.clock_out(now, len) else {
            return Passage::Lost { cause: DropCause::QueueFull, told: None };
        };
        let at = self.arrival(clocked_out, stream, last_out);
        let again = stream.happens(duplication);
        let again = again.then(|| self.arrival(clocked_out, stream, last_out));
        Passage::Out { at, again, corrupt: stream.happens(corruption) }
    }

    fn loses(&mut self, stream: &mut Stream) -> bool {
        if let Some(bursts) = self.link.bursts {
            let change = if self.bad { bursts.leave } else { bursts.enter };
            self.bad ^= stream.happens(change);
            if self.bad && stream.happens(bursts.loss) {
                return true;
            }
        }
        stream.happens(self.link.loss)
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

    fn arrival(
        &self,
        clocked_out: Instant,
        stream: &mut Stream,
        last_out: &mut Instant,
    ) -> Instant {
        let mut at = clocked_out.saturating_add(self.link.delay);
        if !self.link.jitter.is_zero() {
            let jitter = stream.between(0, nanos(self.link.jitter));
            at = at.saturating_add(Duration::from_nanos(jitter));
        }
        if let Some(reordering) = self.link.reordering
            && stream.happens(reordering.chance)
        {
            return at.saturating_add(reordering.by);
        }
        *last_out = (*last_out).max(at);
        *last_out
    }
}

#[cfg(test)]
mod tests;
