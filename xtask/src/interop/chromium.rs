//! Chromium as two WebRTC peers that may only use a relay.

use std::path::Path;
use std::process::Command;
use std::time::Duration;

use super::json;
use super::process::Running;
use super::server::{self, PASSWORD, PORT, PeersAllowed, USER};
use crate::lab::{Lab, NatKind, Node, SERVER};
use crate::run::{Failure, root};

/// Messages in each direction, and their length.
const MESSAGES: u64 = 20;
const LENGTH: u64 = 700;

/// Opens a data channel between two peer connections of one browser behind a NAT, both with the
/// policy `relay`, and wants every message relayed by the server.
pub(crate) fn run(kind: server::Kind, dir: &Path) -> Result<String, Failure> {
    let lab = Lab::up(NatKind::Masquerade, NatKind::Masquerade)?;
    let _server = server::start(&lab, kind, PeersAllowed::OwnRelays, dir)?;
    let mut browser = Running::start("chromium", dir, &mut command(&lab, dir))?;
    let result = browser.wait_until("the result", Duration::from_secs(60), |_, errors| {
        let line = errors.lines().find_map(|line| line.split_once("INTEROP "))?.1;
        Some(line.split_once("\", source:").map_or(line, |(result, _)| result).to_owned())
    })?;
    if !result.starts_with("{\"ok\":true") {
        let errors = browser.errors();
        let console: Vec<&str> = errors.lines().filter(|line| line.contains("CONSOLE")).collect();
        return Err(Failure::Failed(format!("{result}\n{}", console.join("\n"))));
    }
    let protocol = json::string(&result, "relayProtocol").unwrap_or("unknown");
    let relayed = result.matches("\"local\":\"relay\",\"remote\":\"relay\"").count() == 2;
    let seen = lab.forwarded(Node::NatA)?;
    // Both peers sit behind the same NAT, so that the messages of both go out here.
    let bytes = 2 * MESSAGES * LENGTH;
    if !relayed || protocol != "udp" || seen.server_bytes < bytes || seen.peer_bytes > 0 {
        return Err(Failure::Failed(format!("not relayed over UDP: {result}, {seen:?}")));
    }
    Ok(format!("relay to relay over {protocol}, {} bytes to the server", seen.server_bytes))
}

fn command(lab: &Lab, dir: &Path) -> Command {
    let page = root().join("xtask/interop/chromium.html");
    let page = format!(
        "file://{}#turn=turn:{SERVER}:{PORT}&user={USER}&password={PASSWORD}&count={MESSAGES}&size={LENGTH}",
        page.display()
    );
    let mut command = lab.command(Node::HostA, "chromium");
    command.args(["--headless", "--no-sandbox", "--disable-gpu", "--no-first-run"]);
    // Without a way to the internet, everything that calls home is only noise.
    command.args(["--disable-background-networking", "--disable-component-update"]);
    command.args(["--disable-sync", "--disable-quic", "--enable-logging=stderr"]);
    command.arg(format!("--user-data-dir={}", dir.join("profile").display()));
    command.arg(page);
    command
}
