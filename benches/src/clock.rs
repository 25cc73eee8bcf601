//! Processor time: what this thread worked, not what it waited for while others did.
use core::time::Duration;
use nix::time::{ClockId, clock_gettime};

/// How long `work` kept the processor busy.
pub fn busy(work: impl FnOnce()) -> Duration {
    let start = now();
    work();
    now().saturating_sub(start)
}

fn now() -> Duration {
    let time = clock_gettime(ClockId::CLOCK_THREAD_CPUTIME_ID);
    time.expect("the clock of this thread").into()
}
