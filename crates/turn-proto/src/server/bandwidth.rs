//! How much data an allocation may relay (RFC 8656 §5).
use core::{num::NonZeroU32, time::Duration};
use sans_io::Instant;

/// How much may go at once after a pause: what goes in this time on average.
const BURST: Duration = Duration::from_secs(1);

/// What was relayed, as the time by which it would have gone at exactly the allowed rate.
#[derive(Clone, Copy, Debug, Default)]
pub(super) struct Bandwidth {
    gone_by: Instant,
}

impl Bandwidth {
    /// Takes note of `bytes` that are to be relayed. `false`: that would be too much, and they are
    /// not counted.
    pub(super) fn take(&mut self, now: Instant, bytes: usize, per_second: NonZeroU32) -> bool {
        let begin = self.gone_by.max(now);
        let ahead = begin.saturating_since(now);
        let takes = (bytes as u64).saturating_mul(1_000_000_000) / u64::from(per_second.get());
        // Something may always go after a pause, however large: or a low rate would let nothing go.
        let enough = ahead.is_zero() || ahead + Duration::from_nanos(takes) <= BURST;
        if enough {
            self.gone_by = begin.saturating_add(Duration::from_nanos(takes));
        }
        enough
    }

    /// Takes note of `bytes` of a stream, of which none may be lost. The time to wait for, if more
    /// of them went by now than may go at once.
    pub(super) fn overdraw(
        &mut self,
        now: Instant,
        bytes: usize,
        per_second: NonZeroU32,
    ) -> Option<Instant> {
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
        let rate = NonZeroU32::new(10_000).unwrap();
        let mut bandwidth = Bandwidth::default();
        let mut sent = 0;
        let mut at_once = 0;
        for ms in 5_000..65_000 {
            while bandwidth.take(Instant::from_millis(ms), 100, rate) {
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
        let rate = NonZeroU32::new(100).unwrap();
        let mut bandwidth = Bandwidth::default();
        assert!(bandwidth.take(Instant::from_secs(1), 1000, rate));
        assert!(!bandwidth.take(Instant::from_secs(10), 1, rate));
        assert!(bandwidth.take(Instant::from_secs(11), 1000, rate));
    }
}
