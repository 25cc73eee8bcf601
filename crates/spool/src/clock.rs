//! The driver's clock: machine time counted from an origin of its own.
use sans_io::Instant;
use sans_io_std::time_asleep;
use std::time::Duration;

/// Machine time starts here: a machine that looks a little back in time never meets the end of it.
pub(crate) const START: Duration = Duration::from_secs(1);

/// A deadline is never further off than this; the driver then asks the machine again.
const YEAR: Duration = Duration::from_secs(365 * 24 * 3600);

/// Turns the time of the runtime into machine time and back.
///
/// It runs on tokio's clock, so a test that pauses that one pauses the machines with it. Tokio's
/// clock stands still while the computer sleeps, but lifetimes, consent and nonces go on at the
/// other side; so the time asleep is added where the system tells it.
#[derive(Clone, Copy, Debug)]
pub(crate) struct Origin {
    began: tokio::time::Instant,
    /// How long the computer had been asleep by then, and when that was last looked up.
    slept: Duration,
    slept_by_now: Duration,
}

/// Whether the computer has been asleep since that was last looked up.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(crate) enum Slept {
    More,
    No,
}

impl Origin {
    pub(crate) fn start() -> Self {
        let slept = time_asleep();
        Self { began: tokio::time::Instant::now(), slept, slept_by_now: slept }
    }

    /// The time, but for sleep since the last [`look_up`](Self::look_up): whoever reads it for each
    /// batch of packets has one clock to read.
    pub(crate) fn now(self) -> Instant {
        self.at(self.began.elapsed(), self.slept_by_now)
    }

    /// Looks up how long the computer has been asleep.
    pub(crate) fn look_up(&mut self) -> Slept {
        self.notice(time_asleep())
    }

    fn notice(&mut self, slept: Duration) -> Slept {
        // the clocks are not read at the same time, so the difference of less than that is none
        let more = slept.saturating_sub(self.slept_by_now) > Duration::from_millis(1);
        if more {
            self.slept_by_now = slept;
        }
        if more { Slept::More } else { Slept::No }
    }

    fn at(self, awake: Duration, slept: Duration) -> Instant {
        let slept = slept.saturating_sub(self.slept);
        Instant::ZERO.saturating_add(START).saturating_add(awake).saturating_add(slept)
    }

    /// When the runtime has to wake up for `at`.
    pub(crate) fn wake_at(self, at: Instant) -> tokio::time::Instant {
        let slept = self.slept_by_now.saturating_sub(self.slept);
        let after = at.saturating_since(Instant::ZERO).saturating_sub(START).saturating_sub(slept);
        let furthest = tokio::time::Instant::now() + YEAR;
        self.began.checked_add(after).map_or(furthest, |at| at.min(furthest))
    }
}

#[cfg(test)]
mod tests {
    use super::{Origin, START, Slept};
    use sans_io::Instant;
    use std::time::Duration;

    #[tokio::test(start_paused = true)]
    async fn machine_time_goes_with_the_runtimes_and_a_deadline_comes_back_as_it_was() {
        let origin = Origin::start();
        let start = origin.now();
        assert!(start >= Instant::ZERO.saturating_add(START));
        tokio::time::advance(Duration::from_secs(9)).await;
        let at = origin.now();
        assert_eq!(at.saturating_since(start).as_secs(), 9);
        let wake = origin.wake_at(at.saturating_add(Duration::from_secs(3)));
        let wait = wake.duration_since(tokio::time::Instant::now());
        assert!(wait.abs_diff(Duration::from_secs(3)) < Duration::from_millis(5), "{wait:?}");
    }

    #[tokio::test]
    async fn time_asleep_counts_and_a_deadline_within_it_is_due_at_once() {
        let origin = Origin::start();
        let hour = Duration::from_secs(3600);
        let second = Duration::from_secs(1);
        let woken = origin.at(second, origin.slept + hour);
        assert_eq!(woken.saturating_since(origin.at(second, origin.slept)), hour);
        let (mut asleep, at) = (origin, origin.at(second, origin.slept + hour));
        assert!(asleep.wake_at(at) > tokio::time::Instant::now());
        assert_eq!(asleep.notice(origin.slept + hour + second), Slept::More);
        assert_eq!(asleep.notice(origin.slept + hour + second), Slept::No);
        assert!(asleep.now().saturating_since(origin.now()) >= hour);
        assert!(asleep.wake_at(at) <= tokio::time::Instant::now());
    }

    #[tokio::test]
    async fn a_deadline_without_end_is_a_year_off() {
        let origin = Origin::start();
        let wait = origin.wake_at(Instant::FAR).duration_since(tokio::time::Instant::now());
        assert!(wait.as_secs() / (24 * 3600) >= 364, "{wait:?}");
    }
}
