//! What two agents have made: datagrams both ways, over whatever path works.
use super::{
    halves::{DatagramReceiver, DatagramSender, SendError},
    paths::{PathEnd, Paths},
    progress::{Feed, Recorder},
    signals::Signals,
};
use crate::{description::Local, driver::Handle, interfaces::Interfaces};
use bytes::Bytes;
use ice_proto::{IceAgent, RestartReason};
use std::time::Duration;
use thiserror::Error;

/// Datagrams to and from the peer: each arrives whole, once or not at all, and maybe out of order,
/// as with UDP. **Not encrypted**; see [`Agent`](super::Agent).
///
/// The path may change while the connection lives; see [`signals`](Self::signals) for what it takes
/// to outlive the path. A connection that is dropped stops answering;
/// [`close`](Self::close) gives relays back first. [`split`](Self::split) lets one task send while
/// another receives.
#[derive(Debug)]
pub struct Connection {
    sender: DatagramSender,
    receiver: DatagramReceiver,
    rtt: Option<Duration>,
    local: Local,
    interfaces: Interfaces,
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

impl Connection {
    pub(super) fn new(
        handle: Handle<IceAgent, Recorder>,
        feed: Feed,
        rtt: Option<Duration>,
        local: Local,
        interfaces: Interfaces,
    ) -> Self {
        let Feed { progress, datagrams, shared } = feed;
        let paths = Paths::new(progress.clone());
        let sender = DatagramSender::new(handle, paths, shared.clone());
        let receiver = DatagramReceiver::new(datagrams, progress, shared);
        Self { sender, receiver, rtt, local, interfaces }
    }

    /// Has the connection outlive its path: where that is lost, or this computer gets other addresses,
    /// ICE is restarted, from either side, and data goes over the old path as long as it works. For
    /// that the application carries [`Signals`] to the peer and takes those of the peer, at least for
    /// as long as it wants the connection. Without a call a connection ends with its path.
    ///
    /// A second call takes over from the first.
    pub async fn signals(&self) -> Result<Signals, Lost> {
        Signals::begin(self.sender.handle(), self.local.clone(), self.interfaces.clone())
            .await
            .map_err(|_stopped| Lost::Ended)
    }

    /// Sends one datagram: straight to the system where the path is direct, and as soon as the
    /// driver gets to it where it leads through a relay.
    pub async fn send(&self, datagram: &[u8]) -> Result<(), SendError> {
        self.sender.send(datagram).await
    }

    /// Sends one datagram without waiting for anything. What the agent says of it is not known.
    pub fn try_send(&self, datagram: &[u8]) -> Result<(), SendError> {
        self.sender.try_send(datagram)
    }

    /// The next datagram. An error is final: nothing will arrive any more.
    pub async fn recv(&mut self) -> Result<Bytes, Lost> {
        self.receiver.recv().await
    }

    /// Waits until both agents have settled on one path. Data may flow before: a connection is one
    /// as soon as any path works, and a better one may follow within a second or two.
    pub async fn settled(&mut self) -> Result<(), Lost> {
        self.receiver.settled().await
    }

    /// Our end of the path in use, as the peer sees it.
    pub fn local(&self) -> PathEnd {
        self.sender.paths().local()
    }

    /// The peer's end of the path in use.
    pub fn remote(&self) -> PathEnd {
        self.sender.paths().remote()
    }

    /// Whether no relay is in the path.
    pub fn is_direct(&self) -> bool {
        self.sender.paths().is_direct()
    }

    /// The path in use now and from now on, for whoever shows it.
    pub fn paths(&self) -> Paths {
        self.sender.paths().clone()
    }

    /// The round trip time that the check measured which made the connection.
    pub fn rtt(&self) -> Option<Duration> {
        self.rtt
    }

    /// Datagrams that arrived and were dropped, since [`recv`](Self::recv) was not called in time.
    pub fn overflows(&self) -> u64 {
        self.receiver.overflows()
    }

    /// Takes it apart, for one task that sends and another that receives. The connection ends when
    /// all senders are dropped, or one of them is closed.
    pub fn split(self) -> (DatagramSender, DatagramReceiver) {
        (self.sender, self.receiver)
    }

    /// Gives back what servers hold for us, and ends. Where there still is a path to the peer it
    /// takes a second, in which the peer may hear that we have left (RFC 7675 §5.2); else it knows
    /// only after half a minute of silence. A program in a hurry may stop waiting for it.
    pub async fn close(self) {
        self.sender.close().await;
    }
}
