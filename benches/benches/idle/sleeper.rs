//! A machine that waits, and does nothing else.
use sans_io::{Input, Instant, Machine, Output, Timers, Verdict};

#[derive(Debug)]
pub(crate) struct Sleeper {
    timers: Timers<u32>,
}

impl Sleeper {
    /// With so many timers, none of them due for some hours.
    pub(crate) fn new(timers: u32) -> Self {
        let mut sleeper = Self { timers: Timers::default() };
        for key in 0..timers {
            sleeper.timers.set(key, Some(Instant::from_secs(10_000 + u64::from(key))));
        }
        sleeper
    }
}

impl Machine for Sleeper {
    type Event = ();

    fn handle_input<'a>(&mut self, now: Instant, _: Input<'a>) -> Verdict<'a> {
        while self.timers.pop_due(now).is_some() {}
        Verdict::Consumed
    }

    fn poll_output(&mut self) -> Output<()> {
        Output::Timeout(self.timers.next())
    }
}
