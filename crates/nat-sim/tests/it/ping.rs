//! ICMP queries: who is answered, and what NATs make of the ids.
use core::{net::IpAddr, time::Duration};
use nat_sim::{
    Behaviour, Body, Dependence, Happening, Host, HostId, LinuxNat, Model, Nat, NatId, NodeId,
    PortChoice, Preset, RouterInput, World,
};
use sans_io::PathFault;

const SEC: Duration = Duration::from_secs(1);

/// Two hosts behind a NAT, and two servers.
struct Lab {
    world: World,
    nat: NatId,
    inside: [HostId; 2],
    servers: [HostId; 2],
}

impl Lab {
    fn new(model: impl Into<Model>) -> Self {
        let mut world = World::new(1);
        world.keep_log();
        let nat = world.add_nat(Nat::new(model)).unwrap();
        let inside = [0, 1].map(|_| world.add_host(Host::behind(nat)).unwrap());
        let servers = [0, 1].map(|_| world.add_host(Host::on_internet()).unwrap());
        Self { world, nat, inside, servers }
    }

    fn address(&self, host: HostId) -> IpAddr {
        self.world.address(host)
    }

    /// The id that a ping of an inside host shows at a server, and whether it is answered.
    fn id_seen(&mut self, host: usize, id: u16, server: usize) -> (u16, bool) {
        let since = self.world.log().len();
        let to = self.address(self.servers[server]);
        self.world.send_ping(self.inside[host], to, Some(id)).unwrap();
        self.world.run_for(SEC);
        let node = NodeId::from(self.servers[server]);
        let received = |e: &&nat_sim::Entry| e.node == node && e.happening == Happening::Received;
        let shown = self.world.log()[since..].iter().find(received).unwrap().packet.source.port();
        let pongs = self.world.take_pongs(self.inside[host]);
        (shown, pongs.iter().any(|p| (p.id, p.of, &p.fault) == (id, to, &None)))
    }
}

#[test]
fn hosts_answer_pings_and_nats_do_at_their_inside() {
    let mut world = World::new(1);
    let carrier = world.add_nat(Nat::of(Preset::CarrierBlock)).unwrap();
    let home = world.add_nat(Nat::of(Preset::Linux).behind(carrier)).unwrap();
    let host = world.add_host(Host::behind(home)).unwrap();
    let server = world.add_host(Host::on_internet().dual_stack()).unwrap();
    let other = world.add_host(Host::on_internet().dual_stack()).unwrap();
    let ms = Duration::from_millis;
    let [v4, v6] = [0, 1].map(|n| world.addresses(server)[n]);
    assert_eq!(world.ping(host, v4), Some(ms(50)), "through two NATs");
    assert_eq!(world.ping(other, v6), Some(ms(50)));
    assert_eq!(world.ping(server, v4), Some(ms(0)), "itself");
    let IpAddr::V4(own) = world.address(host) else { panic!("IPv4 by default") };
    let gateway = IpAddr::from((own.to_bits() & !0xFF | 1).to_be_bytes());
    assert_eq!(world.ping(host, gateway), Some(ms(0)));
    assert_eq!(world.ping(host, [203, 0, 113, 200].into()), None, "nobody is there");
    assert!(world.send_ping(host, v6, None).is_err(), "the host has no IPv6");
    world.set_up(server, false);
    assert_eq!(world.ping(host, v4), None);
}

#[test]
fn query_ids_are_mapped_as_ports_are() {
    for mapping in Dependence::ALL {
        let ports = PortChoice::Random;
        let mut lab = Lab::new(Behaviour { ports, ..Behaviour::of(mapping, Dependence::Address) });
        let seen = [0, 1, 0].map(|server| lab.id_seen(0, 500, server));
        assert!(seen.iter().all(|(_, answered)| *answered), "{mapping:?}");
        assert_eq!(seen[0].0, seen[2].0);
        assert_eq!(seen[0].0 == seen[1].0, mapping == Dependence::Endpoint, "{mapping:?}");
    }
}

#[test]
fn linux_keeps_an_id_until_it_collides_and_for_half_a_minute() {
    for model in [LinuxNat::masquerade(), LinuxNat::random()] {
        let keeps = model == LinuxNat::masquerade();
        let mut lab = Lab::new(model);
        let (first, other) = (lab.id_seen(0, 777, 0), lab.id_seen(0, 777, 1));
        assert_eq!((first.0 == 777, other.0 == 777), (keeps, keeps));
        let (second, answered) = lab.id_seen(1, 777, 0);
        assert!(answered && second != first.0);
        assert_eq!(lab.id_seen(1, 777, 1).0 == second, keeps, "the new id is kept towards others");
    }
    // The range of a rule for TCP and UDP is none for queries.
    let source = nat_sim::SourceRule::Range(40_000..=40_063);
    let mut lab = Lab::new(LinuxNat { source, ..LinuxNat::masquerade() });
    assert_eq!(lab.id_seen(0, 777, 0), (777, true));
    // The id is free again when its time is up.
    for (wait, kept) in [(28, false), (31, true)] {
        let mut lab = Lab::new(LinuxNat::masquerade());
        lab.id_seen(0, 777, 0);
        lab.world.run_for(SEC * wait);
        assert_eq!(lab.id_seen(1, 777, 0).0 == 777, kept, "after {wait} s");
    }
}

#[test]
fn a_nat_answers_pings_from_outside_only_where_it_takes_packets_for_itself() {
    let linux = |input, answers_pings| LinuxNat { input, answers_pings, ..LinuxNat::masquerade() };
    let accepting = Behaviour {
        unsolicited: nat_sim::Unsolicited::Accept,
        ..Behaviour::of(Dependence::Endpoint, Dependence::Endpoint)
    };
    let cases: [(Model, bool); 6] = [
        (linux(RouterInput::Drop, true).into(), true),
        (linux(RouterInput::Drop, false).into(), false),
        (linux(RouterInput::Reject, false).into(), false),
        (linux(RouterInput::Accept, false).into(), true),
        (Behaviour::recommended().into(), false),
        (accepting.into(), true),
    ];
    for (model, answers) in cases {
        let mut lab = Lab::new(model.clone());
        let outside = lab.world.outside_addresses(lab.nat)[0];
        assert_eq!(lab.world.ping(lab.servers[0], outside).is_some(), answers, "{model:?}");
        let own = lab.world.ping(lab.inside[0], outside);
        assert_eq!(own, Some(Duration::ZERO), "from the inside the NAT answers for itself");
    }
}

#[test]
fn an_error_about_a_ping_finds_the_host_that_sent_it() {
    let models: [Model; 2] = [Behaviour::recommended().into(), LinuxNat::random().into()];
    for model in models {
        let mut lab = Lab::new(model);
        let to = lab.address(lab.servers[0]);
        let id = lab.world.send_ping(lab.inside[0], to, None).unwrap();
        lab.world.run_for(SEC);
        let sent = lab.world.log().iter().find(|e| {
            e.node == NodeId::from(lab.servers[0]) && matches!(e.packet.body, Body::Echo(_))
        });
        let sent = sent.unwrap().packet.clone();
        lab.world.take_pongs(lab.inside[0]);
        let router = [192, 0, 2, 77].into();
        let error = sent.error(router, nat_sim::IcmpFault::HostUnreachable).unwrap();
        lab.world.inject(lab.servers[0], error);
        lab.world.run_for(SEC);
        let pongs = lab.world.take_pongs(lab.inside[0]);
        assert_eq!(pongs.len(), 1);
        assert_eq!((pongs[0].id, pongs[0].of), (id, to));
        assert_eq!(pongs[0].fault, Some(PathFault::Unreachable { kind: 3, code: 1 }));
    }
}
