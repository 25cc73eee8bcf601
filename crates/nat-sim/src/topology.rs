//! Hosts and NATs as they are asked for, and where they attach.
use crate::{Behaviour, Link, Model, NodeId, Pref64, Preset};
use core::{fmt, str::FromStr, time::Duration};
use std::net::{IpAddr, Ipv4Addr};

/// A host of a world.
#[derive(Clone, Copy, Debug, PartialEq, Eq, PartialOrd, Ord, Hash)]
pub struct HostId(pub(crate) u32);

/// A NAT of a world.
#[derive(Clone, Copy, Debug, PartialEq, Eq, PartialOrd, Ord, Hash)]
pub struct NatId(pub(crate) u32);

impl From<HostId> for NodeId {
    fn from(id: HostId) -> Self {
        Self(id.0)
    }
}

impl From<NatId> for NodeId {
    fn from(id: NatId) -> Self {
        Self(id.0)
    }
}

/// A machine on a host.
#[derive(Clone, Copy, Debug, PartialEq, Eq, PartialOrd, Ord, Hash)]
pub struct MachineId {
    /// The host.
    pub host: HostId,
    pub(crate) index: u32,
}

/// How a clock is set.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Hash)]
pub enum Jump {
    /// It shows more than before.
    Ahead(Duration),
    /// It shows less.
    Back(Duration),
}

/// Half of the default one-way delay between two hosts, 25 ms: what the link to the internet takes
/// in each direction unless told otherwise. Links inside take no time.
pub const ACCESS_DELAY: Duration = Duration::from_micros(12_500);

/// Where a node attaches, and over what.
#[derive(Clone, Debug)]
pub(crate) struct Attachment {
    /// The NAT whose inside it is; `None` for the internet.
    pub(crate) behind: Option<NatId>,
    pub(crate) addresses: Vec<IpAddr>,
    pub(crate) ipv6: bool,
    pub(crate) up: Link,
    pub(crate) down: Link,
}

impl Attachment {
    fn to(behind: Option<NatId>) -> Self {
        let delay = if behind.is_none() { ACCESS_DELAY } else { Duration::ZERO };
        let link = Link::after(delay);
        Self { behind, addresses: Vec::new(), ipv6: false, up: link, down: link }
    }
}

/// A host to be added to a [`World`](crate::World). What follows an attachment is about it.
///
/// ```
/// use core::time::Duration;
/// use nat_sim::{Host, Link, Nat, Preset, World};
/// let mut world = World::new(1);
/// let home = world.add_nat(Nat::of(Preset::PortRestrictedCone).named("home"))?;
/// let phone = Host::behind(home).named("phone").over(Link::after(Duration::from_millis(3)));
/// let phone = world.add_host(phone)?;
/// let server = world.add_host(Host::on_internet().named("server").dual_stack())?;
/// assert_eq!(world.addresses(server).len(), 2);
/// # Ok::<(), nat_sim::TopologyError>(())
/// ```
#[derive(Clone, Debug)]
pub struct Host {
    pub(crate) name: Option<String>,
    pub(crate) attachments: Vec<Attachment>,
}

impl Host {
    /// A host with a public address.
    pub fn on_internet() -> Self {
        Self { name: None, attachments: vec![Attachment::to(None)] }
    }

    /// A host on the inside of a NAT.
    pub fn behind(nat: NatId) -> Self {
        Self { name: None, attachments: vec![Attachment::to(Some(nat))] }
    }

    /// One more interface, on the internet.
    #[must_use]
    pub fn also_on_internet(mut self) -> Self {
        self.attachments.push(Attachment::to(None));
        self
    }

    /// One more interface, on the inside of a NAT.
    #[must_use]
    pub fn also_behind(mut self, nat: NatId) -> Self {
        self.attachments.push(Attachment::to(Some(nat)));
        self
    }

    /// Gives it a name, for logs and for its random streams.
    #[must_use]
    pub fn named(mut self, name: impl Into<String>) -> Self {
        self.name = Some(name.into());
        self
    }

    /// Gives it this address instead of the next free one; may be repeated.
    #[must_use]
    pub fn with_address(mut self, address: IpAddr) -> Self {
        if let Some(last) = self.attachments.last_mut() {
            last.addresses.push(address);
        }
        self
    }

    /// Gives it an IPv6 address besides the IPv4 one.
    #[must_use]
    pub fn dual_stack(mut self) -> Self {
        if let Some(last) = self.attachments.last_mut() {
            last.ipv6 = true;
        }
        self
    }

    /// Sets the link, the same in both directions.
    #[must_use]
    pub fn over(self, link: Link) -> Self {
        self.up(link).down(link)
    }

    /// Sets the link towards the network.
    #[must_use]
    pub fn up(mut self, link: Link) -> Self {
        if let Some(last) = self.attachments.last_mut() {
            last.up = link;
        }
        self
    }

    /// Sets the link from the network.
    #[must_use]
    pub fn down(mut self, link: Link) -> Self {
        if let Some(last) = self.attachments.last_mut() {
            last.down = link;
        }
        self
    }
}

/// A NAT or firewall to be added to a [`World`](crate::World), with a network on its inside.
#[derive(Clone, Debug)]
pub struct Nat {
    pub(crate) name: Option<String>,
    pub(crate) outside: Attachment,
    pub(crate) inside: Option<Prefix>,
    pub(crate) model: Model,
    pub(crate) ipv6: Model,
    pub(crate) pref64: Option<Pref64>,
}

impl Nat {
    /// A NAT on the internet that people know by this name.
    pub fn of(preset: Preset) -> Self {
        let nat = Self::new(preset.model());
        match preset {
            Preset::Nat64 => nat.with_nat64(Pref64::WELL_KNOWN),
            _ => nat,
        }
    }

    /// A NAT on the internet that works like this. It filters IPv6 as [`Behaviour::firewall`] does.
    pub fn new(model: impl Into<Model>) -> Self {
        let model = model.into();
        let ipv6 = Model::Behaviour(Behaviour { udp: model.udp(), ..Behaviour::firewall() });
        let outside = Attachment::to(None);
        Self { name: None, outside, inside: None, model, ipv6, pref64: None }
    }

    /// Puts it behind another one, for example a carrier's.
    #[must_use]
    pub fn behind(mut self, nat: NatId) -> Self {
        self.outside = Attachment::to(Some(nat));
        self.outside.ipv6 = self.pref64.is_some();
        self
    }

    /// Gives it a name, for logs and for its random streams.
    #[must_use]
    pub fn named(mut self, name: impl Into<String>) -> Self {
        self.name = Some(name.into());
        self
    }

    /// Gives it this outside address instead of the next free one; repeated, a pool of them.
    #[must_use]
    pub fn with_address(mut self, address: IpAddr) -> Self {
        self.outside.addresses.push(address);
        self
    }

    /// Sets the prefix of its inside. Two NATs may use the same one, as home routers do.
    #[must_use]
    pub fn with_inside(mut self, prefix: Prefix) -> Self {
        self.inside = Some(prefix);
        self
    }

    /// Gives it IPv6 on the outside and inside; it does not translate IPv6 but filters it.
    #[must_use]
    pub fn dual_stack(mut self) -> Self {
        self.outside.ipv6 = true;
        self
    }

    /// Makes it a NAT64 (RFC 6146): its inside has IPv6 only, and reaches IPv4 by this prefix, see
    /// [`World::address_for`](crate::World::address_for). IPv6 to anywhere else passes its firewall.
    ///
    /// ```
    /// use nat_sim::{Host, Nat, Preset, World};
    /// let mut world = World::new(1);
    /// let cell = world.add_nat(Nat::of(Preset::Nat64).with_nat64("2001:db8:64::/96".parse()?))?;
    /// let phone = world.add_host(Host::behind(cell))?;
    /// let server = world.add_host(Host::on_internet())?;
    /// let (a, b) = (world.install_peer(phone, 5000), world.install_peer(server, 3478));
    /// let seen = world.ask(a, b).expect("an IPv4 server answers");
    /// assert_eq!(seen.ip(), world.outside_addresses(cell)[0]);
    /// assert!(world.address(phone).is_ipv6());
    /// # Ok::<(), Box<dyn std::error::Error>>(())
    /// ```
    #[must_use]
    pub const fn with_nat64(mut self, prefix: Pref64) -> Self {
        self.pref64 = Some(prefix);
        self.outside.ipv6 = true;
        self
    }

    /// Sets what its firewall does with IPv6.
    #[must_use]
    pub fn with_ipv6(mut self, model: impl Into<Model>) -> Self {
        self.ipv6 = model.into();
        self
    }

    /// Sets the link to the outside, the same in both directions.
    #[must_use]
    pub fn over(self, link: Link) -> Self {
        self.up(link).down(link)
    }

    /// Sets the link towards the outside.
    #[must_use]
    pub fn up(mut self, link: Link) -> Self {
        self.outside.up = link;
        self
    }

    /// Sets the link from the outside.
    #[must_use]
    pub fn down(mut self, link: Link) -> Self {
        self.outside.down = link;
        self
    }
}

/// An IPv4 prefix, such as `192.168.1.0/24`.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Hash)]
pub struct Prefix {
    network: u32,
    bits: u8,
}

impl Prefix {
    /// The prefix that an address belongs to; more than 30 bits leave no room and count as 30.
    pub const fn new(address: Ipv4Addr, bits: u8) -> Self {
        let bits = if bits > 30 { 30 } else { bits };
        Self { network: address.to_bits() & Self::mask(bits), bits }
    }

    const fn mask(bits: u8) -> u32 {
        if bits == 0 { 0 } else { u32::MAX << (32 - bits) }
    }

    /// The `n`th address; `None` when it is out of the prefix or its broadcast address.
    pub const fn address(self, n: u32) -> Option<Ipv4Addr> {
        if n >= !Self::mask(self.bits) {
            return None;
        }
        Some(Ipv4Addr::from_bits(self.network | n))
    }

    /// Whether an address belongs to it.
    pub const fn contains(self, address: Ipv4Addr) -> bool {
        address.to_bits() & Self::mask(self.bits) == self.network
    }
}

impl fmt::Display for Prefix {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        write!(f, "{}/{}", Ipv4Addr::from_bits(self.network), self.bits)
    }
}

/// A text is not an IPv4 prefix with at most 30 bits.
#[derive(Clone, Copy, Debug, PartialEq, Eq, thiserror::Error)]
#[error("not an IPv4 prefix of the form 192.168.1.0/24, with 0 to 30 bits")]
pub struct BadPrefix;

impl FromStr for Prefix {
    type Err = BadPrefix;

    fn from_str(text: &str) -> Result<Self, BadPrefix> {
        let (address, bits) = text.split_once('/').ok_or(BadPrefix)?;
        let address: Ipv4Addr = address.parse().map_err(|_| BadPrefix)?;
        let bits: u8 = bits.parse().map_err(|_| BadPrefix)?;
        let prefix = Self::new(address, bits);
        if bits > 30 || prefix.network != address.to_bits() {
            return Err(BadPrefix);
        }
        Ok(prefix)
    }
}

/// Why a host or NAT cannot be added.
#[derive(Clone, Debug, PartialEq, Eq, thiserror::Error)]
pub enum TopologyError {
    /// Another node of this network has the address.
    #[error("{address} is taken by {by}")]
    AddressTaken {
        /// The address.
        address: IpAddr,
        /// The name of the node that has it.
        by: String,
    },
    /// No host can have the address: it is for groups, for all or for nobody.
    #[error("{address} is no address of a host")]
    NotOfHosts {
        /// The address.
        address: IpAddr,
    },
    /// The address is not of the prefix of the network.
    #[error("{address} is not in {prefix}")]
    AddressOutside {
        /// The address.
        address: IpAddr,
        /// The prefix.
        prefix: Prefix,
    },
    /// The network has no address left.
    #[error("{prefix} has no address left")]
    PrefixFull {
        /// The prefix.
        prefix: Prefix,
    },
    /// Another node has the name.
    #[error("there are two nodes named {name}")]
    NameTaken {
        /// The name.
        name: String,
    },
    /// The network is the inside of a NAT64.
    #[error("{address} is not for a network behind a NAT64, which has IPv6 only")]
    Ipv6Only {
        /// The address.
        address: IpAddr,
    },
    /// A NAT was given addresses, and none is an IPv4 one that it could translate to.
    #[error("{name} translates IPv4 and was given no IPv4 address")]
    NoIpv4 {
        /// The name of the NAT.
        name: String,
    },
    /// The id is of another world.
    #[error("this world has no such NAT")]
    NoSuchNat,
}
