//! NAT behaviours, seen from both sides.
use core::time::Duration;
use nat_sim::{
    Behaviour, Dependence, DropCause, Hairpin, Host, HostId, IpPacket, Lifetime, Link, MachineId,
    Nat, NatId, Peer, PortChoice, World,
};
use std::{collections::BTreeSet, net::SocketAddr};

const SEC: Duration = Duration::from_secs(1);

/// Two hosts behind a NAT; two servers with two sockets each.
struct Lab {
    world: World,
    nat: NatId,
    inside: [HostId; 2],
    servers: [[MachineId; 2]; 2],
}

impl Lab {
    fn new(behaviour: Behaviour) -> Self {
        let mut world = World::new(5);
        let nat = world.add_nat(Nat::new(behaviour)).unwrap();
        let inside = [0, 1].map(|_| world.add_host(Host::behind(nat)).unwrap());
        let servers = [0, 1].map(|_| {
            let host = world.add_host(Host::on_internet()).unwrap();
            [3478, 3479].map(|port| world.install_peer(host, port))
        });
        Self { world, nat, inside, servers }
    }

    /// How the four server sockets see a new socket of the first host.
    fn mappings(&mut self, port: u16) -> [SocketAddr; 4] {
        let peer = self.world.install_peer(self.inside[0], port);
        let all = [(0, 0), (0, 1), (1, 0), (1, 1)];
        all.map(|(host, socket)| self.world.ask(peer, self.servers[host][socket]).unwrap())
    }

    fn reaches(&mut self, from: MachineId, to: SocketAddr, inside: MachineId) -> bool {
        self.world.take_events::<Peer>(inside);
        self.world.with(from, |peer: &mut Peer, now| peer.send(now, to, "in"));
        self.world.run_for(Duration::from_millis(50));
        let heard = self.world.take_events::<Peer>(inside);
        heard.iter().any(|(_, heard)| &heard.bytes[..] == b"in")
    }
}

#[test]
fn mappings_depend_on_what_they_say() {
    for mapping in Dependence::ALL {
        let mut lab = Lab::new(Behaviour::of(mapping, Dependence::Endpoint));
        let [a, b, c, d] = lab.mappings(5000);
        assert_eq!(a == b && c == d, mapping <= Dependence::Address, "{mapping:?}");
        assert_eq!(a == c && b == d, mapping == Dependence::Endpoint, "{mapping:?}");
        assert_eq!(a.ip(), lab.world.outside_addresses(lab.nat)[0]);
    }
}

#[test]
fn filters_depend_on_what_they_say() {
    for filtering in Dependence::ALL {
        let mut lab = Lab::new(Behaviour::of(Dependence::Endpoint, filtering));
        let peer = lab.world.install_peer(lab.inside[0], 5000);
        let seen = lab.world.ask(peer, lab.servers[0][0]).unwrap();
        let [[same, port], [host, both]] = lab.servers;
        let got = [same, port, host, both].map(|from| lab.reaches(from, seen, peer));
        let want = match filtering {
            Dependence::Endpoint => [true, true, true, true],
            Dependence::Address => [true, true, false, false],
            Dependence::AddressAndPort => [true, false, false, false],
        };
        assert_eq!(got, want, "{filtering:?}");
    }
}

#[test]
fn ports_are_preserved_until_they_collide() {
    let behaviour = Behaviour {
        ports: PortChoice::Preserving,
        ..Behaviour::of(Dependence::Endpoint, Dependence::AddressAndPort)
    };
    let mut lab = Lab::new(behaviour);
    let a = lab.world.install_peer(lab.inside[0], 5000);
    let b = lab.world.install_peer(lab.inside[1], 5000);
    assert_eq!(lab.world.ask(a, lab.servers[0][0]).unwrap().port(), 5000);
    assert_ne!(lab.world.ask(b, lab.servers[0][0]).unwrap().port(), 5000);
}

#[test]
fn an_overloading_nat_shares_a_port_between_destinations() {
    let behaviour = Behaviour {
        ports: PortChoice::Preserving,
        overloads: true,
        ..Behaviour::of(Dependence::AddressAndPort, Dependence::AddressAndPort)
    };
    let mut lab = Lab::new(behaviour);
    let a = lab.world.install_peer(lab.inside[0], 5000);
    let b = lab.world.install_peer(lab.inside[1], 5000);
    let (to_a, to_b) = (lab.servers[0][0], lab.servers[1][0]);
    let seen = lab.world.ask(a, to_a).unwrap();
    assert_eq!(lab.world.ask(b, to_b), Some(seen));
    assert!(lab.reaches(to_a, seen, a) && lab.reaches(to_b, seen, b));
    assert_ne!(lab.world.ask(b, to_a), Some(seen), "the same destination needs another port");
}

#[test]
fn blocks_parity_and_contiguity_hold() {
    let of = |ports, parity| Behaviour {
        ports,
        parity,
        port_range: 40_000..=40_127,
        ..Behaviour::of(Dependence::Endpoint, Dependence::Endpoint)
    };
    let mut lab = Lab::new(of(PortChoice::Block(64), false));
    let first: BTreeSet<_> = (1..=64).map(|p| lab.mappings(5000 + p)[0].port()).collect();
    assert_eq!((first.len(), first.first(), first.last()), (64, Some(&40_000), Some(&40_063)));
    let peer = lab.world.install_peer(lab.inside[0], 6000);
    assert_eq!(lab.world.ask(peer, lab.servers[0][0]), None, "the block is used up");
    assert_eq!(lab.world.nat_stats(lab.nat).dropped(DropCause::PortsExhausted), 1);

    let mut lab = Lab::new(of(PortChoice::Contiguous, false));
    let ports: Vec<_> = (1..=4).map(|p| lab.mappings(5000 + p)[0].port()).collect();
    assert_eq!(ports, [40_000, 40_001, 40_002, 40_003]);

    let mut lab = Lab::new(of(PortChoice::Random, true));
    for port in 5000..5020 {
        assert_eq!(lab.mappings(port)[0].port() % 2, port % 2);
    }
}

#[test]
fn a_mapping_lives_as_long_as_it_is_refreshed() {
    let lifetime = |inbound_refreshes, absolute| Lifetime {
        inbound_refreshes,
        absolute,
        ..Lifetime::idle(SEC * 30)
    };
    let lab = |lifetime| {
        let behaviour = Behaviour::of(Dependence::Endpoint, Dependence::Endpoint);
        let mut lab = Lab::new(Behaviour { lifetime, ..behaviour });
        let peer = lab.world.install_peer(lab.inside[0], 5000);
        let start = lab.world.now();
        let seen = lab.world.ask(peer, lab.servers[0][0]).unwrap();
        (lab, peer, seen, start)
    };
    // The mapping begins when the packet passes the NAT; inbound ones get there 25 ms after they
    // were sent.
    let (mut one, peer, seen, start) = lab(lifetime(false, None));
    let server = one.servers[0][0];
    let ms = Duration::from_millis(1);
    one.world.run_until(start.saturating_add(ms * 29_974));
    assert!(one.reaches(server, seen, peer), "alive 1 ms before its end");
    one.world.run_until(start.saturating_add(SEC * 30));
    assert!(!one.reaches(server, seen, peer), "and dead after it");

    let (mut one, peer, seen, start) = lab(lifetime(true, None));
    for n in 1..10 {
        one.world.run_until(start.saturating_add(SEC * 20 * n));
        assert!(one.reaches(one.servers[0][0], seen, peer), "inbound keeps it alive");
    }

    let (mut one, peer, seen, start) = lab(lifetime(true, Some(SEC * 75)));
    for n in 1..10 {
        one.world.run_until(start.saturating_add(SEC * 20 * n));
        assert_eq!(one.reaches(one.servers[0][0], seen, peer), n < 4, "absolute end at 75 s");
    }
}

#[test]
fn hairpinning_shows_the_source_that_it_should() {
    for hairpin in [Hairpin::None, Hairpin::InternalSource, Hairpin::ExternalSource] {
        let behaviour = Behaviour::of(Dependence::Endpoint, Dependence::AddressAndPort);
        let mut lab = Lab::new(Behaviour { hairpin, ..behaviour });
        let a = lab.world.install_peer(lab.inside[0], 5000);
        let b = lab.world.install_peer(lab.inside[1], 6000);
        let seen_a = lab.world.ask(a, lab.servers[0][0]).unwrap();
        let seen_b = lab.world.ask(b, lab.servers[0][0]).unwrap();
        // Both knock, so that filters are open.
        for (from, to) in [(a, seen_b), (b, seen_a), (a, seen_b)] {
            lab.world.with(from, |peer: &mut Peer, now| peer.send(now, to, "in"));
        }
        lab.world.run_for(SEC);
        let heard = lab.world.take_events::<Peer>(b);
        let from = heard.iter().find(|(_, h)| h.fault.is_none()).map(|(_, h)| h.from);
        let want = match hairpin {
            Hairpin::None => None,
            Hairpin::InternalSource => Some(lab.world.peer_address(a)),
            Hairpin::ExternalSource => Some(seen_a),
        };
        assert_eq!(from, want, "{hairpin:?}");
    }
}

#[test]
fn nested_nats_translate_twice_and_icmp_errors_find_their_way_back() {
    let mut world = World::new(1);
    let behaviour = Behaviour::of(Dependence::Endpoint, Dependence::AddressAndPort);
    let carrier = world.add_nat(Nat::new(behaviour.clone()).named("carrier")).unwrap();
    let home = world.add_nat(Nat::new(behaviour).behind(carrier).named("home")).unwrap();
    let host = world.add_host(Host::behind(home)).unwrap();
    let server = world.add_host(Host::on_internet()).unwrap();
    let (peer, reflector) = (world.install_peer(host, 5000), world.install_peer(server, 1));
    let seen = world.ask(peer, reflector).unwrap();
    assert_eq!(seen.ip(), world.outside_addresses(carrier)[0]);
    let mut closed = world.peer_address(reflector);
    closed.set_port(9);
    world.with(peer, |peer: &mut Peer, now| peer.send(now, closed, "x"));
    world.run_for(SEC);
    let heard = world.take_events::<Peer>(peer);
    assert!(heard[0].1.fault.is_some() && heard[0].1.from == closed, "{heard:?}");
    // A packet with a TTL of 2 dies at the second NAT.
    let to = world.peer_address(reflector);
    world.with(peer, |peer: &mut Peer, now| peer.send_with_ttl(now, to, 2, "x"));
    world.run_for(SEC);
    assert_eq!(world.nat_stats(carrier).dropped(DropCause::TtlExpired), 1);
    assert!(world.take_events::<Peer>(peer)[0].1.fault.is_some());
}

#[test]
fn a_firewall_lets_in_only_answers_and_changes_no_address() {
    let mut world = World::new(1);
    let nat = world.add_nat(Nat::of(nat_sim::Preset::Firewall)).unwrap();
    let public = "203.0.113.77".parse().unwrap();
    let host = Host::behind(nat).with_address(public);
    let prefix_error = world.add_host(host.clone()).unwrap_err();
    assert!(matches!(prefix_error, nat_sim::TopologyError::AddressOutside { .. }));
    let nat = Nat::of(nat_sim::Preset::Firewall).with_inside("203.0.113.64/27".parse().unwrap());
    let nat = world.add_nat(nat).unwrap();
    let host = world.add_host(Host::behind(nat).with_address(public)).unwrap();
    let server = world.add_host(Host::on_internet()).unwrap();
    let (peer, reflector) = (world.install_peer(host, 5000), world.install_peer(server, 1));
    let other = world.install_peer(server, 2);
    let local = world.peer_address(peer);
    world.with(reflector, |peer: &mut Peer, now| peer.send(now, local, "early"));
    world.run_for(SEC);
    assert!(world.take_events::<Peer>(peer).is_empty());
    assert_eq!(world.ask(peer, reflector), Some(local));
    world.with(reflector, |peer: &mut Peer, now| peer.send(now, local, "answer"));
    world.with(other, |peer: &mut Peer, now| peer.send(now, local, "stranger"));
    world.run_for(SEC);
    assert_eq!(world.take_events::<Peer>(peer).len(), 1);
}

/// RFC 4443 §2.2: the source of an error is an address of the node that sends it.
#[test]
fn a_nat_tells_both_sides_of_itself_of_errors_about_ipv6() {
    let mut world = World::new(5);
    let nat = world.add_nat(Nat::new(Behaviour::firewall()).dual_stack()).unwrap();
    let inside = world.add_host(Host::behind(nat).dual_stack()).unwrap();
    let outside = world.add_host(Host::on_internet().dual_stack()).unwrap();
    let [a, b] = [inside, outside].map(|host| {
        let local = *world.addresses(host).iter().find(|ip| ip.is_ipv6()).unwrap();
        world.install(host, Peer::at(SocketAddr::new(local, 5000)))
    });
    assert_eq!(world.ask(a, b), Some(world.peer_address(a)), "IPv6 passes both ways");
    // The internet takes 8: one more for the NAT.
    for (from, to, ttl) in [(a, b, 1), (b, a, 9)] {
        let to = world.peer_address(to);
        world.take_events::<Peer>(from);
        world.with(from, |peer: &mut Peer, now| peer.send_with_ttl(now, to, ttl, "x"));
        world.run_for(SEC);
        let heard = world.take_events::<Peer>(from);
        let fault = heard.last().and_then(|(_, heard)| heard.fault);
        assert_eq!(fault, Some(sans_io::PathFault::TimeExceeded), "TTL {ttl}");
    }
}

#[test]
fn reboot_rebind_and_roam_break_what_they_should() {
    let mut lab = Lab::new(Behaviour::of(Dependence::Endpoint, Dependence::Endpoint));
    let peer = lab.world.install_peer(lab.inside[0], 5000);
    let server = lab.servers[0][0];
    let seen = lab.world.ask(peer, server).unwrap();
    lab.world.reboot_nat(lab.nat);
    assert!(!lab.reaches(server, seen, peer));
    let again = lab.world.ask(peer, server).unwrap();
    assert_eq!(again.ip(), seen.ip());
    lab.world.rebind_nat(lab.nat).unwrap();
    let moved = lab.world.ask(peer, server).unwrap();
    assert_ne!(moved.ip(), seen.ip());
    lab.world.roam(peer.host, Host::on_internet()).unwrap();
    assert_eq!(lab.world.machine::<Peer>(peer).local(), None, "its socket is lost");
    let address = SocketAddr::new(lab.world.address(peer.host), 0);
    let peer = lab.world.install(peer.host, Peer::at(address));
    assert_eq!(lab.world.ask(peer, server), Some(lab.world.peer_address(peer)));
    lab.world.cut(peer.host, server.host);
    assert_eq!(lab.world.ask(peer, server), None);
    lab.world.mend(peer.host, server.host);
    lab.world.set_up(server.host, false);
    assert_eq!(lab.world.ask(peer, server), None);
    lab.world.set_up(server.host, true);
    assert!(lab.world.ask(peer, server).is_some());
}

#[test]
fn what_is_on_its_way_to_an_interface_that_a_host_has_left_is_lost() {
    let mut world = World::new(1);
    let slow = Link::after(SEC).with_rate(8_000, 10_000);
    let host = Host::on_internet().also_on_internet().over(slow);
    let host = world.add_host(host).unwrap();
    let second = SocketAddr::new(world.addresses(host)[1], 7);
    let sender = world.add_host(Host::on_internet()).unwrap();
    let local = SocketAddr::new(world.address(sender), 7);
    for wait_ms in [0, 20, 500, 1_005, 2_000] {
        world.inject(sender, IpPacket::udp(local, second, (&b"late"[..]).into()));
        world.run_for(Duration::from_millis(wait_ms));
        world.roam(host, Host::on_internet()).unwrap();
        world.run_for(5 * SEC);
        let back = Host::on_internet().also_on_internet().with_address(second.ip()).over(slow);
        world.roam(host, back).unwrap();
    }
}

#[test]
fn an_inside_network_is_chosen_apart_from_the_outside_ones() {
    let mut world = World::new(1);
    let mut outer = world.add_nat(Nat::of(nat_sim::Preset::Linux)).unwrap();
    let mut networks = BTreeSet::new();
    for _ in 0..300 {
        outer = world.add_nat(Nat::of(nat_sim::Preset::Linux).behind(outer)).unwrap();
        let host = world.add_host(Host::behind(outer)).unwrap();
        let std::net::IpAddr::V4(inside) = world.address(host) else { panic!("IPv4 by default") };
        assert!(networks.insert(inside.to_bits() >> 8), "{inside} again");
    }
}

/// A NAT with four ports, all of which one host has used; when the other may have one.
fn second_host_gets_a_port_after(hold_down: Duration, reboots: bool) -> Option<u64> {
    let mut lab = Lab::new(Behaviour {
        port_range: 40_000..=40_003,
        lifetime: Lifetime::idle(30 * SEC),
        hold_down,
        ..Behaviour::of(Dependence::Endpoint, Dependence::Endpoint)
    });
    let server = lab.servers[0][0];
    let of_first = [0, 1, 2, 3].map(|n| lab.world.install_peer(lab.inside[0], 5000 + n));
    for peer in of_first {
        assert!(lab.world.ask(peer, server).is_some());
    }
    let began = lab.world.now();
    if reboots {
        lab.world.reboot_nat(lab.nat);
    }
    let second = lab.world.install_peer(lab.inside[1], 6000);
    (0..200).find_map(|_| {
        lab.world.run_for(SEC);
        let seen = lab.world.ask(second, server);
        seen.map(|_| lab.world.now().saturating_since(began).as_secs())
    })
}

#[test]
fn a_port_that_was_given_up_rests_before_another_host_gets_it() {
    let after = |hold_down, reboots| second_host_gets_a_port_after(hold_down, reboots).unwrap();
    // An answer that does not come is waited for, so seconds are not exact.
    assert!((29..=34).contains(&after(Duration::ZERO, false)));
    assert!((149..=154).contains(&after(120 * SEC, false)));
    assert!(after(Duration::ZERO, true) <= 3);
    assert!((149..=154).contains(&after(120 * SEC, true)), "also one that was lost in a reboot");
}

#[test]
fn a_port_that_was_given_up_goes_back_to_its_socket_at_once() {
    let mut lab = Lab::new(Behaviour {
        port_range: 40_000..=40_000,
        lifetime: Lifetime::idle(30 * SEC),
        hold_down: 120 * SEC,
        ..Behaviour::of(Dependence::Endpoint, Dependence::Endpoint)
    });
    let peer = lab.world.install_peer(lab.inside[0], 5000);
    let server = lab.servers[0][0];
    let first = lab.world.ask(peer, server);
    lab.world.run_for(40 * SEC);
    assert!(first.is_some());
    assert_eq!(lab.world.ask(peer, server), first);
}

#[test]
fn a_quota_limits_one_host_and_ends_no_mapping() {
    for reports_exhaustion in [true, false] {
        let mut lab = Lab::new(Behaviour {
            quota: Some(3),
            reports_exhaustion,
            ..Behaviour::of(Dependence::Endpoint, Dependence::Endpoint)
        });
        let server = lab.servers[0][0];
        let ask = |lab: &mut Lab, host: usize, port| {
            let peer = lab.world.install_peer(lab.inside[host], port);
            (peer, lab.world.ask(peer, server))
        };
        let first = [0, 1, 2].map(|n| ask(&mut lab, 0, 5000 + n));
        assert!(first.iter().all(|(_, seen)| seen.is_some()));
        let (fourth, seen) = ask(&mut lab, 0, 6000);
        assert_eq!(seen, None, "one too many");
        assert_eq!(lab.world.nat_stats(lab.nat).dropped(DropCause::OverQuota), 1);
        let to = lab.world.peer_address(server);
        lab.world.with(fourth, |peer: &mut Peer, now| peer.send(now, to, "again"));
        lab.world.run_for(SEC);
        let told = lab.world.take_events::<Peer>(fourth).iter().any(|(_, h)| h.fault.is_some());
        assert_eq!(told, reports_exhaustion);
        for (peer, seen) in first {
            assert!(lab.reaches(server, seen.unwrap(), peer), "those before live on");
        }
        assert!(ask(&mut lab, 1, 6000).1.is_some(), "the other host has its own");
    }
}
