//! What the parent asks of a client (RFC 8656 §7.1, §8.1, §10.1, §12.1).
use super::{
    State, Timer, TurnClient,
    allocation::AllocationOptions,
    config::{RelayedFamilies, RelayedPort, RelayedTransport},
    request::Purpose,
};
use alloc::vec::Vec;
use core::net::{IpAddr, SocketAddr};
use sans_io::{Instant, canonical};
use thiserror::Error;

/// Why no allocation was asked for.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Error)]
pub enum AllocateError {
    /// There is one, or one was asked for, or one is still being given up.
    #[error("there is an allocation already")]
    Busy,
    /// The server had no room for one, and is to be left alone for a minute (RFC 8656 §7.4).
    #[error("the server is to be left alone until {until}")]
    TooSoon {
        /// When it may be asked again.
        until: Instant,
    },
    /// A port that is held back, or one with the next held back as well, is of one family (RFC 8656
    /// §7.1).
    #[error("reserved ports are of one family")]
    Contradiction,
    /// TCP is relayed for who comes over TCP or TLS, and gets any port (RFC 6062 §4.1).
    #[error("TCP is relayed over TCP and TLS only, and from any port")]
    NotAStream,
}

/// Why no permission or channel was asked for.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Error)]
pub enum PeerError {
    /// There is no allocation.
    #[error("there is no allocation")]
    NotAllocated,
    /// A peer's address is not of the family of a relayed address (RFC 8656 §10.1).
    #[error("{0} is not of the family of a relayed address")]
    WrongFamily(IpAddr),
    /// Channels carry datagrams, and the allocation relays TCP.
    #[error("the allocation relays TCP, which has no channels")]
    NotDatagrams,
    /// There would be more than the configuration allows.
    #[error("there are as many permissions or channels as there may be")]
    TooMany,
}

/// There is no allocation to refresh.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Error)]
#[error("there is no allocation")]
pub struct NotAllocated;

impl TurnClient {
    /// Asks for an allocation. [`Allocated`] or [`Failed`] follows.
    ///
    /// [`Allocated`]: crate::TurnEvent::Allocated
    /// [`Failed`]: crate::TurnEvent::Failed
    pub fn allocate(&mut self, now: Instant) -> Result<(), AllocateError> {
        let now = self.advance(now);
        let both = self.config.families == RelayedFamilies::Both;
        let reserved =
            matches!(self.config.port, RelayedPort::EvenWithNext | RelayedPort::Reserved(_));
        let tcp = self.config.relayed_transport == RelayedTransport::Tcp;
        let stream = self.path().transport().is_stream();
        match self.state {
            _ if tcp && !(stream && self.config.port == RelayedPort::Any) => {
                Err(AllocateError::NotAStream)
            }
            _ if both && reserved => Err(AllocateError::Contradiction),
            State::Idle { not_before } if now < not_before => {
                Err(AllocateError::TooSoon { until: not_before })
            }
            State::Idle { .. } => {
                self.state = State::Allocating;
                let options = AllocationOptions::new(&self.config);
                let families = self
                    .rejected
                    .map_or(options.families, |rejected| rejected.narrow(options.families, now));
                self.options = AllocationOptions { families, ..options };
                self.submit(now, Purpose::Allocate.into());
                Ok(())
            }
            State::Allocating | State::Allocated { .. } | State::Closing { .. } => {
                Err(AllocateError::Busy)
            }
        }
    }

    /// Asks for permissions for these addresses, with as few requests as they fit into, and keeps
    /// them up. [`PermissionInstalled`] or [`PermissionFailed`] follows for each that has none yet.
    ///
    /// [`PermissionInstalled`]: crate::TurnEvent::PermissionInstalled
    /// [`PermissionFailed`]: crate::TurnEvent::PermissionFailed
    pub fn create_permission(
        &mut self,
        now: Instant,
        addresses: &[IpAddr],
    ) -> Result<(), PeerError> {
        let now = self.advance(now);
        let addresses: Vec<IpAddr> = addresses.iter().map(IpAddr::to_canonical).collect();
        self.check_peers(&addresses)?;
        let limit = self.config.max_permissions;
        let ask = self.permissions.want(&addresses, now, limit).ok_or(PeerError::TooMany)?;
        self.ask_permissions(now, &ask, false);
        self.timers.set(Timer::Permissions, self.permissions.next_refresh());
        Ok(())
    }

    /// Asks for a channel to this peer, and a permission where there is none, and keeps both up.
    /// [`ChannelBound`] or [`ChannelFailed`] follows, unless there is one.
    ///
    /// [`ChannelBound`]: crate::TurnEvent::ChannelBound
    /// [`ChannelFailed`]: crate::TurnEvent::ChannelFailed
    pub fn bind_channel(&mut self, now: Instant, peer: SocketAddr) -> Result<(), PeerError> {
        let now = self.advance(now);
        let peer = canonical(peer);
        self.check_peers(&[peer.ip()])?;
        if self.config.relayed_transport == RelayedTransport::Tcp {
            return Err(PeerError::NotDatagrams);
        }
        if !self.channels.has_room(peer, now, self.config.max_channels) {
            return Err(PeerError::TooMany);
        }
        let limit = self.config.max_permissions;
        let ask = self.permissions.want(&[peer.ip()], now, limit).ok_or(PeerError::TooMany)?;
        self.ask_permissions(now, &ask, false);
        self.timers.set(Timer::Permissions, self.permissions.next_refresh());
        if let Some(number) = self.channels.want(peer, now, self.config.max_channels) {
            self.submit(now, Purpose::Channel(number, peer).into());
        }
        Ok(())
    }

    /// Keeps the permission of this address, and its channels, up no longer. They last to their
    /// end: TURN has no way to take them back.
    pub fn forget_peer(&mut self, now: Instant, address: IpAddr) {
        self.advance(now);
        self.permissions.forget(address.to_canonical());
        self.channels.forget(address.to_canonical());
        self.timers.set(Timer::Permissions, self.permissions.next_refresh());
    }

    /// Refreshes the allocation now, for example to see whether it is still there after the device
    /// slept. [`Refreshed`] or [`Lost`] follows.
    ///
    /// [`Refreshed`]: crate::TurnEvent::Refreshed
    /// [`Lost`]: crate::TurnEvent::Lost
    pub fn refresh(&mut self, now: Instant) -> Result<(), NotAllocated> {
        let now = self.advance(now);
        if self.relayed().is_none() {
            return Err(NotAllocated);
        }
        self.ask_refresh(now);
        Ok(())
    }

    /// Gives the allocation up and forgets all permissions and channels. [`Closed`]
    /// follows when the server has answered or is not going to, unless there was nothing to close.
    ///
    /// [`Closed`]: crate::TurnEvent::Closed
    pub fn close(&mut self, now: Instant) {
        let now = self.advance(now);
        match self.state {
            State::Idle { .. } => {}
            State::Closing { .. } => self.state = State::Closing { announce: true },
            State::Allocating | State::Allocated { .. } => {
                self.clear();
                self.give_up(now, true);
            }
        }
    }

    /// Whether a request waits to be released. Never without
    /// [`paced`](crate::TurnClientConfig::paced).
    pub fn has_pending_request(&self) -> bool {
        !self.waiting.is_empty()
    }

    /// Lets the request that has waited longest go out. Whether there was one.
    pub fn release_request(&mut self, now: Instant) -> bool {
        let now = self.advance(now);
        let Some(task) = self.waiting.pop_front() else { return false };
        self.start(now, task);
        true
    }

    fn check_peers(&self, addresses: &[IpAddr]) -> Result<(), PeerError> {
        self.relayed().ok_or(PeerError::NotAllocated)?;
        match addresses.iter().find(|address| self.relayed_towards(**address).is_none()) {
            Some(address) => Err(PeerError::WrongFamily(*address)),
            None => Ok(()),
        }
    }
}
