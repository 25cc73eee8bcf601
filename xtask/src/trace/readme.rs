//! The table of counts in README.md, between two marks.

use std::fs;
use std::path::Path;

use super::write;
use crate::run::Failure;

const BEGIN: &str = "<!-- trace: begin -->\n";
const END: &str = "<!-- trace: end -->";

/// Checks that the README shows these counts, or writes them there. Without the marks it shows none.
pub(crate) fn check(
    path: &Path,
    counts: &str,
    may_write: bool,
    problems: &mut Vec<String>,
) -> Result<(), Failure> {
    let readme = fs::read_to_string(path).unwrap_or_default();
    match updated(&readme, counts) {
        None if may_write => Err(Failure::Failed(format!("README.md has no mark {BEGIN}"))),
        Some(text) if text != readme && may_write => write(path, &text),
        Some(text) if text != readme => {
            problems.push("README.md: old counts: cargo xtask trace --write-readme".into());
            Ok(())
        }
        None | Some(_) => Ok(()),
    }
}

/// The README with these counts, if it has the marks.
pub(crate) fn updated(readme: &str, counts: &str) -> Option<String> {
    let (before, rest) = readme.split_once(BEGIN)?;
    let (_, after) = rest.split_once(END)?;
    Some(format!("{before}{BEGIN}\n{counts}\n{END}{after}"))
}
