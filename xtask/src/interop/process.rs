//! A program under test: started with its output in files, watched, and ended with the case.

use std::fs::{self, File};
use std::io::Write as _;
use std::path::{Path, PathBuf};
use std::process::{Child, Command, ExitStatus, Stdio};
use std::time::{Duration, Instant};

use crate::run::Failure;

/// How often a file or a program is looked at while waiting for it.
pub(crate) const LOOK: Duration = Duration::from_millis(20);

/// A running program. Dropping it kills it.
#[derive(Debug)]
pub(crate) struct Running {
    name: String,
    child: Child,
    out: PathBuf,
    err: PathBuf,
}

impl Running {
    /// Starts a command, with `name.out` and `name.err` in the directory for its output.
    pub(crate) fn start(name: &str, dir: &Path, command: &mut Command) -> Result<Self, Failure> {
        let (out, err) = (dir.join(format!("{name}.out")), dir.join(format!("{name}.err")));
        let create = |path: &Path| {
            File::create(path).map_err(|error| format!("{}: {error}", path.display()))
        };
        let child = command
            .stdin(Stdio::piped())
            .stdout(create(&out)?)
            .stderr(create(&err)?)
            .spawn()
            .map_err(|error| format!("{name}: could not be started: {error}"))?;
        Ok(Self { name: name.to_owned(), child, out, err })
    }

    /// Its process.
    pub(crate) fn id(&self) -> u32 {
        self.child.id()
    }

    /// Writes lines to the standard input.
    pub(crate) fn say(&mut self, lines: &[String]) -> Result<(), Failure> {
        self.write((lines.join("\n") + "\n").as_bytes())
    }

    /// Writes bytes to the standard input.
    pub(crate) fn write(&mut self, bytes: &[u8]) -> Result<(), Failure> {
        let stdin = self.child.stdin.as_mut();
        let written = stdin.map(|stdin| stdin.write_all(bytes));
        match written {
            Some(Ok(())) => Ok(()),
            Some(Err(error)) => Err(self.failure(&format!("takes no input: {error}"))),
            None => Err(self.failure("takes no input any more")),
        }
    }

    /// Ends the standard input.
    pub(crate) fn close_input(&mut self) {
        drop(self.child.stdin.take());
    }

    /// What the program has written so far.
    pub(crate) fn output(&self) -> String {
        read(&self.out)
    }

    /// What it has written to standard error so far.
    pub(crate) fn errors(&self) -> String {
        read(&self.err)
    }

    /// Looks once whether `found` finds something in the two outputs. It is a failure when it does
    /// not, and the program has ended.
    pub(crate) fn look<T>(
        &mut self,
        what: &str,
        found: impl Fn(&str, &str) -> Option<T>,
    ) -> Result<Option<T>, Failure> {
        let status = self.child.try_wait().ok().flatten();
        match (found(&self.output(), &self.errors()), status) {
            (None, Some(status)) => Err(self.failure(&format!("ended ({status}) before: {what}"))),
            (found, _) => Ok(found),
        }
    }

    /// Waits until `found` finds something in the two outputs.
    pub(crate) fn wait_until<T>(
        &mut self,
        what: &str,
        patience: Duration,
        found: impl Fn(&str, &str) -> Option<T>,
    ) -> Result<T, Failure> {
        let end = Instant::now() + patience;
        while Instant::now() < end {
            if let Some(value) = self.look(what, &found)? {
                return Ok(value);
            }
            std::thread::sleep(LOOK);
        }
        Err(self.failure(&format!("not within {patience:?}: {what}")))
    }

    /// Waits for the end of the program.
    pub(crate) fn wait(&mut self, patience: Duration) -> Result<ExitStatus, Failure> {
        let end = Instant::now() + patience;
        loop {
            match self.child.try_wait() {
                Ok(Some(status)) => return Ok(status),
                Ok(None) if Instant::now() < end => std::thread::sleep(LOOK),
                Ok(None) => return Err(self.failure(&format!("still runs after {patience:?}"))),
                Err(error) => return Err(self.failure(&error.to_string())),
            }
        }
    }

    /// A failure with the end of what the program wrote.
    pub(crate) fn failure(&self, what: &str) -> Failure {
        let text = format!(
            "{}: {what}\n--- end of {}\n{}\n--- end of {}\n{}",
            self.name,
            self.err.display(),
            tail(&self.errors()),
            self.out.display(),
            tail(&self.output())
        );
        Failure::Failed(text)
    }
}

impl Drop for Running {
    fn drop(&mut self) {
        let _ended_already = self.child.kill();
        let _reaped_already = self.child.wait();
    }
}

fn read(path: &Path) -> String {
    fs::read(path).map(|bytes| String::from_utf8_lossy(&bytes).into_owned()).unwrap_or_default()
}

/// The last lines of a text, each shortened to a line of the terminal.
fn tail(text: &str) -> String {
    const LINES: usize = 25;
    const WIDTH: usize = 240;
    let lines: Vec<&str> = text.lines().collect();
    let shorten = |line: &&str| line.chars().take(WIDTH).collect::<String>();
    lines[lines.len().saturating_sub(LINES)..].iter().map(shorten).collect::<Vec<_>>().join("\n")
}
