//! Long-term credentials of our STUN client: against our server, which knows SHA-256 and hashed user
//! names (RFC 8489 §9.2), and against coturn, which knows MD5 and SHA-1.

use std::path::Path;

use super::asking::Asked;
use super::server::{self, Kind, PASSWORD, PORT, PeersAllowed, USER};
use crate::lab::{Lab, NatKind, SERVER};
use crate::run::Failure;

/// Asks for a binding over UDP and TCP from behind a NAT, with the right password and a wrong one.
pub(crate) fn run(kind: Kind, dir: &Path) -> Result<String, Failure> {
    let lab = Lab::up(NatKind::Masquerade, NatKind::Masquerade)?;
    let mut command = server::command(&lab, kind, PeersAllowed::OwnRelays);
    // a Binding request needs a credential, too
    command.arg("--secure-stun");
    let _server = server::start_command(&lab, command, dir)?;
    let address = format!("{SERVER}:{PORT}");
    let (algorithm, integrity, hashed) = match kind {
        Kind::Spool => ("SHA-256", "HMAC-SHA256", "true"),
        Kind::Coturn => ("MD5", "HMAC-SHA1", "false"),
    };
    for (name, more) in [("udp", &[][..]), ("tcp", &["--tcp"])] {
        let ask = |name: &str, password: &str| {
            let account = ["--user", USER, "--password", password];
            Asked::run(&lab, dir, name, &[&[&address[..]], &account[..], more].concat())
        };
        let right = ask(name, PASSWORD)?;
        let wanted = [
            ("transport", name),
            ("algorithm", algorithm),
            ("integrity", integrity),
            ("userhash", hashed),
        ];
        for (member, value) in wanted {
            right.expect(member, value)?;
        }
        ask(&format!("{name}-wrong"), "not it")?.expect_words("refused the credentials")?;
        let stranger =
            Asked::run(&lab, dir, &format!("{name}-stranger"), &[&[&address[..]], more].concat())?;
        stranger.expect_words("--user")?;
    }
    Ok(format!("{algorithm}, {integrity}, userhash {hashed}; wrong passwords and none are refused"))
}
