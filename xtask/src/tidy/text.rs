//! Rules for every text file: whitespace, and no path of somebody's machine.

use std::path::Path;

use super::{File, Finding};

const EXTENSIONS: [&str; 11] =
    ["rs", "toml", "md", "py", "sh", "html", "js", "mjs", "c", "h", "yml"];

/// Directories of particular machines. Put together here, or this file would find itself.
const MACHINE_PATHS: [&str; 4] =
    [concat!("/wo", "rk/"), concat!("/ro", "ot/"), concat!("/ho", "me/"), concat!("/Us", "ers/")];

/// Whether the rules of this file apply to a path from the root: known by extension, or in `.ci`.
pub(crate) fn is_text(path: &Path) -> bool {
    let extension = path.extension().unwrap_or_default().to_string_lossy();
    EXTENSIONS.contains(&&*extension) || path.starts_with(".ci")
}

pub(crate) fn check(file: &File, findings: &mut Vec<Finding>) {
    let path = &file.path;
    for (index, line) in file.text.split('\n').enumerate() {
        if line.ends_with([' ', '\t', '\r']) {
            findings.push(Finding::at("trailing", path, index, "whitespace at the end of a line"));
        }
        if line.contains('\t') {
            findings.push(Finding::at("tab", path, index, "a tab; indent with spaces"));
        }
        if MACHINE_PATHS.iter().any(|machine| line.contains(machine)) {
            let message = "a path of one particular machine";
            findings.push(Finding::at("machine-path", path, index, message));
        }
    }
    if !file.text.is_empty() && !file.text.ends_with('\n') {
        findings.push(Finding::of("last-line", path, "the last line has no line break"));
    }
}
