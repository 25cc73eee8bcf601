//! How the descriptions travel: a file each way, or stdout and stdin.
use crate::{
    exit::Failure,
    lines::{self, Line, Lines},
};
use std::{
    io::{self, IsTerminal, Write},
    path::Path,
    time::Duration,
};

/// How often a file that is not there yet is looked for.
const LOOK_EVERY: Duration = Duration::from_millis(50);

/// The longest description taken in: far more than any that can be pasted.
const DESCRIPTION_MAX: u64 = 1 << 20;

/// Hands a description out, in the file or on stdout, and tells so: before it is on stdout, for it is
/// what is told of, and after it is in the file, for then it is true.
pub(crate) fn hand_out(
    description: &str,
    out: Option<&Path>,
    tell: impl FnOnce(),
) -> Result<(), Failure> {
    let Some(path) = out else {
        tell();
        // its last line has an end of its own: the one that `print` adds makes the empty line
        lines::print(description.as_bytes());
        return Ok(());
    };
    to_file(description, path)?;
    tell();
    Ok(())
}

/// Writes a description to the file, whole or not at all.
pub(crate) fn to_file(description: &str, path: &Path) -> Result<(), Failure> {
    write_whole(description, path).map_err(|error| {
        // the name of the temporary file is of no use to anybody
        let why = match error.kind() {
            io::ErrorKind::NotFound => "there is no such folder".to_owned(),
            kind if error.raw_os_error().is_none() => kind.to_string(),
            _ => error.to_string(),
        };
        Failure::NotStarted(format!("cannot write {}: {why}", path.display()))
    })
}

/// A temporary file beside it takes the name when it is complete. It gets the permissions that any
/// new file gets, not those of a secret. A pipe or a device stays what it is.
fn write_whole(text: &str, path: &Path) -> io::Result<()> {
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
            Some(path) => with_plain_ends(&read_file(path).await?),
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
            Err(error) if error.kind() == io::ErrorKind::NotFound => {}
            Err(error) => return Err(failure(error)),
        }
        tokio::time::sleep(LOOK_EVERY).await;
    }
}

/// A description whose lines ended in whatever way, as SDP has them: it knows no empty lines.
fn with_plain_ends(text: &[u8]) -> Vec<u8> {
    let mut plain = Vec::with_capacity(text.len());
    for line in text.split(|byte| matches!(byte, b'\r' | b'\n')).filter(|line| !line.is_empty()) {
        plain.extend_from_slice(line);
        plain.extend_from_slice(b"\r\n");
    }
    plain
}

/// What was pasted so far.
#[derive(Debug, Default)]
struct Paste {
    text: Vec<u8>,
    /// An empty line stands behind the first line already: a terminal made two ends of each, and what
    /// ends the description is one more empty line than that.
    is_doubled: bool,
    /// How many empty lines came last.
    empty: u32,
}

impl Paste {
    /// Whether it is complete with this line.
    fn take(&mut self, line: &[u8]) -> bool {
        let plain = with_plain_ends(line);
        if plain.is_empty() {
            // empty lines before it are none of it
            self.empty += u32::from(!self.text.is_empty());
            self.is_doubled |= self.text == b"v=0\r\n";
            return self.empty > u32::from(self.is_doubled);
        }
        self.text.extend_from_slice(&plain);
        self.empty = 0;
        false
    }
}

async fn read_lines(stdin: &mut Lines) -> Result<Vec<u8>, Failure> {
    let mut paste = Paste::default();
    while let Some(line) = stdin.next().await {
        let Line::Whole(line) = line else {
            let text = "a line that came on stdin is too long to be one of a description".into();
            return Err(Failure::NotConnected(text));
        };
        let ends = paste.take(&line);
        if paste.text.len() as u64 > DESCRIPTION_MAX {
            let text = "what came on stdin is too long to be a description".into();
            return Err(Failure::NotConnected(text));
        }
        if ends {
            return Ok(paste.text);
        }
    }
    if paste.text.is_empty() {
        let text = "stdin ended before the peer's description came; paste it, or use --in FILE";
        return Err(Failure::NotConnected(text.into()));
    }
    Ok(paste.text)
}

#[cfg(test)]
mod tests {
    use super::{Paste, with_plain_ends};

    #[test]
    fn any_ends_of_lines_are_those_of_sdp() {
        let plain = b"v=0\r\no=x\r\n".to_vec();
        for text in ["v=0\no=x\n", "v=0\ro=x\r", "v=0\r\r\no=x", "\n\nv=0\n\n\no=x\n\n"] {
            assert_eq!(with_plain_ends(text.as_bytes()), plain, "{text:?}");
        }
    }

    /// What was read of these lines, if they end it, and how many were left.
    fn pasted(lines: &str) -> Option<(String, usize)> {
        let mut paste = Paste::default();
        let mut lines = lines.split('\n');
        lines.find(|line| paste.take(line.as_bytes()))?;
        Some((String::from_utf8(paste.text).unwrap(), lines.count()))
    }

    #[test]
    fn an_empty_line_ends_a_paste_and_one_more_where_each_line_has_one() {
        let text = "v=0\r\no=x\r\nm=y\r\n".to_owned();
        for lines in
            ["v=0\no=x\nm=y\n\nhello", "\n\nv=0\no=x\nm=y\n\nhello", "v=0\ro=x\rm=y\n\nhello"]
        {
            assert_eq!(pasted(lines), Some((text.clone(), 1)), "{lines:?}");
        }
        assert_eq!(pasted("v=0\n\no=x\n\nm=y\n\n\nhello"), Some((text, 1)));
        assert_eq!(pasted("v=0\n\no=x\n\nm=y\n"), None);
    }
}
