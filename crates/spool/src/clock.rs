//! The driver's clock: machine time counted from an origin of its own.
use sans_io::Instant;
use std::time::Duration;

/// Turns the time of the runtime into machine time and back. It runs on tokio's clock, so a test
/// that pauses tokio's clock pauses the machines with it.
#[derive(Clone, Copy, Debug)]
pub(crate) struct Origin(tokio::time::Instant);

impl Origin {
    /// Machine time starts now, one second after its zero: a machine that looks a little back in
    /// time never meets the end of it.
    pub(crate) fn start() -> Self {
        let now = tokio::time::Instant::now();
        Self(now.checked_sub(Duration::from_secs(1)).unwrap_or(now))
    }

    pub(crate) fn now(self) -> Instant {
        Instant::ZERO.saturating_add(self.0.elapsed())
    }

    /// When the runtime has to wake up for `at`. A deadline centuries away is cut to a year: the
    /// driver then asks the machine again.
    pub(crate) fn wake_at(self, at: Instant) -> tokio::time::Instant {
        const YEAR: Duration = Duration::from_secs(365 * 24 * 3600);
        let after = at.saturating_since(Instant::ZERO);
        self.0.checked_add(after).unwrap_or_else(|| tokio::time::Instant::now() + YEAR)
    }
}
