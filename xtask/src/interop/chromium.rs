//! Chromium as two WebRTC peers that may only use a relay.

use std::path::Path;

use serde_json::json;

use super::browser::Browser;
use super::server::{self, PASSWORD, PORT, PeersAllowed, USER};
use crate::lab::{Lab, NatKind, Node, SERVER};
use crate::run::Failure;

/// Messages in each direction, and their length.
const MESSAGES: u64 = 20;
const LENGTH: u64 = 700;

/// Opens a data channel between two peer connections of one browser behind a NAT, both with the
/// policy `relay`, and wants every message relayed by the server.
pub(crate) fn run(kind: server::Kind, dir: &Path) -> Result<String, Failure> {
    let lab = Lab::up(NatKind::Masquerade, NatKind::Masquerade)?;
    let _server = server::start(&lab, kind, PeersAllowed::OwnRelays, dir)?;
    let mut browser = Browser::start(&lab, Node::HostA, dir)?;
    let wanted = json!({
        "turn": format!("turn:{SERVER}:{PORT}"),
        "user": USER,
        "password": PASSWORD,
        "count": MESSAGES,
        "size": LENGTH,
    });
    let script = include_str!("../../interop/relay.js");
    let result = browser.run(&format!("const wanted = {wanted};\n{script}"))?;
    let pairs = result["pairs"].as_array().map_or(&[][..], Vec::as_slice);
    let through = |pair: &serde_json::Value| {
        pair["local"] == "relay" && pair["remote"] == "relay" && pair["relayProtocol"] == "udp"
    };
    let seen = lab.forwarded(Node::NatA)?;
    // Both peers sit behind the same NAT, so that the messages of both go out here.
    let bytes = 2 * MESSAGES * LENGTH;
    let relayed = pairs.len() == 2 && pairs.iter().all(through);
    if !relayed || seen.server_bytes < bytes || seen.peer_bytes > 0 {
        return Err(Failure::Failed(format!("not relayed over UDP: {result}, {seen:?}")));
    }
    Ok(format!("relay to relay over udp, {} bytes to the server", seen.server_bytes))
}
