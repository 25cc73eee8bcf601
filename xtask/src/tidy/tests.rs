//! Every rule of tidy is broken here once, and found; and a clean tree has no findings.

use super::{File, Finding, LINES_MAX, check};

const HEADER: &str = "//! Says what lives here, RFC 8489 section 5.\n";
const BANS: &str = "too-many-lines-threshold = 70\n";
const PROTOCOL: [&str; 7] = [
    "sans-io",
    "stun-proto",
    "turn-proto",
    "ice-proto",
    "sdp-proto",
    "nat-sim",
    "rendezvous-proto",
];

fn file(path: &str, text: &str) -> File {
    File { path: path.into(), text: text.into() }
}

/// A small workspace that keeps every rule.
fn clean() -> Vec<File> {
    let mut files = vec![file("clippy.toml", BANS), file("xtask/assets/clippy-proto.toml", BANS)];
    files.push(file("crates/spool/src/lib.rs", HEADER));
    files.push(file("crates/spool/Cargo.toml", "description = \"x\"\n"));
    for name in ["link", "pump", "reel", "yarn"] {
        files.push(file(&format!("crates/spool/src/{name}.rs"), HEADER));
    }
    for name in PROTOCOL {
        let root = format!("{HEADER}#![no_std]\n#![forbid(unsafe_code)]\n");
        files.push(file(&format!("crates/{name}/src/lib.rs"), &root));
        files.push(file(&format!("crates/{name}/clippy.toml"), BANS));
        let manifest = "[package]\ndescription = \"x\"\n\n[dependencies]\nbytes = \"1\"\n";
        files.push(file(&format!("crates/{name}/Cargo.toml"), manifest));
    }
    files
}

/// The findings in the clean workspace after one file is added, or put in the place of another.
fn with(path: &str, text: &str) -> Vec<Finding> {
    let mut files = clean();
    files.retain(|file| file.path != path);
    files.push(file(path, text));
    check(&files)
}

/// Asserts that exactly one rule is broken, and which.
fn breaks(rule: &str, path: &str, text: &str) {
    let findings = with(path, text);
    let rules: Vec<&str> = findings.iter().map(|finding| finding.rule).collect();
    assert_eq!(rules, [rule], "{path}: {findings:?}");
}

fn source(code: &str) -> String {
    format!("{HEADER}{code}\n")
}

#[test]
fn a_clean_workspace_has_no_findings() {
    assert_eq!(check(&clean()), []);
}

#[test]
fn whitespace_is_found_in_any_text() {
    breaks("trailing", "README.md", "words \n");
    breaks("trailing", "README.md", "words\r\n");
    breaks("tab", "a.toml", "\ta = 1\n");
    breaks("last-line", "a.toml", "a = 1");
}

#[test]
fn a_path_of_a_machine_is_found_in_comments_and_strings_too() {
    for dir in ["home", "root", "work"] {
        let path = format!("/{dir}/somebody");
        breaks("machine-path", "crates/spool/src/lib.rs", &source(&format!("// {path}")));
        breaks(
            "machine-path",
            "crates/spool/src/lib.rs",
            &source(&format!("const A = \"{path}\";")),
        );
    }
}

#[test]
fn a_source_begins_with_what_lives_there() {
    breaks("header", "crates/stun-proto/src/a.rs", "use core::fmt;\n");
    breaks("header", "crates/stun-proto/src/a.rs", "//! Short\n");
    breaks("header", "xtask/src/a.rs", "// not a doc comment\n");
    assert_eq!(with("crates/spool/src/a/tests.rs", "use super::*;\n"), [], "its parent says it");
}

#[test]
fn budgets_are_held() {
    let long = "fn a() {}\n".repeat(LINES_MAX);
    breaks("length", "crates/spool/src/a.rs", &source(&long));
    let tests = format!("{HEADER}#[cfg(test)]\nmod tests {{\n{long}}}\n");
    assert_eq!(with("crates/spool/src/a.rs", &tests), [], "tests are not counted");
    assert_eq!(with("crates/spool/src/a/tests.rs", &source(&long)), [], "nor are files of tests");
}

#[test]
fn one_long_file_in_ten_is_too_many() {
    let mut files = clean();
    for name in ["a", "b"] {
        let path = format!("crates/spool/src/{name}.rs");
        files.push(file(&path, &source(&"fn a() {}\n".repeat(500))));
    }
    let rules: Vec<&str> = check(&files).iter().map(|finding| finding.rule).collect();
    assert!(rules.contains(&"p90"), "{rules:?}");
}

#[test]
fn what_may_not_be_written_is_found() {
    let path = "crates/spool/src/a.rs";
    breaks("ignore", path, &source("#[ignore]"));
    breaks("ignore", path, &source("#[ignore = \"slow\"]"));
    breaks("should-panic", path, &source("#[should_panic(expected = \"x\")]"));
    breaks("allow", path, &source("#[allow(dead_code)]"));
    breaks("allow", path, &source("#![allow(dead_code)]"));
    breaks("stub", path, &source("fn a() { todo!() }"));
    breaks("stub", path, &source("fn a() { unimplemented!(\"x\") }"));
    breaks("stub", path, &source("fn a() { dbg!(1); }"));
    breaks("mod-rs", "crates/spool/src/a/mod.rs", HEADER);
}

#[test]
fn tests_do_not_sleep() {
    for sleep in ["std::thread::sleep(t)", "tokio::time::sleep(t).await", "time::sleep_until(t)"] {
        let finds = |path: &str, text: &str| {
            let findings = with(path, text);
            assert!(findings.iter().all(|finding| finding.rule == "sleep"), "{findings:?}");
            !findings.is_empty()
        };
        assert!(finds("crates/spool/tests/it/a.rs", sleep_in(sleep).as_str()));
        assert!(finds("crates/spool/src/a/tests.rs", sleep_in(sleep).as_str()));
        let inline = source(&format!("#[cfg(test)]\nmod tests {{\n{sleep};\n}}"));
        assert!(finds("crates/spool/src/a.rs", &inline));
        assert!(!finds("crates/spool/src/a.rs", sleep_in(sleep).as_str()), "a program may wait");
    }
}

fn sleep_in(call: &str) -> String {
    source(&format!("fn a() {{ {call}; }}"))
}

#[test]
fn comments_and_strings_are_not_code() {
    let text = source("// #[ignore] todo!() std::thread\nconst A: &str = \"#[allow( dbg!(\";");
    assert_eq!(with("crates/stun-proto/src/a.rs", &text), []);
}

#[test]
fn a_crate_describes_itself() {
    breaks("description", "crates/spool/Cargo.toml", "[package]\nname = \"a\"\n");
    let manifest = "[package]\ndescription = \"x\"\n";
    let rules = with("crates/other/Cargo.toml", manifest);
    assert_eq!(rules.iter().map(|finding| finding.rule).collect::<Vec<_>>(), ["crate-docs"]);
}

#[test]
fn protocol_crates_know_only_whom_they_may() {
    let manifest = |table: &str| format!("[package]\ndescription = \"x\"\n\n{table}\n");
    let path = "crates/stun-proto/Cargo.toml";
    breaks("dependency", path, &manifest("[dependencies]\ntokio = \"1\""));
    breaks("dependency", path, &manifest("[dependencies]\nturn-proto.workspace = true"));
    breaks("dependency", path, &manifest("[dependencies.tokio]\nversion = \"1\""));
    breaks("dependency", path, &manifest("[target.'cfg(unix)'.dependencies]\nlibc = \"0\""));
    assert_eq!(with(path, &manifest("[dev-dependencies]\nproptest = \"1\"")), []);
    assert_eq!(with(path, &manifest("[dependencies]\nsans-io.workspace = true")), []);
}

#[test]
fn protocol_crates_are_no_std_and_safe() {
    let path = "crates/ice-proto/src/lib.rs";
    breaks("no-std", path, &source("#![forbid(unsafe_code)]"));
    breaks("unsafe", path, &source("#![no_std]"));
    assert_eq!(with("crates/nat-sim/src/lib.rs", &source("#![forbid(unsafe_code)]")), []);
}

#[test]
fn protocol_crates_ban_clocks_and_randomness_alike() {
    breaks("bans", "crates/ice-proto/clippy.toml", "");
    breaks("bans-settings", "clippy.toml", "too-many-lines-threshold = 71\n");
}

#[test]
fn std_is_named_behind_a_gate_only() {
    let path = "crates/turn-proto/src/a.rs";
    breaks("std", path, &source("use std::fmt;"));
    breaks("std", path, &source("extern crate std;"));
    breaks("std", path, &source("fn a() -> ::std::string::String {}"));
    assert_eq!(with(path, &source("#[cfg(test)]\nextern crate std;")), []);
    assert_eq!(
        with(path, &source("#[cfg(feature = \"std\")]\nimpl std::error::Error for A {}")),
        []
    );
    assert_eq!(with(path, &source("use sans_std::fmt;")), []);
    let tests = source("#[cfg(test)]\nmod tests {\nuse std::fmt;\n}");
    assert_eq!(with(path, &tests), []);
}

#[test]
fn a_gated_module_may_name_std_in_all_its_files() {
    let root = "crates/sans-io/src/lib.rs";
    let attributes = "#![no_std]\n#![forbid(unsafe_code)]\n";
    for (gate, findings) in [("#[cfg(any(test, feature = \"laws\"))]\n", 0), ("", 2)] {
        let mut files = clean();
        files.retain(|file| file.path != root);
        files.push(file(root, &source(&format!("{attributes}{gate}pub mod laws;"))));
        files.push(file("crates/sans-io/src/laws.rs", &source("use std::vec::Vec;")));
        files.push(file("crates/sans-io/src/laws/run.rs", &source("use std::vec::Vec;")));
        files.push(file("crates/sans-io/src/laws_of_nature.rs", HEADER));
        assert_eq!(check(&files).len(), findings, "gate: {gate:?}");
    }
}
