//! Refresh, CreatePermission and ChannelBind (RFC 8656 §8.2, §10.2, §12.2).
use super::{
    AllocationEnd, TurnServer, allocation::Allocation, auth::Identity, channels::BindFault,
    relays::Relay, table::AllocationId,
};
use crate::lifetime::granted;
use alloc::vec::Vec;
use core::net::{IpAddr, SocketAddr};
use sans_io::{Instant, Path, Transport, Verdict};
use stun_proto::{
    AttributeType, Message,
    attribute::{
        self, AddressFamily, Code, Lifetime, MobilityTicket, RequestedAddressFamily, XorPeerAddress,
    },
};

impl TurnServer {
    pub(super) fn refresh(
        &mut self,
        now: Instant,
        path: Path,
        identity: &Identity,
        message: &Message<'_>,
    ) -> Verdict<'static> {
        if let Some(ticket) = message.get::<MobilityTicket<'_>>() {
            return self.refresh_moved(now, path, identity, message, ticket);
        }
        match self.allocation_of(&path, identity).map(|(id, _)| id) {
            Ok(id) => self.refresh_allocation(now, path, id, identity, message),
            Err(code) => self.refuse(path, identity, message, code),
        }
    }

    pub(super) fn refresh_allocation(
        &mut self,
        now: Instant,
        path: Path,
        id: AllocationId,
        identity: &Identity,
        message: &Message<'_>,
    ) -> Verdict<'static> {
        let Some(allocation) = self.table.get(id) else {
            return self.refuse(path, identity, message, Code::ALLOCATION_MISMATCH);
        };
        let requested = message.get::<RequestedAddressFamily>().map(RequestedAddressFamily::family);
        let relays = allocation.relays;
        let is_meant = |family| requested.is_none_or(|requested| requested == Some(family));
        let meant: Vec<AddressFamily> =
            relays.iter().map(Relay::family).filter(|family| is_meant(*family)).collect();
        if meant.is_empty() {
            return self.refuse(path, identity, message, Code::PEER_ADDRESS_FAMILY_MISMATCH);
        }
        let asked = message.get::<Lifetime>().map(|lifetime| lifetime.0);
        if asked == Some(0) {
            if meant.len() == relays.len() {
                self.end(id, AllocationEnd::Deleted);
            } else {
                for family in meant {
                    self.end_family(id, family);
                }
            }
            return self.accept(path, identity, message, |reply| reply.push(&Lifetime(0)));
        }
        let lifetime = granted(asked, self.limits.default_lifetime, self.limits.max_lifetime);
        let lifetime = identity.limit(now, lifetime);
        let expires = now.saturating_add(lifetime);
        if let Some(allocation) = self.table.get_mut(id) {
            allocation.session = identity.session_key();
            for family in meant {
                if let Some(relay) = allocation.relays.get_mut(family) {
                    relay.expires = expires;
                }
            }
        }
        self.rearm(id);
        let shown = message.has(AttributeType::MOBILITY_TICKET);
        let ticket = shown.then(|| self.ticket_of(id)).flatten();
        self.accept(path, identity, message, |reply| {
            reply.push(&Lifetime(lifetime.as_secs() as u32));
            if let Some(ticket) = &ticket {
                reply.push(&MobilityTicket(ticket));
            }
        })
    }

    pub(super) fn create_permission(
        &mut self,
        now: Instant,
        path: Path,
        identity: &Identity,
        message: &Message<'_>,
    ) -> Verdict<'static> {
        let installed = self.install_permissions(now, &path, identity, message);
        match installed {
            Ok(()) => self.accept(path, identity, message, |_| {}),
            Err(code) => self.refuse(path, identity, message, code),
        }
    }

    fn install_permissions(
        &mut self,
        now: Instant,
        path: &Path,
        identity: &Identity,
        message: &Message<'_>,
    ) -> Result<(), Code> {
        let (id, allocation) = self.allocation_of(path, identity)?;
        let relays = allocation.relays;
        let limit = self.limits.permissions;
        // One more than may be is enough to see that there are too many.
        let peers: Vec<IpAddr> = message
            .get_all::<XorPeerAddress>()
            .map(|peer| peer.0.ip())
            .take(limit.saturating_add(1))
            .collect();
        if peers.is_empty() {
            return Err(Code::BAD_REQUEST);
        }
        if peers.len() > limit {
            return Err(Code::INSUFFICIENT_CAPACITY);
        }
        if peers.iter().any(|peer| !relays.reach(*peer)) {
            return Err(Code::PEER_ADDRESS_FAMILY_MISMATCH);
        }
        let peers: Vec<IpAddr> =
            peers.into_iter().map(|peer| self.addressing.to_bound(peer)).collect();
        if !peers.iter().all(|peer| self.addressing.allows_address(*peer)) {
            return Err(Code::FORBIDDEN);
        }
        let allocation = self.table.get_mut(id).ok_or(Code::ALLOCATION_MISMATCH)?;
        let installed = allocation.permissions.install(&peers, now, limit);
        installed.map_err(|_| Code::INSUFFICIENT_CAPACITY)
    }

    pub(super) fn channel_bind(
        &mut self,
        now: Instant,
        path: Path,
        identity: &Identity,
        message: &Message<'_>,
    ) -> Verdict<'static> {
        match self.bind_channel(now, &path, identity, message) {
            Ok(()) => self.accept(path, identity, message, |_| {}),
            Err(code) => self.refuse(path, identity, message, code),
        }
    }

    fn bind_channel(
        &mut self,
        now: Instant,
        path: &Path,
        identity: &Identity,
        message: &Message<'_>,
    ) -> Result<(), Code> {
        let (id, allocation) = self.allocation_of(path, identity)?;
        if allocation.transport != Transport::Udp {
            return Err(Code::BAD_REQUEST);
        }
        let number = message.get::<attribute::ChannelNumber>().ok_or(Code::BAD_REQUEST)?;
        let number = self.channels.number(number.0).ok_or(Code::BAD_REQUEST)?;
        let peer = message.get::<XorPeerAddress>().ok_or(Code::BAD_REQUEST)?.0;
        if !allocation.relays.reach(peer.ip()) {
            return Err(Code::PEER_ADDRESS_FAMILY_MISMATCH);
        }
        let peer = SocketAddr::new(self.addressing.to_bound(peer.ip()), peer.port());
        if !self.addressing.allows(peer) {
            return Err(Code::FORBIDDEN);
        }
        let (channels, permissions) = (self.limits.channels, self.limits.permissions);
        let allocation = self.table.get_mut(id).ok_or(Code::ALLOCATION_MISMATCH)?;
        allocation.channels.check(number, peer, now, channels).map_err(code_of)?;
        let installed = allocation.permissions.install(&[peer.ip()], now, permissions);
        installed.map_err(|_| Code::INSUFFICIENT_CAPACITY)?;
        allocation.channels.bind(number, peer, now, channels).map_err(code_of)
    }

    /// The allocation of this client, if it is this user's (RFC 8656 §5).
    pub(super) fn allocation_of(
        &self,
        client: &Path,
        identity: &Identity,
    ) -> Result<(AllocationId, &Allocation), Code> {
        let found = self.open_allocation(client);
        let (id, allocation) = found.ok_or(Code::ALLOCATION_MISMATCH)?;
        if allocation.user == identity.user {
            Ok((id, allocation))
        } else {
            Err(Code::WRONG_CREDENTIALS)
        }
    }
}

const fn code_of(fault: BindFault) -> Code {
    match fault {
        BindFault::Conflict => Code::BAD_REQUEST,
        BindFault::TooMany => Code::INSUFFICIENT_CAPACITY,
    }
}
