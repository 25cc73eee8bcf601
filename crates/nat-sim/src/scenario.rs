//! A scenario as data: topology and timeline, to be built, printed, parsed, shrunk and replayed.
#[cfg(feature = "arbitrary")]
mod arbitrary;
mod link_words;
mod parse;
mod print;
mod timeline;

use crate::{
    Dependence, Hairpin, Host, HostId, Jump, Lifetime, Link, Model, Nat, NatId, NodeId, PortChoice,
    Pref64, Prefix, Preset, RouterInput, TopologyError, UnknownPreset, World,
};
use core::time::Duration;
use std::{collections::BTreeMap, net::IpAddr};

/// A network and what happens to it. What its hosts run is up to whoever runs it; `runs` is a hint.
///
/// ```
/// use nat_sim::Scenario;
/// let scenario: Scenario = "
///     seed 7
///     duration 10s
///     nat home linux delay 8ms loss 1%
///     nat cell mobile-carrier lifetime=30s
///     host alice behind home runs agent
///     host bob behind cell runs agent
///     host server on internet runs stun
///     connect alice bob
///     at 5s reboot home
/// ".parse()?;
/// let running = scenario.build()?;
/// assert_eq!(running.hosts.len(), 3);
/// assert_eq!(scenario.to_string().parse(), Ok(scenario));
/// let error = "nat home linux\nhost alice behind hone".parse::<Scenario>().unwrap_err();
/// assert_eq!(error.to_string(), "line 2: there is no node named hone");
/// # Ok::<(), nat_sim::ScenarioError>(())
/// ```
#[derive(Clone, Debug, Default, PartialEq, Eq)]
pub struct Scenario {
    /// All randomness comes from it.
    pub seed: u64,
    /// How long to run.
    pub duration: Duration,
    /// The NATs; each may be behind an earlier one.
    pub nats: Vec<NatPlan>,
    /// The hosts.
    pub hosts: Vec<HostPlan>,
    /// Who is to talk to whom.
    pub connections: Vec<(String, String)>,
    /// What happens when.
    pub timeline: Vec<(Duration, Fault)>,
}

/// Where something attaches, and over what.
#[derive(Clone, Debug, Default, PartialEq, Eq)]
pub struct Place {
    /// The NAT whose inside it is; `None` for the internet.
    pub behind: Option<String>,
    /// Its addresses, when they are not to be chosen.
    pub addresses: Vec<IpAddr>,
    /// Whether it has IPv6 too.
    pub dual_stack: bool,
    /// The link in both directions; `None` for what such places have.
    pub link: Option<Link>,
}

/// A NAT of a scenario.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct NatPlan {
    /// Its name.
    pub name: String,
    /// What it starts from.
    pub preset: Preset,
    /// What is different.
    pub tweaks: Vec<Tweak>,
    /// The prefix of its inside, when it is not to be chosen.
    pub inside: Option<Prefix>,
    /// Where its outside is.
    pub place: Place,
}

/// One difference from a preset.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Tweak {
    /// What mappings depend on. Not for Linux models.
    Mapping(Dependence),
    /// Who gets in. Not for Linux models.
    Filtering(Dependence),
    /// Which ports. Not for Linux models.
    Ports(PortChoice),
    /// How long mappings live; for Linux models, until they are a stream.
    Lifetime(Duration),
    /// Inside to inside; for Linux models, anything but none means its rule.
    Hairpin(Hairpin),
    /// What a Linux model does with packets for itself.
    Input(RouterInput),
    /// It is a NAT64, and its inside reaches IPv4 by this prefix.
    Prefix(Pref64),
}

impl Tweak {
    /// Whether both change the same, so that one of them would be lost.
    pub fn is_about_the_same(&self, other: &Self) -> bool {
        core::mem::discriminant(self) == core::mem::discriminant(other)
    }
}

/// A host of a scenario.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct HostPlan {
    /// Its name.
    pub name: String,
    /// Where it is.
    pub place: Place,
    /// What it is to run, in the words of whoever runs the scenario.
    pub runs: Option<String>,
}

/// Something that happens to the network.
#[derive(Clone, Debug, PartialEq, Eq)]
pub enum Fault {
    /// A NAT forgets its mappings.
    Reboot(String),
    /// A NAT gets another outside address.
    Rebind(String),
    /// A host moves.
    Roam(String, Place),
    /// Two nodes on one network cannot reach each other any more.
    Cut(String, String),
    /// They can again.
    Mend(String, String),
    /// A node loses its connection.
    Down(String),
    /// It is back.
    Up(String),
    /// The link of a node changes.
    Relink(String, Link),
    /// The clock of a host jumps.
    Clock(String, Jump),
}

/// A scenario that has been built.
#[derive(Debug)]
pub struct Running {
    /// The world, with the timeline waiting to happen.
    pub world: World,
    /// The hosts by name.
    pub hosts: BTreeMap<String, HostId>,
    /// The NATs by name.
    pub nats: BTreeMap<String, NatId>,
}

/// What is wrong with a scenario, and where.
#[derive(Clone, Debug, PartialEq, Eq, thiserror::Error)]
pub struct ScenarioError {
    /// The line of the text, counted from 1; 0 where the scenario was not a text.
    pub line: usize,
    /// What is wrong.
    #[source]
    pub fault: ScenarioFault,
}

impl core::fmt::Display for ScenarioError {
    fn fmt(&self, f: &mut core::fmt::Formatter<'_>) -> core::fmt::Result {
        if self.line > 0 {
            write!(f, "line {}: ", self.line)?;
        }
        write!(f, "{}", self.fault)
    }
}

/// What can be wrong with a scenario.
#[derive(Clone, Debug, PartialEq, Eq, thiserror::Error)]
pub enum ScenarioFault {
    /// A word that means nothing here.
    #[error("{word:?} means nothing here; expected {expected}")]
    Unexpected {
        /// The word.
        word: String,
        /// What could stand there.
        expected: &'static str,
    },
    /// A word that should name a NAT preset and does not.
    #[error("{word:?} means nothing here: {UnknownPreset}")]
    NoPreset {
        /// The word.
        word: String,
    },
    /// The line ends too early.
    #[error("the line ends where {expected} should stand")]
    Missing {
        /// What is missing.
        expected: &'static str,
    },
    /// It was said before, and only one of both can hold.
    #[error("{word:?} was said before; only one can hold")]
    Repeated {
        /// The word.
        word: String,
    },
    /// No such node, or it is defined later.
    #[error("there is no node named {name}")]
    UnknownNode {
        /// The name.
        name: String,
    },
    /// The node is of the other kind.
    #[error("{name} is not a {expected}")]
    WrongKind {
        /// The name.
        name: String,
        /// What it should be.
        expected: &'static str,
    },
    /// A difference that the preset cannot have.
    #[error("{preset} has no such behaviour to change")]
    NotTweakable {
        /// The preset.
        preset: Preset,
    },
    /// It cannot be built.
    #[error(transparent)]
    Topology(#[from] TopologyError),
}

/// Which part of a scenario a fault is about.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
enum Part {
    Nat(usize),
    Host(usize),
    Connection(usize),
    Event(usize),
}

impl Scenario {
    /// Builds it. The timeline is set up; one that cannot happen as it says, such as roaming to an
    /// address that another node has by then, is an error.
    pub fn build(&self) -> Result<Running, ScenarioError> {
        self.build_parts().map_err(|(_, fault)| ScenarioError { line: 0, fault })
    }

    fn build_parts(&self) -> Result<Running, (Part, ScenarioFault)> {
        let mut running = self.network()?;
        for (index, (a, b)) in self.connections.iter().enumerate() {
            for name in [a, b] {
                running.host(name).map_err(|fault| (Part::Connection(index), fault))?;
            }
        }
        self.schedule(&mut running)?;
        Ok(running)
    }

    fn network(&self) -> Result<Running, (Part, ScenarioFault)> {
        let world = World::new(self.seed);
        let mut running = Running { world, hosts: BTreeMap::new(), nats: BTreeMap::new() };
        for (index, plan) in self.nats.iter().enumerate() {
            running.add_nat(plan).map_err(|fault| (Part::Nat(index), fault))?;
        }
        for (index, plan) in self.hosts.iter().enumerate() {
            running.add_host(plan).map_err(|fault| (Part::Host(index), fault))?;
        }
        Ok(running)
    }
}

impl Running {
    fn add_nat(&mut self, plan: &NatPlan) -> Result<(), ScenarioFault> {
        let mut model = plan.preset.model();
        for (index, tweak) in plan.tweaks.iter().enumerate() {
            if plan.tweaks[..index].iter().any(|other| other.is_about_the_same(tweak)) {
                return Err(ScenarioFault::Repeated { word: tweak.to_string() });
            }
            let not_tweakable = ScenarioFault::NotTweakable { preset: plan.preset };
            apply(&mut model, *tweak).ok_or(not_tweakable)?;
        }
        let mut nat = Nat { model, ..Nat::of(plan.preset) }.named(&plan.name);
        if let Some(outer) = &plan.place.behind {
            nat = nat.behind(self.nat(outer)?);
        }
        if let Some(prefix) = plan.inside {
            nat = nat.with_inside(prefix);
        }
        for tweak in &plan.tweaks {
            if let Tweak::Prefix(prefix) = tweak {
                nat = nat.with_nat64(*prefix);
            }
        }
        for address in &plan.place.addresses {
            nat = nat.with_address(*address);
        }
        if plan.place.dual_stack {
            nat = nat.dual_stack();
        }
        if let Some(link) = plan.place.link {
            nat = nat.over(link);
        }
        let id = self.world.add_nat(nat)?;
        self.nats.insert(plan.name.clone(), id);
        Ok(())
    }

    fn add_host(&mut self, plan: &HostPlan) -> Result<(), ScenarioFault> {
        let host = self.host_at(&plan.place)?.named(&plan.name);
        let id = self.world.add_host(host)?;
        self.hosts.insert(plan.name.clone(), id);
        Ok(())
    }

    fn host_at(&self, place: &Place) -> Result<Host, ScenarioFault> {
        let mut host = match &place.behind {
            Some(nat) => Host::behind(self.nat(nat)?),
            None => Host::on_internet(),
        };
        for address in &place.addresses {
            host = host.with_address(*address);
        }
        if place.dual_stack {
            host = host.dual_stack();
        }
        Ok(match place.link {
            Some(link) => host.over(link),
            None => host,
        })
    }

    fn nat(&self, name: &str) -> Result<NatId, ScenarioFault> {
        self.nats.get(name).copied().ok_or_else(|| self.missing(name, "NAT"))
    }

    fn host(&self, name: &str) -> Result<HostId, ScenarioFault> {
        self.hosts.get(name).copied().ok_or_else(|| self.missing(name, "host"))
    }

    fn node(&self, name: &str) -> Result<NodeId, ScenarioFault> {
        self.nat(name).map(NodeId::from).or_else(|_| self.host(name).map(NodeId::from))
    }

    fn missing(&self, name: &str, expected: &'static str) -> ScenarioFault {
        let name = name.to_owned();
        if self.nats.contains_key(&name) || self.hosts.contains_key(&name) {
            return ScenarioFault::WrongKind { name, expected };
        }
        ScenarioFault::UnknownNode { name }
    }
}

/// Changes a model; `None` when it has nothing of the kind.
fn apply(model: &mut Model, tweak: Tweak) -> Option<()> {
    match (model, tweak) {
        (Model::Behaviour(nat), Tweak::Mapping(mapping)) => nat.mapping = mapping,
        (Model::Behaviour(nat), Tweak::Filtering(filtering)) => nat.filtering = filtering,
        (Model::Behaviour(nat), Tweak::Ports(ports)) => nat.ports = ports,
        (Model::Behaviour(nat), Tweak::Lifetime(idle)) => {
            nat.lifetime = Lifetime { idle, unreplied: idle, ..nat.lifetime };
        }
        (Model::Behaviour(nat), Tweak::Hairpin(hairpin)) => nat.hairpin = hairpin,
        (Model::Linux(nat), Tweak::Lifetime(idle)) => nat.udp_timeout = idle,
        (Model::Linux(nat), Tweak::Hairpin(hairpin)) => nat.hairpin = hairpin != Hairpin::None,
        (Model::Linux(nat), Tweak::Input(input)) => nat.input = input,
        (_, Tweak::Prefix(_)) => {}
        (Model::Behaviour(_), Tweak::Input(_))
        | (Model::Linux(_), Tweak::Mapping(_) | Tweak::Filtering(_) | Tweak::Ports(_)) => {
            return None;
        }
    }
    Some(())
}
