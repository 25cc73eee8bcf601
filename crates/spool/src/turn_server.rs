//! A STUN and TURN server over UDP, TCP and TLS (RFC 8489 §12, RFC 8656) on the sockets of this
//! computer.
mod accounts;
mod builder;
mod control;
mod cores;
mod error;
mod inherited;
mod opening;
mod relays;
#[cfg(feature = "tls")]
mod rendezvous;
mod watch;

pub use accounts::{Accounts, TokenSecret};
pub use builder::TurnServiceBuilder;
pub use control::{ControlError, TurnControl, TurnSnapshot};
pub use error::ServeError;
pub use inherited::InheritedSockets;

use crate::driver::{Application, Context, Handle};
use cores::Cores;
use sans_io::Path;
use std::net::{IpAddr, SocketAddr};
use tokio::sync::mpsc;
use turn_proto::{TurnServer, TurnServerEvent};
use watch::Watch;

/// Events that wait for [`TurnService::next_event`]; what is more is counted
/// ([`TurnSnapshot::untold_events`]).
const EVENTS_MAX: usize = 4096;

/// A STUN and TURN server that runs in a task of its own, or on several cores in a thread each,
/// until it is stopped or dropped.
///
/// ```
/// use spool::{Agent, CandidatePolicy, TurnService};
/// # #[tokio::main(flavor = "current_thread")]
/// # async fn main() -> Result<(), Box<dyn std::error::Error>> {
/// let server = TurnService::builder()
///     .listen("127.0.0.1:0".parse()?)
///     .relay("127.0.0.1".parse()?)
///     .user("alice", "wonderland")
///     .allow_peer("127.0.0.0/8".parse()?)
///     .start()
///     .await?;
///
/// let address = server.listeners()[0].to_string();
/// let mut agent = Agent::builder()
///     .address("127.0.0.1".parse()?)
///     .turn(&address, "alice", "wonderland")
///     .policy(CandidatePolicy::Relay)
///     .build()
///     .await?;
/// let offer = agent.local_description().await?;
/// assert!(offer.contains("typ relay"));
/// server.stop().await;
/// # Ok(())
/// # }
/// ```
#[derive(Debug)]
pub struct TurnService {
    listeners: Vec<SocketAddr>,
    tls_listeners: Vec<SocketAddr>,
    relays: Vec<IpAddr>,
    skipped: Vec<SocketAddr>,
    realm: String,
    handles: Vec<Handle<TurnServer, Reporter>>,
    events: mpsc::Receiver<TurnServerEvent>,
    cores: Cores,
    watch: Watch,
}

impl TurnService {
    /// Starts to configure a server.
    pub fn builder() -> TurnServiceBuilder {
        TurnServiceBuilder::default()
    }

    /// Where it listens over UDP and TCP, loopback addresses last.
    pub fn listeners(&self) -> &[SocketAddr] {
        &self.listeners
    }

    /// Where it listens over TLS, loopback addresses last.
    pub fn tls_listeners(&self) -> &[SocketAddr] {
        &self.tls_listeners
    }

    /// Addresses of this computer that could not be listened on, though all of them were wanted.
    pub fn skipped(&self) -> &[SocketAddr] {
        &self.skipped
    }

    /// Where it relays from, as it is known outside.
    pub fn relays(&self) -> &[IpAddr] {
        &self.relays
    }

    /// The next thing worth a line in a log; `None` when the server has ended.
    pub async fn next_event(&mut self) -> Option<TurnServerEvent> {
        tokio::select! {
            biased;
            event = self.events.recv() => event,
            () = self.cores.ended() => None,
        }
    }

    /// An event that is there already. Whoever looks only now and then costs those who relay less
    /// than whoever is woken for each.
    pub fn try_next_event(&mut self) -> Option<TurnServerEvent> {
        self.events.try_recv().ok()
    }

    /// Changes things, and asks about them, from elsewhere.
    pub fn control(&self) -> TurnControl {
        TurnControl { realm: self.realm.clone(), handles: self.handles.clone() }
    }

    /// Ends it; its sockets are closed when this returns.
    pub async fn stop(self) {
        drop(self.watch);
        self.cores.stop(&self.handles).await;
    }
}

/// Passes events on.
#[derive(Clone, Debug)]
struct Reporter {
    events: mpsc::Sender<TurnServerEvent>,
    /// Events that nobody took in time.
    untold: u64,
}

impl Reporter {
    fn new() -> (Self, mpsc::Receiver<TurnServerEvent>) {
        let (events, receiver) = mpsc::channel(EVENTS_MAX);
        (Self { events, untold: 0 }, receiver)
    }
}

impl Application<TurnServer> for Reporter {
    fn event(&mut self, _: &mut Context<'_, TurnServer>, event: TurnServerEvent) {
        if self.events.try_send(event).is_err() {
            self.untold += 1; // nobody listens, or too slowly: it is only a log
        }
    }

    fn deliver(&mut self, _: Path, _: &[u8]) {
        // a server keeps nothing for itself
    }
}
