//! Watches a machine's input for what it says about a server that does not answer as it should.
use sans_io::{DropReason, Frame, Input, Instant, Machine, Output, Path, PathFault, Verdict};
use std::net::IpAddr;

/// What was seen.
#[derive(Clone, Copy, Debug, Default)]
pub(super) struct Seen {
    /// The server sent something, but it was no answer.
    pub(super) foreign: bool,
    /// The last ICMP error.
    pub(super) fault: Option<PathFault>,
}

/// A machine, and what was seen of a server.
#[derive(Debug)]
pub(super) struct Watched<M> {
    machine: M,
    server: IpAddr,
    seen: Seen,
}

impl<M> Watched<M> {
    pub(super) fn new(machine: M, server: IpAddr) -> Self {
        Self { machine, server, seen: Seen::default() }
    }

    pub(super) fn seen(&self) -> Seen {
        self.seen
    }
}

impl<M: Machine> Machine for Watched<M> {
    type Event = M::Event;

    fn handle_input<'a>(&mut self, now: Instant, input: Input<'a>) -> Verdict<'a> {
        let from = match &input {
            Input::Received { path, .. } => Some(path.remote().ip()),
            Input::PathFailed { fault, .. } => {
                self.seen.fault = Some(*fault);
                None
            }
            _ => None,
        };
        let verdict = self.machine.handle_input(now, input);
        let refused = [Verdict::Unclaimed, Verdict::Dropped(DropReason::Malformed)];
        if from == Some(self.server) && refused.contains(&verdict) {
            self.seen.foreign = true;
        }
        verdict
    }

    fn poll_output(&mut self) -> Output<M::Event> {
        self.machine.poll_output()
    }

    fn frame(&self, path: &Path, buffer: &[u8]) -> Frame {
        self.machine.frame(path, buffer)
    }
}
