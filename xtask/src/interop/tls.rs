//! STUN over TLS (RFC 8489 §6.2.3): the right certificate, and those that prove nothing.

use std::path::Path;

use super::asking::Asked;
use super::certificates::Certificates;
use super::names;
use super::server::{self, Kind, PORT, PeersAllowed, TLS_PORT};
use crate::lab::{Lab, NatKind, SERVER};
use crate::run::Failure;

/// The name that the certificate is for, and one more of the same server.
const NAME: &str = "stun.example.test";
const OTHER_NAME: &str = "other.example.test";

pub(crate) fn run(kind: Kind, dir: &Path) -> Result<String, Failure> {
    let lab = Lab::up(NatKind::Masquerade, NatKind::Masquerade)?;
    let certificates = Certificates::make(dir, "ours", NAME)?;
    let stranger = Certificates::make(dir, "stranger", NAME)?;
    let command = match kind {
        Kind::Spool => {
            let mut command = server::command(&lab, kind, PeersAllowed::OwnRelays);
            command.arg("--cert").arg(&certificates.server).arg("--key").arg(&certificates.key);
            command
        }
        Kind::Coturn => {
            let mut command = server::coturn(&lab);
            command.args(["--no-dtls", "--tls-listening-port", &TLS_PORT.to_string()]);
            command.arg("--cert").arg(&certificates.server).arg("--pkey").arg(&certificates.key);
            command
        }
    };
    let _server = server::start_command(&lab, command, dir)?;
    let _names = names::serve(
        &lab,
        dir,
        &[
            format!("--host-record={NAME},{OTHER_NAME},{SERVER}"),
            format!("--srv-host=_stuns._tcp.example.test,{NAME},{TLS_PORT}"),
        ],
    )?;
    let ask = |name: &str, uri: &str, ca: &Path| {
        let ca = ca.to_string_lossy();
        Asked::run(&lab, dir, name, &[uri, "--ca", &ca])
    };
    let ours = &certificates.authority;
    let stuns = format!("stuns:{NAME}");
    ask("stuns", &stuns, ours)?.expect("transport", "tls")?;
    let address = format!("{SERVER}:{TLS_PORT}");
    ask("turns", &format!("turns:{NAME}?transport=tcp"), ours)?.expect("server", &address)?;
    ask("wrong-ca", &stuns, &stranger.authority)?.expect_words("no authority that is trusted")?;
    let other = format!("stuns:{OTHER_NAME}");
    ask("wrong-name", &other, ours)?.expect_words("it is for another name")?;
    // the record leads to the right host, but the certificate must be for the name that was asked for
    ask("srv", "stuns:example.test", ours)?.expect_words("it is for another name")?;
    Asked::run(&lab, dir, "system", &[&stuns])?.expect_words("--ca FILE")?;
    // coturn speaks TLS there too, so the other port is asked for at our server only
    if kind == Kind::Spool {
        ask("no-tls", &format!("stuns:{NAME}:{PORT}"), ours)?.expect_words("no TLS there")?;
    }
    Ok("the right certificate is believed; a wrong authority and a wrong name are told".into())
}
