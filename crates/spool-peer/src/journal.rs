//! What a receiver writes down while it receives, so that after any end it knows what it has: the
//! secret of the transfer, the manifest, and the proof of each piece as it lands.
//!
//! A record is a length (32 bits, big-endian), a kind and a body in the format of `postcard`, and eight
//! bytes that chain it to all records before it. Where the chain breaks, because the last record was
//! not written whole or something else wrote there, the journal ends.
use crate::{
    manifest::{Entry, Manifest, ManifestFault},
    tree::Proof,
};
use serde::{Deserialize, Serialize};
use std::io::{self, Read, Write};
use thiserror::Error;

/// No record is longer: a page of a manifest.
const RECORD_MAX: usize = 128 * 1024;

/// Bytes of the chain at the end of each record.
const LINK: usize = 8;

/// One thing that happened.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize)]
pub(crate) enum Record {
    /// First of all: the secret by which the two ends know each other again.
    Begun([u8; 32]),
    /// Part of the manifest, which all pages make.
    Page(Vec<Entry>),
    /// The manifest is complete.
    Accepted,
    /// The next piece of a file has landed.
    Piece(u32, Proof),
    /// A file is whole.
    Whole(u32),
    /// What there is of a file counts no more.
    Forgotten(u32),
    /// All pieces so far are on the disk itself.
    Synced,
}

/// What a journal tells of the files.
#[derive(Clone, Debug, Default, PartialEq, Eq)]
pub(crate) struct Landed {
    whole: Vec<u64>,
    /// The one file that is there in part.
    pub(crate) part: Option<Pieces>,
}

/// The pieces of a file so far.
#[derive(Clone, Debug, PartialEq, Eq)]
pub(crate) struct Pieces {
    pub(crate) index: u32,
    pub(crate) proofs: Vec<Proof>,
    /// So many of them outlast a loss of power.
    pub(crate) synced: usize,
}

impl Landed {
    pub(crate) fn is_whole(&self, index: u32) -> bool {
        self.whole.get(index as usize / 64).is_some_and(|bits| bits >> (index % 64) & 1 == 1)
    }

    pub(crate) fn apply(&mut self, record: &Record) {
        match record {
            Record::Begun(_) | Record::Page(_) | Record::Accepted => {}
            Record::Piece(index, proof) => {
                let fresh = || Pieces { index: *index, proofs: Vec::new(), synced: 0 };
                let part = self.part.get_or_insert_with(fresh);
                if part.index != *index {
                    *part = fresh();
                }
                part.proofs.push(*proof);
            }
            Record::Whole(index) => {
                let word = *index as usize / 64;
                if self.whole.len() <= word {
                    self.whole.resize(word + 1, 0);
                }
                self.whole[word] |= 1 << (index % 64);
                self.part.take_if(|part| part.index == *index);
            }
            Record::Forgotten(index) => {
                if let Some(word) = self.whole.get_mut(*index as usize / 64) {
                    *word &= !(1 << (index % 64));
                }
                self.part.take_if(|part| part.index == *index);
            }
            Record::Synced => {
                if let Some(part) = &mut self.part {
                    part.synced = part.proofs.len();
                }
            }
        }
    }
}

/// Writes a journal.
#[derive(Debug)]
pub(crate) struct Writer<W> {
    out: W,
    chain: [u8; 32],
    length: u64,
}

impl<W: Write> Writer<W> {
    /// Begins one.
    pub(crate) fn begin(out: W, secret: [u8; 32], manifest: &Manifest) -> io::Result<Self> {
        let mut writer = Self { out, chain: [0; 32], length: 0 };
        writer.write(&Record::Begun(secret))?;
        for page in manifest.pages() {
            writer.write(&Record::Page(page))?;
        }
        writer.write(&Record::Accepted)?;
        Ok(writer)
    }

    /// Writes one record, in one piece.
    pub(crate) fn write(&mut self, record: &Record) -> io::Result<()> {
        let body = postcard::to_stdvec(record).map_err(io::Error::other)?;
        let chain = link(&self.chain, &body);
        let len = u32::try_from(body.len()).map_err(io::Error::other)?;
        let written = [&len.to_be_bytes()[..], &body, &chain[..LINK]].concat();
        self.out.write_all(&written)?;
        self.chain = chain;
        self.length += written.len() as u64;
        Ok(())
    }

    /// Where it is written, and how much of it holds together: a record that failed may be there in
    /// part.
    pub(crate) fn out(&mut self) -> (&mut W, u64) {
        (&mut self.out, self.length)
    }
}

fn link(before: &[u8; 32], body: &[u8]) -> [u8; 32] {
    *blake3::keyed_hash(before, body).as_bytes()
}

/// A journal as it was read.
#[derive(Debug)]
pub(crate) struct Journal {
    pub(crate) secret: [u8; 32],
    pub(crate) manifest: Manifest,
    pub(crate) landed: Landed,
    /// What follows is no journal, and is to be cut off.
    pub(crate) length: u64,
    chain: [u8; 32],
}

/// Why a file is no journal.
#[derive(Debug, Error)]
pub(crate) enum JournalFault {
    #[error("it cannot be read: {0}")]
    Read(#[from] io::Error),
    #[error("it was not begun, or does not hold together")]
    Broken,
    #[error(transparent)]
    Manifest(#[from] ManifestFault),
}

impl Journal {
    /// Reads one, as far as it holds together.
    pub(crate) fn read(mut from: impl Read) -> Result<Self, JournalFault> {
        let mut chain = [0; 32];
        let mut next = || -> Result<Option<(Record, u64, [u8; 32])>, JournalFault> {
            let Some((record, length, link)) = read_record(&mut from, &chain)? else {
                return Ok(None);
            };
            chain = link;
            Ok(Some((record, length, link)))
        };
        let Some((Record::Begun(secret), mut length, _)) = next()? else {
            return Err(JournalFault::Broken);
        };
        let mut manifest = Manifest::default();
        let mut last = loop {
            match next()? {
                Some((Record::Page(page), read, _)) => {
                    length += read;
                    page.iter().try_for_each(|entry| manifest.push(entry))?;
                }
                Some((Record::Accepted, read, link)) => {
                    length += read;
                    break link;
                }
                _ => return Err(JournalFault::Broken),
            }
        };
        let mut landed = Landed::default();
        while let Some((record, read, link)) = next()? {
            length += read;
            last = link;
            landed.apply(&record);
        }
        Ok(Self { secret, manifest, landed, length, chain: last })
    }

    /// Goes on with it; `out` stands at its end.
    pub(crate) fn writer<W: Write>(&self, out: W) -> Writer<W> {
        Writer { out, chain: self.chain, length: self.length }
    }
}

/// `None`: nothing that holds together follows.
fn read_record(
    from: &mut impl Read,
    chain: &[u8; 32],
) -> Result<Option<(Record, u64, [u8; 32])>, JournalFault> {
    let mut head = [0; 4];
    if !fill(from, &mut head)? {
        return Ok(None);
    }
    let len = u32::from_be_bytes(head) as usize;
    if len > RECORD_MAX {
        return Ok(None);
    }
    let mut body = vec![0; len + LINK];
    if !fill(from, &mut body)? {
        return Ok(None);
    }
    let (body, end) = body.split_at(len);
    let link = link(chain, body);
    if link[..LINK] != *end {
        return Ok(None);
    }
    let record = postcard::from_bytes(body).map_err(|_| JournalFault::Broken)?;
    Ok(Some((record, (4 + len + LINK) as u64, link)))
}

/// False: it ended before.
fn fill(from: &mut impl Read, buffer: &mut [u8]) -> io::Result<bool> {
    match from.read_exact(buffer) {
        Ok(()) => Ok(true),
        Err(error) if error.kind() == io::ErrorKind::UnexpectedEof => Ok(false),
        Err(error) => Err(error),
    }
}

#[cfg(test)]
mod tests {
    use super::{Journal, JournalFault, Pieces, Record, Writer};
    use crate::manifest::{Entry, Kind, Manifest, Modified};

    fn manifest() -> Manifest {
        let mut manifest = Manifest::default();
        for name in ["a", "b", "c"] {
            let modified = Modified { seconds: 1, nanos: 2 };
            let kind = Kind::File { size: 5 << 20, executable: false };
            manifest.push(&Entry { depth: 0, name: name.into(), modified, kind }).unwrap();
        }
        manifest
    }

    fn written(records: &[Record]) -> Vec<u8> {
        let mut bytes = Vec::new();
        let mut writer = Writer::begin(&mut bytes, [9; 32], &manifest()).unwrap();
        records.iter().try_for_each(|record| writer.write(record)).unwrap();
        bytes
    }

    const RECORDS: [Record; 7] = [
        Record::Piece(0, [1; 32]),
        Record::Piece(0, [2; 32]),
        Record::Whole(0),
        Record::Piece(1, [3; 32]),
        Record::Synced,
        Record::Piece(1, [4; 32]),
        Record::Piece(1, [5; 32]),
    ];

    #[test]
    fn it_tells_what_has_landed() {
        let bytes = written(&RECORDS);
        let journal = Journal::read(&bytes[..]).unwrap();
        assert_eq!((journal.secret, journal.length), ([9; 32], bytes.len() as u64));
        assert!(journal.manifest.has_names_of(&manifest()));
        assert!(journal.landed.is_whole(0) && !journal.landed.is_whole(1));
        let proofs = vec![[3; 32], [4; 32], [5; 32]];
        assert_eq!(journal.landed.part, Some(Pieces { index: 1, proofs, synced: 1 }));
        let forgotten = written(&[&RECORDS[..], &[Record::Forgotten(0)]].concat());
        assert!(!Journal::read(&forgotten[..]).unwrap().landed.is_whole(0));
    }

    /// A kill may come in the middle of any record.
    #[test]
    fn whatever_its_last_record_lacks_it_is_good_up_to_there() {
        let begun = written(&[]).len();
        let bytes = written(&RECORDS);
        let mut lengths: Vec<u64> =
            (begun..=bytes.len()).map(|end| Journal::read(&bytes[..end]).unwrap().length).collect();
        lengths.dedup();
        assert_eq!(lengths.len(), RECORDS.len() + 1, "{lengths:?}");
        for end in 0..begun {
            assert!(matches!(Journal::read(&bytes[..end]), Err(JournalFault::Broken)), "{end}");
        }
    }

    #[test]
    fn whatever_byte_was_changed_nothing_from_there_on_counts() {
        let bytes = written(&RECORDS);
        let begun = written(&[]).len();
        for at in begun..bytes.len() {
            let mut other = bytes.clone();
            other[at] ^= 1;
            let journal = Journal::read(&other[..]).unwrap();
            assert!(journal.length <= at as u64, "{at}");
        }
    }

    #[test]
    fn it_goes_on_where_it_stopped() {
        let mut bytes = written(&RECORDS[..4]);
        let journal = Journal::read(&bytes[..]).unwrap();
        let mut writer = journal.writer(&mut bytes);
        RECORDS[4..].iter().try_for_each(|record| writer.write(record)).unwrap();
        assert_eq!(bytes, written(&RECORDS));
    }
}
