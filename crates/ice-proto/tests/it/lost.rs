//! Connections that end: consent, sockets, relays, closing.
use crate::support::{Meeting, add_turn_server, configs};
use core::time::Duration;
use ice_proto::{
    IceAgent, IceConfig, IceEvent, IceState, PairFailure, PairState, RestartReason, SendError,
};
use nat_sim::{Body, Happening, Host, World};
use stun_proto::{
    Message,
    attribute::{Code, ErrorCode},
};
use turn_proto::TurnServer;

fn reasons(meeting: &mut Meeting, i: usize) -> Vec<RestartReason> {
    let agent = meeting.agents[i];
    let events = meeting.world.take_events::<IceAgent>(agent);
    events
        .into_iter()
        .filter_map(|(_, event)| match event {
            IceEvent::RestartNeeded(reason) => Some(reason),
            _ => None,
        })
        .collect()
}

#[test]
fn consent_ends_thirty_seconds_after_the_last_answer() {
    let mut meeting = Meeting::on_internet(1, 0, configs());
    meeting.meet();
    meeting.run(Duration::from_secs(10));
    meeting.world.run_for(Duration::from_secs(60));
    let [a, b] = meeting.hosts;
    meeting.world.cut(a, b);
    // The last answer came up to 6 s ago.
    meeting.world.run_for(Duration::from_secs(23));
    assert_eq!(meeting.agent(0).state(), IceState::Completed);
    meeting.world.run_for(Duration::from_secs(8));
    for i in [0, 1] {
        assert_eq!(meeting.agent(i).state(), IceState::Failed);
        assert_eq!(reasons(&mut meeting, i), [RestartReason::ConsentExpired]);
        let now = meeting.world.now();
        let sent = meeting.with(i, |agent: &mut IceAgent, _| agent.send(now, b"late").err());
        assert_eq!(sent, Some(SendError::NotConnected));
    }
    // RFC 7675 §5.1: these credentials are not used on this path again.
    meeting.world.mend(a, b);
    meeting.world.keep_log();
    meeting.world.run_for(Duration::from_secs(60));
    assert_eq!(meeting.packets(), 0);
    let state = meeting.agent(0).pairs().next().unwrap().state;
    assert_eq!(state, PairState::Failed(PairFailure::ConsentExpired));
}

#[test]
fn a_short_cut_is_survived() {
    for seed in 0..10 {
        let mut meeting = Meeting::on_internet(seed, 0, configs());
        meeting.meet();
        meeting.run(Duration::from_secs(10));
        let [a, b] = meeting.hosts;
        meeting.world.cut(a, b);
        meeting.world.run_for(Duration::from_secs(22));
        meeting.world.mend(a, b);
        meeting.world.run_for(Duration::from_secs(60));
        assert_eq!(meeting.agree(), Some(true), "seed {seed}");
        assert!(meeting.exchange());
    }
}

#[test]
fn a_host_that_roams_loses_its_socket_and_says_so() {
    let mut meeting = Meeting::on_internet(1, 0, configs());
    meeting.meet();
    meeting.run(Duration::from_secs(10));
    let host = meeting.hosts[0];
    meeting.world.roam(host, Host::on_internet()).unwrap();
    assert_eq!(meeting.agent(0).state(), IceState::Failed);
    assert_eq!(reasons(&mut meeting, 0), [RestartReason::PathLost]);
}

#[test]
fn a_peer_that_is_not_there_is_waited_for_and_given_up() {
    let mut meeting = Meeting::on_internet(1, 0, configs());
    meeting.gathered();
    let [_, b] = meeting.hosts;
    meeting.world.set_up(b, false);
    meeting.describe(0);
    meeting.world.run_for(Duration::from_secs(39));
    assert_eq!(meeting.agent(0).state(), IceState::Checking);
    meeting.world.run_for(Duration::from_secs(5));
    assert_eq!(meeting.agent(0).state(), IceState::Failed);
    assert_eq!(reasons(&mut meeting, 0), [RestartReason::NoPairWorks]);
    let explanation = meeting.agent(0).explain().to_string();
    assert!(explanation.contains("failed, nobody answered"), "{explanation}");
    assert!(explanation.lines().last().unwrap().contains("no packet of the peer"));
    // It is not the end: the peer's own checks revive it.
    meeting.world.set_up(b, true);
    meeting.describe(1);
    meeting.run(Duration::from_secs(10));
    assert_eq!(meeting.agree(), Some(true));
}

#[test]
fn closing_frees_the_relay_and_says_nothing_more() {
    let (mut meeting, server) = Meeting::over_relays(1, Duration::from_secs(40));
    meeting.meet();
    meeting.run(Duration::from_secs(10));
    assert_eq!(meeting.world.machine::<TurnServer>(server).allocations(), 2);
    meeting.with(0, IceAgent::close);
    assert_eq!(meeting.agent(0).state(), IceState::Closed);
    // The peer hears of it with its next consent check, for which the relay is kept.
    meeting.world.run_for(Duration::from_secs(7));
    assert_eq!(reasons(&mut meeting, 1), [RestartReason::ConsentRevoked]);
    assert_eq!(meeting.world.machine::<TurnServer>(server).allocations(), 1);
    meeting.world.keep_log();
    meeting.world.run_for(Duration::from_secs(60));
    let ours = meeting.world.log().iter().filter(|entry| {
        entry.happening == nat_sim::Happening::Sent && entry.node == meeting.hosts[0].into()
    });
    assert_eq!(ours.count(), 0);
}

/// It keeps its socket for as long as it tries to tell the relay's server.
#[test]
fn a_closed_agent_asks_its_peer_for_nothing_and_says_that_it_is_closed() {
    let mut world = World::new(1);
    let (server, turn) = add_turn_server(&mut world);
    let hosts = [0, 1].map(|_| world.add_host(Host::on_internet()).unwrap());
    let configs = configs().map(|config| IceConfig { turn_servers: vec![turn.clone()], ..config });
    let mut meeting = Meeting::new(world, 1, hosts, configs);
    meeting.meet();
    meeting.run(Duration::from_secs(2));
    assert!(meeting.exchange());
    meeting.world.set_up(server, false);
    meeting.with(0, IceAgent::close);
    meeting.world.keep_log();
    meeting.world.run_for(Duration::from_secs(60));
    let peer = meeting.world.address(meeting.hosts[1]);
    let (to_peer, others): (Vec<_>, Vec<_>) = meeting
        .world
        .log()
        .iter()
        .filter(|entry| {
            entry.happening == Happening::Sent
                && entry.node == meeting.hosts[0].into()
                && matches!(entry.packet.body, Body::Udp(_))
        })
        .partition(|entry| entry.packet.destination.ip() == peer);
    assert!(!others.is_empty(), "the server is told");
    let error = |entry: &&nat_sim::Entry| {
        let Body::Udp(bytes) = &entry.packet.body else { return None };
        Message::parse(bytes).unwrap().get::<ErrorCode<'_>>().map(|error| error.code)
    };
    let errors: Vec<_> = to_peer.iter().map(error).collect();
    assert_eq!(errors, [Some(Code::FORBIDDEN)]);
    assert_eq!(reasons(&mut meeting, 1), [RestartReason::ConsentRevoked]);
}

#[test]
fn relays_that_were_not_needed_are_given_back_after_three_seconds() {
    let mut world = World::new(2);
    let (server, turn) = add_turn_server(&mut world);
    let hosts = [0, 1].map(|_| world.add_host(Host::on_internet()).unwrap());
    let configs = configs().map(|config| IceConfig { turn_servers: vec![turn.clone()], ..config });
    let mut meeting = Meeting::new(world, 2, hosts, configs);
    meeting.meet();
    meeting.run(Duration::from_secs(10));
    assert_eq!(meeting.world.machine::<TurnServer>(server).allocations(), 2);
    meeting.world.run_for(Duration::from_secs(4));
    assert_eq!(meeting.world.machine::<TurnServer>(server).allocations(), 0);
    assert!(meeting.exchange());
}
