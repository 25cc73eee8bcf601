//! A client of a TURN server that is asked for one thing after the other, each within a few seconds.
use super::link::{Link, LinkEvent};
use sans_io::{Path, SocketFault};
use spool::{
    Services,
    driver::{Application, Context, Driver, Handle, Sockets},
    interfaces,
    probe::{Credentials, ResolvedServer},
};
use std::{
    collections::{BTreeMap, BTreeSet},
    net::{IpAddr, SocketAddr},
    time::Duration,
};
use stun_proto::attribute::AddressFamily;
use tokio::{sync::mpsc, time::Instant};
use turn_proto::{TurnClient, TurnClientConfig, TurnEvent, TurnFault};

/// How long a server may take for an answer: five requests, half a second and then twice as long each.
const PATIENCE: Duration = Duration::from_secs(8);

/// How long a connection may take, its handshake included; the driver gives up a little earlier.
const CONNECT_WITHIN: Duration = Duration::from_secs(11);

/// What waits to be looked at. What is more is lost, and shows as loss.
const WAITING_MAX: usize = 1024;

/// Data that came through the relay.
#[derive(Debug)]
pub(super) struct Arrived {
    pub(super) from: SocketAddr,
    pub(super) bytes: Vec<u8>,
}

/// What the server gave.
#[derive(Clone, Copy, Debug)]
pub(super) struct Allocated {
    pub(super) relayed: SocketAddr,
    /// This client as the server sees it.
    pub(super) mapped: SocketAddr,
}

/// A client that runs until it is closed or dropped.
#[derive(Debug)]
pub(super) struct Client {
    handle: Handle<Link, Inbox>,
    events: mpsc::Receiver<LinkEvent>,
    data: mpsc::Receiver<Arrived>,
    /// Whom permissions are there for: the machine tells of each once.
    permitted: BTreeSet<IpAddr>,
    allocated: Option<Allocated>,
}

#[derive(Debug)]
struct Inbox {
    events: mpsc::Sender<LinkEvent>,
    data: mpsc::Sender<Arrived>,
}

impl Application<Link> for Inbox {
    fn event(&mut self, _: &mut Context<'_, Link>, event: LinkEvent) {
        // nobody asks for so many things at once
        let _ = self.events.try_send(event);
    }

    fn deliver(&mut self, path: Path, bytes: &[u8]) {
        let arrived = Arrived { from: path.remote(), bytes: bytes.to_vec() };
        // loss, as anywhere on the way
        let _ = self.data.try_send(arrived);
    }
}

impl Client {
    /// Opens a socket or a connection. Nothing is asked yet.
    pub(super) async fn open(
        server: &ResolvedServer,
        credentials: Credentials,
        family: AddressFamily,
        services: &Services,
    ) -> Result<Self, SocketFault> {
        let local = interfaces::towards(server.address).map_err(|_| SocketFault::Unavailable)?;
        let seed = sans_io_std::seed().map_err(|_| SocketFault::Unavailable)?;
        let path = Path::new(server.transport, SocketAddr::new(local, 0), server.address);
        let config = TurnClientConfig::new(path, credentials).with_family(family);
        let link = Link::new(server, local, config, seed);
        let (events, event) = mpsc::channel(WAITING_MAX);
        let (data, datum) = mpsc::channel(WAITING_MAX);
        let mut sockets = Sockets::default();
        sockets.use_services(services.clone());
        let (driver, handle) = Driver::with_sockets(link, Inbox { events, data }, sockets);
        tokio::spawn(driver.run());
        let (permitted, allocated) = (BTreeSet::new(), None);
        let mut client = Self { handle, events: event, data: datum, permitted, allocated };
        match tokio::time::timeout(CONNECT_WITHIN, client.events.recv()).await {
            Ok(Some(LinkEvent::Opened)) => Ok(client),
            Ok(Some(LinkEvent::NoSocket(fault))) => Err(fault),
            _ => Err(SocketFault::TimedOut),
        }
    }

    /// Logs in and asks for a relayed address.
    pub(super) async fn allocate(&mut self) -> Result<Allocated, TurnFault> {
        self.command(|client, now| client.allocate(now).is_ok()).await?;
        let answer = self.answer(|event| match event {
            TurnEvent::Allocated { relayed, mapped, .. } => Some(Ok(Allocated { relayed, mapped })),
            TurnEvent::Failed { fault } => Some(Err(fault)),
            _ => None,
        });
        let allocated = answer.await?;
        self.allocated = Some(allocated);
        Ok(allocated)
    }

    /// Asks for permissions, and tells for each address whether it was given.
    pub(super) async fn permit(
        &mut self,
        addresses: &[IpAddr],
    ) -> Result<BTreeMap<IpAddr, Result<(), TurnFault>>, TurnFault> {
        let here = addresses.iter().filter(|address| self.permitted.contains(*address));
        let mut answers: BTreeMap<_, _> = here.map(|address| (*address, Ok(()))).collect();
        let new = addresses.iter().filter(|address| !self.permitted.contains(*address));
        let wanted: Vec<IpAddr> = new.copied().collect();
        let each = move |client: &mut TurnClient, now| {
            // one by one, so that one that is refused is not in the way of others
            wanted.iter().all(|address| client.create_permission(now, &[*address]).is_ok())
        };
        self.command(each).await?;
        while answers.len() < addresses.len() {
            let answer = self.answer(|event| match event {
                TurnEvent::PermissionInstalled { address } => Some(Ok((address, Ok(())))),
                TurnEvent::PermissionFailed { address, fault } => Some(Ok((address, Err(fault)))),
                TurnEvent::Lost { fault } => Some(Err(fault)),
                _ => None,
            });
            let (address, verdict) = answer.await?;
            answers.insert(address, verdict);
        }
        Ok(answers)
    }

    /// Asks for a channel.
    pub(super) async fn bind(&mut self, peer: SocketAddr) -> Result<(), TurnFault> {
        self.command(move |client, now| client.bind_channel(now, peer).is_ok()).await?;
        let bound = self.answer(|event| match event {
            TurnEvent::ChannelBound { peer: bound } if bound == peer => Some(Ok(())),
            TurnEvent::ChannelFailed { peer: failed, fault } if failed == peer => Some(Err(fault)),
            TurnEvent::Lost { fault } => Some(Err(fault)),
            _ => None,
        });
        bound.await
    }

    /// Sends data to a peer. What cannot be sent is lost, as anywhere on the way.
    pub(super) async fn send(&self, peer: SocketAddr, bytes: Vec<u8>) {
        let send = move |cx: &mut Context<'_, Link>, _: &mut Inbox| {
            let now = cx.now;
            let Some(client) = cx.machine.client() else { return };
            if let Ok(packet) = client.send(now, peer, &bytes) {
                cx.send(&packet);
            }
        };
        let _ = self.handle.call(send).await;
    }

    /// The next data of a peer, if some comes until then.
    pub(super) async fn receive(&mut self, until: Instant) -> Option<Arrived> {
        tokio::time::timeout_at(until, self.data.recv()).await.ok().flatten()
    }

    /// Gives back what it has.
    pub(super) async fn close(mut self) {
        if self.allocated.is_none() {
            return self.handle.stop().await;
        }
        let close = self.command(|client, now| {
            client.close(now);
            true
        });
        if close.await.is_ok() {
            let closed = self.answer(|event| (event == TurnEvent::Closed).then_some(Ok(())));
            // it will end by itself
            let _ = tokio::time::timeout(Duration::from_secs(1), closed).await;
        }
        self.handle.stop().await;
    }

    async fn command(
        &self,
        command: impl FnOnce(&mut TurnClient, sans_io::Instant) -> bool + Send + 'static,
    ) -> Result<(), TurnFault> {
        let run = move |cx: &mut Context<'_, Link>, _: &mut Inbox| {
            let now = cx.now;
            cx.machine.client().is_some_and(|client| command(client, now))
        };
        match self.handle.call(run).await {
            Ok(true) => Ok(()),
            _ => Err(TurnFault::Disconnected),
        }
    }

    /// Waits for an event that answers.
    async fn answer<T>(
        &mut self,
        mut wanted: impl FnMut(TurnEvent) -> Option<Result<T, TurnFault>>,
    ) -> Result<T, TurnFault> {
        let until = Instant::now() + PATIENCE;
        loop {
            match tokio::time::timeout_at(until, self.events.recv()).await {
                Err(_) => return Err(TurnFault::TimedOut),
                Ok(None) => return Err(TurnFault::Disconnected),
                Ok(Some(LinkEvent::Turn(event))) => {
                    if let TurnEvent::PermissionInstalled { address } = event {
                        self.permitted.insert(address);
                    }
                    if let Some(answer) = wanted(event) {
                        return answer;
                    }
                }
                Ok(Some(_)) => {}
            }
        }
    }
}
