//! `spool forward`: lets one port be reached from elsewhere.
use super::{
    failure_of_link,
    meet::{Flags, Occasion},
    paste::Streams,
    tell_paths,
};
use crate::{
    exit::{Failure, interrupted},
    status::Status,
};
use serde_json::json;
use spool_peer::{Carrier, ForwardError, ForwardEvent, ForwardReport, Purpose, Target};
use std::{net::SocketAddr, str::FromStr};
use tokio::sync::mpsc;

/// Lets somebody reach one address and port of this computer or its network
///
/// The other side runs `spool connect` and gets a port of its own that leads here. Nothing else can be
/// reached through it. It lasts until one of the two ends it.
///
/// Examples:
///   spool forward --rendezvous meet.example.org localhost:22
///   spool forward --paste 192.168.1.7:53/udp
#[derive(Debug, clap::Args)]
#[command(verbatim_doc_comment)]
pub(crate) struct Args {
    /// What may be reached; /udp behind it for datagrams
    #[arg(value_name = "HOST:PORT[/udp]")]
    target: Reachable,
    #[command(flatten)]
    meet: Flags,
}

/// A host and a port, and how they are spoken to.
#[derive(Clone, Debug)]
struct Reachable {
    host: String,
    carrier: Carrier,
}

impl FromStr for Reachable {
    type Err = &'static str;

    fn from_str(text: &str) -> Result<Self, Self::Err> {
        const WRITE: &str = "write HOST:PORT, or HOST:PORT/udp";
        let (host, carrier) = match text.rsplit_once('/') {
            None => (text, Carrier::Tcp),
            Some((host, "tcp")) => (host, Carrier::Tcp),
            Some((host, "udp")) => (host, Carrier::Udp),
            Some(_) => return Err(WRITE),
        };
        let (name, port) = host.rsplit_once(':').ok_or(WRITE)?;
        let is_port = port.parse().is_ok_and(|port: u16| port != 0);
        if name.is_empty() || !is_port {
            Err(WRITE)
        } else {
            Ok(Self { host: host.into(), carrier })
        }
    }
}

pub(crate) async fn run(args: Args) -> Result<(), Failure> {
    let status = args.meet.status("forward");
    let Reachable { host, carrier } = args.target;
    // looked up once: what a name leads to later is none of the guest's choice
    let found = tokio::net::lookup_host(&host).await;
    let addresses: Vec<SocketAddr> =
        found.map_err(|error| Failure::NotStarted(format!("{host}: {error}")))?.collect();
    let label = host;
    let target = Target { addresses, carrier, label };
    let occasion = Occasion {
        purpose: Purpose::Forward,
        streams: Streams::Free,
        command: "spool connect",
        resume: None,
    };
    let link = Box::pin(args.meet.invite(occasion, status)).await?;
    let text = format!("{} can be reached from the other side. Ctrl-C ends it.", target.label);
    status.event("forwarding", json!({ "target": target.label }), &text);
    let (report, events) = ForwardReport::new();
    let (hangup, paths) = (link.hangup(), link.paths());
    tokio::select! {
        ended = link.forward(target, report) => ended.map_err(|error| failure(&error)),
        () = tell(events, status) => Ok(()),
        () = async { tell_paths(paths, status).await; std::future::pending().await } => Ok(()),
        () = interrupted() => {
            hangup.interrupt().await;
            Ok(())
        }
    }
}

/// Says what happens, without an end of its own.
pub(super) async fn tell(mut events: mpsc::Receiver<ForwardEvent>, status: Status) {
    while let Some(event) = events.recv().await {
        match event {
            ForwardEvent::Opened(from) => {
                let from = from.map(|from| from.to_string());
                let whose = from.as_ref().map(|from| format!(" from {from}")).unwrap_or_default();
                let text = format!("  a connection{whose}");
                status.event("opened", json!({ "from": from }), &text);
            }
            ForwardEvent::Closed => status.event("ended", json!({}), "  a connection has ended"),
            ForwardEvent::Failed(why) => {
                let text = format!("  a connection failed: {why}");
                status.event("failed", json!({ "reason": why }), &text);
            }
            _ => {}
        }
    }
    std::future::pending::<()>().await;
}

pub(super) fn failure(error: &ForwardError) -> Failure {
    match error {
        ForwardError::Link(error) => failure_of_link(error),
        _ => Failure::NotStarted(error.to_string()),
    }
}
