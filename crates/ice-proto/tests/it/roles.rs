//! Both agents claim the same role: repaired without losing more than a round trip.
use crate::support::{Meeting, Puppet, Request, configs, error_of, ms};
use core::time::Duration;
use ice_proto::{IceAgent, IceConfig, IceEvent, IceState, Role};

fn same_role(role: Role) -> [IceConfig; 2] {
    configs().map(|config| IceConfig { role, ..config })
}

#[test]
fn two_controlling_agents_sort_it_out() {
    for role in [Role::Controlling, Role::Controlled] {
        for seed in 0..40 {
            let mut meeting = Meeting::on_internet(seed, 0, same_role(role));
            meeting.meet();
            meeting.run(Duration::from_secs(10));
            let roles = [0, 1].map(|i| meeting.agent(i).role());
            assert_ne!(roles[0], roles[1], "seed {seed}");
            assert_eq!(meeting.agree(), Some(true), "seed {seed}");
            let outcomes = meeting.outcomes();
            let late = outcomes.iter().any(|o| o.selected.is_none_or(|at| at > ms(150)));
            assert!(!late, "{role}, seed {seed}: {outcomes:?}");
        }
    }
}

#[test]
fn a_conflict_is_repaired_through_loss() {
    for role in [Role::Controlling, Role::Controlled] {
        for seed in 0..200 {
            let mut meeting = Meeting::on_internet(seed, 30, same_role(role));
            meeting.meet();
            meeting.run(Duration::from_secs(60));
            // Long enough for repairs, and too short for consent to be lost to so much loss.
            meeting.world.run_for(Duration::from_secs(20));
            assert_eq!(meeting.agree(), Some(true), "{role}, seed {seed}");
            assert_ne!(meeting.agent(0).role(), meeting.agent(1).role(), "{role}, seed {seed}");
        }
    }
}

#[test]
fn the_change_of_role_is_told_once() {
    let mut meeting = Meeting::on_internet(1, 0, same_role(Role::Controlled));
    meeting.meet();
    meeting.run(Duration::from_secs(10));
    meeting.world.run_for(Duration::from_secs(30));
    let agents = meeting.agents;
    let told: usize = agents
        .iter()
        .map(|agent| {
            let events = meeting.world.take_events::<IceAgent>(*agent);
            events.iter().filter(|(_, e)| matches!(e, IceEvent::RoleChanged(_))).count()
        })
        .sum();
    assert_eq!(told, 1);
}

#[test]
fn whoever_meets_a_lite_agent_controls() {
    let mut meeting = Meeting::on_internet(1, 0, same_role(Role::Controlled));
    meeting.with(0, |agent, now| agent.set_remote_lite(now, true));
    assert_eq!(meeting.agent(0).role(), Role::Controlling);
}

/// It has confirmed the choice of the peer, and took the other role before the credentials came.
#[test]
fn a_nomination_that_was_answered_binds_whatever_role_is_taken_since() {
    let mut puppet = Puppet::new(IceConfig { role: Role::Controlled, ..IceConfig::default() });
    let nomination = Request { nominates: true, ..Request::new(Role::Controlling) };
    assert_eq!(error_of(&puppet.request(&nomination)), None);
    puppet.agent.set_role(puppet.now, Role::Controlling);
    puppet.meet();
    puppet.pass(ms(20));
    for check in puppet.take_requests() {
        puppet.answer(&check);
    }
    assert_eq!(puppet.agent.role(), Role::Controlled);
    assert_eq!(puppet.agent.state(), IceState::Completed);
}
