//! `spool receive`: gets what somebody offers.
use super::{
    meet::{Flags, Occasion},
    paste::Streams,
    progress::{Progress, ask, size},
    send::{conclude, failure_of_transfer},
    tell_paths,
};
use crate::{
    exit::{Failure, interrupted},
    status::Status,
};
use serde_json::json;
use spool_peer::{
    Existing, Interrupted, LandingError, Listed, Offered, Outcome, Purpose, Receiving, Report,
    printable,
};
use std::path::PathBuf;

/// Entries that are shown before somebody is asked.
const SHOWN_MAX: usize = 20;

/// Receives what somebody sends
///
/// Shows what is on offer and asks. Everything lands in the folder of --into, and nowhere else; what
/// arrives appears there when it is whole. Nothing that is there is replaced unless told.
///
/// Examples:
///   spool receive --rendezvous meet.example.org 7-ocean-violin-ember
///   spool receive --into ~/Downloads --yes spool1:AbCd...
///   spool receive --rendezvous meet.example.org --resume
#[derive(Debug, clap::Args)]
#[command(verbatim_doc_comment)]
pub(crate) struct Args {
    /// What the other side shows
    #[arg(value_name = "CODE")]
    code: Option<String>,
    /// The folder that it goes to
    #[arg(long, value_name = "DIR", default_value = ".")]
    into: PathBuf,
    /// Do not ask
    #[arg(long, short)]
    yes: bool,
    /// Give what has a name that is there already another one: `a (2).txt`
    #[arg(long, conflicts_with = "overwrite")]
    rename: bool,
    /// Replace files that are there already; folders are never replaced
    #[arg(long)]
    overwrite: bool,
    /// Go on with what was interrupted
    #[arg(long)]
    resume: bool,
    /// Do not look how much room there is
    #[arg(long)]
    ignore_space: bool,
    #[command(flatten)]
    meet: Flags,
}

impl Args {
    fn existing(&self) -> Existing {
        match (self.rename, self.overwrite) {
            (true, _) => Existing::Rename,
            (_, true) => Existing::Overwrite,
            (false, false) => Existing::Refuse,
        }
    }
}

pub(crate) async fn run(args: Args) -> Result<(), Failure> {
    let status = args.meet.status("receive");
    let interrupted = args.resume.then(|| Interrupted::find(&args.into)).transpose();
    let interrupted = interrupted.map_err(|error| failure_of_landing(&error))?;
    if !args.into.is_dir() {
        let text = format!("--into {}: there is no such folder", args.into.display());
        return Err(Failure::NotStarted(text));
    }
    let resume = interrupted.as_ref().map(Interrupted::secret);
    let occasion =
        Occasion { purpose: Purpose::Files, streams: Streams::Free, command: "spool send", resume };
    let link = Box::pin(args.meet.come(args.code.as_deref(), occasion, status)).await?;
    let offered = link.offered().await.map_err(|error| failure_of_transfer(&error))?;
    show(&offered, status);
    let wanted = args.yes || resume.is_some();
    let question = format!("Receive it into {}?", args.into.display());
    let declined = match if wanted { Ok(true) } else { ask(&question).await } {
        Ok(true) => None,
        Ok(false) => Some(Failure::Refused("declined; nothing was received".into())),
        Err(failure) => Some(failure),
    };
    if let Some(failure) = declined {
        offered.decline().await;
        return Err(failure);
    }
    let existing = args.existing();
    let ignore_space = args.ignore_space;
    let receiving = Receiving { folder: args.into, existing, ignore_space, interrupted };
    let skipped = offered.skipped() as usize;
    let outcome = receive(offered, receiving, status).await?;
    conclude(outcome, skipped, "received", status)
}

async fn receive(
    offered: Offered,
    receiving: Receiving,
    status: Status,
) -> Result<Outcome, Failure> {
    let (report, events, meter) = Report::new();
    let (hangup, paths) = (offered.link().hangup(), offered.link().paths());
    let progress = Progress::new(meter, events, paths.clone(), status);
    let receiving = async {
        let (outcome, ()) = tokio::join!(offered.accept(receiving, report), progress.run());
        outcome
    };
    tokio::select! {
        outcome = receiving => outcome.map_err(|error| failure_of_transfer(&error)),
        () = async { tell_paths(paths, status).await; std::future::pending().await } => {
            Err(Failure::Interrupted)
        }
        () = interrupted() => {
            hangup.interrupt().await;
            Err(Failure::Interrupted)
        }
    }
}

/// What is on offer, with a mark at what does more than lie there.
fn show(offered: &Offered, status: Status) {
    let manifest = offered.manifest();
    let (files, bytes) = (manifest.files(), manifest.bytes());
    let noun = if files == 1 { "file" } else { "files" };
    let text = format!("On offer: {files} {noun}, {}:", size(bytes));
    let list: Vec<_> = manifest.listing().take(SHOWN_MAX).collect();
    let shown: Vec<_> = list.iter().map(|listed| printable(&listed.path)).collect();
    let details = json!({
        "files": files, "bytes": bytes, "skipped": offered.skipped(), "first": shown,
    });
    status.event("offer", details, &text);
    for listed in &list {
        status.say(&line(listed));
    }
    if let Some(more @ 1..) = (manifest.len() as usize).checked_sub(SHOWN_MAX) {
        let marked = manifest.listing().skip(SHOWN_MAX).filter(|listed| !marks(listed).is_empty());
        status.say(&format!("  and {more} more, {} of them hidden or programs", marked.count()));
    }
    if offered.skipped() > 0 {
        status.say(&format!("  The sender left out {} of what was named.", offered.skipped()));
    }
}

fn line(listed: &Listed) -> String {
    let path = printable(&listed.path);
    match listed.size {
        Some(bytes) => format!("  {path}  {}{}", size(bytes), marks(listed)),
        None => format!("  {path}/{}", marks(listed)),
    }
}

fn marks(listed: &Listed) -> &'static str {
    let hidden = listed.path.split('/').any(|part| part.starts_with('.'));
    match (hidden, listed.executable) {
        (false, false) => "",
        (true, false) => "  (hidden)",
        (false, true) => "  (a program)",
        (true, true) => "  (hidden, a program)",
    }
}

fn failure_of_landing(error: &LandingError) -> Failure {
    match error {
        LandingError::Nothing(_) => Failure::Usage(error.to_string()),
        _ => Failure::NotStarted(error.to_string()),
    }
}
