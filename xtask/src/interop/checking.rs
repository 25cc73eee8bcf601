//! `spool turn-check` from behind a NAT: at our server nothing is to be mended, and at coturn as it is by
//! default what is known of it is found.

use std::path::Path;
use std::time::Duration;

use serde_json::Value;

use super::certificates::Certificates;
use super::process::Running;
use super::server::{self, Kind, PASSWORD, PORT, PeersAllowed, TLS_PORT, USER};
use super::{install, names};
use crate::lab::{Lab, NatKind, Node, SERVER};
use crate::run::Failure;

/// The name that the certificate is for.
const NAME: &str = "turn.example.test";

/// Longer than three addresses take.
const WITHIN: Duration = Duration::from_secs(90);

pub(crate) fn run(kind: Kind, dir: &Path) -> Result<String, Failure> {
    let lab = Lab::up(NatKind::Masquerade, NatKind::Masquerade)?;
    let certificates = Certificates::make(dir, "ours", NAME)?;
    let mut command = match kind {
        Kind::Spool => server::command(&lab, kind, PeersAllowed::Public),
        Kind::Coturn => server::coturn(&lab),
    };
    let key = if kind == Kind::Spool { "--key" } else { "--pkey" };
    command.arg("--cert").arg(&certificates.server).arg(key).arg(&certificates.key);
    let _server = server::start_command(&lab, command, dir)?;
    let _names = names::serve(&lab, dir, &[format!("--host-record={NAME},{SERVER}")])?;
    let mut command = lab.command(Node::HostA, &install::spool().to_string_lossy());
    command.args(["turn-check", &format!("turn:{NAME}"), "--json", "--ca"]);
    command.arg(&certificates.authority);
    command.args(["--user", USER, "--password", PASSWORD]);
    let mut running = Running::start("check", dir, &mut command)?;
    let code = running.wait(WITHIN)?.code();
    let wrong = |what: String| running.failure(&what);
    let told: Value = serde_json::from_str(&running.output())
        .map_err(|error| wrong(format!("prints no JSON: {error}")))?;
    let report = |transport: &str| {
        let servers = told["servers"].as_array();
        servers.and_then(|all| all.iter().find(|one| one["transport"] == transport))
    };
    let transports = ["udp", "tcp", "tls"];
    for (transport, port) in transports.into_iter().zip([PORT, PORT, TLS_PORT]) {
        let report = report(transport).ok_or_else(|| wrong(format!("nothing over {transport}")))?;
        if report["address"] != format!("{SERVER}:{port}") {
            return Err(wrong(format!("another address over {transport}")));
        }
        for (check, grade) in wanted(kind, transport) {
            let findings = report["findings"].as_array();
            let finding = findings.and_then(|all| all.iter().find(|one| one["check"] == *check));
            if finding.is_none_or(|finding| finding["grade"] != *grade) {
                return Err(wrong(format!("over {transport}, {check} is not {grade}")));
            }
        }
    }
    let status = match kind {
        Kind::Spool => 0,
        Kind::Coturn => 1,
    };
    if code != Some(status) {
        return Err(wrong(format!("ends with {code:?}, not {status}")));
    }
    Ok(format!("{} to be mended, over {}", told["faults"], transports.join(", ")))
}

/// What is to be found over each transport.
fn wanted(kind: Kind, transport: &str) -> Vec<(&'static str, &'static str)> {
    let mut wanted = vec![
        ("reachable", "ok"),
        ("wrong-login", "ok"),
        ("login", "ok"),
        // the segment has addresses of documentation
        ("relay-ipv4", "note"),
        ("permission", "ok"),
        ("round-trip", "ok"),
        ("throughput", "ok"),
        ("outside", "ok"),
    ];
    if transport == "udp" {
        wanted.push(("no-login", "ok"));
    }
    if transport == "tls" {
        wanted.push(("certificate", "note"));
    }
    wanted.extend(match kind {
        Kind::Spool => [("inside", "ok"), ("private", "ok"), ("own", "ok")],
        // it relays to whatever it is not told to deny
        Kind::Coturn => [("inside", "fault"), ("private", "fault"), ("reachable", "ok")],
    });
    wanted
}
