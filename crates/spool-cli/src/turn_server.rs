//! `spool turn-server`: STUN and TURN over UDP, TCP and TLS.
//!
//! `settings` is what can be decided, `coturn` where else that may stand, `accounts` who may log in,
//! `activation` which sockets are there, `privileges` what is given up, `log` what is written, `metrics` what is counted, `serving` the run
//! until it ends.
mod accounts;
mod activation;
mod coturn;
mod log;
mod metrics;
mod privileges;
mod serving;
mod settings;

use crate::{exit::Failure, status::Status};
use log::{Entry, Log};
use serving::{Reloadable, Serving};
use settings::{Cores, Settings};
use spool::{
    Accounts, AlternateTurnServer, ChannelRange, Identity, TurnService, TurnServiceBuilder,
};
use std::{
    collections::BTreeSet,
    net::{IpAddr, Ipv4Addr, Ipv6Addr, SocketAddr},
    path::{Path, PathBuf},
    sync::Arc,
};

/// The port of STUN and TURN over TLS (RFC 8489 §18.6, RFC 8656 §5).
const TLS_PORT: u16 = 5349;

/// Serves STUN and TURN over UDP, TCP and TLS, so that two computers find and reach each other
///
/// Without flags it listens on port 3478 of every address of this computer, relays from a public one
/// if there is one, and makes up an account. It relays to public addresses only, unless --allow-peer
/// names others; its own clients reach each other always. Ctrl-C or SIGTERM ends it. SIGHUP has it
/// read accounts, secrets, peers and certificate again, SIGUSR1 has it say how it does.
#[derive(Debug, clap::Args)]
pub(crate) struct Args {
    /// Read settings from here, a TOML file with the names of the flags (`listen = ["[::]:3478"]`).
    /// What flags say counts more
    #[arg(long, value_name = "FILE")]
    config: Option<PathBuf>,
    /// Read settings from here, a configuration file of coturn, and say of each line that is not taken
    /// what to use instead. What flags say counts more
    #[arg(long, value_name = "FILE", conflicts_with = "config")]
    coturn_config: Option<PathBuf>,
    /// Print the settings as a file for --config, and end. Passwords and secrets stand in it
    #[arg(long)]
    print_config: bool,
    /// Read a password from stdin, print a line for --users that does not tell it, and end
    #[arg(long, value_name = "NAME")]
    print_keys: Option<String>,
    #[command(flatten)]
    settings: Settings,
}

impl Args {
    /// Flags and file together.
    fn settings(&self) -> Result<Settings, Failure> {
        self.settings_and_remarks().map(|(settings, _)| settings)
    }

    /// With what is to be said of a file of coturn.
    fn settings_and_remarks(&self) -> Result<(Settings, Vec<coturn::Remark>), Failure> {
        let flags = self.settings.clone();
        let (settings, remarks) = match (&self.config, &self.coturn_config) {
            (Some(path), _) => (flags.over(Settings::read(path)?), Vec::new()),
            (None, Some(path)) => {
                let coturn = coturn::read(path)?;
                (flags.over(coturn.settings), coturn.remarks)
            }
            (None, None) => (flags, Vec::new()),
        };
        settings.check()?;
        Ok((settings, remarks))
    }
}

pub(crate) async fn run(args: Args) -> Result<(), Failure> {
    let (settings, remarks) = args.settings_and_remarks()?;
    if args.print_config {
        for remark in &remarks {
            Status::new(false).say(&remark.to_string());
        }
        crate::lines::print(settings.to_toml()?.trim_end().as_bytes());
        return Ok(());
    }
    if let Some(name) = &args.print_keys {
        let line = accounts::keys_line(name, settings.realm())?;
        crate::lines::print(line.as_bytes());
        return Ok(());
    }
    let inherited = activation::sockets()?;
    let settings = activation::listen_there(settings, &inherited);
    let signals = crate::exit::Signals::listen();
    raise_file_limit();
    let mut reloadable = Reloadable::read(&settings)?;
    let made_up = reloadable.have_nobody().then(make_up).transpose()?;
    if let Some(password) = &made_up {
        reloadable.accounts = Accounts::new().password(MADE_UP, password);
    }
    let run_as = settings.run_as.as_deref().map(privileges::RunAs::find).transpose()?;
    let cores = settings.cores(&inherited);
    let builder = builder(&settings, &reloadable)?.cores(cores.count()).inherited(inherited);
    let service = builder.start().await.map_err(|error| Failure::NotStarted(error.to_string()))?;
    let log = Arc::new(Log::start().map_err(Failure::start("the log"))?);
    if let Some(address) = settings.metrics {
        metrics::start(address, service.control(), Arc::clone(&log)).await?;
    }
    if let Some(user) = &run_as {
        // all ports are open
        user.become_it()?;
    }
    for remark in remarks {
        log.say(Entry::new("coturn-config").with("remark", remark));
    }
    announce(&log, &service, cores, made_up.as_deref());
    let (identity, next_log) = (reloadable.identity, tokio::time::Instant::now());
    let serving = Serving { service, log, args, settings, identity, next_log };
    serving.run(signals).await;
    Ok(())
}

/// The name of an account that is made up.
const MADE_UP: &str = "spool";

impl Settings {
    fn realm(&self) -> &str {
        self.realm.as_deref().unwrap_or("turn")
    }

    /// Where to listen: each address of both families unless told.
    fn listeners(&self) -> Vec<SocketAddr> {
        if self.listen.is_empty() {
            let port = 3478;
            return vec![
                (Ipv4Addr::UNSPECIFIED, port).into(),
                (Ipv6Addr::UNSPECIFIED, port).into(),
            ];
        }
        self.listen.clone()
    }

    fn tls_listeners(&self) -> Vec<SocketAddr> {
        if self.tls_listen.is_empty() {
            let ips: BTreeSet<IpAddr> = self.listeners().iter().map(SocketAddr::ip).collect();
            return ips.into_iter().map(|ip| SocketAddr::new(ip, TLS_PORT)).collect();
        }
        self.tls_listen.clone()
    }
}

fn builder(settings: &Settings, reloadable: &Reloadable) -> Result<TurnServiceBuilder, Failure> {
    let mut builder = TurnService::builder().realm(settings.realm());
    for address in settings.listeners() {
        builder = builder.listen(address);
    }
    if let Some(identity) = &reloadable.identity {
        for address in settings.tls_listeners() {
            builder = builder.listen_tls(address, identity.clone());
        }
        builder = builder.rendezvous(settings.rendezvous);
    }
    builder = builder.secure_stun(settings.secure_stun);
    for address in &settings.relay_ip {
        builder = builder.relay(*address);
    }
    for pair in &settings.external_ip {
        builder = builder.external(pair.external, pair.internal);
    }
    if let Some(address) = settings.behaviour {
        builder = builder.behaviour(address);
    }
    if let Some(ports) = &settings.relay_ports {
        builder = builder.relay_ports(ports.0.clone());
    }
    if let Some(max) = settings.total_quota {
        builder = builder.max_allocations(max.get());
    }
    if let Some(max) = settings.user_quota {
        builder = builder.max_allocations_per_user(max.get());
    }
    if let Some(max) = settings.max_bps {
        builder = builder.max_bytes_per_second(max);
    }
    if let Some(max) = settings.user_bandwidth {
        builder = builder.max_bytes_per_second_per_user(max);
    }
    if let Some(max) = settings.total_bandwidth {
        builder = builder.max_bytes_per_second_in_total(max);
    }
    if let Some(path) = &settings.nonce_secret_file {
        builder = builder.nonce_secret(&accounts::first_line("--nonce-secret-file", path)?);
    }
    for prefix in &settings.proxy_from {
        builder = builder.proxy_from(prefix.0);
    }
    for (realm, accounts) in settings.realms.iter().zip(&reloadable.of_realms) {
        builder = builder.realm_at(&realm.realm, accounts.clone(), &realm.listen);
    }
    for address in &settings.alternate {
        builder = builder.alternate(AlternateTurnServer { address: *address, domain: None });
    }
    if settings.old_clients {
        builder = builder.channels(ChannelRange::Rfc5766);
    }
    if settings.tcp_relay {
        builder = builder.tcp_relay();
    }
    if settings.mobility {
        builder = builder.mobility();
    }
    Ok(builder.accounts(reloadable.accounts.clone()).peers(settings.peers()))
}

/// Reads the certificate and its key.
fn identity(cert: &Path, key: &Path) -> Result<Identity, Failure> {
    let read = |flag: &str, path: &Path| {
        let failed = |error| Failure::Usage(format!("{flag} {}: {error}", path.display()));
        std::fs::read(path).map_err(failed)
    };
    let (certificate, secret) = (read("--cert", cert)?, read("--key", key)?);
    Identity::from_pem(&certificate, &secret)
        .map_err(|error| Failure::Usage(format!("{}, {}: {error}", cert.display(), key.display())))
}

/// A password with 96 random bits, of letters that survive copy and paste.
fn make_up() -> Result<String, Failure> {
    const LETTERS: &[u8; 64] = b"ABCDEFGHIJKLMNOPQRSTUVWXYZabcdefghijklmnopqrstuvwxyz0123456789_.";
    let mut random = [0; 16];
    getrandom::fill(&mut random)
        .map_err(|error| Failure::NotStarted(format!("no random password: {error}")))?;
    let letter = |byte: &u8| char::from(LETTERS[usize::from(byte & 63)]);
    Ok(random.iter().map(letter).collect())
}

/// Each allocation takes a descriptor, and the usual limit is 1,024.
fn raise_file_limit() {
    #[cfg(unix)]
    {
        use rustix::process::{Resource, getrlimit, setrlimit};
        let mut limit = getrlimit(Resource::Nofile);
        limit.current = limit.maximum;
        // it works as well with less, for fewer clients
        let _ = setrlimit(Resource::Nofile, limit);
    }
}

/// Where it serves, and what to type on the other computers where the account is made up. Passwords
/// of others are not repeated: this goes to whoever keeps logs.
fn announce(log: &Log, service: &TurnService, cores: Cores, made_up: Option<&str>) {
    for address in service.listeners() {
        log.print(format!("Listening on {address} (UDP, TCP)"));
    }
    for address in service.tls_listeners() {
        log.print(format!("Listening on {address} (TLS)"));
    }
    let relays: Vec<_> = service.relays().iter().map(ToString::to_string).collect();
    log.print(format!("Relaying from {}", relays.join(" and ")));
    for relay in service.relays().iter().filter(|relay| is_private(relay)) {
        log.print(format!(
            "  note: {relay} is a private address; only computers of this network reach it \
             (--external-ip if it has another one outside)"
        ));
    }
    if !service.skipped().is_empty() {
        let skipped: Vec<_> = service.skipped().iter().map(ToString::to_string).collect();
        log.print(format!("  note: not listening on {}", skipped.join(", ")));
    }
    if let Cores::OneFor(reason) = cores {
        log.print(format!("  note: serving on one core, because of {reason}"));
    }
    let Some(address) = service.listeners().first() else { return };
    let (name, password) = match made_up {
        Some(password) => {
            log.print(format!("Account made up for this run: {MADE_UP} with password {password}"));
            (MADE_UP, password)
        }
        None => ("NAME", "PASSWORD"),
    };
    log.print("\nOn the one computer:".to_owned());
    let flags = format!("--turn {address} --user {name} --password {password}");
    log.print(format!("  spool offer  {flags}"));
    log.print("On the other:".to_owned());
    log.print(format!("  spool answer {flags}"));
    log.print("\nCtrl-C ends it.".to_owned());
}

/// Whether no computer outside reaches it (RFC 1918, RFC 4193).
fn is_private(address: &IpAddr) -> bool {
    match address {
        IpAddr::V4(v4) => v4.is_private() || v4.is_loopback() || v4.is_link_local(),
        IpAddr::V6(v6) => v6.is_unique_local() || v6.is_loopback(),
    }
}
