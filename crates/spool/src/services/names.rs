//! Where names are looked up.
use sans_io::{LookupAnswer, LookupFault, LookupKind};
use std::{io, net::SocketAddr, time::Duration};

/// How long one question may take in all.
const PATIENCE: Duration = Duration::from_secs(6);

/// Answers of one lookup that are passed on. A name with more is no name of one service.
const ANSWERS_MAX: usize = 32;

/// Who knows names: the name servers of this computer (`/etc/resolv.conf` and its like), after its
/// file of hosts and before whatever else it knows names by; or given ones alone.
///
/// Without the feature `dns` it is the operating system's own resolver, which knows addresses only.
#[derive(Clone, Debug, Default)]
pub struct Names {
    #[cfg(feature = "dns")]
    dns: super::dns::Dns,
}

impl Names {
    /// Asks these name servers, over UDP and where that is too little over TCP, and nobody else:
    /// neither the file of hosts nor any other service of the operating system.
    #[cfg(feature = "dns")]
    #[must_use]
    pub fn servers(servers: impl IntoIterator<Item = SocketAddr>) -> Self {
        Self { dns: super::dns::Dns::servers(servers.into_iter().collect()) }
    }

    /// Answers a question.
    pub(crate) async fn look_up(
        &self,
        kind: LookupKind,
        name: &str,
    ) -> Result<Vec<LookupAnswer>, LookupFault> {
        let found = tokio::time::timeout(PATIENCE, self.ask(kind, name)).await;
        let mut answers = found.unwrap_or(Err(LookupFault::TimedOut))?;
        answers.dedup();
        answers.truncate(ANSWERS_MAX);
        if answers.is_empty() { Err(LookupFault::NotFound) } else { Ok(answers) }
    }

    #[cfg(feature = "dns")]
    async fn ask(&self, kind: LookupKind, name: &str) -> Result<Vec<LookupAnswer>, LookupFault> {
        match (kind, self.dns.look_up(kind, name).await) {
            // it may know the name by other means: multicast, a directory, its own name
            (LookupKind::Address, Err(LookupFault::NotFound | LookupFault::Unsupported))
                if self.dns.is_system() =>
            {
                system(name).await
            }
            (_, result) => result,
        }
    }

    #[cfg(not(feature = "dns"))]
    async fn ask(&self, kind: LookupKind, name: &str) -> Result<Vec<LookupAnswer>, LookupFault> {
        match kind {
            LookupKind::Address => system(name).await,
            LookupKind::Srv | LookupKind::Naptr | LookupKind::Pointer => {
                Err(LookupFault::Unsupported)
            }
        }
    }
}

/// Asks the resolver of the operating system.
async fn system(name: &str) -> Result<Vec<LookupAnswer>, LookupFault> {
    let found = tokio::net::lookup_host((name, 0)).await.map_err(|error| fault(&error))?;
    Ok(found.map(|at: SocketAddr| LookupAnswer::Address(at.ip())).collect())
}

/// The standard library gives every answer of that resolver the kind `Uncategorized`; only what
/// failed on the way to it has a kind of its own.
fn fault(error: &io::Error) -> LookupFault {
    match error.kind() {
        io::ErrorKind::TimedOut => LookupFault::TimedOut,
        io::ErrorKind::OutOfMemory | io::ErrorKind::PermissionDenied => LookupFault::Failed,
        _ => LookupFault::NotFound,
    }
}
