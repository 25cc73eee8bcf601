//! Application data through the server, both ways, without a copy (RFC 8656 §11, §12.5 to §12.7,
//! §14).
use super::{
    TurnServer,
    allocation::Allocation,
    table::{AllocationId, Sharing},
};
use crate::ChannelData;
use bytes::Bytes;
use core::net::{IpAddr, SocketAddr};
use sans_io::{DropReason, Instant, Packet, PacketMeta, Path, PathFault, Transport, Verdict};
use stun_proto::{
    AttributeType, DataHead, Message, MessageBuilder, MessageType, Method,
    attribute::{Data, Icmp, XorPeerAddress},
};

/// Longer than an indication with an IPv6 peer and an ICMP error: 56 bytes.
const INDICATION_MAX: usize = 64;

/// Where data goes.
#[derive(Clone, Copy)]
pub(super) enum Way {
    ToPeer,
    ToClient,
}

impl TurnServer {
    /// A ChannelData message of a client (RFC 8656 §12.6).
    pub(super) fn relay_channel_data<'a>(
        &mut self,
        now: Instant,
        path: Path,
        meta: PacketMeta,
        bytes: &'a [u8],
    ) -> Verdict<'a> {
        let Ok(message) = ChannelData::parse_in(self.channels, bytes) else {
            return self.drops.refuse(DropReason::Malformed);
        };
        let id = self.sender_of_data(&path);
        let Some((id, allocation)) = id.and_then(|id| Some((id, self.table.get(id)?))) else {
            return self.drops.refuse(DropReason::Unauthenticated);
        };
        let Some(peer) = allocation.channels.peer(message.channel, now) else {
            return self.drops.refuse(DropReason::Forbidden);
        };
        let meta = onward(meta, path.transport());
        let packet = self
            .is_peer(Transport::Udp, peer)
            .then(|| to_peer(allocation, now, peer, meta, message.data));
        match packet.flatten() {
            Some(packet) => self.forward(now, id, Way::ToPeer, packet),
            None => self.drops.refuse(DropReason::Forbidden),
        }
    }

    /// A Send indication of a client (RFC 8656 §11.2).
    pub(super) fn relay_send<'a>(
        &mut self,
        now: Instant,
        path: Path,
        meta: PacketMeta,
        message: &Message<'a>,
    ) -> Verdict<'a> {
        if message
            .unknown_required_to(|kind| self.understands(path, message.method(), kind))
            .next()
            .is_some()
        {
            return self.drops.refuse(DropReason::Unsupported);
        }
        let (Some(XorPeerAddress(peer)), Some(Data(data))) = (message.get(), message.get()) else {
            return self.drops.refuse(DropReason::Malformed);
        };
        let id = self.sender_of_data(&path);
        let Some((id, allocation)) = id.and_then(|id| Some((id, self.table.get(id)?))) else {
            return self.drops.refuse(DropReason::Unauthenticated);
        };
        let mut meta = onward(meta, path.transport());
        meta.dont_fragment |= message.has(AttributeType::DONT_FRAGMENT);
        let peer = SocketAddr::new(self.addressing.to_bound(peer.ip()), peer.port());
        let allowed = self.addressing.allows(peer) && self.is_peer(Transport::Udp, peer);
        match allowed.then(|| to_peer(allocation, now, peer, meta, data)).flatten() {
            Some(packet) => self.forward(now, id, Way::ToPeer, packet),
            None => self.drops.refuse(DropReason::Forbidden),
        }
    }

    /// A datagram that arrived at a relayed address (RFC 8656 §11.3, §12.7).
    pub(super) fn relay_from_peer<'a>(
        &mut self,
        now: Instant,
        path: Path,
        meta: PacketMeta,
        bytes: &'a [u8],
    ) -> Verdict<'a> {
        let id = self.table.find_bound(path.local());
        let Some((id, allocation)) = id.and_then(|id| Some((id, self.table.get(id)?))) else {
            return self.drops.refuse(DropReason::Unexpected);
        };
        let permitted = allocation.permissions.allow(path.remote().ip(), now);
        let relays = allocation.is_open() && allocation.transport == Transport::Udp;
        if !relays || !permitted || !self.is_peer(Transport::Udp, path.remote()) {
            return self.drops.refuse(DropReason::Forbidden);
        }
        let client = allocation.client;
        let packet = Packet::new(client, bytes).with_meta(onward(meta, client.transport()));
        if let Some(channel) = allocation.channels.number(path.remote(), now) {
            let Some(head) = ChannelData::header(channel, bytes.len()) else {
                return self.drops.refuse(DropReason::Malformed);
            };
            let stream = client.transport().is_stream();
            let pad = if stream { ChannelData::padding(bytes.len()) } else { 0 };
            return self.forward(now, id, Way::ToClient, packet.with_head(&head).with_pad(pad));
        }
        let peer = SocketAddr::new(
            self.addressing.to_advertised(path.remote().ip()),
            path.remote().port(),
        );
        let transaction = self.entropy.transaction_id();
        match DataHead::new(Method::DATA, transaction, peer, false, bytes.len()) {
            Some(head) => {
                let packet = packet.with_head(head.as_bytes()).with_pad(head.pad());
                self.forward(now, id, Way::ToClient, packet)
            }
            None => self.drops.refuse(DropReason::Malformed),
        }
    }

    /// Whether what stands there is no other program of this host.
    pub(super) fn is_peer(&self, transport: Transport, peer: SocketAddr) -> bool {
        !self.addressing.must_be_relay(peer) || self.table.is_bound(transport, peer)
    }

    /// Passes data on, unless the allocation has relayed too much already.
    fn forward<'a>(
        &mut self,
        now: Instant,
        id: AllocationId,
        way: Way,
        packet: Packet<'a>,
    ) -> Verdict<'a> {
        let len = packet.payload.len();
        if self.charge(now, id, len).is_none() {
            return self.drops.refuse(DropReason::TooFast);
        }
        self.account(id, way, len);
        Verdict::Send(packet)
    }

    /// Counts what is relayed.
    pub(super) fn account(&mut self, id: AllocationId, way: Way, len: usize) {
        let Some(allocation) = self.table.get_mut(id) else { return };
        for traffic in [&mut allocation.traffic, &mut self.traffic] {
            match way {
                Way::ToPeer => traffic.to_peers.add(len),
                Way::ToClient => traffic.to_client.add(len),
            }
        }
    }

    /// Takes note of data that is to be relayed, if allocation, user and server may relay so much.
    fn charge(&mut self, now: Instant, id: AllocationId, len: usize) -> Option<()> {
        let rates = self.rates;
        if !rates.allocation.is_limited() && rates.are_own() {
            return Some(());
        }
        let Sharing { allocation, account, books } = self.table.get_sharing(id)?;
        let own = allocation.bandwidth.after(now, len, rates.allocation)?;
        books.charge(account, now, len, rates)?;
        allocation.bandwidth = own;
        Some(())
    }

    /// Takes note of data of a stream, which is relayed in any case. When more may follow, if that is
    /// too much for allocation, user or server.
    pub(super) fn overdraw(
        &mut self,
        now: Instant,
        id: AllocationId,
        len: usize,
    ) -> Option<Instant> {
        let rates = self.rates;
        let Sharing { allocation, account, books } = self.table.get_sharing(id)?;
        let own = allocation.bandwidth.overdraw(now, len, rates.allocation);
        own.max(books.overdraw(account, now, len, rates))
    }

    /// What the network said of a packet to a peer (RFC 8656 §11.5).
    pub(super) fn relay_fault(
        &mut self,
        now: Instant,
        path: Path,
        fault: PathFault,
    ) -> Verdict<'static> {
        let id = self.table.find_bound(path.local()).filter(|_| path.transport() == Transport::Udp);
        let Some(allocation) = id.and_then(|id| self.table.get(id)) else {
            return Verdict::Unclaimed;
        };
        // The peer that the packet was for counts, not whoever complains about it.
        let permitted = allocation.permissions.allow(path.remote().ip(), now);
        let Some(icmp) = icmp(path.remote().ip(), fault).filter(|_| allocation.is_open()) else {
            return self.drops.refuse(DropReason::Unsupported);
        };
        if !permitted {
            return self.drops.refuse(DropReason::Forbidden);
        }
        if !self.out.has_room() {
            return self.drops.refuse(DropReason::Exhausted);
        }
        let client = allocation.client;
        let peer = SocketAddr::new(
            self.addressing.to_advertised(path.remote().ip()),
            path.remote().port(),
        );
        let mut buffer = [0; INDICATION_MAX];
        let id = self.entropy.transaction_id();
        let kind = MessageType::indication(Method::DATA);
        let indication = MessageBuilder::new(&mut buffer, kind, id)
            .with(&XorPeerAddress(peer))
            .with(&icmp)
            .finish();
        if let Ok(bytes) = indication.map(Bytes::copy_from_slice) {
            self.queue(client, bytes);
        }
        Verdict::Consumed
    }

    /// The allocation of a client that sends data. By that it shows where it is.
    fn sender_of_data(&mut self, client: &Path) -> Option<AllocationId> {
        let (id, allocation) = self.open_allocation(client)?;
        if allocation.next_client() == Some(*client) {
            self.arrive(id);
        }
        Some(id)
    }

    /// The allocation of a client, once its socket is open.
    pub(super) fn open_allocation(&self, client: &Path) -> Option<(AllocationId, &Allocation)> {
        let id = self.table.find_client(client)?;
        let allocation = self.table.get(id)?;
        allocation.is_open().then_some((id, allocation))
    }
}

/// The ICMP error that a fault stands for, if it is one that clients are told of: of type 3 or 11,
/// or 1 to 3 with IPv6.
fn icmp(peer: IpAddr, fault: PathFault) -> Option<Icmp> {
    let told = if peer.is_ipv4() { [3, 11, 11] } else { [1, 2, 3] };
    match fault {
        PathFault::TooBig { mtu } => {
            let (kind, code) = if peer.is_ipv4() { (3, 4) } else { (2, 0) };
            Some(Icmp { kind, code, data: mtu })
        }
        PathFault::Unreachable { kind, code } => {
            told.contains(&kind).then_some(Icmp { kind, code, data: 0 })
        }
        PathFault::TimeExceeded => {
            Some(Icmp { kind: if peer.is_ipv4() { 11 } else { 3 }, code: 0, data: 0 })
        }
        PathFault::Ended | PathFault::Reset => None,
    }
}

/// Data on its way to a peer, if there is a permission. A channel outlives the permission that came
/// with it, and is of no use without one.
fn to_peer<'a>(
    allocation: &Allocation,
    now: Instant,
    peer: SocketAddr,
    meta: PacketMeta,
    data: &'a [u8],
) -> Option<Packet<'a>> {
    let relay = allocation.relays.towards(peer.ip())?;
    let packet = Packet::new(Path::udp(relay.bound, peer), data).with_meta(meta);
    let relays = allocation.transport == Transport::Udp;
    (relays && allocation.permissions.allow(peer.ip(), now)).then_some(packet)
}

/// What of an IP header goes along with the data (RFC 8656 §14, §15): from datagram to datagram
/// DSCP, ECN and DF; nothing where a stream is on one side.
fn onward(meta: PacketMeta, client: Transport) -> PacketMeta {
    if client.is_stream() { PacketMeta::default() } else { PacketMeta { ttl: None, ..meta } }
}
