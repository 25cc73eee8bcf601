//! `cargo xtask tidy`: what rustfmt and clippy do not see. Every rule has a test that breaks it.

mod blank;
mod crates;
mod gates;
mod source;
#[cfg(test)]
mod tests;
mod text;

use std::fmt;
use std::fs;
use std::path::Path;

use crate::run::{Failure, root};

/// No code file is longer, tests not counted.
const LINES_MAX: usize = 600;
/// Nine code files of ten are no longer.
const LINES_P90_MAX: usize = 450;

/// One text file of the workspace, by its path from the root with `/` between the parts.
pub(crate) struct File {
    pub(crate) path: String,
    pub(crate) text: String,
}

/// A rule that does not hold, and where.
#[derive(Debug, PartialEq, Eq)]
pub(crate) struct Finding {
    /// The short name of the rule; the tests tell findings apart by it.
    pub(crate) rule: &'static str,
    /// `path` or `path:line`.
    pub(crate) place: String,
    pub(crate) message: String,
}

impl fmt::Display for Finding {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        write!(f, "{}: {} [{}]", self.place, self.message, self.rule)
    }
}

impl Finding {
    /// A finding about a line, counted from 0.
    pub(crate) fn at(rule: &'static str, path: &str, index: usize, message: &str) -> Self {
        Self { rule, place: format!("{path}:{}", index + 1), message: message.into() }
    }

    /// A finding about a file as a whole, or about a file that is not there.
    pub(crate) fn of(rule: &'static str, path: &str, message: &str) -> Self {
        Self { rule, place: path.into(), message: message.into() }
    }
}

pub(crate) fn main() -> Result<(), Failure> {
    let files = read_tree(&root())?;
    let findings = check(&files);
    for finding in &findings {
        println!("{finding}");
    }
    let lengths = source::lengths(&files);
    for (path, lines) in lengths.iter().filter(|(_, lines)| *lines > LINES_P90_MAX) {
        println!("note: {path} has {lines} lines of code");
    }
    let (median, p90) = (percentile(&lengths, 50), percentile(&lengths, 90));
    println!(
        "tidy: {} text files, {} code files, median {median} lines, p90 {p90}; {} findings",
        files.len(),
        lengths.len(),
        findings.len()
    );
    if findings.is_empty() {
        return Ok(());
    }
    Err(Failure::Failed(format!("tidy: {} findings", findings.len())))
}

/// Every rule over every file.
fn check(files: &[File]) -> Vec<Finding> {
    let mut findings = Vec::new();
    for file in files {
        text::check(file, &mut findings);
        source::check(file, &mut findings);
    }
    let p90 = percentile(&source::lengths(files), 90);
    if p90 > LINES_P90_MAX {
        let message = format!("one code file in ten has more than {p90} lines: split the longest");
        findings.push(Finding::of("p90", "crates", &message));
    }
    crates::check(files, &mut findings);
    findings
}

/// The length below which `percent` of the files stay; `lengths` is in ascending order.
fn percentile(lengths: &[(String, usize)], percent: usize) -> usize {
    let rank = (lengths.len() * percent).div_ceil(100);
    lengths.get(rank.saturating_sub(1)).map_or(0, |(_, lines)| *lines)
}

/// The text files of the tree, without what is built or generated.
fn read_tree(root: &Path) -> Result<Vec<File>, Failure> {
    let mut files = Vec::new();
    let mut open = vec![root.to_path_buf()];
    while let Some(dir) = open.pop() {
        let entries = fs::read_dir(&dir).map_err(|error| format!("{}: {error}", dir.display()))?;
        for entry in entries {
            let path = entry.map_err(|error| format!("{}: {error}", dir.display()))?.path();
            let name = path.file_name().unwrap_or_default().to_string_lossy().into_owned();
            if path.is_dir() {
                let built = ["target", ".git", "corpus", "artifacts", "node_modules"];
                if !built.contains(&name.as_str()) && !path.is_symlink() {
                    open.push(path);
                }
                continue;
            }
            let inner = path.strip_prefix(root).unwrap_or(&path);
            if text::is_text(inner) {
                let text = fs::read_to_string(&path)
                    .map_err(|error| format!("{}: {error}", path.display()))?;
                files.push(File { path: inner.to_string_lossy().replace('\\', "/"), text });
            }
        }
    }
    files.sort_by(|a, b| a.path.cmp(&b.path));
    Ok(files)
}
