//! What `offer` and `answer` have in common: flags, the agent, and the conversation.
use crate::{
    exchange::Source,
    exit::Failure,
    lines::{self, LINE_MAX, Line, Lines},
    status::Status,
};
use clap::ValueEnum;
use serde_json::{Value, json};
use spool::{Agent, BuildError, ConnectError, Connection, Finding, PairReport, Server};
use std::{net::SocketAddr, path::PathBuf, time::Duration};
use tokio::time::Instant;

/// The flags.
#[derive(Debug, clap::Args)]
pub(crate) struct Flags {
    /// A STUN server, which tells our address as others see it (repeatable); HOST, HOST:PORT or a
    /// stun: URI
    #[arg(long, value_name = "SERVER")]
    stun: Vec<Server>,
    /// A TURN server, which relays where no direct path works; HOST, HOST:PORT or a turn: URI
    #[arg(long, value_name = "SERVER", requires_all = ["user", "password"])]
    turn: Option<Server>,
    /// The account at the TURN server
    #[arg(long, value_name = "NAME", requires = "turn")]
    user: Option<String>,
    /// The password of that account
    #[arg(long, value_name = "P", requires = "turn")]
    password: Option<String>,
    /// Which addresses may be used: all, or only relayed ones
    #[arg(long, value_enum, default_value_t = Policy::All)]
    policy: Policy,
    /// Try connections over TCP as well, for networks that let no UDP through
    #[arg(long)]
    tcp: bool,
    /// Write our description to this file instead of stdout
    #[arg(long, value_name = "FILE")]
    pub(crate) out: Option<PathBuf>,
    /// Read the peer's description from this file, waiting for it, instead of stdin
    #[arg(long = "in", value_name = "FILE")]
    pub(crate) from: Option<PathBuf>,
    /// Give up when not connected so many seconds after both descriptions are known
    #[arg(long, value_name = "SECS", default_value = "60", value_parser = patience, allow_negative_numbers = true)]
    timeout: Duration,
    /// Stay so many seconds after the end of stdin
    #[arg(long, value_name = "SECS", default_value = "2", value_parser = seconds, allow_negative_numbers = true)]
    linger: Duration,
    /// Tell events as JSON lines on stderr
    #[arg(long)]
    pub(crate) json: bool,
    /// Use the loopback interface too, to try it on one computer
    #[arg(long)]
    loopback: bool,
}

/// How long to wait for both sides to settle on one of the paths that work.
const SETTLE: Duration = Duration::from_secs(3);

/// Which candidates may be used.
#[derive(Clone, Copy, Debug, PartialEq, Eq, ValueEnum)]
enum Policy {
    /// All of them.
    All,
    /// Relayed ones only: the peer learns no address of ours.
    Relay,
}

/// Seconds, with or without a fraction, up to a year.
fn seconds(text: &str) -> Result<Duration, &'static str> {
    const YEAR: Duration = Duration::from_secs(365 * 24 * 3600);
    let seconds: f64 = text.parse().map_err(|_| "a number of seconds is wanted")?;
    let length = Duration::try_from_secs_f64(seconds).ok().filter(|length| *length <= YEAR);
    length.ok_or("from 0 seconds to a year is possible")
}

/// As long as there is time for anything.
fn patience(text: &str) -> Result<Duration, &'static str> {
    match seconds(text)? {
        Duration::ZERO => Err("nothing connects in no time at all"),
        patience => Ok(patience),
    }
}

/// Makes the agent that the flags describe.
pub(crate) async fn agent(flags: &Flags) -> Result<Agent, Failure> {
    if flags.policy == Policy::Relay && flags.turn.is_none() {
        let text = "--policy relay needs a relay: add --turn SERVER --user NAME --password P";
        return Err(Failure::Usage(text.into()));
    }
    if flags.out.is_some() && flags.out == flags.from {
        let text = "--out and --in name the same file: each description needs its own";
        return Err(Failure::Usage(text.into()));
    }
    let mut builder = Agent::builder().loopback(flags.loopback).connect_timeout(flags.timeout);
    for server in &flags.stun {
        builder = builder.stun_server(server.clone());
    }
    if let (Some(server), Some(user), Some(password)) = (&flags.turn, &flags.user, &flags.password)
    {
        builder = builder.turn_server(server.clone(), user, password);
    }
    if flags.policy == Policy::Relay {
        builder = builder.policy(spool::CandidatePolicy::Relay);
    }
    if flags.tcp {
        builder = builder.tcp(spool::TcpCandidates::All);
    }
    builder.build().await.map_err(|error| {
        let advice = match error {
            BuildError::NoAddress if flags.loopback => ": not even the loopback interface is up",
            BuildError::NoAddress => " (--loopback)",
            _ => "",
        };
        Failure::NotConnected(format!("{error}{advice}"))
    })
}

/// Gathers, says what was found, and gives our description.
pub(crate) async fn describe(
    agent: &mut Agent,
    flags: &Flags,
    status: Status,
) -> Result<String, Failure> {
    let described = agent.local_description().await;
    let problems = agent.problems();
    let description = described.map_err(|error| {
        let colon = if problems.is_empty() { "" } else { ": " };
        Failure::NotConnected(format!("{error}{colon}{}", problems.join("; ")))
    })?;
    let candidates = agent.candidates();
    for candidate in &candidates {
        let text = format!("  we may be reached at {} ({})", candidate.address, candidate.kind);
        status.event("candidate", endpoint(candidate.kind.as_str(), candidate.address), &text);
    }
    for problem in problems {
        status.event("problem", json!({ "text": problem }), &format!("  note: {problem}"));
    }
    if flags.stun.is_empty() && flags.turn.is_none() {
        status.say("  hint: only peers in your network find you so; for others add --stun SERVER");
    }
    let ways = if candidates.len() == 1 { "way" } else { "ways" };
    let text = format!("Found {} {ways} to reach us.", candidates.len());
    status.event("gathered", json!({ "candidates": candidates.len() }), &text);
    Ok(description)
}

/// Takes the peer's description, or says what is wrong with it. Who pastes may try again: the
/// description that was given out already stays good.
pub(crate) async fn listen_to(
    agent: &mut Agent,
    source: &mut Source<'_>,
    status: Status,
) -> Result<(), Failure> {
    loop {
        let description = source.read().await?;
        let Err(error) = agent.set_remote_description(&description).await else { return Ok(()) };
        let text = format!("the peer's description cannot be used: {error}");
        if !source.is_person() {
            return Err(Failure::NotConnected(text));
        }
        let details = json!({ "text": text });
        status.event("problem", details, &format!("{text}\nPaste it again, all of it:"));
    }
}

/// Waits for the connection, then carries lines until the end.
pub(crate) async fn converse(
    agent: Agent,
    mut stdin: Lines,
    flags: &Flags,
    status: Status,
) -> Result<(), Failure> {
    status.say("Connecting ...");
    let mut connection = match agent.connected().await {
        Ok(connection) => connection,
        Err(error) => return Err(failed(&error, status)),
    };
    // which path it will be is worth a moment; what is sent meanwhile arrives all the same
    let _ = tokio::time::timeout(SETTLE, connection.settled()).await;
    connected(&connection, status);
    carry(&mut connection, &mut stdin, flags.linger, status).await;
    tokio::select! {
        () = connection.close() => {}
        // who says it twice does not want to wait
        () = crate::exit::interrupted() => {}
    }
    Ok(())
}

fn failed(error: &ConnectError, status: Status) -> Failure {
    let pairs: Vec<Value> = error.pairs().iter().map(pair).collect();
    status.event(
        "failed",
        json!({ "reason": error.finding().to_string(), "pairs": pairs }),
        "Not connected.",
    );
    for pair in error.pairs() {
        status.say(&format!("  {pair}"));
    }
    let finding = error.finding();
    Failure::NotConnected(format!("could not connect: {finding}{}", advice(finding)))
}

/// Which flags do what a finding advises.
fn advice(finding: Finding) -> &'static str {
    match finding {
        Finding::SilentNoRelay | Finding::OneWay => " (--turn SERVER --user NAME --password P)",
        _ => "",
    }
}

fn pair(report: &PairReport) -> Value {
    json!({
        "local": endpoint(report.local.kind.as_str(), report.local.address),
        "remote": endpoint(report.remote.kind.as_str(), report.remote.address),
        "outcome": report.outcome.to_string(),
    })
}

fn endpoint(kind: &str, address: SocketAddr) -> Value {
    json!({ "type": kind, "address": address.to_string() })
}

fn connected(connection: &Connection, status: Status) {
    let (local, remote) = (connection.local(), connection.remote());
    let rtt_ms = connection.rtt().map(|rtt| (rtt.as_secs_f64() * 1e6).round() / 1e3);
    let how = if connection.is_direct() { "directly" } else { "through a relay" };
    let after = rtt_ms.map(|ms| format!(", {ms:.1} ms there and back")).unwrap_or_default();
    let text = format!(
        "Connected {how}: {} ({}) to {} ({}){after}.\n\
         Not encrypted: anybody on the way can read and change what you send.\n\
         Each line you type goes out as one datagram; end with Ctrl-D.",
        local.address, local.kind, remote.address, remote.kind,
    );
    let details = json!({
        "local": endpoint(local.kind.as_str(), local.address),
        "remote": endpoint(remote.kind.as_str(), remote.address),
        "direct": connection.is_direct(),
        "rtt_ms": rtt_ms,
        "encrypted": false,
    });
    status.event("connected", details, &text);
}

/// Lines out, datagrams in, until the linger after the end of stdin, the end of the connection, or
/// Ctrl-C.
async fn carry(connection: &mut Connection, stdin: &mut Lines, linger: Duration, status: Status) {
    let (mut leave_at, mut said_dtls): (Option<Instant>, bool) = (None, false);
    let leave = async |at: Option<Instant>| match at {
        Some(at) => tokio::time::sleep_until(at).await,
        None => std::future::pending().await,
    };
    loop {
        tokio::select! {
            line = stdin.next(), if leave_at.is_none() => match line {
                Some(Line::Whole(line)) => send(connection, &line, status).await,
                Some(Line::TooLong(len)) => {
                    unsent(&format!("it has {len} bytes, and a datagram {LINE_MAX}"), status);
                }
                None => leave_at = Some(Instant::now() + linger),
            },
            datagram = connection.recv() => match datagram {
                Ok(datagram) if is_dtls(&datagram) => {
                    if !said_dtls {
                        status.event("problem", json!({ "text": SPEAKS_DTLS }), SPEAKS_DTLS);
                    }
                    said_dtls = true;
                }
                Ok(datagram) => lines::print_foreign(&datagram),
                Err(lost) => {
                    let text = format!("The peer is gone: {lost}.");
                    return closed(connection, &lost.to_string(), &text, status);
                }
            },
            () = leave(leave_at) => break,
            () = crate::exit::interrupted() => break,
        }
    }
    closed(connection, "done", "Done.", status);
}

/// What the conversation came to; also how much arrived faster than it was printed.
fn closed(connection: &Connection, reason: &str, text: &str, status: Status) {
    let lost = connection.overflows();
    let told = if lost == 0 {
        text.to_owned()
    } else {
        format!("{text} {lost} datagrams came faster than they were printed, and are lost.")
    };
    status.event("closed", json!({ "reason": reason, "lost": lost }), &told);
}

/// What a browser does once it is connected.
const SPEAKS_DTLS: &str = "The peer speaks DTLS, as a browser does, and this raw mode does not: what it \
                           sends is not printed.";

/// Whether this is a record of DTLS (RFC 7983 §7), with a version that there is.
fn is_dtls(datagram: &[u8]) -> bool {
    matches!(datagram, [20..=63, 0xFE, 0xFD..=0xFF, ..])
}

async fn send(connection: &Connection, line: &[u8], status: Status) {
    if let Err(error) = connection.send(line).await {
        unsent(&error.to_string(), status);
    }
}

fn unsent(reason: &str, status: Status) {
    status.event("unsent", json!({ "reason": reason }), &format!("A line was not sent: {reason}."));
}
