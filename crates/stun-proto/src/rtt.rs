//! The round-trip time to a server, and the timeout that follows from it (RFC 8489 §6.2.1,
//! RFC 6298 §2).
use core::time::Duration;
use sans_io::Instant;

/// How long an estimate is good without a new transaction (RFC 8489 §6.2.1).
const STALE_AFTER: Duration = Duration::from_secs(600);
/// No timeout begins longer than this, however slow a server made itself look: the least ceiling
/// that RFC 6298 §2.5 allows.
const MAX_RTO: Duration = Duration::from_secs(60);

/// A smoothed round-trip time and its variation.
///
/// ```
/// use core::time::Duration;
/// use sans_io::Instant;
/// use stun_proto::RttEstimate;
/// let mut estimate = RttEstimate::new(Instant::ZERO, Duration::from_millis(80));
/// estimate.update(Instant::from_secs(1), Duration::from_millis(160));
/// assert_eq!(estimate.smoothed(), Duration::from_millis(90));
/// let floor = Duration::from_millis(500);
/// assert_eq!(estimate.rto(Instant::from_secs(2), floor), Some(floor));
/// assert_eq!(estimate.rto(Instant::from_secs(1000), floor), None, "stale");
/// ```
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub struct RttEstimate {
    smoothed: Duration,
    variation: Duration,
    updated: Instant,
}

impl RttEstimate {
    /// The first measurement.
    pub fn new(now: Instant, rtt: Duration) -> Self {
        Self { smoothed: rtt, variation: rtt / 2, updated: now }
    }

    /// Another measurement, of a request that was sent only once (Karn). What was stale by then does
    /// not count.
    pub fn update(&mut self, now: Instant, rtt: Duration) {
        if self.is_stale(now) {
            *self = Self::new(now, rtt);
            return;
        }
        let off = self.smoothed.abs_diff(rtt);
        self.variation = (self.variation * 3 + off) / 4;
        self.smoothed = (self.smoothed * 7 + rtt) / 8;
        self.updated = now;
    }

    /// The smoothed round-trip time.
    pub const fn smoothed(&self) -> Duration {
        self.smoothed
    }

    /// The timeout to begin with: 60 s at most, and at least `floor`. `None` once the estimate is
    /// ten minutes old.
    pub fn rto(&self, now: Instant, floor: Duration) -> Option<Duration> {
        let granularity = Duration::from_millis(1);
        let rto = self.smoothed.saturating_add((self.variation * 4).max(granularity));
        (!self.is_stale(now)).then_some(rto.min(MAX_RTO).max(floor))
    }

    fn is_stale(&self, now: Instant) -> bool {
        now.saturating_since(self.updated) >= STALE_AFTER
    }
}

#[cfg(test)]
mod tests {
    use super::RttEstimate;
    use core::time::Duration;
    use sans_io::Instant;

    const MS: fn(u64) -> Duration = Duration::from_millis;

    #[test]
    fn estimate_follows_rfc_6298() {
        let now = Instant::from_secs(1);
        let mut rtt = RttEstimate::new(now, MS(100));
        assert_eq!(rtt.rto(now, MS(0)), Some(MS(300)));
        rtt.update(now, MS(180));
        assert_eq!(rtt.smoothed(), MS(110));
        assert_eq!(rtt.rto(now, MS(0)), Some(MS(340)));
        assert_eq!(rtt.rto(now, MS(500)), Some(MS(500)));
    }

    /// A server that answers each request just before it is sent again would make us wait three
    /// times as long after each.
    #[test]
    fn timeout_is_a_minute_at_most() {
        let mut rtt = RttEstimate::new(Instant::ZERO, MS(39_000));
        assert_eq!(rtt.rto(Instant::ZERO, MS(500)), Some(MS(60_000)));
        rtt.update(Instant::ZERO, MS(u64::MAX / 8));
        assert_eq!(rtt.rto(Instant::ZERO, MS(500)), Some(MS(60_000)));
        assert_eq!(rtt.rto(Instant::ZERO, MS(70_000)), Some(MS(70_000)), "the floor is asked for");
    }

    #[test]
    fn estimate_is_stale_after_ten_minutes() {
        let rtt = RttEstimate::new(Instant::ZERO, MS(900));
        assert!(rtt.rto(Instant::from_secs(599), MS(500)).is_some());
        assert_eq!(rtt.rto(Instant::from_secs(600), MS(500)), None);
    }

    #[test]
    fn stale_estimate_does_not_come_back_with_the_next_measurement() {
        let mut rtt = RttEstimate::new(Instant::ZERO, MS(9_000));
        rtt.update(Instant::from_secs(600), MS(20));
        assert_eq!(rtt, RttEstimate::new(Instant::from_secs(600), MS(20)));
    }
}
