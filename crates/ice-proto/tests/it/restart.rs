//! ICE restarts: a new generation of credentials and pairs beside the one that carries data.
use crate::support::{
    Call, DATA_EVERY, Meeting, add_stun_server, add_turn_server, behind, configs, ms,
};
use core::time::Duration;
use ice_proto::{
    AddCandidateError, Candidate, CredentialsError, IceAgent, IceConfig, IceCredentials, IceEvent,
    IceState, RestartSockets, Role,
};
use nat_sim::{Nat, Preset, World};
use sans_io::{Input, Machine, Verdict};
use stun_proto::{
    Integrity, Key, MessageBuilder, MessageType, Method, TransactionId, attribute::Username,
};

/// There and back between two hosts on the internet.
const ROUND_TRIP: Duration = Duration::from_millis(50);
const LOSSES: [u32; 3] = [0, 10, 30];

/// Who restarts.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
enum By {
    One(usize),
    Both,
}

fn restart(call: &mut Call, by: By, sockets: RestartSockets) {
    let sides: &[usize] = match by {
        By::One(0) => &[0],
        By::One(_) => &[1],
        By::Both => &[0, 1],
    };
    for i in sides {
        call.meeting.with(*i, |agent, now| assert!(agent.restart_from(now, sockets).is_some()));
    }
}

/// Whatever is lost is lost by the network alone, and both end on another generation.
fn assert_unbroken(call: &Call, begin: sans_io::Instant, lossless: bool, label: &str) {
    assert_eq!(call.meeting.agree(), Some(true), "{label}");
    assert_eq!(call.unsent, [0; 2], "{label}");
    assert_eq!(call.misled(), [], "{label}");
    for i in [0, 1] {
        assert!(!call.meeting.agent(i).is_restarting(), "{label}");
        assert_eq!(call.meeting.agent(i).state(), IceState::Completed, "{label}");
        if lossless {
            let gap = call.gap(i, begin);
            assert!(gap <= ROUND_TRIP + DATA_EVERY, "{label}: {gap:?} without data");
        }
        let told_less = call.events[i].iter().any(|(at, event)| {
            let less = match event {
                IceEvent::StateChanged(state) => *state < IceState::Connected,
                event => matches!(event, IceEvent::RestartNeeded(_)),
            };
            *at > begin && less
        });
        assert!(!told_less, "{label}: {:?}", call.events[i]);
    }
}

fn restarts_of(by: By, sockets: RestartSockets) {
    for loss in LOSSES {
        for seed in 0..200 {
            let label = format!("{by:?} {sockets:?}, {loss} %, seed {seed}");
            let mut call = Call::settled(Meeting::on_internet(seed, loss, configs()));
            call.meeting.world.keep_log();
            let begin = call.now();
            let roles = [0, 1].map(|i| call.meeting.agent(i).role());
            let before = [0, 1].map(|i| call.meeting.agent(i).local_credentials().clone());
            restart(&mut call, by, sockets);
            let settled = call.settle_within(Duration::from_secs(10));
            assert!(settled.is_some(), "{label}:\n{}", call.meeting.agent(0).explain());
            call.run_for(ms(300));
            assert_unbroken(&call, begin, loss == 0, &label);
            for i in [0, 1] {
                let agent = call.meeting.agent(i);
                assert_eq!(call.restarts(i), 1, "{label}");
                assert_ne!(agent.local_credentials().ufrag, before[i].ufrag);
                assert_ne!(agent.local_credentials().pwd, before[i].pwd);
                assert_eq!(agent.role(), roles[i], "{label}");
            }
        }
    }
}

#[test]
fn a_restart_by_the_controlling_side_breaks_nothing() {
    restarts_of(By::One(0), RestartSockets::Kept);
}

#[test]
fn a_restart_by_the_controlled_side_breaks_nothing() {
    restarts_of(By::One(1), RestartSockets::Kept);
}

#[test]
fn a_restart_by_both_at_once_breaks_nothing() {
    restarts_of(By::Both, RestartSockets::Kept);
}

#[test]
fn a_restart_from_new_ports_breaks_nothing_and_ends_on_them() {
    restarts_of(By::Both, RestartSockets::Renewed);
    let mut call = Call::settled(Meeting::on_internet(1, 0, configs()));
    let before = call.pair(0).unwrap().path;
    restart(&mut call, By::One(0), RestartSockets::Renewed);
    assert!(call.settle_within(Duration::from_secs(5)).is_some());
    let after = call.pair(0).unwrap().path;
    assert_ne!(before.local(), after.local());
    // The old socket goes once nobody asks there any more.
    call.run_for(Duration::from_secs(15));
    let hosts = call.meeting.agent(0).explain().to_string();
    assert!(!hosts.contains(&format!("local address {}", before.local())), "{hosts}");
}

#[test]
fn a_restart_in_the_middle_of_another_breaks_nothing() {
    for loss in LOSSES {
        for seed in 0..200 {
            let label = format!("{loss} %, seed {seed}");
            let mut call = Call::settled(Meeting::on_internet(seed, loss, configs()));
            call.meeting.world.keep_log();
            let begin = call.now();
            let mut random = call.meeting.world.stream("restarts");
            for _ in 0..4 {
                let by = [By::One(0), By::One(1), By::Both][random.below(3) as usize];
                restart(&mut call, by, RestartSockets::Kept);
                call.run_for(ms(random.below(250)));
            }
            call.run_for(Duration::from_secs(if loss == 0 { 1 } else { 8 }));
            assert_unbroken(&call, begin, loss == 0, &label);
        }
    }
}

#[test]
fn a_restart_in_the_middle_of_gathering_breaks_nothing() {
    for loss in LOSSES {
        for seed in 0..200 {
            let label = format!("{loss} %, seed {seed}");
            let mut world = World::new(seed);
            let stun_servers = vec![add_stun_server(&mut world)];
            let (_, turn) = add_turn_server(&mut world);
            let hosts = [0, 1].map(|_| world.add_host(crate::support::lossy(loss)).unwrap());
            let configs = configs().map(|config| IceConfig {
                stun_servers: stun_servers.clone(),
                turn_servers: vec![turn.clone()],
                ..config
            });
            let mut call = Call::of_strangers(Meeting::new(world, seed, hosts, configs));
            for i in [0, 1] {
                call.meeting.gather(i);
            }
            call.introduce(0);
            call.introduce(1);
            let mut random = call.meeting.world.stream("restarts");
            call.run_for(ms(random.below(150)));
            restart(&mut call, By::One(random.below(2) as usize), RestartSockets::Kept);
            call.run_for(ms(random.below(150)));
            restart(&mut call, By::Both, RestartSockets::Kept);
            call.run_for(Duration::from_secs(10));
            assert_eq!(call.meeting.agree(), Some(true), "{label}");
            // And once more while that is gathered again which was given up.
            call.meeting.world.keep_log();
            call.unsent = [0; 2];
            let begin = call.now();
            restart(&mut call, By::One(0), RestartSockets::Kept);
            call.run_for(ms(60));
            restart(&mut call, By::Both, RestartSockets::Kept);
            call.run_for(Duration::from_secs(10));
            assert_unbroken(&call, begin, loss == 0, &label);
        }
    }
}

#[test]
fn a_restart_finds_the_relays_and_mappings_again_that_were_given_up() {
    let mut world = World::new(3);
    let stun_servers = vec![add_stun_server(&mut world)];
    let (_, turn) = add_turn_server(&mut world);
    let nats = [0, 1].map(|_| world.add_nat(Nat::of(Preset::PortRestrictedCone)).unwrap());
    let hosts = nats.map(|nat| behind(&mut world, nat));
    let configs = configs().map(|config| IceConfig {
        stun_servers: stun_servers.clone(),
        turn_servers: vec![turn.clone()],
        ..config
    });
    let mut call = Call::settled(Meeting::new(world, 3, hosts, configs));
    call.run_for(Duration::from_secs(10));
    let kinds = |call: &Call| {
        let mut kinds: Vec<_> =
            call.meeting.agent(0).local_candidates().map(|candidate| candidate.kind).collect();
        kinds.sort_unstable();
        kinds
    };
    let before = kinds(&call);
    restart(&mut call, By::One(0), RestartSockets::Kept);
    assert!(call.settle_within(Duration::from_secs(5)).is_some());
    call.run_for(Duration::from_secs(1));
    assert_eq!(kinds(&call), before);
    assert_eq!(before.len(), 3, "{before:?}");
}

#[test]
fn a_restart_over_relays_breaks_nothing() {
    for sockets in [RestartSockets::Kept, RestartSockets::Renewed] {
        let (meeting, _) = Meeting::over_relays(5, Duration::from_secs(40));
        let mut call = Call::settled(meeting);
        call.run_for(Duration::from_secs(10));
        call.meeting.world.keep_log();
        let begin = call.now();
        restart(&mut call, By::Both, sockets);
        assert!(call.settle_within(Duration::from_secs(5)).is_some(), "{sockets:?}");
        call.run_for(Duration::from_secs(20));
        assert_eq!(call.misled(), [], "{sockets:?}");
        assert_eq!(call.unsent, [0; 2]);
        for i in [0, 1] {
            // Through two relays and back.
            assert!(call.gap(i, begin) <= 3 * ROUND_TRIP, "{:?}", call.gap(i, begin));
        }
    }
}

#[test]
fn a_restart_that_nobody_answers_changes_nothing_for_the_old_path() {
    let mut call = Call::settled(Meeting::on_internet(1, 0, configs()));
    call.silent = true;
    restart(&mut call, By::One(0), RestartSockets::Kept);
    call.run_for(Duration::from_secs(120));
    assert_eq!(call.unsent, [0; 2]);
    assert_eq!(call.meeting.agent(0).state(), IceState::Completed);
    assert!(call.meeting.agent(0).is_restarting());
    let explained = call.meeting.agent(0).explain().to_string();
    assert!(explained.contains("being restarted"), "{explained}");
    // The answer comes after all.
    call.silent = false;
    assert!(call.settle_within(Duration::from_secs(2)).is_some());
    assert!(!call.meeting.agent(0).is_restarting());
}

#[test]
fn a_restart_that_finds_nothing_leaves_the_old_path_as_it_is() {
    let mut call = Call::settled(Meeting::on_internet(1, 0, configs()));
    // The peer answers with credentials of somebody else, so that no check will do.
    let strange = IceCredentials::new("strange", "asd88fgpdd777uzjYhagZg").unwrap();
    call.silent = true;
    restart(&mut call, By::One(0), RestartSockets::Kept);
    call.meeting.with(0, |agent, now| {
        agent.set_remote_credentials(now, strange).unwrap();
        let candidate = Candidate::host("198.51.100.77:9".parse().unwrap());
        agent.add_remote_candidate_of(now, "strange", candidate).unwrap();
    });
    call.run_for(Duration::from_secs(100));
    let reasons = call.reasons(0);
    assert_eq!(reasons.len(), 1, "{reasons:?}");
    assert_eq!(call.meeting.agent(0).state(), IceState::Completed);
    assert_eq!(call.unsent, [0; 2]);
}

#[test]
fn the_old_generation_ends_with_its_consent() {
    let mut call = Call::settled(Meeting::on_internet(1, 0, configs()));
    restart(&mut call, By::One(0), RestartSockets::Kept);
    assert!(call.settle_within(Duration::from_secs(5)).is_some());
    call.run_for(Duration::from_secs(10));
    call.meeting.world.keep_log();
    call.run_for(Duration::from_secs(60));
    // Consent of one generation: 60 s at 4 s each at most, a question and an answer, of two agents.
    let ours = call.meeting.hosts.map(nat_sim::NodeId::from);
    let stun = call.meeting.world.log().iter().filter(|entry| {
        let is_stun = matches!(&entry.packet.body,
            nat_sim::Body::Udp(bytes) if stun_proto::Message::parse(bytes).is_ok());
        is_stun && entry.happening == nat_sim::Happening::Sent && ours.contains(&entry.node)
    });
    let count = stun.count();
    assert!((40..=60).contains(&count), "{count}");
}

#[test]
fn what_is_told_of_an_older_generation_is_refused() {
    let mut call = Call::settled(Meeting::on_internet(1, 0, configs()));
    let old = call.meeting.agent(1).local_credentials().clone();
    let candidate = Candidate::host("203.0.113.99:9".parse().unwrap());
    restart(&mut call, By::One(0), RestartSockets::Kept);
    call.meeting.with(0, |agent, now| {
        // Before the answer and after it.
        let added = agent.add_remote_candidate_of(now, &old.ufrag, candidate);
        assert_eq!(added, Err(AddCandidateError::Generation));
        assert_eq!(agent.set_remote_credentials(now, old.clone()), Err(CredentialsError::Former));
    });
    assert!(call.settle_within(Duration::from_secs(5)).is_some());
    let new = call.meeting.agent(1).local_credentials().clone();
    call.meeting.with(0, |agent, now| {
        let added = agent.add_remote_candidate_of(now, &old.ufrag, candidate);
        assert_eq!(added, Err(AddCandidateError::Generation));
        agent.end_of_remote_candidates_of(now, &old.ufrag);
        assert_eq!(agent.add_remote_candidate_of(now, &new.ufrag, candidate), Ok(()));
        assert_eq!(agent.set_remote_credentials(now, new.clone()), Ok(()));
        // Half a restart is none.
        let half = IceCredentials { pwd: new.pwd.clone(), ..old.clone() };
        assert_eq!(agent.set_remote_credentials(now, half), Err(CredentialsError::Changed));
    });
    assert_eq!(call.restarts(0), 1);
}

#[test]
fn a_restart_before_the_answer_is_the_one_that_is_under_way() {
    let mut call = Call::settled(Meeting::on_internet(1, 0, configs()));
    let [first, second] =
        [0, 1].map(|_| call.meeting.with(0, |agent, now| agent.restart(now).cloned()));
    assert_eq!(first, second);
    assert!(call.settle_within(Duration::from_secs(5)).is_some());
    let third = call.meeting.with(0, |agent, now| agent.restart(now).cloned());
    assert_ne!(third, first);
    call.meeting.with(0, IceAgent::close);
    assert_eq!(call.meeting.with(0, |agent, now| agent.restart(now).cloned()), None);
}

#[test]
fn roles_stay_and_a_conflict_after_a_restart_is_repaired() {
    let mut call = Call::settled(Meeting::on_internet(1, 0, configs()));
    restart(&mut call, By::One(1), RestartSockets::Kept);
    call.meeting.with(1, |agent, now| agent.set_role(now, Role::Controlling));
    assert!(call.settle_within(Duration::from_secs(5)).is_some());
    assert_eq!(call.meeting.agree(), Some(true));
    let roles = [0, 1].map(|i| call.meeting.agent(i).role());
    assert_ne!(roles[0], roles[1]);
}

#[test]
fn a_peer_that_closes_in_the_middle_of_a_restart_is_heard() {
    let mut call = Call::settled(Meeting::on_internet(1, 0, configs()));
    restart(&mut call, By::One(0), RestartSockets::Kept);
    call.run_for(ms(10));
    call.meeting.with(0, IceAgent::close);
    call.silent = true;
    call.run_for(Duration::from_secs(8));
    assert_eq!(call.meeting.agent(0).state(), IceState::Closed);
    assert_eq!(call.meeting.agent(1).state(), IceState::Failed);
}

#[test]
fn what_was_refused_stays_counted() {
    let mut call = Call::settled(Meeting::on_internet(1, 0, configs()));
    let path = call.pair(0).unwrap().path;
    let ours = call.meeting.agent(0).local_credentials().clone();
    restart(&mut call, By::One(0), RestartSockets::Kept);
    assert!(call.settle_within(Duration::from_secs(5)).is_some());
    // A request to the former generation, without its password.
    let mut buffer = [0; 128];
    let kind = MessageType::request(Method::BINDING);
    let request = MessageBuilder::new(&mut buffer, kind, TransactionId([1; 12]))
        .with(&Username(&format!("{}:peer", ours.ufrag)))
        .sign(&Key::new(b"wrongpasswordwrongpassword"), Integrity::Sha1)
        .finish()
        .unwrap();
    call.meeting.with(0, |agent, now| {
        let before = agent.drops().total();
        assert!(matches!(
            agent.handle_input(now, Input::received(path, request)),
            Verdict::Send(_)
        ));
        assert_eq!(agent.drops().total(), before + 1);
        // Another restart ends it.
        assert!(agent.restart(now).is_some());
        assert_eq!(agent.drops().total(), before + 1);
    });
}
