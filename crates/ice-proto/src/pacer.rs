//! The pacer: one new transaction every Ta, whatever it is for (RFC 8445 §14.2).
use core::time::Duration;
use sans_io::Instant;

/// Hands out slots that are at least Ta apart. Checks, nominations and the transactions of
/// gathering take them; responses, retransmissions and consent do not. Ta counts for all agents of
/// a program, so who has several shares one.
///
/// ```
/// use core::time::Duration;
/// use ice_proto::Pacer;
/// use sans_io::Instant;
/// let mut pacer = Pacer::new(Duration::from_millis(50));
/// assert!(pacer.is_free(Instant::ZERO));
/// pacer.take(Instant::ZERO);
/// assert_eq!(pacer.next(), Instant::from_millis(50));
/// ```
#[derive(Clone, Copy, Debug)]
pub struct Pacer {
    interval: Duration,
    last: Option<Instant>,
}

impl Pacer {
    /// A pacer with a slot free at once.
    pub const fn new(interval: Duration) -> Self {
        Self { interval, last: None }
    }

    /// Changes Ta; it counts from the last slot that was taken.
    pub const fn set_interval(&mut self, interval: Duration) {
        self.interval = interval;
    }

    /// Ta.
    pub const fn interval(self) -> Duration {
        self.interval
    }

    /// When the next slot is free; it may be in the past.
    pub fn next(self) -> Instant {
        self.last.map_or(Instant::ZERO, |last| last.saturating_add(self.interval))
    }

    /// Whether a slot is free.
    pub fn is_free(self, now: Instant) -> bool {
        self.next() <= now
    }

    /// Takes a slot.
    pub fn take(&mut self, now: Instant) {
        debug_assert!(self.is_free(now), "a slot before its time");
        self.last = Some(now);
    }
}

#[cfg(test)]
mod tests {
    use super::Pacer;
    use core::time::Duration;
    use sans_io::Instant;

    #[test]
    fn slots_are_ta_apart_even_after_a_pause() {
        let mut pacer = Pacer::new(Duration::from_millis(50));
        let at = Instant::from_millis;
        assert!(pacer.is_free(at(0)));
        pacer.take(at(7));
        assert!(!pacer.is_free(at(56)));
        assert_eq!(pacer.next(), at(57));
        // A long pause saves up nothing.
        pacer.take(at(1000));
        assert!(!pacer.is_free(at(1049)) && pacer.is_free(at(1050)));
    }

    #[test]
    fn a_new_interval_counts_from_the_last_slot() {
        let mut pacer = Pacer::new(Duration::from_millis(5));
        pacer.take(Instant::from_millis(100));
        pacer.set_interval(Duration::from_millis(50));
        assert_eq!(pacer.next(), Instant::from_millis(150));
    }
}
