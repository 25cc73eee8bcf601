//! What an operator asks and changes while a server runs.
use super::{Traffic, TurnServer, Users};
use crate::PeerPolicy;
use alloc::vec::Vec;
use core::net::IpAddr;
use sans_io::DropCounters;
use thiserror::Error;

/// Users of another realm came, whose keys fit nothing that clients were told.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Error)]
#[error("the realm cannot change while the server runs")]
pub struct RealmChanged;

impl TurnServer {
    /// How many allocations there are, those included whose sockets are being opened.
    pub fn allocations(&self) -> usize {
        self.table.len()
    }

    /// How many connections of clients there are.
    pub fn connections(&self) -> usize {
        self.connections.len()
    }

    /// How often bytes were refused, and why.
    pub const fn drops(&self) -> &DropCounters {
        &self.drops
    }

    /// What was relayed since the start.
    pub const fn traffic(&self) -> Traffic {
        self.traffic
    }

    /// Has other users from now on, of a realm that it has. Allocations of those who are none any more
    /// carry on to their end, which no request of theirs puts off.
    pub fn set_users(&mut self, users: Users) -> Result<(), RealmChanged> {
        self.realms.set_users(users).ok_or(RealmChanged)
    }

    /// Has another policy from now on. Permissions that are there last to their end, five minutes
    /// at most.
    pub fn set_peers(&mut self, peers: PeerPolicy) {
        self.addressing.policy = peers;
    }

    /// Knows these as the other addresses of its host from now on, see
    /// [`TurnServerConfig::own`](crate::TurnServerConfig::own).
    pub fn set_own(&mut self, own: Vec<IpAddr>) {
        self.addressing.own = own;
    }

    /// Makes no new allocation from now on: who asks for one gets 508, and goes to another server.
    /// Those that are there live on.
    pub const fn drain(&mut self) {
        self.draining = true;
    }

    /// Whether it is to [`drain`](Self::drain).
    pub const fn is_draining(&self) -> bool {
        self.draining
    }
}
