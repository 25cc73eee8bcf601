//! More candidates than are kept, candidates that are learned first and told later, and what else
//! comes in numbers.
use crate::support::{Meeting, PEER, Puppet, Request, configs, error_of, ms};
use core::{net::SocketAddr, time::Duration};
use ice_proto::{
    AddCandidateError, Candidate, CandidateKind, CredentialsError, IceConfig, IceEvent, IceState,
    Role,
};
use stun_proto::{Message, attribute::UseCandidate};

const fn secs(secs: u64) -> Duration {
    Duration::from_secs(secs)
}

/// A candidate at which nobody is.
fn dead(n: u32, priority: u32) -> Candidate {
    let address = SocketAddr::from(([198, 51, 100, (n % 200) as u8], 1000 + n as u16));
    Candidate { priority, ..Candidate::host(address) }
}

/// Tells the agent `to` so many dead candidates.
fn flood(meeting: &mut Meeting, to: usize, count: u32, priority: u32) {
    for n in 0..count {
        let candidate = dead(n, priority);
        meeting.with(to, |agent, now| {
            let told = agent.add_remote_candidate(now, candidate);
            assert!(matches!(told, Ok(()) | Err(AddCandidateError::Full)), "{told:?}");
        });
    }
}

#[test]
fn a_hundred_dead_candidates_that_are_told_first_keep_no_one_apart() {
    // Better than all others, the same, and worse.
    for priority in [2_130_706_431, 1_694_498_815, 1] {
        for count in [63, 64, 65, 100, 300] {
            for sides in [&[0][..], &[1], &[0, 1]] {
                // Where the offerer is told nothing, the answerer's checks tell it.
                for told in if sides.contains(&1) { vec![true] } else { vec![true, false] } {
                    let label = format!("{count} of {priority} at {sides:?}, {told}");
                    let mut meeting = Meeting::on_internet(7, 0, configs());
                    meeting.gathered();
                    for side in sides {
                        flood(&mut meeting, *side, count, priority);
                    }
                    for i in [1, 0] {
                        let from = meeting.agent(1 - i);
                        let credentials = from.local_credentials().clone();
                        let candidates: Vec<_> = from.local_candidates().copied().collect();
                        let pacing = from.local_pacing();
                        meeting.with(i, |agent, now| {
                            agent.set_remote_pacing(now, Some(pacing));
                            for candidate in candidates.iter().filter(|_| told || i == 1) {
                                let _ = agent.add_remote_candidate(now, *candidate);
                            }
                            agent.set_remote_credentials(now, credentials).unwrap();
                        });
                    }
                    meeting.met_at = meeting.world.now();
                    meeting.run(secs(20));
                    let explain = [0, 1].map(|i| meeting.agent(i).explain().to_string());
                    assert_eq!(meeting.agree(), Some(true), "{label}: {}", explain.join("\n\n"));
                    let known = meeting.agent(0).remote_candidates().count();
                    assert!(known <= 64, "{label}: {known}");
                }
            }
        }
    }
}

#[test]
fn what_is_left_out_is_told_and_what_is_best_stays() {
    let mut puppet = Puppet::new(IceConfig { remote_candidates_max: 4, ..IceConfig::default() });
    for (n, priority) in [(1, 10), (2, 40), (3, 20), (4, 30)] {
        puppet.agent.add_remote_candidate(puppet.now, dead(n, priority)).unwrap();
    }
    let worse = puppet.agent.add_remote_candidate(puppet.now, dead(5, 5));
    assert_eq!(worse, Err(AddCandidateError::Full));
    puppet.agent.add_remote_candidate(puppet.now, dead(6, 50)).unwrap();
    puppet.pass(ms(1));
    puppet.tell(PEER);
    let dropped: Vec<u32> = puppet
        .events
        .iter()
        .filter_map(|event| match event {
            IceEvent::CandidateDropped(candidate) => Some(candidate.priority),
            _ => None,
        })
        .collect();
    assert_eq!(dropped, [10, 20]);
    let mut kept: Vec<u32> = puppet.agent.remote_candidates().map(|c| c.priority).collect();
    kept.sort_unstable();
    assert_eq!(kept, [30, 40, 50, 2_130_706_431]);
    // The same one again is no news.
    puppet.agent.add_remote_candidate(puppet.now, dead(6, 50)).unwrap();
    assert_eq!(puppet.agent.remote_candidates().count(), 4);
}

#[test]
fn a_check_from_an_address_beyond_the_limit_is_checked_back() {
    for role in [Role::Controlling, Role::Controlled] {
        let config = IceConfig { role, ..IceConfig::default() };
        let mut puppet = Puppet::new(config);
        for n in 0..64 {
            puppet.agent.add_remote_candidate(puppet.now, dead(n, 2_130_706_431)).unwrap();
        }
        puppet.meet();
        puppet.pass(ms(500));
        puppet.take_sent();
        let nominates = role == Role::Controlled;
        let request = Request { nominates, ..Request::new(role.other()) };
        let answer = puppet.request(&request);
        assert_eq!(error_of(&answer), None);
        puppet.pass(ms(20));
        let checks = puppet.take_requests();
        let check = checks.iter().find(|check| check.path.remote() == PEER.parse().unwrap());
        let check = check.expect("it is checked").clone();
        puppet.answer(&check);
        assert_ne!(puppet.agent.state(), IceState::Checking);
    }
}

/// Whoever has the password may claim any address; what was told does not suffer for it.
#[test]
fn checks_from_a_thousand_addresses_leave_room_for_what_is_in_use() {
    let mut puppet = Puppet::checking(Role::Controlled);
    let check = puppet.take_requests().remove(0);
    puppet.answer(&check);
    for n in 0..200_u32 {
        let from = SocketAddr::from(([203, 0, 113, (100 + n % 100) as u8], 7000 + n as u16));
        let request = Request { from, ..Request::new(Role::Controlling) };
        puppet.request(&request);
        puppet.pass(ms(1));
        assert!(puppet.agent.pairs().count() <= 100);
        assert!(puppet.agent.remote_candidates().count() <= 64);
    }
    let pair = puppet.agent.selected_pair().unwrap();
    assert_eq!(pair.path.remote(), PEER.parse().unwrap());
    let nomination = Request { nominates: true, ..Request::new(Role::Controlling) };
    puppet.request(&nomination);
    assert_eq!(puppet.agent.state(), IceState::Completed);
}

/// An agent of RFC 5245 checks from its relay before it has told it, and nominates that; then it
/// nominates a server-reflexive candidate, which is better.
#[test]
fn what_is_learned_first_and_told_later_ranks_as_it_was_told() {
    const RELAY: &str = "198.51.100.9:50000";
    const REFLEXIVE: &str = "203.0.113.1:6000";
    for told_when in 0..4 {
        let mut puppet = Puppet::new(IceConfig { role: Role::Controlled, ..IceConfig::default() });
        puppet.meet();
        let relayed = Candidate {
            kind: CandidateKind::Relayed,
            priority: 16_777_215,
            ..Candidate::host(RELAY.parse().unwrap())
        };
        let reflexive = Candidate {
            kind: CandidateKind::ServerReflexive,
            priority: 1_694_498_815,
            ..Candidate::host(REFLEXIVE.parse().unwrap())
        };
        let tell = |puppet: &mut Puppet, moment: u32| {
            if moment == told_when {
                puppet.agent.add_remote_candidate(puppet.now, relayed).unwrap();
                puppet.pass(ms(0));
            }
        };
        tell(&mut puppet, 0);
        let nominating = |from: &str| Request {
            from: from.parse().unwrap(),
            nominates: true,
            ..Request::new(Role::Controlling)
        };
        puppet.request(&nominating(RELAY));
        tell(&mut puppet, 1);
        puppet.pass(ms(60));
        for check in puppet.take_requests() {
            puppet.answer(&check);
        }
        tell(&mut puppet, 2);
        puppet.agent.add_remote_candidate(puppet.now, reflexive).unwrap();
        puppet.request(&nominating(REFLEXIVE));
        puppet.pass(ms(60));
        for check in puppet.take_requests() {
            puppet.answer(&check);
        }
        tell(&mut puppet, 3);
        puppet.request(&nominating(REFLEXIVE));
        puppet.pass(ms(60));
        for check in puppet.take_requests() {
            puppet.answer(&check);
        }
        let pair = puppet.agent.selected_pair().unwrap();
        assert_eq!(pair.path.remote(), REFLEXIVE.parse().unwrap(), "told at {told_when}");
        assert!(pair.nominated);
        let priorities: Vec<u64> = puppet.agent.pairs().map(|pair| pair.priority).collect();
        assert!(priorities.is_sorted_by(|a, b| a >= b), "{priorities:?}");
    }
}

#[test]
fn ones_own_description_is_an_error_and_nothing_else() {
    for role in [Role::Controlling, Role::Controlled] {
        let mut puppet = Puppet::new(IceConfig { role, ..IceConfig::default() });
        let ours = puppet.agent.local_credentials().clone();
        let set = puppet.agent.set_remote_credentials(puppet.now, ours);
        assert_eq!(set, Err(CredentialsError::OwnUfrag));
        for candidate in puppet.agent.local_candidates().copied().collect::<Vec<_>>() {
            let _ = puppet.agent.add_remote_candidate(puppet.now, candidate);
        }
        puppet.pass(secs(60));
        assert!(puppet.take_sent().is_empty());
        assert_eq!(puppet.agent.state(), IceState::New);
        // The right ones are taken after that.
        puppet.tell(PEER);
        puppet.meet();
        puppet.pass(ms(20));
        let sent = puppet.take_requests();
        assert!(sent.iter().any(|check| check.path.remote() == PEER.parse().unwrap()));
        let nominates = |check: &sans_io::Transmit| {
            Message::parse(&check.payload).unwrap().get::<UseCandidate>().is_some()
        };
        assert!(!sent.iter().any(nominates));
    }
}
