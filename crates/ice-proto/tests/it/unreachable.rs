//! Servers that are not there, as ICMP tells: gathering does not wait for them to the end.
use crate::support::{Meeting, Puppet, configs, ms};
use core::{net::SocketAddr, time::Duration};
use ice_proto::{CandidatePolicy, GatheringFault, IceAgent, IceConfig, IceEvent, RelayServer};
use nat_sim::{Host, World};
use sans_io::Path;

fn faults(events: &[IceEvent]) -> Vec<GatheringFault> {
    let failed = events.iter().filter_map(|event| match event {
        IceEvent::GatheringFailed(failure) => Some(failure.fault),
        _ => None,
    });
    failed.collect()
}

fn server(address: SocketAddr) -> RelayServer {
    RelayServer {
        address,
        transport: ice_proto::RelayTransport::Udp,
        username: "user".into(),
        password: "secret".into(),
    }
}

#[test]
fn a_server_whose_port_is_closed_costs_one_retransmission() {
    for policy in [CandidatePolicy::All, CandidatePolicy::Relay] {
        let mut world = World::new(1);
        let closed = world.add_host(Host::on_internet()).unwrap();
        let closed = SocketAddr::new(world.address(closed), 3478);
        let hosts = [0, 1].map(|_| world.add_host(Host::on_internet()).unwrap());
        let configs = configs().map(|config| IceConfig {
            stun_servers: vec![closed],
            turn_servers: vec![server(closed)],
            policy,
            ..config
        });
        let mut meeting = Meeting::new(world, 1, hosts, configs);
        meeting.gather(0);
        meeting.world.run_for(ms(700));
        let events = meeting.world.take_events::<IceAgent>(meeting.agents[0]);
        let events: Vec<_> = events.into_iter().map(|(_, event)| event).collect();
        assert!(events.contains(&IceEvent::GatheringComplete), "{policy:?}: {events:?}");
        let faults = faults(&events);
        let servers = if policy == CandidatePolicy::All { 2 } else { 1 };
        assert_eq!(faults, vec![GatheringFault::Unreachable; servers]);
        assert!(meeting.agent(0).explain().to_string().contains("cannot be reached"));
    }
}

/// An agent that has asked a STUN server, and the path to it.
fn asking() -> (Puppet, Path) {
    let servers = vec!["198.51.100.1:3478".parse().unwrap()];
    let mut puppet = Puppet::new(IceConfig { stun_servers: servers, ..IceConfig::default() });
    puppet.pass(ms(10));
    let path = puppet.take_requests().remove(0).path;
    (puppet, path)
}

#[test]
fn icmp_errors_in_a_row_count_once() {
    let (mut puppet, path) = asking();
    for _ in 0..10 {
        puppet.path_failed(path, 3, 3);
        puppet.pass(ms(20));
    }
    assert_eq!(faults(&puppet.events), []);
    puppet.pass(ms(300));
    let again = puppet.take_requests().remove(0);
    puppet.path_failed(path, 3, 3);
    assert_eq!(faults(&puppet.events), [GatheringFault::Unreachable]);
    assert_eq!(again.path, path);
    puppet.pass(Duration::from_secs(60));
    assert!(puppet.take_requests().is_empty(), "it is not asked again");
}

#[test]
fn errors_that_may_pass_count_less_and_errors_about_others_not_at_all() {
    let (mut puppet, path) = asking();
    let other = Path::udp(path.local(), "198.51.100.2:3478".parse().unwrap());
    for _ in 0..3 {
        puppet.path_failed(other, 3, 3);
        puppet.pass(ms(600));
    }
    assert_eq!(faults(&puppet.events), []);
    for strike in 0..3 {
        // No route to the network.
        assert_eq!(faults(&puppet.events).len(), 0, "after {strike}");
        puppet.path_failed(path, 3, 0);
        puppet.pass(ms(600));
    }
    assert_eq!(faults(&puppet.events), [GatheringFault::Unreachable]);
}
