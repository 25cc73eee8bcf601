//! A transfer that was interrupted: found again, and gone on with.
use super::{JOURNAL, Landing, LandingError, STAGE, TREE, disk};
use crate::{
    journal::{Journal, JournalFault},
    manifest::Manifest,
};
use cap_std::{
    ambient_authority,
    fs::{Dir, OpenOptions},
};
use std::{
    io::{BufReader, Seek, SeekFrom},
    path::{Path, PathBuf},
    sync::Arc,
};

/// A transfer that was interrupted, as its receiver left it.
#[derive(Debug)]
pub struct Interrupted {
    target: Dir,
    stage: Dir,
    stage_name: String,
    journal: Journal,
    path: PathBuf,
}

impl Interrupted {
    /// Finds the one that was touched last.
    pub fn find(folder: &Path) -> Result<Self, LandingError> {
        let disk = disk(folder);
        let target = Dir::open_ambient_dir(folder, ambient_authority()).map_err(disk)?;
        let mut found: Vec<_> = target
            .entries()
            .map_err(disk)?
            .flatten()
            .filter_map(|entry| {
                let name = entry.file_name().into_string().ok()?;
                let ours = name.starts_with(STAGE.0) && name.ends_with(STAGE.1);
                let journal = target.symlink_metadata(Path::new(&name).join(JOURNAL)).ok()?;
                (ours && journal.is_file()).then_some((journal.modified().ok()?.into_std(), name))
            })
            .collect();
        found.sort();
        let (_, stage_name) =
            found.pop().ok_or_else(|| LandingError::Nothing(folder.to_owned()))?;
        let path = folder.join(&stage_name);
        let broken = |fault: JournalFault| LandingError::Journal {
            path: path.clone(),
            fault: fault.to_string(),
        };
        let stage = target.open_dir(&stage_name).map_err(disk)?;
        let read = stage.open(JOURNAL).map_err(disk)?;
        let journal = Journal::read(BufReader::new(read)).map_err(broken)?;
        Ok(Self { target, stage, stage_name, journal, path })
    }

    /// By what the two ends know each other again.
    pub fn secret(&self) -> [u8; 32] {
        self.journal.secret
    }

    /// What was offered then.
    pub fn manifest(&self) -> &Manifest {
        &self.journal.manifest
    }

    /// Goes on, with what is offered now. `None`: that is something else.
    pub(crate) fn resume(self, manifest: Arc<Manifest>) -> Result<Option<Landing>, LandingError> {
        let Self { target, stage, stage_name, journal, path } = self;
        if !journal.manifest.has_names_of(&manifest) {
            return Ok(None);
        }
        let disk = disk(&path);
        let mut options = OpenOptions::new();
        options.read(true).write(true);
        let mut file = stage.open_with(JOURNAL, &options).map_err(disk)?.into_std();
        file.set_len(journal.length).map_err(disk)?;
        file.seek(SeekFrom::End(0)).map_err(disk)?;
        let writer = journal.writer(file);
        let Journal { manifest: old, landed, .. } = journal;
        let files = stage.open_dir(TREE).map_err(disk)?;
        let mut landing = Landing {
            target,
            stage,
            stage_name,
            files,
            manifest,
            writer,
            landed,
            path: path.clone(),
        };
        landing.examine(&old).map_err(disk)?;
        Ok(Some(landing))
    }
}
