//! The tests that exist, asked of the test programs themselves.

use std::collections::{BTreeMap, BTreeSet};
use std::process::{Command, Stdio};

use super::Spec;
use super::table::State;
use crate::run::{Failure, capture, cargo};

/// The names of the tests of each package. Those of an integration program carry its name in front.
pub(crate) type Listing = BTreeMap<String, BTreeSet<String>>;

/// Builds the test programs as the step `test` does, and has each list its tests.
pub(crate) fn list() -> Result<Listing, Failure> {
    let mut build = cargo();
    build.args(["test", "--all-features", "--no-run", "--message-format=json"]);
    let messages = capture(build.stderr(Stdio::inherit()))?;
    let mut listing = Listing::new();
    for message in messages.lines() {
        let Some(program) = Program::from_message(message) else { continue };
        let text = capture(Command::new(&program.path).arg("--list"))?;
        let names = text.lines().filter_map(|line| line.strip_suffix(": test"));
        let prefix =
            if program.integration { format!("{}::", program.target) } else { String::new() };
        let names = names.map(|name| format!("{prefix}{name}"));
        listing.entry(program.package).or_default().extend(names);
    }
    if listing.is_empty() {
        return Err(Failure::Failed("cargo named no test program".into()));
    }
    Ok(listing)
}

/// A test program that cargo built.
#[derive(Debug, PartialEq, Eq)]
pub(crate) struct Program {
    pub(crate) package: String,
    pub(crate) target: String,
    pub(crate) integration: bool,
    pub(crate) path: String,
}

impl Program {
    /// Reads one JSON message of cargo, if it is about a test program.
    pub(crate) fn from_message(message: &str) -> Option<Self> {
        let path = string(message, "executable")?;
        let (target, profile) =
            message.split_once("\"target\":{")?.1.split_once("\"profile\":{")?;
        if !profile.contains("\"test\":true}") {
            return None;
        }
        let id = string(message, "package_id")?;
        // `path+file:///dir/name#0.1.0`, or `…/dir#name@0.1.0` where the directory differs.
        let (dir, version) = id.rsplit_once('#')?;
        let package = match version.split_once('@') {
            Some((name, _)) => name,
            None => dir.rsplit_once('/')?.1,
        };
        Some(Self {
            package: package.to_owned(),
            target: string(target, "name")?.to_owned(),
            integration: target.starts_with("\"kind\":[\"test\"]"),
            path: path.to_owned(),
        })
    }
}

/// The first string of that name. Cargo writes paths and names without escapes.
fn string<'a>(message: &'a str, name: &str) -> Option<&'a str> {
    let value = message.split_once(&format!("\"{name}\":\""))?.1;
    value.split_once('"').map(|(value, _)| value)
}

/// Every test that a row names exists, unless the row is open: then it may be planned.
/// `crate/test` names a test of another crate.
pub(crate) fn check(specs: &[Spec], listing: &Listing, problems: &mut Vec<String>) {
    for spec in specs {
        for row in spec.rows.iter().filter(|row| row.state != State::Todo) {
            for test in &row.tests {
                let (package, name) = test.split_once('/').unwrap_or((&spec.package, test));
                if !listing.get(package).is_some_and(|names| names.contains(name)) {
                    let problem = format!("{}: {}: no test {name} in {package}", row.place, row.id);
                    problems.push(problem);
                }
            }
        }
    }
}
