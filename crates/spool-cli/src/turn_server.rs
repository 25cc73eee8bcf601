//! `spool turn-server`: STUN and TURN over UDP, TCP and TLS.
use crate::{exit::Failure, lines, status::Status};
use spool::{Identity, TurnServerEvent, TurnService};
use std::{
    collections::BTreeSet,
    net::{IpAddr, SocketAddr},
    path::{Path, PathBuf},
};

/// The port of STUN and TURN over TLS (RFC 8489 §18.6, RFC 8656 §5).
const TLS_PORT: u16 = 5349;

/// Serves STUN and TURN over UDP, TCP and TLS, so that two computers find and reach each other
///
/// Without flags it listens on port 3478 of every address of this computer, relays from the first
/// of them, and makes up an account. It relays to public addresses only, unless --allow-peer names
/// others; its own clients reach each other always. Ctrl-C ends it.
#[derive(Debug, clap::Args)]
pub(crate) struct Args {
    /// Listen here (repeatable); `0.0.0.0` and `[::]` mean each address of this computer
    #[arg(long, value_name = "ADDR:PORT", default_value = "0.0.0.0:3478")]
    listen: Vec<SocketAddr>,
    /// Listen here over TLS (repeatable); port 5349 of the addresses of --listen unless given
    #[arg(long, value_name = "ADDR:PORT", requires_all = ["cert", "key"])]
    tls_listen: Vec<SocketAddr>,
    /// The certificate, and those of the authorities above it, for TLS; a PEM file
    #[arg(long, value_name = "FILE", requires = "key")]
    cert: Option<PathBuf>,
    /// The key of that certificate; a PEM file without a pass phrase
    #[arg(long, value_name = "FILE", requires = "cert")]
    key: Option<PathBuf>,
    /// Answer STUN requests of account holders only
    #[arg(long)]
    secure_stun: bool,
    /// Relay from this address, which peers must be able to reach
    #[arg(long, value_name = "IP")]
    relay_ip: Option<IpAddr>,
    /// Let clients examine their NAT (`spool nat`), with this as the second address and port
    #[arg(long, value_name = "ADDR:PORT")]
    behaviour: Option<SocketAddr>,
    /// The realm of the accounts
    #[arg(long, default_value = "turn")]
    realm: String,
    /// An account (repeatable); one is made up when none is given
    #[arg(long = "user", value_name = "NAME:PASSWORD", value_parser = account)]
    users: Vec<Account>,
    /// Relay to these addresses too, although they are not public (repeatable)
    #[arg(long = "allow-peer", value_name = "CIDR")]
    allow: Vec<spool::IpPrefix>,
}

/// A name with its password.
#[derive(Clone, Debug)]
struct Account {
    name: String,
    password: String,
}

fn account(text: &str) -> Result<Account, String> {
    match text.split_once(':') {
        Some((name, password)) if !name.is_empty() && !password.is_empty() => {
            Ok(Account { name: name.to_owned(), password: password.to_owned() })
        }
        _ => Err("write NAME:PASSWORD".to_owned()),
    }
}

pub(crate) async fn run(args: Args) -> Result<(), Failure> {
    let made_up = args.users.is_empty();
    let mut users = args.users;
    if made_up {
        users.push(make_up()?);
    }
    let mut builder = TurnService::builder().realm(&args.realm);
    for address in &args.listen {
        builder = builder.listen(*address);
    }
    if let (Some(cert), Some(key)) = (&args.cert, &args.key) {
        let identity = identity(cert, key)?;
        let mut addresses = args.tls_listen;
        if addresses.is_empty() {
            let ips: BTreeSet<IpAddr> = args.listen.iter().map(SocketAddr::ip).collect();
            addresses = ips.into_iter().map(|ip| SocketAddr::new(ip, TLS_PORT)).collect();
        }
        for address in addresses {
            builder = builder.listen_tls(address, identity.clone());
        }
    }
    builder = builder.secure_stun(args.secure_stun);
    if let Some(address) = args.relay_ip {
        builder = builder.relay(address);
    }
    if let Some(address) = args.behaviour {
        builder = builder.behaviour(address);
    }
    for user in &users {
        builder = builder.user(&user.name, &user.password);
    }
    for prefix in args.allow {
        builder = builder.allow_peer(prefix);
    }
    let mut service =
        builder.start().await.map_err(|error| Failure::NotStarted(error.to_string()))?;
    announce(&service, &users, made_up);
    serve(&mut service).await;
    service.stop().await;
    Ok(())
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

/// An account with 96 random bits of password, of letters that survive copy and paste.
fn make_up() -> Result<Account, Failure> {
    const LETTERS: &[u8; 64] = b"ABCDEFGHIJKLMNOPQRSTUVWXYZabcdefghijklmnopqrstuvwxyz0123456789_.";
    let mut random = [0; 16];
    getrandom::fill(&mut random)
        .map_err(|error| Failure::NotStarted(format!("no random password: {error}")))?;
    let letter = |byte: &u8| char::from(LETTERS[usize::from(byte & 63)]);
    Ok(Account { name: "spool".to_owned(), password: random.iter().map(letter).collect() })
}

/// What to type on the other computers.
fn announce(service: &TurnService, users: &[Account], made_up: bool) {
    let say = |text: String| lines::print(text.as_bytes());
    for address in service.listeners() {
        say(format!("Listening on {address} (UDP, TCP)"));
    }
    for address in service.tls_listeners() {
        say(format!("Listening on {address} (TLS)"));
    }
    let relays: Vec<_> = service.relays().iter().map(ToString::to_string).collect();
    say(format!("Relaying from {}", relays.join(" and ")));
    for relay in service.relays().iter().filter(|relay| is_private(relay)) {
        say(format!(
            "  note: {relay} is a private address; only computers of this network reach it"
        ));
    }
    let (Some(address), Some(user)) = (service.listeners().first(), users.first()) else { return };
    if made_up {
        say(format!("Account made up for this run: {} with password {}", user.name, user.password));
    }
    say("\nOn the one computer:".to_owned());
    let flags = format!("--turn {address} --user {} --password {}", user.name, user.password);
    say(format!("  spool offer  {flags}"));
    say("On the other:".to_owned());
    say(format!("  spool answer {flags}"));
    say("\nCtrl-C ends it.".to_owned());
}

/// Whether no computer outside reaches it (RFC 1918, RFC 4193).
fn is_private(address: &IpAddr) -> bool {
    match address {
        IpAddr::V4(v4) => v4.is_private() || v4.is_loopback() || v4.is_link_local(),
        IpAddr::V6(v6) => v6.is_unique_local() || v6.is_loopback(),
    }
}

async fn serve(service: &mut TurnService) {
    let status = Status::new(false);
    loop {
        tokio::select! {
            event = service.next_event() => match event {
                Some(event) => status.say(&describe(&event)),
                None => return,
            },
            () = crate::exit::interrupted() => return status.say("Done."),
        }
    }
}

fn describe(event: &TurnServerEvent) -> String {
    match event {
        TurnServerEvent::AllocationCreated { client, user, relayed } => {
            format!("{user} at {} relays from {relayed}", client.remote())
        }
        TurnServerEvent::AllocationEnded { client, user, relayed, end } => {
            format!("{user} at {} no longer relays from {relayed}: {end:?}", client.remote())
        }
        TurnServerEvent::AllocationRefused { client, user, code } => {
            format!("{user} at {} did not get a relay: error {}", client.remote(), code)
        }
    }
}
