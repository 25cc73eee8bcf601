//! How much data an allocation may relay (RFC 8656 §5).
use core::{num::NonZeroU32, time::Duration};
use sans_io::Instant;

/// How much may go at once after a pause: what goes in this time on average.
const BURST: Duration = Duration::from_secs(1);

/// The most that may be relayed in a second, in bytes; or as much as comes.
#[derive(Clone, Copy, Debug, Default)]
pub(super) struct Rate(Option<NonZeroU32>);

impl Rate {
    pub(super) const fn new(bytes_per_second: Option<NonZeroU32>) -> Self {
        Self(bytes_per_second)
    }

    pub(super) const fn is_limited(self) -> bool {
        self.0.is_some()
    }
}

/// What was relayed, as the time by which it would have gone at exactly the allowed rate.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq)]
pub(super) struct Bandwidth {
    gone_by: Instant,
}

impl Bandwidth {
    /// What it is once `bytes` more are relayed; `None`: that would be too much.
    pub(super) fn after(self, now: Instant, bytes: usize, rate: Rate) -> Option<Self> {
        let Rate(Some(per_second)) = rate else { return Some(self) };
        let begin = self.gone_by.max(now);
        let ahead = begin.saturating_since(now);
        let takes = (bytes as u64).saturating_mul(1_000_000_000) / u64::from(per_second.get());
        // Something may always go after a pause, however large: or a low rate would let nothing go.
        let enough = ahead.is_zero() || ahead + Duration::from_nanos(takes) <= BURST;
        enough.then(|| Self { gone_by: begin.saturating_add(Duration::from_nanos(takes)) })
    }

    /// Whether what was relayed counts against what is to come.
    pub(super) fn is_ahead(self, now: Instant) -> bool {
        self.gone_by > now
    }

    /// Takes note of `bytes` of a stream, of which none may be lost. The time to wait for, if more
    /// of them went by now than may go at once.
    pub(super) fn overdraw(&mut self, now: Instant, bytes: usize, rate: Rate) -> Option<Instant> {
        let Rate(Some(per_second)) = rate else { return None };
        let takes = (bytes as u64).saturating_mul(1_000_000_000) / u64::from(per_second.get());
        self.gone_by = self.gone_by.max(now).saturating_add(Duration::from_nanos(takes));
        let until = self.gone_by.saturating_sub(BURST);
        (until > now).then_some(until)
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn the_rate_holds_over_time_and_a_second_of_it_at_once() {
        let rate = Rate::new(NonZeroU32::new(10_000));
        let mut bandwidth = Bandwidth::default();
        let mut sent = 0;
        let mut at_once = 0;
        for ms in 5_000..65_000 {
            while let Some(after) = bandwidth.after(Instant::from_millis(ms), 100, rate) {
                bandwidth = after;
                sent += 100;
            }
            if ms == 5_000 {
                at_once = sent;
            }
        }
        assert_eq!(at_once, 10_000);
        assert!((609_000..=610_000).contains(&sent), "{sent}");
    }

    #[test]
    fn a_packet_above_the_rate_goes_after_a_pause() {
        let rate = Rate::new(NonZeroU32::new(100));
        let bandwidth = Bandwidth::default().after(Instant::from_secs(1), 1000, rate).unwrap();
        assert!(bandwidth.after(Instant::from_secs(10), 1, rate).is_none());
        assert!(bandwidth.after(Instant::from_secs(11), 1000, rate).is_some());
    }
}
