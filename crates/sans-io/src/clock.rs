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
    #[inline]
    pub fn tick(&mut self, now: Instant) -> Instant {
        self.0 = self.0.max(now);
        self.0
    }

    /// Whether `deadline` has come, should it be `now`.
    ///
    /// ```
    /// use sans_io::{Clock, Instant};
    /// let mut clock = Clock::default();
    /// let deadline = Some(Instant::from_secs(5));
    /// assert!(!clock.has_come(deadline, Instant::from_secs(4)));
    /// assert!(clock.has_come(deadline, Instant::from_secs(5)));
    /// clock.tick(Instant::from_secs(6));
    /// assert!(clock.has_come(deadline, Instant::from_secs(4)));
    /// assert!(!clock.has_come(None, Instant::FAR));
    /// ```
    #[inline]
    pub fn has_come(&self, deadline: Option<Instant>, now: Instant) -> bool {
        deadline.is_some_and(|deadline| deadline <= self.0.max(now))
    }

    /// The newest time seen.
    #[inline]
    pub const fn now(&self) -> Instant {
        self.0
    }
}
