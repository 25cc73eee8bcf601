//! The oracle agrees with what is known of pairs of NATs.
use nat_sim::{Behaviour, Dependence, Hairpin, Host, HostId, LinuxNat, Nat, Preset, World};

fn pair(one: impl Fn() -> Nat, two: impl Fn() -> Nat) -> bool {
    let mut world = World::new(1);
    let hosts: [HostId; 2] = [one(), two()].map(|nat| {
        let nat = world.add_nat(nat).unwrap();
        world.add_host(Host::behind(nat)).unwrap()
    });
    let [a, b] = hosts;
    let possible = world.direct_path_possible(a, b);
    assert_eq!(world.direct_path_possible(b, a), possible, "it does not matter who is asked first");
    possible
}

#[test]
fn mapping_and_filtering_decide_as_the_books_say() {
    for mapping in Dependence::ALL {
        for filtering in Dependence::ALL {
            let other = || Nat::new(Behaviour::of(mapping, filtering));
            // Who filters by address and port never learns a port that no server saw.
            let strict = pair(|| Nat::of(Preset::PortRestrictedCone), other);
            assert_eq!(strict, mapping == Dependence::Endpoint, "{mapping:?} {filtering:?}");
            for preset in [Preset::RestrictedCone, Preset::FullCone] {
                assert!(pair(|| Nat::of(preset), other), "{preset} {mapping:?} {filtering:?}");
            }
        }
    }
    let symmetric = || Nat::of(Preset::Symmetric);
    assert!(!pair(symmetric, symmetric));
    assert!(!pair(symmetric, || Nat::of(Preset::PortRestrictedCone)));
    assert!(pair(symmetric, || Nat::of(Preset::RestrictedCone)));
    assert!(!pair(|| Nat::of(Preset::UdpBlocked), || Nat::of(Preset::FullCone)));
}

#[test]
fn linux_routers_meet_if_both_send_at_once() {
    let open = || Nat::of(Preset::LinuxOpen);
    assert!(pair(open, open), "although they fail if one is late");
    assert!(pair(|| Nat::of(Preset::Linux), || Nat::of(Preset::Linux)));
    assert!(!pair(|| Nat::new(LinuxNat::random()), || Nat::of(Preset::Linux)));
}

#[test]
fn hosts_behind_one_nat_meet_inside_and_hosts_behind_one_carrier_by_hairpin() {
    let mut world = World::new(1);
    let home = world.add_nat(Nat::of(Preset::Symmetric)).unwrap();
    let [a, b] = [0, 1].map(|_| world.add_host(Host::behind(home)).unwrap());
    assert!(world.direct_path_possible(a, b));
    for hairpin in [Hairpin::None, Hairpin::ExternalSource] {
        let mut world = World::new(1);
        let behaviour = Behaviour::of(Dependence::Endpoint, Dependence::Endpoint);
        let carrier = world.add_nat(Nat::new(Behaviour { hairpin, ..behaviour })).unwrap();
        let [a, b] = [0, 1].map(|_| {
            let home = Nat::of(Preset::PortRestrictedCone).behind(carrier);
            let home = world.add_nat(home).unwrap();
            world.add_host(Host::behind(home)).unwrap()
        });
        // Their home routers' outside addresses are on the carrier's network, but no server sees
        // them there.
        assert_eq!(world.direct_path_possible(a, b), hairpin != Hairpin::None, "{hairpin:?}");
    }
}

#[test]
fn a_cut_separates_and_ipv6_goes_around_nats() {
    let mut world = World::new(1);
    let [a, b] = [0, 1].map(|_| world.add_host(Host::on_internet()).unwrap());
    assert!(world.direct_path_possible(a, b));
    world.cut(a, b);
    assert!(!world.direct_path_possible(a, b));
    let mut world = World::new(1);
    let [a, b] = [0, 1].map(|_| {
        let nat = world.add_nat(Nat::of(Preset::Symmetric).dual_stack()).unwrap();
        world.add_host(Host::behind(nat).dual_stack()).unwrap()
    });
    assert!(world.direct_path_possible(a, b), "both firewalls let answers in");
}

#[test]
fn a_host_that_has_the_same_inside_address_is_not_taken_for_the_other() {
    let mut world = World::new(1);
    let [a, b] = [0, 1].map(|_| {
        let nat = Nat::of(Preset::Symmetric).with_inside("192.168.1.0/24".parse().unwrap());
        let nat = world.add_nat(nat).unwrap();
        world.add_host(Host::behind(nat)).unwrap()
    });
    assert_eq!(world.address(a), world.address(b));
    assert!(!world.direct_path_possible(a, b));
}
