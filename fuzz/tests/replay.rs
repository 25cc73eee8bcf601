//! Runs every target over its committed corpus and over what once made it fail.
use std::{fs, path::Path};

/// Runs `target` over the files of a directory; how many there were.
fn replay(target: fuzz::Target, directory: &Path) -> usize {
    let Ok(entries) = fs::read_dir(directory) else { return 0 };
    let mut files: Vec<_> =
        entries.map(|entry| entry.expect("a readable directory").path()).collect();
    files.sort();
    for file in &files {
        let data = fs::read(file).expect("a readable file");
        let result = std::panic::catch_unwind(|| target(&data));
        assert!(result.is_ok(), "{} fails", file.display());
    }
    files.len()
}

#[test]
fn every_corpus_passes() {
    let root = Path::new(env!("CARGO_MANIFEST_DIR")).join("corpus");
    for (name, target) in fuzz::TARGETS {
        assert!(replay(*target, &root.join(name)) > 0, "{name} has no corpus");
    }
}

#[test]
fn what_once_failed_passes() {
    let root = Path::new(env!("CARGO_MANIFEST_DIR")).join("regressions");
    for (name, target) in fuzz::TARGETS {
        replay(*target, &root.join(name));
    }
}

/// A directory without a target would never be replayed.
#[test]
fn every_directory_has_a_target() {
    for kind in ["corpus", "regressions", "fuzz_targets"] {
        let Ok(entries) = fs::read_dir(Path::new(env!("CARGO_MANIFEST_DIR")).join(kind)) else {
            continue;
        };
        for entry in entries {
            let path = entry.expect("a readable directory").path();
            let name = path.file_stem().and_then(|name| name.to_str()).unwrap_or_default();
            let known = fuzz::TARGETS.iter().any(|(target, _)| *target == name);
            assert!(known, "{} belongs to no target", path.display());
        }
    }
}

#[test]
fn nothing_is_something_too() {
    for (_, target) in fuzz::TARGETS {
        target(&[]);
    }
}
