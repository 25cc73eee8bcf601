//! Hosts with several addresses.
use crate::support::{Meeting, configs, install_turn_server, lossy, ms};
use core::{net::IpAddr, time::Duration};
use ice_proto::{CandidateKind, IceConfig};
use nat_sim::{ACCESS_DELAY, Chance, Host, HostId, Link, Nat, Preset, World};

/// Four addresses on the internet.
fn multihomed(world: &mut World, loss_percent: u32) -> HostId {
    let up = Link::after(ACCESS_DELAY).with_loss(Chance::percent(loss_percent));
    let mut host = lossy(loss_percent);
    for _ in 0..3 {
        host = host.also_on_internet().up(up);
    }
    world.add_host(host).unwrap()
}

/// Four addresses, of which only the last leads anywhere.
fn mostly_cut_off(world: &mut World) -> HostId {
    let [a, b, c] = [0; 3].map(|_| world.add_nat(Nat::of(Preset::UdpBlocked)).unwrap());
    let host = Host::behind(a).also_behind(b).also_behind(c).also_on_internet();
    world.add_host(host).unwrap()
}

#[test]
fn four_addresses_each_cost_no_time() {
    let mut world = World::new(3);
    let hosts = [0, 1].map(|_| multihomed(&mut world, 0));
    let mut meeting = Meeting::new(world, 3, hosts, configs());
    meeting.gathered();
    meeting.world.keep_log();
    meeting.meet();
    meeting.run(Duration::from_secs(10));
    let [controlling, controlled] = meeting.outcomes();
    // A slot of the pacer may be taken when the nomination wants it.
    let within_a_slot = |at: Option<Duration>, bound: u64| at.is_some_and(|at| at <= ms(bound + 5));
    assert_eq!(controlling.valid, Some(ms(50)));
    assert!(within_a_slot(controlling.selected, 100), "{controlling:?}");
    assert!(within_a_slot(controlled.selected, 75), "{controlled:?}");
    meeting.world.run_for(ms(900));
    assert!(meeting.packets() <= 72, "{} packets", meeting.packets());
}

#[test]
fn the_worst_of_sixteen_pairs_is_found_in_a_round_trip_and_sixteen_slots() {
    let mut world = World::new(4);
    let hosts = [0, 1].map(|_| mostly_cut_off(&mut world));
    let mut meeting = Meeting::new(world, 4, hosts, configs());
    meeting.gathered();
    meeting.world.keep_log();
    meeting.meet();
    meeting.run(Duration::from_secs(10));
    let [controlling, controlled] = meeting.outcomes();
    assert!(controlling.valid.is_some_and(|at| at <= ms(125)), "{controlling:?}");
    // The better pairs are given 100 ms from their own first check.
    assert!(controlling.selected.is_some_and(|at| at <= ms(225)), "{controlling:?}");
    assert!(controlled.selected.is_some_and(|at| at <= ms(200)), "{controlled:?}");
    assert_eq!(meeting.agree(), Some(true));
}

#[test]
fn with_many_pairs_and_much_loss_both_sides_still_agree() {
    for loss in [10, 30] {
        for seed in 0..150 {
            let mut world = World::new(seed);
            let hosts = [0, 1].map(|_| multihomed(&mut world, loss));
            let mut meeting = Meeting::new(world, seed, hosts, configs());
            meeting.meet();
            meeting.run(Duration::from_secs(60));
            // Late packets must not change anybody's mind. (At such loss consent may end after
            // 30 s, as RFC 7675 §5.1 has requests for it sent once only.)
            meeting.world.run_for(Duration::from_secs(25));
            assert_eq!(meeting.agree(), Some(true), "seed {seed}, {loss} %");
            let outcomes = meeting.outcomes();
            let failed = outcomes.iter().any(|outcome| outcome.failed);
            assert!(!failed, "seed {seed}, {loss} %: {outcomes:?}");
        }
    }
}

#[test]
fn both_families_are_tried_and_ipv6_comes_first() {
    let mut world = World::new(5);
    let hosts = [0, 1].map(|_| world.add_host(Host::on_internet().dual_stack()).unwrap());
    let mut meeting = Meeting::new(world, 5, hosts, configs());
    meeting.meet();
    meeting.run(Duration::from_secs(10));
    assert_eq!(meeting.agent(0).pairs().count(), 2);
    assert!(meeting.agent(0).selected_pair().unwrap().path.remote().is_ipv6());
    assert_eq!(meeting.agree(), Some(true));
}

#[test]
fn hosts_of_different_families_fail_patiently_and_say_why() {
    let mut world = World::new(6);
    let v6 = Host::on_internet().with_address("2001:db8::77".parse().unwrap());
    let hosts = [Host::on_internet(), v6].map(|host| world.add_host(host).unwrap());
    let mut meeting = Meeting::new(world, 6, hosts, configs());
    meeting.meet();
    // RFC 8863 §4: not before the patience is over.
    meeting.world.run_for(ms(39_400));
    assert!(meeting.outcomes().iter().all(|outcome| !outcome.failed));
    meeting.world.run_for(ms(200));
    assert!(meeting.outcomes().iter().all(|outcome| outcome.failed));
    let explanation = meeting.agent(0).explain().to_string();
    assert!(explanation.ends_with("or the policy allows relays only"), "{explanation}");
}

/// A host with IPv6 alone and one with IPv4 alone, and a TURN server that relays these families.
fn strangers_with_relays(number: u64, families: &[bool]) -> Meeting {
    let mut world = World::new(number);
    let turn = world.add_host(Host::on_internet().dual_stack().named("turn")).unwrap();
    let v6 = world.addresses(turn).into_iter().find(IpAddr::is_ipv6).unwrap();
    let mut relays = world.addresses(turn);
    relays.retain(|ip| families.contains(&ip.is_ipv6()));
    let server = install_turn_server(&mut world, turn, v6, &relays, 16);
    let phone = Host::on_internet().with_address("2001:db8::77".parse().unwrap());
    let hosts = [phone, Host::on_internet()].map(|host| world.add_host(host).unwrap());
    let configs =
        configs().map(|config| IceConfig { turn_servers: vec![server.clone()], ..config });
    Meeting::new(world, number, hosts, configs)
}

fn relayed(meeting: &Meeting) -> Vec<IpAddr> {
    let all = meeting.agent(0).local_candidates();
    let relayed = all.filter(|candidate| candidate.kind == CandidateKind::Relayed);
    relayed.map(|candidate| candidate.address.ip()).collect()
}

#[test]
fn a_host_without_ipv4_meets_one_without_ipv6_through_its_relay() {
    let mut meeting = strangers_with_relays(7, &[false, true]);
    meeting.meet();
    meeting.run(Duration::from_secs(10));
    assert!(matches!(relayed(&meeting)[..], [IpAddr::V4(_)]));
    assert_eq!(meeting.agree(), Some(true));
    assert!(meeting.exchange());
}

#[test]
fn a_server_that_does_not_relay_ipv4_is_asked_for_ipv6() {
    let mut meeting = strangers_with_relays(8, &[true]);
    meeting.gathered();
    assert!(matches!(relayed(&meeting)[..], [IpAddr::V6(_)]));
}
