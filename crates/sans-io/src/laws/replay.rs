//! Driving habits, under each of which the recorded inputs must come to the same.
use super::{
    Fault, Law, Subject,
    log::Log,
    record::{Recorded, Recording},
};
use crate::{Instant, Machine};
use alloc::format;
use core::time::Duration;

#[derive(Clone, Copy, PartialEq, Eq, Debug)]
pub(super) enum Habit {
    /// Exactly as recorded.
    Same,
    /// Polls again at rest.
    PollTwice,
    /// Wakes the machine where nothing is due.
    WakeEarly,
    /// Tells an older clock where no time has passed.
    StaleClock,
    /// Drains after every so many inputs only.
    DrainLate(usize),
    /// Puts a timeout in the place of a command that failed.
    SkipFailed,
}

impl Habit {
    pub(super) fn all<S: Subject>() -> [Self; 6] {
        [
            Self::Same,
            Self::PollTwice,
            Self::WakeEarly,
            Self::StaleClock,
            Self::DrainLate(S::LATE_MAX.max(1)),
            Self::SkipFailed,
        ]
    }

    const fn law(self) -> Law {
        match self {
            Self::Same => Law::Pure,
            Self::PollTwice => Law::RestIsRest,
            Self::WakeEarly => Law::EarlyIsHarmless,
            Self::StaleClock => Law::TimeNeverRunsBack,
            Self::DrainLate(_) => Law::LateDrains,
            Self::SkipFailed => Law::ErrDidNothing,
        }
    }

    /// Replays `recording` under this habit, and compares.
    pub(super) fn replay<S: Subject>(
        self,
        subject: &S,
        recording: &Recording<S::Command>,
    ) -> Result<(), Fault> {
        let log = self.run(subject, &recording.steps).map_err(|(law, detail)| {
            // Whatever goes wrong under a habit goes wrong because of it: the recording was clean.
            (self.law(), format!("{law:?} under {self:?}: {detail}"))
        })?;
        let difference = match self {
            Self::Same | Self::PollTwice => recording.log.differs(&log),
            _ => recording.log.lane_differs(&log),
        };
        difference.map_or(Ok(()), |detail| Err((self.law(), detail)))
    }

    fn run<S: Subject>(self, subject: &S, steps: &[Recorded<S::Command>]) -> Result<Log, Fault> {
        let mut machine = subject.build();
        let mut log = Log::default();
        let mut now = Instant::ZERO;
        let mut wake = None;
        for (index, Recorded { at, step, failed }) in steps.iter().enumerate() {
            if self == Self::WakeEarly {
                wake_early::<S>(&mut machine, now, *at, wake, &mut log)?;
            }
            let stale = self == Self::StaleClock && *at == now;
            let told = if stale { Instant::from_nanos(now.as_nanos() / 2) } else { *at };
            now = *at;
            match failed {
                Some(error) if self == Self::SkipFailed => {
                    machine.handle_timeout(now);
                    log.note("command", error.clone());
                }
                _ => drop(step.apply(subject, &mut machine, told, &mut log)),
            }
            if let Self::DrainLate(every) = self
                && index % every != 0
            {
                continue;
            }
            wake = log.drain::<S>(&mut machine, |_| {})?;
            if wake.is_some_and(|wake| wake <= now) {
                return Err((Law::Forward, format!("at {now:?} it wants {wake:?}")));
            }
            if self == Self::PollTwice {
                poll_again::<S>(&mut machine, wake, &mut log)?;
            }
            log.all.push(format!("wake {wake:?}"));
        }
        log.drain::<S>(&mut machine, |_| {})?;
        Ok(log)
    }
}

/// Wakes the machine half-way to the next input, unless something is due by then.
fn wake_early<S: Subject>(
    machine: &mut S::Machine,
    now: Instant,
    next: Instant,
    wake: Option<Instant>,
    log: &mut Log,
) -> Result<(), Fault> {
    let half = Duration::from_nanos(next.saturating_since(now).as_nanos() as u64 / 2);
    let early = now.saturating_add(half);
    if wake.is_none_or(|wake| wake > early) {
        machine.handle_timeout(early);
        log.drain::<S>(machine, |_| {})?;
    }
    Ok(())
}

fn poll_again<S: Subject>(
    machine: &mut S::Machine,
    wake: Option<Instant>,
    log: &mut Log,
) -> Result<(), Fault> {
    for _ in 0..2 {
        let lines = log.all.len();
        let again = log.drain::<S>(machine, |_| {})?;
        if again != wake || log.all.len() != lines {
            return Err((Law::RestIsRest, format!("at rest {wake:?}, then {again:?}")));
        }
    }
    Ok(())
}
