//! The thread that writes what arrives, file by file in the order of the manifest.
use crate::{
    Event, LinkError, Manifest, Report, TransferError,
    landing::{Arriving, Landing, PieceFault},
    manifest::{Kind, PathOf},
    name::Name,
    tree::Proof,
};
use std::{
    io,
    path::PathBuf,
    sync::{Arc, mpsc as blocking},
    thread,
    time::Duration,
};
use tokio::sync::mpsc;

/// How often a full disk is tried again.
const FULL_RETRY: Duration = Duration::from_secs(1);

/// What comes off the stream.
#[derive(Debug)]
pub(super) enum Step {
    /// A file begins, with this piece.
    File { index: u32, from: u32 },
    /// Its next piece.
    Piece { piece: Vec<u8>, proof: Proof },
    /// Its end, with its hash if the sender knows it.
    Whole(Option<Proof>),
    /// Its end, since the sender cannot go on with it.
    GivenUp,
}

/// Writes what arrives.
pub(super) struct Arrival {
    landing: Landing,
    manifest: Arc<Manifest>,
    steps: mpsc::Receiver<Step>,
    spent: blocking::Sender<Vec<u8>>,
    report: Report,
    /// The entry that comes after those that were seen to.
    next: u32,
    told: PathOf,
    here: PathOf,
    file: Option<Current>,
    failed: u32,
}

/// The file that arrives.
struct Current {
    path: PathBuf,
    told: String,
    index: u32,
    /// `None`: it cannot be written, and what comes of it is passed over.
    file: Option<Arriving>,
}

impl Arrival {
    pub(super) fn new(
        landing: Landing,
        steps: mpsc::Receiver<Step>,
        spent: blocking::Sender<Vec<u8>>,
        report: Report,
    ) -> Self {
        let manifest = Arc::clone(landing.manifest());
        let (told, here) = (PathOf::default(), PathOf::default());
        let (next, file, failed) = (0, None, 0);
        Self { landing, manifest, steps, spent, report, next, told, here, file, failed }
    }

    /// Works until all has come; what landed, and how many files did not.
    pub(super) fn run(mut self) -> Result<(Landing, u32), TransferError> {
        while let Some(step) = self.steps.blocking_recv() {
            if self.report.is_cancelled() {
                return Err(TransferError::Cancelled);
            }
            match step {
                Step::File { index, from } => self.begin(index, from)?,
                Step::Piece { piece, proof } => {
                    self.piece(&piece, proof)?;
                    // who reads may have ended
                    let _ = self.spent.send(piece);
                }
                Step::Whole(hash) => self.whole(hash)?,
                Step::GivenUp => self.given_up()?,
            }
        }
        if self.file.is_some() || self.report.is_cancelled() {
            return Err(LinkError::Protocol("it stopped in the middle of a file").into());
        }
        self.pass_to(self.manifest.len())?;
        Ok((self.landing, self.failed))
    }

    /// Sees to all entries before this one. A file among them must be there: the sender leaves out
    /// what we have, and nothing else.
    fn pass_to(&mut self, index: u32) -> Result<(), TransferError> {
        while self.next < index {
            let (at, path) = (self.next, self.step());
            match self.manifest.kind(at) {
                Some(Kind::Folder) => {
                    let made = self.landing.make_folder(&path);
                    if let Err(fault) = made {
                        self.report.tell_blocking(Event::Failed {
                            path: self.shown(),
                            why: fault.to_string(),
                        });
                    }
                }
                Some(Kind::File { .. }) if self.landing.landed().is_whole(at) => {}
                _ => return Err(LinkError::Protocol("it left out a file").into()),
            }
        }
        Ok(())
    }

    /// Goes to the next entry; where it is here.
    fn step(&mut self) -> PathBuf {
        let (depth, name) = (self.manifest.depth(self.next), self.manifest.name(self.next));
        self.told.step(depth, name);
        // the manifest took it already
        let here = Name::told(name).map(|name| name.here()).unwrap_or_default();
        let path = self.here.step(depth, here).iter().collect();
        self.next += 1;
        path
    }

    fn shown(&self) -> String {
        self.told.path().join("/")
    }

    fn begin(&mut self, index: u32, from: u32) -> Result<(), TransferError> {
        let is_file = matches!(self.manifest.kind(index), Some(Kind::File { .. }));
        let in_place = self.file.is_none() && index >= self.next && is_file;
        if !in_place || self.landing.landed().is_whole(index) {
            return Err(LinkError::Protocol("a file out of place").into());
        }
        self.pass_to(index)?;
        let path = self.step();
        let known = self.landing.landed().part.as_ref().filter(|part| part.index == index);
        if from > 0 && known.is_none_or(|part| part.proofs.len() != from as usize) {
            return Err(LinkError::Protocol("a file that does not begin").into());
        }
        if from == 0
            && let Some(part) = known
        {
            // it was changed there without a trace in its size and time
            let again = part.proofs.len() as u64 * crate::tree::PIECE;
            self.report.meter().set_done(self.report.meter().done().saturating_sub(again));
        }
        let opened = self.retry_when_full(|this| this.landing.open(index, &path, from));
        let told = self.shown();
        let file = match opened {
            Ok(file) => Some(file),
            Err(fault) => {
                self.fail(&told, fault.to_string());
                None
            }
        };
        self.file = Some(Current { path, told, index, file });
        Ok(())
    }

    fn fail(&mut self, told: &str, why: String) {
        self.failed += 1;
        self.report.tell_blocking(Event::Failed { path: told.to_owned(), why });
    }

    fn piece(&mut self, piece: &[u8], proof: Proof) -> Result<(), TransferError> {
        let misplaced = || TransferError::from(LinkError::Protocol("a piece out of place"));
        let mut current = self.file.take().ok_or_else(misplaced)?;
        if let Some(file) = &mut current.file {
            if file.next_len() != Some(piece.len()) {
                return Err(misplaced());
            }
            let landed = self.retry_when_full(|this| match this.landing.land(file, piece, proof) {
                Ok(()) => Ok(true),
                Err(PieceFault::Proof) => Ok(false),
                Err(PieceFault::Disk(fault)) => Err(fault),
            });
            match landed {
                Ok(true) => self.report.meter().add(piece.len() as u64),
                Ok(false) => return Err(TransferError::Proof(current.told)),
                Err(fault) => return Err(TransferError::Disk { path: current.path, fault }),
            }
        }
        self.file = Some(current);
        Ok(())
    }

    fn whole(&mut self, hash: Option<Proof>) -> Result<(), TransferError> {
        let misplaced = || TransferError::from(LinkError::Protocol("an end out of place"));
        let Current { path, told, file, .. } = self.file.take().ok_or_else(misplaced)?;
        let Some(file) = file else { return Ok(()) };
        if file.next_len().is_some() {
            return Err(misplaced());
        }
        let ours = self.landing.complete(file);
        let ours = ours.map_err(|fault| TransferError::Disk { path, fault })?;
        if hash.is_some_and(|hash| hash != ours) {
            return Err(TransferError::Proof(told));
        }
        self.report.tell_blocking(Event::File { path: told, hash: Some(ours) });
        Ok(())
    }

    fn given_up(&mut self) -> Result<(), TransferError> {
        let Some(Current { path, index, file, .. }) = self.file.take() else {
            return Err(LinkError::Protocol("an end out of place").into());
        };
        if file.is_some() {
            // why, the sender tells beside
            self.failed += 1;
            let gone = self.landing.give_up(index, &path);
            gone.map_err(|fault| TransferError::Disk { path, fault })?;
        }
        Ok(())
    }

    /// Tries until the disk has room, and says so meanwhile.
    fn retry_when_full<T>(
        &mut self,
        mut write: impl FnMut(&mut Self) -> io::Result<T>,
    ) -> io::Result<T> {
        let mut paused = false;
        loop {
            match write(self) {
                Err(fault) if is_full(&fault) && !self.report.is_cancelled() => {
                    if !paused {
                        let place = self.landing.path().display();
                        let why = format!("the disk is full ({place}); make room, and it goes on");
                        self.report.pause(Some(why));
                    }
                    paused = true;
                    thread::sleep(FULL_RETRY);
                }
                written => {
                    if paused {
                        self.report.pause(None);
                    }
                    return written;
                }
            }
        }
    }
}

fn is_full(fault: &io::Error) -> bool {
    matches!(fault.kind(), io::ErrorKind::StorageFull | io::ErrorKind::QuotaExceeded)
}
