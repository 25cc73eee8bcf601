//! Two programs meet: they exchange descriptions through files, connect, and send lines to each other.

use std::path::Path;
use std::process::Command;
use std::time::Duration;

use super::process::Running;
use super::server::{self, PASSWORD, PORT, USER};
use super::{install, json};
use crate::lab::{Lab, NatKind, Node, SERVER};
use crate::run::{Failure, root};

/// Whose program a peer is. All take the same arguments.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(crate) enum Program {
    Spool,
    Aioice,
}

/// How two peers meet, and which way the data has to take.
#[derive(Debug, Clone, Copy)]
pub(crate) struct Meeting {
    pub(crate) offers: Program,
    pub(crate) answers: Program,
    pub(crate) server: server::Kind,
    pub(crate) way: Way,
}

/// The way of the data. The NATs leave no other.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(crate) enum Way {
    /// Both behind NATs that keep ports: from NAT to NAT.
    Direct,
    /// Both behind NATs with random ports: through the server.
    Relayed,
}

/// Lines that each side sends, and their length: longer than anything of STUN that a peer sends.
const LINES: usize = 20;
const LINE_LEN: usize = 700;

const CONNECTING: Duration = Duration::from_secs(60);
const CROSSING: Duration = Duration::from_secs(10);

impl Meeting {
    /// Builds the laboratory, has the two meet, and holds what was seen against the way.
    pub(crate) fn run(self, dir: &Path) -> Result<String, Failure> {
        let nat = match self.way {
            Way::Direct => NatKind::Masquerade,
            Way::Relayed => NatKind::MasqueradeRandom,
        };
        let lab = Lab::up(nat, nat)?;
        let server = server::start(&lab, self.server, dir)?;
        let (offer, answer) = (dir.join("offer.sdp"), dir.join("answer.sdp"));
        let start = |role, node, program: Program, out: &Path, input: &Path| {
            Running::start(role, dir, &mut program.command(&lab, node, role, out, input))
        };
        let mut left = start("offer", Node::HostA, self.offers, &offer, &answer)?;
        let mut right = start("answer", Node::HostB, self.answers, &answer, &offer)?;

        let left_pair = connected(&mut left)?;
        let right_pair = connected(&mut right)?;
        converse(&mut left, &mut right)?;
        for peer in [&mut left, &mut right] {
            peer.close_input();
            let status = peer.wait(CROSSING)?;
            if !status.success() {
                return Err(peer.failure(&format!("was connected, but ended with {status}")));
            }
        }
        drop(server);
        self.check_way(&lab, &[left_pair, right_pair])
    }

    /// What the peers say of their pairs, and what the two NATs forwarded, name one way.
    fn check_way(self, lab: &Lab, pairs: &[Pair; 2]) -> Result<String, Failure> {
        let lines = LINES as u64;
        let mut said = Vec::new();
        for (nat, pair) in [Node::NatA, Node::NatB].into_iter().zip(pairs) {
            let seen = lab.forwarded(nat)?;
            let relay = pair.local == "relay" || pair.remote == "relay";
            let (agrees, forwarded) = match self.way {
                Way::Direct => (!relay, seen.to_peer >= lines && seen.to_server == 0),
                Way::Relayed => (relay, seen.to_server >= lines && seen.to_peer == 0),
            };
            let facts = format!(
                "{} to {}, {} datagrams to the peer, {} to the server",
                pair.local, pair.remote, seen.to_peer, seen.to_server
            );
            if !agrees || !forwarded {
                return Err(Failure::Failed(format!("not {:?}: {facts}", self.way)));
            }
            said.push(facts);
        }
        Ok(format!("A: {}; B: {}", said[0], said[1]))
    }
}

impl Program {
    fn command(self, lab: &Lab, node: Node, role: &str, out: &Path, input: &Path) -> Command {
        let mut command = match self {
            Self::Spool => lab.command(node, &install::spool().to_string_lossy()),
            Self::Aioice => {
                let mut command = lab.command(node, &install::python().to_string_lossy());
                command.arg(root().join("xtask/interop/aioice_peer.py"));
                command
            }
        };
        let server = format!("{SERVER}:{PORT}");
        command.arg(role).arg("--out").arg(out).arg("--in").arg(input);
        command.args(["--stun", &server, "--turn", &server]);
        command.args(["--user", USER, "--password", PASSWORD]);
        command.args(["--timeout", "40", "--linger", "1", "--json"]);
        command
    }
}

/// The candidate types of the selected pair, as a peer tells them.
#[derive(Debug)]
struct Pair {
    local: String,
    remote: String,
}

/// Waits for the event `connected` on standard error.
fn connected(peer: &mut Running) -> Result<Pair, Failure> {
    peer.wait_until("the event connected", CONNECTING, |_, errors| {
        let line = errors.lines().find(|line| json::string(line, "event") == Some("connected"))?;
        let kind = |end| Some(json::string(json::object(line, end)?, "type")?.to_owned());
        Some(Pair { local: kind("local")?, remote: kind("remote")? })
    })
}

/// Each side sends its lines, and all of them arrive at the other.
fn converse(left: &mut Running, right: &mut Running) -> Result<(), Failure> {
    let lines = |side: &str| -> Vec<String> {
        (0..LINES).map(|n| format!("{side} {n:02} {}", "x".repeat(LINE_LEN))).collect()
    };
    let (from_left, from_right) = (lines("left"), lines("right"));
    left.say(&from_left)?;
    right.say(&from_right)?;
    for (peer, wanted) in [(right, &from_left), (left, &from_right)] {
        peer.wait_until("every line of the other side", CROSSING, |output, _| {
            let printed: Vec<&str> = output.lines().collect();
            wanted.iter().all(|line| printed.contains(&line.as_str())).then_some(())
        })?;
    }
    Ok(())
}
