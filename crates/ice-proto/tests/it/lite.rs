//! Lite agents: servers that answer and never ask (RFC 8445 §2.5).
use crate::support::{Call, LOCAL, Meeting, PEER, Puppet, Request, configs, error_of, lossy, ms};
use core::time::Duration;
use ice_proto::{
    CandidateKind, IceConfig, IceEvent, IceState, Implementation, RestartReason, Role,
};
use nat_sim::{Body, Happening, Host, World};
use stun_proto::{Class, Message};

fn lite(role: Role) -> IceConfig {
    IceConfig { role, implementation: Implementation::Lite, ..IceConfig::default() }
}

fn told(mut meeting: Meeting, lite: [bool; 2]) -> Meeting {
    for i in [0, 1] {
        meeting.with(i, |agent, now| agent.set_remote_lite(now, lite[1 - i]));
    }
    meeting
}

/// Requests that a host sent.
fn requests(meeting: &Meeting, i: usize) -> usize {
    let sent = meeting.world.log().iter().filter(|entry| {
        entry.node == meeting.hosts[i].into() && entry.happening == Happening::Sent
    });
    sent.filter(|entry| match &entry.packet.body {
        Body::Udp(bytes) => {
            Message::parse(bytes).is_ok_and(|message| message.class() == Class::Request)
        }
        _ => false,
    })
    .count()
}

#[test]
fn a_full_agent_meets_a_lite_one_whoever_made_the_offer() {
    for loss in [0, 10, 30] {
        for seed in 0..200 {
            for server in [0, 1] {
                let mut configs = configs();
                configs[server] = lite(configs[server].role);
                let is_lite = [server == 0, server == 1];
                let mut world = World::new(seed);
                world.keep_log();
                let hosts = [0, 1].map(|_| world.add_host(lossy(loss)).unwrap());
                let mut meeting = told(Meeting::new(world, seed, hosts, configs), is_lite);
                meeting.meet();
                meeting.run(Duration::from_secs(10));
                let label = format!("{loss} %, seed {seed}, server {server}");
                assert_eq!(meeting.agree(), Some(true), "{label}");
                assert_eq!(meeting.agent(server).role(), Role::Controlled, "{label}");
                assert_eq!(meeting.agent(1 - server).role(), Role::Controlling, "{label}");
                assert_eq!(requests(&meeting, server), 0, "{label}");
                if loss == 0 {
                    assert!(meeting.exchange(), "{label}");
                }
            }
        }
    }
}

#[test]
fn a_lite_agent_has_host_candidates_only_and_one_for_each_address() {
    let mut puppet = Puppet::new(lite(Role::Controlled));
    puppet.open(1, "192.0.2.2:5000");
    puppet.agent.gather(puppet.now, &["192.0.2.2".parse().unwrap()]).unwrap();
    puppet.pass(Duration::from_secs(1));
    let kinds: Vec<_> = puppet.agent.local_candidates().map(|c| c.kind).collect();
    assert_eq!(kinds, [CandidateKind::Host; 2]);
    assert_eq!(puppet.sent.len(), 0);
}

#[test]
fn a_lite_agent_takes_the_nomination_and_nothing_less() {
    let mut puppet = Puppet::new(lite(Role::Controlling));
    puppet.meet();
    assert_eq!(puppet.agent.role(), Role::Controlled);
    assert_eq!(error_of(&puppet.request(&Request::new(Role::Controlling))), None);
    assert_eq!(puppet.agent.state(), IceState::Checking);
    let nomination = Request { nominates: true, ..Request::new(Role::Controlling) };
    assert_eq!(error_of(&puppet.request(&nomination)), None);
    assert_eq!(puppet.agent.state(), IceState::Completed);
    let pair = puppet.agent.selected_pair().unwrap();
    assert_eq!(pair.path.local(), LOCAL.parse().unwrap());
    assert_eq!(pair.path.remote(), PEER.parse().unwrap());
    puppet.pass(Duration::from_secs(25));
    assert!(puppet.take_requests().is_empty());
}

#[test]
fn a_lite_agent_leaves_roles_to_the_peer() {
    let mut puppet = Puppet::new(lite(Role::Controlled));
    puppet.meet();
    let confused = Request { tiebreaker: 0, ..Request::new(Role::Controlled) };
    assert_eq!(error_of(&puppet.request(&confused)), None);
    assert_eq!(puppet.agent.role(), Role::Controlled);
}

#[test]
fn of_several_nominated_pairs_a_lite_agent_uses_the_best() {
    let mut puppet = Puppet::new(lite(Role::Controlled));
    puppet.meet();
    let nominate = |port: u16, priority| Request {
        from: ([203, 0, 113, 1], port).into(),
        nominates: true,
        priority,
        ..Request::new(Role::Controlling)
    };
    for (port, priority, used) in [(1, 500, 1), (2, 900, 2), (3, 700, 2)] {
        assert_eq!(error_of(&puppet.request(&nominate(port, priority))), None);
        assert_eq!(puppet.agent.selected_pair().unwrap().path.remote().port(), used);
    }
}

#[test]
fn a_client_that_falls_silent_is_given_up_after_thirty_seconds() {
    let mut puppet = Puppet::new(lite(Role::Controlled));
    puppet.meet();
    let nomination = Request { nominates: true, ..Request::new(Role::Controlling) };
    assert_eq!(error_of(&puppet.request(&nomination)), None);
    for _ in 0..20 {
        puppet.pass(Duration::from_secs(5));
        assert_eq!(error_of(&puppet.request(&Request::new(Role::Controlling))), None);
    }
    assert_eq!(puppet.agent.state(), IceState::Completed);
    puppet.pass(Duration::from_secs(29));
    assert_eq!(puppet.agent.state(), IceState::Completed);
    puppet.pass(Duration::from_secs(2));
    assert_eq!(puppet.agent.state(), IceState::Failed);
    assert!(puppet.events.contains(&IceEvent::RestartNeeded(RestartReason::ConsentExpired)));
}

#[test]
fn two_lite_agents_choose_the_same_pair_without_a_packet() {
    let mut world = World::new(1);
    world.keep_log();
    let hosts = [0, 1].map(|_| world.add_host(Host::on_internet().also_on_internet()).unwrap());
    let configs = [Role::Controlling, Role::Controlled].map(lite);
    let mut meeting = told(Meeting::new(world, 1, hosts, configs), [true; 2]);
    meeting.meet();
    meeting.run(Duration::from_secs(1));
    assert_eq!(meeting.agree(), Some(true));
    let roles = [0, 1].map(|i| meeting.agent(i).role());
    assert_eq!(roles, [Role::Controlling, Role::Controlled]);
    meeting.world.run_for(Duration::from_secs(120));
    assert_eq!(meeting.packets(), 0);
    assert!(meeting.exchange());
    assert_eq!(meeting.agent(0).state(), IceState::Completed);
}

#[test]
fn a_lite_agent_restarts_as_any_other() {
    for by in [0, 1] {
        let mut configs = configs();
        configs[1] = lite(Role::Controlled);
        let meeting = told(Meeting::on_internet(1, 0, configs), [false, true]);
        let mut call = Call::settled(meeting);
        call.meeting.world.keep_log();
        let begin = call.now();
        call.meeting.with(by, |agent, now| assert!(agent.restart(now).is_some()));
        assert!(call.settle_within(Duration::from_secs(2)).is_some(), "by {by}");
        call.run_for(ms(200));
        assert_eq!(call.misled(), [], "by {by}");
        assert!(call.gap(0, begin).max(call.gap(1, begin)) <= ms(55), "by {by}");
        assert_eq!(requests(&call.meeting, 1), 0);
    }
}
