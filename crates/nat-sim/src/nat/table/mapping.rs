//! One mapping: what it is found by, whom it lets in, how long it lives.
use super::{Dependence, Lifetime, TcpState, TcpTimes};
use crate::{Protocol, Segment};
use sans_io::Instant;
use std::{
    collections::BTreeMap,
    net::{IpAddr, SocketAddr},
};

/// What a mapping is found by from the inside: the socket, and as much of the remote address as
/// the mapping depends on.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Hash)]
pub(super) struct Key {
    pub(super) protocol: Protocol,
    pub(super) internal: SocketAddr,
    pub(super) remote: Option<(IpAddr, u16)>,
}

/// What is kept of one remote; all of it is about TCP.
#[derive(Clone, Copy, Debug, Default)]
pub(super) struct Session {
    pub(super) tcp: TcpState,
    pub(super) until: Instant,
}

#[derive(Debug)]
pub(super) struct Mapping {
    pub(super) key: Key,
    pub(super) external: SocketAddr,
    pub(super) born: Instant,
    pub(super) until: Instant,
    pub(super) replied: bool,
    /// Whom the inside has sent to: the filter lets these in.
    pub(super) remotes: BTreeMap<SocketAddr, Session>,
}

impl Mapping {
    pub(super) fn admits(&self, filtering: Dependence, remote: SocketAddr) -> bool {
        match filtering {
            Dependence::Endpoint => true,
            Dependence::Address => {
                let first = SocketAddr::new(remote.ip(), 0);
                let last = SocketAddr::new(remote.ip(), u16::MAX);
                self.remotes.range(first..=last).next().is_some()
            }
            Dependence::AddressAndPort => self.remotes.contains_key(&remote),
        }
    }

    /// A segment passes: its session gets the time of its state, and the mapping that of the
    /// session that lives longest.
    pub(super) fn track(
        &mut self,
        now: Instant,
        remote: SocketAddr,
        s: &Segment,
        inside: bool,
        t: &TcpTimes,
    ) {
        let session = self.remotes.entry(remote).or_default();
        session.tcp = session.tcp.after(s, inside);
        let time = match session.tcp {
            TcpState::Established | TcpState::HalfClosed { .. } => t.established,
            TcpState::Closed | TcpState::Init { .. } => t.opening,
            TcpState::Closing | TcpState::Trans => t.closing,
        };
        session.until = now.saturating_add(time);
        self.until = self.remotes.values().map(|session| session.until).max().unwrap_or(now);
    }

    pub(super) fn refresh(&mut self, now: Instant, lifetime: &Lifetime) {
        let idle = if self.replied { lifetime.idle } else { lifetime.unreplied };
        let end = lifetime.absolute.map_or(Instant::FAR, |whole| self.born.saturating_add(whole));
        self.until = now.saturating_add(idle).min(end);
    }
}
