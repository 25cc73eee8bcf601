//! Every combination of behaviours is seen to be what it was asked to be.
use nat_sim::{
    Behaviour, Dependence, Hairpin, Nat, Observations, PortChoice, PortFate, Unsolicited, observe,
};

const HAIRPINS: [Hairpin; 3] = [Hairpin::None, Hairpin::InternalSource, Hairpin::ExternalSource];
const UNSOLICITED: [Unsolicited; 3] = [Unsolicited::Drop, Unsolicited::Reject, Unsolicited::Accept];
const PORTS: [PortChoice; 4] =
    [PortChoice::Preserving, PortChoice::Random, PortChoice::Contiguous, PortChoice::Block(2_000)];

/// In what an observation differs from what was asked for.
fn faults(nat: &Behaviour, seen: &Observations) -> Vec<&'static str> {
    let preserving = nat.ports == PortChoice::Preserving;
    let open = nat.filtering == Dependence::Endpoint;
    // The first packet is let in only by filters that ask nothing.
    let hairpin = if open { nat.hairpin } else { Hairpin::None };
    // A socket has its port once; towards another destination it takes another one, unless ports
    // may be shared: then it shares with itself, and looks endpoint-independent.
    let shares = nat.overloads && preserving;
    let mapping = if shares { Dependence::Endpoint } else { nat.mapping };
    let keeps = preserving && mapping == Dependence::Endpoint;
    let poisoned = nat.unsolicited == Unsolicited::Accept;
    let checks = [
        ("mapping", seen.mapping == Some(mapping)),
        ("filtering", seen.filtering == Some(nat.filtering)),
        ("preserves the port", seen.preserves_port == keeps),
        ("parity", seen.preserves_parity || !(nat.parity || keeps)),
        ("the first keeps its port", seen.collision_keeps[0] == preserving),
        ("the second does not", !seen.collision_keeps[1]),
        ("overloads", seen.overloads == (nat.overloads && preserving)),
        ("hairpin", seen.hairpin == hairpin),
        ("answers strangers", seen.unsolicited_answered == (nat.unsolicited != Unsolicited::Drop)),
        ("errors arrive", seen.icmp_arrives),
        ("a reboot forgets", !seen.in_after_reboot),
        (
            "an early packet takes the port away",
            !preserving || (seen.after_early_inbound == PortFate::Changed) == poisoned,
        ),
    ];
    checks.into_iter().filter(|(_, holds)| !holds).map(|(name, _)| name).collect()
}

#[test]
fn every_combination_of_behaviours_is_what_it_was_asked_to_be() {
    let mut wrong = Vec::new();
    let mut count = 0;
    for mapping in Dependence::ALL {
        for filtering in Dependence::ALL {
            for ports in PORTS {
                for hairpin in HAIRPINS {
                    for unsolicited in UNSOLICITED {
                        for (parity, overloads) in
                            [(false, false), (false, true), (true, false), (true, true)]
                        {
                            let nat = Behaviour {
                                ports,
                                hairpin,
                                unsolicited,
                                parity,
                                overloads,
                                ..Behaviour::of(mapping, filtering)
                            };
                            let seen = observe(count, vec![Nat::new(nat.clone())]).unwrap();
                            let faults = faults(&nat, &seen);
                            if !faults.is_empty() {
                                wrong.push(format!("{faults:?}: {nat:?}\n  {seen:?}"));
                            }
                            count += 1;
                        }
                    }
                }
            }
        }
    }
    assert_eq!(count, 3 * 3 * 4 * 3 * 3 * 4);
    wrong.truncate(10);
    assert!(wrong.is_empty(), "{}", wrong.join("\n"));
}
