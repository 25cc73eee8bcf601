//! `cargo xtask bench`: the STUN benchmarks as a table, and with `--check` the gate on what a check
//! costs beyond its HMAC and CRC. Outside the tests, since it takes an optimised build of all peers.

mod relay;

use std::process::Stdio;

use crate::run::{Failure, cargo};

/// What one job may cost at most, as a multiple of the floor: one HMAC-SHA1 with its key schedule
/// kept and one CRC-32 over the same bytes.
struct Gate {
    job: &'static str,
    limit: f64,
}

const GATES: [Gate; 2] = [
    Gate { job: "verify an ICE check", limit: 1.20 },
    Gate { job: "write an ICE check", limit: 1.20 },
];

/// Ours among those who do a job.
const OURS: &str = "stun-proto";

/// How often a job is measured before it fails: what disturbs a run only ever makes it slower, and
/// ratios of processor time taken in turns rarely move by more than 0.03.
const TRIES: usize = 5;

pub(crate) fn main(words: &[&str]) -> Result<(), Failure> {
    match words {
        [] => table("").map(|table| println!("{}", table.trim_end())),
        ["--check"] => check(),
        ["relay", rest @ ..] => relay::main(rest),
        _ => Err(Failure::Usage("bench [--check | relay [--rounds N] [--only WORD]...]".into())),
    }
}

fn check() -> Result<(), Failure> {
    let mut best = GATES.map(|_| f64::INFINITY);
    for number in 1..=TRIES {
        let table = table("ICE check")?;
        for (gate, best) in GATES.iter().zip(&mut best) {
            let ratio = ratio(&table, gate.job)
                .ok_or_else(|| format!("no ratio for \"{}\" in:\n{table}", gate.job))?;
            *best = best.min(ratio);
            println!("run {number}: {}: {ratio:.2} times the floor", gate.job);
        }
        if exceeded(&best).is_empty() {
            println!("bench: ok");
            return Ok(());
        }
    }
    Err(Failure::Failed(format!("bench: {}", exceeded(&best).join("; "))))
}

/// The jobs that took more than they may.
fn exceeded(best: &[f64; GATES.len()]) -> Vec<String> {
    GATES
        .iter()
        .zip(best)
        .filter(|(gate, best)| **best > gate.limit)
        .map(|(gate, best)| {
            let Gate { job, limit } = gate;
            format!(
                "{job}: {best:.2} times the floor in the best of {TRIES} runs, limit {limit:.2}"
            )
        })
        .collect()
}

/// Builds as `benches/README.md` says that its figures were made, and runs the jobs that contain
/// this word, by turns.
fn table(filter: &str) -> Result<String, Failure> {
    let mut bench = cargo();
    bench.args(["bench", "--quiet", "--package", "benches", "--bench", "stun", "--", "--table"]);
    if !filter.is_empty() {
        bench.arg(filter);
    }
    bench.env("CARGO_PROFILE_BENCH_LTO", "thin").env("CARGO_PROFILE_BENCH_CODEGEN_UNITS", "1");
    let output = bench
        .stderr(Stdio::inherit())
        .output()
        .map_err(|error| format!("cargo bench: could not be started: {error}"))?;
    if output.status.success() {
        return Ok(String::from_utf8_lossy(&output.stdout).into_owned());
    }
    Err(Failure::Failed(format!("cargo bench: {}", output.status)))
}

/// Our ratio to the first who does a job, in rows of `| job | who | ns | ratio | allocations |`.
fn ratio(table: &str, job: &str) -> Option<f64> {
    table.lines().find_map(|line| {
        let cells: Vec<&str> = line.split('|').map(str::trim).collect();
        match cells[..] {
            ["", name, OURS, _, ratio, ..] if name == job => ratio.parse().ok(),
            _ => None,
        }
    })
}

#[cfg(test)]
mod tests {
    use super::{GATES, exceeded, ratio};

    const TABLE: &str = "\
| job | who | ns | ratio | allocations |
|---|---|---:|---:|---:|
| verify an ICE check | floor: HMAC and CRC | 170.6 | 1.00 |  |
| verify an ICE check | stun-proto | 213.1 | 1.25 |  |
| write an ICE check | stun-proto | 190.0 | 1.13 | 0 |
";

    #[test]
    fn our_ratio_is_found_by_its_job() {
        assert_eq!(ratio(TABLE, GATES[0].job), Some(1.25));
        assert_eq!(ratio(TABLE, GATES[1].job), Some(1.13));
        assert_eq!(ratio(TABLE, "parse"), None);
    }

    #[test]
    fn what_exceeds_its_limit_is_named() {
        assert!(exceeded(&[1.20, 1.20]).is_empty());
        let said = exceeded(&[1.19, 1.21]);
        assert!(said.len() == 1 && said[0].starts_with("write an ICE check: 1.21"), "{said:?}");
        let said = exceeded(&[1.21, f64::INFINITY]);
        assert!(said.len() == 2 && said[0].starts_with("verify an ICE check: 1.21"), "{said:?}");
    }
}
