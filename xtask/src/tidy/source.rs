//! Rules for one Rust file: length, header, and what may not be written.

use super::blank::blank;
use super::{File, Finding, LINES_MAX};

/// What is banned in every Rust file: rule, the text in the code, what to do instead.
const BANNED: [(&str, &str, &str); 7] = [
    ("ignore", "#[ignore", "an ignored test: make it run, or delete it"),
    ("should-panic", "should_panic", "assert on the value instead of wanting a panic"),
    ("allow", "#[allow(", "use #[expect(lint, reason = \"…\")]"),
    ("allow", "#![allow(", "use #![expect(lint, reason = \"…\")]"),
    ("stub", "todo!(", "unfinished code"),
    ("stub", "unimplemented!(", "unfinished code"),
    ("stub", "dbg!(", "a left-over of debugging"),
];

/// What is banned in tests: they wait for an event, or live in virtual time.
const BANNED_IN_TESTS: [(&str, &str, &str); 3] = [
    ("sleep", "thread::sleep", "a test that sleeps is slow or flaky: wait for the event"),
    ("sleep", "time::sleep", "a test that sleeps is slow or flaky: wait for the event"),
    ("sleep", "sleep_until", "a test that sleeps is slow or flaky: wait for the event"),
];

pub(crate) fn check(file: &File, findings: &mut Vec<Finding>) {
    if !is_rust(&file.path) {
        return;
    }
    let path = &file.path;
    let first = file.text.lines().next().unwrap_or_default();
    let wants_header = is_source(path) && !is_test(path);
    if wants_header && !(first.starts_with("//! ") && first.len() > 12) {
        let message = "the first line is a //! that says what lives here";
        findings.push(Finding::at("header", path, 0, message));
    }
    if path.ends_with("/mod.rs") {
        findings.push(Finding::of("mod-rs", path, "write foo.rs beside foo/, not foo/mod.rs"));
    }
    let lines = code_lines(&file.text);
    if !is_test(path) && lines > LINES_MAX {
        let message = format!("{lines} lines of code, {LINES_MAX} at most: split it by ownership");
        findings.push(Finding::of("length", path, &message));
    }
    let code = blank(&file.text);
    let tests_from = if is_test(path) { 0 } else { lines };
    for (index, line) in code.lines().enumerate() {
        let in_tests = index >= tests_from;
        let rules = BANNED.iter().chain(BANNED_IN_TESTS.iter().filter(|_| in_tests));
        for (rule, text, instead) in rules {
            if line.contains(text) {
                findings.push(Finding::at(rule, path, index, &format!("{text}: {instead}")));
            }
        }
    }
}

/// The code files with their lengths, shortest first.
pub(crate) fn lengths(files: &[File]) -> Vec<(String, usize)> {
    let mut lengths: Vec<(String, usize)> = files
        .iter()
        .filter(|file| is_rust(&file.path) && is_source(&file.path) && !is_test(&file.path))
        .map(|file| (file.path.clone(), code_lines(&file.text)))
        .collect();
    lengths.sort_by(|a, b| a.1.cmp(&b.1).then_with(|| a.0.cmp(&b.0)));
    lengths
}

/// Lines up to the inline module of tests.
fn code_lines(text: &str) -> usize {
    let lines: Vec<&str> = text.lines().collect();
    let opens_tests = |pair: &[&str]| {
        pair[0].trim() == "#[cfg(test)]" && pair[1].starts_with("mod ") && pair[1].ends_with('{')
    };
    lines.windows(2).position(opens_tests).unwrap_or(lines.len())
}

pub(crate) fn is_rust(path: &str) -> bool {
    path.rsplit_once('.').is_some_and(|(_, extension)| extension == "rs")
}

/// Whether the file holds tests only.
pub(crate) fn is_test(path: &str) -> bool {
    path.ends_with("/tests.rs") || path.contains("/tests/")
}

/// Whether the file belongs to a library or a program, rather than to its tests or benches.
fn is_source(path: &str) -> bool {
    path.contains("/src/")
}
