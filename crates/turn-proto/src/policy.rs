//! Whom a relay may exchange packets with (RFC 8656 §10.2, §11.2, §12.2, §21.3.2, §21.4).
use crate::IpPrefix;
use alloc::vec::Vec;
use core::net::IpAddr;

mod special;
#[cfg(test)]
mod tests;

/// Which peers clients may have packets relayed to. A relay that reaches whatever its host reaches
/// is a hole in every firewall around it, so there is no policy that allows everything: the one
/// there is denies what is not public, and what else is wanted must be named.
///
/// 1. A denied prefix is denied.
/// 2. Else an allowed prefix is allowed.
/// 3. Else an address is allowed when it is public unicast: not private, not a carrier's, not
///    loopback, link-local, multicast, broadcast, documentation, benchmarking, reserved or
///    unassigned.
///
/// An IPv6 address that stands for an IPv4 address (IPv4-mapped, NAT64, 6to4, Teredo and others)
/// must pass both as it is and as the IPv4 address inside. The server adds one rule before all of
/// these: its own addresses lead to its relayed addresses, and to nothing else of its host, unless a
/// rule allows the very address (`10.0.0.5/32`; of loopback, any rule that covers it).
///
/// ```
/// use turn_proto::PeerPolicy;
/// let policy = PeerPolicy::global_only();
/// assert!(policy.allows("8.8.8.8".parse()?));
/// assert!(!policy.allows("10.0.0.1".parse()?));
/// assert!(!policy.allows("64:ff9b::10.0.0.1".parse()?));
///
/// let policy = policy.allow("10.0.0.0/8".parse()?).deny("10.0.0.0/24".parse()?);
/// assert!(policy.allows("10.0.1.1".parse()?));
/// assert!(!policy.allows("10.0.0.1".parse()?));
/// # Ok::<(), Box<dyn std::error::Error>>(())
/// ```
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct PeerPolicy {
    allowed: Vec<IpPrefix>,
    denied: Vec<IpPrefix>,
}

impl PeerPolicy {
    /// Public unicast addresses only.
    pub const fn global_only() -> Self {
        Self { allowed: Vec::new(), denied: Vec::new() }
    }

    /// Allows a prefix besides. An IPv4 prefix covers the addresses within IPv6 that stand for it
    /// where they are routed publicly (NAT64, 6to4, Teredo); elsewhere allow both.
    #[must_use]
    pub fn allow(mut self, prefix: IpPrefix) -> Self {
        self.allowed.push(prefix);
        self
    }

    /// Denies a prefix, whatever else allows it.
    #[must_use]
    pub fn deny(mut self, prefix: IpPrefix) -> Self {
        self.denied.push(prefix);
        self
    }

    /// Whether packets may be relayed to and from this address.
    pub fn allows(&self, address: IpAddr) -> bool {
        self.allows_one(address) && Self::embedded(address).all(|inside| self.allows_one(inside))
    }

    /// The IPv4 addresses that an IPv6 address stands for.
    pub(crate) fn embedded(address: IpAddr) -> impl Iterator<Item = IpAddr> {
        special::embedded(address).into_iter().flatten().map(IpAddr::V4)
    }

    /// Whether a rule names this very address as allowed, and none denies it. Of loopback addresses,
    /// which are all one host's, the network is name enough.
    pub(crate) fn allows_explicitly(&self, address: IpAddr) -> bool {
        let is_name = |prefix: &IpPrefix| {
            prefix.contains(address) && (prefix.is_host() || address.is_loopback())
        };
        !contains(&self.denied, address) && self.allowed.iter().any(is_name)
    }

    fn allows_one(&self, address: IpAddr) -> bool {
        !contains(&self.denied, address) && (contains(&self.allowed, address) || is_global(address))
    }
}

fn is_global(address: IpAddr) -> bool {
    match address {
        IpAddr::V4(_) => !contains(&special::V4, address),
        IpAddr::V6(_) => {
            special::NAT64.contains(address)
                || special::TEREDO.contains(address)
                || special::V6_GLOBAL.contains(address) && !contains(&special::V6, address)
        }
    }
}

fn contains(prefixes: &[IpPrefix], address: IpAddr) -> bool {
    prefixes.iter().any(|prefix| prefix.contains(address))
}
