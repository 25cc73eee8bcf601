//! Between IPv6 and IPv4: the addresses of RFC 6052, and what a NAT64 (RFC 6146) changes in a packet
//! besides what its table says.
use crate::{Body, IcmpError, IcmpFault, IpPacket};
use core::{fmt, str::FromStr};
use std::net::{IpAddr, Ipv4Addr, Ipv6Addr, SocketAddr};

/// How much longer an IPv6 header is than an IPv4 one.
const HEADERS_DIFFER: u32 = 20;
/// An IPv4 packet of more than this many bytes that was an IPv6 one may not be fragmented: its sender
/// is told what passes instead.
const FRAGMENT_MAX: usize = 1_260;

/// The prefix under which IPv6 hosts find the IPv4 internet, of 32, 40, 48, 56, 64 or 96 bits
/// (RFC 6052 §2.2).
///
/// ```
/// use nat_sim::Pref64;
/// use std::net::Ipv4Addr;
/// let prefix: Pref64 = "2001:db8:122::/48".parse()?;
/// let server = Ipv4Addr::new(192, 0, 2, 33);
/// assert_eq!(prefix.embed(server).to_string(), "2001:db8:122:c000:2:2100::");
/// assert_eq!(prefix.extract(prefix.embed(server)), Some(server));
/// # Ok::<(), nat_sim::BadPref64>(())
/// ```
#[derive(Clone, Copy, Debug, PartialEq, Eq, Hash)]
pub struct Pref64 {
    network: u128,
    bits: u8,
}

/// A text is not a prefix of RFC 6052.
#[derive(Clone, Copy, Debug, PartialEq, Eq, thiserror::Error)]
#[error("not an IPv6 prefix of 32, 40, 48, 56, 64 or 96 bits with bits 64 to 71 zero")]
pub struct BadPref64;

impl Pref64 {
    /// `64:ff9b::/96`.
    pub const WELL_KNOWN: Self = Self { network: 0x0064_FF9B << 96, bits: 96 };

    /// A prefix of a network's own.
    pub const fn new(address: Ipv6Addr, bits: u8) -> Result<Self, BadPref64> {
        let network = address.to_bits();
        if !matches!(bits, 32 | 40 | 48 | 56 | 64 | 96) {
            return Err(BadPref64);
        }
        let in_prefix = network & (u128::MAX >> bits) == 0;
        let reserved = (network >> 56) as u8 == 0;
        if in_prefix && reserved { Ok(Self { network, bits }) } else { Err(BadPref64) }
    }

    /// The address under which IPv6 hosts reach an IPv4 one (RFC 6052 §2.3).
    pub const fn embed(self, address: Ipv4Addr) -> Ipv6Addr {
        let address = address.to_bits() as u128;
        if self.bits == 96 {
            return Ipv6Addr::from_bits(self.network | address);
        }
        // As if the reserved octet were not there, and then room made for it.
        let joined = address << (88 - self.bits as u32);
        let (high, low) = (joined >> 56, joined & ((1 << 56) - 1));
        Ipv6Addr::from_bits(self.network | high << 64 | low)
    }

    /// The IPv4 address in an IPv6 one of this prefix. What follows it does not matter.
    pub const fn extract(self, address: Ipv6Addr) -> Option<Ipv4Addr> {
        let bits = address.to_bits();
        if (bits ^ self.network) >> (128 - self.bits as u32) != 0 {
            return None;
        }
        if self.bits == 96 {
            return Some(Ipv4Addr::from_bits(bits as u32));
        }
        let joined = (bits >> 64) << 56 | bits & ((1 << 56) - 1);
        Some(Ipv4Addr::from_bits((joined >> (88 - self.bits as u32)) as u32))
    }

    /// The same for what may be of either family, with a port.
    pub(crate) fn embed_socket(self, address: SocketAddr) -> SocketAddr {
        match address.ip() {
            IpAddr::V4(v4) => SocketAddr::new(self.embed(v4).into(), address.port()),
            IpAddr::V6(_) => address,
        }
    }

    pub(crate) fn extract_socket(self, address: SocketAddr) -> Option<SocketAddr> {
        let IpAddr::V6(v6) = address.ip() else { return None };
        Some(SocketAddr::new(self.extract(v6)?.into(), address.port()))
    }

    /// Turns an IPv6 packet from the inside into an IPv4 one, but for its source, which the table
    /// knows. Whether it is one to be translated (RFC 6146 §3.5).
    pub(crate) fn into_ipv4(self, packet: &mut IpPacket) -> bool {
        let Some(destination) = self.extract_socket(packet.destination) else { return false };
        if self.extract_socket(packet.source).is_some() {
            return false; // It would go round in circles.
        }
        packet.destination = destination;
        packet.meta.dont_fragment = packet.len() - HEADERS_DIFFER as usize > FRAGMENT_MAX;
        if let Body::Error(error) = &mut packet.body {
            let source = self.extract_socket(error.source).unwrap_or(error.source);
            let fault = shifted(error.fault, |mtu| mtu.saturating_sub(HEADERS_DIFFER));
            *error = IcmpError { fault, source, ..*error };
        }
        true
    }

    /// Turns an IPv4 packet whose destination the table has changed into an IPv6 one.
    pub(crate) fn into_ipv6(self, packet: &mut IpPacket) {
        packet.source = self.embed_socket(packet.source);
        if let Body::Error(error) = &mut packet.body {
            let destination = self.embed_socket(error.destination);
            let fault = shifted(error.fault, |mtu| mtu.saturating_add(HEADERS_DIFFER));
            *error = IcmpError { fault, destination, ..*error };
        }
    }
}

/// An error in the other family: what fits there is longer or shorter.
fn shifted(fault: IcmpFault, shift: impl Fn(u32) -> u32) -> IcmpFault {
    match fault {
        IcmpFault::TooBig { mtu } => IcmpFault::TooBig { mtu: shift(mtu) },
        IcmpFault::PortUnreachable
        | IcmpFault::HostUnreachable
        | IcmpFault::Prohibited
        | IcmpFault::TimeExceeded => fault,
    }
}

impl fmt::Display for Pref64 {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        write!(f, "{}/{}", Ipv6Addr::from_bits(self.network), self.bits)
    }
}

impl FromStr for Pref64 {
    type Err = BadPref64;

    fn from_str(text: &str) -> Result<Self, BadPref64> {
        let (address, bits) = text.split_once('/').ok_or(BadPref64)?;
        let address = address.parse().map_err(|_| BadPref64)?;
        Self::new(address, bits.parse().map_err(|_| BadPref64)?)
    }
}
