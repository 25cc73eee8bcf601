//! The side that receives files: hears what is on offer, and when somebody wants it, has it land.
use crate::{
    Event, Existing, Interrupted, LandingError, Link, LinkError, Manifest, ManifestFault, Outcome,
    Refusal, Report, TransferError,
    error::Goodbye,
    landing::{self, Landing},
    message::{Have, Message, Offer, Part},
    receive::arrival::{Arrival, Step},
    transfer::{PIECE_HEAD, PieceHead},
    tree::{PIECE, pieces},
};
use quinn::{ReadExactError, RecvStream};
use std::{path::PathBuf, sync::Arc, time::Duration};
use tokio::{sync::mpsc, time::MissedTickBehavior};

mod arrival;

/// Pieces that wait for the disk.
const AHEAD: usize = 4;

/// How often the sender is told how far it is.
const TELL_EVERY: Duration = Duration::from_millis(100);

/// Files that a message can list.
const HAVE_MAX: usize = 1000;

/// What is on offer. Nothing was written, and nothing of it was sent yet.
#[derive(Debug)]
pub struct Offered {
    link: Link,
    manifest: Arc<Manifest>,
    skipped: u32,
}

/// How it is to be received.
#[derive(Debug)]
pub struct Receiving {
    /// Where to.
    pub folder: PathBuf,
    /// What to do where something has the name already.
    pub existing: Existing,
    /// Not to look how much is free.
    pub ignore_space: bool,
    /// What to go on with.
    pub interrupted: Option<Interrupted>,
}

impl Link {
    /// Hears what is on offer.
    pub async fn offered(mut self) -> Result<Offered, TransferError> {
        match hear_offer(&mut self).await {
            Ok((manifest, skipped)) => {
                Ok(Offered { link: self, manifest: Arc::new(manifest), skipped })
            }
            Err(error) => {
                if let TransferError::Manifest(fault) = &error {
                    self.refuse(Refusal::Manifest(fault.to_string())).await;
                }
                self.close(Goodbye::Refused, "").await;
                Err(error)
            }
        }
    }
}

async fn hear_offer(link: &mut Link) -> Result<(Manifest, u32), TransferError> {
    let Offer { entries, files, bytes, skipped } = match link.control.hear().await? {
        Message::Offer(offer) => offer,
        Message::Refuse(refusal) => return Err(TransferError::Refused(refusal)),
        _ => return Err(LinkError::Protocol("something out of place").into()),
    };
    let mut manifest = Manifest::default();
    while manifest.len() < entries {
        let Message::Page(page) = link.control.hear().await? else {
            return Err(LinkError::Protocol("something out of place").into());
        };
        if page.is_empty() {
            return Err(LinkError::Protocol("an empty page").into());
        }
        page.iter().try_for_each(|entry| manifest.push(entry))?;
    }
    if (manifest.len(), manifest.files(), manifest.bytes()) != (entries, files, bytes) {
        return Err(ManifestFault::Count.into());
    }
    Ok((manifest, skipped))
}

impl Offered {
    /// All of it.
    pub fn manifest(&self) -> &Manifest {
        &self.manifest
    }

    /// How much the sender left out of what it was told to send.
    pub fn skipped(&self) -> u32 {
        self.skipped
    }

    /// The connection.
    pub fn link(&self) -> &Link {
        &self.link
    }

    /// Does not want it.
    pub async fn decline(self) {
        self.link.decline().await;
    }

    /// Has it sent.
    pub async fn accept(
        mut self,
        receiving: Receiving,
        report: Report,
    ) -> Result<Outcome, TransferError> {
        let guard = report.guard();
        let result = receive(&mut self.link, self.manifest, receiving, &report).await;
        drop(guard);
        if let Err(error) = &result
            && let Some(refusal) = refusal(error)
        {
            self.link.refuse(refusal).await;
        }
        self.link.conclude(&result).await;
        result
    }
}

/// What the sender is told of our failure, if it is ours.
fn refusal(error: &TransferError) -> Option<Refusal> {
    match error {
        TransferError::Link(_) | TransferError::Refused(_) => None,
        TransferError::NoSpace { wanted, free } => Some(Refusal::NoSpace(*wanted, *free)),
        TransferError::Landing(LandingError::Exists(name)) => Some(Refusal::Exists(name.clone())),
        TransferError::Other | TransferError::Stranger => Some(Refusal::Resume(error.to_string())),
        // where it lies on our disk is none of its business
        TransferError::Landing(_) | TransferError::Disk { .. } => {
            Some(Refusal::Failed("the disk there fails".to_owned()))
        }
        TransferError::Manifest(_) | TransferError::Proof(_) | TransferError::Cancelled => {
            Some(Refusal::Failed(error.to_string()))
        }
    }
}

async fn receive(
    link: &mut Link,
    manifest: Arc<Manifest>,
    receiving: Receiving,
    report: &Report,
) -> Result<Outcome, TransferError> {
    let existing = receiving.existing;
    let landing = prepare(link, manifest, receiving)?;
    let manifest = Arc::clone(landing.manifest());
    let already = landing.bytes();
    report.meter().set_total(manifest.bytes());
    report.meter().set_done(already);
    if already > 0 {
        report.tell(Event::Resumed(already)).await;
        link.control.tell(&Message::Progress(already)).await?;
    }
    for list in have(&landing) {
        link.control.tell(&Message::Have(list)).await?;
    }
    link.control.tell(&Message::Go).await?;
    let stream = link.connection.accept_uni().await.map_err(LinkError::from)?;
    let (sender, steps) = mpsc::channel(AHEAD);
    let (spent, pool) = std::sync::mpsc::channel();
    let arrival = Arrival::new(landing, steps, spent, report.clone());
    let mut landed = tokio::task::spawn_blocking(move || arrival.run());
    let mut reading = std::pin::pin!(read(stream, sender, pool));
    let mut read_all = false;
    let mut teller = Teller::new(report);
    let (landing, failed) = loop {
        tokio::select! {
            read = &mut reading, if !read_all => {
                read?;
                read_all = true;
            }
            done = &mut landed => break done.map_err(|_| TransferError::Cancelled)??,
            message = teller.next() => link.control.tell(&message).await?,
            heard = link.control.hear() => match heard? {
                Message::GivenUp(index, why) if index < manifest.len() => {
                    let path = manifest.listing().nth(index as usize);
                    let path = path.map(|listed| listed.path).unwrap_or_default();
                    let why = crate::printable(&why).into_owned();
                    report.tell(Event::Failed { path, why }).await;
                }
                _ => return Err(LinkError::Protocol("something out of place").into()),
            },
        }
    };
    let finished = tokio::task::spawn_blocking(move || landing.finish(existing));
    let names = finished.await.map_err(|_| TransferError::Cancelled)??;
    for name in names {
        report.tell(Event::Arrived(name)).await;
    }
    link.control.tell(&Message::Done(failed)).await?;
    let files = manifest.files() - failed;
    Ok(Outcome { files, failed, bytes: manifest.bytes() })
}

/// Looks at what is in the way before anything is written.
fn prepare(
    link: &Link,
    manifest: Arc<Manifest>,
    receiving: Receiving,
) -> Result<Landing, TransferError> {
    let Receiving { folder, existing, ignore_space, interrupted } = receiving;
    if let Some(name) = landing::conflict(&folder, &manifest, existing)? {
        return Err(LandingError::Exists(name).into());
    }
    let bytes = manifest.bytes();
    let landing = match interrupted {
        Some(interrupted) if !link.proves(interrupted.secret()) => {
            return Err(TransferError::Stranger);
        }
        Some(interrupted) => {
            Some(interrupted.resume(Arc::clone(&manifest))?.ok_or(TransferError::Other)?)
        }
        None => None,
    };
    let wanted = bytes.saturating_sub(landing.as_ref().map_or(0, Landing::bytes));
    if let Some(free) = landing::free_space(&folder).filter(|free| *free < wanted && !ignore_space)
    {
        return Err(TransferError::NoSpace { wanted, free });
    }
    match landing {
        Some(landing) => Ok(landing),
        None => Ok(Landing::begin(&folder, link.secret()?, manifest)?),
    }
}

/// What need not be sent, in lists that messages can hold.
fn have(landing: &Landing) -> Vec<Vec<Have>> {
    let landed = landing.landed();
    let mut all: Vec<Have> = Vec::new();
    for index in (0..landing.manifest().len()).filter(|index| landed.is_whole(*index)) {
        match all.last_mut() {
            Some(Have { index: first, part: Part::Whole(more) }) if *first + *more + 1 == index => {
                *more += 1;
            }
            _ => all.push(Have { index, part: Part::Whole(0) }),
        }
    }
    if let Some(part) = &landed.part
        && let Some(last) = part.proofs.last()
    {
        let count = u32::try_from(part.proofs.len()).unwrap_or(u32::MAX);
        all.push(Have { index: part.index, part: Part::Pieces(count, *last) });
    }
    all.chunks(HAVE_MAX).map(<[Have]>::to_vec).collect()
}

/// Takes the data off its stream. Buffers come back by `pool`.
async fn read(
    mut stream: RecvStream,
    steps: mpsc::Sender<Step>,
    pool: std::sync::mpsc::Receiver<Vec<u8>>,
) -> Result<(), LinkError> {
    // where nobody takes them any more, the reason is told there
    while let Some((index, from)) = next_file(&mut stream).await? {
        if steps.send(Step::File { index, from }).await.is_err() {
            return Ok(());
        }
        loop {
            let mut head = [0; PIECE_HEAD];
            stream.read_exact(&mut head).await?;
            let head = PieceHead::decode(&head).ok_or(LinkError::Protocol("a piece too long"))?;
            let step = match head {
                PieceHead::Piece { len, proof } => {
                    let mut piece = pool.try_recv().unwrap_or_default();
                    piece.resize(len, 0);
                    stream.read_exact(&mut piece).await?;
                    Step::Piece { piece, proof }
                }
                PieceHead::Whole(hash) => Step::Whole(hash),
                PieceHead::GivenUp => Step::GivenUp,
            };
            let over = !matches!(step, Step::Piece { .. });
            if steps.send(step).await.is_err() {
                return Ok(());
            }
            if over {
                break;
            }
        }
    }
    Ok(())
}

/// The number of the next file and of its first piece; `None` at the end.
async fn next_file(stream: &mut RecvStream) -> Result<Option<(u32, u32)>, LinkError> {
    let mut head = [0; 8];
    match stream.read_exact(&mut head).await {
        Ok(()) => {}
        Err(ReadExactError::FinishedEarly(0)) => return Ok(None),
        Err(error) => return Err(error.into()),
    }
    let [a, b, c, d, from @ ..] = head;
    Ok(Some((u32::from_be_bytes([a, b, c, d]), u32::from_be_bytes(from))))
}

/// Decides when the sender is told something.
struct Teller<'a> {
    report: &'a Report,
    every: tokio::time::Interval,
    told: u64,
    paused: tokio::sync::watch::Receiver<Option<String>>,
}

impl<'a> Teller<'a> {
    fn new(report: &'a Report) -> Self {
        let mut every = tokio::time::interval(TELL_EVERY);
        every.set_missed_tick_behavior(MissedTickBehavior::Delay);
        Self { report, every, told: report.meter().done(), paused: report.paused() }
    }

    /// The next thing to be said.
    async fn next(&mut self) -> Message {
        loop {
            tokio::select! {
                Ok(()) = self.paused.changed() => {
                    let why = self.paused.borrow_and_update().clone();
                    let event = why.clone().map_or(Event::Continued, Event::Paused);
                    self.report.tell(event).await;
                    return Message::Paused(why.unwrap_or_default());
                }
                _ = self.every.tick() => {
                    let done = self.report.meter().done();
                    if done != self.told {
                        self.told = done;
                        return Message::Progress(done);
                    }
                }
            }
        }
    }
}

/// Pieces are counted with 32 bits: a file of four million gigabytes.
const _: () = assert!(pieces(1 << 51) < 1 << 32 && PIECE == 1 << 20);
