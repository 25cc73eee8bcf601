//! What a server tells its operator.
use alloc::sync::Arc;
use core::{net::SocketAddr, ops::AddAssign, time::Duration};
use sans_io::{Instant, Path};
use stun_proto::attribute::Code;

/// Something worth a line in a log. What may be repeated at will, refusals, is told once a second at
/// most, with how often it was not told since.
#[derive(Clone, Debug, PartialEq, Eq)]
pub enum TurnServerEvent {
    /// A client has a relayed address.
    AllocationCreated {
        /// Between listener and client.
        client: Path,
        /// Who the client is.
        user: Arc<str>,
        /// The relayed address, as the client was told.
        relayed: SocketAddr,
        /// That of the other family, if it asked for both.
        additional: Option<SocketAddr>,
    },
    /// A client has gone on to another address, and its allocation with it.
    AllocationMoved {
        /// Between listener and client, as it was.
        from: Path,
        /// As it is.
        to: Path,
        /// Who the client is.
        user: Arc<str>,
    },
    /// An allocation is no more.
    AllocationEnded {
        /// Between listener and client.
        client: Path,
        /// Who the client was.
        user: Arc<str>,
        /// The relayed address.
        relayed: SocketAddr,
        /// Why.
        end: AllocationEnd,
        /// How long it was there.
        lasted: Duration,
        /// What it carried.
        traffic: Traffic,
    },
    /// A user who has logged in did not get an allocation.
    AllocationRefused {
        /// Between listener and client.
        client: Path,
        /// Who the client is.
        user: Arc<str>,
        /// What it was told.
        code: Code,
        /// How many more got none since the last event of this kind.
        untold: u64,
    },
    /// Somebody showed wrong credentials. Over UDP the address may be made up.
    LoginRefused {
        /// Between listener and client.
        client: Path,
        /// Who it says it is, cut to 64 bytes; `None` where that is a hash of nobody's name.
        user: Option<Arc<str>>,
        /// How many more did since the last event of this kind.
        untold: u64,
    },
}

/// Data one way.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq)]
pub struct Flow {
    /// How many datagrams.
    pub packets: u64,
    /// The bytes in them, without any header.
    pub bytes: u64,
}

/// Data that was relayed.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq)]
pub struct Traffic {
    /// From clients.
    pub to_peers: Flow,
    /// To clients.
    pub to_client: Flow,
}

impl AddAssign for Traffic {
    fn add_assign(&mut self, other: Self) {
        for (flow, more) in
            [(&mut self.to_peers, other.to_peers), (&mut self.to_client, other.to_client)]
        {
            flow.packets = flow.packets.wrapping_add(more.packets);
            flow.bytes = flow.bytes.wrapping_add(more.bytes);
        }
    }
}

impl Flow {
    pub(super) fn add(&mut self, bytes: usize) {
        self.packets = self.packets.wrapping_add(1);
        self.bytes = self.bytes.wrapping_add(bytes as u64);
    }
}

/// Tells of something once a second at most.
#[derive(Debug, Default)]
pub(super) struct Pace {
    next: Instant,
    untold: u64,
}

impl Pace {
    /// Whether to tell it, and how many were not told before.
    pub(super) fn tell(&mut self, now: Instant) -> Option<u64> {
        if now < self.next {
            self.untold = self.untold.saturating_add(1);
            return None;
        }
        self.next = now.saturating_add(Duration::from_secs(1));
        Some(core::mem::take(&mut self.untold))
    }
}

/// Why an allocation ended.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Hash)]
pub enum AllocationEnd {
    /// It was not refreshed in time.
    Expired,
    /// The client gave it up.
    Deleted,
    /// The client's connection ended. Over UDP there is none.
    Disconnected,
    /// Its socket was lost, for example since the interface went away.
    SocketLost,
}
