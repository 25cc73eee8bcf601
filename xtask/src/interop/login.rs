//! Long-term credentials of our STUN client against coturn, which knows MD5 and SHA-1.

use std::path::Path;
use std::time::Duration;

use super::process::Running;
use super::server::{self, PASSWORD, PORT, PeersAllowed, USER};
use super::{install, json};
use crate::lab::{Lab, NatKind, Node, SERVER};
use crate::run::Failure;

/// Asks for a binding over UDP and TCP from behind a NAT, with the right password and a wrong one.
pub(crate) fn run(dir: &Path) -> Result<String, Failure> {
    let lab = Lab::up(NatKind::Masquerade, NatKind::Masquerade)?;
    let mut command = server::command(&lab, server::Kind::Coturn, PeersAllowed::OwnRelays);
    // a Binding request needs a credential, too
    command.arg("--secure-stun");
    let _server = server::start_command(&lab, command, dir)?;
    let address = format!("{SERVER}:{PORT}");
    let ask = |name: &str, password: &str, more: &[&str]| {
        let mut command = lab.command(Node::HostA, &install::spool().to_string_lossy());
        command.args(["stun", &address, "--json", "--user", USER, "--password", password]);
        let mut asking = Running::start(name, dir, command.args(more))?;
        let status = asking.wait(Duration::from_secs(30))?;
        Ok::<_, Failure>((asking, status.code()))
    };
    let mut seen = Vec::new();
    for (name, more) in [("udp", &[][..]), ("tcp", &["--tcp"])] {
        let (right, code) = ask(name, PASSWORD, more)?;
        let said = right.output();
        let mapped = json::string(&said, "mapped").filter(|_| code == Some(0));
        let mapped = mapped.ok_or_else(|| right.failure("is not let in"))?;
        if json::string(&said, "transport") != Some(name) {
            return Err(right.failure("came by another transport"));
        }
        seen.push(format!("{name}: {mapped}"));
        let (wrong, code) = ask(&format!("{name}-wrong"), "not it", more)?;
        if code != Some(2) || !wrong.errors().contains("refused the credentials") {
            return Err(wrong.failure("is not told that the password is wrong"));
        }
    }
    Ok(format!("{}; a wrong password is refused over both", seen.join(", ")))
}
