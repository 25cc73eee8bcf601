//! What a sender remembers of a transfer that was interrupted: a secret, so that the same files sent again
//! go on where they were.
use std::{
    fs,
    io::Write,
    path::{Path, PathBuf},
};

/// Where the secret of these files is kept.
#[derive(Debug)]
pub(super) struct Again(Option<PathBuf>);

impl Again {
    /// For these files, wherever the program is called from.
    pub(super) fn of(paths: &[PathBuf]) -> Self {
        let mut named: Vec<_> = paths.iter().filter_map(|path| path.canonicalize().ok()).collect();
        named.sort();
        let mut hash = blake3::Hasher::new();
        for path in &named {
            // no name holds a zero
            hash.update(path.as_os_str().as_encoded_bytes()).update(&[0]);
        }
        let name = format!("sent-{}", &hash.finalize().to_hex()[..16]);
        Self(folder().map(|folder| folder.join(name)))
    }

    /// The secret, if one is kept.
    pub(super) fn secret(&self) -> Option<[u8; 32]> {
        fs::read(self.0.as_ref()?).ok()?.try_into().ok()
    }

    /// Keeps it. Without a place for it nothing can be resumed, and all else works.
    pub(super) fn keep(&self, secret: [u8; 32]) {
        if let Some(path) = &self.0 {
            let _ = write_private(path, &secret);
        }
    }

    /// All was sent.
    pub(super) fn forget(&self) {
        if let Some(path) = &self.0 {
            let _ = fs::remove_file(path);
        }
    }
}

fn write_private(path: &Path, secret: &[u8]) -> std::io::Result<()> {
    let folder = path.parent().unwrap_or(Path::new("."));
    fs::create_dir_all(folder)?;
    // readable for its owner alone, and there whole or not at all
    let mut file = tempfile::NamedTempFile::new_in(folder)?;
    file.write_all(secret)?;
    file.persist(path)?;
    Ok(())
}

fn folder() -> Option<PathBuf> {
    let state = match std::env::var_os("XDG_STATE_HOME").filter(|path| !path.is_empty()) {
        Some(state) => PathBuf::from(state),
        None => std::env::home_dir()?.join(".local/state"),
    };
    Some(state.join("spool"))
}
