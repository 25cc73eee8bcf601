//! Counts in `README.md` and `crates/*/spec/README.md`, each between two marks.

use std::fs;

use super::write;
use crate::run::{Failure, root};

const BEGIN: &str = "<!-- trace: begin -->\n";
const END: &str = "<!-- trace: end -->";

/// Checks that this file of the repository shows these counts, or writes them there.
pub(crate) fn check(
    name: &str,
    counts: &str,
    may_write: bool,
    problems: &mut Vec<String>,
) -> Result<(), Failure> {
    let path = root().join(name);
    let readme = fs::read_to_string(&path).unwrap_or_default();
    match updated(&readme, counts) {
        None => problems.push(format!("{name}: there is no mark {}", BEGIN.trim_end())),
        Some(text) if text != readme && may_write => write(&path, &text)?,
        Some(text) if text != readme => {
            problems.push(format!("{name}: old counts: cargo xtask trace --write-readme"));
        }
        Some(_) => {}
    }
    Ok(())
}

/// The file with these counts, if it has the marks.
pub(crate) fn updated(readme: &str, counts: &str) -> Option<String> {
    let (before, rest) = readme.split_once(BEGIN)?;
    let (_, after) = rest.split_once(END)?;
    Some(format!("{before}{BEGIN}\n{counts}\n{END}{after}"))
}
