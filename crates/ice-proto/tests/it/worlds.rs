//! Random worlds: what must hold in every one of them.
use crate::support::{Meeting, add_stun_server, add_turn_server, configs};
use core::time::Duration;
use ice_proto::{CandidateKind, IceConfig, Role};
use nat_sim::{
    ACCESS_DELAY, Chance, Happening, Host, HostId, Link, Nat, NodeId, Preset, Stream, World,
};
use std::{collections::BTreeSet, net::SocketAddr};
use stun_proto::{
    Class, Message, Method,
    attribute::{IceControlling, UseCandidate, Username},
};

/// What a run is made of, all from its number.
struct Scenario {
    meeting: Meeting,
    /// Whether UDP gets through and there is a relay, so that both must connect.
    must_connect: bool,
    answer_delay: Duration,
}

fn link(random: &mut Stream, delay: Duration) -> Link {
    let loss = [0, 0, 1, 5, 20][random.below(5) as usize];
    let mut link = Link::after(delay).with_loss(Chance::percent(loss));
    if random.below(3) == 0 {
        link = link.with_jitter(Duration::from_millis(random.below(20)));
    }
    if random.below(4) == 0 {
        link = link.with_duplication(Chance::percent(10));
    }
    if random.below(4) == 0 {
        link = link.with_reordering(Chance::percent(10), Duration::from_millis(30));
    }
    link
}

fn host(world: &mut World, random: &mut Stream, blocked: &mut bool) -> HostId {
    let delay = ACCESS_DELAY * (1 + random.below(4) as u32);
    if random.below(4) == 0 {
        let link = link(random, delay);
        return world.add_host(Host::on_internet().over(link)).unwrap();
    }
    let preset = Preset::ALL[random.below(Preset::ALL.len() as u64) as usize];
    *blocked |= matches!(preset, Preset::UdpBlocked | Preset::Tcp443);
    let link = link(random, delay);
    let nat = world.add_nat(Nat::of(preset).over(link)).unwrap();
    let mut inner = Host::behind(nat);
    if random.below(4) == 0 {
        let second = Preset::ALL[random.below(Preset::ALL.len() as u64) as usize];
        let nat = world.add_nat(Nat::of(second)).unwrap();
        inner = inner.also_behind(nat);
    }
    world.add_host(inner).unwrap()
}

fn scenario(number: u64) -> Scenario {
    let mut world = World::new(number);
    let mut random = world.stream("ice");
    let stun = add_stun_server(&mut world);
    let relay = (random.below(3) > 0).then(|| add_turn_server(&mut world).1);
    let mut blocked = false;
    let hosts = [0, 1].map(|_| host(&mut world, &mut random, &mut blocked));
    let conflict = random.below(6);
    let configs = configs().map(|config| IceConfig {
        stun_servers: vec![stun],
        turn_servers: relay.iter().cloned().collect(),
        role: match conflict {
            0 => Role::Controlling,
            1 => Role::Controlled,
            _ => config.role,
        },
        ..config
    });
    let answer_delay = Duration::from_millis([0, 0, 60, 500, 3_000][random.below(5) as usize]);
    let meeting = Meeting::new(world, number, hosts, configs);
    Scenario { meeting, must_connect: relay.is_some() && !blocked, answer_delay }
}

fn run(number: u64) -> (Meeting, bool) {
    let Scenario { mut meeting, must_connect, answer_delay } = scenario(number);
    meeting.world.keep_log();
    meeting.gathered();
    meeting.describe(1);
    meeting.world.run_for(answer_delay);
    meeting.describe(0);
    meeting.met_at = meeting.world.now();
    meeting.run(Duration::from_secs(150));
    // Loss may cost a relay already when gathering.
    let has_relay =
        |i: usize| meeting.agent(i).local_candidates().any(|c| c.kind == CandidateKind::Relayed);
    let must_connect = must_connect && has_relay(0) && has_relay(1);
    (meeting, must_connect)
}

/// The requests that a host sent, as far as they are checks, with their times.
fn checks(meeting: &Meeting, i: usize) -> Vec<(Duration, Message<'_>)> {
    let ours: NodeId = meeting.hosts[i].into();
    let log = meeting.world.log().iter();
    log.filter(|entry| entry.happening == Happening::Sent && entry.node == ours)
        .filter_map(|entry| {
            let message = Message::parse(inner(entry.packet.payload())).ok()?;
            let check =
                message.class() == Class::Request && message.get::<Username<'_>>().is_some();
            let check = check && message.method() == Method::BINDING;
            check.then(|| (entry.at.saturating_since(World::START), message))
        })
        .collect()
}

/// What a Send indication or ChannelData carries, or the bytes themselves.
fn inner(bytes: &[u8]) -> &[u8] {
    if let Ok(data) = turn_proto::ChannelData::parse(bytes) {
        return data.data;
    }
    let data = Message::parse(bytes).ok().and_then(|m| m.get::<stun_proto::attribute::Data<'_>>());
    data.map_or(bytes, |data| data.0)
}

#[test]
fn every_run_ends_and_both_sides_agree() {
    let mut connected = 0;
    for number in 0..250 {
        let (mut meeting, must_connect) = run(number);
        let label = || {
            let [a, b] = [0, 1].map(|i| meeting.agent(i).explain().to_string());
            format!("world {number}:\n{a}\n\n{b}")
        };
        if let Some(agree) = meeting.agree() {
            assert!(agree, "{}", label());
            connected += 1;
            continue;
        }
        let settled = [0, 1].map(|i| meeting.agent(i).selected_pair().is_some());
        assert_eq!(settled, [false, false], "{}", label());
        assert!(!must_connect, "{}", label());
        assert!(meeting.outcomes().iter().all(|outcome| outcome.failed), "world {number}");
    }
    assert!(connected > 150, "{connected} of 250 connected");
}

#[test]
fn only_the_controlling_side_nominates_and_only_one_pair() {
    for number in 0..250 {
        let (meeting, _) = run(number);
        for i in [0, 1] {
            let nominations: Vec<_> = checks(&meeting, i)
                .into_iter()
                .filter(|(_, check)| check.get::<UseCandidate>().is_some())
                .collect();
            for (_, check) in &nominations {
                assert!(check.get::<IceControlling>().is_some(), "world {number}");
            }
        }
        let nominated = [0, 1].map(|i| meeting.agent(i).pairs().filter(|p| p.nominated).count());
        assert!(nominated.iter().all(|count| *count <= 1), "world {number}");
    }
}

#[test]
fn new_checks_keep_the_pace() {
    for number in 0..250 {
        let (meeting, _) = run(number);
        for i in [0, 1] {
            let (mut seen, mut last) = (BTreeSet::new(), None);
            let checks = checks(&meeting, i);
            let Some((first, _)) = checks.first() else { continue };
            // Consent, which is not paced, begins after 4 s.
            let early = checks.iter().filter(|(at, _)| *at < *first + Duration::from_millis(3_900));
            for (at, check) in early {
                if !seen.insert(check.transaction_id()) {
                    continue;
                }
                let wait = last.map(|last| at.saturating_sub(last));
                let kept = wait.is_none_or(|wait| wait >= Duration::from_millis(5));
                assert!(kept, "world {number}, agent {i}: {wait:?}");
                last = Some(*at);
            }
        }
    }
}

#[test]
fn the_same_world_runs_the_same_twice() {
    for number in 0..60 {
        let hashes = [0, 1].map(|_| run(number).0.world.trace_hash());
        assert_eq!(hashes[0], hashes[1], "world {number}");
    }
}

#[test]
fn a_peer_that_proposes_no_pace_gets_50_ms() {
    let mut meeting = Meeting::on_internet(1, 0, configs());
    meeting.gathered();
    meeting.world.keep_log();
    let credentials = meeting.agent(1).local_credentials().clone();
    meeting.with(0, |agent, now| agent.set_remote_credentials(now, credentials)).unwrap();
    for port in 1..20 {
        let address = SocketAddr::from(([203, 0, 113, 200], port));
        let candidate = ice_proto::Candidate::host(address);
        meeting.with(0, |agent, now| agent.add_remote_candidate(now, candidate)).unwrap();
    }
    meeting.world.run_for(Duration::from_secs(2));
    let mut seen = BTreeSet::new();
    let new =
        checks(&meeting, 0).into_iter().filter(|(_, check)| seen.insert(check.transaction_id()));
    let times: Vec<Duration> = new.map(|(at, _)| at).collect();
    assert!(times.len() > 20, "{times:?}");
    assert!(times.windows(2).all(|two| two[1] >= two[0] + Duration::from_millis(50)));
}
