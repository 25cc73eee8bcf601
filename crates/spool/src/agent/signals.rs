//! What two agents tell each other after their descriptions, so that a connection outlives its path.
use super::progress::{News, Recorder};
use crate::{
    RemoteDescriptionError, WriteDescriptionError,
    description::{Local, RemoteFragment},
    driver::{Handle, Stopped},
    interfaces::Interfaces,
};
use ice_proto::{Candidate, CredentialsError, IceAgent, Restarts};
use std::{net::IpAddr, time::Duration};
use thiserror::Error;
use tokio::sync::mpsc;

/// How often the addresses of this computer are looked at.
const LOOK_EVERY: Duration = Duration::from_secs(1);

/// What is to be carried between two ends of a [`Connection`](super::Connection), to be had from
/// [`Connection::signals`](super::Connection::signals). How is up to the application; what one side
/// gives with [`next`](Self::next) the other one takes with [`take`](Self::take), all of it, and in
/// this order. Each signal is a fragment of SDP (`application/trickle-ice-sdpfrag`, RFC 8840 §9).
///
/// While it is waited for [`next`](Self::next), changes of the addresses of this computer are noticed.
///
/// ```
/// use spool::Agent;
/// # #[tokio::main(flavor = "current_thread")]
/// # async fn main() -> Result<(), Box<dyn std::error::Error>> {
/// # let mut alice = Agent::builder().loopback(true).build().await?;
/// # let mut bob = Agent::builder().loopback(true).build().await?;
/// # bob.set_remote_description(&alice.local_description().await?).await?;
/// # alice.set_remote_description(&bob.local_description().await?).await?;
/// # let (alice, bob) = tokio::join!(alice.connected(), bob.connected());
/// # let (mut alice, mut bob) = (alice?, bob?);
/// # tokio::try_join!(alice.settled(), bob.settled())?;
/// let (mut from_alice, mut from_bob) = (alice.signals().await?, bob.signals().await?);
/// from_alice.restart().await?;
/// from_bob.take(&from_alice.next().await?).await?;
/// from_alice.take(&from_bob.next().await?).await?;
/// // data flows all the time
/// alice.send(b"still there?").await?;
/// assert_eq!(&bob.recv().await?[..], b"still there?");
/// # Ok(())
/// # }
/// ```
#[derive(Debug)]
pub struct Signals {
    handle: Handle<IceAgent, Recorder>,
    news: mpsc::UnboundedReceiver<News>,
    /// What was taken out and belongs to the next signal.
    put_aside: Option<News>,
    local: Local,
    candidates: Vec<Candidate>,
    complete: bool,
    interfaces: Interfaces,
    addresses: Vec<IpAddr>,
}

/// Why a signal cannot be given or taken.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Error)]
#[non_exhaustive]
pub enum SignalError {
    /// What the peer sent makes no sense.
    #[error("the signal of the peer cannot be used: {0}")]
    Remote(#[from] RemoteDescriptionError),
    /// Ours cannot be written.
    #[error(transparent)]
    Local(#[from] WriteDescriptionError),
    /// The agent has ended, or another [`Signals`] has taken over.
    #[error("the agent has ended")]
    Ended,
}

impl From<Stopped> for SignalError {
    fn from(_: Stopped) -> Self {
        Self::Ended
    }
}

impl Signals {
    pub(super) async fn begin(
        handle: Handle<IceAgent, Recorder>,
        local: Local,
        interfaces: Interfaces,
    ) -> Result<Self, Stopped> {
        let (sender, news) = mpsc::unbounded_channel();
        let told = handle.call(move |cx, recorder| {
            cx.machine.set_restarts(Restarts::WhenNeeded);
            recorder.tell_news(sender);
            let candidates: Vec<Candidate> = cx.machine.local_candidates().copied().collect();
            (cx.machine.local_credentials().clone(), candidates)
        });
        let (credentials, candidates) = told.await?;
        let local = Local { credentials, ..local };
        let addresses = interfaces.addresses().unwrap_or_default();
        let (put_aside, complete) = (None, true);
        Ok(Self { handle, news, put_aside, local, candidates, complete, interfaces, addresses })
    }

    /// Restarts ICE now: a better path may have come up.
    pub async fn restart(&self) -> Result<(), SignalError> {
        let restarted = self.handle.call(|cx, _| cx.machine.restart(cx.now).is_some());
        if restarted.await? { Ok(()) } else { Err(SignalError::Ended) }
    }

    /// Waits until the peer is to be told something. What was waited for is not lost when the future
    /// is dropped.
    pub async fn next(&mut self) -> Result<String, SignalError> {
        let mut look = tokio::time::interval(LOOK_EVERY);
        let first = match self.put_aside.take() {
            Some(first) => first,
            None => loop {
                tokio::select! {
                    first = self.news.recv() => break first.ok_or(SignalError::Ended)?,
                    _ = look.tick() => self.look_around().await?,
                }
            },
        };
        self.note(first);
        // what goes with it may as well
        while let Ok(more) = self.news.try_recv() {
            if matches!(more, News::Restarted(_)) {
                self.put_aside = Some(more);
                break;
            }
            self.note(more);
        }
        // checks may follow; an agent that has ended sends none
        let _ = self.handle.post(|cx, _| cx.machine.description_sent(cx.now));
        Ok(self.local.fragment(&self.candidates, self.complete)?)
    }

    fn note(&mut self, news: News) {
        match news {
            News::Restarted(credentials) => {
                self.local.credentials = credentials;
                self.candidates.clear();
                self.complete = false;
            }
            News::Candidate(candidate) => self.candidates.push(candidate),
            News::Complete => self.complete = true,
        }
    }

    /// Tells the agent when this computer has other addresses than before.
    async fn look_around(&mut self) -> Result<(), SignalError> {
        // what cannot be listed now may be a second later
        let Ok(addresses) = self.interfaces.addresses() else { return Ok(()) };
        if addresses == self.addresses {
            return Ok(());
        }
        self.addresses.clone_from(&addresses);
        self.tell_addresses(addresses).await
    }

    /// Tells the agent that this computer has these addresses by now, best first, and no others. Only
    /// who knows it before [`next`](Self::next) notices need do so.
    pub async fn tell_addresses(&self, addresses: Vec<IpAddr>) -> Result<(), SignalError> {
        // of more than it has room for it uses none, and what it had it still has
        let told = self.handle.call(move |cx, _| {
            let _ = cx.machine.on_network_change(cx.now, &addresses);
        });
        Ok(told.await?)
    }

    /// Takes what the peer's [`next`](Self::next) gave.
    pub async fn take(&self, signal: &str) -> Result<(), SignalError> {
        let remote = RemoteFragment::parse(signal)?;
        let taken = self.handle.call(move |cx, _| {
            let ufrag = remote.credentials.ufrag.clone();
            match cx.machine.set_remote_credentials(cx.now, remote.credentials) {
                // it was sent before the peer heard of our restart
                Ok(()) | Err(CredentialsError::Former) => {}
                Err(error) => return Err(error),
            }
            for candidate in remote.candidates {
                // one that cannot be used is no reason to do without the others
                let _ = cx.machine.add_remote_candidate_of(cx.now, &ufrag, candidate);
            }
            if remote.complete {
                cx.machine.end_of_remote_candidates_of(cx.now, &ufrag);
            }
            Ok(())
        });
        let taken: Result<(), CredentialsError> = taken.await?;
        taken.map_err(|error| SignalError::Remote(error.into()))
    }
}
