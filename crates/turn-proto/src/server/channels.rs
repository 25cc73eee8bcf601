//! The channels of one allocation (RFC 8656 §12).
use crate::{CHANNEL_LIFETIME, ChannelNumber};
use alloc::vec::Vec;
use core::net::{IpAddr, SocketAddr};
use sans_io::Instant;

/// Channels by number and by peer; each is found by binary search, as relaying wants it.
#[derive(Debug, Default)]
pub(super) struct Channels {
    /// Sorted by number.
    bindings: Vec<Binding>,
    /// Sorted by peer.
    by_peer: Vec<(SocketAddr, ChannelNumber)>,
}

#[derive(Clone, Copy, Debug)]
struct Binding {
    number: ChannelNumber,
    peer: SocketAddr,
    expires: Instant,
}

/// Why a channel cannot be bound.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(super) enum BindFault {
    /// The number is bound to another peer, or the peer to another number.
    Conflict,
    /// There are as many channels as there may be.
    TooMany,
}

impl Channels {
    /// The peer that the channel is bound to.
    pub(super) fn peer(&self, number: ChannelNumber, now: Instant) -> Option<SocketAddr> {
        let at = self.find(number).ok()?;
        let binding = self.bindings[at];
        (binding.expires > now).then_some(binding.peer)
    }

    /// The channel that the peer is bound to.
    pub(super) fn number(&self, peer: SocketAddr, now: Instant) -> Option<ChannelNumber> {
        let at = self.by_peer.binary_search_by_key(&peer, |(peer, _)| *peer).ok()?;
        let number = self.by_peer[at].1;
        self.peer(number, now).map(|_| number)
    }

    /// Whether [`bind`](Self::bind) would succeed.
    pub(super) fn check(
        &self,
        number: ChannelNumber,
        peer: SocketAddr,
        now: Instant,
        limit: usize,
    ) -> Result<(), BindFault> {
        match (self.peer(number, now), self.number(peer, now)) {
            (Some(bound), _) if bound == peer => Ok(()),
            (None, None) => {
                let live = self.bindings.iter().filter(|binding| binding.expires > now).count();
                if live < limit { Ok(()) } else { Err(BindFault::TooMany) }
            }
            _ => Err(BindFault::Conflict),
        }
    }

    /// Binds the channel to the peer, or refreshes the binding.
    pub(super) fn bind(
        &mut self,
        number: ChannelNumber,
        peer: SocketAddr,
        now: Instant,
        limit: usize,
    ) -> Result<(), BindFault> {
        self.check(number, peer, now, limit)?;
        self.clear_expired(now);
        let binding = Binding { number, peer, expires: now.saturating_add(CHANNEL_LIFETIME) };
        match self.find(number) {
            Ok(at) => self.bindings[at] = binding,
            Err(at) => {
                self.bindings.insert(at, binding);
                let at = self.by_peer.partition_point(|(other, _)| *other < peer);
                self.by_peer.insert(at, (peer, number));
            }
        }
        Ok(())
    }

    /// Keeps those to some addresses.
    pub(super) fn retain(&mut self, keep: impl Fn(IpAddr) -> bool) {
        self.bindings.retain(|binding| keep(binding.peer.ip()));
        self.by_peer.retain(|(peer, _)| keep(peer.ip()));
    }

    fn clear_expired(&mut self, now: Instant) {
        self.bindings.retain(|binding| binding.expires > now);
        let bindings = &self.bindings;
        self.by_peer.retain(|(_, number)| {
            bindings.binary_search_by_key(number, |binding| binding.number).is_ok()
        });
    }

    fn find(&self, number: ChannelNumber) -> Result<usize, usize> {
        self.bindings.binary_search_by_key(&number, |binding| binding.number)
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    const A: ChannelNumber = ChannelNumber::MIN;
    const B: ChannelNumber = ChannelNumber::MAX;

    fn peer(port: u16) -> SocketAddr {
        SocketAddr::from(([192, 0, 2, 1], port))
    }

    #[test]
    fn a_channel_lasts_ten_minutes_from_its_last_binding() {
        let mut channels = Channels::default();
        channels.bind(A, peer(1), Instant::from_secs(0), 9).unwrap();
        channels.bind(A, peer(1), Instant::from_secs(500), 9).unwrap();
        assert_eq!(channels.peer(A, Instant::from_secs(1099)), Some(peer(1)));
        assert_eq!(channels.number(peer(1), Instant::from_secs(1099)), Some(A));
        assert_eq!(channels.peer(A, Instant::from_secs(1100)), None);
        assert_eq!(channels.number(peer(1), Instant::from_secs(1100)), None);
    }

    #[test]
    fn a_number_has_one_peer_and_a_peer_one_number() {
        let mut channels = Channels::default();
        let now = Instant::from_secs(0);
        channels.bind(A, peer(1), now, 9).unwrap();
        assert_eq!(channels.bind(A, peer(2), now, 9), Err(BindFault::Conflict));
        assert_eq!(channels.bind(B, peer(1), now, 9), Err(BindFault::Conflict));
        channels.bind(B, peer(2), now, 9).unwrap();
        assert_eq!(channels.bind(A, peer(2), now, 9), Err(BindFault::Conflict));
        // Another port of the same host is another peer.
        assert_eq!(channels.number(peer(3), now), None);
    }

    #[test]
    fn an_expired_channel_can_be_bound_anew() {
        let mut channels = Channels::default();
        channels.bind(A, peer(1), Instant::from_secs(0), 1).unwrap();
        let later = Instant::from_secs(600);
        assert_eq!(channels.bind(B, peer(2), Instant::from_secs(599), 1), Err(BindFault::TooMany));
        channels.bind(B, peer(1), later, 1).unwrap();
        assert_eq!(channels.peer(A, later), None);
        assert_eq!(channels.number(peer(1), later), Some(B));
        assert_eq!((channels.bindings.len(), channels.by_peer.len()), (1, 1));
    }
}
