//! What travels through the simulated network: one IP packet.
use crate::{Echo, Segment};
use bytes::Bytes;
use core::{
    fmt,
    net::{IpAddr, SocketAddr},
};
use sans_io::PacketMeta;

/// What a packet carries, as far as a NAT's tables care.
#[derive(Clone, Copy, Debug, PartialEq, Eq, PartialOrd, Ord, Hash)]
pub enum Protocol {
    /// User datagrams.
    Udp,
    /// Segments of a connection.
    Tcp,
    /// ICMP queries (echo); the query id stands in for the port.
    Icmp,
}

/// One IP packet under way. For ICMP errors both ports are 0; for queries, see [`Echo`].
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct IpPacket {
    /// Who sent it, as seen here.
    pub source: SocketAddr,
    /// Where it goes, as seen here.
    pub destination: SocketAddr,
    /// Routers that it may still pass.
    pub ttl: u8,
    /// What else its IP header says.
    pub meta: PacketMeta,
    /// What is inside.
    pub body: Body,
}

/// What is inside an [`IpPacket`].
#[derive(Clone, Debug, PartialEq, Eq)]
pub enum Body {
    /// A datagram.
    Udp(Bytes),
    /// A segment of a connection.
    Tcp(Segment),
    /// An ICMP query.
    Echo(Echo),
    /// An ICMP error.
    Error(IcmpError),
}

/// An ICMP error with what it quotes of the packet that it is about.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub struct IcmpError {
    /// What went wrong.
    pub fault: IcmpFault,
    /// The transport of the packet in question.
    pub protocol: Protocol,
    /// The source of the packet in question, as its reporter saw it.
    pub source: SocketAddr,
    /// The destination of the packet in question, as its reporter saw it.
    pub destination: SocketAddr,
}

/// What an ICMP error reports.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Hash)]
pub enum IcmpFault {
    /// No socket holds the port (type 3 code 3; ICMPv6 1/4).
    PortUnreachable,
    /// No way leads there (3/1; 1/0).
    HostUnreachable,
    /// A policy forbids it (3/13; 1/1).
    Prohibited,
    /// It passed too many routers (11/0; 3/0).
    TimeExceeded,
    /// It is larger than the next link takes (3/4; 2/0).
    TooBig {
        /// What that link takes, in bytes.
        mtu: u32,
    },
}

impl IcmpFault {
    /// Type and code as on the wire of the address family.
    pub const fn type_and_code(self, ipv6: bool) -> (u8, u8) {
        match (self, ipv6) {
            (Self::PortUnreachable, false) => (3, 3),
            (Self::PortUnreachable, true) => (1, 4),
            (Self::HostUnreachable, false) => (3, 1),
            (Self::HostUnreachable, true) => (1, 0),
            (Self::Prohibited, false) => (3, 13),
            (Self::Prohibited, true) => (1, 1),
            (Self::TimeExceeded, false) => (11, 0),
            (Self::TimeExceeded, true) => (3, 0),
            (Self::TooBig { .. }, false) => (3, 4),
            (Self::TooBig { .. }, true) => (2, 0),
        }
    }
}

impl IpPacket {
    /// The TTL that hosts give to packets.
    pub const TTL: u8 = 64;

    /// A datagram with nothing special about it.
    pub fn udp(source: SocketAddr, destination: SocketAddr, payload: Bytes) -> Self {
        let meta = PacketMeta::default();
        Self { source, destination, ttl: Self::TTL, meta, body: Body::Udp(payload) }
    }

    /// A segment with nothing special about it.
    pub fn tcp(source: SocketAddr, destination: SocketAddr, segment: Segment) -> Self {
        let meta = PacketMeta::default();
        Self { source, destination, ttl: Self::TTL, meta, body: Body::Tcp(segment) }
    }

    /// Whose table a NAT looks into. For errors: that of the packet they quote.
    pub const fn protocol(&self) -> Protocol {
        match &self.body {
            Body::Udp(_) => Protocol::Udp,
            Body::Tcp(_) => Protocol::Tcp,
            Body::Echo(_) => Protocol::Icmp,
            Body::Error(error) => error.protocol,
        }
    }

    /// Whether it may be the first of a session: neither an answer nor in the midst of a connection.
    pub(crate) const fn begins(&self) -> bool {
        match &self.body {
            Body::Udp(_) => true,
            Body::Tcp(segment) => segment.syn,
            Body::Echo(echo) => !echo.reply,
            Body::Error(_) => false,
        }
    }

    /// Whether it is a query.
    pub(crate) const fn is_ping(&self) -> bool {
        matches!(&self.body, Body::Echo(echo) if !echo.reply)
    }

    /// Whether it answers a query.
    pub(crate) const fn is_pong(&self) -> bool {
        matches!(&self.body, Body::Echo(echo) if echo.reply)
    }

    /// The payload above the transport header; empty for ICMP errors.
    pub fn payload(&self) -> &[u8] {
        match &self.body {
            Body::Udp(payload)
            | Body::Tcp(Segment { payload, .. })
            | Body::Echo(Echo { payload, .. }) => payload,
            Body::Error(_) => &[],
        }
    }

    /// The length of the IP packet in bytes, headers included.
    pub fn len(&self) -> usize {
        let ip = if self.source.is_ipv6() { 40 } else { 20 };
        ip + match &self.body {
            Body::Udp(payload) => 8 + payload.len(),
            Body::Tcp(segment) => 20 + segment.payload.len(),
            Body::Echo(echo) => 8 + echo.payload.len(),
            // RFC 792: the header in question and 8 bytes more.
            Body::Error(_) => 8 + ip + 8,
        }
    }

    /// How long it is for a link that may have to refuse it. IPv4 packets that may be fragmented are
    /// never refused, and simulated as one.
    pub(crate) fn unfragmented(&self) -> usize {
        // TCP is taken to have found out what passes.
        let is_tcp = matches!(self.body, Body::Tcp(_));
        let may_fragment = is_tcp || self.source.is_ipv4() && !self.meta.dont_fragment;
        if may_fragment { self.len().min(68) } else { self.len() }
    }

    /// Never: a packet has at least its headers.
    pub const fn is_empty(&self) -> bool {
        false
    }

    /// The error that a router or host at `reporter` sends about this packet. None is sent about
    /// another error (RFC 1122).
    pub fn error(&self, reporter: IpAddr, fault: IcmpFault) -> Option<Self> {
        if matches!(self.body, Body::Error(_)) {
            return None;
        }
        Some(Self {
            source: SocketAddr::new(reporter, 0),
            destination: SocketAddr::new(self.source.ip(), 0),
            ttl: Self::TTL,
            meta: PacketMeta::default(),
            body: Body::Error(IcmpError {
                fault,
                protocol: self.protocol(),
                source: self.source,
                destination: self.destination,
            }),
        })
    }
}

impl fmt::Display for IpPacket {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        let Self { source, destination, .. } = self;
        match &self.body {
            Body::Udp(payload) => write!(f, "udp {source} > {destination} {} B", payload.len()),
            Body::Tcp(s) => {
                write!(f, "tcp {source} > {destination} {} B", s.payload.len())?;
                for (set, name) in [(s.syn, " syn"), (s.fin, " fin"), (s.rst, " rst")] {
                    f.write_str(if set { name } else { "" })?;
                }
                write!(f, " seq {}", s.sequence)?;
                s.acknowledges.map_or(Ok(()), |ack| write!(f, " ack {ack}"))
            }
            Body::Echo(echo) => {
                let (from, to) = (source.ip(), destination.ip());
                let (what, id) = if echo.reply {
                    ("reply", destination.port())
                } else {
                    ("request", source.port())
                };
                write!(f, "icmp {from} > {to} echo {what} id {id} seq {}", echo.sequence)
            }
            Body::Error(e) => {
                let (from, to) = (source.ip(), destination.ip());
                write!(f, "icmp {from} > {to} {:?} of {} > {}", e.fault, e.source, e.destination)
            }
        }
    }
}
