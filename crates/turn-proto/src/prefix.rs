//! An IP prefix, as policies are written in (RFC 4632, RFC 4291).
use core::{
    fmt,
    net::{IpAddr, Ipv4Addr, Ipv6Addr},
    str::FromStr,
};
use thiserror::Error;

/// All the addresses that begin with the same bits.
///
/// ```
/// use turn_proto::IpPrefix;
/// let private: IpPrefix = "10.0.0.0/8".parse()?;
/// assert!(private.contains("10.1.2.3".parse()?));
/// assert!(!private.contains("::ffff:10.1.2.3".parse()?));
/// let host: IpPrefix = "2001:db8::1".parse()?;
/// assert_eq!(host.to_string(), "2001:db8::1/128");
/// assert!("10.0.0.1/8".parse::<IpPrefix>().is_err());
/// # Ok::<(), Box<dyn std::error::Error>>(())
/// ```
#[derive(Clone, Copy, PartialEq, Eq, PartialOrd, Ord, Hash)]
pub struct IpPrefix {
    address: IpAddr,
    bits: u8,
}

/// Why something is no prefix.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Error)]
pub enum PrefixError {
    /// The part before the slash is not an address, or the part behind it not a number.
    #[error("not an address, a slash and a number of bits")]
    Syntax,
    /// It asks for more bits than an address has.
    #[error("{0} bits are more than the address has")]
    TooLong(u8),
    /// A bit is set behind the prefix, so one of the two was written wrongly.
    #[error("the address has bits set behind its first {0}")]
    HostBits(u8),
}

impl IpPrefix {
    /// The addresses that share their first `bits` bits with `address`, whose other bits are zero.
    pub fn new(address: IpAddr, bits: u8) -> Result<Self, PrefixError> {
        if bits > width(address) {
            return Err(PrefixError::TooLong(bits));
        }
        let prefix = Self { address, bits };
        if prefix.clear(address) == address { Ok(prefix) } else { Err(PrefixError::HostBits(bits)) }
    }

    /// The one address.
    pub const fn host(address: IpAddr) -> Self {
        let bits = width(address);
        Self { address, bits }
    }

    /// Whether it is one address and no more.
    pub const fn is_host(&self) -> bool {
        self.bits == width(self.address)
    }

    pub(crate) const fn v4(address: [u8; 4], bits: u8) -> Self {
        let [a, b, c, d] = address;
        Self { address: IpAddr::V4(Ipv4Addr::new(a, b, c, d)), bits }
    }

    pub(crate) const fn v6(top: [u16; 4], bits: u8) -> Self {
        let [a, b, c, d] = top;
        Self { address: IpAddr::V6(Ipv6Addr::new(a, b, c, d, 0, 0, 0, 0)), bits }
    }

    /// Whether `address` is one of them. An IPv4 address and its embeddings in IPv6 are different
    /// addresses.
    pub fn contains(&self, address: IpAddr) -> bool {
        address.is_ipv4() == self.address.is_ipv4() && self.clear(address) == self.address
    }

    /// The first address.
    pub const fn first(&self) -> IpAddr {
        self.address
    }

    /// The last address.
    pub fn last(&self) -> IpAddr {
        match self.address {
            IpAddr::V4(v4) => IpAddr::V4(
                (u32::from(v4) | u32::MAX.checked_shr(self.bits.into()).unwrap_or(0)).into(),
            ),
            IpAddr::V6(v6) => IpAddr::V6(
                (u128::from(v6) | u128::MAX.checked_shr(self.bits.into()).unwrap_or(0)).into(),
            ),
        }
    }

    /// `address` with the bits behind the prefix cleared.
    fn clear(&self, address: IpAddr) -> IpAddr {
        match address {
            IpAddr::V4(v4) => {
                let rest = u32::MAX.checked_shr(self.bits.into()).unwrap_or(0);
                IpAddr::V4((u32::from(v4) & !rest).into())
            }
            IpAddr::V6(v6) => {
                let rest = u128::MAX.checked_shr(self.bits.into()).unwrap_or(0);
                IpAddr::V6((u128::from(v6) & !rest).into())
            }
        }
    }
}

const fn width(address: IpAddr) -> u8 {
    match address {
        IpAddr::V4(_) => 32,
        IpAddr::V6(_) => 128,
    }
}

impl FromStr for IpPrefix {
    type Err = PrefixError;

    fn from_str(text: &str) -> Result<Self, PrefixError> {
        let Some((address, bits)) = text.split_once('/') else {
            return text.parse().map(Self::host).map_err(|_| PrefixError::Syntax);
        };
        let address = address.parse().map_err(|_| PrefixError::Syntax)?;
        Self::new(address, bits.parse().map_err(|_| PrefixError::Syntax)?)
    }
}

impl fmt::Display for IpPrefix {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        write!(f, "{}/{}", self.address, self.bits)
    }
}

impl fmt::Debug for IpPrefix {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        fmt::Display::fmt(self, f)
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn prefixes_of_every_length_hold_their_ends_and_nothing_beyond() {
        let ends = [
            ("0.0.0.0/0", "0.0.0.0", "255.255.255.255"),
            ("100.64.0.0/10", "100.64.0.0", "100.127.255.255"),
            ("192.0.2.1/32", "192.0.2.1", "192.0.2.1"),
            ("::/0", "::", "ffff:ffff:ffff:ffff:ffff:ffff:ffff:ffff"),
            ("fe80::/10", "fe80::", "febf:ffff:ffff:ffff:ffff:ffff:ffff:ffff"),
        ];
        for (prefix, first, last) in ends {
            let prefix: IpPrefix = prefix.parse().unwrap();
            assert_eq!(prefix.first(), first.parse::<IpAddr>().unwrap());
            assert_eq!(prefix.last(), last.parse::<IpAddr>().unwrap());
            assert!(prefix.contains(prefix.first()) && prefix.contains(prefix.last()));
        }
        let shared: IpPrefix = "100.64.0.0/10".parse().unwrap();
        assert!(!shared.contains("100.128.0.0".parse().unwrap()));
        assert!(!shared.contains("100.63.255.255".parse().unwrap()));
    }

    #[test]
    fn a_prefix_that_was_written_wrongly_is_refused() {
        let parse = |text: &str| text.parse::<IpPrefix>().unwrap_err();
        assert_eq!(parse("10.0.0.1/8"), PrefixError::HostBits(8));
        assert_eq!(parse("10.0.0.0/33"), PrefixError::TooLong(33));
        assert_eq!(parse("fe80::1/64"), PrefixError::HostBits(64));
        for text in ["", "/", "10/8", "10.0.0.0/", "10.0.0.0/x", "10.0.0.0/256"] {
            assert_eq!(parse(text), PrefixError::Syntax, "{text}");
        }
    }
}
