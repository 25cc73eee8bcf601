//! Two programs meet: they exchange descriptions through files, connect, and send lines to each other.

use std::path::Path;
use std::process::Command;
use std::time::{Duration, Instant};

use super::process::{LOOK, Running};
use super::server::{self, PASSWORD, PORT, PeersAllowed, USER};
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

/// The way that the data has to take.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(crate) enum Way {
    /// Both behind NATs that keep ports: from NAT to NAT, although there is a relay.
    Direct,
    /// The same without a relay: aioice takes the first pair that works, which may be a relayed one.
    DirectWithoutRelay,
    /// Both behind NATs with random ports: the server is the only way.
    Relayed,
    /// The NATs would let them meet directly, but both may only use a relay, and the server relays
    /// to nothing but its own relayed addresses.
    RelayOnly,
}

impl Way {
    fn nat(self) -> NatKind {
        match self {
            Self::Direct | Self::DirectWithoutRelay | Self::RelayOnly => NatKind::Masquerade,
            Self::Relayed => NatKind::MasqueradeRandom,
        }
    }

    fn is_direct(self) -> bool {
        matches!(self, Self::Direct | Self::DirectWithoutRelay)
    }
}

/// Lines that each side sends, and their length: longer than anything of STUN that a peer sends.
const LINES: usize = 20;
const LINE_LEN: usize = 700;

const CONNECTING: Duration = Duration::from_secs(60);
const CROSSING: Duration = Duration::from_secs(10);

impl Meeting {
    /// Builds the laboratory, has the two meet, and holds what was seen against the way.
    pub(crate) fn run(self, dir: &Path) -> Result<String, Failure> {
        let lab = Lab::up(self.way.nat(), self.way.nat())?;
        let peers_allowed = match self.way {
            Way::RelayOnly => PeersAllowed::OwnRelays,
            Way::Direct | Way::DirectWithoutRelay | Way::Relayed => PeersAllowed::Public,
        };
        let server = server::start(&lab, self.server, peers_allowed, dir)?;
        let (offer, answer) = (dir.join("offer.sdp"), dir.join("answer.sdp"));
        let start = |role, node, program, files| {
            Running::start(role, dir, &mut self.command(program, &lab, (node, role), files))
        };
        let mut left = start("offer", Node::HostA, self.offers, (&offer, &answer))?;
        let mut right = start("answer", Node::HostB, self.answers, (&answer, &offer))?;

        let pairs = connected(&mut left, &mut right)?;
        converse(&mut left, &mut right)?;
        for peer in [&mut left, &mut right] {
            peer.close_input();
            let status = peer.wait(CROSSING)?;
            if !status.success() {
                return Err(peer.failure(&format!("was connected, but ended with {status}")));
            }
        }
        drop(server);
        self.check_way(&lab, &pairs)
    }

    /// What the peers say of their pairs, and what the two NATs forwarded, name one way.
    fn check_way(self, lab: &Lab, pairs: &[Pair; 2]) -> Result<String, Failure> {
        let bytes = (LINES * LINE_LEN) as u64;
        let mut said = Vec::new();
        for (nat, pair) in [Node::NatA, Node::NatB].into_iter().zip(pairs) {
            let seen = lab.forwarded(nat)?;
            let relay = pair.local == "relay" || pair.remote == "relay";
            let (agrees, forwarded) = if self.way.is_direct() {
                (!relay, seen.peer_bytes >= bytes && seen.server_bytes == 0)
            } else {
                (relay, seen.server_bytes >= bytes && seen.peer_bytes == 0)
            };
            let facts = format!(
                "{} to {}, {} bytes to the peer, {} to the server",
                pair.local, pair.remote, seen.peer_bytes, seen.server_bytes
            );
            if !agrees || !forwarded {
                return Err(Failure::Failed(format!("not {:?}: {facts}", self.way)));
            }
            said.push(facts);
        }
        Ok(format!("A: {}; B: {}", said[0], said[1]))
    }

    fn command(
        self,
        program: Program,
        lab: &Lab,
        (node, role): (Node, &str),
        (out, input): (&Path, &Path),
    ) -> Command {
        let mut command = match program {
            Program::Spool => lab.command(node, &install::spool().to_string_lossy()),
            Program::Aioice => {
                let mut command = lab.command(node, &install::python().to_string_lossy());
                command.arg(root().join("xtask/interop/aioice_peer.py"));
                command
            }
        };
        let server = format!("{SERVER}:{PORT}");
        command.arg(role).arg("--out").arg(out).arg("--in").arg(input);
        command.args(["--stun", &server, "--timeout", "40", "--linger", "1", "--json"]);
        if self.way != Way::DirectWithoutRelay {
            command.args(["--turn", &server, "--user", USER, "--password", PASSWORD]);
        }
        if self.way == Way::RelayOnly {
            command.args(["--policy", "relay"]);
        }
        command
    }
}

/// The candidate types of the selected pair, as a peer tells them.
#[derive(Debug)]
struct Pair {
    local: String,
    remote: String,
}

/// Waits for the event `connected` of both. When one of them gives up, the other is not waited for.
fn connected(left: &mut Running, right: &mut Running) -> Result<[Pair; 2], Failure> {
    const WHAT: &str = "the event connected";
    let end = Instant::now() + CONNECTING;
    loop {
        match [left.look(WHAT, selected_pair)?, right.look(WHAT, selected_pair)?] {
            [Some(left), Some(right)] => return Ok([left, right]),
            [None, _] if Instant::now() > end => return Err(left.failure("never connected")),
            [_, None] if Instant::now() > end => return Err(right.failure("never connected")),
            _ => std::thread::sleep(LOOK),
        }
    }
}

/// Reads the event `connected` on standard error.
fn selected_pair(_: &str, errors: &str) -> Option<Pair> {
    let line = errors.lines().find(|line| json::string(line, "event") == Some("connected"))?;
    let kind = |end| Some(json::string(json::object(line, end)?, "type")?.to_owned());
    Some(Pair { local: kind("local")?, remote: kind("remote")? })
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
