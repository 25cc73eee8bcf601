//! The two halves of a connection: who sends, and who receives.
use super::{
    connection::Lost,
    paths::Paths,
    progress::{Progress, Recorder, Shared},
};
use crate::driver::{Handle, PostError, WouldBlock};
use bytes::Bytes;
use ice_proto::{IceAgent, IceState};
use std::{sync::Arc, time::Duration};
use thiserror::Error;
use tokio::sync::{mpsc, watch};

/// Why a datagram was not sent.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Error)]
#[non_exhaustive]
pub enum SendError {
    /// Longer than any UDP datagram.
    #[error("{0} bytes are more than a datagram can carry (65507)")]
    TooLong(usize),
    /// Neither the system nor the driver takes more for now; only
    /// [`try_send`](DatagramSender::try_send) says so.
    #[error("too many datagrams wait to be sent")]
    Full,
    /// The agent has no path to send on.
    #[error("there is no path to the peer: {0}")]
    NoPath(#[from] ice_proto::SendError),
    /// The agent has ended.
    #[error("the agent has ended")]
    Ended,
}

/// The most that a UDP datagram over IPv4 can carry.
const DATAGRAM_MAX: usize = 65_507;

/// How long a side that leaves tells the peer so. The peer asks every five seconds, so most often it
/// is not told; but nobody likes to wait for a program that has been ended.
const GOODBYE: Duration = Duration::from_secs(1);

/// The half of a [`Connection`](super::Connection) that sends. Clones send on the same one.
#[derive(Clone, Debug)]
pub struct DatagramSender {
    handle: Handle<IceAgent, Recorder>,
    paths: Paths,
    shared: Arc<Shared>,
}

impl DatagramSender {
    pub(super) fn new(
        handle: Handle<IceAgent, Recorder>,
        paths: Paths,
        shared: Arc<Shared>,
    ) -> Self {
        Self { handle, paths, shared }
    }

    pub(super) fn handle(&self) -> Handle<IceAgent, Recorder> {
        self.handle.clone()
    }

    /// As [`Connection::send`](super::Connection::send).
    pub async fn send(&self, datagram: &[u8]) -> Result<(), SendError> {
        check(datagram)?;
        while let Some(route) = self.shared.route() {
            match route.send(0, datagram.len(), datagram) {
                Ok(()) => return Ok(()),
                Err(WouldBlock) => route.writable().await,
            }
        }
        let bytes = Bytes::copy_from_slice(datagram);
        let sent = self.handle.call(move |cx, _| {
            let packet = cx.machine.send(cx.now, &bytes)?;
            cx.send(&packet);
            Ok(())
        });
        sent.await.map_err(|_stopped| SendError::Ended)?
    }

    /// As [`Connection::try_send`](super::Connection::try_send).
    pub fn try_send(&self, datagram: &[u8]) -> Result<(), SendError> {
        check(datagram)?;
        self.try_send_segments(0, datagram.len(), datagram)
    }

    /// Sends datagrams of `segment` bytes each, the last one maybe shorter.
    pub(super) fn try_send_segments(
        &self,
        ecn: u8,
        segment: usize,
        contents: &[u8],
    ) -> Result<(), SendError> {
        if let Some(route) = self.shared.route() {
            return route.send(ecn, segment, contents).map_err(|WouldBlock| SendError::Full);
        }
        let bytes = Bytes::copy_from_slice(contents);
        let posted = self.handle.post(move |cx, _| {
            for datagram in bytes.chunks(segment.max(1)) {
                // without a path it is lost, as datagrams may be
                if let Ok(packet) = cx.machine.send(cx.now, datagram) {
                    cx.send(&packet);
                }
            }
        });
        posted.map_err(|error| match error {
            PostError::Full => SendError::Full,
            PostError::Stopped => SendError::Ended,
        })
    }

    /// Waits until [`try_send`](Self::try_send) may be worth a try.
    #[cfg(feature = "quic")]
    pub(super) async fn writable(&self) {
        match self.shared.route() {
            Some(route) => route.writable().await,
            None => self.handle.has_room().await,
        }
    }

    /// How many datagrams one send may hold.
    #[cfg(feature = "quic")]
    pub(super) fn segments_max(&self) -> usize {
        self.shared.route().map_or(1, |route| route.segments_max())
    }

    /// Has what is too long for the path lost from now on, instead of fragmented.
    #[cfg(feature = "quic")]
    pub(super) fn forbid_fragments(&self) {
        // an agent that is so busy or has ended sends no long ones
        let _ = self.handle.post(|cx, _| cx.forbid_fragments());
    }

    /// The path in use now and from now on.
    pub fn paths(&self) -> &Paths {
        &self.paths
    }

    /// As [`Connection::close`](super::Connection::close), for all halves.
    pub async fn close(&self) {
        let closed = self.give_back().await;
        if closed == Closed::WithPath {
            tokio::time::sleep(GOODBYE).await;
        }
        self.handle.stop().await;
    }

    /// As [`close`](Self::close), where the peer has been told by other means.
    pub async fn close_at_once(&self) {
        self.give_back().await;
        self.handle.stop().await;
    }

    async fn give_back(&self) -> Closed {
        let lost = self.paths.is_lost();
        // an agent that has ended has nothing to give back
        let closed = self.handle.call(|cx, _| cx.machine.close(cx.now)).await;
        if closed.is_ok() && !lost { Closed::WithPath } else { Closed::WithoutPath }
    }
}

/// Whether somebody is there who might be told.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
enum Closed {
    WithPath,
    WithoutPath,
}

/// The half of a [`Connection`](super::Connection) that receives.
#[derive(Debug)]
pub struct DatagramReceiver {
    datagrams: mpsc::Receiver<Bytes>,
    progress: watch::Receiver<Progress>,
    shared: Arc<Shared>,
}

impl DatagramReceiver {
    pub(super) fn new(
        datagrams: mpsc::Receiver<Bytes>,
        progress: watch::Receiver<Progress>,
        shared: Arc<Shared>,
    ) -> Self {
        Self { datagrams, progress, shared }
    }

    /// As [`Connection::recv`](super::Connection::recv).
    pub async fn recv(&mut self) -> Result<Bytes, Lost> {
        let Self { progress, datagrams, .. } = self;
        tokio::select! {
            biased; // what has arrived comes before the news that nothing more will
            datagram = datagrams.recv() => datagram.ok_or(Lost::Ended),
            ended = progress.wait_for(|progress| progress.lost().is_some()) => {
                Err(ended.ok().and_then(|progress| progress.lost()).unwrap_or(Lost::Ended))
            }
        }
    }

    /// What has arrived, up to the room in `datagrams`, without an end at the loss of the path.
    #[cfg(feature = "quic")]
    pub(super) fn poll_recv_many(
        &mut self,
        cx: &mut std::task::Context<'_>,
        datagrams: &mut Vec<Bytes>,
        max: usize,
    ) -> std::task::Poll<usize> {
        self.datagrams.poll_recv_many(cx, datagrams, max)
    }

    /// As [`Connection::settled`](super::Connection::settled).
    pub async fn settled(&mut self) -> Result<(), Lost> {
        let settled = self.progress.wait_for(|progress| {
            progress.state == IceState::Completed || progress.lost().is_some()
        });
        match settled.await {
            Ok(progress) => progress.lost().map_or(Ok(()), Err),
            Err(_ended) => Err(Lost::Ended),
        }
    }

    /// As [`Connection::overflows`](super::Connection::overflows).
    pub fn overflows(&self) -> u64 {
        self.shared.overflows()
    }
}

fn check(datagram: &[u8]) -> Result<(), SendError> {
    if datagram.len() > DATAGRAM_MAX {
        return Err(SendError::TooLong(datagram.len()));
    }
    Ok(())
}
