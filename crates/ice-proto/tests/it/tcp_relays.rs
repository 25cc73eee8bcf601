//! TURN servers that are reached over TCP, where nothing else gets out.
use crate::support::{Meeting, add_tcp_turn_server, behind, configs, ms};
use core::time::Duration;
use ice_proto::{
    CandidateKind, CandidatePolicy, GatheringFault, IceAgent, IceConfig, IceEvent, RestartReason,
    TcpCandidates,
};
use nat_sim::{HostId, Nat, Preset, World};

/// Two agents behind routers of this kind, and a TURN server that both may ask.
fn meeting(seed: u64, preset: Preset, tcp: TcpCandidates) -> (Meeting, HostId) {
    let mut world = World::new(seed);
    let (server, turn) = add_tcp_turn_server(&mut world);
    let hosts = [0, 1].map(|_| {
        let nat = world.add_nat(Nat::of(preset)).unwrap();
        behind(&mut world, nat)
    });
    let configs =
        configs().map(|config| IceConfig { turn_servers: vec![turn.clone()], tcp, ..config });
    (Meeting::new(world, seed, hosts, configs), server)
}

fn lost(meeting: &mut Meeting, i: usize) -> Option<RestartReason> {
    let events = meeting.world.take_events::<IceAgent>(meeting.agents[i]);
    events.into_iter().find_map(|(_, event)| match event {
        IceEvent::RestartNeeded(reason) => Some(reason),
        _ => None,
    })
}

#[test]
fn agents_that_only_get_out_over_tcp_meet_at_their_relays() {
    for preset in [Preset::UdpBlocked, Preset::Tcp443] {
        for tcp in [TcpCandidates::None, TcpCandidates::All] {
            let (mut meeting, _) = meeting(1, preset, tcp);
            meeting.meet();
            meeting.run(Duration::from_secs(10));
            assert_eq!(meeting.agree(), Some(true), "{}", meeting.agent(0).explain());
            let pair = meeting.agent(0).selected_pair().unwrap();
            assert_eq!(pair.local, CandidateKind::Relayed);
            assert!(meeting.exchange());
            // What a NAT shows for a connection is no candidate.
            let reflexive = meeting
                .agent(0)
                .local_candidates()
                .any(|c| c.kind == CandidateKind::ServerReflexive);
            assert!(!reflexive);
            // Consent and allocations are kept up over the connection.
            meeting.world.run_for(Duration::from_secs(900));
            assert!(meeting.exchange());
            assert_eq!(meeting.world.connections(meeting.hosts[0]).count(), 1);
        }
    }
}

#[test]
fn the_connection_of_a_relay_that_is_not_used_is_closed() {
    let (mut meeting, _) = meeting(2, Preset::FullCone, TcpCandidates::None);
    // Without a STUN server they know each other's outside addresses from checks alone, over relays.
    meeting.meet();
    meeting.run(Duration::from_secs(10));
    assert_eq!(meeting.agree(), Some(true), "{}", meeting.agent(0).explain());
    let used = meeting.agent(0).selected_pair().unwrap().local == CandidateKind::Relayed;
    meeting.world.run_for(Duration::from_secs(30));
    assert_eq!(meeting.world.connections(meeting.hosts[0]).count(), usize::from(used));
    meeting.with(0, IceAgent::close);
    meeting.world.run_for(Duration::from_secs(30));
    assert_eq!(meeting.world.connections(meeting.hosts[0]).count(), 0);
}

#[test]
fn a_relay_whose_connection_is_lost_is_asked_for_anew_until_ice_has_concluded() {
    let (mut meeting, _) = meeting(3, Preset::UdpBlocked, TcpCandidates::None);
    meeting.gathered();
    for host in meeting.hosts {
        meeting.world.reset_connections(host);
    }
    meeting.world.run_for(Duration::from_secs(5));
    meeting.introduce();
    meeting.run(Duration::from_secs(10));
    assert_eq!(meeting.agree(), Some(true), "{}", meeting.agent(0).explain());
    meeting.world.run_for(Duration::from_secs(10));
    // After that a restart is needed, which asks for another relay.
    let host = meeting.hosts[0];
    meeting.world.reset_connections(host);
    meeting.world.run_for(ms(100));
    assert_eq!(lost(&mut meeting, 0), Some(RestartReason::PathLost));
    for i in [0, 1] {
        meeting.with(i, |agent, now| drop(agent.restart(now).cloned()));
    }
    meeting.world.run_for(Duration::from_secs(2));
    meeting.introduce();
    meeting.run(Duration::from_secs(20));
    assert_eq!(meeting.agree(), Some(true), "{}", meeting.agent(0).explain());
    assert!(meeting.exchange());
}

#[test]
fn a_server_that_is_not_reached_is_told_after_ten_seconds_and_holds_nobody_up() {
    let (mut meeting, server) = meeting(4, Preset::FullCone, TcpCandidates::None);
    let nats: Vec<_> = meeting.world.addresses(meeting.hosts[0]);
    assert_eq!(nats.len(), 1);
    meeting.world.set_up(server, false);
    let began = meeting.world.now();
    meeting.gathered();
    let took = meeting.world.now().saturating_since(began);
    assert!(took <= ms(10_100), "{took:?}");
    let (mut meeting, server) = self::meeting(4, Preset::FullCone, TcpCandidates::None);
    meeting.world.set_up(server, false);
    for i in [0, 1] {
        meeting.gather(i);
    }
    meeting.world.run_for(Duration::from_secs(11));
    let events = meeting.world.take_events::<IceAgent>(meeting.agents[0]);
    let told = events.iter().find_map(|(_, event)| match event {
        IceEvent::GatheringFailed(failure) => Some(failure.fault),
        _ => None,
    });
    assert_eq!(told, Some(GatheringFault::Socket(sans_io::SocketFault::TimedOut)));
    assert_eq!(meeting.world.connections(meeting.hosts[0]).count(), 0);
}

#[test]
fn under_the_policy_relay_only_the_relay_is_told() {
    let mut world = World::new(5);
    let (_, turn) = add_tcp_turn_server(&mut world);
    let hosts = [0, 1].map(|_| {
        let nat = world.add_nat(Nat::of(Preset::UdpBlocked)).unwrap();
        behind(&mut world, nat)
    });
    let configs = configs().map(|config| IceConfig {
        turn_servers: vec![turn.clone()],
        policy: CandidatePolicy::Relay,
        tcp: TcpCandidates::All,
        ..config
    });
    let mut meeting = Meeting::new(world, 5, hosts, configs);
    meeting.meet();
    meeting.run(Duration::from_secs(10));
    assert!(meeting.agent(0).local_candidates().all(|c| c.kind == CandidateKind::Relayed));
    assert_eq!(meeting.agree(), Some(true), "{}", meeting.agent(0).explain());
    assert!(meeting.exchange());
}
