//! What an operator asks and changes while a server runs.
use super::{Accounts, Reporter, ServeError, watch};
use crate::driver::{Handle, Stats, Stopped};
use sans_io::{DropCounters, Instant};
use thiserror::Error;
use turn_proto::{PeerPolicy, Traffic, TurnServer};

/// Reaches a [`TurnService`](crate::TurnService) from anywhere. While there is one of these the
/// server runs on, unless it is stopped.
#[derive(Clone, Debug)]
pub struct TurnControl {
    pub(super) realm: String,
    /// One for each core.
    pub(super) handles: Vec<Handle<TurnServer, Reporter>>,
}

/// Why nothing was changed.
#[derive(Debug, Error)]
#[non_exhaustive]
pub enum ControlError {
    /// The server has ended.
    #[error(transparent)]
    Stopped(#[from] Stopped),
    /// The accounts are of no use.
    #[error(transparent)]
    Accounts(#[from] ServeError),
    /// There is no such realm.
    #[error(transparent)]
    Realm(#[from] turn_proto::RealmChanged),
}

/// How a server does.
#[derive(Clone, Debug, Default)]
#[non_exhaustive]
pub struct TurnSnapshot {
    /// Allocations there are.
    pub allocations: usize,
    /// Connections of clients over TCP and TLS.
    pub connections: usize,
    /// Whether it makes no new allocations.
    pub draining: bool,
    /// What was relayed since the start.
    pub traffic: Traffic,
    /// How often bytes were refused, and why.
    pub drops: DropCounters,
    /// What the sockets did.
    pub sockets: Stats,
    /// Events that nobody took in time.
    pub untold_events: u64,
}

impl TurnControl {
    /// Has other accounts from now on. Allocations of users who are gone end when they are due, and
    /// nobody loses a packet.
    pub async fn set_accounts(&self, accounts: &Accounts) -> Result<(), ControlError> {
        self.set_accounts_of(&self.realm, accounts).await
    }

    /// Has other accounts in a realm that has listeners of its own, likewise.
    pub async fn set_accounts_of(
        &self,
        realm: &str,
        accounts: &Accounts,
    ) -> Result<(), ControlError> {
        let Some(first) = self.handles.first() else { return Ok(()) };
        // all of them have the same time
        let since_zero = first.call(|cx, _| cx.now).await?.saturating_since(Instant::ZERO);
        // keys are hashed here, for those who relay have better to do
        let users = accounts.users(realm, watch::unix_time().saturating_sub(since_zero))?;
        for handle in &self.handles {
            let users = users.clone();
            handle.call(|cx, _| cx.machine.set_users(users)).await??;
        }
        Ok(())
    }

    /// Has another policy from now on; permissions that are there last five minutes at most.
    pub async fn set_peers(&self, peers: PeerPolicy) -> Result<(), Stopped> {
        for handle in &self.handles {
            let peers = peers.clone();
            handle.call(|cx, _| cx.machine.set_peers(peers)).await?;
        }
        Ok(())
    }

    /// Makes no new allocations from now on.
    pub async fn drain(&self) -> Result<(), Stopped> {
        for handle in &self.handles {
            handle.call(|cx, _| cx.machine.drain()).await?;
        }
        Ok(())
    }

    /// How it does, all cores together.
    pub async fn snapshot(&self) -> Result<TurnSnapshot, Stopped> {
        let mut all = TurnSnapshot::default();
        for handle in &self.handles {
            let of_core = handle.call(|cx, reporter| TurnSnapshot {
                allocations: cx.machine.allocations(),
                connections: cx.machine.connections(),
                draining: cx.machine.is_draining(),
                traffic: cx.machine.traffic(),
                drops: *cx.machine.drops(),
                sockets: cx.stats(),
                untold_events: reporter.untold,
            });
            all.add(&of_core.await?);
        }
        Ok(all)
    }
}

impl TurnSnapshot {
    fn add(&mut self, core: &Self) {
        self.allocations += core.allocations;
        self.connections += core.connections;
        self.draining |= core.draining;
        self.traffic += core.traffic;
        self.drops = self.drops + core.drops;
        self.sockets += core.sockets;
        self.untold_events += core.untold_events;
    }
}
