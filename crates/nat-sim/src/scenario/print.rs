//! Writing a scenario so that it reads back the same.
use super::{
    Fault, HostPlan, NatPlan, Place, Scenario, Tweak,
    link_words::{self, Time},
};
use crate::{Dependence, Hairpin, Jump, PortChoice, RouterInput};
use core::fmt;

impl fmt::Display for Scenario {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        writeln!(f, "seed {}\nduration {}", self.seed, Time(self.duration))?;
        for NatPlan { name, preset, tweaks, inside, place } in &self.nats {
            write!(f, "nat {name} {preset}")?;
            for tweak in tweaks {
                write!(f, " {tweak}")?;
            }
            if let Some(prefix) = inside {
                write!(f, " inside {prefix}")?;
            }
            writeln!(f, "{place}")?;
        }
        for HostPlan { name, place, runs } in &self.hosts {
            write!(f, "host {name}{place}")?;
            if let Some(runs) = runs {
                write!(f, " runs {runs}")?;
            }
            writeln!(f)?;
        }
        for (a, b) in &self.connections {
            writeln!(f, "connect {a} {b}")?;
        }
        for (after, fault) in &self.timeline {
            writeln!(f, "at {} {fault}", Time(*after))?;
        }
        Ok(())
    }
}

/// With a space before each word.
impl fmt::Display for Place {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        match &self.behind {
            Some(nat) => write!(f, " behind {nat}")?,
            None => f.write_str(" on internet")?,
        }
        for address in &self.addresses {
            write!(f, " address {address}")?;
        }
        if self.dual_stack {
            f.write_str(" dual-stack")?;
        }
        match &self.link {
            Some(link) => link_words::write(f, link),
            None => Ok(()),
        }
    }
}

impl fmt::Display for Fault {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        match self {
            Self::Reboot(name) => write!(f, "reboot {name}"),
            Self::Rebind(name) => write!(f, "rebind {name}"),
            Self::Roam(name, place) => write!(f, "roam {name}{place}"),
            Self::Cut(a, b) => write!(f, "cut {a} {b}"),
            Self::Mend(a, b) => write!(f, "mend {a} {b}"),
            Self::Down(name) => write!(f, "down {name}"),
            Self::Up(name) => write!(f, "up {name}"),
            Self::Relink(name, link) => {
                write!(f, "link {name}")?;
                link_words::write(f, link)
            }
            Self::Clock(name, Jump::Ahead(by)) => write!(f, "clock {name} ahead {}", Time(*by)),
            Self::Clock(name, Jump::Back(by)) => write!(f, "clock {name} back {}", Time(*by)),
        }
    }
}

impl fmt::Display for Tweak {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        let dependence = |dependence: &Dependence| match dependence {
            Dependence::Endpoint => "endpoint",
            Dependence::Address => "address",
            Dependence::AddressAndPort => "address-and-port",
        };
        match self {
            Self::Mapping(mapping) => write!(f, "mapping={}", dependence(mapping)),
            Self::Filtering(filtering) => write!(f, "filtering={}", dependence(filtering)),
            Self::Ports(PortChoice::Preserving) => f.write_str("ports=preserving"),
            Self::Ports(PortChoice::Random) => f.write_str("ports=random"),
            Self::Ports(PortChoice::Contiguous) => f.write_str("ports=contiguous"),
            Self::Ports(PortChoice::Block(size)) => write!(f, "ports=block/{size}"),
            Self::Lifetime(idle) => write!(f, "lifetime={}", Time(*idle)),
            Self::Hairpin(Hairpin::None) => f.write_str("hairpin=none"),
            Self::Hairpin(Hairpin::InternalSource) => f.write_str("hairpin=inside"),
            Self::Hairpin(Hairpin::ExternalSource) => f.write_str("hairpin=outside"),
            Self::Prefix(prefix) => write!(f, "prefix={prefix}"),
            Self::Input(RouterInput::Drop) => f.write_str("input=drop"),
            Self::Input(RouterInput::Reject) => f.write_str("input=reject"),
            Self::Input(RouterInput::Accept) => f.write_str("input=accept"),
        }
    }
}
