//! Packets as the bytes that they would be on a wire, for captures.
use crate::{Body, Echo, IcmpError, IcmpFault, IpPacket, Protocol, Segment};
use bytes::Bytes;
use std::net::{IpAddr, SocketAddr};

const ICMP: u8 = 1;
const TCP: u8 = 6;
const UDP: u8 = 17;
const ICMPV6: u8 = 58;

impl IpPacket {
    /// The packet with its headers and checksums (RFC 791, RFC 8200, RFC 768, RFC 9293, RFC 792,
    /// RFC 4443). What an ICMP error quotes is the header and eight bytes.
    pub fn to_wire(&self) -> Vec<u8> {
        let ipv6 = self.source.is_ipv6();
        let (protocol, mut payload) = match &self.body {
            Body::Udp(bytes) => (UDP, udp(self.source, self.destination, bytes)),
            Body::Tcp(segment) => (TCP, tcp(self.source, self.destination, segment)),
            Body::Echo(message) => (if ipv6 { ICMPV6 } else { ICMP }, echo(self, message)),
            Body::Error(error) => (if ipv6 { ICMPV6 } else { ICMP }, icmp(error)),
        };
        let at = match protocol {
            UDP => 6,
            TCP => 16,
            _ => 2,
        };
        let mut sum = Checksum::default();
        if protocol != ICMP {
            sum.pseudo_header(self.source.ip(), self.destination.ip(), protocol, payload.len());
        }
        sum.add(&payload);
        let mut checksum = sum.finish();
        if protocol == UDP && checksum == 0 {
            checksum = 0xFFFF; // Zero means that there is none.
        }
        payload[at..at + 2].copy_from_slice(&checksum.to_be_bytes());
        let mut packet = header(self, protocol, payload.len());
        packet.append(&mut payload);
        packet
    }
}

fn header(packet: &IpPacket, protocol: u8, len: usize) -> Vec<u8> {
    let traffic_class = packet.meta.dscp << 2 | packet.meta.ecn & 3;
    match (packet.source.ip(), packet.destination.ip()) {
        (IpAddr::V4(source), IpAddr::V4(destination)) => {
            let mut header = vec![0x45, traffic_class];
            header.extend_from_slice(&((20 + len) as u16).to_be_bytes());
            let flags = if packet.meta.dont_fragment { 0x40 } else { 0 };
            header.extend_from_slice(&[0, 0, flags, 0, packet.ttl, protocol, 0, 0]);
            header.extend_from_slice(&source.octets());
            header.extend_from_slice(&destination.octets());
            let mut sum = Checksum::default();
            sum.add(&header);
            let checksum = sum.finish().to_be_bytes();
            header[10..12].copy_from_slice(&checksum);
            header
        }
        (source, destination) => {
            let class = u32::from(traffic_class) << 20;
            let mut header = (6 << 28 | class).to_be_bytes().to_vec();
            header.extend_from_slice(&(len as u16).to_be_bytes());
            header.extend_from_slice(&[protocol, packet.ttl]);
            header.extend_from_slice(&octets(source));
            header.extend_from_slice(&octets(destination));
            header
        }
    }
}

fn octets(ip: IpAddr) -> [u8; 16] {
    match ip {
        IpAddr::V4(v4) => v4.to_ipv6_mapped().octets(),
        IpAddr::V6(v6) => v6.octets(),
    }
}

fn ports(source: SocketAddr, destination: SocketAddr) -> Vec<u8> {
    let mut ports = source.port().to_be_bytes().to_vec();
    ports.extend_from_slice(&destination.port().to_be_bytes());
    ports
}

fn udp(source: SocketAddr, destination: SocketAddr, bytes: &[u8]) -> Vec<u8> {
    let mut datagram = ports(source, destination);
    datagram.extend_from_slice(&((8 + bytes.len()) as u16).to_be_bytes());
    datagram.extend_from_slice(&[0, 0]);
    datagram.extend_from_slice(bytes);
    datagram
}

fn tcp(source: SocketAddr, destination: SocketAddr, s: &Segment) -> Vec<u8> {
    let mut segment = ports(source, destination);
    segment.extend_from_slice(&(s.sequence as u32).to_be_bytes());
    segment.extend_from_slice(&(s.acknowledges.unwrap_or(0) as u32).to_be_bytes());
    let flag = |set: bool, bit: u8| if set { bit } else { 0 };
    let flags = flag(s.fin, 1)
        | flag(s.syn, 2)
        | flag(s.rst, 4)
        | flag(!s.payload.is_empty(), 8)
        | flag(s.acknowledges.is_some(), 16);
    segment.extend_from_slice(&[5 << 4, flags, 0xFF, 0xFF, 0, 0, 0, 0]);
    segment.extend_from_slice(&s.payload);
    segment
}

fn echo(packet: &IpPacket, echo: &Echo) -> Vec<u8> {
    let kind = match (echo.reply, packet.source.is_ipv6()) {
        (false, false) => 8,
        (true, false) => 0,
        (false, true) => 128,
        (true, true) => 129,
    };
    let id = if echo.reply { packet.destination.port() } else { packet.source.port() };
    let mut message = vec![kind, 0, 0, 0];
    message.extend_from_slice(&id.to_be_bytes());
    message.extend_from_slice(&echo.sequence.to_be_bytes());
    message.extend_from_slice(&echo.payload);
    message
}

fn icmp(error: &IcmpError) -> Vec<u8> {
    let (kind, code) = error.fault.type_and_code(error.source.is_ipv6());
    let mut message = vec![kind, code, 0, 0];
    let mtu = match error.fault {
        IcmpFault::TooBig { mtu } => mtu,
        IcmpFault::PortUnreachable
        | IcmpFault::HostUnreachable
        | IcmpFault::Prohibited
        | IcmpFault::TimeExceeded => 0,
    };
    message.extend_from_slice(&mtu.to_be_bytes());
    let (source, destination) = (error.source, error.destination);
    let quoted = match error.protocol {
        Protocol::Tcp => IpPacket::tcp(source, destination, Segment::default()),
        Protocol::Udp => IpPacket::udp(source, destination, Bytes::new()),
        Protocol::Icmp => {
            // Of a reply the source has no id.
            let reply = source.port() == 0;
            let body = Body::Echo(Echo { reply, sequence: 0, payload: Bytes::new() });
            IpPacket { body, ..IpPacket::udp(source, destination, Bytes::new()) }
        }
    };
    let quoted = quoted.to_wire();
    let header = if source.is_ipv6() { 40 } else { 20 };
    message.extend_from_slice(&quoted[..quoted.len().min(header + 8)]);
    message
}

/// The Internet checksum (RFC 1071).
#[derive(Default)]
struct Checksum(u64);

impl Checksum {
    fn add(&mut self, bytes: &[u8]) {
        for pair in bytes.chunks(2) {
            let low = pair.get(1).copied().unwrap_or(0);
            self.0 += u64::from(u16::from_be_bytes([pair[0], low]));
        }
    }

    fn pseudo_header(&mut self, source: IpAddr, destination: IpAddr, protocol: u8, len: usize) {
        for ip in [source, destination] {
            match ip {
                IpAddr::V4(v4) => self.add(&v4.octets()),
                IpAddr::V6(v6) => self.add(&v6.octets()),
            }
        }
        self.0 += u64::from(protocol) + len as u64;
    }

    const fn finish(self) -> u16 {
        let mut sum = self.0;
        while sum >> 16 != 0 {
            sum = (sum & 0xFFFF) + (sum >> 16);
        }
        !(sum as u16)
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    /// Sums to all ones over the header and what the checksum covers.
    fn holds(bytes: &[u8], pseudo: Option<(IpAddr, IpAddr, u8)>) -> bool {
        let mut sum = Checksum::default();
        if let Some((source, destination, protocol)) = pseudo {
            sum.pseudo_header(source, destination, protocol, bytes.len());
        }
        sum.add(bytes);
        sum.finish() == 0
    }

    #[test]
    fn checksums_hold_in_both_families() {
        let pairs = [("192.0.2.1:9", "198.51.100.7:53"), ("[2001:db8::1]:9", "[2001:db8::2]:53")];
        for (source, destination) in pairs {
            let (source, destination): (SocketAddr, SocketAddr) =
                (source.parse().unwrap(), destination.parse().unwrap());
            let start = if source.is_ipv6() { 40 } else { 20 };
            let udp = IpPacket::udp(source, destination, bytes::Bytes::from("odd"));
            let tcp =
                IpPacket::tcp(source, destination, Segment { syn: true, ..Segment::default() });
            let icmp = if source.is_ipv6() { ICMPV6 } else { ICMP };
            let ping = IpPacket::echo(source.ip(), 7, destination.ip(), 1);
            let pong = ping.echo_reply().unwrap();
            let all = [(udp, UDP), (tcp, TCP), (ping, icmp), (pong, icmp)];
            for (packet, protocol) in all {
                let wire = packet.to_wire();
                assert_eq!(wire.len(), packet.len());
                let (source, destination) = (packet.source, packet.destination);
                let pseudo = (source.ip(), destination.ip(), protocol);
                assert!(
                    holds(&wire[start..], Some(pseudo).filter(|_| protocol != ICMP)),
                    "{packet}"
                );
                assert!(source.is_ipv6() || holds(&wire[..20], None));
                let error = packet.error(destination.ip(), IcmpFault::PortUnreachable).unwrap();
                let wire = error.to_wire();
                assert_eq!(wire.len(), error.len());
                let pseudo = (destination.ip(), source.ip(), ICMPV6);
                let pseudo = source.is_ipv6().then_some(pseudo);
                assert!(holds(&wire[start..], pseudo), "{error}");
            }
        }
    }
}
