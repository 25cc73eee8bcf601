//! What a session writes with: room that many sessions of one owner share, since each uses it for no
//! longer than an input takes.
use super::IceSession;
use crate::{IceEvent, messages::Scratch};
use sans_io::Outbox;

/// A queue for what a session says, and a buffer for its messages.
#[derive(Debug)]
pub(crate) struct Tools {
    out: Outbox<IceEvent>,
    scratch: Scratch,
}

impl Tools {
    pub(crate) fn new(outputs_max: usize) -> Self {
        Self { out: Outbox::new(outputs_max), scratch: Scratch::default() }
    }
}

impl IceSession {
    /// Takes these tools in the place of its own, or gives them back.
    pub(crate) const fn swap_tools(&mut self, tools: &mut Tools) {
        core::mem::swap(&mut self.out, &mut tools.out);
        core::mem::swap(&mut self.scratch, &mut tools.scratch);
    }
}
