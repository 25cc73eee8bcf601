//! `spool send`, `receive`, `pipe`, `forward` and `connect`: two people meet, and what they do then.
//!
//! A file a command; `servers` is whose help is used, `meet` how the two find each other, `paste` how lines are
//! copied, `progress` what is shown meanwhile, `again` what is remembered for the next time.
mod again;
pub(crate) mod connect;
pub(crate) mod forward;
mod meet;
mod paste;
pub(crate) mod pipe;
mod progress;
pub(crate) mod receive;
pub(crate) mod send;
mod servers;

use crate::{exit::Failure, status::Status};
use serde_json::json;
use spool::Paths;
use spool_peer::{LinkError, MailboxError, MeetError, RefusedClaim};
use std::time::Duration;

/// The version of the events that `--json` tells.
const EVENTS_VERSION: u32 = 1;

/// How long to wait for the path that both sides settle on before it is told.
const SETTLE: Duration = Duration::from_millis(300);

/// What a command that met somebody says of a failure.
fn failure_of_link(error: &LinkError) -> Failure {
    let text = error.to_string();
    match error {
        LinkError::Impostor => Failure::WrongCode(text),
        LinkError::Purpose(_) | LinkError::Version(_) => Failure::Usage(text),
        _ => Failure::Lost(text),
    }
}

fn failure_of_meeting(error: &MeetError) -> Failure {
    match error {
        MeetError::Link(error) => failure_of_link(error),
        MeetError::Mailbox(error) => failure_of_mailbox(error),
        MeetError::Identity(_) => Failure::NotStarted(error.to_string()),
        _ => Failure::NotConnected(error.to_string()),
    }
}

fn failure_of_mailbox(error: &MailboxError) -> Failure {
    let text = error.to_string();
    match error {
        MailboxError::WrongSecret
        | MailboxError::Refused(RefusedClaim::Unknown | RefusedClaim::Taken) => {
            Failure::WrongCode(text)
        }
        MailboxError::Left => Failure::Lost(text),
        MailboxError::Address | MailboxError::Authorities(_) => Failure::Usage(text),
        MailboxError::Expired | MailboxError::Ours(_) => Failure::NotConnected(text),
        _ => Failure::NoServer(text),
    }
}

/// How a path is called in a line.
fn path_in_words(paths: &Paths) -> &'static str {
    if paths.is_direct() { "directly" } else { "through a relay" }
}

/// Says which path is in use, and each that is used later.
async fn tell_paths(mut paths: Paths, status: Status) {
    loop {
        let (local, remote) = (paths.local(), paths.remote());
        let end = |end: spool::PathEnd| json!({ "type": end.kind.as_str(), "address": end.address.to_string() });
        let details = json!({
            "local": end(local), "remote": end(remote), "direct": paths.is_direct(),
        });
        let text = format!("  path: {}, {local} to {remote}", path_in_words(&paths));
        status.event("path", details, &text);
        if paths.changed_from(local, remote).await.is_err() {
            return;
        }
        // several may follow each other at once
        tokio::time::sleep(SETTLE).await;
    }
}
