//! `spool stun`: how a STUN server sees this computer (RFC 8489).
use crate::{exit::Failure, lines};
use sans_io::Transport;
use serde_json::json;
use spool::probe::{self, Binding, Credentials, ProbeError, ResolvedServer, Uri};
use std::net::SocketAddr;

pub(crate) mod target;

/// Asks a STUN server how it sees this computer
///
/// The server is HOST:PORT, or a URI as WebRTC has them: stun:HOST:PORT, or turn: of a relay, which
/// answers as well. Without a port it is 3478. Exit status 2 says that there was no answer, and the
/// last line why.
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
    let transports = match (args.tcp, args.server.transport) {
        (true, _) => &[Transport::Tcp][..],
        (false, None) => &[Transport::Udp],
        (false, Some(_)) => &[Transport::Udp, Transport::Tcp],
    };
    let servers = target::resolve(&args.server, transports).await?;
    let (server, binding) = ask_each(&servers, credentials.as_ref()).await?;
    if args.json {
        lines::print(as_json(server, &binding).to_string().as_bytes());
    } else {
        lines::print_foreign(in_words(server, &binding).as_bytes());
    }
    Ok(())
}

/// Asks one server after the other until one answers. If none does, the first that could be asked
/// at all says why.
async fn ask_each<'s>(
    servers: &'s [ResolvedServer],
    credentials: Option<&Credentials>,
) -> Result<(&'s ResolvedServer, Binding), Failure> {
    let mut failures = Vec::new();
    for server in servers {
        match probe::query(server.address, server.transport, credentials.cloned()).await {
            Ok(binding) => return Ok((server, binding)),
            Err(error) => failures.push((server, error)),
        }
    }
    failures.sort_by_key(|(_, error)| matches!(error, ProbeError::NoRoute(_)));
    let first = failures.into_iter().next();
    Err(first.map_or_else(
        || Failure::NotConnected("the name leads to no server".into()),
        |(server, error)| failure(server.address, server.transport, &error),
    ))
}

/// The one line that says which server told nothing, and why.
pub(crate) fn failure(server: SocketAddr, transport: Transport, error: &ProbeError) -> Failure {
    let text = format!("{server} over {}: {error}", name(transport));
    match error {
        ProbeError::Socket(_) | ProbeError::Random => Failure::NotStarted(text),
        ProbeError::Question(_) => Failure::Usage(text),
        _ => Failure::NotConnected(text),
    }
}

fn in_words(server: &ResolvedServer, binding: &Binding) -> String {
    let Binding { mapped, path, .. } = binding;
    let nat = if *mapped == path.local {
        "the address of this computer: no NAT on the way".to_owned()
    } else {
        format!("behind a NAT: it was sent from {}", path.local)
    };
    let round_trip = match binding.rtt {
        Some(rtt) => format!("{:.1} ms", rtt.as_secs_f64() * 1e3),
        None => "unknown: the request was sent more than once".to_owned(),
    };
    let mut lines = vec![
        format!("Address     {mapped} ({nat})"),
        format!("Server      {} over {}", path.remote, name(server.transport)),
        format!("Round trip  {round_trip}"),
    ];
    if let Some(software) = &binding.software {
        lines.push(format!("Software    {}", software.replace(char::is_control, "\u{fffd}")));
    }
    lines.join("\n")
}

fn as_json(server: &ResolvedServer, binding: &Binding) -> serde_json::Value {
    json!({
        "mapped": binding.mapped.to_string(),
        "local": binding.path.local.to_string(),
        "server": binding.path.remote.to_string(),
        "transport": name(server.transport).to_lowercase(),
        "rtt_ms": binding.rtt.map(|rtt| rtt.as_secs_f64() * 1e3),
        "software": binding.software,
        "other": binding.other.map(|other| other.to_string()),
    })
}

fn name(transport: Transport) -> &'static str {
    match transport {
        Transport::Udp => "UDP",
        Transport::Tcp => "TCP",
        Transport::Tls => "TLS",
        Transport::Dtls => "DTLS",
    }
}
