//! `cargo xtask`: the automation of this workspace, in Rust. Beside std and JSON it uses
//! only crates of this workspace.
#![expect(
    clippy::print_stdout,
    clippy::print_stderr,
    reason = "a program for the terminal: printing is what it does"
)]

mod bench;
mod chaos;
mod ci;
mod deny;
mod fuzz;
mod interop;
mod lab;
mod no_std;
mod run;
mod tidy;
mod trace;
mod twin;

use std::process::ExitCode;

use run::Failure;

const USAGE: &str = "\
cargo xtask COMMAND

  ci [--only STEP]... [--skip STEP]...   every check of this project, in order (CI runs this)
  tidy                                   budgets, headers, bans: what rustfmt and clippy do not see
  trace [--write-readme] [--write-ratchet]  the tables of requirements against tests and code
  interop [--list] [--only NAME]...      with other implementations, behind real NATs (root)
  chaos [--minutes N | --seconds N]      the TURN server under clients, floods, reloads, kills (30 s)
  bench [--check]                        the STUN benchmarks as a table; with --check, within limits
  bench relay [--rounds N] [--only WORD]...  what relaying costs, beside floors of our own and coturn
  lab check                              the NATs of the laboratory are what they are called (root)
  twin                                   the NATs of the laboratory beside their models (root)
  fuzz [--seconds N] [TARGET]...         the fuzz targets, 60 s each unless told otherwise (nightly)
  test [CARGO TEST ARGUMENTS]            all tests and doc tests, with all features
";

fn main() -> ExitCode {
    let arguments: Vec<String> = std::env::args().skip(1).collect();
    let words: Vec<&str> = arguments.iter().map(String::as_str).collect();
    match dispatch(&words) {
        Ok(()) => ExitCode::SUCCESS,
        Err(Failure::Usage(message)) => {
            eprintln!("xtask: {message}\n\n{USAGE}");
            ExitCode::from(64)
        }
        Err(Failure::Failed(message)) => {
            eprintln!("xtask: {message}");
            ExitCode::FAILURE
        }
    }
}

fn dispatch(words: &[&str]) -> Result<(), Failure> {
    match words {
        ["ci", rest @ ..] => ci::main(rest),
        ["tidy"] => tidy::main(),
        ["trace", rest @ ..] => trace::main(rest).map(drop),
        ["interop", rest @ ..] => interop::main(rest).map(drop),
        ["chaos", rest @ ..] => chaos::main(rest).map(drop),
        ["bench", rest @ ..] => bench::main(rest),
        ["lab", rest @ ..] => lab::probe::main(rest),
        ["twin", rest @ ..] => twin::main(rest),
        ["fuzz", rest @ ..] => fuzz::main(rest),
        ["test", rest @ ..] => run::test(rest),
        ["help" | "--help" | "-h"] => {
            println!("{USAGE}");
            Ok(())
        }
        [] => Err(Failure::Usage("which command?".into())),
        [first, ..] => Err(Failure::Usage(format!("no such command or argument: {first}"))),
    }
}
