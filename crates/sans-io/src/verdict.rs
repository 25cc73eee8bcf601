//! What a machine says of an input, at once.
use crate::{DropReason, Packet, Path};

/// Whose an input was, and what becomes of its bytes. It borrows from the input, never from the
/// machine, so payload crosses a machine without a copy and without a queue.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
#[must_use]
pub enum Verdict<'a> {
    /// Taken; drain [`poll_output`](crate::Machine::poll_output).
    Consumed,
    /// Not this machine's: offer it to the next.
    Unclaimed,
    /// This machine's, refused, and already counted.
    Dropped(DropReason),
    /// Bytes for the application, found inside the input.
    Deliver {
        /// The path they travelled, seen past any relay.
        path: Path,
        /// The bytes.
        bytes: &'a [u8],
    },
    /// Send this now: the bytes passed on, or an answer for which nothing is kept.
    Send(Packet<'a>),
}
