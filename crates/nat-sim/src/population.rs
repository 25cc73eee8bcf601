//! A weighted population of hosts, to sample pairs of them from.
use crate::{
    Behaviour, Chance, Dependence, Host, HostId, Lifetime, Link, LinuxNat, Model, Nat, PortChoice,
    Preset, RouterInput, Stream, TopologyError, World,
};
use core::time::Duration;

/// How one host gets to the internet.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Access {
    /// The class of the population that it is of.
    pub class: &'static str,
    /// The NATs that it is behind, the innermost first.
    pub nats: Vec<Model>,
    /// Whether it has IPv6 as well, behind a firewall where there are NATs.
    pub ipv6: bool,
    /// Its way to the internet, in each direction.
    pub link: Link,
}

/// A population: classes of hosts with their shares.
///
/// The default is a model, not data. It brings together what was published of NATs: that most can be
/// punched through (Ford, Srisuresh, Kegel, USENIX 2005), that carriers' NATs are in about a sixth
/// of the networks that people are in and in nearly all mobile ones, there with address-and-port
/// dependent mappings in about two of five (Richter et al., IMC 2016), and that home gateways forget
/// idle mappings after 30 seconds to a few minutes (Hätönen et al., IMC 2010). The share of IPv6 is
/// near what large sites report for 2026. Between these points the numbers are chosen, and so are all
/// of the links: some milliseconds to the internet from homes and offices, tens from phones, a
/// little jitter and loss for some, one to four routers between the last NAT and the core of the
/// internet, and one between a home router and its carrier's NAT. A packet with a TTL of four leaves
/// every NAT of its sender and reaches none of anybody else's.
///
/// ```
/// use nat_sim::{Population, World};
/// let population = Population::default();
/// let mut world = World::new(7);
/// let mut stream = world.stream("population");
/// let access = population.sample(&mut stream);
/// let host = access.add_to(&mut world, "alice")?;
/// assert!(!world.addresses(host).is_empty());
/// # Ok::<(), nat_sim::TopologyError>(())
/// ```
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Population {
    /// Classes with their weights, in any unit.
    pub classes: Vec<(u32, Class)>,
    /// How many of the hosts whose class allows it have IPv6.
    pub ipv6: Chance,
}

/// A class of hosts. Times are drawn for each host.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq, Hash)]
pub enum Class {
    /// A public address and nothing between.
    #[default]
    Public,
    /// A public address behind a firewall.
    Firewalled,
    /// A home router that works like Linux, with an input firewall.
    HomeLinux,
    /// The same without one.
    HomeLinuxOpen,
    /// A home router that filters by address.
    HomeRestricted,
    /// A home router that does not filter.
    HomeOpen,
    /// A home router with a mapping for each destination.
    HomeSymmetric,
    /// A home router behind a carrier's NAT with port blocks.
    HomeBehindCarrier,
    /// A home router behind a carrier's NAT that does not filter.
    HomeBehindOpenCarrier,
    /// A home router behind a carrier's NAT with a mapping for each destination.
    HomeBehindSymmetricCarrier,
    /// A phone behind a carrier's NAT with a mapping for each destination.
    MobileSymmetric,
    /// A phone behind a carrier's NAT with one mapping that filters by address and port.
    MobileCone,
    /// A phone behind a carrier's NAT that does not filter.
    MobileOpen,
    /// An enterprise network with a mapping for each destination.
    Enterprise,
    /// A network that lets out TCP to port 443 only.
    Tcp443,
}

impl Class {
    /// Its name in reports.
    pub const fn name(self) -> &'static str {
        match self {
            Self::Public => "public",
            Self::Firewalled => "firewalled",
            Self::HomeLinux => "home, Linux",
            Self::HomeLinuxOpen => "home, Linux without firewall",
            Self::HomeRestricted => "home, filters by address",
            Self::HomeOpen => "home, does not filter",
            Self::HomeSymmetric => "home, symmetric",
            Self::HomeBehindCarrier => "home behind carrier",
            Self::HomeBehindOpenCarrier => "home behind open carrier",
            Self::HomeBehindSymmetricCarrier => "home behind symmetric carrier",
            Self::MobileSymmetric => "mobile, symmetric",
            Self::MobileCone => "mobile, cone",
            Self::MobileOpen => "mobile, open",
            Self::Enterprise => "enterprise",
            Self::Tcp443 => "TCP 443 only",
        }
    }

    const fn may_have_ipv6(self) -> bool {
        !matches!(self, Self::Enterprise | Self::Tcp443)
    }

    fn link(self, stream: &mut Stream) -> Link {
        let mobile = matches!(self, Self::MobileSymmetric | Self::MobileCone | Self::MobileOpen);
        let delay = if mobile {
            pick(stream, &[(30, 18), (40, 30), (20, 45), (10, 80)])
        } else {
            pick(stream, &[(25, 3), (35, 7), (25, 12), (15, 20)])
        };
        let loss = pick(stream, &[(70, 0), (20, 1_000), (8, 5_000), (2, 20_000)]);
        let jitter = Duration::from_micros(100 * delay);
        Link::after(Duration::from_millis(delay))
            .with_jitter(jitter)
            .with_loss(Chance::ppm(loss))
            .with_hops(hops(delay))
    }

    fn nats(self, stream: &mut Stream) -> Vec<Model> {
        use Dependence::{Address, AddressAndPort, Endpoint};
        let home_idle = pick(stream, &[(30, 30), (20, 60), (20, 120), (15, 180), (15, 300)]);
        let carrier_idle = pick(stream, &[(3, 10), (35, 30), (36, 60), (18, 120), (8, 200)]);
        let nat = |mapping, filtering, ports, secs| {
            let lifetime = Lifetime::idle(Duration::from_secs(secs));
            Model::from(Behaviour { ports, lifetime, ..Behaviour::of(mapping, filtering) })
        };
        let preserving = PortChoice::Preserving;
        let home = |filtering| nat(Endpoint, filtering, preserving, home_idle);
        let carrier =
            |mapping, filtering| nat(mapping, filtering, PortChoice::Random, carrier_idle);
        let linux = || Model::from(LinuxNat::masquerade());
        match self {
            Self::Public => Vec::new(),
            Self::Firewalled => vec![Behaviour::firewall().into()],
            Self::HomeLinux => vec![linux()],
            Self::HomeLinuxOpen => {
                let input = RouterInput::Accept;
                vec![LinuxNat { input, ..LinuxNat::masquerade() }.into()]
            }
            Self::HomeRestricted => vec![home(Address)],
            Self::HomeOpen => vec![home(Endpoint)],
            Self::HomeSymmetric => {
                vec![nat(AddressAndPort, AddressAndPort, PortChoice::Random, home_idle)]
            }
            Self::HomeBehindCarrier => {
                let ports = PortChoice::Block(512);
                vec![linux(), nat(Endpoint, AddressAndPort, ports, carrier_idle)]
            }
            Self::HomeBehindOpenCarrier => vec![linux(), carrier(Endpoint, Endpoint)],
            Self::HomeBehindSymmetricCarrier => {
                vec![linux(), carrier(AddressAndPort, AddressAndPort)]
            }
            Self::MobileSymmetric => vec![carrier(AddressAndPort, AddressAndPort)],
            Self::MobileCone => vec![carrier(Endpoint, AddressAndPort)],
            Self::MobileOpen => vec![carrier(Endpoint, Endpoint)],
            Self::Enterprise => vec![Preset::Enterprise.model()],
            Self::Tcp443 => vec![Preset::Tcp443.model()],
        }
    }
}

/// How many routers stand between a last NAT and the core of the internet: more where that is
/// farther away.
const fn hops(delay_ms: u64) -> u8 {
    match delay_ms {
        0..=3 => 1,
        4..=7 => 2,
        8..=12 => 3,
        _ => 4,
    }
}

/// Routers between a home router and the NAT of its carrier.
const CARRIER_HOPS: u8 = 1;

/// One of several values, by weight.
fn pick<T: Copy + Default>(stream: &mut Stream, weighted: &[(u32, T)]) -> T {
    let total: u64 = weighted.iter().map(|(weight, _)| u64::from(*weight)).sum();
    let mut at = stream.below(total);
    for (weight, value) in weighted {
        match at.checked_sub(u64::from(*weight)) {
            Some(rest) => at = rest,
            None => return *value,
        }
    }
    T::default()
}

impl Default for Population {
    fn default() -> Self {
        // In thousandths.
        let classes = vec![
            (40, Class::Public),
            (30, Class::Firewalled),
            (425, Class::HomeLinux),
            (75, Class::HomeLinuxOpen),
            (80, Class::HomeRestricted),
            (40, Class::HomeOpen),
            (20, Class::HomeSymmetric),
            (90, Class::HomeBehindCarrier),
            (20, Class::HomeBehindOpenCarrier),
            (20, Class::HomeBehindSymmetricCarrier),
            (50, Class::MobileSymmetric),
            (50, Class::MobileCone),
            (20, Class::MobileOpen),
            (20, Class::Enterprise),
            (20, Class::Tcp443),
        ];
        Self { classes, ipv6: Chance::percent(45) }
    }
}

impl Population {
    /// Draws a host. With no classes it is a public one.
    pub fn sample(&self, stream: &mut Stream) -> Access {
        let class = pick(stream, &self.classes);
        let ipv6 = class.may_have_ipv6() && stream.happens(self.ipv6);
        let nats = class.nats(stream);
        Access { class: class.name(), nats, ipv6, link: class.link(stream) }
    }
}

impl Access {
    /// Adds the host to a world, with its NATs.
    pub fn add_to(&self, world: &mut World, name: &str) -> Result<HostId, TopologyError> {
        let mut outer = None;
        for (index, model) in self.nats.iter().enumerate().rev() {
            let mut nat = Nat::new(model.clone()).named(format!("{name}'s NAT {}", index + 1));
            if let Some(outer) = outer {
                nat = nat.behind(outer).over(Link::default().with_hops(CARRIER_HOPS));
            }
            if self.ipv6 {
                nat = nat.dual_stack();
            }
            if outer.is_none() {
                nat = nat.over(self.link);
            }
            outer = Some(world.add_nat(nat)?);
        }
        let host = match outer {
            Some(nat) => Host::behind(nat),
            None => Host::on_internet().over(self.link),
        };
        let host = host.named(name);
        world.add_host(if self.ipv6 { host.dual_stack() } else { host })
    }
}
