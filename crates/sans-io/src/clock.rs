//! The newest time that a machine has seen.
use crate::Instant;

/// Holds time to law 6: an older `now` counts as the newest one seen. A machine, and above all a
/// parent, passes every `now` through here before it uses it.
///
/// ```
/// use sans_io::{Clock, Instant};
/// let mut clock = Clock::default();
/// assert_eq!(clock.tick(Instant::from_secs(5)), Instant::from_secs(5));
/// assert_eq!(clock.tick(Instant::from_secs(3)), Instant::from_secs(5));
/// ```
#[derive(Clone, Copy, Debug, Default)]
pub struct Clock(Instant);

impl Clock {
    /// Takes note of `now` and gives the newest time seen.
    pub fn tick(&mut self, now: Instant) -> Instant {
        self.0 = self.0.max(now);
        self.0
    }

    /// The newest time seen.
    pub const fn now(&self) -> Instant {
        self.0
    }
}
