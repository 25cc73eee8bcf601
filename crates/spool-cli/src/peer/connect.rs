//! `spool connect`: a port here that leads to one that somebody lets us reach.
use super::{
    failure_of_link, forward,
    meet::{Flags, Occasion},
    paste::Streams,
    tell_paths,
};
use crate::exit::{Failure, interrupted};
use serde_json::json;
use spool_peer::{ForwardReport, Purpose};
use std::net::SocketAddr;

/// Opens a port here that leads to what `spool forward` on the other side lets be reached
///
/// It listens on this computer alone unless --listen says otherwise, on a free port unless it names
/// one.
///
/// Examples:
///   spool connect --rendezvous meet.example.org 7-ocean-violin-ember
///   spool connect spool1:AbCd... --listen 127.0.0.1:2222
#[derive(Debug, clap::Args)]
#[command(verbatim_doc_comment)]
pub(crate) struct Args {
    /// What the other side shows
    #[arg(value_name = "CODE")]
    code: Option<String>,
    /// Listen here
    #[arg(long, value_name = "ADDR:PORT", default_value = "127.0.0.1:0", value_parser = crate::address::with_port)]
    listen: SocketAddr,
    #[command(flatten)]
    meet: Flags,
}

pub(crate) async fn run(args: Args) -> Result<(), Failure> {
    let status = args.meet.status("connect");
    let occasion = Occasion {
        purpose: Purpose::Forward,
        streams: Streams::Free,
        command: "spool forward",
        resume: None,
    };
    let link = Box::pin(args.meet.come(args.code.as_deref(), occasion, status)).await?;
    let reached = link.reach().await.map_err(|error| failure_of_link(&error))?;
    let label = reached.label().to_owned();
    let listening = reached.listen(args.listen).await.map_err(|error| forward::failure(&error))?;
    let address = listening.address();
    let text = format!("{address} here leads to {label} there. Ctrl-C ends it.");
    status.event("listening", json!({ "address": address.to_string(), "target": label }), &text);
    let (report, events) = ForwardReport::new();
    let (hangup, paths) = (listening.link().hangup(), listening.link().paths());
    tokio::select! {
        ended = listening.run(report) => ended.map_err(|error| forward::failure(&error)),
        () = forward::tell(events, status) => Ok(()),
        () = async { tell_paths(paths, status).await; std::future::pending().await } => Ok(()),
        () = interrupted() => {
            hangup.interrupt().await;
            Ok(())
        }
    }
}
