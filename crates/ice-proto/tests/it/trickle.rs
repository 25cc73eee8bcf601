//! Candidates that come one by one, in any order, while checks are under way (RFC 8838 §11).
use crate::support::{Meeting, add_stun_server, add_turn_server, configs, ms};
use core::time::Duration;
use ice_proto::{IceConfig, IceState};
use nat_sim::{Behaviour, Dependence, Host, HostId, Nat, Stream, World};

/// A host behind two NATs, each of them of any kind.
fn host(world: &mut World, random: &mut Stream) -> HostId {
    let kinds = [Dependence::Endpoint, Dependence::Address, Dependence::AddressAndPort];
    let mut nat = || {
        let [mapping, filtering] = [0, 1].map(|_| kinds[random.below(3) as usize]);
        world.add_nat(Nat::new(Behaviour::of(mapping, filtering))).unwrap()
    };
    let [first, second] = [nat(), nat()];
    world.add_host(Host::behind(first).also_behind(second)).unwrap()
}

/// Agents that have gathered, with a relay or without.
fn gathered(number: u64, random: &mut Stream, mut world: World, with_relay: bool) -> Meeting {
    let stun_servers = vec![add_stun_server(&mut world)];
    let turn_servers = if with_relay { vec![add_turn_server(&mut world).1] } else { Vec::new() };
    let hosts = [0, 1].map(|_| host(&mut world, random));
    let configs = configs().map(|config| IceConfig {
        stun_servers: stun_servers.clone(),
        turn_servers: turn_servers.clone(),
        ..config
    });
    let mut meeting = Meeting::new(world, number, hosts, configs);
    meeting.gathered();
    meeting
}

/// Tells each agent the other one's credentials and candidates, one thing at a time with up to
/// 300 ms in between, and never that these are all.
fn trickle(meeting: &mut Meeting, random: &mut Stream) {
    let mut left: Vec<(usize, Option<ice_proto::Candidate>)> = Vec::new();
    for to in [0, 1] {
        left.push((to, None));
        left.extend(meeting.agent(1 - to).local_candidates().map(|known| (to, Some(*known))));
    }
    while !left.is_empty() {
        let (to, candidate) = left.swap_remove(random.below(left.len() as u64) as usize);
        let credentials = meeting.agent(1 - to).local_credentials().clone();
        let pacing = meeting.agent(1 - to).local_pacing();
        meeting.with(to, |agent, now| {
            let Some(candidate) = candidate else {
                agent.set_remote_pacing(now, Some(pacing));
                return agent.set_remote_credentials(now, credentials).unwrap();
            };
            agent.add_remote_candidate(now, candidate).unwrap();
        });
        meeting.world.run_for(ms(random.below(300)));
    }
}

#[test]
fn candidates_in_any_order_lead_to_the_same_pair_on_both_sides() {
    for number in 0..120 {
        let world = World::new(number);
        let mut random = world.stream("trickle");
        let with_relay = number % 3 > 0;
        let mut meeting = gathered(number, &mut random, world, with_relay);
        trickle(&mut meeting, &mut random);
        meeting.run(Duration::from_secs(120));
        let label = || {
            let [a, b] = [0, 1].map(|i| meeting.agent(i).explain().to_string());
            format!("world {number}:\n{a}\n\n{b}")
        };
        if let Some(agree) = meeting.agree() {
            assert!(agree, "{}", label());
            assert!(meeting.exchange(), "world {number}");
            continue;
        }
        assert!(!with_relay, "{}", label());
        let states = [0, 1].map(|i| meeting.agent(i).state());
        assert_eq!(states, [IceState::Failed; 2], "{}", label());
    }
}
