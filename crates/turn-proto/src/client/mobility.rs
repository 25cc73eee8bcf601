//! An allocation that goes along to another local address (RFC 8016 §3).
use super::{
    State, Timer, TurnClient, TurnEvent, TurnFault,
    paths::{Outlook, Standing},
    request::{Purpose, Task},
};
use crate::ChannelNumber;
use alloc::vec::Vec;
use bytes::Bytes;
use core::time::Duration;
use sans_io::{Instant, Path, Transmit};
use stun_proto::{Message, attribute::Lifetime};
use thiserror::Error;

/// How often the server is told where the client is now, in case that data from peers must wait for it.
const NUDGES: u8 = 4;
/// How long after the first time it is told again; then twice as long, and so on.
const NUDGE_AGAIN: Duration = Duration::from_millis(500);

/// Why an allocation was not asked to move.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Error)]
pub enum RebindError {
    /// There is no allocation.
    #[error("there is no allocation")]
    NotAllocated,
    /// The server did not say that it can move: it was not asked, or does not do so
    /// ([`TurnClientConfig::mobility`](crate::TurnClientConfig::mobility)).
    #[error("the allocation cannot move")]
    NotMobile,
    /// The allocation is there already.
    #[error("the allocation is on that path already")]
    SamePath,
}

impl TurnClient {
    /// Whether the allocation can be moved to another path.
    pub const fn is_mobile(&self) -> bool {
        self.ticket.is_some()
    }

    /// Moves the allocation to another path: the network has changed, and what is sent now leaves
    /// from another local address or another socket. Relayed addresses, permissions and channels stay
    /// as they are. [`Moved`] or [`MoveFailed`] follows, and until then all goes on as before on the old
    /// path, so it is best kept until then. Over a stream the new one must be connected.
    ///
    /// A rebind while another one is under way takes its place. It is for a change that the client
    /// knows of: where only a NAT on the way gave it another address the path stays what it was.
    ///
    /// [`Moved`]: TurnEvent::Moved
    /// [`MoveFailed`]: TurnEvent::MoveFailed
    pub fn rebind(&mut self, now: Instant, path: Path) -> Result<(), RebindError> {
        let now = self.advance(now);
        self.relayed().ok_or(RebindError::NotAllocated)?;
        if self.ticket.is_none() {
            return Err(RebindError::NotMobile);
        }
        if matches!(self.paths.standing(&path), Some(Standing::Current | Standing::Next)) {
            return Err(RebindError::SamePath);
        }
        self.call_off(|purpose| *purpose == Purpose::Move);
        self.paths.begin(path);
        self.start(now, Task { urgent: true, ..Purpose::Move.into() });
        Ok(())
    }

    /// The allocation is at the new path.
    pub(super) fn moved(&mut self, now: Instant, message: &Message<'_>) {
        let Some(lifetime) = message.get::<Lifetime>().filter(|lifetime| lifetime.0 > 0) else {
            return self.move_failed(TurnFault::BadResponse);
        };
        self.keep_ticket(message);
        self.paths.arrive();
        self.keep_for(now, lifetime.duration());
        let path = self.paths.current();
        self.event(TurnEvent::Moved { path, lifetime: lifetime.duration() });
        // What was asked for on the old path may never have got there, and its answer may be lost.
        let asked: Vec<_> = self.transactions.iter().map(|(id, _)| id).collect();
        let asked = asked.into_iter().filter_map(|id| self.transactions.remove(id));
        let asked: Vec<Task> = asked.map(|sent| sent.context.task).collect();
        let stranded = core::mem::take(&mut self.stranded);
        for Task { purpose, urgent, part, .. } in asked.into_iter().chain(stranded) {
            self.start(now, Task { urgent, part, ..purpose.into() });
        }
        self.nudges = NUDGES;
        self.nudge(now);
    }

    /// The allocation did not move.
    pub(super) fn move_failed(&mut self, fault: TurnFault) {
        let Some(path) = self.paths.next() else { return };
        self.call_off(|purpose| *purpose == Purpose::Move);
        if fault == TurnFault::Mismatch {
            return self.lose(fault);
        }
        if fault == TurnFault::MobilityForbidden {
            self.ticket = None;
        }
        match self.paths.give_up() {
            Outlook::Open => self.event(TurnEvent::MoveFailed { path, fault }),
            Outlook::Stranded => self.lose(fault),
        }
    }

    /// Tells the server that data is to go to the new path from now on, for which it waits until data
    /// comes from there (RFC 8016 §3.2.2). The data is none: nothing on a channel that nobody has.
    pub(super) fn nudge(&mut self, now: Instant) {
        if self.nudges == 0 || !matches!(self.state, State::Allocated { .. }) {
            return;
        }
        let again = NUDGE_AGAIN * (1 << (NUDGES - self.nudges));
        self.nudges -= 1;
        self.timers.set(Timer::Nudge, Some(now.saturating_add(again)));
        let [high, low] = ChannelNumber::MAX.get().to_be_bytes();
        if self.channels.peer(ChannelNumber::MAX, now).is_none() {
            let nothing = Bytes::copy_from_slice(&[high, low, 0, 0]);
            self.transmit(Transmit::new(self.paths.current(), nothing));
        }
    }
}
