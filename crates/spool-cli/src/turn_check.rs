//! `spool turn-check`: what an operator wants to know of a TURN server, seen from outside.
//!
//! `server` asks one address everything, `client` is whom it asks as, `strangers`, `certificate`,
//! `peers` and `traffic` are what is asked, `finding` is what came of it.
mod certificate;
mod client;
mod finding;
mod link;
mod peers;
mod server;
mod strangers;
mod traffic;

use crate::{exit::Failure, lines, stun::target};
use finding::{Finding, Grade};
use sans_io::Transport;
use serde_json::json;
use server::{Questions, Reached, Report};
use spool::{
    Services,
    probe::{Credentials, ResolvedServer, Scheme, Uri, UriTransport},
};
use std::{
    path::{Path, PathBuf},
    time::{Duration, SystemTime},
};
use stun_proto::turn_rest;

/// How long an account that is made for the check is good.
const ACCOUNT_FOR: Duration = Duration::from_secs(600);

/// Checks a TURN server from outside: is it reached, does it relay, is it safe
///
/// The server is a URI as WebRTC has it: turn:HOST, turn:HOST:PORT?transport=tcp, turns:HOST. Without
/// a transport UDP and TCP are tried, and without a port TLS as well. Each address that the name leads
/// to is checked by itself. What is wrong comes with a line of advice. Exit status 0 says that nothing
/// is wrong, 1 that something is, 2 that no server could be reached.
#[derive(Debug, clap::Args)]
pub(crate) struct Args {
    /// The server
    #[arg(value_name = "URI", value_parser = parse)]
    server: Uri,
    /// An account to log in with (with --password)
    #[arg(long, requires = "password", conflicts_with = "auth_secret_file")]
    user: Option<String>,
    /// Its password
    #[arg(long, requires = "user")]
    password: Option<String>,
    /// Make an account with the secret in the first line of this file, as a web server does (TURN REST)
    #[arg(long, value_name = "FILE")]
    auth_secret_file: Option<PathBuf>,
    /// Trust the authorities in this PEM file, not those of the system
    #[arg(long, value_name = "FILE")]
    ca: Option<PathBuf>,
    /// It is meant to relay to private addresses, such as a media server's
    #[arg(long)]
    private_peers: bool,
    /// Do not measure throughput, which takes 60 Mbit/s at most, for a second and each address
    #[arg(long)]
    no_throughput: bool,
    /// Print one JSON object
    #[arg(long)]
    json: bool,
}

/// A URI, or what would follow `turn:` in one.
fn parse(text: &str) -> Result<Uri, String> {
    let uri = target::parse(text).map_err(|error| error.to_string())?;
    match uri.scheme {
        Scheme::Turn | Scheme::Turns => Ok(uri),
        // of a host alone
        Scheme::Stun if !text.starts_with("stun:") => Ok(Uri { scheme: Scheme::Turn, ..uri }),
        _ => Err("write turn:HOST or turns:HOST".to_owned()),
    }
}

pub(crate) async fn run(args: Args) -> Result<(), Failure> {
    let services = target::services(args.ca.as_deref())?;
    let questions = Questions {
        credentials: credentials(&args)?,
        services: services.clone(),
        private_peers: args.private_peers,
        throughput: !args.no_throughput,
    };
    let mut reports = Vec::new();
    for server in resolve(&args.server, &services).await? {
        reports.push(questions.ask(server).await);
    }
    forgive(&args.server, &mut reports);
    let faults = count(&reports);
    let reached = reports.iter().any(|report| report.reached == Reached::Yes);
    if args.json {
        let reports: Vec<_> = reports.iter().map(Report::to_json).collect();
        let told = json!({
            "uri": args.server.to_string(),
            "faults": faults,
            "reached": reached,
            "servers": reports,
        });
        lines::print(told.to_string().as_bytes());
    } else {
        print(&args.server, &reports);
    }
    match (reached, faults) {
        (false, _) => {
            Err(Failure::NotConnected(format!("{}: no TURN server was reached", args.server)))
        }
        (true, 0) => Ok(()),
        (true, faults) => {
            Err(Failure::NotStarted(format!("{}: {faults} to be mended", args.server)))
        }
    }
}

fn credentials(args: &Args) -> Result<Option<Credentials>, Failure> {
    if let Some(path) = &args.auth_secret_file {
        return make_account(path).map(Some);
    }
    let (Some(user), Some(password)) = (&args.user, &args.password) else { return Ok(None) };
    let made = Credentials::new(user, password);
    made.map(Some).map_err(|error| Failure::Usage(format!("--user, --password: {error}")))
}

/// An account that ends by itself.
fn make_account(path: &Path) -> Result<Credentials, Failure> {
    let wrong =
        |what: String| Failure::Usage(format!("--auth-secret-file {}: {what}", path.display()));
    let text = std::fs::read_to_string(path).map_err(|error| wrong(error.to_string()))?;
    let mut said = text.lines().map(str::trim);
    let secret = said.find(|line| !line.is_empty() && !line.starts_with('#'));
    let secret = secret.ok_or_else(|| wrong("there is no secret in it".to_owned()))?;
    let now = SystemTime::now().duration_since(SystemTime::UNIX_EPOCH).unwrap_or_default();
    let name = format!("{}:turn-check", (now + ACCOUNT_FOR).as_secs());
    let password = turn_rest::password(secret.as_bytes(), &name);
    Credentials::new(&name, &password).map_err(|error| wrong(error.to_string()))
}

/// Each address over each transport that the URI leaves open.
async fn resolve(uri: &Uri, services: &Services) -> Result<Vec<ResolvedServer>, Failure> {
    let plain = |transport| Uri { scheme: Scheme::Turn, transport: Some(transport), ..uri.clone() };
    let secure = || Uri { scheme: Scheme::Turns, transport: None, ..uri.clone() };
    let mut wanted: Vec<(Uri, Transport)> = Vec::new();
    if uri.scheme == Scheme::Turns {
        wanted.push((uri.clone(), Transport::Tls));
    } else {
        let both = [(UriTransport::Udp, Transport::Udp), (UriTransport::Tcp, Transport::Tcp)];
        let asked = both.into_iter().filter(|(t, _)| uri.transport.is_none_or(|only| only == *t));
        wanted.extend(asked.map(|(in_uri, transport)| (plain(in_uri), transport)));
        if uri.transport.is_none() && uri.port.is_none() {
            wanted.push((secure(), Transport::Tls));
        }
    }
    let (mut servers, mut failed) = (Vec::new(), None);
    for (uri, transport) in &wanted {
        match target::resolve(uri, &[*transport], services).await {
            Ok(found) => servers.extend(found),
            Err(failure) => failed = failed.or(Some(failure)),
        }
    }
    match failed {
        Some(failure) if servers.is_empty() => Err(failure),
        _ => Ok(servers),
    }
}

/// A transport that the URI does not name need not be served, as long as another one is: then it is
/// worth a note what that means.
fn forgive(uri: &Uri, reports: &mut [Report]) {
    let reached: Vec<Transport> = reports
        .iter()
        .filter(|report| report.reached == Reached::Yes)
        .map(|report| report.server.transport)
        .collect();
    for report in reports.iter_mut().filter(|report| report.reached == Reached::No) {
        let transport = report.server.transport;
        let asked = uri.transport.is_some() || uri.scheme == Scheme::Turns;
        // where one address of several is dead that is no choice
        let served = reached.contains(&transport);
        if asked || served || reached.is_empty() || transport == Transport::Udp {
            continue;
        }
        let advice = match transport {
            Transport::Tls => {
                "clients in networks that pass nothing but TLS find no way without it"
            }
            _ => "clients in networks that block UDP find no way without it",
        };
        for finding in report.findings.iter_mut().filter(|f| f.grade == Grade::Fault) {
            *finding = Finding::note(finding.check, finding.text.clone(), advice);
        }
    }
}

fn count(reports: &[Report]) -> usize {
    let findings = reports.iter().flat_map(|report| &report.findings);
    findings.filter(|finding| finding.grade == Grade::Fault).count()
}

fn print(uri: &Uri, reports: &[Report]) {
    for report in reports {
        let ResolvedServer { address, transport, .. } = &report.server;
        let transport = server::name(*transport);
        lines::print(format!("{uri} at {address} over {transport}").as_bytes());
        for finding in &report.findings {
            lines::print_foreign(finding.to_string().as_bytes());
        }
    }
}
