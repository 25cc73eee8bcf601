//! `spool offer`: the side that starts.
use crate::{
    connect,
    exchange::{self, Source},
    exit::Failure,
    status::Status,
};
use serde_json::json;

/// Starts a connection: makes an offer, waits for the answer, connects
///
/// Give the offer to `spool answer` on the other computer and bring its answer back, by copy and
/// paste or with --out and --in as files. Then each line of stdin goes out as one datagram, and
/// each datagram that arrives is printed as a line. This raw mode is not encrypted.
#[derive(Debug, clap::Args)]
pub(crate) struct Args {
    #[command(flatten)]
    connect: connect::Flags,
}

pub(crate) async fn run(args: Args) -> Result<(), Failure> {
    let args = &args.connect;
    let status = Status::new(args.json);
    let mut agent = connect::agent(args).await?;
    let offer = connect::describe(&mut agent, args, status).await?;
    let told = match args.out {
        None => "This is the offer. Give it to `spool answer` on the other computer:\n",
        Some(_) => "The offer is written. Give it to `spool answer` on the other computer.",
    };
    exchange::hand_out(&offer, args.out.as_deref(), || {
        status.event("offer", json!({ "bytes": offer.len() }), told);
    })?;
    if let Some(path) = args.from.as_deref().filter(|path| exchange::is_stale(path)) {
        let text = format!(
            "{} is there already; if it answers an earlier offer, remove it and start again",
            path.display()
        );
        status.event("problem", json!({ "text": text }), &format!("  note: {text}"));
    }
    agent.description_sent().await;
    status.say(match args.from {
        None => "Now paste its answer here, and end it with an empty line:",
        Some(_) => "Waiting for the answer ...",
    });
    let mut source = Source::new(args.from.as_deref());
    connect::listen_to(&mut agent, &mut source, status).await?;
    connect::converse(agent, source.into_lines(), args, status).await
}
