//! Two agents, one on each device, find a path between them and become a [`Connection`].

mod builder;
mod connection;
mod error;
mod halves;
mod parameters;
mod paths;
mod progress;
#[cfg(feature = "quic")]
mod quic;
mod signals;

pub use builder::{AgentBuilder, BuildError};
pub use connection::{Connection, Lost};
pub use error::{ConnectError, DescribeError, Outcome, PairReport, StartError};
pub use halves::{DatagramReceiver, DatagramSender, SendError};
pub use parameters::IceParameters;
pub use paths::{PathEnd, Paths};
#[cfg(feature = "quic")]
pub use quic::QuicSocket;
pub use signals::{SignalError, Signals};

use crate::{
    description::{Local, Remote, RemoteDescriptionError},
    driver::{Driver, Handle, Sockets},
    interfaces::Interfaces,
};
use ice_proto::{
    Candidate, CredentialsError, Finding, IceAgent, IceConfig, IceState, Implementation, PairState,
    PairStats, Role, TcpCandidates,
};
use progress::{Feed, Recorder};
use sans_io::SocketIds;
use std::{net::IpAddr, time::Duration};
use tokio::time::Instant;

/// One side of a connection that is being made.
///
/// The side that starts makes an offer; the other side takes it and answers. Which side an agent is
/// follows from what is called first: [`local_description`](Self::local_description) makes it the
/// offering one, [`set_remote_description`](Self::set_remote_description) the answering one. The
/// descriptions are SDP; how they get across is the application's business. Each is complete, so
/// one message each way is enough, and an offer may wait minutes for its answer: the mappings at
/// NATs are kept alive meanwhile.
///
/// What goes over the connection is **not encrypted**. The descriptions carry a DTLS fingerprint,
/// since other implementations do not answer without one, but it is random and nobody holds the
/// key: a certificate belongs to a layer above this one.
///
/// ```
/// use spool::Agent;
/// # #[tokio::main(flavor = "current_thread")]
/// # async fn main() -> Result<(), Box<dyn std::error::Error>> {
/// // two agents on one computer; with a real peer: Agent::builder().stun("stun.example.org:3478")
/// let mut alice = Agent::builder().loopback(true).build().await?;
/// let mut bob = Agent::builder().loopback(true).build().await?;
///
/// let offer = alice.local_description().await?;
/// alice.description_sent().await;
/// bob.set_remote_description(&offer).await?;
/// let answer = bob.local_description().await?;
/// bob.description_sent().await;
/// alice.set_remote_description(&answer).await?;
///
/// let (alice, bob) = tokio::join!(alice.connected(), bob.connected());
/// let (mut alice, mut bob) = (alice?, bob?);
///
/// alice.send(b"hello, Bob").await?;
/// assert_eq!(&bob.recv().await?[..], b"hello, Bob");
/// bob.send(b"hello, Alice").await?;
/// assert_eq!(&alice.recv().await?[..], b"hello, Alice");
/// # Ok(())
/// # }
/// ```
#[derive(Debug)]
pub struct Agent {
    config: IceConfig,
    locals: Vec<IpAddr>,
    interfaces: Interfaces,
    gather_timeout: Duration,
    connect_timeout: Duration,
    session: Option<Session>,
}

/// What an agent has from the moment it knows its role.
#[derive(Debug)]
struct Session {
    handle: Handle<IceAgent, Recorder>,
    feed: Feed,
    local: Local,
    /// The description was made before gathering was over.
    hurried: bool,
    description: Option<String>,
    remote: Option<Remote>,
}

impl Agent {
    /// Starts to configure an agent.
    pub fn builder() -> AgentBuilder {
        AgentBuilder::new()
    }

    fn new(
        config: IceConfig,
        locals: Vec<IpAddr>,
        interfaces: Interfaces,
        gather_timeout: Duration,
        connect_timeout: Duration,
    ) -> Self {
        Self { config, locals, interfaces, gather_timeout, connect_timeout, session: None }
    }

    /// Our description: an offer, or the answer when the peer's offer is set already. It waits
    /// until all ways to reach us are found, or the gather timeout is over. A second call gives the
    /// same description.
    pub async fn local_description(&mut self) -> Result<String, DescribeError> {
        let described = self.session.as_ref().and_then(|session| session.description.clone());
        if let Some(description) = described {
            return Ok(description);
        }
        let candidates = self.gathered().await?;
        let session = self.start(Role::Controlling)?;
        let description = match &session.remote {
            None => session.local.offer(&candidates)?,
            Some(offer) => session.local.answer(offer, &candidates)?,
        };
        session.description = Some(description.clone());
        Ok(description)
    }

    /// Waits until all ways to reach us are found, or the gather timeout is over.
    async fn gathered(&mut self) -> Result<Vec<Candidate>, DescribeError> {
        let patience = self.gather_timeout;
        let session = self.start(Role::Controlling)?;
        let gathered = session.feed.progress.wait_for(|progress| progress.gathered);
        // what is there when time is over has to do
        session.hurried = tokio::time::timeout(patience, gathered).await.is_err();
        let candidates = session.feed.progress.borrow().candidates.clone();
        if candidates.is_empty() { Err(DescribeError::NoCandidate) } else { Ok(candidates) }
    }

    /// Says that our description is on its way to the peer. To be called as soon as it is; only of
    /// the side that answers does anything depend on it. What that side sends before the peer knows
    /// of it can do harm: some home routers take it for their own, and the direct path is lost
    /// (see [`IceConfig::first_ttl`]).
    pub async fn description_sent(&self) {
        if let Some(session) = &self.session {
            // an agent that has ended has nobody to hear of it
            let _ = session.handle.call(|cx, _| cx.machine.description_sent(cx.now)).await;
        }
    }

    /// Takes the description of the peer: the answer to our offer, or an offer that we are to
    /// answer.
    pub async fn set_remote_description(
        &mut self,
        description: &str,
    ) -> Result<(), RemoteDescriptionError> {
        self.take(Remote::parse(description)?).await
    }

    async fn take(&mut self, remote: Remote) -> Result<(), RemoteDescriptionError> {
        let takes_tcp = self.config.tcp != TcpCandidates::None;
        let remote = if takes_tcp { remote } else { remote.without_tcp() };
        let session = self.start(Role::Controlled).map_err(RemoteDescriptionError::Start)?;
        if session.remote.is_some() {
            return Err(RemoteDescriptionError::Again);
        }
        if remote.credentials == session.local.credentials {
            return Err(RemoteDescriptionError::Own);
        }
        let told = remote.clone();
        let taken = session.handle.call(move |cx, _| {
            cx.machine.set_remote_lite(cx.now, told.lite);
            cx.machine.set_remote_pacing(cx.now, told.pacing);
            cx.machine.set_remote_credentials(cx.now, told.credentials)?;
            for candidate in told.candidates {
                // one that cannot be used is no reason to do without the others
                let _ = cx.machine.add_remote_candidate(cx.now, candidate);
            }
            if told.complete {
                cx.machine.end_of_remote_candidates(cx.now);
            }
            Ok(())
        });
        let taken: Result<(), CredentialsError> =
            taken.await.map_err(|_stopped| RemoteDescriptionError::Ended)?;
        taken?;
        session.remote = Some(remote);
        Ok(())
    }

    /// The addresses at which we may be reached, as far as they are found.
    pub fn candidates(&self) -> Vec<Candidate> {
        let session = self.session.as_ref();
        session.map(|session| session.feed.progress.borrow().candidates.clone()).unwrap_or_default()
    }

    /// What stood in the way of finding more, in words.
    pub fn problems(&self) -> Vec<String> {
        let Some(session) = &self.session else { return Vec::new() };
        let progress = session.feed.progress.borrow();
        let mut problems: Vec<String> = progress.failures.iter().map(error::problem).collect();
        if session.hurried && !progress.gathered {
            let seconds = self.gather_timeout.as_secs_f64();
            problems.push(format!("not every server has answered within {seconds} s"));
        }
        if let Some(skipped @ 1..) = session.remote.as_ref().map(|remote| remote.skipped) {
            let text = "candidates of the peer are passed over: host names, TCP without the option, or \
                 not understood";
            problems.push(format!("{skipped} {text}"));
        }
        problems
    }

    /// Waits until data may flow, or until all hope is gone. Both descriptions must be exchanged.
    pub async fn connected(mut self) -> Result<Connection, ConnectError> {
        let began = Instant::now();
        let patience = self.connect_timeout;
        let Some(session) = self.session.as_mut().filter(|session| session.remote.is_some()) else {
            return Err(ConnectError::plain(Finding::NoRemoteDescription));
        };
        let settled = session.feed.progress.wait_for(|progress| {
            matches!(progress.state, IceState::Connected | IceState::Completed | IceState::Failed)
        });
        let state = match tokio::time::timeout(patience, settled).await {
            Ok(Ok(progress)) => progress.state,
            Ok(Err(_ended)) => IceState::Closed,
            Err(_elapsed) => IceState::Failed,
        };
        let Some(Session { handle, feed, local, .. }) = self.session.take() else {
            return Err(ConnectError::plain(Finding::Closed));
        };
        let found = handle.call(|cx, _| {
            let pairs: Vec<PairStats> = cx.machine.pairs().collect();
            (pairs, cx.machine.explain().verdict())
        });
        let Ok((pairs, finding)) = found.await else {
            return Err(ConnectError::plain(Finding::Closed));
        };
        if matches!(state, IceState::Connected | IceState::Completed) {
            let mut works = pairs.iter().filter(|pair| pair.state == PairState::Succeeded);
            let rtt = works.find_map(|pair| pair.counters.rtt);
            return Ok(Connection::new(handle, feed, rtt, local, self.interfaces));
        }
        let pairs = pairs.into_iter().map(PairReport::from).collect();
        Err(ConnectError::new(began.elapsed(), pairs, finding))
    }

    /// The session; begun in this role when there is none yet.
    fn start(&mut self, role: Role) -> Result<&mut Session, StartError> {
        let session = match self.session.take() {
            Some(session) => session,
            None => Session::start(&self.config, role, &self.locals)?,
        };
        Ok(self.session.insert(session))
    }
}

impl Session {
    /// Makes the machine, gives it our addresses, and has a task drive it.
    fn start(config: &IceConfig, role: Role, locals: &[IpAddr]) -> Result<Self, StartError> {
        let config = IceConfig { role, ..config.clone() };
        let (pacing, lite) = (config.pacing, config.implementation == Implementation::Lite);
        let agent = IceAgent::new(config, random()?, SocketIds::root())?;
        let credentials = agent.local_credentials().clone();
        let session_id = u64::from_be_bytes(random()?) >> 1;
        let fingerprint = random()?;
        let local = Local { credentials, pacing, session_id, fingerprint, lite };
        let (recorder, feed) = Recorder::new();
        let mut sockets = Sockets::default();
        // how many routers there are on the way to a server is seen in what the server sends
        sockets.report_headers();
        let (mut driver, handle) = Driver::with_sockets(agent, recorder, sockets);
        let now = driver.now();
        driver.machine().gather(now, locals)?;
        tokio::spawn(driver.run());
        Ok(Self { handle, feed, local, hurried: false, description: None, remote: None })
    }
}

fn random<const N: usize>() -> Result<[u8; N], StartError> {
    let mut bytes = [0; N];
    getrandom::fill(&mut bytes).map_err(|_| StartError::Random)?;
    Ok(bytes)
}
