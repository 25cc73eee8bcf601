//! Certificates that a case makes for itself.

use std::path::{Path, PathBuf};
use std::process::Command;

use crate::run::{Failure, capture};

/// An authority with the certificate of one server.
#[derive(Debug)]
pub(crate) struct Certificates {
    /// What clients trust.
    pub(crate) authority: PathBuf,
    /// What the server shows, and its key.
    pub(crate) server: PathBuf,
    pub(crate) key: PathBuf,
}

impl Certificates {
    /// Makes an authority, and has it sign the certificate of `name`.
    pub(crate) fn make(dir: &Path, who: &str, name: &str) -> Result<Self, Failure> {
        let file = |what: &str| dir.join(format!("{who}-{what}.pem"));
        let made = Self { authority: file("ca"), server: file("server"), key: file("key") };
        let authority_key = file("ca-key");
        let key = ["-newkey", "ec", "-pkeyopt", "ec_paramgen_curve:prime256v1", "-nodes"];
        let openssl = || {
            let mut command = Command::new("openssl");
            command.args(["req", "-x509", "-days", "2"]).args(key);
            command
        };
        capture(
            openssl()
                .args(["-subj", &format!("/CN={who}"), "-keyout"])
                .arg(&authority_key)
                .arg("-out")
                .arg(&made.authority),
        )?;
        let mut sign = openssl();
        sign.args([
            "-subj",
            &format!("/CN={name}"),
            "-addext",
            &format!("subjectAltName=DNS:{name}"),
        ]);
        sign.args(["-addext", "basicConstraints=critical,CA:FALSE", "-CA"]).arg(&made.authority);
        sign.arg("-CAkey").arg(&authority_key);
        capture(sign.arg("-keyout").arg(&made.key).arg("-out").arg(&made.server))?;
        Ok(made)
    }
}
