//! TURN servers on the public segment: this project's, and coturn.

use std::net::UdpSocket;
use std::path::Path;
use std::process::Command;
use std::time::{Duration, Instant};

use super::install;
use super::process::Running;
use crate::lab::{Lab, Node, PUBLIC, SERVER};
use crate::run::{Failure, capture};

pub(crate) const PORT: u16 = 3478;
pub(crate) const USER: &str = "lab";
pub(crate) const PASSWORD: &str = "secret";
pub(crate) const TLS_PORT: u16 = 5349;
const REALM: &str = "lab.example";

/// Whose server relays.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(crate) enum Kind {
    Spool,
    Coturn,
}

/// To whom the server relays.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(crate) enum PeersAllowed {
    /// To the public segment too. Its addresses are reserved for documentation, which counts as
    /// private unless the server is told otherwise.
    Public,
    /// As a server does without being told anything: from one of its relayed addresses to another.
    OwnRelays,
}

/// Starts a server and waits until it answers a STUN request.
pub(crate) fn start(
    lab: &Lab,
    kind: Kind,
    peers: PeersAllowed,
    dir: &Path,
) -> Result<Running, Failure> {
    start_command(lab, command(lab, kind, peers), dir)
}

/// The same for a command that was added to.
pub(crate) fn start_command(
    lab: &Lab,
    mut command: Command,
    dir: &Path,
) -> Result<Running, Failure> {
    let mut running = Running::start("server", dir, &mut command)?;
    let program = std::env::current_exe().map_err(|error| format!("current_exe: {error}"))?;
    let address = format!("{SERVER}:{PORT}");
    let mut asking = lab.command(Node::Inet, &program.to_string_lossy());
    match capture(asking.args(["interop", "stun-ready", &address])) {
        Ok(_) => Ok(running),
        Err(_) => Err(match running.wait(Duration::ZERO) {
            Ok(status) => running.failure(&format!("ended at once: {status}")),
            Err(_) => running.failure("does not answer STUN"),
        }),
    }
}

/// The command that starts a server.
pub(crate) fn command(lab: &Lab, kind: Kind, peers: PeersAllowed) -> Command {
    let user = format!("{USER}:{PASSWORD}");
    match kind {
        Kind::Spool => {
            let mut command = lab.command(Node::Inet, &install::spool().to_string_lossy());
            command.args(["turn-server", "--listen", &format!("{SERVER}:{PORT}")]);
            command.args(["--relay-ip", SERVER, "--realm", REALM, "--user", &user]);
            if peers == PeersAllowed::Public {
                command.args(["--allow-peer", PUBLIC]);
            }
            command
        }
        Kind::Coturn => {
            let mut command = coturn(lab);
            command.args(["--no-tls", "--no-dtls"]);
            command
        }
    }
}

/// The command that starts coturn, which speaks TLS and DTLS unless it is told not to.
pub(crate) fn coturn(lab: &Lab) -> Command {
    let mut command = lab.command(Node::Inet, "turnserver");
    // No configuration file, no administration, no database: what stands here.
    command.args(["-n", "--no-cli", "--lt-cred-mech"]);
    command.args(["--listening-ip", SERVER, "--relay-ip", SERVER, "--realm", REALM]);
    command.args(["--listening-port", &PORT.to_string(), "--user", &format!("{USER}:{PASSWORD}")]);
    command.args(["--log-file", "stdout", "--simple-log", "--pidfile", "/dev/null"]);
    command
}

/// A binding request of RFC 8489 without attributes, and its transaction id.
const BINDING_REQUEST: [u8; 20] = *b"\x00\x01\x00\x00\x21\x12\xa4\x42spool-waits!";

/// Asks until the server answers, for ten seconds. Runs inside a namespace.
pub(crate) fn stun_ready(address: &str) -> Result<(), Failure> {
    let bound = UdpSocket::bind("0.0.0.0:0");
    let socket = bound.map_err(|error| Failure::Failed(format!("a socket: {error}")))?;
    let end = Instant::now() + Duration::from_secs(10);
    let ask = || -> std::io::Result<bool> {
        socket.set_read_timeout(Some(Duration::from_millis(100)))?;
        socket.send_to(&BINDING_REQUEST, address)?;
        let mut buffer = [0; 256];
        let (length, _) = socket.recv_from(&mut buffer)?;
        // a server that wants a credential answers with an error
        let answers = [[1, 1], [1, 0x11]].iter().any(|kind| buffer[..2] == *kind);
        Ok(length >= 20 && answers && buffer[8..20] == BINDING_REQUEST[8..])
    };
    while Instant::now() < end {
        if matches!(ask(), Ok(true)) {
            return Ok(());
        }
    }
    Err(Failure::Failed(format!("{address} does not answer a binding request")))
}
