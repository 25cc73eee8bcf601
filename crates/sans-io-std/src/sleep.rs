//! How long the computer has been asleep, where the system tells.
use std::time::Duration;

/// How long the computer has been asleep since it started, to within a few microseconds. Zero where
/// the system is not asked: everywhere but on Linux and Android.
///
/// `std::time::Instant` stands still meanwhile, but the lifetimes of allocations, consent and nonces go
/// on at the other side.
#[cfg(any(target_os = "linux", target_os = "android"))]
pub fn time_asleep() -> Duration {
    use rustix::time::{ClockId, clock_gettime};
    let read = |clock| {
        let time = clock_gettime(clock);
        let nanos = u32::try_from(time.tv_nsec).unwrap_or(0);
        Duration::new(u64::try_from(time.tv_sec).unwrap_or(0), nanos)
    };
    // this order, so that what passes between the two reads is never taken for sleep
    let boot = read(ClockId::Boottime);
    let slept = boot.saturating_sub(read(ClockId::Monotonic));
    // the two clocks are read one after the other, so their difference wavers; sleep does not
    if slept < Duration::from_millis(1) { Duration::ZERO } else { slept }
}

/// How long the computer has been asleep since it started: this system is not asked.
#[cfg(not(any(target_os = "linux", target_os = "android")))]
pub fn time_asleep() -> Duration {
    Duration::ZERO
}

#[cfg(test)]
mod tests {
    use super::time_asleep;
    use std::time::Duration;

    #[test]
    fn this_computer_does_not_fall_asleep_between_two_lines() {
        let first = time_asleep();
        let second = time_asleep();
        assert!(second.abs_diff(first) < Duration::from_millis(5), "{first:?} {second:?}");
    }
}
