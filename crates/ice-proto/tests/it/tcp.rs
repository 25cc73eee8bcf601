//! Candidates over TCP (RFC 6544): agents that meet where UDP does not get through, and what becomes of
//! their connections.
use crate::support::{Meeting, behind, configs, ms};
use core::{net::SocketAddr, time::Duration};
use ice_proto::{
    Candidate, CandidateKind, CandidateTransport, IceAgent, IceConfig, IceEvent, IceState,
    Implementation, PairState, Profile, RestartReason, RestartSockets, TcpCandidates, TcpType,
};
use nat_sim::{Behaviour, Host, HostId, Link, Nat, Preset, World};
use sans_io::{Instant, Transport};

fn with_tcp(tcp: [TcpCandidates; 2]) -> [IceConfig; 2] {
    let mut left = tcp.into_iter();
    configs().map(|config| IceConfig { tcp: left.next().unwrap(), ..config })
}

fn all() -> [IceConfig; 2] {
    with_tcp([TcpCandidates::All; 2])
}

/// A host whose router drops all UDP.
fn without_udp(world: &mut World) -> HostId {
    let nat = world.add_nat(Nat::of(Preset::UdpBlocked)).unwrap();
    behind(world, nat)
}

fn public(world: &mut World) -> HostId {
    world.add_host(Host::on_internet()).unwrap()
}

/// Two agents, of which the first has no UDP.
fn without_udp_meeting(seed: u64, configs: [IceConfig; 2]) -> Meeting {
    let mut world = World::new(seed);
    let hosts = [without_udp(&mut world), public(&mut world)];
    Meeting::new(world, seed, hosts, configs)
}

/// Two agents on the internet.
fn open_meeting(seed: u64, configs: [IceConfig; 2]) -> Meeting {
    let mut world = World::new(seed);
    let hosts = [public(&mut world), public(&mut world)];
    Meeting::new(world, seed, hosts, configs)
}

/// Tells each agent those candidates of the other that `which` picks.
fn introduce(meeting: &mut Meeting, which: impl Fn(&Candidate) -> bool) {
    for to in [1, 0] {
        let from = meeting.agent(1 - to);
        let credentials = from.local_credentials().clone();
        let candidates: Vec<Candidate> = from.local_candidates().copied().collect();
        meeting.with(to, |agent, now| {
            agent.set_remote_pacing(now, Some(ms(5)));
            for candidate in candidates.into_iter().filter(&which) {
                agent.add_remote_candidate(now, candidate).unwrap();
            }
            agent.end_of_remote_candidates(now);
            agent.set_remote_credentials(now, credentials).unwrap();
        });
    }
    meeting.met_at = meeting.world.now();
}

fn of_type(tcp: TcpType) -> impl Fn(&Candidate) -> bool {
    move |candidate| candidate.transport == CandidateTransport::Tcp(tcp)
}

fn over_tcp(candidate: &Candidate) -> bool {
    candidate.transport != CandidateTransport::Udp
}

/// Whether both have settled on a path over this transport.
fn settled_over(meeting: &Meeting, transport: Transport) -> bool {
    [0, 1].iter().all(|i| {
        let pair = meeting.agent(*i).selected_pair();
        pair.is_some_and(|pair| pair.nominated && pair.path.transport() == transport)
    })
}

/// How many connections a host has.
fn connections(meeting: &Meeting, i: usize) -> usize {
    meeting.world.connections(meeting.hosts[i]).count()
}

/// Resets every connection of both hosts at once, as a router between them might.
fn reset_all(meeting: &mut Meeting) {
    let host = meeting.hosts[0];
    meeting.world.reset_connections(host);
}

#[test]
fn gathering_gives_a_candidate_of_each_type_for_each_address_and_only_where_wanted() {
    for (tcp, count) in [
        (TcpCandidates::None, 0),
        (TcpCandidates::Active, 1),
        (TcpCandidates::Passive, 1),
        (TcpCandidates::ActiveAndPassive, 2),
        (TcpCandidates::All, 3),
    ] {
        let mut meeting = open_meeting(1, with_tcp([tcp; 2]));
        meeting.gathered();
        let found: Vec<Candidate> =
            meeting.agent(0).local_candidates().filter(|c| over_tcp(c)).copied().collect();
        assert_eq!(found.len(), count, "{tcp:?}: {found:?}");
        let ports: Vec<u16> = found.iter().map(|candidate| candidate.address.port()).collect();
        let own = meeting.world.address(meeting.hosts[0]);
        for (at, candidate) in found.iter().enumerate() {
            assert_eq!((candidate.kind, candidate.address.ip()), (CandidateKind::Host, own));
            let active = of_type(TcpType::Active)(candidate);
            assert_eq!(active, candidate.address.port() == 9, "{candidate}");
            assert_eq!(ports.iter().position(|port| *port == ports[at]), Some(at), "{ports:?}");
        }
    }
}

#[test]
fn lite_agents_and_those_that_may_use_relays_only_gather_what_they_may() {
    let [config, _] = all();
    let lite = IceConfig { implementation: Implementation::Lite, ..config.clone() };
    let hidden = IceConfig { policy: ice_proto::CandidatePolicy::Relay, ..config };
    let mut meeting = open_meeting(1, [hidden, lite]);
    meeting.gathered();
    assert_eq!(meeting.agent(0).local_candidates().count(), 0);
    let found: Vec<Candidate> =
        meeting.agent(1).local_candidates().filter(|c| over_tcp(c)).copied().collect();
    assert!(found.len() == 1 && of_type(TcpType::Passive)(&found[0]), "{found:?}");
}

#[test]
fn where_udp_is_blocked_agents_meet_over_tcp_whichever_of_them_may_connect() {
    for seed in 0..4 {
        let mut configs = all();
        if seed % 2 == 1 {
            configs.swap(0, 1);
        }
        let mut meeting = without_udp_meeting(seed, configs);
        meeting.meet();
        meeting.run(Duration::from_secs(10));
        assert!(settled_over(&meeting, Transport::Tcp), "{}", meeting.agent(0).explain());
        let outcomes = meeting.outcomes();
        // A round trip of 50 ms to connect and one for the check.
        assert!(outcomes[0].valid.is_some_and(|at| at <= ms(130)), "{outcomes:?}");
        // UDP gets a second, during which data flows already.
        assert!(outcomes[0].selected.is_some_and(|at| at <= ms(1_300)), "{outcomes:?}");
        assert!(meeting.exchange());
        assert!(meeting.agent(0).explain().to_string().contains(", over TCP: selected"));
    }
}

#[test]
fn by_the_book_as_well() {
    let configs = all().map(|config| IceConfig { profile: Profile::Strict, ..config });
    let mut meeting = without_udp_meeting(3, configs);
    meeting.meet();
    meeting.run(Duration::from_secs(10));
    assert!(settled_over(&meeting, Transport::Tcp), "{}", meeting.agent(0).explain());
    assert!(meeting.exchange());
}

#[test]
fn where_both_get_through_udp_is_chosen_and_the_connections_are_closed() {
    for seed in 0..4 {
        let mut meeting = open_meeting(seed, all());
        meeting.meet();
        meeting.run(Duration::from_secs(10));
        assert!(settled_over(&meeting, Transport::Udp), "{}", meeting.agent(0).explain());
        assert_eq!(meeting.agree(), Some(true));
        let outcomes = meeting.outcomes();
        assert!(outcomes[0].selected.is_some_and(|at| at <= ms(150)), "{outcomes:?}");
        meeting.world.run_for(Duration::from_secs(10));
        assert_eq!([connections(&meeting, 0), connections(&meeting, 1)], [0, 0]);
        assert!(meeting.exchange());
    }
}

#[test]
fn only_the_connection_that_was_chosen_stays() {
    let mut meeting = open_meeting(5, all());
    meeting.gathered();
    introduce(&mut meeting, over_tcp);
    meeting.run(Duration::from_secs(10));
    assert!(settled_over(&meeting, Transport::Tcp));
    meeting.world.run_for(Duration::from_secs(10));
    assert_eq!([connections(&meeting, 0), connections(&meeting, 1)], [1, 1]);
    assert!(meeting.exchange());
    // Consent is asked for over it, and nothing else is sent.
    meeting.world.run_for(Duration::from_secs(300));
    assert!(settled_over(&meeting, Transport::Tcp) && meeting.exchange());
}

#[test]
fn both_may_open_a_connection_at_once() {
    for seed in 0..4 {
        let mut meeting = open_meeting(seed, all());
        meeting.gathered();
        introduce(&mut meeting, of_type(TcpType::SimultaneousOpen));
        meeting.run(Duration::from_secs(10));
        assert!(settled_over(&meeting, Transport::Tcp), "{}", meeting.agent(0).explain());
        let path = meeting.agent(0).selected_pair().unwrap().path;
        assert_eq!(meeting.agent(1).selected_pair().unwrap().path, path.reversed());
        assert_eq!(meeting.outcomes()[0].pair.unwrap().remote, CandidateKind::Host);
        assert!(meeting.exchange());
    }
}

#[test]
fn who_listens_learns_who_connected() {
    let mut meeting = open_meeting(2, with_tcp([TcpCandidates::Passive, TcpCandidates::Active]));
    meeting.gathered();
    introduce(&mut meeting, over_tcp);
    meeting.run(Duration::from_secs(10));
    assert!(settled_over(&meeting, Transport::Tcp), "{}", meeting.agent(0).explain());
    let pair = meeting.agent(0).selected_pair().unwrap();
    assert_eq!((pair.local, pair.remote), (CandidateKind::Host, CandidateKind::PeerReflexive));
    let pair = meeting.agent(1).selected_pair().unwrap();
    assert_eq!((pair.local, pair.remote), (CandidateKind::PeerReflexive, CandidateKind::Host));
    // There is no pair that this side would have to begin.
    assert_eq!(meeting.agent(0).pairs().filter(|pair| pair.state == PairState::Waiting).count(), 0);
}

#[test]
fn a_lite_server_is_met_over_tcp() {
    let [offers, answers] = all();
    let lite = IceConfig { implementation: Implementation::Lite, ..answers };
    let mut meeting = without_udp_meeting(4, [offers, lite]);
    meeting.gathered();
    meeting.with(0, |agent, now| agent.set_remote_lite(now, true));
    meeting.introduce();
    meeting.run(Duration::from_secs(10));
    assert!(settled_over(&meeting, Transport::Tcp), "{}", meeting.agent(0).explain());
    assert!(meeting.exchange());
    reset_all(&mut meeting);
    meeting.world.run_for(Duration::from_secs(1));
    assert!(settled_over(&meeting, Transport::Tcp) && meeting.exchange());
}

#[test]
fn a_connection_that_was_reset_is_opened_again_by_the_side_that_opened_it() {
    // The side that connects controls, or the one that listens does.
    for tcp in [
        [TcpCandidates::Active, TcpCandidates::Passive],
        [TcpCandidates::Passive, TcpCandidates::Active],
    ] {
        let mut meeting = open_meeting(7, with_tcp(tcp));
        meeting.gathered();
        introduce(&mut meeting, over_tcp);
        meeting.run(Duration::from_secs(10));
        meeting.world.run_for(Duration::from_secs(10));
        for round in 0..5 {
            assert!(settled_over(&meeting, Transport::Tcp), "{tcp:?} {round}");
            let before = connections(&meeting, 1);
            let _ = meeting.outcomes();
            reset_all(&mut meeting);
            meeting.world.run_for(ms(1));
            // Nothing is sent until a check has succeeded.
            assert!([0, 1].iter().any(|i| meeting.agent(*i).selected_pair().is_none()));
            meeting.world.run_for(ms(500));
            assert!(meeting.exchange(), "{tcp:?} {round}: {}", meeting.agent(0).explain());
            assert_eq!(connections(&meeting, 1), before);
            assert_eq!([0, 1].map(|i| meeting.agent(i).state()), [IceState::Completed; 2]);
        }
        assert_eq!(meeting.agree(), Some(true));
    }
}

#[test]
fn a_connection_that_cannot_be_opened_again_needs_a_restart() {
    let mut meeting = open_meeting(8, with_tcp([TcpCandidates::Active, TcpCandidates::Passive]));
    meeting.gathered();
    introduce(&mut meeting, over_tcp);
    meeting.run(Duration::from_secs(10));
    let hosts = meeting.hosts;
    meeting.world.cut(hosts[0], hosts[1]);
    reset_all(&mut meeting);
    meeting.world.run_for(Duration::from_secs(60));
    let lost = |meeting: &mut Meeting, i: usize| {
        let events = meeting.world.take_events::<IceAgent>(meeting.agents[i]);
        events.into_iter().find_map(|(_, event)| match event {
            IceEvent::RestartNeeded(reason) => Some(reason),
            _ => None,
        })
    };
    assert_eq!(lost(&mut meeting, 0), Some(RestartReason::PathLost));
    assert_eq!(lost(&mut meeting, 1), Some(RestartReason::ConsentExpired));
    assert_eq!(connections(&meeting, 0), 0);
}

#[test]
fn a_reset_after_the_peer_was_heard_costs_a_round_trip_or_two() {
    // From when the peer was first heard.
    for at in [106, 120, 150, 500, 1_100, 1_160] {
        let mut meeting = without_udp_meeting(9, all());
        meeting.meet();
        meeting.world.run_for(ms(at));
        reset_all(&mut meeting);
        let reset_at = meeting.world.now();
        let works = |meeting: &Meeting| (0..2).all(|i| meeting.agent(i).selected_pair().is_some());
        // The other side hears of it after 25 ms.
        meeting.world.run_for(ms(30));
        while !works(&meeting) {
            meeting.world.run_for(ms(5));
            let gap = meeting.world.now().saturating_since(reset_at);
            assert!(gap <= ms(200), "{at}: {}", meeting.agent(0).explain());
        }
        meeting.run(Duration::from_secs(10));
        assert!(settled_over(&meeting, Transport::Tcp), "{at}: {}", meeting.agent(0).explain());
        assert!(meeting.exchange(), "{at}");
    }
}

#[test]
fn a_firewall_that_drops_what_connects_delays_nobody_else() {
    let mut world = World::new(11);
    let firewall = world.add_nat(Nat::new(Behaviour::firewall())).unwrap();
    let hosts = [public(&mut world), behind(&mut world, firewall)];
    let mut meeting = Meeting::new(world, 11, hosts, all());
    meeting.meet();
    meeting.run(Duration::from_secs(10));
    // Out through the firewall it goes, over UDP.
    assert!(settled_over(&meeting, Transport::Udp), "{}", meeting.agent(0).explain());
    let outcomes = meeting.outcomes();
    assert!(outcomes[0].selected.is_some_and(|at| at <= ms(300)), "{outcomes:?}");
    assert!(meeting.exchange());
}

#[test]
fn connections_that_are_not_answered_are_given_up_after_ten_seconds_and_few_are_open_at_once() {
    let mut meeting = open_meeting(12, all());
    meeting.gathered();
    let credentials = meeting.agent(1).local_credentials().clone();
    // A dozen places of one address where nobody answers, and one of another address.
    let nowhere = meeting.world.add_host(Host::on_internet()).unwrap();
    let (ip, hosts) = (meeting.world.address(nowhere), meeting.hosts);
    meeting.world.cut(hosts[0], nowhere);
    let real: Vec<Candidate> =
        meeting.agent(1).local_candidates().filter(|c| over_tcp(c)).copied().collect();
    meeting.with(0, |agent, now| {
        for port in 0..12 {
            let candidate = Candidate {
                transport: CandidateTransport::Tcp(TcpType::Passive),
                ..Candidate::host(SocketAddr::new(ip, 7000 + port))
            };
            agent.add_remote_candidate(now, candidate).unwrap();
        }
        for candidate in real {
            agent.add_remote_candidate(now, candidate).unwrap();
        }
        agent.set_remote_pacing(now, Some(ms(5)));
        agent.set_remote_credentials(now, credentials).unwrap();
    });
    let ours = meeting.agent(0).local_credentials().clone();
    meeting.with(1, |agent, now| agent.set_remote_credentials(now, ours).unwrap());
    meeting.world.run_for(ms(200));
    // What the peer is at works, whatever else is tried.
    assert!(meeting.agent(0).selected_pair().is_some(), "{}", meeting.agent(0).explain());
    let to_it = |path: &sans_io::Path| path.remote().ip() == ip;
    let opening = meeting.world.connections(hosts[0]).filter(to_it).count();
    assert_eq!(opening, 5, "at most five attempts to one address");
    meeting.world.run_for(Duration::from_secs(10));
    assert!(settled_over(&meeting, Transport::Tcp), "{}", meeting.agent(0).explain());
}

#[test]
fn by_the_book_pairs_that_nobody_answers_on_fail_after_ten_seconds() {
    let configs = all().map(|config| IceConfig { profile: Profile::Strict, ..config });
    let mut meeting = open_meeting(13, configs);
    meeting.gathered();
    let hosts = meeting.hosts;
    meeting.world.cut(hosts[0], hosts[1]);
    introduce(&mut meeting, over_tcp);
    meeting.world.run_for(ms(10_300));
    let failed = |pair: &ice_proto::PairStats| {
        pair.state == PairState::Failed(ice_proto::PairFailure::NotConnected)
    };
    assert!(meeting.agent(0).pairs().all(|pair| failed(&pair)), "{}", meeting.agent(0).explain());
    assert_eq!(connections(&meeting, 0), 0);
    meeting.world.run_for(Duration::from_secs(40));
    assert!(meeting.outcomes().iter().all(|outcome| outcome.failed));
}

#[test]
fn pairs_that_nobody_answers_on_are_tried_again_as_long_as_there_is_patience() {
    let mut meeting = open_meeting(13, all());
    meeting.gathered();
    let hosts = meeting.hosts;
    meeting.world.cut(hosts[0], hosts[1]);
    introduce(&mut meeting, over_tcp);
    meeting.world.run_for(Duration::from_secs(25));
    meeting.world.mend(hosts[0], hosts[1]);
    // A connection that is being opened sends its next SYN after four seconds at most, and another one
    // begins after ten.
    meeting.run(Duration::from_secs(8));
    assert!(settled_over(&meeting, Transport::Tcp), "{}", meeting.agent(0).explain());
    let mut meeting = open_meeting(13, all());
    meeting.gathered();
    meeting.world.cut(hosts[0], hosts[1]);
    introduce(&mut meeting, over_tcp);
    meeting.world.run_for(Duration::from_secs(60));
    assert!(meeting.outcomes().iter().all(|outcome| outcome.failed));
    assert_eq!(connections(&meeting, 0), 0);
}

#[test]
fn a_connection_that_nothing_gets_through_is_not_what_a_restart_builds_on() {
    let mut meeting = open_meeting(20, with_tcp([TcpCandidates::Active, TcpCandidates::Passive]));
    meeting.gathered();
    introduce(&mut meeting, over_tcp);
    meeting.run(Duration::from_secs(10));
    meeting.world.run_for(Duration::from_secs(10));
    let hosts = meeting.hosts;
    let before: Vec<_> = meeting.world.connections(hosts[0]).collect();
    meeting.world.cut(hosts[0], hosts[1]);
    meeting.world.run_for(Duration::from_secs(20));
    meeting.world.mend(hosts[0], hosts[1]);
    for i in [0, 1] {
        meeting.with(i, |agent, now| drop(agent.restart(now).cloned()));
    }
    introduce(&mut meeting, over_tcp);
    meeting.world.run_for(ms(300));
    // TCP itself would take its time.
    let after: Vec<_> = meeting.world.connections(hosts[0]).collect();
    assert!(!after.is_empty() && before.iter().all(|path| !after.contains(path)), "{after:?}");
    assert!(settled_over(&meeting, Transport::Tcp), "{}", meeting.agent(0).explain());
    assert!(meeting.exchange());
}

#[test]
fn a_restart_keeps_the_connection_until_the_next_generation_has_settled() {
    for sockets in [RestartSockets::Kept, RestartSockets::Renewed] {
        let mut meeting = without_udp_meeting(14, all());
        meeting.meet();
        meeting.run(Duration::from_secs(10));
        meeting.world.run_for(Duration::from_secs(10));
        let kept = connections(&meeting, 0);
        assert!(meeting.exchange());
        meeting.with(0, |agent, now| drop(agent.restart_from(now, sockets).cloned()));
        assert!(meeting.exchange(), "data goes on");
        meeting.introduce();
        assert_eq!(kept, 1);
        meeting.run(Duration::from_secs(10));
        meeting.world.run_for(Duration::from_secs(20));
        assert!(!meeting.agent(0).is_restarting() && !meeting.agent(1).is_restarting());
        assert!(settled_over(&meeting, Transport::Tcp), "{}", meeting.agent(0).explain());
        assert!(meeting.exchange());
        assert_eq!([connections(&meeting, 0), connections(&meeting, 1)], [1, 1]);
    }
}

#[test]
fn a_host_that_loses_its_address_loses_its_connections_and_restarts_over_tcp() {
    let mut meeting = without_udp_meeting(15, all());
    meeting.meet();
    meeting.run(Duration::from_secs(10));
    meeting.world.run_for(Duration::from_secs(10));
    let nat = meeting.world.add_nat(Nat::of(Preset::UdpBlocked)).unwrap();
    let host = meeting.hosts[0];
    meeting.world.roam(host, Host::behind(nat)).unwrap();
    let addresses = meeting.world.addresses(host);
    meeting.with(0, |agent, now| agent.on_network_change(now, &addresses)).unwrap();
    meeting.world.run_for(ms(100));
    meeting.introduce();
    meeting.run(Duration::from_secs(10));
    assert!(settled_over(&meeting, Transport::Tcp), "{}", meeting.agent(0).explain());
    assert!(meeting.exchange());
}

#[test]
fn closing_says_farewell_and_closes_the_connection() {
    let mut meeting = without_udp_meeting(16, all());
    meeting.meet();
    meeting.run(Duration::from_secs(10));
    meeting.world.run_for(Duration::from_secs(10));
    meeting.with(0, IceAgent::close);
    meeting.world.run_for(Duration::from_secs(7));
    assert_eq!([connections(&meeting, 0), connections(&meeting, 1)], [0, 0]);
    assert_eq!(meeting.agent(1).session().lost(), Some(RestartReason::ConsentRevoked));
}

#[test]
fn datagrams_of_any_length_cross_a_slow_line_whole_and_in_order() {
    let mut world = World::new(17);
    let nat = world.add_nat(Nat::of(Preset::UdpBlocked)).unwrap();
    let slow = Link::after(ms(30)).with_loss(nat_sim::Chance::percent(5));
    let hosts = [
        world.add_host(Host::behind(nat).up(slow)).unwrap(),
        world.add_host(Host::on_internet().up(slow)).unwrap(),
    ];
    let mut meeting = Meeting::new(world, 17, hosts, all());
    meeting.meet();
    meeting.run(Duration::from_secs(30));
    assert!(settled_over(&meeting, Transport::Tcp), "{}", meeting.agent(0).explain());
    let lengths = [1, 2, 1_399, 1_400, 1_401, 9_000, 65_535, 3];
    for (n, length) in lengths.into_iter().enumerate() {
        let data = vec![n as u8; length];
        let (agent, now) = (meeting.agents[0], meeting.world.now());
        let packet = meeting.with(0, |agent: &mut IceAgent, _| agent.send(now, &data)).unwrap();
        meeting.world.transmit(agent.host, &packet);
    }
    meeting.world.run_for(Duration::from_secs(60));
    let got = meeting.world.take_delivered(meeting.hosts[1]);
    let seen: Vec<(u8, usize)> = got.iter().map(|d| (d.bytes[0], d.bytes.len())).collect();
    let sent: Vec<(u8, usize)> =
        lengths.into_iter().enumerate().map(|(n, length)| (n as u8, length)).collect();
    assert_eq!(seen, sent);
    let now: Instant = meeting.world.now();
    let long = vec![0; 65_536];
    let refused = meeting.with(0, |agent, _| agent.send(now, &long).err());
    assert_eq!(refused, Some(ice_proto::SendError::TooLong(65_536)));
}

#[test]
fn an_agent_without_tcp_refuses_what_it_has_no_use_for() {
    let mut meeting =
        open_meeting(18, with_tcp([TcpCandidates::None, TcpCandidates::ActiveAndPassive]));
    meeting.gathered();
    let theirs: Vec<Candidate> =
        meeting.agent(1).local_candidates().filter(|c| over_tcp(c)).copied().collect();
    for candidate in theirs {
        let refused =
            meeting.with(0, |agent, now| agent.add_remote_candidate(now, candidate)).unwrap_err();
        assert_eq!(refused, ice_proto::AddCandidateError::Transport(candidate.transport));
    }
}

#[test]
fn several_addresses_have_candidates_of_different_priorities() {
    let mut world = World::new(19);
    let four = Host::on_internet().dual_stack().also_on_internet();
    let hosts = [world.add_host(four).unwrap(), public(&mut world)];
    let mut meeting = Meeting::new(world, 19, hosts, all());
    meeting.gathered();
    let found: Vec<Candidate> =
        meeting.agent(0).local_candidates().filter(|c| over_tcp(c)).copied().collect();
    assert_eq!(found.len(), 3 * meeting.world.addresses(hosts[0]).len());
    assert!(found.iter().any(|c| c.address.is_ipv6()) && found.iter().any(|c| c.address.is_ipv4()));
    let mut priorities: Vec<u32> = found.iter().map(|candidate| candidate.priority).collect();
    // The families take turns, IPv6 first (RFC 8421 §4).
    let best = found.iter().max_by_key(|candidate| candidate.priority).unwrap();
    assert!(best.address.is_ipv6());
    priorities.sort_unstable();
    priorities.dedup();
    assert_eq!(priorities.len(), found.len());
}
