//! Servers found by their records in the DNS (RFC 5928, RFC 8489 §8.1), with dnsmasq as the name
//! server of the laboratory.

use std::path::Path;
use std::time::Duration;

use super::asking::Asked;
use super::process::Running;
use super::server::{self, Kind, PASSWORD, PORT, PeersAllowed, USER};
use super::{install, json};
use crate::lab::{Lab, NatKind, Node, SERVER};
use crate::run::Failure;

/// A port that nobody would guess: only a record leads there.
const OTHER_PORT: u16 = 3999;

/// Starts a name server with these records of its own, and has side A ask it. It knows nothing else.
pub(crate) fn serve(lab: &Lab, dir: &Path, records: &[String]) -> Result<Running, Failure> {
    lab.set_name_server(Node::HostA, SERVER)?;
    let mut command = lab.command(Node::Inet, "dnsmasq");
    command.args(["--keep-in-foreground", "--log-facility=-", "--conf-file=/dev/null"]);
    command.args(["--no-resolv", "--no-hosts", "--bind-interfaces", "--user=root", "--pid-file="]);
    command.args([&format!("--listen-address={SERVER}"), "--except-interface=lo"]);
    // what is not here does not exist
    command.args(["--local=/test/", "--log-queries"]).args(records);
    let mut running = Running::start("dnsmasq", dir, &mut command)?;
    running.wait_until("its start", Duration::from_secs(10), |_, errors| {
        errors.contains("started, version").then_some(())
    })?;
    Ok(running)
}

/// Finds a server by SRV and NAPTR records, names that do not exist, and a name server that is gone.
pub(crate) fn run(dir: &Path) -> Result<String, Failure> {
    let lab = Lab::up(NatKind::Masquerade, NatKind::Masquerade)?;
    let mut command = server::command(&lab, Kind::Spool, PeersAllowed::OwnRelays);
    command.args(["--listen", &format!("{SERVER}:{OTHER_PORT}")]);
    let _server = server::start_command(&lab, command, dir)?;
    let srv = |name: &str| format!("--srv-host={name},host.example.test,{OTHER_PORT}");
    let names = serve(
        &lab,
        dir,
        &[
            format!("--host-record=host.example.test,{SERVER}"),
            format!("--host-record=bare.test,{SERVER}"),
            srv("_stun._udp.example.test"),
            srv("_turn._udp.example.test"),
            srv("_relays._udp.example.test"),
            "--naptr-record=relay.test,10,10,S,RELAY:turn.udp,,_relays._udp.example.test".into(),
        ],
    )?;
    let other = format!("{SERVER}:{OTHER_PORT}");
    Asked::run(&lab, dir, "srv", &["stun:example.test"])?.expect("server", &other)?;
    Asked::run(&lab, dir, "naptr", &["turn:relay.test"])?.expect("server", &other)?;
    let usual = format!("{SERVER}:{PORT}");
    Asked::run(&lab, dir, "bare", &["stun:bare.test"])?.expect("server", &usual)?;
    let tcp = format!("stun:host.example.test:{OTHER_PORT}");
    Asked::run(&lab, dir, "tcp", &["--tcp", &tcp])?.expect("transport", "tcp")?;
    Asked::run(&lab, dir, "nowhere", &["nowhere.test"])?.expect_words("no such name")?;
    let candidates = gather(&lab, dir)?;
    drop(names);
    Asked::run(&lab, dir, "silence", &["stun:example.test"])?
        .expect_words("the name server does not answer")?;
    Ok(format!("SRV and NAPTR lead to {other}, addresses to {usual}; an offer has {candidates}"))
}

/// `spool offer` finds its STUN and TURN servers by the same records.
fn gather(lab: &Lab, dir: &Path) -> Result<String, Failure> {
    let mut command = lab.command(Node::HostA, &install::spool().to_string_lossy());
    command.args(["offer", "--json", "--stun", "example.test", "--turn", "turn:example.test"]);
    command.args(["--user", USER, "--password", PASSWORD]);
    let mut offering = Running::start("offer", dir, &mut command)?;
    let kinds = offering.wait_until("gathered", Duration::from_secs(20), |_, errors| {
        let event = |line: &&str| json::string(line, "event") == Some("candidate");
        let done = errors.lines().any(|line| json::string(line, "event") == Some("gathered"));
        let kinds = errors.lines().filter(event).filter_map(|line| json::string(line, "type"));
        done.then(|| kinds.map(str::to_owned).collect::<Vec<_>>())
    })?;
    if ["srflx", "relay"].iter().all(|kind| kinds.iter().any(|found| found == kind)) {
        return Ok(kinds.join(", "));
    }
    Err(offering.failure("lacks a candidate of one of the servers"))
}
