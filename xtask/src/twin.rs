//! `cargo xtask twin`: each NAT of the laboratory beside its model in `nat-sim`, asked the same
//! questions. What is compared is classes of behaviour: the kernel's random ports have no seed.

use nat_sim::{
    Dependence, ForwardRule, Hairpin, LinuxNat, Nat, Observations, SourceRule, Udp, observe,
};

use crate::lab::probe::{self, BLOCKED, Behaviour};
use crate::lab::{self, Lab, NatKind};
use crate::run::Failure;

pub(crate) fn main(words: &[&str]) -> Result<(), Failure> {
    if !words.is_empty() {
        return Err(Failure::Usage("twin".into()));
    }
    if let Some(reason) = lab::unavailable() {
        return Err(Failure::Failed(format!("no laboratory: {reason}")));
    }
    compare().map(|note| println!("twin: {note}"))
}

/// Compares all of them. Returns a note with how many there are.
pub(crate) fn compare() -> Result<String, Failure> {
    let mut differ = Vec::new();
    for (name, kind) in NatKind::ALL {
        let real = probe::look(&Lab::up(kind, NatKind::Masquerade)?)?;
        let model = observe(1, vec![Nat::new(model(kind))])
            .map_err(|error| format!("{name}: the model: {error}"))?;
        let model = behaviour(&model).map_or_else(|| BLOCKED.to_owned(), |b| b.to_string());
        if real == model {
            println!("{name:16} the same: {real}");
        } else {
            println!("{name:16} DIFFERENT\n  kernel: {real}\n  model:  {model}");
            differ.push(name);
        }
    }
    let all = NatKind::ALL.len();
    if differ.is_empty() {
        return Ok(format!("{all} of {all} behave the same"));
    }
    Err(Failure::Failed(format!("twin: the model behaves otherwise: {}", differ.join(", "))))
}

/// The model of a NAT of the laboratory.
fn model(kind: NatKind) -> LinuxNat {
    let plain = LinuxNat::masquerade();
    let source = |source| LinuxNat { source, ..LinuxNat::masquerade() };
    let forward = |forward| LinuxNat { forward, ..LinuxNat::masquerade() };
    match kind {
        NatKind::Masquerade | NatKind::MasqueradePersistent => plain,
        NatKind::MasqueradeRandom | NatKind::MasqueradeFullyRandom => LinuxNat::random(),
        NatKind::PortRange => source(SourceRule::Range(40_000..=40_063)),
        NatKind::PortBlock => source(SourceRule::Blocks { first: 10_000, size: 64 }),
        NatKind::Demilitarized => forward(ForwardRule::FirstHost),
        NatKind::PortForward => forward(ForwardRule::Port(5000)),
        NatKind::FullCone => forward(ForwardRule::FullCone),
        NatKind::FullConeHairpin => LinuxNat { hairpin: true, ..forward(ForwardRule::FullCone) },
        NatKind::AddressRestricted => forward(ForwardRule::AddressRestricted),
        NatKind::UdpBlocked => LinuxNat { udp: Udp::Dropped, ..plain },
        NatKind::UdpRejected => LinuxNat { udp: Udp::Rejected, ..plain },
        NatKind::Firewall => LinuxNat::firewall(),
        NatKind::Open => LinuxNat { forward: ForwardRule::Everything, ..LinuxNat::firewall() },
    }
}

/// What was seen of a model, in the laboratory's words; `None` when UDP does not pass.
fn behaviour(seen: &Observations) -> Option<Behaviour> {
    let mapping = seen.mapping?;
    Some(Behaviour {
        keeps_port: seen.preserves_port,
        one_port: mapping == Dependence::Endpoint,
        lets_in_other_port: matches!(
            seen.filtering,
            Some(Dependence::Endpoint | Dependence::Address)
        ),
        lets_in_other_address: seen.filtering == Some(Dependence::Endpoint),
        hairpin: seen.hairpin != Hairpin::None,
    })
}

#[cfg(test)]
mod tests {
    use super::{behaviour, model};
    use crate::lab::{NatKind, probe};
    use nat_sim::{Nat, observe};

    #[test]
    fn every_model_is_what_its_nat_has_to_be() {
        for (name, kind) in NatKind::ALL {
            let seen = observe(7, vec![Nat::new(model(kind))]).unwrap();
            assert_eq!(behaviour(&seen), probe::expected(kind), "{name}");
        }
    }
}
