//! The fields of a candidate that are more than a number: transport, type, address.

use core::fmt;
use core::net::{IpAddr, Ipv4Addr, Ipv6Addr};

use crate::diagnostic::{Code, ValueError};
use crate::text::{Token, Word};
use crate::value::Field;

macro_rules! words {
    ($(#[$doc:meta])* $name:ident $code:ident { $($(#[$vdoc:meta])* $variant:ident $text:literal,)* }) => {
        $(#[$doc])*
        #[derive(Clone, Debug, PartialEq, Eq, Hash)]
        pub enum $name<'a> {
            $($(#[$vdoc])* $variant,)*
            /// One that this crate does not know.
            Other(Token<'a>),
        }

        impl<'a> $name<'a> {
            pub(crate) fn parse(field: Field<'a>) -> Result<Self, ValueError> {
                $(if field.text.eq_ignore_ascii_case($text) {
                    return Ok(Self::$variant);
                })*
                field.token(Code::$code).map(Self::Other)
            }

            /// As it is written.
            pub fn as_str(&self) -> &str {
                match self {
                    $(Self::$variant => $text,)*
                    Self::Other(token) => token.as_str(),
                }
            }

            /// A copy that borrows nothing.
            pub fn into_owned(self) -> $name<'static> {
                match self {
                    $(Self::$variant => $name::$variant,)*
                    Self::Other(token) => $name::Other(token.into_owned()),
                }
            }
        }

        impl fmt::Display for $name<'_> {
            fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
                f.write_str(self.as_str())
            }
        }
    };
}

words! {
    /// The transport protocol of a candidate; case does not matter.
    Transport CandidateTransport {
        /// UDP (RFC 8839 §5.1).
        Udp "udp",
        /// TCP (RFC 6544 §4.5).
        Tcp "tcp",
    }
}

words! {
    /// How a candidate was found (RFC 8445 §5.1.1).
    CandidateType CandidateType {
        /// An address of the host itself.
        Host "host",
        /// The address that a STUN server saw.
        ServerReflexive "srflx",
        /// The address that the peer saw.
        PeerReflexive "prflx",
        /// An address at a TURN server.
        Relayed "relay",
    }
}

/// Which side opens the connection of a TCP candidate (RFC 6544 §4.5).
#[derive(Clone, Copy, Debug, PartialEq, Eq, Hash)]
pub enum TcpType {
    /// This side connects.
    Active,
    /// This side listens.
    Passive,
    /// Both connect at once.
    SimultaneousOpen,
}

impl TcpType {
    pub(crate) fn parse(field: Field<'_>) -> Result<Self, ValueError> {
        match field.text {
            "active" => Ok(Self::Active),
            "passive" => Ok(Self::Passive),
            "so" => Ok(Self::SimultaneousOpen),
            _ => Err(field.fault(Code::CandidateTcpType)),
        }
    }
}

impl fmt::Display for TcpType {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str(match self {
            Self::Active => "active",
            Self::Passive => "passive",
            Self::SimultaneousOpen => "so",
        })
    }
}

/// An address: a literal, or a name that has to be looked up.
#[derive(Clone, Debug, PartialEq, Eq, Hash)]
pub enum Address<'a> {
    /// IPv4 or IPv6.
    Ip(IpAddr),
    /// A domain name; one that ends in `.local` is an mDNS name.
    Name(Word<'a>),
}

impl<'a> Address<'a> {
    /// Anything that looks like a literal address has to be one: a colon means IPv6, and digits
    /// and dots alone mean IPv4.
    pub(crate) fn parse(field: Field<'a>) -> Result<Self, ValueError> {
        let text = field.text;
        if text.contains(':') {
            let ip = text.parse::<Ipv6Addr>();
            return ip
                .map(|ip| Self::Ip(ip.into()))
                .map_err(|_| field.fault(Code::CandidateAddress));
        }
        if text.bytes().all(|b| b.is_ascii_digit() || b == b'.') {
            let ip = text.parse::<Ipv4Addr>();
            return ip
                .map(|ip| Self::Ip(ip.into()))
                .map_err(|_| field.fault(Code::CandidateAddress));
        }
        let name = |b: u8| b.is_ascii_alphanumeric() || matches!(b, b'-' | b'.' | b'_');
        if text.bytes().all(name) {
            field.word(Code::CandidateAddress).map(Self::Name)
        } else {
            Err(field.fault(Code::CandidateAddress))
        }
    }

    /// Reads text that is an address and nothing else.
    pub(crate) fn parse_text(text: &'a str) -> Option<Self> {
        Self::parse(Field::new(text)).ok()
    }

    /// The literal address, if it is one.
    pub const fn ip(&self) -> Option<IpAddr> {
        match self {
            Self::Ip(ip) => Some(*ip),
            Self::Name(_) => None,
        }
    }

    /// Whether it is a name that only multicast DNS resolves
    /// (draft-ietf-rtcweb-mdns-ice-candidates).
    pub fn is_mdns(&self) -> bool {
        match self {
            Self::Ip(_) => false,
            Self::Name(name) => {
                name.rsplit_once('.').is_some_and(|(_, top)| top.eq_ignore_ascii_case("local"))
            }
        }
    }

    /// A copy that borrows nothing.
    pub fn into_owned(self) -> Address<'static> {
        match self {
            Self::Ip(ip) => Address::Ip(ip),
            Self::Name(name) => Address::Name(name.into_owned()),
        }
    }
}

impl From<IpAddr> for Address<'_> {
    fn from(ip: IpAddr) -> Self {
        Self::Ip(ip)
    }
}

impl fmt::Display for Address<'_> {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        match self {
            Self::Ip(ip) => ip.fmt(f),
            Self::Name(name) => name.fmt(f),
        }
    }
}
