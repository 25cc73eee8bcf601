//! Addresses as C has them, without the operating system's own structures, which differ.
use crate::status::{Fault, Status};
use std::net::{IpAddr, Ipv4Addr, Ipv6Addr, SocketAddr, SocketAddrV4, SocketAddrV6};

/// Room for any address as text, with the zero at its end.
pub const ADDRESS_TEXT_MAX: usize = 64;

/// An IP address with a port.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq)]
#[repr(C)]
pub struct Address {
    /// 4 or 6; 0 where there is none.
    pub family: u8,
    /// In the order of the host.
    pub port: u16,
    /// The index of the interface, for link-local IPv6 addresses; 0 for all others.
    pub scope: u32,
    /// In the order of the network; of IPv4 the first four bytes count.
    pub ip: [u8; 16],
}

impl From<SocketAddr> for Address {
    fn from(address: SocketAddr) -> Self {
        let mut ip = [0; 16];
        let (family, scope) = match address {
            SocketAddr::V4(v4) => {
                ip[..4].copy_from_slice(&v4.ip().octets());
                (4, 0)
            }
            SocketAddr::V6(v6) => {
                ip = v6.ip().octets();
                (6, v6.scope_id())
            }
        };
        Self { family, port: address.port(), scope, ip }
    }
}

impl Address {
    /// The address, if its family is one.
    pub(crate) fn to_rust(self) -> Result<SocketAddr, Fault> {
        match self.family {
            4 => {
                let [a, b, c, d, ..] = self.ip;
                Ok(SocketAddrV4::new(Ipv4Addr::new(a, b, c, d), self.port).into())
            }
            6 => {
                let ip = Ipv6Addr::from(self.ip);
                Ok(SocketAddrV6::new(ip, self.port, 0, self.scope).into())
            }
            other => {
                let text = format!("{other} is no family of addresses: 4 or 6");
                Err(Fault::new(Status::BadValue, text))
            }
        }
    }

    /// Reads `192.0.2.1:5000`, `[2001:db8::1]:5000`, and both without a port, which is 0 then.
    pub(crate) fn parse(text: &[u8]) -> Result<Self, Status> {
        let text = str::from_utf8(text).map_err(|_| Status::BadText)?;
        let address = text.parse::<SocketAddr>();
        let address = address.or_else(|_| text.parse::<IpAddr>().map(|ip| SocketAddr::new(ip, 0)));
        address.map(Self::from).map_err(|_| Status::BadText)
    }
}
