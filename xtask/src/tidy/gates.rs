//! Where a `no_std` crate names `std`: only behind `cfg(test)` or a feature.

use std::collections::BTreeSet;

use super::blank::blank;
use super::source::{is_rust, is_test};
use super::{File, Finding};

/// Checks the sources of the crate at `dir`, for example `crates/stun-proto`.
pub(crate) fn check(dir: &str, files: &[File], findings: &mut Vec<Finding>) {
    let inside = format!("{dir}/src/");
    let sources: Vec<(&File, String)> = files
        .iter()
        .filter(|file| file.path.starts_with(&inside) && is_rust(&file.path))
        .map(|file| (file, blank(&file.text)))
        .collect();
    let gated = gated_modules(&sources);
    for (file, code) in &sources {
        if is_test(&file.path) || gated.iter().any(|module| belongs(&file.path, module)) {
            continue;
        }
        let lines: Vec<&str> = file.text.lines().collect();
        for (index, line) in code.lines().enumerate() {
            if opens_gated_block(&lines, index) {
                break;
            }
            if names_std(line) && !is_gated(&lines, index) {
                let message = "std in a no_std crate: core, alloc, or behind a feature";
                findings.push(Finding::at("std", &file.path, index, message));
            }
        }
    }
}

/// Modules declared behind a gate, as paths without `.rs`.
fn gated_modules(sources: &[(&File, String)]) -> BTreeSet<String> {
    let mut gated = BTreeSet::new();
    for (file, code) in sources {
        let stem = file.path.trim_end_matches(".rs");
        let base = match stem.rsplit_once('/') {
            Some((dir, "lib" | "main")) => dir,
            _ => stem,
        };
        let lines: Vec<&str> = file.text.lines().collect();
        for (index, line) in code.lines().enumerate() {
            if let Some(name) = declared_module(line)
                && is_gated(&lines, index)
            {
                gated.insert(format!("{base}/{name}"));
            }
        }
    }
    gated
}

/// The name in `pub mod name;`.
fn declared_module(line: &str) -> Option<&str> {
    let words = line.trim().strip_suffix(';')?;
    let (visibility, name) = words.rsplit_once("mod ")?;
    let visible = visibility.trim();
    (visible.is_empty() || visible.starts_with("pub")).then_some(name.trim())
}

fn belongs(path: &str, module: &str) -> bool {
    path.strip_prefix(module).is_some_and(|rest| rest == ".rs" || rest.starts_with('/'))
}

/// Whether the attributes right above the line, or on it, gate it.
fn is_gated(lines: &[&str], index: usize) -> bool {
    let gate =
        |line: &&str| line.contains("cfg(") && (line.contains("test") || line.contains("feature"));
    let above = lines[..index].iter().rev().take_while(|line| line.trim().starts_with("#["));
    lines.get(index).into_iter().chain(above).any(gate)
}

/// Whether the rest of the file is the inline module of tests.
fn opens_gated_block(lines: &[&str], index: usize) -> bool {
    let line = lines.get(index).copied().unwrap_or_default();
    line.starts_with("mod tests") && line.ends_with('{') && is_gated(lines, index)
}

fn names_std(line: &str) -> bool {
    let path = line.match_indices("std::").any(|(at, _)| {
        let before = line[..at].chars().next_back();
        !before.is_some_and(|c| c.is_alphanumeric() || c == '_')
    });
    path || line.contains("extern crate std")
}
