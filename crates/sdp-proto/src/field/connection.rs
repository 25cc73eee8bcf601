//! `c=`: the address that media goes to (RFC 8866 §5.7).

use core::fmt;
use core::net::{IpAddr, Ipv4Addr, Ipv6Addr};

use crate::diagnostic::{Code, ValueError};
use crate::text::Word;
use crate::value::{Field, Fields};

/// An address in the Internet, with TTL and count where it is a multicast one.
#[derive(Clone, Debug, PartialEq, Eq, Hash)]
pub struct Connection<'a> {
    /// The address.
    pub address: ConnectionAddress<'a>,
    /// How far IPv4 multicast packets go.
    pub ttl: Option<u8>,
    /// Number of addresses in a row, counted from this one.
    pub count: Option<u16>,
}

/// A literal address, or a name of an address of one family.
#[derive(Clone, Debug, PartialEq, Eq, Hash)]
pub enum ConnectionAddress<'a> {
    /// IPv4 or IPv6.
    Ip(IpAddr),
    /// A domain name that is to have an IPv4 address.
    Name4(Word<'a>),
    /// A domain name that is to have an IPv6 address.
    Name6(Word<'a>),
}

impl Connection<'static> {
    /// One address. IPv4 multicast must have a TTL (RFC 8866 §5.7) and gets 1, which keeps it on the
    /// network that it is sent on, as sockets do that set none.
    pub const fn new(address: IpAddr) -> Self {
        let ttl = if address.is_ipv4() && address.is_multicast() { Some(1) } else { None };
        Self { address: ConnectionAddress::Ip(address), ttl, count: None }
    }

    /// The address of a description whose media goes where ICE says (RFC 8829 §5.2.1).
    pub const UNKNOWN: Self = Self::new(IpAddr::V4(Ipv4Addr::UNSPECIFIED));
}

impl<'a> Connection<'a> {
    /// Reads the value of the line.
    pub fn parse(value: &'a str) -> Result<Self, ValueError> {
        let syntax = Code::ConnectionSyntax;
        let mut fields = Fields::new(value);
        let network = fields.expect(syntax)?;
        let family = fields.expect(syntax)?;
        let whole = fields.expect(syntax)?;
        fields.end(syntax)?;
        if network.text != "IN" {
            return Err(network.fault(Code::NetworkType));
        }
        let (address, tail) = whole.split(b'/');
        match family.text {
            "IP4" => {
                let address = ip4(address)?;
                let (ttl, count) = tail.map_or((None, None), |tail| {
                    let (ttl, count) = tail.split(b'/');
                    (Some(ttl), count)
                });
                let ttl = ttl.map(|ttl| ttl.plain_number(Code::MulticastTtl)).transpose()?;
                Ok(Self { address, ttl, count: count.map(address_count).transpose()? })
            }
            "IP6" => {
                let address = ip6(address)?;
                Ok(Self { address, ttl: None, count: tail.map(address_count).transpose()? })
            }
            _ => Err(family.fault(Code::AddressType)),
        }
    }

    /// What the rules say about a value that can be read: a multicast address of IPv4 has a TTL,
    /// and an address of one host has neither TTL nor count.
    pub(crate) fn strict(value: &'a str) -> Result<(), ValueError> {
        let Self { address, ttl, count } = Self::parse(value)?;
        let ConnectionAddress::Ip(ip) = address else { return Ok(()) };
        let code = match (ip.is_multicast(), ttl) {
            (true, None) if ip.is_ipv4() => Code::MulticastTtlMissing,
            (false, _) if ttl.is_some() || count.is_some() => Code::UnicastSlash,
            _ => return Ok(()),
        };
        let field = Fields::new(value).nth(2);
        field.map_or(Ok(()), |field| Err(field.fault(code)))
    }

    /// A copy that borrows nothing.
    pub fn into_owned(self) -> Connection<'static> {
        let address = match self.address {
            ConnectionAddress::Ip(ip) => ConnectionAddress::Ip(ip),
            ConnectionAddress::Name4(name) => ConnectionAddress::Name4(name.into_owned()),
            ConnectionAddress::Name6(name) => ConnectionAddress::Name6(name.into_owned()),
        };
        Connection { address, ttl: self.ttl, count: self.count }
    }

    /// Whether it is an address, or a name of one, of IPv6.
    pub(crate) const fn is_ip6(&self) -> bool {
        match &self.address {
            ConnectionAddress::Ip(ip) => ip.is_ipv6(),
            ConnectionAddress::Name4(_) => false,
            ConnectionAddress::Name6(_) => true,
        }
    }

    /// The literal address, if it is one.
    pub const fn ip(&self) -> Option<IpAddr> {
        match self.address {
            ConnectionAddress::Ip(ip) => Some(ip),
            ConnectionAddress::Name4(_) | ConnectionAddress::Name6(_) => None,
        }
    }
}

fn address_count(field: Field<'_>) -> Result<u16, ValueError> {
    let count = field.integer(Code::AddressCount)?;
    u16::try_from(count.get()).map_err(|_| field.fault(Code::AddressCount))
}

fn ip4(field: Field<'_>) -> Result<ConnectionAddress<'_>, ValueError> {
    if let Ok(ip) = field.text.parse::<Ipv4Addr>() {
        return Ok(ConnectionAddress::Ip(ip.into()));
    }
    if field.text.contains(':') {
        return Err(field.fault(Code::AddressFamily));
    }
    if field.text.bytes().all(|b| b.is_ascii_digit() || b == b'.') {
        return Err(field.fault(Code::Address));
    }
    name(field).map(ConnectionAddress::Name4)
}

fn ip6(field: Field<'_>) -> Result<ConnectionAddress<'_>, ValueError> {
    if let Ok(ip) = field.text.parse::<Ipv6Addr>() {
        return Ok(ConnectionAddress::Ip(ip.into()));
    }
    if field.text.parse::<Ipv4Addr>().is_ok() {
        return Err(field.fault(Code::AddressFamily));
    }
    name(field).map(ConnectionAddress::Name6)
}

fn name(field: Field<'_>) -> Result<Word<'_>, ValueError> {
    let allowed = |b: u8| b.is_ascii_alphanumeric() || matches!(b, b'-' | b'.' | b'_');
    if field.text.bytes().all(allowed) {
        field.word(Code::Address)
    } else {
        Err(field.fault(Code::Address))
    }
}

impl fmt::Display for Connection<'_> {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        match &self.address {
            ConnectionAddress::Ip(IpAddr::V4(ip)) => write!(f, "IN IP4 {ip}")?,
            ConnectionAddress::Ip(IpAddr::V6(ip)) => write!(f, "IN IP6 {ip}")?,
            ConnectionAddress::Name4(name) => write!(f, "IN IP4 {name}")?,
            ConnectionAddress::Name6(name) => write!(f, "IN IP6 {name}")?,
        }
        if let Some(ttl) = self.ttl {
            write!(f, "/{ttl}")?;
        }
        self.count.map_or(Ok(()), |count| write!(f, "/{count}"))
    }
}
