//! `cargo xtask interop`: this project's programs and other implementations meet behind NATs of the
//! real kernel. Each case says PASS, FAIL, or COULD NOT RUN and why.

mod asking;
mod browser;
mod cases;
pub(crate) mod certificates;
mod checking;
mod chromium;
mod dice;
mod differential;
mod discovery;
mod firefox;
mod fleet;
mod gateways;
pub(crate) mod install;
mod json;
mod login;
mod names;
mod negotiation;
mod peers;
mod phones;
pub(crate) mod process;
mod relaying;
mod server;
mod tls;

use std::fs;
use std::time::Instant;

use crate::run::{self, Failure};
use cases::{CASES, Case};
use install::Tool;

/// How a case ended.
#[derive(Debug)]
enum Outcome {
    Passed(String),
    Failed(String),
    CouldNotRun(String),
}

/// Returns a note with how many cases passed.
pub(crate) fn main(words: &[&str]) -> Result<String, Failure> {
    match words {
        ["stun-ready", address] => return server::stun_ready(address).map(|()| String::new()),
        ["--list"] => {
            for case in CASES {
                println!("{:24} {}", case.name, case.shows);
            }
            return Ok(String::new());
        }
        _ => {}
    }
    let chosen = choose(words)?;
    let mut tools = Tools::default();
    let mut outcomes = Vec::new();
    for case in chosen {
        println!("\n-- {}: {}", case.name, case.shows);
        let began = Instant::now();
        let outcome = run_case(case, &mut tools);
        let took = began.elapsed().as_secs_f64();
        match &outcome {
            Outcome::Passed(facts) => println!("PASS {} ({took:.1} s): {facts}", case.name),
            Outcome::Failed(log) => println!("FAIL {} ({took:.1} s): {log}", case.name),
            Outcome::CouldNotRun(why) => println!("COULD NOT RUN {}: {why}", case.name),
        }
        outcomes.push((case.name, outcome));
    }
    judge(&outcomes, run::in_ci())
}

/// The cases that `--only` names, or all.
fn choose(words: &[&str]) -> Result<Vec<&'static Case>, Failure> {
    let mut names = Vec::new();
    for pair in words.chunks(2) {
        match pair {
            ["--only", name] if CASES.iter().any(|case| case.name == *name) => names.push(*name),
            ["--only", name] => return Err(Failure::Usage(format!("no case {name}: --list"))),
            _ => return Err(Failure::Usage("interop [--list] [--only NAME]...".into())),
        }
    }
    Ok(CASES.iter().filter(|case| names.is_empty() || names.contains(&case.name)).collect())
}

fn run_case(case: &Case, tools: &mut Tools) -> Outcome {
    for tool in case.play.needs() {
        if let Err(why) = tools.provide(tool) {
            return Outcome::CouldNotRun(why);
        }
    }
    let dir = install::directory().join(case.name);
    let fresh = fs::remove_dir_all(&dir).or_else(|error| match error.kind() {
        std::io::ErrorKind::NotFound => Ok(()),
        _ => Err(error),
    });
    if let Err(error) = fresh.and_then(|()| fs::create_dir_all(&dir)) {
        return Outcome::CouldNotRun(format!("{}: {error}", dir.display()));
    }
    match case.play.run(&dir) {
        Ok(facts) => Outcome::Passed(facts),
        Err(failure) => Outcome::Failed(failure.to_string()),
    }
}

/// The verdict over all cases. In CI, what could not run has failed.
fn judge(outcomes: &[(&str, Outcome)], in_ci: bool) -> Result<String, Failure> {
    println!();
    let (mut passed, mut bad) = (0, Vec::new());
    let mut missed = 0;
    for (name, outcome) in outcomes {
        match outcome {
            Outcome::Passed(_) => passed += 1,
            Outcome::Failed(_) => bad.push(format!("{name} FAILED")),
            Outcome::CouldNotRun(_) => {
                missed += 1;
                if in_ci {
                    bad.push(format!("{name} COULD NOT RUN"));
                }
            }
        }
    }
    let note = format!("{passed} of {} cases passed, {missed} could not run", outcomes.len());
    println!("interop: {note}");
    if bad.is_empty() {
        Ok(note)
    } else {
        Err(Failure::Failed(format!("interop: {}", bad.join(", "))))
    }
}

/// The tools that were asked for already, and what became of it: nothing is installed twice.
#[derive(Debug, Default)]
struct Tools(Vec<(Tool, Result<(), String>)>);

impl Tools {
    fn provide(&mut self, tool: Tool) -> Result<(), String> {
        if let Some((_, result)) = self.0.iter().find(|(known, _)| *known == tool) {
            return result.clone();
        }
        let result = tool.provide();
        self.0.push((tool, result.clone()));
        result
    }
}

#[cfg(test)]
mod tests {
    use super::{Outcome, choose, judge};

    fn outcomes() -> [(&'static str, Outcome); 2] {
        [("a", Outcome::Passed(String::new())), ("b", Outcome::CouldNotRun("no root".into()))]
    }

    #[test]
    fn what_could_not_run_fails_in_ci_only() {
        assert!(judge(&outcomes(), false).is_ok());
        assert!(judge(&outcomes(), true).is_err());
        assert!(judge(&[("c", Outcome::Failed("x".into()))], false).is_err());
    }

    #[test]
    fn only_cases_that_exist_are_chosen() {
        assert_eq!(choose(&["--only", "spool-direct"]).map_or(0, |cases| cases.len()), 1);
        assert!(choose(&["--only", "spool-indirect"]).is_err());
        assert!(choose(&["--only"]).is_err());
    }
}
