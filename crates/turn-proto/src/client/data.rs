//! Application data of a client, both ways, without a copy (RFC 8656 §11, §12.5, §12.6).
use super::{TurnClient, TurnEvent, config::RelayedTransport};
use crate::ChannelData;
use core::net::{IpAddr, SocketAddr};
use sans_io::{DropReason, Instant, OutboxFull, Packet, Path, PathFault, Verdict, canonical};
use stun_proto::{
    Class, DataHead, Message, Method,
    attribute::{Data, Icmp, XorPeerAddress},
};
use thiserror::Error;

/// The most data of an indication with an IPv6 peer. A datagram holds no more anyway.
const INDICATION_MAX: usize = 65_504;

/// Why data was not sent.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Error)]
pub enum SendError {
    /// There is no allocation.
    #[error("there is no allocation")]
    NotAllocated,
    /// No permission for this address is known to be installed (RFC 8656 §11.1).
    #[error("there is no permission for {0}")]
    NoPermission(IpAddr),
    /// There is no connection with this peer, and TCP is relayed.
    #[error("there is no connection with {0}")]
    NotConnected(SocketAddr),
    /// It does not fit into a message.
    #[error("{0} bytes do not fit into a message")]
    TooLong(usize),
    /// The server was not asked to keep datagrams whole, or cannot
    /// ([`TurnClientConfig::dont_fragment`](crate::TurnClientConfig::dont_fragment)).
    #[error("the server does not keep datagrams whole")]
    DontFragmentUnsupported,
}

impl TurnClient {
    /// Data to a peer, as the packet that is to be sent to the server now: a ChannelData message
    /// where a channel is bound, else a Send indication. `data` is borrowed and not queued.
    ///
    /// Over UDP a ChannelData message is 4 bytes longer than its data, a Send indication 36 to 39,
    /// or 48 to 51 for IPv6 peers. Where TCP is relayed data goes as it is on the connection that stands
    /// for that with the peer.
    pub fn send<'d>(
        &mut self,
        now: Instant,
        peer: SocketAddr,
        data: &'d [u8],
    ) -> Result<Packet<'d>, SendError> {
        let now = self.advance(now);
        if self.config.relayed_transport == RelayedTransport::Tcp {
            let peer = canonical(peer);
            let path = self.data_path(peer).ok_or(SendError::NotConnected(peer))?;
            return Ok(Packet::new(path, data));
        }
        let peer = self.check_permission(now, peer)?;
        let Some(channel) = self.channels.bound(peer, now) else {
            return self.send_indication(peer, false, data);
        };
        let path = self.path();
        let head =
            ChannelData::header(channel, data.len()).ok_or(SendError::TooLong(data.len()))?;
        let stream = path.transport().is_stream();
        let pad = if stream { ChannelData::padding(data.len()) } else { 0 };
        Ok(Packet::new(path, data).with_head(&head).with_pad(pad))
    }

    /// The same as a datagram that no router between server and peer may fragment, which finds out
    /// how large a datagram can be (RFC 8656 §11.1, §16): a Send indication with DONT-FRAGMENT, 4
    /// bytes longer than without. That it was too big is told by
    /// [`PeerUnreachable`](TurnEvent::PeerUnreachable).
    pub fn send_unfragmented<'d>(
        &mut self,
        now: Instant,
        peer: SocketAddr,
        data: &'d [u8],
    ) -> Result<Packet<'d>, SendError> {
        let now = self.advance(now);
        let peer = self.check_permission(now, peer)?;
        if !self.options.dont_fragment {
            return Err(SendError::DontFragmentUnsupported);
        }
        self.send_indication(peer, true, data)
    }

    /// The peer as it is looked up, if data may be sent to it.
    fn check_permission(&self, now: Instant, peer: SocketAddr) -> Result<SocketAddr, SendError> {
        self.relayed().ok_or(SendError::NotAllocated)?;
        let peer = canonical(peer);
        let permitted = self.permissions.is_live(peer.ip(), now);
        if permitted { Ok(peer) } else { Err(SendError::NoPermission(peer.ip())) }
    }

    fn send_indication<'d>(
        &mut self,
        peer: SocketAddr,
        dont_fragment: bool,
        data: &'d [u8],
    ) -> Result<Packet<'d>, SendError> {
        let too_long = SendError::TooLong(data.len());
        let flag = if dont_fragment { 4 } else { 0 };
        if data.len() > INDICATION_MAX - flag {
            return Err(too_long); // before an ID is drawn: an error leaves no trace (law 10)
        }
        let id = self.entropy.transaction_id();
        let head = DataHead::new(Method::SEND, id, peer, dont_fragment, data.len());
        let head = head.ok_or(too_long)?;
        let packet = Packet::new(self.path(), data);
        Ok(packet.with_head(head.as_bytes()).with_pad(head.pad()))
    }

    pub(super) fn receive_channel_data<'a>(
        &mut self,
        now: Instant,
        bytes: &'a [u8],
    ) -> Verdict<'a> {
        let Ok(message) = ChannelData::parse(bytes) else {
            return self.drops.refuse(DropReason::Malformed);
        };
        match self.channels.peer(message.channel, now) {
            Some(peer) => self.deliver(now, peer, message.data),
            None => self.drops.refuse(DropReason::Forbidden),
        }
    }

    pub(super) fn receive_message<'a>(
        &mut self,
        now: Instant,
        path: Path,
        bytes: &'a [u8],
    ) -> Verdict<'a> {
        let stream = path.transport().is_stream();
        let Ok(message) = Message::parse(bytes) else {
            // On a shared socket it may be another protocol.
            let ours = stream || stun_proto::classify(bytes) == stun_proto::PacketKind::Stun;
            return if ours {
                self.drops.refuse(DropReason::Malformed)
            } else {
                Verdict::Unclaimed
            };
        };
        match message.class() {
            Class::Indication if message.method() == Method::DATA => {
                self.receive_data(now, &message)
            }
            Class::Indication
                if message.method() == Method::CONNECTION_ATTEMPT
                    && self.config.relayed_transport == RelayedTransport::Tcp =>
            {
                self.receive_attempt(now, &message)
            }
            Class::Success | Class::Error => self.receive_response(now, path, &message),
            Class::Request | Class::Indication => Verdict::Unclaimed,
        }
    }

    /// A Data indication (RFC 8656 §11.4, §11.6).
    fn receive_data<'a>(&mut self, now: Instant, message: &Message<'a>) -> Verdict<'a> {
        if message.unknown_required().next().is_some() {
            return self.drops.refuse(DropReason::Unsupported);
        }
        let Some(XorPeerAddress(peer)) = message.get() else {
            return self.drops.refuse(DropReason::Malformed);
        };
        let peer = canonical(peer);
        if let Some(Data(data)) = message.get() {
            return self.deliver(now, peer, data);
        }
        let Some(icmp) = message.get::<Icmp>() else {
            return self.drops.refuse(DropReason::Malformed);
        };
        if self.relayed().is_none() || !self.permissions.is_expected(peer.ip(), now) {
            return self.drops.refuse(DropReason::Forbidden);
        }
        let fault = match (icmp.kind, icmp.code, peer.is_ipv4()) {
            (3, 4, true) | (2, 0, false) => PathFault::TooBig { mtu: icmp.data },
            (11, 0, true) | (3, 0, false) => PathFault::TimeExceeded,
            (kind, code, _) => PathFault::Unreachable { kind, code },
        };
        match self.out.advise(TurnEvent::PeerUnreachable { peer, fault }) {
            Ok(()) => Verdict::Consumed,
            Err(OutboxFull) => self.drops.refuse(DropReason::TooFast),
        }
    }

    /// Data of a peer that the client wants to hear of (RFC 8656 §11.4): others are not let
    /// through, should the server have been tricked into a permission.
    fn deliver<'a>(&mut self, now: Instant, peer: SocketAddr, bytes: &'a [u8]) -> Verdict<'a> {
        let Some(relayed) = self.relayed_towards(peer.ip()) else {
            return self.drops.refuse(DropReason::Unexpected);
        };
        if !self.permissions.is_expected(peer.ip(), now) {
            return self.drops.refuse(DropReason::Forbidden);
        }
        Verdict::Deliver { path: Path::udp(relayed, peer), bytes }
    }
}
