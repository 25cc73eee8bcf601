//! The addresses of this host that a peer might reach.
use std::{io, net::IpAddr};

pub use sans_io_std::local_ip_towards as towards;

/// One address of one network interface.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Interface {
    /// What the system calls the interface, for example `eth0`.
    pub name: String,
    /// The address.
    pub address: IpAddr,
}

/// Lists the addresses of all interfaces that are up, in the order of the system, each once.
///
/// Left out are link-local addresses (IPv6 ones mean nothing without a zone, which SDP cannot
/// carry; IPv4 ones are what an interface gets that found no network), deprecated embeddings of IPv4 (RFC 8445 §5.1.1.1), and, unless `loopback` asks for
/// them, loopback addresses.
///
/// ```
/// let with_loopback = spool::interfaces::list(true)?;
/// assert!(with_loopback.iter().any(|interface| interface.address.is_loopback()));
/// assert!(spool::interfaces::list(false)?.iter().all(|i| !i.address.is_loopback()));
/// # Ok::<(), std::io::Error>(())
/// ```
pub fn list(loopback: bool) -> io::Result<Vec<Interface>> {
    let mut found: Vec<Interface> = Vec::new();
    for interface in if_addrs::get_if_addrs()? {
        let address = interface.ip();
        let known = found.iter().any(|other| other.address == address);
        let up = interface.is_oper_up() || interface.is_loopback();
        if up && !known && is_usable(address) && (loopback || !address.is_loopback()) {
            found.push(Interface { name: interface.name, address });
        }
    }
    Ok(found)
}

/// Which addresses an agent uses.
#[derive(Clone, Debug, PartialEq, Eq)]
pub(crate) struct Interfaces {
    /// Those that were named; if none were, those of all interfaces.
    pub(crate) named: Vec<IpAddr>,
    /// Whether loopback addresses are among them.
    pub(crate) loopback: bool,
}

impl Interfaces {
    /// The addresses as they are now.
    pub(crate) fn addresses(&self) -> io::Result<Vec<IpAddr>> {
        if !self.named.is_empty() {
            return Ok(self.named.clone());
        }
        Ok(list(self.loopback)?.into_iter().map(|interface| interface.address).collect())
    }
}

/// Every address of this host, also of interfaces that are down: what is sent there ends here.
pub(crate) fn own() -> io::Result<Vec<IpAddr>> {
    let all = if_addrs::get_if_addrs()?;
    Ok(all.iter().map(|interface| interface.ip().to_canonical()).collect())
}

fn is_usable(address: IpAddr) -> bool {
    match address {
        IpAddr::V4(v4) => !v4.is_unspecified() && !v4.is_link_local() && !v4.is_multicast(),
        IpAddr::V6(v6) => {
            let is_site_local = v6.segments()[0] & 0xffc0 == 0xfec0;
            let is_v4_compatible = v6.segments()[..6] == [0; 6] && !v6.is_loopback();
            let is_embedding = v6.to_ipv4_mapped().is_some() || is_v4_compatible;
            !v6.is_unspecified()
                && !v6.is_unicast_link_local()
                && !v6.is_multicast()
                && !is_site_local
                && !is_embedding
        }
    }
}

#[cfg(test)]
mod tests {
    use super::is_usable;

    #[test]
    fn what_no_peer_can_reach_is_left_out() {
        for address in ["fe80::1", "fec0::1", "::ffff:192.0.2.1", "::192.0.2.1", "::", "0.0.0.0"] {
            assert!(!is_usable(address.parse().unwrap()), "{address}");
        }
        for address in ["192.168.1.2", "2001:db8::1", "fd00::1", "::1", "127.0.0.1"] {
            assert!(is_usable(address.parse().unwrap()), "{address}");
        }
    }
}
