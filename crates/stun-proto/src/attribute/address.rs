//! How a transport address is written, plain or XORed (RFC 8489 §14.1, §14.2).
use crate::TransactionId;
use core::net::{IpAddr, Ipv4Addr, Ipv6Addr, SocketAddr};

const FAMILY_V4: u8 = 1;
const FAMILY_V6: u8 = 2;

/// What an address is XORed with: nothing, or the cookie and the transaction ID.
#[derive(Clone, Copy)]
pub(crate) struct Mask(u128);

impl Mask {
    pub(crate) const fn plain(_: &TransactionId) -> Self {
        Self(0)
    }

    pub(crate) fn xor(id: &TransactionId) -> Self {
        Self(id.mask())
    }

    const fn port(self) -> u16 {
        (self.0 >> 112) as u16
    }

    const fn v4(self) -> u32 {
        (self.0 >> 96) as u32
    }
}

pub(crate) fn decode(value: &[u8], mask: Mask) -> Option<SocketAddr> {
    let (&[_, family, high, low], ip) = value.split_first_chunk()?;
    let port = u16::from_be_bytes([high, low]) ^ mask.port();
    let ip = match family {
        FAMILY_V4 => {
            let bits = u32::from_be_bytes(ip.try_into().ok()?);
            IpAddr::V4(Ipv4Addr::from_bits(bits ^ mask.v4()))
        }
        FAMILY_V6 => {
            let bits = u128::from_be_bytes(ip.try_into().ok()?);
            IpAddr::V6(Ipv6Addr::from_bits(bits ^ mask.0))
        }
        _ => return None,
    };
    Some(SocketAddr::new(ip, port))
}

pub(crate) const fn len(address: SocketAddr) -> usize {
    match address {
        SocketAddr::V4(_) => 8,
        SocketAddr::V6(_) => 20,
    }
}

pub(crate) fn encode(address: SocketAddr, mask: Mask, out: &mut [u8]) {
    let [high, low] = (address.port() ^ mask.port()).to_be_bytes();
    match address.ip() {
        IpAddr::V4(ip) => {
            out[..4].copy_from_slice(&[0, FAMILY_V4, high, low]);
            out[4..].copy_from_slice(&(ip.to_bits() ^ mask.v4()).to_be_bytes());
        }
        IpAddr::V6(ip) => {
            out[..4].copy_from_slice(&[0, FAMILY_V6, high, low]);
            out[4..].copy_from_slice(&(ip.to_bits() ^ mask.0).to_be_bytes());
        }
    }
}
