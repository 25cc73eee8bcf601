//! `spool stun`: how a STUN server sees this computer (RFC 8489).
use crate::{exit::Failure, lines};
use sans_io::{CertificateFault, Transport};
use serde_json::json;
use spool::{
    Services,
    probe::{
        self, Algorithm, AuthFault, Binding, Credentials, Integrity, Login, ProbeError,
        RequestFault, ResolvedServer, Uri,
    },
};
use std::path::PathBuf;

pub(crate) mod target;

/// Asks a STUN server how it sees this computer
///
/// The server is HOST:PORT, or a URI as WebRTC has them: stun:HOST:PORT, stuns: over TLS, or turn: and
/// turns: of a relay, which answers as well. A name without a port leads to where its SRV records say,
/// or else to its addresses at port 3478 (TLS: 5349). Exit status 2 says that there was no answer, and
/// the last line why.
#[derive(Debug, clap::Args)]
pub(crate) struct Args {
    /// The server
    #[arg(value_name = "URI", value_parser = target::parse)]
    server: Uri,
    /// Ask over TCP, not UDP
    #[arg(long)]
    tcp: bool,
    /// The user name, for a server that wants one (with --password)
    #[arg(long, requires = "password")]
    user: Option<String>,
    /// The password
    #[arg(long, requires = "user")]
    password: Option<String>,
    /// Trust the authorities in this PEM file, not those of the system (for stuns: and turns:)
    #[arg(long, value_name = "FILE")]
    ca: Option<PathBuf>,
    /// Print one JSON object
    #[arg(long)]
    json: bool,
}

pub(crate) async fn run(args: Args) -> Result<(), Failure> {
    let credentials = match (&args.user, &args.password) {
        (Some(user), Some(password)) => {
            let made = Credentials::new(user, password);
            Some(made.map_err(|error| Failure::Usage(format!("--user, --password: {error}")))?)
        }
        _ => None,
    };
    let transports = transports(&args)?;
    let services = target::services(args.ca.as_deref())?;
    let servers = target::resolve(&args.server, transports, &services).await?;
    let (server, binding) = ask_each(&servers, credentials.as_ref(), &services).await?;
    if args.json {
        lines::print(as_json(server, &binding).to_string().as_bytes());
    } else {
        lines::print_foreign(in_words(server, &binding).as_bytes());
    }
    Ok(())
}

/// Which transports come into question: what the URI says, or UDP.
fn transports(args: &Args) -> Result<&'static [Transport], Failure> {
    let secure = args.server.scheme.is_secure();
    match (args.tcp, args.server.transport) {
        (true, _) if secure => {
            Err(Failure::Usage(format!("{}: it is TLS, over TCP, without --tcp", args.server)))
        }
        (_, _) if secure => Ok(&[Transport::Tls]),
        (true, _) => Ok(&[Transport::Tcp]),
        (false, None) => Ok(&[Transport::Udp]),
        (false, Some(_)) => Ok(&[Transport::Udp, Transport::Tcp]),
    }
}

/// Asks one server after the other until one answers.
async fn ask_each<'s>(
    servers: &'s [ResolvedServer],
    credentials: Option<&Credentials>,
    services: &Services,
) -> Result<(&'s ResolvedServer, Binding), Failure> {
    let mut failures = Vec::new();
    for server in servers {
        match probe::query(server, credentials.cloned(), services).await {
            Ok(binding) => return Ok((server, binding)),
            Err(error) => failures.push((server, error)),
        }
    }
    Err(most_telling(&failures))
}

/// Why no server told anything: what one of them said, or else the first that could be asked at all.
pub(crate) fn most_telling(failures: &[(&ResolvedServer, ProbeError)]) -> Failure {
    let rank = |error: &ProbeError| match error {
        ProbeError::Answer(_)
        | ProbeError::Certificate(_)
        | ProbeError::NotTls
        | ProbeError::NotStun => 0,
        ProbeError::NoRoute(_) => 2,
        _ => 1,
    };
    failures.iter().min_by_key(|(_, error)| rank(error)).map_or_else(
        || Failure::NotConnected("the name leads to no server".into()),
        |(server, error)| failure(server, error),
    )
}

/// The one line that says which server told nothing, why, and what to do about it.
fn failure(server: &ResolvedServer, error: &ProbeError) -> Failure {
    let ResolvedServer { transport, address, server_name } = server;
    let of_name = server_name.as_ref().map(|name| format!("{name} at ")).unwrap_or_default();
    let advice = advice(error);
    let text = format!("{of_name}{address} over {}: {error}{advice}", name(*transport));
    match error {
        ProbeError::Socket(_) | ProbeError::Random => Failure::NotStarted(text),
        ProbeError::Question(_) => Failure::Usage(text),
        _ => Failure::NotConnected(text),
    }
}

/// Which flag helps.
fn advice(error: &ProbeError) -> &'static str {
    match error {
        ProbeError::Certificate(CertificateFault::Issuer) => {
            " (--ca FILE, if you trust the one that did, or the certificate itself)"
        }
        ProbeError::Certificate(CertificateFault::Name) => {
            " (ask for the server by a name that it has a certificate for)"
        }
        ProbeError::Certificate(CertificateFault::Purpose) => {
            " (the server needs one that is made without CA:TRUE, for server authentication)"
        }
        ProbeError::NotTls => " (stun: and turn: do without TLS)",
        ProbeError::Answer(RequestFault::Auth(AuthFault::Rejected)) => " (--user, --password)",
        ProbeError::Answer(RequestFault::Refused { code, .. }) if code.number() == 401 => {
            " (--user NAME --password P)"
        }
        _ => "",
    }
}

fn in_words(server: &ResolvedServer, binding: &Binding) -> String {
    let Binding { mapped, path, .. } = binding;
    let nat = if *mapped == path.local() {
        "the address of this computer: no NAT on the way".to_owned()
    } else {
        format!("behind a NAT: it was sent from {}", path.local())
    };
    let round_trip = match binding.rtt {
        Some(rtt) => format!("{:.1} ms", rtt.as_secs_f64() * 1e3),
        None => "unknown: the request was sent more than once".to_owned(),
    };
    let mut lines = vec![
        format!("Address     {mapped} ({nat})"),
        format!("Server      {} over {}", path.remote(), name(server.transport)),
        format!("Round trip  {round_trip}"),
    ];
    if let Some(login) = binding.login {
        lines.push(format!("Login       {}", login_in_words(login)));
    }
    if let Some(software) = &binding.software {
        lines.push(format!("Software    {}", software.replace(char::is_control, "\u{fffd}")));
    }
    lines.join("\n")
}

fn as_json(server: &ResolvedServer, binding: &Binding) -> serde_json::Value {
    json!({
        "mapped": binding.mapped.to_string(),
        "local": binding.path.local().to_string(),
        "server": binding.path.remote().to_string(),
        "transport": name(server.transport).to_lowercase(),
        "rtt_ms": binding.rtt.map(|rtt| (rtt.as_secs_f64() * 1e6).round() / 1e3),
        "software": binding.software,
        "login": binding.login.map(|login| json!({
            "algorithm": algorithm(login),
            "integrity": integrity(login),
            "userhash": login.hashed,
        })),
        "other": binding.other.map(|other| other.to_string()),
    })
}

fn login_in_words(login: Login) -> String {
    let user = if login.hashed { "hashed" } else { "in the clear" };
    format!("key by {}, signed with {}, user name {user}", algorithm(login), integrity(login))
}

fn algorithm(login: Login) -> &'static str {
    match login.algorithm {
        Algorithm::Md5 => "MD5",
        Algorithm::Sha256 => "SHA-256",
    }
}

fn integrity(login: Login) -> &'static str {
    match login.integrity {
        Integrity::Sha1 => "HMAC-SHA1",
        Integrity::Sha256 => "HMAC-SHA256",
    }
}

fn name(transport: Transport) -> &'static str {
    match transport {
        Transport::Udp => "UDP",
        Transport::Tcp => "TCP",
        Transport::Tls => "TLS",
    }
}
