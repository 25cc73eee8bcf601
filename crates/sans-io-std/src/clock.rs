//! The time as machines count it, from the clock of the system.
use crate::time_asleep;
use sans_io::Instant;
use std::time::Duration;

/// Machine time starts here, so that a machine that looks a little back never meets the start of it.
const START: Duration = Duration::from_secs(1);

/// Machine time, from when it was made: monotonic, time asleep included where the system tells (see
/// [`time_asleep`]). All machines of a program may share one.
///
/// ```
/// use core::time::Duration;
/// use sans_io_std::StdClock;
/// let clock = StdClock::start();
/// let deadline = clock.now().saturating_add(Duration::from_secs(5));
/// assert!(clock.until(deadline) <= Duration::from_secs(5));
/// assert_eq!(clock.until(clock.now()), Duration::ZERO);
/// ```
#[derive(Clone, Copy, Debug)]
pub struct StdClock {
    began: std::time::Instant,
    slept: Duration,
}

impl StdClock {
    /// Begins to count.
    pub fn start() -> Self {
        Self { began: std::time::Instant::now(), slept: time_asleep() }
    }

    /// The time.
    pub fn now(&self) -> Instant {
        self.at(self.began.elapsed(), time_asleep())
    }

    fn at(&self, awake: Duration, slept: Duration) -> Instant {
        let passed = awake.saturating_add(slept.saturating_sub(self.slept));
        Instant::ZERO.saturating_add(START).saturating_add(passed)
    }

    /// How long it is until `deadline`; zero if it has come.
    pub fn until(&self, deadline: Instant) -> Duration {
        deadline.saturating_since(self.now())
    }
}

#[cfg(test)]
mod tests {
    use super::StdClock;
    use std::time::Duration;

    #[test]
    fn time_goes_on_while_the_computer_sleeps() {
        let clock = StdClock::start();
        let second = Duration::from_secs(1);
        let awake = clock.at(second, clock.slept);
        let woken = clock.at(second, clock.slept + 3600 * second);
        assert_eq!(woken.saturating_since(awake), 3600 * second);
    }
}
