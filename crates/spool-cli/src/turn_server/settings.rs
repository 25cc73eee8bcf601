//! What an operator decides: the same names as flags and in the file.
use crate::{address, exit::Failure};
use serde::{Deserialize, Serialize};
use spool::{InheritedSockets, IpPrefix, PeerPolicy};
use std::{
    net::{IpAddr, SocketAddr},
    num::{NonZeroU32, NonZeroUsize},
    path::{Path, PathBuf},
};

mod values;

pub(super) use values::{Account, External, Parsed, Ports};

/// All settings. Of flags and file the flags count; lists are taken from one of the two.
#[derive(Clone, Debug, Default, clap::Args, Deserialize, Serialize)]
#[serde(deny_unknown_fields, default, rename_all = "kebab-case")]
pub(crate) struct Settings {
    /// Listen here (repeatable); `0.0.0.0` and `[::]` mean each address of this computer. Unless
    /// given it is port 3478 of each
    #[arg(long, value_name = "ADDR:PORT", value_parser = address::with_port)]
    pub(super) listen: Vec<SocketAddr>,
    /// Listen here over TLS (repeatable); port 5349 of the addresses of --listen unless given
    #[arg(long, value_name = "ADDR:PORT", value_parser = address::with_port)]
    pub(super) tls_listen: Vec<SocketAddr>,
    /// The certificate, and those of the authorities above it, for TLS; a PEM file
    #[arg(long, value_name = "FILE")]
    pub(super) cert: Option<PathBuf>,
    /// The key of that certificate; a PEM file without a pass phrase
    #[arg(long, value_name = "FILE")]
    pub(super) key: Option<PathBuf>,
    /// Serve as a rendezvous too, on the addresses of --tls-listen: for `spool send` and its like
    #[arg(long)]
    pub(super) rendezvous: bool,
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
    #[arg(long, value_name = "ADDR:PORT", value_parser = address::with_port)]
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
    /// The most that all allocations of one user relay together, likewise
    #[arg(long, value_name = "BYTES")]
    pub(super) user_bandwidth: Option<NonZeroU32>,
    /// The most that the server relays, likewise
    #[arg(long, value_name = "BYTES")]
    pub(super) total_bandwidth: Option<NonZeroU32>,
    /// Serve clients from before RFC 8656 as well (turnutils_uclient of coturn 4.6): channel numbers
    /// up to 0x7FFF, and both families asked for under the number 0x8032
    #[arg(long)]
    pub(super) old_clients: bool,
    /// Let clients take their allocations along to other addresses (RFC 8016)
    #[arg(long)]
    pub(super) mobility: bool,
    /// Relay TCP as well, for clients that ask for it over TCP or TLS (RFC 6062)
    #[arg(long)]
    pub(super) tcp_relay: bool,
    /// Relay to these addresses too, although they are not public (repeatable). This computer's own
    /// must be named one by one
    #[arg(long, value_name = "CIDR")]
    pub(super) allow_peer: Vec<Parsed<IpPrefix>>,
    /// Do not relay to these addresses (repeatable)
    #[arg(long, value_name = "CIDR")]
    pub(super) deny_peer: Vec<Parsed<IpPrefix>>,
    /// Send clients here when this server is full or to end (repeatable); the same users must be
    /// known there, and the certificate have the same name
    #[arg(long, value_name = "ADDR:PORT", value_parser = address::with_port)]
    pub(super) alternate: Vec<SocketAddr>,
    /// After the signal to end, serve who is there for so long; a second signal ends at once
    #[arg(long, value_name = "SECONDS")]
    pub(super) drain: Option<u32>,
    /// A file with a secret that several servers share, so that clients may be sent from one to the
    /// other in the middle of a log-in: no shared state is needed behind a balancer
    #[arg(long, value_name = "FILE")]
    pub(super) nonce_secret_file: Option<PathBuf>,
    /// Believe the balancer at these addresses, which begins each connection with a PROXY protocol
    /// header (version 2), who the client is (repeatable)
    #[arg(long, value_name = "CIDR")]
    pub(super) proxy_from: Vec<Parsed<IpPrefix>>,
    /// Go on as this user once all ports are open; the group of the user unless it is given
    #[arg(long, value_name = "USER[:GROUP]")]
    pub(super) run_as: Option<String>,
    /// Serve /metrics (Prometheus) and /healthz over HTTP here; to a private address, for all see it
    #[arg(long, value_name = "ADDR:PORT", value_parser = address::with_port)]
    pub(super) metrics: Option<SocketAddr>,
    /// Serve on so many cores, as many as there are unless given; on one where one has to be enough
    #[arg(long, value_name = "N")]
    pub(super) cores: Option<NonZeroUsize>,
    /// Whose tokens are taken (RFC 7635). Only in the file
    #[arg(skip)]
    pub(super) oauth: Option<OAuth>,
    /// Other sets of accounts, for some of the addresses that are listened on. Only in the file
    #[arg(skip)]
    pub(super) realms: Vec<OtherRealm>,
}

/// An authorization server, which gives clients tokens for this one.
#[derive(Clone, Debug, Default, Deserialize, Serialize)]
#[serde(deny_unknown_fields, default, rename_all = "kebab-case")]
pub(crate) struct OAuth {
    /// What the tokens are issued for: the name that clients are told to ask for one with.
    pub(super) server_name: String,
    /// A file of the keys that are shared with it, one a line: KID:KEY, the key in base64.
    pub(super) keys: PathBuf,
}

/// A set of accounts of its own, for whoever sends to these addresses.
#[derive(Clone, Debug, Default, Deserialize, Serialize)]
#[serde(deny_unknown_fields, default, rename_all = "kebab-case")]
pub(crate) struct OtherRealm {
    pub(super) realm: String,
    /// Of those that are listened on, over TLS or not.
    pub(super) listen: Vec<SocketAddr>,
    pub(super) user: Vec<Account>,
    pub(super) users: Option<PathBuf>,
    pub(super) auth_secret: Vec<String>,
    pub(super) auth_secret_file: Option<PathBuf>,
}

/// How many cores serve.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(crate) enum Cores {
    /// So many; maybe one, and nobody wonders.
    Several(NonZeroUsize),
    /// One of more that there are, for this reason.
    OneFor(&'static str),
}

impl Cores {
    pub(super) fn count(self) -> NonZeroUsize {
        match self {
            Self::Several(cores) => cores,
            Self::OneFor(_) => NonZeroUsize::MIN,
        }
    }
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
            rendezvous: self.rendezvous || file.rendezvous,
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
            user_bandwidth: self.user_bandwidth.or(file.user_bandwidth),
            total_bandwidth: self.total_bandwidth.or(file.total_bandwidth),
            nonce_secret_file: self.nonce_secret_file.or(file.nonce_secret_file),
            proxy_from: either(self.proxy_from, file.proxy_from),
            run_as: self.run_as.or(file.run_as),
            old_clients: self.old_clients || file.old_clients,
            mobility: self.mobility || file.mobility,
            tcp_relay: self.tcp_relay || file.tcp_relay,
            allow_peer: either(self.allow_peer, file.allow_peer),
            deny_peer: either(self.deny_peer, file.deny_peer),
            alternate: either(self.alternate, file.alternate),
            drain: self.drain.or(file.drain),
            metrics: self.metrics.or(file.metrics),
            cores: self.cores.or(file.cores),
            oauth: self.oauth.or(file.oauth),
            realms: either(self.realms, file.realms),
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
        if let Some(OAuth { server_name, .. }) = &self.oauth
            && !(1..=255).contains(&server_name.len())
        {
            return Err(Failure::Usage("oauth: server-name takes 1 to 255 characters".to_owned()));
        }
        for OtherRealm { realm, listen, .. } in &self.realms {
            if listen.is_empty() || realm.is_empty() {
                let what = "a realm takes a name, and the addresses that it is asked for at";
                return Err(Failure::Usage(format!("realms: {realm}: {what} (realm, listen)")));
            }
        }
        if self.rendezvous && !both {
            return Err(Failure::Usage(
                "a rendezvous is over TLS: it takes cert and key".to_owned(),
            ));
        }
        Ok(())
    }

    /// As a file that says the same.
    pub(super) fn to_toml(&self) -> Result<String, Failure> {
        let failed = |error: toml::ser::Error| Failure::NotStarted(error.to_string());
        let mut table = toml::Table::try_from(self).map_err(failed)?;
        // what says nothing
        table.retain(|_, value| match value {
            toml::Value::Array(values) => !values.is_empty(),
            value => value.as_bool() != Some(false),
        });
        toml::to_string(&table).map_err(failed)
    }

    /// How many cores to serve on.
    pub(super) fn cores(&self, inherited: &InheritedSockets) -> Cores {
        let all = std::thread::available_parallelism().unwrap_or(NonZeroUsize::MIN);
        match (self.cores, self.takes_one_core(inherited)) {
            (Some(cores), _) => Cores::Several(cores),
            (None, Some(reason)) if all > NonZeroUsize::MIN => Cores::OneFor(reason),
            (None, Some(_)) => Cores::Several(NonZeroUsize::MIN),
            (None, None) => Cores::Several(all),
        }
    }

    /// What several cores cannot do, of what is wanted.
    fn takes_one_core(&self, inherited: &InheritedSockets) -> Option<&'static str> {
        if !cfg!(any(target_os = "linux", target_os = "android")) {
            return Some("this system, which does not divide what arrives");
        }
        if self.mobility {
            return Some("--mobility");
        }
        let handed = !inherited.udp_addresses().is_empty() || !inherited.tcp_addresses().is_empty();
        handed.then_some("sockets that were handed over")
    }

    pub(super) fn peers(&self) -> PeerPolicy {
        let policy = PeerPolicy::global_only();
        let policy = self.allow_peer.iter().fold(policy, |policy, prefix| policy.allow(prefix.0));
        self.deny_peer.iter().fold(policy, |policy, prefix| policy.deny(prefix.0))
    }
}

#[cfg(test)]
mod tests {
    use super::Settings;

    #[test]
    fn the_files_of_the_guide_are_ones_that_are_read() {
        let alone = include_str!("../../../spool/deploy/turn.toml");
        let settings: Settings = toml::from_str(alone).unwrap();
        assert_eq!((settings.listen.len(), settings.drain), (2, Some(3600)));
        assert_eq!(settings.external_ip[0].external.to_string(), "198.51.100.1");
        // the one that stands in the manifest
        let manifest = include_str!("../../../spool/deploy/kubernetes.yaml");
        let block = manifest.split("turn.toml: |\n").nth(1).unwrap().split("\n---").next().unwrap();
        let settings: Settings = toml::from_str(block).unwrap();
        assert!(settings.nonce_secret_file.is_some() && settings.total_quota.is_some());
        assert!(settings.check().is_ok());
    }
}
