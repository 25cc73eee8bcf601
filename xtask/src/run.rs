//! Running other programs, the workspace root, and how a command of xtask fails.

use std::fmt;
use std::path::PathBuf;
use std::process::Command;

/// Why a command of xtask did not succeed.
#[derive(Debug)]
pub(crate) enum Failure {
    /// The caller asked for something that does not exist.
    Usage(String),
    /// A check did not hold, or a program that was needed failed.
    Failed(String),
}

impl fmt::Display for Failure {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        match self {
            Self::Usage(message) | Self::Failed(message) => f.write_str(message),
        }
    }
}

impl From<String> for Failure {
    fn from(message: String) -> Self {
        Self::Failed(message)
    }
}

/// The directory of the workspace.
pub(crate) fn root() -> PathBuf {
    let mut root = PathBuf::from(env!("CARGO_MANIFEST_DIR"));
    root.pop();
    root
}

/// Whether this is a run whose verdict counts: what could not run is then a failure.
pub(crate) fn in_ci() -> bool {
    std::env::var("CI").is_ok_and(|value| value == "true")
}

/// Whether this user may do everything on the machine.
pub(crate) fn is_root() -> bool {
    capture(Command::new("id").arg("-u")).is_ok_and(|id| id.trim() == "0")
}

/// Where cargo puts what it builds.
pub(crate) fn target() -> PathBuf {
    root().join(std::env::var_os("CARGO_TARGET_DIR").unwrap_or_else(|| "target".into()))
}

/// The cargo that runs this program, started in the workspace root.
pub(crate) fn cargo() -> Command {
    let mut command = Command::new(std::env::var_os("CARGO").unwrap_or_else(|| "cargo".into()));
    command.current_dir(root());
    command
}

/// Prints the command line, runs it with the terminal's own streams, and wants exit status 0.
pub(crate) fn show(command: &mut Command) -> Result<(), Failure> {
    let line = line_of(command);
    println!("$ {line}");
    match command.status() {
        Ok(status) if status.success() => Ok(()),
        Ok(status) => Err(Failure::Failed(format!("{line}: {status}"))),
        Err(error) => Err(Failure::Failed(format!("{line}: could not be started: {error}"))),
    }
}

/// Runs a command quietly and returns its standard output; on failure its standard error too.
pub(crate) fn capture(command: &mut Command) -> Result<String, Failure> {
    let line = line_of(command);
    let output = command
        .output()
        .map_err(|error| Failure::Failed(format!("{line}: could not be started: {error}")))?;
    if output.status.success() {
        return Ok(String::from_utf8_lossy(&output.stdout).into_owned());
    }
    let noise = String::from_utf8_lossy(&output.stderr);
    Err(Failure::Failed(format!("{line}: {}\n{}", output.status, noise.trim_end())))
}

/// `cargo xtask test`: every test and doc test of the default members, with all features.
pub(crate) fn test(arguments: &[&str]) -> Result<(), Failure> {
    show(cargo().args(["test", "--all-features", "--no-fail-fast"]).args(arguments))
}

fn line_of(command: &Command) -> String {
    let program = PathBuf::from(command.get_program());
    let name = program.file_name().unwrap_or(program.as_os_str()).to_string_lossy().into_owned();
    let words = command.get_args().map(|word| word.to_string_lossy().into_owned());
    std::iter::once(name).chain(words).collect::<Vec<_>>().join(" ")
}
