//! `cargo xtask bench relay`: the shipped `spool turn-server` beside floors of our own and coturn.

use std::process::Command;
use std::thread;

use crate::run::{self, Failure, cargo};

/// Builds both programs as they are shipped and measures: who relays on the first core, the load on
/// the second.
pub(crate) fn main(words: &[&str]) -> Result<(), Failure> {
    if !cfg!(target_os = "linux") {
        return Err("bench relay: it counts processor time as only Linux does".to_owned().into());
    }
    if thread::available_parallelism().map_or(1, usize::from) < 2 {
        let what = "bench relay: two cores are wanted, one for who relays and one for the load";
        return Err(what.to_owned().into());
    }
    let mut build = cargo();
    build.args(["build", "--quiet", "--release", "--package", "spool-cli", "--package", "benches"]);
    run::show(build.args(["--bin", "spool", "--bin", "relay"]))?;
    let built = run::target().join("release");
    let mut measure = Command::new("taskset");
    measure.args(["-c", "1"]).arg(built.join("relay")).arg("--spool").arg(built.join("spool"));
    run::show(measure.args(words))
}
