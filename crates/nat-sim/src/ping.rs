//! Pings: ICMP echo requests that hosts send, and what comes back (RFC 792, RFC 4443).
use crate::{Body, HostId, IpPacket, World};
use bytes::Bytes;
use core::{net::IpAddr, net::SocketAddr, time::Duration};
use sans_io::{Instant, PacketMeta, PathFault, SocketFault};
use std::collections::BTreeSet;

/// What pings carry, as those of most systems do.
const PAYLOAD: &[u8] = &[0x61; 56];
/// How long [`World::ping`] waits: as long as people do.
const WAIT: Duration = Duration::from_secs(2);

/// An ICMP echo message. Its id stands in the packet in place of a port: for requests the one of
/// the source, for replies the one of the destination. The other port is 0.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Echo {
    /// Whether it answers one.
    pub reply: bool,
    /// Counts the requests of one id.
    pub sequence: u16,
    /// Comes back as it was sent.
    pub payload: Bytes,
}

/// What came back to a ping that a host sent with [`World::send_ping`].
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Pong {
    /// When.
    pub at: Instant,
    /// The address that was pinged, as the host knows it.
    pub of: IpAddr,
    /// The id that the ping was sent with.
    pub id: u16,
    /// Which of several; 0 for faults, which do not say.
    pub sequence: u16,
    /// What the network reported instead of an answer.
    pub fault: Option<PathFault>,
}

/// The pings of a host.
#[derive(Debug, Default)]
pub(crate) struct Pings {
    /// The ids that were sent, with the source address. As many as there are ids, at most.
    pub(crate) sent: BTreeSet<SocketAddr>,
    pub(crate) pongs: Vec<Pong>,
}

impl IpPacket {
    /// An echo request with nothing special about it.
    pub fn echo(source: IpAddr, id: u16, destination: IpAddr, sequence: u16) -> Self {
        let payload = Bytes::from_static(PAYLOAD);
        let (source, destination) = (SocketAddr::new(source, id), SocketAddr::new(destination, 0));
        let body = Body::Echo(Echo { reply: false, sequence, payload });
        Self { source, destination, ttl: Self::TTL, meta: PacketMeta::default(), body }
    }

    /// The answer to an echo request, as whoever has its destination gives it.
    pub fn echo_reply(&self) -> Option<Self> {
        match &self.body {
            Body::Echo(echo) if self.is_ping() => Some(Self {
                source: self.destination,
                destination: self.source,
                ttl: Self::TTL,
                meta: self.meta,
                body: Body::Echo(Echo { reply: true, ..echo.clone() }),
            }),
            Body::Echo(_) | Body::Udp(_) | Body::Tcp(_) | Body::Error(_) => None,
        }
    }
}

impl World {
    /// Pings an address from a host, and waits for the answer: how long it took. `None`: there came
    /// none within two seconds. Every host answers pings, and so do NATs at their inside address.
    ///
    /// ```
    /// use core::time::Duration;
    /// use nat_sim::{Host, Nat, Preset, World};
    /// let mut world = World::new(1);
    /// let home = world.add_nat(Nat::of(Preset::Linux))?;
    /// let alice = world.add_host(Host::behind(home))?;
    /// let server = world.add_host(Host::on_internet())?;
    /// let there = world.address(server);
    /// assert_eq!(world.ping(alice, there), Some(Duration::from_millis(50)));
    /// let back = world.address(alice);
    /// assert_eq!(world.ping(server, back), None, "nothing leads into a NAT unasked");
    /// # Ok::<(), nat_sim::TopologyError>(())
    /// ```
    pub fn ping(&mut self, host: HostId, to: IpAddr) -> Option<Duration> {
        let (sent_at, end) = (self.now(), self.now().saturating_add(WAIT));
        let id = self.send_ping(host, to, None).ok()?;
        let shown = self.address_for(host, SocketAddr::new(to, 0)).ip();
        let mut took = None;
        self.run_until_true(end, |world| {
            let pongs = &world.pings(host).pongs;
            let ours = pongs.iter().find(|pong| pong.id == id && pong.of == shown);
            took = ours.map(|pong| (pong.at.saturating_since(sent_at), pong.fault));
            took.is_some()
        });
        self.pings(host).pongs.retain(|pong| pong.id != id || pong.of != shown);
        took.filter(|(_, fault)| fault.is_none()).map(|(took, _)| took)
    }

    /// Sends an echo request from a host; [`take_pongs`](Self::take_pongs) tells what came back.
    /// Without an id it gets one that the host has not used; the id is returned. It fails where the
    /// host has no address of the family.
    pub fn send_ping(
        &mut self,
        host: HostId,
        to: IpAddr,
        id: Option<u16>,
    ) -> Result<u16, SocketFault> {
        let to = self.address_for(host, SocketAddr::new(to, 0)).ip();
        let own = self.nodes()[host.0 as usize].address(to.is_ipv6());
        let own = own.ok_or(SocketFault::Unavailable)?;
        let sent = &mut self.pings(host).sent;
        let count = sent.len() as u16;
        let mut fresh = (0..=u16::MAX).map(|n| count.wrapping_add(n).wrapping_add(1));
        let id = id.or_else(|| fresh.find(|id| !sent.contains(&SocketAddr::new(own, *id))));
        let id = id.ok_or(SocketFault::NoCapacity)?;
        sent.insert(SocketAddr::new(own, id));
        self.send(host, Box::new(IpPacket::echo(own, id, to, 1)));
        Ok(id)
    }

    /// Takes what came back to the pings of a host.
    pub fn take_pongs(&mut self, host: HostId) -> Vec<Pong> {
        core::mem::take(&mut self.pings(host).pongs)
    }

    /// An echo message is for a host.
    pub(crate) fn hear_echo(&mut self, host: HostId, packet: &IpPacket, echo: &Echo) -> bool {
        if let Some(reply) = packet.echo_reply() {
            self.send(host, Box::new(reply));
            return true;
        }
        self.hear_pong(host, packet.destination, packet.source.ip(), echo.sequence, None)
    }

    /// Something came back to a ping. Whether the host has sent it.
    pub(crate) fn hear_pong(
        &mut self,
        host: HostId,
        socket: SocketAddr,
        of: IpAddr,
        sequence: u16,
        fault: Option<PathFault>,
    ) -> bool {
        let at = self.now();
        let pings = self.pings(host);
        let known = pings.sent.contains(&socket);
        if known {
            pings.pongs.push(Pong { at, of, id: socket.port(), sequence, fault });
        }
        known
    }
}
