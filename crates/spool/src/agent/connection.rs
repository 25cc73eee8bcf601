//! What two agents have made: datagrams both ways, over whatever path works.
use super::{
    progress::{Feed, Progress, Recorder},
    signals::Signals,
};
use crate::{
    description::Local,
    driver::{Handle, PostError},
    interfaces::Interfaces,
};
use bytes::Bytes;
use ice_proto::{CandidateKind, IceAgent, IceState, RestartReason, SelectedPair};
use std::{fmt, net::SocketAddr, sync::atomic::Ordering, time::Duration};
use thiserror::Error;

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

/// Datagrams to and from the peer: each arrives whole, once or not at all, and maybe out of order,
/// as with UDP. **Not encrypted**; see [`Agent`](super::Agent).
///
/// The path may change while the connection lives; see [`signals`](Self::signals) for what it takes
/// to outlive the path. A connection that is dropped stops answering;
/// [`close`](Self::close) gives relays back first.
#[derive(Debug)]
pub struct Connection {
    handle: Handle<IceAgent, Recorder>,
    feed: Feed,
    rtt: Option<Duration>,
    local: Local,
    interfaces: Interfaces,
}

/// Why a datagram was not sent.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Error)]
#[non_exhaustive]
pub enum SendError {
    /// Longer than any UDP datagram.
    #[error("{0} bytes are more than a datagram can carry (65507)")]
    TooLong(usize),
    /// Too many datagrams wait for the driver; only [`Connection::try_send`] says so.
    #[error("too many datagrams wait to be sent")]
    Full,
    /// The agent has no path to send on.
    #[error("there is no path to the peer: {0}")]
    NoPath(#[from] ice_proto::SendError),
    /// The agent has ended.
    #[error("the agent has ended")]
    Ended,
}

/// Why nothing will arrive any more.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Error)]
#[non_exhaustive]
pub enum Lost {
    /// The path is gone, and only new descriptions can bring another.
    #[error("{0}")]
    Path(RestartReason),
    /// The agent has ended.
    #[error("the agent has ended")]
    Ended,
}

/// The most that a UDP datagram over IPv4 can carry.
const DATAGRAM_MAX: usize = 65_507;

/// How long a side that leaves tells the peer so. The peer asks every five seconds, so most often it
/// is not told; but nobody likes to wait for a program that has been ended.
const GOODBYE: Duration = Duration::from_secs(1);

impl Connection {
    pub(super) fn new(
        handle: Handle<IceAgent, Recorder>,
        feed: Feed,
        rtt: Option<Duration>,
        local: Local,
        interfaces: Interfaces,
    ) -> Self {
        Self { handle, feed, rtt, local, interfaces }
    }

    /// Has the connection outlive its path: where that is lost, or this computer gets other addresses,
    /// ICE is restarted, from either side, and data goes over the old path as long as it works. For
    /// that the application carries [`Signals`] to the peer and takes those of the peer, at least for
    /// as long as it wants the connection. Without a call a connection ends with its path.
    ///
    /// A second call takes over from the first.
    pub async fn signals(&self) -> Result<Signals, Lost> {
        Signals::begin(self.handle.clone(), self.local.clone(), self.interfaces.clone())
            .await
            .map_err(|_stopped| Lost::Ended)
    }

    /// Sends one datagram, as soon as the driver gets to it.
    pub async fn send(&self, datagram: &[u8]) -> Result<(), SendError> {
        let bytes = check(datagram)?;
        let sent = self.handle.call(move |cx, _| {
            let packet = cx.machine.send(cx.now, &bytes)?;
            cx.send(&packet);
            Ok(())
        });
        sent.await.map_err(|_stopped| SendError::Ended)?
    }

    /// Sends one datagram without waiting for anything. What the agent says of it is not known.
    pub fn try_send(&self, datagram: &[u8]) -> Result<(), SendError> {
        let bytes = check(datagram)?;
        let posted = self.handle.post(move |cx, _| {
            // without a path it is lost, as datagrams may be
            if let Ok(packet) = cx.machine.send(cx.now, &bytes) {
                cx.send(&packet);
            }
        });
        posted.map_err(|error| match error {
            PostError::Full => SendError::Full,
            PostError::Stopped => SendError::Ended,
        })
    }

    /// The next datagram. An error is final: nothing will arrive any more.
    pub async fn recv(&mut self) -> Result<Bytes, Lost> {
        let Feed { progress, datagrams, .. } = &mut self.feed;
        tokio::select! {
            biased; // what has arrived comes before the news that nothing more will
            datagram = datagrams.recv() => datagram.ok_or(Lost::Ended),
            ended = progress.wait_for(|progress| progress.lost().is_some()) => {
                Err(ended.ok().and_then(|progress| progress.lost()).unwrap_or(Lost::Ended))
            }
        }
    }

    /// Waits until both agents have settled on one path. Data may flow before: a connection is one
    /// as soon as any path works, and a better one may follow within a second or two.
    pub async fn settled(&mut self) -> Result<(), Lost> {
        let settled = self.feed.progress.wait_for(|progress| {
            progress.state == IceState::Completed || progress.lost().is_some()
        });
        match settled.await {
            Ok(progress) => progress.lost().map_or(Ok(()), Err),
            Err(_ended) => Err(Lost::Ended),
        }
    }

    /// Our end of the path in use, as the peer sees it.
    pub fn local(&self) -> PathEnd {
        self.feed.progress.borrow().ends().0
    }

    /// The peer's end of the path in use.
    pub fn remote(&self) -> PathEnd {
        self.feed.progress.borrow().ends().1
    }

    /// Whether no relay is in the path.
    pub fn is_direct(&self) -> bool {
        self.feed.progress.borrow().pair.is_some_and(|pair| pair.is_direct())
    }

    /// The round trip time that the check measured which made the connection.
    pub fn rtt(&self) -> Option<Duration> {
        self.rtt
    }

    /// Datagrams that arrived and were dropped, since [`recv`](Self::recv) was not called in time.
    pub fn overflows(&self) -> u64 {
        self.feed.overflows.load(Ordering::Relaxed)
    }

    /// Gives back what servers hold for us, and ends. Where there still is a path to the peer it
    /// takes a second, in which the peer may hear that we have left (RFC 7675 §5.2); else it knows
    /// only after half a minute of silence. A program in a hurry may stop waiting for it.
    pub async fn close(self) {
        let lost = self.feed.progress.borrow().lost().is_some();
        // an agent that has ended has nothing to give back
        let closed = self.handle.call(|cx, _| cx.machine.close(cx.now)).await;
        if closed.is_ok() && !lost {
            tokio::time::sleep(GOODBYE).await;
        }
        self.handle.stop().await;
    }
}

fn check(datagram: &[u8]) -> Result<Bytes, SendError> {
    if datagram.len() > DATAGRAM_MAX {
        return Err(SendError::TooLong(datagram.len()));
    }
    Ok(Bytes::copy_from_slice(datagram))
}

impl Progress {
    /// Why nothing will come any more, if so.
    fn lost(&self) -> Option<Lost> {
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
        const NOWHERE: SocketAddr =
            SocketAddr::new(std::net::IpAddr::V4(std::net::Ipv4Addr::UNSPECIFIED), 0);
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
