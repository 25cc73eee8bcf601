//! `spool send`: offers files and folders.
use super::{
    again::Again,
    failure_of_link,
    meet::{Flags, Occasion},
    paste::Streams,
    progress::{Progress, size},
    tell_paths,
};
use crate::{
    exit::{Failure, interrupted},
    status::Status,
};
use serde_json::json;
use spool_peer::{Link, Outcome, Purpose, Report, Source, SourceError, TransferError, printable};
use std::path::PathBuf;

/// Sends files and folders to somebody, encrypted from end to end
///
/// Shows what to run on the other computer, waits for it, and sends. What is named is sent with its
/// name, folders with all that is in them but links. After an interruption, the same command and
/// `spool receive --resume` go on where it was.
///
/// Examples:
///   spool send --rendezvous meet.example.org photos/     shows a code
///   spool send --paste report.pdf notes.txt              shows a line to copy: no server
#[derive(Debug, clap::Args)]
#[command(verbatim_doc_comment)]
pub(crate) struct Args {
    /// Files and folders
    #[arg(required = true, value_name = "FILE")]
    files: Vec<PathBuf>,
    #[command(flatten)]
    meet: Flags,
}

pub(crate) async fn run(args: Args) -> Result<(), Failure> {
    let status = args.meet.status("send");
    let paths = args.files.clone();
    // nothing is read but names, sizes and times; the rest while it is sent
    let source = tokio::task::spawn_blocking(move || Source::scan(&paths)).await;
    let source = source.map_err(|_| Failure::Interrupted)?.map_err(|error| unreadable(&error))?;
    let manifest = source.manifest();
    for skipped in source.skipped() {
        let path = skipped.path.to_string_lossy();
        let text = format!("  left out: {}: {}", printable(&path), skipped.why);
        status.event("skipped", json!({ "path": path, "reason": skipped.why }), &text);
    }
    let (files, bytes, skipped) = (manifest.files(), manifest.bytes(), source.skipped().len());
    let noun = if files == 1 { "file" } else { "files" };
    let text = format!("Offering {files} {noun}, {}.", size(bytes));
    status.event("offering", json!({ "files": files, "bytes": bytes }), &text);
    let again = Again::of(&args.files);
    let resume = again.secret();
    let occasion = Occasion {
        purpose: Purpose::Files,
        streams: Streams::Free,
        command: "spool receive",
        resume,
    };
    let link = Box::pin(args.meet.invite(occasion, status)).await?;
    let known = resume.filter(|secret| link.proves(*secret));
    let secret = known.map_or_else(|| link.secret(), Ok);
    again.keep(secret.map_err(|error| failure_of_link(&error))?);
    let outcome = send(link, source, status).await;
    // who does not want it will not go on with it
    if matches!(outcome, Ok(_) | Err(Failure::Refused(_))) {
        again.forget();
    }
    let outcome = outcome?;
    conclude(outcome, skipped, "sent", status)
}

async fn send(link: Link, source: Source, status: Status) -> Result<Outcome, Failure> {
    let (report, events, meter) = Report::new();
    let progress = Progress::new(meter, events, link.paths(), status);
    let (hangup, paths) = (link.hangup(), link.paths());
    let sending = async {
        let (outcome, ()) = tokio::join!(link.send(source, report), progress.run());
        outcome
    };
    tokio::select! {
        outcome = sending => outcome.map_err(|error| failure_of_transfer(&error)),
        () = async { tell_paths(paths, status).await; std::future::pending().await } => {
            Err(Failure::Interrupted)
        }
        () = interrupted() => {
            hangup.interrupt().await;
            Err(Failure::Interrupted)
        }
    }
}

/// The last line of a transfer that came to its end.
pub(super) fn conclude(
    outcome: Outcome,
    skipped: usize,
    done: &str,
    status: Status,
) -> Result<(), Failure> {
    let Outcome { files, failed, bytes } = outcome;
    let noun = if files == 1 { "file" } else { "files" };
    let details = json!({
        "files": files, "failed": failed, "skipped": skipped, "bytes": bytes,
    });
    let text = format!("Done: {files} {noun} {done}, {}.", size(bytes));
    status.event("done", details, &text);
    match (failed, skipped) {
        (0, 0) => Ok(()),
        (0, left) => {
            Err(Failure::Partly(format!("{left} of what was named was left out; see above")))
        }
        (failed, _) => Err(Failure::Partly(format!("{failed} files were not {done}; see above"))),
    }
}

pub(super) fn failure_of_transfer(error: &TransferError) -> Failure {
    match error {
        TransferError::Link(error) => match failure_of_link(error) {
            Failure::Lost(text) => Failure::Lost(format!(
                "{text}; what has arrived is kept: the same `spool send` and `spool receive --resume` go on"
            )),
            other => other,
        },
        TransferError::Refused(_) | TransferError::Manifest(_) => {
            Failure::Refused(error.to_string())
        }
        TransferError::Cancelled => Failure::Interrupted,
        _ => Failure::NotStarted(error.to_string()),
    }
}

fn unreadable(error: &SourceError) -> Failure {
    let text = printable(&error.to_string()).into_owned();
    match error {
        SourceError::Read { .. } => Failure::NotStarted(text),
        _ => Failure::Usage(text),
    }
}
