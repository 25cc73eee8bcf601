//! What the cases need on the machine: from Debian and from PyPI, installed when it is missing.

use std::fs;
use std::path::PathBuf;
use std::process::{Command, Stdio};

use crate::run::{Failure, capture, cargo, is_root, root, show};

/// Something that a case needs.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(crate) enum Tool {
    /// Namespaces and NATs: root, iproute2 and nftables.
    Lab,
    /// The programs of this project.
    Spool,
    Coturn,
    /// A name server.
    Dnsmasq,
    /// The program that makes certificates.
    Openssl,
    Chromium,
    Firefox,
    /// Phones.
    Baresip,
    Linphone,
    Twinkle,
    /// A media gateway.
    Rtpengine,
    /// aioice in a virtual environment of Python.
    Aioice,
}

impl Tool {
    /// Debian's packages, each with the program that shows that it is there.
    fn packages(self) -> &'static [(&'static str, &'static str)] {
        match self {
            Self::Lab => &[("iproute2", "ip"), ("nftables", "nft"), ("procps", "sysctl")],
            Self::Coturn => &[("coturn", "turnserver")],
            Self::Dnsmasq => &[("dnsmasq-base", "dnsmasq")],
            Self::Openssl => &[("openssl", "openssl")],
            Self::Chromium => &[("chromium", "chromium")],
            Self::Firefox => &[("firefox-esr", "firefox-esr")],
            Self::Baresip => &[("baresip-core", "baresip")],
            Self::Linphone => &[("linphone-cli", "linphonec")],
            Self::Twinkle => &[("twinkle-console", "twinkle-console")],
            Self::Rtpengine => &[("rtpengine-daemon", "rtpengine")],
            Self::Aioice | Self::Spool => &[],
        }
    }

    /// Makes the tool available, or says why it is not.
    pub(crate) fn provide(self) -> Result<(), String> {
        let missing: Vec<&str> = self
            .packages()
            .iter()
            .filter(|(_, program)| !is_there(program))
            .map(|(package, _)| *package)
            .collect();
        if !missing.is_empty() {
            apt_install(&missing).map_err(|error| error.to_string())?;
        }
        match self {
            Self::Lab => crate::lab::unavailable().map_or(Ok(()), Err),
            Self::Aioice => venv().map_err(|error| error.to_string()),
            Self::Spool => build_spool().map_err(|error| error.to_string()),
            Self::Coturn
            | Self::Dnsmasq
            | Self::Openssl
            | Self::Chromium
            | Self::Firefox
            | Self::Baresip
            | Self::Linphone
            | Self::Twinkle
            | Self::Rtpengine => Ok(()),
        }
    }
}

/// Where the cases keep what they install and write.
pub(crate) fn directory() -> PathBuf {
    target().join("interop")
}

/// The program of this project.
pub(crate) fn spool() -> PathBuf {
    target().join("debug/spool")
}

/// The Python that has aioice.
pub(crate) fn python() -> PathBuf {
    directory().join("venv/bin/python")
}

fn target() -> PathBuf {
    root().join(std::env::var_os("CARGO_TARGET_DIR").unwrap_or_else(|| "target".into()))
}

/// An example of `spool`, built.
pub(crate) fn example(name: &str) -> Result<PathBuf, Failure> {
    show(cargo().args(["build", "--all-features", "-p", "spool", "--example", name]))?;
    Ok(target().join("debug/examples").join(name))
}

/// Builds `spool` with the features that the tests build it with: in CI it is there already.
fn build_spool() -> Result<(), Failure> {
    show(cargo().args(["build", "--all-features", "--bin", "spool"]))
}

fn apt_install(packages: &[&str]) -> Result<(), Failure> {
    let names = packages.join(", ");
    if !is_there("apt-get") {
        return Err(Failure::Failed(format!(
            "no apt-get on this machine: install {names} by hand"
        )));
    }
    if !is_root() {
        return Err(Failure::Failed(format!("not root: install {names} by hand")));
    }
    let apt = || {
        let mut command = Command::new("apt-get");
        command.env("DEBIAN_FRONTEND", "noninteractive").stdin(Stdio::null());
        command
    };
    println!("$ apt-get install {}", packages.join(" "));
    capture(apt().args(["update", "-qq"]))?;
    let flags = ["install", "-y", "-qq", "--no-install-recommends"];
    capture(apt().args(flags).args(packages)).map(drop)
}

/// Creates the virtual environment, unless it has these versions already.
fn venv() -> Result<(), Failure> {
    let requirements = root().join("xtask/interop/requirements.txt");
    let wanted = fs::read_to_string(&requirements).map_err(|error| error.to_string())?;
    let mark = directory().join("venv/installed.txt");
    if fs::read_to_string(&mark).is_ok_and(|installed| installed == wanted) {
        return Ok(());
    }
    let dir = directory().join("venv");
    let create = || capture(Command::new("python3").args(["-m", "venv", "--clear"]).arg(&dir));
    if create().is_err() {
        apt_install(&["python3-venv"])?;
        create()?;
    }
    println!("$ pip install {}", wanted.split_whitespace().collect::<Vec<_>>().join(" "));
    let flags = ["-m", "pip", "install", "--quiet", "--disable-pip-version-check", "-r"];
    capture(Command::new(python()).args(flags).arg(&requirements))?;
    fs::write(&mark, wanted).map_err(|error| Failure::Failed(error.to_string()))
}

fn is_there(program: &str) -> bool {
    let found = Command::new("sh").args(["-c", "command -v \"$0\" >/dev/null", program]).status();
    found.is_ok_and(|status| status.success())
}
