//! One mailbox: its two ends, and what waits for the second.
use alloc::vec::Vec;
use bytes::Bytes;
use sans_io::Path;

/// Which of the two.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(crate) enum Place {
    /// Opened it.
    First,
    /// Claimed it.
    Second,
}

/// How it is found.
#[derive(Clone, Copy, Debug, PartialEq, Eq, PartialOrd, Ord)]
pub(crate) enum Label {
    Number(u32),
    Name([u8; 16]),
}

/// A mailbox.
#[derive(Debug)]
pub(crate) struct Mailbox {
    pub(crate) label: Label,
    first: Path,
    second: Option<Path>,
    /// From the first, for a second who is not there yet.
    waiting: Vec<Bytes>,
    /// Messages so far, of both.
    count: usize,
}

/// What becomes of a message.
#[derive(Debug, PartialEq, Eq)]
pub(crate) enum Put {
    /// It goes to this one.
    Deliver(Path),
    /// It waits.
    Waits,
    /// The mailbox takes no more.
    Full,
}

impl Mailbox {
    pub(crate) fn new(label: Label, first: Path) -> Self {
        Self { label, first, second: None, waiting: Vec::new(), count: 0 }
    }

    /// Lets the second in, who gets what waits. `None`: it is there already.
    pub(crate) fn claim(&mut self, second: Path) -> Option<Vec<Bytes>> {
        if self.second.is_some() {
            return None;
        }
        self.second = Some(second);
        Some(core::mem::take(&mut self.waiting))
    }

    pub(crate) fn put(&mut self, from: Place, message: &[u8], max: usize) -> Put {
        if self.count >= max {
            return Put::Full;
        }
        self.count += 1;
        match (from, self.second) {
            (Place::Second, _) => Put::Deliver(self.first),
            (Place::First, Some(second)) => Put::Deliver(second),
            (Place::First, None) => {
                self.waiting.push(Bytes::copy_from_slice(message));
                Put::Waits
            }
        }
    }

    pub(crate) fn first(&self) -> Path {
        self.first
    }

    /// Everybody who is there.
    pub(crate) fn ends(&self) -> impl Iterator<Item = Path> + use<> {
        core::iter::once(self.first).chain(self.second)
    }

    /// Bytes that wait.
    pub(crate) fn held(&self) -> usize {
        self.waiting.iter().map(Bytes::len).sum()
    }
}
