//! Where files land: beside their target, in a folder of our own with a journal, until all are whole.
//! Then they are renamed to where they belong, and a reader never sees half a file.
//!
//! Every path is made of checked names and opened beneath a folder that is held open, so that no name
//! and no link leads out of it.
use crate::{
    journal::{Landed, Record, Writer},
    manifest::{Kind, Manifest, PathOf},
    name::Name,
    tree::{self, PIECE, Proof, Tree},
};
use cap_std::{
    ambient_authority,
    fs::{Dir, OpenOptions},
};
use std::{
    fs::{self, FileTimes},
    io::{self, Read, Seek, SeekFrom, Write},
    path::{Path, PathBuf},
    sync::Arc,
};
use thiserror::Error;

mod interrupted;
mod place;

pub use interrupted::Interrupted;
pub(crate) use place::{conflict, free_space};

/// What the folder is called, with a number between.
const STAGE: (&str, &str) = (".spool-", ".part");

/// The journal in it.
const JOURNAL: &str = "journal";

/// The files in it.
const TREE: &str = "files";

/// So many pieces are written before the disk is asked to keep them: what is read again after a kill.
const SYNC_EVERY: usize = 256;

/// What to do where something has the name already.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq)]
pub enum Existing {
    /// Nothing is received.
    #[default]
    Refuse,
    /// What arrives gets a number.
    Rename,
    /// A file takes the place of a file; a folder is never replaced.
    Overwrite,
}

/// Why nothing can land there.
#[derive(Debug, Error)]
#[non_exhaustive]
pub enum LandingError {
    /// The disk says no.
    #[error("{}: {fault}", .path.display())]
    Disk {
        /// Where.
        path: PathBuf,
        /// Why.
        fault: io::Error,
    },
    /// There is something of this name.
    #[error("'{0}' is there already (--rename keeps both, --overwrite replaces files)")]
    Exists(String),
    /// No interrupted transfer is there.
    #[error("no interrupted transfer is in {}", .0.display())]
    Nothing(PathBuf),
    /// The journal of the interrupted transfer is of no use.
    #[error("the journal in {}: {fault}", .path.display())]
    Journal {
        /// Of which.
        path: PathBuf,
        /// What is wrong.
        fault: String,
    },
}

/// For `map_err`: the disk says no, there.
fn disk(path: &Path) -> impl Fn(io::Error) -> LandingError + Copy + use<'_> {
    move |fault| LandingError::Disk { path: path.to_owned(), fault }
}

/// Files on their way to where they belong.
#[derive(Debug)]
pub(crate) struct Landing {
    target: Dir,
    stage: Dir,
    stage_name: String,
    files: Dir,
    manifest: Arc<Manifest>,
    writer: Writer<fs::File>,
    landed: Landed,
    path: PathBuf,
}

impl Landing {
    /// Makes the folder, and all folders in it.
    pub(crate) fn begin(
        folder: &Path,
        secret: [u8; 32],
        manifest: Arc<Manifest>,
    ) -> Result<Self, LandingError> {
        let disk = disk(folder);
        let target = Dir::open_ambient_dir(folder, ambient_authority()).map_err(disk)?;
        // made of the secret, which itself goes on no screen
        let number = blake3::hash(&secret).to_hex();
        let stage_name = format!("{}{}{}", STAGE.0, &number[..8], STAGE.1);
        target.create_dir_with(&stage_name, &private_folder()).map_err(disk)?;
        let stage = target.open_dir(&stage_name).map_err(disk)?;
        stage.create_dir(TREE).map_err(disk)?;
        let files = stage.open_dir(TREE).map_err(disk)?;
        let journal = stage.open_with(JOURNAL, &private_file()).map_err(disk)?.into_std();
        let writer = Writer::begin(journal, secret, &manifest).map_err(disk)?;
        let landed = Landed::default();
        let path = folder.join(&stage_name);
        Ok(Self { target, stage, stage_name, files, manifest, writer, landed, path })
    }

    pub(crate) fn manifest(&self) -> &Arc<Manifest> {
        &self.manifest
    }

    pub(crate) fn landed(&self) -> &Landed {
        &self.landed
    }

    /// Where it lies meanwhile.
    pub(crate) fn path(&self) -> &Path {
        &self.path
    }

    /// Bytes that need not be sent again.
    pub(crate) fn bytes(&self) -> u64 {
        let whole = (0..self.manifest.len()).filter(|index| self.landed.is_whole(*index));
        let whole: u64 = whole.map(|index| self.size(index)).sum();
        let part = self.landed.part.as_ref().map_or(0, |part| part.proofs.len() as u64 * PIECE);
        whole + part
    }

    fn size(&self, index: u32) -> u64 {
        match self.manifest.kind(index) {
            Some(Kind::File { size, .. }) => size,
            Some(Kind::Folder) | None => 0,
        }
    }

    /// Forgets what was changed on the other side since, and what is not on this disk as it should be.
    fn examine(&mut self, old: &Manifest) -> io::Result<()> {
        let mut path = PathOf::default();
        for index in 0..self.manifest.len() {
            let name = Name::told(self.manifest.name(index)).map(|name| name.here());
            let path = path.step(self.manifest.depth(index), name.unwrap_or_default());
            let part = self.landed.part.as_ref().is_some_and(|part| part.index == index);
            if !part && !self.landed.is_whole(index) {
                continue;
            }
            let path: PathBuf = path.iter().collect();
            let is_good = old.has_entry_of(&self.manifest, index)
                && if part { self.examine_part(&path)? } else { self.is_there(&path, index) };
            if !is_good {
                self.write(&Record::Forgotten(index))?;
            }
        }
        Ok(())
    }

    /// Whether it has the size and the time that it was given when it was whole.
    fn is_there(&self, path: &Path, index: u32) -> bool {
        self.files.symlink_metadata(path).is_ok_and(|metadata| {
            let time = metadata.modified().map(cap_std::time::SystemTime::into_std).ok();
            let told = self.manifest.modified(index).time();
            metadata.is_file() && metadata.len() == self.size(index) && time == Some(told)
        })
    }

    /// Reads again what the disk was not asked to keep, and takes off the journal what is not there.
    fn examine_part(&mut self, path: &Path) -> io::Result<bool> {
        let Some(part) = self.landed.part.clone() else { return Ok(false) };
        let Ok(mut file) = self.files.open(path) else { return Ok(false) };
        let size = self.size(part.index);
        // the last piece at least: something else may have written to the file
        let from = part.synced.min(part.proofs.len().saturating_sub(1));
        let mut good = from;
        file.seek(SeekFrom::Start(from as u64 * PIECE))?;
        let mut buffer = vec![0; PIECE as usize];
        for (number, proof) in part.proofs.iter().enumerate().skip(from) {
            let len = tree::piece_len(size, number as u64) as usize;
            let piece = &mut buffer[..len];
            if file.read_exact(piece).is_err() || tree::prove(size, number as u64, piece) != *proof
            {
                break;
            }
            good += 1;
        }
        if good == part.proofs.len() {
            return Ok(true);
        }
        self.write(&Record::Forgotten(part.index))?;
        for proof in &part.proofs[..good] {
            self.write(&Record::Piece(part.index, *proof))?;
        }
        Ok(good > 0)
    }

    /// Writes down what happened.
    fn write(&mut self, record: &Record) -> io::Result<()> {
        if let Err(fault) = self.writer.write(record) {
            // of a full disk: what there is of the record would hide those that follow
            let (file, length) = self.writer.out();
            file.set_len(length)?;
            file.seek(SeekFrom::Start(length))?;
            return Err(fault);
        }
        self.landed.apply(record);
        Ok(())
    }

    /// Makes a folder.
    pub(crate) fn make_folder(&self, path: &Path) -> io::Result<()> {
        match self.files.create_dir(path) {
            Err(error) if error.kind() == io::ErrorKind::AlreadyExists => {
                let there = self.files.symlink_metadata(path)?;
                if there.is_dir() { Ok(()) } else { Err(error) }
            }
            made => made,
        }
    }

    /// Opens a file to be written from this piece on.
    pub(crate) fn open(&mut self, index: u32, path: &Path, from: u32) -> io::Result<Arriving> {
        let mut options = OpenOptions::new();
        options.write(true);
        let mut tree = Tree::default();
        if from == 0 {
            if self.landed.part.is_some() || self.landed.is_whole(index) {
                self.write(&Record::Forgotten(index))?;
            }
            // one that is there was given up or is of an earlier time
            if self.files.symlink_metadata(path).is_ok_and(|there| there.is_file()) {
                self.files.remove_file(path)?;
            }
            options.create_new(true);
            self.set_mode(&mut options, index);
        } else {
            let part = self.landed.part.as_ref().filter(|part| part.index == index);
            let proofs = part.and_then(|part| part.proofs.get(..from as usize));
            let proofs = proofs.ok_or_else(|| io::Error::other("it is not there"))?;
            for proof in proofs {
                tree.push(*proof);
            }
        }
        let mut file = self.files.open_with(path, &options)?.into_std();
        file.seek(SeekFrom::Start(u64::from(from) * PIECE))?;
        let unsynced = 0;
        Ok(Arriving { index, file, tree, next: from.into(), size: self.size(index), unsynced })
    }

    fn set_mode(&self, options: &mut OpenOptions, index: u32) {
        #[cfg(unix)]
        if let Some(Kind::File { executable: true, .. }) = self.manifest.kind(index) {
            use cap_std::fs::OpenOptionsExt;
            // what the user takes off all new files is taken off these
            options.mode(0o777);
        }
        #[cfg(not(unix))]
        let _ = (options, index);
    }

    /// Writes the next piece of a file, if it proves itself.
    pub(crate) fn land(
        &mut self,
        file: &mut Arriving,
        piece: &[u8],
        proof: Proof,
    ) -> Result<(), PieceFault> {
        if tree::prove(file.size, file.next, piece) != proof {
            return Err(PieceFault::Proof);
        }
        file.file.seek(SeekFrom::Start(file.next * PIECE)).map_err(PieceFault::Disk)?;
        file.file.write_all(piece).map_err(PieceFault::Disk)?;
        let only = file.size <= PIECE;
        // that a small file is there is told by its end alone
        if !only {
            self.write(&Record::Piece(file.index, proof)).map_err(PieceFault::Disk)?;
        }
        file.tree.push(proof);
        file.next += 1;
        file.unsynced += 1;
        if file.unsynced >= SYNC_EVERY {
            file.file.sync_data().map_err(PieceFault::Disk)?;
            self.write(&Record::Synced).map_err(PieceFault::Disk)?;
            file.unsynced = 0;
        }
        Ok(())
    }

    /// A file is whole; its hash.
    pub(crate) fn complete(&mut self, file: Arriving) -> io::Result<[u8; 32]> {
        let time = self.manifest.modified(file.index).time();
        file.file.set_times(FileTimes::new().set_modified(time))?;
        self.write(&Record::Whole(file.index))?;
        Ok(file.tree.hash())
    }

    /// A file will not be whole.
    pub(crate) fn give_up(&mut self, index: u32, path: &Path) -> io::Result<()> {
        self.write(&Record::Forgotten(index))?;
        match self.files.remove_file(path) {
            Err(error) if error.kind() != io::ErrorKind::NotFound => Err(error),
            _ => Ok(()),
        }
    }

    /// Puts everything where it belongs. Gives the names that something has now.
    pub(crate) fn finish(self, existing: Existing) -> Result<Vec<String>, LandingError> {
        let Self { target, stage, stage_name, files, manifest, mut writer, path, .. } = self;
        let disk = disk(&path);
        place::sync(writer.out().0, &files).map_err(disk)?;
        place::set_times(&files, &manifest);
        let mut names = Vec::new();
        for index in (0..manifest.len()).filter(|index| manifest.depth(*index) == 0) {
            let Ok(name) = Name::told(manifest.name(index)).map(|name| name.here()) else {
                continue;
            };
            // a file that was given up is not there
            if files.symlink_metadata(&name).is_err() {
                continue;
            }
            names.push(place::put(&files, &target, &name, existing, &path)?);
        }
        drop((files, writer, stage));
        target.remove_dir_all(&stage_name).map_err(disk)?;
        Ok(names)
    }
}

/// A file that is being written.
#[derive(Debug)]
pub(crate) struct Arriving {
    pub(crate) index: u32,
    file: fs::File,
    tree: Tree,
    next: u64,
    size: u64,
    unsynced: usize,
}

impl Arriving {
    /// How long the next piece is; `None` if all are there.
    pub(crate) fn next_len(&self) -> Option<usize> {
        let len = tree::piece_len(self.size, self.next);
        (self.next < tree::pieces(self.size)).then_some(len as usize)
    }
}

/// Why a piece did not land.
#[derive(Debug)]
pub(crate) enum PieceFault {
    /// It is not what its proof says.
    Proof,
    /// The disk says no.
    Disk(io::Error),
}

#[cfg(unix)]
fn private_folder() -> cap_std::fs::DirBuilder {
    use cap_std::fs::DirBuilderExt;
    let mut builder = cap_std::fs::DirBuilder::new();
    builder.mode(0o700);
    builder
}

#[cfg(not(unix))]
fn private_folder() -> cap_std::fs::DirBuilder {
    cap_std::fs::DirBuilder::new()
}

fn private_file() -> OpenOptions {
    let mut options = OpenOptions::new();
    options.write(true).create_new(true);
    #[cfg(unix)]
    {
        use cap_std::fs::OpenOptionsExt;
        options.mode(0o600);
    }
    options
}
