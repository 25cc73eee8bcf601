//! Looking up names for a machine.
use super::net::Wake;
use sans_io::{LookupAnswer, LookupFault, LookupKind, LookupRequest};
use std::{io, net::SocketAddr, time::Duration};

/// How long the resolver may take. It has time-outs of its own, which can add up to minutes.
const PATIENCE: Duration = Duration::from_secs(10);

/// Answers of one lookup that are passed on. A name with more addresses is no name of one server.
const ANSWERS_MAX: usize = 32;

/// Asks the resolver of the operating system. SRV, NAPTR and mDNS are not there yet.
pub(super) async fn look_up(request: LookupRequest) -> Wake {
    let result = match request.kind {
        LookupKind::Address => addresses(&request.name).await,
        LookupKind::Srv | LookupKind::Naptr | LookupKind::Mdns => Err(LookupFault::Unsupported),
    };
    Wake::LookedUp(request.id, result)
}

async fn addresses(name: &str) -> Result<Vec<LookupAnswer>, LookupFault> {
    match tokio::time::timeout(PATIENCE, tokio::net::lookup_host((name, 0))).await {
        Err(_elapsed) => Err(LookupFault::TimedOut),
        Ok(Err(error)) => Err(fault(&error)),
        Ok(Ok(found)) => {
            let mut answers: Vec<_> = found
                .take(ANSWERS_MAX)
                .map(|at: SocketAddr| LookupAnswer::Address(at.ip()))
                .collect();
            answers.dedup();
            if answers.is_empty() { Err(LookupFault::NotFound) } else { Ok(answers) }
        }
    }
}

/// The standard library gives every answer of the resolver the kind `Uncategorized`; only what
/// failed on the way to it has a kind of its own.
fn fault(error: &io::Error) -> LookupFault {
    match error.kind() {
        io::ErrorKind::TimedOut => LookupFault::TimedOut,
        io::ErrorKind::OutOfMemory | io::ErrorKind::PermissionDenied => LookupFault::Failed,
        _ => LookupFault::NotFound,
    }
}
