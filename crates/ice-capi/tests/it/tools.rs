//! What the tests of other languages need: programs of the system, and the library as those languages load it.
use std::{
    path::{Path, PathBuf},
    process::{Command, Output},
    sync::OnceLock,
};

/// Whether all of these programs can be run. In CI one that is missing is a failure; elsewhere it is said.
pub(crate) fn have(programs: &[&str]) -> bool {
    let is_missing = |program: &&&str| Command::new(program).arg("--version").output().is_err();
    let missing: Vec<_> = programs.iter().filter(is_missing).collect();
    missing.is_empty() || skip(&format!("not installed: {missing:?}"))
}

/// Says why a test does not run, which in CI it must.
pub(crate) fn skip(why: &str) -> bool {
    assert!(std::env::var("CI").as_deref() != Ok("true"), "{why}");
    eprintln!("skipped: {why}");
    false
}

/// What the library is built as.
#[derive(Debug)]
pub(crate) struct Library {
    /// To be linked into a program.
    pub(crate) fixed: PathBuf,
    /// To be loaded by one.
    pub(crate) shared: PathBuf,
}

pub(crate) fn library() -> &'static Library {
    static LIBRARY: OnceLock<Library> = OnceLock::new();
    LIBRARY.get_or_init(|| {
        let built = build(&[]);
        Library {
            fixed: ending_in(&built, "a"),
            shared: ending_in(&built, std::env::consts::DLL_EXTENSION),
        }
    })
}

/// The module for WebAssembly, where this toolchain can build it.
pub(crate) fn module() -> Option<PathBuf> {
    const TARGET: &str = "wasm32-unknown-unknown";
    let mut rustc = Command::new(std::env::var_os("RUSTC").unwrap_or_else(|| "rustc".into()));
    let directory = rustc.args(["--print", "target-libdir", "--target", TARGET]).output();
    let directory = directory.map(|said| String::from_utf8_lossy(&said.stdout).trim().to_owned());
    if !directory.is_ok_and(|directory| Path::new(&directory).is_dir()) {
        skip(&format!("no Rust for {TARGET}: rustup target add {TARGET}"));
        return None;
    }
    Some(ending_in(&build(&["--target", TARGET]), "wasm"))
}

/// Builds the library alone and gives the files that come of it.
fn build(arguments: &[&str]) -> Vec<PathBuf> {
    let mut cargo = Command::new(std::env::var_os("CARGO").unwrap_or_else(|| "cargo".into()));
    cargo.current_dir(env!("CARGO_MANIFEST_DIR"));
    cargo.args(["build", "--quiet", "--lib", "--message-format=json"]).args(arguments);
    let messages = succeed(&mut cargo);
    let mut files = Vec::new();
    for message in messages.lines() {
        let message: serde_json::Value = serde_json::from_str(message).expect("cargo speaks JSON");
        if message["target"]["name"] == "spool_ice" {
            let names = message["filenames"].as_array().into_iter().flatten();
            files.extend(names.filter_map(|name| name.as_str()).map(PathBuf::from));
        }
    }
    files
}

fn ending_in(files: &[PathBuf], extension: &str) -> PathBuf {
    let found = files.iter().find(|file| file.extension().is_some_and(|is| is == extension));
    found.unwrap_or_else(|| panic!("no {extension} among {files:?}")).clone()
}

/// Runs a program that has to succeed, and gives what it says.
pub(crate) fn succeed(command: &mut Command) -> String {
    let Output { status, stdout, stderr } = command.output().expect("it can be started");
    let said = String::from_utf8_lossy(&stdout).into_owned();
    let noise = String::from_utf8_lossy(&stderr);
    assert!(status.success(), "{command:?}: {status}\n{said}\n{noise}");
    said
}
