//! What the probe says of the NATs of nat-sim (RFC 5780).
use core::time::Duration;
use nat_sim::{Behaviour, Dependence, Hairpin, Host, Lifetime, Nat, Preset, World};
use std::net::SocketAddr;
use stun_proto::{
    BindingLifetime, BindingServer, Filtering, LifetimeConfig, Mapping, NatProbe, NatProbeConfig,
    NatProbeEvent, NatReport, OtherServer, RequestFault, ServerConfig,
};

/// Looks from behind a NAT at a server with two addresses and two ports.
fn look(nat: Nat, lifetime: Option<LifetimeConfig>) -> NatProbeEvent {
    let mut world = World::new(7);
    let host = Host::on_internet().also_on_internet().named("server");
    let server = world.add_host(host).unwrap();
    let nat = world.add_nat(nat).unwrap();
    let client = world.add_host(Host::behind(nat).named("client")).unwrap();

    let [one, two] = world.addresses(server)[..] else { panic!("the server has two addresses") };
    let (primary, alternate) = (SocketAddr::new(one, 3478), SocketAddr::new(two, 3479));
    let other = Some(OtherServer { primary, alternate, response_port: true });
    let config = ServerConfig { other, ..ServerConfig::default() };
    let machine = world.install(server, BindingServer::new(config, [1; 32]));
    for address in [one, two] {
        for port in [3478, 3479] {
            world.open(machine, SocketAddr::new(address, port)).unwrap();
        }
    }

    let config = NatProbeConfig { lifetime, ..NatProbeConfig::new(world.address(client), primary) };
    let probe = NatProbe::new(config, &mut sans_io::SocketIds::root(), [2; 32]);
    let probe = world.install(client, probe);
    let end = world.now().saturating_add(Duration::from_secs(3600));
    world.run_until_event::<NatProbe>(probe, end, |_| true).expect("the probe ends");
    let (_, event) = world.take_events::<NatProbe>(probe).pop().unwrap();
    event
}

fn report(nat: Nat) -> NatReport {
    match look(nat, None) {
        NatProbeEvent::Done(report) => report,
        other => panic!("{other:?}"),
    }
}

#[test]
fn every_mapping_and_filtering_is_told_apart() {
    let mappings =
        [Mapping::EndpointIndependent, Mapping::AddressDependent, Mapping::AddressAndPortDependent];
    let filterings = [
        Filtering::EndpointIndependent,
        Filtering::AddressDependent,
        Filtering::AddressAndPortDependent,
    ];
    for (mapping, told_mapping) in Dependence::ALL.into_iter().zip(mappings) {
        for (filtering, told_filtering) in Dependence::ALL.into_iter().zip(filterings) {
            let report = report(Nat::new(Behaviour::of(mapping, filtering)));
            assert_eq!((report.mapping, report.filtering), (told_mapping, told_filtering));
            assert_eq!(report.hairpin, Some(false));
        }
    }
}

#[test]
fn hairpin_is_told_where_there_is_one() {
    for filtering in Dependence::ALL {
        let behaviour = Behaviour {
            hairpin: Hairpin::ExternalSource,
            ..Behaviour::of(Dependence::Endpoint, filtering)
        };
        assert_eq!(report(Nat::new(behaviour)).hairpin, Some(true), "{filtering:?}");
    }
}

#[test]
fn nats_by_name_are_told_for_what_they_are() {
    for (preset, mapping, filtering) in [
        (Preset::Rfc4787, Mapping::EndpointIndependent, Filtering::EndpointIndependent),
        (Preset::FullCone, Mapping::EndpointIndependent, Filtering::EndpointIndependent),
        (Preset::RestrictedCone, Mapping::EndpointIndependent, Filtering::AddressDependent),
        (
            Preset::PortRestrictedCone,
            Mapping::EndpointIndependent,
            Filtering::AddressAndPortDependent,
        ),
        (Preset::Symmetric, Mapping::AddressAndPortDependent, Filtering::AddressAndPortDependent),
        (Preset::Firewall, Mapping::None, Filtering::AddressAndPortDependent),
        (Preset::Linux, Mapping::EndpointIndependent, Filtering::AddressAndPortDependent),
        (Preset::LinuxRandom, Mapping::AddressAndPortDependent, Filtering::AddressAndPortDependent),
    ] {
        let report = report(Nat::of(preset));
        assert_eq!((report.mapping, report.filtering), (mapping, filtering), "{preset:?}");
        assert_eq!(report.hairpin.is_none(), mapping == Mapping::None);
    }
}

#[test]
fn blocked_udp_is_told() {
    let event = look(Nat::of(Preset::UdpBlocked), None);
    assert_eq!(event, NatProbeEvent::Failed(RequestFault::TimedOut));
}

#[test]
fn lifetime_is_found_to_15_seconds() {
    for real_s in [40, 120, 300] {
        let behaviour = Behaviour {
            lifetime: Lifetime::idle(Duration::from_secs(real_s)),
            ..Behaviour::of(Dependence::Endpoint, Dependence::Endpoint)
        };
        let event = look(Nat::new(behaviour), Some(LifetimeConfig::default()));
        let NatProbeEvent::Done(report) = event else { panic!("{event:?}") };
        let Some(BindingLifetime::Between(there, gone)) = report.lifetime else {
            panic!("{:?}", report.lifetime)
        };
        let real = Duration::from_secs(real_s);
        // A round trip more or less is not seen.
        assert!(there <= real && real <= gone + Duration::from_secs(1), "{there:?} {gone:?}");
        assert!(gone <= there + Duration::from_secs(15));
    }
}
