//! What a sender offers: a walk over files and folders on the disk, and their contents later.
use crate::{
    manifest::{Entry, Kind, Manifest, ManifestFault, Modified},
    name::Name,
};
use cap_std::{
    ambient_authority,
    fs::{Dir, File, Metadata, OpenOptions},
};
use std::{
    collections::HashMap,
    ffi::{OsStr, OsString},
    fmt, fs, io,
    path::{Path, PathBuf},
    time::{SystemTime, UNIX_EPOCH},
};
use thiserror::Error;

/// What is offered, where it is, and what had to be left out.
#[derive(Debug)]
pub struct Source {
    pub(crate) manifest: Manifest,
    roots: Vec<Root>,
    /// What entries are called on this disk that are told by another name.
    local: HashMap<u32, OsString>,
    skipped: Vec<Skipped>,
}

/// Something named on the command line: its folder, held open, and its name there.
#[derive(Debug)]
struct Root {
    folder: Dir,
    name: OsString,
    told: Name,
}

/// What is left out.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Skipped {
    /// Where it is.
    pub path: PathBuf,
    /// Why.
    pub why: String,
}

/// Why nothing can be offered.
#[derive(Debug, Error)]
#[non_exhaustive]
pub enum SourceError {
    /// It cannot be read.
    #[error("cannot read {}: {fault}", .path.display())]
    Read {
        /// What.
        path: PathBuf,
        /// Why.
        fault: io::Error,
    },
    /// It has no name that could be told.
    #[error("{} cannot be sent: {why}", .path.display())]
    Name {
        /// What.
        path: PathBuf,
        /// Why.
        why: String,
    },
    /// Two things of one name would be in one place.
    #[error("two of the files have the name '{0}'; send them one after the other")]
    Twice(String),
    /// There are more of them than can be told.
    #[error(transparent)]
    Manifest(#[from] ManifestFault),
}

impl Source {
    /// Looks at files and folders, without reading what is in the files. A link that is named itself
    /// is followed; one that is found in a folder is left out.
    pub fn scan(paths: &[PathBuf]) -> Result<Self, SourceError> {
        let mut roots = paths.iter().map(|path| Root::open(path)).collect::<Result<Vec<_>, _>>()?;
        roots.sort_by(|a, b| a.told.cmp(&b.told));
        if let Some(twice) = roots.windows(2).find(|pair| pair[0].told == pair[1].told) {
            return Err(SourceError::Twice(twice[0].told.to_string()));
        }
        let (manifest, local) = (Manifest::default(), HashMap::new());
        let mut source = Self { manifest, roots: Vec::new(), local, skipped: Vec::new() };
        for root in &roots {
            let path = PathBuf::from(&root.name);
            let read = |fault| SourceError::Read { path: path.clone(), fault };
            let metadata = root.folder.symlink_metadata(&root.name).map_err(read)?;
            source.add(&root.folder, 0, &root.told, &root.name, &metadata, &path)?;
        }
        source.roots = roots;
        Ok(source)
    }

    /// What is offered.
    pub fn manifest(&self) -> &Manifest {
        &self.manifest
    }

    /// What is not.
    pub fn skipped(&self) -> &[Skipped] {
        &self.skipped
    }

    /// Adds an entry and, if it is a folder, all that is in it.
    fn add(
        &mut self,
        parent: &Dir,
        depth: u8,
        told: &Name,
        name: &OsStr,
        metadata: &Metadata,
        path: &Path,
    ) -> Result<(), SourceError> {
        let kind = if metadata.is_dir() {
            Kind::Folder
        } else if metadata.is_file() {
            Kind::File { size: metadata.len(), executable: is_executable(metadata) }
        } else {
            let why = if metadata.is_symlink() { "it is a link" } else { "it is no file" };
            self.skip(path, &why);
            return Ok(());
        };
        let modified = modified(metadata);
        let index = self.manifest.len();
        self.manifest.push(&Entry { depth, name: told.to_string(), modified, kind })?;
        if OsStr::new(told.as_str()) != name {
            self.local.insert(index, name.to_owned());
        }
        if kind == Kind::Folder {
            match parent.open_dir(name) {
                Ok(folder) => self.add_all(&folder, depth + 1, path)?,
                Err(error) => self.skip(path, &error),
            }
        }
        Ok(())
    }

    fn add_all(&mut self, folder: &Dir, depth: u8, path: &Path) -> Result<(), SourceError> {
        let mut found = Vec::new();
        let entries = match folder.entries() {
            Ok(entries) => entries,
            Err(error) => {
                self.skip(path, &error);
                return Ok(());
            }
        };
        for entry in entries.flatten() {
            let name = entry.file_name();
            match (Name::ours(&name), entry.metadata()) {
                (Ok(told), Ok(metadata)) => found.push((told, name, metadata)),
                (Err(fault), _) => self.skip(&path.join(name), &fault),
                (_, Err(error)) => self.skip(&path.join(name), &error),
            }
        }
        found.sort_by(|a, b| a.0.cmp(&b.0));
        let mut before: Option<Name> = None;
        for (told, name, metadata) in found {
            let path = path.join(&name);
            if before.as_ref() == Some(&told) {
                self.skip(&path, &"another one is written with the same letters");
                continue;
            }
            self.add(folder, depth, &told, &name, &metadata, &path)?;
            before = Some(told);
        }
        Ok(())
    }

    fn skip(&mut self, path: &Path, why: &dyn fmt::Display) {
        self.skipped.push(Skipped { path: path.to_owned(), why: why.to_string() });
    }

    /// The files in their order, to be opened one after the other.
    pub(crate) fn files(&self) -> Files<'_> {
        Files { source: self, next: 0, root: 0, path: Vec::new() }
    }
}

/// A walk over the files of a source.
#[derive(Debug)]
pub(crate) struct Files<'a> {
    source: &'a Source,
    next: u32,
    /// Of those named, the one that we are in, counted from one.
    root: usize,
    path: Vec<OsString>,
}

/// A file that may be opened.
#[derive(Debug)]
pub(crate) struct Offered<'a> {
    pub(crate) index: u32,
    pub(crate) size: u64,
    folder: &'a Dir,
    path: PathBuf,
}

impl<'a> Iterator for Files<'a> {
    type Item = Offered<'a>;

    fn next(&mut self) -> Option<Offered<'a>> {
        let manifest = &self.source.manifest;
        loop {
            let index = self.next;
            let kind = manifest.kind(index)?;
            self.next += 1;
            let depth = manifest.depth(index);
            self.path.truncate(depth);
            if depth == 0 {
                self.root += 1;
            }
            let local = self.source.local.get(&index).cloned();
            self.path.push(local.unwrap_or_else(|| manifest.name(index).into()));
            if let Kind::File { size, .. } = kind {
                let folder = &self.source.roots[self.root - 1].folder;
                return Some(Offered { index, size, folder, path: self.path.iter().collect() });
            }
        }
    }
}

impl Offered<'_> {
    /// Opens it, if it still is what was told.
    pub(crate) fn open(&self, manifest: &Manifest) -> io::Result<fs::File> {
        let mut options = OpenOptions::new();
        options.read(true);
        #[cfg(unix)]
        {
            use cap_std::fs::OpenOptionsExt;
            // what has become a pipe since is not waited for
            options.custom_flags(rustix::fs::OFlags::NONBLOCK.bits().cast_signed());
        }
        let file = self.folder.open_with(&self.path, &options)?;
        if self.is_as_told(manifest, &file)? {
            return Ok(file.into_std());
        }
        Err(io::Error::other("it has changed since it was offered"))
    }

    fn is_as_told(&self, manifest: &Manifest, file: &File) -> io::Result<bool> {
        let metadata = file.metadata()?;
        let same =
            metadata.len() == self.size && modified(&metadata) == manifest.modified(self.index);
        Ok(metadata.is_file() && same)
    }

    /// Whether it was changed while it was read.
    pub(crate) fn has_stayed(&self, manifest: &Manifest, file: &fs::File) -> bool {
        file.try_clone()
            .and_then(|file| self.is_as_told(manifest, &File::from_std(file)))
            .unwrap_or(false)
    }
}

impl Root {
    fn open(path: &Path) -> Result<Self, SourceError> {
        let read = |fault| SourceError::Read { path: path.to_owned(), fault };
        let unnamed = |why: String| SourceError::Name { path: path.to_owned(), why };
        let real = path.canonicalize().map_err(read)?;
        let (Some(folder), Some(name)) = (real.parent(), real.file_name()) else {
            return Err(unnamed("name the folders in it".to_owned()));
        };
        // a link keeps the name that it was called by
        let told = path.file_name().unwrap_or(name);
        let told = Name::ours(told).map_err(|fault| unnamed(fault.to_string()))?;
        let name = name.to_owned();
        let folder = Dir::open_ambient_dir(folder, ambient_authority()).map_err(read)?;
        Ok(Self { folder, name, told })
    }
}

fn modified(metadata: &Metadata) -> Modified {
    let time = metadata.modified().map_or(UNIX_EPOCH, cap_std::time::SystemTime::into_std);
    Modified::from(time)
}

impl From<SystemTime> for Modified {
    fn from(time: SystemTime) -> Self {
        let (seconds, nanos) = match time.duration_since(UNIX_EPOCH) {
            Ok(after) => (i64::try_from(after.as_secs()).unwrap_or(i64::MAX), after.subsec_nanos()),
            Err(before) => {
                let before = before.duration();
                let seconds = i64::try_from(before.as_secs()).unwrap_or(i64::MAX);
                match before.subsec_nanos() {
                    0 => (-seconds, 0),
                    nanos => (-seconds - 1, 1_000_000_000 - nanos),
                }
            }
        };
        Self { seconds, nanos }
    }
}

/// Some thirty thousand years from 1970, in seconds.
const FAR: i64 = 1 << 40;
const FAR_PAST: i64 = -FAR;

impl Modified {
    /// The time; 1970 for one that no file system knows.
    pub(crate) fn time(self) -> SystemTime {
        use std::time::Duration;
        let nanos = Duration::from_nanos(self.nanos.min(999_999_999).into());
        let seconds = Duration::from_secs(self.seconds.unsigned_abs());
        let whole = match self.seconds {
            FAR.. | ..FAR_PAST => None,
            FAR_PAST..0 => UNIX_EPOCH.checked_sub(seconds),
            0..FAR => UNIX_EPOCH.checked_add(seconds),
        };
        whole.and_then(|whole| whole.checked_add(nanos)).unwrap_or(UNIX_EPOCH)
    }
}

#[cfg(unix)]
fn is_executable(metadata: &Metadata) -> bool {
    use cap_std::fs::MetadataExt;
    metadata.mode() & 0o111 != 0
}

#[cfg(not(unix))]
fn is_executable(_: &Metadata) -> bool {
    false
}

#[cfg(test)]
mod tests;
