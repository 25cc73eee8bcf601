//! Sampling from the population.
use nat_sim::{Chance, Class, Population, World};
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
