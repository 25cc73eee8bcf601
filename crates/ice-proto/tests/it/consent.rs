//! Consent in bad weather: late answers, outages before anything was selected, and sides that lost or
//! left, of which the other one hears.
use crate::support::{
    Meeting, PEER, Puppet, add_stun_server, add_turn_server, behind, configs, ms,
};
use core::time::Duration;
use ice_proto::{IceAgent, IceConfig, IceEvent, IceState, RestartReason, Role};
use nat_sim::{Chance, Host, Jump, Link, Nat, Preset, World};
use sans_io::Transmit;
use stun_proto::attribute::Code;

const fn secs(secs: u64) -> Duration {
    Duration::from_secs(secs)
}

fn explain(meeting: &Meeting) -> String {
    let [a, b] = [0, 1].map(|i| meeting.agent(i).explain().to_string());
    format!("{a}\n\n{b}")
}

/// What was told of the end, in its order.
fn ends(meeting: &mut Meeting, i: usize) -> Vec<IceEvent> {
    let agent = meeting.agents[i];
    let events = meeting.world.take_events::<IceAgent>(agent).into_iter();
    let is_end = |event: &IceEvent| {
        matches!(event, IceEvent::RestartNeeded(_) | IceEvent::StateChanged(IceState::Failed))
    };
    events.map(|(_, event)| event).filter(is_end).collect()
}

fn why(reason: RestartReason) -> [IceEvent; 2] {
    [IceEvent::RestartNeeded(reason), IceEvent::StateChanged(IceState::Failed)]
}

/// A pair that is selected, on a controlling agent.
fn selected() -> Puppet {
    let mut puppet = Puppet::checking(Role::Controlling);
    for _ in 0..4 {
        for check in puppet.take_requests() {
            puppet.answer(&check);
        }
        puppet.pass(ms(10));
    }
    assert_eq!(puppet.agent.state(), IceState::Completed);
    puppet.events.clear();
    puppet
}

#[test]
fn an_answer_to_any_request_that_may_be_answered_counts() {
    for late in [1, 4, 6, 7, 12, 20, 22] {
        let mut puppet = selected();
        let mut waiting: Vec<(u64, Transmit)> = Vec::new();
        for second in 0..600 {
            puppet.pass(secs(1));
            waiting.extend(puppet.take_requests().into_iter().map(|sent| (second, sent)));
            for (_, sent) in waiting.extract_if(.., |(at, _)| *at + late <= second) {
                assert_eq!(puppet.answer(&sent), None, "{late} s late");
            }
            assert_eq!(puppet.agent.state(), IceState::Completed, "{late} s late, at {second}");
        }
    }
}

/// Only the first of several is answered, and that late.
#[test]
fn consent_goes_on_from_the_answer_and_not_from_its_request() {
    let mut puppet = selected();
    puppet.pass(secs(25));
    let first = puppet.take_requests().remove(0);
    assert_eq!(puppet.answer(&first), None);
    puppet.pass(secs(29));
    assert_eq!(puppet.agent.state(), IceState::Completed);
    puppet.pass(secs(2));
    assert_eq!(puppet.agent.state(), IceState::Failed);
    assert_eq!(puppet.events, why(RestartReason::ConsentExpired));
    // Once it is over no answer revives it.
    for check in puppet.take_requests() {
        puppet.answer(&check);
    }
    assert_eq!(puppet.agent.state(), IceState::Failed);
}

#[test]
fn an_answer_counts_once() {
    let mut puppet = selected();
    puppet.pass(secs(7));
    let check = puppet.take_requests().remove(0);
    for _ in 0..4 {
        puppet.answer(&check);
        puppet.pass(secs(7));
    }
    assert_eq!(puppet.agent.state(), IceState::Completed);
    puppet.answer(&check);
    puppet.pass(secs(2));
    assert_eq!(puppet.agent.state(), IceState::Failed, "a replay is no consent");
}

#[test]
fn a_403_that_is_not_signed_ends_nothing_and_one_that_is_ends_all() {
    let mut puppet = selected();
    puppet.pass(secs(7));
    let check = puppet.take_requests().remove(0);
    assert!(puppet.refuse(&check, Code::FORBIDDEN, false).is_some());
    assert_eq!(puppet.agent.state(), IceState::Completed);
    puppet.refuse(&check, Code::FORBIDDEN, true);
    assert_eq!(puppet.events, why(RestartReason::ConsentRevoked));
    assert_eq!(puppet.agent.send(puppet.now, b"x").err(), Some(ice_proto::SendError::NotConnected));
    // Nothing is sent any more but refusals.
    puppet.take_sent();
    puppet.pass(secs(120));
    assert!(puppet.take_sent().is_empty());
    assert_eq!(puppet.deadline, None);
}

/// What happens between answer and its delivery.
#[derive(Clone, Copy, Debug)]
enum Between {
    Nothing,
    /// Nothing gets from one to the other for so many seconds.
    Outage(u64),
    /// The answerer sleeps.
    Sleep(u64),
    /// The offerer does.
    OffererSleeps(u64),
    /// Outage, and asleep during it.
    Both(u64),
}

#[test]
fn an_answer_may_take_minutes_whatever_happens_in_between() {
    use Between::{Both, Nothing, OffererSleeps, Outage, Sleep};
    for wait in [60, 600] {
        for between in
            [Nothing, Outage(20), Outage(31), Outage(50), Sleep(31), Sleep(3600), Both(45)]
                .into_iter()
                .chain([OffererSleeps(40), OffererSleeps(3600)])
        {
            for seed in 0..3 {
                let label = format!("{wait} s, {between:?}, seed {seed}");
                let mut meeting = Meeting::on_internet(seed, 0, configs());
                let [a, b] = meeting.hosts;
                meeting.gathered();
                meeting.describe(1);
                meeting.world.run_for(secs(5));
                match between {
                    Nothing => {}
                    Outage(span) => {
                        meeting.world.cut(a, b);
                        meeting.world.run_for(secs(span));
                        meeting.world.mend(a, b);
                    }
                    Sleep(span) => meeting.world.jump_clock(b, Jump::Ahead(secs(span))),
                    OffererSleeps(span) => meeting.world.jump_clock(a, Jump::Ahead(secs(span))),
                    Both(span) => {
                        meeting.world.cut(a, b);
                        meeting.world.jump_clock(b, Jump::Ahead(secs(span)));
                        meeting.world.run_for(secs(span));
                        meeting.world.mend(a, b);
                    }
                }
                meeting.world.run_for(secs(wait));
                meeting.describe(0);
                meeting.met_at = meeting.world.now();
                meeting.run(secs(5));
                assert_eq!(meeting.agree(), Some(true), "{label}: {}", explain(&meeting));
                assert!(meeting.exchange(), "{label}");
            }
        }
    }
}

/// The outage is on when the answer is handed over, and ends within the offerer's patience.
#[test]
fn an_answer_that_comes_during_an_outage_is_good_when_that_ends() {
    for before in [1, 20, 40, 100] {
        for after in [1, 10, 30] {
            let mut meeting = Meeting::on_internet(before + after, 0, configs());
            let [a, b] = meeting.hosts;
            meeting.gathered();
            meeting.describe(1);
            meeting.world.run_for(secs(5));
            meeting.world.cut(a, b);
            meeting.world.run_for(secs(before));
            meeting.describe(0);
            meeting.world.run_for(secs(after));
            meeting.world.mend(a, b);
            meeting.run(secs(5));
            assert_eq!(meeting.agree(), Some(true), "{before}, {after}: {}", explain(&meeting));
        }
    }
}

#[test]
fn an_answer_by_hand_between_nats_survives_an_outage() {
    for (seed, relay) in [(1, false), (2, true), (3, false), (4, true)] {
        let mut world = World::new(seed);
        let stun_servers = vec![add_stun_server(&mut world)];
        let turn_servers = if relay { vec![add_turn_server(&mut world).1] } else { Vec::new() };
        let nats = [0, 1].map(|_| world.add_nat(Nat::of(Preset::PortRestrictedCone)).unwrap());
        let hosts = nats.map(|nat| behind(&mut world, nat));
        let configs = configs().map(|config| IceConfig {
            stun_servers: stun_servers.clone(),
            turn_servers: turn_servers.clone(),
            ..config
        });
        let mut meeting = Meeting::new(world, seed, hosts, configs);
        meeting.gathered();
        meeting.describe(1);
        meeting.world.run_for(secs(20));
        meeting.world.set_up(nats[1], false);
        meeting.world.run_for(secs(50));
        meeting.world.set_up(nats[1], true);
        meeting.world.run_for(secs(200));
        meeting.describe(0);
        meeting.run(secs(20));
        assert_eq!(meeting.agree(), Some(true), "{seed}: {}", explain(&meeting));
        assert!(meeting.exchange());
    }
}

/// Where packets get through again, both know within six seconds if one has lost.
#[test]
fn when_one_side_has_lost_the_other_hears_of_it() {
    let (mut parted, mut heard) = (0, 0);
    for seed in 0..60 {
        let mut meeting = Meeting::on_internet(seed, 0, configs());
        let [a, b] = meeting.hosts;
        meeting.meet();
        meeting.run(secs(10));
        meeting.world.run_for(ms(10_000 + 377 * seed));
        for i in [0, 1] {
            ends(&mut meeting, i);
        }
        meeting.world.cut(a, b);
        meeting.world.run_for(ms(24_000 + 110 * seed));
        meeting.world.mend(a, b);
        let states = [0, 1].map(|i| meeting.agent(i).state());
        parted += usize::from(states[0] != states[1]);
        // Consent may still expire until the next answer is here.
        let any = states.contains(&IceState::Failed);
        meeting.world.run_for(ms(if any { 6_100 } else { 12_300 }));
        let after = [0, 1].map(|i| meeting.agent(i).state());
        assert_eq!(after[0], after[1], "seed {seed}, before {states:?}");
        assert!(!any || after[0] == IceState::Failed, "seed {seed}, before {states:?}");
        let told = [0, 1].map(|i| ends(&mut meeting, i));
        let expired = why(RestartReason::ConsentExpired);
        let revoked = why(RestartReason::ConsentRevoked);
        if after[0] != IceState::Failed {
            assert!(told.iter().all(Vec::is_empty), "seed {seed}: {told:?}");
            continue;
        }
        for (told, before) in told.iter().zip(states) {
            let is_expired = *told == expired;
            assert!(is_expired || *told == revoked, "seed {seed}: {told:?}");
            assert!(is_expired || before != IceState::Failed, "seed {seed}: {told:?}");
            heard += usize::from(!is_expired);
        }
    }
    assert!(heard > 5, "{heard} sides that heard of the other's loss");
    assert!(parted > 5, "{parted} runs in which one side alone had lost");
}

#[test]
fn whoever_closes_at_any_moment_is_heard_of_within_six_seconds() {
    for who in [0, 1] {
        for moment in (0..200).step_by(5).chain([500, 1000, 2000, 4000, 10_000]) {
            let mut meeting = Meeting::on_internet(moment, 0, configs());
            meeting.meet();
            meeting.world.run_for(ms(moment));
            // A check of the other one has been answered, and it uses the pair if it gets the answer.
            let works = moment >= 25;
            meeting.with(who, IceAgent::close);
            meeting.world.run_for(ms(6_200));
            let label = format!("{who} at {moment} ms: {}", explain(&meeting));
            assert_eq!(meeting.agent(who).state(), IceState::Closed);
            if works {
                assert_eq!(meeting.agent(1 - who).state(), IceState::Failed, "{label}");
                let told = ends(&mut meeting, 1 - who);
                let revoked = why(RestartReason::ConsentRevoked);
                let refused = why(RestartReason::NominationFailed);
                assert!(told == revoked || told == refused, "{label}: {told:?}");
            }
            let now = meeting.world.now();
            meeting.world.keep_log();
            meeting.world.run_for(secs(120));
            assert!(!meeting.agent(1 - who).state().eq(&IceState::Connected), "{label}");
            let deadline = meeting.with(who, |agent, _| {
                use sans_io::{Machine, Output};
                let Output::Timeout(at) = agent.poll_output() else { panic!("it is at rest") };
                at
            });
            assert_eq!(deadline, None, "{label}, {now:?}");
        }
    }
}

#[test]
fn a_side_that_loses_its_socket_is_missed_after_thirty_seconds() {
    let mut meeting = Meeting::on_internet(3, 0, configs());
    meeting.meet();
    meeting.run(secs(10));
    let host = meeting.hosts[0];
    meeting.world.run_for(secs(20));
    ends(&mut meeting, 1);
    meeting.world.roam(host, Host::on_internet()).unwrap();
    assert_eq!(ends(&mut meeting, 0), why(RestartReason::PathLost));
    meeting.world.run_for(secs(31));
    assert_eq!(ends(&mut meeting, 1), why(RestartReason::ConsentExpired));
}

/// Half of the peer's packets get lost on the way back only.
#[test]
fn loss_one_way_alone_keeps_consent_alive() {
    for seed in 0..10 {
        let mut meeting = Meeting::on_internet(seed, 0, configs());
        meeting.meet();
        meeting.run(secs(10));
        let host = meeting.hosts[(seed % 2) as usize];
        let up = Link::after(ms(12)).with_loss(Chance::percent(5));
        meeting.world.set_links(host, up, Link::after(ms(12)));
        meeting.world.run_for(secs(600));
        assert_eq!(meeting.agree(), Some(true), "seed {seed}: {}", explain(&meeting));
    }
}

/// It was valid, and then its consent expired while the application waited for the answer.
#[test]
fn a_pair_whose_consent_expired_before_the_choice_can_still_be_chosen() {
    let mut puppet = Puppet::checking(Role::Controlled);
    let check = puppet.take_requests().remove(0);
    puppet.answer(&check);
    assert_eq!(puppet.agent.state(), IceState::Connected);
    puppet.pass(secs(100));
    assert_ne!(puppet.agent.state(), IceState::Connected);
    assert!(puppet.agent.selected_pair().is_none());
    puppet.take_sent();
    let nomination = crate::support::Request {
        nominates: true,
        ..crate::support::Request::new(Role::Controlling)
    };
    let answer = puppet.request(&nomination);
    assert_eq!(crate::support::error_of(&answer), None);
    puppet.pass(ms(10));
    let check = puppet.take_requests().remove(0);
    assert_eq!(check.path.remote(), PEER.parse().unwrap());
    puppet.answer(&check);
    assert_eq!(puppet.agent.state(), IceState::Completed);
}
