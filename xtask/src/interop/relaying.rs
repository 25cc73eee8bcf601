//! coturn's own test client, `turnutils_uclient`, at our server, and our client at coturn: every
//! transport, both families, channels, both families in one allocation, datagrams that stay whole,
//! TCP that is relayed (RFC 6062), allocations that move (RFC 8016).

use std::path::Path;
use std::process::Command;
use std::time::Duration;

use super::certificates::Certificates;
use super::install;
use super::process::Running;
use super::server::{self, Kind, PASSWORD, PORT, PeersAllowed, TLS_PORT, USER};
use crate::lab::{Lab, NatKind, Node, SERVER};
use crate::run::Failure;

/// Where coturn's echo of datagrams is, on the loopback interface.
const ECHO_PORT: &str = "23480";
/// How long one run of a client may take. It sends for less than one second, and waits for a while.
const PATIENCE: Duration = Duration::from_secs(40);

/// One run of coturn's client: its name, its flags, the address of the server, and whether datagrams
/// come back from an echo or from another client.
type Run = (&'static str, &'static [&'static str], &'static str);

const RUNS: [Run; 13] = [
    ("udp", &["-e", "127.0.0.1"], "127.0.0.1"),
    ("send", &["-s", "-e", "127.0.0.1"], "127.0.0.1"),
    ("tcp", &["-t", "-e", "127.0.0.1"], "127.0.0.1"),
    ("tls", &["-t", "-S", "-e", "127.0.0.1"], "127.0.0.1"),
    ("udp-ipv6", &["-x", "-e", "::1"], "::1"),
    ("tcp-ipv6", &["-t", "-x", "-e", "::1"], "::1"),
    ("padding", &["-D", "-e", "127.0.0.1"], "127.0.0.1"),
    ("whole", &["-g", "-e", "127.0.0.1"], "127.0.0.1"),
    ("both-families", &["-Z", "-e", "127.0.0.1"], "127.0.0.1"),
    ("mobile", &["-M", "-e", "127.0.0.1"], "127.0.0.1"),
    ("relayed-tcp", &["-T"], "127.0.0.1"),
    ("relayed-tcp-tls", &["-T", "-S"], "127.0.0.1"),
    ("relayed-tcp-ipv6", &["-T", "-x"], "::1"),
];

/// coturn's client at our server.
pub(crate) fn their_client(dir: &Path) -> Result<String, Failure> {
    let lab = Lab::up(NatKind::Masquerade, NatKind::Masquerade)?;
    let certificates = Certificates::make(dir, "ours", "localhost")?;
    let mut command = lab.command(Node::Inet, &install::spool().to_string_lossy());
    command.arg("turn-server");
    for listen in [format!("127.0.0.1:{PORT}"), format!("[::1]:{PORT}"), format!("{SERVER}:{PORT}")]
    {
        command.args(["--listen", &listen]);
    }
    command.args(["--tls-listen", &format!("127.0.0.1:{TLS_PORT}")]);
    command.arg("--cert").arg(&certificates.server).arg("--key").arg(&certificates.key);
    command.args(["--relay-ip", "127.0.0.1", "--relay-ip", "::1"]);
    command.args(["--allow-peer", "127.0.0.0/8", "--allow-peer", "::1/128"]);
    command.args(["--user", &format!("{USER}:{PASSWORD}")]);
    command.args(["--old-clients", "--mobility", "--tcp-relay"]);
    let server = server::start_command(&lab, command, dir)?;
    let mut echo = lab.command(Node::Inet, "turnutils_peer");
    let _echo =
        Running::start("echo", dir, echo.args(["-L", "127.0.0.1", "-L", "::1", "-p", ECHO_PORT]))?;
    for (name, flags, address) in RUNS {
        let port = if flags.contains(&"-S") { TLS_PORT } else { PORT };
        let mut client = lab.command(Node::Inet, "turnutils_uclient");
        client.args(["-u", USER, "-w", PASSWORD, "-n", "5", "-z", "5", "-m", "1"]);
        client.args(["-r", ECHO_PORT, "-p", &port.to_string()]).args(flags).arg(address);
        ended_well(name, dir, &mut client, |out| {
            let last = out.lines().rfind(|line| line.contains("tot_send_msgs"));
            let count = |name| {
                let (_, rest) = last?.split_once(name)?;
                rest.split(',').next()?.trim().parse::<u32>().ok()
            };
            matches!((count("tot_send_msgs="), count("tot_recv_msgs=")), (Some(sent), Some(got)) if sent > 0 && sent == got)
        })?;
    }
    if !server.errors().contains("additional=[::1]") {
        return Err(server.failure("gave nobody both families"));
    }
    Ok(format!("{} ways, no packet lost", RUNS.len()))
}

/// Our client at coturn: the example of `spool` that goes through all that it can.
pub(crate) fn our_client(dir: &Path) -> Result<String, Failure> {
    let lab = Lab::up(NatKind::Masquerade, NatKind::Masquerade)?;
    let mut command = server::command(&lab, Kind::Coturn, PeersAllowed::Public);
    command.args(["--listening-ip", "127.0.0.1", "--listening-ip", "::1"]);
    command.args(["--relay-ip", "127.0.0.1", "--relay-ip", "::1", "--allow-loopback-peers"]);
    command.arg("--mobility");
    let _server = server::start_command(&lab, command, dir)?;
    let example = install::example("relaying")?;
    let mut client = lab.command(Node::Inet, &example.to_string_lossy());
    client.args([&format!("127.0.0.1:{PORT}"), USER, PASSWORD]);
    ended_well("client", dir, &mut client, |out| out.contains("all is well"))?;
    Ok("both families asked for, an even port and the next, TCP both ways".into())
}

/// Runs a program to its end, and looks at what it says.
fn ended_well(
    name: &str,
    dir: &Path,
    command: &mut Command,
    is_well: impl Fn(&str) -> bool,
) -> Result<(), Failure> {
    let mut running = Running::start(name, dir, command)?;
    let status = running.wait(PATIENCE)?;
    let out = running.output();
    if status.success() && is_well(&out) { Ok(()) } else { Err(running.failure("did not get all")) }
}
