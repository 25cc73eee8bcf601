//! `cargo xtask ci`: every check in order. All of them run; one failure fails the whole.

use std::time::{Duration, Instant};

use crate::run::{self, Failure, cargo, show};
use crate::{chaos, deny, interop, no_std, tidy, trace};

/// One check: its name for `--only` and `--skip`, what it proves, and how it is run.
struct Step {
    name: &'static str,
    proves: &'static str,
    run: fn() -> Outcome,
}

/// What is fuzzed, which is no member.
const FUZZ: &str = "fuzz/Cargo.toml";

/// What a step that holds has to say; often nothing.
type Outcome = Result<String, Failure>;

const STEPS: &[Step] = &[
    Step { name: "fmt", proves: "rustfmt would change nothing", run: fmt },
    Step { name: "tidy", proves: "budgets, headers and bans hold", run: tidy },
    Step { name: "deny", proves: "licences, bans, sources and advisories", run: deny::main },
    Step { name: "clippy", proves: "no warning with all features, tests included", run: clippy },
    Step {
        name: "no_std",
        proves: "the protocol crates link without std, bare metal too",
        run: no_std,
    },
    Step { name: "doc", proves: "the documentation builds without a warning", run: doc },
    Step { name: "test", proves: "all tests and doc tests pass", run: test },
    Step {
        name: "replay",
        proves: "the fuzz targets pass what they were given before",
        run: replay,
    },
    Step { name: "trace", proves: "requirements name tests that exist", run: trace },
    Step {
        name: "chaos",
        proves: "the TURN server holds under clients, floods, reloads, kills",
        run: chaos,
    },
    Step { name: "interop", proves: "real peers connect behind real NATs", run: interop },
];

pub(crate) fn main(words: &[&str]) -> Result<(), Failure> {
    let chosen = choose(words, run::in_ci())?;
    let began = Instant::now();
    let mut results: Vec<(&Step, Outcome, Duration)> = Vec::new();
    for step in chosen {
        println!("\n== {}: {}", step.name, step.proves);
        let start = Instant::now();
        let result = (step.run)();
        let took = start.elapsed();
        println!("== {} {} in {}", step.name, verdict(&result), show_time(took));
        results.push((step, result, took));
    }
    println!("\n== summary");
    for (step, result, took) in &results {
        let said = result.as_ref().map_or_else(Failure::to_string, String::clone);
        let said = said.lines().next().unwrap_or_default();
        let line = format!("{:8} {:6} {:>9}  {said}", step.name, verdict(result), show_time(*took));
        println!("{}", line.trim_end());
    }
    let failed: Vec<&str> = results
        .iter()
        .filter(|(_, result, _)| result.is_err())
        .map(|(step, ..)| step.name)
        .collect();
    let (good, all) = (results.len() - failed.len(), results.len());
    if failed.is_empty() {
        println!("ci: ok, {good} of {all} steps in {}", show_time(began.elapsed()));
        return Ok(());
    }
    println!("ci: FAILED: {} ({good} of {all} steps ok)", failed.join(", "));
    Err(Failure::Failed(format!("ci: {} of {all} steps failed", failed.len())))
}

/// Which steps the arguments ask for. In CI nothing may be skipped.
fn choose(words: &[&str], in_ci: bool) -> Result<Vec<&'static Step>, Failure> {
    let known = |name: &str| STEPS.iter().any(|step| step.name == name);
    let (mut only, mut skip) = (Vec::new(), Vec::new());
    let mut rest = words;
    while let [flag, tail @ ..] = rest {
        let [name, tail @ ..] = tail else {
            return Err(Failure::Usage(format!("{flag} wants the name of a step")));
        };
        if !known(name) {
            let names: Vec<&str> = STEPS.iter().map(|step| step.name).collect();
            return Err(Failure::Usage(format!("no step {name}; steps: {}", names.join(" "))));
        }
        match *flag {
            "--only" => only.push(*name),
            "--skip" if in_ci => {
                return Err(Failure::Usage("--skip is refused when CI=true".into()));
            }
            "--skip" => skip.push(*name),
            _ => return Err(Failure::Usage(format!("ci knows --only and --skip, not {flag}"))),
        }
        rest = tail;
    }
    let wanted = |name: &str| (only.is_empty() || only.contains(&name)) && !skip.contains(&name);
    Ok(STEPS.iter().filter(|step| wanted(step.name)).collect())
}

fn fmt() -> Outcome {
    show(cargo().args(["fmt", "--all", "--check"]))?;
    for other in ["xtask/no-std-proof/Cargo.toml", FUZZ] {
        show(cargo().args(["fmt", "--manifest-path", other, "--check"]))?;
    }
    Ok(String::new())
}

/// The fuzz targets are a workspace of their own. On stable Rust and without libFuzzer they are
/// plain functions, which read the committed corpora.
fn replay() -> Outcome {
    let of_fuzz = |command: &str| {
        let mut cargo = cargo();
        cargo.args([command, "--manifest-path", FUZZ, "--no-default-features", "--target-dir"]);
        cargo.arg(run::target());
        cargo
    };
    show(of_fuzz("clippy").args(["--all-targets", "--", "-D", "warnings"]))?;
    show(&mut of_fuzz("test")).map(|()| String::new())
}

fn tidy() -> Outcome {
    tidy::main().map(|()| String::new())
}

fn no_std() -> Outcome {
    no_std::main()
}

fn chaos() -> Outcome {
    chaos::main(&[])
}

fn interop() -> Outcome {
    interop::main(&[])
}

fn trace() -> Outcome {
    trace::main(&[])
}

/// The lints are denied for this workspace alone, by clippy's own arguments: in `RUSTFLAGS` they
/// would have every dependency built a second time. The benchmarks are no default member, since
/// they bring their peers along; they come after the others.
fn clippy() -> Outcome {
    let lint = |scope: &[&str]| {
        let targets = ["--all-targets", "--all-features", "--", "-D", "warnings"];
        show(cargo().arg("clippy").args(scope).args(targets))
    };
    lint(&[])?;
    lint(&["--package", "benches"]).map(|()| String::new())
}

fn doc() -> Outcome {
    let scope = ["--lib", "--all-features", "--no-deps"];
    show(cargo().arg("doc").args(scope).env("RUSTDOCFLAGS", "-D warnings")).map(|()| String::new())
}

fn test() -> Outcome {
    run::test(&[]).map(|()| String::new())
}

fn verdict(result: &Outcome) -> &'static str {
    if result.is_ok() { "ok" } else { "FAILED" }
}

/// `12.3 s` below a minute, `4 min 05 s` from there on.
fn show_time(time: Duration) -> String {
    let seconds = time.as_secs();
    if seconds < 60 {
        return format!("{:.1} s", time.as_secs_f64());
    }
    format!("{} min {:02} s", seconds / 60, seconds % 60)
}

#[cfg(test)]
mod tests {
    use super::{choose, show_time};
    use std::time::Duration;

    #[test]
    fn nothing_is_skipped_in_ci() {
        assert!(choose(&["--skip", "test"], true).is_err());
        assert_eq!(
            choose(&["--skip", "test"], false).map_or(0, |s| s.len()),
            super::STEPS.len() - 1
        );
    }

    #[test]
    fn an_unknown_step_is_refused() {
        assert!(choose(&["--only", "tests"], false).is_err());
        assert!(choose(&["--only"], false).is_err());
        assert!(choose(&["--olny", "test"], false).is_err());
    }

    #[test]
    fn only_may_be_given_twice() {
        let chosen = choose(&["--only", "test", "--only", "fmt"], true).unwrap();
        assert_eq!(chosen.iter().map(|step| step.name).collect::<Vec<_>>(), ["fmt", "test"]);
    }

    #[test]
    fn times_read_at_a_glance() {
        assert_eq!(show_time(Duration::from_millis(12_340)), "12.3 s");
        assert_eq!(show_time(Duration::from_secs(245)), "4 min 05 s");
    }
}
