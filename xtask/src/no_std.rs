//! The `no_std` step: the protocol crates link into a static library that has no std.

use std::fs;

use crate::run::{Failure, cargo, root, show, target};

/// Builds `xtask/no-std-proof`, with the versions that the workspace itself is built with.
pub(crate) fn main() -> Result<(), Failure> {
    let proof = root().join("xtask/no-std-proof");
    fs::copy(root().join("Cargo.lock"), proof.join("Cargo.lock"))
        .map_err(|error| format!("Cargo.lock: {error}"))?;
    let target = target().join("no-std-proof");
    show(cargo().current_dir(&proof).args(["build", "--lib"]).arg("--target-dir").arg(&target))?;
    let library = target.join("debug/libno_std_proof.a");
    match fs::metadata(&library) {
        Ok(file) if file.len() > 0 => Ok(()),
        _ => Err(Failure::Failed(format!("{}: no library was built", library.display()))),
    }
}
