//! Where the server itself is: its listeners and relay addresses, as clients may reach them through
//! the relay, and as a NAT in front of it shows them (RFC 8656 §21.1.7, §21.4).
use crate::PeerPolicy;
use alloc::vec::Vec;
use core::{
    net::{IpAddr, SocketAddr},
    ops::RangeInclusive,
};
use stun_proto::attribute::AddressFamily;

/// An address that relay sockets are bound to, and what clients are told instead where a one-to-one
/// NAT stands before the server.
///
/// ```
/// use turn_proto::RelayAddress;
/// let plain = RelayAddress::new("198.51.100.1".parse()?);
/// let behind = RelayAddress::new("10.0.0.5".parse()?).advertised_as("198.51.100.1".parse()?);
/// assert_eq!(plain.advertised(), behind.advertised());
/// # Ok::<(), core::net::AddrParseError>(())
/// ```
#[derive(Clone, Copy, Debug, PartialEq, Eq, Hash)]
pub struct RelayAddress {
    bound: IpAddr,
    advertised: IpAddr,
}

impl RelayAddress {
    /// An address of this host that everybody reaches as it is.
    pub const fn new(bound: IpAddr) -> Self {
        Self { bound, advertised: bound }
    }

    /// Tells clients another address of the same family. Whatever stands there must pass packets
    /// on with their ports unchanged.
    #[must_use]
    pub const fn advertised_as(mut self, address: IpAddr) -> Self {
        self.advertised = address;
        self
    }

    /// What sockets are bound to.
    pub const fn bound(&self) -> IpAddr {
        self.bound
    }

    /// What clients are told.
    pub const fn advertised(&self) -> IpAddr {
        self.advertised
    }
}

/// What is the server's own, and what its policy says of all else. Peers are named here as the
/// relay sockets see them (see [`to_bound`](Self::to_bound)).
#[derive(Debug)]
pub(super) struct RelayAddressing {
    pub listeners: Vec<SocketAddr>,
    pub relays: Vec<RelayAddress>,
    /// What else this host is known by.
    pub own: Vec<IpAddr>,
    pub ports: RangeInclusive<u16>,
    pub policy: PeerPolicy,
}

impl RelayAddressing {
    /// Whether there is a relay address of a family.
    pub(super) fn has_relay(&self, family: AddressFamily) -> bool {
        self.relays.iter().any(|relay| AddressFamily::of(relay.bound) == family)
    }

    /// The relay addresses of a family, as a client is to be served from them: the one that it came
    /// to, if that relays, for it is known to be reached from there; then the others, from anyone on.
    pub(super) fn relays_for(
        &self,
        family: AddressFamily,
        listener: IpAddr,
        anyone: u32,
    ) -> Vec<IpAddr> {
        let of_family = self.relays.iter().filter(|relay| AddressFamily::of(relay.bound) == family);
        let mut all: Vec<IpAddr> = of_family.map(|relay| relay.bound).collect();
        let turn = anyone as usize % all.len().max(1);
        all.rotate_left(turn);
        all.sort_by_key(|bound| *bound != listener);
        all
    }

    /// A peer as a client names it, turned into the peer as the sockets see it: what is advertised
    /// of ours becomes what it is bound to.
    pub(super) fn to_bound(&self, peer: IpAddr) -> IpAddr {
        let relay = self.relays.iter().find(|relay| relay.advertised == peer);
        relay.map_or(peer, |relay| relay.bound)
    }

    /// The other way around.
    pub(super) fn to_advertised(&self, peer: IpAddr) -> IpAddr {
        let relay = self.relays.iter().find(|relay| relay.bound == peer);
        relay.map_or(peer, |relay| relay.advertised)
    }

    /// A relayed address as clients are told it.
    pub(super) fn relayed(&self, bound: SocketAddr) -> SocketAddr {
        SocketAddr::new(self.to_advertised(bound.ip()), bound.port())
    }

    /// Whether an address is one that relay sockets may have.
    pub(super) fn is_relayed(&self, address: SocketAddr) -> bool {
        self.relays.iter().any(|relay| relay.bound == address.ip())
            && self.ports.contains(&address.port())
            && !self.listeners.contains(&address)
    }

    /// Whether a permission may be installed for this address.
    pub(super) fn allows_address(&self, peer: IpAddr) -> bool {
        if self.relays.iter().any(|relay| relay.bound == peer) {
            return true; // to other relayed addresses; `allows` looks at the port
        }
        self.allows_other(peer)
    }

    /// Whether packets may go to this peer.
    pub(super) fn allows(&self, peer: SocketAddr) -> bool {
        if peer.port() == 0 || self.listeners.contains(&peer) {
            return false; // through its own listener a relay could be made to talk to itself
        }
        if self.relays.iter().any(|relay| relay.bound == peer.ip()) {
            return self.ports.contains(&peer.port()) || self.policy.allows_explicitly(peer.ip());
        }
        self.allows_other(peer.ip())
    }

    /// Whether what stands there must be an allocation to be reached: at the address of relays
    /// other programs have ports as well.
    pub(super) fn must_be_relay(&self, peer: SocketAddr) -> bool {
        self.relays.iter().any(|relay| relay.bound == peer.ip())
            && !self.policy.allows_explicitly(peer.ip())
    }

    /// Whether this host's other addresses, the hosts around it and the rest of the world may be
    /// reached. Its own addresses are public where it stands in public, yet its services are not.
    fn allows_other(&self, peer: IpAddr) -> bool {
        if peer != peer.to_canonical() {
            return false; // IPv4 in the guise of IPv6, which an IPv6 socket may well send to
        }
        let own = self.is_own(peer) || PeerPolicy::embedded(peer).any(|inside| self.is_own(inside));
        if own { self.policy.allows_explicitly(peer) } else { self.policy.allows(peer) }
    }

    fn is_own(&self, address: IpAddr) -> bool {
        self.own.contains(&address)
            || self.listeners.iter().any(|listener| listener.ip() == address)
            || self.relays.iter().any(|relay| [relay.bound, relay.advertised].contains(&address))
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use alloc::vec;

    fn addressing(policy: PeerPolicy) -> RelayAddressing {
        let relay = |text: &str| RelayAddress::new(text.parse().unwrap());
        RelayAddressing {
            listeners: vec!["9.9.9.1:3478".parse().unwrap(), "9.9.9.2:50000".parse().unwrap()],
            relays: vec![
                relay("9.9.9.2"),
                relay("fd00::5").advertised_as("2a00::5".parse().unwrap()),
            ],
            own: Vec::new(),
            ports: 49_152..=65_535,
            policy,
        }
    }

    fn allows(addressing: &RelayAddressing, peer: &str) -> bool {
        addressing.allows(peer.parse().unwrap())
    }

    #[test]
    fn own_addresses_lead_to_relayed_addresses_only() {
        let addressing = addressing(PeerPolicy::global_only());
        assert!(addressing.allows_address("9.9.9.2".parse().unwrap()));
        assert!(allows(&addressing, "9.9.9.2:49152"));
        assert!(!allows(&addressing, "9.9.9.2:22"), "another service of the host");
        assert!(!allows(&addressing, "9.9.9.2:50000"), "a listener within the range");
        assert!(!allows(&addressing, "9.9.9.1:3478"), "a listener");
        assert!(!allows(&addressing, "9.9.9.1:50000"), "the host of a listener");
        assert!(!addressing.allows_address("9.9.9.1".parse().unwrap()));
        assert!(allows(&addressing, "9.9.9.3:22"));
        assert!(!allows(&addressing, "9.9.9.3:0"));
    }

    #[test]
    fn own_addresses_are_known_within_others() {
        let addressing = addressing(PeerPolicy::global_only());
        for peer in ["[64:ff9b::909:902]:50001", "[2002:909:901::1]:80"] {
            assert!(!allows(&addressing, peer), "{peer}");
        }
        assert!(allows(&addressing, "[64:ff9b::909:903]:80"));
    }

    #[test]
    fn an_advertised_address_is_turned_into_the_bound_one_and_back() {
        let addressing = addressing(PeerPolicy::global_only());
        let (bound, advertised) = ("fd00::5".parse().unwrap(), "2a00::5".parse().unwrap());
        assert_eq!(addressing.to_bound(advertised), bound);
        assert_eq!(addressing.to_advertised(bound), advertised);
        let other = "2a00::6".parse().unwrap();
        assert_eq!((addressing.to_bound(other), addressing.to_advertised(other)), (other, other));
        assert!(allows(&addressing, "[fd00::5]:50001"));
        assert!(!allows(&addressing, "[fd00::5]:80"));
        assert!(!allows(&addressing, "[fd00::6]:50001"));
    }

    #[test]
    fn mapped_addresses_are_no_peers_whatever_is_allowed() {
        let policy = PeerPolicy::global_only().allow("::/0".parse().unwrap());
        let addressing = addressing(policy.allow("0.0.0.0/0".parse().unwrap()));
        assert!(allows(&addressing, "8.8.8.8:1") && allows(&addressing, "[fd00::1]:1"));
        assert!(!allows(&addressing, "[::ffff:8.8.8.8]:1"));
        assert!(!allows(&addressing, "[::ffff:127.0.0.1]:1"));
    }

    #[test]
    fn an_address_that_is_named_is_allowed_except_its_listeners() {
        let wide = addressing(PeerPolicy::global_only().allow("9.9.9.0/24".parse().unwrap()));
        assert!(
            !allows(&wide, "9.9.9.2:22") && !allows(&wide, "9.9.9.1:22"),
            "a network is no name"
        );
        let policy = PeerPolicy::global_only().allow("9.9.9.1/32".parse().unwrap());
        let addressing = addressing(policy.allow("9.9.9.2/32".parse().unwrap()));
        assert!(allows(&addressing, "9.9.9.2:22"));
        assert!(allows(&addressing, "9.9.9.1:22"));
        assert!(!allows(&addressing, "9.9.9.1:3478"));
    }
}
