//! `spool answer`: the side that is asked.
use crate::{
    connect,
    exchange::{self, Source},
    exit::Failure,
    status::Status,
};
use serde_json::json;

/// Takes the offer of the other computer, makes an answer, connects
///
/// Paste the offer of `spool offer` and end it with an empty line, or name its file with --in.
/// Bring the answer back. Then each line of stdin goes out as one datagram, and each datagram that
/// arrives is printed as a line. This raw mode is not encrypted.
#[derive(Debug, clap::Args)]
pub(crate) struct Args {
    #[command(flatten)]
    connect: connect::Flags,
}

pub(crate) async fn run(args: Args) -> Result<(), Failure> {
    let args = &args.connect;
    let status = Status::new(args.json);
    let mut agent = connect::agent(args).await?;
    status.say(match args.from {
        None => "Paste the offer of the other computer here, and end it with an empty line:",
        Some(_) => "Waiting for the offer ...",
    });
    let mut source = Source::new(args.from.as_deref());
    connect::listen_to(&mut agent, &mut source, status).await?;
    let answer = connect::describe(&mut agent, args, status).await?;
    let told = match args.out {
        None => "This is the answer. Take it back to the other computer:\n",
        Some(_) => "The answer is written. Take it back to the other computer.",
    };
    exchange::hand_out(&answer, args.out.as_deref(), || {
        status.event("answer", json!({ "bytes": answer.len() }), told);
    })?;
    agent.description_sent().await;
    connect::converse(agent, source.into_lines(), args, status).await
}
