//! `spool pipe`: stdin of one side is stdout of the other.
use super::{
    failure_of_link,
    meet::{Flags, Occasion},
    paste::Streams,
};
use crate::exit::{Failure, interrupted};
use serde_json::json;
use spool_peer::{PipeError, Piped, Purpose};

/// Joins stdin and stdout of two computers, byte for byte
///
/// Without a code it invites; with one it comes. What stdin brings goes to stdout of the other side,
/// both ways at once, and each direction ends by itself. What stdin brings before the other side is
/// there waits in the pipe.
///
/// Examples:
///   tar c . | spool pipe --rendezvous meet.example.org
///   spool pipe --rendezvous meet.example.org 7-ocean-violin-ember </dev/null | tar x
#[derive(Debug, clap::Args)]
#[command(verbatim_doc_comment)]
pub(crate) struct Args {
    /// What the other side shows
    #[arg(value_name = "CODE")]
    code: Option<String>,
    /// Come with a line that --in or the terminal brings, instead of inviting
    #[arg(long, requires = "paste")]
    join: bool,
    #[command(flatten)]
    meet: Flags,
}

pub(crate) async fn run(args: Args) -> Result<(), Failure> {
    let status = args.meet.status("pipe");
    let occasion = Occasion {
        purpose: Purpose::Pipe,
        streams: Streams::Data,
        command: "spool pipe",
        resume: None,
    };
    let link = match args.code.as_deref() {
        None if !args.join => Box::pin(args.meet.invite(occasion, status)).await?,
        code => Box::pin(args.meet.come(code, occasion, status)).await?,
    };
    let hangup = link.hangup();
    let (input, output) = (crate::bytes::stdin(), crate::bytes::stdout());
    let piped = tokio::select! {
        piped = link.pipe(input, output) => piped,
        () = interrupted() => {
            hangup.interrupt().await;
            return Err(Failure::Interrupted);
        }
    };
    let Piped { sent, received } = piped.map_err(|error| match &error {
        PipeError::Link(error) => failure_of_link(error),
        _ => Failure::NotStarted(error.to_string()),
    })?;
    let text = format!("Done: {sent} bytes sent, {received} received.");
    status.event("done", json!({ "sent": sent, "received": received }), &text);
    Ok(())
}
