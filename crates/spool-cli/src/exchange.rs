//! How the descriptions travel: a file each way, or stdout and stdin.
use crate::{
    exit::Failure,
    lines::{self, Lines},
};
use std::{
    io::{IsTerminal, Write},
    path::Path,
    time::Duration,
};

/// How often a file that is not there yet is looked for.
const LOOK_EVERY: Duration = Duration::from_millis(50);

/// The longest description taken in: far more than any that can be pasted.
const DESCRIPTION_MAX: u64 = 1 << 20;

/// Writes a description to the file, whole or not at all, or to stdout with an empty line after
/// it.
pub(crate) fn write(description: &str, out: Option<&Path>) -> Result<(), Failure> {
    let Some(path) = out else {
        // its last line has an end of its own: the one that `print` adds makes the empty line
        lines::print(description.as_bytes());
        return Ok(());
    };
    write_whole(description, path)
        .map_err(|error| Failure::NotConnected(format!("cannot write {}: {error}", path.display())))
}

/// A temporary file beside it takes the name when it is complete. It gets the permissions that any
/// new file gets, not those of a secret. A pipe or a device stays what it is.
fn write_whole(text: &str, path: &Path) -> std::io::Result<()> {
    if std::fs::metadata(path).is_ok_and(|metadata| !metadata.is_file()) {
        return std::fs::write(path, text);
    }
    // what a link leads to is replaced, not the link
    let real = std::fs::canonicalize(path).unwrap_or_else(|_| path.to_owned());
    let path = real.as_path();
    let folder = match path.parent() {
        Some(folder) if !folder.as_os_str().is_empty() => folder,
        _ => Path::new("."),
    };
    let mut builder = tempfile::Builder::new();
    builder.prefix(".spool-");
    #[cfg(unix)]
    {
        use std::os::unix::fs::PermissionsExt;
        builder.permissions(std::fs::Permissions::from_mode(0o666));
    }
    let mut file = builder.tempfile_in(folder)?;
    file.write_all(text.as_bytes())?;
    file.persist(path).map_err(|error| error.error)?;
    Ok(())
}

/// Whether the file was there before now: what answers an earlier offer cannot answer this one.
pub(crate) fn is_stale(path: &Path) -> bool {
    std::fs::metadata(path).is_ok_and(|metadata| metadata.len() > 0)
}

/// Where the peer's description comes from: a file, or stdin. What follows on stdin is for the
/// conversation.
#[derive(Debug)]
pub(crate) struct Source<'a> {
    from: Option<&'a Path>,
    stdin: Option<Lines>,
}

impl<'a> Source<'a> {
    /// Nothing is read yet: the file may be /dev/stdin.
    pub(crate) fn new(from: Option<&'a Path>) -> Self {
        Self { from, stdin: None }
    }

    /// Reads a description from the file, waiting for it to be there, or from stdin up to an empty
    /// line or its end.
    pub(crate) async fn read(&mut self) -> Result<String, Failure> {
        let bytes = match self.from {
            Some(path) => read_file(path).await?,
            None => read_lines(self.stdin.get_or_insert_with(Lines::stdin)).await?,
        };
        String::from_utf8(bytes).map_err(|_binary| {
            let text = "the description of the peer is not text; is it the right file?";
            Failure::NotConnected(text.into())
        })
    }

    /// Whether somebody sits there who can paste again.
    pub(crate) fn is_person(&self) -> bool {
        self.from.is_none() && std::io::stdin().is_terminal()
    }

    /// What else comes on stdin.
    pub(crate) fn into_lines(self) -> Lines {
        self.stdin.unwrap_or_else(Lines::stdin)
    }
}

/// Reads a file, waiting for it to be there.
pub(crate) async fn read_file(path: &Path) -> Result<Vec<u8>, Failure> {
    let failure = |error| Failure::NotConnected(format!("cannot read {}: {error}", path.display()));
    loop {
        match std::fs::metadata(path) {
            Ok(metadata) if metadata.len() > DESCRIPTION_MAX => {
                let text = format!("{} is too long to be a description", path.display());
                return Err(Failure::NotConnected(text));
            }
            // a shell makes the file of `> FILE` before anything is in it; a pipe has no length
            Ok(metadata) if metadata.is_file() && metadata.len() == 0 => {}
            Ok(_) => return std::fs::read(path).map_err(failure),
            Err(error) if error.kind() == std::io::ErrorKind::NotFound => {}
            Err(error) => return Err(failure(error)),
        }
        tokio::time::sleep(LOOK_EVERY).await;
    }
}

async fn read_lines(stdin: &mut Lines) -> Result<Vec<u8>, Failure> {
    let mut text = Vec::new();
    while let Some(line) = stdin.next().await {
        match (line.is_empty(), text.is_empty()) {
            (true, true) => {} // empty lines before a pasted description
            (true, false) => return Ok(text),
            (false, _) => {
                text.extend_from_slice(&line);
                text.extend_from_slice(b"\r\n");
            }
        }
        if text.len() as u64 > DESCRIPTION_MAX {
            let text = "what came on stdin is too long to be a description".into();
            return Err(Failure::NotConnected(text));
        }
    }
    if text.is_empty() {
        let text = "stdin ended before the peer's description came; paste it, or use --in FILE";
        return Err(Failure::NotConnected(text.into()));
    }
    Ok(text)
}
