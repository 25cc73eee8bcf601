//! The path that a connection takes, and each that it takes later.
use super::{connection::Lost, progress::Progress};
use ice_proto::{CandidateKind, IceState, RestartReason, SelectedPair};
use std::{
    fmt,
    net::{IpAddr, Ipv4Addr, SocketAddr},
};
use tokio::sync::watch;

/// One end of a path, as the other side sees it.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub struct PathEnd {
    /// How the address was found.
    pub kind: CandidateKind,
    /// The address.
    pub address: SocketAddr,
}

impl fmt::Display for PathEnd {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        write!(f, "{} {}", self.kind, self.address)
    }
}

/// Which path a connection takes. Clones see each change for themselves.
#[derive(Clone, Debug)]
pub struct Paths(watch::Receiver<Progress>);

impl Paths {
    pub(super) fn new(progress: watch::Receiver<Progress>) -> Self {
        Self(progress)
    }

    /// Our end of the path in use, as the peer sees it.
    pub fn local(&self) -> PathEnd {
        self.0.borrow().ends().0
    }

    /// The peer's end of the path in use.
    pub fn remote(&self) -> PathEnd {
        self.0.borrow().ends().1
    }

    /// Whether no relay is in the path.
    pub fn is_direct(&self) -> bool {
        self.0.borrow().pair.is_some_and(|pair| pair.is_direct())
    }

    /// Waits until there is another path than `(local, remote)`, or none any more.
    pub async fn changed_from(&mut self, local: PathEnd, remote: PathEnd) -> Result<(), Lost> {
        let changed =
            |progress: &Progress| progress.lost().is_some() || progress.ends() != (local, remote);
        match self.0.wait_for(changed).await {
            Ok(progress) => progress.lost().map_or(Ok(()), Err),
            Err(_ended) => Err(Lost::Ended),
        }
    }

    pub(super) fn is_lost(&self) -> bool {
        self.0.borrow().lost().is_some()
    }

    /// Waits until there is no path any more, and gives the reason.
    pub async fn lost(&mut self) -> Lost {
        let lost = self.0.wait_for(|progress| progress.lost().is_some()).await;
        lost.ok().and_then(|progress| progress.lost()).unwrap_or(Lost::Ended)
    }
}

impl Progress {
    /// Why nothing will come any more, if so.
    pub(super) fn lost(&self) -> Option<Lost> {
        match (self.state, self.lost) {
            (IceState::Failed, Some(reason)) => Some(Lost::Path(reason)),
            (IceState::Failed, None) => Some(Lost::Path(RestartReason::NoPairWorks)),
            (IceState::Closed, _) => Some(Lost::Ended),
            (IceState::New | IceState::Checking | IceState::Connected | IceState::Completed, _) => {
                None
            }
        }
    }

    /// Both ends of the path in use.
    fn ends(&self) -> (PathEnd, PathEnd) {
        const NOWHERE: SocketAddr = SocketAddr::new(IpAddr::V4(Ipv4Addr::UNSPECIFIED), 0);
        let Some(SelectedPair { path, local, remote, .. }) = self.pair else {
            let nowhere = PathEnd { kind: CandidateKind::Host, address: NOWHERE };
            return (nowhere, nowhere);
        };
        // a reflexive address is that of the candidate whose base the path names
        let seen = self
            .candidates
            .iter()
            .find(|candidate| candidate.kind == local && candidate.related == Some(path.local()));
        let address = seen.map_or(path.local(), |candidate| candidate.address);
        (PathEnd { kind: local, address }, PathEnd { kind: remote, address: path.remote() })
    }
}
