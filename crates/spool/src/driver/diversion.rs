//! Connections over TLS that come to one driver and are for another, by what they speak (RFC 7301): one
//! port for several things.
use super::{net::Net, stream::Io};
use sans_io::{Input, Instant, Machine, PathFault, SocketId, Verdict};
use tokio::sync::mpsc;

/// Connections that wait for the other driver; those that are more are closed.
const WAITING_MAX: usize = 64;

/// The listener of connections that were diverted, for the machine that gets them.
const ELSEWHERE: SocketId = SocketId(u64::MAX);

/// Takes the connections that speak one protocol out of a driver.
#[derive(Clone, Debug)]
pub(crate) struct Diversion {
    protocol: &'static [u8],
    to: mpsc::Sender<Diverted>,
}

/// A connection for another driver.
#[derive(Debug)]
pub(crate) struct Diverted(Io);

impl Diversion {
    /// For this protocol, and where they come out.
    pub(crate) fn new(protocol: &'static [u8]) -> (Self, mpsc::Receiver<Diverted>) {
        let (to, diverted) = mpsc::channel(WAITING_MAX);
        (Self { protocol, to }, diverted)
    }

    /// Gives back what is not for the other.
    pub(super) fn take(&self, io: Io) -> Option<Io> {
        let spoken = io.session.as_ref().and_then(super::session::Session::protocol);
        if spoken != Some(self.protocol) {
            return Some(io);
        }
        // there are too many of them, or nobody is there for them
        let _ = self.to.try_send(Diverted(io));
        None
    }
}

impl Net {
    /// Offers a connection that came elsewhere to the machine, and closes it unless it is taken.
    pub(super) fn take_diverted<M: Machine>(
        &mut self,
        machine: &mut M,
        now: Instant,
        diverted: Diverted,
    ) {
        let Diverted(io) = diverted;
        let Ok(path) = io.path() else { return };
        let verdict = machine.handle_input(now, Input::Accepted { listener: ELSEWHERE, path });
        self.count(&verdict);
        if verdict == Verdict::Consumed {
            self.tcp.adopt(path, io, None);
            if self.tcp.is_beyond_full() {
                self.tcp.end(&path, PathFault::Reset);
            }
        }
    }
}
