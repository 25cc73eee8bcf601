//! `cargo xtask fuzz`: each target for some time. What is found on the way stays in `fuzz/target`;
//! the committed corpora are only read.

use std::fs;
use std::path::PathBuf;
use std::process::Command;

use crate::run::{Failure, capture, root, show};

/// How long each target runs unless told otherwise, in seconds.
const SECONDS: u32 = 60;
/// No input is longer, in bytes: nothing here needs more than one packet or description.
const LEN_MAX: usize = 4096;

pub(crate) fn main(words: &[&str]) -> Result<(), Failure> {
    let (seconds, chosen) = arguments(words)?;
    let known = targets()?;
    if let Some(unknown) = chosen.iter().find(|name| !known.contains(name)) {
        let known = known.join(" ");
        return Err(Failure::Usage(format!("no target {unknown}; targets: {known}")));
    }
    let chosen = if chosen.is_empty() { known } else { chosen };
    capture(cargo_fuzz().arg("--version")).map_err(|_| {
        let how = "rustup toolchain install nightly && cargo install cargo-fuzz";
        Failure::Failed(format!("cargo-fuzz or its nightly Rust is missing: {how}"))
    })?;
    let failed: Vec<String> =
        chosen.into_iter().filter(|target| run(target, seconds).is_err()).collect();
    if failed.is_empty() {
        return Ok(());
    }
    Err(Failure::Failed(format!("fuzz: {} failed; see fuzz/artifacts", failed.join(", "))))
}

/// How long, and which targets.
fn arguments(words: &[&str]) -> Result<(u32, Vec<String>), Failure> {
    match words {
        ["--seconds", seconds, targets @ ..] => {
            let seconds = seconds.parse();
            let seconds = seconds.map_err(|_| Failure::Usage("--seconds wants a number".into()))?;
            Ok((seconds, targets.iter().map(|&target| target.into()).collect()))
        }
        ["--seconds"] => Err(Failure::Usage("--seconds wants a number".into())),
        targets => Ok((SECONDS, targets.iter().map(|&target| target.into()).collect())),
    }
}

/// The names of all targets, from their files.
fn targets() -> Result<Vec<String>, Failure> {
    let directory = root().join("fuzz/fuzz_targets");
    let entries = fs::read_dir(&directory)
        .map_err(|error| Failure::Failed(format!("{}: {error}", directory.display())))?;
    let stem = |path: PathBuf| Some(path.file_stem()?.to_str()?.to_owned());
    let mut names: Vec<String> = entries.flatten().filter_map(|entry| stem(entry.path())).collect();
    names.sort();
    Ok(names)
}

/// Found inputs go to the first directory; the others are read besides. Without a sanitizer: there
/// is no unsafe code to watch, and it runs twice as fast.
fn run(target: &str, seconds: u32) -> Result<(), Failure> {
    let found = root().join("fuzz/target/found").join(target);
    fs::create_dir_all(&found)
        .map_err(|error| Failure::Failed(format!("{}: {error}", found.display())))?;
    let mut command = cargo_fuzz();
    command.args(["run", "--sanitizer", "none", target]).arg(&found);
    for kind in ["corpus", "regressions"] {
        let directory = root().join("fuzz").join(kind).join(target);
        if directory.is_dir() {
            command.arg(directory);
        }
    }
    command.arg("--").args([format!("-max_total_time={seconds}"), format!("-max_len={LEN_MAX}")]);
    let dictionary = root().join("fuzz").join(format!("{target}.dict"));
    if dictionary.is_file() {
        command.arg(format!("-dict={}", dictionary.display()));
    }
    show(&mut command)
}

/// cargo-fuzz needs a nightly Rust, which only rustup's own cargo can pick.
fn cargo_fuzz() -> Command {
    let mut command = Command::new("cargo");
    command.args(["+nightly", "fuzz"]).current_dir(root()).env_remove("RUSTUP_TOOLCHAIN");
    command
}

#[cfg(test)]
mod tests {
    use super::{SECONDS, arguments, targets};

    #[test]
    fn time_and_targets_are_read() {
        let read = |words: &[&str]| arguments(words).ok();
        assert_eq!(read(&[]), Some((SECONDS, vec![])));
        assert_eq!(read(&["a", "b"]), Some((SECONDS, vec!["a".into(), "b".into()])));
        assert_eq!(read(&["--seconds", "5", "a"]), Some((5, vec!["a".into()])));
        assert_eq!(read(&["--seconds"]), None);
        assert_eq!(read(&["--seconds", "soon"]), None);
    }

    #[test]
    fn targets_are_found_by_their_files() {
        let targets = targets().unwrap();
        assert!(targets.iter().any(|name| name == "stun_parse"), "{targets:?}");
    }
}
