//! Putting what has landed where it belongs: what is in the way, what the disk has to keep, and renames that
//! replace nothing unasked.
use super::{Existing, LandingError, disk};
use crate::{
    manifest::{Kind, Manifest, PathOf},
    name::Name,
};
#[cfg(not(any(target_os = "linux", target_os = "android")))]
use cap_std::fs::OpenOptions;
use cap_std::{ambient_authority, fs::Dir};
use std::{
    fs::{self, FileTimes},
    io,
    path::{Path, PathBuf},
};

/// What is in the way of these names, if that matters.
pub(crate) fn conflict(
    folder: &Path,
    manifest: &Manifest,
    existing: Existing,
) -> Result<Option<String>, LandingError> {
    let target = Dir::open_ambient_dir(folder, ambient_authority()).map_err(disk(folder))?;
    for index in (0..manifest.len()).filter(|index| manifest.depth(*index) == 0) {
        let Ok(name) = Name::told(manifest.name(index)).map(|name| name.here()) else { continue };
        let Ok(there) = target.symlink_metadata(&name) else { continue };
        let is_file = matches!(manifest.kind(index), Some(Kind::File { .. }));
        match existing {
            Existing::Rename => {}
            Existing::Overwrite if is_file && !there.is_dir() => {}
            Existing::Refuse | Existing::Overwrite => return Ok(Some(name)),
        }
    }
    Ok(None)
}

/// Bytes that are free there; `None` if the system does not tell.
pub(crate) fn free_space(folder: &Path) -> Option<u64> {
    #[cfg(unix)]
    {
        let told = rustix::fs::statvfs(folder).ok()?;
        Some(told.f_bavail.saturating_mul(told.f_frsize))
    }
    #[cfg(not(unix))]
    {
        let _ = folder;
        None
    }
}

/// Renames one to where it belongs; the name that it got.
pub(super) fn put(
    files: &Dir,
    target: &Dir,
    name: &str,
    existing: Existing,
    path: &Path,
) -> Result<String, LandingError> {
    let path = path.join(name);
    let is_file = files.symlink_metadata(name).map_err(disk(&path))?.is_file();
    let there = target.symlink_metadata(name);
    if existing == Existing::Overwrite && is_file && there.is_ok_and(|there| !there.is_dir()) {
        files.rename(name, target, name).map_err(disk(&path))?;
        return Ok(name.to_owned());
    }
    let mut candidate = name.to_owned();
    for number in 2.. {
        match rename_new(files, name, target, &candidate) {
            Ok(()) => return Ok(candidate),
            Err(error) if error.kind() == io::ErrorKind::AlreadyExists => {
                if existing != Existing::Rename || number > 10_000 {
                    return Err(LandingError::Exists(name.to_owned()));
                }
                candidate = numbered(name, number);
            }
            Err(error) => return Err(disk(&path)(error)),
        }
    }
    Err(LandingError::Exists(name.to_owned()))
}

/// `a.txt`, `a (2).txt`.
fn numbered(name: &str, number: u32) -> String {
    match name.rsplit_once('.') {
        Some((stem, extension)) if !stem.is_empty() => format!("{stem} ({number}).{extension}"),
        _ => format!("{name} ({number})"),
    }
}

/// Renames, and replaces nothing.
fn rename_new(from: &Dir, name: &str, to: &Dir, new: &str) -> io::Result<()> {
    #[cfg(any(target_os = "linux", target_os = "android", target_vendor = "apple"))]
    {
        use rustix::{fs::RenameFlags, io::Errno};
        match rustix::fs::renameat_with(from, name, to, new, RenameFlags::NOREPLACE) {
            // the file system cannot
            Err(Errno::INVAL | Errno::NOSYS | Errno::NOTSUP) => {}
            renamed => return Ok(renamed?),
        }
    }
    if to.symlink_metadata(new).is_ok() {
        return Err(io::ErrorKind::AlreadyExists.into());
    }
    from.rename(name, to, new)
}

/// Has the disk keep all that was written: all that is where the journal is.
pub(super) fn sync(journal: &fs::File, files: &Dir) -> io::Result<()> {
    #[cfg(any(target_os = "linux", target_os = "android"))]
    {
        let _ = files;
        Ok(rustix::fs::syncfs(journal)?)
    }
    #[cfg(not(any(target_os = "linux", target_os = "android")))]
    {
        let _ = journal;
        sync_files(files)
    }
}

#[cfg(not(any(target_os = "linux", target_os = "android")))]
fn sync_files(folder: &Dir) -> io::Result<()> {
    for entry in folder.entries()? {
        let entry = entry?;
        if entry.file_type()?.is_dir() {
            sync_files(&entry.open_dir()?)?;
        } else {
            let mut options = OpenOptions::new();
            options.write(true);
            entry.open_with(&options)?.sync_data()?;
        }
    }
    Ok(())
}

/// Gives folders their times, those within first.
pub(super) fn set_times(files: &Dir, manifest: &Manifest) {
    let mut folders = Vec::new();
    let mut path = PathOf::default();
    for index in 0..manifest.len() {
        let name = Name::told(manifest.name(index)).map(|name| name.here()).unwrap_or_default();
        let path = path.step(manifest.depth(index), name);
        if manifest.kind(index) == Some(Kind::Folder) {
            folders.push((path.iter().collect::<PathBuf>(), manifest.modified(index)));
        }
    }
    for (path, modified) in folders.into_iter().rev() {
        let times = FileTimes::new().set_modified(modified.time());
        // some systems have no times of folders
        let _ = files.open(path).and_then(|folder| folder.into_std().set_times(times));
    }
}
