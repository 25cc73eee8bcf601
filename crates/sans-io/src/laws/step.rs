//! One recorded input, owned, so that it can be given again.
use super::{Subject, log::Log};
use crate::{
    Input, Instant, LookupAnswer, LookupFault, LookupId, Machine, Path, PathFault, SocketFault,
    SocketId,
};
use alloc::{format, string::String, vec::Vec};
use core::net::SocketAddr;

#[derive(Clone, Debug)]
pub(super) enum Step<C> {
    Bytes(Path, Vec<u8>),
    Socket(SocketId, Result<SocketAddr, SocketFault>),
    LookedUp(LookupId, Result<Vec<LookupAnswer>, LookupFault>),
    Accepted(SocketId, Path),
    Failed(Path, PathFault),
    Timeout,
    Command(C),
}

impl<C> Step<C> {
    /// Gives the step to the machine and logs what it said at once. The logged line, where it was
    /// a command that failed.
    pub(super) fn apply<S: Subject<Command = C>>(
        &self,
        subject: &S,
        machine: &mut S::Machine,
        now: Instant,
        log: &mut Log,
    ) -> Option<String> {
        let answers;
        let input = match self {
            Self::Command(command) => {
                let result = subject.run(machine, now, command);
                let line = format!("{result:?}");
                log.note("command", line.clone());
                return result.is_err().then_some(line);
            }
            Self::Bytes(path, bytes) => Input::received(*path, bytes),
            Self::Socket(id, state) => Input::Socket { id: *id, state: *state },
            Self::LookedUp(id, result) => {
                answers = result.as_ref().map(Vec::as_slice).map_err(|fault| *fault);
                Input::LookedUp { id: *id, result: answers }
            }
            Self::Accepted(listener, path) => Input::Accepted { listener: *listener, path: *path },
            Self::Failed(path, fault) => Input::PathFailed { path: *path, fault: *fault },
            Self::Timeout => Input::Timeout,
        };
        let verdict = machine.handle_input(now, input);
        log.note("verdict", format!("{verdict:?}"));
        None
    }
}
