//! The law checker: it records one random run of a machine, then replays the same inputs under
//! other driving habits and compares.
//!
//! A test describes its machine as a [`Subject`] and calls [`check`] with many seeds, [`Flood`]
//! with a counting allocator for law 8, and [`cuts`] for machines that read streams. Law 11 is a
//! bench.
//!
//! | law | how it is checked |
//! |---|---|
//! | 1 pure | a second machine with the same inputs says the same, in the same order |
//! | 2 ends | no drain is longer than [`Subject::DRAIN_MAX`] |
//! | 3 rest is rest | every drain is repeated twice, and adds nothing |
//! | 4 forward | after every drain the deadline is later than `now` |
//! | 5 early is harmless | wake-ups are put in where nothing is due; the recording holds late ones |
//! | 6 time never runs back | inputs that come at one instant are told with an older clock |
//! | 7 late drains | only every [`Subject::LATE_MAX`]th input is followed by a drain |
//! | 8 bounded | [`Flood`] |
//! | 9 no bytes panic | any panic |
//! | 10 `Err` did nothing | failed commands are replaced by timeouts |
//! | 12 cuts are invisible | [`cuts`] |
mod cuts;
mod footprint;
mod log;
mod record;
mod replay;
mod rng;
mod step;

pub use cuts::cuts;
pub use footprint::Flood;
pub use rng::Rng;

use crate::{Instant, Machine, Path, Transmit};
use alloc::{string::String, vec::Vec};
use core::fmt;
use record::Recording;
use replay::Habit;
use std::panic::{AssertUnwindSafe, catch_unwind};

/// What the checker cannot know of a machine: how to build it, what its commands are, and what its
/// bytes look like.
pub trait Subject {
    /// The machine.
    type Machine: Machine;
    /// A command with its arguments.
    type Command: Clone + fmt::Debug;
    /// The most outputs that one drain may give (law 2), as the machine documents it.
    const DRAIN_MAX: usize;
    /// The most inputs that may come between two drains (law 7), as the machine documents it.
    const LATE_MAX: usize;

    /// A new machine, the same every time.
    fn build(&self) -> Self::Machine;

    /// Paths on which bytes come, some that the machine knows and some that it does not. Paths of
    /// sockets that open during the run are added by the checker, with the remote addresses of
    /// these.
    fn paths(&self) -> Vec<Path>;

    /// Bytes to receive: noise, valid messages, and above all plausible answers to what was sent.
    fn bytes(&self, rng: &mut Rng, sent: &[Transmit]) -> Vec<u8>;

    /// A command to run.
    fn command(&self, rng: &mut Rng) -> Self::Command;

    /// Runs a command. What it returned, as text; `Err` where it failed.
    fn run(
        &self,
        machine: &mut Self::Machine,
        now: Instant,
        command: &Self::Command,
    ) -> Result<String, String>;
}

/// A law, by its number in the [crate documentation](crate#the-laws).
#[derive(Clone, Copy, Debug, PartialEq, Eq, PartialOrd, Ord, Hash)]
pub enum Law {
    /// Law 1.
    Pure,
    /// Law 2.
    Ends,
    /// Law 3.
    RestIsRest,
    /// Law 4.
    Forward,
    /// Law 5.
    EarlyIsHarmless,
    /// Law 6.
    TimeNeverRunsBack,
    /// Law 7.
    LateDrains,
    /// Law 9.
    NoBytesPanic,
    /// Law 10.
    ErrDidNothing,
    /// Law 12.
    CutsAreInvisible,
}

/// A broken law, with what is needed to see it again.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Violation {
    /// Which law.
    pub law: Law,
    /// The seed that showed it.
    pub seed: u64,
    /// What differed.
    pub detail: String,
}

impl fmt::Display for Violation {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        write!(f, "law {:?} broken with seed {}: {}", self.law, self.seed, self.detail)
    }
}

impl core::error::Error for Violation {}

/// Checks laws 1 to 7, 9 and 10 over one random run of `len` inputs, and a few more at the end of
/// time ([`Instant::FAR`]).
///
/// # Errors
/// The first law found broken.
pub fn check<S: Subject>(subject: &S, seed: u64, len: usize) -> Result<(), Violation> {
    let fail = |(law, detail)| Violation { law, seed, detail };
    catch_unwind(AssertUnwindSafe(|| check_all(subject, seed, len)))
        .unwrap_or_else(|_| Err((Law::NoBytesPanic, "it panicked".into())))
        .map_err(fail)
}

type Fault = (Law, String);

fn check_all<S: Subject>(subject: &S, seed: u64, len: usize) -> Result<(), Fault> {
    let recording = Recording::make(subject, seed, len)?;
    for habit in Habit::all::<S>() {
        habit.replay(subject, &recording)?;
    }
    Ok(())
}
