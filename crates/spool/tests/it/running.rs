//! A driver that runs in a task, and what it tells.
use crate::machines::{Probe, Seen};
use sans_io::{Packet, PacketMeta, Path};
use spool::driver::{Application, Context, Driver, Handle, Sockets};
use std::{net::SocketAddr, time::Duration};
use tokio::{sync::mpsc, task::JoinHandle, time::timeout};

/// What reached the application.
#[derive(Debug, PartialEq, Eq)]
pub(crate) enum Told {
    Event(Seen),
    Bytes(Path, Vec<u8>),
}

pub(crate) struct Recorder(mpsc::UnboundedSender<Told>);

impl Application<Probe> for Recorder {
    fn event(&mut self, _: &mut Context<'_, Probe>, event: Seen) {
        self.0.send(Told::Event(event)).ok();
    }

    fn deliver(&mut self, path: Path, bytes: &[u8]) {
        self.0.send(Told::Bytes(path, bytes.to_vec())).ok();
    }
}

/// A driver in its task.
pub(crate) struct Running {
    pub(crate) handle: Handle<Probe, Recorder>,
    pub(crate) told: mpsc::UnboundedReceiver<Told>,
    pub(crate) task: JoinHandle<(Probe, Recorder)>,
}

impl Running {
    pub(crate) fn start(prepare: impl FnOnce(&mut Probe)) -> Self {
        Self::with_sockets(Sockets::default(), prepare)
    }

    pub(crate) fn with_sockets(sockets: Sockets, prepare: impl FnOnce(&mut Probe)) -> Self {
        let (sender, told) = mpsc::unbounded_channel();
        let mut probe = Probe::default();
        prepare(&mut probe);
        let (driver, handle) = Driver::with_sockets(probe, Recorder(sender), sockets);
        Self { handle, told, task: tokio::spawn(driver.run()) }
    }

    pub(crate) async fn next(&mut self) -> Told {
        bounded(self.told.recv()).await.unwrap()
    }

    /// The address of the socket that the machine just asked for.
    pub(crate) async fn bound(&mut self) -> SocketAddr {
        match self.next().await {
            Told::Event(Seen::Socket(_, Ok(local))) => local,
            other => panic!("{other:?}"),
        }
    }

    /// Sends a packet with this DSCP.
    pub(crate) async fn send(&self, path: Path, dscp: u8, bytes: Vec<u8>) {
        let meta = PacketMeta { dscp, ..PacketMeta::default() };
        self.with(move |cx| cx.send(&Packet::new(path, &bytes).with_meta(meta))).await;
    }

    /// The next datagram with its header, for a machine that is curious.
    pub(crate) async fn header(&mut self) -> (PacketMeta, Vec<u8>) {
        loop {
            if let Told::Event(Seen::Header(meta, bytes)) = self.next().await {
                return (meta, bytes);
            }
        }
    }

    pub(crate) async fn with(&self, f: impl FnOnce(&mut Context<'_, Probe>) + Send + 'static) {
        bounded(self.handle.call(|cx, _| f(cx))).await.unwrap();
    }
}

/// No step of these tests may take longer than five seconds.
pub(crate) async fn bounded<F: Future>(future: F) -> F::Output {
    timeout(Duration::from_secs(5), future).await.unwrap()
}
