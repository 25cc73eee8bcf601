//! Two programs that meet by lines copied between them, as people do it.
use crate::program::{Running, spool};
use std::{
    fs,
    path::{Path, PathBuf},
    process::Command,
};

/// A place for the files of one test, and for what the program remembers.
pub(crate) struct Place(pub(crate) tempfile::TempDir);

impl Place {
    pub(crate) fn new() -> Self {
        let place = Self(tempfile::tempdir().unwrap());
        for folder in ["from", "to", "state"] {
            fs::create_dir(place.0.path().join(folder)).unwrap();
        }
        place
    }

    pub(crate) fn path(&self, inner: &str) -> PathBuf {
        self.0.path().join(inner)
    }

    pub(crate) fn text(&self, inner: &str) -> String {
        self.path(inner).to_str().unwrap().to_owned()
    }

    /// Writes a file, with its folders.
    pub(crate) fn write(&self, inner: &str, contents: impl AsRef<[u8]>) {
        let path = self.path(inner);
        fs::create_dir_all(path.parent().unwrap()).unwrap();
        fs::write(path, contents).unwrap();
    }

    /// The program, with a memory of its own.
    pub(crate) fn spool(&self, args: &[&str]) -> Command {
        let mut command = spool(args);
        command.env("XDG_STATE_HOME", self.path("state"));
        command.env("XDG_CONFIG_HOME", self.path("state"));
        command
    }

    pub(crate) fn start(&self, args: &[&str]) -> Running {
        Running::start_command(self.spool(&[args, &["--loopback"]].concat()))
    }

    /// What lies in a folder, all of it, with contents.
    pub(crate) fn tree(&self, inner: &str) -> Vec<(String, Option<Vec<u8>>)> {
        let root = self.path(inner);
        let mut found = Vec::new();
        walk(&root, &root, &mut found);
        found.sort();
        found
    }

    /// Starts both and carries the lines: the inviter first.
    pub(crate) fn meet(&self, inviter: &[&str], guest: &[&str]) -> [Running; 2] {
        let mut inviter = self.start(&[inviter, &["--paste"]].concat());
        let line = inviter.line();
        let guest = self.start(&[guest, &[&line]].concat());
        inviter.say(&[guest.line()]);
        [inviter, guest]
    }
}

fn walk(root: &Path, folder: &Path, found: &mut Vec<(String, Option<Vec<u8>>)>) {
    for entry in fs::read_dir(folder).unwrap() {
        let path = entry.unwrap().path();
        let name = path.strip_prefix(root).unwrap().to_str().unwrap().to_owned();
        if path.is_dir() {
            found.push((name, None));
            walk(root, &path, found);
        } else {
            found.push((name, Some(fs::read(&path).unwrap())));
        }
    }
}

/// Bytes without a pattern that compresses or repeats.
pub(crate) fn noise(len: usize) -> Vec<u8> {
    let mut state = 0x9E37_79B9_7F4A_7C15_u64;
    let mut bytes = Vec::with_capacity(len + 8);
    while bytes.len() < len {
        state ^= state << 13;
        state ^= state >> 7;
        state ^= state << 17;
        bytes.extend_from_slice(&state.to_le_bytes());
    }
    bytes.truncate(len);
    bytes
}
