//! `spool sdp lint`: what is wrong, where, by which rule, and what to do about it.
use super::drawing::{draw, shown};
use crate::{exit::Failure, lines, status};
use sdp_proto::{Diagnostic, LimitError, Policy, Session};
use serde_json::{Value, json};
use std::{
    fmt::Write,
    path::{Path, PathBuf},
    slice,
};

/// Show what is wrong with descriptions, each place with a caret
#[derive(Debug, clap::Args)]
pub(super) struct Args {
    /// What is put up with: strict: nothing; compat: what WebRTC and SIP peers get wrong without
    /// harm; camera: what RTSP cameras send
    #[arg(long, value_name = "strict|compat|camera", default_value_t = Policy::Strict)]
    policy: Policy,
    /// Print a JSON array with one object a file
    #[arg(long)]
    json: bool,
    /// Descriptions; `-` is stdin
    #[arg(value_name = "FILE", required = true)]
    files: Vec<PathBuf>,
}

pub(super) fn run(args: &Args) -> Result<(), Failure> {
    super::stdin_once(&args.files)?;
    let (mut failures, mut reports, mut refused) = (Vec::new(), Vec::new(), 0);
    for path in &args.files {
        let name = super::name(path);
        let text = match super::read(path) {
            Ok(text) => text,
            Err(failure) => {
                let error = failure.to_string();
                reports.push(json!({
                    "file": name, "policy": args.policy.as_str(), "accepted": false,
                    "error": error, "findings": [],
                }));
                failures.push(failure);
                continue;
            }
        };
        let verdict = Verdict::of(&text, args.policy);
        refused += usize::from(!verdict.accepted());
        if args.json {
            reports.push(verdict.json(path));
        } else {
            lines::print(verdict.text(&name).trim_end().as_bytes());
        }
    }
    if args.json {
        lines::print(Value::Array(reports).to_string().as_bytes());
    }
    if refused > 0 {
        let (all, policy) = (args.files.len(), args.policy);
        failures.push(Failure::NotStarted(format!("{refused} of {all} refused, policy {policy}")));
    }
    // the last one ends the program, with its own line
    let Some(last) = failures.pop() else { return Ok(()) };
    failures.iter().for_each(status::error);
    Err(last)
}

/// What the policy makes of one description.
struct Verdict<'t> {
    policy: Policy,
    /// Beyond its limits it is not taken apart, and no policy accepts it.
    parsed: Result<(Session<'t>, Vec<Diagnostic>), LimitError>,
}

impl<'t> Verdict<'t> {
    fn of(text: &'t [u8], policy: Policy) -> Self {
        let parsed = Session::parse(text).map(|session| {
            let findings = session.diagnostics();
            (session, findings)
        });
        Self { policy, parsed }
    }

    fn accepted(&self) -> bool {
        let all = |findings: &[Diagnostic]| findings.iter().all(|f| f.tolerated_by(self.policy));
        self.parsed.as_ref().is_ok_and(|(_, findings)| all(findings))
    }

    fn text(&self, name: &str) -> String {
        let mut out = String::new();
        let policy = self.policy;
        // writing to a String cannot fail
        match &self.parsed {
            Err(error) => {
                let _ = writeln!(out, "error[limit]: {error}\n --> {name}\n");
                let _ = writeln!(out, "{name}: refused, policy {policy}: beyond the limits");
            }
            Ok((session, findings)) => {
                // What is no SDP at all has a lot wrong with it that nobody asked for.
                let hopeless = findings.iter().find(|finding| super::is_hopeless(finding));
                let findings = hopeless.map_or(&findings[..], slice::from_ref);
                for finding in findings {
                    describe(&mut out, name, session, finding, policy);
                }
                let errors = findings.iter().filter(|f| !f.tolerated_by(policy)).count();
                let verdict = if errors == 0 { "accepted" } else { "refused" };
                let errors = count(errors, "error");
                let all = count(findings.len(), "finding");
                let _ = writeln!(out, "{name}: {verdict}, policy {policy}: {all}, {errors}");
            }
        }
        out
    }

    fn json(&self, path: &Path) -> Value {
        let (error, findings) = match &self.parsed {
            Err(error) => (Some(error.to_string()), Vec::new()),
            Ok((session, all)) => {
                (None, all.iter().map(|f| object(session, f, self.policy)).collect())
            }
        };
        json!({
            "file": super::name(path), "policy": self.policy.as_str(),
            "accepted": self.accepted(), "error": error, "findings": findings,
        })
    }
}

/// An error is what the policy refuses; all else is a warning.
fn describe(
    out: &mut String,
    name: &str,
    session: &Session<'_>,
    finding: &Diagnostic,
    policy: Policy,
) {
    let label = if finding.tolerated_by(policy) { "warning" } else { "error" };
    let (code, line, column) = (finding.code, finding.line, finding.columns.0);
    let _ = writeln!(out, "{label}[{}]: {}", code.as_str(), code.message());
    let _ = writeln!(out, " --> {name}:{line}:{column} ({})", code.rfc());
    draw(out, line, content(session, finding), finding.columns, code.suggestion());
    out.push('\n');
}

fn object(session: &Session<'_>, finding: &Diagnostic, policy: Policy) -> Value {
    let code = finding.code;
    json!({
        "line": finding.line,
        "column": finding.columns.0,
        "end_column": finding.columns.1,
        "code": code.as_str(),
        "severity": finding.severity().as_str(),
        "refused": !finding.tolerated_by(policy),
        "message": code.message(),
        "rfc": code.rfc(),
        "suggestion": code.suggestion(),
        "text": shown(content(session, finding)),
    })
}

/// The line that a finding is about; nothing, for one that is missing at the end.
fn content<'s>(session: &'s Session<'_>, finding: &Diagnostic) -> &'s [u8] {
    let line = (finding.line as usize).checked_sub(1).and_then(|index| session.line(index));
    line.map_or(&[], |line| line.content())
}

fn count(n: usize, noun: &str) -> String {
    match n {
        0 => format!("no {noun}s"),
        1 => format!("1 {noun}"),
        _ => format!("{n} {noun}s"),
    }
}
