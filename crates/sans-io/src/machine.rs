//! The trait.
use crate::{Frame, Input, Instant, Output, Path, Verdict};
use alloc::boxed::Box;
use core::fmt;

/// A protocol that only computes. See the [crate documentation](crate) for the run loop and the
/// laws that every implementation keeps.
///
/// Commands (connect, add a candidate, send) are inherent methods of each machine. They take `now`
/// first and run the timers that are due by then before they do anything else.
pub trait Machine {
    /// What the machine tells the application.
    type Event: fmt::Debug;

    /// The world acts on the machine. Never fails and never panics, whatever the bytes.
    fn handle_input<'a>(&mut self, now: Instant, input: Input<'a>) -> Verdict<'a>;

    /// The machine acts on the world. To be called until it returns [`Output::Timeout`], which is
    /// computed from state and returned only when nothing else waits.
    fn poll_output(&mut self) -> Output<Self::Event>;

    /// Streams only, and pure: where does the first frame of `buffer` end? Drivers call it through
    /// [`next_frame`](crate::next_frame), which holds the answer to its bounds.
    fn frame(&self, path: &Path, buffer: &[u8]) -> Frame {
        let _ = path;
        Frame::Whole(buffer.len())
    }

    /// Time has passed: [`handle_input`](Self::handle_input) with [`Input::Timeout`].
    fn handle_timeout(&mut self, now: Instant) {
        let verdict = self.handle_input(now, Input::Timeout);
        debug_assert!(matches!(verdict, Verdict::Consumed), "a timeout is always taken");
    }
}

impl<M: Machine + ?Sized> Machine for Box<M> {
    type Event = M::Event;

    fn handle_input<'a>(&mut self, now: Instant, input: Input<'a>) -> Verdict<'a> {
        (**self).handle_input(now, input)
    }

    fn poll_output(&mut self) -> Output<M::Event> {
        (**self).poll_output()
    }

    fn frame(&self, path: &Path, buffer: &[u8]) -> Frame {
        (**self).frame(path, buffer)
    }
}

impl<M: Machine + ?Sized> Machine for &mut M {
    type Event = M::Event;

    fn handle_input<'a>(&mut self, now: Instant, input: Input<'a>) -> Verdict<'a> {
        (**self).handle_input(now, input)
    }

    fn poll_output(&mut self) -> Output<M::Event> {
        (**self).poll_output()
    }

    fn frame(&self, path: &Path, buffer: &[u8]) -> Frame {
        (**self).frame(path, buffer)
    }
}
