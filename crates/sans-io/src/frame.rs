//! Splitting a stream into the units that a machine takes as one input each.
use crate::{Machine, Path};

/// Where the first frame of a buffer ends.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Frame {
    /// The first so many bytes make the next input.
    Whole(usize),
    /// The buffer must grow to at least so many bytes before that can be said.
    Need(usize),
    /// What stands there is no frame, so where the next one begins cannot be known: the driver hangs
    /// up, and says so with [`Input::PathFailed`](crate::Input::PathFailed).
    Broken,
}

/// The longest frame that any machine may ask for: a STUN message or ChannelData at the limit of
/// its 16-bit length, with padding.
pub const MAX_FRAME: usize = 65_556;

/// What [`next_frame`] found.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum NextFrame<'a> {
    /// A frame to offer as [`Input::Received`](crate::Input::Received), and what follows it.
    Frame {
        /// The frame.
        frame: &'a [u8],
        /// The rest of the buffer.
        rest: &'a [u8],
    },
    /// Read until the buffer holds at least so many bytes.
    Need(usize),
    /// The stream is of no use any more; hang up.
    Broken,
}

/// Splits the next input off a stream buffer. Holds what [`Machine::frame`] says to its bounds: a
/// frame is not empty, lies within the buffer, and never needs more than [`MAX_FRAME`] bytes. What
/// breaks them is a bug of the machine, and taken as [`Frame::Broken`].
pub fn next_frame<'a, M: Machine + ?Sized>(
    machine: &M,
    path: &Path,
    buffer: &'a [u8],
) -> NextFrame<'a> {
    if buffer.is_empty() {
        return NextFrame::Need(1);
    }
    match machine.frame(path, buffer) {
        Frame::Whole(len) if 0 < len && len <= buffer.len() => {
            let (frame, rest) = buffer.split_at(len);
            NextFrame::Frame { frame, rest }
        }
        Frame::Need(len) if buffer.len() < len && len <= MAX_FRAME => NextFrame::Need(len),
        Frame::Whole(_) | Frame::Need(_) | Frame::Broken => NextFrame::Broken,
    }
}
