//! A point in time as the machines know it: nanoseconds since an origin that the caller picks.
use core::{fmt, time::Duration};

/// Nanoseconds since an origin that the caller picks once, for example the start of the program.
///
/// All arithmetic saturates, so nothing panics near zero or at the far end (584 years on).
/// Whether time goes on while the device sleeps is the caller's choice of clock; for lifetimes,
/// consent and nonces it should (`CLOCK_BOOTTIME`).
///
/// ```
/// use core::time::Duration;
/// use sans_io::Instant;
/// let start = Instant::from_secs(1);
/// let later = start.saturating_add(Duration::from_millis(50));
/// assert_eq!(later.saturating_since(start), Duration::from_millis(50));
/// assert_eq!(start.saturating_since(later), Duration::ZERO);
/// ```
#[derive(Clone, Copy, PartialEq, Eq, PartialOrd, Ord, Hash, Default)]
pub struct Instant(u64);

impl Instant {
    /// The origin.
    pub const ZERO: Self = Self(0);
    /// The last instant there is.
    pub const FAR: Self = Self(u64::MAX);

    /// The instant `nanos` nanoseconds after the origin.
    pub const fn from_nanos(nanos: u64) -> Self {
        Self(nanos)
    }

    /// The instant `millis` milliseconds after the origin, saturating.
    pub const fn from_millis(millis: u64) -> Self {
        Self(millis.saturating_mul(1_000_000))
    }

    /// The instant `secs` seconds after the origin, saturating.
    pub const fn from_secs(secs: u64) -> Self {
        Self(secs.saturating_mul(1_000_000_000))
    }

    /// Nanoseconds since the origin.
    pub const fn as_nanos(self) -> u64 {
        self.0
    }

    /// Whole milliseconds since the origin.
    pub const fn as_millis(self) -> u64 {
        self.0 / 1_000_000
    }

    /// The earliest of several deadlines, if there are any.
    ///
    /// ```
    /// use sans_io::Instant;
    /// let [soon, later] = [1, 2].map(Instant::from_secs);
    /// assert_eq!(Instant::earliest([Some(later), None, Some(soon)]), Some(soon));
    /// assert_eq!(Instant::earliest([None, None]), None);
    /// ```
    #[inline]
    pub fn earliest<const N: usize>(deadlines: [Option<Self>; N]) -> Option<Self> {
        deadlines.iter().fold(None, |earliest, deadline| match (earliest, *deadline) {
            (Some(one), Some(other)) => Some(one.min(other)),
            (one, other) => one.or(other),
        })
    }

    /// This instant and `delay` more, or [`Instant::FAR`].
    #[must_use]
    #[inline]
    pub fn saturating_add(self, delay: Duration) -> Self {
        Self(self.0.saturating_add(u64::try_from(delay.as_nanos()).unwrap_or(u64::MAX)))
    }

    /// This instant less `delay`, or [`Instant::ZERO`].
    #[must_use]
    #[inline]
    pub fn saturating_sub(self, delay: Duration) -> Self {
        Self(self.0.saturating_sub(u64::try_from(delay.as_nanos()).unwrap_or(u64::MAX)))
    }

    /// How long ago `earlier` was; zero when it is still to come.
    #[inline]
    pub const fn saturating_since(self, earlier: Self) -> Duration {
        Duration::from_nanos(self.0.saturating_sub(earlier.0))
    }
}

/// Seconds with six decimals, as logs want it.
impl fmt::Display for Instant {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        write!(f, "{}.{:06}", self.0 / 1_000_000_000, self.0 / 1_000 % 1_000_000)
    }
}

impl fmt::Debug for Instant {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        write!(f, "{}.{:09}s", self.0 / 1_000_000_000, self.0 % 1_000_000_000)
    }
}
