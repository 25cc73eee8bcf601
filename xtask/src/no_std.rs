//! The `no_std` step: the protocol crates link without std, into a static library and into a firmware.

use std::fs;
use std::path::Path;
use std::process::Command;

use crate::run::{self, Failure, capture, cargo, root, show, target};

/// A microcontroller without an operating system.
const BARE: &str = "thumbv7em-none-eabi";

/// Builds `xtask/no-std-proof`, with the versions that the workspace itself is built with. Returns a note
/// when the firmware could not be built on this machine.
pub(crate) fn main() -> Result<String, Failure> {
    let proof = root().join("xtask/no-std-proof");
    fs::copy(root().join("Cargo.lock"), proof.join("Cargo.lock"))
        .map_err(|error| format!("Cargo.lock: {error}"))?;
    let target = target().join("no-std-proof");
    let build = |arguments: &[&str]| {
        let mut cargo = cargo();
        cargo.current_dir(&proof).arg("build").args(arguments).arg("--target-dir").arg(&target);
        show(&mut cargo)
    };
    build(&["--lib"])?;
    built(&target.join("debug/libno_std_proof.a"))?;
    if !has_target(BARE) {
        let missing = format!("the firmware was NOT BUILT: rustup target add {BARE}");
        return if run::in_ci() { Err(Failure::Failed(missing)) } else { Ok(missing) };
    }
    build(&["--bin", "firmware", "--target", BARE])?;
    built(&target.join(BARE).join("debug/firmware")).map(|()| String::new())
}

fn built(file: &Path) -> Result<(), Failure> {
    match fs::metadata(file) {
        Ok(data) if data.len() > 0 => Ok(()),
        _ => Err(Failure::Failed(format!("{}: was not built", file.display()))),
    }
}

/// Whether this toolchain has the core library of a target.
fn has_target(target: &str) -> bool {
    let mut rustc = Command::new(std::env::var_os("RUSTC").unwrap_or_else(|| "rustc".into()));
    let directory = capture(rustc.args(["--print", "target-libdir", "--target", target]));
    directory.is_ok_and(|directory| Path::new(directory.trim()).is_dir())
}
