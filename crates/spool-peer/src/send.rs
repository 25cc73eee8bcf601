//! The side that sends files: offers, hears what is wanted, reads and hashes while it sends.
use crate::{
    Event, Link, LinkError, Outcome, Report, Source, TransferError,
    error::Goodbye,
    journal::{Landed, Record},
    manifest::{Kind, Manifest, PathOf},
    message::{Have, Message, Offer, Part},
    source::Offered,
    transfer::{PIECE_HEAD, PieceHead},
    tree::{self, PIECE, Proof, Tree},
};
use bytes::Bytes;
use quinn::SendStream;
use std::{
    fs,
    io::{self, Read, Seek, SeekFrom},
    sync::Arc,
};
use tokio::sync::mpsc;

/// Pieces read ahead of the network.
const AHEAD: usize = 4;

impl Link {
    /// Offers the files, and sends what the other side wants of them.
    pub async fn send(mut self, source: Source, report: Report) -> Result<Outcome, TransferError> {
        let guard = report.guard();
        let result = send(&mut self, Arc::new(source), report).await;
        drop(guard);
        self.conclude(&result).await;
        result
    }

    /// Leaves, with the right word.
    pub(crate) async fn conclude<T>(self, result: &Result<T, TransferError>) {
        match result {
            Ok(_) => self.close(Goodbye::Done, "").await,
            Err(TransferError::Link(_)) => self.close(Goodbye::Failed, "").await,
            Err(_) => self.close(Goodbye::Refused, "").await,
        }
    }
}

async fn send(
    link: &mut Link,
    source: Arc<Source>,
    report: Report,
) -> Result<Outcome, TransferError> {
    let manifest = &source.manifest;
    let (entries, files, bytes) = (manifest.len(), manifest.files(), manifest.bytes());
    let skipped = u32::try_from(source.skipped().len()).unwrap_or(u32::MAX);
    report.meter().set_total(bytes);
    link.control.tell(&Message::Offer(Offer { entries, files, bytes, skipped })).await?;
    for page in manifest.pages() {
        link.control.tell(&Message::Page(page)).await?;
    }
    let held = hear_wish(link, manifest, &report).await?;
    let stream = link.connection.open_uni().await.map_err(LinkError::from)?;
    let (sender, frames) = mpsc::channel(AHEAD);
    let (failed, mut failures) = mpsc::channel(AHEAD);
    let reading = Reading { source: Arc::clone(&source), held, frames: sender, failed, report };
    let report = reading.report.clone();
    tokio::task::spawn_blocking(move || reading.run());
    let mut writing = std::pin::pin!(write(stream, frames));
    let mut written = false;
    loop {
        tokio::select! {
            end = &mut writing, if !written => {
                end?;
                written = true;
            }
            Some(Failure { index, path, why }) = failures.recv() => {
                link.control.tell(&Message::GivenUp(index, why.clone())).await?;
                report.tell(Event::Failed { path, why }).await;
            }
            heard = link.control.hear() => match heard? {
                Message::Progress(bytes) => report.meter().set_done(bytes),
                Message::Paused(why) if why.is_empty() => report.tell(Event::Continued).await,
                Message::Paused(why) => {
                    report.tell(Event::Paused(crate::printable(&why).into_owned())).await;
                }
                Message::Refuse(refusal) => return Err(TransferError::Refused(refusal)),
                Message::Done(failed) if written => {
                    report.meter().set_done(bytes);
                    let files = files.saturating_sub(failed);
                    return Ok(Outcome { files, failed, bytes });
                }
                _ => return Err(LinkError::Protocol("something out of place").into()),
            },
        }
    }
}

/// What the receiver has already; an error if it does not want the rest.
async fn hear_wish(
    link: &mut Link,
    manifest: &Manifest,
    report: &Report,
) -> Result<Held, TransferError> {
    let mut held = Held::default();
    loop {
        match link.control.hear().await? {
            Message::Have(list) => {
                let taken = list.into_iter().try_for_each(|have| held.add(have, manifest));
                taken.ok_or(LinkError::Protocol("it has what was not offered"))?;
            }
            Message::Progress(bytes) => {
                report.meter().set_done(bytes);
                report.tell(Event::Resumed(bytes)).await;
            }
            Message::Go => return Ok(held),
            Message::Refuse(refusal) => return Err(TransferError::Refused(refusal)),
            _ => return Err(LinkError::Protocol("something out of place").into()),
        }
    }
}

async fn write(mut stream: SendStream, mut frames: mpsc::Receiver<Bytes>) -> Result<(), LinkError> {
    while let Some(frame) = frames.recv().await {
        stream.write_chunk(frame).await?;
    }
    // the reading thread ends in order only; a panic in it shows as files that are missing
    stream.finish().map_err(|_| LinkError::Protocol("it stopped listening"))
}

/// What the receiver has of what is offered.
#[derive(Debug, Default)]
struct Held {
    landed: Landed,
    part: Option<(u32, u32, Proof)>,
}

impl Held {
    /// `None`: there is no such thing.
    fn add(&mut self, have: Have, manifest: &Manifest) -> Option<()> {
        let Have { index, part } = have;
        match part {
            Part::Whole(more) => {
                let last = index.checked_add(more).filter(|last| *last < manifest.len())?;
                (index..=last).for_each(|index| self.landed.apply(&Record::Whole(index)));
            }
            Part::Pieces(count, proof) => {
                let Some(Kind::File { size, .. }) = manifest.kind(index) else { return None };
                if u64::from(count) > tree::pieces(size) || count == 0 || self.part.is_some() {
                    return None;
                }
                self.part = Some((index, count, proof));
            }
        }
        Some(())
    }
}

/// A file that could not be read to its end.
struct Failure {
    index: u32,
    path: String,
    why: String,
}

/// The thread that reads and hashes.
struct Reading {
    source: Arc<Source>,
    held: Held,
    frames: mpsc::Sender<Bytes>,
    failed: mpsc::Sender<Failure>,
    report: Report,
}

/// Nobody wants more.
struct Unwanted;

impl Reading {
    fn run(self) {
        let mut path = PathOf::default();
        let mut named = 0;
        let manifest = &self.source.manifest;
        for file in self.source.files() {
            while named < file.index {
                path.step(manifest.depth(named), manifest.name(named));
                named += 1;
            }
            if self.held.landed.is_whole(file.index) {
                continue;
            }
            let path = || {
                path.clone().step(manifest.depth(file.index), manifest.name(file.index)).join("/")
            };
            match self.read(&file) {
                Err(Unwanted) => return,
                Ok(Ok(hash)) => self.report.tell_blocking(Event::File { path: path(), hash }),
                Ok(Err(error)) => {
                    let (index, why) = (file.index, error.to_string());
                    let _ = self.failed.blocking_send(Failure { index, path: path(), why });
                }
            }
        }
    }

    fn frame(&self, frame: impl Into<Bytes>) -> Result<(), Unwanted> {
        if self.report.is_cancelled() {
            return Err(Unwanted);
        }
        self.frames.blocking_send(frame.into()).map_err(|_| Unwanted)
    }

    /// Sends what is missing of a file; its hash if all of it was read.
    fn read(&self, offered: &Offered<'_>) -> Result<io::Result<Option<Proof>>, Unwanted> {
        let manifest = &self.source.manifest;
        let opened = offered.open(manifest).and_then(|mut file| {
            let from = self.from(offered, &mut file)?;
            file.seek(SeekFrom::Start(u64::from(from) * PIECE))?;
            Ok((file, from))
        });
        let from = opened.as_ref().map_or(0, |(_, from)| *from);
        let head = [offered.index.to_be_bytes(), from.to_be_bytes()].concat();
        self.frame(head)?;
        let sent = match opened {
            Ok((file, from)) => self.pieces(offered, file, from)?,
            Err(error) => Err(error),
        };
        let end = match sent {
            Ok(hash) => PieceHead::Whole(hash),
            Err(_) => PieceHead::GivenUp,
        };
        self.frame(Bytes::copy_from_slice(&end.encode()))?;
        Ok(sent)
    }

    /// The first piece that the receiver lacks: what it has must be what is here.
    fn from(&self, offered: &Offered<'_>, file: &mut fs::File) -> io::Result<u32> {
        let Some((_, count, proof)) = self.held.part.filter(|part| part.0 == offered.index) else {
            return Ok(0);
        };
        let last = u64::from(count) - 1;
        let mut piece = vec![0; tree::piece_len(offered.size, last) as usize];
        file.seek(SeekFrom::Start(last * PIECE))?;
        file.read_exact(&mut piece)?;
        Ok(if tree::prove(offered.size, last, &piece) == proof { count } else { 0 })
    }

    fn pieces(
        &self,
        offered: &Offered<'_>,
        mut file: fs::File,
        from: u32,
    ) -> Result<io::Result<Option<Proof>>, Unwanted> {
        let mut tree = Tree::default();
        for number in u64::from(from)..tree::pieces(offered.size) {
            let len = tree::piece_len(offered.size, number) as usize;
            let mut frame = vec![0; PIECE_HEAD + len];
            if let Err(error) = file.read_exact(&mut frame[PIECE_HEAD..]) {
                return Ok(Err(error));
            }
            let proof = tree::prove(offered.size, number, &frame[PIECE_HEAD..]);
            frame[..PIECE_HEAD].copy_from_slice(&PieceHead::Piece { len, proof }.encode());
            tree.push(proof);
            self.frame(frame)?;
        }
        if !offered.has_stayed(&self.source.manifest, &file) {
            return Ok(Err(io::Error::other("it was changed while it was read")));
        }
        Ok(Ok((from == 0).then(|| tree.hash())))
    }
}
