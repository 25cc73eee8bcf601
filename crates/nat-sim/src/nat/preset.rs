//! NATs that people meet, by name.
mod shortfalls;

use super::{
    Model,
    behaviour::{Behaviour, Dependence, Hairpin, Lifetime, PortChoice, Udp},
    linux::{LinuxNat, RouterInput},
};
use core::{fmt, str::FromStr, time::Duration};

/// A NAT or firewall by the name that people know it by.
///
/// ```
/// use nat_sim::{LinuxNat, Model, Preset};
/// let preset: Preset = "linux".parse()?;
/// assert_eq!(preset.model(), Model::Linux(LinuxNat::masquerade()));
/// # Ok::<(), nat_sim::UnknownPreset>(())
/// ```
#[derive(Clone, Copy, Debug, PartialEq, Eq, PartialOrd, Ord, Hash)]
pub enum Preset {
    /// What RFC 4787 asks for.
    Rfc4787,
    /// Endpoint-independent in both: anybody may send to the mapping (RFC 3489).
    FullCone,
    /// Endpoint-independent mapping, address-dependent filtering.
    RestrictedCone,
    /// Endpoint-independent mapping, address-and-port-dependent filtering: most home routers.
    PortRestrictedCone,
    /// A mapping for each destination, with random ports.
    Symmetric,
    /// A carrier's NAT with a block of ports for each subscriber and endpoint-independent mapping.
    CarrierBlock,
    /// A mobile carrier's NAT: a mapping for each destination, short lived.
    MobileCarrier,
    /// An enterprise firewall that translates each destination anew and says so when it blocks.
    Enterprise,
    /// No NAT, but a firewall that lets in only answers (RFC 6092).
    Firewall,
    /// A Linux router: `masquerade` with a firewall.
    Linux,
    /// A Linux router with `masquerade random`.
    LinuxRandom,
    /// A Linux router without an input firewall, whose ports early packets can take away.
    LinuxOpen,
    /// A NAT64 of a network without IPv4 (RFC 6146), as mobile carriers have them.
    Nat64,
    /// A router that drops all UDP.
    UdpBlocked,
    /// A firewall that lets out TCP to port 443 and nothing else.
    Tcp443,
}

/// No preset has this name. Its text lists those that there are.
#[derive(Clone, Copy, Debug, PartialEq, Eq, thiserror::Error)]
#[error("no NAT preset has this name; there are {}", Preset::ALL.map(Preset::name).join(", "))]
pub struct UnknownPreset;

impl Preset {
    /// All of them.
    pub const ALL: [Self; 15] = [
        Self::Rfc4787,
        Self::FullCone,
        Self::RestrictedCone,
        Self::PortRestrictedCone,
        Self::Symmetric,
        Self::CarrierBlock,
        Self::MobileCarrier,
        Self::Enterprise,
        Self::Firewall,
        Self::Linux,
        Self::LinuxRandom,
        Self::LinuxOpen,
        Self::Nat64,
        Self::UdpBlocked,
        Self::Tcp443,
    ];

    /// Its name in scenarios and on the command line.
    pub const fn name(self) -> &'static str {
        match self {
            Self::Rfc4787 => "rfc4787",
            Self::FullCone => "full-cone",
            Self::RestrictedCone => "restricted-cone",
            Self::PortRestrictedCone => "port-restricted-cone",
            Self::Symmetric => "symmetric",
            Self::CarrierBlock => "carrier-block",
            Self::MobileCarrier => "mobile-carrier",
            Self::Enterprise => "enterprise",
            Self::Firewall => "firewall",
            Self::Linux => "linux",
            Self::LinuxRandom => "linux-random",
            Self::LinuxOpen => "linux-open",
            Self::Nat64 => "nat64",
            Self::UdpBlocked => "udp-blocked",
            Self::Tcp443 => "tcp-443",
        }
    }

    /// What it is, in a line for lists.
    pub const fn text(self) -> &'static str {
        match self {
            Self::Rfc4787 => "what RFC 4787 asks for",
            Self::FullCone => "one port for all destinations, anybody gets in",
            Self::RestrictedCone => "one port, addresses that were sent to get in",
            Self::PortRestrictedCone => {
                "one port, addresses and ports that were sent to get in: most homes"
            }
            Self::Symmetric => "a random port for each destination",
            Self::CarrierBlock => "a carrier's NAT with a block of ports for each subscriber",
            Self::MobileCarrier => {
                "a mobile carrier's NAT: a port for each destination, short lived"
            }
            Self::Enterprise => {
                "an enterprise firewall: a port for each destination, says when it blocks"
            }
            Self::Firewall => "no NAT, but only answers get in (RFC 6092)",
            Self::Linux => "a Linux router: masquerade behind a firewall",
            Self::LinuxRandom => "a Linux router with masquerade random",
            Self::LinuxOpen => "a Linux router without a firewall, which early packets can confuse",
            Self::Nat64 => "IPv6 only inside, IPv4 servers by translation (RFC 6146)",
            Self::UdpBlocked => "a router that drops all UDP",
            Self::Tcp443 => "a firewall that lets out TCP to port 443 only",
        }
    }

    /// Whether any UDP passes it.
    pub fn passes_udp(self) -> bool {
        self.model().udp() == Udp::Passes
    }

    /// What it does.
    pub fn model(self) -> Model {
        use Dependence::{Address, AddressAndPort, Endpoint};
        let home = |filtering| Behaviour {
            ports: PortChoice::Preserving,
            classes: true,
            ..Behaviour::of(Endpoint, filtering)
        };
        let idle = |secs| Lifetime::idle(Duration::from_secs(secs));
        Model::Behaviour(match self {
            Self::Linux => return LinuxNat::masquerade().into(),
            Self::LinuxRandom => return LinuxNat::random().into(),
            Self::LinuxOpen => {
                let input = RouterInput::Accept;
                return LinuxNat { input, ..LinuxNat::masquerade() }.into();
            }
            Self::Rfc4787 => Behaviour::recommended(),
            Self::FullCone => home(Endpoint),
            Self::RestrictedCone => home(Address),
            Self::PortRestrictedCone => home(AddressAndPort),
            Self::Symmetric => Behaviour::of(AddressAndPort, AddressAndPort),
            Self::CarrierBlock => Behaviour {
                ports: PortChoice::Block(512),
                hairpin: Hairpin::ExternalSource,
                lifetime: idle(60),
                hold_down: Duration::from_secs(120),
                ..Behaviour::of(Endpoint, AddressAndPort)
            },
            Self::MobileCarrier => {
                Behaviour { lifetime: idle(30), ..Behaviour::of(AddressAndPort, AddressAndPort) }
            }
            Self::Enterprise => Behaviour {
                lifetime: idle(60),
                quota: Some(1024),
                ..Behaviour::of(AddressAndPort, AddressAndPort)
            },
            // RFC 6146 §3.5 and §4, with the filtering that it leaves open.
            Self::Nat64 => Behaviour { filtering: Address, ..Behaviour::recommended() },
            Self::Firewall => Behaviour::firewall(),
            Self::UdpBlocked => Behaviour { udp: Udp::Dropped, ..home(AddressAndPort) },
            Self::Tcp443 => {
                Behaviour { udp: Udp::Dropped, tcp_only_to: Some(443), ..home(AddressAndPort) }
            }
        })
    }
}

impl fmt::Display for Preset {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str(self.name())
    }
}

impl FromStr for Preset {
    type Err = UnknownPreset;

    fn from_str(name: &str) -> Result<Self, UnknownPreset> {
        Self::ALL.into_iter().find(|preset| preset.name() == name).ok_or(UnknownPreset)
    }
}
