//! Any machine behind one interface, with its type kept for the way back.
use crate::trace::Trace;
use sans_io::{Input, Instant, Machine, NextFrame, Output, Path, Verdict};
use std::any::Any;

/// A machine as the world sees it.
pub(crate) trait Hosted {
    fn input<'a>(&mut self, now: Instant, input: Input<'a>) -> Verdict<'a>;
    /// Polls, and keeps events with their time.
    fn poll(&mut self, now: Instant, trace: &mut Trace) -> Output<()>;
    fn next_frame<'a>(&self, path: &Path, buffer: &'a [u8]) -> NextFrame<'a>;
    fn as_any(&self) -> &dyn Any;
    fn as_any_mut(&mut self) -> &mut dyn Any;
}

/// A machine with the events that it has had.
pub(crate) struct Hosting<M: Machine> {
    pub(crate) machine: M,
    pub(crate) events: Vec<(Instant, M::Event)>,
}

impl<M: Machine + 'static> Hosted for Hosting<M> {
    fn input<'a>(&mut self, now: Instant, input: Input<'a>) -> Verdict<'a> {
        self.machine.handle_input(now, input)
    }

    fn poll(&mut self, now: Instant, trace: &mut Trace) -> Output<()> {
        self.machine.poll_output().map(|event| {
            trace.event(now, &event);
            self.events.push((now, event));
        })
    }

    fn next_frame<'a>(&self, path: &Path, buffer: &'a [u8]) -> NextFrame<'a> {
        sans_io::next_frame(&self.machine, path, buffer)
    }

    fn as_any(&self) -> &dyn Any {
        self
    }

    fn as_any_mut(&mut self) -> &mut dyn Any {
        self
    }
}
