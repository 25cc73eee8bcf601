//! Citations in the code, written `RFC 8489 §7.3.1`: each RFC has a table.

use std::collections::BTreeSet;
use std::fs;
use std::path::{Path, PathBuf};

use super::{Spec, sorted};
use crate::run::Failure;

/// One place in the code that cites an RFC.
pub(crate) struct Citation {
    /// `path:line`.
    pub(crate) place: String,
    pub(crate) rfc: String,
}

/// Reads the sources of all crates.
pub(crate) fn read(root: &Path) -> Result<Vec<Citation>, Failure> {
    let mut open: Vec<PathBuf> =
        sorted(&root.join("crates"))?.into_iter().map(|dir| dir.join("src")).collect();
    let mut citations = Vec::new();
    while let Some(dir) = open.pop() {
        for path in sorted(&dir)? {
            if path.is_dir() {
                open.push(path);
            } else if path.extension().is_some_and(|extension| extension == "rs") {
                let text = fs::read_to_string(&path)
                    .map_err(|error| format!("{}: {error}", path.display()))?;
                let inner = path.strip_prefix(root).unwrap_or(&path);
                citations.extend(find(&inner.to_string_lossy(), &text));
            }
        }
    }
    Ok(citations)
}

/// The citations with a section in a text.
pub(crate) fn find(path: &str, text: &str) -> Vec<Citation> {
    let mut citations = Vec::new();
    for (index, line) in text.lines().enumerate() {
        for (at, mark) in line.match_indices("RFC ") {
            let rest = &line[at + mark.len()..];
            let digits = rest.bytes().take_while(u8::is_ascii_digit).count();
            if digits > 0 && rest[digits..].trim_start().starts_with('§') {
                let place = format!("{path}:{}", index + 1);
                citations.push(Citation { place, rfc: format!("rfc{}", &rest[..digits]) });
            }
        }
    }
    citations
}

/// Whoever cites a section has read it: its RFC has a table in one of the crates.
pub(crate) fn check(citations: &[Citation], specs: &[Spec], problems: &mut Vec<String>) {
    let known: BTreeSet<&str> = specs.iter().map(|spec| spec.rfc.as_str()).collect();
    for citation in citations {
        if !known.contains(citation.rfc.as_str()) {
            problems.push(format!("{}: no crate has spec/{}.md", citation.place, citation.rfc));
        }
    }
}
