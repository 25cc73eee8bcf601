//! The `deny` step: cargo-deny over `deny.toml`, with the advisory database where it can be had.

use std::process::Command;

use crate::run::{Failure, capture, cargo, root, show};

/// Returns a note when the advisories could not be checked.
pub(crate) fn main() -> Result<String, Failure> {
    if capture(cargo().args(["deny", "--version"])).is_err() {
        return Err(Failure::Failed(
            "cargo-deny is missing: cargo install cargo-deny --locked".into(),
        ));
    }
    show(deny().args(["check", "--hide-inclusion-graph", "bans", "licenses", "sources"]))?;
    advisories()
}

/// Runs the advisory check. The database is a git repository of its own, which not every machine
/// can reach; only then is the check left out, and said to be.
fn advisories() -> Result<String, Failure> {
    println!("$ cargo deny check advisories");
    let output = deny()
        .args(["check", "advisories"])
        .output()
        .map_err(|error| Failure::Failed(format!("cargo deny: could not be started: {error}")))?;
    let text = String::from_utf8_lossy(&output.stderr).into_owned();
    if output.status.success() {
        print!("{}", String::from_utf8_lossy(&output.stdout));
        println!("{}", text.trim_end());
        return Ok(String::new());
    }
    match unreachable(&text) {
        Some(line) => {
            println!("{line}");
            Ok("advisories NOT CHECKED: their database could not be fetched".into())
        }
        None => Err(Failure::Failed(format!("cargo deny check advisories\n{text}"))),
    }
}

/// The line that says that the database could not be fetched, unlike one that names an advisory.
fn unreachable(text: &str) -> Option<&str> {
    let names_an_advisory = text.contains("RUSTSEC-") || text.contains("error[");
    let line = text.lines().find(|line| line.contains("failed to fetch advisory database"))?;
    (!names_an_advisory).then_some(line.trim())
}

fn deny() -> Command {
    let mut command = cargo();
    command.current_dir(root()).args(["deny", "--all-features", "--color", "never"]);
    command
}

#[cfg(test)]
mod tests {
    use super::unreachable;

    #[test]
    fn only_a_failed_fetch_excuses_the_advisory_check() {
        let fetch = "2026 [ERROR] failed to fetch advisory database https://example.org: timed out";
        assert!(unreachable(fetch).is_some());
        assert!(unreachable("error[vulnerability]: RUSTSEC-2026-0001").is_none());
        assert!(unreachable(&format!("{fetch}\nerror[yanked]: crate")).is_none());
        assert!(unreachable("error: unexpected argument").is_none());
    }
}
