//! What sending and receiving have in common: how far it is, what happens, how it ends, and what the
//! data looks like on its stream.
//!
//! A file is its number and that of its first piece (32 bits each, big-endian); then each piece with
//! its length and its proof before it; then an end, which is the length 0 with the hash of the file if
//! the sender read all of it, or the length 2³² − 1 if the sender gives it up.
use crate::{
    LandingError, LinkError, ManifestFault, Refusal,
    tree::{PIECE, Proof},
};
use std::{
    path::PathBuf,
    sync::{
        Arc,
        atomic::{AtomicBool, AtomicU64, Ordering},
    },
};
use thiserror::Error;
use tokio::sync::{mpsc, watch};

/// Length and proof.
pub(crate) const PIECE_HEAD: usize = 4 + size_of::<Proof>();

/// A length that says that there is no more of a file.
const GIVEN_UP: u32 = u32::MAX;

/// What stands before a piece, or after the last one.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(crate) enum PieceHead {
    Piece {
        len: usize,
        proof: Proof,
    },
    /// The file is whole; its hash, unless the sender did not read all of it this time.
    Whole(Option<Proof>),
    GivenUp,
}

impl PieceHead {
    pub(crate) fn encode(self) -> [u8; PIECE_HEAD] {
        let (len, proof) = match self {
            Self::Piece { len, proof } => (len as u32, proof),
            Self::Whole(hash) => (0, hash.unwrap_or_default()),
            Self::GivenUp => (GIVEN_UP, Proof::default()),
        };
        let mut head = [0; PIECE_HEAD];
        head[..4].copy_from_slice(&len.to_be_bytes());
        head[4..].copy_from_slice(&proof);
        head
    }

    /// `None`: there is no such piece.
    pub(crate) fn decode(head: &[u8; PIECE_HEAD]) -> Option<Self> {
        let (len, proof) = head.split_first_chunk()?;
        let proof = Proof::try_from(proof).ok()?;
        match u32::from_be_bytes(*len) {
            0 => Some(Self::Whole((proof != Proof::default()).then_some(proof))),
            GIVEN_UP => Some(Self::GivenUp),
            len if u64::from(len) <= PIECE => Some(Self::Piece { len: len as usize, proof }),
            _ => None,
        }
    }
}

/// Events that wait for whoever shows them.
const EVENTS_MAX: usize = 64;

/// Something worth a line.
#[derive(Clone, Debug, PartialEq, Eq)]
#[non_exhaustive]
pub enum Event {
    /// So many bytes are there from an earlier time.
    Resumed(u64),
    /// A file has gone over whole.
    File {
        /// Which, as it was told.
        path: String,
        /// The BLAKE3 hash of its contents; `None` where this side did not see all of them.
        hash: Option<[u8; 32]>,
    },
    /// A file could not be sent, or not be written.
    Failed {
        /// Which, as it was told.
        path: String,
        /// Why.
        why: String,
    },
    /// The receiver cannot go on for now, and why.
    Paused(String),
    /// It goes on.
    Continued,
    /// Something is where it belongs, under this name.
    Arrived(String),
}

/// How far a transfer is.
#[derive(Debug, Default)]
pub struct Meter {
    total: AtomicU64,
    done: AtomicU64,
    cancelled: AtomicBool,
}

impl Meter {
    /// Bytes in all.
    pub fn total(&self) -> u64 {
        self.total.load(Ordering::Relaxed)
    }

    /// Bytes that are there and proved.
    pub fn done(&self) -> u64 {
        self.done.load(Ordering::Relaxed)
    }

    pub(crate) fn set_total(&self, total: u64) {
        self.total.store(total, Ordering::Relaxed);
    }

    pub(crate) fn set_done(&self, done: u64) {
        self.done.store(done, Ordering::Relaxed);
    }

    pub(crate) fn add(&self, bytes: u64) {
        self.done.fetch_add(bytes, Ordering::Relaxed);
    }
}

/// Tells whoever watches how far a transfer is, and what happens.
#[derive(Clone, Debug)]
pub struct Report {
    meter: Arc<Meter>,
    events: mpsc::Sender<Event>,
    paused: Arc<watch::Sender<Option<String>>>,
}

impl Report {
    /// The teller, the events, and how far it is.
    pub fn new() -> (Self, mpsc::Receiver<Event>, Arc<Meter>) {
        let (events, told) = mpsc::channel(EVENTS_MAX);
        let meter = Arc::new(Meter::default());
        let paused = Arc::new(watch::Sender::new(None));
        (Self { meter: Arc::clone(&meter), events, paused }, told, meter)
    }

    pub(crate) fn meter(&self) -> &Meter {
        &self.meter
    }

    pub(crate) async fn tell(&self, event: Event) {
        // nobody listens: nobody is told
        let _ = self.events.send(event).await;
    }

    /// From a thread that may wait.
    pub(crate) fn tell_blocking(&self, event: Event) {
        let _ = self.events.blocking_send(event);
    }

    /// Says why it cannot go on for now, or that it does.
    pub(crate) fn pause(&self, why: Option<String>) {
        self.paused.send_replace(why);
    }

    pub(crate) fn paused(&self) -> watch::Receiver<Option<String>> {
        self.paused.subscribe()
    }

    pub(crate) fn is_cancelled(&self) -> bool {
        self.meter.cancelled.load(Ordering::Relaxed)
    }

    /// Ends the threads of a transfer with it.
    pub(crate) fn guard(&self) -> CancelGuard {
        CancelGuard(Arc::clone(&self.meter))
    }
}

/// Whoever gives a transfer up takes its threads along.
#[derive(Debug)]
pub(crate) struct CancelGuard(Arc<Meter>);

impl Drop for CancelGuard {
    fn drop(&mut self) {
        self.0.cancelled.store(true, Ordering::Relaxed);
    }
}

/// How a transfer ended.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub struct Outcome {
    /// Files that are whole on the other side.
    pub files: u32,
    /// Files that are not.
    pub failed: u32,
    /// Bytes of all that was offered.
    pub bytes: u64,
}

/// Why a transfer did not come to its end.
#[derive(Debug, Error)]
#[non_exhaustive]
pub enum TransferError {
    /// The connection is gone, or was never what it should be.
    #[error(transparent)]
    Link(#[from] LinkError),
    /// The other side does not want it.
    #[error("the other side refuses: {}", refused(.0))]
    Refused(Refusal),
    /// We do not want what was offered.
    #[error("what the other side offers is refused: {0}")]
    Manifest(#[from] ManifestFault),
    /// It cannot land here.
    #[error(transparent)]
    Landing(#[from] LandingError),
    /// There is not enough room.
    #[error("it takes {wanted} bytes and {free} are free (--ignore-space tries all the same)")]
    NoSpace {
        /// Bytes that are to come.
        wanted: u64,
        /// Bytes that are free.
        free: u64,
    },
    /// The disk fails.
    #[error("{}: {fault}", .path.display())]
    Disk {
        /// Where.
        path: PathBuf,
        /// How.
        fault: std::io::Error,
    },
    /// A piece is not what its proof says.
    #[error(
        "a piece of '{0}' is not what it should be: the memory or the disk of a computer fails"
    )]
    Proof(String),
    /// What was begun and what is offered now are not the same.
    #[error("what is offered is not what was begun; receive it anew, without --resume")]
    Other,
    /// The other side does not prove that it was there.
    #[error("the other side was not part of the interrupted transfer; receive it anew")]
    Stranger,
    /// A task was ended.
    #[error("the transfer was given up")]
    Cancelled,
}

/// In words.
fn refused(refusal: &Refusal) -> String {
    let shown = |text: &String| crate::printable(text).into_owned();
    match refusal {
        Refusal::Declined => "nobody there wants it".to_owned(),
        Refusal::Exists(name) => {
            format!("'{}' is there already (receive --rename or --overwrite)", shown(name))
        }
        Refusal::NoSpace(wanted, free) => {
            format!("it takes {wanted} bytes and {free} are free there")
        }
        Refusal::Manifest(why) => format!("of what is offered, {}", shown(why)),
        Refusal::Purpose(_) => "it runs another command".to_owned(),
        Refusal::Resume(why) | Refusal::Failed(why) => shown(why),
    }
}

#[cfg(test)]
mod tests {
    use super::{PIECE_HEAD, PieceHead};
    use crate::tree::PIECE;

    #[test]
    fn the_head_of_a_piece_comes_back_and_a_longer_one_is_refused() {
        let proof = [7; 32];
        for head in [
            PieceHead::Piece { len: 1, proof },
            PieceHead::Piece { len: PIECE as usize, proof },
            PieceHead::Whole(Some(proof)),
            PieceHead::Whole(None),
            PieceHead::GivenUp,
        ] {
            assert_eq!(PieceHead::decode(&head.encode()), Some(head));
        }
        let mut head = [0; PIECE_HEAD];
        head[..4].copy_from_slice(&(PIECE as u32 + 1).to_be_bytes());
        assert_eq!(PieceHead::decode(&head), None);
    }
}
