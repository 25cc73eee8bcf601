//! How a server does, for Prometheus and for whoever asks whether it is well: a few lines of HTTP.
//! No label has more values than are written here, so that nobody's doing grows it.
use super::log::Log;
use crate::exit::Failure;
use sans_io::DropReason;
use spool::{TurnControl, TurnSnapshot};
use std::{fmt::Write as _, net::SocketAddr, sync::Arc, time::Duration};
use tokio::{
    io::{AsyncReadExt, AsyncWriteExt},
    net::{TcpListener, TcpStream},
    sync::Semaphore,
};

/// Who asks at the same time; more wait.
const ASKING_MAX: usize = 16;

/// How long a question may take, and its answer.
const WITHIN: Duration = Duration::from_secs(5);

/// The longest question.
const REQUEST_MAX: usize = 4096;

/// Serves until the program ends.
pub(super) async fn start(
    address: SocketAddr,
    control: TurnControl,
    log: Arc<Log>,
) -> Result<(), Failure> {
    let listener = TcpListener::bind(address).await;
    let listener =
        listener.map_err(Failure::start(format_args!("cannot serve metrics on {address}")))?;
    let places = Arc::new(Semaphore::new(ASKING_MAX));
    tokio::spawn(async move {
        loop {
            let Ok(place) = Arc::clone(&places).acquire_owned().await else { return };
            let Ok((stream, _)) = listener.accept().await else {
                // no descriptor left, above all
                tokio::time::sleep(Duration::from_millis(100)).await;
                continue;
            };
            let (control, log) = (control.clone(), Arc::clone(&log));
            tokio::spawn(async move {
                // whoever does not finish its question gets no answer
                let _ = tokio::time::timeout(WITHIN, answer(stream, &control, &log)).await;
                drop(place);
            });
        }
    });
    Ok(())
}

async fn answer(mut stream: TcpStream, control: &TurnControl, log: &Log) -> std::io::Result<()> {
    let mut request = Vec::new();
    let mut buffer = [0; 512];
    while !request.windows(4).any(|end| end == b"\r\n\r\n") {
        let len = stream.read(&mut buffer).await?;
        request.extend_from_slice(&buffer[..len]);
        if len == 0 || request.len() > REQUEST_MAX {
            return Ok(());
        }
    }
    let line = request.split(|byte| *byte == b'\r').next().unwrap_or_default();
    let snapshot = control.snapshot().await;
    let (status, body) = match (line, snapshot) {
        (_, Err(_)) => ("503 Service Unavailable", "stopped\n".to_owned()),
        (b"GET /metrics HTTP/1.0" | b"GET /metrics HTTP/1.1", Ok(now)) => {
            ("200 OK", text(&now, log.lost()))
        }
        (b"GET /healthz HTTP/1.0" | b"GET /healthz HTTP/1.1", Ok(now)) if now.draining => {
            ("503 Service Unavailable", "draining\n".to_owned())
        }
        (b"GET /healthz HTTP/1.0" | b"GET /healthz HTTP/1.1", Ok(_)) => {
            ("200 OK", "ok\n".to_owned())
        }
        _ => ("404 Not Found", "ask for /metrics or /healthz\n".to_owned()),
    };
    let len = body.len();
    let head = format!(
        "HTTP/1.1 {status}\r\nContent-Type: text/plain; version=0.0.4\r\n\
         Content-Length: {len}\r\nConnection: close\r\n\r\n"
    );
    stream.write_all((head + &body).as_bytes()).await?;
    stream.shutdown().await
}

/// The text format of Prometheus.
fn text(now: &TurnSnapshot, lines_lost: u64) -> String {
    let mut text = String::new();
    let mut one = |name: &str, kind: &str, help: &str, values: &[(&str, u64)]| {
        // writing to a string does not fail
        let _ = writeln!(text, "# HELP spool_turn_{name} {help}\n# TYPE spool_turn_{name} {kind}");
        for (labels, value) in values {
            let _ = writeln!(text, "spool_turn_{name}{labels} {value}");
        }
    };
    let (up, down) = ("{to=\"peer\"}", "{to=\"client\"}");
    let (to_peers, to_client) = (now.traffic.to_peers, now.traffic.to_client);
    one("allocations", "gauge", "Allocations there are.", &[("", now.allocations as u64)]);
    one("connections", "gauge", "Clients over TCP and TLS.", &[("", now.connections as u64)]);
    one("draining", "gauge", "Whether it makes no new ones.", &[("", now.draining.into())]);
    let bytes = [(up, to_peers.bytes), (down, to_client.bytes)];
    one("relayed_bytes_total", "counter", "Bytes of data relayed.", &bytes);
    let packets = [(up, to_peers.packets), (down, to_client.packets)];
    one("relayed_packets_total", "counter", "Datagrams relayed.", &packets);
    let reasons = [
        ("{reason=\"malformed\"}", DropReason::Malformed),
        ("{reason=\"unauthenticated\"}", DropReason::Unauthenticated),
        ("{reason=\"unexpected\"}", DropReason::Unexpected),
        ("{reason=\"forbidden\"}", DropReason::Forbidden),
        ("{reason=\"exhausted\"}", DropReason::Exhausted),
        ("{reason=\"too_fast\"}", DropReason::TooFast),
        ("{reason=\"unsupported\"}", DropReason::Unsupported),
    ];
    let drops = reasons.map(|(label, reason)| (label, now.drops.count(reason)));
    one("dropped_total", "counter", "Messages and data refused.", &drops);
    let sockets = [
        ("{what=\"received\"}", now.sockets.received),
        ("{what=\"sent\"}", now.sockets.sent),
        ("{what=\"would_block\"}", now.sockets.would_block),
        ("{what=\"refused\"}", now.sockets.refused),
    ];
    one("datagrams_total", "counter", "Datagrams at the sockets.", &sockets);
    let lost = [("", now.untold_events + lines_lost)];
    one("log_lines_lost_total", "counter", "Lines that were not written.", &lost);
    text
}
