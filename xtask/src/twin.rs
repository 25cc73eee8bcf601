//! `cargo xtask twin`: each NAT of the laboratory beside its model in `nat-sim`, asked the same
//! questions. What is compared is classes of behaviour: the kernel's random ports have no seed.

use nat_sim::{
    Dependence, ForwardRule, Hairpin, LinuxNat, Nat, Observations, PortFate, RouterInput,
    SourceRule, Udp, observe,
};

use crate::lab::probe::{self, BLOCKED, Behaviour};
use crate::lab::{self, Input, Lab, NatKind, Plan};
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
    let (plans, mut differ) = (plans(), Vec::new());
    for (name, plan) in &plans {
        let real = probe::look(&Lab::up(*plan, NatKind::Masquerade)?)?;
        let model =
            observe(1, nats(*plan)).map_err(|error| format!("{name}: the model: {error}"))?;
        let model = behaviour(&model).map_or_else(|| BLOCKED.to_owned(), |b| b.to_string());
        if real == model {
            println!("{name:32} the same: {real}");
        } else {
            println!("{name:32} DIFFERENT\n  kernel: {real}\n  model:  {model}");
            differ.push(name.as_str());
        }
    }
    let all = plans.len();
    if differ.is_empty() {
        return Ok(format!("{all} of {all} behave the same"));
    }
    Err(Failure::Failed(format!("twin: the model behaves otherwise: {}", differ.join(", "))))
}

/// What is compared: each NAT by itself, those that translate with other policies for what comes for
/// themselves, and pairs of them, one behind the other.
fn plans() -> Vec<(String, Plan)> {
    let alone = NatKind::ALL.map(|(name, kind)| (name.to_owned(), kind.into()));
    let mut plans = alone.to_vec();
    let named = |wanted: &[NatKind]| {
        let all = NatKind::ALL.into_iter();
        all.filter(|(_, kind)| wanted.contains(kind)).collect::<Vec<_>>()
    };
    for (name, nat) in named(&[NatKind::Masquerade, NatKind::PortRange, NatKind::FullCone]) {
        for input in [Input::Reject, Input::Accept] {
            let name = format!("{name}, input {input:?}").to_lowercase();
            plans.push((name, Plan { input, ..nat.into() }));
        }
    }
    let homes = named(&[NatKind::Masquerade, NatKind::MasqueradeRandom, NatKind::FullCone]);
    let carriers = named(&[
        NatKind::Masquerade,
        NatKind::MasqueradeRandom,
        NatKind::PortBlock,
        NatKind::FullConeHairpin,
        NatKind::AddressRestricted,
    ]);
    for (home, nat) in homes {
        for (carrier, outer) in &carriers {
            let name = format!("{home} behind {carrier}");
            plans.push((name, Plan { carrier: Some(*outer), ..nat.into() }));
        }
    }
    plans
}

/// The models of a side's NATs, the innermost first.
fn nats(plan: Plan) -> Vec<Nat> {
    let input = match plan.input {
        Input::Drop => RouterInput::Drop,
        Input::Reject => RouterInput::Reject,
        Input::Accept => RouterInput::Accept,
    };
    let inner = Nat::new(LinuxNat { input, ..model(plan.nat) });
    let outer = plan.carrier.map(|kind| Nat::new(model(kind)));
    [inner].into_iter().chain(outer).collect()
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
        keeps_port_after_early: seen.after_early_inbound == PortFate::Kept,
        answers_strangers: seen.unsolicited_answered,
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
