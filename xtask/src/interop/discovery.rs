//! What NAT one is behind, said by `spool nat` and by coturn's tools, both asking our server.

use std::path::Path;
use std::process::Command;
use std::time::Duration;

use super::install;
use super::json;
use super::process::Running;
use super::server::{self, PORT, PeersAllowed};
use crate::lab::probe::{self, Behaviour};
use crate::lab::{HOST_A, Lab, NatKind, Node, SERVER, SERVER_OTHER};
use crate::run::{Failure, capture};

/// The port of the server's second address.
const OTHER_PORT: u16 = 3479;

/// Silence is an answer here: filtering and hairpinning take 5.5 seconds each to be believed in,
/// and coturn's tool is more patient still.
const PATIENCE: Duration = Duration::from_secs(60);

/// One NAT, and three programs that look at it.
pub(crate) fn agree(kind: NatKind, dir: &Path) -> Result<String, Failure> {
    let lab = Lab::up(kind, NatKind::Masquerade)?;
    probe::check_in(&lab, kind)?;
    let _server = serve(&lab, dir)?;
    let start = |name, command: &mut Command| Running::start(name, dir, command);
    let mut ours = start("spool-nat", &mut spool_nat(&lab, &[]))?;
    let asks = ["-L", HOST_A, "-p", &PORT.to_string()];
    let natdiscovery = || lab.command(Node::HostA, "turnutils_natdiscovery");
    let mut mapping = start("natdiscovery-m", natdiscovery().arg("-m").args(asks).arg(SERVER))?;
    let mut filtering = start("natdiscovery-f", natdiscovery().arg("-f").args(asks).arg(SERVER))?;
    let mut stunclient = lab.command(Node::HostA, "turnutils_stunclient");
    let mut stunclient = start("stunclient", stunclient.args(asks).arg(SERVER))?;

    let code = ours.wait(PATIENCE)?.code();
    let Some(behaviour) = probe::expected(kind) else {
        return blocked(kind, &ours, code, [&mut mapping, &mut filtering, &mut stunclient]);
    };
    if code != Some(0) {
        return Err(ours.failure("does not find out"));
    }
    let said = ours.output();
    Seen::read(&said)
        .filter(|seen| *seen == Seen::wanted(kind, behaviour))
        .ok_or_else(|| ours.failure(&format!("wanted {:?}", Seen::wanted(kind, behaviour))))?;
    let (mapping_line, filtering_line) = coturn_says(kind, behaviour);
    for (tool, line) in [(&mut mapping, mapping_line), (&mut filtering, filtering_line)] {
        let _its_status_says_little = tool.wait(PATIENCE)?;
        if !tool.output().lines().any(|said| said == line) {
            return Err(tool.failure(&format!("does not say \"{line}\"; spool nat: {said}")));
        }
    }
    let mapped = json::string(&said, "mapped").and_then(|mapped| mapped.rsplit_once(':'));
    let address = format!("reflexive addr: {}:", mapped.map_or("", |(ip, _)| ip));
    // behind a NAT that filters it waits for its second answer for ever
    stunclient.wait_until("the address that spool nat saw", PATIENCE, |output, _| {
        output.contains(&address).then_some(())
    })?;
    Ok(format!("spool nat, natdiscovery and stunclient: {mapping_line} {filtering_line}"))
}

/// Nothing comes back, and nobody says anything else.
fn blocked(
    kind: NatKind,
    ours: &Running,
    code: Option<i32>,
    tools: [&mut Running; 3],
) -> Result<String, Failure> {
    let why = if kind == NatKind::UdpRejected { "it is forbidden" } else { "no answer: " };
    if code != Some(2) || !ours.errors().contains(why) {
        return Err(ours.failure(&format!("exit status {code:?}; wanted 2 and \"{why}\"")));
    }
    for tool in tools {
        // they repeat themselves for as long as nobody answers
        if tool.output().contains("reflexive addr") {
            return Err(tool.failure("hears what spool nat does not"));
        }
    }
    Ok(ours.errors().trim_end().to_owned())
}

/// The lifetime that the kernel was told, found out from outside.
pub(crate) fn lifetime(dir: &Path) -> Result<String, Failure> {
    let lab = Lab::up(NatKind::Masquerade, NatKind::Masquerade)?;
    let timeouts = ["udp_timeout=5", "udp_timeout_stream=5"]
        .map(|timeout| format!("net.netfilter.nf_conntrack_{timeout}"));
    capture(lab.command(Node::NatA, "sysctl").arg("-qw").args(timeouts))?;
    let _server = serve(&lab, dir)?;
    // tries 2, 4, 8 and 6 seconds
    let mut ours = Running::start("spool-nat", dir, &mut spool_nat(&lab, &["--lifetime", "8"]))?;
    let status = ours.wait(Duration::from_secs(120))?;
    let said = ours.output();
    let wanted = "\"lifetime\":{\"gone_s\":6,\"there_s\":4}";
    if !status.success() || !said.contains(wanted) {
        return Err(ours.failure(&format!("the kernel drops bindings after 5 s; wanted {wanted}")));
    }
    Ok("the kernel drops bindings after 5 s; spool nat: there after 4 s, gone after 6 s".into())
}

fn serve(lab: &Lab, dir: &Path) -> Result<Running, Failure> {
    let mut command = server::command(lab, server::Kind::Spool, PeersAllowed::OwnRelays);
    command.args(["--behaviour", &format!("{SERVER_OTHER}:{OTHER_PORT}")]);
    server::start_command(lab, command, dir)
}

fn spool_nat(lab: &Lab, more: &[&str]) -> Command {
    let mut command = lab.command(Node::HostA, &install::spool().to_string_lossy());
    command.args(["nat", "--json", "--server", &format!("{SERVER}:{PORT}")]).args(more);
    command
}

/// What `spool nat` says of a NAT.
#[derive(Debug, PartialEq, Eq)]
struct Seen<'a> {
    mapping: &'a str,
    filtering: &'a str,
    keeps_port: bool,
    hairpin: Option<bool>,
}

impl<'a> Seen<'a> {
    fn read(said: &'a str) -> Option<Self> {
        let flag = |name: &str, value: &str| said.contains(&format!("\"{name}\":{value}"));
        Some(Self {
            mapping: json::string(said, "mapping")?,
            filtering: json::string(said, "filtering")?,
            keeps_port: flag("keeps_port", "true"),
            hairpin: (!flag("hairpin", "null")).then(|| flag("hairpin", "true")),
        })
    }

    fn wanted(kind: NatKind, behaviour: Behaviour) -> Self {
        let routed = kind.is_routed();
        Self {
            mapping: match behaviour {
                _ if routed => "none",
                Behaviour { one_port: true, .. } => "endpoint-independent",
                _ => "address-and-port-dependent",
            },
            filtering: match behaviour {
                Behaviour { lets_in_other_address: true, .. } => "endpoint-independent",
                Behaviour { lets_in_other_port: true, .. } => "address-dependent",
                _ => "address-and-port-dependent",
            },
            keeps_port: behaviour.keeps_port,
            hairpin: (!routed).then_some(kind.hairpins()),
        }
    }
}

/// What `turnutils_natdiscovery` says of mapping and of filtering.
fn coturn_says(kind: NatKind, behaviour: Behaviour) -> (&'static str, &'static str) {
    let mapping = match behaviour {
        _ if kind.is_routed() => "No NAT! (Endpoint Independent Mapping)",
        Behaviour { one_port: true, .. } => "NAT with Endpoint Independent Mapping!",
        _ => "NAT with Address and Port Dependent Mapping!",
    };
    let filtering = match behaviour {
        Behaviour { lets_in_other_address: true, .. } => "NAT with Endpoint Independent Filtering!",
        Behaviour { lets_in_other_port: true, .. } => "NAT with Address Dependent Filtering!",
        _ => "NAT with Address and Port Dependent Filtering!",
    };
    (mapping, filtering)
}

#[cfg(test)]
mod tests {
    use super::Seen;

    #[test]
    fn what_spool_nat_says_is_read() {
        let said = "{\"class\":\"full cone\",\"filtering\":\"endpoint-independent\",\"hairpin\":false,\
                    \"keeps_port\":true,\"mapped\":\"192.0.2.1:4\",\"mapping\":\"address-dependent\"}";
        let seen = Seen::read(said).unwrap();
        assert_eq!((seen.mapping, seen.filtering), ("address-dependent", "endpoint-independent"));
        assert_eq!((seen.keeps_port, seen.hairpin), (true, Some(false)));
        assert_eq!(Seen::read("{\"mapping\":\"none\",\"hairpin\":null}"), None);
    }
}
