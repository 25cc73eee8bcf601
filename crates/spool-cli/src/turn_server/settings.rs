//! What an operator decides: the same names as flags and in the file.
use crate::exit::Failure;
use serde::Deserialize;
use spool::{IpPrefix, PeerPolicy};
use std::{
    fmt,
    net::{IpAddr, SocketAddr},
    num::{NonZeroU32, NonZeroUsize},
    ops::RangeInclusive,
    path::{Path, PathBuf},
    str::FromStr,
};

/// All settings. Of flags and file the flags count; lists are taken from one of the two.
#[derive(Clone, Debug, Default, clap::Args, Deserialize)]
#[serde(deny_unknown_fields, default, rename_all = "kebab-case")]
pub(crate) struct Settings {
    /// Listen here (repeatable); `0.0.0.0` and `[::]` mean each address of this computer. Unless
    /// given it is port 3478 of each
    #[arg(long, value_name = "ADDR:PORT")]
    pub(super) listen: Vec<SocketAddr>,
    /// Listen here over TLS (repeatable); port 5349 of the addresses of --listen unless given
    #[arg(long, value_name = "ADDR:PORT")]
    pub(super) tls_listen: Vec<SocketAddr>,
    /// The certificate, and those of the authorities above it, for TLS; a PEM file
    #[arg(long, value_name = "FILE")]
    pub(super) cert: Option<PathBuf>,
    /// The key of that certificate; a PEM file without a pass phrase
    #[arg(long, value_name = "FILE")]
    pub(super) key: Option<PathBuf>,
    /// Answer STUN requests of account holders only
    #[arg(long)]
    pub(super) secure_stun: bool,
    /// Relay from this address, which peers must be able to reach (repeatable)
    #[arg(long, value_name = "IP")]
    pub(super) relay_ip: Vec<IpAddr>,
    /// Tell clients this address instead of the one of --relay-ip, as a NAT in front of this
    /// computer does (a virtual machine of a cloud); EXTERNAL/INTERNAL where there are several
    #[arg(long, value_name = "IP")]
    pub(super) external_ip: Vec<External>,
    /// Relay from these ports, 49152-65535 unless given
    #[arg(long, value_name = "A-B")]
    pub(super) relay_ports: Option<Ports>,
    /// Let clients examine their NAT (`spool nat`), with this as the second address and port
    #[arg(long, value_name = "ADDR:PORT")]
    pub(super) behaviour: Option<SocketAddr>,
    /// The realm of the accounts, `turn` unless given
    #[arg(long)]
    pub(super) realm: Option<String>,
    /// An account (repeatable); one is made up when there are none. Whoever lists the processes of
    /// this computer sees it: see --users
    #[arg(long, value_name = "NAME:PASSWORD")]
    pub(super) user: Vec<Account>,
    /// A file of accounts, one a line: NAME:PASSWORD, or what --print-keys prints
    #[arg(long, value_name = "FILE")]
    pub(super) users: Option<PathBuf>,
    /// A file of secrets that a web server makes accounts with that end by themselves (TURN REST),
    /// one a line: two while one takes over from the other
    #[arg(long, value_name = "FILE")]
    pub(super) auth_secret_file: Option<PathBuf>,
    /// Such a secret (repeatable); whoever lists the processes sees it
    #[arg(long, value_name = "SECRET")]
    pub(super) auth_secret: Vec<String>,
    /// The most allocations of one user, 1024 unless given
    #[arg(long, value_name = "N")]
    pub(super) user_quota: Option<NonZeroUsize>,
    /// The most allocations, 4096 unless given
    #[arg(long, value_name = "N")]
    pub(super) total_quota: Option<NonZeroUsize>,
    /// The most that one allocation relays, both ways together, in bytes a second
    #[arg(long, value_name = "BYTES")]
    pub(super) max_bps: Option<NonZeroU32>,
    /// Take channel numbers up to 0x7FFF, as clients of RFC 5766 use them (turnutils_uclient)
    #[arg(long)]
    pub(super) old_channels: bool,
    /// Relay to these addresses too, although they are not public (repeatable). This computer's own
    /// must be named one by one
    #[arg(long, value_name = "CIDR")]
    pub(super) allow_peer: Vec<Parsed<IpPrefix>>,
    /// Do not relay to these addresses (repeatable)
    #[arg(long, value_name = "CIDR")]
    pub(super) deny_peer: Vec<Parsed<IpPrefix>>,
    /// Send clients here when this server is full or to end (repeatable); the same users must be
    /// known there, and the certificate have the same name
    #[arg(long, value_name = "ADDR:PORT")]
    pub(super) alternate: Vec<SocketAddr>,
    /// After the signal to end, serve who is there for so long; a second signal ends at once
    #[arg(long, value_name = "SECONDS")]
    pub(super) drain: Option<u32>,
    /// Serve /metrics (Prometheus) and /healthz over HTTP here; to a private address, for all see it
    #[arg(long, value_name = "ADDR:PORT")]
    pub(super) metrics: Option<SocketAddr>,
    /// Serve on so many cores, as many as there are unless given
    #[arg(long, value_name = "N")]
    pub(super) cores: Option<NonZeroUsize>,
}

impl Settings {
    /// What the flags say, and the file where they say nothing.
    pub(super) fn over(self, file: Self) -> Self {
        fn either<T>(flag: Vec<T>, file: Vec<T>) -> Vec<T> {
            if flag.is_empty() { file } else { flag }
        }
        Self {
            listen: either(self.listen, file.listen),
            tls_listen: either(self.tls_listen, file.tls_listen),
            cert: self.cert.or(file.cert),
            key: self.key.or(file.key),
            secure_stun: self.secure_stun || file.secure_stun,
            relay_ip: either(self.relay_ip, file.relay_ip),
            external_ip: either(self.external_ip, file.external_ip),
            relay_ports: self.relay_ports.or(file.relay_ports),
            behaviour: self.behaviour.or(file.behaviour),
            realm: self.realm.or(file.realm),
            user: either(self.user, file.user),
            users: self.users.or(file.users),
            auth_secret_file: self.auth_secret_file.or(file.auth_secret_file),
            auth_secret: either(self.auth_secret, file.auth_secret),
            user_quota: self.user_quota.or(file.user_quota),
            total_quota: self.total_quota.or(file.total_quota),
            max_bps: self.max_bps.or(file.max_bps),
            old_channels: self.old_channels || file.old_channels,
            allow_peer: either(self.allow_peer, file.allow_peer),
            deny_peer: either(self.deny_peer, file.deny_peer),
            alternate: either(self.alternate, file.alternate),
            drain: self.drain.or(file.drain),
            metrics: self.metrics.or(file.metrics),
            cores: self.cores.or(file.cores),
        }
    }

    /// Reads the file.
    pub(super) fn read(path: &Path) -> Result<Self, Failure> {
        let name = path.display();
        let text = std::fs::read_to_string(path)
            .map_err(|error| Failure::Usage(format!("--config {name}: {error}")))?;
        toml::from_str(&text).map_err(|error| {
            let at = error.span().map_or(0, |span| span.start);
            let line = 1 + text.as_bytes().iter().take(at).filter(|byte| **byte == b'\n').count();
            let what = error.message().replace('\n', " ");
            Failure::Usage(format!("{name}, line {line}: {what}"))
        })
    }

    /// What makes no sense together.
    pub(super) fn check(&self) -> Result<(), Failure> {
        let both = self.cert.is_some() && self.key.is_some();
        if self.cert.is_some() != self.key.is_some() || !self.tls_listen.is_empty() && !both {
            return Err(Failure::Usage("TLS takes both cert and key".to_owned()));
        }
        Ok(())
    }

    /// How many cores to serve on. Where the system does not divide what arrives it is one.
    pub(super) fn cores(&self) -> NonZeroUsize {
        let can_divide = cfg!(any(target_os = "linux", target_os = "android"));
        let all = if can_divide { std::thread::available_parallelism().ok() } else { None };
        self.cores.or(all).unwrap_or(NonZeroUsize::MIN)
    }

    pub(super) fn peers(&self) -> PeerPolicy {
        let policy = PeerPolicy::global_only();
        let policy = self.allow_peer.iter().fold(policy, |policy, prefix| policy.allow(prefix.0));
        self.deny_peer.iter().fold(policy, |policy, prefix| policy.deny(prefix.0))
    }
}

/// What is written as text, in a flag or in the file.
#[derive(Clone, Copy, Debug)]
pub(crate) struct Parsed<T>(pub(super) T);

impl<T: FromStr> FromStr for Parsed<T> {
    type Err = T::Err;

    fn from_str(text: &str) -> Result<Self, T::Err> {
        text.parse().map(Self)
    }
}

impl<'de, T: FromStr<Err: fmt::Display>> Deserialize<'de> for Parsed<T> {
    fn deserialize<D: serde::Deserializer<'de>>(deserializer: D) -> Result<Self, D::Error> {
        parsed(deserializer).map(Self)
    }
}

/// The value, with what is wrong with it.
fn parsed<'de, D, T>(deserializer: D) -> Result<T, D::Error>
where
    D: serde::Deserializer<'de>,
    T: FromStr<Err: fmt::Display>,
{
    let text = String::deserialize(deserializer)?;
    text.parse().map_err(|error| serde::de::Error::custom(format!("'{text}': {error}")))
}

/// A name with its password, which is shown nowhere.
#[derive(Clone)]
pub(crate) struct Account {
    pub(super) name: String,
    pub(super) password: String,
}

impl fmt::Debug for Account {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.debug_struct("Account").field("name", &self.name).finish_non_exhaustive()
    }
}

impl FromStr for Account {
    type Err = &'static str;

    fn from_str(text: &str) -> Result<Self, Self::Err> {
        match text.split_once(':') {
            Some((name, password)) if !name.is_empty() && !password.is_empty() => {
                Ok(Self { name: name.to_owned(), password: password.to_owned() })
            }
            _ => Err("write NAME:PASSWORD"),
        }
    }
}

impl<'de> Deserialize<'de> for Account {
    fn deserialize<D: serde::Deserializer<'de>>(deserializer: D) -> Result<Self, D::Error> {
        // without the text: it may be a password
        String::deserialize(deserializer)?.parse().map_err(serde::de::Error::custom)
    }
}

/// An address outside, and the one here that it stands for.
#[derive(Clone, Copy, Debug)]
pub(crate) struct External {
    pub(super) external: IpAddr,
    pub(super) internal: Option<IpAddr>,
}

impl FromStr for External {
    type Err = &'static str;

    fn from_str(text: &str) -> Result<Self, Self::Err> {
        let (external, internal) = match text.split_once('/') {
            Some((external, internal)) => (external, Some(internal)),
            None => (text, None),
        };
        let ip = |text: &str| text.parse().map_err(|_| "write IP, or EXTERNAL-IP/INTERNAL-IP");
        Ok(Self { external: ip(external)?, internal: internal.map(ip).transpose()? })
    }
}

impl<'de> Deserialize<'de> for External {
    fn deserialize<D: serde::Deserializer<'de>>(deserializer: D) -> Result<Self, D::Error> {
        parsed(deserializer)
    }
}

/// A range of ports.
#[derive(Clone, Debug)]
pub(crate) struct Ports(pub(super) RangeInclusive<u16>);

impl FromStr for Ports {
    type Err = &'static str;

    fn from_str(text: &str) -> Result<Self, Self::Err> {
        let (first, last) = text.split_once('-').ok_or("write FIRST-LAST")?;
        let port = |text: &str| text.parse::<u16>().map_err(|_| "write two ports: FIRST-LAST");
        let (first, last) = (port(first)?, port(last)?);
        if first < 1024 || first > last {
            return Err("ports from 1024 to 65535, the lower one first");
        }
        Ok(Self(first..=last))
    }
}

impl<'de> Deserialize<'de> for Ports {
    fn deserialize<D: serde::Deserializer<'de>>(deserializer: D) -> Result<Self, D::Error> {
        parsed(deserializer)
    }
}

#[cfg(test)]
mod tests {
    use super::Settings;

    #[test]
    fn the_file_of_the_guide_is_one_that_is_read() {
        let guide = include_str!("../../../spool/src/guide.rs");
        let block =
            guide.split("//! ```toml\n").nth(1).and_then(|rest| rest.split("//! ```\n").next());
        let text: String = block
            .unwrap()
            .lines()
            .map(|line| line.trim_start_matches("//! ").to_owned() + "\n")
            .collect();
        let settings: Settings = toml::from_str(&text).unwrap();
        assert_eq!((settings.listen.len(), settings.drain), (2, Some(3600)));
        assert_eq!(settings.external_ip[0].external.to_string(), "198.51.100.1");
    }
}
