//! The clock of those that know only that of the standard library.
use sans_io::Instant;
use std::sync::LazyLock;

/// What they take for the beginning.
static ORIGIN: LazyLock<std::time::Instant> = LazyLock::new(std::time::Instant::now);

pub(crate) fn theirs(now: Instant) -> std::time::Instant {
    *ORIGIN + now.saturating_since(Instant::ZERO)
}

pub(crate) fn ours(at: std::time::Instant) -> Instant {
    Instant::ZERO.saturating_add(at.saturating_duration_since(*ORIGIN))
}
