//! Law 8: what a machine keeps under a flood stays within its configuration.
use super::{Rng, Subject, log::Log};
use crate::{Input, Instant, Machine, Path, PathFault, SocketId};
use alloc::vec::Vec;
use core::{fmt, time::Duration};

/// A machine under a flood of inputs and commands. Nothing that it asks for is answered, so all
/// that it opens stays open; time passes.
///
/// Run it once to fill the machine up, then again under a counting allocator: a machine that keeps
/// law 8 holds no more live heap after the second run than after the first, give or take what its
/// collections round up to.
///
/// ```text
/// let mut flood = Flood::new(&subject);
/// flood.run(2_000);
/// let more = allocation_counter::measure(|| flood.run(6_000)).bytes_current;
/// assert!(more < 8_192);
/// ```
pub struct Flood<'s, S: Subject> {
    subject: &'s S,
    machine: S::Machine,
    paths: Vec<Path>,
    rng: Rng,
    now: Instant,
}

impl<'s, S: Subject> Flood<'s, S> {
    /// A machine before the flood.
    pub fn new(subject: &'s S) -> Self {
        Self {
            subject,
            machine: subject.build(),
            paths: subject.paths(),
            rng: Rng::new(7),
            now: Instant::ZERO,
        }
    }

    /// Gives it `len` inputs and as many commands.
    pub fn run(&mut self, len: usize) {
        for index in 0..len {
            self.now = self.now.saturating_add(Duration::from_nanos(self.rng.below(200_000_000)));
            self.input();
            let command = self.subject.command(&mut self.rng);
            // What the command came to is checked elsewhere; here only what is kept of it counts.
            drop(self.subject.run(&mut self.machine, self.now, &command));
            if index % S::LATE_MAX.max(1) == 0 {
                let rest = Log::default().drain::<S>(&mut self.machine, |_| {});
                debug_assert!(rest.is_ok(), "law 2 is checked elsewhere");
            }
        }
    }

    fn input(&mut self) {
        let Some(&path) = self.rng.pick(&self.paths) else { return };
        let bytes = self.subject.bytes(&mut self.rng, &[]);
        let input = match self.rng.below(6) {
            0 if path.transport().is_stream() => Input::Accepted { listener: SocketId(0), path },
            1 => Input::PathFailed { path, fault: PathFault::Reset },
            _ => Input::received(path, &bytes),
        };
        let _ = self.machine.handle_input(self.now, input);
    }
}

impl<S: Subject> fmt::Debug for Flood<'_, S> {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.debug_struct("Flood").field("now", &self.now).finish_non_exhaustive()
    }
}
