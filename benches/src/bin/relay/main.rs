//! What relaying costs beside floors of our own and coturn: `cargo xtask bench relay`.
//!
//! `system` is who relays, `floor` what the least of it is, `flows` the load, `client` what logs in,
//! `scenario` what is measured, `table` how it is told. Linux only: it counts processor time by
//! `/proc` and pins with `taskset`.
#![expect(clippy::print_stdout, clippy::print_stderr, reason = "the table is what this is for")]

mod client;
mod floor;
mod flows;
mod scenario;
mod system;
mod table;

use scenario::Scenario;
use std::{path::PathBuf, process::ExitCode};
use system::System;
use table::Table;

/// Why a run ends early.
type Fault = Box<dyn std::error::Error>;

/// Rounds unless told: the median of fewer says little on a machine with other work.
const ROUNDS: usize = 7;

#[derive(Debug)]
struct Args {
    spool: PathBuf,
    rounds: usize,
    only: Vec<String>,
}

fn main() -> ExitCode {
    let words: Vec<String> = std::env::args().skip(1).collect();
    let words: Vec<&str> = words.iter().map(String::as_str).collect();
    let done = match words[..] {
        ["floor", kind] => floor::run(kind),
        _ => args(&words).and_then(|args| measure(&args)),
    };
    match done {
        Ok(()) => ExitCode::SUCCESS,
        Err(fault) => {
            eprintln!("relay: {fault}");
            ExitCode::FAILURE
        }
    }
}

fn args(words: &[&str]) -> Result<Args, Fault> {
    let mut args = Args { spool: PathBuf::new(), rounds: ROUNDS, only: Vec::new() };
    let mut words = words.iter();
    while let Some(word) = words.next() {
        let value = words.next().ok_or("--spool PROGRAM [--rounds N] [--only WORD]...")?;
        match *word {
            "--spool" => args.spool = PathBuf::from(value),
            "--rounds" => args.rounds = value.parse()?,
            "--only" => args.only.push((*value).to_owned()),
            other => return Err(format!("no such argument: {other}").into()),
        }
    }
    Ok(args)
}

/// All systems in turn, in each scenario, round after round, so that what disturbs a round disturbs
/// all of them.
fn measure(args: &Args) -> Result<(), Fault> {
    let (systems, missing) = system::all(&args.spool);
    let wanted = |scenario: &Scenario| {
        args.only.is_empty() || args.only.iter().any(|word| scenario.name().contains(word.as_str()))
    };
    let scenarios: Vec<Scenario> = scenario::all().into_iter().filter(wanted).collect();
    if scenarios.is_empty() {
        return Err("--only names nothing that is measured".into());
    }
    let mut table = Table::default();
    for round in 1..=args.rounds {
        for scenario in &scenarios {
            for system in systems.iter().copied().filter(|system| scenario.is_for(*system)) {
                match scenario.run(system) {
                    Ok(figure) => table.add(round, scenario, system, figure),
                    Err(fault) => {
                        table.failed(format!("{}, {}: {fault}", scenario.name(), system.name()));
                    }
                }
            }
        }
        eprintln!("round {round} of {}", args.rounds);
    }
    print!("{table}");
    for what in missing {
        println!("Not run: {what}.");
    }
    Ok(())
}

/// What the floors and coturn are beside.
const OURS: System = System::Spool;
