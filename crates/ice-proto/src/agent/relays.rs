//! What relays are asked for on behalf of the session: to let the peer's addresses through, and for
//! a channel to the peer once a relayed pair is in use (RFC 8445 §7.2.1 and §12.1).
use super::IceAgent;
use crate::{Base, IceSession, PairId};
use alloc::vec::Vec;
use core::net::IpAddr;
use sans_io::Instant;

/// A peer's address that a relay was asked to let through.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
struct Permission {
    relay: Base,
    peer: IpAddr,
    /// It was given.
    granted: bool,
}

impl Permission {
    fn is_for(&self, relay: Base, peer: IpAddr) -> bool {
        self.relay == relay && self.peer == peer
    }
}

/// What was asked for already.
#[derive(Debug, Default)]
pub(super) struct RelayRequests {
    /// What relays have not refused.
    permissions: Vec<Permission>,
    /// The pair whose channel was asked for.
    channel: Option<PairId>,
}

impl RelayRequests {
    /// A relay is gone.
    pub(super) fn forget(&mut self, relay: Base) {
        self.permissions.retain(|asked| asked.relay != relay);
    }

    /// A relay lets this address through, or does not: then it is asked again for a pair that comes
    /// later.
    pub(super) fn answered(&mut self, relay: Base, peer: IpAddr, granted: bool) {
        if granted {
            let mut asked = self.permissions.iter_mut();
            if let Some(asked) = asked.find(|asked| asked.is_for(relay, peer)) {
                asked.granted = true;
            }
        } else {
            self.permissions.retain(|asked| !asked.is_for(relay, peer));
        }
    }
}

impl IceAgent {
    /// Asks for what pairs wait for, once for each address.
    pub(super) fn ask_relays(&mut self, now: Instant) {
        if !self.gathering.has_relays() {
            return;
        }
        let mut wanted: Vec<Permission> = Vec::new();
        let mut granted: Vec<Permission> = Vec::new();
        for (relay, peer) in self.sessions.iter().flat_map(IceSession::awaited_permissions) {
            let known = self.relay_requests.permissions.iter().chain(&wanted);
            match known.copied().find(|asked| asked.is_for(relay, peer)) {
                None => wanted.push(Permission { relay, peer, granted: false }),
                Some(given) if given.granted => granted.push(given),
                Some(_) => {}
            }
        }
        // Another generation had asked for it.
        for Permission { relay, peer, .. } in granted {
            self.sessions.newest.permission(now, relay, peer, true);
        }
        self.relay_requests.permissions.extend_from_slice(&wanted);
        while let Some(Permission { relay, .. }) = wanted.first().copied() {
            let of_it = wanted.extract_if(.., |asked| asked.relay == relay);
            let peers: Vec<IpAddr> = of_it.map(|asked| asked.peer).collect();
            self.gathering.permit(now, relay, &peers);
        }
        if let Some((id, path)) = self.sessions.newest.active()
            && self.relay_requests.channel != Some(id)
            && self.gathering.is_relay(Base::of(path))
        {
            self.relay_requests.channel = Some(id);
            self.gathering.bind_channel(now, Base::of(path), path.remote());
        }
    }
}
