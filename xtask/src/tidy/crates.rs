//! Rules for the crates: who may depend on whom, `no_std`, the bans of clippy, descriptions.

use std::collections::BTreeSet;

use super::{File, Finding, gates};

/// The protocol crates with the crates of this workspace that each may know.
const PROTOCOL: [(&str, &[&str]); 7] = [
    ("sans-io", &[]),
    ("stun-proto", &["sans-io"]),
    ("turn-proto", &["sans-io", "stun-proto"]),
    ("ice-proto", &["sans-io", "stun-proto", "turn-proto", "sdp-proto"]),
    ("sdp-proto", &[]),
    ("nat-sim", &["sans-io"]),
    ("rendezvous-proto", &["sans-io", "stun-proto"]),
];

/// What a protocol crate may take from outside. Small, without an operating system, well kept.
const OUTSIDE: [&str; 17] = [
    "aes-gcm",   // the access tokens of RFC 7635, behind a feature
    "arbitrary", // scenarios for fuzzers, behind a feature
    "bytes",
    "crc32fast",
    "hashbrown",
    "hmac",
    "md-5",
    "rand_chacha",
    "rand_core",
    "sha1",
    "sha2",
    "siphasher",
    "stringprep",
    "subtle",
    "thiserror",
    "unicode-normalization",
    "unicode-properties",
];

const BANS: &str = "xtask/assets/clippy-proto.toml";

pub(crate) fn check(files: &[File], findings: &mut Vec<Finding>) {
    let find = |path: &str| files.iter().find(|file| file.path == path);
    let dirs: BTreeSet<&str> = files.iter().filter_map(|file| crate_dir(&file.path)).collect();
    for dir in dirs {
        let manifest = format!("{dir}/Cargo.toml");
        let described = find(&manifest).is_some_and(|file| field(&file.text, "description"));
        if !described {
            findings.push(Finding::of("description", &manifest, "the crate has no description"));
        }
        let documented = ["README.md", "src/lib.rs", "src/main.rs"]
            .iter()
            .any(|name| find(&format!("{dir}/{name}")).is_some());
        if !documented {
            findings.push(Finding::of(
                "crate-docs",
                dir,
                "neither README.md nor a documented root",
            ));
        }
    }
    let bans = find(BANS).map_or("", |file| file.text.as_str());
    for (name, ours) in PROTOCOL {
        let dir = format!("crates/{name}");
        if let Some(manifest) = find(&format!("{dir}/Cargo.toml")) {
            check_dependencies(manifest, name, ours, findings);
        }
        let path = format!("{dir}/clippy.toml");
        if bans.is_empty() || find(&path).is_none_or(|file| file.text != bans) {
            findings.push(Finding::of("bans", &path, &format!("differs from {BANS}: copy it")));
        }
        check_root(name, &dir, find(&format!("{dir}/src/lib.rs")), findings);
        if name != "nat-sim" {
            gates::check(&dir, files, findings);
        }
    }
    check_shared_lints(bans, find("clippy.toml"), findings);
}

/// The attributes at the root of a protocol crate. The simulator may write files with std.
fn check_root(name: &str, dir: &str, root: Option<&File>, findings: &mut Vec<Finding>) {
    let path = format!("{dir}/src/lib.rs");
    let has = |attribute: &str| {
        root.is_some_and(|file| file.text.lines().any(|line| line.trim() == attribute))
    };
    if name != "nat-sim" && !has("#![no_std]") {
        findings.push(Finding::of("no-std", &path, "a protocol crate says #![no_std]"));
    }
    if !has("#![forbid(unsafe_code)]") {
        let message = "a protocol crate says #![forbid(unsafe_code)]";
        findings.push(Finding::of("unsafe", &path, message));
    }
}

fn check_dependencies(manifest: &File, name: &str, ours: &[&str], findings: &mut Vec<Finding>) {
    for (index, dependency) in dependencies(&manifest.text) {
        let known = ours.contains(&dependency) || OUTSIDE.contains(&dependency);
        if !known {
            let message = format!("{name} may not depend on {dependency}");
            findings.push(Finding::at("dependency", &manifest.path, index, &message));
        }
    }
}

/// The names in the tables of normal dependencies, with their lines. Those of tests are free.
fn dependencies(manifest: &str) -> Vec<(usize, &str)> {
    let (mut inside, mut found) = (false, Vec::new());
    for (index, line) in manifest.lines().enumerate() {
        let line = line.trim();
        if let Some(table) = line.strip_prefix('[') {
            let table = table.trim_end_matches(']');
            inside = table == "dependencies" || table.ends_with(".dependencies");
            if let Some((_, name)) = table.split_once("dependencies.")
                && !table.contains("dev-")
            {
                found.push((index, name));
            }
        } else if inside && !line.starts_with('#') {
            let name = line.split(['=', '.', ' ']).next().unwrap_or_default();
            if !name.is_empty() {
                found.push((index, name));
            }
        }
    }
    found
}

/// clippy reads the nearest clippy.toml only, so the bans repeat what the workspace sets.
fn check_shared_lints(bans: &str, workspace: Option<&File>, findings: &mut Vec<Finding>) {
    let settings = workspace.map_or("", |file| file.text.as_str());
    for line in settings.lines().filter(|line| line.contains(" = ")) {
        if !bans.lines().any(|ban| ban == line) {
            let message = format!("lacks a line of the workspace's clippy.toml: {line}");
            findings.push(Finding::of("bans-settings", BANS, &message));
        }
    }
}

/// `crates/name` of a path inside it.
fn crate_dir(path: &str) -> Option<&str> {
    let rest = path.strip_prefix("crates/")?;
    let name = rest.split('/').next()?;
    path.get(.."crates/".len() + name.len())
}

fn field(manifest: &str, name: &str) -> bool {
    manifest
        .lines()
        .any(|line| line.strip_prefix(name).is_some_and(|rest| rest.trim_start().starts_with('=')))
}
