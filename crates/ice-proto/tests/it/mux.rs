//! Many sessions behind one socket.
use crate::support::{Client, Crowd, add_stun_server, answering, lossy, ms, seed};
use core::{net::SocketAddr, time::Duration};
use ice_proto::{
    CandidateKind, ConfigError, GatherError, IceAgent, IceConfig, IceCredentials, IceEvent, IceMux,
    IceState, Implementation, MuxConfig, MuxEvent, RelayServer, RestartReason, Restarts, SendError,
};
use nat_sim::{Body, Happening, Host, Nat, NodeId, Preset, World};
use sans_io::{DropReason, Input, Machine, Output, Path, SocketIds, SocketRequest, Verdict};
use std::collections::BTreeSet;
use stun_proto::{
    Class, Integrity, Key, Message, MessageBuilder, MessageType, Method, TransactionId,
    attribute::{IceControlling, Priority, UseCandidate, Username},
};

const BOTH: [Implementation; 2] = [Implementation::Full, Implementation::Lite];

/// A mux on the internet.
fn alone(number: u64) -> Crowd {
    let mut world = World::new(number);
    let server = world.add_host(Host::on_internet().named("server")).unwrap();
    Crowd::new(world, server, IceConfig::default())
}

/// So many clients on the internet, that lose so much, not introduced.
fn with_clients(number: u64, clients: usize, loss: u32, session: &IceConfig) -> Crowd {
    let mut crowd = alone(number);
    for _ in 0..clients {
        let host = crowd.world.add_host(lossy(loss)).unwrap();
        crowd.add(host, IceConfig::default(), session);
    }
    crowd.gathered();
    crowd
}

/// Clients whose sessions have settled.
fn settled(number: u64, clients: usize, session: &IceConfig) -> Crowd {
    let mut crowd = with_clients(number, clients, 0, session);
    crowd.introduce_all();
    assert!(crowd.settle_within(Duration::from_secs(30)).is_some());
    crowd
}

/// The requests that the server sent and had not sent before: when, and where to.
fn new_requests(crowd: &Crowd) -> Vec<(sans_io::Instant, SocketAddr)> {
    let (mut seen, server) = (BTreeSet::new(), NodeId::from(crowd.server));
    let sent = crowd.world.log().iter();
    let sent = sent.filter(|entry| entry.node == server && entry.happening == Happening::Sent);
    sent.filter(|entry| match &entry.packet.body {
        Body::Udp(bytes) => Message::parse(bytes).is_ok_and(|message| {
            message.class() == Class::Request && seen.insert(message.transaction_id())
        }),
        _ => false,
    })
    .map(|entry| (entry.at, entry.packet.destination))
    .collect()
}

/// A check of somebody that knows these credentials, as the first client would send it.
fn check(ours: &IceCredentials, sender: &str, id: u8) -> Vec<u8> {
    check_by_name(&format!("{}:{sender}", ours.ufrag), ours, id)
}

fn check_by_name(username: &str, ours: &IceCredentials, id: u8) -> Vec<u8> {
    let mut buffer = [0; 256];
    let kind = MessageType::request(Method::BINDING);
    MessageBuilder::new(&mut buffer, kind, TransactionId([id; 12]))
        .with(&Username(username))
        .with(&Priority(1_862_270_975))
        .with(&IceControlling(u64::MAX))
        .with(&UseCandidate)
        .sign(&Key::new(ours.pwd.as_bytes()), Integrity::Sha1)
        .fingerprint()
        .finish()
        .unwrap()
        .to_vec()
}

fn receive(crowd: &mut Crowd, from: SocketAddr, bytes: &[u8]) -> Verdict<'static> {
    let path = Path::udp(crowd.address(), from);
    crowd.with(|mux, now| match mux.handle_input(now, Input::received(path, bytes)) {
        Verdict::Consumed => Verdict::Consumed,
        Verdict::Dropped(reason) => Verdict::Dropped(reason),
        Verdict::Send(_) => Verdict::Send(sans_io::Packet::new(path, b"an answer")),
        Verdict::Deliver { path, .. } => Verdict::Deliver { path, bytes: b"data" },
        Verdict::Unclaimed => Verdict::Unclaimed,
    })
}

#[test]
fn hundreds_of_sessions_meet_their_peers_behind_one_port() {
    for implementation in BOTH {
        for loss in [0, 10] {
            let mut crowd = with_clients(1, 300, loss, &answering(implementation));
            crowd.world.keep_log();
            crowd.introduce_all();
            let limit = Duration::from_secs(if loss == 0 { 6 } else { 25 });
            assert!(crowd.settle_within(limit).is_some(), "{implementation:?}, {loss} %");
            for client in crowd.clients.clone() {
                assert!(crowd.agree(client), "{implementation:?}, {loss} %: {client:?}");
                let pair = crowd.mux().selected_pair(client.session).unwrap();
                assert_eq!(pair.path.local(), crowd.address());
            }
            if loss == 0 {
                assert_eq!(crowd.exchange(), [], "{implementation:?}");
            }
        }
    }
}

#[test]
fn one_ta_counts_for_all_sessions_and_each_gets_its_turn() {
    let mut crowd = with_clients(2, 100, 0, &answering(Implementation::Full));
    crowd.world.keep_log();
    let begin = crowd.world.now();
    crowd.introduce_all();
    // Before consent is asked for, which is not paced.
    crowd.run_for(ms(3_900));
    let requests = new_requests(&crowd);
    assert!(requests.windows(2).all(|two| two[1].0 >= two[0].0.saturating_add(ms(5))));
    // Nobody is asked twice before all have been asked once.
    let first: BTreeSet<SocketAddr> = requests.iter().take(100).map(|(_, to)| *to).collect();
    assert_eq!(first.len(), 100);
    let hundredth = requests[99].0.saturating_since(begin);
    assert!(hundredth <= ms(5 * 100), "{hundredth:?}");
    assert!(crowd.clients.iter().all(|client| crowd.has_settled(*client)));
}

#[test]
fn lite_sessions_ask_nobody() {
    let mut crowd = with_clients(3, 100, 0, &answering(Implementation::Lite));
    crowd.world.keep_log();
    crowd.introduce_all();
    // It takes what the clients take: two round trips.
    let took = crowd.settle_within(Duration::from_secs(1)).unwrap();
    assert!(took <= ms(105), "{took:?}");
    crowd.run_for(Duration::from_secs(60));
    assert_eq!(new_requests(&crowd), []);
    assert!(crowd.clients.iter().all(|client| crowd.agree(*client)));
}

#[test]
fn a_server_behind_a_nat_asks_for_its_address_once_for_all_sessions() {
    let mut world = World::new(4);
    let stun = add_stun_server(&mut world);
    let home = world.add_nat(Nat::of(Preset::FullCone)).unwrap();
    let server = world.add_host(Host::behind(home).named("server")).unwrap();
    world.keep_log();
    let gathering = IceConfig { stun_servers: vec![stun], ..IceConfig::default() };
    let mut crowd = Crowd::new(world, server, gathering);
    for number in 0..40 {
        let client = IceConfig { stun_servers: vec![stun], ..IceConfig::default() };
        let preset = [Preset::FullCone, Preset::PortRestrictedCone, Preset::Symmetric][number % 3];
        let nat = crowd.world.add_nat(Nat::of(preset)).unwrap();
        let host = crowd.world.add_host(Host::behind(nat)).unwrap();
        crowd.add(host, client, &answering(Implementation::Full));
    }
    crowd.gathered();
    assert_eq!(new_requests(&crowd).len(), 1, "one question for all of them");
    for client in crowd.clients.clone() {
        let session = crowd.mux().session(client.session).unwrap();
        let kinds: Vec<_> = session.local_candidates().map(|candidate| candidate.kind).collect();
        assert_eq!(kinds, [CandidateKind::Host, CandidateKind::ServerReflexive]);
    }
    crowd.introduce_all();
    assert!(crowd.settle_within(Duration::from_secs(10)).is_some());
    assert_eq!(crowd.exchange(), []);
    // A lite session beside them has the host candidate alone.
    let session = crowd.with(|mux, now| mux.add(now, &answering(Implementation::Lite)).unwrap());
    let session = crowd.mux().session(session).unwrap();
    assert_eq!(session.local_candidates().count(), 1);
}

#[test]
fn no_two_sessions_have_the_same_username_fragment() {
    let mut crowd = alone(5);
    let mut seen = BTreeSet::new();
    crowd.with(|mux, now| {
        for _ in 0..2_000 {
            let id = mux.add(now, &answering(Implementation::Lite)).unwrap();
            let ours = mux.session(id).unwrap().local_credentials();
            assert!(seen.insert(ours.ufrag.clone()) && seen.insert(ours.pwd.clone()));
        }
    });
}

#[test]
fn strangers_cost_sessions_nothing_and_are_answered_within_bounds() {
    let mut crowd = settled(6, 3, &answering(Implementation::Full));
    let drops: Vec<_> =
        crowd.clients.iter().map(|client| *session_drops(&crowd, *client)).collect();
    let stranger = IceCredentials::new("stranger", "passwordpasswordpassword").unwrap();
    let (unknown, known) = (check(&stranger, "peer", 1), b"data of nobody".to_vec());
    let address = crowd.address();
    let (mut answered, mut refused) = (0, 0);
    let flooded = crowd.with(|mux, now| {
        allocation_counter::measure(|| {
            for number in 0..20_000_u32 {
                let from = SocketAddr::from(([203, 0, 113, 99], 1024 + number as u16 / 2));
                let path = Path::udp(address, from);
                match mux.handle_input(now, Input::received(path, &unknown)) {
                    Verdict::Send(packet) => {
                        assert!(packet.len() <= unknown.len());
                        answered += 1;
                    }
                    Verdict::Dropped(DropReason::TooFast) => refused += 1,
                    verdict => unreachable!("{verdict:?}"),
                }
                let data = mux.handle_input(now, Input::received(path, &known));
                assert_eq!(data, Verdict::Dropped(DropReason::Forbidden));
            }
        })
    });
    assert_eq!(flooded.count_total, 0, "{flooded:?}");
    assert!(answered > 100 && answered < 1_000 && refused > 19_000, "{answered} {refused}");
    let after: Vec<_> =
        crowd.clients.iter().map(|client| *session_drops(&crowd, *client)).collect();
    assert_eq!(drops, after);
    assert_eq!(crowd.exchange(), []);
}

fn session_drops(crowd: &Crowd, client: Client) -> &sans_io::DropCounters {
    crowd.mux().session(client.session).unwrap().drops()
}

#[test]
fn sessions_restart_whoever_begins_and_data_goes_on() {
    for implementation in BOTH {
        for by_server in [true, false] {
            let mut crowd = settled(7, 20, &answering(implementation));
            let label = format!("{implementation:?}, by the server: {by_server}");
            let before: Vec<_> = crowd.clients.iter().map(|c| ufrag(&crowd, *c)).collect();
            for client in crowd.clients.clone() {
                if by_server {
                    crowd.with(|mux, now| assert!(mux.restart(now, client.session).is_some()));
                    crowd.tell_client(client);
                    crowd.tell_session(client);
                } else {
                    let restart = |agent: &mut IceAgent, now| assert!(agent.restart(now).is_some());
                    crowd.world.with(client.agent, restart);
                    crowd.tell_session(client);
                    crowd.tell_client(client);
                }
                assert!(crowd.mux().is_restarting(client.session), "{label}");
            }
            assert_eq!(crowd.exchange(), [], "{label}, over the old pairs or new ones");
            crowd.run_for(Duration::from_secs(10));
            for client in crowd.clients.clone() {
                assert!(!crowd.mux().is_restarting(client.session), "{label}");
                assert!(crowd.agree(client), "{label}");
            }
            let after: Vec<_> = crowd.clients.iter().map(|c| ufrag(&crowd, *c)).collect();
            assert!(before.iter().zip(&after).all(|(a, b)| a != b), "{label}");
            assert_eq!(crowd.exchange(), [], "{label}, over new ones");
            // The old names lead nowhere.
            let first = IceCredentials::new(&before[0], "passwordpasswordpassword").unwrap();
            let from = SocketAddr::from(([203, 0, 113, 250], 9));
            let count = session_drops(&crowd, crowd.clients[0]).total();
            let verdict = receive(&mut crowd, from, &check(&first, "peer", 3));
            assert!(matches!(verdict, Verdict::Send(_)), "{label}");
            assert_eq!(session_drops(&crowd, crowd.clients[0]).total(), count, "{label}");
        }
    }
}

fn ufrag(crowd: &Crowd, client: Client) -> String {
    crowd.mux().session(client.session).unwrap().local_credentials().ufrag.to_string()
}

#[test]
fn a_path_goes_to_another_session_only_with_a_proof() {
    for implementation in BOTH {
        let mut crowd = settled(8, 2, &answering(implementation));
        let [victim, thief] = [crowd.clients[0], crowd.clients[1]];
        let path = crowd.mux().selected_pair(victim.session).unwrap().path;
        assert_eq!(crowd.mux().session_at(&path), Some(victim.session));
        // The other client sends a check of its own session as if it were there.
        let ours = crowd.mux().session(thief.session).unwrap().local_credentials().clone();
        let theirs = crowd.agent(thief).local_credentials().ufrag.to_string();
        let verdict = receive(&mut crowd, path.remote(), &check(&ours, &theirs, 9));
        assert_eq!(verdict, Verdict::Consumed);
        crowd.run_for(ms(200));
        assert_eq!(crowd.mux().session_at(&path), Some(victim.session), "{implementation:?}");
        assert!(!crowd.events.iter().any(|(_, e)| matches!(e, MuxEvent::PathTaken { .. })));
        let data = receive(&mut crowd, path.remote(), b"data");
        assert!(matches!(data, Verdict::Deliver { .. }));
    }
}

#[test]
fn the_next_client_of_an_address_gets_it_when_the_former_has_fallen_silent() {
    for implementation in BOTH {
        let mut crowd = settled(9, 1, &answering(implementation));
        let former = crowd.clients[0];
        let path = crowd.mux().selected_pair(former.session).unwrap().path;
        // It is gone without a word, and another one has its address and port.
        let next = IceAgent::new(IceConfig::default(), seed(9, 9), SocketIds::root()).unwrap();
        crowd.world.with(former.agent, |agent: &mut IceAgent, _| *agent = next);
        let session = crowd.with(|mux, now| mux.add(now, &answering(implementation)).unwrap());
        let ours = crowd.mux().session(session).unwrap().local_credentials().clone();
        crowd.with(|mux, now| {
            let peer = IceCredentials::new("peer", "passwordpasswordpassword").unwrap();
            mux.set_remote_credentials(now, session, peer).unwrap();
        });
        let taken = MuxEvent::PathTaken { id: former.session, path, by: session };
        for second in 0..20_u8 {
            let verdict = receive(&mut crowd, path.remote(), &check(&ours, "peer", second));
            assert_eq!(verdict, Verdict::Consumed);
            let owner = crowd.mux().session_at(&path);
            let known = if second < 13 { former.session } else { session };
            if second.abs_diff(13) > 1 {
                assert_eq!(owner, Some(known), "{implementation:?} after {second} s");
            }
            crowd.run_for(Duration::from_secs(1));
        }
        assert!(crowd.events.iter().any(|(_, event)| *event == taken), "{implementation:?}");
        let sent = crowd.with(|mux, now| mux.send(now, former.session, b"late").map(drop));
        assert_eq!(sent, Err(SendError::NotConnected));
    }
}

#[test]
fn who_settles_on_a_path_of_another_session_is_told_once() {
    let mut crowd = settled(14, 1, &answering(Implementation::Lite));
    let owner = crowd.clients[0];
    let path = crowd.mux().selected_pair(owner.session).unwrap().path;
    let session = crowd.with(|mux, now| {
        let session = mux.add(now, &answering(Implementation::Lite)).unwrap();
        let peer = IceCredentials::new("peer", "passwordpasswordpassword").unwrap();
        mux.set_remote_credentials(now, session, peer).unwrap();
        session
    });
    let ours = crowd.mux().session(session).unwrap().local_credentials().clone();
    for number in 0..5 {
        assert_eq!(
            receive(&mut crowd, path.remote(), &check(&ours, "peer", number)),
            Verdict::Consumed
        );
        crowd.run_for(ms(100));
    }
    // It has settled there, and has no data.
    assert_eq!(crowd.mux().selected_pair(session).map(|pair| pair.path), Some(path));
    let sent = crowd.with(|mux, now| mux.send(now, session, b"data").map(drop));
    assert_eq!(sent, Err(SendError::NotConnected));
    let told: Vec<_> = crowd.events.iter().map(|(_, event)| event.clone()).collect();
    let told: Vec<_> =
        told.into_iter().filter(|event| matches!(event, MuxEvent::PathTaken { .. })).collect();
    assert_eq!(told, [MuxEvent::PathTaken { id: session, path, by: owner.session }]);
    // When the other one is gone the path is its own.
    crowd.with(|mux, now| mux.remove(now, owner.session));
    let verdict = receive(&mut crowd, path.remote(), &check(&ours, "peer", 9));
    assert_eq!(verdict, Verdict::Consumed);
    assert_eq!(crowd.mux().session_at(&path), Some(session));
    assert!(crowd.with(|mux, now| mux.send(now, session, b"data").is_ok()));
}

#[test]
fn who_settles_on_a_path_has_it_before_who_was_merely_heard_there() {
    let mut crowd = settled(17, 1, &answering(Implementation::Lite));
    let squatter = crowd.clients[0];
    let elsewhere = crowd.mux().selected_pair(squatter.session).unwrap().path;
    // Its client sends checks as if it were there, before who is.
    let from = SocketAddr::from(([203, 0, 113, 200], 9));
    let path = Path::udp(crowd.address(), from);
    let of_squatter = crowd.mux().session(squatter.session).unwrap().local_credentials().clone();
    let client = crowd.agent(squatter).local_credentials().ufrag.to_string();
    let squats = check(&of_squatter, &client, 1);
    assert_eq!(receive(&mut crowd, from, &squats), Verdict::Consumed);
    assert_eq!(crowd.mux().session_at(&path), Some(squatter.session));
    let session = crowd.with(|mux, now| {
        let session = mux.add(now, &answering(Implementation::Lite)).unwrap();
        let peer = IceCredentials::new("peer", "passwordpasswordpassword").unwrap();
        mux.set_remote_credentials(now, session, peer).unwrap();
        session
    });
    let ours = crowd.mux().session(session).unwrap().local_credentials().clone();
    let checks = check(&ours, "peer", 2);
    for _ in 0..3 {
        assert_eq!(receive(&mut crowd, from, &checks), Verdict::Consumed);
        assert_eq!(crowd.mux().session_at(&path), Some(session));
        assert_eq!(receive(&mut crowd, from, &squats), Verdict::Consumed);
        assert_eq!(crowd.mux().session_at(&path), Some(session));
    }
    // Neither has lost what it uses.
    crowd.run_for(ms(100));
    assert!(!crowd.events.iter().any(|(_, e)| matches!(e, MuxEvent::PathTaken { .. })));
    assert_eq!(crowd.mux().session_at(&elsewhere), Some(squatter.session));
}

#[test]
fn the_paths_of_a_socket_end_with_it() {
    let now = sans_io::Instant::from_secs(1);
    let config = MuxConfig { port: 3479, ..MuxConfig::default() };
    let mut mux = IceMux::new(&config, [1; 32], SocketIds::root()).unwrap();
    let at = |last| SocketAddr::from(([192, 0, 2, last], 3479));
    let open = |mux: &mut IceMux| loop {
        match mux.poll_output() {
            Output::Socket(SocketRequest::Bind { id, local }) => {
                let opened = mux.handle_input(now, Input::Socket { id, state: Ok(local) });
                assert_eq!(opened, Verdict::Consumed);
            }
            Output::Timeout(_) => break,
            _ => {}
        }
    };
    mux.gather(now, &[at(1).ip(), at(2).ip()]).unwrap();
    open(&mut mux);
    let id = mux.add(now, &answering(Implementation::Lite)).unwrap();
    let peer = IceCredentials::new("peer", "passwordpasswordpassword").unwrap();
    mux.set_remote_credentials(now, id, peer).unwrap();
    let ours = mux.session(id).unwrap().local_credentials().clone();
    let paths = [at(1), at(2)].map(|local| Path::udp(local, "203.0.113.1:9".parse().unwrap()));
    for path in paths {
        let check = check(&ours, "peer", 1);
        assert_eq!(mux.handle_input(now, Input::received(path, &check)), Verdict::Consumed);
        assert_eq!(mux.session_at(&path), Some(id));
    }
    let used = mux.selected_pair(id).unwrap().path;
    let [other] = paths.iter().filter(|path| **path != used).collect::<Vec<_>>()[..] else {
        unreachable!("one of two is used")
    };
    mux.on_network_change(now, &[used.local().ip()]).unwrap();
    open(&mut mux);
    mux.on_network_change(now, &[at(1).ip(), at(2).ip()]).unwrap();
    open(&mut mux);
    assert_eq!(mux.session_at(&used), Some(id));
    // There is a socket again, but nothing that was heard there.
    assert!(mux.gathering().is_local(other.local()));
    assert_eq!(mux.session_at(other), None);
}

#[test]
fn a_socket_that_comes_back_is_of_use_again() {
    for implementation in BOTH {
        let mut crowd = with_clients(16, 1, 0, &answering(implementation));
        let client = crowd.clients[0];
        crowd.tell_session(client);
        crowd.run_for(ms(100));
        let addresses = crowd.world.addresses(crowd.server);
        for known in [&[][..], &addresses[..]] {
            crowd.with(|mux, now| mux.on_network_change(now, known)).unwrap();
            crowd.run_for(ms(100));
        }
        crowd.tell_client(client);
        assert!(crowd.settle_within(ms(500)).is_some(), "{implementation:?}");
        assert!(crowd.agree(client), "{implementation:?}");
    }
}

#[test]
fn a_network_change_that_a_mux_refuses_changes_nothing() {
    let session = IceConfig { restarts: Restarts::WhenNeeded, ..answering(Implementation::Full) };
    let mut crowd = settled(15, 2, &session);
    let nowhere = ["0.0.0.0".parse().unwrap()];
    let refused = crowd.with(|mux, now| mux.on_network_change(now, &nowhere));
    assert_eq!(refused, Err(GatherError::Address(nowhere[0])));
    crowd.run_for(ms(100));
    assert_eq!(crowd.exchange(), []);
}

#[test]
fn a_closed_session_says_so_and_makes_room() {
    for implementation in BOTH {
        let mut crowd = settled(10, 3, &answering(implementation));
        let [closed, removed, stays] = [0, 1, 2].map(|at| crowd.clients[at]);
        crowd.with(|mux, now| mux.close_session(now, closed.session));
        crowd.with(|mux, now| assert!(mux.remove(now, removed.session)));
        crowd.run_for(ms(20));
        assert_eq!(crowd.told(closed, IceState::Closed), 1);
        let sent = crowd.with(|mux, now| mux.send(now, closed.session, b"late").map(drop));
        assert_eq!(sent, Err(SendError::NotConnected));
        assert!(crowd.with(|mux, now| mux.restart(now, closed.session).is_none()));
        crowd.run_for(Duration::from_secs(7));
        let lost = crowd.agent(closed).session().lost();
        assert_eq!(lost, Some(RestartReason::ConsentRevoked), "{implementation:?}");
        let ended = MuxEvent::SessionEnded(closed.session);
        assert!(crowd.events.iter().any(|(_, event)| *event == ended));
        assert_eq!(crowd.mux().len(), 1);
        assert!(crowd.mux().session(closed.session).is_none());
        // Whose session was forgotten learns it by silence.
        crowd.run_for(Duration::from_secs(30));
        let lost = crowd.agent(removed).session().lost();
        assert_eq!(lost, Some(RestartReason::ConsentExpired), "{implementation:?}");
        assert!(crowd.agree(stays));
    }
}

#[test]
fn a_mux_that_closes_says_so_to_all_and_gives_its_sockets_back() {
    let mut crowd = settled(11, 5, &answering(Implementation::Full));
    crowd.with(IceMux::close);
    crowd.run_for(Duration::from_secs(7));
    for client in crowd.clients.clone() {
        assert_eq!(crowd.agent(client).session().lost(), Some(RestartReason::ConsentRevoked));
    }
    assert!(crowd.mux().is_empty());
    assert!(!crowd.mux().gathering().is_local(crowd.address()));
    let ended = crowd.events.iter().filter(|(_, e)| matches!(e, MuxEvent::SessionEnded(_)));
    assert_eq!(ended.count(), 5);
    let added = crowd.with(|mux, now| mux.add(now, &answering(Implementation::Full)));
    assert_eq!(added, Err(ice_proto::AddSessionError::Closed));
}

#[test]
fn sessions_follow_a_server_that_moves() {
    let session = IceConfig { restarts: Restarts::WhenNeeded, ..answering(Implementation::Full) };
    let mut crowd = settled(12, 10, &session);
    let to = Host::on_internet();
    let server = crowd.server;
    crowd.world.roam(server, to).unwrap();
    let addresses = crowd.world.addresses(server);
    crowd.with(|mux, now| mux.on_network_change(now, &addresses)).unwrap();
    crowd.run_for(ms(100));
    for client in crowd.clients.clone() {
        let restarted = crowd.events.iter().any(|(_, event)| {
            matches!(event, MuxEvent::Session { id, event: IceEvent::Restarted(_) }
                if *id == client.session)
        });
        assert!(restarted, "{client:?}");
        crowd.tell_client(client);
        crowd.tell_session(client);
    }
    crowd.run_for(Duration::from_secs(2));
    assert!(crowd.clients.iter().all(|client| crowd.agree(*client)));
    assert_eq!(crowd.exchange(), []);
}

#[test]
fn what_is_for_no_session_is_refused_by_kind() {
    let mut crowd = settled(13, 1, &answering(Implementation::Full));
    let from = SocketAddr::from(([203, 0, 113, 99], 9));
    let mut refused = |bytes: &[u8]| receive(&mut crowd, from, bytes);
    let mut buffer = [0; 64];
    let id = TransactionId([5; 12]);
    let mut write = |kind| MessageBuilder::new(&mut buffer, kind, id).finish().unwrap().to_vec();
    let [plain, success, keepalive, allocate] = [
        MessageType::request(Method::BINDING),
        MessageType::success(Method::BINDING),
        MessageType::indication(Method::BINDING),
        MessageType::request(Method::ALLOCATE),
    ]
    .map(&mut write);
    assert_eq!(refused(&success), Verdict::Dropped(DropReason::Unexpected));
    assert_eq!(refused(&keepalive), Verdict::Dropped(DropReason::Unexpected));
    assert_eq!(refused(&allocate), Verdict::Dropped(DropReason::Unsupported));
    assert_eq!(refused(&plain[..19]), Verdict::Dropped(DropReason::Forbidden));
    // The refusal would be longer than the request.
    assert_eq!(refused(&plain), Verdict::Dropped(DropReason::Unauthenticated));
    let known = crowd.mux().session(crowd.clients[0].session).unwrap();
    let ours = IceCredentials::new(&known.local_credentials().ufrag, "wrongpasswordwrongpassword")
        .unwrap();
    assert!(matches!(receive(&mut crowd, from, &check(&ours, "peer", 1)), Verdict::Send(_)));
    // A name that only begins as ours is nobody's.
    let before = session_drops(&crowd, crowd.clients[0]).total();
    for name in [format!("{}+:peer", ours.ufrag), ours.ufrag.to_string()] {
        let verdict = receive(&mut crowd, from, &check_by_name(&name, &ours, 1));
        assert!(matches!(verdict, Verdict::Send(_)), "{name}");
    }
    assert_eq!(session_drops(&crowd, crowd.clients[0]).total(), before);
}

#[test]
fn a_mux_has_no_relays() {
    let relay = RelayServer {
        address: "198.51.100.9:3478".parse().unwrap(),
        transport: ice_proto::RelayTransport::Udp,
        username: "user".into(),
        password: "secret".into(),
    };
    let gathering = IceConfig { turn_servers: vec![relay], ..IceConfig::default() };
    let config = MuxConfig { gathering, ..MuxConfig::default() };
    let made = IceMux::new(&config, [1; 32], SocketIds::root());
    assert!(matches!(made, Err(ConfigError::MuxRelays)));
}
