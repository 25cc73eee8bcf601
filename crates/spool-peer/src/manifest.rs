//! What is on offer, before the first byte of it: names, sizes, times. It comes in the order in which a
//! tree is walked, each folder before what is in it and names in ascending order, so that nothing comes
//! twice and nothing is in two places.
use crate::name::{Name, NameFault};
use serde::{Deserialize, Serialize};
use thiserror::Error;

/// More files than anybody offers at once, and what they cost in memory: some 50 bytes each.
const ENTRIES_MAX: usize = 2_000_000;

/// All names together.
const NAMES_MAX: usize = 64 << 20;

/// Folders in folders.
const DEPTH_MAX: usize = 64;

/// All files together, which no arithmetic overflows.
const BYTES_MAX: u64 = 1 << 60;

/// Bytes and entries of a page.
const PAGE: usize = 48 * 1024;
const PAGE_ENTRIES: usize = 1000;

/// What a file system says of when something was changed.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Serialize, Deserialize)]
pub(crate) struct Modified {
    /// Since 1970, before it negative.
    pub(crate) seconds: i64,
    pub(crate) nanos: u32,
}

/// One file or folder as it is told.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize)]
pub(crate) struct Entry {
    /// How many folders it is in.
    pub(crate) depth: u8,
    pub(crate) name: String,
    pub(crate) modified: Modified,
    pub(crate) kind: Kind,
}

/// What it is. Links and devices are not told.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Serialize, Deserialize)]
pub(crate) enum Kind {
    Folder,
    File { size: u64, executable: bool },
}

/// An entry as it is kept; its name ends there in the text of all names.
#[derive(Clone, Copy, Debug)]
struct Item {
    name_end: u32,
    depth: u8,
    modified: Modified,
    kind: Kind,
}

/// All entries, checked.
#[derive(Clone, Debug, Default)]
pub struct Manifest {
    names: String,
    items: Vec<Item>,
    /// The last entry at each depth, down to the last one of all.
    open: Vec<u32>,
    files: u32,
    bytes: u64,
}

/// Why what is told cannot be right.
#[derive(Clone, Debug, PartialEq, Eq, Error)]
#[non_exhaustive]
pub enum ManifestFault {
    /// A name is refused.
    #[error("the name '{name}' is refused: {fault}")]
    Name {
        /// Which, made safe to show.
        name: String,
        /// Why.
        fault: NameFault,
    },
    /// Something is inside what is no folder.
    #[error("'{0}' is in no folder")]
    Depth(String),
    /// Names are told twice, or out of order.
    #[error("'{0}' comes twice, or not in its place")]
    Order(String),
    /// There are too many, or they are too deep or too long.
    #[error("it is more than anybody offers: {0}")]
    Limit(&'static str),
    /// Fewer or more came than were told.
    #[error("not as much came as was told")]
    Count,
}

impl Manifest {
    /// Takes in the next entry.
    pub(crate) fn push(&mut self, entry: &Entry) -> Result<(), ManifestFault> {
        let shown = || crate::printable(&entry.name).into_owned();
        let name = Name::told(&entry.name)
            .map_err(|fault| ManifestFault::Name { name: shown(), fault })?;
        let depth = usize::from(entry.depth);
        if self.items.len() >= ENTRIES_MAX {
            return Err(ManifestFault::Limit("files"));
        }
        if depth >= DEPTH_MAX {
            return Err(ManifestFault::Limit("folders in folders"));
        }
        if self.names.len() + name.as_str().len() > NAMES_MAX {
            return Err(ManifestFault::Limit("names"));
        }
        let parent = depth.checked_sub(1).map(|above| self.open.get(above).copied());
        let fits = match parent {
            None => true,
            Some(None) => false,
            Some(Some(parent)) => self.items[parent as usize].kind == Kind::Folder,
        };
        if !fits {
            return Err(ManifestFault::Depth(shown()));
        }
        if let Some(before) = self.open.get(depth)
            && self.name(*before) >= name.as_str()
        {
            return Err(ManifestFault::Order(shown()));
        }
        self.count(entry.kind)?;
        self.open.truncate(depth);
        self.open.push(self.items.len() as u32);
        self.names.push_str(name.as_str());
        let (name_end, depth) = (self.names.len() as u32, entry.depth);
        self.items.push(Item { name_end, depth, modified: entry.modified, kind: entry.kind });
        Ok(())
    }

    fn count(&mut self, kind: Kind) -> Result<(), ManifestFault> {
        if let Kind::File { size, .. } = kind {
            let bytes = self.bytes.checked_add(size).filter(|bytes| *bytes <= BYTES_MAX);
            self.bytes = bytes.ok_or(ManifestFault::Limit("bytes"))?;
            self.files += 1;
        }
        Ok(())
    }

    /// Entries.
    pub fn len(&self) -> u32 {
        self.items.len() as u32
    }

    /// Whether there are none.
    pub fn is_empty(&self) -> bool {
        self.items.is_empty()
    }

    /// Files among the entries.
    pub fn files(&self) -> u32 {
        self.files
    }

    /// Bytes of all files.
    pub fn bytes(&self) -> u64 {
        self.bytes
    }

    pub(crate) fn name(&self, index: u32) -> &str {
        let index = index as usize;
        let start = index.checked_sub(1).map_or(0, |before| self.items[before].name_end);
        &self.names[start as usize..self.items[index].name_end as usize]
    }

    pub(crate) fn kind(&self, index: u32) -> Option<Kind> {
        self.items.get(index as usize).map(|item| item.kind)
    }

    pub(crate) fn modified(&self, index: u32) -> Modified {
        self.items[index as usize].modified
    }

    pub(crate) fn depth(&self, index: u32) -> usize {
        self.items[index as usize].depth.into()
    }

    pub(crate) fn entry(&self, index: u32) -> Entry {
        let Item { depth, modified, kind, .. } = self.items[index as usize];
        Entry { depth, name: self.name(index).to_owned(), modified, kind }
    }

    /// All entries, in pages that a message can hold.
    pub(crate) fn pages(&self) -> impl Iterator<Item = Vec<Entry>> {
        let mut next = 0;
        std::iter::from_fn(move || {
            let (mut page, mut room) = (Vec::new(), PAGE);
            while next < self.len() && page.len() < PAGE_ENTRIES {
                let entry = self.entry(next);
                // more than the numbers of any entry take
                let Some(left) = usize::checked_sub(room, entry.name.len() + 40) else { break };
                room = left;
                page.push(entry);
                next += 1;
            }
            (!page.is_empty()).then_some(page)
        })
    }

    /// Each entry with its path, to be shown.
    pub fn listing(&self) -> impl Iterator<Item = Listed> {
        let mut path = PathOf::default();
        (0..self.len()).map(move |index| {
            let path = path.step(self.depth(index), self.name(index)).join("/");
            let (size, executable) = match self.items[index as usize].kind {
                Kind::Folder => (None, false),
                Kind::File { size, executable } => (Some(size), executable),
            };
            Listed { path, size, executable }
        })
    }

    /// Whether the two have the same entries, apart from sizes and times.
    pub(crate) fn has_names_of(&self, other: &Self) -> bool {
        let is_folder = |item: &Item| item.kind == Kind::Folder;
        let alike = |(a, b): (&Item, &Item)| {
            (a.name_end, a.depth, is_folder(a)) == (b.name_end, b.depth, is_folder(b))
        };
        self.items.len() == other.items.len()
            && self.names == other.names
            && self.items.iter().zip(&other.items).all(alike)
    }

    /// Whether the two have the same entry here, as far as can be seen without reading it.
    pub(crate) fn has_entry_of(&self, other: &Self, index: u32) -> bool {
        let at = index as usize;
        (self.items[at].kind, self.items[at].modified)
            == (other.items[at].kind, other.items[at].modified)
    }
}

/// An entry as people see it.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Listed {
    /// The names of its folders and its own, with slashes between. Not made safe to show:
    /// [`printable`](crate::printable) does that.
    pub path: String,
    /// Of a file, in bytes.
    pub size: Option<u64>,
    /// Whether it is a program.
    pub executable: bool,
}

/// The folders that one is in while entries pass by.
#[derive(Clone, Debug, Default)]
pub(crate) struct PathOf(Vec<String>);

impl PathOf {
    /// The path of the next entry.
    pub(crate) fn step(&mut self, depth: usize, name: impl Into<String>) -> &[String] {
        self.0.truncate(depth);
        self.0.push(name.into());
        &self.0
    }

    /// The path of the last entry.
    pub(crate) fn path(&self) -> &[String] {
        &self.0
    }
}

#[cfg(test)]
mod tests;
