//! The relayed addresses of one allocation: one, or one of each family (RFC 8656 §6, §7.2).
use crate::per_family::PerFamily;
use core::net::{IpAddr, SocketAddr};
use sans_io::{Instant, SocketId};
use stun_proto::attribute::AddressFamily;

/// One relayed address.
#[derive(Clone, Copy, Debug)]
pub(super) struct Relay {
    /// Its socket.
    pub socket: SocketId,
    /// Where that socket is bound.
    pub bound: SocketAddr,
    /// The socket is there.
    pub is_open: bool,
    /// How many ports turned out to be taken by others.
    pub attempts: u8,
    /// The end of it, once it is open.
    pub expires: Instant,
}

impl Relay {
    /// One whose socket is still to be opened.
    pub(super) const fn new(socket: SocketId, bound: SocketAddr) -> Self {
        Self { socket, bound, is_open: false, attempts: 1, expires: Instant::FAR }
    }

    pub(super) const fn family(&self) -> AddressFamily {
        AddressFamily::of(self.bound.ip())
    }
}

/// At most one of each family.
#[derive(Clone, Copy, Debug, Default)]
pub(super) struct Relays(PerFamily<Relay>);

impl Relays {
    /// Takes one in, in the place of another of its family.
    pub(super) fn insert(&mut self, relay: Relay) {
        self.0.insert(relay.family(), relay);
    }

    pub(super) const fn remove(&mut self, family: AddressFamily) -> Option<Relay> {
        self.0.remove(family)
    }

    pub(super) const fn get_mut(&mut self, family: AddressFamily) -> Option<&mut Relay> {
        self.0.get_mut(family)
    }

    /// The one that packets to this peer leave from.
    pub(super) const fn towards(&self, peer: IpAddr) -> Option<&Relay> {
        self.0.of(peer)
    }

    /// Whether packets to this peer have somewhere to leave from.
    pub(super) const fn reach(&self, peer: IpAddr) -> bool {
        self.towards(peer).is_some()
    }

    /// The one with this socket.
    pub(super) fn of_socket(&self, socket: SocketId) -> Option<&Relay> {
        self.iter().find(|relay| relay.socket == socket)
    }

    /// IPv4 first.
    pub(super) fn iter(&self) -> impl Iterator<Item = &Relay> {
        self.0.iter()
    }

    pub(super) fn iter_mut(&mut self) -> impl Iterator<Item = &mut Relay> {
        self.0.iter_mut()
    }

    pub(super) fn len(&self) -> usize {
        self.0.len()
    }

    pub(super) fn are_open(&self) -> bool {
        self.iter().all(|relay| relay.is_open)
    }

    /// The first end of one.
    pub(super) fn next_end(&self) -> Option<Instant> {
        self.iter().map(|relay| relay.expires).min()
    }
}
