//! What is to be asked of servers, each task one transaction that waits for a slot of the pacer.
use super::{GatherKey, reaches, servers::Servers};
use crate::ids::HostId;
use alloc::{collections::VecDeque, vec::Vec};
use core::{net::SocketAddr, time::Duration};
use sans_io::Instant;
use stun_proto::attribute::AddressFamily;

/// The longest wait before a relay that was lost is asked for again, as a power of two in seconds.
const BACKOFF_MAX: u32 = 6;

/// How a relay is asked for.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(crate) struct RelayPlan {
    pub key: GatherKey,
    /// Where: the server of the configuration, or the one that it sent us to.
    pub address: SocketAddr,
    /// Of which family the relayed address is to be.
    pub family: AddressFamily,
    /// How often a server sent us to another one.
    pub redirects: u8,
    /// How often a socket of its own was opened for it.
    pub sockets: u8,
    /// How often it was lost again, or could not be had again.
    pub losses: u32,
}

/// A transaction to come.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(super) enum Task {
    /// Ask how the server sees the socket.
    Mapping { key: GatherKey, server: SocketAddr },
    /// Ask for a relayed address.
    Relay(RelayPlan),
}

impl Task {
    const fn key(&self) -> GatherKey {
        match self {
            Self::Mapping { key, .. } => *key,
            Self::Relay(plan) => plan.key,
        }
    }
}

/// All of them, in the order of their turns, and relays that are asked for again later.
#[derive(Debug, Default)]
pub(super) struct Tasks {
    ready: VecDeque<Task>,
    later: Vec<Later>,
}

/// A relay that is asked for again.
#[derive(Clone, Copy, Debug)]
struct Later {
    at: Instant,
    plan: RelayPlan,
}

impl Tasks {
    /// Everything that can be asked through the socket of a host.
    pub(super) fn ask_all(
        &mut self,
        host: HostId,
        base: SocketAddr,
        servers: &Servers,
        mappings: bool,
        have_ipv4: bool,
    ) {
        for (server, about) in servers.iter().filter(|(_, about)| reaches(base, about.address)) {
            let (key, address) = (GatherKey { host, server }, about.address);
            if about.account.is_some() {
                let family = relay_family(base, have_ipv4);
                let plan = RelayPlan { key, address, family, redirects: 0, sockets: 0, losses: 0 };
                self.ask_relay(plan);
            } else if mappings {
                self.ask_mapping(key, address);
            }
        }
    }

    pub(super) fn ask_mapping(&mut self, key: GatherKey, server: SocketAddr) {
        self.ready.push_back(Task::Mapping { key, server });
    }

    pub(super) fn ask_relay(&mut self, plan: RelayPlan) {
        self.ready.push_back(Task::Relay(plan));
    }

    /// Asks for a relay again that was lost: at once the first time, then after longer and longer
    /// waits.
    pub(super) fn ask_again(&mut self, now: Instant, plan: RelayPlan) {
        let plan = RelayPlan { losses: plan.losses.saturating_add(1), ..plan };
        let wait = match plan.losses {
            0 | 1 => Duration::ZERO,
            losses => Duration::from_secs(1 << (losses - 2).min(BACKOFF_MAX)),
        };
        if wait.is_zero() {
            self.ask_relay(plan);
        } else {
            self.later.push(Later { at: now.saturating_add(wait), plan });
        }
    }

    /// Relays whose wait is over are asked for.
    pub(super) fn wake(&mut self, now: Instant) {
        let due = self.later.iter().filter(|later| later.at <= now).map(|later| later.plan);
        self.ready.extend(due.map(Task::Relay));
        self.later.retain(|later| later.at > now);
    }

    /// When [`wake`](Self::wake) has something to do.
    pub(super) fn next_wake(&self) -> Option<Instant> {
        self.later.iter().map(|later| later.at).min()
    }

    /// Whether this server is to be asked through this socket.
    pub(super) fn are_to_ask(&self, key: GatherKey) -> bool {
        let later = self.later.iter().map(|later| later.plan.key);
        self.ready.iter().map(Task::key).chain(later).any(|known| known == key)
    }

    pub(super) fn pop(&mut self) -> Option<Task> {
        self.ready.pop_front()
    }

    /// Whether anything waits for a slot.
    pub(super) fn is_waiting(&self) -> bool {
        !self.ready.is_empty()
    }

    pub(super) fn len(&self) -> usize {
        self.ready.len()
    }

    /// The socket of a host is gone.
    pub(super) fn forget(&mut self, host: HostId) {
        self.ready.retain(|task| task.key().host != host);
        self.later.retain(|later| later.plan.key.host != host);
    }

    pub(super) fn clear(&mut self) {
        *self = Self::default();
    }
}

/// Which relayed address to ask for from this socket: one of its own family, and of IPv4 where the
/// host has no IPv4 of its own, since nothing else gets it to peers that have only that.
pub(super) fn relay_family(base: SocketAddr, have_ipv4: bool) -> AddressFamily {
    if base.is_ipv4() || !have_ipv4 { AddressFamily::V4 } else { AddressFamily::V6 }
}
