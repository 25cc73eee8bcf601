//! Agents that end at any moment, in worlds where anything may happen at any moment: what holds in
//! all of them.
use crate::support::{Meeting, add_stun_server, add_turn_server, behind, configs, ms};
use core::time::Duration;
use ice_proto::{Candidate, IceAgent, IceConfig, IceEvent, IceState, Role};
use nat_sim::{Body, Chance, Happening, Host, Jump, Link, Nat, NodeId, Preset, Stream, World};
use sans_io::{Instant, Machine, Output};
use stun_proto::{
    Class, Message, Method,
    attribute::{IceControlled, UseCandidate},
};

const SEEDS: u64 = 200;

const fn secs(secs: u64) -> Duration {
    Duration::from_secs(secs)
}

fn deadline(meeting: &mut Meeting, i: usize) -> Option<Instant> {
    meeting.with(i, |agent: &mut IceAgent, _| match agent.poll_output() {
        Output::Timeout(at) => at,
        other => panic!("not at rest: {other:?}"),
    })
}

/// Behind NATs of any kind or on the internet, with or without servers.
fn anywhere(seed: u64) -> (Meeting, Stream) {
    let mut world = World::new(seed);
    let mut random = world.stream("ends");
    let stun_servers =
        if random.below(2) == 0 { vec![add_stun_server(&mut world)] } else { vec![] };
    let turn = random.below(2) == 0;
    let turn_servers = if turn { vec![add_turn_server(&mut world).1] } else { vec![] };
    let hosts = [0, 1].map(|_| {
        let delay = ms(1 + random.below(200));
        let link = Link::after(delay)
            .with_loss(Chance::percent([0, 0, 10, 30][random.below(4) as usize]))
            .with_duplication(Chance::percent([0, 0, 50, 100][random.below(4) as usize]));
        if random.below(3) == 0 {
            let host = Host::on_internet().over(link).also_on_internet();
            return world.add_host(host).unwrap();
        }
        let preset = Preset::ALL[random.below(Preset::ALL.len() as u64) as usize];
        let nat = world.add_nat(Nat::of(preset).over(link)).unwrap();
        behind(&mut world, nat)
    });
    let roles = random.below(6);
    let configs = configs().map(|config| IceConfig {
        stun_servers: stun_servers.clone(),
        turn_servers: turn_servers.clone(),
        role: match roles {
            0 => Role::Controlling,
            1 => Role::Controlled,
            _ => config.role,
        },
        ..config
    });
    world.keep_log();
    (Meeting::new(world, seed, hosts, configs), random)
}

/// Tells agent `to` what the other one has, some of it late.
fn describe(meeting: &mut Meeting, to: usize) {
    let from = meeting.agent(1 - to);
    let credentials = from.local_credentials().clone();
    let candidates: Vec<Candidate> = from.local_candidates().copied().collect();
    meeting.with(to, |agent, now| {
        agent.set_remote_pacing(now, Some(ms(5)));
        for candidate in candidates {
            let _ = agent.add_remote_candidate(now, candidate);
        }
        let _ = agent.set_remote_credentials(now, credentials);
    });
}

/// Something that happens to agent `i`.
fn mishap(meeting: &mut Meeting, random: &mut Stream, i: usize) {
    let host = meeting.hosts[i];
    match random.below(12) {
        0 => meeting.world.roam(host, Host::on_internet()).unwrap(),
        1 => meeting.world.set_up(host, false),
        2 | 3 => meeting.world.set_up(host, true),
        4 => meeting.world.jump_clock(host, Jump::Ahead(ms(random.below(40_000)))),
        5 => meeting.with(i, |agent: &mut IceAgent, now| {
            let role = agent.role().other();
            agent.set_role(now, role);
        }),
        6 | 7 => meeting.gather(i),
        8 => meeting.with(i, |agent: &mut IceAgent, now| agent.end_of_remote_candidates(now)),
        9 => meeting.with(i, |agent: &mut IceAgent, now| agent.description_sent(now)),
        _ => describe(meeting, i),
    }
}

/// How many datagrams a host sent after this.
fn sent_after(meeting: &Meeting, i: usize, at: Instant) -> usize {
    let node: NodeId = meeting.hosts[i].into();
    let log = meeting.world.log().iter();
    let is_udp = |e: &&nat_sim::Entry| matches!(e.packet.body, Body::Udp(_));
    let sent = log.filter(|e| e.happening == Happening::Sent && e.node == node && e.at > at);
    sent.filter(is_udp).count()
}

fn nominations_of_the_controlled(meeting: &Meeting) -> usize {
    let ours: [NodeId; 2] = meeting.hosts.map(NodeId::from);
    let log = meeting.world.log().iter();
    log.filter(|e| e.happening == Happening::Sent && ours.contains(&e.node))
        .filter(|e| {
            Message::parse(e.packet.payload()).is_ok_and(|message| {
                message.class() == Class::Request
                    && message.method() == Method::BINDING
                    && message.get::<IceControlled>().is_some()
                    && message.get::<UseCandidate>().is_some()
            })
        })
        .count()
}

#[test]
fn an_agent_that_is_closed_at_any_moment_of_any_world_comes_to_rest() {
    for seed in 0..SEEDS {
        let (mut meeting, mut random) = anywhere(seed);
        for i in [0, 1] {
            meeting.gather(i);
        }
        let steps = random.below(12);
        for _ in 0..steps {
            meeting.world.run_for(ms(random.below(300)));
            let i = random.below(2) as usize;
            if random.below(2) == 0 {
                describe(&mut meeting, i);
            } else {
                mishap(&mut meeting, &mut random, i);
            }
        }
        let who = random.below(2) as usize;
        meeting.with(who, IceAgent::close);
        assert_eq!(meeting.agent(who).state(), IceState::Closed);
        meeting.world.run_for(secs(60));
        assert_eq!(deadline(&mut meeting, who), None, "seed {seed}");
        let end = meeting.world.now();
        meeting.with(who, IceAgent::close);
        meeting.world.run_for(secs(120));
        assert_eq!(sent_after(&meeting, who, end), 0, "seed {seed}");
        // The other one closes too, whatever it has come to.
        meeting.with(1 - who, IceAgent::close);
        meeting.world.run_for(secs(60));
        assert_eq!(deadline(&mut meeting, 1 - who), None, "seed {seed}");
    }
}

#[test]
fn whatever_happens_sides_agree_or_neither_has_settled_for_long() {
    let mut agreed = 0;
    for seed in 0..SEEDS {
        let (mut meeting, mut random) = anywhere(seed);
        for i in [0, 1] {
            meeting.gather(i);
        }
        for _ in 0..random.below(20) {
            meeting.world.run_for(ms(random.below(2_000)));
            let i = random.below(2) as usize;
            mishap(&mut meeting, &mut random, i);
        }
        for host in meeting.hosts {
            meeting.world.set_up(host, true);
            meeting.world.set_links(host, Link::after(ms(12)), Link::after(ms(12)));
        }
        for i in [0, 1] {
            describe(&mut meeting, i);
            meeting.gather(i);
        }
        meeting.world.run_for(secs(5));
        for i in [0, 1] {
            describe(&mut meeting, i);
        }
        // Consent and patience both have run out by then, where they do. Where packets are still lost
        // one side may have lost consent just now, and the other not have heard of it.
        meeting.world.run_for(secs(150));
        let completed =
            |meeting: &Meeting| [0, 1].map(|i| meeting.agent(i).state() == IceState::Completed);
        if completed(&meeting) != [true; 2] {
            meeting.world.run_for(secs(45));
        }
        let explain = [0, 1].map(|i| meeting.agent(i).explain().to_string()).join("\n\n");
        let settled = completed(&meeting);
        assert_eq!(settled[0], settled[1], "seed {seed}: {explain}");
        if settled[0] {
            assert_eq!(meeting.agree(), Some(true), "seed {seed}: {explain}");
            agreed += 1;
        } else {
            let states = [0, 1].map(|i| meeting.agent(i).state());
            assert!(!states.contains(&IceState::Checking), "seed {seed}: {states:?} {explain}");
        }
        assert_eq!(nominations_of_the_controlled(&meeting), 0, "seed {seed}");
        for i in [0, 1] {
            // A reason comes right before each failure.
            let events = meeting.world.take_events::<IceAgent>(meeting.agents[i]);
            for (n, (_, event)) in events.iter().enumerate() {
                if *event == IceEvent::StateChanged(IceState::Failed) {
                    let before = &events[n - 1].1;
                    assert!(
                        matches!(before, IceEvent::RestartNeeded(_)),
                        "seed {seed}: {before:?}"
                    );
                }
            }
        }
    }
    assert!(agreed > 50, "{agreed} of 150 agreed");
}
