//! Finds the shared corpora: `SPOOL_SHARED`, or `shared` beside the workspace.

use std::path::PathBuf;

/// The folder of a corpus. Where it is missing, a test says so and passes, except under
/// `CI=true`, where it fails.
pub(crate) fn corpus(name: &str) -> Option<PathBuf> {
    folder("corpus", name)
}

/// The folder of reported cases, under the same terms.
pub(crate) fn cases(name: &str) -> Option<PathBuf> {
    folder("cases", name)
}

fn folder(kind: &str, name: &str) -> Option<PathBuf> {
    let root = std::env::var_os("SPOOL_SHARED").map_or_else(
        || PathBuf::from(env!("CARGO_MANIFEST_DIR")).join("../../../shared"),
        PathBuf::from,
    );
    let folder = root.join(kind).join(name);
    if folder.is_dir() {
        return Some(folder);
    }
    assert!(std::env::var("CI").as_deref() != Ok("true"), "no {kind} at {}", folder.display());
    println!("skipped: no {kind} at {}", folder.display());
    None
}

/// All files of a folder with their contents, by name.
pub(crate) fn files(folder: &std::path::Path) -> Vec<(String, Vec<u8>)> {
    let entries = std::fs::read_dir(folder).unwrap().map(|entry| entry.unwrap().path());
    let files = entries.filter(|path| path.extension().is_some_and(|e| e == "sdp"));
    let mut files: Vec<_> = files
        .map(|path| {
            let name = path.file_name().unwrap().to_string_lossy().into_owned();
            (name, std::fs::read(path).unwrap())
        })
        .collect();
    files.sort();
    files
}
