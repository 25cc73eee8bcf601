//! Sampling from the population.
use core::time::Duration;
use nat_sim::{Chance, Class, DropCause, Happening, NodeId, Peer, Population, World};
use std::collections::BTreeMap;

#[test]
fn classes_are_as_frequent_as_they_weigh() {
    let population = Population::default();
    let mut stream = World::new(1).stream("population");
    let mut counts: BTreeMap<&str, u32> = BTreeMap::new();
    let mut ipv6 = 0;
    for _ in 0..100_000 {
        let access = population.sample(&mut stream);
        *counts.entry(access.class).or_default() += 1;
        ipv6 += u32::from(access.ipv6);
    }
    let total: u32 = population.classes.iter().map(|(weight, _)| weight).sum();
    for (weight, class) in &population.classes {
        let want = f64::from(*weight) / f64::from(total);
        let got = f64::from(counts[class.name()]) / 100_000.0;
        assert!((got - want).abs() < 0.1 * want + 0.001, "{}: {got} of {want}", class.name());
    }
    // 45 % of the 96 % that may.
    assert!((42_200..44_200).contains(&ipv6), "{ipv6}");
}

#[test]
fn what_is_sampled_can_be_built_and_mostly_meets() {
    let population = Population { ipv6: Chance::NEVER, ..Population::default() };
    let mut stream = World::new(1).stream("population");
    let mut possible = 0;
    for seed in 0..40 {
        let mut world = World::new(seed);
        let [a, b] = ["alice", "bob"]
            .map(|name| population.sample(&mut stream).add_to(&mut world, name).unwrap());
        possible += u32::from(world.direct_path_possible(a, b));
    }
    assert!((24..40).contains(&possible), "{possible} of 40");
    let nobody = Population { classes: Vec::new(), ipv6: Chance::NEVER };
    assert_eq!(nobody.sample(&mut stream).class, Class::Public.name());
}

/// So a packet may open the NATs of its sender without being seen by those of the other side.
#[test]
fn a_packet_with_a_ttl_of_four_leaves_all_nats_of_its_sender_and_reaches_no_other() {
    let population = Population { ipv6: Chance::NEVER, ..Population::default() };
    let mut stream = World::new(1).stream("population");
    let mut tried = [0; 3];
    for seed in 0..200 {
        let mut world = World::new(seed);
        let access = population.sample(&mut stream);
        if [Class::Tcp443.name(), Class::Enterprise.name()].contains(&access.class) {
            continue; // which may not let it out
        }
        let host = access.add_to(&mut world, "alice").unwrap();
        let first_of_others = NodeId::from(host).index() + 1;
        let bob = population.sample(&mut stream).add_to(&mut world, "bob").unwrap();
        let server = world.add_host(nat_sim::Host::on_internet()).unwrap();
        let bob = world.install_peer(bob, 5000);
        let server = world.install_peer(server, 3478);
        let alice = world.install_peer(host, 5000);
        let Some(to) = world.ask(bob, server) else { continue };
        world.keep_log();
        world.with(alice, |peer: &mut Peer, now| peer.send_with_ttl(now, to, 4, "x"));
        world.run_for(Duration::from_secs(1));
        let packets = world.log().iter().filter(|entry| entry.packet.payload() == b"x");
        assert!(packets.clone().all(|entry| entry.node.index() < first_of_others), "{access:?}");
        if packets.clone().any(|e| e.happening == Happening::Dropped(DropCause::LinkLoss)) {
            continue;
        }
        let forwarded = packets.clone().filter(|entry| entry.happening == Happening::Forwarded);
        assert_eq!(forwarded.count(), access.nats.len(), "{access:?}");
        let last = packets.last().map(|entry| entry.happening);
        assert_eq!(last, Some(Happening::Dropped(DropCause::TtlExpired)), "{access:?}");
        tried[access.nats.len()] += 1;
    }
    assert!(tried.iter().all(|count| *count > 3), "{tried:?}");
}
